"""How do several criteria together rank accounts, and does the answer hang on the method?

Every formula works on all accounts at once, PROMETHEE included: with the usual preference its net
flow is a mean of centred ranks, so that no pair of accounts need be compared.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from kamlab.segmentation.objective import CRITERIA

WEIGHTED_SUM, TOPSIS, VIKOR, PROMETHEE = "weighted sum", "TOPSIS", "VIKOR", "PROMETHEE II"
METHODS = (WEIGHTED_SUM, TOPSIS, VIKOR, PROMETHEE)
VECTOR, MIN_MAX, NONE = "vector", "min-max", "none"


@dataclass(frozen=True, slots=True)
class Ranking:
    """Accounts ranked by several methods.

    Attributes
    ----------
    scores : pd.DataFrame of shape (n_accounts, n_methods)
        High is good for every method (VIKOR's index is turned round: 1 - Q).
    ranks : pd.DataFrame of shape (n_accounts, n_methods)
        1 is best; equal scores share the better rank.
    normalisation : dict of method to str
        How each method brings criteria to one scale. TOPSIS can turn round with it.
    constant : tuple of str
        Criteria that are the same for all: they cannot tell accounts apart and count for nothing.
    """

    scores: pd.DataFrame
    ranks: pd.DataFrame
    normalisation: dict[str, str]
    constant: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far rankings agree.

    Attributes
    ----------
    tau : pd.DataFrame of shape (n_methods, n_methods)
        Kendall's tau-b, -1 to 1.
    concordance : float
        Kendall's W over all, 0 (none) to 1 (the same ranking), corrected for ties.
    shared : pd.DataFrame
        One row a pair of methods: `one`, `other`, `shared` (accounts in the top of both) and
        `shared_share`.
    """

    tau: pd.DataFrame
    concordance: float
    shared: pd.DataFrame


def criteria_matrix(
    facts: pd.DataFrame, criteria: Mapping[str, tuple[str, bool]] = CRITERIA
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Take the criteria that have data out of the facts; what is missing takes the middle.

    Parameters
    ----------
    facts : pd.DataFrame
        One row an account, with `account_id`.
    criteria : mapping of criterion to (column, whether high is good)

    Returns
    -------
    matrix : pd.DataFrame of shape (n_accounts, n_criteria)
        By account, no missing values.
    treatment : pd.DataFrame
        One row a criterion asked for: `criterion`, `used`, `missing` (accounts) and `filled_with`
        (the median of those known), so that the report can say so.
    """
    columns, rows = {}, []
    for name, (column, _) in criteria.items():
        values = facts[column].astype(float) if column in facts else pd.Series(np.nan, facts.index)
        values = values.where(np.isfinite(values))
        used = bool(values.notna().sum() >= 2)
        middle = float(values.median()) if used else np.nan
        if used:
            columns[name] = values.fillna(middle).to_numpy()
        rows.append((name, used, int(values.isna().sum()), middle))
    matrix = pd.DataFrame(columns, index=pd.Index(facts["account_id"], name="account_id"))
    treatment = pd.DataFrame(rows, columns=["criterion", "used", "missing", "filled_with"])
    return matrix, treatment


def weighted_sum(
    matrix: pd.DataFrame, weights: pd.Series, high_is_good: Mapping[str, bool] | None = None
) -> pd.Series:
    """Score accounts by the weighted mean of their criteria, each scaled from 0 to 1.

    Parameters
    ----------
    matrix : pd.DataFrame of shape (n_accounts, n_criteria)
        No missing values.
    weights : pd.Series of shape (n_criteria,)
        Not negative; scaled to sum 1.
    high_is_good : mapping of criterion to bool, optional
        True where not said.

    Returns
    -------
    pd.Series of shape (n_accounts,)
        0 to 1, high is good.

    Raises
    ------
    ValueError
        If a value is missing or a weight is.
    """
    values, share, good = _checked(matrix, weights, high_is_good)
    return pd.Series(_min_max(values, good) @ share, index=matrix.index, name=WEIGHTED_SUM)


def topsis(
    matrix: pd.DataFrame,
    weights: pd.Series,
    high_is_good: Mapping[str, bool] | None = None,
    *,
    normalisation: str = VECTOR,
) -> pd.Series:
    """Score accounts by how near they are to the best of everything and how far from the worst.

    Parameters
    ----------
    matrix, weights, high_is_good
        As for `weighted_sum`.
    normalisation : {"vector", "min-max", "none"}
        Say it beside the result: the ranking can turn round with it.

    Returns
    -------
    pd.Series of shape (n_accounts,)
        0 (worst of everything) to 1 (best of everything); 0.5 where all accounts are alike.

    Raises
    ------
    ValueError
        As for `weighted_sum`, or if the normalisation is not known.

    References
    ----------
    .. [1] C.-L. Hwang and K. Yoon, "Multiple Attribute Decision Making", Springer, 1981.

    Examples
    --------
    >>> cases = pd.DataFrame({"price": [1, 2, 5], "speed": [3000, 3750, 4500]})
    >>> topsis(cases, pd.Series({"price": 0.5, "speed": 0.5}), {"price": False}).round(3).tolist()
    [0.762, 0.722, 0.238]
    """
    values, share, good = _checked(matrix, weights, high_is_good)
    if normalisation == VECTOR:
        length = np.sqrt((values**2).sum(axis=0))
        scaled = np.where(good, 1, -1) * values / np.where(length > 0, length, 1)
    elif normalisation == MIN_MAX:
        scaled = _min_max(values, good)
    elif normalisation == NONE:
        scaled = np.where(good, 1, -1) * values
    else:
        raise ValueError(
            f"normalisation is one of {(VECTOR, MIN_MAX, NONE)}, not {normalisation!r}"
        )
    scaled = scaled * share
    to_best = np.sqrt(((scaled - scaled.max(axis=0)) ** 2).sum(axis=1))
    to_worst = np.sqrt(((scaled - scaled.min(axis=0)) ** 2).sum(axis=1))
    whole = to_best + to_worst
    nearness = np.where(whole > 0, to_worst / np.where(whole > 0, whole, 1), 0.5)
    return pd.Series(nearness, index=matrix.index, name=TOPSIS)


def vikor(
    matrix: pd.DataFrame,
    weights: pd.Series,
    high_is_good: Mapping[str, bool] | None = None,
    *,
    majority: float = 0.5,
) -> pd.DataFrame:
    """Weigh the regret over all criteria against the worst single regret.

    Parameters
    ----------
    matrix, weights, high_is_good
        As for `weighted_sum`.
    majority : float, default 0.5
        Weight of the sum of regrets against the worst one, 0 to 1.

    Returns
    -------
    pd.DataFrame of shape (n_accounts, 3)
        `S` (sum of regrets), `R` (worst regret), `Q` (both together, 0 to 1); low is good.

    Raises
    ------
    ValueError
        As for `weighted_sum`, or if majority is not between 0 and 1.

    References
    ----------
    .. [1] S. Opricovic and G.-H. Tzeng, "Compromise solution by MCDM methods: a comparative
       analysis of VIKOR and TOPSIS", European Journal of Operational Research 156, 2004.
    """
    if not 0 <= majority <= 1:
        raise ValueError(f"majority lies between 0 and 1, not {majority}")
    values, share, good = _checked(matrix, weights, high_is_good)
    regret = (1 - _min_max(values, good)) * share * (np.ptp(values, axis=0) > 0)
    together, worst = regret.sum(axis=1), regret.max(axis=1)
    parts = []
    for part in (together, worst):
        span = np.ptp(part)
        parts.append((part - part.min()) / span if span > 0 else np.zeros(len(part)))
    index = majority * parts[0] + (1 - majority) * parts[1]
    return pd.DataFrame({"S": together, "R": worst, "Q": index}, index=matrix.index)


def promethee(
    matrix: pd.DataFrame, weights: pd.Series, high_is_good: Mapping[str, bool] | None = None
) -> pd.Series:
    """Score accounts by how many others they outrank less by how many they are outranked.

    Parameters
    ----------
    matrix, weights, high_is_good
        As for `weighted_sum`. Any difference counts in full (the usual preference function).

    Returns
    -------
    pd.Series of shape (n_accounts,)
        Net flow, -1 to 1; they sum to 0.

    Raises
    ------
    ValueError
        As for `weighted_sum`.

    References
    ----------
    .. [1] J.-P. Brans and P. Vincke, "A preference ranking organisation method", Management
       Science 31, 1985.
    """
    values, share, good = _checked(matrix, weights, high_is_good)
    others = max(len(values) - 1, 1)
    flow = np.zeros(len(values))
    for column, weight, high in zip(values.T, share, good, strict=True):
        ordered = np.sort(column)
        below = np.searchsorted(ordered, column, side="left")
        above = len(column) - np.searchsorted(ordered, column, side="right")
        flow += weight * (below - above) * (1 if high else -1) / others
    return pd.Series(flow, index=matrix.index, name=PROMETHEE)


def rank_by(
    matrix: pd.DataFrame,
    weights: pd.Series,
    high_is_good: Mapping[str, bool] | None = None,
    *,
    normalisation: str = VECTOR,
) -> Ranking:
    """Rank accounts by weighted sum, TOPSIS, VIKOR and PROMETHEE II.

    Parameters
    ----------
    matrix, weights, high_is_good
        As for `weighted_sum`.
    normalisation : str
        Of TOPSIS.

    Returns
    -------
    Ranking
    """
    scores = pd.DataFrame(
        {
            WEIGHTED_SUM: weighted_sum(matrix, weights, high_is_good),
            TOPSIS: topsis(matrix, weights, high_is_good, normalisation=normalisation),
            VIKOR: 1 - vikor(matrix, weights, high_is_good)["Q"],
            PROMETHEE: promethee(matrix, weights, high_is_good),
        }
    )
    # sums of the same numbers in another order are one score
    ranks = scores.round(12).rank(ascending=False, method="min").astype(int)
    scaling = dict.fromkeys(METHODS, MIN_MAX) | {TOPSIS: normalisation, PROMETHEE: "ranks"}
    same = np.ptp(matrix.to_numpy(float), axis=0) == 0
    return Ranking(scores, ranks, scaling, tuple(str(name) for name in matrix.columns[same]))


def agreement(ranks: pd.DataFrame, top: int) -> Agreement:
    """Measure how far several rankings of the same accounts agree.

    Parameters
    ----------
    ranks : pd.DataFrame of shape (n_accounts, n_methods)
        1 is best. At least two accounts and two methods.
    top : int
        How many of the best are compared.

    Returns
    -------
    Agreement

    Raises
    ------
    ValueError
        If there is nothing to compare.

    References
    ----------
    .. [1] M. G. Kendall and B. Babington Smith, "The problem of m rankings", Annals of
       Mathematical Statistics 10, 1939.
    """
    from scipy.stats import kendalltau

    count, methods = ranks.shape
    if count < 2 or methods < 2:
        raise ValueError(f"agreement needs two accounts and two rankings, not {ranks.shape}")
    tau = pd.DataFrame(np.eye(methods), ranks.columns, ranks.columns)
    rows = []
    for one, other in combinations(ranks.columns, 2):
        tau.loc[one, other] = tau.loc[other, one] = kendalltau(ranks[one], ranks[other]).statistic
        both = int(((ranks[one] <= top) & (ranks[other] <= top)).sum())
        rows.append((one, other, both, both / min(top, count)))
    places = ranks.rank(method="average").to_numpy()
    spread = ((places.sum(axis=1) - methods * (count + 1) / 2) ** 2).sum()
    ties = sum(
        (sizes**3 - sizes).sum()
        for sizes in (np.unique(places[:, j], return_counts=True)[1] for j in range(methods))
    )
    most = methods**2 * (count**3 - count) - methods * ties
    shared = pd.DataFrame(rows, columns=["one", "other", "shared", "shared_share"])
    return Agreement(tau, float(12 * spread / most) if most > 0 else 1.0, shared)


def _checked(
    matrix: pd.DataFrame, weights: pd.Series, high_is_good: Mapping[str, bool] | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give values, weights that sum to 1 and directions as arrays; refuse what is missing."""
    values = matrix.to_numpy(float)
    holes = ~np.isfinite(values)
    if holes.any():
        row, column = np.argwhere(holes)[0]
        raise ValueError(
            f"criterion {matrix.columns[column]!r} of account {matrix.index[row]!r} is missing: "
            "say how missing values are treated first, see criteria_matrix"
        )
    share = weights.reindex(matrix.columns).to_numpy(float)
    if not np.isfinite(share).all() or (share < 0).any() or share.sum() <= 0:
        raise ValueError(
            f"every criterion of {list(matrix.columns)} needs a weight that is not negative, "
            f"and one a weight above zero; given {weights.to_dict()}"
        )
    good = np.array([(high_is_good or {}).get(name, True) for name in matrix.columns])
    return values, share / share.sum(), good


def _min_max(values: np.ndarray, good: np.ndarray) -> np.ndarray:
    """Scale each criterion from 0 (worst) to 1 (best); 0 where all are the same."""
    low, span = values.min(axis=0), np.ptp(values, axis=0)
    scaled = (values - low) / np.where(span > 0, span, 1)
    return np.where(good | (span == 0), scaled, 1 - scaled)
