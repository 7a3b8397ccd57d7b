"""Who is compared with whom: held against the rule written out plainly, one account at a time."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.retention.compared import compared_accounts

END = "2026-01-01"


def _world(seed, count=40):
    rng = np.random.default_rng(seed)
    rows = []
    for place in range(count):
        day = pd.Timestamp("2022-01-01") + pd.Timedelta(days=int(rng.integers(0, 700)))
        last = pd.Timestamp(END) - pd.Timedelta(days=int(rng.integers(-30, 500)))
        while day < last:
            rows.append((f"A{place:02d}", day, float(rng.normal(100 + 20 * place, 90))))
            day += pd.Timedelta(days=int(rng.integers(5, 80)))
    daily = pd.DataFrame(rows, columns=["account_id", "day", "net_sales"])
    left = rng.choice(daily["account_id"].unique(), 8, replace=False)
    return daily, pd.DataFrame({"account_id": [*left, "never ordered"]})


def _plainly(daily, gone, each):
    """Write the rule out: sizes of two years up to half a year before the month of leaving."""
    bought = daily[(daily["net_sales"] > 0) & (daily["day"] < END)]
    days = bought.groupby("account_id")["day"]
    first, last = days.min(), days.max()
    day = (last + pd.Timedelta(days=1))[lambda days: days.index.isin(gone["account_id"])]
    pairs = {}
    for account, left in day.items():
        start = left.to_period("M").start_time
        half = start - pd.Timedelta(days=182)
        month = day[day.dt.to_period("M") == left.to_period("M")]
        sizes = {}
        for other, mine in bought.groupby("account_id"):
            before = mine[(mine["day"] < half) & (mine["day"] >= half - pd.Timedelta(days=730))]
            if len(before):
                span = np.clip((half - first[other]).days, 1, 730)
                sizes[other] = np.log(before["net_sales"].sum() / span)
        about = bought.loc[(bought["day"] >= half) & (bought["day"] < start), "account_id"].unique()
        pool = [
            other
            for other in about
            if other in sizes and other not in day and last[other] > month.max()
        ]
        near = sorted(pool, key=lambda other: abs(sizes[other] - sizes.get(account, np.nan)))
        pairs[account] = set(near[:each]) if account in sizes else set()
    return pairs


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(1, 5))
def test_the_nearest_in_size_that_stayed(seed, each):
    daily, gone = _world(seed)
    found = compared_accounts(daily.sample(frac=1, random_state=seed), gone, END, each=each)
    stayers = found[~found["left"]].groupby("case")["account_id"].agg(set).to_dict()
    expected = _plainly(daily, gone, each)

    assert set(found.loc[found["left"], "case"]) == set(expected)
    assert stayers == {case: others for case, others in expected.items() if others}


def test_of_many_only_those_that_left_last():
    daily, gone = _world(3)
    all_of, some = (compared_accounts(daily, gone, END, most=most) for most in (100, 3))
    newest = all_of.drop_duplicates("case").nlargest(3, "day")["case"]

    assert set(some["case"]) == set(newest)
    pd.testing.assert_frame_equal(
        some.reset_index(drop=True),
        all_of[all_of["case"].isin(newest)].reset_index(drop=True),
    )
