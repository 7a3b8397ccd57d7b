"""Weights: consistent comparisons are recovered, contradictions are found, constants count 0."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.segmentation import weights as w

_WEIGHTS = st.lists(st.integers(1, 9), min_size=2, max_size=14)


def _consistent(numbers):
    names = [f"c{i}" for i in range(len(numbers))]
    values = np.asarray(numbers, float)
    return pd.DataFrame(values[:, None] / values[None, :], names, names)


@given(_WEIGHTS)
def test_consistent_comparisons_give_back_their_weights(numbers):
    made = w.ahp(_consistent(numbers))

    assert made.weights.to_numpy() == pytest.approx(np.asarray(numbers) / sum(numbers))
    assert made.consistency_ratio == pytest.approx(0, abs=1e-9)
    assert made.warning == ""


def test_repair_names_the_pair_that_was_turned_round():
    matrix = _consistent([8, 4, 2, 1])
    matrix.loc["c0", "c3"], matrix.loc["c3", "c0"] = 1 / 8, 8

    with pytest.warns(UserWarning, match="Look first at c3 against c0"):
        made = w.ahp(matrix)
    first = made.repair.iloc[0]

    assert (first["more"], first["than"], first["stated"]) == ("c3", "c0", 8)
    assert first["ratio_after"] < made.consistency_ratio / 2
    assert first["ratio_after"] == made.repair["ratio_after"].min()


def test_two_opposed_judges_meet_in_the_middle():
    one, other = _consistent([4, 1]), _consistent([1, 4])

    joint = w.joint_comparisons([one, other.loc[["c1", "c0"], ["c1", "c0"]]])

    assert w.ahp(joint).weights.tolist() == pytest.approx([0.5, 0.5])


def test_comparisons_that_are_not_reciprocal_are_refused_by_name():
    matrix = _consistent([2, 1])
    matrix.loc["c1", "c0"] = 2

    with pytest.raises(
        ValueError, match=r"c0 against c1 is 2, so the other way round must be 0\.5"
    ):
        w.ahp(matrix)


@given(_WEIGHTS.filter(lambda numbers: len(set(numbers)) > 1))
def test_best_worst_recovers_consistent_weights(numbers):
    values = pd.Series(numbers, [f"c{i}" for i in range(len(numbers))], dtype=float)
    best, worst = values.idxmax(), values.idxmin()

    made = w.best_worst(
        best, worst, (values[best] / values).to_dict(), (values / values[worst]).to_dict()
    )

    assert made.weights.to_numpy() == pytest.approx((values / values.sum()).to_numpy(), abs=1e-7)
    assert made.deviation == pytest.approx(0, abs=1e-7)


def test_best_worst_refuses_a_best_that_was_not_compared():
    with pytest.raises(ValueError, match="best is 'x'"):
        w.best_worst("x", "b", {"a": 1, "b": 2}, {"a": 2, "b": 1})


@pytest.mark.parametrize("method", [w.entropy_weights, w.critic_weights])
def test_a_criterion_that_is_the_same_for_all_counts_nothing(method):
    rng = np.random.default_rng(0)
    matrix = pd.DataFrame({"a": rng.gamma(2, 1, 20), "same": 3.0, "none": 0.0})

    assert method(matrix).to_dict() == pytest.approx({"a": 1, "same": 0, "none": 0}, abs=1e-12)
    assert method(matrix[["same", "none"]]).tolist() == [0.5, 0.5]


def test_critic_turns_round_what_is_good_when_low():
    rng = np.random.default_rng(1)
    matrix = pd.DataFrame(rng.gamma(2, 1, (40, 3)), columns=list("abc"))

    turned = w.critic_weights(matrix, {"b": False})

    assert turned.to_numpy() == pytest.approx(
        w.critic_weights(matrix.assign(b=-matrix["b"])).to_numpy()
    )


@pytest.mark.parametrize("stated", [{"a": -1, "b": 2}, {"a": 0, "b": 0}, {"a": float("nan")}])
def test_weights_that_are_none_are_refused(stated):
    with pytest.raises(ValueError, match="not negative and not all zero"):
        w.direct_weights(stated)
