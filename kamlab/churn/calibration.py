"""Can a probability of leaving be believed: do as many leave as it says?"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special, stats

from kamlab.churn.figures import LEAST_EVENTS, Figure, checked, no_figure, too_few, wilson

_EDGE = 1e-9  # probabilities are held this far from 0 and 1 where their odds are needed


class CalibrationLine(NamedTuple):
    """Truth as a logistic line over the predicted log-odds.

    Attributes
    ----------
    intercept, slope : Figure
        0 and 1 where probabilities are right; a slope below 1 says that they are too extreme.
    in_the_large : Figure
        Intercept where the slope is held at 1: above 0 if more left than was said.
    """

    intercept: Figure
    slope: Figure
    in_the_large: Figure


@dataclass(frozen=True, slots=True)
class BrierParts:
    """What a Brier score is made of: brier = reliability - resolution + uncertainty + within.

    Attributes
    ----------
    brier : Figure
    reliability : float
        Distance of what was said from what came, by groups; low is good.
    resolution : float
        Distance of the groups from each other; high is good.
    uncertainty : float
        Of the outcome itself: the score of who predicts the share of leavers for all.
    within : float
        What probabilities differ inside the groups.
    """

    brier: Figure
    reliability: float
    resolution: float
    uncertainty: float
    within: float


def brier(truth: npt.ArrayLike, probability: npt.ArrayLike, *, level: float = 0.95) -> Figure:
    """Give the mean squared error of the probabilities.

    Parameters
    ----------
    truth : array-like of shape (n,)
        1 for those who left, 0 for those who stayed.
    probability : array-like of shape (n,)
        0 to 1.
    level : float, default 0.95

    Returns
    -------
    Figure
        0 is best.

    Raises
    ------
    ValueError
        If truth is not 0 or 1, a probability is not between 0 and 1, or lengths differ; the same
        for all here.

    Examples
    --------
    >>> round(brier([0, 1] * 10, [0.2, 0.7] * 10).value, 3)
    0.065
    """
    left, p = _probabilities(truth, probability)
    return _mean((p - left) ** 2, left, level)


def log_loss(truth: npt.ArrayLike, probability: npt.ArrayLike, *, level: float = 0.95) -> Figure:
    """Give the mean of minus the logarithm of the probability given to what came.

    Parameters
    ----------
    truth, probability : array-like of shape (n,)
        As in `brier`.
    level : float, default 0.95

    Returns
    -------
    Figure
        In nats; 0 is best.

    Examples
    --------
    >>> round(log_loss([0, 1] * 10, [0.2, 0.7] * 10).value, 4)
    0.2899
    """
    left, p = _probabilities(truth, probability)
    given = np.clip(np.where(left, p, 1 - p), _EDGE, 1)
    return _mean(-np.log(given), left, level)


def brier_parts(truth: npt.ArrayLike, probability: npt.ArrayLike, *, bins: int = 10) -> BrierParts:
    """Give the Brier score and what it is made of.

    Parameters
    ----------
    truth, probability : array-like of shape (n,)
        As in `brier`.
    bins : int, default 10
        Groups of about equal size by probability.

    Returns
    -------
    BrierParts
        NaN throughout where too few left or stayed.

    References
    ----------
    .. [1] A. H. Murphy, "A new vector partition of the probability score", Journal of Applied
       Meteorology 12, 1973.

    Examples
    --------
    >>> parts = brier_parts([0, 1, 1, 1] * 10, [0.25, 0.25, 0.75, 0.75] * 10)
    >>> round(parts.reliability, 4), round(parts.resolution, 4)
    (0.0625, 0.0625)
    """
    left, p = _probabilities(truth, probability)
    whole = brier(truth, probability)
    if np.isnan(whole.value):
        return BrierParts(whole, np.nan, np.nan, np.nan, np.nan)
    group = _groups(p, bins)
    size = np.bincount(group)
    rate = np.bincount(group, left) / size
    said = np.bincount(group, p) / size
    base = float(left.mean())
    reliability = float(size @ (said - rate) ** 2 / len(p))
    resolution = float(size @ (rate - base) ** 2 / len(p))
    uncertainty = base * (1 - base)
    within = whole.value - reliability + resolution - uncertainty
    return BrierParts(whole, reliability, resolution, uncertainty, within)


def calibration_line(
    truth: npt.ArrayLike, probability: npt.ArrayLike, *, level: float = 0.95
) -> CalibrationLine:
    """Give intercept and slope of the truth over the log-odds: 0 and 1 where all is right.

    Parameters
    ----------
    truth, probability : array-like of shape (n,)
        As in `brier`.
    level : float, default 0.95
        Of the intervals (Wald, from the curvature of the likelihood).

    Returns
    -------
    CalibrationLine
        Not enough data where too few left or stayed; no slope where all probabilities are equal.

    References
    ----------
    .. [1] D. R. Cox, "Two further applications of a model for binary regression", Biometrika 45,
       1958.
    .. [2] B. Van Calster et al., "Calibration: the Achilles heel of predictive analytics", BMC
       Medicine 17, 2019.

    Examples
    --------
    >>> line = calibration_line([0, 0, 0, 1] * 10 + [0, 1, 1, 1] * 10, [0.25] * 40 + [0.75] * 40)
    >>> round(line.slope.value, 6), abs(round(line.intercept.value, 6))
    (1.0, 0.0)
    """
    left, p = _probabilities(truth, probability)
    if min(left.sum(), (~left).sum()) < LEAST_EVENTS:
        none = too_few(int(left.sum()), int((~left).sum()))
        return CalibrationLine(none, none, none)
    odds = special.logit(np.clip(p, _EDGE, 1 - _EDGE))
    z = stats.norm.ppf((1 + level) / 2)
    ones = np.ones((len(p), 1))
    (large,), (large_error,) = _newton(ones, left, odds)
    in_the_large = _wald(large, large_error, z)
    if np.ptp(odds) < _EDGE:
        return CalibrationLine(in_the_large, no_figure("one probability for all"), in_the_large)
    found, errors = _newton(np.column_stack([ones, odds]), left, np.zeros(len(p)))
    return CalibrationLine(
        _wald(found[0], errors[0], z), _wald(found[1], errors[1], z), in_the_large
    )


def calibration_table(
    truth: npt.ArrayLike, probability: npt.ArrayLike, *, bins: int = 10, level: float = 0.95
) -> pd.DataFrame:
    """Set what was predicted beside what came, by groups of about equal size.

    Parameters
    ----------
    truth, probability : array-like of shape (n,)
        As in `brier`.
    bins : int, default 10
        At most; fewer where groups would have less than twenty accounts.
    level : float, default 0.95
        Of Wilson's interval.

    Returns
    -------
    pd.DataFrame
        `predicted`, `observed`, `low`, `high` (of the observed share) and `count`, by rising
        probability.

    Examples
    --------
    >>> calibration_table([0, 1] * 20, [0.2, 0.8] * 20)["observed"].tolist()
    [0.0, 1.0]
    """
    left, p = _probabilities(truth, probability)
    group = _groups(p, max(1, min(bins, len(p) // 20)))
    count, came = np.bincount(group), np.bincount(group, left)
    low, high = wilson(came, count, level)
    return pd.DataFrame(
        {
            "predicted": np.bincount(group, p) / count,
            "observed": came / count,
            "low": low,
            "high": high,
            "count": count,
        }
    )


def _probabilities(
    truth: npt.ArrayLike, probability: npt.ArrayLike
) -> tuple[np.ndarray, np.ndarray]:
    """Give truth and probabilities, or say what is wrong."""
    left, p = checked(truth, probability)
    if p.min() < 0 or p.max() > 1:
        raise ValueError(f"probabilities are between 0 and 1, not {p.min():g} to {p.max():g}")
    return left, p


def _mean(each: np.ndarray, left: np.ndarray, level: float) -> Figure:
    """Give the mean of what each account scores, with its interval."""
    if min(left.sum(), (~left).sum()) < LEAST_EVENTS:
        return too_few(int(left.sum()), int((~left).sum()))
    z = stats.norm.ppf((1 + level) / 2)
    value, error = float(each.mean()), float(each.std(ddof=1) / np.sqrt(len(each)))
    low, high = max(value - z * error, 0.0), value + z * error
    return Figure(value, low, high, f"{value:.4f} ({low:.4f} to {high:.4f})")


def _wald(value: float, error: float, z: float) -> Figure:
    """Give a figure with a symmetric interval."""
    low, high = value - z * error, value + z * error
    return Figure(value, low, high, f"{value:.2f} ({low:.2f} to {high:.2f})")


def _newton(
    design: np.ndarray, left: np.ndarray, offset: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Fit a logistic line by Newton's steps; coefficients and their standard errors."""
    line = np.zeros(design.shape[1])
    curvature = np.eye(design.shape[1])
    for _ in range(100):
        p = special.expit(offset + design @ line)
        spread = np.maximum(p * (1 - p), 1e-12)
        curvature = (design.T * spread) @ design
        step = np.linalg.lstsq(curvature, design.T @ (left - p), rcond=None)[0]
        line = line + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return line, np.sqrt(np.diag(np.linalg.pinv(curvature)))


def _groups(p: np.ndarray, bins: int) -> np.ndarray:
    """Divide into groups of about equal size; equal values stay together."""
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, p, side="left"), return_inverse=True)[1]
