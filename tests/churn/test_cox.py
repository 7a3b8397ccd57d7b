"""Cox's model: against other implementations, against the truth it was drawn from, and refusals."""

import copy

import numpy as np
import pandas as pd
import pytest
import skops.io
from sklearn.base import clone
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.util import Surv
from statsmodels.duration.hazard_regression import PHReg

from kamlab.churn.cox import CoxModel
from kamlab.churn.partial_likelihood import likelihood, risk_sets
from kamlab.churn.survival import survival_curve


def _accounts(seed=0, number=400, *, rounded=True):
    """Draw accounts whose hazard depends on two columns, watched from a late entry on."""
    rng = np.random.default_rng(seed)
    table = pd.DataFrame({"visits": rng.normal(size=number), "export": rng.random(number) < 0.3})
    life = rng.exponential(12 * np.exp(-0.8 * table["visits"] + 0.5 * table["export"]))
    entry, seen = rng.uniform(0, 8, number), rng.uniform(1, 30, number)
    if rounded:
        life, entry, seen = np.ceil(life), np.floor(entry), np.ceil(seen)
    lasted, event = np.minimum(life, entry + seen), life <= entry + seen
    watched = lasted > entry
    return (
        table[watched].reset_index(drop=True),
        lasted[watched],
        event[watched],
        entry[watched],
    )


@pytest.mark.parametrize("late", [False, True])
def test_ties_and_late_entry_equal_statsmodels(late):
    table, lasted, event, entry = _accounts()
    model = CoxModel().fit(table, lasted, event, entry if late else None)

    # statsmodels counts who enters on the day of a leaving; R, scikit-survival and kamlab do not
    after = entry + 0.5 if late else None
    other = PHReg(lasted, table.astype(float), event.astype(int), entry=after, ties="efron").fit()
    assert model.coefficients_.to_numpy() == pytest.approx(other.params, abs=1e-6)
    assert model.standard_errors_.to_numpy() == pytest.approx(other.bse, abs=1e-6)
    assert model.log_likelihood_ == pytest.approx(other.llf, abs=1e-6)


def test_a_ridge_equals_scikit_survival():
    table, lasted, event, _ = _accounts(1)
    table = (table - table.mean()) / table.std(ddof=0)
    model = CoxModel(ridge=20).fit(table, lasted, event)

    other = CoxPHSurvivalAnalysis(alpha=20, ties="efron", tol=1e-12)
    other.fit(table, Surv.from_arrays(event, lasted))
    assert model.coefficients_.to_numpy() == pytest.approx(other.coef_, abs=1e-6)
    free = CoxModel().fit(table, lasted, event)
    assert model.coefficients_.abs().sum() < free.coefficients_.abs().sum()


def test_predicted_survival_equals_scikit_survival_without_ties():
    table, lasted, event, _ = _accounts(2, rounded=False)
    model = CoxModel().fit(table, lasted, event)
    other = CoxPHSurvivalAnalysis(tol=1e-12).fit(
        table.astype(float), Surv.from_arrays(event, lasted)
    )

    times = [1.0, 5.0, 10.0, 20.0]
    theirs = [[curve(time) for time in times] for curve in other.predict_survival_function(table)]
    assert model.predict_survival(table, times).to_numpy() == pytest.approx(
        np.array(theirs), abs=1e-6
    )


def test_derivatives_agree_with_differences():
    table, lasted, event, entry = _accounts(3)
    values, sets = table.to_numpy(float), risk_sets(lasted, event, entry)
    at, step = np.array([0.3, -0.2]), 1e-5
    found = likelihood(values, at, sets)

    for place in range(2):
        move = step * np.eye(2)[place]
        above, below = (likelihood(values, at + sign * move, sets) for sign in (1, -1))
        slope = (above.value - below.value) / (2 * step)
        assert found.gradient[place] == pytest.approx(slope, rel=1e-6)
        bend = -(above.gradient - below.gradient) / (2 * step)
        assert found.information[place] == pytest.approx(bend, rel=1e-6)


def test_the_truth_is_found_and_ignoring_late_entry_loses_it():
    rng = np.random.default_rng(4)
    number = 20_000
    loyal = rng.random(number) < 0.5
    life = rng.exponential(np.where(loyal, 20.0, 5.0))
    entry = rng.uniform(0, 30, number)
    watched = life > entry
    frame = pd.DataFrame({"loyal": loyal[watched]})
    event = np.ones(watched.sum())

    model = CoxModel().fit(frame, life[watched], event, entry[watched])
    assert model.coefficients_["loyal"] == pytest.approx(np.log(5 / 20), abs=0.08)
    naive = CoxModel().fit(frame, life[watched], event)
    assert abs(naive.coefficients_["loyal"] - np.log(5 / 20)) > 0.3


def test_text_columns_are_held_against_the_most_frequent_value():
    table, lasted, event, _ = _accounts(5)
    named = pd.DataFrame(
        {"visits": table["visits"], "market": np.where(table["export"], "export", "home")}
    )
    model = CoxModel().fit(named, lasted, event)
    plain = CoxModel().fit(table, lasted, event)

    assert model.levels_ == {"market": ["home", "export"]}
    assert model.coefficients_["market=export"] == pytest.approx(plain.coefficients_["export"])
    assert model.predict(named) == pytest.approx(plain.predict(table))
    with pytest.raises(ValueError, match="market has values not fitted on: abroad"):
        model.predict(named.assign(market="abroad"))


def test_remaining_life_is_where_conditional_survival_halves():
    table, lasted, event, entry = _accounts(6)
    model = CoxModel().fit(table, lasted, event, entry)
    tenure = np.full(len(table), 4.0)
    median = model.median_remaining(table, tenure=tenure)

    assert np.isfinite(median).any()
    for place in np.flatnonzero(np.isfinite(median))[:20]:
        one = table.iloc[[place]]
        at = model.predict_survival(one, [median[place] - 1e-6, median[place]], tenure=4.0)
        assert at.iloc[0, 0] > 0.5 >= at.iloc[0, 1]
    whole = model.predict_survival(table, [4.0, 10.0])
    later = model.predict_survival(table, [6.0], tenure=tenure)
    assert later[6.0].to_numpy() == pytest.approx((whole[10.0] / whole[4.0]).to_numpy())
    assert model.predict_survival(table, [model.last_ + 1]).isna().all().all()


def test_the_average_of_curves_is_near_the_curve_of_all():
    table, lasted, event, _ = _accounts(7, 3000)
    model = CoxModel().fit(table, lasted, event)
    curve = survival_curve(lasted, event).set_index("time")["survival"]

    mean = model.predict_survival(table, [3, 6, 12]).mean()
    assert mean.to_numpy() == pytest.approx(curve[[3, 6, 12]].to_numpy(), abs=0.02)


@pytest.mark.parametrize("transform", ["km", "rank", "identity", "log"])
def test_a_fading_effect_is_found_and_a_lasting_one_is_not(transform):
    rng = np.random.default_rng(8)
    number = 3000
    fading, lasting = rng.random(number) < 0.5, rng.normal(size=number)
    # twice as likely to leave in the first 5 months, half as likely after them
    base = rng.exponential(10, number) / np.exp(0.7 * lasting)
    life = np.where(fading, np.where(base < 10, base / 2, 5 + (base - 10) * 2), base)
    table = pd.DataFrame({"fading": fading, "lasting": lasting})
    lasted, event = np.minimum(life, 30), life < 30
    model = CoxModel().fit(table, lasted, event)
    found = model.proportionality(table, lasted, event, transform=transform).set_index("column")

    assert found.loc["fading", "p_value"] < 1e-6
    assert found.loc["fading", "correlation"] < -0.1
    assert found.loc["all", "p_value"] < 1e-6
    assert found.loc["all", "freedom"] == 2
    assert found.loc["lasting", "statistic"] < 0.2 * found.loc["fading", "statistic"]


def test_the_proportionality_test_keeps_its_level():
    below = []
    for seed in range(200):
        table, lasted, event, entry = _accounts(seed, 120)
        model = CoxModel().fit(table, lasted, event, entry)
        test = model.proportionality(table, lasted, event, entry)
        below.append(test["p_value"].to_numpy() < 0.1)

    assert np.mean(below, axis=0) == pytest.approx([0.1] * 3, abs=0.06)


def test_intervals_cover_the_truth():
    covered = []
    for seed in range(200):
        table, lasted, event, entry = _accounts(seed, 150, rounded=False)
        row = CoxModel().fit(table, lasted, event, entry).summary(level=0.9).iloc[0]
        covered.append(row["low"] <= np.exp(0.8) <= row["high"])

    assert np.mean(covered) == pytest.approx(0.9, abs=0.05)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"visits": np.nan}, "values are missing in visits"),
        ({"export": True}, "these columns never vary: export"),
        ({"twice": lambda data: 2 * data["visits"] - 1}, "twice follows from the other columns"),
    ],
)
def test_what_cannot_be_learnt_from_is_refused(change, said):
    table, lasted, event, _ = _accounts(9)

    with pytest.raises(ValueError, match=said):
        CoxModel().fit(table.assign(**change), lasted, event)


def test_a_column_that_tells_all_is_refused_and_a_ridge_copes():
    table, lasted, event, _ = _accounts(10)
    table = table.assign(told=event)

    with pytest.raises(ValueError, match="no finite coefficient fits told"):
        CoxModel().fit(table, lasted, event)
    assert 0 < CoxModel(ridge=1).fit(table, lasted, event).coefficients_["told"] < 20


def test_a_saved_model_is_the_same_model_and_holds_nothing_else():
    table, lasted, event, _ = _accounts(12)
    table = table.assign(market=np.where(table["export"], "export", "home")).drop(columns="export")
    model = CoxModel(ridge=1).fit(table, lasted, event)
    saved = skops.io.dumps(model)

    assert skops.io.get_untrusted_types(data=saved) == ["kamlab.churn.cox.CoxModel"]
    for again in (
        skops.io.loads(saved, trusted=["kamlab.churn.cox.CoxModel"]),
        copy.deepcopy(model),
    ):
        pd.testing.assert_frame_equal(again.summary(), model.summary())
        pd.testing.assert_frame_equal(again.baseline_, model.baseline_)
        pd.testing.assert_frame_equal(
            again.predict_survival(table, [3, 9], tenure=2),
            model.predict_survival(table, [3, 9], tenure=2),
        )
        assert again.ridge == 1
    assert skops.io.loads(
        skops.io.dumps(CoxModel(ridge=3)), trusted=["kamlab.churn.cox.CoxModel"]
    ).get_params() == {"ridge": 3}


def test_other_refusals_and_clones():
    table, lasted, event, _ = _accounts(11)

    with pytest.raises(ValueError, match="nobody left"):
        CoxModel().fit(table, lasted, np.zeros(len(lasted)))
    with pytest.raises(ValueError, match="rows for"):
        CoxModel().fit(table.iloc[:-1], lasted, event)
    with pytest.raises(ValueError, match="ridge must be 0 or more"):
        CoxModel(ridge=-1).fit(table, lasted, event)
    with pytest.raises(ValueError, match="no column"):
        CoxModel().fit(table[[]], lasted, event)
    model = CoxModel().fit(table, lasted, event)
    with pytest.raises(ValueError, match="transform must be"):
        model.proportionality(table, lasted, event, transform="square")
    with pytest.raises(ValueError, match="0 or more"):
        model.predict_survival(table, [-1])
    assert clone(CoxModel(ridge=2)).ridge == 2
