"""Which answers of a survey belong to one wave, where they arrive day by day?"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.engine import as_day

_ENOUGH = 30  # accounts from which a wave tells something
_WEEK, _APART = 7, 28  # days between the waves of a survey that is asked now and then
_LONGEST = 92  # days of a fieldwork
_WORDS = {
    "fieldwork": "by fieldwork (days less than four weeks apart)",
    "month": "by calendar month",
    "quarter": "by calendar quarter",
}


@dataclass(frozen=True, slots=True)
class Gathered:
    """Answers in waves.

    Attributes
    ----------
    responses : pd.DataFrame
        What was given, with `answered` (the day on record) and `wave`: the same day where answers
        come in waves, else the day of the last answer of the period.
    period : str
        By what they were taken together: fieldwork, month or quarter; "" where they were not.
    days, waves : int
        How many different days and waves there are.
    """

    responses: pd.DataFrame
    period: str
    days: int
    waves: int

    @property
    def said(self) -> str:
        """Say what was done; "" where nothing was."""
        if not self.period:
            return ""
        return (
            f"Answers came on {self.days} days and are taken together {_WORDS[self.period]}: "
            f"{self.waves} waves. A wave bears the day of its last answer, an account counts once "
            "in it, and what was known before a wave ends with its first answer."
        )


def gather(responses: pd.DataFrame, as_of: date | str) -> Gathered:
    """Take answers together in waves, where they arrive day by day.

    They do where their days are usually (by the median) less than a week apart, or less than four
    weeks apart with fewer than 30 accounts each. Taken together are the days of a fieldwork (less
    than four weeks apart, a quarter at most), else of a calendar month, else of a calendar quarter:
    the first of them that usually gives 30 accounts a wave, or the quarter. Where the last month or
    quarter is not over by `as_of` and fewer than 30 accounts answered in it, its answers count with
    the one before. A wave bears the day of its last answer.

    Parameters
    ----------
    responses : pd.DataFrame
        Canonical survey responses: `account_id`, `wave` (the day of the wave or of the answer).
    as_of : date or str
        First day not seen; answers from that day on are left out.

    Returns
    -------
    Gathered

    Examples
    --------
    >>> days = pd.date_range("2024-01-01", "2024-03-31")
    >>> some = pd.DataFrame({"account_id": range(len(days)), "wave": days})
    >>> found = gather(some, "2024-04-01")
    >>> found.period, found.days, found.waves
    ('fieldwork', 91, 1)
    """
    end = pd.Timestamp(as_day(as_of))
    day = pd.to_datetime(responses["wave"])
    inside = day < end
    seen = responses[inside].assign(answered=day[inside], wave=day[inside])
    days = pd.DatetimeIndex(np.sort(seen["answered"].dropna().unique()))
    if not _day_by_day(seen, days):
        return Gathered(seen, "", len(days), len(days))
    number = np.r_[0, (np.diff(days) >= pd.Timedelta(days=_APART)).cumsum()]
    calendar = {"month": days.to_period("M"), "quarter": days.to_period("Q")}
    choices = {name: pd.Series(_joined(seen, days, of, end), days) for name, of in calendar.items()}
    fieldwork = pd.Series(number, days)
    spans = days.to_series().groupby(number).agg(lambda these: (these.max() - these.min()).days)
    if (spans < _LONGEST).all():
        choices = {"fieldwork": fieldwork} | choices
    for name, of in choices.items():
        period, part = name, seen["answered"].map(of)
        if seen["account_id"].groupby(part).nunique().median() >= _ENOUGH:
            break
    waves = seen["answered"].groupby(part).transform("max")
    return Gathered(seen.assign(wave=waves), period, len(days), int(waves.nunique()))


def on_last_day(responses: pd.DataFrame) -> pd.DataFrame:
    """Date what an account answered in a wave by the day of its own last answer in it.

    Parameters
    ----------
    responses : pd.DataFrame
        As of `Gathered`.

    Returns
    -------
    pd.DataFrame
        The same rows, for what happened after an account had answered.
    """
    own = responses.groupby(["account_id", "wave"])["answered"].transform("max")
    return responses.assign(wave=own)


def _day_by_day(seen: pd.DataFrame, days: pd.DatetimeIndex) -> bool:
    """Say whether the days on record are days of answers, rather than waves."""
    if len(days) < 2:
        return False
    apart = float(np.median(np.diff(days) / pd.Timedelta(days=1)))
    few = seen.groupby("answered")["account_id"].nunique().median() < _ENOUGH
    return apart < _WEEK or (apart < _APART and bool(few))


def _joined(
    seen: pd.DataFrame, days: pd.DatetimeIndex, of: pd.PeriodIndex, end: pd.Timestamp
) -> pd.PeriodIndex:
    """Count a last period that is not over and has few accounts with the one before it."""
    last = of.max()
    if last.end_time < end:
        return of
    inside = seen["answered"].isin(days[of == last])
    few = seen.loc[inside, "account_id"].nunique() < _ENOUGH
    return of.where(of != last, last - 1) if few and (of == last - 1).any() else of
