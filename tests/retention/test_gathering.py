"""Answers that come day by day: taken together, with nothing seen before its day."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.retention.gathering import gather, on_last_day
from kamlab.retention.waves import known_before, leaving_by_answer, wide_answers
from kamlab.studies.translate import said

START = pd.Timestamp("2022-01-01")


def answers(days, accounts, score=4.0):
    """One answer to one item a day and account."""
    return pd.DataFrame(
        {"account_id": accounts, "wave": pd.to_datetime(days), "item": "overall", "score": score}
    )


def waves_of(found):
    """Give who belongs together, by the answer's place in the table."""
    return {tuple(rows.index) for _, rows in found.responses.groupby("wave")}


@pytest.mark.parametrize("every", ["28D", "MS", "QS", "182D", "365D"])
@pytest.mark.parametrize("accounts", [3, 40])
def test_waves_stay_as_they_are(every, accounts):
    days = pd.date_range(START, periods=9, freq=every).repeat(accounts)
    table = answers(days, [f"a{n % accounts}" for n in range(len(days))])
    found = gather(table, "2040-01-01")
    assert (found.period, found.said, found.days, found.waves) == ("", "", 9, 9)
    assert (found.responses["answered"] == table["wave"]).all()
    pd.testing.assert_frame_equal(found.responses[list(table)], table)
    pd.testing.assert_frame_equal(on_last_day(found.responses)[list(table)], table)


@pytest.mark.parametrize(("accounts", "period"), [(40, ""), (10, "month")])
def test_a_pulse_every_week_is_a_wave_where_enough_answer(accounts, period):
    days = pd.date_range(START, periods=60, freq="7D").repeat(accounts)
    found = gather(answers(days, [f"a{n}" for n in range(len(days))]), "2040-01-01")
    assert found.period == period


@pytest.mark.parametrize("seed", range(5))
def test_a_fieldwork_of_three_weeks_is_one_wave_again(seed):
    rng = np.random.default_rng(seed)
    wave = pd.date_range(START, periods=6, freq="182D").repeat(60)
    table = answers(
        wave + pd.to_timedelta(rng.integers(0, 21, len(wave)), unit="D"),
        [f"a{n}" for n in rng.integers(0, 500, len(wave))],
    )
    found = gather(table, "2040-01-01")
    assert found.period == "fieldwork"
    assert waves_of(found) == {tuple(n) for n in np.arange(len(wave)).reshape(6, 60).tolist()}
    assert "按实施期" in said(found.said, "zh")
    assert "wave" not in said(found.said, "zh")


@pytest.mark.parametrize(
    ("a_day", "period", "begin"), [(3, "month", "M"), (0.5, "quarter", "Q"), (0.1, "quarter", "Q")]
)
def test_an_answer_every_day_makes_months_or_quarters(a_day, period, begin):
    rng = np.random.default_rng(2)
    number = int(730 * a_day)
    days = START + pd.to_timedelta(np.sort(rng.integers(0, 730, number)), unit="D")
    found = gather(answers(days, [f"a{n}" for n in range(number)]), "2024-01-01")
    assert found.period == period
    assert found.waves == {"M": 24, "Q": 8}[begin]
    month = found.responses["answered"].dt.to_period(begin)
    assert (found.responses["wave"].dt.to_period(begin) == month).all()
    assert not any(word in said(found.said, "zh") for word in ("Answers", "wave"))


def test_a_month_that_has_begun_counts_with_the_one_before():
    days = pd.date_range("2024-01-01", "2024-12-31").repeat(3)
    table = answers(days, [f"a{n}" for n in range(len(days))])
    whole = gather(table, "2024-07-01")
    begun = gather(table, "2024-07-04")
    grown = gather(table, "2024-07-20")
    assert whole.responses["wave"].max() == pd.Timestamp("2024-06-30")
    assert [whole.waves, begun.waves, grown.waves] == [6, 6, 7]
    last = begun.responses[begun.responses["wave"] == begun.responses["wave"].max()]
    assert last["answered"].min() == pd.Timestamp("2024-06-01")
    assert last["answered"].max() == last["wave"].max() == pd.Timestamp("2024-07-03")


@given(
    days=st.lists(st.tuples(st.integers(0, 900), st.integers(0, 50)), max_size=200),
    as_of=st.integers(0, 950),
)
def test_nothing_is_seen_before_its_day(days, as_of):
    table = answers(
        [START + pd.Timedelta(days=day) for day, _ in days], [f"a{who}" for _, who in days]
    )
    end = START + pd.Timedelta(days=as_of)
    found = gather(table, end.date())
    rows = found.responses

    assert list(rows.index) == list(table.index[table["wave"] < end])
    assert (rows["answered"] == table.loc[rows.index, "wave"]).all()
    assert (rows["wave"] >= rows["answered"]).all()
    assert (rows["wave"] < end).all()
    assert found.waves == rows["wave"].nunique()
    assert found.days == rows["answered"].nunique()
    # a wave begins after the one before it has ended, and bears a day on which one answered
    ends = rows.groupby("wave")["answered"].agg(["min", "max"]).sort_index()
    assert (ends["max"] == ends.index).all()
    assert (ends["min"].iloc[1:].to_numpy() > ends["max"].iloc[:-1].to_numpy()).all()
    # later answers change nothing of what is seen
    pd.testing.assert_frame_equal(rows, gather(table[table["wave"] < end], end.date()).responses)
    if len(rows):
        assert not wide_answers(rows).duplicated(["account_id", "wave"]).any()
        own = on_last_day(rows)
        assert (own["wave"] >= own["answered"]).all()
        assert (own["wave"] <= rows["wave"]).all()
        assert len(wide_answers(own)) == len(wide_answers(rows))


def test_leaving_is_counted_from_an_account_s_own_last_answer():
    days = pd.date_range("2024-01-01", "2024-03-31").repeat(2)
    table = answers(days, [f"a{n}" for n in range(len(days))], score=1.0)
    found = gather(table, "2025-01-01").responses
    bought = pd.DataFrame(
        {"account_id": ["a0", "a1"], "day": pd.Timestamp("2024-02-01"), "net_sales": 5.0}
    )
    own = wide_answers(on_last_day(found))
    left = leaving_by_answer(own, bought, "2025-01-01")
    assert left["answers"].tolist() == [len(days)]
    assert left["left"].tolist() == [len(days) - 2]  # both bought a month after they had answered


def test_an_account_that_answers_often_counts_once_a_wave():
    days = pd.date_range("2024-01-01", "2024-03-31")
    often = answers(days, "often", score=[1.0] * 45 + [5.0] * 46)
    table = pd.concat([often, answers(days, [f"a{n}" for n in range(91)])], ignore_index=True)
    wide = wide_answers(gather(table, "2024-04-01").responses)
    assert len(wide) == 92
    assert wide.set_index("account_id").loc["often", "overall"] == pytest.approx((45 + 5 * 46) / 91)


def test_what_was_known_before_a_wave_ends_with_its_first_answer():
    days = pd.date_range("2024-01-01", "2024-12-31")
    table = answers(days, [f"a{n}" for n in range(366)])
    rows = gather(table, "2025-01-01").responses
    wide, last = wide_answers(rows), rows["wave"].max()
    begun = rows.loc[rows["wave"] == last, "answered"].min()
    facts = pd.DataFrame(
        {"account_id": table["account_id"], "net_sales_12m": 1.0, "orders_12m": 1,
         "days_since_last_order": 1, "sales_growth": 0.0, "returns_rate": 0.0}
    )  # fmt: skip
    known = known_before(facts, begun, answers=wide)
    heard = known.index[known["earlier answers"] > 0]
    assert set(heard) == set(rows.loc[rows["answered"] < begun, "account_id"])
    assert not set(heard) & set(rows.loc[rows["wave"] == last, "account_id"])
