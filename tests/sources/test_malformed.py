"""Each malformed input is read right, or refused naming file, row and column; nothing is lost."""

import gzip
import io
import json
import sqlite3
from datetime import date

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kamlab.errors import KamlabError
from kamlab.sources import open_data

HEADER = "account_id,order_id,order_date,net_sales"
GOOD = ["A1,1,2024-01-31,10.50", "A2,2,2024-02-01,20", "A1,3,2024-02-15,-3.25"]
FRAME = pd.DataFrame(
    {
        "account_id": ["A1", "A2", "A1"],
        "order_id": ["1", "2", "3"],
        "order_date": [date(2024, 1, 31), date(2024, 2, 1), date(2024, 2, 15)],
        "net_sales": [10.5, 20.0, -3.25],
    }
)
TOTAL = 27.25


def csv(*rows, header=HEADER, end="\n", last="\n"):
    return end.join([header, *rows]) + last


def parquet(frame):
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    return buffer.getvalue()


def excel(*rows, sheets=("Sheet1",)):
    book = openpyxl.Workbook()
    book.active.title = sheets[0]
    for row in rows:
        book.active.append(list(row))
    for title in sheets[1:]:
        book.create_sheet(title)
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


EXCEL = [HEADER.split(","), *FRAME.itertuples(index=False, name=None)]
SEMICOLON = [row.replace(",", ";").replace(".", ",") for row in GOOD]
UMLAUT = csv("Müller,1,2024-01-31,10.50", "Jäger,2,2024-02-01,20", "Weiß,3,2024-02-15,-3.25")
HANZI = csv(
    "上海包装有限公司,1,2024-01-31,10.50", "北京印刷,2,2024-02-01,20", "广州,3,2024-02-15,-3.25"
)
MAPPED = '[[orders]]\nfile = "o.csv"\n'

# what is read right: files, and how many lines; the sum is always 27.25
READ = {
    "plain": {"orders.csv": csv(*GOOD)},
    "byte order mark": {"orders.csv": csv(*GOOD).encode("utf-8-sig")},
    "UTF-16": {"orders.csv": csv(*GOOD).encode("utf-16")},
    "UTF-16 big end first": {"orders.csv": b"\xfe\xff" + csv(*GOOD).encode("utf-16-be")},
    "UTF-16 without mark": {"orders.csv": csv(*GOOD).encode("utf-16-le")},
    "Latin-1": {"orders.csv": UMLAUT.encode("latin-1")},
    "GB18030": {"orders.csv": HANZI.encode("gb18030")},
    "semicolons and decimal comma": {
        "orders.csv": csv(*SEMICOLON, header=HEADER.replace(",", ";"))
    },
    "tabs": {"orders.tsv": csv(*GOOD).replace(",", "\t")},
    "bars": {"orders.txt": csv(*GOOD).replace(",", "|")},
    "sep line of Excel": {"orders.csv": "sep=;\n" + csv(*GOOD).replace(",", ";")},
    "returns and newlines": {"orders.csv": csv(*GOOD, end="\r\n", last="\r\n")},
    "returns only": {"orders.csv": csv(*GOOD, end="\r", last="\r")},
    "no last line end": {"orders.csv": csv(*GOOD, last="")},
    "blank lines": {"orders.csv": csv(GOOD[0], "", ",,,", GOOD[1], "", GOOD[2])},
    "blank lines at the end": {"orders.csv": csv(*GOOD) + "\n\n,,,\n"},
    "all quoted": {
        "orders.csv": csv(*('"' + row.replace(",", '","') + '"' for row in GOOD))
    },
    "trailing commas": {"orders.csv": csv(*(row + "," for row in GOOD), header=HEADER + ",")},
    "line break in quotes": {
        "orders.csv": csv(
            'A1,1,2024-01-31,10.50,"a\nb"', "A2,2,2024-02-01,20,c", "A1,3,2024-02-15,-3.25,",
            header=HEADER + ",note",
        )
    },
    "inner quotes": {
        "orders.csv": csv(
            'A1,1,2024-01-31,10.50,"5"" tube"', 'A2,2,2024-02-01,20,5" pipe',
            "A1,3,2024-02-15,-3.25,", header=HEADER + ",note",
        )
    },
    "spaces around names and values": {
        "orders.csv": csv(
            " A1 ,1, 2024-01-31 , 10.50 ", "A2,2,2024-02-01,\u00a020", "A1,3,2024-02-15,-3.25\t",
            header=" Account ID , order-id,Order Date,NET_SALES",
        )
    },
    "thousands commas": {
        "orders.csv": csv('A1,1,2024-01-31,"1,010.50"', 'A2,2,2024-02-01,"-1,000.00"',
                          "A1,3,2024-02-15,16.75")
    },
    "thousands dots": {
        "orders.csv": csv("A1;1;2024-01-31;1.010,50", "A2;2;2024-02-01;-1.000",
                          "A1;3;2024-02-15;16,75", header=HEADER.replace(",", ";"))
    },
    "thousands spaces and apostrophes": {
        "orders.csv": csv("A1,1,2024-01-31,1\u202f010.50", "A2,2,2024-02-01,-1’000.00",
                          "A1,3,2024-02-15,16.75")
    },
    "decimal comma in quotes": {
        "orders.csv": csv('A1,1,2024-01-31,"10,50"', "A2,2,2024-02-01,20",
                          'A1,3,2024-02-15,"-3,25"')
    },
    "currency signs, brackets, trailing minus": {
        "orders.csv": csv("A1,1,2024-01-31,€ 10.50", "A2,2,2024-02-01,21.00 EUR",
                          "A2,4,2024-02-01,1.00-", "A1,3,2024-02-15,(3.25)")
    },
    "scientific numbers": {
        "orders.csv": csv("A1,1,2024-01-31,1.05e1", "A2,2,2024-02-01,2E+01",
                          "A1,3,2024-02-15,-3.25")
    },
    "days first": {
        "orders.csv": csv("A1,1,31/01/2024,10.50", "A2,2,01/02/2024,20", "A1,3,15/02/2024,-3.25")
    },
    "months first": {
        "orders.csv": csv("A1,1,01/31/2024,10.50", "A2,2,02/01/2024,20", "A1,3,02/15/2024,-3.25")
    },
    "days with dots": {
        "orders.csv": csv("A1,1,31.1.2024,10.50", "A2,2,1.2.2024,20", "A1,3,15.02.2024,-3.25")
    },
    "days in two formats, both sure": {
        "orders.csv": csv("A1,1,31.01.2024,10.50", "A2,2,2024-02-01,20", "A1,3,15/02/2024,-3.25")
    },
    "named months": {
        "orders.csv": csv("A1,1,31-Jan-2024,10.50", "A2,2,1 February 2024,20",
                          'A1,3,"Feb 15, 2024",-3.25')
    },
    "Chinese days": {
        "orders.csv": csv("A1,1,2024年1月31日,10.50", "A2,2,2024年02月01日,20",
                          "A1,3,20240215,-3.25")
    },
    "times and zones": {
        "orders.csv": csv("A1,1,2024-01-31T23:59:59Z,10.50", "A2,2,2024-02-01 00:00:00.000,20",
                          "A1,3,2024/2/15 8:05 AM,-3.25")
    },
    "Parquet": {"orders.parquet": parquet(FRAME)},
    "Parquet with texts": {"orders.parquet": parquet(FRAME.astype(str))},
    "Parquet with timestamps": {
        "orders.parquet": parquet(FRAME.assign(order_date=pd.to_datetime(FRAME["order_date"])))
    },
    "Parquet with days as numbers": {
        "orders.parquet": parquet(FRAME.assign(order_date=[20240131, 20240201, 20240215]))
    },
    "Excel": {"orders.xlsx": excel(*EXCEL)},
    "Excel with titles above": {"orders.xlsx": excel(["Sales of 2024"], [], *EXCEL)},
    "Excel with blank rows and columns": {
        "orders.xlsx": excel(*[[None, *row, None] for row in EXCEL[:2]], [],
                             *[[None, *row] for row in EXCEL[2:]])
    },
    "JSON lines": {
        "orders.jsonl": "\n".join(map(json.dumps, FRAME.astype(str).to_dict("records")))
    },
    "JSON list": {"orders.json": json.dumps(FRAME.astype({"order_date": str}).to_dict("records"))},
    "several files": {"orders_2024-01.csv": csv(GOOD[0]), "orders_2024-02.csv": csv(*GOOD[1:])},
    "a folder of files": {"orders/a.csv": csv(GOOD[0]), "orders/b.csv": csv(*GOOD[1:])},
    "repeated names of columns not used": {
        "orders.csv": csv(*(row + ",x,y" for row in GOOD), header=HEADER + ",note,Note")
    },
    "columns in another order, and more": {
        "orders.csv": csv("x,10.50,1,2024-01-31,A1", "y,20,2,2024-02-01,A2",
                          "z,-3.25,3,2024-02-15,A1",
                          header="other,net_sales,order_id,order_date,account_id")
    },
    "lock file of Excel beside": {
        "kamlab.toml": '[[orders]]\nfile = "*.xlsx"\n', "a.xlsx": excel(*EXCEL), "~$a.xlsx": b"x"
    },
}  # fmt: skip


@pytest.mark.parametrize("case", READ, ids=str)
def test_is_read_right(case, opened):
    sources = opened(READ[case])

    kept = sources.table("orders").aggregate("sum(net_sales), min(order_date), max(order_date)")
    assert kept.fetchall() == [(TOTAL, date(2024, 1, 31), date(2024, 2, 15))]
    assert sources.refused.empty


# one bad row among good ones: the row (or rows) as text, then line, column and reason
ROWS = {
    "account missing": (",4,2024-02-02,5", 5, "account_id", "account missing"),
    "account blank": ('"  ",4,2024-02-02,5', 5, "account_id", "account missing"),
    "account NULL": ("NULL,4,2024-02-02,5", 5, "account_id", "account missing"),
    "account nan": ("nan,4,2024-02-02,5", 5, "account_id", "account missing"),
    "order missing": ("A1,,2024-02-02,5", 5, "order_id", "order missing"),
    "date missing": ("A1,4,,5", 5, "order_date", "order date missing"),
    "date a word": ("A1,4,soon,5", 5, "order_date", "not a date"),
    "date impossible": ("A1,4,2024-02-30,5", 5, "order_date", "not a date"),
    "month impossible": ("A1,4,2024-13-02,5", 5, "order_date", "not a date"),
    "date with short year": ("A1,4,02/03/24,5", 5, "order_date", "not a date"),
    "date a number": ("A1,4,45321,5", 5, "order_date", "a spreadsheet's number of a day"),
    "date zero": ("A1,4,0000-00-00,5", 5, "order_date", "not a date"),
    "date far ahead": ("A1,4,2099-12-31,5", 5, "order_date", "date far from all others"),
    "date far back": ("A1,4,1900-01-01,5", 5, "order_date", "date far from all others"),
    "date of year 213": ("A1,4,0213-02-02,5", 5, "order_date", "date far from all others"),
    "amount missing": ("A1,4,2024-02-02,", 5, "net_sales", "net sales missing"),
    "amount a word": ("A1,4,2024-02-02,free", 5, "net_sales", "not a number"),
    "amount infinite": ("A1,4,2024-02-02,inf", 5, "net_sales", "not a number"),
    "amount overflows": ("A1,4,2024-02-02,1e999", 5, "net_sales", "not finite"),
    "amount absurd": ("A1,4,2024-02-02,1e300", 5, "net_sales", "out of range"),
    "amount an Excel error": ("A1,4,2024-02-02,#REF!", 5, "net_sales", "not a number"),
    "amount with letter O": ("A1,4,2024-02-02,1O.50", 5, "net_sales", "not a number"),
    "amount of the other decimal mark": (
        'A1,4,2024-02-02,"12,5"', 5, "net_sales", "not a number",
    ),
    "amount a formula": ("A1,4,2024-02-02,=1+1", 5, "net_sales", "not a number"),
    "a field too few": ("A1,4,2024-02-02", 5, "", "row does not fit the header"),
    "a field too many": ("A1,4,2024-02-02,12,50", 5, "", "row does not fit the header"),
    "a total below": ("Total,,,32.25", 5, "order_id", "order missing"),
    "a repeated header": (HEADER, 5, "order_date", "not a date"),
    "same line twice": (GOOD[0], 5, "order_id", "same line twice"),
}  # fmt: skip


@pytest.mark.parametrize("case", ROWS, ids=str)
def test_one_bad_row_is_refused_and_the_rest_kept(case, opened):
    row, line, column, reason = ROWS[case]
    sources = opened({"orders.csv": csv(*GOOD, row)})

    found = sources.refused[["file", "row", "column", "reason"]].values.tolist()
    assert found == [["orders.csv", line, column, reason]]
    assert sources.table("orders").aggregate("sum(net_sales)").fetchall() == [(TOTAL,)]


@pytest.mark.parametrize("case", ["amount a word", "account missing", "same line twice"])
def test_lines_are_numbered_as_a_person_counts_them(case, opened):
    row, _, column, reason = ROWS[case]
    noted = [f'{good},"a\nb"' for good in GOOD]
    text = csv(*noted, "", row + ("," if case != "same line twice" else ',"a\nb"'),
               header=HEADER + ",note")  # fmt: skip
    refused = opened({"orders.csv": text}).refused

    # header, three rows of two lines, a blank one
    assert refused[["row", "column", "reason"]].values.tolist() == [[9, column, reason]]


# what cannot be read at all, or is not sure: the message names it and what to do
ERRORS = {
    "empty folder": ({}, "the folder is empty"),
    "no orders": ({"accounts.csv": "account_id\nA1\n"}, "no orders found"),
    "empty file": ({"orders.csv": ""}, r"orders\.csv: the file is empty"),
    "only blank lines": ({"orders.csv": "\n\n\n"}, r"orders\.csv: the file holds no header"),
    "only a header": ({"orders.csv": csv()}, r"orders\.csv holds no order line"),
    "no header": ({"orders.csv": "\n".join(GOOD)}, "which no column is named after"),
    "wrong column": (
        {"orders.csv": csv(*GOOD, header="account_id,order_id,order_date,net_sale")},
        r'net_sales = "net_sale"',
    ),
    "no order number": (
        {"orders.csv": csv("A1,2024-01-31,1", header="account_id,order_date,net_sales")},
        r'order_id = \["Customer", "Date"\]',
    ),
    "all rows bad": ({"orders.csv": csv(",1,x,y", ",2,x,y")}, "2 × account missing"),
    "cut in a line": ({"orders.csv": csv(*GOOD, last="") + "\nA1,4,20"}, "cut off.*line 5"),
    "cut in a quoted field": (
        {"orders.csv": csv(*GOOD) + 'A1,4,2024-02-02,"1'}, "line 5: a quoted field opens",
    ),
    "cut in a character": (
        {"orders.csv": csv(*GOOD).encode() + "ü".encode()[:-1]},
        "near line 5: the bytes are not valid utf-8",
    ),
    "text after a quoted field": (
        {"orders.csv": csv(*GOOD, 'A1,"4"x,2024-02-02,5')}, "line 5: quotes do not stand",
    ),
    "two encodings": (
        {"orders.csv": (UMLAUT * 40).encode() + "Köln,1,2024-01-01,5\n".encode("latin-1")},
        "not valid utf-8",
    ),
    "unknown encoding": (
        {"orders.csv": csv("Привет мир,1,2024-01-31,10").encode("cp1251")}, "encoding is not sure",
    ),
    "zero bytes": ({"orders.csv": b"\x00\x01\x02" * 50}, "not a text file"),
    "compressed": ({"orders.csv": gzip.compress(csv(*GOOD).encode())}, r"orders\.csv"),
    "an image": ({"orders.csv": b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 9}, r"orders\.csv"),
    "open dates": (
        {"orders.csv": csv("A1,1,03/04/2024,10", "A1,2,05/04/2024,20")}, "date_format",
    ),
    "open decimals": (
        {"orders.csv": csv("A1,1,2024-01-31,1.234", "A1,2,2024-02-01,5.678")}, "decimal = ",
    ),
    "wrong delimiter": (
        {"kamlab.toml": MAPPED + 'delimiter = ";"\n', "o.csv": csv(*GOOD)}, "account_id",
    ),
    "Parquet cut off": ({"orders.parquet": parquet(FRAME)[:-20]}, "not a whole Parquet file"),
    "Parquet of zeros": ({"orders.parquet": bytes(400)}, "not a whole Parquet file"),
    "Parquet damaged inside": (
        {"orders.parquet": parquet(FRAME)[:4] + b"\xff" * 60 + parquet(FRAME)[64:]},
        r"orders\.parquet",
    ),
    "Parquet empty": ({"orders.parquet": b""}, r"orders\.parquet"),
    "Excel cut off": ({"orders.xlsx": excel(*EXCEL)[:-200]}, "not a whole Excel file"),
    "Excel that is text": ({"orders.xlsx": csv(*GOOD)}, "not a whole Excel file"),
    "Excel empty": ({"orders.xlsx": excel()}, "the sheet is empty"),
    "Excel with two sheets": (
        {"orders.xlsx": excel(*EXCEL, sheets=("May", "June"))}, "its sheets are 'May', 'June'",
    ),
    "JSON without objects": ({"orders.jsonl": "1\n2\n"}, "no line is a JSON object"),
    "JSON list cut off": ({"orders.json": '[{"account_id": "A1"'}, "not a whole JSON file"),
    "a database that is text": (
        {"kamlab.toml": '[[orders]]\ndatabase = "o.csv"\ntable = "x"\n', "o.csv": csv(*GOOD)},
        "neither a SQLite nor a DuckDB file",
    ),
    "the same file twice": (
        {"orders_1.csv": csv(*GOOD), "orders_2.csv": csv(*GOOD)}, "the same file byte by byte",
    ),
    "two formats of one name": (
        {"orders.csv": csv(*GOOD), "orders.parquet": parquet(FRAME)}, "would both be read",
    ),
    "two currencies": (
        {"orders.csv": csv(*(row + c for row, c in zip(GOOD, (",EUR", ",USD", ",EUR"),
                                                       strict=True)),
                           header=HEADER + ",currency")},
        r"EUR \(2 rows\), USD \(1 rows\)",
    ),
    "a mapped column twice": (
        {"orders.csv": csv(*(row + ",9" for row in GOOD), header=HEADER + ",net_sales")},
        "two columns are named 'net_sales'",
    ),
    "a pattern without files": (
        {"kamlab.toml": '[[orders]]\nfile = "order*.csv"\n', "Orders.txt": ""}, "no file",
    ),
    "bad TOML": ({"kamlab.toml": "[[orders]\n"}, "not a TOML file"),
    "a query with a fault": (
        {"kamlab.toml": "[[orders]]\nsql = \"SELECT nothing FROM 'o.csv'\"\n", "o.csv": csv(*GOOD)},
        "DuckDB says",
    ),
    "a query outside the folder": (
        {"kamlab.toml": "[[orders]]\nsql = \"SELECT * FROM '../secret.csv'\"\n",
         "../secret.csv": csv(*GOOD)},
        "nothing outside",
    ),
    "a query that writes": (
        {"kamlab.toml": "[[orders]]\nsql = \"COPY (SELECT 1) TO 'x.csv'\"\n"}, "one SELECT",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", ERRORS, ids=str)
def test_is_refused_with_a_message_that_says_what_to_do(case, folder, store):
    files, message = ERRORS[case]

    with pytest.raises(KamlabError, match=f"(?s){message}") as refused:
        open_data(folder(files), store=store)
    assert refused.value.exit_code in (2, 3)
    assert refused.value.__suppress_context__ or refused.value.__context__ is None


def test_there_are_sixty_malformed_inputs_and_more():
    assert len(ROWS) + len(ERRORS) >= 60


def test_a_damaged_sqlite_file_is_refused(folder, store):
    data = folder({"kamlab.toml": '[[orders]]\ndatabase = "shop.db"\ntable = "orders"\n'})
    with sqlite3.connect(data / "shop.db") as base:
        FRAME.astype(str).to_sql("orders", base, index=False)
    base.close()
    whole = (data / "shop.db").read_bytes()
    (data / "shop.db").write_bytes(whole[:100] + b"\xff" * (len(whole) - 100))

    with pytest.raises(KamlabError, match=r"shop\.db: orders"):
        open_data(data, store=store)


FIELD = st.one_of(
    st.sampled_from(
        ["A1", "", " ", "2024-02-01", "01/02/2024", "13/02/2024", "1,5", "1.5", "1.234", "1e5",
         "-", "nan", "inf", '"', "''", '""', "a\nb", "a\r\nb", "ü", "包", "\ufeff", "=1+1", "\t",
         "9" * 400, "2024-02-01T10:00", "€ 5", "(5)", "\x00", "\u2028"]
    ),
    st.text(max_size=8),
    st.floats(allow_nan=True, allow_infinity=True).map(str),
    st.dates().map(str),
)  # fmt: skip
QUIET = settings(
    max_examples=30,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def _reads_or_refuses(data, store):
    """Nothing but an error of ours may come out, and nothing may be lost."""
    try:
        sources = open_data(data, store=store)
    except KamlabError:
        return
    table = sources.reconciliation
    assert (table["rows_in"] == table["rows_kept"] + table["rows_refused"]).all()
    assert (table["difference"].fillna(0) == 0).all()
    assert sources.refused[["file", "row", "reason"]].notna().all(axis=None)


@QUIET
@given(rows=st.lists(st.lists(FIELD, min_size=4, max_size=4), max_size=4), quote=st.booleans())
def test_any_fields_are_read_or_refused(rows, quote, folder, store):
    made = [
        ",".join('"' + field.replace('"', '""') + '"' if quote else field for field in row)
        for row in rows
    ]
    text = csv(*GOOD, *made).encode("utf-8", "replace")
    _reads_or_refuses(folder({"orders.csv": text}), store)


@QUIET
@given(cut=st.integers(0, 400), noise=st.binary(max_size=6), at=st.integers(0, 400))
@pytest.mark.parametrize(
    ("name", "whole"),
    [
        ("orders.csv", csv(*GOOD).encode()),
        ("orders.parquet", parquet(FRAME)),
        ("orders.xlsx", excel(*EXCEL)),
        ("orders.jsonl", json.dumps(FRAME.astype(str).to_dict("records")[0]).encode()),
    ],
)
def test_any_damage_is_read_or_refused(name, whole, cut, noise, at, folder, store):
    start = len(whole) * at // 401
    damaged = (whole[:start] + noise + whole[start + len(noise) :])[
        : len(whole) * (400 - cut) // 400
    ]
    _reads_or_refuses(folder({name: damaged}), store)
