"""What stands beside the orders is offered in lines that work when they are copied."""

import pytest

from kamlab.sources import open_data
from kamlab.sources.description import describe

ROWS = [
    "Order ID;Order Date;Account ID;Customer Name;Region;Net Sales;Profit",
    "1;2024-01-05;C1;Acme & Sons;South;261.96;41.9",
    "2;2024-01-06;C2;O'Neill;West;14.62;6.87",
    "3;2024-02-06;C1;Acme & Sons;South;94.62;-6.87",
    "4;2024-02-07;C1;Acme;South;10;1",
    "5;2024-02-08;;Nobody;South;0;0",
]


def _blocks(said: str) -> str:
    """Take the lines of kamlab.toml out of what is said."""
    lines, taken, inside = said.splitlines(), [], False
    for line in lines:
        inside = line.startswith("[[") or (inside and bool(line))
        if inside:
            taken.append(line)
    return "\n".join(taken)


def test_names_beside_the_orders_come_by_the_lines_that_are_offered(folder, store):
    place = folder({"orders.csv": "\n".join(ROWS)})

    (place / "kamlab.toml").write_text(_blocks(describe(open_data(place, store=store))))
    sources = open_data(place, store=store)

    found = sources.frame("accounts").sort_values("account_id")
    assert found["account_id"].tolist() == ["C1", "C2"]
    assert found["name"].tolist() == ["Acme & Sons", "O'Neill"]
    assert found["region"].tolist() == ["South", "West"]
    refused = sources.reconciliation.set_index("table")["rows_refused"]
    assert refused.to_dict() == {"orders": 1, "accounts": 0}
    assert "tell more" not in describe(sources)


def test_a_profit_beside_the_orders_comes_as_cost_by_the_line_that_is_offered(folder, store):
    place = folder({"orders.csv": "\n".join(ROWS)})
    said = describe(open_data(place, store=store))
    line = next(line for line in said.splitlines() if line.startswith("sql = ") and "cost" in line)

    (place / "kamlab.toml").write_text(f"[[orders]]\n{line}\n")
    sources = open_data(place, store=store)

    lines = sources.frame("orders")
    profit = (lines["net_sales"] - lines["cost_of_goods"]).round(2)
    assert sorted(profit) == sorted([41.9, 6.87, -6.87, 1.0])


def test_what_is_offered_reads_all_files_of_an_entry(folder, store):
    place = folder({"a/one.csv": "\n".join(ROWS[:2]), "b/two.csv": "\n".join([ROWS[0], *ROWS[2:]])})
    mapping = place / "kamlab.toml"
    orders = '[[orders]]\nfile = ["a/*.csv", "b/*.csv"]\n\n'
    mapping.write_text(orders)
    said = describe(open_data(place, store=store))
    mapping.write_text(orders + _blocks(said))
    cost = next(line for line in said.splitlines() if line.startswith("sql = ") and "cost" in line)

    assert open_data(place, store=store).frame("accounts")["account_id"].nunique() == 2
    mapping.write_text(f"[[orders]]\n{cost}\n")
    lines = open_data(place, store=store).frame("orders", ["net_sales", "cost_of_goods"])
    assert list(lines) == ["net_sales", "cost_of_goods"]
    assert (lines["net_sales"] - lines["cost_of_goods"]).sum() == pytest.approx(42.9)


@pytest.mark.parametrize("files", [{"accounts.csv": "account_id,name\nC1,Acme\n"}, {}])
def test_nothing_is_offered_where_accounts_are_told_or_orders_tell_nothing(files, folder, store):
    plain = "account_id,order_id,order_date,net_sales\nC1,1,2024-01-01,5\n"
    told = "\n".join(ROWS) if files else plain
    sources = open_data(folder({"orders.csv": told, **files}), store=store)

    assert "tell more" not in describe(sources)
