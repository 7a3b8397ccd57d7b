"""What makes the model think that an account leaves? Parts that add up to its log-odds."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kamlab.churn.model import ChurnModel

BASELINE = "baseline"
_BACKGROUND = 100


def contributions(
    model: ChurnModel,
    table: pd.DataFrame,
    background: pd.DataFrame,
    *,
    groups: Mapping[str, Sequence[str]] | None = None,
    rounds: int = 24,
    seed: int = 0,
) -> pd.DataFrame:
    """Share out each account's log-odds among columns, or groups of them (Shapley values).

    Columns are replaced one after another, in random orders, by those of accounts drawn from the
    background; what each replacement changes is its part. Interactions are shared between those who
    make them, and the parts add up exactly, whatever the number of rounds.

    Parameters
    ----------
    model : ChurnModel
        Fitted.
    table : pd.DataFrame of shape (n_rows, n_columns)
        Accounts to explain.
    background : pd.DataFrame
        Accounts that stand for the usual one, with the same columns.
    groups : mapping of str to sequence of str, optional
        Columns that speak of one thing; columns in no group are one each. None: all single.
    rounds : int, default 24
        Random orders, each also taken backwards; more are steadier.
    seed : int, default 0

    Returns
    -------
    pd.DataFrame of shape (n_rows, n_groups + 1)
        Indexed as the table: log-odds of each group against the background, and `baseline`, the
        background's log-odds; a row sums to the model's log-odds of the account.

    References
    ----------
    .. [1] E. Štrumbelj and I. Kononenko, "Explaining prediction models and individual predictions
       with feature contributions", Knowledge and Information Systems 41, 2014.
    """
    named = _complete(table, groups)
    rng = np.random.default_rng(seed)
    usual = background.sample(min(_BACKGROUND, len(background)), random_state=seed)
    total = pd.DataFrame(0.0, index=table.index, columns=[*named, BASELINE])
    turns = max(rounds // 2, 1)
    for _ in range(turns):
        order = list(rng.permutation(len(named)))
        drawn = usual.iloc[rng.integers(0, len(usual), len(table))]
        drawn = drawn[list(table.columns)].set_axis(table.index, axis=0)
        for way in (order, order[::-1]):
            mixed = {name: drawn[name] for name in table.columns}
            before = model.predict_log_odds(pd.DataFrame(mixed))
            total[BASELINE] += before
            for place in way:
                name = list(named)[place]
                mixed |= {column: table[column] for column in named[name]}
                after = model.predict_log_odds(pd.DataFrame(mixed))
                total[name] += after - before
                before = after
    return total / (2 * turns)


def _complete(
    table: pd.DataFrame, groups: Mapping[str, Sequence[str]] | None
) -> dict[str, list[str]]:
    """Give every column a group, leaving out names that are not there."""
    named = {
        name: [column for column in columns if column in table]
        for name, columns in (groups or {}).items()
    }
    named = {name: columns for name, columns in named.items() if columns}
    taken = {column for columns in named.values() for column in columns}
    return named | {str(column): [column] for column in table.columns if column not in taken}


def leaks(table: pd.DataFrame, truth: np.ndarray, *, limit: float = 0.98) -> pd.DataFrame:
    """Name the columns that alone tell who left better than any honest column could.

    Parameters
    ----------
    table : pd.DataFrame
        What was known, allegedly, before the day.
    truth : np.ndarray of shape (n_rows,)
        Whether each left afterwards.
    limit : float, default 0.98
        Area under the curve of one column from which it is suspected.

    Returns
    -------
    pd.DataFrame
        `column`, `auc` (0.5 to 1, whichever way round) and `why`, worst first.
    """
    from sklearn.metrics import roc_auc_score

    from kamlab.churn.columns import MessyColumns

    left = np.asarray(truth).astype(bool)
    coded = MessyColumns().fit(table).transform(table)
    rows = []
    pieces = ((coded.numbers, coded.owner["numbers"]), (coded.flags, coded.owner["flags"]))
    for matrix, owners in pieces:
        for values, owner in zip(matrix.T, owners, strict=True):
            filled = np.where(np.isnan(values), np.nanmedian(values), values)
            score = float(roc_auc_score(left, filled)) if np.ptp(filled) > 0 else 0.5
            rows.append((str(table.columns[owner]), max(score, 1 - score)))
    found = pd.DataFrame(rows, columns=["column", "auc"]).groupby("column", as_index=False).max()
    found = found[found["auc"] >= limit].sort_values("auc", ascending=False, ignore_index=True)
    return found.assign(why="it all but names those who left: known only afterwards?")
