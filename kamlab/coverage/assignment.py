"""Who gets which account, in words and figures, and what a simple rule would have done?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlab.coverage.rules import Rules, handed_over, mismatch_matrix, number, outside_region

OPTIMAL = "optimal"


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who looks after whom.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account: `account_id`, `manager_id`, `was` (manager before), `changed`,
        `mismatch`, `reason` in words.
    load : pd.DataFrame
        One row a manager: `manager_id`, `accounts`, `capacity`, `workload`, `gross_profit`,
        `at_risk`, `outside_region`, `new_accounts`.
    mismatch : float
        Sum over accounts, balance of load included: what was minimised.
    status : str
        "optimal", or the gap left when time ran out.
    """

    table: pd.DataFrame
    load: pd.DataFrame
    mismatch: float
    status: str


def account_managers(people: pd.DataFrame | None, accounts: pd.DataFrame) -> pd.DataFrame:
    """Give those who can look after accounts.

    Parameters
    ----------
    people : pd.DataFrame or None
        The table of managers: `manager_id` and, where known, `role`.
    accounts : pd.DataFrame
        All accounts with, where known, `manager_id`: who looks after them today.

    Returns
    -------
    pd.DataFrame
        Those whose role is account manager, or all where roles are not known. Without a table,
        `manager_id` alone of those whom accounts name.
    """
    if people is None:
        named = accounts["manager_id"].dropna() if "manager_id" in accounts else []
        return pd.DataFrame({"manager_id": sorted(set(named))})
    if len(people) and "role" in people:
        people = people[people["role"].str.casefold() == "account manager"]
    return people.reset_index(drop=True)


def describe(
    accounts: pd.DataFrame,
    managers: pd.DataFrame,
    chosen: np.ndarray,
    rules: Rules,
    status: str = OPTIMAL,
) -> Assignment:
    """Say in words and figures what an assignment means, whoever made it.

    Parameters
    ----------
    accounts, managers, rules
        As for `assign`.
    chosen : np.ndarray of shape (n_accounts,)
        Row number of each account's manager; −1 where nobody looks after it.
    status : str
        How it came about.
    """
    served = chosen >= 0
    cost = mismatch_matrix(accounts, managers, rules)
    ids = managers["manager_id"].to_numpy(object)
    manager = np.where(served, ids[np.maximum(chosen, 0)], None)
    was = accounts["manager_id"] if "manager_id" in accounts else pd.Series(None, accounts.index)
    outside = np.where(
        served, outside_region(accounts, managers)[np.arange(len(accounts)), chosen], False
    )
    own = np.where(served, cost[np.arange(len(accounts)), chosen], 0.0)
    changed = served & handed_over(accounts, managers)[np.arange(len(accounts)), chosen]
    table = pd.DataFrame(
        {
            "account_id": accounts["account_id"],
            "manager_id": manager,
            "was": was,
            "changed": changed,
            "mismatch": own,
            "reason": _reasons(accounts, managers, chosen),
        }
    )
    workload = number(accounts, "workload", 1.0)
    lines = pd.DataFrame(
        {
            "manager_id": manager,
            "accounts": 1,
            "workload": workload,
            "gross_profit": number(accounts, "gross_profit", 0.0),
            "at_risk": number(accounts, "at_risk", 0.0),
            "outside_region": outside.astype(int),
            "new_accounts": changed.astype(int),
        }
    )
    load = lines[served].groupby("manager_id").sum().reindex(ids).fillna(0.0)
    load.insert(1, "capacity", number(managers, "capacity", 9))
    spread = np.abs(load["workload"].to_numpy() - workload.sum() / len(managers)).sum()
    total = float(own.sum() + rules.load_penalty * spread)
    return Assignment(table, load.rename_axis("manager_id").reset_index(), total, status)


def _reasons(accounts: pd.DataFrame, managers: pd.DataFrame, chosen: np.ndarray) -> list[str]:
    """Say why each account is where it is, against the manager that it has today."""
    rows = np.arange(len(accounts))
    outside = outside_region(accounts, managers)
    # mismatch of industry alone, whatever it weighs
    plain = Rules(region_penalty=0.0, industry_penalty=1.0, hand_over_penalty=0.0)
    strange = mismatch_matrix(accounts, managers, plain) > 0
    moved = handed_over(accounts, managers)[rows, chosen] & (chosen >= 0)
    places = {one: place for place, one in enumerate(managers["manager_id"])}
    today = accounts["manager_id"] if "manager_id" in accounts else [None] * len(accounts)
    said = []
    for row, before in zip(rows, today, strict=True):
        now, was = chosen[row], places.get(before, -1) if isinstance(before, str) else -1
        if now < 0:
            said.append("nobody has room for it")
            continue
        away = ", though outside the region" if outside[row, now] else ""
        if not moved[row]:
            text = "stays" if was == now else "gets its first manager"
        elif was < 0:
            text = "moves: today's manager is no account manager"
        elif outside[row, was] and not outside[row, now]:
            text = "moves into its own region"
        elif strange[row, was] and not strange[row, now]:
            text = "moves to who knows its industry"
        else:
            text = "moves to even out load, risk or limits"
        said.append(text + away)
    return said


def greedy(
    accounts: pd.DataFrame, managers: pd.DataFrame, rules: Rules | None = None
) -> Assignment:
    """Assign accounts one after another, the largest first, each to the best manager with room.

    Parameters
    ----------
    accounts, managers, rules
        As for `assign`; only capacity and `same_region` are kept.
    """
    rules = rules or Rules()
    check_tables(accounts, managers)
    accounts, managers = accounts.reset_index(drop=True), managers.reset_index(drop=True)
    cost = mismatch_matrix(accounts, managers, rules)
    if rules.same_region:
        cost = np.where(outside_region(accounts, managers), np.inf, cost)
    room = number(managers, "capacity", 9)
    chosen = np.full(len(accounts), -1)
    for place in np.argsort(-number(accounts, "gross_profit", 0.0), kind="stable"):
        open_cost = np.where(room > 0, cost[place], np.inf)
        if np.isfinite(open_cost).any():
            chosen[place] = int(open_cost.argmin())
            room[chosen[place]] -= 1
    return describe(accounts, managers, chosen, rules, "greedy")


def unavoidable(accounts: pd.DataFrame, managers: pd.DataFrame, rules: Rules) -> float:
    """Give the mismatch that would remain if every manager had room for every account.

    What an assignment has beyond it is what planning can avoid.

    Parameters
    ----------
    accounts, managers, rules
        As for `assign`.
    """
    return float(mismatch_matrix(accounts, managers, rules).min(axis=1).sum())


def check_tables(accounts: pd.DataFrame, managers: pd.DataFrame) -> None:
    """Refuse tables without rows or with one twice."""
    for frame, key in ((accounts, "account_id"), (managers, "manager_id")):
        if frame.empty:
            raise ValueError(f"there is no row with a {key} to assign")
        if frame[key].duplicated().any():
            raise ValueError(
                f"{key} {frame.loc[frame[key].duplicated(), key].iloc[0]!r} stands twice"
            )
