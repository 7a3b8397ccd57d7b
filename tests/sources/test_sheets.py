"""Sheets of one workbook are read one under the other, each row with the sheet it stands in."""

import pytest

from kamlab.errors import DataRefusedError, UsageError
from kamlab.sources import open_data
from kamlab.sources.description import describe

HEADER = ["Customer", "Invoice", "Date", "Amount", "Client Name"]
COLUMNS = (
    'columns = { account_id = "Customer", order_id = "Invoice", order_date = "Date", '
    'net_sales = "Amount" }'
)


def _month(number, lines=4):
    return [
        [f"C{k % 3}", f"{number}-{k}", f"2024-{number:02d}-{k + 1:02d}", k + 0.5, f"Firm {k % 3}"]
        for k in range(lines)
    ]


def _mapping(sheet):
    return f'[[orders]]\nfile = "book.xlsx"\nsheet = {sheet}\n{COLUMNS}\n'


@pytest.fixture
def book(workbook):
    """Make a workbook of months, one below a title, with what else is given."""

    def make(**others) -> bytes:
        months = {"Jan": [HEADER, *_month(1)], "Feb": [["Feb 2024"], [], HEADER, *_month(2)]}
        return workbook(months | others)

    return make


@pytest.mark.parametrize(
    ("sheet", "rows"),
    [('"*"', 8), ('["Jan", "Feb"]', 8), ("[2, 1, 2]", 8), ('["Feb"]', 4), ('"Jan"', 4), ("2", 4)],
)
def test_sheets_are_read_one_under_the_other(sheet, rows, opened, book):
    files = {"kamlab.toml": _mapping(sheet), "book.xlsx": book(Empty=[])}
    sources = opened(files)

    assert sources.reconciliation["rows_kept"].item() == rows


def test_a_refused_row_is_named_with_its_sheet(opened, book):
    bad = [*_month(3), ["C1", "x", "2024-03-09", "ask", ""]]
    files = {"kamlab.toml": _mapping('"*"'), "book.xlsx": book(Mar=[HEADER, *bad])}
    refused = opened(files).refused

    assert refused[["file", "row", "value"]].values.tolist() == [["book.xlsx, sheet Mar", 6, "ask"]]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (
            [[*HEADER[:3], "Betrag"], *[row[:4] for row in _month(3)]],
            "sheet Mar: there is no column 'Amount', which the mapping gives for net_sales",
        ),
        ([["x", "y"], [1, 2]], "sheet Mar: there is no column 'Customer'"),
    ],
)
def test_a_sheet_of_other_columns_is_named(rows, said, folder, store, book):
    place = folder({"kamlab.toml": _mapping('"*"'), "book.xlsx": book(Mar=rows)})
    with pytest.raises(DataRefusedError) as told:
        open_data(place, store=store)

    assert said in str(told.value)
    assert "name only the others" in str(told.value)


def test_an_optional_column_is_in_all_sheets_or_none(folder, store, workbook):
    sheets = {
        "Jan": [["account_id", "order_id", "order_date", "net_sales", "Quantity"]]
        + [[*row[:4], 2] for row in _month(1)],
        "Feb": [["account_id", "order_id", "order_date", "net_sales"]]
        + [row[:4] for row in _month(2)],
    }
    place = folder({"orders.xlsx": workbook(sheets)})
    with pytest.raises(DataRefusedError, match="no sheet is named"):
        open_data(place, store=store)
    (place / "kamlab.toml").write_text('[[orders]]\nfile = "orders.xlsx"\nsheet = "*"\n')
    with pytest.raises(DataRefusedError) as told:
        open_data(place, store=store)

    assert "sheet Feb: there is no column 'Quantity' (quantity), which orders.xlsx, sheet Jan" in (
        str(told.value)
    )


def test_one_sheet_twice_is_read_once_and_a_missing_one_is_named(folder, store, book):
    place = folder({"kamlab.toml": _mapping('["Jan", "Jan"]'), "book.xlsx": book()})
    assert open_data(place, store=store).reconciliation["rows_in"].item() == 4
    (place / "kamlab.toml").write_text(_mapping('["Jan", "Mai"]'))
    with pytest.raises(DataRefusedError, match="there is no 'Mai'; its sheets are 'Jan', 'Feb'"):
        open_data(place, store=store)


@pytest.mark.parametrize("sheet", ["[]", "[1.5]", '["Jan", ["Feb"]]', "1.5"])
def test_what_is_no_sheet_is_refused(sheet, folder, store, book):
    place = folder({"kamlab.toml": _mapping(sheet), "book.xlsx": book()})
    with pytest.raises(UsageError, match="sheet = "):
        open_data(place, store=store)


@pytest.mark.parametrize(
    ("others", "line"),
    [({}, 'sheet = "*"'), ({"Notes": [["x"], ["y"]]}, 'sheet = ["Jan", "Feb"]')],
)
def test_sheets_of_the_same_columns_are_proposed_together(others, line, folder, store, book):
    place = folder({"book.xlsx": book(**others)})
    mapping = place / "kamlab.toml"
    with pytest.raises(DataRefusedError) as told:
        open_data(place, store=store)
    assert line in str(told.value).splitlines()
    mapping.write_text('[[orders]]\nfile = "book.xlsx"\n')
    with pytest.raises(DataRefusedError) as told:
        open_data(place, store=store)
    assert line in str(told.value)
    mapping.write_text(f'[[orders]]\nfile = "book.xlsx"\n{line}\n{COLUMNS}\n')
    said = describe(open_data(place, store=store))
    block = said[said.index("[[accounts]]") :].partition("\n\n")[0]
    mapping.write_text(mapping.read_text() + block)
    sources = open_data(place, store=store)

    assert sources.reconciliation.set_index("table")["rows_kept"].to_dict() == {
        "orders": 8, "accounts": 3,
    }  # fmt: skip
