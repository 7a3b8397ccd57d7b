"""Scores of foretold lifetimes: against scikit-survival, known truth, and on accounts not seen."""

import numpy as np
import pandas as pd
import pytest
from sksurv.metrics import concordance_index_censored

from kamlab.churn.survival_scores import (
    compare_models,
    concordance,
    integrated_brier,
    uno_concordance,
)


def _accounts(seed=0, number=500, *, late=False):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {"visits": rng.normal(size=number), "market": rng.choice(["home", "export"], number)}
    )
    hazard = np.exp(0.9 * table["visits"] + 0.6 * (table["market"] == "export")) / 20
    life = np.ceil(rng.exponential(1, number) / hazard.to_numpy())
    entry = np.floor(rng.uniform(0, 10, number)) if late else np.zeros(number)
    seen = np.ceil(rng.uniform(5, 50, number))
    lasted, event = np.minimum(life, entry + seen), life <= entry + seen
    watched = lasted > entry
    return table[watched], lasted[watched], event[watched], entry[watched]


def test_concordance_equals_scikit_survival():
    table, lasted, event, _ = _accounts()
    risk = table["visits"].round(1).to_numpy()

    found = concordance(lasted, event, risk)
    assert found == pytest.approx(concordance_index_censored(event, lasted, risk)[0], abs=1e-12)
    assert concordance(lasted, event, -risk) == pytest.approx(1 - found)


def test_pairs_that_were_never_watched_together_do_not_count():
    # the second came under observation after the first had left
    assert np.isnan(concordance([2, 9], [1, 1], [0, 1], entry=[0, 5]))
    assert concordance([2, 9, 8], [1, 1, 1], [0, 1, 2], entry=[0, 5, 1]) == pytest.approx(0.5)


def test_uno_does_not_move_with_censoring_where_harrell_does():
    rng = np.random.default_rng(1)
    number = 4000
    group = rng.random(number) < 0.5
    # the order of risk turns after 5: what is seen early is not what is seen late
    score = rng.normal(size=number)
    early = rng.exponential(5 * np.exp(-score))
    life = np.where(early < 5, early, 5 + rng.exponential(20, number))
    everyone = np.ones(number, bool)
    whole = concordance(life, everyone, score)
    seen = np.where(group, rng.uniform(0, 8, number), 60.0)
    lasted, event = np.minimum(life, seen), life <= seen

    harrell = concordance(lasted, event, score)
    assert abs(uno_concordance(lasted, event, score) - whole) < 0.5 * abs(harrell - whole)


def test_brier_of_a_constant_half_is_a_quarter():
    _, lasted, event, _ = _accounts(2)
    times = np.linspace(5, 30, 6)

    half = pd.DataFrame(0.5, range(len(lasted)), times)
    assert integrated_brier(lasted, event, half) == pytest.approx(0.25, abs=0.01)
    everyone = np.ones(len(lasted), bool)
    known = pd.DataFrame((lasted[:, None] > times).astype(float), columns=times)
    assert integrated_brier(lasted, everyone, known) == 0


@pytest.mark.parametrize("late", [False, True])
def test_models_that_know_more_foretell_more(late):
    table, lasted, event, entry = _accounts(3, 900, late=late)
    found = compare_models(
        table,
        lasted,
        event,
        entry=entry if late else None,
        by=table["market"],
        trees=30,
        forest_rows=300,
        folds=3,
    ).set_index("model")

    assert found.index[0] == "Cox"  # the accounts were drawn from it
    assert found.index[-1] == "one curve for all"
    assert found.at["Cox", "concordance"] == pytest.approx(0.74, abs=0.04)
    assert found.at["Cox", "uno"] == pytest.approx(found.at["Cox", "concordance"], abs=0.03)
    assert found.at["random survival forest", "better_than_curve"] > 0.05
    assert 0 < found.at["curves by segment", "better_than_curve"] < 0.1


def test_columns_that_tell_nothing_foretell_nothing():
    _, lasted, event, _ = _accounts(4, 800)
    noise = pd.DataFrame({"noise": np.random.default_rng(99).normal(size=len(lasted))})
    found = compare_models(noise, lasted, event, trees=20, forest_rows=300).set_index("model")

    assert found.at["Cox", "concordance"] == pytest.approx(0.5, abs=0.05)
    assert found.at["Cox", "better_than_curve"] == pytest.approx(0, abs=0.02)
    assert found.at["random survival forest", "better_than_curve"] < 0.02


def test_too_little_data_is_said():
    table, lasted, event, _ = _accounts(5, 60)

    with pytest.raises(ValueError, match="not enough data: 2 of 60 accounts left"):
        compare_models(table, lasted, np.arange(60) < 2)
    with pytest.raises(ValueError, match="values are missing"):
        compare_models(table.assign(visits=np.nan), lasted, event, folds=2)
    with pytest.raises(ValueError, match="risk must be a number for each of 60"):
        concordance(lasted, event, [1.0])
