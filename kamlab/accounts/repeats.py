"""How often, how recently and for how much did each account buy again?

The table on which purchase models are fitted (the "BTYD view"): its recency is the age at the last
purchase, not the days since it, which `account_facts` gives as `days_since_last_order`.
"""

from datetime import date

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.days import account_days, bought
from kamlab.accounts.dictionary import REPEATS
from kamlab.accounts.engine import (
    as_day,
    as_lines,
    between,
    day_number,
    in_duckdb,
    opening,
    ratio,
    to_pandas,
)

UNITS = {"D": 1, "W": 7}
AMOUNTS = ("net_sales", "gross_profit")


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
    if unit not in UNITS:
        raise ValueError(f"unit is 'D' (days) or 'W' (weeks), not {unit!r}")
    if amount not in AMOUNTS:
        raise ValueError(f"amount is 'net_sales' or 'gross_profit', not {amount!r}")
    end = as_day(as_of)
    first = None if start is None else as_day(start, "start")
    lines = between(as_lines(orders), first, end)
    needed = ["account_id", "order_date", "net_sales"]
    if amount == "gross_profit":
        needed.append("cost_of_goods")
        _require_cost(lines)
    days = account_days(lines.select(needed)).filter(bought(zero_price))
    return _finish(to_pandas(_histories(days, amount)), end, UNITS[unit])


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
    profit = daily["gross_profit"]
    table = pd.DataFrame(
        {
            "account_id": daily["account_id"].astype("str"),
            "day": daily["day"],
            "net_sales": daily["net_sales"],
            "gross_sales": daily["gross_sales"],
            "returns": daily["returns"],
            "gross_profit": profit.fillna(0.0),
            "cost_lines": profit.notna().astype(int),
        }
    )
    days = in_duckdb(table).with_columns(nw.col("day").cast(nw.Date))
    days = days.filter(nw.col("day") < nw.lit(end)).filter(bought(zero_price))
    return _finish(to_pandas(_histories(days, amount)), end, UNITS[unit])


def _require_cost(lines: nw.LazyFrame) -> None:
    """Refuse gross profit where no line can have one."""
    from kamlab.errors import DataRefusedError

    if "cost_of_goods" not in lines.collect_schema():
        raise DataRefusedError(
            "the orders have no cost_of_goods: ask for amount='net_sales', or map the cost"
        )


def _histories(days: nw.LazyFrame, amount: str) -> nw.LazyFrame:
    """Condense purchase days to accounts; the first day is no repeat."""
    known = nw.col("cost_lines") > 0 if amount == "gross_profit" else nw.lit(True)
    value = nw.when(known).then(nw.col(amount))
    days = days.select("account_id", "day", value=value)
    days, begun = opening(days, "value", ["day"])
    return (
        days.group_by("account_id")
        .agg(
            nw.len().cast(nw.Int64).alias("days"),
            nw.col("day").min().alias("first"),
            nw.col("day").max().alias("last"),
            nw.col("value").sum().alias("all"),
            nw.col("value").count().cast(nw.Int64).alias("known"),
            begun.alias("begun"),
        )
        .with_columns(first=day_number("first"), last=day_number("last"))
        .sort("account_id")
    )


def _finish(raw: pd.DataFrame, end: date, unit: int) -> pd.DataFrame:
    """Turn day numbers into ages in the unit asked for."""
    repeats = raw["known"] - raw["begun"].notna()
    spent = raw["all"] - raw["begun"].fillna(0.0)
    result = raw.assign(
        frequency=raw["days"] - 1,
        recency=(raw["last"] - raw["first"]) / unit,
        T=(end.toordinal() - 1 - raw["first"]) / unit,
        monetary_value=ratio(spent, repeats.to_numpy(np.float64)),
    )
    return result[list(REPEATS)]
