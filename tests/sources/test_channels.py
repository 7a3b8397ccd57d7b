"""What each channel alone knows, and whether its contacts precede orders by more than chance."""

import itertools
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.sources import channels

AS_OF = date(2025, 1, 1)


def _events(rows):
    frame = pd.DataFrame(rows, columns=["channel", "occurred_at", "account_id"])
    if frame["occurred_at"].dtype.kind not in "iu":
        frame["occurred_at"] = pd.to_datetime(frame["occurred_at"], format="mixed")
    return frame


EVENTS = _events(
    [
        ("e-mail", "2024-03-01 09:30", "A"),
        ("e-mail", "2024-12-31 23:59", "B"),
        ("e-mail", "2024-12-01", None),
        ("seminar", "2024-01-10", "C"),
        ("seminar", "2024-01-10", "A"),
        ("website", "2025-01-01", "D"),
    ]
)


def test_coverage_counts_what_a_channel_alone_knows():
    contacts = pd.DataFrame({"channel": ["seminar", "telephone"], "account_id": ["E", "A"]})

    table = channels.channel_coverage(EVENTS, AS_OF, contacts=contacts).set_index("channel")

    assert table.index.tolist() == ["e-mail", "seminar", "telephone"]
    assert table["interactions"].tolist() == [3, 2, 0]
    assert table["accounts"].tolist() == [2, 3, 1]
    assert table["only_here"].tolist() == [1, 2, 0]
    assert table.at["e-mail", "recognised_share"] == 2 / 3
    assert table.at["e-mail", "days_since_last"] == 1
    assert table.at["e-mail", "last_90_days"] == 2


def test_overlap_is_symmetric_and_counts_shared_accounts():
    table = channels.channel_overlap(EVENTS, AS_OF)

    assert table.at["e-mail", "seminar"] == table.at["seminar", "e-mail"] == 1
    assert table.at["seminar", "seminar"] == 2


def _history(seed, accounts=80):
    """Draw weekly-chance orders; telephone calls come before orders, e-mails at random."""
    rng = np.random.default_rng(seed)
    orders, events = [], []
    for place in range(accounts):
        day = np.flatnonzero(rng.random(1400) < 1 / rng.integers(20, 90))
        orders += [
            (f"A{place}", pd.Timestamp("2021-01-01") + pd.Timedelta(days=int(d))) for d in day
        ]
        calls = day[rng.random(len(day)) < 0.3] - rng.integers(2, 12)
        mails = rng.integers(0, 1400, 20)
        events += [("telephone", d, f"A{place}") for d in calls]
        events += [("e-mail", d, f"A{place}") for d in mails]
    frame = _events(events)
    frame["occurred_at"] = pd.Timestamp("2021-01-01") + pd.to_timedelta(
        frame["occurred_at"].astype(int), unit="D"
    )
    return frame, pd.DataFrame(orders, columns=["account_id", "day"])


def test_contacts_at_random_have_no_lift_and_calls_before_orders_do():
    covered = []
    for seed in range(8):
        events, orders = _history(seed)
        table = channels.precedes_orders(events, orders, AS_OF).set_index("channel")
        mail, call = table.loc["e-mail"], table.loc["telephone"]
        covered.append(mail["lift_low"] <= 1 <= mail["lift_high"])

        assert call["lift_low"] > 1.2
        assert mail["followed"] > 0.3  # the naive share alone would look like success

    assert sum(covered) >= 6


@given(st.randoms(use_true_random=False))
def test_row_order_does_not_matter(random):
    state = random.randint(0, 10_000)
    mixed = EVENTS.sample(frac=1, random_state=state)

    pd.testing.assert_frame_equal(
        channels.channel_coverage(mixed, AS_OF), channels.channel_coverage(EVENTS, AS_OF)
    )


def test_too_few_accounts_give_no_lift():
    events, orders = _history(1, accounts=3)

    table = channels.precedes_orders(events, orders, AS_OF)

    assert table[["lift", "lift_low", "lift_high"]].isna().all(axis=None)


def _followed_by_hand(events, orders, within):
    """Take contacts one at a time: did an order follow, and how often does one anyway?"""
    days = {
        account: sorted({day.normalize() for day in rows["day"].dropna() if day < END})
        for account, rows in orders.groupby("account_id")
    }
    found = {}
    for row in events.itertuples():
        own = days.get(row.account_id, [])
        when = row.occurred_at.normalize()
        if not own or when < own[0] or when >= END - pd.Timedelta(days=within):
            continue
        after = [(day - when).days for day in own if day > when]
        covered = sum(min((b - a).days, within) for a, b in itertools.pairwise(own))
        length = (END - own[0]).days - within
        counts = found.setdefault(row.channel, [0, 0, 0.0])
        counts[0] += 1
        counts[1] += bool(after) and after[0] <= within
        counts[2] += min(covered / length, 1.0) if length > 0 else 0.0
    return {name: (n, hits / n, chance / n) for name, (n, hits, chance) in found.items()}


END = pd.Timestamp("2024-03-02")
WHO = st.sampled_from(["a", "b", "c", None])
HOURS = st.integers(-24 * 120, 24 * 5)


@settings(max_examples=60)
@given(
    events=st.lists(st.tuples(st.sampled_from(["mail", "call"]), WHO, HOURS), max_size=15),
    orders=st.lists(st.tuples(WHO, st.one_of(st.none(), HOURS)), min_size=1, max_size=15),
    within=st.sampled_from([1, 7, 30, 200]),
)
def test_contacts_before_orders_are_counted_as_by_hand(events, orders, within):
    contacts = pd.DataFrame(events, columns=["channel", "account_id", "occurred_at"])
    contacts["occurred_at"] = END + pd.to_timedelta(contacts["occurred_at"].astype(float), "h")
    lines = pd.DataFrame(orders, columns=["account_id", "day"]).astype({"account_id": "str"})
    lines["day"] = END + pd.to_timedelta(lines["day"].astype(float), "h")

    found = channels.precedes_orders(contacts, lines, END.date(), within_days=within)

    told = found.set_index("channel")[["contacts", "followed", "by_chance"]]
    expected = _followed_by_hand(contacts, lines, within)
    assert set(told.index) == set(expected)
    for name, counts in expected.items():
        assert told.loc[name].tolist() == pytest.approx(counts)
