"""Is the data fresh enough to publish, and which figures moved more than they should?

Both rules stand in the mapping file beside the data, and the command line may tighten the first:

    [runs]
    max_age_days = 5          # from the newest order to the day of the run
    stale = "refuse"          # or "flag": publish, with a warning on every page
    jump = 0.25               # share by which a headline figure may move without a mark

    [runs.jumps]              # another share for figures that move more, or must not
    "Worth of the list" = 0.1
    "summary: Expected loss to leavers" = 0.5
"""

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from kamlab.errors import DataRefusedError, UsageError
from kamlab.studies.mapping_file import mapping_path, mapping_says
from kamlab.studies.parameters import nearest

# A headline figure that moves by more than this share of itself is marked.
JUMP = 0.25
# Where no rule is written: days since the newest order from which a day asked for is doubted,
# and from which it is refused, since the studies judge a year.
_DOUBTED, _REFUSED = 45, 365
_KNOWN = ("max_age_days", "stale", "jump", "jumps")


@dataclass(frozen=True, slots=True)
class Rules:
    """What a run is held to.

    Attributes
    ----------
    max_age : int or None
        Days that may lie between the newest order and the day of the run; None: any number.
    refuse_stale : bool
        Refuse data that is older; else publish with a warning.
    jump : float
        Share of itself by which a headline figure may move without a mark, above 0.
    jumps : dict of str to float
        Another share, by the figure's label or by `study: label`.
    """

    max_age: int | None = None
    refuse_stale: bool = True
    jump: float = JUMP
    jumps: Mapping[str, float] = field(default_factory=dict)

    def limit(self, study: str, label: str) -> float:
        """Give the share by which a figure of a study may move.

        Examples
        --------
        >>> rules = Rules(jumps={"Value": 0.1, "churn: Value": 0.5})
        >>> rules.limit("churn", "Value"), rules.limit("value", "Value"), rules.limit("a", "b")
        (0.5, 0.1, 0.25)
        """
        return self.jumps.get(f"{study}: {label}", self.jumps.get(label, self.jump))

    def tightened(self, max_age: int | None, stale: str | None) -> "Rules":
        """Put what the command line says of freshness before what the file says."""
        return replace(
            self,
            max_age=self.max_age if max_age is None else max_age,
            refuse_stale=stale == "refuse" if stale else self.refuse_stale,
        )


def read_rules(data: Path) -> Rules:
    """Read the table `[runs]` of the mapping file of a data folder.

    Parameters
    ----------
    data : Path
        Folder or mapping file; where there is none, nothing is asked.

    Raises
    ------
    UsageError
        If the table says something unknown. A file that is no TOML is left to who reads the data.
    """
    path, said = mapping_path(data), mapping_says(data).get("runs", {})
    if not isinstance(said, dict):
        raise UsageError(f"{path}: runs must be a table, as in [runs].")
    for key in said:
        if key not in _KNOWN:
            near = nearest(key, list(_KNOWN)) or f" Known are: {', '.join(_KNOWN)}."
            raise UsageError(f"{path}, [runs]: unknown key {key!r}.{near}")
    return _checked(said, f"{path}, [runs]")


def _checked(said: dict[str, Any], place: str) -> Rules:
    """Check the values of the table."""
    days, stale = said.get("max_age_days"), said.get("stale", "refuse")
    if days is not None and (isinstance(days, bool) or not isinstance(days, int) or days < 0):
        raise UsageError(f"{place}: max_age_days = {days!r} must be a number of days, 0 or more.")
    if stale not in ("refuse", "flag"):
        raise UsageError(f'{place}: stale = {stale!r} must be "refuse" or "flag".')
    jumps = said.get("jumps", {})
    if not isinstance(jumps, dict):
        raise UsageError(f"{place}: jumps must be a table, as in [runs.jumps].")
    shares = {"jump": said.get("jump", JUMP)} | {f"jumps.{key}": jumps[key] for key in jumps}
    for name, share in shares.items():
        number = isinstance(share, int | float) and not isinstance(share, bool)
        if not number or not math.isfinite(share) or share <= 0:
            raise UsageError(f"{place}: {name} = {share!r} must be a share above 0, such as 0.25.")
    return Rules(days, stale == "refuse", float(shares["jump"]), jumps)


def check_freshness(newest: str, last_day: dt.date, rules: Rules) -> str:
    """Hold the newest order against the day of the run.

    Parameters
    ----------
    newest : str
        Day of the newest order that the run sees, YYYY-MM-DD; empty where there is none.
    last_day : date
        Last day of the period, or today.
    rules : Rules
        How old it may be.

    Returns
    -------
    str
        The warning to print on every page; empty if the data is fresh.

    Raises
    ------
    DataRefusedError
        If the data is too old and the rules refuse that.

    Examples
    --------
    >>> check_freshness("2026-10-02", dt.date(2026, 10, 31), Rules(max_age=5, refuse_stale=False))
    'The newest order is of 2026-10-02, 29 days before 2026-10-31; 5 are allowed.'
    """
    age = _age(newest, last_day)
    if rules.max_age is None or age <= rules.max_age:
        return ""
    said = (
        f"The newest order is of {newest}, {age} days before {last_day}; {rules.max_age} are "
        "allowed."
    )
    if rules.refuse_stale:
        raise DataRefusedError(
            f"{said} Nothing was published. Deliver the orders, or allow it with --max-age, or "
            "publish with a warning with --stale flag."
        )
    return said


def doubt_age(newest: str, last_day: dt.date) -> str:
    """Hold the newest order against a day that was asked for, where no rule says how old it may be.

    Parameters
    ----------
    newest, last_day
        As `check_freshness` takes them.

    Returns
    -------
    str
        The warning to print on every page, from 45 days on; else empty.

    Raises
    ------
    DataRefusedError
        If no order lies in the year before that day.

    Examples
    --------
    >>> doubt_age("2026-10-02", dt.date(2026, 10, 31))
    ''
    >>> doubt_age("2026-05-02", dt.date(2026, 10, 31)).split(", ")[1]
    '182 days before 2026-10-31: if orders no longer arrive'
    """
    age = _age(newest, last_day)
    said = f"The newest order is of {newest}, {age:,} days before {last_day}: "
    if age > _REFUSED:
        raise DataRefusedError(
            f"{said}a year without an order leaves nothing to judge. Nothing was published. "
            "Deliver the orders, name an earlier --as-of, or allow it with --max-age."
        )
    return f"{said}if orders no longer arrive, accounts only look silent." if age > _DOUBTED else ""


def _age(newest: str, last_day: dt.date) -> int:
    """Count the days from the newest order, without which nothing can run, to a day."""
    if not newest:
        raise DataRefusedError(f"There is no order up to {last_day}.")
    return (last_day - dt.date.fromisoformat(newest)).days
