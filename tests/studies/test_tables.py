import csv
import datetime as dt
import html
from html.parser import HTMLParser

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.studies import tables
from kamlab.studies.tables import check_table, formatted, html_table, write_table

HOSTILE = ["=HYPERLINK(1)", "+1", "-1", "@x", "\tx", "<script>alert(1)</script>", 'a"b', "正常"]


def test_parquet_keeps_true_values_and_csv_runs_no_formula(tmp_path):
    table = pd.DataFrame({"name": HOSTILE, "net_sales": [-1.5, 2, 3, 4, 5, 6, 7, 0.1 + 0.2]})

    write_table(tmp_path, "accounts", table)

    assert pd.read_parquet(tmp_path / "accounts.parquet")["name"].tolist() == HOSTILE
    with (tmp_path / "accounts.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [f"'{n}" for n in HOSTILE[:5]] + HOSTILE[5:]
    assert float(rows[0]["net_sales"]) == -1.5
    assert float(rows[-1]["net_sales"]) == 0.1 + 0.2


def test_a_long_table_is_written_as_a_short_one(tmp_path, monkeypatch):
    table = pd.DataFrame(
        {
            "name": [*HOSTILE[:3], None, "a, b", "line\nbreak"],
            "mixed": ["a", None, 1, 2.5, dt.date(2024, 1, 2), (1, 2)],
            "day": pd.to_datetime(["2024-02-29", None, *["2024-01-01"] * 4]),
            "hour": pd.to_datetime(["2024-02-29 13:05", None, *["2024-01-01 00:00"] * 4]),
            "kept": [True, False] * 3,
            "known": pd.array([True, None] * 3, dtype="boolean"),
            "count": pd.array([1, None, -3, 4, 5, 10**15], dtype="Int64"),
            "sales": [0.1 + 0.2, -1e-9, 1e22, float("nan"), float("inf"), 3.0],
            "kind": pd.Categorical(["a", "b", None, "a", "b", "a"]),
        }
    )
    read = []
    for rows in (7, 6):
        monkeypatch.setattr(tables, "_LONG_TABLE", rows)
        tables._write_csv(table.copy(), tmp_path / "t.csv")
        with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
            read.append(list(csv.reader(file)))

    assert read[1] == read[0]


@given(st.lists(st.text(max_size=20), max_size=8))
def test_no_text_of_a_csv_starts_like_a_formula(tmp_path_factory, names):
    folder = tmp_path_factory.mktemp("csv")
    write_table(folder, "t", pd.DataFrame({"name": pd.Series(names, dtype=object), "n": 1}))

    with (folder / "t.csv").open(encoding="utf-8", newline="") as file:
        found = [row[0] for row in csv.reader(file)]
    assert len(found) == len(names) + 1
    assert not [text for text in found if text.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("name", ["Key accounts", "../x", "", "1st", "a" * 64])
def test_a_name_that_is_no_interface_is_refused(name):
    with pytest.raises(ValueError, match="name for a table"):
        check_table(name, pd.DataFrame({"a": [1]}))


def test_columns_must_be_texts_and_unique():
    with pytest.raises(ValueError, match="more than one column named 'a'"):
        check_table("t", pd.DataFrame([[1, 2]], columns=["a", "a"]))
    with pytest.raises(ValueError, match="column named 0"):
        check_table("t", pd.DataFrame([[1]]))


def test_a_named_index_becomes_a_column():
    table = pd.DataFrame({"n": [1]}, index=pd.Index(["A"], name="account_id"))

    assert check_table("t", table).columns.tolist() == ["account_id", "n"]


class _Cells(HTMLParser):
    """Collect elements and texts of a drawn table."""

    def __init__(self, drawn):
        super().__init__()
        self.tags, self.texts = [], []
        self.feed(drawn)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.texts.append(data)


@given(st.text(min_size=1, max_size=30))
def test_any_name_is_shown_as_text(name):
    table = pd.DataFrame({"name": [name]}, dtype=object)

    drawn = html_table(table, caption=name)

    parsed = _Cells(drawn)
    allowed = {"div", "table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert {tag for tag, _ in parsed.tags} == allowed
    assert html.escape(name) in drawn


def test_a_table_has_caption_scopes_and_a_frame_for_the_keyboard():
    table = pd.DataFrame({"net_sales": [1234567.8, None], "key": [True, False]})

    drawn = html_table(table, caption="Sales", labels={"net_sales": "Sales (EUR)"}, limit=1)

    parsed = _Cells(drawn)
    heads = [attrs for tag, attrs in parsed.tags if tag == "th"]
    assert [head["scope"] for head in heads] == ["col", "col"]
    frame = next(attrs for _, attrs in parsed.tags if attrs.get("role") == "region")
    assert (frame["tabindex"], frame["aria-label"]) == ("0", "Sales")
    assert "Sales (EUR)" in parsed.texts
    assert "1,234,568" in parsed.texts
    assert "The first 1 of 2 rows." in "".join(parsed.texts)


def test_a_format_for_a_column_that_is_not_there_is_an_error():
    with pytest.raises(ValueError, match="no column 'sales'"):
        html_table(pd.DataFrame({"a": [1]}), caption="x", formats={"sales": ".0f"})


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (pd.NA, ".0f", "–"),
        (pd.NaT, None, "–"),
        (float("nan"), ".1%", "–"),
        (pd.Timestamp("2013-06-30"), None, "2013-06-30"),
        (0.001234, None, "0.001"),
        (-5, None, "−5"),
        (7, lambda value: f"<{value}>", "<7>"),
    ],
)
def test_values_are_written_for_people(value, form, text):
    assert formatted(value, form) == text


@pytest.mark.parametrize(("names", "shown"), [([None, None], False), ([None, "Firm"], True)])
def test_a_column_of_names_is_left_out_where_no_account_has_one(names, shown):
    table = pd.DataFrame({"account_id": ["a", "b"], "name": names, "sales": [1.0, 2.0]})

    drawn = html_table(table, caption="Accounts", formats={"sales": ".0f"})

    assert (">Name<" in drawn) == shown
    assert drawn.count("<td") == (6 if shown else 4)
