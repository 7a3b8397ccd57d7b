"""How often, how recently and for how much did each account buy again?

The table on which purchase models are fitted (the "BTYD view"): its recency is the age at the last
purchase, not the days since it, which `account_facts` gives as `days_since_last_order`.
"""

from datetime import date

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.days import account_days, bought
from kamlab.accounts.engine import (
    as_day,
    as_lines,
    as_pandas,
    between,
    day_number,
    in_duckdb,
    opening,
    to_pandas,
)
from kamlab.accounts.sorting import sorted_histories

UNITS = {"D": 1, "W": 7}
AMOUNTS = ("net_sales", "gross_profit")
_OF_DAYS = ("day", "net_sales", "gross_sales", "returns")


def repeat_purchases(
    orders: IntoFrame,
    as_of: date | str,
    *,
    unit: str = "D",
    start: date | str | None = None,
    amount: str = "net_sales",
    zero_price: str = "drop",
) -> pd.DataFrame:
    """Condense each account's order lines to the history that purchase models need.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines, see `as_lines`.
    as_of : date or str
        First day no longer seen: the last day of observation is the day before.
    unit : {"D", "W"}, default "D"
        Time in days, or in weeks: whole days / 7, not rounded.
    start : date or str, optional
        First day seen; default all.
    amount : {"net_sales", "gross_profit"}, default "net_sales"
        What is averaged to the monetary value. Gross profit may be negative; days of which no
        cost is known are left out of its mean.
    zero_price : {"drop", "keep"}, default "drop"
        Whether a day with nothing but lines at no price is a purchase.

    Returns
    -------
    pd.DataFrame
        One row an account with a purchase day, sorted by `account_id`: `frequency`, `recency`,
        `T` and `monetary_value`, see `kamlab.accounts.dictionary.REPEATS`. A purchase day is a day
        with positive net sales: one with nothing but returns is none, and what is returned on a
        later day is no purchase either but stays out of the monetary value.

    Raises
    ------
    DataRefusedError
        If the orders lack a required column, or a cost where gross profit is asked for.
    ValueError
        If an option is not one of those named, or start is not before as_of.

    References
    ----------
    .. [1] P. S. Fader, B. G. S. Hardie and K. L. Lee, "Counting your customers the easy way",
       Marketing Science 24, 2005.

    Examples
    --------
    >>> orders = pd.DataFrame({"account_id": ["a"] * 3, "order_id": ["1", "2", "3"],
    ...     "order_date": pd.to_datetime(["2024-01-01", "2024-01-08", "2024-01-09"]),
    ...     "net_sales": [9.0, 5.0, -5.0]})
    >>> repeat_purchases(orders, "2024-01-16", unit="W")
      account_id  frequency  recency    T  monetary_value
    0          a          1      1.0  2.0             5.0
    """
    lines, end = _seen(orders, as_of, start, unit, amount)
    is_bought = bought(zero_price)
    if amount == "net_sales" and lines.implementation.is_duckdb():
        found = sorted_histories(lines, end, zero_price)
        if found is not None:
            return _in_units(as_pandas([found]), UNITS[unit])
    days = account_days(lines).filter(is_bought)
    return to_pandas(_histories(days, amount, end, UNITS[unit]).sort("account_id"))


def purchase_histories(
    orders: IntoFrame,
    as_of: date | str,
    *,
    unit: str = "D",
    start: date | str | None = None,
    amount: str = "net_sales",
    zero_price: str = "drop",
) -> nw.LazyFrame:
    """Condense order lines as `repeat_purchases` does, and leave the table on its engine.

    For accounts by the million, whose table is not to pass through one process:
    `kamlab.value.scoring` predicts from it where it is.

    Parameters
    ----------
    orders, as_of, unit, start, amount, zero_price
        As for `repeat_purchases`.

    Returns
    -------
    nw.LazyFrame
        `account_id`, `frequency`, `recency`, `T` and `monetary_value`, in no order. Narwhals'
        `to_native` gives the engine's own table.

    Raises
    ------
    DataRefusedError, ValueError
        As `repeat_purchases`.
    """
    lines, end = _seen(orders, as_of, start, unit, amount)
    return _histories(account_days(lines).filter(bought(zero_price)), amount, end, UNITS[unit])


def _seen(
    orders: IntoFrame, as_of: date | str, start: date | str | None, unit: str, amount: str
) -> tuple[nw.LazyFrame, date]:
    """Give the lines that are seen, what histories need of them, and the first day not seen."""
    if unit not in UNITS:
        raise ValueError(f"unit is 'D' (days) or 'W' (weeks), not {unit!r}")
    if amount not in AMOUNTS:
        raise ValueError(f"amount is 'net_sales' or 'gross_profit', not {amount!r}")
    end = as_day(as_of)
    lines = between(as_lines(orders), None if start is None else as_day(start, "start"), end)
    needed = ["account_id", "order_date", "net_sales"]
    if amount == "gross_profit":
        needed.append("cost_of_goods")
        _require_cost(lines)
    return lines.select(needed), end


def _in_units(found: pd.DataFrame, unit: int) -> pd.DataFrame:
    """Give what `sorted_histories` found as purchase models need it."""
    repeats = found["days"] - 1
    return pd.DataFrame(
        {
            "account_id": found["account_id"],
            "frequency": repeats,
            "recency": (found["first"] - found["last"]) / unit,
            "T": (found["first"] - 1) / unit,
            "monetary_value": found["spent"] / repeats.where(repeats > 0),
        }
    )


def repeats_of_days(
    daily: pd.DataFrame,
    as_of: date | str,
    *,
    unit: str = "D",
    amount: str = "net_sales",
    zero_price: str = "drop",
) -> pd.DataFrame:
    """Condense account-days that were summed before, without another look at the order lines.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`; days from `as_of` on are not seen.
    as_of, unit, amount, zero_price
        As for `repeat_purchases`.

    Returns
    -------
    pd.DataFrame
        The table that `repeat_purchases` makes of the lines behind the days.

    Raises
    ------
    ValueError
        If an option is not one of those named.
    """
    if unit not in UNITS or amount not in AMOUNTS:
        raise ValueError(f"unit is one of {list(UNITS)}, amount of {AMOUNTS}: {unit!r}, {amount!r}")
    end = as_day(as_of)
    import pyarrow as pa

    profit = daily["gross_profit"]
    text = pa.array(daily["account_id"])
    table = pa.table(
        {
            "account_id": text.cast(pa.large_string()),
            **{name: pa.array(daily[name]) for name in _OF_DAYS},
            "gross_profit": pa.array(profit.fillna(0.0)),
            "cost_lines": pa.array(profit.notna()).cast(pa.int8()),
        }
    )
    days = in_duckdb(table).with_columns(nw.col("day").cast(nw.Date))
    days = days.filter(nw.col("day") < nw.lit(end)).filter(bought(zero_price))
    return to_pandas(_histories(days, amount, end, UNITS[unit]).sort("account_id"))


def _require_cost(lines: nw.LazyFrame) -> None:
    """Refuse gross profit where no line can have one."""
    from kamlab.errors import DataRefusedError

    if "cost_of_goods" not in lines.collect_schema():
        raise DataRefusedError(
            "the orders have no cost_of_goods: ask for amount='net_sales', or map the cost"
        )


def _histories(days: nw.LazyFrame, amount: str, end: date, unit: int) -> nw.LazyFrame:
    """Condense purchase days to accounts; the first day is no repeat."""
    known = nw.col("cost_lines") > 0 if amount == "gross_profit" else nw.lit(True)
    days = days.select("account_id", "day", value=nw.when(known).then(nw.col(amount)))
    days, begun = opening(days, "value", ["day"])
    sums = days.group_by("account_id").agg(
        nw.len().cast(nw.Int64).alias("days"),
        nw.col("day").min().alias("first"),
        nw.col("day").max().alias("last"),
        nw.col("value").sum().alias("all"),
        nw.col("value").count().cast(nw.Int64).alias("known"),
        begun.alias("begun"),
    )
    first, last = (day_number(sums, name).cast(nw.Float64) for name in ("first", "last"))
    repeats = nw.col("known") - nw.when(nw.col("begun").is_null()).then(0).otherwise(1)
    spent = nw.col("all") - nw.col("begun").fill_null(0.0)
    return sums.select(
        "account_id",
        frequency=nw.col("days") - 1,
        recency=(last - first) / unit,
        T=(float(end.toordinal() - 1) - first) / unit,
        monetary_value=nw.when(repeats > 0).then(spent / repeats.cast(nw.Float64)),
    )
