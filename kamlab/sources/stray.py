"""Which days cannot be true? Find dates beyond the data's end and dates far from all others.

There is no clock in this: a day is judged by the mapping, by the day on which the file was
written, and by the other days of the table.
"""

from dataclasses import dataclass
from datetime import date, timedelta

SILENCE = 366
LONG_SILENCE = 3653
FEW = 0.01
TRUST = 0.1


@dataclass(frozen=True, slots=True)
class Bounds:
    """First and last day that are believed, and why none beyond.

    Attributes
    ----------
    first, last : date or None
        Inclusive; None where nothing bounds.
    before, after : str
        Reason for days before the first, after the last.
    """

    first: date | None
    last: date | None
    before: str
    after: str


def bounds(days: dict[str, int], start: date | None, end: date | None) -> Bounds:
    """Bound the days of a table.

    The mapping's `start` and `end` (inclusive) decide where given. Else days are stray that lie
    beyond a silence of more than ten years and are the smaller side; and days after a silence of
    more than one year, where they are fewer than one line in a hundred, since one such day would
    move the data's end and everything that is counted back from it.

    Parameters
    ----------
    days : dict of str to int
        Lines by day (ISO).
    start, end : date or None
        From the mapping.

    Returns
    -------
    Bounds

    Examples
    --------
    >>> bounds({"2013-01-05": 90, "2013-02-01": 9, "2099-01-01": 1}, None, None).last
    datetime.date(2013, 2, 1)
    """
    counted = sorted((_day(day), lines) for day, lines in days.items())
    last = _cut(counted, SILENCE)
    mirrored = [(-day, lines) for day, lines in reversed(counted)]
    first = _cut(mirrored, LONG_SILENCE)
    return Bounds(
        first=start or (None if first is None else date.fromordinal(-first)),
        last=end or (None if last is None else date.fromordinal(last)),
        before="date before the data's start" if start else "date far from all others",
        after="date after the data's end" if end else "date far from all others",
    )


def _day(text: str) -> int:
    """Give the number of a day; years beyond 9999 count as the last."""
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return date.min.toordinal() if "BC" in text else date.max.toordinal()


def _cut(days: list[tuple[int, int]], short: int) -> int | None:
    """Find the last day before a silence beyond which the days are stray; None where none is."""
    total = sum(lines for _, lines in days)
    beyond, cut = 0, None
    for (day, _), (later, lines) in zip(days[-2::-1], days[:0:-1], strict=True):
        beyond += lines
        silence = later - day
        few = silence > short and beyond < FEW * total
        if few or (silence > LONG_SILENCE and beyond * 2 < total):
            cut = day
    return cut


def written_bound(days: dict[str, int], written: str) -> date | None:
    """Give the last day that a file can hold, by the day on which it was written.

    One day of grace is given for time zones. Where a tenth of the lines or more are later, the
    file's own date is not believed.

    Examples
    --------
    >>> written_bound({"2024-01-01": 99, "2024-06-01": 1}, "2024-02-01")
    datetime.date(2024, 2, 2)
    >>> written_bound({"2024-01-01": 1}, "1980-01-01") is None
    True
    """
    if not written:
        return None
    last = date.fromisoformat(written) + timedelta(days=1)
    late = sum(lines for day, lines in days.items() if _day(day) > last.toordinal())
    return last if 0 < late < TRUST * sum(days.values()) else None
