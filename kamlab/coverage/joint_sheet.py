"""Which accounts should we approach with a joint gain, how large, and resting on what?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from scipy.optimize import nnls

from kamlab.coverage.joint_gain import LotTerms, nash_split, order_swing, shared_demand_saving

_MONTHS, _LEAST_MONTHS = 24, 12
# what is taken where neither data nor user tell: name, value, unit, how
ASSUMED: Mapping[str, tuple[float, str, str]] = {
    "set_up_share": (0.02, "share of an order", "our cost of one order, 2% of today's order"),
    "order_share": (0.01, "share of an order", "their cost of one order, 1% of today's order"),
    "holding_rate": (0.20, "a year", "cost of holding stock, a fifth of its value a year"),
    "rate_over_demand": (4.0, "times demand", "we can bring in four times what they buy"),
    "lead_time": (1.0, "months", "a month from order to delivery"),
    "periods": (5.0, "months", "they order by the mean of five months"),
    "margin": (0.20, "share of sales", "no cost is known: a fifth of sales"),
}
LEVERS = ("order in joint lots", "share demand before it is ordered")


@dataclass(frozen=True, slots=True)
class JointGains:
    """What could be gained together with each account, and what the figures rest on.

    Attributes
    ----------
    inputs : pd.DataFrame
        One row an account and input: `account_id`, `input`, `value`, `unit`, `origin` (given,
        estimated or assumed) and `how`.
    gains : pd.DataFrame
        One row an account and lever: `account_id`, `lever`, `today`, `after` (what is changed, in
        words), `theirs`, `ours` (yearly gain of each side before anything is paid) and `gain`.
    split : pd.DataFrame
        One row an account: `account_id`, `gain` (both levers, a year), `ours`, `theirs` (after the
        split), `paid_to_account` (negative: it pays us), `share_of_gross_profit` (ours, of the last
        year's; missing where unknown), `rests_on` ("data", "assumptions" or "both").
    """

    inputs: pd.DataFrame
    gains: pd.DataFrame
    split: pd.DataFrame


def joint_gains(
    facts: pd.DataFrame,
    months: pd.DataFrame,
    as_of: date,
    *,
    given: Mapping[str, float] | None = None,
    our_power: float = 0.5,
) -> JointGains:
    """Work out the joint gains of accounts from their orders and what is given or assumed.

    A unit is what is sold for one unit of the currency, so that nothing but amounts is needed.

    Parameters
    ----------
    facts : pd.DataFrame
        `account_id`, `net_sales_12m`, `orders_12m`; where known `gross_profit_12m`.
    months : pd.DataFrame
        From `kamlab.accounts.monthly_sums`: `account_id`, `month`, `net_sales`; where known
        `orders`, `gross_sales` and `cost_to_serve`.
    as_of : date
        First day not seen: the swing of orders is taken from the 24 whole months before it.
    given : mapping of str to float, optional
        What is known: `our_order_cost`, `their_order_cost` (currency an order) and the names of
        `ASSUMED`.
    our_power : float, default 0.5
        Our share of what the agreement adds.

    Returns
    -------
    JointGains
        Accounts that bought nothing in the last year are left out.
    """
    known = dict(given or {})
    unknown = set(known) - {*ASSUMED, "our_order_cost", "their_order_cost"}
    if unknown:
        raise ValueError(f"{sorted(unknown)[0]!r} is no input; there are {sorted(ASSUMED)}")
    months = months[months["account_id"].isin(facts["account_id"])]
    swings, per_order = _swings(months, as_of), order_costs(months)
    inputs, gains, split = [], [], []
    for row in facts.to_dict("records"):
        if not (row["net_sales_12m"] > 0 and row["orders_12m"] > 0):
            continue
        one = row["account_id"]
        made = _inputs(row, swings.get(one, math.nan), per_order.get(one, math.nan), known)
        inputs += [{"account_id": row["account_id"], "input": k} | v for k, v in made.items()]
        levers = _levers({k: v["value"] for k, v in made.items()})
        gains += [{"account_id": row["account_id"]} | lever for lever in levers]
        split.append(_split(row, made, levers, our_power))
    return JointGains(
        pd.DataFrame(inputs, columns=["account_id", "input", "value", "unit", "origin", "how"]),
        pd.DataFrame(
            gains, columns=["account_id", "lever", "today", "after", "theirs", "ours", "gain"]
        ),
        pd.DataFrame(
            split,
            columns=[
                *("account_id", "gain", "ours", "theirs", "paid_to_account"),
                *("share_of_gross_profit", "rests_on"),
            ],
        ).sort_values(["gain", "account_id"], ascending=[False, True], ignore_index=True),
    )


def _swings(months: pd.DataFrame, as_of: date) -> dict[str, float]:
    """Give the standard deviation of monthly orders over the last whole months of each account."""
    end = pd.Timestamp(as_of).to_period("M")  # the month of `as_of` is a part of one, or unseen
    period = months["month"].dt.to_period("M")
    recent = months[(period < end) & (period >= end - _MONTHS)]
    first = months.groupby("account_id")["month"].min().dt.to_period("M")
    found = {}
    for account, part in recent.groupby("account_id"):
        # the first month of an account is a part of one too
        whole = min(_MONTHS, (end - first[account]).n - 1)
        index = pd.period_range(end - max(whole, 0), end - 1, freq="M")
        amounts = part.set_index(part["month"].dt.to_period("M"))["net_sales"].reindex(index)
        found[account] = order_swing(amounts.fillna(0.0).to_numpy(float))
    return found


def order_costs(months: pd.DataFrame) -> dict[str, float]:
    """Tell what one order costs us apart from what goes with its size, by account.

    Cost to serve of the months is explained by their orders and their sales, neither below zero
    (non-negative least squares), so that freight by weight does not count as a cost of ordering.

    Parameters
    ----------
    months : pd.DataFrame
        As for `joint_gains`.

    Returns
    -------
    dict of str to float
        Accounts with at least 12 months of known cost; 0 where no part goes with orders.
    """
    if not {"orders", "gross_sales", "cost_to_serve"} <= set(months):
        return {}
    known = months.dropna(subset=["cost_to_serve"])
    return {
        str(account): float(
            nnls(part[["orders", "gross_sales"]].to_numpy(float), part["cost_to_serve"])[0][0]
        )
        for account, part in known.groupby("account_id")
        if len(part) >= _LEAST_MONTHS
    }


def _entry(value: float, unit: str, origin: str, how: str) -> dict:
    """Make one row of the inputs."""
    return {"value": float(value), "unit": unit, "origin": origin, "how": how}


def _inputs(row: dict, swing: float, order_cost: float, known: dict[str, float]) -> dict[str, dict]:
    """Collect the inputs of one account, each with where it comes from."""

    def taken(name: str) -> dict:
        value, unit, how = ASSUMED[name]
        if name in known:
            return _entry(known[name], unit, "given", "given by the user")
        return _entry(value, unit, "assumed", how)

    demand, orders = row["net_sales_12m"], row["orders_12m"]
    lot = demand / orders
    made = {
        "demand": _entry(demand, "currency a year", "estimated", "net sales of the last year"),
        "orders": _entry(orders, "a year", "estimated", "orders of the last year"),
        "today_lot": _entry(lot, "currency", "estimated", "net sales an order"),
    }
    profit = row.get("gross_profit_12m", math.nan)
    if "margin" not in known and not pd.isna(profit) and 0 < profit < demand:
        made["margin"] = _entry(
            profit / demand, "share of sales", "estimated", "gross profit over net sales"
        )
    else:
        made["margin"] = taken("margin")
    if "our_order_cost" in known:
        made["our_order_cost"] = _entry(
            known["our_order_cost"], "currency an order", "given", "given by the user"
        )
    elif order_cost > 0:
        how = "the part of cost to serve that goes with orders, not with sales"
        made["our_order_cost"] = _entry(order_cost, "currency an order", "estimated", how)
    else:
        share = taken("set_up_share")
        made["our_order_cost"] = share | {"value": share["value"] * lot}
        made["our_order_cost"]["unit"] = "currency an order"
    if "their_order_cost" in known:
        made["their_order_cost"] = _entry(
            known["their_order_cost"], "currency an order", "given", "given by the user"
        )
    else:
        share = taken("order_share")
        made["their_order_cost"] = share | {"value": share["value"] * lot}
        made["their_order_cost"]["unit"] = "currency an order"
    made |= {
        name: taken(name) for name in ("holding_rate", "rate_over_demand", "lead_time", "periods")
    }
    made["order_swing"] = _entry(
        swing, "currency a month", "estimated", "deviation of the last 24 months' orders"
    )
    return made


def _levers(value: dict[str, float]) -> list[dict]:
    """Work out what each lever brings to each side."""
    cost = 1 - value["margin"]
    terms = LotTerms(
        demand=value["demand"],
        production_rate=value["demand"] * value["rate_over_demand"],
        order_cost=value["their_order_cost"],
        set_up_cost=value["our_order_cost"],
        holding_rate=value["holding_rate"],
        unit_cost=cost,
        price=1.0,
    )
    lot = min(terms.joint_lot, terms.demand)  # at least one order a year
    (their_cost, our_cost), (their_after, our_after) = (
        terms.costs(value["today_lot"]),
        terms.costs(lot),
    )
    theirs, ours = their_cost - their_after, our_cost - our_after
    levers: list[dict[str, Any]] = [
        {
            "lever": LEVERS[0],
            "today": f"{value['orders']:,.0f} orders a year of {value['today_lot']:,.0f}",
            "after": f"{terms.demand / lot:,.1f} orders a year of {lot:,.0f}",
            "theirs": theirs,
            "ours": ours,
            "gain": theirs + ours,
        }
    ]
    if not math.isnan(value["order_swing"]):
        saved = shared_demand_saving(
            value["order_swing"],
            lead_time=value["lead_time"],
            periods=value["periods"],
            unit_cost=cost,
            holding_rate=value["holding_rate"],
        )
        levers.append(
            {
                "lever": LEVERS[1],
                "today": f"orders swing by {value['order_swing']:,.0f} a month",
                "after": "we stock for their demand, not for their orders",
                "theirs": 0.0,
                "ours": saved,
                "gain": saved,
            }
        )
    # a lever in which both together lose is not pulled
    return [lever for lever in levers if lever["gain"] > 0]


def _split(row: dict, made: dict[str, dict], levers: list[dict], our_power: float) -> dict:
    """Split what the levers bring."""
    gain = float(sum(lever["gain"] for lever in levers))
    ours, theirs = nash_split(gain, our_power=our_power)
    paid = theirs - sum(lever["theirs"] for lever in levers)
    profit = float(row.get("gross_profit_12m", math.nan))
    soft = {"our_order_cost", "their_order_cost", "holding_rate"}
    guessed = {made[name]["origin"] == "assumed" for name in soft}
    rests = "data" if guessed == {False} else "assumptions" if guessed == {True} else "both"
    return {
        "account_id": row["account_id"],
        "gain": gain,
        "ours": ours,
        "theirs": theirs,
        "paid_to_account": paid,
        "share_of_gross_profit": ours / profit if profit > 0 else np.nan,
        "rests_on": rests,
    }
