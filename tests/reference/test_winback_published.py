"""Win-back and share of wallet on the textbook sets of the R package SMCRM."""

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from kamlab.churn.calibration import calibration_line
from kamlab.retention.offers import offer_chances, past_offers
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


def test_the_study_tells_the_set_as_a_table_of_offers(lost):
    """First life and lapse as orders, the rest as `win_back_offers`, without age and gender."""
    start = pd.Timestamp("2015-01-01")
    ended = start + pd.to_timedelta(lost["duration_1"], unit="D")
    ids = lost["customer"].astype(int).astype(str)
    daily = pd.DataFrame(
        {
            "account_id": [*ids, *ids],
            "day": [*[start] * len(lost), *ended],
            "net_sales": 100.0,
            "gross_profit": 20.0,
        }
    )
    offers = pd.DataFrame(
        {
            "account_id": ids,
            "date": ended + pd.to_timedelta(lost["duration_lapse"], unit="D"),
            "offer": lost["offer"],
            "price_change": lost["price_change"],
            "came_back": lost["reacquire"] == 1,
            "second_value": lost["sclv"],
        }
    )
    seen = past_offers(offers, daily, "2030-01-01").set_index("account_id").loc[ids]
    gone = offers.loc[~offers["came_back"], ["account_id"]]
    chances, judged = offer_chances(offers, daily, gone, "2030-01-01")
    judged = judged.set_index("part")

    assert seen["silent_days"].tolist() == lost["duration_lapse"].tolist()
    assert seen["returned"].tolist() == (lost["reacquire"] == 1).tolist()
    assert judged.loc["happens", "auc"] > 0.85
    assert judged.loc["happens", "slope"] == pytest.approx(1, abs=0.25)
    assert judged.loc["value", "explained_low"] > 0.3
    assert len(chances) == len(gone)
    assert chances["offer"].isin(lost["offer"].quantile([0.25, 0.5, 0.75])).all()


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
