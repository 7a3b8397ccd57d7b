"""Which months, quarters or years is a run about, and as of which day does it see history?"""

import datetime as dt
import re
from dataclasses import dataclass

from kamlab.errors import UsageError

_FORM = re.compile(r"(FY)?(\d{4})(?:-(\d{2})|-?Q([1-4]))?", re.IGNORECASE)
_LAST = {"last-month": 1, "last-quarter": 3, "last-year": 12}
# ten years of months; more is a slip of the keyboard
_MOST = 120


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One month, or one quarter or year of the calendar or of a fiscal year.

    Attributes
    ----------
    start : date
        Its first day.
    months : int
        1, 3 or 12.
    fiscal : int, default 0
        First month of the fiscal year whose quarter or whole it is; 0: the calendar's.
    """

    start: dt.date
    months: int
    fiscal: int = 0

    @property
    def as_of(self) -> dt.date:
        """The first day after it: a study as of that day has seen the whole period."""
        return _shifted(self.start, self.months)

    @property
    def before(self) -> "Period":
        """The period before it, of the same length: what it is compared with."""
        return Period(_shifted(self.start, -self.months), self.months, self.fiscal)

    @property
    def after(self) -> "Period":
        """The period that follows."""
        return Period(self.as_of, self.months, self.fiscal)

    def __str__(self) -> str:
        """Write it as it is read: 2026-10, 2026-Q4, 2026, FY2026-Q1 or FY2026."""
        if self.fiscal:
            since = (self.start.month - self.fiscal) % 12
            last = _shifted(self.start, 12 - since) - dt.timedelta(days=1)
            return f"FY{last.year:04}" + (f"-Q{since // 3 + 1}" if self.months == 3 else "")
        if self.months == 12:
            return f"{self.start.year:04}"
        if self.months == 3:
            return f"{self.start.year:04}-Q{self.start.month // 3 + 1}"
        return f"{self.start.year:04}-{self.start.month:02}"


def _shifted(day: dt.date, months: int) -> dt.date:
    """Move the first day of a month by whole months."""
    count = day.year * 12 + day.month - 1 + months
    return dt.date(count // 12, count % 12 + 1, 1)


def read_period(text: str, today: dt.date | None = None, fiscal_start: int = 1) -> Period:
    """Read a period as it is written on the command line.

    Parameters
    ----------
    text : str
        A month `2026-10`, a quarter `2026-Q4`, a year `2026`; or `last-month`, `last-quarter`,
        `last-year`: the last whole one before `today`. These quarters and years are those of the
        calendar; `FY2026-Q1` and `FY2026` are those of the fiscal year that ends in 2026.
    today : date, optional
        Needed by the words that begin with `last`.
    fiscal_start : int, default 1
        First month of the fiscal year.

    Raises
    ------
    UsageError
        If it is no period.

    Examples
    --------
    >>> str(read_period("2026-10").as_of), str(read_period("2026q4").before)
    ('2026-11-01', '2026-Q3')
    >>> str(read_period("FY2026-Q1", fiscal_start=4).start)
    '2025-04-01'
    >>> str(read_period("last-quarter", dt.date(2026, 2, 14)))
    '2025-Q4'
    """
    given = text.strip()
    if given in _LAST and today is not None:
        months = _LAST[given]
        first = today.replace(day=1)
        return Period(_shifted(first, -((first.month - 1) % months) - months), months)
    found = _FORM.fullmatch(given)
    try:
        if found is None:
            raise ValueError
        year, month, quarter = (int(part) if part else 0 for part in found.groups()[1:])
        if found[1] and found[3]:
            raise ValueError  # a month is of no fiscal year
        start = dt.date(year, month or max(3 * quarter - 2, 1), 1)
        months = 1 if found[3] else 3 if quarter else 12
        period = Period(start, months)
        if found[1]:
            begins = _shifted(start, fiscal_start - 1 - 12 * (fiscal_start > 1))
            period = Period(begins, months, fiscal_start)
        _ = period.as_of, period.before  # both must be days of the calendar
    except ValueError:
        raise UsageError(
            f"{text!r} is no period: give a month such as 2026-10, a quarter such as 2026-Q4, a "
            f"year such as 2026, FY2026-Q1 or FY2026 of the fiscal year, or {', '.join(_LAST)}."
        ) from None
    return period


def periods_between(first: Period, last: Period) -> list[Period]:
    """List the periods from one to another, both included, the oldest first.

    Raises
    ------
    UsageError
        If they differ in length, stand in the wrong order, or are more than 120.

    Examples
    --------
    >>> [str(p) for p in periods_between(read_period("2025-Q4"), read_period("2026-Q2"))]
    ['2025-Q4', '2026-Q1', '2026-Q2']
    """
    if first.months != last.months:
        raise UsageError(f"{first} and {last} differ in length: give two of a kind.")
    if first > last:
        raise UsageError(f"--from {first} is after --to {last}.")
    found = [first]
    while found[-1] < last:
        if len(found) == _MOST:
            raise UsageError(f"From {first} to {last} are more than {_MOST} periods.")
        found.append(found[-1].after)
    return found
