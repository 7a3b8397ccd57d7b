"""Retention economics: published figures come back, and survivors do not flatter."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.retention import economics as eco

CARD = [30.0, 42.0, 44.0, 49.0, 55.0]


@pytest.mark.parametrize(
    ("method", "discount", "published"),
    [
        ("average life", 0.061, [15, 33, 64, 131, 194, 303, 526]),
        ("survival", 0.039, [18, 38, 72, 137, 196, 299, 521]),
        ("average life", 0.10, [11, 28, 55, 112, 162, 241, 371]),
        ("survival", 0.10, [10, 26, 51, 94, 129, 182, 272]),
        ("average life", 0.15, [7, 21, 45, 91, 129, 183, 251]),
    ],
)
def test_credit_card_values_of_reichheld_and_sasser(method, discount, published):
    """Acquisition 51, profits 30, 42, 44, 49, 55 and flat: values at 50 … 5 % defection.

    The article's own are 134 at 20 %, 300 at 10 % and 525 at 5 %.
    """
    rates = [0.5, 0.4, 0.3, 0.2, 0.15, 0.1, 0.05]
    values = [
        eco.customer_value(CARD, rate, discount, acquisition=51, method=method) for rate in rates
    ]

    assert np.allclose(values, published, atol=3.5, rtol=0.02)


def test_the_articles_figures_come_back_within_three_per_cent():
    value = {
        rate: eco.customer_value(CARD, rate, 0.061, acquisition=51, method="average life")
        for rate in (0.2, 0.1, 0.05)
    }

    assert value[0.2] == pytest.approx(134, rel=0.03)
    assert value[0.1] == pytest.approx(300, rel=0.03)
    assert value[0.05] == pytest.approx(525, rel=0.03)
    assert value[0.05] / value[0.1] - 1 == pytest.approx(0.75, abs=0.02)


@pytest.mark.parametrize(
    ("retention", "gain"),
    [(0.60, 0.11), (0.70, 0.14), (0.80, 0.20), (0.85, 0.25), (0.90, 0.33), (0.93, 0.42)],
)
def test_constant_margin_gains_of_five_points(retention, gain):
    """Closed form m (1 + i) / (1 + i − r) at i = 10 %."""
    result = eco.gain_from_loyalty([1.0], 1 - retention, 0.10)

    assert result["gain_share"] == pytest.approx(gain, abs=0.005)


@pytest.mark.parametrize(("r", "expected"), [(0.7, 2.75), (0.8, 3.67), (0.9, 5.5), (0.95, 7.33)])
def test_elasticity(r, expected):
    assert eco.retention_elasticity(r, 0.10) == pytest.approx(expected, abs=0.005)


def test_published_gains_span_the_claim():
    assert eco.PUBLISHED_GAINS.min() == 0.25
    assert eco.PUBLISHED_GAINS.max() == 0.85
    assert eco.PUBLISHED_GAINS["industrial distribution"] == 0.45


def test_points_and_per_cent_differ_and_cost_eats_the_gain():
    points = eco.gain_from_loyalty(CARD, 0.2, 0.1, acquisition=51)
    relative = eco.gain_from_loyalty(CARD, 0.2, 0.1, acquisition=51, kind="relative")
    paid = eco.gain_from_loyalty(CARD, 0.2, 0.1, acquisition=51, cost=points["break_even_cost"])

    assert points["defection_after"] == pytest.approx(0.15)
    assert relative["defection_after"] == pytest.approx(0.19)
    assert points["gain"] > 4 * relative["gain"] > 0
    assert paid["gain"] == pytest.approx(0, abs=1e-9)


@given(
    st.floats(0.02, 0.98),
    st.floats(0, 0.3),
    st.lists(st.floats(-50, 200), min_size=1, max_size=6),
)
def test_survival_form_equals_the_sum_over_four_thousand_years(defection, discount, profile):
    years = np.arange(1, 4001)
    profit = np.array(profile + [profile[-1]] * (4000 - len(profile)))
    factor = (1 - defection) / (1 + discount)
    summed = (profit * factor ** (years - 1)).sum() / (1 + discount)

    assert eco.customer_value(profile, defection, discount) == pytest.approx(
        summed, rel=1e-9, abs=1e-6
    )


def test_survivors_do_not_make_profit_rise():
    """Poor accounts leave early: the plain mean rises though no account's profit does."""
    rng = np.random.default_rng(1)
    size = rng.lognormal(0, 1, 400)
    stays = rng.random(400) < size / (size + 1)
    rows = [(f"A{i}", 1, size[i]) for i in range(400)]
    rows += [(f"A{i}", 2, size[i]) for i in range(400) if stays[i]]
    table = eco.profit_by_tenure(
        pd.DataFrame(rows, columns=["account_id", "tenure_year", "profit"])
    )

    assert table["profit"].iloc[1] > 1.2 * table["profit"].iloc[0]
    assert table["same_accounts_change"].iloc[1] == pytest.approx(0, abs=1e-12)
    assert (table["low"] < table["profit"]).all()
    assert (table["profit"] < table["high"]).all()


@pytest.mark.parametrize("bad", [(0.0, 0.1), (1.2, 0.1), (0.2, -0.1)])
def test_rates_out_of_range_are_refused(bad):
    with pytest.raises(ValueError, match="defection lies above 0"):
        eco.customer_value([1.0], *bad)


def test_a_rate_cannot_fall_below_zero():
    with pytest.raises(ValueError, match="cannot fall by"):
        eco.gain_from_loyalty([1.0], 0.04, 0.1)
