"""Would an account that nobody would pick change the order of those on the list?"""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from kamlab.segmentation.ranking import (
    PROMETHEE,
    TOPSIS,
    VIKOR,
    WEIGHTED_SUM,
    promethee,
    topsis,
    vikor,
    weighted_sum,
)

_SCORES: dict[str, Callable[..., pd.Series]] = {
    WEIGHTED_SUM: weighted_sum,
    TOPSIS: topsis,
    VIKOR: lambda *given: 1 - vikor(*given)["Q"],
    PROMETHEE: promethee,
}


def rank_reversal(
    matrix: pd.DataFrame,
    weights: pd.Series,
    high_is_good: Mapping[str, bool] | None = None,
    *,
    top: int,
    tries: int = 30,
) -> pd.DataFrame:
    """Leave out accounts that are not on the list, one at a time, and see whether it changes.

    An answer that turns with an account nobody would pick is not to be trusted to the place.
    Tried are the accounts just outside the list, and those that hold the largest or smallest value
    of a criterion, since they set the scale of the others.

    Parameters
    ----------
    matrix, weights, high_is_good
        As for `kamlab.segmentation.ranking.weighted_sum`.
    top : int
        Length of the list.
    tries : int, default 30
        How many accounts just outside the list are left out.

    Returns
    -------
    pd.DataFrame
        One row a method: `method`, `tried` (accounts left out), `reordered` (how often the order
        within the list changed), `replaced` (how often another account came in) and `largest`
        (the account whose absence moved most places, empty if none did).

    Raises
    ------
    ValueError
        If the list is not shorter than the accounts, or as for `weighted_sum`.
    """
    if not 1 <= top < len(matrix):
        raise ValueError(f"top lies between 1 and below {len(matrix)} accounts, not {top}")
    rows = []
    for method, scores in _SCORES.items():
        order = _order(scores(matrix, weights, high_is_good))
        listed = order[:top]
        extremes = pd.Index(np.r_[matrix.idxmax().to_numpy(), matrix.idxmin().to_numpy()])
        tried = order[top : top + tries].append(extremes.difference(listed)).unique()
        moved = {}
        for account in tried:
            new = _order(scores(matrix.drop(index=account), weights, high_is_good))[:top]
            moved[account] = (int((new != listed).sum()), len(listed.difference(new)))
        found = pd.DataFrame.from_dict(moved, orient="index", columns=["places", "others"])
        most = found["places"].idxmax() if (found["places"] > 0).any() else ""
        changed, other = int((found["places"] > 0).sum()), int((found["others"] > 0).sum())
        rows.append((method, len(tried), changed, other, most))
    return pd.DataFrame(rows, columns=["method", "tried", "reordered", "replaced", "largest"])


def _order(scores: pd.Series) -> pd.Index:
    """Give the accounts, the best first; equal ones by their name."""
    table = pd.DataFrame({"score": -scores.round(12), "name": scores.index.astype(str)})
    return scores.index[table.reset_index(drop=True).sort_values(["score", "name"]).index]
