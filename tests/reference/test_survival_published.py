"""Published survival figures: the 6-MP trial, telephone contracts and a textbook's B2B accounts."""

import numpy as np
import pandas as pd
import pytest
from sksurv.nonparametric import kaplan_meier_estimator

from kamlab.churn.survival import log_rank, median_life, survival_curve

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
