"""Offers to lost accounts: what came of them, and which offer is worth making to whom."""

import numpy as np
import pandas as pd
import pytest

from kamlab.retention.offers import offer_chances, past_offers, won_back
from kamlab.retention.returns import FEATURES

END = "2025-01-01"


def _daily(orders):
    """One row an account and day, a fifth of net sales as gross profit."""
    table = pd.DataFrame(orders, columns=["account_id", "day", "net_sales"])
    table["day"] = pd.to_datetime(table["day"])
    return table.assign(gross_profit=table["net_sales"] * 0.2)


@pytest.fixture(scope="module")
def market():
    """600 lost accounts: a dear offer wins back most, advice nobody; each brought 1,000 a year."""
    rng = np.random.default_rng(3)
    n = 600
    ids = np.array([f"A{i:03d}" for i in range(n)])
    kind = rng.choice(["price", "advice"], n)
    offer = rng.choice([50.0, 100.0, 150.0], n)
    came = rng.random(n) < np.where(kind == "price", offer / 200, 0.08)
    first = [(one, day, 500.0) for one in ids for day in ("2022-03-01", "2022-09-01")]
    second = [(one, "2023-09-01", 3000.0) for one in ids[came]]
    offers = pd.DataFrame(
        {"account_id": ids, "date": pd.Timestamp("2023-06-01"), "kind": kind, "offer": offer}
    )
    return _daily(first + second), offers, came


def test_orders_tell_who_came_back_where_nobody_wrote_it_down():
    daily = _daily(
        [
            ("a", "2022-03-01", 100.0),
            ("a", "2023-05-01", 400.0),
            ("b", "2022-03-01", 100.0),
            ("late", "2022-03-01", 100.0),
            ("late", "2024-08-01", 100.0),
        ]
    )
    offers = pd.DataFrame(
        {
            "account_id": ["a", "b", "b", "late", "stranger"],
            "date": pd.to_datetime(
                ["2023-01-01", "2023-01-01", "2023-06-01", "2024-06-01", "2023-01-01"]
            ),
            "came_back": pd.array([pd.NA, pd.NA, True, True, True], dtype="boolean"),
            "second_value": [np.nan, np.nan, 77.0, np.nan, 5.0],
        }
    )
    seen = past_offers(offers, daily, END)

    # the year after the offer to "late" is not over, and nobody knows "stranger"
    assert seen["account_id"].tolist() == ["a", "b", "b"]
    assert seen["returned"].tolist() == [True, False, True]
    assert seen["value"].tolist() == [80.0, 0.0, 77.0]
    assert seen["silent_days"].tolist() == [306.0, 306.0, 457.0]
    assert set(FEATURES) <= set(seen)


def test_the_offer_that_pays_is_found_and_told_with_calibration(market):
    daily, offers, came = market
    gone = pd.DataFrame({"account_id": offers["account_id"][~came]})
    chances, judged = offer_chances(offers, daily, gone, END)
    happens = judged.set_index("part").loc["happens"]

    assert happens["auc"] > 0.75
    assert happens["slope"] == pytest.approx(1, abs=0.3)
    assert chances["account_id"].is_unique
    assert len(chances) == len(gone)
    assert (chances["offer_kind"] == "price").all()
    # 150 wins back three of four, who then bring 600: 0.75 * 450 beats 0.5 * 500
    assert (chances["offer"] == 150).all()
    assert chances["offer_chance"].mean() == pytest.approx(0.75, abs=0.12)
    assert chances["offer_value"].mean() == pytest.approx(600, abs=10)
    assert chances["offer_net"].mean() == pytest.approx(0.75 * 450, rel=0.2)


def test_too_few_offers_say_nothing(market):
    daily, offers, _ = market
    gone = offers[["account_id"]]

    for few in (offers.head(15), offers.head(0)):
        chances, judged = offer_chances(few, daily, gone, END)
        assert chances.empty
        assert judged.empty
        assert "offer_net" in chances


def test_offers_that_followed_size_are_sought_by_their_share():
    """Half of the offers are 5 % of a year's gross profit, half 20 %; the dear ones win back."""
    rng = np.random.default_rng(5)
    n = 400
    ids = np.array([f"A{i:03d}" for i in range(n)])
    sales = np.round(rng.lognormal(8, 1.2, n), 2)
    share = rng.choice([0.05, 0.20], n)
    came = rng.random(n) < np.where(share > 0.1, 0.7, 0.15)
    daily = _daily([(one, "2022-06-01", amount) for one, amount in zip(ids, sales, strict=True)])
    offers = pd.DataFrame(
        {
            "account_id": ids,
            "date": pd.Timestamp("2023-06-01"),
            "offer": share * 0.2 * sales,
            "came_back": came,
            "second_value": np.where(came, 0.2 * sales, 0.0),
        }
    )
    gone = pd.DataFrame({"account_id": ids[~came]})
    chances, judged = offer_chances(offers, daily, gone, END)
    yearly = 0.2 * pd.Series(sales, ids)[chances["account_id"]].to_numpy()

    assert judged.set_index("part").loc["happens", "auc"] > 0.7
    assert (chances["offer"] / yearly).median() == pytest.approx(0.20, abs=0.01)


def test_who_came_back_by_the_record_is_told_unless_orders_tell():
    daily = _daily([("silent", "2022-06-01", 9.0), ("again", "2023-09-01", 9.0)])
    offers = pd.DataFrame(
        {
            "account_id": ["silent", "again", "no", "late"],
            "date": pd.to_datetime(["2023-06-01", "2023-06-01", "2023-06-01", "2025-06-01"]),
            "came_back": pd.array([True, True, pd.NA, True], dtype="boolean"),
        }
    )
    assert won_back(offers, daily, END).tolist() == ["silent"]
    assert won_back(offers.drop(columns="came_back"), daily, END).empty
