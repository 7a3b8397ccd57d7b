"""How long do accounts stay, which stay longer, and how much longer will one that is here stay?

Two things are explicit everywhere. *Censoring*: an account still here has lasted at least so long,
and how long it will last is not known. *Late entry*: an account that was a customer before the data
begin is only known because it had not left by then; counted from its first day, without saying
when it came under observation, it makes accounts look more loyal than they are.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamlab.churn.lifetimes import (
    at_risk_at,
    check_lifetimes,
    limits,
    normal_quantile,
    number_at,
    segments,
)

_SLACK = 1e-12  # of a survival probability that rounding may put on the wrong side of a share


@dataclass(frozen=True, slots=True)
class LogRank:
    """Whether segments leave at the same rate.

    Attributes
    ----------
    statistic : float
        Chi-squared; NaN where nobody left while accounts of two segments were watched.
    freedom : int
        Degrees of freedom: segments less one, or fewer where some were never compared.
    p_value : float
        Probability of segments as different as these if all left at the same rate; NaN likewise.
    table : pd.DataFrame
        One row a segment: `segment`, `accounts`, `events`, `expected` events if all were alike.
    """

    statistic: float
    freedom: int
    p_value: float
    table: pd.DataFrame


def survival_curve(
    durations: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    by: npt.ArrayLike | None = None,
    since: float = 0.0,
    level: float = 0.95,
) -> pd.DataFrame:
    """Estimate the share of accounts that last, by Kaplan-Meier, and the hazard, by Nelson-Aalen.

    Parameters
    ----------
    durations, event, entry : array-like of shape (n_accounts,)
        As `check_lifetimes` takes them. An account is at risk after its entry, up to and including
        its duration.
    by : array-like of shape (n_accounts,), optional
        Segment of each account; all are one segment where it is not given.
    since : float, default 0
        Follow only accounts that lasted longer than this: survival given that tenure.
    level : float, default 0.95
        Of the limits.

    Returns
    -------
    pd.DataFrame
        A row a segment and time at which an account left or was last seen, after a row at the
        start: `segment`, `time`, `at_risk` (accounts watched just before), `events`, `censored`,
        `survival` (0 to 1), `low`, `high` (limits on the scale of log(-log), with Greenwood's
        variance; missing once nobody is left), `cumulative_hazard`. With late entry few accounts
        may be watched early on; a survival that falls to 0 there stays there: start `since` later.

    References
    ----------
    .. [1] E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations",
       Journal of the American Statistical Association 53, 1958.
    .. [2] J. P. Klein and M. L. Moeschberger, "Survival Analysis", 2nd edition, 2003, chapter 4.

    Examples
    --------
    >>> curve = survival_curve([3, 5, 5, 8], [True, True, False, False])
    >>> curve[["time", "at_risk", "events", "censored", "survival"]].to_numpy().tolist()
    [[0.0, 4.0, 0.0, 0.0, 1.0], [3.0, 4.0, 1.0, 0.0, 0.75], [5.0, 3.0, 1.0, 1.0, 0.5],
    [8.0, 1.0, 0.0, 1.0, 0.5]]
    """
    lasted, left, entered = check_lifetimes(durations, event, entry)
    z = normal_quantile(level)
    parts = []
    for segment, rows in segments(by, len(lasted)):
        rows = rows[(lasted[rows] > since) | (since <= 0)]
        if not len(rows):
            continue
        times, risk, gone, lost = _counts(
            lasted[rows], left[rows], np.maximum(entered[rows], since if since > 0 else -np.inf)
        )
        share, variance = _product_limit(risk, gone)
        if times[0] > since:
            began = int((entered[rows] <= since).sum())
            times, risk = np.r_[since, times], np.r_[began, risk]
            gone, lost = np.r_[0, gone], np.r_[0, lost]
            share, variance = np.r_[1.0, share], np.r_[0.0, variance]
        low, high = limits(share, variance, z)
        parts.append(
            pd.DataFrame(
                {
                    "segment": segment,
                    "time": times,
                    "at_risk": risk,
                    "events": gone,
                    "censored": lost,
                    "survival": share,
                    "low": low,
                    "high": high,
                    "cumulative_hazard": np.cumsum(gone / np.maximum(risk, 1)),
                }
            )
        )
    if not parts:
        raise ValueError(f"no account lasted longer than {since:g}")
    return pd.concat(parts, ignore_index=True)


def median_life(curve: pd.DataFrame, *, share: float = 0.5) -> pd.DataFrame:
    """Read off when half of the accounts (or another share) have left.

    Parameters
    ----------
    curve : pd.DataFrame
        As from `survival_curve`.
    share : float, default 0.5
        Of accounts still there.

    Returns
    -------
    pd.DataFrame
        A row a segment: `segment`, `accounts` (largest number watched at once), `events`, `median`,
        `low`, `high`: times at which survival and its limits first reach the share; infinite where
        they never do.

    References
    ----------
    .. [1] R. Brookmeyer and J. Crowley, "A confidence interval for the median survival time",
       Biometrics 38, 1982.

    Examples
    --------
    >>> float(median_life(survival_curve([3, 5, 5, 8], [1, 1, 0, 1]))["median"].iloc[0])
    5.0
    """
    rows = []
    for segment, part in curve.groupby("segment", sort=False):
        reached = [
            _first(part["time"].to_numpy(), part[column].to_numpy(), share)
            for column in ("survival", "low", "high")
        ]
        rows.append((segment, int(part["at_risk"].max()), int(part["events"].sum()), *reached))
    return pd.DataFrame(rows, columns=["segment", "accounts", "events", "median", "low", "high"])


def restricted_mean(
    curve: pd.DataFrame, horizon: float | None = None, *, level: float = 0.95
) -> pd.DataFrame:
    """Give the mean life within a horizon, which exists however many accounts are still here.

    Parameters
    ----------
    curve : pd.DataFrame
        As from `survival_curve`.
    horizon : float, optional
        Time up to which life counts; the latest time that all segments were watched to where not
        given.
    level : float, default 0.95
        Of the interval.

    Returns
    -------
    pd.DataFrame
        A row a segment: `segment`, `horizon`, `mean`, `standard_error`, `low`, `high`.

    Raises
    ------
    ValueError
        If accounts of a segment are still there when its curve ends, before the horizon.

    References
    ----------
    .. [1] P. Royston and M. Parmar, "Restricted mean survival time", BMC Medical Research
       Methodology 13, 2013.
    """
    watched = curve[curve["survival"] > 0].groupby("segment", sort=False)["time"].max()
    ended = curve.groupby("segment", sort=False)["survival"].min() <= 0
    until = watched.where(~ended, np.inf)
    if horizon is None:
        finite = until[np.isfinite(until)]
        horizon = float(finite.min() if len(finite) else curve["time"].max())
    if (until < horizon).any():
        short = ", ".join(f"{name} ({time:g})" for name, time in until[until < horizon].items())
        raise ValueError(
            f"not watched up to {horizon:g}: {short}; choose an earlier horizon, what follows the "
            "end of a curve is not known"
        )
    z, rows = normal_quantile(level), []
    for segment, part in curve.groupby("segment", sort=False):
        inside = part[part["time"] <= horizon]
        share, risk = inside["survival"].to_numpy(), inside["at_risk"].to_numpy(float)
        gone = inside["events"].to_numpy(float)
        area = share * np.diff(np.r_[inside["time"].to_numpy(), horizon])
        after = np.cumsum(area[::-1])[::-1]
        left = risk - gone
        error = np.sqrt(np.sum(np.where(left > 0, after**2 * gone / np.maximum(risk * left, 1), 0)))
        mean = float(area.sum())
        rows.append((segment, horizon, mean, error, mean - z * error, mean + z * error))
    return pd.DataFrame(
        rows, columns=["segment", "horizon", "mean", "standard_error", "low", "high"]
    )


def remaining_life(
    durations: npt.ArrayLike,
    event: npt.ArrayLike,
    tenures: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    by: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Say how much longer accounts stay that have stayed so long already.

    Parameters
    ----------
    durations, event, entry, by : array-like of shape (n_accounts,)
        As for `survival_curve`.
    tenures : array-like of shape (n_tenures,)
        How long accounts have been here.
    level : float, default 0.95
        Of the interval.

    Returns
    -------
    pd.DataFrame
        A row a segment and tenure reached: `segment`, `tenure`, `accounts` (that lasted longer),
        `events` (of them), `remaining` (median further time, infinite where fewer than half left),
        `low`, `high`.

    Examples
    --------
    >>> remaining_life([2, 4, 6, 8], [1, 1, 1, 1], [0, 4])["remaining"].tolist()
    [4.0, 2.0]
    """
    lasted, left, _ = check_lifetimes(durations, event, entry)
    group = np.full(len(lasted), "all") if by is None else np.asarray(by)
    parts = []
    for tenure in np.atleast_1d(np.asarray(tenures, float)):
        later = (lasted > tenure) | (tenure <= 0)
        if not later.any():
            continue
        curve = survival_curve(lasted, left, entry=entry, by=by, since=float(tenure), level=level)
        found = median_life(curve)
        found["accounts"] = [int((later & (group == name)).sum()) for name in found["segment"]]
        found[["median", "low", "high"]] -= tenure
        found.insert(1, "tenure", tenure)
        parts.append(found.rename(columns={"median": "remaining"}))
    if not parts:
        raise ValueError("no account lasted longer than any of the tenures")
    return pd.concat(parts, ignore_index=True)


def log_rank(
    durations: npt.ArrayLike,
    event: npt.ArrayLike,
    by: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    strata: npt.ArrayLike | None = None,
) -> LogRank:
    """Test whether segments leave at the same rate.

    Parameters
    ----------
    durations, event, entry : array-like of shape (n_accounts,)
        As `check_lifetimes` takes them.
    by : array-like of shape (n_accounts,)
        Segment of each account; two segments or more.
    strata : array-like of shape (n_accounts,), optional
        Segments are compared within each stratum only, and the comparisons added up.

    Raises
    ------
    ValueError
        If there are fewer than two segments.

    References
    ----------
    .. [1] N. Mantel, "Evaluation of survival data and two new rank order statistics arising in its
       consideration", Cancer Chemotherapy Reports 50, 1966.

    Examples
    --------
    >>> round(log_rank([1, 2, 3, 4], [1, 1, 1, 1], ["a", "a", "b", "b"]).statistic, 4)
    2.8824
    """
    from scipy import special

    lasted, left, entered = check_lifetimes(durations, event, entry)
    groups = list(segments(by, len(lasted)))
    if len(groups) < 2:
        raise ValueError("a comparison needs two segments or more")
    observed, expected = np.zeros(len(groups)), np.zeros(len(groups))
    spread = np.zeros((len(groups), len(groups)))
    for _, stratum in segments(strata, len(lasted)):
        members = [np.intersect1d(rows, stratum, assume_unique=True) for _, rows in groups]
        times = np.unique(lasted[stratum][left[stratum]])
        risk = np.array([at_risk_at(times, lasted[rows], entered[rows]) for rows in members], float)
        gone = np.array([number_at(times, lasted[rows][left[rows]]) for rows in members], float)
        everyone, leaving = risk.sum(axis=0), gone.sum(axis=0)
        share = risk / everyone
        observed += gone.sum(axis=1)
        expected += (share * leaving).sum(axis=1)
        weight = leaving * (everyone - leaving) / np.maximum(everyone - 1, 1)
        spread += np.diag((share * weight).sum(axis=1)) - (share * weight) @ share.T
    gap = (observed - expected)[:-1]
    rank = int(np.linalg.matrix_rank(spread[:-1, :-1], hermitian=True)) if left.any() else 0
    statistic = p_value = float("nan")
    if rank:
        statistic = float(gap @ np.linalg.pinv(spread[:-1, :-1], hermitian=True) @ gap)
        p_value = float(special.chdtrc(rank, statistic))
    table = pd.DataFrame(
        {
            "segment": [name for name, _ in groups],
            "accounts": [len(rows) for _, rows in groups],
            "events": observed.astype(int),
            "expected": expected,
        }
    )
    return LogRank(statistic, rank, p_value, table)


def _counts(
    lasted: np.ndarray, left: np.ndarray, entered: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give times at which accounts ended, and there how many were at risk, left and censored."""
    times = np.unique(lasted)
    gone = number_at(times, lasted[left])
    return times, at_risk_at(times, lasted, entered), gone, number_at(times, lasted) - gone


def _product_limit(risk: np.ndarray, gone: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give survival and Greenwood's variance of its logarithm (infinite where nobody is left)."""
    with np.errstate(divide="ignore"):
        steps = np.where(gone > 0, gone / (risk * (risk - gone).astype(float)), 0.0)
    return np.cumprod(1 - gone / np.maximum(risk, 1)), np.cumsum(steps)


def _first(times: np.ndarray, values: np.ndarray, share: float) -> float:
    """Give the first time at which values fall to a share; infinite if never."""
    reached = np.flatnonzero(values <= share + _SLACK)
    return float(times[reached[0]]) if len(reached) else np.inf
