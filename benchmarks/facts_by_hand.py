"""Account facts as good analysts would write them by hand: SQL, Polars, pandas, and two libraries.

    python benchmarks/facts_by_hand.py WHO FILE [AS_OF]

One of them works in a process of its own and prints, as JSON, the seconds of its work and the most
memory that it took beyond what its imports take. `account_facts.py` runs them in pairs with ours.
The hand-written ones give the columns of `account_facts` but `trend`; the libraries only
frequency, recency, age and mean amount, from lines that are in memory already.
"""

import os
import sys
import warnings

from turns import tell

SQL = """
with l as (
    select account_id, order_id, order_date::date d, net_sales s, cost_of_goods c, discount x,
           list_price p, product_id, category, cost_to_serve v
    from read_parquet('{file}') where order_date < date '{as_of}'
), day as (
    select account_id, d, count(*) n, sum(s) s, sum(s) filter (s > 0) g, sum(-s) filter (s < 0) r,
           sum(s) filter (c is not null) sc, sum(abs(s)) filter (c is not null) tc,
           sum(s - c) gp, sum(v) v, sum(x) x,
           sum(p - s) filter (s > 0 and p > 0) give, sum(p) filter (s > 0 and p > 0) listed
    from l group by all
), gaps as (
    select *, case when s > 1e-6 then d - lag(d) over (partition by account_id, s > 1e-6 order by d)
    end gap from day
), a as (
    select account_id, min(d) filter (s > 1e-6) first_order, max(d) filter (s > 1e-6) last_order,
           sum(n) lines, count(*) filter (s > 1e-6) order_days, sum(s) net_sales,
           sum(g) gross_sales, sum(r) returns, sum(sc) sales_with_cost, sum(tc) tc,
           sum(gp) gross_profit, sum(v) cost_to_serve, sum(x) discount,
           sum(give) / sum(listed) discount_depth, avg(gap) gap_mean, stddev_samp(gap) gap_std,
           sum(s) filter (d >= date '{as_of}' - 365) net_sales_12m,
           sum(s) filter (d < date '{as_of}' - 365 and d >= date '{as_of}' - 730)
               net_sales_prior_12m,
           sum(gp) filter (d >= date '{as_of}' - 365) gross_profit_12m,
           sum(gp) filter (d < date '{as_of}' - 365 and d >= date '{as_of}' - 730)
               gross_profit_prior_12m,
           sum(s) filter (d < date '{as_of}' - 730 and d >= date '{as_of}' - 1095) s3,
           sum(s) filter (d < date '{as_of}' - 1095 and d >= date '{as_of}' - 1460) s4
    from gaps group by all
), o as (
    select account_id, count(*) orders, count(*) filter (d >= date '{as_of}' - 365) orders_12m,
           count(*) filter (d < date '{as_of}' - 365 and d >= date '{as_of}' - 730) orders_prior_12m
    from (select account_id, order_id, min(d) d from l where s > 0 group by all) group by all
), pr as (
    select account_id, count(distinct product_id) products from l where s > 0 group by all
), cs as (
    select account_id, category, sum(s) s from l where category is not null group by all
    having sum(s) > 1e-6
), ca as (
    select account_id, count(*) categories, max(s) / sum(s) leading_category_share,
           arg_max(category, s) leading_category,
           ln(sum(s)) - sum(s * ln(s)) / sum(s) category_entropy
    from cs group by all
)
select a.*, o.* exclude account_id, pr.products, ca.* exclude account_id,
       date '{as_of}' - last_order days_since_last_order, date '{as_of}' - first_order tenure_days,
       returns / gross_sales returns_rate, gross_profit / sales_with_cost margin_rate,
       tc / (gross_sales + returns) cost_known_share,
       net_sales_12m / net_sales_prior_12m - 1 sales_growth
from a left join o using (account_id) left join pr using (account_id)
left join ca using (account_id) order by account_id
"""


def _base():
    """Open DuckDB, with the memory limit that was asked for."""
    import duckdb

    limit = os.environ.get("FACTS_MEMORY_LIMIT")
    return duckdb.connect(config={"memory_limit": limit} if limit else {})


def by_sql(file, as_of):
    """Ask DuckDB."""
    return _base().execute(SQL.format(file=file, as_of=as_of)).df()


def by_polars(file, as_of):
    """Write it as lazy Polars expressions."""
    from datetime import date, timedelta

    import polars as pl

    end = date.fromisoformat(as_of)
    ago = [end - timedelta(days=365 * back) for back in range(5)]
    s, c, d, p = (pl.col(n) for n in ("net_sales", "cost_of_goods", "order_date", "list_price"))
    lines = pl.scan_parquet(file).filter(d < end)
    shown = (s > 0) & (p > 0)
    day = lines.group_by("account_id", "order_date").agg(
        pl.len().alias("lines"),
        s.sum(),
        s.filter(s > 0).sum().alias("gross_sales"),
        (-s).filter(s < 0).sum().alias("returns"),
        s.filter(c.is_not_null()).sum().alias("sales_with_cost"),
        s.abs().filter(c.is_not_null()).sum().alias("turnover_with_cost"),
        (s - c).sum().alias("gross_profit"),
        pl.col("cost_to_serve").sum(),
        pl.col("discount").sum(),
        (p - s).filter(shown).sum().alias("given"),
        p.filter(shown).sum().alias("listed"),
    )
    bought = day.filter(s > 1e-6).sort("account_id", "order_date")
    gap = d.diff().dt.total_days().over("account_id")
    bought = bought.with_columns(gap=gap).group_by("account_id")
    rhythm = bought.agg(
        d.min().alias("first_order"),
        d.max().alias("last_order"),
        pl.len().alias("order_days"),
        pl.col("gap").mean().alias("gap_mean"),
        pl.col("gap").std().alias("gap_std"),
    )

    def within(what, back):
        return what.filter((d >= ago[back + 1]) & (d < ago[back])).sum()

    g = pl.col("gross_profit")
    sums = day.group_by("account_id").agg(
        within(s, 0).alias("net_sales_12m"),
        within(s, 1).alias("net_sales_prior_12m"),
        within(g, 0).alias("gross_profit_12m"),
        within(g, 1).alias("gross_profit_prior_12m"),
        within(s, 2).alias("s3"),
        within(s, 3).alias("s4"),
        pl.exclude("account_id", "order_date").sum(),
    )
    orders = lines.filter(s > 0).group_by("account_id", "order_id").agg(d.min())
    orders = orders.group_by("account_id").agg(
        pl.len().alias("orders"),
        (d >= ago[1]).sum().alias("orders_12m"),
        ((d >= ago[2]) & (d < ago[1])).sum().alias("orders_prior_12m"),
    )
    products = lines.filter(s > 0).group_by("account_id")
    products = products.agg(pl.col("product_id").n_unique().alias("products"))
    spread = lines.filter(pl.col("category").is_not_null())
    spread = spread.group_by("account_id", "category").agg(s.sum()).filter(s > 1e-6)
    spread = spread.group_by("account_id").agg(
        pl.len().alias("categories"),
        (s.max() / s.sum()).alias("leading_category_share"),
        pl.col("category").sort_by(s).last().alias("leading_category"),
        (s.sum().log() - (s * s.log()).sum() / s.sum()).alias("category_entropy"),
    )
    for piece in (rhythm, orders, products, spread):
        sums = sums.join(piece, on="account_id", how="left")
    col = pl.col
    sums = sums.with_columns(
        days_since_last_order=(pl.lit(end) - col("last_order")).dt.total_days(),
        tenure_days=(pl.lit(end) - col("first_order")).dt.total_days(),
        returns_rate=col("returns") / col("gross_sales"),
        margin_rate=g / col("sales_with_cost"),
        cost_known_share=col("turnover_with_cost") / (col("gross_sales") + col("returns")),
        discount_depth=col("given") / col("listed"),
        sales_growth=col("net_sales_12m") / col("net_sales_prior_12m") - 1,
    )
    return sums.sort("account_id").collect().to_pandas()


def by_pandas(file, as_of):
    """Read the lines, and work the facts out in pandas."""
    import pandas as pd

    lines = pd.read_parquet(file)
    lines["order_date"] = pd.to_datetime(lines["order_date"])
    end = pd.Timestamp(as_of)
    return pandas_facts(lines[lines["order_date"] < end], end)


def pandas_facts(lines, end):
    """Write it as plain pandas: columns first, then one `groupby` after another."""
    import numpy as np
    import pandas as pd

    s, c, p = lines["net_sales"], lines["cost_of_goods"], lines["list_price"]
    shown = (s > 0) & (p > 0)
    lines = lines.assign(
        lines=1,
        gross_sales=s.where(s > 0, 0),
        returns=(-s).where(s < 0, 0),
        sales_with_cost=s.where(c.notna()),
        turnover_with_cost=s.abs().where(c.notna()),
        gross_profit=s - c,
        given=(p - s).where(shown),
        listed=p.where(shown),
    )
    added = ["lines", "net_sales", "gross_sales", "returns", "sales_with_cost"]
    added += ["turnover_with_cost", "gross_profit", "cost_to_serve", "discount", "given", "listed"]
    day = lines.groupby(["account_id", "order_date"])[added].sum().reset_index()
    for back in range(4):
        since, until = (end - pd.Timedelta(days=365 * k) for k in (back + 1, back))
        there = (day["order_date"] >= since) & (day["order_date"] < until)
        for name in ("net_sales", "gross_profit"):
            day[f"{name}_{back}"] = day[name].where(there, 0)
    facts = day.drop(columns="order_date").groupby("account_id").sum()
    bought = day[day["net_sales"] > 1e-6].copy()
    bought["gap"] = bought.groupby("account_id")["order_date"].diff().dt.days
    by = bought.groupby("account_id")
    facts["first_order"], facts["last_order"] = by["order_date"].min(), by["order_date"].max()
    facts["order_days"] = by.size()
    facts["gap_mean"], facts["gap_std"] = by["gap"].mean(), by["gap"].std()
    sold = lines[lines["net_sales"] > 0]
    orders = sold.groupby(["account_id", "order_id"])["order_date"].min().reset_index()
    for back in range(2):
        since, until = (end - pd.Timedelta(days=365 * k) for k in (back + 1, back))
        there = (orders["order_date"] >= since) & (orders["order_date"] < until)
        facts[f"orders_{back}"] = orders[there].groupby("account_id").size()
    facts["orders"] = orders.groupby("account_id").size()
    facts["products"] = sold.groupby("account_id")["product_id"].nunique()
    spread = lines.groupby(["account_id", "category"])["net_sales"].sum()
    spread = spread[spread > 1e-6].reset_index()
    spread["logs"] = spread["net_sales"] * np.log(spread["net_sales"])
    by = spread.groupby("account_id")
    whole = by["net_sales"].sum()
    facts["categories"] = by.size()
    facts["leading_category_share"] = by["net_sales"].max() / whole
    most = spread.sort_values("net_sales").drop_duplicates("account_id", keep="last")
    facts["leading_category"] = most.set_index("account_id")["category"]
    facts["category_entropy"] = np.log(whole) - by["logs"].sum() / whole
    facts["days_since_last_order"] = (end - facts["last_order"]).dt.days
    facts["tenure_days"] = (end - facts["first_order"]).dt.days
    facts["returns_rate"] = facts["returns"] / facts["gross_sales"]
    facts["margin_rate"] = facts["gross_profit"] / facts["sales_with_cost"]
    turnover = facts["gross_sales"] + facts["returns"]
    facts["cost_known_share"] = facts["turnover_with_cost"] / turnover
    facts["discount_depth"] = facts["given"] / facts["listed"]
    facts["sales_growth"] = facts["net_sales_0"] / facts["net_sales_1"] - 1
    return facts.sort_index().reset_index()


def kamlab_facts(file, as_of):
    """Ours, all columns."""
    from kamlab.accounts import account_facts

    return account_facts(_base().read_parquet(str(file)), as_of)


def kamlab_repeats(file, as_of):
    """Frequency, recency, age and mean amount from the file, by ours."""
    from kamlab.accounts import repeat_purchases

    return repeat_purchases(_base().read_parquet(str(file)), as_of)


def _positive(file):
    import pandas as pd

    lines = pd.read_parquet(file, columns=["account_id", "order_date", "net_sales"])
    return lines[lines["net_sales"] > 0]


def by_lifetimes(lines, as_of):
    """Frequency, recency, age and mean amount, by lifetimes."""
    import pandas as pd
    from lifetimes.utils import summary_data_from_transaction_data as summary

    last = pd.Timestamp(as_of) - pd.Timedelta(days=1)
    return summary(lines, "account_id", "order_date", "net_sales", observation_period_end=last)


def by_pymc_marketing(lines, as_of):
    """Frequency, recency, age and mean amount, by pymc-marketing."""
    import pandas as pd
    from pymc_marketing.clv.utils import rfm_summary

    last = pd.Timestamp(as_of) - pd.Timedelta(days=1)
    return rfm_summary(lines, "account_id", "order_date", "net_sales", observation_period_end=last)


IMPORTS = {
    "sql": (by_sql, "duckdb"),
    "polars": (by_polars, "polars"),
    "pandas": (by_pandas, "pandas"),
    "kamlab": (kamlab_facts, "kamlab.accounts.facts"),
    "kamlab_repeats": (kamlab_repeats, "kamlab.accounts.repeats"),
    "lifetimes": (by_lifetimes, "lifetimes.utils"),
    "pymc-marketing": (by_pymc_marketing, "pymc_marketing.clv.utils"),
}


def main() -> None:
    """Import, work, tell seconds and memory."""
    warnings.simplefilter("ignore")
    who, file = sys.argv[1:3]
    as_of = sys.argv[3] if len(sys.argv) > 3 else "2025-01-01"
    work, module = IMPORTS[who]
    __import__("pandas")
    __import__("pyarrow.parquet")
    __import__(module)
    given = _positive(file) if who in ("lifetimes", "pymc-marketing") else file
    tell(work, given, as_of)


if __name__ == "__main__":
    main()
