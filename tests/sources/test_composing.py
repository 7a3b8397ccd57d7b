"""Amounts from price and quantity, lines from two files: proposed, tried, and right to the cent."""

import io
import re
import sqlite3

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kamlab.errors import DataRefusedError
from kamlab.sources import open_data

HEADS = (
    "OrderID,CustomerID,OrderDate,Freight\n1,A,2024-01-05,3.5\n2,B,2024-01-06,1\n3,A,2024-02-01,2\n"
)
LINES = (
    "OrderID,ProductID,UnitPrice,Quantity,Discount\n"
    "1,7,10.50,2,0\n1,8,3.10,1,0.25\n2,7,10.50,4,0.1\n3,9,1.99,10,\n"
)
SUM = 21 + 3.10 * 0.75 + 42 * 0.9 + 19.9


def _told(place, store) -> str:
    with pytest.raises(DataRefusedError) as refused:
        open_data(place, store=store)
    return str(refused.value)


def _copied(place, store):
    """Write what is proposed into the mapping, as an analyst does, and open the folder."""
    told = _told(place, store)
    block = re.search(r"^\[\[orders\]\]\n.*?(?=^and compare)", told, re.DOTALL | re.MULTILINE)
    assert block, told
    (place / "kamlab.toml").write_text(block[0], encoding="utf-8")
    return told, open_data(place, store=store)


def test_lines_are_joined_to_the_orders_of_another_file(folder, store):
    products = "ProductID,ProductName,UnitPrice\n7,Box,9\n8,Bag,3\n9,Tape,2\n"
    place = folder({"orders.csv": HEADS, "order_details.csv": LINES, "products.csv": products})

    told, known = _copied(place, store)

    assert "orders.csv seems to hold orders and order_details.csv their lines" in told
    assert "less the share that 'Discount' tells" in told
    orders = known.frame("orders")
    assert orders["net_sales"].sum() == pytest.approx(SUM, abs=1e-9)
    assert orders.groupby("account_id")["order_id"].nunique().to_dict() == {"A": 2, "B": 1}
    assert set(orders["product_id"]) == {"7", "8", "9"}
    assert orders["quantity"].sum() == 17


@pytest.mark.parametrize("named", ["order_details.csv", "orders.csv"])
def test_either_file_may_be_named_in_the_mapping(named, folder, store):
    mapping = f'[[orders]]\nfile = "{named}"\ncurrency = "EUR"\n'
    files = {"orders.csv": HEADS, "order_details.csv": LINES, "kamlab.toml": mapping}

    _, known = _copied(folder(files), store)

    assert known.currency == "EUR"
    assert known.frame("orders")["net_sales"].sum() == pytest.approx(SUM, abs=1e-9)


def test_files_that_lie_elsewhere_are_no_hindrance(folder, store, tmp_path):
    elsewhere = tmp_path / "accounts.csv"
    elsewhere.write_text("account_id,name\nA,Ash\nB,Bay\n")
    accounts = f'[[accounts]]\nfile = "{elsewhere}"\n'
    mapping = f'[[orders]]\nfile = "orders.csv"\n{accounts}'
    files = {"orders.csv": HEADS, "order_details.csv": LINES, "kamlab.toml": mapping}

    assert "FROM 'order_details.csv' l" in _told(folder(files), store)


def test_lines_of_a_month_are_joined_to_orders_of_years(folder, store):
    more = "".join(f"{n},C,2020-01-05,1\n" for n in range(100, 300))
    _, known = _copied(folder({"orders.csv": HEADS + more, "order_details.csv": LINES}), store)

    assert known.frame("orders")["net_sales"].sum() == pytest.approx(SUM, abs=1e-9)


def test_a_line_without_its_order_is_refused_and_not_lost(folder, store):
    lines = LINES + "99,7,100,1,0\n"
    _, known = _copied(folder({"orders.csv": HEADS, "order_details.csv": lines}), store)

    assert known.refused["reason"].tolist() == ["account missing"]
    assert known.frame("orders")["net_sales"].sum() == pytest.approx(SUM, abs=1e-9)


def test_lines_that_only_their_number_tells_apart_are_all_kept(folder, store):
    lines = "LineID,OrderID,UnitPrice,Quantity\n1,1,10.50,2\n2,1,10.50,2\n3,2,4,1\n4,3,4,1\n"
    told, known = _copied(folder({"orders.csv": HEADS, "lines.csv": lines}), store)

    assert 'duplicates = "keep"' in told
    assert known.refused.empty
    assert known.frame("orders")["net_sales"].sum() == 50


def test_a_line_that_is_there_twice_is_refused_as_ever(folder, store):
    lines = "OrderID,UnitPrice,Quantity\n1,10.50,2\n1,10.50,2\n2,4,1\n3,4,1\n"
    told, known = _copied(folder({"orders.csv": HEADS, "lines.csv": lines}), store)

    assert "duplicates" not in told
    assert known.refused["reason"].tolist() == ["same line twice"]


@pytest.mark.parametrize("months", [("January", "March"), ("Jan", "Mar"), ("1", "3")])
def test_month_and_year_tell_the_day_where_no_column_does(months, folder, store):
    text = "Customer Name,Product Name,Quantity,Price,Month,Year\n"
    text += f"Ash,Box,2,10,{months[0]},2024\nBay,Box,1,4,{months[1]},2023\n"
    text += f"Ash,Bag,1,3,{months[0]},2024\n"
    told, known = _copied(folder({"orders.csv": text}), store)

    assert "the day of an order, but 'Month' of 'Year' may tell its month" in told
    orders = known.frame("orders").sort_values("net_sales")
    assert orders["net_sales"].tolist() == [3, 4, 20]
    days = orders["order_date"].astype(str).tolist()
    assert days == ["2024-01-01", "2023-03-01", "2024-01-01"]
    assert orders["order_id"].nunique() == 2


def test_price_times_quantity_is_proposed_in_the_marks_of_the_file(folder, store):
    text = "Kunde;Rechnungsnr;Datum;Artikel;Menge;Preis\n"
    text += "K1;R1;05.01.2024;X;2;1.010,50\nK2;R2;16.01.2024;Y;-1;3,25\nK1;R3;17.02.2024;X;4;0,99\n"
    told, known = _copied(folder({"orders.csv": text}), store)

    assert "'Preis' times 'Menge' may be" in told
    assert known.frame("orders")["net_sales"].round(2).tolist() == [2021.0, -3.25, 3.96]


def test_a_cost_of_one_piece_becomes_the_cost_of_a_line(folder, store):
    lines = "OrderID,UnitPrice,Quantity,Unit cost\n1,10.50,2,7\n2,4,-1,3.5\n3,4,1,\n"
    _, known = _copied(folder({"orders.csv": HEADS, "lines.csv": lines}), store)

    orders = known.frame("orders").sort_values("order_id")
    assert orders["cost_of_goods"].fillna(-1).tolist() == [14, -3.5, -1]


def test_a_discount_that_is_no_share_is_left_to_the_analyst(folder, store):
    text = "Customer,Invoice,Date,Qty,Price,Discount\nA,1,2024-01-05,2,10,5\nB,2,2024-01-06,1,4,0\n"
    told, known = _copied(folder({"orders.csv": text}), store)

    assert "'Discount' is not taken off" in told
    assert known.frame("orders")["net_sales"].tolist() == [20, 4]


@pytest.mark.parametrize(
    ("name", "discounts"), [("Discount", ("5%", "12.5 %")), ("Discount %", ("5", "12.5"))]
)
def test_a_percentage_is_taken_off(name, discounts, folder, store):
    text = f"Customer,Invoice,Date,Qty,Price,{name}\nA,1,2024-01-05,2,10,{discounts[0]}\n"
    text += f"B,2,2024-01-06,1,4,{discounts[1]}\nB,3,2024-01-07,1,7,\n"
    _, known = _copied(folder({"orders.csv": text}), store)

    assert known.frame("orders")["net_sales"].tolist() == pytest.approx([19, 3.5, 7])


def test_orders_and_lines_may_be_two_sheets_of_a_workbook(folder, store, workbook):
    orders, lines = (
        [row.split(",") for row in text.strip().split("\n")] for text in (HEADS, LINES)
    )
    files = {"export.xlsx": workbook({"Head ers": orders, "Lines": lines, "Notes": [["a"]]})}
    place = folder(
        files | {"kamlab.toml": '[[orders]]\nfile = "export.xlsx"\nsheet = "Head ers"\n'}
    )

    told, known = _copied(place, store)

    assert "export.xlsx, sheet 'Head ers', seems to hold orders" in told
    assert "export.xlsx, sheet 'Lines', their lines" in told
    assert "FROM 'export.xlsx#Lines' l" in told
    assert known.frame("orders")["net_sales"].sum() == pytest.approx(SUM, abs=1e-9)
    assert set(known.files["file"]) == {"query over export.xlsx"}


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
def test_orders_and_lines_may_be_two_tables_of_a_database(kind, folder, store):
    place = folder({"readme.md": "ours"})
    base = sqlite3.connect(place / "shop.db") if kind == "sqlite" else None
    duck = duckdb.connect(str(place / "shop.db")) if kind == "duckdb" else None
    for name, text in (("Orders", HEADS), ("Order Details", LINES), ("Notes", "a,b\n1,2\n")):
        frame = pd.read_csv(io.StringIO(text))
        if base:
            frame.to_sql(name, base, index=False)
        else:
            duck.execute(f'CREATE TABLE "{name}" AS FROM frame')
    (base or duck).close()

    first = _told(place, store)
    lines = re.search(
        r'^\[\[orders\]\]\ndatabase = "shop.db"\ntable = "Orders"$', first, re.MULTILINE
    )
    (place / "kamlab.toml").write_text(lines[0] + "\n")
    _, known = _copied(place, store)

    orders = known.frame("orders")
    assert orders["net_sales"].sum() == pytest.approx(SUM, abs=1e-9)
    assert orders.groupby("account_id")["order_id"].nunique().to_dict() == {"A": 2, "B": 1}


@pytest.mark.parametrize(
    "heads",
    [
        HEADS + "1,C,2024-03-01,0\n",  # an order's number twice would double its lines
        HEADS.replace("OrderID", "Number").replace("Order", ""),  # nothing in common
        HEADS.replace("\n1,", "\n71,").replace("\n2,", "\n72,"),  # other orders
    ],
)
def test_files_that_do_not_fit_are_not_joined(heads, folder, store):
    told = _told(folder({"orders.csv": heads, "order_details.csv": LINES}), store)

    assert "sql" not in told
    assert "net_sales" in told


def test_what_the_mapping_puts_together_is_no_hindrance(folder, store):
    text = "Customer,Date,Qty,Price\nA,2024-01-05,2,10\nB,2024-01-06,1,4\n"
    mapping = '[[orders]]\nfile = "s.csv"\ncolumns = { order_id = ["Customer", "Date"] }\n'
    _, known = _copied(folder({"s.csv": text, "kamlab.toml": mapping}), store)

    assert known.frame("orders")["net_sales"].tolist() == [20, 4]
    assert known.frame("orders")["order_id"].nunique() == 2


def test_names_alone_need_no_query(folder, store):
    text = "Customer,Invoice,Date,Amount,Price,Qty\nA,1,2024-01-05,20,10,2\nB,2,2024-01-06,4,4,1\n"
    told = _told(folder({"orders.csv": text}), store)

    assert "sql" not in told
    assert 'net_sales = "Amount"' in told


PRICES = st.decimals(min_value="0.01", max_value="9999.99", places=2)
ROWS = st.lists(
    st.tuples(st.integers(1, 9), PRICES, st.integers(-50, 50), st.sampled_from(["", "0", "0.15"])),
    min_size=9,
    max_size=30,
).filter(lambda rows: len({row[0] for row in rows}) > 4)


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS)
def test_any_lines_add_up_to_what_a_plain_merge_does(rows, tmp_path_factory):
    place = tmp_path_factory.mktemp("pair")
    heads = pd.DataFrame({"order_no": range(1, 10), "client": list("ABCABCABC")})
    heads["order_date"] = pd.date_range("2024-01-13", periods=9).strftime("%d/%m/%Y")
    lines = pd.DataFrame(rows, columns=["order_no", "price", "qty", "rabatt"])
    heads.to_csv(place / "orders.csv", index=False)
    lines.to_csv(place / "positions.csv", index=False)
    share = pd.to_numeric(lines["rabatt"]).fillna(0)
    # shares are known as such only where one of them is within 0 and 1
    amount = lines["price"].astype(float) * lines["qty"] * (1 - share)

    (place / "kamlab.toml").write_text('duplicates = "keep"\n[[orders]]\nfile = "orders.csv"\n')
    told = _told(place, place / "store")
    block = re.search(r"^\[\[orders\]\]\n.*?(?=^and compare)", told, re.DOTALL | re.MULTILINE)
    (place / "kamlab.toml").write_text('duplicates = "keep"\n' + block[0])
    found = open_data(place, store=place / "store").frame("orders")

    wanted = amount.groupby(lines["order_no"].map(heads.set_index("order_no")["client"])).sum()
    sums = found.groupby("account_id")["net_sales"].sum()
    pd.testing.assert_series_equal(
        sums, wanted, check_names=False, atol=1e-6, check_dtype=False, check_index_type=False
    )
