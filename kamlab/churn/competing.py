"""What do accounts leave for, and how many leave for each cause in the end?

Causes compete: an account lost to a competitor can no longer be lost to a closure. One minus a
Kaplan-Meier curve for one cause, with the others as censored, overstates it; the incidences here
add up, with those still here, to everybody.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamlab.churn.cox import CoxModel
from kamlab.churn.lifetimes import (
    at_risk_at,
    check_lifetimes,
    limits,
    normal_quantile,
    number_at,
    segments,
)


def cumulative_incidence(
    durations: npt.ArrayLike,
    cause: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    by: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Estimate what share of accounts has left for each cause by each time (Aalen-Johansen).

    Parameters
    ----------
    durations, entry : array-like of shape (n_accounts,)
        As `kamlab.churn.lifetimes.check_lifetimes` takes them.
    cause : array-like of shape (n_accounts,)
        What each account left for; missing (None, NaN) where it is still here.
    by : array-like of shape (n_accounts,), optional
        Segment of each account.
    level : float, default 0.95
        Of the limits.

    Returns
    -------
    pd.DataFrame
        A row a segment, cause and time at which an account of the segment ended, after a row at 0:
        `segment`, `cause`, `time`, `at_risk`, `events` (for this cause), `incidence` (0 to 1),
        `low`, `high` (limits on the scale of log(-log), Aalen's variance), `cumulative_hazard` (of
        this cause: the rate among those still here), `survival` (of all causes: it and the
        incidences add up to 1).

    Raises
    ------
    ValueError
        As `check_lifetimes`, or if nobody left.

    References
    ----------
    .. [1] O. Aalen, "Nonparametric estimation of partial transition probabilities in multiple
       decrement models", Annals of Statistics 6, 1978.
    .. [2] M. Pintilie, "Competing Risks: A Practical Perspective", 2006, equation 4.5.

    Examples
    --------
    >>> found = cumulative_incidence([1, 2, 3, 4], ["price", "closure", None, "price"])
    >>> found.groupby("cause")["incidence"].last().to_dict()
    {'closure': 0.25, 'price': 0.75}
    """
    why = _causes(cause)
    lasted, _, entered = check_lifetimes(durations, why.notna(), entry)
    names = sorted(why.dropna().unique(), key=str)
    if not names:
        raise ValueError("nobody left: there are no causes to compare")
    z = normal_quantile(level)
    return pd.concat(
        [
            _incidence(segment, lasted[rows], why.to_numpy()[rows], entered[rows], names, z)
            for segment, rows in segments(by, len(lasted))
        ],
        ignore_index=True,
    )


def cause_ratios(
    X: pd.DataFrame,
    durations: npt.ArrayLike,
    cause: npt.ArrayLike,
    entry: npt.ArrayLike | None = None,
    *,
    ridge: float = 0.0,
    least: int = 10,
    level: float = 0.95,
) -> pd.DataFrame:
    """Say what each column does to the rate of leaving for each cause.

    A Cox model a cause, in which those who leave for another are censored: cause-specific hazards,
    which say what drives a cause, not how many leave for it in the end.

    Parameters
    ----------
    X : pd.DataFrame of shape (n_accounts, n_columns)
        As `kamlab.churn.cox.CoxModel.fit` takes it.
    durations, cause, entry : array-like of shape (n_accounts,)
        As for `cumulative_incidence`.
    ridge : float, default 0
        As for `kamlab.churn.cox.CoxModel`.
    least : int, default 10
        Accounts that must have left for a cause; a rarer one has no ratios, but is listed.
    level : float, default 0.95
        Of the limits.

    Returns
    -------
    pd.DataFrame
        A row a cause and column: `cause`, `events`, and what `CoxModel.summary` says; where there
        is not enough data one row for the cause, with everything else missing.
    """
    why = _causes(cause)
    parts = []
    for name, events in why.value_counts().sort_index(key=lambda names: names.astype(str)).items():
        if events < least:
            part = pd.DataFrame({"column": [None], "coefficient": np.nan})
        else:
            model = CoxModel(ridge=ridge).fit(X, durations, why == name, entry)
            part = model.summary(level=level)
        part.insert(0, "cause", name)
        part.insert(1, "events", events)
        parts.append(part)
    if not parts:
        raise ValueError("nobody left: there are no causes to compare")
    return pd.concat(parts, ignore_index=True)


def _incidence(
    segment: object,
    lasted: np.ndarray,
    why: np.ndarray,
    entered: np.ndarray,
    names: list,
    z: float,
) -> pd.DataFrame:
    """Give the incidences of all causes in one segment."""
    times = np.unique(lasted)
    if times[0] > 0:
        times = np.r_[0.0, times]
    risk = at_risk_at(times, lasted, entered).astype(float)
    if entered.max() >= 0:
        risk[0] = max(risk[0], np.sum(entered <= 0))
    gone = np.array([number_at(times, lasted[why == name]) for name in names], float)
    everyone = gone.sum(axis=0)
    survival = np.cumprod(1 - everyone / np.maximum(risk, 1))
    before = np.r_[1.0, survival[:-1]]
    hazard = gone / np.maximum(risk, 1)
    share = np.cumsum(hazard * before, axis=1)
    variance = _variance(gone, everyone, risk, before, share)
    parts = []
    for place, name in enumerate(names):
        inside = (share[place] > 0) & (share[place] < 1)
        relative = np.where(inside, variance[place], 0) / np.where(inside, share[place], 1) ** 2
        low, high = limits(share[place], relative, z)
        parts.append(
            pd.DataFrame(
                {
                    "segment": segment,
                    "cause": name,
                    "time": times,
                    "at_risk": risk.astype(int),
                    "events": gone[place].astype(int),
                    "incidence": share[place],
                    "low": np.where(share[place] > 0, low, 0.0),
                    "high": np.where(share[place] > 0, high, 0.0),
                    "cumulative_hazard": np.cumsum(hazard[place]),
                    "survival": survival,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)


def _variance(
    gone: np.ndarray,
    everyone: np.ndarray,
    risk: np.ndarray,
    before: np.ndarray,
    share: np.ndarray,
) -> np.ndarray:
    """Give Aalen's variance of incidences, by running sums over the times."""
    # squares of differences between an incidence now and then, summed: expand and sum the parts
    any_cause = _over(everyone, (risk - 1) * (risk - everyone))
    own = gone * (risk - gone) * _over(before, risk * (risk - everyone) * (risk - 1))
    step = gone * (risk - gone) * _over(before**2, risk**2 * (risk - 1))

    def running(values: np.ndarray) -> np.ndarray:
        return np.cumsum(values, axis=1)

    spread = (
        share**2 * np.cumsum(any_cause)
        - 2 * share * running(any_cause * share)
        + running(any_cause * share**2)
    )
    together = share * running(own) - running(own * share)
    return np.maximum(spread + running(step) - 2 * together, 0.0)


def _over(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Divide where the divisor is positive; 0 elsewhere."""
    return np.divide(above, below, out=np.zeros(len(below)), where=below > 0)


def _causes(cause: npt.ArrayLike) -> pd.Series:
    """Give causes without an index, missing where an account is still here."""
    why = pd.Series(np.asarray(cause, dtype=object))
    return why.where(why.notna(), None)
