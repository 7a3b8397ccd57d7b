"""What has every account done of late, in the terms in which past actions are judged?"""

from datetime import date, timedelta

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.days import account_days, condensed_days, within
from kamlab.accounts.engine import as_day, as_lines, between, count, to_pandas, total
from kamlab.accounts.kept import takes
from kamlab.retention.past_actions import WINDOWS


@takes(kept=condensed_days)
def account_standing(
    orders: IntoFrame, as_of: date | str, *, kept: IntoFrame | None = None
) -> pd.DataFrame:
    """Give of every account what `around_actions` gives of those in campaigns, as of today.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines.
    as_of : date or str
        Exclusive.
    kept : DuckDB relation, optional
        What `kamlab.accounts.days.condensed_days` makes of the same orders, where it is kept.

    Returns
    -------
    pd.DataFrame
        One row an account with positive net sales in the last 365 days, sorted by `account_id`: the
        columns of `around_actions` that end in `_before`, `_prior`, `_half` and `_quarter`,
        `order_days`, `days_since_last_order` and `tenure_days`; attribute `amount` as there.
    """
    end = as_day(as_of)
    if kept is None:
        days = account_days(between(as_lines(orders), None, end))
    else:
        days = within(kept, None, end)
    table = to_pandas(_summed(days, end).sort("account_id"))
    amount = "net sales"
    if table["costed"].sum() > 0:
        amount = "contribution" if table.get("served", pd.Series(0)).sum() > 0 else "gross profit"
    for name in WINDOWS:
        profit = table[f"net_sales_{name}" if amount == "net sales" else f"gross_profit_{name}"]
        paid = table[f"cost_to_serve_{name}"] if amount == "contribution" else 0.0
        table[f"profit_{name}"] = profit - paid
    for name, column in (("days_since_last_order", "last"), ("tenure_days", "first")):
        table[name] = (pd.Timestamp(end) - table[column]).dt.days.astype(float)
    columns = [f"{column}_{name}" for column in ("net_sales", "profit") for name in WINDOWS]
    columns += ["order_days", "days_since_last_order", "tenure_days"]
    table = table.loc[table["net_sales_before"] > 0, ["account_id", *columns]]
    table = table.astype({"order_days": float}).reset_index(drop=True)
    table.attrs["amount"] = amount
    return table


def _summed(days: nw.LazyFrame, end: date) -> nw.LazyFrame:
    """Sum the account-days of each account by window, with its first and last day."""
    day, there = nw.col("day"), days.collect_schema().names()
    spans = {
        name: (day >= end - timedelta(first)) & (day < end - timedelta(last))
        for name, (first, last) in WINDOWS.items()
    }
    amounts = [name for name in ("net_sales", "gross_profit", "cost_to_serve") if name in there]
    sums = [
        total(nw.col(amount), span).alias(f"{amount}_{name}")
        for amount in amounts
        for name, span in spans.items()
    ]
    if "cost_to_serve" in there:
        sums.append(nw.col("cost_to_serve_lines").sum().alias("served"))
    return days.group_by("account_id").agg(
        *sums,
        count(spans["before"] & (nw.col("net_sales") > 0)).alias("order_days"),
        day.max().alias("last"),
        day.min().alias("first"),
        nw.col("cost_lines").sum().alias("costed"),
    )
