import numpy as np
import pandas as pd
import pytest

from kamlab.simulation import Config
from kamlab.simulation.defections import (
    INTERVIEW_CONFUSION,
    INTERVIEWED,
    MANAGER_CONFUSION,
    draw_defections,
)
from kamlab.simulation.distributor import draw_world, stream
from kamlab.simulation.leaving import CAUSES


@pytest.fixture(scope="module")
def defections():
    world = draw_world(Config(seed=4, n_accounts=6_000))
    return draw_defections(
        world.latents,
        world.history,
        world.management,
        world.identity,
        stream(world.config, "defections"),
    )


@pytest.mark.parametrize("confusion", [MANAGER_CONFUSION, INTERVIEW_CONFUSION])
def test_a_confusion_matrix_has_rows_that_sum_to_one(confusion):
    np.testing.assert_allclose(confusion.sum(axis=1), 1)
    assert (confusion >= 0).all()


@pytest.mark.parametrize(
    ("source", "confusion"),
    [("manager_reason", MANAGER_CONFUSION), ("interview_reason", INTERVIEW_CONFUSION)],
)
def test_reports_follow_their_confusion_matrix(defections, source, confusion):
    _, truth = defections
    told = truth[truth[source].notna()]
    for row, cause in enumerate(CAUSES):
        mine = told[told["cause"] == cause]
        if mine.empty:
            continue  # nobody closed is interviewed
        right = (mine[source] == cause).mean()
        expected = confusion[row, row]
        error = np.sqrt(expected * (1 - expected) / len(mine)) + 1e-9
        assert abs(right - expected) < 4 * error


def test_managers_overstate_price_and_hide_service_and_relationship(defections):
    _, truth = defections
    told = truth[truth["manager_reason"].notna()]
    true_share = told["cause"].value_counts(normalize=True)
    reported = told["manager_reason"].value_counts(normalize=True)

    assert reported["price"] > true_share["price"] + 0.10
    assert reported["service"] < true_share["service"] - 0.05
    assert reported["relationship"] < true_share["relationship"] - 0.05


def test_interviews_reach_about_three_in_ten_of_those_still_in_business(defections):
    _, truth = defections
    open_ = truth[truth["cause"] != "closure"]

    assert abs(open_["interview_reason"].notna().mean() - INTERVIEWED) < 0.05
    assert truth[truth["cause"] == "closure"]["interview_reason"].isna().all()


def test_a_defection_is_recorded_after_the_account_left(defections):
    table, truth = defections
    both = table.merge(truth, on="account_id")
    lag = (both["defection_date"] - both["left_date"]).dt.days

    assert lag.between(0, 42).all()
    assert 0.02 < 1 - truth["recorded"].mean() < 0.12


def test_a_fall_comes_before_leaving_or_not_at_all(defections):
    _, truth = defections
    fell = truth["fell_date"].dropna()

    assert (fell <= truth.loc[fell.index, "left_date"]).all()


def test_nobody_orders_after_leaving(small):
    left = small.truth["defection"].set_index("account_id")["left_date"]
    orders = small.tables["orders"]
    bought = orders[orders["net_sales"] > 0].groupby("account_id")["order_date"].max()

    last = bought[bought.index.isin(left.index)]
    assert (last < left.loc[last.index]).all()


def test_volume_falls_before_a_partial_defector_leaves(small):
    truth = small.truth["defection"].dropna(subset=["fell_date"])
    month = small.truth["month"]
    before, after = [], []
    for account, fell in zip(truth["account_id"], truth["fell_date"], strict=True):
        mine = month[month["account_id"] == account].set_index("month")["volume"]
        before.append(mine[mine.index < fell].tail(6).mean())
        after.append(mine[mine.index >= fell].mean())

    ratio = (pd.Series(after) / pd.Series(before)).dropna()
    assert 0.2 < ratio.median() < 0.7
