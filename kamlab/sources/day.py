"""Before which day is history seen, and is there any?"""

from datetime import date, timedelta
from typing import TYPE_CHECKING

from kamlab.errors import DataRefusedError, UsageError
from kamlab.sources import sql

if TYPE_CHECKING:
    from kamlab.sources.opening import Sources


def seen_until(sources: "Sources", as_of: str = "", *, within: int | None = None) -> date:
    """Understand a study's `as_of`: the first day that is not seen, with orders before it.

    Parameters
    ----------
    sources : Sources
    as_of : str, default ""
        YYYY-MM-DD; empty: the day after the newest order.
    within : int, optional
        Days before it of which one at least must hold an order, from 1; else any day before does.

    Returns
    -------
    date

    Raises
    ------
    UsageError
        If `as_of` is no day.
    DataRefusedError
        If no order lies before it, or none within the days before it.
    """
    if not as_of:
        return sources.end
    try:
        day = date.fromisoformat(as_of)
    except ValueError as error:
        raise UsageError(
            f"as_of = {as_of!r} is not a day: write it as 2026-01-31, or leave it empty"
        ) from error
    newest = _newest(sources, day) if day < sources.end else sources.end - timedelta(days=1)
    if newest is None:
        raise DataRefusedError(
            f"There is no order before {day}; the first is of {sources.begin}: choose a later as_of"
        )
    if within is not None and newest < day - timedelta(days=within):
        raise DataRefusedError(
            f"There is no order in the {within:,} days before {day}; the newest before it is of "
            f"{newest}: choose an earlier as_of, or more days"
        )
    return day


def _newest(sources: "Sources", day: date) -> date | None:
    """Give the day of the newest order before a day."""
    if sources._pushed:  # noqa: SLF001  the same room
        return max((one for one, _, _ in sources.days() if one < day), default=None)
    asked = f"SELECT max(order_date) FROM orders WHERE order_date < DATE '{day}'"
    newest: date | None = sql.one(sources._connection.cursor(), asked)[0]  # noqa: SLF001
    return newest
