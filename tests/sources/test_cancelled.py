"""Lines that their source calls cancelled count; that is said, with the query without them."""

import re
from datetime import date

import pytest

from kamlab.sources import open_data
from kamlab.sources.cancelled import cancelled_lines
from kamlab.sources.description import describe
from kamlab.sources.review import to_collect

HEADER = "account_id,order_id,order_date,net_sales"
ROWS = ["A,1,2024-01-05,10", "B,2,2024-01-06,20", "A,3,2024-02-01,40", "B,4,2024-02-02,80"]


def _lines(column, states):
    rows = [f"{row},{state}" for row, state in zip(ROWS, states, strict=True)]
    return "\n".join([f"{HEADER},{column}", *rows]) + "\n"


@pytest.mark.parametrize(
    ("column", "states", "count"),
    [
        ("Order Status", ("delivered", "Canceled", "CANCELLED", ""), 2),
        ("Auftragsstatus", ("offen", "storniert", "erledigt", "Storniert"), 2),
        ("订单状态", ("已完成", "已取消", "已完成", ""), 1),
        ("State", ("Kansas", "Cantabria", "Avoidance", "Ohio"), 0),
        ("Remark", ("cancelled", "cancelled", "", ""), 0),
    ],
)
def test_lines_called_cancelled_are_counted(column, states, count, folder, store):
    known = open_data(folder({"orders.csv": _lines(column, states)}), store=store)

    assert cancelled_lines(known) == count
    asked = to_collect(known, date(2024, 3, 1))
    assert ("orders without the cancelled" in set(asked["what"])) == bool(count)
    assert known.frame("orders")["net_sales"].sum() == 150  # told, not taken away


def test_the_query_that_is_shown_leaves_them_out_and_nothing_else(folder, store):
    text = _lines("status", ("delivered", "canceled", "", "Storno: annulé"))
    place = folder({"orders.csv": text})
    told = describe(open_data(place, store=store))

    assert "2 lines count, though status is 'Storno: annulé', 'canceled'" in told
    line = re.search(r"^ +(sql = '''.*''')$", told, re.MULTILINE)
    (place / "kamlab.toml").write_text(f"[[orders]]\n{line[1]}\n", encoding="utf-8")
    known = open_data(place, store=store)
    assert sorted(known.frame("orders")["net_sales"]) == [10, 40]
    assert cancelled_lines(known) == 0


def test_all_that_are_counted_are_left_out(folder, store):
    states = ("Cancelled", "cancelled", "Canceled", "void")
    place = folder({"orders.csv": _lines("status", states) + "C,5,2024-02-03,7,ok\n"})
    told = describe(open_data(place, store=store))

    assert "4 lines count" in told
    line = re.search(r"^ +(sql = '''.*''')$", told, re.MULTILINE)
    (place / "kamlab.toml").write_text(f"[[orders]]\n{line[1]}\n", encoding="utf-8")
    assert open_data(place, store=store).frame("orders")["net_sales"].tolist() == [7]


def test_the_orders_of_joined_lines_are_looked_at(folder, store):
    heads = (
        "OrderID,CustomerID,OrderDate,OrderStatus\n1,A,2024-01-05,ok\n2,B,2024-01-06,cancelled\n"
    )
    lines = "OrderID,UnitPrice,Quantity\n1,10.50,2\n2,3.10,1\n2,3.20,1\n"
    query = (
        'SELECT h."CustomerID" AS account_id, l."OrderID" AS order_id, h."OrderDate" AS order_date,'
        ' l."UnitPrice" * l."Quantity" AS net_sales, h."OrderStatus" AS status '
        "FROM 'l.csv' l LEFT JOIN 'orders.csv' h USING (\"OrderID\")"
    )
    mapping = f"[[orders]]\nsql = '''{query}'''\n"
    place = folder({"orders.csv": heads, "l.csv": lines, "kamlab.toml": mapping})

    told = describe(open_data(place, store=store))

    assert "2 lines count, though status is 'cancelled'" in told
    added = re.search(r"ask for the lines (WHERE .*)$", told, re.MULTILINE)[1]
    (place / "kamlab.toml").write_text(mapping.replace("'''\n", f" {added}'''\n"))
    assert open_data(place, store=store).frame("orders")["net_sales"].tolist() == [21.0]
