"""How much does each criterion count: said outright, drawn from comparisons, or from the data?"""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

# Mean consistency index of random comparisons, by number of criteria (Saaty 1980).
RANDOM_INDEX = (0.0, 0.0, 0.58, 0.90, 1.12, 1.24, 1.32, 1.41, 1.45, 1.49, 1.51, 1.48, 1.56)
ACCEPTABLE = 0.10


@dataclass(frozen=True, slots=True)
class Comparisons:
    """Weights from pairwise comparisons, and how far these agree with each other.

    Attributes
    ----------
    weights : pd.Series of shape (n_criteria,)
        Sum to 1.
    largest_eigenvalue : float
        The number of criteria where comparisons agree fully; above it otherwise.
    consistency_index : float
        (largest eigenvalue - n) / (n - 1).
    consistency_ratio : float
        Against random comparisons; above 0.10 they contradict each other too much.
    random_index : float
        The random comparisons' index, after Saaty's table.
    repair : pd.DataFrame
        One row a pair, what contradicts the others most first: `more`, `than`, `stated` (how many
        times as important), `implied` by the weights and `ratio_after`, the consistency ratio if
        that pair alone were set to what is implied.
    warning : str
        In words where the comparisons contradict each other too much, else empty.
    """

    weights: pd.Series
    largest_eigenvalue: float
    consistency_index: float
    consistency_ratio: float
    random_index: float
    repair: pd.DataFrame
    warning: str


@dataclass(frozen=True, slots=True)
class BestWorst:
    """Weights by the best-worst method.

    Attributes
    ----------
    weights : pd.Series of shape (n_criteria,)
        Sum to 1.
    deviation : float
        Largest distance from a stated comparison, on the scale of weights; near 0 is consistent.
    """

    weights: pd.Series
    deviation: float


def direct_weights(stated: Mapping[str, float]) -> pd.Series:
    """Scale stated weights so that they sum to 1.

    Parameters
    ----------
    stated : mapping of criterion to weight
        Not negative, at least one above zero. Equal numbers give equal weights.

    Raises
    ------
    ValueError
        If a weight is negative or missing, or all are zero.

    Examples
    --------
    >>> direct_weights({"sales": 3, "margin": 1}).to_dict()
    {'sales': 0.75, 'margin': 0.25}
    """
    weights = pd.Series(stated, dtype=float, name="weight")
    if not np.isfinite(weights).all() or (weights < 0).any() or weights.sum() <= 0:
        raise ValueError(f"weights are not negative and not all zero, not {dict(stated)}")
    return weights / weights.sum()


def ahp(comparisons: pd.DataFrame) -> Comparisons:
    """Draw weights from pairwise comparisons: the principal eigenvector, with its consistency.

    Parameters
    ----------
    comparisons : pd.DataFrame of shape (n_criteria, n_criteria)
        Row i, column j: how many times as important i is as j; 1 on the diagonal, the reciprocal
        on the other side. Names of rows and columns are the criteria.

    Returns
    -------
    Comparisons

    Raises
    ------
    ValueError
        If the matrix is not square, positive and reciprocal.

    Warns
    -----
    UserWarning
        If the consistency ratio is above 0.10, with the comparison to look at first.

    References
    ----------
    .. [1] T. L. Saaty, "The Analytic Hierarchy Process", McGraw-Hill, 1980.

    Examples
    --------
    >>> names = ["margin", "sales", "growth"]
    >>> stated = [[1, 3, 5], [1 / 3, 1, 2], [1 / 5, 1 / 2, 1]]
    >>> made = ahp(pd.DataFrame(stated, names, names))
    >>> made.weights.round(4).tolist(), round(made.consistency_ratio, 4)
    ([0.6483, 0.2297, 0.122], 0.0032)
    """
    matrix = _reciprocal(comparisons)
    weights, largest = _principal(matrix)
    ratio, index, random = _consistency(matrix, largest)
    names = [str(name) for name in comparisons.index]
    repair = _repair(matrix, weights, names)
    said = ""
    if ratio > ACCEPTABLE:
        first = repair.iloc[0]
        said = (
            f"The comparisons contradict each other: consistency ratio {ratio:.3f}, above "
            f"{ACCEPTABLE:.2f}. Look first at {first['more']} against {first['than']}: stated "
            f"{first['stated']:.2g} times as important, the others imply {first['implied']:.2g} "
            f"(ratio then {first['ratio_after']:.3f})."
        )
        warnings.warn(said, UserWarning, stacklevel=2)
    named = pd.Series(weights, index=comparisons.index, name="weight")
    return Comparisons(named, largest, index, ratio, random, repair, said)


def joint_comparisons(judges: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Join the comparisons of several people: the geometric mean, which stays reciprocal.

    Parameters
    ----------
    judges : sequence of pd.DataFrame
        As for `ahp`, all with the same criteria.

    Raises
    ------
    ValueError
        If there is none, or the criteria differ.

    References
    ----------
    .. [1] J. Aczél and T. L. Saaty, "Procedures for synthesizing ratio judgements", Journal of
       Mathematical Psychology 27, 1983.
    """
    if not judges:
        raise ValueError("there are no comparisons to join")
    first = judges[0]
    for other in judges[1:]:
        if set(other.index) != set(first.index):
            raise ValueError(f"criteria differ: {list(first.index)} and {list(other.index)}")
    logs = [
        np.log(_reciprocal(judge.loc[first.index, list(first.index)]))  # in the first one's order
        for judge in judges
    ]
    return pd.DataFrame(np.exp(np.mean(logs, axis=0)), first.index, first.index)


def best_worst(
    best: str, worst: str, best_to_others: Mapping[str, float], others_to_worst: Mapping[str, float]
) -> BestWorst:
    """Draw weights from comparisons with the best and the worst criterion only.

    Parameters
    ----------
    best, worst : str
        The most and the least important criterion.
    best_to_others : mapping of criterion to number
        How many times as important the best is as each, 1 to 9.
    others_to_worst : mapping of criterion to number
        How many times as important each is as the worst, 1 to 9.

    Raises
    ------
    ValueError
        If the criteria of the two differ, or best or worst is not among them.

    References
    ----------
    .. [1] J. Rezaei, "Best-worst multi-criteria decision-making method: some properties and a
       linear model", Omega 64, 2016.

    Examples
    --------
    >>> made = best_worst("sales", "age", {"sales": 1, "margin": 2, "age": 4},
    ...     {"sales": 4, "margin": 2, "age": 1})
    >>> made.weights.round(3).tolist(), round(made.deviation, 6)
    ([0.571, 0.286, 0.143], 0.0)
    """
    from scipy.optimize import linprog

    names = list(best_to_others)
    if set(names) != set(others_to_worst) or not {best, worst} <= set(names) or best == worst:
        raise ValueError(
            f"best and worst are two of the criteria compared; compared are {names} and "
            f"{list(others_to_worst)}, best is {best!r}, worst {worst!r}"
        )
    if min(*best_to_others.values(), *others_to_worst.values()) < 1:
        raise ValueError("comparisons with best and worst are at least 1")
    unit = dict(zip(names, np.eye(len(names)), strict=True))
    gaps = [unit[best] - best_to_others[name] * unit[name] for name in names if name != best]
    gaps += [unit[name] - others_to_worst[name] * unit[worst] for name in names if name != worst]
    both = np.vstack([gaps, np.negative(gaps)])
    solved = linprog(
        np.r_[np.zeros(len(names)), 1],
        A_ub=np.c_[both, -np.ones(len(both))],
        b_ub=np.zeros(len(both)),
        A_eq=[np.r_[np.ones(len(names)), 0]],
        b_eq=[1],
        method="highs",
    )
    weights = pd.Series(solved.x[:-1], index=names, name="weight")
    return BestWorst(weights, float(solved.fun))


def entropy_weights(matrix: pd.DataFrame) -> pd.Series:
    """Weigh criteria by how unevenly their amounts are spread: what tells apart counts.

    Parameters
    ----------
    matrix : pd.DataFrame of shape (n_accounts, n_criteria)
        Not negative, no missing values.

    Returns
    -------
    pd.Series of shape (n_criteria,)
        Sum to 1; 0 for a criterion that is the same for all. Equal if all are.

    Raises
    ------
    ValueError
        If a value is negative or missing, or there are fewer than two accounts.

    References
    ----------
    .. [1] C.-L. Hwang and K. Yoon, "Multiple Attribute Decision Making", Springer, 1981.
    """
    values = _complete(matrix)
    if (values < 0).any():
        raise ValueError("entropy weights need criteria that are not negative")
    totals = values.sum(axis=0)
    shares = values / np.where(totals > 0, totals, 1)
    logs = np.log(np.where(shares > 0, shares, 1))
    entropy = np.where(totals > 0, -(shares * logs).sum(axis=0) / np.log(len(values)), 1)
    return _shares(np.clip(1 - entropy, 0, None), matrix.columns)


def critic_weights(
    matrix: pd.DataFrame, high_is_good: Mapping[str, bool] | None = None
) -> pd.Series:
    """Weigh criteria by their spread and by how little the other criteria repeat them.

    Parameters
    ----------
    matrix : pd.DataFrame of shape (n_accounts, n_criteria)
        No missing values.
    high_is_good : mapping of criterion to bool, optional
        False turns a criterion round before it is correlated with the others.

    Returns
    -------
    pd.Series of shape (n_criteria,)
        Sum to 1; 0 for a criterion that is the same for all. Equal if all are.

    Raises
    ------
    ValueError
        If a value is missing, or there are fewer than two accounts.

    References
    ----------
    .. [1] D. Diakoulaki, G. Mavrotas and L. Papayannakis, "Determining objective weights in
       multiple criteria problems: the CRITIC method", Computers & Operations Research 22, 1995.
    """
    values = _complete(matrix)
    good = [(high_is_good or {}).get(name, True) for name in matrix.columns]
    values = values * np.where(good, 1, -1)
    span = np.ptp(values, axis=0)
    moves = span > 0
    scaled = (values[:, moves] - values[:, moves].min(axis=0)) / span[moves]
    found = np.zeros(len(span))
    if moves.any():
        alike = np.atleast_2d(np.corrcoef(scaled, rowvar=False))
        conflict = (1 - alike).sum(axis=0)
        # one criterion alone, or criteria that all repeat each other, count by their spread
        conflict = conflict if conflict.sum() > 1e-12 else np.ones(len(conflict))
        found[moves] = scaled.std(axis=0, ddof=1) * conflict
    return _shares(found, matrix.columns)


def _reciprocal(comparisons: pd.DataFrame) -> np.ndarray:
    """Give the comparisons as an array; refuse what is not square, positive and reciprocal."""
    matrix = comparisons.to_numpy(float)
    rows, columns = matrix.shape
    if rows != columns or rows < 1 or list(comparisons.index) != list(comparisons.columns):
        raise ValueError(
            f"comparisons have the same criteria in rows and columns, not {rows} × {columns}"
        )
    if not np.isfinite(matrix).all() or (matrix <= 0).any():
        raise ValueError("comparisons are positive numbers")
    wrong = np.argwhere(np.abs(np.log(matrix * matrix.T)) > 0.02)
    if len(wrong):
        i, j = wrong[0]
        names = comparisons.index
        raise ValueError(
            f"{names[i]} against {names[j]} is {matrix[i, j]:g}, so the other way round must be "
            f"{1 / matrix[i, j]:.4g}, not {matrix[j, i]:g}"
        )
    return matrix


def _principal(matrix: np.ndarray) -> tuple[np.ndarray, float]:
    """Give the principal eigenvector, which sums to 1, and its eigenvalue."""
    values, vectors = np.linalg.eig(matrix)
    place = int(np.argmax(values.real))
    vector = np.abs(vectors[:, place].real)
    return vector / vector.sum(), float(values[place].real)


def _consistency(matrix: np.ndarray, largest: float) -> tuple[float, float, float]:
    """Give consistency ratio, consistency index and random index."""
    count = len(matrix)
    if count < 3:
        return 0.0, 0.0, 0.0
    index = max((largest - count) / (count - 1), 0.0)
    # beyond the table, the line that Alonso and Lamata (2006) fitted to random matrices
    table = count <= len(RANDOM_INDEX)
    random = RANDOM_INDEX[count - 1] if table else (1.7699 * count - 4.3513) / (count - 1)
    return index / random, index, random


def _repair(matrix: np.ndarray, weights: np.ndarray, names: Sequence[str]) -> pd.DataFrame:
    """List the pairs, the one that contradicts the weights most first."""
    rows = []
    for i in range(len(matrix)):
        for j in range(i + 1, len(matrix)):
            more, less = (i, j) if matrix[i, j] >= 1 else (j, i)
            changed = matrix.copy()
            changed[more, less] = weights[more] / weights[less]
            changed[less, more] = weights[less] / weights[more]
            after = _consistency(changed, _principal(changed)[1])[0]
            implied = weights[more] / weights[less]
            rows.append((names[more], names[less], matrix[more, less], implied, after))
    table = pd.DataFrame(rows, columns=["more", "than", "stated", "implied", "ratio_after"])
    apart = np.abs(np.log(table["stated"] / table["implied"]))
    return table.loc[apart.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


def _complete(matrix: pd.DataFrame) -> np.ndarray:
    """Give the values; refuse missing ones and single accounts."""
    values = matrix.to_numpy(float)
    if len(values) < 2 or not np.isfinite(values).all():
        raise ValueError("weights from data need two accounts or more and no missing values")
    return values


def _shares(found: np.ndarray, names: pd.Index) -> pd.Series:
    """Scale to sum 1; equal where nothing tells the criteria apart."""
    total = found.sum()
    weights = found / total if total > 1e-15 else np.full(len(found), 1 / len(found))
    return pd.Series(weights, index=names, name="weight")
