"""How well does a score rank those who leave, and how much of what is lost does its top hold?

Every figure comes with an interval. Where fewer than `LEAST_EVENTS` accounts left, or stayed, there
is no figure but the sentence "not enough data": an interval from so few is wider than any use.
How far probabilities can be believed is measured in `calibration`, what a campaign earns in
`profit`.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import stats

from kamlab.churn.calibration import (
    BrierParts,
    CalibrationLine,
    brier,
    brier_parts,
    calibration_line,
    calibration_table,
    log_loss,
)
from kamlab.churn.figures import (
    LEAST_EVENTS,
    Figure,
    checked,
    no_figure,
    share_figure,
    too_few,
    wilson,
)

__all__ = [
    "LEAST_EVENTS",
    "BrierParts",
    "CalibrationLine",
    "Figure",
    "auc",
    "brier",
    "brier_parts",
    "calibration_line",
    "calibration_table",
    "captured_at",
    "lift",
    "log_loss",
    "pr_auc",
    "scoreboard",
]


def auc(truth: npt.ArrayLike, score: npt.ArrayLike, *, level: float = 0.95) -> Figure:
    """Give the area under the ROC curve: how often a leaver has the higher score.

    Parameters
    ----------
    truth : array-like of shape (n,)
        1 for those who left, 0 for those who stayed.
    score : array-like of shape (n,)
        Higher for those likelier to leave; ties count half.
    level : float, default 0.95
        Of the interval: DeLong's variance on the logit scale.

    Returns
    -------
    Figure
        0 to 1. Where the ranking is perfect, an end of the interval comes from the rule of three:
        no error in `LEAST_EVENTS` accounts does not mean that there is none.

    Raises
    ------
    ValueError
        If truth is not 0 or 1, a score is missing, or lengths differ; the same for all here.

    References
    ----------
    .. [1] E. DeLong, D. DeLong and D. Clarke-Pearson, "Comparing the areas under two or more
       correlated receiver operating characteristic curves", Biometrics 44, 1988.

    Examples
    --------
    >>> auc([0] * 10 + [1] * 10, [*range(10), *range(5, 15)]).value
    0.875
    """
    left, scores = checked(truth, score)
    events, others = int(left.sum()), int((~left).sum())
    if min(events, others) < LEAST_EVENTS:
        return too_few(events, others)
    # share of stayers below each leaver, and of leavers above each stayer
    ranks = stats.rankdata(scores)
    placed = (ranks[left] - stats.rankdata(scores[left])) / others
    placing = 1 - (ranks[~left] - stats.rankdata(scores[~left])) / events
    error = np.sqrt(placed.var(ddof=1) / events + placing.var(ddof=1) / others)
    return share_figure(float(placed.mean()), error, min(events, others), level)


def pr_auc(truth: npt.ArrayLike, score: npt.ArrayLike, *, level: float = 0.95) -> Figure:
    """Give the area under the precision-recall curve (average precision).

    Parameters
    ----------
    truth, score : array-like of shape (n,)
        As in `auc`.
    level : float, default 0.95
        Of the interval: logit scale, error 1 / sqrt(leavers x p (1 - p)).

    Returns
    -------
    Figure
        The share of leavers is what a score by chance reaches.

    References
    ----------
    .. [1] K. Boyd, K. Eng and C. Page, "Area under the precision-recall curve: point estimates and
       confidence intervals", ECML PKDD, 2013.

    Examples
    --------
    >>> round(pr_auc([0] * 10 + [1] * 10, [*range(10), *range(5, 15)]).value, 4)
    0.8721
    """
    left, scores = checked(truth, score)
    events, others = int(left.sum()), int((~left).sum())
    if min(events, others) < LEAST_EVENTS:
        return too_few(events, others)
    order = np.argsort(-scores, kind="stable")
    last = np.append(np.diff(scores[order]) != 0, True)  # equal scores enter together
    hits = np.cumsum(left[order])[last]
    precision = hits / (np.flatnonzero(last) + 1)
    value = float(np.sum(precision * np.diff(hits, prepend=0)) / events)
    return share_figure(value, np.sqrt(value * (1 - value) / events), events, level)


def lift(
    truth: npt.ArrayLike, score: npt.ArrayLike, *, top: float = 0.1, level: float = 0.95
) -> Figure:
    """Give how many times more leavers stand among the highest scores than among all.

    Parameters
    ----------
    truth, score : array-like of shape (n,)
        As in `auc`.
    top : float, default 0.1
        Share of accounts looked at, in (0, 1].
    level : float, default 0.95
        Of Wilson's interval of the share of leavers at the top, given the share among all.

    Returns
    -------
    Figure
        Equal scores at the edge count by their share.

    Examples
    --------
    >>> lift([1] * 20 + [0] * 80, range(100, 0, -1), top=0.2).said
    '5.00 (4.19 to 5.00)'
    """
    left, scores = checked(truth, score)
    if not 0 < top <= 1:
        raise ValueError(f"top is a share above 0, up to 1, not {top}")
    events, others = int(left.sum()), int((~left).sum())
    if min(events, others) < LEAST_EVENTS:
        return too_few(events, others)
    places = max(1, round(top * len(left)))
    hits = float(left @ _places(scores, places))
    base = left.mean()
    low, high = wilson(np.array([hits]), np.array([places]), level)
    value, bottom, ceiling = hits / places / base, low[0] / base, high[0] / base
    return Figure(value, bottom, ceiling, f"{value:.2f} ({bottom:.2f} to {ceiling:.2f})")


def captured_at(
    expected_loss: npt.ArrayLike, actual_loss: npt.ArrayLike, k: int, *, level: float = 0.95
) -> Figure:
    """Give the share of all that was lost which the k accounts at the top of a list hold.

    Parameters
    ----------
    expected_loss : array-like of shape (n,)
        What ranks: probability x gross profit at risk, not the probability alone.
    actual_loss : array-like of shape (n,)
        Gross profit that was lost: that of those who left, 0 for the others. Not negative.
    k : int
        How many accounts can be looked after, at least 1.
    level : float, default 0.95
        Of the interval: error of a ratio of sums, on the logit scale.

    Returns
    -------
    Figure
        0 to 1; equal expectations at the edge count by their share. Not enough data where fewer
        than `LEAST_EVENTS` accounts lost anything.

    Raises
    ------
    ValueError
        If a loss is negative or missing, lengths differ, or k is below 1.

    Examples
    --------
    >>> captured_at(range(20, 0, -1), [2.0] * 10 + [1.0] * 10, 10).value
    0.6666666666666666
    """
    ranks, lost = np.asarray(expected_loss, float), np.asarray(actual_loss, float)
    if ranks.shape != lost.shape or ranks.ndim != 1:
        raise ValueError(f"expected {ranks.shape} and actual loss {lost.shape}: one each is needed")
    if np.isnan(ranks).any() or not (lost >= 0).all() or k < 1:
        raise ValueError("no loss is missing, none that happened negative, and k is 1 or more")
    losers = int((lost > 0).sum())
    if losers < LEAST_EVENTS:
        return no_figure(f"{losers} accounts lost anything; {LEAST_EVENTS} are needed")
    inside = _places(ranks, k)
    share = float(lost @ inside / lost.sum())
    error = float(np.sqrt(np.sum((lost * (inside - share)) ** 2)) / lost.sum())
    return share_figure(share, error, losers, level)


def _places(scores: np.ndarray, places: int) -> np.ndarray:
    """Give how much of each account stands among the first places; ties share what is left."""
    if places >= len(scores):
        return np.ones(len(scores))
    edge = np.partition(scores, len(scores) - places)[len(scores) - places]
    above, on = scores > edge, scores == edge
    return above + on * (places - above.sum()) / on.sum()


def scoreboard(
    truth: npt.ArrayLike, probability: npt.ArrayLike, *, top: float = 0.1, level: float = 0.95
) -> pd.DataFrame:
    """Give all measures of one prediction in one table.

    Parameters
    ----------
    truth, probability : array-like of shape (n,)
    top : float, default 0.1
        For the lift.
    level : float, default 0.95
        Of the intervals.

    Returns
    -------
    pd.DataFrame
        `measure`, `value`, `low`, `high`, `said`: one row each of AUC, PR-AUC, lift, Brier score,
        log loss, calibration in the large, calibration intercept and slope.

    Examples
    --------
    >>> scoreboard([0, 1] * 50, [0.2, 0.7] * 50)["measure"].tolist()[:2]
    ['AUC', 'PR-AUC']
    """
    line = calibration_line(truth, probability, level=level)
    figures = {
        "AUC": auc(truth, probability, level=level),
        "PR-AUC": pr_auc(truth, probability, level=level),
        f"lift of the top {top:.0%}": lift(truth, probability, top=top, level=level),
        "Brier score": brier(truth, probability, level=level),
        "log loss": log_loss(truth, probability, level=level),
        "calibration in the large": line.in_the_large,
        "calibration intercept": line.intercept,
        "calibration slope": line.slope,
    }
    rows = [(name, one.value, one.low, one.high, one.said) for name, one in figures.items()]
    return pd.DataFrame(rows, columns=["measure", "value", "low", "high", "said"])
