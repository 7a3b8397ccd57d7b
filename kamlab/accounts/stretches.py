"""What do account-days add up to before and after many days, where they come in order?

They are read once. The rows between two days of an account lie together: a search finds where they
begin and end, and they are added up there, in place of a query for each day.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import NamedTuple

import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from kamlab.accounts.engine import as_pandas

_COUNTS = ("orders", "cost_lines")
_ALWAYS = ("net_sales", "gross_profit", *_COUNTS)
_AT_ONCE = 1_000_000  # rows that are read at a time
_LONG = 1 << 22  # days of all calendars: accounts lie so far apart on one line
_FIRST = date(1970, 1, 1).toordinal()


class Span(NamedTuple):
    """A sum over days before a day of sight.

    Attributes
    ----------
    name : str
        Of the sum.
    column : str
        What is summed up.
    low, high : int
        Days before the day of sight on which it begins and ends, the latter exclusive.
    """

    name: str
    column: str
    low: int
    high: int


def looks(
    days: nw.LazyFrame,
    origins: Sequence[date],
    spans: Sequence[Span],
    label_days: int,
    history: int | None,
    accounts: Sequence[str] | None = None,
) -> Iterator[tuple[pd.DataFrame, pd.DataFrame]]:
    """Sum up what happened before and after each of many days, for all accounts.

    Parameters
    ----------
    days : nw.LazyFrame
        On DuckDB: from `kamlab.accounts.days.condensed_days`, in its order.
    origins : sequence of date
        Days of sight.
    spans : sequence of Span
        Sums that are wanted; those of columns that are not there are left out.
    label_days : int
        Length of the time from the day of sight on.
    history : int or None
        Days before the day of sight that are seen; None for all.
    accounts : sequence of str, optional
        The only ones that are wanted.

    Yields
    ------
    tuple of pd.DataFrame
        For each day of sight, in the order of accounts: for those with an order day before it
        `account_id`, `first` and `last` order day (day numbers), `order_days`, `gap_std` (days),
        `orders`, `cost_lines`, `sales_of_order_days` and the spans; and for those with any line in
        `label_days` from it on, `net_sales_next`, `gross_profit_next`, `orders_next`,
        `cost_lines_next` and `order_days_next`.

    Raises
    ------
    ValueError
        If account-days are not in order.
    """
    there = set(days.collect_schema().names())
    spans = [span for span in spans if span.column in there]
    amounts = sorted({*_ALWAYS, *(span.column for span in spans)} - set(_COUNTS))
    kinds = dict.fromkeys(amounts, nw.Float64) | dict.fromkeys(_COUNTS, nw.Int64)
    rows = days.select(
        "account_id",
        nw.col("day").cast(nw.Date),
        "bought",
        *[nw.col(name).cast(kind) for name, kind in kinds.items()],
    )
    wanted = None if accounts is None else pa.array(accounts, pa.string())
    found: list[tuple[list[pa.Table], list[pa.Table]]] = [([], []) for _ in origins]
    for piece in _pieces(rows):
        seen = _Stretches(piece, amounts, wanted)
        for origin, (before, after) in zip(origins, found, strict=True):
            before.append(seen.past(origin, spans, history))
            after.append(seen.next(origin, label_days))
    while found:  # those that were given are not held
        before, after = found.pop(0)
        yield _joined(before), _joined(after)


def _pieces(days: nw.LazyFrame) -> Iterator[pa.Table]:
    """Give account-days piece by piece, each account whole."""
    reader = days.to_native().to_arrow_reader(_AT_ONCE)
    held = reader.schema.empty_table()
    for batch in reader:
        table = pa.concat_tables([held, pa.Table.from_batches([batch])])
        names = table["account_id"]
        # the last account may go on
        whole = len(table) - pc.sum(pc.equal(names, names[-1])).as_py() if len(table) else 0
        if whole:
            yield table.slice(0, whole)
        held = table.slice(whole)
    yield held


def _joined(tables: list[pa.Table]) -> pd.DataFrame:
    """Put the accounts of all pieces one after the other."""
    found = as_pandas([pa.concat_tables(tables)])
    names = pd.Index(found["account_id"])
    if not names.is_unique:
        raise ValueError(_disorder(names[names.duplicated()][0]))
    if names.is_monotonic_increasing:
        return found
    return found.sort_values("account_id", ignore_index=True)


def _disorder(account: str) -> str:
    return f"account-days are not in order of account and day: those of {account!r} are not"


class _Stretches:
    """Account-days of whole accounts, of which any stretch can be added up."""

    def __init__(self, rows: pa.Table, amounts: Sequence[str], wanted: pa.Array | None) -> None:
        """Lay all account-days on one line, each account on a stretch of its own."""
        names = rows["account_id"].combine_chunks()
        changed = pc.not_equal(names[1:], names[:-1]).to_numpy(zero_copy_only=False)
        starts = np.append(0, 1 + np.flatnonzero(changed))[: len(rows)]
        self.names = names.take(pa.array(starts))
        self.base = np.arange(len(starts)) * _LONG
        of_row = np.repeat(self.base, np.diff(np.append(starts, len(rows))))
        if wanted is not None:
            there = pc.is_in(self.names, wanted.cast(self.names.type))
            self.names = self.names.filter(there)
            self.base = self.base[there.to_numpy(zero_copy_only=False)]
        self.day = rows["day"].cast(pa.int32()).to_numpy().astype(np.int64) + _FIRST
        self.place = of_row + self.day
        wrong = np.flatnonzero(np.diff(self.place) <= 0)
        if len(wrong):
            raise ValueError(_disorder(rows["account_id"][wrong[0]].as_py()))
        bought = _plain(rows["bought"], False)
        net = _plain(rows["net_sales"], 0.0)
        # one more, so that a stretch may end behind the last row
        self.amounts = {name: np.append(_plain(rows[name], 0.0), 0.0) for name in amounts}
        self.amounts["sales_of_order_days"] = np.append(np.where(bought, net, 0.0), 0.0)
        self.passed = {name: _running(_plain(rows[name], 0)) for name in _COUNTS}
        self.passed["order_days"] = _running(bought)
        self.order_day = self.day[bought]
        # the sum of squares of all gaps up to each order day: whole numbers, so nothing is lost
        gaps = np.diff(self.order_day, prepend=self.order_day[:1])
        self.squares = np.cumsum(gaps * gaps)

    def past(self, origin: date, spans: Sequence[Span], history: int | None) -> pa.Table:
        """Sum up what happened before a day, of accounts with an order day before it."""
        sight = origin.toordinal()
        begin = 0 if history is None else sight - history
        start, end = self._row(begin), self._row(sight)
        low, high = self.passed["order_days"][start], self.passed["order_days"][end]
        some = np.flatnonzero(high > low)
        first, last = low[some], high[some] - 1
        sums: dict[str, np.ndarray] = {
            "first": self.order_day[first],
            "last": self.order_day[last],
            "order_days": last - first + 1,
            "gap_std": _deviation(
                last - first,
                self.order_day[last] - self.order_day[first],
                self.squares[last] - self.squares[first],
            ),
        }
        for name in (*_COUNTS, "sales_of_order_days"):
            sums[name] = self._total(name, start, end)[some]
        row = {
            day: self._row(max(sight - day, begin))
            for day in {edge for span in spans for edge in (span.low, span.high)}
        }
        for span in spans:
            sums[span.name] = self._total(span.column, row[span.low], row[span.high])[some]
        return pa.table({"account_id": self.names.take(pa.array(some)), **sums})

    def next(self, origin: date, label_days: int) -> pa.Table:
        """Sum up what happened from a day on, of accounts with any line in that time."""
        start, end = self._row(origin.toordinal()), self._row(origin.toordinal() + label_days)
        some = np.flatnonzero(end > start)
        sums = {
            f"{name}_next": self._total(name, start, end)[some] for name in (*_ALWAYS, "order_days")
        }
        return pa.table({"account_id": self.names.take(pa.array(some)), **sums})

    def _row(self, day: int) -> np.ndarray:
        """Give each account's first row on or after a day."""
        return np.searchsorted(self.place, self.base + min(max(day, 0), _LONG - 1))

    def _total(self, column: str, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Add up the rows from `low` to before `high`."""
        if column in self.passed:
            return self.passed[column][high] - self.passed[column][low]
        if not len(low):
            return np.empty(0)
        # stretches, and between them what lies between them
        sums = np.add.reduceat(self.amounts[column], np.column_stack([low, high]).ravel())[::2]
        return np.where(high > low, sums, 0.0)


def _plain(column: pa.ChunkedArray, nothing: bool | float) -> np.ndarray:
    """Give a column as an array, with something in place of what is missing."""
    return pc.fill_null(column, nothing).to_numpy()


def _running(counts: np.ndarray) -> np.ndarray:
    """Give the number before each row and behind the last."""
    return np.append(0, np.cumsum(counts, dtype=np.int64))


def _deviation(count: np.ndarray, total: np.ndarray, squares: np.ndarray) -> np.ndarray:
    """Give the sample standard deviation of so many whole numbers; NaN below two of them."""
    there = count > 1
    number = np.where(there, count, 2)
    spread = np.where(there, number * squares - total * total, 0)
    return np.where(there, np.sqrt(spread / (number * (number - 1))), np.nan)
