"""Metrics of a score: against scikit-learn, the bootstrap, statsmodels, and what must add up."""

import copy
import pickle

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from sklearn import metrics as sk

from kamlab.churn import metrics
from kamlab.churn.profit import best_threshold


def _drawn(count, seed=0):
    rng = np.random.default_rng(seed)
    p = expit(rng.normal(-1, 1.2, count))
    return rng.random(count) < p, p


def test_figures_agree_with_scikit_learn_with_ties_too():
    left, p = _drawn(800)
    for score in (p, p.round(1)):
        assert metrics.auc(left, score).value == pytest.approx(sk.roc_auc_score(left, score))
        assert metrics.pr_auc(left, score).value == pytest.approx(
            sk.average_precision_score(left, score)
        )
    assert metrics.brier(left, p).value == pytest.approx(sk.brier_score_loss(left, p))
    assert metrics.log_loss(left, p).value == pytest.approx(sk.log_loss(left, p))


@pytest.mark.parametrize("measure", [metrics.auc, metrics.pr_auc, metrics.brier, metrics.log_loss])
def test_intervals_are_as_wide_as_those_of_the_bootstrap(measure):
    left, p = _drawn(500)
    rng = np.random.default_rng(0)
    drawn = [float(measure(left[r], p[r])) for r in rng.integers(0, 500, (400, 500))]
    low, high = np.quantile(drawn, [0.025, 0.975])
    figure = measure(left, p)
    assert figure.low < figure < figure.high
    assert figure.high - figure.low == pytest.approx(high - low, rel=0.25)


def test_auc_intervals_hold_the_truth_as_often_as_they_say():
    """Two normal curves one deviation apart: the true area is Phi(1 / sqrt 2) = 0.7602."""
    rng = np.random.default_rng(1)
    left = np.repeat([0, 1], [60, 25])
    held = 0
    for _ in range(600):
        figure = metrics.auc(left, rng.normal(left))
        held += figure.low <= 0.76025 <= figure.high
    assert 0.92 <= held / 600 <= 0.98


def test_captured_interval_is_as_wide_as_that_of_the_bootstrap():
    left, p = _drawn(2000)
    stake = np.random.default_rng(2).lognormal(6, 1, 2000)
    figure = metrics.captured_at(p * stake, left * stake, 200)
    assert figure > float(metrics.captured_at(p, left * stake, 200))
    rng = np.random.default_rng(0)
    drawn = [
        float(metrics.captured_at((p * stake)[r], (left * stake)[r], 200))
        for r in rng.integers(0, 2000, (300, 2000))
    ]
    low, high = np.quantile(drawn, [0.025, 0.975])
    assert figure.high - figure.low == pytest.approx(high - low, rel=0.3)


def test_shares_by_hand():
    assert metrics.captured_at([1] * 20, [1.0] * 20, 5).value == pytest.approx(0.25)
    assert metrics.captured_at(range(20), [1.0] * 10 + [3.0] * 10, 10).value == pytest.approx(0.75)
    assert metrics.captured_at(range(20), [1.0] * 20, 99).value == 1.0
    left = [1] * 10 + [0] * 30
    assert metrics.lift(left, range(40, 0, -1), top=0.25).value == pytest.approx(4)
    assert metrics.lift(left, [1] * 40, top=0.25).value == pytest.approx(1)


def test_too_few_leavers_give_no_figure_but_a_sentence():
    left, p = np.repeat([1, 0], [9, 60]), np.linspace(0.9, 0.1, 69)
    for measure in (metrics.auc, metrics.pr_auc, metrics.lift, metrics.brier, metrics.log_loss):
        figure = measure(left, p)
        assert np.isnan(figure)
        assert figure.said == "not enough data (9 left, 60 stayed; 10 of each are needed)"
    assert "9 accounts lost anything" in metrics.captured_at(p, left, 5).said
    board = metrics.scoreboard(left, p)
    assert board["value"].isna().all()
    assert board["said"].str.startswith("not enough data").all()
    assert np.isnan(metrics.brier_parts(left, p).reliability)


def test_a_perfect_ranking_of_few_is_not_certain():
    figure = metrics.auc([0] * 10 + [1] * 10, range(20))
    assert figure == 1
    assert figure.low == pytest.approx(0.05 ** (1 / 10), abs=1e-9)  # 0.741, the rule of three


def test_parts_of_brier_add_up():
    left, p = _drawn(3000)
    parts = metrics.brier_parts(left, p)
    whole = parts.reliability - parts.resolution + parts.uncertainty + parts.within
    assert parts.brier.value == pytest.approx(whole)
    assert parts.reliability < 0.002
    alike = metrics.brier_parts(left, np.full(3000, left.mean()))
    assert alike.brier.value == pytest.approx(alike.uncertainty)
    assert alike.resolution == pytest.approx(0)


def test_calibration_line_agrees_with_statsmodels():
    left, p = _drawn(600)
    sharp = expit(1.7 * logit(p) + 0.3)
    line = metrics.calibration_line(left, sharp)
    fitted = sm.Logit(left.astype(float), sm.add_constant(logit(sharp))).fit(disp=0)
    assert (line.intercept, line.slope) == pytest.approx(tuple(fitted.params), abs=1e-6)
    ends = np.array([[each.low, each.high] for each in (line.intercept, line.slope)])
    assert ends == pytest.approx(np.asarray(fitted.conf_int()), abs=1e-5)
    left, p = _drawn(5000)
    assert metrics.calibration_line(left, expit(1.7 * logit(p))).slope.high < 1
    right = metrics.calibration_line(left, p)
    assert right.slope.low < 1 < right.slope.high
    assert right.in_the_large.low < 0 < right.in_the_large.high


def test_calibration_of_certain_and_of_equal_probabilities():
    left = np.repeat([0, 1], 30)
    certain = metrics.calibration_line(left, left * 1.0)
    assert np.isfinite(certain.in_the_large)
    equal = metrics.calibration_line(left, np.full(60, 0.2))
    assert equal.in_the_large.value == pytest.approx(logit(0.5) - logit(0.2))
    assert equal.slope.said == "not enough data (one probability for all)"


def test_calibration_table_holds_what_it_should():
    left, p = _drawn(3000)
    table = metrics.calibration_table(left, p)
    assert table["count"].sum() == 3000
    assert table["predicted"].is_monotonic_increasing
    assert ((table["predicted"] > table["low"]) & (table["predicted"] < table["high"])).mean() > 0.8
    assert len(metrics.calibration_table(left[:50], p[:50])) == 2


def test_a_figure_stands_in_a_table_and_can_be_copied():
    figure = metrics.auc(*_drawn(200))
    assert pd.DataFrame([{"auc": figure}])["auc"].dtype == float
    for again in (copy.deepcopy(figure), pickle.loads(pickle.dumps(figure))):  # noqa: S301  own
        assert (again, again.low, again.high, again.said) == (
            figure.value, figure.low, figure.high, figure.said,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("truth", "score", "words"),
    [
        ([0, 1, 2], [0.1, 0.2, 0.3], "row 2 has truth 2"),
        ([0, 1], [0.1, np.nan], "row 1 has truth 1.0 and score nan"),
        ([0, 1], [0.1], "one of each"),
        ([], [], "one of each"),
    ],
)
def test_wrong_input_is_named(truth, score, words):
    for measure in (metrics.auc, metrics.brier, metrics.calibration_table):
        with pytest.raises(ValueError, match=words):
            measure(truth, score)


def test_probabilities_are_between_nought_and_one():
    with pytest.raises(ValueError, match="between 0 and 1"):
        metrics.brier([0, 1], [0.5, 1.5])
    with pytest.raises(ValueError, match="none that happened negative"):
        metrics.captured_at([1, 2], [1, -1], 1)
    with pytest.raises(ValueError, match="share above 0"):
        metrics.lift([0, 1], [1, 2], top=0)


probabilities = st.lists(st.floats(0, 1), min_size=1, max_size=30)


@settings(max_examples=60)
@given(probabilities, st.integers(0, 2**31), st.booleans())
def test_no_single_threshold_earns_more(p, seed, own):
    rng = np.random.default_rng(seed)
    shape = len(p) if own else None
    benefit, cost = rng.uniform(0, 100, shape), rng.uniform(0, 30, shape)
    threshold, earned = best_threshold(p, benefit, cost)
    net = np.array(p) * benefit - cost
    for other in [*p, np.inf]:
        assert earned >= net[np.array(p) >= other].sum() - 1e-9
    assert earned == pytest.approx(net[np.array(p) >= threshold].sum())


def test_thresholds_refuse_what_makes_no_sense():
    assert best_threshold([0.5], benefit=0, cost=1) == (np.inf, 0.0)
    with pytest.raises(ValueError, match="between 0 and 1"):
        best_threshold([1.5], 1, 1)
    with pytest.raises(ValueError, match="not negative"):
        best_threshold([0.5], 1, [np.nan])
