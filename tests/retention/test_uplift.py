"""Effects per account: known effects, intervals, and refusal to rank where there is no signal."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.ensemble import HistGradientBoostingRegressor

from kamlab.retention.qini import judge_ranking
from kamlab.retention.uplift import LEARNERS, UpliftLearner, account_effects


def _draw(seed, n=1500, slope=1.0, by_lot=True):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (n, 3))
    p = np.full(n, 0.5) if by_lot else 1 / (1 + np.exp(-x[:, 0]))
    t = rng.random(n) < p
    effect = 0.5 + slope * x[:, 1]
    y = 2 * x[:, 0] + t * effect + rng.normal(0, 1, n)
    return x, y, t, effect


@pytest.mark.parametrize("by_lot", [True, False])
@pytest.mark.parametrize("learner", LEARNERS)
def test_each_learner_finds_known_effects(learner, by_lot):
    x, y, t, effect = _draw(1, by_lot=by_lot)
    found = UpliftLearner(learner).fit(x, y, treated=t)

    assert np.sqrt(((found.predict(x) - effect) ** 2).mean()) < 0.25
    assert found.average_ == pytest.approx(effect.mean(), abs=0.15)


@pytest.mark.parametrize("learner", LEARNERS)
def test_intervals_hold_the_effect_of_each_account(learner):
    inside = []
    for seed in range(8):
        x, y, t, effect = _draw(seed, n=500)
        low, high = UpliftLearner(learner, draws=40).fit(x, y, treated=t).predict_interval(x[:50])
        inside.extend((low <= effect[:50]) & (effect[:50] <= high))

    assert np.mean(inside) >= 0.82


def test_curved_effects_take_curved_models():
    x, y, t, _ = _draw(2, n=6000, slope=0.0)
    effect = np.where(np.abs(x[:, 1]) > 1, 2.0, 0.0)
    y = y + t * effect
    trees = HistGradientBoostingRegressor(max_leaf_nodes=8, min_samples_leaf=50, random_state=0)
    curved = UpliftLearner("dr", outcome_model=trees, effect_model=trees).fit(x, y, treated=t)
    straight = UpliftLearner("dr").fit(x, y, treated=t)

    assert np.corrcoef(curved.predict(x), effect)[0, 1] > 0.8
    assert abs(np.corrcoef(straight.predict(x), effect)[0, 1]) < 0.3


def test_out_of_fold_effects_are_judged_honestly():
    """Trees fitted to noise rank their own rows splendidly and new ones not at all."""
    x, y, t, _ = _draw(3, slope=0.0)
    trees = HistGradientBoostingRegressor(min_samples_leaf=5, random_state=0)
    model = UpliftLearner("t", outcome_model=trees).fit(x, y, treated=t)

    assert judge_ranking(model.predict(x), t, y, draws=50).qini_low > 0.1
    assert judge_ranking(model.out_of_fold(), t, y, draws=50).qini_low < 0.05


def test_weights_and_clusters_are_heeded():
    x, y, t, effect = _draw(4)
    noisy = np.arange(len(y)) % 2 == 0
    y = y + noisy * np.random.default_rng(0).normal(0, 30, len(y))
    even = UpliftLearner("dr").fit(x, y, treated=t)
    weighted = UpliftLearner("dr").fit(x, y, treated=t, weights=np.where(noisy, 1e-3, 1.0))
    copies = {"treated": np.r_[t, t], "clusters": np.r_[range(1500), range(1500)]}
    double = UpliftLearner("dr", draws=40).fit(np.r_[x, x], np.r_[y, y], **copies)
    single = UpliftLearner("dr", draws=40).fit(x, y, treated=t)
    width = [np.subtract(*m.predict_interval(x[:20])[::-1]).mean() for m in (double, single)]

    assert (
        np.abs(weighted.predict(x) - effect).mean() < 0.5 * np.abs(even.predict(x) - effect).mean()
    )
    assert width[0] > 0.8 * width[1]


def test_no_signal_gives_all_the_average():
    flat, inside = 0, 0
    for seed in range(12):
        x, y, t, _ = _draw(seed, n=400, slope=0.0)
        frame = pd.DataFrame(x, columns=list("abc"))
        found = account_effects(frame, y, t, frame.head(5), confidence=0.95)
        flat += found.flat
        first = found.table.iloc[0]
        inside += first["low"] <= 0.5 <= first["high"]
        if found.flat:
            assert np.ptp(found.table["effect"]) == 0
            assert "cannot be told from chance" in found.why

    assert flat >= 10
    assert inside >= 10


def test_a_signal_gives_each_its_own():
    x, y, t, effect = _draw(5)
    frame = pd.DataFrame(x, columns=list("abc"), index=[f"A{i}" for i in range(len(x))])
    frame.iloc[::9, 2] = np.nan
    found = account_effects(frame, y, t, frame, learner=UpliftLearner("x", draws=20))

    assert not found.flat
    assert found.ranking.qini_low > 0
    assert np.corrcoef(found.table["effect"], effect)[0, 1] > 0.9
    assert (found.table["low"] < found.table["high"]).all()
    assert found.table.index.equals(frame.index)


def test_figures_of_scikit_uplift():
    """Qini and AUUC as scikit-uplift 0.5.1 gives them for the same draws, with ties."""
    rng = np.random.default_rng(3)
    t = rng.integers(0, 2, 200)
    e = rng.normal(size=200).round(1)
    y = (rng.random(200) < 0.2 + 0.1 * t * (e > 0)).astype(int)
    found = judge_ranking(e, t, y, draws=20)

    assert found.qini == pytest.approx(0.10248915634816748)
    assert found.auuc == pytest.approx(0.08644115406192487)
    assert judge_ranking([0.1, 0.3], [1, 0], [0, 1], draws=5).auuc == 0  # its own two tests
    assert judge_ranking([0.1, 0.3], [0, 1], [1, 0], draws=5).auuc == 1


def test_order_of_rows_does_not_matter_with_ties():
    rng = np.random.default_rng(0)
    t, y, e = rng.random(300) < 0.5, rng.random(300), rng.integers(0, 3, 300)
    mixed = rng.permutation(300)

    assert judge_ranking(e, t, y, draws=2).qini == pytest.approx(
        judge_ranking(e[mixed], t[mixed], y[mixed], draws=2).qini
    )


def test_interval_of_a_worthless_ranking_holds_zero():
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(40):
        t, y = rng.random(300) < 0.5, rng.random(300)
        found = judge_ranking(rng.random(300), t, y, draws=100)
        held += found.qini_low <= 0 <= found.qini_high

    assert held >= 35


def test_wrong_input_is_named():
    x, y, t, _ = _draw(6, n=40)
    with pytest.raises(ValueError, match="learner is one of"):
        UpliftLearner("s").fit(x, y, treated=t)
    with pytest.raises(ValueError, match="5 rows in each arm"):
        UpliftLearner().fit(x, y, treated=np.zeros(40))
    with pytest.raises(ValueError, match="without missing"):
        UpliftLearner().fit(x * np.nan, y, treated=t)
    with pytest.raises(ValueError, match="arm is empty"):
        judge_ranking([1.0, 2.0], [1, 1], [0, 1])


def test_it_clones_like_an_estimator():
    model = UpliftLearner("x", propensity=0.3, draws=7)

    assert clone(model).get_params() == model.get_params()
