"""What less churn is worth here: closed forms, published elasticities, records by hand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from kamlab.accounts.days import daily_sums
from kamlab.retention.loyalty import break_even_effect, loyalty_worth, yearly_record
from kamlab.simulation import simulate


def _record(left, stayed, profit=100.0):
    count = left + stayed
    return pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(count)],
            "left": np.arange(count) < left,
            "profit": profit,
        }
    )


@pytest.mark.parametrize(
    ("left", "gain"), [(40, 0.11), (30, 0.14), (20, 0.20), (15, 0.25), (10, 0.33), (7, 0.42)]
)
def test_five_points_at_ten_per_cent_discount(left, gain):
    """Constant margin: (1 + i) / (1 + i − r), +11 % at 60 % retention to +42 % at 93 %."""
    row = loyalty_worth(_record(left, 100 - left)).set_index("kind").loc["points"]

    assert row["gain_share"] == pytest.approx(gain, abs=0.006)
    assert row["value_before"] == pytest.approx(100 / (0.1 + left / 100))
    assert row["gain"] == pytest.approx(100 * (row["value_after"] - row["value_before"]))


def test_points_are_more_than_per_cent():
    table = loyalty_worth(_record(20, 80)).set_index("kind")

    assert table.loc["relative", "gain_share"] == pytest.approx(1 / (0.1 + 0.19) * 0.3 - 1)
    assert table.loc["points", "gain"] > 4 * table.loc["relative", "gain"]
    assert table["break_even_cost"].gt(0).all()


def test_intervals():
    table = loyalty_worth(_record(20, 80)).set_index("kind")
    row = table.loc["points"]

    assert (row["churn_low"], row["churn_high"]) == pytest.approx(
        proportion_confint(20, 100, 0.1, "wilson"), abs=1e-9
    )
    # the gain falls with the rate, so its ends are those of the rate's own luck, mirrored
    assert row["low"] < row["gain_share"] < row["high"]
    assert row["low"] > 0.14
    assert row["high"] < 0.28


def test_where_the_rate_cannot_fall_nothing_is_claimed():
    table = loyalty_worth(_record(3, 97)).set_index("kind")

    assert np.isnan(table.loc["points", "gain_share"])
    assert table.loc["relative", "gain_share"] > 0
    assert loyalty_worth(_record(20, 80, profit=-5.0))["gain"].isna().all()


def test_segments_stand_beside_the_whole():
    record = _record(20, 80)
    segment = pd.Series(["x"] * 50 + ["y"] * 45 + ["z"] * 5, record["account_id"])
    table = loyalty_worth(record, segment)

    # five accounts are too few to speak of
    assert table["segment"].unique().tolist() == ["all accounts", "x", "y"]
    assert table.set_index(["segment", "kind"]).loc[("x", "points"), "churn"] == 0.4


def test_record_by_hand():
    days = pd.DataFrame(
        {
            "account_id": ["a", "a", "b", "c"],
            "day": pd.to_datetime(["2024-03-01", "2025-03-01", "2024-02-01", "2025-05-01"]),
            "net_sales": [10.0, 30.0, 20.0, 5.0],
            "gross_profit": [1.0, 3.0, 2.0, 0.5],
        }
    )
    early = days.assign(
        day=days["day"].where(days["account_id"] != "b", pd.Timestamp("2024-01-05"))
    )
    table = yearly_record(early, date(2026, 1, 1)).set_index("account_id")

    assert table["left"].to_dict() == {"a": False, "b": True}
    assert table["profit"].to_dict() == {"a": 1.0, "b": 2.0}
    late = days[days["day"] >= "2024-03-01"]
    assert yearly_record(late, date(2026, 1, 1)).empty
    assert loyalty_worth(yearly_record(late, date(2026, 1, 1))).empty


def test_rate_of_the_simulated_distributor():
    """Accounts silent all year against those that truly left before or during it."""
    world = simulate("small", seed=5)
    record = yearly_record(daily_sums(world.tables["orders"], "2026-01-01"), date(2026, 1, 1))
    truth = world.truth["account"].set_index("account_id")["left"]
    gone_before = truth.reindex(record["account_id"]) <= "2025-01-15"

    assert record["left"].mean() == pytest.approx(gone_before.mean(), abs=0.05)


def test_break_even_of_an_action_never_tried():
    worth = pd.DataFrame({"account_id": list("abc"), "profit": [1000.0, 200.0, -50.0]})

    assert break_even_effect(worth, cost=60.0)["sales_effect"] == pytest.approx(0.1)
    assert break_even_effect(worth, cost=50.0, accounts=1)["one_in"] == pytest.approx(20)
    halved = break_even_effect(worth.assign(stays=0.5), cost=60.0)
    assert halved["sales_effect"] == pytest.approx(0.2)
