"""Services: counted once, wherever their cost stands already."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kamlab.accounts.criteria import account_criteria
from kamlab.accounts.losses import CAUSES, loss_makers
from kamlab.accounts.profit import account_profit, price_waterfall
from kamlab.accounts.services import service_costs

START, AS_OF = date(2024, 1, 1), date(2025, 1, 1)
ORDERS = pd.DataFrame(
    {
        "account_id": ["A", "B", "C", "D"],
        "order_id": ["1", "2", "3", "4"],
        "order_date": pd.Timestamp("2024-01-05"),
        "net_sales": 1000.0,
        "cost_of_goods": 600.0,
        "cost_to_serve": [None, None, 70.0, 30.0],
    }
)
DONE = pd.DataFrame(
    [
        ("A", "2024-02-01", "Artwork", 300.0, 100.0),
        ("A", "2024-02-02", "VISIT ", 50.0, None),
        ("A", "2025-01-01", "artwork", 900.0, None),  # not in the period
        ("B", "2024-03-01", "samples", None, 20.0),  # nobody knows its cost
        ("C", "2024-03-01", "artwork", 45.0, 0.0),
        ("D", "2024-03-01", "artwork", 45.0, None),
    ],
    columns=["account_id", "provided_at", "service", "cost", "charged"],
)


def _made(*, counted=("visit",)):
    return service_costs(DONE, start=START, as_of=AS_OF, counted=counted)


def test_services_of_known_cost_are_summed_and_those_held_elsewhere_left_out():
    made = _made()
    table = made.table.set_index("account_id")
    kinds = made.services.set_index("service")

    assert table["service_cost"].to_dict() == {"A": 300, "C": 45, "D": 45}
    assert table["service_charged"].fillna(-1).to_dict() == {"A": 100, "C": 0, "D": -1}
    assert kinds["counted"].to_dict() == {"artwork": True, "visit": False, "samples": False}
    assert kinds.loc["artwork", "recovered"] == pytest.approx(100 / 390)
    assert _made(counted=()).table["service_cost"].iloc[0] == 350
    with pytest.raises(ValueError, match="begins on"):
        service_costs(DONE, start=AS_OF, as_of=START)


def test_cost_on_order_lines_stays_and_holds_the_services():
    made = account_profit(ORDERS, AS_OF, start=START, services=_made().table)

    assert made["cost_to_serve"].tolist() == [300, 0, 70, 30]
    assert made["service_cost"].tolist() == [300, 0, 45, 30]  # no more than the lines carry
    assert made["serve_source"].tolist() == ["services", "services", "given", "given"]
    assert made["contribution"].tolist() == [100, 400, 330, 370]
    steps = price_waterfall(made).set_index("step")["amount"]
    assert steps[["cost to serve", "services", "contribution"]].tolist() == [-25, -375, 1200]


def test_services_come_on_top_of_activities_or_rates():
    serving = pd.DataFrame({"account_id": ["A"], "cost_to_serve": [20.0]})
    told = _made().table
    by_activity = account_profit(ORDERS, AS_OF, start=START, serving=serving, services=told)
    by_rates = account_profit(ORDERS, AS_OF, start=START, rates={"order": 5.0}, services=told)
    without = account_profit(ORDERS, AS_OF, start=START, rates={"order": 5.0}, services=told[:0])

    assert by_activity["cost_to_serve"].tolist() == [320, 0, 70, 30]
    assert by_activity["serve_source"].tolist()[0] == "activities"
    assert by_rates["cost_to_serve"].tolist() == [305, 5, 70, 30]
    assert without["cost_to_serve"].tolist() == [5, 5, 70, 30]
    assert without["service_cost"].isna().all()


def test_services_are_the_cause_of_the_loss_they_make():
    orders = pd.concat([ORDERS.assign(cost_to_serve=np.nan, account_id=f"p{i}") for i in range(9)])
    orders["account_id"] += orders["order_id"]
    done = DONE[:1].assign(account_id="p01", cost=2000.0)
    told = service_costs(done, start=START, as_of=AS_OF).table
    made = account_profit(orders, AS_OF, start=START, rates={"order": 5.0}, services=told)

    lost = loss_makers(made)

    assert lost[["account_id", "main_cause"]].to_numpy().tolist() == [["p01", "service"]]
    assert lost["small orders"].iloc[0] == pytest.approx(0, abs=1e-9)
    assert lost[list(CAUSES)].sum(axis=1).iloc[0] == pytest.approx(lost["gap"].iloc[0])


def test_the_criterion_of_contribution_counts_them():
    made = account_criteria(ORDERS, AS_OF, services=DONE)
    row = made[(made["criterion"] == "contribution")].set_index("account_id").loc["A"]

    assert row[["value", "source"]].tolist() == [50.0, "computed"]


def test_in_the_demo_services_are_a_part_of_what_lines_carry(world):
    told = service_costs(world.tables["services"], start=date(2025, 1, 1), as_of=date(2026, 1, 1))
    made, plain = (
        account_profit(
            world.tables["orders"], date(2026, 1, 1), start=date(2025, 1, 1), services=given
        )
        for given in (told.table, None)
    )

    assert made["contribution"].equals(plain["contribution"])
    assert made["service_cost"].sum() == pytest.approx(told.table["service_cost"].sum(), rel=0.02)
    assert 0.1 < made["service_cost"].sum() / made["cost_to_serve"].sum() < 0.4
    assert 0 < told.table["service_charged"].sum() < told.table["service_cost"].sum()
