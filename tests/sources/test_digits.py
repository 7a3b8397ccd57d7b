"""Days as spreadsheets count them and full-width digits are read as what they mean."""

import io
from datetime import date, timedelta

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.sources import dates, numbers, sql
from kamlab.sources.description import describe

HEADER = "account_id,order_id,order_date,net_sales"
FULL = str.maketrans("0123456789.,-/", "０１２３４５６７８９．，－／")


def _orders(days, amounts=None):
    amounts = amounts or ["5.50"] * len(days)
    rows = [
        f'A,{k},{day},"{amount}"' for k, (day, amount) in enumerate(zip(days, amounts, strict=True))
    ]
    return "\n".join([HEADER, *rows]) + "\n"


def _days(sources):
    return [row[2] for row in sources.table("orders").order("order_id").fetchall()]


@pytest.mark.parametrize("mapping", ["", "[[orders]]\nsql = \"FROM 'orders.csv'\"\n"])
def test_a_column_of_serial_days_is_read_as_days(mapping, opened):
    files = {"orders.csv": _orders(["45292", "45323.75"])}
    sources = opened(files | ({"kamlab.toml": mapping} if mapping else {}))

    assert _days(sources) == [date(2024, 1, 1), date(2024, 2, 1)]
    assert "read as: order_date as spreadsheets count days" in describe(sources)


def test_numbers_of_days_in_sheets_and_in_typed_files_are_days(opened, workbook):
    rows = [HEADER.split(","), ["A", 1, 45292, 5], ["A", 2, 45323.5, 6]]
    frame = pd.DataFrame(rows[1:], columns=rows[0])
    buffer = io.BytesIO()
    frame.assign(order_id=[3, 4]).to_parquet(buffer)
    files = {"orders_1.xlsx": workbook({"S": rows}), "orders_2.parquet": buffer.getvalue()}

    assert _days(opened(files)) == [date(2024, 1, 1), date(2024, 2, 1)] * 2


@pytest.mark.parametrize(
    ("days", "kept"),
    [
        (["45292", "2024-01-31"], 1),
        (["45292", "19999", "2024-01-31"], 1),
        (["60001", "2024-01-31"], 1),
        (["45292", "", "45293"], 2),
    ],
)
def test_a_number_among_days_is_refused_and_loses_nothing(days, kept, opened):
    sources = opened({"orders.csv": _orders(days)})
    refused = sources.refused

    assert sources.reconciliation["rows_kept"].item() == kept
    like = refused["value"].isin(["45292"])
    assert (refused.loc[like, "reason"] == "a spreadsheet's number of a day").all()
    assert refused.loc[like, "expected"].str.contains("DATE '1899-12-30' \\+ 45123").all()
    assert not refused.loc[~like, "reason"].str.contains("spreadsheet").any()


def test_serial_days_of_one_file_do_not_settle_the_order_of_another(opened):
    files = {
        "orders_1.csv": _orders(["45292", "45293"]),
        "orders_2.csv": _orders(["31/01/2024", "01/02/2024"]),
        "orders_3.csv": _orders(["03/02/2024", "03/02/2024"]),
    }

    assert date(2024, 2, 3) in _days(opened(files))


def test_a_given_format_goes_before_serial_days(opened):
    files = {
        "orders.csv": _orders(["45292", "45293"]),
        "kamlab.toml": '[[orders]]\nfile = "orders*.csv"\ndate_format = "DD.MM.YYYY"\n',
        "orders_2.csv": _orders(["31.01.2024"]),
    }
    refused = opened(files).refused

    assert refused["reason"].tolist() == ["a spreadsheet's number of a day"] * 2


def test_full_width_digits_are_digits(opened):
    days = ["2024-01-31", "2024/02/01", "2024年2月3日", "2024-02-04"]
    amounts = ["1,234.50", "-3.25", "10", "0.5"]
    wide = [one.translate(FULL) for one in days], [one.translate(FULL) for one in amounts]
    sources = opened({"orders.csv": _orders(*wide)})
    lines = sources.table("orders").order("order_id").fetchall()

    assert [row[2:4] for row in lines] == [
        (date(2024, 1, 31), 1234.5), (date(2024, 2, 1), -3.25), (date(2024, 2, 3), 10.0),
        (date(2024, 2, 4), 0.5),
    ]  # fmt: skip


def test_full_width_digits_of_ids_and_texts_stay(opened):
    text = f"{HEADER},category\nＡ１,１,2024-01-31,5,Ｔ１\n"

    assert opened({"orders.csv": text}).table("orders").fetchall()[0] == (
        "Ａ１", "１", date(2024, 1, 31), 5.0, "Ｔ１",
    )  # fmt: skip


def test_full_width_amounts_are_numbers_in_a_query(opened):
    amounts = [one.translate(FULL) for one in ("1.50", "2.25")]
    query = "[[orders]]\nsql = \"SELECT * REPLACE (net_sales * 2 AS net_sales) FROM 'o.csv'\"\n"
    sources = opened(
        {"kamlab.toml": query, "o.csv": _orders(["2024-01-31", "2024-02-01"], amounts)}
    )

    assert sources.reconciliation["amount_kept"].item() == 7.5


@given(st.text(max_size=12), st.integers(-(10**9), 10**9))
def test_width_is_all_that_changes(text, number):
    def half(value):
        (found,) = sql.one(duckdb.connect(), f"SELECT {numbers.half_width(sql.text(value))}")
        return found

    plain = text.replace("\x00", "")
    if plain.isascii():
        assert half(plain) == plain
    assert half(str(number).translate(FULL)) == str(number)
    assert len(half(plain)) == len(plain)


@given(st.dates(date(1954, 10, 4), date(2064, 4, 8)), st.floats(0, 0.999))
def test_a_serial_day_is_its_day_whatever_the_time(day, time):
    serial = (day - date(1899, 12, 30)) / timedelta(days=1) + round(time, 6)
    text = sql.text(f"{serial:.6f}")
    (found,) = sql.one(duckdb.connect(), f"SELECT {dates.value(text, text, 'serial', [])}")

    assert found == day
