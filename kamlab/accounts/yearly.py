"""How sure are a year's sales and profit, and the growth, when purchases fall as they fall?

A year that ended a week before a large order looks worse than it was. The errors here say how much
of a year's sum, and of the change between years, may be the luck of when orders fell.
"""

from datetime import date, timedelta

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.days import account_days, within
from kamlab.accounts.engine import as_day, as_lines, between, to_pandas, total
from kamlab.accounts.prices import between_variance
from kamlab.accounts.trend import BOUND, YEARS, age_spread, yearly_trend

_YEAR = 365


def year_sums(
    orders: IntoFrame, as_of: date | str, *, kept: IntoFrame | None = None
) -> pd.DataFrame:
    """Sum each account's last years, and the squares of its order days in them.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines, see `kamlab.accounts.engine.as_lines`.
    as_of : date or str
        First day not seen.
    kept : DuckDB relation, optional
        What `kamlab.accounts.days.condensed_days` makes of the same orders, where it is kept.

    Returns
    -------
    pd.DataFrame
        One row an account, sorted by `account_id`: `sales_0` (last 365 days) to `sales_3`,
        `squares_0` to `squares_3` (sums of the squared net sales of days), `profit_squares` (of
        the gross profit of days of the last year) and `years` (whole years since the first order).
    """
    end = as_day(as_of)
    lines = between(as_lines(orders), None, end)
    days = account_days(lines) if kept is None else within(kept, None, end)
    net, day, profit = nw.col("net_sales"), nw.col("day"), nw.col("gross_profit")
    sums: list[nw.Expr] = [nw.when(net > 0).then(day).min().alias("first")]
    for k in range(YEARS):
        until, since = end - timedelta(days=_YEAR * k), end - timedelta(days=_YEAR * (k + 1))
        inside = (day >= since) & (day < until)
        sums += [
            total(net, inside).alias(f"sales_{k}"),
            total(net * net, inside).alias(f"squares_{k}"),
        ]
    last = day >= end - timedelta(days=_YEAR)
    sums.append(total(profit * profit, last).alias("profit_squares"))
    table = to_pandas(days.group_by("account_id").agg(*sums).sort("account_id"))
    first = pd.to_datetime(table.pop("first"))
    table["years"] = ((pd.Timestamp(end) - first).dt.days // _YEAR).fillna(0).astype(int)
    return table


def growth(sums: pd.DataFrame) -> pd.DataFrame:
    """Estimate the yearly growth of each account, shrunk by how little its orders tell.

    Parameters
    ----------
    sums : pd.DataFrame
        From `year_sums`.

    Returns
    -------
    pd.DataFrame
        One row an account of `sums`, in its order: `account_id`, `raw` (log per year, as
        `yearly_trend` gives it), `growth` (drawn towards the mean of all) and `standard_error`.
        Missing with fewer than two whole years.

    Notes
    -----
    The number and the sizes of orders are taken to vary as in a compound Poisson process, whose
    variance is estimated by the sum of squares; for accounts that order in a rhythm that is too
    cautious. The variance between accounts is that of Paule and Mandel, see
    `kamlab.accounts.prices.price_effects`.
    """
    sales = sums[[f"sales_{k}" for k in range(YEARS)]].to_numpy(float)
    squares = sums[[f"squares_{k}" for k in range(YEARS)]].to_numpy(float)
    years = sums["years"].to_numpy()
    raw = yearly_trend(sales, years)
    counted = np.arange(YEARS) < np.clip(years, 0, YEARS)[:, None]
    sold = np.where(counted, np.clip(sales, 0, None), 0.0)
    whole = np.where(np.isfinite(raw), sold.sum(axis=1), np.nan)
    age = sold @ np.arange(YEARS) / whole
    # the slope moves the other way than the mean age of sales, by the spread of ages
    moved = (np.arange(YEARS) - age[:, None]) ** 2 * np.where(counted, squares, 0.0)
    spread = age_spread(np.nan_to_num(raw), np.clip(years, 2, YEARS))
    error = np.sqrt(moved.sum(axis=1)) / whole / spread
    error = np.where((np.abs(raw) < BOUND) & (error > 0), error, np.nan)
    shared = between_variance(raw, error)
    weight = 1 / (error**2 + shared)
    known = np.isfinite(weight)
    centre = float(np.average(raw[known], weights=weight[known])) if known.any() else np.nan
    trust = shared / (shared + error**2)
    return pd.DataFrame(
        {
            "account_id": sums["account_id"],
            "raw": raw,
            "growth": centre + trust * (raw - centre),
            "standard_error": np.sqrt(trust * error**2 + (1 - trust) ** 2 / weight[known].sum()),
        }
    )
