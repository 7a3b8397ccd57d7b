"""How sure is a place on the list, and what would have to change for another to take it?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from kamlab.segmentation.changes import Changes, learn_changes, panel, silence
from kamlab.segmentation.classes import margin_known
from kamlab.segmentation.key_list import KeyAccounts, key_accounts, worth_of
from kamlab.segmentation.objective import Objective
from kamlab.segmentation.swaps import MONEY, merit_matrix, weight_swaps


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How sure each place is.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account, by `rank_now`: `account_id`, `selected`, `rank_now` (among all, without
        gates), `p_top_k` (probability of being truly among the K worth most in the period ahead),
        `p_listed` (the same behind the gates on sales and margin, and all others), `rank_low` and
        `rank_high` (interval of the rank), `worth`, `worth_low` and `worth_high`.
    swaps : pd.DataFrame
        The last accounts on the list against the first outside: `inside`, `outside`, `gap` (of
        merit), `shift` (smallest part of all weight that must move for them to change places;
        missing where no weights do), `from` and `to` (criteria; "worth" is money).
    changes : pd.DataFrame
        What became of accounts at earlier days, by silence; empty where the history is too short.
    basis : str
        What the probabilities rest on, in words.
    """

    table: pd.DataFrame
    swaps: pd.DataFrame
    changes: pd.DataFrame
    basis: str


def rank_uncertainty(
    facts: pd.DataFrame,
    monthly: pd.DataFrame,
    objective: Objective,
    *,
    as_of: date | str,
    months: int = 12,
    draws: int = 500,
    spread: float = 50.0,
    level: float = 0.9,
    seed: int = 0,
) -> Uncertainty:
    """Draw the ranking many times: other orders, other weights, another year.

    Each draw weighs every account's months anew (the Bayesian bootstrap over account-months, which
    keeps sales, profit and cost to serve together), lets each account do what one like it did in
    the year after an earlier day (see `kamlab.segmentation.changes`) and draws the weights around
    those stated (Dirichlet); weights matter only if `Objective.money_weight` is below 1.

    Parameters
    ----------
    facts : pd.DataFrame
        As for `key_accounts`, over the `months` before as_of.
    monthly : pd.DataFrame
        As `kamlab.accounts.monthly_sums` returns, of all accounts, also those that left before
        the period; twice as many months or more, to learn changes.
    objective : Objective
    as_of : date or str
        First day no longer seen.
    months : int, default 12
        Length of the period in months.
    draws : int, default 500
    spread : float, default 50
        How sure the weights are: a weight w then varies by about sqrt(w (1 - w) / (spread + 1)).
    level : float, default 0.9
        Of the intervals.
    seed : int, default 0

    Returns
    -------
    Uncertainty

    Raises
    ------
    ValueError
        If a number is out of range, or as for `key_accounts`.

    References
    ----------
    .. [1] D. B. Rubin, "The Bayesian bootstrap", Annals of Statistics 9, 1981.
    .. [2] R. Lahdelma and P. Salminen, "SMAA-2: stochastic multicriteria acceptability analysis
       for group decision making", Operations Research 49, 2001.
    """
    if draws < 2 or not 0 < level < 1 or spread <= 0 or months < 2:
        raise ValueError("draws and months are at least 2, level between 0 and 1, spread above 0")
    made = key_accounts(facts, objective, words=False)
    facts = facts.sort_values("account_id", ignore_index=True)
    worth, _ = worth_of(facts)
    names = [
        c for c in ("net_sales", "sales_with_cost", "gross_profit", "cost_to_serve") if c in monthly
    ]
    # those without facts have left, or they would be in the period: they teach what leaving is
    gone = pd.Index(monthly["account_id"].unique()).difference(facts["account_id"]).tolist()
    grid = panel(monthly, [*facts["account_id"], *gone], as_of, names)
    amount = _amount(grid.values, facts)
    learned = learn_changes(amount, grid.first, months=months, places=objective.key_accounts)
    here = slice(len(facts))
    window = {name: values[here, -months:] for name, values in grid.values.items()}
    window[MONEY] = amount[here, -months:]
    begin = np.clip(grid.first[here] - amount.shape[1] + months, 0, months - 1)
    rng = np.random.default_rng(seed)
    factors = _factors(learned, silence(window[MONEY]), "expected_gross_profit" in facts, rng)
    closed = _closed(facts, made, objective)
    matrix, weights = merit_matrix(facts, objective)
    ranks = np.empty((draws, len(facts)), np.int32)
    drawn = np.empty((draws, len(facts)), np.float32)
    listed = np.zeros(len(facts), np.int32)
    places = objective.key_accounts
    for draw, sums in enumerate(_resampled(window, begin, draws, rng)):
        change = next(factors)
        value = worth.to_numpy(float) + sums[MONEY]
        value = np.where(value > 0, value * change, value)
        merit = _merit(value, matrix, weights, spread, rng)
        order = np.argsort(-merit, kind="stable")
        ranks[draw, order] = np.arange(1, len(order) + 1)
        drawn[draw] = value
        passing = ~closed & (value > 0) & _stands(facts, sums, change, made)
        listed[order[passing[order]][:places]] += 1
    table = _summary(made, facts["account_id"], worth, ranks, drawn, level)
    table["rank_now"] = (
        pd.Series(matrix @ weights).rank(ascending=False, method="first").astype(int)
    )
    table["p_top_k"] = (ranks <= places).mean(axis=0)
    table["p_listed"] = listed / draws
    first = ["account_id", "selected", "rank_now", "p_top_k", "p_listed"]
    table = table[first + [column for column in table if column not in first]]
    basis = (
        f"{draws} draws over {months} months"
        + (" and what accounts did in the year after earlier days" if learned else "")
        + ("" if learned else "; the history is too short to learn how accounts change")
        + (", weights drawn around those stated" if objective.money_weight < 1 else "")
    )
    changes = learned.table if learned else pd.DataFrame()
    swaps = weight_swaps(made, facts, objective)
    return Uncertainty(table.sort_values("rank_now", ignore_index=True), swaps, changes, basis)


def _merit(
    value: np.ndarray,
    matrix: np.ndarray,
    weights: np.ndarray,
    spread: float,
    rng: np.random.Generator,
) -> np.ndarray:
    """Give what ranks the accounts with weights drawn anew around those stated."""
    if weights[0] == 1:
        return value
    used = weights > 0
    drawn = np.zeros(len(weights))
    drawn[used] = rng.dirichlet(spread * weights[used])
    return drawn[0] * value / max(value.max(), 1e-300) + matrix[:, 1:] @ drawn[1:]


def _amount(values: dict[str, np.ndarray], facts: pd.DataFrame) -> np.ndarray:
    """Give the money by month that ranks the accounts, as `worth_of` takes it."""
    if not facts["gross_profit"].notna().any():
        return values["net_sales"]
    return values["gross_profit"] - values.get("cost_to_serve", 0.0)


def _resampled(
    window: dict[str, np.ndarray], begin: np.ndarray, draws: int, rng: np.random.Generator
) -> Iterator[dict[str, np.ndarray]]:
    """Weigh the months anew, draw by draw; give how far each sum comes out from what it was."""
    months = next(iter(window.values())).shape[1]
    there = np.arange(months) >= begin[:, None]
    count = there.sum(axis=1)
    weights = np.empty(there.shape)
    for _ in range(draws):
        rng.standard_exponential(out=weights)
        weights *= there
        weights *= (count / weights.sum(axis=1))[:, None]
        weights -= there
        yield {name: np.einsum("ij,ij->i", weights, values) for name, values in window.items()}


def _factors(
    learned: Changes | None, silent: np.ndarray, forecast: bool, rng: np.random.Generator
) -> Iterator[np.ndarray]:
    """Draw for every account what one as silent as it did; a forecast keeps its mean."""
    while True:
        factors = np.ones(len(silent))
        for place, ratios in enumerate(learned.ratios if learned else ()):
            mine = silent == place
            drawn = ratios[rng.integers(len(ratios), size=int(mine.sum()))]
            mean = ratios.mean()
            factors[mine] = drawn / mean if forecast and mean > 0 else drawn
        yield factors


def _closed(facts: pd.DataFrame, made: KeyAccounts, objective: Objective) -> np.ndarray:
    """Tell which accounts one of the added gates keeps out, which no draw changes."""
    added = {gate.name for gate in objective.gates}
    failed = made.table.set_index("account_id")["gate_failed"].reindex(facts["account_id"])
    return np.array([bool(added & set(text.split(", "))) for text in failed])


def _stands(
    facts: pd.DataFrame, sums: dict[str, np.ndarray], change: np.ndarray, made: KeyAccounts
) -> np.ndarray:
    """Tell who stands on sales and, where it is known, on margin in this draw."""
    sales = (facts["net_sales"].to_numpy(float) + sums["net_sales"]) * change
    stands = (sales >= made.standing.sales) & (sales > 0)
    known = margin_known(facts).to_numpy()
    if not np.isfinite(made.standing.margin) or "sales_with_cost" not in sums:
        return stands
    base = facts.get("sales_with_cost", facts["net_sales"]).to_numpy(float)
    profit = facts["gross_profit"].to_numpy(float) + sums["gross_profit"]
    drawn = base + sums["sales_with_cost"]
    # a margin at the limit stays there, whatever the rounding
    enough = profit >= made.standing.margin * drawn - 1e-9 * np.abs(drawn)
    return stands & (~known | (enough & (profit > 0)))


def _summary(
    made: KeyAccounts,
    ids: pd.Series,
    worth: pd.Series,
    ranks: np.ndarray,
    drawn: np.ndarray,
    level: float,
) -> pd.DataFrame:
    """Write ranks and worths with their intervals, some thousand accounts at a time."""
    tails = [(1 - level) / 2, (1 + level) / 2]
    ends = {"rank": np.empty((2, len(ids))), "worth": np.empty((2, len(ids)))}
    for start in range(0, len(ids), 5_000):
        part = slice(start, start + 5_000)
        ends["rank"][:, part] = np.quantile(ranks[:, part], tails, axis=0, method="inverted_cdf")
        ends["worth"][:, part] = np.quantile(drawn[:, part], tails, axis=0)
    selected = made.table.set_index("account_id")["selected"].reindex(ids).to_numpy()
    return pd.DataFrame(
        {
            "account_id": ids,
            "selected": selected,
            "rank_low": ends["rank"][0].astype(int),
            "rank_high": ends["rank"][1].astype(int),
            "worth": worth,
            "worth_low": ends["worth"][0],
            "worth_high": ends["worth"][1],
        }
    )
