"""Sums of order lines that studies share come back from the store as they were made."""

from datetime import timedelta

import pandas as pd
import pytest
from pandas.testing import assert_frame_equal

from kamlab import accounts
from kamlab.accounts.prices import price_sums
from kamlab.retention.recent import account_standing
from kamlab.sources import open_data


@pytest.mark.parametrize(
    "make",
    [
        accounts.account_facts,
        accounts.daily_sums,
        accounts.monthly_sums,
        price_sums,
        account_standing,
    ],
)
def test_what_is_read_back_is_what_was_made(demo, make, tmp_path):
    known = open_data(demo, store=tmp_path)
    made = make(known.table("orders"), known.end)

    for _ in range(2):
        assert_frame_equal(known.once(make, known.end), made)


@pytest.mark.parametrize("columns", [(), ("account_id", "day", "net_sales", "gross_profit")])
def test_kept_days_are_cut_at_an_earlier_day(demo, columns, tmp_path):
    known = open_data(demo, store=tmp_path)
    day = known.end - timedelta(days=400)
    made = accounts.daily_sums(known.table("orders"), day, columns=columns)

    assert made["day"].max() < pd.Timestamp(day)
    assert_frame_equal(known.once(accounts.daily_sums, day, columns=columns), made)
