"""Entries of a mapping are read side by side, and tell of the first fault in their order."""

import time
from collections import namedtuple

import duckdb
import pytest

from kamlab.errors import DataRefusedError
from kamlab.sources import open_data, reading, sql

Named = namedtuple("Named", "table")
LONG = "SELECT count(*) FROM range(10_000_000_000) a, range(10_000_000_000) b WHERE a.range < 0"


def test_the_first_fault_in_the_order_of_entries_is_told_whichever_comes_first(
    tmp_path, monkeypatch
):
    def read(_connection, entry, _mapping, _shelf):
        if entry.table == "good":
            return ["part"]
        time.sleep(0.5 if entry.table == "slow" else 0)
        raise DataRefusedError(entry.table)

    monkeypatch.setattr(reading, "read_entry", read)
    for entries in (["good", "slow", "quick"], ["slow", "quick"], ["slow", "good", "quick"]):
        with sql.connect(tmp_path) as connection, pytest.raises(DataRefusedError, match="slow"):
            reading.read_entries(connection, [Named(one) for one in entries], None, None)


def test_side_by_side_gives_what_one_after_another_gives(tmp_path, monkeypatch):
    told = []
    for place, rows in enumerate((20_000, 3, 500)):  # the first takes longest
        lines = [f"A{n % 50},{place}-{n},2024-01-{n % 28 + 1:02},{n}.5\n" for n in range(rows)]
        name = f"part{place}.csv"
        (tmp_path / name).write_text("account_id,order_id,order_date,net_sales\n" + "".join(lines))
        told.append(f'[[orders]]\nfile = "{name}"\n')
    (tmp_path / "kamlab.toml").write_text("".join(told))
    together = open_data(tmp_path, store=tmp_path / "two")
    monkeypatch.setattr(reading, "_AT_ONCE", 1)
    alone = open_data(tmp_path, store=tmp_path / "one")

    assert list(together.files["file"]) == ["part0.csv", "part1.csv", "part2.csv"]
    assert list(together.files["rows"]) == [20_000, 3, 500]
    assert together.content("orders") == alone.content("orders")
    assert together.reconciliation.equals(alone.reconciliation)


def test_a_fault_ends_what_is_read_beside_it(tmp_path, monkeypatch):
    ended = []

    def read(connection, entry, _mapping, _shelf):
        if entry.table == "bad":
            time.sleep(0.5)
            raise DataRefusedError("bad")
        try:
            connection.execute(LONG)
        except duckdb.InterruptException:
            ended.append(entry.table)
            raise

    monkeypatch.setattr(reading, "read_entry", read)
    entries = [Named("bad"), Named("long"), Named("longer")]
    with sql.connect(tmp_path) as connection, pytest.raises(DataRefusedError, match="bad"):
        reading.read_entries(connection, entries, None, None)
    assert set(ended) in ({"long"}, {"long", "longer"})


def test_a_further_connection_counts_days_and_keeps_quiet_alike(tmp_path):
    asked = "SELECT current_setting('TimeZone'), current_setting('enable_progress_bar')"
    with sql.connect(tmp_path) as connection:
        own = connection.execute(asked).fetchall()
        connection.execute("SET TimeZone = 'Asia/Tokyo'")
        assert sql.another(connection).execute(asked).fetchall() == own == [("UTC", False)]
