"""Concentration: textbook identities, and classes that ties and order cannot change."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.segmentation import concentration as c

_AMOUNTS = st.lists(st.floats(0.01, 1e7), min_size=1, max_size=60).map(pd.Series)


def test_published_hhi_and_equal_shares():
    assert c.concentration(pd.Series([0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05])).hhi == pytest.approx(
        0.1950
    )
    equal = c.concentration(pd.Series(np.ones(25)))
    assert equal.hhi * 10_000 == pytest.approx(10_000 / 25)
    assert equal.effective_number == pytest.approx(25)
    assert equal.gini == pytest.approx(0)


def test_eighty_twenty_law():
    exponent = c.pareto_exponent(0.2, 0.8)
    # amounts of 100,000 equal slices of the law's own Lorenz curve
    edges = np.linspace(0, 1, 100_001)
    amounts = pd.Series(np.diff(1 - (1 - edges) ** (1 - 1 / exponent)))
    result = c.concentration(amounts)

    assert exponent == pytest.approx(np.log(5) / np.log(4))
    assert result.gini == pytest.approx(1 / (2 * exponent - 1), abs=1e-3)
    assert 0.01 ** (1 - 1 / exponent) == pytest.approx(0.528, abs=0.001)
    assert 0.10 ** (1 - 1 / exponent) == pytest.approx(0.727, abs=0.001)
    assert result.top_fifth_share == pytest.approx(0.8, abs=1e-6)
    assert result.top_tenth_share == pytest.approx(0.727, abs=0.001)


@given(_AMOUNTS)
def test_gini_is_twice_the_area_above_the_lorenz_curve(amounts):
    curve = c.lorenz(amounts)
    area = np.trapezoid(curve["amount_share"], curve["accounts_share"])

    assert c.concentration(amounts).gini == pytest.approx(1 - 2 * area, abs=1e-9)


@given(_AMOUNTS, st.floats(0.01, 100))
def test_scale_and_order_do_not_matter(amounts, factor):
    left, right = c.concentration(amounts), c.concentration(amounts[::-1] * factor)

    assert left.hhi == pytest.approx(right.hhi)
    assert left.top_fifth_share == pytest.approx(right.top_fifth_share)
    assert left.accounts_for_80 == pytest.approx(right.accounts_for_80, abs=1)


@given(st.lists(st.integers(-50, 1000), min_size=1, max_size=40))
def test_equal_amounts_get_equal_classes_and_bigger_never_a_worse_one(values):
    amounts = pd.Series(values, dtype=float)
    if amounts.sum() <= 0:
        return
    classes = c.abc(amounts)
    frame = pd.DataFrame({"amount": amounts, "abc": classes})

    assert (frame.groupby("amount")["abc"].agg(set).map(len) == 1).all()
    assert frame.sort_values("amount", ascending=False)["abc"].is_monotonic_increasing
    assert classes[amounts.idxmax()] == "A"


def test_found_limits_are_in_order_and_separate_the_planted_groups():
    amounts = pd.Series([1000.0] * 5 + [100.0] * 20 + [5.0] * 200)
    a, b = c.found_limits(amounts)
    counts = c.abc(amounts, a=a, b=b).value_counts()

    assert 0 < a < b <= 1
    assert counts.to_dict() == {"A": 5, "B": 20, "C": 200}


@given(st.lists(st.floats(-100, 300), min_size=1, max_size=50))
def test_whale_ends_at_the_total_and_peaks_at_what_is_earned(values):
    profit = pd.Series(values)
    if profit.sum() <= 1:
        return
    result = c.whale(profit)

    assert result.curve["profit_share"].iloc[-1] == pytest.approx(1)
    assert result.peak == pytest.approx(profit[profit > 0].sum() / profit.sum())
    assert result.given_back == pytest.approx(-profit[profit < 0].sum())


def test_gini_is_not_claimed_with_losses():
    assert np.isnan(c.concentration(pd.Series([10.0, -1.0])).gini)


@pytest.mark.parametrize(
    ("values", "message"), [([1.0, np.nan], "amount of 1 is missing"), ([0.0], "positive total")]
)
def test_what_has_no_share_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        c.concentration(pd.Series(values))
