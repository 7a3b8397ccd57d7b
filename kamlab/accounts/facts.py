"""What is each account's history and standing as of a date, in one row?"""

from datetime import date, timedelta

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.bought import YEAR, bought_by_year, bought_within
from kamlab.accounts.days import (
    account_days,
    condensed_days,
    line_sums,
    order_days,
    with_gaps,
    within,
)
from kamlab.accounts.dictionary import FACTS
from kamlab.accounts.engine import (
    NOTHING,
    as_day,
    as_lines,
    beside,
    between,
    count,
    opening,
    ratio,
    to_pandas,
    total,
)
from kamlab.accounts.kept import takes
from kamlab.accounts.trend import YEARS, yearly_trend


@takes(kept=condensed_days, bought=bought_by_year)
def account_facts(
    orders: IntoFrame,
    as_of: date | str,
    *,
    start: date | str | None = None,
    kept: IntoFrame | None = None,
    bought: IntoFrame | None = None,
) -> pd.DataFrame:
    """Sum up each account's purchases in [start, as_of).

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines, see `as_lines`; any optional column may be absent.
    as_of : date or str
        First day no longer seen; all times since are counted to it.
    start : date or str, optional
        First day seen; default all. With it first order, tenure and trend begin there too.
    kept : DuckDB relation, optional
        What `kamlab.accounts.days.condensed_days` makes of the same orders, where it is kept.
    bought : DuckDB relation, optional
        What `kamlab.accounts.bought.bought_by_year` makes of them, where it is kept: it spares the
        order lines where the time begins and ends with years of its own.

    Returns
    -------
    pd.DataFrame
        One row an account with at least one line in the time, sorted by `account_id`. The
        columns, their units and meanings are in `kamlab.accounts.dictionary.FACTS`. What cannot be
        known (cost on no line, a rate of nothing, gaps of one order day) is missing, never 0.

    Raises
    ------
    DataRefusedError
        If the orders lack a required column or their dates are none.
    ValueError
        If a day is none, or start is not before as_of.

    Examples
    --------
    >>> orders = pd.DataFrame({"account_id": ["a", "a", "a"], "order_id": ["1", "2", "3"],
    ...     "order_date": pd.to_datetime(["2024-02-28", "2024-02-29", "2024-03-01"]),
    ...     "net_sales": [60.0, 40.0, -10.0]})
    >>> facts = account_facts(orders, "2024-03-02")
    >>> facts[["orders", "net_sales", "returns_rate", "days_since_last_order"]]
       orders  net_sales  returns_rate  days_since_last_order
    0       2       90.0           0.1                    2.0
    """
    end = as_day(as_of)
    first = None if start is None else as_day(start, "start")
    lines = between(as_lines(orders), first, end)
    facts = _of_lines(lines, end) if kept is None else _of_days(within(kept, first, end), end)
    counted = "orders" in facts.collect_schema().names()
    orders_of = None if counted else _orders(lines, end)
    years = None if bought is None else bought_within(bought, first, end)
    rows, sold = (lines, "net_sales") if years is None else (years, "gross_sales")
    for piece in (orders_of, _products(rows, sold), _categories(rows)):
        if piece is not None:
            facts = facts.join(beside(facts, piece), on="account_id", how="left")
    return _finish(to_pandas(facts.sort("account_id")), end)


def _ago(end: date, years: int) -> nw.Expr:
    """Give the day so many years of 365 days before the end."""
    return nw.lit(end - timedelta(days=YEAR * years))


def _of_lines(lines: nw.LazyFrame, end: date) -> nw.LazyFrame:
    """Condense order lines to accounts; by day, which takes longest, only to find the rhythm."""
    net, day = nw.col("net_sales"), nw.col("order_date")
    profit, known = nw.lit(0.0), nw.lit(value=False)
    if "cost_of_goods" in lines.collect_schema():
        profit, known = net - nw.col("cost_of_goods"), ~nw.col("cost_of_goods").is_null()
    sums = line_sums(lines, "account_id", more=_by_year(day, profit, known, end))
    rhythm = with_gaps(account_days(lines)).group_by("account_id").agg(*_rhythm())
    return sums.join(rhythm, on="account_id", how="left")


def _of_days(days: nw.LazyFrame, end: date) -> nw.LazyFrame:
    """Condense account-days to accounts."""
    names, day = days.collect_schema().names(), nw.col("day")
    other = ("account_id", "day", "quantity", "bought", "number", "gap")
    names = [name for name in names if name not in other]
    counts = [name for name in names if name == "orders" or name.endswith("lines")]
    sums = [nw.col(name).sum() for name in names if name not in counts]
    sums += [nw.col(name).sum().cast(nw.Int64) for name in counts]
    if "orders" in names:
        begun = nw.col("orders")
        for name, when in zip(("orders_12m", "orders_prior_12m"), _years(day, end), strict=False):
            sums.append(total(begun, when).cast(nw.Int64).alias(name))
    years = _by_year(day, nw.col("gross_profit"), nw.col("cost_lines") > 0, end)
    return days.group_by("account_id").agg(*sums, *years, *_rhythm())


def _years(day: nw.Expr, end: date) -> list[nw.Expr]:
    """Tell the days of each year before the end, the last first."""
    return [(day >= _ago(end, k + 1)) & (day < _ago(end, k)) for k in range(YEARS)]


def _by_year(day: nw.Expr, profit: nw.Expr, known: nw.Expr, end: date) -> list[nw.Expr]:
    """Add up sales by year, and profit of the last two where its cost is known."""
    years = _years(day, end)
    sums = [total(nw.col("net_sales"), when).alias(f"year_{k}") for k, when in enumerate(years)]
    for name, when in zip(("12m", "prior_12m"), years, strict=False):
        sums += [
            total(profit, when & known).alias(f"gross_profit_{name}"),
            count(when & known).alias(f"known_{name}"),
        ]
    return sums


def _rhythm() -> list[nw.Expr]:
    """Find first and last order day, their number, and how the gaps between them vary."""
    bought_on = nw.when(nw.col("bought")).then(nw.col("day"))
    return [
        bought_on.min().alias("first_order"),
        bought_on.max().alias("last_order"),
        bought_on.count().cast(nw.Int64).alias("order_days"),
        nw.col("gap").cast(nw.Float64).std().alias("gap_std"),
    ]


def _orders(lines: nw.LazyFrame, end: date) -> nw.LazyFrame:
    """Count the orders of each account, all and by year."""
    day = nw.col("day")
    return (
        order_days(lines)
        .group_by("account_id")
        .agg(
            nw.len().cast(nw.Int64).alias("orders"),
            count(day >= _ago(end, 1)).alias("orders_12m"),
            count((day >= _ago(end, 2)) & (day < _ago(end, 1))).alias("orders_prior_12m"),
        )
    )


def _products(lines: nw.LazyFrame, amount: str) -> nw.LazyFrame | None:
    """Count the different products of which each account has rows of a positive amount."""
    if "product_id" not in lines.collect_schema():
        return None
    sold = lines.filter(nw.col(amount) > 0, ~nw.col("product_id").is_null())
    # grouping twice is faster than counting what is distinct
    once = sold.group_by("account_id", "product_id").agg(nw.len().alias("sold"))
    return once.group_by("account_id").agg(nw.len().cast(nw.Int64).alias("products"))


def _categories(lines: nw.LazyFrame) -> nw.LazyFrame | None:
    """Measure how each account's net sales are spread over categories."""
    if "category" not in lines.collect_schema():
        return None
    # rounded, so that equal sums are equal whatever the order of their addition
    named = lines.filter(~nw.col("category").is_null())
    sales = named.group_by("account_id", "category").agg(
        sales=nw.col("net_sales").sum().round(6).cast(nw.Float64)  # PostgreSQL rounds to a decimal
    )
    amount = nw.col("sales")
    sales = sales.filter(amount > NOTHING).with_columns(less=-amount)
    sales, leading = opening(sales, "category", ["less", "category"])
    return sales.group_by("account_id").agg(
        nw.len().cast(nw.Int64).alias("categories"),
        amount.sum().alias("category_sales"),
        amount.max().alias("leading_sales"),
        (amount * amount.log()).sum().alias("sales_log_sales"),
        leading.alias("leading_category"),
    )


def _finish(raw: pd.DataFrame, end: date) -> pd.DataFrame:
    """Turn sums into rates, missing where they are not known, in the order of the dictionary."""
    unknown = pd.Series(np.nan, index=raw.index)
    silent = pd.Timestamp(end) - raw["last_order"]
    tenure = pd.Timestamp(end) - raw["first_order"]
    gaps = raw["order_days"] - 1
    columns = {
        "days_since_last_order": silent.dt.days.astype(float),
        "tenure_days": tenure.dt.days.astype(float),
        "returns_rate": ratio(raw["returns"], raw["gross_sales"]),
        "gross_profit": raw["gross_profit"].where(raw["cost_lines"] > 0),
        "margin_rate": ratio(raw["gross_profit"], raw["sales_with_cost"]),
        "cost_known_share": ratio(raw["turnover_with_cost"], raw["gross_sales"] + raw["returns"]),
        "discount_depth": ratio(raw["given"], raw["listed"]) if "given" in raw else unknown,
        "gap_mean": ratio((raw["last_order"] - raw["first_order"]).dt.days, gaps),
        "gap_std": raw["gap_std"].where(raw["order_days"] > 2),
        "net_sales_12m": raw["year_0"],
        "net_sales_prior_12m": raw["year_1"],
        "gross_profit_12m": raw["gross_profit_12m"].where(raw["known_12m"] > 0),
        "gross_profit_prior_12m": raw["gross_profit_prior_12m"].where(raw["known_prior_12m"] > 0),
        "sales_growth": ratio(raw["year_0"], raw["year_1"]) - 1,
    }
    for name in ("orders", "orders_12m", "orders_prior_12m"):
        columns[name] = raw[name].fillna(0).astype("int64")
    for name in ("cost_to_serve", "discount"):
        known = name in raw
        columns[name] = raw[name].where(raw[f"{name}_lines"] > 0) if known else unknown
    columns["products"] = raw["products"].fillna(0).astype(float) if "products" in raw else unknown
    years = np.column_stack([raw[f"year_{k}"] for k in range(YEARS)])
    columns["trend"] = yearly_trend(years, tenure.dt.days.fillna(0).to_numpy() // YEAR)
    return raw.assign(**columns, **_spread(raw))[list(FACTS)]


def _spread(raw: pd.DataFrame) -> dict[str, pd.Series | np.ndarray]:
    """Give the measures of the spread over categories; missing where orders name none."""
    unknown = pd.Series(np.nan, index=raw.index)
    if "categories" not in raw:
        none = pd.Series(None, index=raw.index, dtype="str")
        names = ("categories", "category_entropy", "leading_category_share")
        return {**dict.fromkeys(names, unknown), "leading_category": none}
    whole = raw["category_sales"]
    entropy = np.log(whole) - raw["sales_log_sales"] / whole
    return {
        "categories": raw["categories"].fillna(0).astype(float),
        "category_entropy": entropy.clip(lower=0.0),
        "leading_category_share": ratio(raw["leading_sales"], whole),
    }
