"""What do we lose if accounts leave together, and whose leaving is behind the worst years?

Accounts leave with their probabilities, but not independently: a common factor (the market, a
competitor's price) pushes all of them at once. Large accounts are drawn one by one. The many small
ones together lose what is expected of them under each state of the factor.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

_ONE_BY_ONE = 1_000
_STATES = np.linspace(-6, 6, 481)


@dataclass(frozen=True, slots=True)
class Stress:
    """Losses by defection over one period.

    Attributes
    ----------
    expected : float
        Mean loss, in the currency.
    var, cvar : float
        Loss that only the worst years exceed, and the mean loss of those years.
    level : float
        0.95: the worst 5 % of years.
    distribution : pd.DataFrame
        `probability` and the `loss` not exceeded with it.
    accounts : pd.DataFrame
        Largest part first: `account_id`, `at_stake` (lost if it leaves), `probability`,
        `expected_loss`, `cvar_part` (what it adds to the loss of the worst years; the parts add up
        to `cvar`) and `cvar_share`.
    effective_number : float
        How many accounts of equal part would be behind the worst years as evenly.
    """

    expected: float
    var: float
    cvar: float
    level: float
    distribution: pd.DataFrame
    accounts: pd.DataFrame
    effective_number: float


def defection_stress(
    accounts: pd.DataFrame,
    *,
    correlation: float = 0.1,
    level: float = 0.95,
    draws: int = 20_000,
    seed: int = 0,
) -> Stress:
    """Draw years in which accounts leave together, and see what is lost.

    Parameters
    ----------
    accounts : pd.DataFrame
        `account_id`, `at_stake` (contribution lost if it leaves, with what a competitor made
        stronger would take elsewhere; negative where leaving saves money) and `probability` of
        leaving within the period, 0 to 1.
    correlation : float, default 0.1
        Assumption: correlation of the accounts' standings through the common factor, 0 to below 1
        (Gaussian copula with one factor).
    level : float, default 0.95
    draws : int, default 20,000
        Years.
    seed : int, default 0

    Returns
    -------
    Stress

    Raises
    ------
    ValueError
        If there is no account, or a probability, an amount or a number is missing or out of range.

    References
    ----------
    .. [1] O. Vasicek, "The distribution of loan portfolio value", Risk, December 2002.
    .. [2] D. Tasche, "Allocating portfolio economic capital to sub-portfolios", in "Economic
       Capital", Risk Books, 2004 (the parts that add up).

    Examples
    --------
    >>> table = pd.DataFrame({"account_id": ["a", "b"], "at_stake": [100.0, 10.0],
    ...     "probability": [0.0, 1.0]})
    >>> found = defection_stress(table)
    >>> found.expected, found.cvar, found.accounts["account_id"].tolist()
    (10.0, 10.0, ['b', 'a'])
    """
    from scipy.special import ndtr, ndtri

    _check(accounts, correlation, level, draws)
    stake = accounts["at_stake"].to_numpy(float)
    limit = ndtri(accounts["probability"].to_numpy(float))
    order = np.argsort(-np.abs(stake) * accounts["probability"].to_numpy(float), kind="stable")
    single, small = order[:_ONE_BY_ONE], order[_ONE_BY_ONE:]
    own, common = np.sqrt(1 - correlation), np.sqrt(correlation)
    rng = np.random.default_rng(seed)
    factor = rng.standard_normal(draws)
    left = np.empty((draws, len(single)), bool)
    for start in range(0, draws, 2_000):
        part = slice(start, start + 2_000)
        luck = rng.standard_normal((len(factor[part]), len(single)))
        left[part] = own * luck + common * factor[part, None] <= limit[single]
    by_state = _losses_by_state(stake[small], limit[small], own, common, ndtr)
    loss = left @ stake[single] + np.interp(factor, _STATES, by_state)
    worst = np.argsort(-loss, kind="stable")[: max(round((1 - level) * draws), 1)]
    parts = np.zeros(len(stake))
    parts[single] = stake[single] * left[worst].mean(axis=0)
    weight = _state_weights(factor[worst])
    for start in range(0, len(small), 20_000):
        some = small[start : start + 20_000]
        leave = ndtr((limit[some, None] - common * _STATES) / own)
        parts[some] = stake[some] * (leave @ weight)
    cvar = float(loss[worst].mean())
    table = accounts[["account_id", "at_stake", "probability"]].assign(
        expected_loss=stake * accounts["probability"].to_numpy(float),
        cvar_part=parts,
        cvar_share=parts / cvar if cvar > 0 else np.nan,
    )
    table = table.sort_values(
        ["cvar_part", "account_id"], ascending=[False, True], ignore_index=True
    )
    steps = np.r_[np.linspace(0, 0.99, 100), 0.995, 0.999]
    curve = pd.DataFrame({"probability": steps, "loss": np.quantile(loss, steps)})
    positive = parts.clip(0) / max(parts.max(), np.finfo(float).tiny)
    even = float(positive.sum() ** 2 / (positive**2).sum()) if positive.any() else np.nan
    expected = float(table["expected_loss"].sum())
    return Stress(expected, float(loss[worst].min()), cvar, level, curve, table, even)


def bad_years(
    together: Stress, alone: Stress, one_in: Sequence[int] = (2, 4, 10, 20, 100)
) -> pd.DataFrame:
    """Say how much is lost in years that are so bad only once in so many.

    Parameters
    ----------
    together, alone : Stress
        Of the same accounts with the common factor, and with none.
    one_in : sequence of int
        2 to 1000: 10 is the loss that one year in ten exceeds.

    Returns
    -------
    pd.DataFrame
        `one_year_in`, `loss` (that such a year reaches or exceeds) and `loss_if_independent`.
    """
    steps = 1 - 1 / np.asarray(one_in, float)
    losses = [np.interp(steps, one.distribution["probability"], one.distribution["loss"])
              for one in (together, alone)]  # fmt: skip
    return pd.DataFrame(
        {"one_year_in": list(one_in), "loss": losses[0], "loss_if_independent": losses[1]}
    )


def _losses_by_state(
    stake: np.ndarray, limit: np.ndarray, own: float, common: float, ndtr: np.ufunc
) -> np.ndarray:
    """Give what small accounts together are expected to lose under each state of the factor."""
    total = np.zeros(len(_STATES))
    for start in range(0, len(stake), 20_000):
        part = slice(start, start + 20_000)
        total += stake[part] @ ndtr((limit[part, None] - common * _STATES) / own)
    return total


def _state_weights(factor: np.ndarray) -> np.ndarray:
    """Give the mean weights with which interpolation between the states takes these factors."""
    inside = np.clip(factor, _STATES[0], _STATES[-1])
    step = _STATES[1] - _STATES[0]
    place = np.minimum(((inside - _STATES[0]) / step).astype(int), len(_STATES) - 2)
    beyond = (inside - _STATES[place]) / step
    weights = np.bincount(place, 1 - beyond, len(_STATES))
    weights += np.bincount(place + 1, beyond, len(_STATES))
    return weights / len(factor)


def _check(accounts: pd.DataFrame, correlation: float, level: float, draws: int) -> None:
    """Refuse what cannot be drawn."""
    if accounts.empty:
        raise ValueError("there is no account that could leave")
    for name in ("at_stake", "probability"):
        hole = accounts.index[~np.isfinite(accounts[name].to_numpy(float))]
        if len(hole):
            raise ValueError(f"{name} of account {accounts.at[hole[0], 'account_id']!r} is missing")
    if not accounts["probability"].between(0, 1).all():
        raise ValueError("probabilities lie between 0 and 1")
    if not 0 <= correlation < 1 or not 0 < level < 1 or draws < 100:
        raise ValueError(
            "correlation lies in 0 to below 1, level between 0 and 1, draws are 100 or more; not "
            f"{correlation}, {level}, {draws}"
        )


def at_stake(facts: pd.DataFrame, *, spill_over: float = 0.05) -> pd.DataFrame:
    """Say what is lost with each account: its own contribution, and what it makes others lose.

    Parameters
    ----------
    facts : pd.DataFrame
        `account_id`, `net_sales`, `gross_profit`; `cost_to_serve` and `region` where known
        (without regions all accounts are one). Where no cost is known, sales are at stake.
    spill_over : float, default 0.05
        Assumption: share of its region's other profit that a competitor would take if it won all
        sales of the region; an account counts by its share of the region's sales.

    Returns
    -------
    pd.DataFrame
        In the order given: `account_id`, `own` (contribution), `elsewhere` (what the competitor
        made stronger takes) and `at_stake`, their sum.

    Raises
    ------
    ValueError
        If spill_over is not between 0 and 1.
    """
    if not 0 <= spill_over <= 1:
        raise ValueError(f"spill_over lies between 0 and 1, not {spill_over}")
    known = facts["gross_profit"].notna().any()
    profit = facts["gross_profit"].fillna(0.0) if known else facts["net_sales"]
    serve = facts["cost_to_serve"].fillna(0.0) if known and "cost_to_serve" in facts else 0.0
    regions = facts.get("region", pd.Series("all", index=facts.index)).fillna("not known")
    sales, earned = facts["net_sales"].clip(lower=0), profit.clip(lower=0)
    region_sales = sales.groupby(regions).transform("sum")
    others = earned.groupby(regions).transform("sum") - earned
    elsewhere = spill_over * (sales / region_sales.where(region_sales > 0)).fillna(0.0) * others
    own = profit - serve
    return pd.DataFrame(
        {
            "account_id": facts["account_id"],
            "own": own,
            "elsewhere": elsewhere,
            "at_stake": own + elsewhere,
        }
    )


def without_the_largest(
    facts: pd.DataFrame, *, counts: Sequence[int] = (1, 2, 3, 5, 10, 20), spill_over: float = 0.05
) -> pd.DataFrame:
    """Take the largest accounts by sales away, and see what is left.

    Parameters
    ----------
    facts : pd.DataFrame
        As for `at_stake`.
    counts : sequence of int
        How many of the largest are taken away; those beyond the number of accounts are left out.
    spill_over : float, default 0.05
        See `at_stake`; what those taken away would have lost elsewhere is not lost twice.

    Returns
    -------
    pd.DataFrame
        One row a count: `largest`, `sales_lost`, `sales_share`, `own_lost`, `lost_elsewhere`,
        `contribution_left` and `left_share` (of the contribution with all).
    """
    stake = at_stake(facts, spill_over=spill_over)
    whole = float(stake["own"].sum())
    sales = facts["net_sales"]
    order = np.lexsort((facts["account_id"], -sales))
    regions = facts.get("region", pd.Series("all", index=facts.index)).fillna("not known")
    known = facts["gross_profit"].notna().any()
    earned = (facts["gross_profit"].fillna(0.0) if known else sales).clip(lower=0)
    positive = sales.clip(lower=0)
    rows = []
    for count in sorted({count for count in counts if 0 < count <= len(facts)}):
        out = np.zeros(len(facts), bool)
        out[order[:count]] = True
        # what a competitor wins of each region, and what is left there for it to take
        won = positive[out].groupby(regions[out]).sum() / positive.groupby(regions).sum()
        remaining = earned[~out].groupby(regions[~out]).sum()
        elsewhere = float(spill_over * (won * remaining).sum())
        own = float(stake.loc[out, "own"].sum())
        left = whole - own - elsewhere
        lost = float(sales[out].sum())
        share = left / whole if whole > 0 else np.nan
        rows.append((count, lost, lost / positive.sum(), own, elsewhere, left, share))
    names = ["largest", "sales_lost", "sales_share", "own_lost", "lost_elsewhere"]
    return pd.DataFrame(rows, columns=[*names, "contribution_left", "left_share"])
