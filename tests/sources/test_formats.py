"""Excel, JSON lines, Parquet and queries over text files keep what people mean by their values."""

import io
import json
from datetime import date, datetime

import pandas as pd
import pytest

from kamlab.errors import DataRefusedError
from kamlab.sources import open_data
from kamlab.sources.stray import bounds, written_bound

HEADER = ["account_id", "order_id", "order_date", "net_sales"]


def test_excel_cells_keep_their_meaning(opened, workbook):
    rows = [
        HEADER,
        [17, "0007", datetime(2024, 1, 31, 14, 30), 12.345],  # noqa: DTZ001  Excel has no zones
        [17.0, 8, date(2024, 2, 1), "1.010,50"],
        ["A-1", "9", "15.02.2024", 3.5],
        [18, 10, 45321, 1],
        [19, 11, "2024-02-16", "=D2*2"],
        [20, 12, "2024-02-16", True],
    ]
    files = {
        "kamlab.toml": '[[orders]]\nfile = "o.xlsx"\nsheet = "Sales"\n',
        "o.xlsx": workbook({"Info": [["x"]], "Sales": rows}),
    }
    sources = opened(files)

    assert sources.table("orders").order("order_date").fetchall() == [
        ("17", "0007", date(2024, 1, 31), 12.345),
        ("A-1", "9", date(2024, 2, 15), 3.5),
    ]
    # another decimal mark than in the other rows, a number for a day, a formula never computed
    assert sources.refused[["row", "column"]].values.tolist() == [
        [3, "net_sales"], [5, "order_date"], [6, "net_sales"], [7, "net_sales"],
    ]  # fmt: skip


@pytest.mark.parametrize("sheet", ['"Sales"', "2"])
def test_a_sheet_is_named_or_counted(sheet, opened, workbook):
    rows = [HEADER, ["A1", 1, date(2024, 1, 31), 5]]
    sources = opened(
        {
            "kamlab.toml": f'[[orders]]\nfile = "o.xlsx"\nsheet = {sheet}\n',
            "o.xlsx": workbook({"Info": [["x"]], "Sales": rows}),
        }
    )
    assert sources.reconciliation["rows_kept"].item() == 1


def test_json_lines_keep_what_is_text_and_refuse_what_is_no_object(opened):
    objects = [
        {"account_id": "007", "order_id": 1, "order_date": "2024-01-31", "net_sales": 12.345},
        {"order_date": "2024-02-01", "account_id": 8, "order_id": "2", "net_sales": "20.00"},
        {"account_id": "9", "order_id": 3, "order_date": None, "net_sales": 5},
        {"account_id": "9", "order_id": 4, "order_date": "2024-02-01", "net_sales": [5]},
    ]
    text = "\n".join([*map(json.dumps, objects), "[1, 2]", "{broken", ""])
    sources = opened({"orders.jsonl": text})

    assert sources.table("orders").order("order_date").fetchall() == [
        ("007", "1", date(2024, 1, 31), 12.345),
        ("8", "2", date(2024, 2, 1), 20.0),
    ]
    assert sources.refused[["row", "reason"]].values.tolist() == [
        [3, "order date missing"],
        [4, "not a number"],
        [5, "row does not fit the header"],
        [6, "row does not fit the header"],
    ]


@pytest.mark.parametrize(
    ("name", "text"), [("m.jsonl", ""), ("m.jsonl", "\n \n"), ("m.json", " [ ]")]
)
def test_json_of_no_records_is_a_table_of_no_rows(name, text, opened):
    mapping = (
        f'[[orders]]\nfile = "o.csv"\n[[interactions]]\nfile = "{name}"\nchannel = "e-mail"\n'
        'columns = { account_id = "Sender", interaction_id = "id", occurred_at = "Occurred at" }\n'
    )
    orders = "account_id,order_id,order_date,net_sales\nA,1,2024-01-01,5\n"
    sources = opened({"o.csv": orders, name: text, "kamlab.toml": mapping})

    assert sources.has("interactions")
    assert sources.frame("interactions").empty
    assert len(sources.refused) == 0
    with pytest.raises(DataRefusedError, match=f"{name} holds no order line"):
        opened({name: text, "kamlab.toml": f'[[orders]]\nfile = "{name}"\n'})


def test_parquet_floats_are_identifiers_and_infinite_amounts_are_not_money(opened):
    frame = pd.DataFrame(
        {
            "account_id": [17850.0, 12.5, None, 1.0, 2.0],
            "order_id": [1, 2, 3, 4, 5],
            "order_date": pd.to_datetime(["2024-01-31"] * 5).tz_localize("UTC"),
            "net_sales": [1.0, 2.0, 3.0, float("inf"), float("nan")],
            "_row": ["their", "own", "row", "number", ""],
        }
    )
    buffer = io.BytesIO()
    frame.to_parquet(buffer)
    sources = opened({"orders.parquet": buffer.getvalue()})

    assert sorted(row[0] for row in sources.table("orders").fetchall()) == ["12.5", "17850"]
    assert sources.refused[["row", "reason"]].values.tolist() == [
        [3, "account missing"], [4, "not finite"], [5, "net sales missing"],
    ]  # fmt: skip


def test_whole_floats_as_text_are_identifiers_where_the_whole_column_is(opened):
    text = ",".join(HEADER) + "\n17850.0,1.0,2024-01-31,1\n12.0,A2,2024-01-31,2\n"
    rows = opened({"orders.csv": text}).table("orders").order("net_sales").fetchall()

    assert [row[:2] for row in rows] == [("17850", "1.0"), ("12", "A2")]


QUERY = """
[[orders]]
sql = '''
SELECT l.Kunde AS account_id, l.Beleg AS order_id, l.Tag AS order_date,
       l.Menge * p.Preis * CASE WHEN l.Art = 'R.csv' THEN -1 ELSE 1 END AS net_sales
FROM 'lines-*.csv' AS l JOIN 'prices.xlsx' AS p USING (Artikel)
'''
"""


def test_a_query_reads_text_files_as_kamlab_does(opened, workbook):
    files = {
        "kamlab.toml": QUERY,
        "lines-1.csv": "Kunde;Beleg;Tag;Artikel;Menge;Art\nJäger;001;31.01.2024;007;1,5;V\n".encode(
            "latin-1"
        ),
        "lines-2.csv": "Kunde;Beleg;Tag;Artikel;Menge;Art\nMüller;002;01.02.2024;008;2,5;R.csv\n",
        "prices.xlsx": workbook({"P": [["Artikel", "Preis"], ["007", 10.5], ["008", 4]]}),
    }
    sources = opened(files)

    assert sources.table("orders").order("order_id").fetchall() == [
        ("Jäger", "001", date(2024, 1, 31), 15.75),
        ("Müller", "002", date(2024, 2, 1), -10.0),
    ]


def test_a_query_may_name_files_of_the_folder_by_their_whole_path(folder, store):
    name = "Jäger".encode("latin-1")
    data = folder(
        {f"part-{n}.csv": b"A;B;C;D\n%s;O%d;31.01.2024;%d,5\n" % (name, n, n) for n in (1, 2)}
    )
    (data / "kamlab.toml").write_text(
        '[[orders]]\nsql = "SELECT A AS account_id, B AS order_id, C AS order_date, '
        f"D AS net_sales FROM '{data}/part-*.csv'\"\n"
    )
    rows = open_data(data, store=store).table("orders").order("order_id").fetchall()

    assert [(row[0], row[3]) for row in rows] == [("Jäger", 1.5), ("Jäger", 2.5)]


def test_a_query_gets_days_that_are_not_sure_as_text(folder, store):
    data = folder(
        {
            "kamlab.toml": "[[orders]]\nsql = \"SELECT * FROM 'lines.csv'\"\n",
            "lines.csv": ",".join(HEADER) + "\nA1,1,03/04/2024,5\n",
        }
    )
    with pytest.raises(DataRefusedError, match="date_format"):
        open_data(data, store=store)


def test_days_far_from_all_others_are_stray():
    body = {f"2013-{month:02d}-01": 100 for month in range(1, 13)}

    assert bounds(body, None, None) == bounds(body | {}, None, None)
    assert bounds(body, None, None).last is None
    assert bounds(body | {"2015-06-01": 3}, None, None).last == date(2013, 12, 1)
    # more than one in a hundred, or an early start, is a history with a gap
    assert bounds(body | {"2015-06-01": 30}, None, None).last is None
    assert bounds(body | {"2010-06-01": 3}, None, None).first is None
    assert bounds(body | {"1900-01-01": 3, "1970-01-01": 9}, None, None).first == date(2013, 1, 1)
    # neither half of a history is stray
    assert bounds({"1990-01-01": 5, "2020-01-01": 5}, None, None).last is None
    assert bounds({}, None, None).last is None


def test_a_file_dated_before_most_of_its_lines_is_not_believed():
    assert written_bound({"2024-01-01": 5, "2024-06-01": 5}, "2024-02-01") is None
    assert written_bound({"2024-01-01": 5}, "2024-02-01") is None
    assert written_bound({"2024-01-01": 50, "9999-12-31": 1}, "2024-02-01") == date(2024, 2, 2)
