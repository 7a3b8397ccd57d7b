"""Rankings of the textbooks, and of scikit-criteria on random problems."""

import numpy as np
import pandas as pd
import pytest

from kamlab.segmentation import ranking as r


def _even(matrix):
    return pd.Series(1.0, matrix.columns)


@pytest.mark.parametrize(
    ("normalisation", "published"),
    [("min-max", [0.500, 0.617, 0.500]), ("vector", [0.762, 0.722, 0.238])],
)
def test_topsis_of_opricovic_and_tzeng_turns_round_with_the_normalisation(normalisation, published):
    cases = pd.DataFrame({"cost": [1, 2, 5], "benefit": [3000, 3750, 4500]})
    found = r.topsis(cases, _even(cases), {"cost": False}, normalisation=normalisation)

    assert found.tolist() == pytest.approx(published, abs=5e-4)


def test_topsis_of_tzeng_and_huang():
    cases = pd.DataFrame([[5, 8, 4], [7, 6, 8], [8, 8, 6], [7, 4, 6]])
    made = r.rank_by(cases, pd.Series([0.3, 0.4, 0.3]))

    assert made.scores["TOPSIS"].tolist() == pytest.approx(
        [0.5037, 0.6581, 0.7482, 0.3340], abs=5e-5
    )
    assert made.ranks["TOPSIS"].tolist() == [3, 2, 1, 4]
    assert made.normalisation["TOPSIS"] == "vector"


def test_topsis_without_scaling():
    cases = pd.DataFrame([[1, 0, 3], [0, 5, 6]])

    assert r.topsis(cases, _even(cases), normalisation="none").tolist() == pytest.approx(
        [0.14639248, 0.85360752], abs=5e-9
    )


def test_vikor_of_yang_and_wu():
    rows = [[78, 56, 34, 6], [4, 45, 3, 97], [18, 2, 50, 63], [9, 14, 11, 92], [85, 9, 100, 29]]
    cases = pd.DataFrame(rows)

    assert r.vikor(cases, _even(cases))["Q"].tolist() == pytest.approx(
        [0.5679, 0.7667, 1, 0.7493, 0], abs=5e-5
    )


def test_promethee_with_the_usual_preference():
    cases = pd.DataFrame([[4, 3, 2], [3, 2, 4], [5, 1, 3]])

    assert r.promethee(cases, pd.Series([0.5, 0.3, 0.2])).tolist() == pytest.approx(
        [0.1, -0.3, 0.2]
    )


def test_scores_agree_with_scikit_criteria_on_random_problems():
    from skcriteria import mkdm
    from skcriteria.agg.topsis import TOPSIS
    from skcriteria.agg.vikor import VIKOR

    rng = np.random.default_rng(11)
    for _ in range(5):
        cases = pd.DataFrame(rng.gamma(2, 3, (25, 4)))
        weights = pd.Series(rng.dirichlet(np.ones(4)))
        raw = cases.to_numpy()
        vector = raw / np.sqrt((raw**2).sum(axis=0))
        theirs = TOPSIS().evaluate(mkdm(vector, [max] * 4, weights=weights.to_numpy()))
        assert r.topsis(cases, weights).to_numpy() == pytest.approx(theirs.e_.similarity)
        theirs = VIKOR().evaluate(mkdm(raw, [max, max, max, max], weights=weights.to_numpy()))
        assert r.vikor(cases, weights)["Q"].to_numpy() == pytest.approx(theirs.e_.q_k)
