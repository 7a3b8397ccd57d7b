"""Whom to act on, with which action, for this budget?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

_TIME_LIMIT = 20.0
_OUT_OF_TIME = 1  # SciPy's word for it
_MANY, _NEAR = 1_000, 1e-4  # options beyond which this share of the best is near enough
_WHOLE = 1e-9


@dataclass(frozen=True, slots=True)
class Targets:
    """The chosen actions, and what the choice is worth.

    Attributes
    ----------
    table : pd.DataFrame
        One row a chosen action, by net gain from the highest: `account_id`, `action`,
        `expected_gain`, `cost`, `net_gain`, `owner`, `key` and `chosen_for` ("gain" or
        "minimum service").
    net_gain, cost : float
        Of all chosen actions together; the net gain is after their cost.
    threshold : pd.DataFrame
        The same columns for the simple rule: the best action of each account, from the highest net
        gain per cost downwards, while budget and contacts last.
    threshold_net_gain : float
    difference : float
        What the programme gains over the simple rule.
    status : str
        "optimal" (within a ten-thousandth), or how far from it the search was stopped.
    next_euro : float
        What one more unit of budget would gain: the shadow price of the budget where actions could
        be done in part; 0 where it does not bind, NaN where there is no budget.
    """

    table: pd.DataFrame
    net_gain: float
    cost: float
    threshold: pd.DataFrame
    threshold_net_gain: float
    difference: float
    status: str
    next_euro: float


def choose_targets(
    gains: pd.DataFrame,
    costs: pd.DataFrame | pd.Series | float,
    budget: float | None = None,
    *,
    owners: pd.Series | None = None,
    capacity: Mapping[str, float] | float | None = None,
    key_accounts: Collection[str] = (),
    serve_key: float = 0.0,
    least_gain: float = 0.0,
) -> Targets:
    """Choose at most one action for each account, so that expected gain less cost is greatest.

    Parameters
    ----------
    gains : pd.DataFrame of shape (n_accounts, n_actions)
        Expected gross profit kept or won by each action, before its cost, in currency; index
        account_id, columns actions. Missing: the action cannot be done there.
    costs : pd.DataFrame like `gains`, pd.Series by action, or float
        Cost of each action, not negative.
    budget : float, optional
        Most that all actions together may cost; none: unlimited.
    owners : pd.Series, optional
        Manager by account_id; accounts without one belong to nobody ("").
    capacity : mapping of manager to number, or number, optional
        Most accounts each manager can act on. A manager who is not in the mapping, and nobody, has
        no limit.
    key_accounts : collection of account_id, default none
    serve_key : float, default 0
        Least share of the key accounts that gets an action, 0 to 1, even where it costs more than
        it gains.
    least_gain : float, default 0
        Actions with a net gain not above it are left out, but for the minimum service.

    Returns
    -------
    Targets

    Raises
    ------
    ValueError
        If costs or budget are negative, a table repeats an account, or the minimum service cannot
        be had for the budget and contacts: then the text says so.

    References
    ----------
    .. [1] A. Lemmens and S. Gupta, "Managing churn to maximize profits", Marketing Science 39, 2020
       (act by incremental profit, not by risk).

    Examples
    --------
    >>> gains = pd.DataFrame({"visit": [5.0, 9.0], "call": [4.0, 2.0]}, index=["a", "b"])
    >>> choose_targets(gains, pd.Series({"visit": 4.0, "call": 1.0}), budget=5.0).table[
    ...     ["account_id", "action", "net_gain"]]
      account_id action  net_gain
    0          b  visit       5.0
    1          a   call       3.0
    """
    options = _options(gains, costs, owners, key_accounts)
    if budget is not None and not budget >= 0:
        raise ValueError(f"the budget is not negative, got {budget}")
    worth = options["net_gain"] > least_gain
    asked = int(np.ceil(round(serve_key * options.loc[options["key"], "account_id"].nunique(), 9)))
    useful = options[worth | (options["key"] & (asked > 0))].reset_index(drop=True)
    limits = _limits(useful["owner"], capacity)
    picked, status, price = _solve(useful, budget, limits, asked)
    if picked is None and status == "infeasible":
        raise ValueError(
            f"an action for {asked} key accounts cannot be had for a budget of {budget} and the "
            "managers' contacts: lower serve_key or raise either"
        )
    simple = _threshold(useful, budget, limits, asked, least_gain)
    table = simple if picked is None else _chosen(useful[picked], least_gain)
    return Targets(
        table=table,
        net_gain=float(table["net_gain"].sum()),
        cost=float(table["cost"].sum()),
        threshold=simple,
        threshold_net_gain=float(simple["net_gain"].sum()),
        difference=float(table["net_gain"].sum() - simple["net_gain"].sum()),
        status=status,
        next_euro=np.nan if budget is None else price,
    )


def _options(
    gains: pd.DataFrame,
    costs: pd.DataFrame | pd.Series | float,
    owners: pd.Series | None,
    key_accounts: Collection[str],
) -> pd.DataFrame:
    """List every account and action that can be done, with its net gain."""
    if gains.index.has_duplicates or gains.columns.has_duplicates:
        raise ValueError("gains have one row an account and one column an action")
    if isinstance(costs, pd.DataFrame):
        price = costs.reindex(index=gains.index, columns=gains.columns).to_numpy(float)
    elif isinstance(costs, pd.Series):
        price = np.broadcast_to(costs.reindex(gains.columns).to_numpy(float), gains.shape)
    else:
        price = np.full(gains.shape, float(costs))
    amount = gains.to_numpy(float)
    there = np.isfinite(amount) & np.isfinite(price)
    if (price[there] < 0).any():
        raise ValueError("costs are not negative")
    row, column = np.nonzero(there)
    account = gains.index.to_numpy()[row]
    table = pd.DataFrame(
        {
            "account_id": account,
            "action": gains.columns.to_numpy()[column],
            "expected_gain": amount[there],
            "cost": price[there],
        }
    )
    table["net_gain"] = table["expected_gain"] - table["cost"]
    owner = pd.Series(dtype=object) if owners is None else owners[owners.notna()]
    table["owner"] = table["account_id"].map(owner).fillna("") if len(owner) else ""
    table["key"] = table["account_id"].isin(list(key_accounts))
    return table


def _limits(owner: pd.Series, capacity: Mapping[str, float] | float | None) -> dict[str, float]:
    """Give the managers who have a limit, with it."""
    names = [str(name) for name in owner.unique() if name != ""]
    if capacity is None:
        return {}
    if isinstance(capacity, Mapping):
        return {name: float(capacity[name]) for name in names if name in capacity}
    return dict.fromkeys(names, float(capacity))


def _solve(
    options: pd.DataFrame, budget: float | None, limits: dict[str, float], asked: int
) -> tuple[np.ndarray | None, str, float]:
    """Solve the programme: options taken (None if rules cannot hold), status, price of budget."""
    from scipy.optimize import Bounds, LinearConstraint, linprog, milp
    from scipy.sparse import coo_matrix, csr_matrix, vstack

    n = len(options)
    if n == 0:
        return (np.zeros(0, bool), "optimal", 0.0) if asked == 0 else (None, "infeasible", 0.0)
    code, names = pd.factorize(options["account_id"])
    cells = np.arange(n)
    parts = [coo_matrix((np.ones(n), (code, cells)), shape=(len(names), n)).tocsr()]
    low, high = [np.full(len(names), -np.inf)], [np.ones(len(names))]

    def rule(weights: np.ndarray, least: float, most: float) -> None:
        """Bound a weighted sum of what is taken."""
        parts.append(csr_matrix(weights[None, :]))
        low.append(np.array([least]))
        high.append(np.array([most]))

    if budget is not None:
        rule(options["cost"].to_numpy(float), -np.inf, budget)
    for name, most in limits.items():
        rule((options["owner"] == name).to_numpy(float), -np.inf, most)
    if asked:
        rule(options["key"].to_numpy(float), asked, np.inf)
    net = options["net_gain"].to_numpy(float)
    price, served = 0.0, options["key"].to_numpy(bool)
    if budget is not None or n > _MANY:
        above = vstack([*parts[: len(parts) - bool(asked)], *([-parts[-1]] if asked else [])])
        limit = np.concatenate(high[: len(high) - bool(asked)] + ([-low[-1]] if asked else []))
        relaxed = linprog(-net, above, limit, bounds=(0, 1))
        if budget is not None and relaxed.x is not None:
            price = max(0.0, -float(relaxed.ineqlin.marginals[len(names)]))
        # where actions may be done in part hardly any is: without these few a plan is near enough
        if n > _MANY and relaxed.x is not None:
            whole = _filled(options, relaxed.x > 1 - _WHOLE, budget, limits)
            lost = -relaxed.fun - net[whole].sum()
            if lost <= -_NEAR * relaxed.fun and served[whole].sum() >= asked:
                return whole, "optimal", price
    result = milp(
        -net,
        constraints=LinearConstraint(vstack(parts), np.concatenate(low), np.concatenate(high)),
        integrality=np.ones(n),
        bounds=Bounds(0, 1),
        options={"time_limit": _TIME_LIMIT, "mip_rel_gap": 1e-6 if n <= _MANY else _NEAR},
    )
    if result.x is None and result.status == _OUT_OF_TIME:
        return None, "the simple rule's, since no better plan was found in time", np.nan
    if result.x is None:
        return None, "infeasible", 0.0
    gap = float(result.mip_gap or 0.0)
    status = "optimal" if gap <= _NEAR else f"within {gap:.1%} of the best when time ran out"
    return result.x > 0.5, status, price


def _filled(
    options: pd.DataFrame, taken: np.ndarray, budget: float | None, limits: dict[str, float]
) -> np.ndarray:
    """Add what budget and contacts leave room for, from the highest net gain down."""
    plan = options[taken]
    left = np.inf if budget is None else budget - plan["cost"].sum()
    used = plan["owner"].value_counts()
    contacts = {name: most - used.get(name, 0) for name, most in limits.items()}
    free = options[~options["account_id"].isin(plan["account_id"]) & (options["net_gain"] > 0)]
    free = free[free["cost"] <= left].nlargest(_MANY, "net_gain")
    return taken | options.index.isin(_while_it_lasts(free, left, contacts))


def _while_it_lasts(ordered: pd.DataFrame, left: float, contacts: Mapping[str, float]) -> list[int]:
    """Take options in their order, one an account, while budget and contacts last."""
    acted, there, taken = set(), dict(contacts), []
    for option in ordered.itertuples():
        able = option.cost <= left and there.get(option.owner, np.inf) >= 1
        if able and option.account_id not in acted:
            taken.append(option.Index)
            acted.add(option.account_id)
            left -= option.cost
            there[option.owner] = there.get(option.owner, np.inf) - 1
    return taken


def _threshold(
    options: pd.DataFrame,
    budget: float | None,
    limits: dict[str, float],
    asked: int,
    least_gain: float,
) -> pd.DataFrame:
    """Take the best action of each account by net gain per cost, while budget and contacts last."""
    ordered = options.sort_values(
        ["net_gain", "account_id", "action"], ascending=[False, True, True]
    )
    best = ordered.drop_duplicates("account_id")
    rate = best["net_gain"] / best["cost"].clip(lower=1e-9)
    best = best.assign(rate=rate).sort_values(["rate", "account_id"], ascending=[False, True])
    # the minimum service comes first, as the simplest rule that keeps it
    first = best[best["key"]].index[:asked]
    others = best.drop(first)
    wanted = pd.concat([best.loc[first], others[others["net_gain"] > least_gain]])
    taken = _while_it_lasts(wanted, np.inf if budget is None else budget, limits)
    return _chosen(options.loc[taken], least_gain)


def _chosen(rows: pd.DataFrame, least_gain: float) -> pd.DataFrame:
    """Order what was chosen and say what for."""
    reason = np.where(rows["net_gain"] > least_gain, "gain", "minimum service")
    ordered = rows.assign(chosen_for=reason).sort_values(
        ["net_gain", "account_id"], ascending=[False, True], ignore_index=True
    )
    columns = ["account_id", "action", "expected_gain", "cost", "net_gain", "owner", "key"]
    return ordered[[*columns, "chosen_for"]]
