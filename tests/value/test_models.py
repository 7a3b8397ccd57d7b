"""Purchase models on the heaviest buyers, on wrong tables, and what they say of their fits."""

import warnings

import mpmath
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betainc

from kamlab.value import (
    BetaGeoCNBD,
    BetaGeoNBD,
    ModifiedBetaGeoCNBD,
    ModifiedBetaGeoNBD,
    ParetoNBD,
)
from kamlab.value.beta_geo_likelihood import log_likelihood as beta_geo
from kamlab.value.fitting import FitWarning, maximise
from kamlab.value.histories import Histories
from kamlab.value.hyper import (
    purchases_until_dropout,
    regular_purchases_until_dropout,
    survival_of_dropout,
)
from kamlab.value.pareto_likelihood import log_likelihood as pareto

KINDS = (BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD, BetaGeoCNBD, ModifiedBetaGeoCNBD)
FITTED = (
    BetaGeoNBD.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426),
    BetaGeoNBD.from_parameters(r=0.9, alpha=40.0, a=1.0, b=9.0),
    ModifiedBetaGeoNBD.from_parameters(r=0.525, alpha=6.183, a=0.891, b=1.614),
    ParetoNBD.from_parameters(r=0.553, alpha=10.578, s=0.606, beta=11.669),
    ParetoNBD.from_parameters(r=10.465, alpha=0.00798565181, s=3.0516, beta=2.820),
    ModifiedBetaGeoCNBD.from_parameters(r=0.9, alpha=2.0, a=0.5, b=3.0, k=4),
)


def _one(x, tx, age):
    return pd.DataFrame({"frequency": [x], "recency": [tx], "T": [age]})


@settings(max_examples=80)
@given(
    model=st.sampled_from(FITTED),
    x=st.integers(0, 10_000),
    age=st.floats(0.1, 20_000.0),
    share=st.floats(0.0001, 1.0),
    horizon=st.floats(0.1, 4_000.0),
)
def test_nothing_overflows_for_any_buyer(model, x, age, share, horizon):
    history = _one(x, age * share if x else 0.0, age)
    alive = float(model.probability_alive(history).iloc[0])
    expected = float(model.expected_purchases(history, horizon).iloc[0])
    buys = float(model.probability_of_purchase(history, horizon).iloc[0])
    later = float(model.expected_purchases(history, 2 * horizon).iloc[0])

    assert 0 <= alive <= 1
    assert np.isfinite(expected)
    assert 0 <= expected <= later * (1 + 1e-9)
    assert 0 <= buys <= alive + 1e-9
    assert buys <= expected * (1 + 1e-6) + 1e-9  # Markov: the mean is no less than the chance


def test_a_cadence_that_is_given_is_the_one_fitted():
    rng = np.random.default_rng(0)
    gaps = rng.gamma(2.0, 1 / rng.gamma(2.0, 0.3, 400)[:, None], (400, 60))
    days = np.cumsum(gaps, axis=1)
    stay = rng.geometric(rng.beta(1.0, 4.0, 400))
    count = np.minimum((days < 50).sum(axis=1), stay)
    last = days[np.arange(400), np.maximum(count - 1, 0)]
    table = pd.DataFrame({"frequency": count, "recency": np.where(count, last, 0.0), "T": 50.0})
    chosen = ModifiedBetaGeoCNBD().fit(table)
    for k in (1, 4):
        given_k = ModifiedBetaGeoCNBD(k=k).fit(table)
        assert given_k.k_ == k
        assert given_k.log_likelihood_ == pytest.approx(chosen.log_likelihoods_[k], rel=1e-6)


@pytest.mark.parametrize("case", [(40, 5, 6), (50, 1, 37), (50, 4, 37)])
def test_pareto_alive_where_peers_overflow(case):
    """Cases of CLVTools' issue 100; the integral is taken once more in forty digits."""
    r, alpha, s, beta = 10.465, 0.00798565181, 3.0516, 2.820
    x, tx, age = case
    model = ParetoNBD.from_parameters(r=r, alpha=alpha, s=s, beta=beta)

    assert float(model.probability_alive(_one(*case)).iloc[0]) == pytest.approx(
        _alive_in_forty_digits(r, alpha, s, beta, x, tx, age), rel=1e-7, abs=1e-30
    )


@pytest.mark.parametrize("x", [100, 1_000, 10_000])
@pytest.mark.parametrize(("tx", "age"), [(36.0, 36.5), (729.0, 730.0), (3_000.0, 3_650.0)])
def test_pareto_alive_of_the_heaviest_equals_forty_digits(x, tx, age):
    parameters = (0.553, 10.578, 0.606, 11.669)
    model = ParetoNBD.from_parameters(
        **dict(zip(("r", "alpha", "s", "beta"), parameters, strict=True))
    )
    found = float(model.probability_alive(_one(x, tx, age)).iloc[0])

    exact = _alive_in_forty_digits(*parameters, x, tx, age)
    assert found == pytest.approx(exact, rel=1e-6, abs=1e-12)


def _alive_in_forty_digits(r, alpha, s, beta, x, tx, age):
    """P(alive) by its definition: dropout at any moment since the last purchase."""
    with mpmath.workdps(40):
        here = mpmath.mpf(alpha + age) ** -(r + x) * mpmath.mpf(beta + age) ** -s

        def gone(t):
            return (alpha + t) ** -(r + x) * (beta + t) ** -(s + 1)

        # nearly all lies within a few scales of the last purchase
        scale = (alpha + tx) / (r + x)
        cuts = sorted({tx, *(min(tx + scale * step, age) for step in (2, 8, 32, 128, 512)), age})
        return float(here / (here + s * mpmath.quad(gone, [mpmath.mpf(cut) for cut in cuts])))


@pytest.mark.parametrize("x", [50, 1_000, 10_000])
def test_beta_geo_of_the_heaviest_equals_the_published_form_in_eighty_digits(x):
    """Equation 10 of Fader, Hardie and Lee, whose hypergeometric function overflows in doubles."""
    r, alpha, a, b = 0.243, 4.414, 0.793, 2.426
    tx, age, t = 38.0, 38.86, 39.0
    model = BetaGeoNBD.from_parameters(r=r, alpha=alpha, a=a, b=b)
    with mpmath.workdps(80):
        f = mpmath.hyp2f1(r + x, b + x, a + b + x - 1, t / (alpha + age + t))
        whole = (a + b + x - 1) / mpmath.mpf(a - 1)
        whole *= 1 - ((alpha + age) / mpmath.mpf(alpha + age + t)) ** (r + x) * f
        odds = a / (b + x - 1) * (mpmath.mpf(alpha + age) / (alpha + tx)) ** (r + x)
        exact = float(whole / (1 + odds))
    found = float(model.expected_purchases(_one(x, tx, age), t).iloc[0])

    assert found == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("r", [0.7, 40.0, 5_000.0])
def test_purchases_of_regular_buyers_are_the_sum_of_their_chances(r, k):
    """Beyond a thousand purchases an integral takes over; for k = 1 there is a closed form too."""
    alpha, a, b, t = 2.0, 0.4, 30.0, 2.0 * max(9_000 / r, 1)
    n = np.arange(1, 600_000)
    chances = survival_of_dropout(a, b, n - 1) * betainc(n * k - (k - 1), r, t / (alpha + t))
    found = regular_purchases_until_dropout(r, alpha, a, b, t, k=k, phase=k - 1)

    assert float(found) == pytest.approx(chances.sum(), rel=1e-7)
    if k == 1:
        assert float(found) == pytest.approx(purchases_until_dropout(r, alpha, a, b, t), rel=1e-7)


@pytest.mark.parametrize("k", [1, 2, 4])
def test_purchases_of_all_kinds_of_buyers_are_the_sum_of_their_chances(k):
    """Rare and heavy buyers, moments and decades ahead, side by side in one call."""
    rng = np.random.default_rng(k)
    x, phase = rng.integers(0, 600, 400), rng.integers(0, k, 400)
    r, alpha, a, b = 0.3 + k * x + phase, 1 + rng.exponential(400, 400), 0.7, 2.5 + x
    t = rng.exponential(300, 400) * rng.choice([0, 1e-6, 0.1, 1, 5], 400)
    found = regular_purchases_until_dropout(r, alpha, a, b, t, k=k, phase=phase)

    n = np.arange(1, 1_000)[:, None]
    chances = survival_of_dropout(a, b, n - 1) * betainc(n * k - phase, r, t / (alpha + t))
    whole = chances[-1] <= 1e-14 * chances.sum(axis=0)  # beyond, an integral takes over
    assert 0.7 < whole.mean() < 1
    np.testing.assert_allclose(found[whole], chances.sum(axis=0)[whole], rtol=1e-9)
    assert (found[~whole] >= chances.sum(axis=0)[~whole] * (1 - 1e-9)).all()


@pytest.mark.parametrize("family", [beta_geo, pareto])
@pytest.mark.parametrize("x", [0.0, 3.0, 400.0, 10_000.0])
def test_gradients_equal_differences_for_every_buyer(family, x):
    one = Histories(*(np.array([v]) for v in (x, 300.0 if x else 0.0, 365.0, 1.0)))
    point = np.log([0.8, 25.0, 0.7, 3.0])
    gradient = family(point, one)[1]
    for place in range(4):
        step = np.eye(4)[place] * 1e-5
        plain = (family(point + step, one)[0] - family(point - step, one)[0]) / 2e-5
        assert gradient[place] == pytest.approx(plain, rel=2e-5, abs=1e-6)


def _drawn(seed=1, count=1_000):
    generator = np.random.default_rng(seed)
    rate, rows = generator.gamma(1.0, size=count) / 10, []
    for pace in rate:
        age, now, last, bought = float(generator.integers(20, 100)), 0.0, 0.0, 0
        leave = generator.beta(0.8, 2.5)
        while generator.random() > leave:
            now += generator.exponential() / pace
            if now > age:
                break
            last, bought = now, bought + 1
        rows.append((bought, last, age))
    return pd.DataFrame(rows, columns=["frequency", "recency", "T"])


@pytest.mark.parametrize("kind", KINDS)
def test_a_good_fit_says_how_it_converged(kind):
    report = kind().fit(_drawn()).convergence_

    assert report.message == "converged"
    assert report.gradient_norm < 1e-6
    assert report.hessian_positive_definite
    assert report.starts == report.starts_agreeing == 3


@pytest.mark.parametrize("kind", KINDS)
def test_a_fit_that_the_data_cannot_tell_is_never_silent(kind):
    """All accounts alike: nothing differs between them that a mixture could describe."""
    alike = pd.DataFrame({"frequency": [4] * 40, "recency": [40.0] * 40, "T": [50.0] * 40})
    with pytest.warns(FitWarning, match="bound|flat|gradient"):
        model = kind().fit(alike)

    assert not model.convergence_.converged
    assert np.isfinite(model.expected_purchases(alike, 50.0)).all()
    assert np.isnan(model.standard_errors_).any() or not (
        model.convergence_.hessian_positive_definite
    )


def test_starts_that_disagree_are_counted():
    """Two hills of unequal height: who starts at the lower one ends there."""

    def hills(point):
        (u,) = point
        one, two = np.exp(-((u + 3) ** 2)), 2 * np.exp(-((u - 3) ** 2))
        return one + two, np.array([-2 * (u + 3) * one - 2 * (u - 3) * two])

    fit = maximise(hills, [np.array([-3.1]), np.array([2.8]), np.array([3.3])], names=["u"], size=1)

    assert np.log(fit.parameters[0]) == pytest.approx(3, abs=1e-4)
    assert (fit.convergence.starts, fit.convergence.starts_agreeing) == (3, 2)


@pytest.mark.parametrize("kind", KINDS)
def test_one_customer_and_nobody_who_came_back(kind):
    with pytest.raises(ValueError, match="bought a second time"):
        kind().fit(pd.DataFrame({"frequency": [0, 0], "recency": [0.0, 0.0], "T": [9.0, 5.0]}))
    with pytest.raises(ValueError, match="no row"):
        kind().fit(pd.DataFrame({"frequency": [], "recency": [], "T": []}))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        model = kind().fit(_one(5, 40.0, 50.0))
    assert 0 <= model.probability_alive(_one(5, 40.0, 50.0)).iloc[0] <= 1
    assert np.isfinite(model.expected_purchases(_one(0, 0.0, 0.0), 30.0)).all()


GOOD = {"frequency": 3, "recency": 5.0, "T": 9.0}
WRONG = [
    ({"frequency": -1}, "frequency"),
    ({"frequency": 2.5}, "whole number"),
    ({"recency": 9.5}, "later than T"),
    ({"recency": -2.0}, "negative"),
    ({"T": np.nan}, "no number"),
    ({"T": np.inf}, "no number"),
    ({"frequency": 0}, "above 0 although"),
    ({"recency": 0.0}, "although there are repeat purchases"),
    ({"recency": "soon"}, "no number"),
]


@settings(max_examples=40)
@given(
    wrong=st.sampled_from(WRONG), before=st.integers(0, 5), after=st.integers(0, 5),
    kind=st.sampled_from(KINDS),
)  # fmt: skip
def test_a_wrong_row_is_named_wherever_it_stands(wrong, before, after, kind):
    change, words = wrong
    rows = [GOOD] * before + [GOOD | change] + [GOOD] * after
    table = pd.DataFrame(rows, dtype=object)
    table["account_id"] = [f"K{n}" for n in range(len(rows))]

    with pytest.raises(ValueError, match=rf"row {before} \(account 'K{before}'\).*{words}"):
        kind().fit(table)
    with pytest.raises(ValueError, match="column"):
        FITTED[0].predict(table.drop(columns="T"), 5.0)


def test_tables_of_another_kind_and_horizons_without_sense_are_refused():
    with pytest.raises(TypeError, match="DataFrame"):
        BetaGeoNBD().fit([[3, 5.0, 9.0]])
    for horizon in (-1.0, np.nan, np.inf):
        with pytest.raises(ValueError, match="horizon"):
            FITTED[0].predict(pd.DataFrame([GOOD]), horizon)
    with pytest.raises(ValueError, match="above 0"):
        ParetoNBD.from_parameters(r=1.0, alpha=1.0, s=0.0, beta=1.0)


@settings(max_examples=5)
@given(st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(random):
    table = _drawn(count=60)
    places = list(range(len(table)))
    random.shuffle(places)
    one, other = ModifiedBetaGeoNBD(), ModifiedBetaGeoNBD()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        one.fit(table)
        other.fit(table.iloc[places])
    assert other.parameters_ == pytest.approx(one.parameters_, rel=1e-9)
