"""Offers to lost accounts and Kano's questions follow the laws that are stated of them."""

import numpy as np
import pandas as pd
import pytest

from kamlab.retention.kano import NAMES, kano_items
from kamlab.simulation.leaving import CAUSES
from kamlab.simulation.win_back_offers import return_chance


def test_offers_go_to_those_that_left_and_are_answered_as_often_as_the_law_says(small):
    offers = small.tables["win_back_offers"]
    both = offers.merge(small.truth["win_back"], on=["account_id", "date"], validate="1:1")
    left = small.truth["defection"].set_index("account_id")["left_date"]
    told = both[both["came_back"].notna()]
    luck = np.sqrt((told["chance"] * (1 - told["chance"])).sum())
    won = told[told["came_back"].astype(bool) & told["second_value"].notna()]

    assert (both["date"] > both["account_id"].map(left)).all()
    assert both["date"].max() < pd.Timestamp("2026-01-01")
    assert told["came_back"].sum() == pytest.approx(told["chance"].sum(), abs=2.6 * luck)
    assert (won["second_value"] / won["value"]).mean() == pytest.approx(1, abs=0.2)
    assert (both["cause"] != "closure").all()
    # who came back gets no further offer
    assert not offers.loc[offers["came_back"].fillna(value=False), "account_id"].duplicated().any()


def test_chances_rise_with_the_offer_and_fall_with_time():
    price, closure = CAUSES.index("price"), CAUSES.index("closure")

    def chance(share, kind, cause, years):
        return float(return_chance(*(np.array([one]) for one in (share, kind, cause, years)))[0])

    assert chance(0.01, 1, price, 0.0) == pytest.approx(1 / (1 + np.exp(0.8)))
    assert chance(0.02, 0, price, 0.5) > chance(0.01, 0, price, 0.5) > chance(0.01, 1, price, 0.5)
    assert chance(0.01, 0, price, 0.5) > chance(0.01, 0, price, 1.5)
    assert chance(0.04, 0, closure, 0.0) == 0


def test_kano_finds_the_kind_that_was_planted(small):
    planted = small.truth["kano"].set_index("item")["kind"]
    found = kano_items(small.tables["kano_answers"]).set_index("item")
    true = planted.map(NAMES).str.replace("_", "-")

    assert found["category"].to_dict() == true.to_dict()
    own = [found.loc[item, NAMES[kind]] for item, kind in planted.items()]
    assert np.mean(own) == pytest.approx(0.65 + 0.35 / 4, abs=0.06)
