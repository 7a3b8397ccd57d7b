"""How recently, how often and for how much does each account buy, and what is it called?"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

AXES = ("recency", "frequency", "monetary")
BOUNDS = tuple(f"{axis}_{end}" for axis in AXES for end in ("low", "high"))
OTHERS = "others"


def _rules(rows: Sequence[tuple[str, tuple[int, ...]]]) -> pd.DataFrame:
    """Build a rule table from names and bounds in the order of the axes."""
    return pd.DataFrame([(name, *bounds) for name, bounds in rows], columns=["segment", *BOUNDS])


# Every cell of the 5 × 5 × 5 cube belongs to one segment, and every segment can be reached:
# `check_rules` proves it. Bounds are inclusive; the first rule that fits wins.
SEGMENTS = _rules(
    [
        ("champions", (4, 5, 4, 5, 4, 5)),
        ("big and slipping", (1, 2, 3, 5, 4, 5)),
        ("loyal", (3, 5, 3, 5, 3, 5)),
        ("new and promising", (4, 5, 1, 2, 3, 5)),
        ("new", (4, 5, 1, 2, 1, 2)),
        ("small and regular", (3, 5, 3, 5, 1, 2)),
        ("need attention", (3, 3, 1, 2, 1, 5)),
        ("slipping", (2, 2, 1, 5, 1, 5)),
        ("lost", (1, 1, 1, 5, 1, 5)),
    ]
)


@dataclass(frozen=True, slots=True)
class RuleReport:
    """What a rule table does.

    Attributes
    ----------
    reach : pd.DataFrame
        One row a segment: `segment`, `cells` it would take alone, `cells_kept` after earlier
        rules, and `shadowed_by` (names of the rules that take the rest).
    unreachable : tuple of str
        Segments nobody can be in, since earlier rules take all their cells.
    uncovered : int
        Cells that no rule takes.
    """

    reach: pd.DataFrame
    unreachable: tuple[str, ...]
    uncovered: int


@dataclass(frozen=True, slots=True)
class RFM:
    """Scores and segments.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account, in the order given: the account's columns and `recency_score`,
        `frequency_score`, `monetary_score` (5 is best), `rfm_score` (the three as one number, 111
        to 555) and `segment`.
    cuts : pd.DataFrame
        One row an axis and cut: `axis`, `cut` (1, 2, …) and `value` from which the next score
        begins.
    """

    table: pd.DataFrame
    cuts: pd.DataFrame


def quantile_cuts(values: pd.Series, bins: int = 5, *, whole_step: float = 0.0) -> np.ndarray:
    """Give the values at which scores change, so that bins hold about equal numbers.

    Parameters
    ----------
    values : pd.Series of shape (n_accounts,)
        No missing values.
    bins : int, default 5
        How many scores.
    whole_step : float, default 0.0
        Added to each quantile: 1 reproduces the R package rfm on whole numbers.

    Returns
    -------
    np.ndarray of shape (bins - 1,)
        Rising, not strictly where many values are equal.
    """
    positions = np.arange(1, bins) / bins
    return np.quantile(values.to_numpy(float), positions) + whole_step


def score(values: pd.Series, cuts: Sequence[float], *, best: str = "high") -> pd.Series:
    """Score values by cuts: below the first 1, from the last on the number of cuts plus 1.

    Equal values get equal scores, whoever they belong to.

    Parameters
    ----------
    values : pd.Series of shape (n_accounts,)
        No missing values.
    cuts : sequence of float
        Rising values from which the next score begins.
    best : {"high", "low"}
        Whether high values score high, or low ones.

    Raises
    ------
    ValueError
        If cuts fall, a value is missing or `best` is unknown.

    Examples
    --------
    >>> score(pd.Series([1, 5, 9]), [5, 8]).tolist()
    [1, 2, 3]
    >>> score(pd.Series([1, 5, 9]), [5, 8], best="low").tolist()
    [3, 2, 1]
    """
    limits = np.asarray(cuts, float)
    if best not in ("high", "low"):
        raise ValueError(f"best is 'high' or 'low', not {best!r}")
    if np.any(np.diff(limits) < 0):
        raise ValueError(f"cuts must rise, not {limits.tolist()}")
    if values.isna().any():
        raise ValueError(f"the value of {values.index[values.isna()][0]!r} is missing")
    place = np.searchsorted(limits, values.to_numpy(float), side="right") + 1
    return pd.Series(place if best == "high" else len(limits) + 2 - place, index=values.index)


def rfm(
    accounts: pd.DataFrame,
    *,
    recency: str = "days_since_last_order",
    frequency: str = "orders",
    monetary: str = "net_sales",
    bins: int = 5,
    cuts: dict[str, Sequence[float]] | None = None,
    whole_step: float = 0.0,
    rules: pd.DataFrame = SEGMENTS,
) -> RFM:
    """Score accounts by recency, frequency and amount, and name their segments.

    Parameters
    ----------
    accounts : pd.DataFrame
        Account facts. Rows where one of the three is missing (an account with nothing but returns
        has no last order) get no score and the segment "others".
    recency, frequency, monetary : str
        Columns: days (less is better), orders, and an amount, net sales or gross profit.
    bins : int, default 5
        How many scores where cuts are found from quantiles.
    cuts : dict, optional
        Own cuts by axis ("recency", "frequency", "monetary"); the others are found.
    whole_step : float, default 0.0
        See `quantile_cuts`.
    rules : pd.DataFrame
        See `check_rules`; the default needs five scores.

    Returns
    -------
    RFM

    Raises
    ------
    ValueError
        If no account can be scored, a column is missing or a rule is malformed.

    References
    ----------
    .. [1] A. M. Hughes, "Strategic Database Marketing", Probus, 1994.
    """
    columns = dict(zip(AXES, (recency, frequency, monetary), strict=True))
    absent = [column for column in columns.values() if column not in accounts]
    if absent:
        raise ValueError(f"the accounts lack the columns {absent}")
    known = accounts[list(columns.values())].notna().all(axis=1)
    if not known.any():
        raise ValueError("no account has recency, frequency and amount: nothing can be scored")
    scored = accounts[known]
    limits = {
        axis: np.asarray(
            (cuts or {}).get(axis, quantile_cuts(scored[column], bins, whole_step=whole_step))
        )
        for axis, column in columns.items()
    }
    table = accounts.copy()
    for axis, column in columns.items():
        points = score(
            scored[column], limits[axis].tolist(), best="low" if axis == "recency" else "high"
        )
        table[f"{axis}_score"] = points.reindex(accounts.index).astype("Int64")
    scores = [table[f"{axis}_score"] for axis in AXES]
    table["rfm_score"] = scores[0] * 100 + scores[1] * 10 + scores[2]
    table["segment"] = name_segments(*scores, rules=rules)
    lines = [
        {"axis": axis, "cut": place, "value": float(value)}
        for axis, values in limits.items()
        for place, value in enumerate(values, start=1)
    ]
    return RFM(table, pd.DataFrame(lines))


def name_segments(
    recency: pd.Series, frequency: pd.Series, monetary: pd.Series, *, rules: pd.DataFrame = SEGMENTS
) -> pd.Series:
    """Name the segment of each triple of scores: the first rule that fits.

    Parameters
    ----------
    recency, frequency, monetary : pd.Series of shape (n_accounts,)
        Scores; missing ones fit no rule.
    rules : pd.DataFrame
        `segment` and inclusive bounds `recency_low`, `recency_high`, …, in order of priority.

    Returns
    -------
    pd.Series of shape (n_accounts,)
        "others" where no rule fits.
    """
    _check_columns(rules)
    names = pd.Series(OTHERS, index=recency.index, dtype=object)
    taken = pd.Series(False, index=recency.index)
    for rule in rules.itertuples(index=False):
        fits = ~taken
        for axis, values in zip(AXES, (recency, frequency, monetary), strict=True):
            low, high = getattr(rule, f"{axis}_low"), getattr(rule, f"{axis}_high")
            fits &= values.between(low, high).fillna(False).astype(bool)
        names[fits] = rule.segment
        taken |= fits
    return names


def check_rules(rules: pd.DataFrame, bins: int = 5) -> RuleReport:
    """Find segments that nobody can be in and cells that no rule takes.

    Parameters
    ----------
    rules : pd.DataFrame
        As for `name_segments`.
    bins : int, default 5
        Scores run from 1 to this.

    Returns
    -------
    RuleReport

    Raises
    ------
    ValueError
        If a column is missing, a bound lies outside 1 to `bins`, or a low one above a high one.
    """
    _check_columns(rules)
    for rule in rules.itertuples(index=False):
        for axis in AXES:
            low, high = getattr(rule, f"{axis}_low"), getattr(rule, f"{axis}_high")
            if not 1 <= low <= high <= bins:
                raise ValueError(
                    f"segment {rule.segment!r}: {axis} runs from {low} to {high}; bounds lie in "
                    f"order between 1 and {bins}"
                )
    owner: dict[tuple[int, ...], str] = {}
    rows = []
    for rule in rules.itertuples(index=False):
        spans = [
            range(int(getattr(rule, f"{axis}_low")), int(getattr(rule, f"{axis}_high")) + 1)
            for axis in AXES
        ]
        cells = list(product(*spans))
        shadow = sorted({owner[cell] for cell in cells if cell in owner})
        kept = [cell for cell in cells if cell not in owner]
        owner.update(dict.fromkeys(kept, rule.segment))
        rows.append((rule.segment, len(cells), len(kept), ", ".join(shadow)))
    reach = pd.DataFrame(rows, columns=["segment", "cells", "cells_kept", "shadowed_by"])
    unreachable = tuple(reach.loc[reach["cells_kept"] == 0, "segment"])
    return RuleReport(reach, unreachable, bins**3 - len(owner))


def _check_columns(rules: pd.DataFrame) -> None:
    """Refuse a rule table that lacks a column."""
    absent = [column for column in ("segment", *BOUNDS) if column not in rules]
    if absent:
        raise ValueError(f"the rule table lacks the columns {absent}")
