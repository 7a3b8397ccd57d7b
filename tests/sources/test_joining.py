"""`kamlab check` says which accounts that order the other tables know."""

import pytest

from kamlab.sources import open_data
from kamlab.sources.description import describe

ORDERS = ["account_id,order_id,order_date,net_sales"] + [
    f"{account},{k},2024-01-{k + 1:02d},{amount}"
    for k, (account, amount) in enumerate([("0007", 60), ("0012", 30), ("0012", 9), ("K1", 1)])
]


@pytest.mark.parametrize(
    ("known", "said", "hint"),
    [
        ("0007\n0012\nk9", "of 3 accounts that order, 2 are here (99% of net sales)", ""),
        ("7\n12.0\nk1", "0 are here (0% of net sales)", "3 would be without case"),
        ("0007\n12", "1 are here (60% of net sales)", "2 would be without case"),
    ],
)
def test_accounts_that_order_are_looked_for_in_other_tables(folder, store, known, said, hint):
    data = folder({"orders.csv": "\n".join(ORDERS), "accounts.csv": f"account_id\n{known}\n"})
    text = describe(open_data(data, store=store))

    assert "accounts: 3, with 4 orders" in text
    assert said in text
    assert (hint in text) if hint else ("would be without" not in text)


def test_ids_that_differ_only_in_spelling_are_named(folder, store):
    rows = [*ORDERS, "k1,8,2024-02-01,5", "12,9,2024-02-02,5", "0,10,2024-02-03,5"]
    text = describe(open_data(folder({"orders.csv": "\n".join(rows)}), store=store))

    assert "accounts: 6, with 7 orders" in text
    assert "2 of them differ from another only by case" in text
