"""How good is a prediction of churn: in ranking, in probability, and in money?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special, stats

LEAST_EVENTS = 10


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure with its interval.

    Attributes
    ----------
    value, low, high : float
        NaN where there is not enough data.
    said : str
        The figure in words, or "not enough data (…)".
    """

    value: float
    low: float
    high: float
    said: str


def auc(truth: npt.ArrayLike, score: npt.ArrayLike, *, level: float = 0.95) -> Figure:
    """Give the area under the ROC curve: how often a leaver has the higher score.

    Parameters
    ----------
    truth : array-like of shape (n,)
        1 for those who left, 0 for those who stayed.
    score : array-like of shape (n,)
        Higher for those likelier to leave; ties count half.
    level : float, default 0.95
        Of the interval (DeLong's variance on the logit scale).

    Returns
    -------
    Figure
        Without a value where fewer than ten left or fewer than ten stayed: an interval from so few
        is wider than any use.

    References
    ----------
    .. [1] E. DeLong, D. DeLong and D. Clarke-Pearson, "Comparing the areas under two or more
       correlated receiver operating characteristic curves", Biometrics 44, 1988.

    Examples
    --------
    >>> auc([0] * 10 + [1] * 10, [*range(10), *range(5, 15)]).value
    0.875
    """
    left, scores = _checked(truth, score)
    events, others = int(left.sum()), int((~left).sum())
    if min(events, others) < LEAST_EVENTS:
        return _too_few(events, others)
    above = _midranks(scores)
    inside_left, inside_stayed = _midranks(scores[left]), _midranks(scores[~left])
    # share of stayers below each leaver, and of leavers above each stayer
    placed = (above[left] - inside_left) / others
    placing = 1 - (above[~left] - inside_stayed) / events
    value = float(placed.mean())
    variance = placed.var(ddof=1) / events + placing.var(ddof=1) / others
    if 0 < value < 1:
        error = np.sqrt(variance) / (value * (1 - value))
        z = stats.norm.ppf((1 + level) / 2)
        low, high = special.expit(special.logit(value) + np.array([-z, z]) * error)
    else:
        low, high = (value, 1.0) if value == 1 else (0.0, value)
    return Figure(value, float(low), float(high), f"{value:.3f} ({low:.3f} to {high:.3f})")


def brier_parts(
    truth: npt.ArrayLike, probability: npt.ArrayLike, *, bins: int = 10
) -> dict[str, float]:
    """Give the Brier score and what it is made of.

    Parameters
    ----------
    truth, probability : array-like of shape (n,)
    bins : int, default 10
        Groups of equal size by probability.

    Returns
    -------
    dict of str to float
        `brier`, `reliability` (low is good), `resolution` (high is good), `uncertainty` (of the
        outcome itself) and `within` (what the groups do not tell): brier = reliability -
        resolution + uncertainty + within.

    References
    ----------
    .. [1] A. H. Murphy, "A new vector partition of the probability score", Journal of Applied
       Meteorology 12, 1973.
    """
    left, p = _checked(truth, probability)
    group = _groups(p, bins)
    size = np.bincount(group)
    rate = np.bincount(group, left) / size
    said = np.bincount(group, p) / size
    base = left.mean()
    brier = float(((p - left) ** 2).mean())
    reliability = float((size * (said - rate) ** 2).sum() / len(p))
    resolution = float((size * (rate - base) ** 2).sum() / len(p))
    uncertainty = float(base * (1 - base))
    return {
        "brier": brier,
        "reliability": reliability,
        "resolution": resolution,
        "uncertainty": uncertainty,
        "within": brier - reliability + resolution - uncertainty,
    }


def calibration_line(truth: npt.ArrayLike, probability: npt.ArrayLike) -> tuple[float, float]:
    """Give intercept and slope of the truth on the log-odds: 0 and 1 where probabilities are right.

    Parameters
    ----------
    truth, probability : array-like of shape (n,)

    Returns
    -------
    tuple of float
        A slope below 1 means that probabilities are too extreme. NaN where all or none left.
    """
    left, p = _checked(truth, probability)
    if left.all() or not left.any():
        return np.nan, np.nan
    odds = special.logit(np.clip(p, 1e-6, 1 - 1e-6))
    if np.ptp(odds) < 1e-9:
        return float(special.logit(left.mean()) - odds[0]), np.nan

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        moved = line[0] + line[1] * odds
        error = special.expit(moved) - left
        return float(np.sum(np.logaddexp(0, moved) - left * moved)), np.array(
            [error.sum(), error @ odds]
        )

    found = optimize.minimize(loss, np.array([0.0, 1.0]), jac=True, method="BFGS")
    return float(found.x[0]), float(found.x[1])


def calibration_table(
    truth: npt.ArrayLike, probability: npt.ArrayLike, *, bins: int = 10, level: float = 0.95
) -> pd.DataFrame:
    """Set what was predicted beside what came, by groups of equal size.

    Parameters
    ----------
    truth, probability : array-like of shape (n,)
    bins : int, default 10
        At most; fewer where groups would have less than twenty accounts.
    level : float, default 0.95
        Of Wilson's interval.

    Returns
    -------
    pd.DataFrame
        `predicted`, `observed`, `low`, `high` (of the observed share), `count`.
    """
    left, p = _checked(truth, probability)
    group = _groups(p, max(1, min(bins, len(p) // 20)))
    count = np.bincount(group)
    came = np.bincount(group, left)
    z = stats.norm.ppf((1 + level) / 2)
    rate = came / count
    middle = (rate + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z / (1 + z**2 / count) * np.sqrt(rate * (1 - rate) / count + z**2 / (4 * count**2))
    return pd.DataFrame(
        {
            "predicted": np.bincount(group, p) / count,
            "observed": rate,
            "low": np.clip(middle - half, 0, 1),
            "high": np.clip(middle + half, 0, 1),
            "count": count,
        }
    )


def lift(truth: npt.ArrayLike, score: npt.ArrayLike, *, top: float = 0.1) -> float:
    """Give how many times more leavers stand among the highest scores than among all.

    Parameters
    ----------
    truth, score : array-like of shape (n,)
    top : float, default 0.1
        Share of accounts looked at.

    Returns
    -------
    float
        Equal scores at the edge count by their share; NaN where nobody left.
    """
    left, scores = _checked(truth, score)
    if not left.any():
        return np.nan
    return captured_at(scores, left.astype(float), max(1, round(top * len(left)))) / (
        max(1, round(top * len(left))) / len(left)
    )


def captured_at(score: npt.ArrayLike, loss: npt.ArrayLike, places: int) -> float:
    """Give the share of all loss that the accounts with the highest scores hold.

    Parameters
    ----------
    score : array-like of shape (n,)
        What ranks: the expected loss, not the probability alone.
    loss : array-like of shape (n,)
        What was lost: gross profit of those who left, 0 for the others. Not negative.
    places : int
        How many accounts can be looked after.

    Returns
    -------
    float
        0 to 1; equal scores at the edge count by their share. NaN where nothing was lost.

    Examples
    --------
    >>> captured_at([3, 2, 2, 1], [5.0, 0.0, 10.0, 5.0], 2)
    0.5
    """
    scores, lost = np.asarray(score, float), np.asarray(loss, float)
    if lost.sum() <= 0:
        return np.nan
    if places >= len(scores):
        return 1.0
    edge = np.sort(scores)[::-1][places - 1]
    above, on = scores > edge, scores == edge
    part = (places - above.sum()) / on.sum()
    return float((lost[above].sum() + part * lost[on].sum()) / lost.sum())


def expected_maximum_profit(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    value: float = 200.0,
    incentive: float = 10.0,
    contact: float = 1.0,
    accepts: tuple[float, float] = (6.0, 14.0),
) -> tuple[float, float]:
    """Give the profit of the best campaign by this score, and whom it would contact.

    Parameters
    ----------
    truth, score : array-like of shape (n,)
    value : float, default 200
        Worth of a customer kept.
    incentive, contact : float, default 10 and 1
        Cost of the offer to those who stay for it, and of asking.
    accepts : tuple of float, default (6, 14)
        Shapes of the beta distribution of the share of leavers that the offer keeps.

    Returns
    -------
    tuple of float
        Expected maximum profit an account, in the currency, and the share to contact.

    Raises
    ------
    ValueError
        If an amount is not positive where it must be.

    References
    ----------
    .. [1] T. Verbraken, W. Verbeke and B. Baesens, "A novel profit maximizing metric for measuring
       classification performance of customer churn prediction models", IEEE TKDE 25, 2013.
       Computed by empulse.
    """
    from empulse.metrics import empc_score

    if not (value > 0 and incentive >= 0 and contact >= 0 and min(accepts) > 0):
        raise ValueError(
            f"value {value} and accepts {accepts} are above 0, incentive and contact not below"
        )
    left, scores = _checked(truth, score)
    y, (alpha, beta) = left.astype(int), accepts
    profit = empc_score(
        y, scores, alpha=alpha, beta=beta, clv=value, incentive_cost=incentive, contact_cost=contact
    )
    share = empc_score.optimal_rate(
        y, scores, alpha=alpha, beta=beta, clv=value, incentive_cost=incentive, contact_cost=contact
    )
    return float(profit), float(share)


def best_threshold(*, gain: float, cost: float, success: float = 1.0) -> float:
    """Give the probability from which acting pays.

    Parameters
    ----------
    gain : float
        What an account kept is worth, above 0.
    cost : float
        Of acting on one account, not below 0.
    success : float, default 1
        Chance that acting keeps an account that would have left.

    Returns
    -------
    float
        cost / (gain × success); above 1 it never pays.

    Raises
    ------
    ValueError
        If a number is out of range.

    Examples
    --------
    >>> best_threshold(gain=1000, cost=50, success=0.25)
    0.2
    """
    if not (gain > 0 and cost >= 0 and 0 < success <= 1):
        raise ValueError("gain is above 0, cost not below, success in (0, 1]")
    return cost / (gain * success)


def _checked(truth: npt.ArrayLike, score: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Give truth as bool and scores as float, or say what is wrong."""
    left, scores = np.asarray(truth, float), np.asarray(score, float)
    if left.shape != scores.shape or left.ndim != 1 or not len(left):
        raise ValueError(f"truth {left.shape} and score {scores.shape}: one of each is needed")
    if not np.isin(left, (0.0, 1.0)).all() or np.isnan(scores).any():
        raise ValueError("truth is 0 or 1 in each row, and no score is missing")
    return left.astype(bool), scores


def _too_few(events: int, others: int) -> Figure:
    """Say that there is not enough data."""
    said = f"not enough data ({events} left, {others} stayed; {LEAST_EVENTS} of each are needed)"
    return Figure(np.nan, np.nan, np.nan, said)


def _midranks(values: np.ndarray) -> np.ndarray:
    """Rank from 1; equal values share the middle rank."""
    return stats.rankdata(values, method="average")


def _groups(p: np.ndarray, bins: int) -> np.ndarray:
    """Divide into groups of about equal size; equal values stay together."""
    edges = np.unique(np.quantile(p, np.linspace(0, 1, bins + 1)[1:-1]))
    return np.unique(np.searchsorted(edges, p, side="left"), return_inverse=True)[1]
