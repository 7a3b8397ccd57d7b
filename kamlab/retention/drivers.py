"""What drives satisfaction, what only hurts when missing, and what should be improved first?"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from math import comb

import numpy as np
import pandas as pd

_MOST_FOR_SHAPLEY = 14


@dataclass(frozen=True, slots=True)
class Drivers:
    """Importance of each item for overall satisfaction.

    Attributes
    ----------
    table : pd.DataFrame
        One row an item: `item`, `relative_weight` and `shapley` (shares of variance explained,
        each adding up to `r_squared`) with bootstrap intervals `relative_weight_low`,
        `relative_weight_high`, `shapley_low`, `shapley_high`, and `correlation` with overall.
    r_squared : float
        Share of the variance of overall satisfaction that the items explain, 0 to 1.
    answers : int
        Complete answers used.
    """

    table: pd.DataFrame
    r_squared: float
    answers: int


def relative_weights(items: np.ndarray, overall: np.ndarray) -> np.ndarray:
    """Share out explained variance by Johnson's relative weights.

    Parameters
    ----------
    items : np.ndarray of shape (n_answers, n_items)
        No missing values, no constant column.
    overall : np.ndarray of shape (n_answers,)

    Returns
    -------
    np.ndarray of shape (n_items,)
        Not negative; adds up to R².

    References
    ----------
    .. [1] J. W. Johnson, "A heuristic method for estimating the relative weight of predictor
       variables in multiple regression", Multivariate Behavioral Research 35, 2000.
    """
    correlation = np.corrcoef(items, rowvar=False).reshape(items.shape[1], items.shape[1])
    with_overall = np.array([np.corrcoef(column, overall)[0, 1] for column in items.T])
    roots, vectors = np.linalg.eigh(correlation)
    # items may be linearly dependent: such directions carry nothing
    kept = roots > 1e-10
    root = (vectors[:, kept] * np.sqrt(roots[kept])) @ vectors[:, kept].T
    inverse = (vectors[:, kept] / np.sqrt(roots[kept])) @ vectors[:, kept].T
    beta = inverse @ with_overall
    return (root**2) @ (beta**2)


def shapley_weights(items: np.ndarray, overall: np.ndarray) -> np.ndarray:
    """Share out explained variance by Shapley values over all subsets of items (LMG).

    Parameters
    ----------
    items : np.ndarray of shape (n_answers, n_items)
        At most 14 items; no missing values, no constant column.
    overall : np.ndarray of shape (n_answers,)

    Returns
    -------
    np.ndarray of shape (n_items,)
        Adds up to R².

    Raises
    ------
    ValueError
        If there are more than 14 items.

    References
    ----------
    .. [1] R. H. Lindeman, P. F. Merenda and R. Z. Gold, "Introduction to Bivariate and Multivariate
       Analysis", 1980; U. Grömping, "Relative importance for linear regression in R", Journal of
       Statistical Software 17, 2006.
    """
    count = items.shape[1]
    if count > _MOST_FOR_SHAPLEY:
        raise ValueError(f"Shapley values take at most {_MOST_FOR_SHAPLEY} items, not {count}")
    whole = np.corrcoef(np.column_stack([items, overall]), rowvar=False)
    explained = {
        subset: _r_squared(whole, subset)
        for size in range(count + 1)
        for subset in combinations(range(count), size)
    }
    share = np.zeros(count)
    for subset, value in explained.items():
        for item in set(range(count)) - set(subset):
            grown = tuple(sorted((*subset, item)))
            share[item] += (explained[grown] - value) / (count * comb(count - 1, len(subset)))
    return share


def _r_squared(correlation: np.ndarray, subset: tuple[int, ...]) -> float:
    """Give R² of the last variable on a subset of the others, from their correlations."""
    if not subset:
        return 0.0
    chosen = list(subset)
    with_overall = correlation[chosen, -1]
    inverse = np.linalg.pinv(correlation[np.ix_(chosen, chosen)])
    return float(with_overall @ inverse @ with_overall)


def drivers(
    answers: pd.DataFrame,
    overall: str,
    items: list[str],
    *,
    draws: int = 200,
    confidence: float = 0.9,
    seed: int = 0,
) -> Drivers:
    """Measure how much each item drives overall satisfaction, with bootstrap intervals.

    Parameters
    ----------
    answers : pd.DataFrame
        One row a respondent; scores of the items and of overall satisfaction. Rows with a missing
        score are left out; items that never vary get importance 0.
    overall : str
        Column of overall satisfaction.
    items : list of str
        Columns of the items.
    draws : int, default 200
        Bootstrap samples of respondents.
    confidence : float, default 0.9
    seed : int, default 0

    Raises
    ------
    ValueError
        If fewer complete answers than three per item are left, or overall never varies.
    """
    used = answers[[overall, *items]].dropna()
    varying = [item for item in items if used[item].std() > 0]
    if len(used) < max(10, 3 * len(items)) or not varying or not used[overall].std() > 0:
        raise ValueError(
            f"{len(used)} complete answers do not suffice for {len(items)} items: "
            f"{max(10, 3 * len(items))} are needed, and both items and overall must vary"
        )
    x, y = used[varying].to_numpy(float), used[overall].to_numpy(float)
    exact = len(varying) <= _MOST_FOR_SHAPLEY
    table = pd.DataFrame({"item": items}).set_index("item")
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(y), (draws, len(y)))
    methods: list[tuple[str, Callable[[np.ndarray, np.ndarray], np.ndarray]]] = [
        ("relative_weight", relative_weights)
    ]
    methods += [("shapley", shapley_weights)] if exact else []
    tail = (1 - confidence) / 2
    for name, method in methods:
        # a resample in which an item never varies says nothing and is passed over
        spread = [
            method(x[pick], y[pick])
            for pick in picks[: draws if name == "relative_weight" else min(draws, 60)]
            if (x[pick].std(axis=0) > 0).all() and y[pick].std() > 0
        ]
        low, high = np.quantile(spread, [tail, 1 - tail], axis=0)
        table[name] = pd.Series(method(x, y), index=varying)
        table[f"{name}_low"] = pd.Series(low, index=varying)
        table[f"{name}_high"] = pd.Series(high, index=varying)
    table = table.fillna(0.0)
    table["correlation"] = used[varying].corrwith(used[overall])
    whole = np.corrcoef(np.column_stack([x, y]), rowvar=False)
    return Drivers(table.reset_index(), _r_squared(whole, tuple(range(len(varying)))), len(used))


def importance_performance(
    performance: pd.Series, importance: pd.Series, stated: pd.Series | None = None
) -> pd.DataFrame:
    """Place each item by importance and performance, and say what to do with it.

    Parameters
    ----------
    performance : pd.Series indexed by item
        Mean score, 1 to 5.
    importance : pd.Series indexed by item
        Derived importance (relative weight or Shapley value).
    stated : pd.Series indexed by item, optional
        Importance as customers state it, 1 to 5; it crowds at the top, so it is shown, not used.

    Returns
    -------
    pd.DataFrame
        Most urgent first: `item`, `performance`, `importance`, `stated_importance`, `quadrant`
        ("concentrate here", "keep up the good work", "low priority", "possible overkill") and
        `priority` (importance times the distance to a full score, adding up to 1).

    References
    ----------
    .. [1] J. A. Martilla and J. C. James, "Importance-performance analysis", Journal of Marketing
       41, 1977.
    """
    table = pd.DataFrame({"performance": performance, "importance": importance})
    table["stated_importance"] = np.nan if stated is None else stated
    weighty = table["importance"] >= table["importance"].mean()
    good = table["performance"] >= table["performance"].mean()
    table["quadrant"] = np.select(
        [weighty & ~good, weighty & good, ~weighty & ~good],
        ["concentrate here", "keep up the good work", "low priority"],
        default="possible overkill",
    )
    need = table["importance"] * (5 - table["performance"])
    table["priority"] = need / need.sum() if need.sum() > 0 else 0.0
    ordered = table.rename_axis("item").reset_index()
    return ordered.sort_values(["priority", "item"], ascending=[False, True], ignore_index=True)


def penalty_reward(answers: pd.DataFrame, overall: str, items: list[str]) -> pd.DataFrame:
    """Contrast what a bad score takes from overall satisfaction with what a top score adds.

    Parameters
    ----------
    answers : pd.DataFrame
        One row a respondent; scores 1 to 5, rounded where they lie between.
    overall : str
    items : list of str

    Returns
    -------
    pd.DataFrame
        One row an item: `item`, `penalty` (effect on overall of scoring 1 or 2 instead of 3 or 4,
        usually negative), `reward` (of scoring 5), their standard errors `penalty_se`,
        `reward_se`, counts `low_answers`, `top_answers`, and `kind`: "basic" (hurts when missing,
        does not please when there), "delight" (the reverse), "performance" (both), or "not clear".

    References
    ----------
    .. [1] D. R. Brandt, "How service marketers can identify value-enhancing service elements",
       Journal of Services Marketing 2, 1988.
    """
    used = answers[[overall, *items]].dropna()
    scores = used[items].round()  # of several answers or another scale, they lie between
    low, top = scores.le(2).astype(float), scores.eq(5).astype(float)
    design = np.column_stack([np.ones(len(used)), low.to_numpy(), top.to_numpy()])
    inverse = np.linalg.pinv(design.T @ design)
    beta = inverse @ design.T @ used[overall].to_numpy(float)
    residual = used[overall].to_numpy(float) - design @ beta
    freedom = max(1, len(used) - np.linalg.matrix_rank(design))
    error = np.sqrt(np.clip(np.diag(inverse), 0, None) * (residual**2).sum() / freedom)
    count = len(items)
    table = pd.DataFrame(
        {
            "item": items,
            "penalty": beta[1 : count + 1],
            "penalty_se": error[1 : count + 1],
            "reward": beta[count + 1 :],
            "reward_se": error[count + 1 :],
            "low_answers": low.sum().to_numpy(int),
            "top_answers": top.sum().to_numpy(int),
        }
    )
    seen = (table["low_answers"] >= 5) & (table["top_answers"] >= 5)
    hurts = seen & (table["penalty"] < -2 * table["penalty_se"])
    pleases = seen & (table["reward"] > 2 * table["reward_se"])
    table["kind"] = np.select(
        [hurts & pleases, hurts, pleases], ["performance", "basic", "delight"], default="not clear"
    )
    return table
