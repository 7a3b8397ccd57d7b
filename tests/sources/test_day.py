"""The day before which history is seen: one that can be read, with orders before it."""

import datetime as dt

import pytest

from kamlab.errors import DataRefusedError, UsageError
from kamlab.sources import open_data, seen_until

ORDERS = (
    "account_id,order_id,order_date,net_sales\n"
    "A,1,2024-02-29,5\nB,2,2024-06-10,7\nA,3,2024-12-31,9\n"
)


@pytest.fixture
def known(folder, store):
    return open_data(folder({"orders.csv": ORDERS}), store=store)


@pytest.mark.parametrize(
    ("as_of", "within", "day"),
    [
        ("", None, "2025-01-01"),
        ("", 1, "2025-01-01"),
        ("2024-03-01", 1, "2024-03-01"),
        ("2024-06-10", 102, "2024-06-10"),  # 29 February is 102 days before: seen, it counts
        ("2031-01-01", None, "2031-01-01"),
    ],
)
def test_a_day_with_orders_before_it_is_taken(as_of, within, day, known):
    assert seen_until(known, as_of, within=within) == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    ("as_of", "within", "said"),
    [
        ("2024-02-29", None, "no order before 2024-02-29; the first is of 2024-02-29"),
        (
            "2024-06-10",
            101,
            "in the 101 days before 2024-06-10; the newest before it is of 2024-02-29",
        ),
        (
            "2026-01-01",
            365,
            "in the 365 days before 2026-01-01; the newest before it is of 2024-12-31",
        ),
    ],
)
def test_a_day_without_orders_before_it_is_refused(as_of, within, said, known):
    with pytest.raises(DataRefusedError, match=said):
        seen_until(known, as_of, within=within)


@pytest.mark.parametrize("as_of", ["31.12.2024", "2024-02-30", "yesterday"])
def test_what_is_no_day_is_wrong_use(as_of, known):
    with pytest.raises(UsageError, match="is not a day: write it as"):
        seen_until(known, as_of)
