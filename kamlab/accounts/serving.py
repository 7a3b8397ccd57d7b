"""What does serving each account cost, by what was done for it and what that takes?"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

_MONTH = 365.25 / 12


@dataclass(frozen=True, slots=True)
class ServingCost:
    """Time-driven activity costs of a period.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account with a priced activity, sorted by `account_id`: `cost_to_serve`,
        `activities` (how many) and `minutes`.
    activities : pd.DataFrame
        One row an activity with a rate, sorted: `rate`, `used` (minutes or pieces), `cost_used`,
        `supplied` and `cost_supplied` (what the ledger paid for), `unused_cost` (their difference;
        below 0 where more was done than is paid for) and `use` (share). The last four are missing
        where no capacity is given.
    unpriced : pd.DataFrame
        `activity`, `times`: what was done and has no rate; it costs nothing here.
    """

    table: pd.DataFrame
    activities: pd.DataFrame
    unpriced: pd.DataFrame


def activity_costs(
    activities: pd.DataFrame, cost_rates: pd.DataFrame, *, start: date, as_of: date
) -> ServingCost:
    """Cost what was done for each account in [start, as_of).

    Parameters
    ----------
    activities : pd.DataFrame
        Canonical: `account_id`, `date`, `activity`, and `minutes` or `quantity` (1 unless said).
    cost_rates : pd.DataFrame
        Canonical: `activity` and `rate`, the cost of a minute (of one where minutes are not
        given); or `cost_per_month` and `capacity_per_month`, whose ratio is the rate.
    start, as_of : date
        Period; capacity and ledger cost count for its length in months of 30.44 days.

    Returns
    -------
    ServingCost
        The costs of all accounts and `unused_cost` add up to the ledger's `cost_supplied`.

    Raises
    ------
    ValueError
        If start is not before as_of, or an activity has two rates.

    References
    ----------
    .. [1] R. S. Kaplan and S. R. Anderson, "Time-driven activity-based costing", Harvard Business
       Review, November 2004.
    """
    if not start < as_of:
        raise ValueError(f"the period begins on {start} and ends before {as_of}")
    rates = cost_rates.assign(activity=_folded(cost_rates["activity"])).set_index("activity")
    if rates.index.has_duplicates:
        twice = rates.index[rates.index.duplicated()][0]
        raise ValueError(f"the activity {twice!r} has more than one rate")
    number = rates.reindex(columns=["rate", "capacity_per_month", "cost_per_month"]).astype(float)
    capacity = number["capacity_per_month"].where(number["capacity_per_month"] > 0)
    rate = number["rate"].fillna(number["cost_per_month"] / capacity)
    day = pd.to_datetime(activities["date"])
    seen = activities[(day >= pd.Timestamp(start)) & (day < pd.Timestamp(as_of))]
    nothing = pd.Series(np.nan, index=seen.index)
    minutes = seen.get("minutes", nothing).astype(float)
    amount = minutes.fillna(seen.get("quantity", nothing).astype(float)).fillna(1.0)
    name = _folded(seen["activity"])
    done = pd.DataFrame(
        {
            "account_id": seen["account_id"],
            "activity": name,
            "amount": amount,
            "minutes": minutes.fillna(0.0),
            "cost": amount * rate.reindex(name).to_numpy(),
        }
    )
    priced = done[done["cost"].notna()]
    by_account = priced.groupby("account_id").agg(
        cost_to_serve=("cost", "sum"), activities=("cost", "size"), minutes=("minutes", "sum")
    )
    used = priced.groupby("activity").agg(used=("amount", "sum"), cost_used=("cost", "sum"))
    months = (as_of - start).days / _MONTH
    table = pd.DataFrame({"rate": rate.dropna()}).join(used).fillna({"used": 0.0, "cost_used": 0.0})
    table["supplied"] = capacity.reindex(table.index) * months
    paid = number["cost_per_month"].fillna(rate * capacity) * months
    table["cost_supplied"] = paid.reindex(table.index)
    table["unused_cost"] = table["cost_supplied"] - table["cost_used"]
    table["use"] = table["used"] / table["supplied"]
    left = done[done["cost"].isna()].groupby("activity").size().reset_index(name="times")
    return ServingCost(by_account.reset_index(), table.sort_index().reset_index(), left)


def _folded(names: pd.Series) -> pd.Series:
    """Write names of activities alike, whatever their case and spaces."""
    return names.astype("str").str.strip().str.casefold()
