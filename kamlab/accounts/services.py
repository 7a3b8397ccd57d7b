"""What do services cost us, what is charged for them, and who has them for nothing?"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class ServiceCost:
    """Services of a period.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account with a service whose cost counts, sorted by `account_id`:
        `service_cost` and `service_charged` (for the same services; missing where nothing says
        what was charged).
    services : pd.DataFrame
        One row a service, the dearest first: `service`, `times`, `cost`, `charged`, `recovered`
        (charged over cost) and `counted` (false where activities or rates hold it already, or no
        cost is known).
    """

    table: pd.DataFrame
    services: pd.DataFrame


def service_costs(
    services: pd.DataFrame, *, start: date, as_of: date, counted: Iterable[str] = ()
) -> ServiceCost:
    """Sum what services cost and what was charged, for each account in [start, as_of).

    Parameters
    ----------
    services : pd.DataFrame
        Canonical: `account_id`, `provided_at`, `service`, and `cost` and `charged` where known.
        Services without a cost count nothing. What was charged is a part of the order lines and
        is added nowhere; it is set against the cost.
    start, as_of : date
        Period.
    counted : iterable of str
        Names of activities or rates that are in the cost to serve already: services of these names
        (whatever their case and spaces) are not counted a second time.

    Returns
    -------
    ServiceCost

    Raises
    ------
    ValueError
        If start is not before as_of.

    Examples
    --------
    >>> done = pd.DataFrame({"account_id": ["A", "A"], "provided_at": "2024-05-01",
    ...                      "service": ["Visit", "artwork"], "cost": [90.0, 40.0]})
    >>> made = service_costs(done, start=date(2024, 1, 1), as_of=date(2025, 1, 1),
    ...                      counted=["visit"])
    >>> made.table["service_cost"].tolist()
    [40.0]
    """
    if not start < as_of:
        raise ValueError(f"the period begins on {start} and ends before {as_of}")
    day = pd.to_datetime(services["provided_at"])
    seen = services[(day >= pd.Timestamp(start)) & (day < pd.Timestamp(as_of))]
    nothing = pd.Series(np.nan, index=seen.index)
    name = seen["service"].astype("str").str.strip().str.casefold()
    held = {word.strip().casefold() for word in counted}
    done = pd.DataFrame(
        {
            "account_id": seen["account_id"],
            "service": name,
            "cost": seen.get("cost", nothing).astype(float),
            "charged": seen.get("charged", nothing).astype(float),
            "counted": ~name.isin(held),
        }
    )
    there = done[done["counted"] & done["cost"].notna()]
    by_account = there.groupby("account_id")[["cost", "charged"]].sum(min_count=1)
    by_account.columns = pd.Index(["service_cost", "service_charged"])
    kinds = done.groupby("service").agg(times=("service", "size"), counted=("counted", "all"))
    sums = done.groupby("service")[["cost", "charged"]].sum(min_count=1)
    kinds = kinds.join(sums)
    kinds["recovered"] = kinds["charged"] / kinds["cost"].where(kinds["cost"] > 0)
    kinds["counted"] &= kinds["cost"].notna()
    kinds = kinds.reset_index().sort_values(["cost", "service"], ascending=[False, True])
    columns = ["service", "times", "cost", "charged", "recovered", "counted"]
    return ServiceCost(by_account.reset_index(), kinds[columns].reset_index(drop=True))
