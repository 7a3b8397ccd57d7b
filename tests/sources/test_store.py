"""The store is private, and what is damaged in it is made again."""

import os
import stat
import time

import pandas as pd
import pytest

from kamlab.errors import DataRefusedError
from kamlab.sources import open_data, prune_store
from kamlab.sources.store import Store, key

ORDERS = "account_id,order_id,order_date,net_sales\nA1,1,2024-01-31,10\nA2,2,2024-02-01,20\n"


def test_only_the_owner_may_look_in(folder, store):
    open_data(folder({"orders.csv": ORDERS}), store=store)
    paths = [store, *store.rglob("*")]

    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_dir()} == {0o700}
    assert {stat.S_IMODE(path.stat().st_mode) for path in paths if path.is_file()} == {0o600}
    assert not list((store / "tmp").iterdir())


@pytest.mark.parametrize("damage", ["cut", "flip", "meta", "gone", "no meta", "hashes"])
def test_a_damaged_entry_is_made_again(damage, folder, store):
    data = folder({"orders.csv": ORDERS})
    whole = open_data(data, store=store).frame("orders")
    lost = {"gone": ".parquet", "no meta": ".json"}.get(damage, "none")
    for path in store.glob("entries/*/*/*"):
        content = path.read_bytes()
        middle = len(content) // 2
        if path.suffix == lost:
            path.unlink()
        elif damage == "meta" and path.name == "meta.json":
            path.write_bytes(b"{}")
        elif damage == "cut":
            path.write_bytes(content[:middle])
        elif damage == "flip" and path.suffix == ".parquet":
            flipped = bytes([content[middle] ^ 255])
            path.write_bytes(content[:middle] + flipped + content[middle + 1 :])
    for path in (store / "hashes").iterdir():
        if damage == "hashes":
            path.write_bytes(b"[]")

    pd.testing.assert_frame_equal(open_data(data, store=store).frame("orders"), whole)


def test_the_environment_names_the_store(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("KAMLAB_STORE", str(tmp_path / "named"))
    open_data(folder({"orders.csv": ORDERS}))

    assert (tmp_path / "named" / "entries").is_dir()


def test_a_store_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(DataRefusedError, match="KAMLAB_STORE"):
        Store(tmp_path / "file")


def test_pruning_drops_what_was_not_used_for_longest(store):
    shelf = Store(store)
    for name in ("old", "new"):
        with shelf.workroom() as room:
            (room / "entry").mkdir()
            (room / "entry" / "data").write_bytes(b"x" * 1000)
            shelf.keep(key(name), room / "entry", {})
    assert shelf.find(key("old")) is not None  # used after the other was made

    assert prune_store(store, max_bytes=1500) == 1
    assert shelf.find(key("old")) is not None
    assert shelf.find(key("new")) is None


def test_what_nobody_touched_is_not_read_to_be_checked(store, monkeypatch):
    shelf = Store(store)
    with shelf.workroom() as room:
        (room / "entry").mkdir()
        (room / "entry" / "data").write_bytes(b"x" * 1000)
        shelf.keep(key("kept"), room / "entry", {})
    with monkeypatch.context() as patch:
        patch.setattr("kamlab.sources.store._checksum", lambda _: pytest.fail("read"))
        assert shelf.find(key("kept")) is not None
    os.utime(shelf.place(key("kept")) / "data")  # copied, as from a backup: whole all the same
    assert shelf.find(key("kept")) is not None
    (shelf.place(key("kept")) / "data").write_bytes(b"y" * 1000)
    assert shelf.find(key("kept")) is None


def test_an_entry_whose_description_is_damaged_leaves_with_the_others(store):
    shelf = Store(store)
    for name, said in (
        ("old", "{"),
        ("short", '{"unused_days": 3}'),
        ("new", '{"unused_days": 3}'),
    ):
        place = shelf.place(key(name))
        place.mkdir(parents=True)
        (place / "meta.json").write_text(said)
        back = time.time() - {"old": 61, "short": 4, "new": 2}[name] * 86_400
        os.utime(place / "meta.json", (back, back))

    shelf.drop_unused(60)

    there = {name: shelf.place(key(name)).exists() for name in ("old", "short", "new")}
    assert there == {"old": False, "short": False, "new": True}
