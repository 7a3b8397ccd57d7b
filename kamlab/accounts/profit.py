"""What does each account earn us, from list price down to what is left after serving it?"""

from collections.abc import Mapping, Sequence
from datetime import date

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.engine import as_day, as_lines, between, ratio, to_pandas, total
from kamlab.sources.keys import told_by

STEPS = ("list_sales", "discount", "net_sales", "cost_of_goods", "gross_profit", "cost_to_serve",
         "contribution")  # fmt: skip
RATES = ("order", "visit", "complaint", "contact", "credit_day")
VISITS = ("visit", "salescentre", "salescenter", "seminar")


def account_profit(
    orders: IntoFrame,
    as_of: date | str,
    *,
    start: date | str | None = None,
    rates: Mapping[str, float] | None = None,
    interactions: pd.DataFrame | None = None,
    invoices: pd.DataFrame | None = None,
    serving: pd.DataFrame | None = None,
    services: pd.DataFrame | None = None,
    visits: Sequence[str] = VISITS,
) -> pd.DataFrame:
    """Give the profit and loss of each account in [start, as_of).

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines, see `kamlab.accounts.engine.as_lines`.
    as_of : date or str
        First day not seen.
    start : date or str, optional
        First day seen; default all.
    rates : mapping of str to float, optional
        What serving costs, in the currency: by `order`, `visit`, `complaint` and `contact` (of
        any kind), for accounts whose lines carry no cost to serve; and by `credit_day` (a share of
        the amount outstanding a day), which no line carries, for all. A rate whose table is absent
        counts nothing, and is not in the sum.
    interactions, invoices : pd.DataFrame, optional
        Canonical tables, for complaints and contacts, and for credit days.
    serving : pd.DataFrame, optional
        `account_id`, `cost_to_serve`: table of `kamlab.accounts.serving.activity_costs` over the
        same time. It goes before rates; accounts that it does not name cost
        nothing, but a table without any row tells nothing.
    services : pd.DataFrame, optional
        `account_id`, `service_cost`, `service_charged`: table of
        `kamlab.accounts.services.service_costs` over the same time. Where order lines carry a cost
        to serve it holds that of services already, by the meaning of the column: the total stays,
        and services are a part of it. Else they are added to what activities or rates say.
    visits : sequence of str
        Words, folded, by which the channel of an interaction is known to be a visit.

    Returns
    -------
    pd.DataFrame
        One row an account, sorted by `account_id`: `orders`, `list_sales` (net sales and the
        discounts known), `discount`, `net_sales`, `returns` (already in net sales), `cost_of_goods`
        and `gross_profit` (over lines whose cost is known; missing where none is),
        `margin_rate`, `cost_known_share`, `cost_to_serve` (missing where nothing tells it),
        `credit_cost` (interest on what it owed, a part of the cost to serve; missing without its
        rate or invoices), `service_cost` (of services, a part of the cost to serve) and
        `service_charged` (what was charged for them, a part of net sales; both missing without
        services), `serve_source` ("given", "activities", "rates", "services" or "unknown"),
        `contribution` (gross profit less cost to serve; without the latter where that is unknown)
        and `contribution_rate`. Net sales and gross profit add up to those of the order lines to
        the cent.

    Raises
    ------
    ValueError
        If a rate is not known by name, or negative.
    """
    given = dict(rates or {})
    strange = sorted(set(given) - set(RATES))
    if strange or any(not value >= 0 for value in given.values()):
        raise ValueError(f"rates are of {', '.join(RATES)} and not negative; got {given}")
    end = as_day(as_of)
    begin = None if start is None else as_day(start, "start")
    lines = between(as_lines(orders), begin, end)
    table = to_pandas(_sums(lines).sort("account_id"))
    known = table.pop("cost_lines") > 0
    table["cost_of_goods"] = table["cost_of_goods"].where(known)
    table["gross_profit"] = (table["sales_with_cost"] - table["cost_of_goods"]).where(known)
    table["margin_rate"] = ratio(table["gross_profit"], table["sales_with_cost"])
    table["cost_known_share"] = ratio(table.pop("turnover_with_cost"), table.pop("turnover"))
    table["list_sales"] = table["net_sales"] + table["discount"]
    carried = table.pop("serve_lines") > 0
    by_rates = _served(table, given, interactions, begin, end, visits)
    how = "rates"
    if serving is not None and len(serving):
        cost = serving.set_index("account_id")["cost_to_serve"]
        by_rates, how = table["account_id"].map(cost).astype(float).fillna(0.0), "activities"
    table["service_cost"] = table["service_charged"] = np.nan
    if services is not None and len(services):
        told = services.set_index("account_id").reindex(table["account_id"])
        cost = pd.Series(told["service_cost"].to_numpy(float), index=table.index).fillna(0.0)
        how = how if by_rates.notna().any() else "services"
        by_rates = by_rates.fillna(0.0) + cost
        held = table["cost_to_serve"].clip(lower=0.0)
        table["service_cost"] = cost.where(~carried, np.minimum(cost, held))
        table["service_charged"] = told["service_charged"].to_numpy(float)
    table["cost_to_serve"] = table["cost_to_serve"].where(carried, by_rates)
    table["credit_cost"] = np.nan
    if invoices is not None and "credit_day" in given:
        first = pd.Timestamp(1, 1, 1) if begin is None else pd.Timestamp(begin)
        owed = table["account_id"].map(_credit_days(invoices, first, pd.Timestamp(end)))
        table["credit_cost"] = given["credit_day"] * owed.fillna(0.0)
        table["cost_to_serve"] = table["cost_to_serve"].fillna(0.0) + table["credit_cost"]
    table["serve_source"] = np.select(
        [carried, table["cost_to_serve"].notna()], ["given", how], "unknown"
    )
    table["contribution"] = table["gross_profit"] - table["cost_to_serve"].fillna(0.0)
    table["contribution_rate"] = ratio(table["contribution"], table["net_sales"])
    columns = [
        "account_id", "orders", "list_sales", "discount", "net_sales", "returns", "cost_of_goods",
        "gross_profit", "margin_rate", "cost_known_share", "cost_to_serve", "credit_cost",
        "service_cost", "service_charged", "serve_source", "contribution", "contribution_rate",
    ]  # fmt: skip
    return table[columns]


def _sums(lines: nw.LazyFrame) -> nw.LazyFrame:
    """Sum the lines of each account."""
    there = lines.collect_schema().names()
    net = nw.col("net_sales")

    def or_nought(name: str) -> nw.Expr:
        return nw.col(name) if name in there else nw.lit(0.0)

    has_cost = "cost_of_goods" in there
    known = ~nw.col("cost_of_goods").is_null() if has_cost else nw.lit(False)
    cost = or_nought("cost_of_goods")
    serve = "cost_to_serve" in there
    # grouping twice is faster than counting what is distinct
    each = lines.group_by("account_id", "order_id").agg(nw.len().alias("lines"))
    orders = each.group_by("account_id").agg(nw.len().cast(nw.Int64).alias("orders"))
    return (
        lines.with_columns(
            sold=net > 0,
            given=or_nought("discount").fill_null(0.0) if "discount" in there else _taken(there),
            cost=cost.fill_null(0.0) if has_cost else cost,
            known=known,
            served=or_nought("cost_to_serve").fill_null(0.0) if serve else nw.lit(0.0),
            carries=~nw.col("cost_to_serve").is_null() if serve else nw.lit(False),
        )
        .group_by("account_id")
        .agg(
            net.sum(),
            total(-net, net < 0).alias("returns"),
            nw.col("given").sum().alias("discount"),
            total(nw.col("cost"), nw.col("known")).alias("cost_of_goods"),
            total(net, nw.col("known")).alias("sales_with_cost"),
            total(net.abs(), nw.col("known")).alias("turnover_with_cost"),
            net.abs().sum().alias("turnover"),
            nw.when(nw.col("known")).then(nw.lit(1)).otherwise(nw.lit(0)).sum().alias("cost_lines"),
            nw.col("served").sum().alias("cost_to_serve"),
            nw.when(nw.col("carries")).then(nw.lit(1)).otherwise(nw.lit(0)).sum()
            .alias("serve_lines"),
        )
        .join(orders, on="account_id", how="left")
    )  # fmt: skip


def _taken(there: list[str]) -> nw.Expr:
    """Give the discount of a line from its list price, where that is what is known."""
    if "list_price" not in there:
        return nw.lit(0.0)
    listed, net = nw.col("list_price"), nw.col("net_sales")
    return nw.when((net > 0) & (listed > 0)).then(listed - net).otherwise(nw.lit(0.0))


def _served(
    table: pd.DataFrame,
    rates: Mapping[str, float],
    interactions: pd.DataFrame | None,
    begin: date | None,
    end: date,
    visits: Sequence[str],
) -> pd.Series:
    """Cost what serving each account took, by rates; missing without any."""
    cost = pd.Series(0.0, index=table.index)
    used = False
    ids = table["account_id"]
    first = pd.Timestamp(1, 1, 1) if begin is None else pd.Timestamp(begin)
    if "order" in rates:
        cost, used = cost + rates["order"] * table["orders"], True
    if interactions is not None and {"contact", "complaint", "visit"} & set(rates):
        when = interactions["occurred_at"]
        seen = interactions[(when >= first) & (when < pd.Timestamp(end))]
        complaints = seen["concern"].notna() if "concern" in seen else pd.Series(False, seen.index)
        by = seen["channel"] if "channel" in seen else pd.Series("", seen.index)
        visited = told_by(by, visits)
        for name, rows in (
            ("contact", seen),
            ("complaint", seen[complaints]),
            ("visit", seen[visited]),
        ):
            if name in rates:
                cost = cost + rates[name] * ids.map(rows["account_id"].value_counts()).fillna(0)
                used = True
    return cost if used else pd.Series(np.nan, index=table.index)


def _credit_days(invoices: pd.DataFrame, first: pd.Timestamp, end: pd.Timestamp) -> pd.Series:
    """Multiply what each account owed by the days of the period in which it did."""
    issued = pd.to_datetime(invoices["invoice_date"])
    paid = pd.to_datetime(invoices.get("paid_date", pd.Series(pd.NaT, index=invoices.index)))
    until = paid.fillna(end).clip(upper=end)
    days = (until - issued.clip(lower=first)).dt.days.clip(lower=0).where(issued < end, 0)
    return (days * invoices["amount"]).groupby(invoices["account_id"]).sum()


def price_waterfall(profit: pd.DataFrame) -> pd.DataFrame:
    """Add accounts up to one waterfall from list price to contribution.

    Parameters
    ----------
    profit : pd.DataFrame
        From `account_profit`; give some of its rows for a segment.

    Returns
    -------
    pd.DataFrame
        `step`, `amount` (what is taken off is negative), `share_of_list`, `is_total`. Steps that
        nothing tells are left out; costs are those of lines whose cost is known, and sales without
        a known cost are taken out as a step of their own, so that each total is the sum above it.
        Services whose cost is known are a step of their own beside the other cost to serve.
    """
    net = float(profit["net_sales"].sum())
    discount = float(profit["discount"].sum())
    cost = profit["cost_of_goods"].sum(min_count=1)
    earned = profit["gross_profit"].sum(min_count=1)
    rows = []
    if discount:
        rows += [("list sales", net + discount, True), ("discounts", -discount, False)]
    rows.append(("net sales", net, True))
    if pd.notna(earned):
        unknown = net - float(cost) - float(earned)
        if abs(unknown) > 0.005:
            rows.append(("sales without a known cost", -unknown, False))
        rows += [("cost of goods", -float(cost), False), ("gross profit", float(earned), True)]
        served = profit["cost_to_serve"].sum(min_count=1)
        if pd.notna(served):
            apart = float(profit["service_cost"].sum()) if "service_cost" in profit else 0.0
            rows.append(("cost to serve", -float(served) + apart, False))
            if apart:
                rows.append(("services", -apart, False))
            rows += [
                ("contribution", float(earned) - float(served), True),
            ]
    table = pd.DataFrame(rows, columns=["step", "amount", "is_total"])
    table.insert(2, "share_of_list", table["amount"] / table["amount"].iloc[0])
    return table
