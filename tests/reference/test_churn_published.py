"""Published figures of profit measures: empulse's documentation and tests, and R's EMP.

Cases and formula: T. Verbraken, W. Verbeke and B. Baesens, IEEE TKDE 25 (2013), as computed by
`empChurn` of the R package EMP and `empc_score` of empulse 0.13.
"""

import numpy as np
import pytest

from kamlab.churn.profit import expected_maximum_profit as emp

TRUTH, SCORE = [0, 1] * 4, [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]


@pytest.mark.parametrize(
    ("changed", "profit", "share"),
    [
        ({}, 23.875593418348124, 0.8743700763487141),
        ({"value": 50}, 1.9786628882564723, 0.480396),
        ({"incentive": 100}, 3.6250000004394023, 0.125),
        ({"contact": 15}, 12.230331549359418, 0.728750),
        ({"accepts": (2, 14)}, 7.670984550497366, 0.691570),
    ],
)
def test_expected_maximum_profit(changed, profit, share):
    assert emp(TRUTH, SCORE, **changed) == (
        pytest.approx(profit, abs=1e-9), pytest.approx(share, abs=1e-6),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("score", "profit", "share"),
    [
        ([0, 1] * 10, 28.0000000000391, 0.499999999728095),
        ([1, 0] * 10, 22.5007912244511, 0.9991601018889205),
        ([1, 1] * 10, 22.5007912244511, 0.9991601018889205),
    ],
    ids=["perfect", "reversed", "tied"],
)
def test_expected_maximum_profit_of_extremes(score, profit, share):
    assert emp([0, 1] * 10, score) == (
        pytest.approx(profit, abs=1e-9), pytest.approx(share, abs=1e-9),
    )  # fmt: skip


def test_maximum_profit_is_the_limit_of_a_certain_acceptance():
    """MPC with acceptance 0.3: 23.875, 28 and 22.5 published; a tight beta comes close."""
    tight = (30, 70)
    assert emp(TRUTH, SCORE, accepts=tight)[0] == pytest.approx(23.875, abs=0.02)
    assert emp([0, 1] * 10, [0, 1] * 10, accepts=tight) == pytest.approx((28.0, 0.5), abs=0.02)
    assert emp([0, 1] * 10, [1, 0] * 10, accepts=tight) == pytest.approx((22.5, 1.0), abs=0.02)


def test_a_share_without_sense_is_refused_rather_than_passed_over():
    for wrong in ({"value": -1}, {"contact": -1}, {"incentive": np.nan}, {"accepts": (0, 1)}):
        with pytest.raises(ValueError, match="above 0"):
            emp(TRUTH, SCORE, **wrong)
    with pytest.raises(ValueError, match="some accounts must have left"):
        emp([1, 1], [0.1, 0.2])
    with pytest.raises(TypeError, match="incentiv_cost"):
        emp(TRUTH, SCORE, incentiv_cost=100)
