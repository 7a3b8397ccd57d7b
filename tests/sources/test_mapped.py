"""Long tables are mapped from files that studies share: the same values, made once."""

import datetime as dt
import os
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.pandas import column, data_frames
from pandas.testing import assert_frame_equal

from kamlab.accounts.days import daily_sums
from kamlab.sources import mapped, open_data
from kamlab.sources.mapped import mapped_apart, mapped_once
from kamlab.sources.store import Store

ORDERS = """account_id,order_id,order_date,net_sales,cost_of_goods
A1,1,2024-01-31,10.50,7
A2,2,2024-02-01,20,
A1,3,2024-02-01,-3,-2
Ä,4,2024-03-05,8,9
"""
INVOICES = """invoice_id,account_id,invoice_date,due_date,amount,paid_date
1,A1,2024-01-31,2024-03-01,10.5,2024-02-20
2,A2,2024-02-01,2024-03-02,20,
3,Ä,2024-03-05,2024-04-04,8,2024-03-06
"""
ASKED = ["account_id", "day", "net_sales", "gross_profit", "discount"]
CONDUCT = ["account_id", "due_date", "amount", "paid_date", "paid_amount"]
DAY = dt.date(2024, 3, 6)


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "data"
    path.mkdir()
    (path / "orders.csv").write_text(ORDERS)
    (path / "invoices.csv").write_text(INVOICES)
    return path


@pytest.fixture
def as_if_long(monkeypatch):
    monkeypatch.setattr(mapped, "LONG", 0)
    monkeypatch.setattr("kamlab.sources.opening.LONG", 0)


def opened(folder):
    return open_data(folder, store=folder.parent / "store")


def mapped_files(folder):
    store = folder.parent / "store"
    return sorted([*store.rglob("*.arrow"), *store.rglob("*.npy")])


def test_a_long_table_has_the_values_and_types_of_a_short_one(folder, monkeypatch):
    short = opened(folder)
    days, invoices = short.once(daily_sums, DAY, columns=ASKED), short.frame("invoices", CONDUCT)
    assert not mapped_files(folder)

    monkeypatch.setattr(mapped, "LONG", 0)
    monkeypatch.setattr("kamlab.sources.opening.LONG", 0)
    for _ in ("made", "found"):
        long = opened(folder)
        assert_frame_equal(long.once(daily_sums, DAY, columns=ASKED)[list(days)], days)
        assert_frame_equal(long.frame("invoices", CONDUCT)[list(invoices)], invoices)
    assert "paid_date" in invoices
    assert "paid_amount" not in invoices
    assert mapped_files(folder)


def test_what_one_study_made_the_next_one_only_maps(folder, as_if_long, monkeypatch):
    opened(folder).once(daily_sums, DAY, columns=["account_id", "day", "net_sales"])
    opened(folder).frame("invoices", CONDUCT)
    read = []
    monkeypatch.setattr(
        "kamlab.accounts.days.read_sums", lambda *told: read.append(told[-1]) or _sums(*told)
    )

    opened(folder).once(daily_sums, DAY, columns=["account_id", "net_sales"])
    opened(folder).once(daily_sums, DAY, columns=["net_sales", "gross_profit"])

    assert read == [["gross_profit"]]


def _sums(file, end, columns):
    from kamlab.accounts.collecting import read_sums

    return read_sums(file, end, columns)


@pytest.mark.parametrize("change", ["day", "row", "currency"])
def test_it_is_made_anew_when_anything_differs_that_decides_it(folder, as_if_long, change):
    opened(folder).once(daily_sums, DAY, columns=ASKED)
    opened(folder).frame("invoices", CONDUCT)
    day = DAY
    if change == "day":
        day = dt.date(2024, 2, 1)
    elif change == "row":
        with (folder / "orders.csv").open("a") as file:
            file.write("A2,5,2024-03-05,1,1\n")
        with (folder / "invoices.csv").open("a") as file:
            file.write("4,A2,2024-03-05,2024-04-04,8,\n")
    else:
        blocks = "".join(f'[[{name}]]\nfile = "{name}.csv"\n' for name in ("orders", "invoices"))
        (folder / "kamlab.toml").write_text(f'currency = "SEK"\n{blocks}')

    days = opened(folder).once(daily_sums, day, columns=ASKED)
    invoices = opened(folder).frame("invoices", CONDUCT)

    assert days["net_sales"].sum() == {"day": 10.5, "row": 36.5, "currency": 35.5}[change]
    assert len(invoices) == (4 if change == "row" else 3)


def test_a_damaged_column_is_made_again(folder, as_if_long):
    first = opened(folder).once(daily_sums, DAY, columns=ASKED)
    whole = first.copy(deep=True)
    for file in mapped_files(folder):
        damaged = file.with_suffix(".new")
        damaged.write_bytes(file.read_bytes()[:-9])
        damaged.replace(file)

    assert_frame_equal(opened(folder).once(daily_sums, DAY, columns=ASKED), whole)


def test_what_is_written_into_a_mapped_table_nobody_else_sees(folder, as_if_long):
    days = opened(folder).once(daily_sums, DAY, columns=ASKED)
    days["account_id"] = days["account_id"] + "!"
    days.loc[days["account_id"] == "A1!", "gross_profit"] = 0.0
    days["net_sales"] *= 2

    assert days["net_sales"].sum() == 71
    assert (days.loc[days["account_id"] == "A1!", "gross_profit"] == 0).all()
    again = opened(folder).once(daily_sums, DAY, columns=ASKED)
    assert again["net_sales"].sum() == 35.5
    assert again["gross_profit"].sum() == 1.5
    assert set(again["account_id"]) == {"A1", "A2", "Ä"}


def test_mapped_columns_leave_the_store_sooner_than_what_takes_long(folder, as_if_long):
    opened(folder).once(daily_sums, DAY, columns=ASKED)
    shelf = Store(folder.parent / "store")
    days_ago = time.time() - 4 * 86_400
    metas = list(shelf.folder.glob("entries/*/*/meta.json"))
    for meta in metas:
        os.utime(meta, (days_ago, days_ago))
    assert mapped_files(folder)

    shelf.drop_unused(60)

    assert not mapped_files(folder)
    assert len(list(shelf.folder.glob("entries/*/*/meta.json"))) == len(metas) - len(ASKED)
    shelf.drop_unused(3)
    assert not list(shelf.folder.glob("entries/*/*/meta.json"))


def test_what_persons_said_is_not_written_a_second_time(folder, as_if_long):
    """`forget` and the retention period look at the rows as they were read."""
    said = "interaction_id,account_id,occurred_at,channel,name\n1,A1,2024-02-02,phone,Ana Li\n"
    (folder / "interactions.csv").write_text(said)

    found = opened(folder).frame("interactions", ["account_id", "name"])

    assert found["name"].tolist() == ["Ana Li"]
    assert not mapped_files(folder)


def test_many_at_once_make_it_once_and_read_the_same(tmp_path):
    made = []

    def make(columns):
        made.append(columns)
        return pd.DataFrame({name: np.arange(5.0) for name in columns})

    def ask(_):
        return mapped_once(Store(tmp_path), ["rows"], ["a", "b"], make)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(ask, range(8)))

    assert made == [["a", "b"]]
    for table in found:
        assert_frame_equal(table, found[0])


DAYS = st.one_of(st.just(pd.NaT), st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)))
TABLES = data_frames(
    [
        column("amount", elements=st.floats()),
        column("count", dtype=np.int64),
        column("sure", dtype=bool),
    ]
)


@settings(max_examples=40)
@given(TABLES, st.data())
def test_any_table_comes_back_as_it_was(tmp_path_factory, table, data):
    rows = {"min_size": len(table), "max_size": len(table)}
    table["day"] = pd.Series(data.draw(st.lists(DAYS, **rows)), dtype="datetime64[us]")
    words = st.one_of(st.none(), st.text(st.characters(codec="utf-8")))
    table["word"] = pd.Series(data.draw(st.lists(words, **rows)), dtype="str")
    wholes = st.one_of(st.none(), st.integers(-(2**50), 2**50))
    table["whole"] = pd.Series(data.draw(st.lists(wholes, **rows)), dtype="Int64")
    shelf, names = Store(tmp_path_factory.mktemp("store")), list(table)

    once = mapped_once(shelf, ["a table"], names, lambda some: table[list(some)])
    apart = mapped_apart(shelf, ["a table"], [*names, "more"], table.filter)

    assert_frame_equal(once, table)
    assert_frame_equal(apart, table)
