"""Cost to serve by activities: by hand, and all of the ledger's cost is somewhere."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.accounts.profit import account_profit
from kamlab.accounts.serving import activity_costs

START, AS_OF = date(2024, 1, 1), date(2024, 3, 1)
MONTHS = 60 / (365.25 / 12)
# Kaplan and Anderson 2004: 567,000 a quarter for 700,000 minutes supplied is 0.81 a minute; orders
# take 8 minutes, inquiries 44, credit checks 50
RATES = pd.DataFrame(
    {
        "activity": ["customer service", "visit"],
        "rate": [np.nan, 120.0],
        "capacity_per_month": [700_000 / 3, np.nan],
        "cost_per_month": [567_000 / 3, np.nan],
    }
)


def _done(*rows):
    table = pd.DataFrame(rows, columns=["account_id", "date", "activity", "minutes", "quantity"])
    return table.assign(date=pd.to_datetime(table["date"]))


def test_the_published_quarter():
    """49,000 orders, 1,400 inquiries and 2,500 checks take 578,600 minutes and cost 468,666."""
    minutes = 49_000 * 8 + 1_400 * 44 + 2_500 * 50
    done = _done(("A", "2024-01-10", "Customer Service ", minutes, None))
    made = activity_costs(done, RATES, start=date(2024, 1, 1), as_of=date(2024, 4, 1))
    row = made.activities.set_index("activity").loc["customer service"]

    assert minutes == 578_600
    assert row["rate"] == pytest.approx(0.81)
    assert row["cost_used"] == pytest.approx(468_666)
    # 91 days of a quarter of 91.3
    quarter = 91 / 91.3125
    assert row["cost_supplied"] == pytest.approx(567_000 * quarter)
    assert row["unused_cost"] == pytest.approx(567_000 * quarter - 468_666)


def test_pieces_unknown_names_and_days_outside():
    done = _done(
        ("A", "2024-01-10", "visit", None, 2.0),
        ("A", "2024-02-29", "visit", None, None),
        ("A", "2024-03-01", "visit", None, None),
        ("B", "2024-01-10", "artwork", 30.0, None),
    )
    made = activity_costs(done, RATES, start=START, as_of=AS_OF)

    assert made.table.to_numpy().tolist() == [["A", 360.0, 2, 0.0]]
    assert made.unpriced.to_numpy().tolist() == [["artwork", 1]]


def test_activities_serve_where_lines_do_not():
    orders = pd.DataFrame(
        {
            "account_id": ["A", "B", "C"],
            "order_id": ["1", "2", "3"],
            "order_date": pd.Timestamp("2024-01-05"),
            "net_sales": 1000.0,
            "cost_of_goods": 600.0,
            "cost_to_serve": [None, None, 70.0],
        }
    )
    done = _done(("A", "2024-01-10", "visit", None, 1.0), ("C", "2024-01-10", "visit", None, 1.0))
    serving = activity_costs(done, RATES, start=START, as_of=AS_OF).table
    made = account_profit(orders, AS_OF, start=START, serving=serving, rates={"order": 5.0})

    assert made["cost_to_serve"].tolist() == [120, 0, 70]
    assert made["serve_source"].tolist() == ["activities", "activities", "given"]
    assert made["contribution"].tolist() == [280, 400, 330]


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ABC"),
            st.integers(0, 90).map(lambda k: f"{date.fromordinal(START.toordinal() + k)}"),
            st.sampled_from(["customer service", "VISIT", "other"]),
            st.one_of(st.none(), st.floats(0, 1e5)),
            st.one_of(st.none(), st.floats(0, 100)),
        ),
        max_size=25,
    )
)
def test_accounts_and_unused_capacity_add_up_to_the_ledger(rows):
    done = _done(*rows)
    rates = RATES.assign(capacity_per_month=[5_000.0, 40.0], cost_per_month=[4_000.0, np.nan])
    made = activity_costs(done, rates, start=START, as_of=AS_OF)
    ledger = (4_000.0 + 120.0 * 40.0) * MONTHS

    total = made.table["cost_to_serve"].sum() + made.activities["unused_cost"].sum()
    assert total == pytest.approx(ledger, abs=0.005)


def test_wrong_periods_and_double_rates_are_named():
    with pytest.raises(ValueError, match="begins on"):
        activity_costs(_done(), RATES, start=AS_OF, as_of=START)
    with pytest.raises(ValueError, match="more than one rate"):
        activity_costs(_done(), pd.concat([RATES, RATES]), start=START, as_of=AS_OF)
