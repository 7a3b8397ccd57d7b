"""A calculation on order lines is done once for the same lines, arguments and code."""

import datetime as dt
import os
import time
from concurrent.futures import ThreadPoolExecutor

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from kamlab.accounts import account_facts
from kamlab.accounts.days import condensed_days
from kamlab.sources import open_data

CALLS = []


def counted(lines, day, factor=1.0):
    CALLS.append(day)
    return pd.DataFrame({"rows": [len(lines)], "factor": [factor]})


@pytest.fixture
def folder(tmp_path):
    CALLS.clear()
    path = tmp_path / "data"
    path.mkdir()
    lines = "account_id,order_id,order_date,net_sales\nA1,1,2024-01-31,10.50\nA2,2,2024-02-01,20\n"
    (path / "orders.csv").write_text(lines)
    return path


def opened(folder):
    return open_data(folder, store=folder.parent / "store")


DAY = dt.date(2024, 2, 1)


def test_the_second_asker_reads_what_the_first_made(folder):
    first = opened(folder).once(counted, DAY)
    second = opened(folder).once(counted, DAY)

    assert_frame_equal(first, second)
    assert CALLS == [DAY]


def test_columns_that_are_not_wanted_are_not_given_and_what_is_kept_is_whole(folder):
    some = opened(folder).once(counted, DAY, columns=["factor", "colour"])
    other = opened(folder).once(counted, DAY, columns=["rows"])
    whole = opened(folder).once(counted, DAY)

    assert (list(some), list(other), list(whole)) == (["factor"], ["rows"], ["rows", "factor"])
    assert CALLS == [DAY]


@pytest.mark.parametrize("change", ["day", "argument", "row", "currency", "code"])
def test_it_is_made_anew_when_anything_differs_that_decides_it(folder, change, monkeypatch):
    opened(folder).once(counted, DAY)
    day, named = DAY, {}
    if change == "day":
        day = dt.date(2024, 2, 2)
    elif change == "argument":
        named = {"factor": 2.0}
    elif change == "row":
        with (folder / "orders.csv").open("a") as file:
            file.write("A2,3,2024-02-01,1\n")
    elif change == "currency":
        (folder / "kamlab.toml").write_text('currency = "SEK"\n[[orders]]\nfile = "orders.csv"\n')
    else:
        monkeypatch.setattr("kamlab.sources.once.package_hash", lambda: "other code")

    found = opened(folder).once(counted, day, **named)

    assert len(CALLS) == 2
    assert found["rows"].item() == (3 if change == "row" else 2)
    assert found["factor"].item() == named.get("factor", 1.0)


def doubled(lines, accounts):
    """Give other lines, made of the order lines and of the accounts."""
    return [*lines.fetchall(), *accounts.index]


def test_lines_that_come_through_another_table_are_made_once_for_it(folder):
    master = folder / "accounts.csv"
    master.write_text("account_id,name\nA1,One\n")

    def rows():
        return opened(folder).once(counted, DAY, through=(doubled, "accounts"))["rows"].item()

    assert [rows(), rows(), opened(folder).once(counted, DAY)["rows"].item()] == [3, 3, 2]
    assert len(CALLS) == 2
    master.write_text("account_id,name\nA1,One\nA2,Two\n")
    assert rows() == 4


def test_other_arguments_are_refused(folder):
    with pytest.raises(TypeError, match="not DataFrame"):
        opened(folder).once(counted, pd.DataFrame())


def test_a_table_too_long_for_memory_is_kept_where_it_is_read(folder):
    for _ in range(2):
        kept = opened(folder).kept(condensed_days)
        assert kept.columns[:2] == ["account_id", "day"]
        assert [row[0] for row in kept.fetchall()] == ["A1", "A2"]
    assert len(list((folder.parent / "store").rglob("table.parquet"))) == 1


def test_products_are_kept_once_for_whole_years_only_where_lines_name_them(folder):
    def kept():
        return len(list((folder.parent / "store").rglob("table.parquet")))

    opened(folder).once(account_facts, DAY)
    assert kept() == 2  # account-days and facts: no line names a product
    orders = (folder / "orders.csv").read_text().splitlines()
    named = [f"{line},{end}" for line, end in zip(orders, ("product_id", "P1", "P2"), strict=True)]
    (folder / "orders.csv").write_text("\n".join(named))
    before = kept()
    known = opened(folder)
    known.once(account_facts, DAY)
    known.once(account_facts, DAY - dt.timedelta(365))
    known.once(account_facts, DAY, start=DAY - dt.timedelta(365))
    assert kept() - before == 5  # account-days, products by year, and facts of three times
    known.once(account_facts, DAY, start=DAY - dt.timedelta(10))  # of which years are none
    assert kept() - before == 6


def test_nothing_stays_nothing(folder):
    assert opened(folder).once(nothing, DAY) is None
    assert not list(opened(folder).store.glob("entries/*/*/table.parquet"))


def nothing(lines, day):
    return None


def test_a_damaged_entry_is_made_again(folder):
    known = opened(folder)
    before = known.once(counted, DAY)
    [kept] = known.store.glob("entries/*/*/table.parquet")
    kept.write_bytes(b"PAR1 cut short")

    assert_frame_equal(known.once(counted, DAY), before)
    assert len(CALLS) == 2


def test_two_that_ask_at_once_wait_for_one(folder):
    openings = [opened(folder) for _ in range(4)]
    with ThreadPoolExecutor(4) as several:
        found = list(several.map(lambda known: known.once(slowly, DAY), openings))

    assert CALLS == [DAY]
    assert all(table["rows"].item() == 2 for table in found)


def slowly(lines, day):
    time.sleep(0.2)
    return counted(lines, day)


def test_what_nobody_asked_for_in_two_months_leaves_the_store(folder):
    known = opened(folder)
    known.once(counted, DAY)
    [old] = known.store.glob("entries/*/*/table.parquet")
    long_ago = time.time() - 61 * 86_400
    [lock] = known.store.glob("tmp/*.lock")
    for path in (old.parent / "meta.json", lock):
        os.utime(path, (long_ago, long_ago))

    known.once(counted, DAY, factor=2.0)

    assert not old.exists()
    assert not lock.exists()
    assert known.table("orders").df()["net_sales"].sum() == 30.5
