"""Drivers: the published mtcars case, invariants of both methods, planted kinds of items."""

import numpy as np
import pandas as pd
import pytest

from kamlab.retention import drivers as d

# Motor Trend 1974: miles per gallon, cylinders, displacement, horsepower, gears of 32 cars.
MTCARS = np.array(
    [
        [21.0, 6, 160.0, 110, 4], [21.0, 6, 160.0, 110, 4], [22.8, 4, 108.0, 93, 4],
        [21.4, 6, 258.0, 110, 3], [18.7, 8, 360.0, 175, 3], [18.1, 6, 225.0, 105, 3],
        [14.3, 8, 360.0, 245, 3], [24.4, 4, 146.7, 62, 4], [22.8, 4, 140.8, 95, 4],
        [19.2, 6, 167.6, 123, 4], [17.8, 6, 167.6, 123, 4], [16.4, 8, 275.8, 180, 3],
        [17.3, 8, 275.8, 180, 3], [15.2, 8, 275.8, 180, 3], [10.4, 8, 472.0, 205, 3],
        [10.4, 8, 460.0, 215, 3], [14.7, 8, 440.0, 230, 3], [32.4, 4, 78.7, 66, 4],
        [30.4, 4, 75.7, 52, 4], [33.9, 4, 71.1, 65, 4], [21.5, 4, 120.1, 97, 3],
        [15.5, 8, 318.0, 150, 3], [15.2, 8, 304.0, 150, 3], [13.3, 8, 350.0, 245, 3],
        [19.2, 8, 400.0, 175, 3], [27.3, 4, 79.0, 66, 4], [26.0, 4, 120.3, 91, 5],
        [30.4, 4, 95.1, 113, 5], [15.8, 8, 351.0, 264, 5], [19.7, 6, 145.0, 175, 5],
        [15.0, 8, 301.0, 335, 5], [21.4, 4, 121.0, 109, 4],
    ]
)  # fmt: skip


def test_relative_weights_of_the_published_mtcars_case():
    weights = d.relative_weights(MTCARS[:, 1:], MTCARS[:, 0])

    assert weights.round(4).tolist() == [0.2285, 0.2221, 0.2322, 0.0964]
    assert weights.sum() == pytest.approx(0.77919, abs=5e-6)


def test_shapley_values_of_the_published_mtcars_case():
    shares = d.shapley_weights(MTCARS[:, 1:], MTCARS[:, 0])

    assert shares.round(5).tolist() == [0.24705, 0.24350, 0.21091, 0.07773]
    assert shares.sum() == pytest.approx(0.77919, abs=5e-6)


def test_uncorrelated_items_get_their_squared_correlations():
    rng = np.random.default_rng(0)
    items = np.linalg.qr(rng.normal(size=(400, 5)) - 0.0)[0]
    items -= items.mean(axis=0)
    items = np.linalg.qr(items)[0]
    overall = items @ [3.0, 2.0, 1.0, 0.5, 0.0] + 0.05 * rng.normal(size=400)
    squared = np.corrcoef(np.column_stack([items, overall]), rowvar=False)[:-1, -1] ** 2

    assert np.allclose(d.relative_weights(items, overall), squared, atol=1e-9)
    assert np.allclose(d.shapley_weights(items, overall), squared, atol=1e-9)


def _answers(seed=1, count=400):
    rng = np.random.default_rng(seed)
    scores = pd.DataFrame(
        rng.integers(1, 6, (count, 4)), columns=["delivery", "price", "people", "canteen"]
    )
    overall = (
        3.5
        - 1.2 * (scores["delivery"] <= 2)
        + 0.9 * (scores["people"] == 5)
        + 0.7 * (scores["price"] == 5)
        - 0.7 * (scores["price"] <= 2)
        + rng.normal(0, 0.5, count)
    )
    return scores.assign(overall=overall)


def test_planted_kinds_of_items_are_told_apart():
    table = d.penalty_reward(_answers(), "overall", ["delivery", "price", "people", "canteen"])

    assert table["kind"].tolist() == ["basic", "performance", "delight", "not clear"]
    assert table.loc[0, "penalty"] == pytest.approx(-1.2, abs=3 * table.loc[0, "penalty_se"])
    assert table.loc[2, "reward"] == pytest.approx(0.9, abs=3 * table.loc[2, "reward_se"])


def test_drivers_rank_the_planted_one_first_with_intervals():
    result = d.drivers(_answers(), "overall", ["delivery", "price", "people", "canteen"], draws=60)
    table = result.table.set_index("item")

    assert table["shapley"].idxmax() == table["relative_weight"].idxmax()
    assert table.loc["canteen", "relative_weight"] < 0.02
    assert table["relative_weight"].sum() == pytest.approx(result.r_squared)
    assert table["shapley"].sum() == pytest.approx(result.r_squared)
    assert (table["shapley_low"] <= table["shapley_high"]).all()


def test_an_item_that_never_varies_has_no_importance():
    answers = _answers().assign(constant=3)
    table = d.drivers(answers, "overall", ["delivery", "constant"], draws=20).table

    assert table.set_index("item").loc["constant", "relative_weight"] == 0


def test_too_few_answers_are_refused_with_the_number_needed():
    with pytest.raises(ValueError, match="12 are needed"):
        d.drivers(_answers(count=9), "overall", ["delivery", "price", "people", "canteen"])


def test_importance_performance_puts_the_weak_and_weighty_first():
    table = d.importance_performance(
        pd.Series({"delivery": 2.5, "price": 4.2, "people": 4.4, "canteen": 2.0}),
        pd.Series({"delivery": 0.3, "price": 0.25, "people": 0.05, "canteen": 0.02}),
    )

    assert table["item"].iloc[0] == "delivery"
    assert table.set_index("item")["quadrant"].to_dict() == {
        "delivery": "concentrate here",
        "price": "keep up the good work",
        "canteen": "low priority",
        "people": "possible overkill",
    }
    assert table["priority"].sum() == pytest.approx(1)
