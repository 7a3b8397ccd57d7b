"""Explainable boosting as a candidate: equal to the package's own, and a clear word without it."""

import sys

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from kamlab.churn.candidates import matrix_of
from kamlab.churn.columns import MessyColumns
from kamlab.churn.contributions import BASELINE, contributions
from kamlab.churn.explainable import Explainable
from kamlab.churn.model import ChurnModel
from kamlab.churn.persist import load, save
from kamlab.errors import UsageError


@pytest.fixture(scope="module")
def drawn():
    rng = np.random.default_rng(3)
    table = pd.DataFrame({"a": rng.normal(size=1600), "b": rng.normal(size=1600)})
    left = rng.random(1600) < expit(2 * table["a"] * np.sign(table["b"]))
    table["region"] = rng.choice(["North", "South"], 1600)
    table.loc[:40, "a"] = np.nan
    return table, left.to_numpy()


def test_it_predicts_as_the_package_does(drawn):
    glassbox = pytest.importorskip("interpret.glassbox")
    table, left = drawn
    coded = MessyColumns().fit(table).transform(table)
    made = []
    with pytest.MonkeyPatch.context() as patch:
        fit = glassbox.ExplainableBoostingClassifier.fit
        patch.setattr(
            glassbox.ExplainableBoostingClassifier,
            "fit",
            lambda self, *given: made.append(self) or fit(self, *given),
        )
        ours = Explainable(0).fit(coded, left, 1.0)

    assert any(len(term) == 2 for term in made[0].term_features_)
    assert np.allclose(ours.log_odds(coded), made[0].decision_function(matrix_of(coded)))


def test_as_a_candidate_its_parts_add_up_and_it_is_kept(drawn, tmp_path):
    pytest.importorskip("interpret.glassbox")
    table, left = drawn
    model = ChurnModel(folds=2, explainable=True).fit(table, left)
    parts = contributions(model, table.head(9), table)
    file = save(model, tmp_path / "model.skops", fitted_on={})

    assert model.weights_["explainable boosting"] > 0
    assert np.allclose(parts.sum(axis=1), model.predict_log_odds(table.head(9)))
    assert parts[BASELINE].std() < 1e-12
    assert np.array_equal(load(file).predict_proba(table), model.predict_proba(table))


def test_without_the_package_it_says_what_to_install(drawn, monkeypatch):
    monkeypatch.setitem(sys.modules, "interpret.glassbox", None)
    table, left = drawn

    with pytest.raises(UsageError, match="pip install interpret-core"):
        ChurnModel(explainable=True).fit(table, left)
    assert "explainable boosting" not in ChurnModel().fit(table, left).weights_
