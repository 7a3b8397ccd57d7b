"""Likely causes: what past losses cannot know, known signs, and the truth of simulations."""

import numpy as np
import pandas as pd
import pytest

from kamlab.retention.cause_signs import _before, cause_signs
from kamlab.retention.likely_causes import FEWEST, likely_causes

DAY = pd.Timestamp("2025-01-01")


def _world(losses=60, late=60, seed=0):
    """Half of those that left closed and had paid late before; the others went for the price."""
    rng = np.random.default_rng(seed)
    ids = [f"A{i:03d}" for i in range(losses + 20)]
    closes = np.arange(len(ids)) % 2 == 0
    last = DAY - pd.to_timedelta(rng.integers(1, 300, len(ids)), unit="D")
    last = last.where(np.arange(len(ids)) < losses, DAY - pd.Timedelta(days=5))
    days = [(a, day - pd.Timedelta(days=30 * k)) for a, day in zip(ids, last, strict=True)
            for k in range(6)]  # fmt: skip
    daily = pd.DataFrame(days, columns=["account_id", "day"])
    daily = daily.assign(net_sales=100.0, gross_sales=100.0, returns=0.0)
    beyond = np.where(np.isin(daily["account_id"], np.array(ids)[closes]), late, 0)
    invoices = pd.DataFrame({"account_id": daily["account_id"], "invoice_date": daily["day"]})
    invoices["due_date"] = invoices["invoice_date"] + pd.Timedelta(days=10)
    invoices["paid_date"] = invoices["due_date"] + pd.to_timedelta(beyond, unit="D")
    defections = pd.DataFrame({
        "account_id": ids[:losses],
        "defection_date": last[:losses],
        "reason": np.where(closes[:losses], "closure", "price"),
        "interview_reason": pd.Series(np.where(closes[:losses], None, "price"), dtype=object),
    })  # fmt: skip
    return ids, closes, daily, invoices, defections


def test_an_account_that_pays_late_as_those_did_that_closed_is_thought_to_close():
    ids, closes, daily, invoices, defections = _world()
    found = likely_causes(ids[60:], defections, daily, DAY, invoices=invoices)
    table = found.table.set_index("account_id")

    assert found.losses == 60
    assert found.gain > 0
    assert 0 < found.strength <= 1
    assert (table["cause_1"] == np.where(closes[60:], "closure", "price")).all()
    assert set(table.loc[closes[60:], "sign"]) == {"pays late"}
    assert table.loc[~closes[60:], "sign"].isna().all()
    assert np.allclose(table["share_1"] + table["share_2"], 1)


def test_signs_that_told_nothing_before_move_nothing():
    ids, _, daily, invoices, defections = _world()
    swapped = defections.assign(
        reason=np.roll(defections["reason"], 1), interview_reason=None
    )  # now those pay late who went for the price
    found = likely_causes(ids[60:], swapped, daily, DAY, invoices=invoices)

    assert found.strength == 0
    assert found.gain < 0
    assert np.ptp(found.table["share_1"]) < 1e-12
    assert found.table["sign"].isna().all()


def test_few_losses_or_as_many_causes_as_losses_say_nothing_of_an_account():
    ids, _, daily, invoices, defections = _world()
    few = defections.head(FEWEST - 1)
    each = defections.assign(reason=[f"story {i}" for i in range(60)], interview_reason=None)

    assert likely_causes(ids[60:], few, daily, DAY, invoices=invoices).table.empty
    assert likely_causes(ids[60:], each, daily, DAY, invoices=invoices).table.empty


def test_the_future_is_not_seen():
    ids, _, daily, invoices, defections = _world()
    day = DAY - pd.Timedelta(days=90)
    rng = np.random.default_rng(1)

    def shuffled(table, column):
        after = table[column] >= day
        mixed = table[after].assign(account_id=rng.permutation(table.loc[after, "account_id"]))
        return pd.concat([table[~after], mixed])

    later = invoices["paid_date"] >= day
    unpaid = shuffled(invoices.assign(paid_date=invoices["paid_date"].mask(later)), "invoice_date")
    known = likely_causes(ids[:9], defections, daily, day, invoices=invoices)
    other = likely_causes(
        ids[:9], shuffled(defections, "defection_date"), shuffled(daily, "day"), day,
        invoices=unpaid,
    )  # fmt: skip

    pd.testing.assert_frame_equal(known.table, other.table)
    assert known.losses < 60


def test_what_belongs_together_by_its_words_speaks_for_the_cause():
    keys = pd.DataFrame({"account_id": ["A", "B"], "day": [DAY] * 2})
    daily = pd.DataFrame({
        "account_id": ["A", "B"], "day": DAY - pd.Timedelta(days=9), "net_sales": 10.0,
        "gross_sales": 10.0, "returns": [0.0, 2.0],
    })  # fmt: skip
    surveys = pd.DataFrame({
        "account_id": ["A", "A", "B", "B"], "wave": DAY - pd.Timedelta(days=60),
        "item": ["price fairness", "technical support"] * 2, "score": [1, 5, 4, 2],
        "importance": [5, 3, 3, 3],
    })  # fmt: skip
    talks = pd.DataFrame({
        "account_id": ["A", "B", "B"], "occurred_at": DAY - pd.Timedelta(days=3),
        "topic": ["order", "complaint", "order"], "sentiment": [0.5, -0.5, 0.0],
        "concern": ["your prices are too high", "nobody gives support", None],
    })  # fmt: skip
    signs, speaks = cause_signs(keys, daily, interactions=talks, survey_responses=surveys)
    first = signs.idxmax()

    assert speaks["scores price low in the survey"] == ("price",)
    assert speaks["speaks of service"] == ("service",)
    assert {name for name in signs if np.ptp(signs[name]) > 0 and first[name] == 0} == {
        "scores price low in the survey", "says that price matters", "speaks of price",
        "few contacts",
    }  # fmt: skip
    assert signs.loc[1, "much sent back"] == pytest.approx(0.2)


def test_rows_before_each_key_are_those_a_join_finds():
    """Also where one account is asked of on several days."""
    rng = np.random.default_rng(2)
    days = pd.date_range("2023-01-01", "2023-12-31").to_numpy()
    keys = pd.DataFrame(
        {"account_id": ["a", "b", "a", "c", "a"], "day": rng.choice(days, 5)}
    )  # fmt: skip
    table = pd.DataFrame(
        {"account_id": rng.choice(np.array(["a", "b", "x", None], dtype=object), 300),
         "on": pd.Series(rng.choice(days, 300)).mask(rng.random(300) < 0.1), "n": range(300)}
    )  # fmt: skip
    found = _before(keys, table, "on", 90)

    joined = keys.rename_axis("row").reset_index().merge(table, on="account_id")
    back = (joined["day"] - joined["on"]).dt.days
    right = joined[back.between(1, 90)]
    assert sorted(zip(found["row"], found["n"], strict=True)) == sorted(
        zip(right["row"], right["n"], strict=True)
    )
    assert (found["day"].to_numpy() == keys["day"].to_numpy()[found["row"]]).all()
    assert _before(keys.head(0), table, "on", 90).empty
