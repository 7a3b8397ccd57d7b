"""How are several models made one? By what each says of rows that it has not seen."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

from kamlab.churn.candidates import MANY_ROWS, Candidate, losses
from kamlab.churn.columns import Coded

Split = tuple[np.ndarray, np.ndarray]

_LEAST_GAIN = 4.0  # of log-likelihood, for a calibration of two parameters
_DRAWN = 5.0  # of log-likelihood, for the squared distance of the weights from equal ones
_LEAST_WEIGHT = 0.03
_MOST_DAYS, _DAYS_OF_MANY = 5, 3


@dataclass(frozen=True, slots=True)
class Trial:
    """What a candidate said of rows it had not seen.

    Attributes
    ----------
    name : str
    setting : float
        The one with the lowest log loss.
    odds : np.ndarray of shape (n_tested,)
    loss : float
    """

    name: str
    setting: float
    odds: np.ndarray
    loss: float


def tried(candidate: Candidate, coded: Coded, truth: np.ndarray, splits: Sequence[Split]) -> Trial:
    """Let a candidate predict rows it has not seen, at its best setting.

    Parameters
    ----------
    candidate : Candidate
    coded : Coded
    truth : np.ndarray of shape (n_rows,)
        0 or 1.
    splits : sequence of tuple of np.ndarray
        Rows to learn from and rows to predict.

    Returns
    -------
    Trial
        `odds` in the order of the rows predicted.
    """
    odds = np.vstack([candidate.tried(coded.rows(a), truth[a], coded.rows(b)) for a, b in splits])
    loss = losses(odds, truth[np.concatenate([b for _, b in splits])])
    best = int(np.argmin(loss))
    return Trial(candidate.name, candidate.settings[best], odds[:, best], float(loss[best]))


def blend(trials: Sequence[Trial], truth: np.ndarray, rows: int) -> np.ndarray:
    """Find weights, not negative and summing to 1, that lower the log loss of the blend most.

    Weights are drawn towards equal ones: with few rows what tells candidates apart is mostly luck,
    and their mean is hard to beat; with thousands this is nothing.

    Parameters
    ----------
    trials : sequence of Trial
    truth : np.ndarray of shape (n_tested,)
        Of the rows predicted.
    rows : int
        How many different rows these are.

    Returns
    -------
    np.ndarray of shape (n_trials,)
        Weights below 0.03 are nought: they cost time and tell nothing.

    References
    ----------
    .. [1] L. Breiman, "Stacked regressions", Machine Learning 24, 1996.
    .. [2] R. T. Clemen, "Combining forecasts: a review and annotated bibliography", International
       Journal of Forecasting 5, 1989 (equal weights are hard to beat).
    """
    odds = np.column_stack([trial.odds for trial in trials])
    equal, drawn = 1 / len(trials), _DRAWN / rows

    def loss(free: np.ndarray) -> tuple[float, np.ndarray]:
        weights = special.softmax(free)
        mixed = odds @ weights
        away = weights - equal
        slope = odds.T @ (special.expit(mixed) - truth) / len(truth) + 2 * drawn * away
        value = float(losses(mixed[:, None], truth)[0] + drawn * (away @ away))
        return value, weights * (slope - weights @ slope)

    found = optimize.minimize(loss, np.zeros(len(trials)), jac=True, method="L-BFGS-B")
    weights = special.softmax(found.x)
    weights[weights < _LEAST_WEIGHT] = 0.0
    return weights / weights.sum()


def calibration(odds: np.ndarray, truth: np.ndarray, rows: int) -> tuple[float, float]:
    """Give intercept and slope where they lower the log loss clearly, else leave all as it is.

    Parameters
    ----------
    odds : np.ndarray of shape (n_tested,)
        Of rows not seen.
    truth : np.ndarray of shape (n_tested,)
    rows : int
        How many different rows these are.

    Returns
    -------
    tuple of float
        (0, 1) for as it is. A line of two numbers, not a staircase: with few leavers the latter
        learns noise, and it changes the ranking.

    Examples
    --------
    >>> calibration(np.array([-1.0, -1.0, 1.0, 1.0]), np.array([0, 1, 0, 1]), 4)
    (0.0, 1.0)
    """

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        moved = line[0] + line[1] * odds
        error = special.expit(moved) - truth
        value = float(np.sum(np.logaddexp(0, moved) - truth * moved))
        return value / len(truth), np.array([error.mean(), (error @ odds) / len(truth)])

    start = np.array([0.0, 1.0])
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B")
    if (loss(start)[0] - found.fun) * rows < _LEAST_GAIN or found.x[1] <= 0:
        return 0.0, 1.0
    return float(found.x[0]), float(found.x[1])


def splits_by_chance(
    truth: np.ndarray,
    folds: int,
    seed: int,
    groups: np.ndarray | None = None,
    *,
    repeats: int = 1,
) -> list[Split]:
    """Divide rows by chance, leavers evenly; rows of one group stay together.

    Parameters
    ----------
    truth : np.ndarray of shape (n_rows,)
    folds, seed : int
    groups : np.ndarray of shape (n_rows,), optional
    repeats : int, default 1
        How many times all is divided anew.

    Returns
    -------
    list of tuple of np.ndarray
        Rows to learn from and rows to predict; folds in which nobody left or stayed are left out.
    """
    cutter = StratifiedKFold if groups is None else StratifiedGroupKFold
    made = [
        split
        for turn in range(repeats)
        for split in cutter(folds, shuffle=True, random_state=seed + turn).split(
            truth, truth, groups
        )
    ]
    return [(a, b) for a, b in made if len(b) and 0 < truth[a].sum() < len(a)]


def splits_by_time(truth: np.ndarray, days: np.ndarray, gap_days: int, least: int) -> list[Split]:
    """Divide rows so that each is predicted from what was over before its day.

    Parameters
    ----------
    truth : np.ndarray of shape (n_rows,)
    days : np.ndarray of datetime64, shape (n_rows,)
    gap_days : int
        Rows to learn from lie so many days before the rows to predict, or more.
    least : int
        Leavers and stayers needed to learn from.

    Returns
    -------
    list of tuple of np.ndarray
        The latest five days that can be predicted, three where rows are many; a year's days are
        drawn together to tenths.

    Examples
    --------
    >>> days = np.repeat(np.array(["2024-01-01", "2024-02-01", "2024-03-01"], "M8[D]"), 4)
    >>> made = splits_by_time(np.array([0, 1] * 6), days, 45, 1)
    >>> [(a.tolist(), b.tolist()) for a, b in made]
    [([0, 1, 2, 3], [8, 9, 10, 11])]
    """
    distinct = np.unique(days)
    if len(distinct) > 20:  # days of their own for many rows: test on tenths of the rows
        distinct = np.unique(
            np.quantile(days.astype("M8[s]").astype(np.int64), np.arange(0.1, 1, 0.1))
        )
        distinct = distinct.astype(np.int64).astype("M8[s]")
    ends = np.append(distinct[1:], np.datetime64("9999-01-01"))
    made = []
    for begin, end in zip(distinct, ends, strict=True):
        train = (
            np.flatnonzero(days <= begin - np.timedelta64(gap_days, "D"))
            if gap_days
            else (np.flatnonzero(days < begin))
        )
        test = np.flatnonzero((days >= begin) & (days < end))
        churners = truth[train].sum()
        if min(churners, len(train) - churners) >= least and len(test):
            made.append((train, test))
    return made[-(_DAYS_OF_MANY if len(truth) >= MANY_ROWS else _MOST_DAYS) :]


def judged(trials: Sequence[Trial], together: np.ndarray, truth: np.ndarray) -> pd.DataFrame:
    """Set the candidates and their blend side by side.

    Parameters
    ----------
    trials : sequence of Trial
    together : np.ndarray of shape (n_tested,)
        Log-odds of the blend.
    truth : np.ndarray of shape (n_tested,)

    Returns
    -------
    pd.DataFrame
        `candidate`, `setting`, `log_loss`, `brier`, `auc` on rows not seen.
    """
    from sklearn.metrics import roc_auc_score

    names = ["candidate", "setting", "log_loss", "brier", "auc"]
    if not trials:
        return pd.DataFrame(columns=names)
    whole = Trial("blend", np.nan, together, float(losses(together[:, None], truth)[0]))
    both = len(np.unique(truth)) == 2
    rows = [
        (
            trial.name,
            trial.setting,
            trial.loss,
            float(((special.expit(trial.odds) - truth) ** 2).mean()),
            float(roc_auc_score(truth, trial.odds)) if both else np.nan,
        )
        for trial in (*trials, whole)
    ]
    return pd.DataFrame(rows, columns=names)
