"""Win-back and share of wallet on the textbook sets of the R package SMCRM."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from kamlab.churn.calibration import calibration_line
from kamlab.retention.two_part import TwoPartModel

FEATURES = ["duration_1", "offer", "duration_lapse", "price_change", "gender", "age"]


@pytest.fixture(scope="module")
def lost(shared_data):
    return pd.read_csv(shared_data("smcrm") / "customerWinBack.csv")


@pytest.fixture(scope="module")
def model(lost):
    amounts = lost[["duration_2", "sclv"]].set_axis(["days", "value"], axis=1)
    return TwoPartModel().fit(lost[FEATURES], lost["reacquire"], amounts)


def test_win_back_is_told_and_calibrated_on_unseen_rows(lost, model):
    judged = model.judged_.set_index("part")

    assert judged.loc["happens", "auc"] > 0.94
    assert judged.loc["happens", "slope"] == pytest.approx(1, abs=0.25)
    assert judged.loc["happens", "intercept"] == pytest.approx(0, abs=0.3)
    assert judged.loc[["days", "value"], "explained_low"].min() > 0.95
    line = calibration_line(lost["reacquire"].to_numpy(bool), model.out_of_fold_)
    assert line.slope.low < 1 < line.slope.high


def test_second_lifetime_value_is_expected_without_bias(lost, model):
    """Half of the customers are held back; in fifths by expectation the sums come true."""
    train = np.random.default_rng(0).random(len(lost)) < 0.5
    amounts = lost[["sclv"]]
    half = TwoPartModel()
    half.fit(lost.loc[train, FEATURES], lost.loc[train, "reacquire"], amounts[train])
    rest = lost[~train]
    expected = half.predict(rest[FEATURES])["expected_sclv"]
    came = rest["sclv"].where(rest["reacquire"] == 1, 0.0)
    fifths = pd.qcut(expected, 5, labels=False)
    error = came.groupby(fifths).std() / np.sqrt(came.groupby(fifths).size())
    gap = came.groupby(fifths).mean() - expected.groupby(fifths).mean()

    assert expected.sum() == pytest.approx(came.sum(), rel=0.06)
    assert (gap.abs() < 3 * error + 25).all()  # of the least likely fifth nobody came


def test_directions_agree_with_the_probit_of_statsmodels(lost, model):
    probit = sm.Probit(lost["reacquire"], sm.add_constant(lost[FEATURES])).fit(disp=0)
    clear = probit.pvalues[FEATURES][lambda p: p < 0.01].index
    middle = lost[FEATURES].median().to_frame().T
    for name in clear:
        ends = [middle.assign(**{name: lost[name].quantile(q)}) for q in (0.25, 0.75)]
        low, high = (float(model.predict(one)["probability"].iloc[0]) for one in ends)
        assert np.sign(high - low) == np.sign(probit.params[name])


def test_share_of_wallet_tells_what_it_can_and_no_more(shared_data):
    """What was spent and who they are says nothing of the share; with profit, a third of it."""
    firms = pd.read_csv(shared_data("smcrm") / "acquisitionRetention.csv")
    share = pd.DataFrame({"share": firms["sow"] / 100})
    before = ["acq_exp", "industry", "revenue", "employees"]
    early = TwoPartModel(low=0, high=1).fit(firms[before], firms["acquisition"], share)
    judged = early.judged_.set_index("part")

    assert judged.loc["happens", "shape"] == "curved"
    assert judged.loc["happens", "auc"] > 0.87
    assert judged.loc["share", "shape"] == "none"
    assert np.ptp(early.predict(firms[before])["share"]) == 0

    later = [*before, "ret_exp", "freq", "crossbuy", "duration", "profit"]
    won = firms["acquisition"] == 1
    full = TwoPartModel(low=0, high=1).fit(firms.loc[won, later], won[won], share[won])
    assert full.judged_.set_index("part").loc["share", "explained"] > 0.15
    assert full.predict(firms[later])["share"].between(0, 1).all()
