"""Accounts that order once each are doubted, and what may name the customer is told."""

import pytest

from kamlab.sources import open_data
from kamlab.sources.description import describe

MAPPED = (
    '[[orders]]\nfile = "o.csv"\n'
    'columns = { account_id = "Doc", order_id = "Doc", order_date = "Day", net_sales = "Net" }\n'
)


def _rows(orders=40, customers=12):
    """Give lines of orders, two each, with what stands beside them."""
    rows = ["Doc,Day,Net,Client,Town,Item,Freight"]
    for k in range(orders):
        rows += [
            f"D{k},2024-01-{k % 28 + 1:02d},5.5,C{k % customers},T{k % 4},I{2 * k + n},{n}.25"
            for n in range(2)
        ]
    return "\n".join(rows) + "\n"


def _said(folder, store, orders, mapping=MAPPED):
    return describe(open_data(folder({"o.csv": orders, "kamlab.toml": mapping}), store=store))


def test_an_order_number_taken_for_the_account_is_doubted(folder, store):
    said = _said(folder, store, _rows())

    assert "40 of 40 accounts have a single order: is Doc really the customer's id?" in said
    assert "columns of o.csv that repeat over orders: Client (12 different), Town (4" in said
    assert "Item (" not in said
    assert "Freight (" not in said


def test_account_and_order_that_were_exchanged_are_seen(folder, store):
    mapping = MAPPED.replace('order_id = "Doc"', 'order_id = "Client"')
    said = _said(folder, store, _rows(), mapping)

    assert "Client (12 different)" in said


@pytest.mark.parametrize(
    "mapping",
    [
        MAPPED.replace('account_id = "Doc"', 'account_id = "Client"'),
        MAPPED.replace('account_id = "Doc"', 'account_id = ["Client", "Town"]'),
    ],
)
def test_accounts_that_order_again_are_not_doubted(mapping, folder, store):
    assert "a single order" not in _said(folder, store, _rows(), mapping)


def test_few_accounts_are_not_doubted(folder, store):
    assert "a single order" not in _said(folder, store, _rows(orders=10))


def test_where_nothing_repeats_only_the_doubt_is_said(folder, store):
    rows = _rows().replace("Client,Town", "x,y")
    said = _said(folder, store, "\n".join(row.rsplit(",", 4)[0] for row in rows.splitlines()))

    assert "a single order" in said
    assert "that repeat over orders" not in said
