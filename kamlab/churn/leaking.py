"""Which columns know too much: do they tell alone who leaves, because they were written after?"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamlab.churn.columns import MOST_LEARNT, MessyColumns, drawn_by_content

_FOLDS = 3
_LEAVES = 8


def leaks(table: pd.DataFrame, truth: npt.ArrayLike, *, limit: float = 0.98) -> pd.DataFrame:
    """Name the columns that alone tell who left better than any honest column could.

    Each column, with its gaps and levels, is asked by a small tree, on rows that the tree has not
    seen: a leak shows whichever way it is written (a closing date that is only there for leavers, a
    status, an amount that is nought afterwards).

    Parameters
    ----------
    table : pd.DataFrame of shape (n_rows, n_columns)
        What was known, allegedly, before the day.
    truth : array-like of shape (n_rows,)
        Whether each left afterwards.
    limit : float, default 0.98
        Area under the curve of one column from which it is suspected.

    Returns
    -------
    pd.DataFrame
        `column`, `auc` (0.5 to 1) and `why`, worst first; empty where nothing is suspected, or
        fewer than three left or stayed.

    Examples
    --------
    >>> left = np.arange(60) % 3 == 0
    >>> table = pd.DataFrame({"orders": np.arange(60) % 7, "closed_on": np.where(left, "x", None)})
    >>> leaks(table, left)["column"].tolist()
    ['closed_on']
    """
    from sklearn.metrics import roc_auc_score
    from sklearn.model_selection import StratifiedKFold, cross_val_predict
    from sklearn.tree import DecisionTreeClassifier

    left = np.asarray(truth).astype(bool)
    if len(table) > MOST_LEARNT:
        drawn = drawn_by_content(table, MOST_LEARNT)
        table, left = table.iloc[drawn], left[drawn]
    found = pd.DataFrame(columns=["column", "auc"])
    if min(left.sum(), (~left).sum()) >= _FOLDS:
        coder = MessyColumns().fit(table)
        coded = coder.transform(table)
        matrix = np.hstack([coded.numbers, coded.flags])
        owners = np.array([*coded.number_owner, *coded.flag_owner], int)
        tree = DecisionTreeClassifier(max_leaf_nodes=_LEAVES, random_state=0)
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
        rows = []
        for owner in np.unique(owners):
            asked = matrix[:, owners == owner]
            told = cross_val_predict(tree, asked, left, cv=folds, method="predict_proba")[:, 1]
            rows.append((str(coder.names_[owner]), float(roc_auc_score(left, told))))
        found = pd.DataFrame(rows, columns=["column", "auc"])
        found = found[found["auc"] >= limit].sort_values(
            ["auc", "column"], ascending=[False, True], ignore_index=True
        )
    return found.assign(why="it all but names those who left: known only afterwards?")
