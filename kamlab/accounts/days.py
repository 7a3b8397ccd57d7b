"""What did each account buy on each day and in each month?

The account-day table is the first and only condensation of order lines: account facts, purchase
histories, monthly sums and snapshots are all made from it.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.collecting import SEEN, collect_sums, read_sums
from kamlab.accounts.engine import (
    NOTHING,
    as_day,
    as_lines,
    beside,
    between,
    count,
    day_number,
    total,
)
from kamlab.accounts.kept import takes
from kamlab.accounts.numbering import by_name, by_number

SUMS = (
    "lines",
    "net_sales",
    "gross_sales",
    "returns",
    "sales_with_cost",
    "turnover_with_cost",
    "cost_lines",
    "gross_profit",
)
OPTIONAL_SUMS = ("quantity", "cost_to_serve", "discount")


def account_days(lines: nw.LazyFrame) -> nw.LazyFrame:
    """Condense order lines to one row an account and day.

    Parameters
    ----------
    lines : nw.LazyFrame
        From `as_lines`, cut to the time that may be seen.

    Returns
    -------
    nw.LazyFrame
        `account_id`, `day`, `lines`, `net_sales`, `gross_sales` (positive lines), `returns` (a
        positive amount), `sales_with_cost`, `turnover_with_cost` (without sign), `cost_lines` and
        `gross_profit` (over lines whose cost is known, 0 where there is none), and where the
        orders have them: `quantity`, `cost_to_serve` with `cost_to_serve_lines`, `discount` with
        `discount_lines`, and `given` and `listed`: the price reductions and list amounts of
        positive lines whose list price (else discount) is known.
    """
    return line_sums(lines, "account_id", nw.col("order_date").alias("day"))


def line_sums(
    lines: nw.LazyFrame, *by: str | nw.Expr, more: Sequence[nw.Expr] = ()
) -> nw.LazyFrame:
    """Sum up order lines, by account and day or otherwise.

    Parameters
    ----------
    lines : nw.LazyFrame
        From `as_lines`, cut to the time that may be seen.
    *by : str or nw.Expr
        What groups them.
    more : sequence of nw.Expr
        Other sums that are wanted beside them.

    Returns
    -------
    nw.LazyFrame
        What groups, the sums that `account_days` describes, and `more`.
    """
    there = lines.collect_schema().names()
    net = nw.col("net_sales")
    sums = [
        nw.len().cast(nw.Int64).alias("lines"),
        net.sum(),
        total(net, net > 0).alias("gross_sales"),
        total(-net, net < 0).alias("returns"),
    ]
    if "cost_of_goods" in there:
        cost = nw.col("cost_of_goods")
        known = ~cost.is_null()
        sums += [
            total(net, known).alias("sales_with_cost"),
            total(net.abs(), known).alias("turnover_with_cost"),
            cost.count().cast(nw.Int64).alias("cost_lines"),
            total(net - cost, known).alias("gross_profit"),
        ]
    if "quantity" in there:
        sums.append(nw.col("quantity").sum())
    for name in ("cost_to_serve", "discount"):
        if name in there:
            sums += [nw.col(name).sum(), nw.col(name).count().cast(nw.Int64).alias(f"{name}_lines")]
    sums += _reductions(there)
    found = lines.group_by(*by).agg(*sums, *more)
    if "cost_of_goods" in there:
        return found
    absent = [nw.lit(0.0).alias(name) for name in SUMS[4:] if name != "cost_lines"]
    return found.with_columns(*absent, cost_lines=nw.lit(0))


def _reductions(there: list[str]) -> list[nw.Expr]:
    """Sum price reductions and list amounts of positive lines where either is known."""
    net, listed, taken = nw.col("net_sales"), nw.col("list_price"), nw.col("discount")
    sold = net > 0
    by_list = sold & (listed > 0)
    if "list_price" not in there and "discount" not in there:
        return []
    if "list_price" not in there:
        known = sold & ~taken.is_null()
        return [total(taken, known).alias("given"), total(net + taken, known).alias("listed")]
    if "discount" not in there:
        return [
            total(listed - net, by_list).alias("given"),
            total(listed, by_list).alias("listed"),
        ]
    full = nw.when(listed > 0).then(listed).otherwise(net + taken)
    known = sold & ~full.is_null()
    return [total(full - net, known).alias("given"), total(full, known).alias("listed")]


def order_days(lines: nw.LazyFrame) -> nw.LazyFrame:
    """Give each order the day of its first positive line.

    Parameters
    ----------
    lines : nw.LazyFrame
        From `as_lines`, cut to the time that may be seen.

    Returns
    -------
    nw.LazyFrame
        `account_id`, `order_id`, `day`: one row an order of an account that has a positive line.
        An order thus counts once, on one day, also if it was delivered over several.
    """
    bought = lines.filter(nw.col("net_sales") > 0, ~nw.col("order_id").is_null())
    return bought.group_by("account_id", "order_id").agg(nw.col("order_date").min().alias("day"))


def bought(zero_price: str = "drop") -> nw.Expr:
    """Tell the account-days on which something was bought.

    Parameters
    ----------
    zero_price : {"drop", "keep"}, default "drop"
        Whether a day with nothing but lines at no price counts.

    Returns
    -------
    nw.Expr
        Truth of each account-day: net sales of the day are positive, so that a day with nothing
        but returns, or with all of it given back, is none.

    Raises
    ------
    ValueError
        If `zero_price` is neither.
    """
    if zero_price not in ("drop", "keep"):
        raise ValueError(f"zero_price is 'drop' or 'keep', not {zero_price!r}")
    positive = nw.col("net_sales") > NOTHING
    if zero_price == "drop":
        return positive
    return positive | ((nw.col("gross_sales") < NOTHING) & (nw.col("returns") < NOTHING))


def with_gaps(days: nw.LazyFrame) -> nw.LazyFrame:
    """Mark the order days and count the days from each to the one before.

    Parameters
    ----------
    days : nw.LazyFrame
        From `account_days`.

    Returns
    -------
    nw.LazyFrame
        With `bought` (truth), `number` (day number) and `gap` (days, missing on the first order day
        and on days that are none).
    """
    days = days.with_columns(bought=bought(), number=day_number(days, "day"))
    # only order days are in one partition with an order day
    before = nw.col("number").shift(1).over("account_id", "bought", order_by="number")
    return days.with_columns(gap=nw.when(nw.col("bought")).then(nw.col("number") - before))


def condensed_days(orders: IntoFrame) -> nw.LazyFrame:
    """Condense order lines to all that is known of each account and day.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines, see `as_lines`.

    Returns
    -------
    nw.LazyFrame
        Columns of `with_orders` and `with_gaps`, sorted by `account_id` and `day`; amounts rounded
        to a millionth, so that they are the same however an engine adds. None of them looks ahead,
        so that what was seen on any day is in the rows before it.
    """
    lines, names = by_number(as_lines(orders))
    days = with_gaps(with_orders(lines))
    amounts = [name for name, kind in days.collect_schema().items() if kind == nw.Float64]
    # PostgreSQL rounds to a decimal
    rounded = [nw.col(name).round(6).cast(nw.Float64) for name in amounts]
    return by_name(days.with_columns(*rounded), names, "day")


def within(days: IntoFrame, first: date | None, end: date) -> nw.LazyFrame:
    """Cut condensed days to [first, end), as if nothing else had been seen.

    Parameters
    ----------
    days : DuckDB relation, Polars or PySpark frame
        From `condensed_days`.
    first, end : date or None, date

    Returns
    -------
    nw.LazyFrame
        The same columns but, where there is a first day, without `orders`: one that was begun
        before counts on its first day in the time, which account-days do not tell.
    """
    seen = nw.from_native(days).lazy().filter(nw.col("day") < nw.lit(end))
    if first is None:
        return seen
    gap, number = nw.col("gap"), nw.col("number")
    known = nw.when(number - gap >= first.toordinal()).then(gap)
    return seen.filter(nw.col("day") >= nw.lit(first)).drop("orders").with_columns(gap=known)


@takes(straight=True, kept=condensed_days)
def daily_sums(
    orders: IntoFrame | None,
    as_of: date | str,
    *,
    start: date | str | None = None,
    kept: IntoFrame | Path | None = None,
    columns: Sequence[str] = (),
) -> pd.DataFrame:
    """Sum each account's orders by day.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines, see `as_lines`; None where `kept` tells all.
    as_of : date or str
        First day no longer seen.
    start : date or str, optional
        First day seen; default all.
    kept : DuckDB relation or Path, optional
        What `condensed_days` makes of the same orders, where it is kept, in its order; or, without
        `start`, the Parquet file that holds it.
    columns : sequence of str, optional
        Sums that are wanted, beside account and time; default all.

    Returns
    -------
    pd.DataFrame
        One row an account-day with any line, sorted by `account_id` and `day`: columns of
        `account_days` that are sums, `gross_profit` NaN where no cost of the day is known,
        and `orders` begun that day.
    """
    if isinstance(kept, Path):
        if start is not None:
            raise ValueError("a file of kept account-days is read from its first day on")
        return read_sums(kept, as_day(as_of), columns)
    found = _days(orders, as_of, start, kept, columns)
    # a filter leaves what is kept in its order
    ordered = kept is not None and found.implementation.is_duckdb()
    return collect_sums(found, "day", columns, ordered=ordered and start is None)


@takes(kept=condensed_days)
def monthly_sums(
    orders: IntoFrame,
    as_of: date | str,
    *,
    start: date | str | None = None,
    kept: IntoFrame | None = None,
    columns: Sequence[str] = (),
) -> pd.DataFrame:
    """Sum each account's orders by calendar month.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines, see `as_lines`.
    as_of : date or str
        First day no longer seen; the last month may thus be a part of one.
    start : date or str, optional
        First day seen; default all.
    kept : DuckDB relation, optional
        What `condensed_days` makes of the same orders, where it is kept.
    columns : sequence of str, optional
        Sums that are wanted, beside account and time; default all.

    Returns
    -------
    pd.DataFrame
        One row an account-month with any line, sorted by `account_id` and `month`: `account_id`,
        `month` (its first day), `lines`, `net_sales`, `gross_sales`, `returns` (a positive
        amount), `sales_with_cost`, `gross_profit` (NaN where no cost of the month is known),
        `orders` (begun that month), `order_days` (days with positive net sales); where the orders
        have them `quantity`, `cost_to_serve` and `discount` (NaN where unknown all month).

    Examples
    --------
    >>> orders = pd.DataFrame({"account_id": ["a"] * 3, "order_id": ["1", "1", "2"],
    ...     "order_date": pd.to_datetime(["2024-01-31", "2024-02-01", "2024-02-29"]),
    ...     "net_sales": [5.0, 2.0, -1.0]})
    >>> monthly_sums(orders, "2024-03-01")[["month", "net_sales", "orders", "order_days"]]
           month  net_sales  orders  order_days
    0 2024-01-01        5.0       1           1
    1 2024-02-01        1.0       0           1
    """
    days = _days(orders, as_of, start, kept, columns)
    there = days.collect_schema().names()
    names = [name for name in there if name not in ("account_id", "day")]
    months = days.group_by("account_id", nw.col("day").dt.truncate("1mo").alias("month")).agg(
        *[nw.col(name).sum() for name in names], count(bought()).alias("order_days")
    )
    return collect_sums(months, "month", columns)


def _days(
    orders: IntoFrame | None,
    as_of: date | str,
    start: date | str | None,
    kept: IntoFrame | None,
    columns: Sequence[str],
) -> nw.LazyFrame:
    """Give the account-days in [start, as_of), with the orders begun on each if they are wanted."""
    first, end = None if start is None else as_day(start, "start"), as_day(as_of)
    if kept is not None:
        days = within(kept, first, end).drop(*SEEN)
        if first is None or (columns and "orders" not in columns):
            return days
    lines = between(as_lines(orders), first, end)  # type: ignore[arg-type]  # which refuses None
    return with_orders(lines) if kept is None else _begun(days, lines)


def with_orders(lines: nw.LazyFrame) -> nw.LazyFrame:
    """Condense order lines to account-days with the number of orders begun on each.

    Parameters
    ----------
    lines : nw.LazyFrame
        From `as_lines`, cut to the time that may be seen.

    Returns
    -------
    nw.LazyFrame
        Columns of `account_days` and `orders`.
    """
    return _begun(account_days(lines), lines)


def _begun(days: nw.LazyFrame, lines: nw.LazyFrame) -> nw.LazyFrame:
    """Add the number of orders begun on each day."""
    begun = order_days(lines).group_by("account_id", "day").agg(orders=nw.len().cast(nw.Int64))
    days = days.join(beside(days, begun), on=["account_id", "day"], how="left")
    return days.with_columns(orders=nw.col("orders").fill_null(0))
