"""How long accounts stay: against other implementations and in what must hold."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sksurv.compare import compare_survival
from sksurv.nonparametric import kaplan_meier_estimator, nelson_aalen_estimator
from sksurv.util import Surv

from kamlab.churn.hazard import hazard_by_tenure
from kamlab.churn.survival import (
    log_rank,
    median_life,
    remaining_life,
    restricted_mean,
    survival_curve,
)


def _lives(seed=0, number=300, *, late=False):
    """Draw rounded lifetimes with ties, censoring and, on request, late entry."""
    rng = np.random.default_rng(seed)
    life = np.ceil(rng.weibull(1.3, number) * 20)
    seen = np.ceil(rng.uniform(1, 40, number))
    entry = np.floor(rng.uniform(0, 15, number)) if late else np.zeros(number)
    lasted, event = np.minimum(life, entry + seen), life <= entry + seen
    watched = lasted > entry
    return lasted[watched], event[watched], entry[watched]


def test_curve_equals_scikit_survival():
    lasted, event, _ = _lives()
    curve = survival_curve(lasted, event, level=0.9).query("time > 0")

    times, share, limits = kaplan_meier_estimator(
        event, lasted, conf_type="log-log", conf_level=0.9
    )
    assert curve["time"].to_numpy() == pytest.approx(times)
    assert curve["survival"].to_numpy() == pytest.approx(share, abs=1e-12)
    inside = share > 0
    assert curve["low"].to_numpy()[inside] == pytest.approx(limits[0][inside], abs=1e-10)
    assert curve["high"].to_numpy()[inside] == pytest.approx(limits[1][inside], abs=1e-10)
    hazard = nelson_aalen_estimator(event, lasted)[1]
    assert curve["cumulative_hazard"].to_numpy() == pytest.approx(hazard, abs=1e-12)


def test_late_entry_equals_scikit_survival():
    lasted, event, entry = _lives(1, late=True)
    curve = survival_curve(lasted, event, entry=entry)

    times, share = kaplan_meier_estimator(event, lasted, time_enter=entry)
    ours = curve.set_index("time")["survival"]
    theirs = pd.Series(share, times).reindex(ours.index).ffill().fillna(1.0)
    assert ours.to_numpy() == pytest.approx(theirs.to_numpy(), abs=1e-12)


def test_ignoring_late_entry_overstates_life():
    rng = np.random.default_rng(3)
    life, entry = rng.exponential(10, 4000), rng.uniform(0, 20, 4000)
    watched = life > entry
    life, entry = life[watched], entry[watched]
    everyone = np.ones(len(life), bool)

    right = median_life(survival_curve(life, everyone, entry=entry))["median"].iloc[0]
    naive = median_life(survival_curve(life, everyone))["median"].iloc[0]
    assert right == pytest.approx(10 * np.log(2), rel=0.1)
    assert naive > 1.3 * right


@pytest.mark.parametrize("seed", [0, 1])
def test_log_rank_equals_scikit_survival(seed):
    lasted, event, _ = _lives(seed)
    group = np.random.default_rng(seed).choice(["a", "b", "c"], len(lasted), p=[0.5, 0.4, 0.1])
    found = log_rank(lasted, event, group)

    statistic, p_value, table, _ = compare_survival(
        Surv.from_arrays(event, lasted), group, return_stats=True
    )
    assert found.statistic == pytest.approx(statistic, rel=1e-9)
    assert found.p_value == pytest.approx(p_value, rel=1e-9)
    assert found.table["expected"].to_numpy() == pytest.approx(table["expected"].to_numpy())
    assert found.freedom == 2


def test_stratified_log_rank_and_late_entry_equal_statsmodels():
    from statsmodels.duration.survfunc import survdiff

    lasted, event, entry = _lives(4, late=True)
    rng = np.random.default_rng(4)
    group, stratum = rng.integers(0, 2, len(lasted)), rng.integers(0, 3, len(lasted))

    found = log_rank(lasted, event, group, strata=stratum)
    assert (found.statistic, found.p_value) == pytest.approx(
        survdiff(lasted, event, group, strata=stratum), rel=1e-9
    )
    found = log_rank(lasted, event, group, entry=entry)
    # the score test of a Cox model with one indicator is the log-rank test, but for ties
    spread = np.arange(len(lasted)) * 1e-6
    untied = log_rank(lasted + spread, event, group, entry=entry)
    from statsmodels.duration.hazard_regression import PHReg

    model = PHReg(lasted + spread, group[:, None].astype(float), event, entry=entry)
    score = model.score(np.zeros(1))[0]
    assert untied.statistic == pytest.approx(-(score**2) / model.hessian(np.zeros(1))[0, 0])
    assert found.statistic == pytest.approx(untied.statistic, rel=0.2)


def test_the_median_of_brookmeyer_and_crowley_inverts_the_test():
    lasted, event, _ = _lives(2)
    curve = survival_curve(lasted, event)
    median = median_life(curve).iloc[0]

    held = curve[(curve["time"] >= median["low"]) & (curve["time"] < median["high"])]
    assert median["low"] <= median["median"] <= median["high"]
    assert ((held["low"] <= 0.5) & (held["high"] >= 0.5)).all()
    before = curve[curve["time"] < median["low"]]
    assert (before["low"] > 0.5).all()


def test_a_median_not_reached_is_infinite():
    found = median_life(survival_curve([1, 2, 3, 4, 5], [1, 0, 0, 0, 0])).iloc[0]

    assert found["median"] == np.inf
    assert found["high"] == np.inf


def test_restricted_mean_without_censoring_is_the_mean_of_capped_lives():
    lives = np.random.default_rng(5).exponential(10, 400)
    found = restricted_mean(survival_curve(lives, np.ones(400)), 12).iloc[0]

    capped = np.minimum(lives, 12)
    assert found["mean"] == pytest.approx(capped.mean(), abs=1e-9)
    assert found["standard_error"] == pytest.approx(capped.std() / 20, rel=1e-6)


def test_restricted_mean_refuses_what_was_not_watched():
    curve = survival_curve([1, 2, 3, 9], [1, 1, 0, 1], by=["a", "a", "a", "b"])

    assert restricted_mean(curve)["horizon"].tolist() == [3, 3]
    with pytest.raises(ValueError, match=r"not watched up to 5: a \(3\)"):
        restricted_mean(curve, 5)


def test_remaining_life_of_exponential_lives_does_not_depend_on_tenure():
    rng = np.random.default_rng(6)
    lives, seen = rng.exponential(10, 20_000), rng.uniform(0, 40, 20_000)
    found = remaining_life(np.minimum(lives, seen), lives <= seen, [0, 5, 10])

    assert found["remaining"].to_numpy() == pytest.approx([10 * np.log(2)] * 3, rel=0.06)
    assert (found["low"] <= 10 * np.log(2)).all()
    assert found["accounts"].is_monotonic_decreasing


def test_remaining_life_is_the_curve_beyond_a_tenure():
    lasted, event, entry = _lives(7, late=True)
    whole = survival_curve(lasted, event, entry=entry).set_index("time")["survival"]
    later = survival_curve(lasted, event, entry=entry, since=15).set_index("time")["survival"]

    assert later.to_numpy()[1:] == pytest.approx((whole[whole.index > 15] / whole[15]).to_numpy())


def test_hazard_by_tenure_finds_rates_that_change_with_age_under_late_entry():
    rng = np.random.default_rng(12)
    first = rng.exponential(10, 30_000)
    life = np.where(first < 5, first, 5 + rng.exponential(40, 30_000))
    entry, seen = rng.uniform(0, 10, 30_000), rng.uniform(0, 20, 30_000)
    lasted, event, watched = np.minimum(life, entry + seen), life <= entry + seen, life > entry
    lasted, event, entry = lasted[watched], event[watched], entry[watched]
    found = hazard_by_tenure(lasted, event, [0, 2, 5, 10, 30], entry=entry)

    assert found["hazard"].to_numpy() == pytest.approx([1 / 10, 1 / 10, 1 / 40, 1 / 40], rel=0.1)
    assert found["events"].sum() == event.sum()
    assert found["watched"].sum() == pytest.approx((lasted - entry).sum())
    # Garwood's exact limits for 10 events are 4.795 and 18.390
    ten = hazard_by_tenure(np.ones(10), np.ones(10), [0, 1])
    assert ten[["low", "high"]].to_numpy()[0] * 10 == pytest.approx([4.795, 18.390], abs=5e-4)
    with pytest.raises(ValueError, match="edges must be"):
        hazard_by_tenure([1], [1], [2, 1])


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 30), st.integers(1, 30), st.booleans(), st.sampled_from(["a", "b"])
        ),
        min_size=1,
        max_size=40,
    )
)
def test_curves_fall_and_everybody_is_accounted_for(accounts):
    entry, length, event, segment = (np.array(column) for column in zip(*accounts, strict=True))
    curve = survival_curve(entry + length, event, entry=entry, by=segment)

    for name, part in curve.groupby("segment"):
        assert part["survival"].is_monotonic_decreasing
        assert part["survival"].between(0, 1).all()
        inside = part["low"].notna()
        assert (part["low"][inside] <= part["survival"][inside] + 1e-12).all()
        assert (part["high"][inside] >= part["survival"][inside] - 1e-12).all()
        assert (part["events"] + part["censored"]).sum() == (segment == name).sum()
        assert (part["events"] <= part["at_risk"]).all()


@pytest.mark.parametrize(
    ("durations", "event", "entry", "said"),
    [
        ([], [], None, "not empty"),
        ([1, 2], [True], None, "as long as each other"),
        ([1, -2], [1, 0], None, "finite numbers of 0 or more"),
        ([1, np.nan], [1, 0], None, "finite numbers of 0 or more"),
        ([1, 2], [1, np.nan], None, "event must be true"),
        ([1, 2], [1, 2], None, "event must be true"),
        ([1, 2], [1, 0], [0, 2], "1 accounts came under observation when they had already ended"),
        ([1, 2], [1, 0], [0], "as long as durations"),
        ([1, 2], [1, 0], [0, np.nan], "entry must be finite"),
    ],
)
def test_what_cannot_be_a_lifetime_is_refused(durations, event, entry, said):
    with pytest.raises(ValueError, match=said):
        survival_curve(durations, event, entry=entry)


@pytest.mark.parametrize(
    ("lasted", "left", "entry"),
    [
        pytest.param([1, 2], [0, 0], None, id="nobody left"),
        pytest.param([2, 9], [0, 1], None, id="one left when nobody else was watched any more"),
        pytest.param([2, 9], [1, 0], [0, 5], id="one left before others were watched"),
    ],
)
def test_segments_that_nothing_compares_have_no_p_value(lasted, left, entry):
    found = log_rank(lasted, left, ["a", "b"], entry=entry)

    assert np.isnan([found.statistic, found.p_value]).all()
    assert (found.freedom, found.table["events"].sum()) == (0, sum(left))


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(ValueError, match="two segments"):
        log_rank([1, 2], [1, 1], ["a", "a"])
    with pytest.raises(ValueError, match="segments must be known"):
        survival_curve([1, 2], [1, 1], by=["a", None])
    with pytest.raises(ValueError, match="lasted longer than 9"):
        survival_curve([1, 2], [1, 1], since=9)
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        survival_curve([1, 2], [1, 1], level=95)
