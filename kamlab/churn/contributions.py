"""What makes the model think that an account leaves? Parts that add up to its log-odds."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.utils.validation import check_is_fitted

from kamlab.churn.candidates import Boosting, Candidate, Logistic, matrix_of
from kamlab.churn.columns import Coded
from kamlab.churn.explainable import Explainable
from kamlab.churn.leaking import leaks
from kamlab.churn.model import ChurnModel
from kamlab.churn.trees import tree_contributions

__all__ = ["BASELINE", "contributions", "importance", "leaks"]

BASELINE = "baseline"
_BACKGROUND = 100

Groups = Mapping[str, Sequence[str]]


def contributions(
    model: ChurnModel,
    table: pd.DataFrame,
    background: pd.DataFrame | None = None,
    *,
    groups: Groups | None = None,
    seed: int = 0,
) -> pd.DataFrame:
    """Share out each account's log-odds among columns, or groups of them (Shapley values).

    Exact for each part of the blend: of a logistic regression, a coefficient times the distance
    from the mean; of trees, see `tree_contributions`; of explainable boosting, what its curves say
    beyond their mean, a pair's part shared evenly. Nothing is drawn by chance but the accounts
    of a background that has more than a hundred.

    Parameters
    ----------
    model : ChurnModel
        Fitted.
    table : pd.DataFrame of shape (n_rows, n_columns)
        Accounts to explain.
    background : pd.DataFrame, optional
        Accounts that stand for the usual one. Default: those the model was fitted on, as it
        remembers them (means, and shares that went each way in a tree).
    groups : mapping of str to sequence of str, optional
        Columns that speak of one thing and are added up; columns in no group are one each.
    seed : int, default 0
        For the hundred.

    Returns
    -------
    pd.DataFrame of shape (n_rows, n_groups + 1)
        Indexed as the table: log-odds of each column or group, 0 for columns that the model left
        out, and `baseline`, the usual account's log-odds; a row sums to `predict_log_odds`.

    References
    ----------
    .. [1] S. Lundberg and S.-I. Lee, "A unified approach to interpreting model predictions", NIPS,
       2017.

    Examples
    --------
    >>> table = pd.DataFrame({"silent_days": np.arange(200.0), "orders": np.arange(200.0) % 9})
    >>> model = ChurnModel().fit(table, np.arange(200) % 50 > 30 - np.arange(200) / 10)
    >>> parts = contributions(model, table.head(2))
    >>> parts.columns.tolist()
    ['silent_days', 'orders', 'baseline']
    >>> bool(np.allclose(parts.sum(axis=1), model.predict_log_odds(table.head(2))))
    True
    """
    check_is_fitted(model, "fitted_")
    coded = model.columns_.transform(_named(table))
    usual = None
    if background is not None:
        few = background.sample(min(_BACKGROUND, len(background)), random_state=seed)
        usual = model.columns_.transform(_named(few))
    names = model.columns_.names_
    intercept, slope = model.calibration_
    parts, baseline = np.zeros((len(table), len(names))), intercept
    for candidate, weight in zip(model.fitted_, model.weights_, strict=True):
        each, start = _parts(candidate, coded, usual, len(names))
        parts += slope * weight * each
        baseline += slope * weight * start
    whole = pd.DataFrame(parts, index=table.index, columns=names)
    whole = whole.reindex(columns=[str(name) for name in table.columns], fill_value=0.0)
    members = _members(table, groups)
    made = {group: whole[list(columns)].sum(axis=1) for group, columns in members.items()}
    return pd.DataFrame(made | {BASELINE: baseline}, index=table.index)


def importance(
    model: ChurnModel,
    table: pd.DataFrame,
    truth: npt.ArrayLike,
    *,
    groups: Groups | None = None,
    repeats: int = 5,
    seed: int = 0,
) -> pd.DataFrame:
    """Give how much worse the model predicts when a column is shuffled among accounts.

    Parameters
    ----------
    model : ChurnModel
        Fitted, on other accounts than these.
    table : pd.DataFrame of shape (n_rows, n_columns)
    truth : array-like of shape (n_rows,)
        What came, in the classes of the model.
    groups : mapping of str to sequence of str, optional
        Columns that are shuffled together, since one could stand in for the other.
    repeats : int, default 5
        At least 2.
    seed : int, default 0

    Returns
    -------
    pd.DataFrame
        `column` (or group), `importance` (rise of the log loss, in nats), `error` (standard error
        of its mean over the repeats), the most important first.

    Raises
    ------
    ValueError
        If fewer than two repeats are asked for.

    References
    ----------
    .. [1] L. Breiman, "Random forests", Machine Learning 45, 2001.
    """
    if repeats < 2:
        raise ValueError(f"an error needs 2 repeats or more, not {repeats}")
    left = (np.asarray(truth).astype(model.classes_.dtype) == model.classes_[1]).astype(float)
    rng = np.random.default_rng(seed)
    plain = _log_loss(model, table, left)
    rows = []
    for name, columns in _members(table, groups).items():
        rises = []
        for _ in range(repeats):
            order = rng.permutation(len(table))
            shuffled = {column: table[column].array[order] for column in columns}
            rises.append(_log_loss(model, table.assign(**shuffled), left) - plain)
        rows.append((name, np.mean(rises), np.std(rises, ddof=1) / np.sqrt(repeats)))
    made = pd.DataFrame(rows, columns=["column", "importance", "error"])
    return made.sort_values("importance", ascending=False, kind="stable", ignore_index=True)


def _parts(
    candidate: Candidate, coded: Coded, usual: Coded | None, count: int
) -> tuple[np.ndarray, float]:
    """Give one candidate's parts by column of the table, and its baseline."""
    if isinstance(candidate, Logistic):
        weights = candidate.parts["model"].coef_[0]
        design = candidate.design(coded)
        middle = np.zeros(len(weights)) if usual is None else candidate.design(usual).mean(axis=0)
        each = (design - middle) * weights
        baseline = float(candidate.parts["model"].intercept_[0] + middle @ weights)
        owners = candidate.owners(coded)
    elif isinstance(candidate, Boosting) and candidate.model is not None:
        reference = None if usual is None else matrix_of(usual)
        each, baseline = tree_contributions(candidate.model, matrix_of(coded), reference)
        owners = np.array([*coded.number_owner, *coded.flag_owner], int)
    elif isinstance(candidate, Explainable):
        each = candidate.by_column(matrix_of(coded))
        middle = np.zeros(each.shape[1])  # its curves have mean nought over the training rows
        if usual is not None:
            middle = candidate.by_column(matrix_of(usual)).mean(axis=0)
        each = each - middle
        baseline = float(candidate.parts["intercept"] + middle.sum())
        owners = np.array([*coded.number_owner, *coded.flag_owner], int)
    else:
        raise TypeError(f"no contributions are known for {candidate.name}")
    whole = np.zeros((len(each), count))
    np.add.at(whole.T, owners, each.T)
    return whole, baseline


def _members(table: pd.DataFrame, groups: Groups | None) -> dict[str, list[str]]:
    """Give every column a group, leaving out names that are not there."""
    names = [str(name) for name in table.columns]
    made = {
        group: [column for column in columns if column in names]
        for group, columns in (groups or {}).items()
    }
    made = {group: columns for group, columns in made.items() if columns}
    taken = [column for columns in made.values() for column in columns]
    if len(taken) != len(set(taken)):
        raise ValueError("a column stands in two groups")
    return made | {name: [name] for name in names if name not in taken}


def _named(table: pd.DataFrame) -> pd.DataFrame:
    """Name columns by text, as the model does."""
    return table.set_axis([str(name) for name in table.columns], axis=1)


def _log_loss(model: ChurnModel, table: pd.DataFrame, left: np.ndarray) -> float:
    """Give the log loss of predictions."""
    odds = model.predict_log_odds(table)
    return float(np.mean(np.logaddexp(0, odds) - left * odds))
