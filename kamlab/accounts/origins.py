"""What was known of each account on past days, and what did it do next?

The tables on which churn and next-period models learn: one row an account and day of origin, with
features of what happened before it and labels of what came after.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import date, timedelta

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.days import with_gaps, with_orders, within
from kamlab.accounts.engine import (
    NOTHING,
    as_day,
    as_lines,
    between,
    count,
    to_pandas,
    total,
)
from kamlab.accounts.kept import settled
from kamlab.accounts.snapshot_columns import WINDOWS, finish_labels, finish_past
from kamlab.accounts.stretches import Span, looks
from kamlab.accounts.trend import YEARS

YEAR = 365


def snapshots(
    orders: IntoFrame,
    origins: Sequence[date | str],
    *,
    label_days: int,
    window_days: Sequence[int] = WINDOWS,
    history: int | None = None,
    as_of: date | str | None = None,
    accounts: Sequence[str] | None = None,
    kept: IntoFrame | None = None,
) -> pd.DataFrame:
    """Give features and labels of each account at many origins, without looking ahead.

    The order lines are read once and condensed to account-days. A feature is then made of days
    before the origin only and a label of days from it on: they share no row.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines, see `as_lines`.
    origins : sequence of date or str
        Days of sight: features see what happened before, labels begin on the day itself. None may
        be after `as_of`.
    label_days : int
        Length of the label window [origin, origin + label_days), at least 1.
    window_days : sequence of int, default (30, 90, 180, 365)
        Lengths of the windows of recent sums. The longest is also the window of margins,
        discounts, returns and categories, and is compared with as many days before it.
    history : int, optional
        Days before the origin that are seen at all; default all. With it, early and late origins
        know equally much; it must hold two of the longest windows.
    as_of : date or str, optional
        First day that is not observed; default the day after the newest order line. Labels whose
        window reaches beyond it are missing.
    accounts : sequence of str, optional
        The only ones that are wanted, at most some ten thousand.
    kept : DuckDB relation, optional
        What `kamlab.accounts.days.condensed_days` makes of the same orders, where it is kept, in
        its order.

    Returns
    -------
    pd.DataFrame
        One row an account and origin, for accounts with an order day before it, sorted by `origin`
        and `account_id`. Columns, units and meanings: `snapshot_columns.snapshot_columns()`;
        those in `snapshot_columns.LABELS` are labels.

    Raises
    ------
    DataRefusedError
        If the orders lack a required column or their dates are none.
    ValueError
        If origins are empty, repeated or after as_of, a length is not positive, or what is kept is
        not in its order.

    Notes
    -----
    Rows of one account at near origins resemble each other, and labels of one origin overlap the
    features of the next: split by origin, with a gap of `label_days` between training and test.

    Examples
    --------
    >>> orders = pd.DataFrame({"account_id": ["a", "a", "b"], "order_id": ["1", "2", "3"],
    ...     "order_date": pd.to_datetime(["2024-01-01", "2024-03-05", "2024-01-20"]),
    ...     "net_sales": [10.0, 20.0, 5.0]})
    >>> table = snapshots(orders, ["2024-02-01"], label_days=30, as_of="2024-04-01")
    >>> table[["account_id", "days_since_last_order", "net_sales_30d", "silent"]]
      account_id  days_since_last_order  net_sales_30d  silent
    0          a                     31            0.0     1.0
    1          b                     12            5.0     1.0
    """
    windows = _checked_windows(label_days, window_days, history)
    lines = as_lines(orders)
    end = _newest(lines) if as_of is None else as_day(as_of)
    days = _checked_origins(origins, end)
    lines = between(lines, None, end)
    wanted = None if accounts is None else nw.col("account_id").is_in(list(accounts))
    lines = lines if wanted is None else lines.filter(wanted)
    known = with_gaps(with_orders(lines)) if kept is None else within(kept, None, end)
    sums = _sums(label_days, windows)
    tables = []
    with ExitStack() as stack:
        categories = None
        if "category" in lines.collect_schema():
            pieces = _category_spans(lines, days, windows[-1], history)
            (categories,) = stack.enter_context(settled(pieces))
        if not known.implementation.is_duckdb():
            (known,) = stack.enter_context(
                settled(known if wanted is None else known.filter(wanted))
            )
        if known.implementation.is_duckdb():
            # a filter by many accounts would be a join, which loses the order
            ordered = known if kept is not None else known.sort("account_id", "day")
            found = looks(ordered, days, sums, label_days, history, accounts)
        else:
            found = (_looked(known, origin, sums, label_days, history) for origin in days)
        for origin, (past, after) in zip(days, found, strict=True):
            if categories is not None:
                bought = _categories(categories, origin, days, windows[-1], history)
                past = past.merge(to_pandas(bought), on="account_id", how="left")
            features = finish_past(past, origin, windows)
            observed = origin + timedelta(label_days) <= end
            table = finish_labels(features, after if observed else None)
            # copied, so that a column does not hold on to the sums it was made with
            tables.append({name: column.copy() for name, column in table.items()})
    return _stacked(tables)


def _stacked(tables: list[dict[str, pd.Series]]) -> pd.DataFrame:
    """Stack tables column by column, giving each back as it goes: they are not held twice."""
    columns = {}
    for name in list(tables[0]):
        columns[name] = pd.concat([table.pop(name) for table in tables], ignore_index=True)
    return pd.DataFrame(columns, copy=False)


def _checked_windows(
    label_days: int, window_days: Sequence[int], history: int | None
) -> tuple[int, ...]:
    """Give the windows in rising order, or say which length is wrong."""
    windows = tuple(sorted(set(window_days)))
    if label_days < 1 or not windows or windows[0] < 1:
        raise ValueError(
            f"label_days and window_days are numbers of days from 1 on, not {label_days} and "
            f"{tuple(window_days)}"
        )
    if history is not None and history < 2 * windows[-1]:
        raise ValueError(
            f"history {history} is shorter than two windows of {windows[-1]} days: lengthen it, "
            "or leave it out to see all"
        )
    return windows


def _checked_origins(origins: Sequence[date | str], end: date) -> list[date]:
    """Give the origins in order, or say which is wrong."""
    days = sorted({as_day(origin, "origin") for origin in origins})
    if not days or len(days) < len(origins):
        raise ValueError("origins are one or more different days")
    if days[-1] > end:
        raise ValueError(f"origin {days[-1]} is after {end}, the end of what is observed")
    return days


def _newest(lines: nw.LazyFrame) -> date:
    """Give the day after the newest order line."""
    newest = to_pandas(lines.select(nw.col("order_date").max()))["order_date"]
    if newest.isna().all():
        raise ValueError("there are no orders: nothing tells the end of what is observed")
    return as_day(newest.iloc[0]) + timedelta(1)


def _looked(
    days: nw.LazyFrame, origin: date, sums: list[Span], label_days: int, history: int | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Sum up what happened before and after a day where the account-days are, as `looks` does."""
    past = _past(days, origin, sums, history).sort("account_id")
    return to_pandas(past), to_pandas(_labels(days, origin, label_days))


def _past(days: nw.LazyFrame, origin: date, spans: list[Span], history: int | None) -> nw.LazyFrame:
    """Sum up what happened before the origin; accounts without an order day drop out."""
    seen = days.filter(nw.col("day") < nw.lit(origin))
    gap = nw.col("gap")
    if history is not None:
        begin = origin - timedelta(history)
        seen = seen.filter(nw.col("day") >= nw.lit(begin))
        # a gap that began before what may be seen is not known
        gap = nw.when(nw.col("number") - gap >= begin.toordinal()).then(gap)
    bought_on = nw.when(nw.col("bought")).then(nw.col("number"))
    sums = [
        bought_on.min().alias("first"),
        bought_on.max().alias("last"),
        bought_on.count().cast(nw.Int64).alias("order_days"),
        gap.cast(nw.Float64).std().alias("gap_std"),
        nw.col("orders").sum().cast(nw.Int64),
        nw.col("cost_lines").sum().cast(nw.Int64),
        total(nw.col("net_sales"), nw.col("bought")).alias("sales_of_order_days"),
    ]
    there = days.collect_schema().names()
    for span in spans:
        if span.column not in there:
            continue
        day, column = nw.col("day"), nw.col(span.column)
        low, high = (nw.lit(origin - timedelta(edge)) for edge in (span.low, span.high))
        inside = (day >= low) & (day < high)
        if span.column == "orders":
            begun = nw.when(inside).then(column).otherwise(nw.lit(0))
            sums.append(begun.sum().cast(nw.Int64).alias(span.name))
        else:
            sums.append(total(column, inside).alias(span.name))
    return seen.group_by("account_id").agg(*sums).filter(nw.col("order_days") > 0)


def _sums(label_days: int, windows: tuple[int, ...]) -> list[Span]:
    """Name the sums of which features are made."""
    longest = windows[-1]
    spans = [(f"{window}d", window, 0) for window in windows]
    spans += [(f"{w}d_year_ago", YEAR + w, YEAR) for w in windows[:-1]]
    spans.append((f"prior_{longest}d", 2 * longest, longest))
    # the days of last year that match the label window, as far as they are past
    spans.append(("same_season", YEAR, max(YEAR - label_days, 0)))
    sums = [
        Span(f"{column}_{name}", column, low, high)
        for name, low, high in spans
        for column in ("net_sales", "gross_profit", "orders")
    ]
    parts = ("returns", "gross_sales", "gross_profit", "sales_with_cost", "given", "listed")
    for name, low, high in (("now", longest, 0), ("before", 2 * longest, longest)):
        sums += [Span(f"{part}_{name}", part, low, high) for part in parts]
    sums += [Span(f"year_{k}", "net_sales", YEAR * (k + 1), YEAR * k) for k in range(YEARS)]
    return sums


def _labels(days: nw.LazyFrame, origin: date, label_days: int) -> nw.LazyFrame:
    """Sum up what happened in the label window."""
    window = days.filter(
        nw.col("day") >= nw.lit(origin),
        nw.col("day") < nw.lit(origin + timedelta(label_days)),
    )
    return window.group_by("account_id").agg(
        nw.col("net_sales").sum().alias("net_sales_next"),
        nw.col("gross_profit").sum().alias("gross_profit_next"),
        nw.col("orders").sum().cast(nw.Int64).alias("orders_next"),
        nw.col("cost_lines").sum().cast(nw.Int64).alias("cost_lines_next"),
        count(nw.col("bought")).alias("order_days_next"),
    )


def _edges(origins: list[date], longest: int, history: int | None) -> list[date]:
    """Give the days at which a category window of any origin begins or ends."""
    lengths = [0, longest, 2 * longest] + ([] if history is None else [history])
    return sorted({origin - timedelta(length) for origin in origins for length in lengths})


def _category_spans(
    lines: nw.LazyFrame, origins: list[date], longest: int, history: int | None
) -> nw.LazyFrame:
    """Sum net sales by account, category and span between any two edges of windows."""
    named = lines.filter(~nw.col("category").is_null())
    day = nw.col("order_date")
    edges = _edges(origins, longest, history)
    named = between(named, edges[0], edges[-1])
    passed = [nw.when(day >= nw.lit(edge)).then(nw.lit(1)).otherwise(nw.lit(0)) for edge in edges]
    span = nw.sum_horizontal(*passed)
    return (
        named.with_columns(span=span)
        .group_by("account_id", "category", "span")
        .agg(nw.col("net_sales").sum())
    )


def _categories(
    sales: nw.LazyFrame, origin: date, origins: list[date], longest: int, history: int | None
) -> nw.LazyFrame:
    """Count the categories bought in the last window, in the one before, and not any more."""
    edges = _edges(origins, longest, history)
    end, middle, begin = (
        edges.index(origin - timedelta(length)) + 1 for length in (0, longest, 2 * longest)
    )
    span, net = nw.col("span"), nw.col("net_sales")
    windows = sales.filter(span >= begin, span < end).group_by("account_id", "category")
    parts = windows.agg(
        total(net, span >= middle).alias("now"), total(net, span < middle).alias("before")
    )
    now, before = nw.col("now") > NOTHING, nw.col("before") > NOTHING
    return parts.group_by("account_id").agg(
        count(now).alias("categories"),
        count(before).alias("categories_prior"),
        count(before & ~now).alias("categories_lost"),
    )
