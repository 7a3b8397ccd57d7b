"""Average effects: other implementations, known truth, coverage, and what would overturn them."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from scipy.stats import ttest_ind

from kamlab.retention.effects import average_effect
from kamlab.retention.sensitivity import e_value, robustness_value


def _trial(seed, n=120, effect=1.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (n, 2))
    t = rng.permutation(np.arange(n) % 2 == 0)
    own = effect + 0.5 * x[:, 0]
    y = 2 * x[:, 0] - x[:, 1] + rng.normal(0, 1, n) + t * own
    return y, t, pd.DataFrame(x, columns=["size", "trend"]), own


def _judged(seed, n=600):
    """Draw a campaign in which the large, who grow anyway, are treated more often."""
    rng = np.random.default_rng(seed)
    x = rng.normal(0, 1, (n, 3))
    p = 1 / (1 + np.exp(-1.2 * x[:, 0]))
    t = rng.random(n) < p
    own = 0.5 + 0.3 * x[:, 1]
    y = 1.5 * x[:, 0] + x[:, 2] + rng.normal(0, 1, n) + t * own
    return y, t, pd.DataFrame(x, columns=["size", "mood", "trend"]), own


def test_without_covariates_it_is_the_difference_of_means_with_welchs_error():
    y, t, _, _ = _trial(1)
    effect = average_effect(y, t)
    other = ttest_ind(y[t], y[~t], equal_var=False)

    assert effect.estimate == pytest.approx(y[t].mean() - y[~t].mean())
    assert effect.estimate / effect.standard_error == pytest.approx(other.statistic)
    assert effect.estimate == pytest.approx(effect.plain)
    assert effect.standard_error == pytest.approx(effect.plain_error)


def test_covariates_of_a_trial_agree_with_the_interacted_regression():
    y, t, x, _ = _trial(2)
    effect = average_effect(y, t, x)
    centred = x - x.mean()
    design = sm.add_constant(
        np.column_stack([t.astype(float), centred, centred.to_numpy() * t[:, None]])
    )
    other = sm.OLS(y, design).fit(cov_type="HC2")
    # the regression takes the covariates as given; ours lets them vary too
    slopes = centred.to_numpy() @ other.params[4:6]
    error = np.sqrt(other.bse[1] ** 2 + (slopes**2).sum() / len(y) ** 2)

    assert effect.estimate == pytest.approx(other.params[1])
    assert effect.standard_error == pytest.approx(error, rel=0.03)


def test_covariates_from_before_make_a_trial_more_precise():
    y, t, x, _ = _trial(3, n=400)

    assert average_effect(y, t, x).standard_error < 0.6 * average_effect(y, t).standard_error


@pytest.mark.parametrize("covariates", [True, False])
def test_intervals_of_a_trial_hold_the_truth(covariates):
    inside = 0
    for seed in range(200):
        y, t, x, _ = _trial(seed, n=60)
        effect = average_effect(y, t, x if covariates else None)
        inside += effect.low <= 1.0 <= effect.high

    assert 0.91 <= inside / 200 <= 0.99


def test_judgement_misleads_the_plain_difference_and_not_the_adjusted_one():
    plain, adjusted, inside = [], [], 0
    for seed in range(40):
        y, t, x, own = _judged(seed)
        effect = average_effect(y, t, x, design="observational", seed=seed)
        plain.append(effect.plain - own.mean())
        adjusted.append(effect.estimate - own.mean())
        inside += effect.low <= 0.5 <= effect.high

    assert np.mean(plain) > 1.0
    assert abs(np.mean(adjusted)) < 0.05
    assert inside >= 35


def test_either_model_may_be_wrong():
    """Predictions of the outcome that see nothing, or propensities that do: the other one holds."""
    from sklearn.dummy import DummyClassifier, DummyRegressor

    y, t, x, own = _judged(5, n=6000)
    blind = {"outcome_model": DummyRegressor()}, {"propensity_model": DummyClassifier()}
    for models in blind:
        effect = average_effect(y, t, x, design="observational", overlap=0.02, **models)
        assert effect.estimate == pytest.approx(own.mean(), abs=0.15)


def test_weighting_balances_what_judgement_did_not():
    y, t, x, _ = _judged(6, n=2000)
    balance = average_effect(y, t, x, design="observational").balance.set_index("covariate")

    assert balance.loc["size", "difference"] > 0.8
    assert balance["weighted_difference"].abs().max() < 0.1


def test_rows_without_a_counterpart_are_left_out():
    rng = np.random.default_rng(0)
    x = rng.normal(0, 1, 800)
    t = rng.random(800) < 1 / (1 + np.exp(-2.5 * x))
    y = x + t + rng.normal(0, 0.5, 800)
    effect = average_effect(y, t, pd.DataFrame({"x": x}), design="observational", overlap=0.1)

    assert 100 < effect.left_out < 600
    assert effect.treated + effect.untreated + effect.left_out == 800
    assert effect.low < 1 < effect.high


def test_too_little_overlap_is_refused():
    x = np.r_[np.linspace(-9, -3, 100), np.linspace(3, 9, 100)]
    with pytest.raises(ValueError, match="too unlike"):
        average_effect(x, x > 0, pd.DataFrame({"x": x}), design="observational")


def test_rows_of_one_account_count_as_one():
    y, t, _, _ = _trial(7)
    once = average_effect(y, t)
    twice = average_effect(np.r_[y, y], np.r_[t, t], clusters=np.r_[range(120), range(120)])
    naive = average_effect(np.r_[y, y], np.r_[t, t])

    assert twice.standard_error == pytest.approx(once.standard_error, rel=0.02)
    assert naive.standard_error < 0.75 * once.standard_error


def test_known_unequal_chances_are_weighted():
    rng = np.random.default_rng(2)
    x = rng.random(4000)
    p = np.where(x > 0.5, 0.8, 0.2)
    t = rng.random(4000) < p
    y = 5.0 * (x > 0.5) + t + rng.normal(0, 1, 4000)
    effect = average_effect(y, t, propensity=p)

    assert effect.plain > 3
    assert effect.low < 1 < effect.high


@pytest.mark.parametrize("design", ["randomised", "observational"])
def test_weights_make_noisy_rows_count_less(design):
    y, t, x, own = _judged(8, n=3000) if design == "observational" else _trial(8, n=3000)
    noisy = np.arange(3000) % 2 == 0
    y = y + noisy * np.random.default_rng(9).normal(0, 20, 3000)
    even = average_effect(y, t, x, design=design)
    weighted = average_effect(y, t, x, design=design, weights=np.where(noisy, 1 / 400, 1.0))

    assert weighted.standard_error < 0.3 * even.standard_error
    assert weighted.low < own.mean() < weighted.high


def test_missing_and_constant_covariates_do_no_harm():
    y, t, x, _ = _trial(4, n=300)
    holed = x.assign(constant=1.0, empty=np.nan)
    holed.loc[::7, "size"] = np.nan
    effect = average_effect(y, t, holed, design="observational")

    assert np.isfinite(effect.estimate)
    assert effect.low < 1 < effect.high


def test_published_sensitivity_figures():
    """Darfur (Cinelli and Hazlett 2020) and the risk ratio 3.9 of VanderWeele and Ding 2017."""
    assert robustness_value(0.097 / 0.023, 783) == pytest.approx(0.139, abs=0.002)
    assert e_value(np.log(3.9) / 0.91) == pytest.approx(7.26, abs=0.01)
    assert e_value(np.log(2.0) / 0.91) == pytest.approx(3.41, abs=0.01)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"design": "guess"}, "design is"),
        ({"outcome": [1.0, np.nan] * 10}, "without missing"),
        ({"treated": [True] + [False] * 19}, "5 treated"),
        ({"design": "observational"}, "needs covariates"),
    ],
)
def test_wrong_input_is_named(words, said):
    given = {"outcome": np.arange(20.0), "treated": np.arange(20) % 2 == 0} | words
    with pytest.raises(ValueError, match=said):
        average_effect(**given)
