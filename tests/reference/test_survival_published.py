"""Published survival figures: the 6-MP trial, arrests after release, telephone contracts, B2B."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import statsmodels.duration
from sksurv.linear_model import CoxPHSurvivalAnalysis
from sksurv.nonparametric import kaplan_meier_estimator
from sksurv.util import Surv

from kamlab.churn.cox import CoxModel
from kamlab.churn.survival import log_rank, median_life, survival_curve
from kamlab.churn.survival_scores import concordance

# Freireich et al. 1963, as printed in Klein and Moeschberger 2003, table 1.1: weeks of remission
TREATED = [6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35]
RELAPSED = [1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
PLACEBO = [1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23]


@pytest.fixture(scope="module")
def telco(shared_data):
    return pd.read_csv(shared_data("telco") / "telco_churn.csv").assign(
        left=lambda data: data["Churn"] == "Yes"
    )


@pytest.fixture(scope="module")
def cohort(telco):
    """Month-to-month contracts with internet, the cohort of the published walk-throughs."""
    monthly = telco["Contract"] == "Month-to-month"
    return telco[monthly & (telco["InternetService"] != "No")]


def test_the_6_mp_arm():
    curve = survival_curve(TREATED, RELAPSED).set_index("time")
    found = curve.loc[[6, 7, 10, 13, 16, 22, 23], "survival"]

    assert found.round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert median_life(curve.reset_index())["median"].iloc[0] == 23
    # Klein and Moeschberger, table 4.1: Greenwood's standard error at 23 weeks is 0.1346
    at = curve.loc[23]
    half = np.log(np.log(at["high"]) / np.log(at["low"])) / -2
    assert half / 1.959964 * at["survival"] * -np.log(at["survival"]) == pytest.approx(
        0.1346, abs=5e-5
    )


def test_the_6_mp_trial():
    found = log_rank(TREATED + PLACEBO, RELAPSED + [1] * 21, ["6-MP"] * 21 + ["placebo"] * 21)

    assert found.statistic == pytest.approx(16.79, abs=5e-3)
    assert found.table["expected"].round(2).tolist() == [19.25, 10.75]


# Lives of flies in days, `waltons` of lifelines (MIT): those with a tiny RNA, and the others;
# a sign marks a life that was not seen to its end
TINY_RNA = {
    6: 1, 9: 3, 13: 3, 15: 2, 19: 3, 22: 4, 26: 5, 29: 5, 33: 2, 36: 2, 43: 1, 47: 1, 62: 2,
}  # fmt: skip
OTHERS = {
    7: 1, -7: 1, 17: 1, 32: 1, 33: 1, 38: 2, 41: 7, 45: 9, -45: 1, 48: 8, 51: 3, 53: 7, 54: 2,
    56: 18, 58: 4, 60: 15, -60: 1, 61: 9, -61: 2, 63: 9, 66: 3, 68: 9, -68: 1, 69: 12, -69: 1,
    75: 1,
}  # fmt: skip


def test_lives_of_flies():
    groups = {"miR-137": TINY_RNA, "control": OTHERS}
    rows = [
        (abs(days), days > 0, group)
        for group, lives in groups.items()
        for days, count in lives.items()
        for _ in range(count)
    ]
    lasted, event, group = (list(column) for column in zip(*rows, strict=True))
    curve = survival_curve(lasted, event)
    median = median_life(curve).iloc[0]
    found = log_rank(lasted, event, group)

    assert len(rows) == 163
    assert (median["median"], median["low"], median["high"]) == (56, 53, 58)
    share = curve.set_index("time")["survival"]
    assert share[share.index <= 30].iloc[-1] == pytest.approx(0.8272239, abs=5e-8)
    assert share[56] == pytest.approx(0.4299026, abs=5e-8)
    assert found.statistic == pytest.approx(122.249, abs=5e-4)
    assert found.p_value == pytest.approx(2.04e-28, rel=5e-3)


def test_veterans_with_lung_cancer():
    """The user guide of scikit-survival, which takes ties by Breslow; ours by Efron is near it."""
    from sksurv.datasets import load_veterans_lung_cancer

    table, lives = load_veterans_lung_cancer()
    lasted, event = lives["Survival_in_days"], lives["Status"]
    model = CoxModel().fit(table, lasted, event)
    coded = pd.get_dummies(table, drop_first=True).astype(float)
    breslow = CoxPHSurvivalAnalysis().fit(coded, lives)
    guide = dict(zip(coded.columns, breslow.coef_, strict=True))

    assert guide["Karnofsky_score"] == pytest.approx(-0.032622, abs=5e-7)
    assert guide["Celltype_squamous"] == pytest.approx(-1.188299, abs=5e-7)
    assert guide["Treatment_test"] == pytest.approx(0.289936, abs=5e-7)
    assert concordance(lasted, event, breslow.predict(coded)) == pytest.approx(0.736256, abs=5e-7)
    assert concordance(lasted, event, model.predict(table)) == pytest.approx(0.7363, abs=2e-3)
    efron = CoxPHSurvivalAnalysis(ties="efron", tol=1e-14, n_iter=200).fit(coded, lives)
    assert model.log_likelihood_ == pytest.approx(-474.4, abs=1.0)
    assert np.corrcoef(model.predict(table), efron.predict(coded))[0, 1] == pytest.approx(1)


def test_all_telephone_contracts(telco):
    curve = survival_curve(telco["tenure"], telco["left"]).set_index("time")["survival"]
    published = [0.884826, 0.843200, 0.788736, 0.748545, 0.708840, 0.664404, 0.592790]

    assert curve[[6, 12, 24, 36, 48, 60, 72]].tolist() == pytest.approx(published, abs=5e-7)
    assert np.isinf(median_life(survival_curve(telco["tenure"], telco["left"]))["median"].iloc[0])


def test_month_to_month_contracts(cohort):
    curve = survival_curve(cohort["tenure"], cohort["left"])
    median = median_life(curve).iloc[0]

    assert (len(cohort), median["events"], median["median"]) == (3351, 1556, 34.0)
    found = curve.set_index("time").loc[[12, 24, 36, 60], "survival"]
    assert found.tolist() == pytest.approx([0.695031, 0.575343, 0.480030, 0.289013], abs=5e-7)


@pytest.mark.parametrize(
    ("column", "statistic", "digits"),
    [("gender", 2.0389, 5e-5), ("OnlineSecurity", 141.60, 5e-3), ("Dependents", 35.03, 5e-3)],
)
def test_log_rank_of_month_to_month_contracts(cohort, column, statistic, digits):
    found = log_rank(cohort["tenure"], cohort["left"], cohort[column])

    assert found.statistic == pytest.approx(statistic, abs=digits)


def test_b2b_accounts_equal_scikit_survival(shared_data):
    accounts = pd.read_csv(shared_data("smcrm") / "customerChurn.csv")
    event = accounts["censor"] == 0  # 1: still a customer after two years
    curve = survival_curve(accounts["duration"], event).query("time > 0")

    times, share, limits = kaplan_meier_estimator(
        event.to_numpy(), accounts["duration"].to_numpy(), conf_type="log-log"
    )
    assert curve["time"].to_numpy() == pytest.approx(times)
    assert curve["survival"].to_numpy() == pytest.approx(share, abs=1e-9)
    assert curve["low"].to_numpy() == pytest.approx(limits[0], abs=1e-6)
    assert curve["high"].to_numpy() == pytest.approx(limits[1], abs=1e-6)


def test_arrests_after_release():
    men = pd.read_csv(Path(__file__).parent / "data" / "rossi.csv", comment="#")
    columns = ["fin", "age", "race", "wexp", "mar", "paro", "prio"]
    model = CoxModel().fit(men[columns], men["week"], men["arrest"])

    published = [-0.379422, -0.057438, 0.313900, -0.149796, -0.433704, -0.084871, 0.091497]
    errors = [0.191379, 0.021999, 0.307993, 0.212224, 0.381868, 0.195757, 0.028649]
    assert model.coefficients_.to_numpy() == pytest.approx(published, abs=5e-7)
    assert model.standard_errors_.to_numpy() == pytest.approx(errors, abs=5e-7)
    assert model.log_likelihood_ == pytest.approx(-658.747659, abs=5e-7)
    # Fox and Weisberg, appendix on Cox regression to the R Companion: rho of the short model
    short = men[["fin", "age", "prio"]]
    model = CoxModel().fit(short, men["week"], men["arrest"])
    found = model.proportionality(short, men["week"], men["arrest"])
    assert found["correlation"][:3].round(5).tolist() == [-0.00657, -0.20976, -0.08004]


# Edmonson et al. 1979, `ovarian` of R's survival: days, died, age, performance status
OVARIAN = """
59 1 72.3315 1 / 115 1 74.4932 1 / 156 1 66.4658 2 / 421 0 53.3644 1 / 431 1 50.3397 1
/ 448 0 56.4301 2 / 464 1 56.9370 2 / 475 1 59.8548 2 / 477 0 64.1753 1 / 563 1 55.1781 2
/ 638 1 56.7562 2 / 744 0 50.1096 1 / 769 0 59.6301 2 / 770 0 57.0521 1 / 803 0 39.2712 1
/ 855 0 43.1233 2 / 1040 0 38.8932 2 / 1106 0 44.6000 1 / 1129 0 53.9068 1 / 1206 0 44.2055 1
/ 1227 0 59.5890 2 / 268 1 74.5041 2 / 329 1 43.1370 1 / 353 1 63.2192 2 / 365 1 64.4247 1
/ 377 0 58.3096 1
"""


def test_proportionality_of_the_ovarian_trial():
    rows = np.array([row.split() for row in OVARIAN.split("/")], float)
    table = pd.DataFrame(rows[:, 2:], columns=["age", "ecog.ps"])
    model = CoxModel().fit(table, rows[:, 0], rows[:, 1])
    found = model.proportionality(table, rows[:, 0], rows[:, 1])

    # the example of cox.zph in R's survival 3
    assert found["statistic"].round(3).tolist() == [0.698, 2.371, 3.633]
    assert found["p_value"].round(2).tolist() == [0.40, 0.12, 0.16]


@pytest.mark.parametrize("name", ["20_1", "50_1", "50_2", "100_5", "1000_10"])
@pytest.mark.parametrize("late", [False, True])
def test_ties_and_late_entry_as_in_r(name, late):
    from statsmodels.duration.tests.results import survival_r_results as r

    folder = Path(statsmodels.duration.__file__).parent / "tests" / "results"
    data = np.loadtxt(folder / f"survival_data_{name}.csv")
    lasted, event, entry = data[:, 0], data[:, 1], data[:, 2]
    watched = lasted > entry if late else np.full(len(data), fill_value=True)
    model = CoxModel().fit(
        data[watched, 3:], lasted[watched], event[watched], entry[watched] if late else None
    )

    tag = f"{name}_et_efr" if late else f"{name}_efr"
    assert model.coefficients_.to_numpy() == pytest.approx(getattr(r, f"coef_{tag}"), rel=2e-5)
    assert model.standard_errors_.to_numpy() == pytest.approx(getattr(r, f"se_{tag}"), rel=2e-6)


def test_cox_of_month_to_month_contracts(cohort):
    table = pd.DataFrame(
        {
            "dependents": cohort["Dependents"] == "Yes",
            "dsl": cohort["InternetService"] == "DSL",
            "backup": cohort["OnlineBackup"] == "Yes",
            "support": cohort["TechSupport"] == "Yes",
        }
    )
    model = CoxModel().fit(table, cohort["tenure"], cohort["left"])

    ratios = model.summary()["hazard_ratio"].round(4).tolist()
    assert ratios == [0.7199, 0.8047, 0.4600, 0.5277]
    assert model.log_likelihood_ == pytest.approx(-11315.952477, abs=5e-7)


def test_cox_of_b2b_accounts_equals_scikit_survival(shared_data):
    accounts = pd.read_csv(shared_data("smcrm") / "customerChurn.csv")
    event = (accounts["censor"] == 0).to_numpy()
    table = accounts.drop(columns=["customer", "duration", "censor"])
    model = CoxModel().fit(table, accounts["duration"], event)

    other = CoxPHSurvivalAnalysis(ties="efron", tol=1e-14, n_iter=200)
    scaled = (table - table.mean()) / table.std()
    other.fit(scaled, Surv.from_arrays(event, accounts["duration"]))
    theirs = other.coef_ / table.std().to_numpy()
    assert model.coefficients_.to_numpy() == pytest.approx(theirs, rel=1e-6)


def test_concordance_of_published_cox_models(cohort):
    men = pd.read_csv(Path(__file__).parent / "data" / "rossi.csv", comment="#")
    table = men.drop(columns=["week", "arrest"])
    risk = CoxModel().fit(table, men["week"], men["arrest"]).predict(table)
    assert concordance(men["week"], men["arrest"], risk) == pytest.approx(0.640329, abs=5e-7)

    names = ["Dependents", "InternetService", "OnlineBackup", "TechSupport"]
    table = cohort[names] == ["Yes", "DSL", "Yes", "Yes"]
    risk = CoxModel().fit(table, cohort["tenure"], cohort["left"]).predict(table)
    assert concordance(cohort["tenure"], cohort["left"], risk) == pytest.approx(0.640883, abs=5e-7)
