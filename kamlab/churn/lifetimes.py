"""How long has each account lasted, has it left, and since when has it been watched?"""

from collections.abc import Iterator
from datetime import date
from statistics import NormalDist

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamlab.accounts.engine import as_day


def account_lifetimes(
    facts: pd.DataFrame,
    as_of: date | str,
    *,
    window: float | pd.Series | None = None,
    defections: pd.DataFrame | None = None,
    since: pd.Series | None = None,
    segment: pd.Series | str | None = None,
) -> pd.DataFrame:
    """Turn account facts into how long each account lasted and whether it left.

    Parameters
    ----------
    facts : pd.DataFrame
        As from `kamlab.accounts.account_facts`: `account_id`, `first_order`, `last_order`.
    as_of : date or str
        First day not seen.
    window : float or pd.Series indexed by account_id, optional
        Days of silence after which an account counts as left, for all or for each. It leaves on the
        last day of that silence, not on its last order: on the day of the order nobody could know,
        and leavers dated back, beside accounts watched to the end, would make the latest hazard
        look like nothing.
    defections : pd.DataFrame, optional
        Canonical table: `account_id`, `defection_date`, `reason`. Where an account left more than
        once, the first time after its first order in the data counts. Days at or after `as_of` are
        not known yet. A reported day goes before a silence.
    since : pd.Series indexed by account_id, optional
        First day as a customer, where it is known and lies before the first order in the data.
    segment : pd.Series indexed by account_id, or str, optional
        Segment of each account, or the column of `facts` that holds it.

    Returns
    -------
    pd.DataFrame
        One row an account that ever ordered and was watched for a day or more, sorted:
        `account_id`; `duration`, days from its first day as a customer to leaving or `as_of`;
        `event`, whether it left; `entry`, days from its first day as a customer to its first order
        in the data (it is known only because it had not left by then); `cause`, the reason of the
        defection, "not said" or "silent", missing where it is still here; `segment`, "all" where
        not given.

    Raises
    ------
    ValueError
        If neither a window nor defections say what leaving is, or a window is not positive.

    Notes
    -----
    Two biases remain. Without `since`, an account older than the data seems to begin with its first
    order in them: its tenure is understated. And a silent account that would have come back counts
    as left, the more often the shorter the window (`kamlab.churn.definition` measures how often).

    Examples
    --------
    >>> facts = pd.DataFrame({"account_id": ["a", "b"], "first_order": pd.to_datetime(["2024-01-01",
    ...     "2024-01-01"]), "last_order": pd.to_datetime(["2024-02-01", "2024-12-20"])})
    >>> account_lifetimes(facts, "2025-01-01", window=90)[["duration", "event"]].to_numpy().tolist()
    [[121.0, True], [366.0, False]]
    """
    if window is None and defections is None:
        raise ValueError("say what leaving is: a window of silence, defections, or both")
    end = pd.Timestamp(as_day(as_of))
    known = facts.dropna(subset=["first_order"]).set_index("account_id").sort_index()
    seen = pd.to_datetime(known["first_order"])
    began = seen if since is None else pd.to_datetime(since.reindex(known.index)).fillna(seen)
    began = began.where(began < seen, seen)
    ends = pd.DataFrame({"day": end, "event": False, "cause": None}, index=known.index)
    if window is not None:
        days = window.reindex(known.index) if isinstance(window, pd.Series) else window
        days = pd.Series(days, index=known.index, dtype=float)
        if (days <= 0).any():
            raise ValueError("a window of silence must be longer than 0 days")
        gone = pd.to_datetime(known["last_order"]) + pd.to_timedelta(days, unit="D")
        silent = gone < end
        ends.loc[silent, "day"] = gone[silent]
        ends.loc[silent, ["event", "cause"]] = [True, "silent"]
    if defections is not None:
        told = defections.assign(day=pd.to_datetime(defections["defection_date"]))
        told = told[told["day"].lt(end) & told["day"].gt(told["account_id"].map(seen))]
        told = told.sort_values("day").drop_duplicates("account_id").set_index("account_id")
        reason = told["reason"] if "reason" in told else pd.Series(None, told.index, dtype=object)
        ends.loc[told.index, "day"] = told["day"]
        ends.loc[told.index, "event"] = True
        ends.loc[told.index, "cause"] = reason.fillna("not said")
    by = known[segment] if isinstance(segment, str) else segment
    lifetimes = pd.DataFrame(
        {
            "account_id": known.index,
            "duration": (ends["day"] - began).dt.days.to_numpy(float),
            "event": ends["event"].to_numpy(bool),
            "entry": (seen - began).dt.days.to_numpy(float),
            "cause": ends["cause"].to_numpy(object),
            "segment": "all" if by is None else by.reindex(known.index).to_numpy(),
        }
    )
    return lifetimes[lifetimes["duration"] > lifetimes["entry"]].reset_index(drop=True)


def check_lifetimes(
    durations: npt.ArrayLike, event: npt.ArrayLike, entry: npt.ArrayLike | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Check how long accounts lasted, whether they left, and when they came under observation.

    Parameters
    ----------
    durations : array-like of shape (n_accounts,)
        Time from an account's first day to its leaving or to the last day seen; 0 or more.
    event : array-like of shape (n_accounts,)
        True (or 1) where it left, False (or 0) where it was still here: censored.
    entry : array-like of shape (n_accounts,), optional
        Time from an account's first day to when it came under observation: 0 where it was watched
        from the start. Less than its duration.

    Returns
    -------
    tuple of np.ndarray, each of shape (n_accounts,)
        Durations (float), events (bool), entries (float; minus infinity where none were given, so
        that accounts that left at time 0 were at risk).

    Raises
    ------
    ValueError
        If there is no account, lengths differ, a value is missing, negative or infinite, an event
        is neither true nor false, or an account entered when it had already ended.
    """
    lasted, left = np.asarray(durations, float), np.asarray(event)
    since = np.full(lasted.shape, -np.inf) if entry is None else np.asarray(entry, float)
    if lasted.ndim != 1 or not len(lasted) or left.shape != lasted.shape:
        raise ValueError(
            f"durations {lasted.shape} and event {left.shape} must be as long as each other, one "
            "value an account, and not empty"
        )
    if since.shape != lasted.shape:
        raise ValueError(f"entry {since.shape} must be as long as durations {lasted.shape}")
    if not (np.isfinite(lasted) & (lasted >= 0)).all():
        raise ValueError("durations must be finite numbers of 0 or more")
    if not np.isin(left, (0, 1)).all():
        raise ValueError("event must be true (left) or false (still here) for every account")
    if entry is not None and not (np.isfinite(since) & (since >= 0)).all():
        raise ValueError("entry must be finite numbers of 0 or more")
    if entry is not None and (since >= lasted).any():
        raise ValueError(
            f"{int((since >= lasted).sum())} accounts came under observation when they had already "
            "ended (entry at or after duration): leave them out, they were never watched"
        )
    return lasted, left.astype(bool), since


def segments(by: npt.ArrayLike | None, number: int) -> Iterator[tuple[object, np.ndarray]]:
    """Yield each segment's name and the places of its accounts, in order of the names."""
    if by is None:
        yield "all", np.arange(number)
        return
    codes, names = pd.factorize(pd.Series(np.asarray(by)), sort=True)
    if len(codes) != number or (codes < 0).any():
        raise ValueError(f"segments must be known for each of {number} accounts")
    for code, name in enumerate(names):
        yield name, np.flatnonzero(codes == code)


def number_at(times: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Count the values at each of the sorted times."""
    values = np.sort(values)
    return np.searchsorted(values, times, "right") - np.searchsorted(values, times, "left")


def at_risk_at(times: np.ndarray, lasted: np.ndarray, entered: np.ndarray) -> np.ndarray:
    """Count accounts watched just before each time: entered before it, and not ended before it."""
    came = np.searchsorted(np.sort(entered), times, "left")
    return came - np.searchsorted(np.sort(lasted), times, "left")


def limits(share: np.ndarray, variance: np.ndarray, z: float) -> tuple[np.ndarray, np.ndarray]:
    """Give limits of a share on the scale of log(-log), from the variance of its logarithm."""
    inside = (share > 0) & (share < 1)
    log = np.log(np.where(inside, share, 0.5))
    half = z * np.sqrt(np.where(inside, variance, 0.0)) / log
    edge = np.where(share >= 1, 1.0, np.nan)
    return (
        np.where(inside, np.exp(log * np.exp(-half)), edge),
        np.where(inside, np.exp(log * np.exp(half)), edge),
    )


def normal_quantile(level: float) -> float:
    """Give how many standard errors an interval reaches to either side."""
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    return NormalDist().inv_cdf((1 + level) / 2)
