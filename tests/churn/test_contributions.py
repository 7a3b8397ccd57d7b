"""Contributions: against Shapley values by all subsets, linear truth, and what must add up."""

from itertools import combinations
from math import factorial

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier

from kamlab.churn.contributions import BASELINE, contributions, importance
from kamlab.churn.model import ChurnModel
from kamlab.churn.trees import tree_contributions


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(1500, 4)), columns=list("abcd"))
    table["where"] = rng.choice(["north", "south", "west"], 1500)
    table["a"] = table["a"].where(rng.random(1500) > 0.1)
    table["account_id"] = [f"A{k}" for k in range(1500)]
    odds = 1.5 * table["a"].fillna(0) + 2 * np.sign(table["b"] * table["c"]) - 0.5
    return table, rng.random(1500) < expit(odds + (table["where"] == "north"))


@pytest.fixture(scope="module")
def model(drawn):
    return ChurnModel().fit(*drawn)


def _by_subsets(game, count):
    """Shapley values straight from their definition."""
    found = np.zeros(count)
    for player in range(count):
        others = [k for k in range(count) if k != player]
        for size in range(count):
            weight = factorial(size) * factorial(count - size - 1) / factorial(count)
            for some in combinations(others, size):
                found[player] += weight * (game({*some, player}) - game({*some}))
    return found


def _expected(nodes, row, known, number=0):
    """What a tree says on average when only some features are known, by counts of rows."""
    node = nodes[number]
    if node["is_leaf"]:
        return node["value"]
    feature, left, right = int(node["feature_idx"]), int(node["left"]), int(node["right"])
    if feature in known:
        value = row[feature]
        goes = node["missing_go_to_left"] if np.isnan(value) else value <= node["num_threshold"]
        return _expected(nodes, row, known, left if goes else right)
    sides = [nodes[k]["count"] * _expected(nodes, row, known, k) for k in (left, right)]
    return sum(sides) / node["count"]


@pytest.fixture(scope="module")
def boosted():
    rng = np.random.default_rng(1)
    matrix = rng.normal(size=(400, 4))
    matrix[rng.random(matrix.shape) < 0.1] = np.nan
    filled = np.nan_to_num(matrix)
    left = filled[:, 0] * filled[:, 1] + filled[:, 2] > 0
    options = {"max_iter": 12, "max_leaf_nodes": 8, "learning_rate": 0.3, "random_state": 0}
    return HistGradientBoostingClassifier(**options).fit(matrix, left), matrix


def test_trees_agree_with_the_definition_by_shares_of_rows(boosted):
    model, matrix = boosted
    parts, baseline = tree_contributions(model, matrix[:12])
    trees = [predictor.nodes for (predictor,) in model._predictors]
    for row, found in zip(matrix[:12], parts, strict=True):
        slow = sum(
            _by_subsets(lambda known: _expected(nodes, row, known), 4)  # noqa: B023  used at once
            for nodes in trees
        )
        assert found == pytest.approx(slow, abs=1e-9)
        assert found.sum() + baseline == pytest.approx(model.decision_function(row[None])[0])


def test_trees_agree_with_the_definition_against_a_background(boosted):
    model, matrix = boosted
    usual = matrix[300:330]
    parts, baseline = tree_contributions(model, matrix[:8], usual)
    assert baseline == pytest.approx(model.decision_function(usual).mean())

    def game(row):
        def worth(known):
            mixed = usual.copy()
            mixed[:, list(known)] = row[list(known)]
            return model.decision_function(mixed).mean()

        return worth

    for row, found in zip(matrix[:8], parts, strict=True):
        assert found == pytest.approx(_by_subsets(game(row), 4), abs=1e-9)


def test_parts_add_up_to_the_log_odds(model, drawn):
    table, _ = drawn
    assert len(model.weights_) > 1
    some = table.sample(80, random_state=3)
    for background in (None, table):
        parts = contributions(model, some, background)
        assert parts.index.equals(some.index)
        assert parts.columns.tolist() == [*table.columns, BASELINE]
        assert np.ptp(parts[BASELINE]) == 0
        assert np.allclose(parts.sum(axis=1), model.predict_log_odds(some), atol=1e-9)
        assert (parts["account_id"] == 0).all()
        assert parts["d"].abs().mean() < 0.3 * parts["b"].abs().mean()


def test_groups_are_sums_of_their_columns(model, drawn):
    some = drawn[0].head(20)
    single = contributions(model, some)
    grouped = contributions(model, some, groups={"both": ["b", "c"], "absent": ["none"]})
    assert grouped.columns.tolist() == ["both", "a", "d", "where", "account_id", BASELINE]
    assert np.allclose(grouped["both"], single["b"] + single["c"])
    with pytest.raises(ValueError, match="two groups"):
        contributions(model, some, groups={"one": ["b"], "two": ["b", "c"]})


def test_parts_of_a_straight_line_are_coefficient_times_distance():
    """With 20 leavers there is only the logistic regression: its parts are lines."""
    rng = np.random.default_rng(4)
    table = pd.DataFrame(rng.normal(size=(120, 2)), columns=["x", "y"])
    left = np.argsort(np.argsort(table["x"] + rng.normal(size=120))) >= 100
    model = ChurnModel().fit(table, left)
    parts = contributions(model, table)
    at = table.assign(x=table["x"] + 0.2)
    inside = table["x"].abs() < 1
    steps = (contributions(model, at)["x"] - parts["x"])[inside]
    assert steps.std() < 1e-9
    assert steps.mean() > 0
    assert parts[["x", "y"]].mean().abs().max() < 1e-9


def test_importance_names_what_matters_and_not_what_does_not(model, drawn):
    rng = np.random.default_rng(5)
    table, _ = drawn
    later = table.sample(600, random_state=1)
    odds = 1.5 * later["a"].fillna(0) + 2 * np.sign(later["b"] * later["c"]) - 0.5
    left = rng.random(600) < expit(odds + (later["where"] == "north"))
    found = importance(model, later, left, groups={"both": ["b", "c"]}).set_index("column")
    assert found.index[0] == "both"
    assert found.index[1] == "a"
    assert found.loc["account_id", "importance"] == 0
    assert abs(found.loc["d", "importance"]) < 0.03
    with pytest.raises(ValueError, match="2 repeats"):
        importance(model, later, left, repeats=1)
