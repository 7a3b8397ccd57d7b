"""Account facts through Narwhals against hand-written DuckDB SQL, in one run.

    python benchmarks/account_facts.py [--lines 5000000] [--runs 5] [--peer-python PATH]

Both read the same Parquet file from disk; the SQL is what a good analyst would write for the same
columns, all but `trend`, which it leaves out. They are checked to agree before anything is timed.
`--peer-python` names an interpreter that has lifetimes: its summary function is then timed against
`repeat_purchases` on the same lines (reading the file is not counted for it, but is for ours).
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import duckdb
import numpy as np

from kamlab.accounts import account_facts, repeat_purchases

AS_OF = "2025-01-01"

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


def _make(file: Path, lines: int, each: float = 25) -> None:
    """Write order lines over four years, so many an account, in one Parquet file."""
    accounts = max(1, int(lines / each))
    duckdb.connect().execute(
        f"""
        copy (
            select 'A' || (hash(i) % {accounts})::varchar account_id,
                   'O' || (i // 3)::varchar order_id,
                   date '2021-01-01' + (hash(i // 3 + 7) % 1461)::int order_date,
                   round(case when i % 40 = 0 then -1 else 1 end
                         * (10 + hash(i + 1) % 100000 / 100), 2)
                       net_sales,
                   round(abs(net_sales) * (0.6 + hash(i + 2) % 100 / 400.0), 2)
                       * sign(net_sales) cost_of_goods,
                   1.5 cost_to_serve, round(abs(net_sales) * 0.05, 2) discount,
                   abs(net_sales) * 1.05 list_price,
                   'P' || (hash(i + 3) % 200)::varchar product_id,
                   'C' || (hash(i + 4) % 6)::varchar category
            from range({lines}) t(i)
        ) to '{file}' (format parquet)
        """
    )


PEER = """
import sys, time, pandas as pd
from lifetimes.utils import summary_data_from_transaction_data as summary
lines = pd.read_parquet(sys.argv[1], columns=["account_id", "order_date", "net_sales"])
lines = lines[lines["net_sales"] > 0]
begin = time.perf_counter()
summary(lines, "account_id", "order_date", "net_sales", observation_period_end="2024-12-31")
print(time.perf_counter() - begin)
"""


def _against_lifetimes(python: str, file: Path, runs: int) -> list[float]:
    """Time lifetimes' summary against `repeat_purchases` in pairs; give the ratios."""
    ratios = []
    for _ in range(runs):
        told = subprocess.run(
            [python, "-W", "ignore", "-c", PEER, str(file)],
            capture_output=True,
            text=True,
            check=True,
        )
        begin = time.perf_counter()
        repeat_purchases(duckdb.connect().read_parquet(str(file)), AS_OF)
        ratios.append(float(told.stdout.split()[-1]) / (time.perf_counter() - begin))
    return ratios


def main() -> None:
    """Check that both agree, time them in pairs, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--lines-each", type=float, default=25, help="lines an account")
    parser.add_argument("--peer-python", default="")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "orders.parquet"
        _make(file, args.lines, args.lines_each)
        query = SQL.format(file=file, as_of=AS_OF)

        def by_hand():
            return duckdb.connect().execute(query).df()

        def ours():
            return account_facts(duckdb.connect().read_parquet(str(file)), AS_OF)

        left, right = by_hand().fillna({"orders": 0}), ours()
        assert len(left) == len(right)
        for column in ("net_sales", "gross_profit", "orders", "gap_mean", "category_entropy"):
            assert np.allclose(
                left[column].astype(float), right[column].astype(float), rtol=1e-6, equal_nan=True
            ), column
        ratios, seconds = [], []
        for _ in range(args.runs):
            begin = time.perf_counter()
            by_hand()
            middle = time.perf_counter()
            ours()
            seconds.append(time.perf_counter() - middle)
            ratios.append(seconds[-1] / (middle - begin))
        peer = _against_lifetimes(args.peer_python, file, args.runs) if args.peer_python else []
    print(f"{args.lines:,} lines, {len(right):,} accounts, {args.runs} paired runs")
    print(
        f"account_facts / hand-written SQL: {min(ratios):.2f} – {statistics.median(ratios):.2f} – "
        f"{max(ratios):.2f} (account_facts {statistics.median(seconds):.1f} s)"
    )
    if peer:
        middle = statistics.median(peer)
        print(f"lifetimes / repeat_purchases: {min(peer):.1f} – {middle:.1f} – {max(peer):.1f}")


if __name__ == "__main__":
    main()
