"""For which days does a run publish: one, or one after each of several periods?"""

import datetime as dt
from dataclasses import dataclass, replace
from pathlib import Path

from kamlab.errors import UsageError
from kamlab.studies.mapping_file import mapping_says
from kamlab.studies.parameters import Parameter, check_value
from kamlab.studies.period import periods_between, read_period
from kamlab.studies.plan import Data, Plan
from kamlab.studies.rules import Rules, check_freshness, doubt_age


@dataclass(frozen=True, slots=True)
class Round:
    """One day for which the studies run.

    Attributes
    ----------
    period : str
        Month, quarter or year that was asked for; empty where none was.
    as_of : str
        Day before which history is seen; empty: the day after the newest order.
    last_day : date
        The day up to which orders are to be expected.
    longest : int or None
        Days that may lie between the newest order and that day where the rules are silent: a
        period must hold an order.
    """

    period: str
    as_of: str
    last_day: dt.date
    longest: int | None = None


def read_day(name: str, text: str | None) -> dt.date | None:
    """Read a day of the command line; None where none is given.

    Raises
    ------
    UsageError
        If it is no day.
    """
    if not text:
        return None
    return dt.date.fromisoformat(str(check_value(Parameter(name, "date", ""), text)))


def read_fiscal_start(data: Path) -> int:
    """Read the first month of the fiscal year from the mapping file of a data folder.

    Parameters
    ----------
    data : Path
        Folder or mapping file.

    Returns
    -------
    int
        1 where it says nothing that is a month; whoever reads the data refuses what is none.
    """
    month = mapping_says(data).get("fiscal_year_start", 1)
    return month if isinstance(month, int) and 1 <= month <= 12 else 1


def read_rounds(
    *,
    as_of: str,
    period: str | None,
    first: str | None,
    last: str | None,
    today: str | None,
    clock: dt.date,
    fiscal_start: int = 1,
) -> list[Round]:
    """Understand which days are asked for.

    Parameters
    ----------
    as_of : str
        A day or empty.
    period : str or None
        One period; see `kamlab.studies.period`.
    first, last : str or None
        First and last period of a back-fill.
    today : str or None
        Day of the run where that is said.
    clock : date
        Day of the run where it is not.
    fiscal_start : int, default 1
        First month of the fiscal year.

    Raises
    ------
    UsageError
        If a word is no day or period, or two answers are given.

    Examples
    --------
    >>> asked = {"as_of": "", "first": None, "last": None, "today": None}
    >>> [one] = read_rounds(period="last-month", clock=dt.date(2026, 11, 3), **asked)
    >>> one.period, one.as_of, one.last_day.isoformat()
    ('2026-10', '2026-11-01', '2026-10-31')
    """
    given = read_day("--today", today)
    if bool(first) != bool(last):
        raise UsageError("Give --from and --to together.")
    if sum(map(bool, (as_of, period, first))) > 1:
        raise UsageError("Give only one of --as-of, --period, and --from with --to.")
    ends = (first, last) if first and last else (period, period)
    if ends[0] is None or ends[1] is None:
        end = read_day("as_of", as_of)
        day = given or (end - dt.timedelta(days=1) if end else clock)
        return [Round("", as_of, day)]
    day = given or clock
    found = periods_between(*(read_period(text, day, fiscal_start) for text in ends if text))
    return [
        Round(
            str(one),
            one.as_of.isoformat(),
            one.as_of - dt.timedelta(days=1),
            (one.as_of - one.start).days - 1,
        )
        for one in found
    ]


def plan_rounds(
    plan: Plan, data: Data, rounds: list[Round], rules: Rules
) -> list[tuple[Plan, Data]]:
    """Give each round its data, once that is known to be fresh enough.

    Parameters
    ----------
    plan : Plan
        Studies and parameters, the same for all rounds.
    data : Data
        What was read; its day is that of the newest order.
    rounds : list of Round
        Days asked for.
    rules : Rules
        How old data may be.

    Raises
    ------
    DataRefusedError
        If the data is too old for one of them, before any study starts.
    """
    made = []
    for one in rounds:
        held = replace(rules, max_age=one.longest) if rules.max_age is None else rules
        note, newest = "", data.newest(one.as_of)
        if data.days and held.max_age is None and one.as_of:
            note = doubt_age(newest, one.last_day)
        elif data.days:
            note = check_freshness(newest, one.last_day, held)
        notes = (*data.notes, note) if note else data.notes
        known = replace(data, as_of=one.as_of or data.as_of, period=one.period, notes=notes)
        made.append((plan, known))
    return made
