"""How long do all measures of accounts take on many order lines, and how much memory?

    python benchmarks/measures.py [--lines 5000000] [--memory 1500MB]

Order lines with products, quantities, costs and discounts, invoices, a customer file, balance
figures, ratings, forecasts and a contact for every second account are made in a folder; then the
profile, profit and loss and the criteria of every account are measured, each timed (passed, and of
the processor), and the largest memory of the process is printed.
"""

import argparse
import resource
import tempfile
import time
from datetime import date
from pathlib import Path

import duckdb
import pandas as pd

from kamlab.accounts.criteria import account_criteria
from kamlab.accounts.profiles import profiles
from kamlab.accounts.profit import account_profit

AS_OF = date(2025, 1, 1)


def _make(folder: Path, lines: int) -> None:
    """Write four years of lines, 25 an account, and the tables beside them."""
    accounts = max(1, lines // 25)
    duckdb.connect().execute(
        f"""
        copy (
            select 'A' || (hash(i // 3) % {accounts})::varchar account_id,
                   'O' || (i // 3)::varchar order_id,
                   date '2021-01-01' + (hash(i // 3 + 7) % 1461)::int order_date,
                   'P' || (hash(i + 3) % 200)::varchar product_id,
                   'C' || (hash(i + 3) % 6)::varchar category,
                   1 + (hash(i + 5) % 100)::double quantity,
                   round(quantity * (2 + hash(hash(i + 3) % 200) % 30)
                         * (0.9 + hash(account_id) % 20 / 100.0)
                         * (0.97 + hash(i + 8) % 60 / 1000.0), 2) net_sales,
                   round(net_sales * (0.6 + hash(i + 2) % 100 / 400.0), 2) cost_of_goods,
                   1.5 cost_to_serve, round(net_sales * 0.05, 2) discount, 'website' channel
            from range({lines}) t(i)
        ) to '{folder}/orders.parquet' (format parquet);
        copy (
            select 'I' || order_id invoice_id, account_id, order_date::timestamp invoice_date,
                   invoice_date + interval 30 day due_date, sum(net_sales) amount,
                   due_date + to_days((hash(account_id) % 40)::int - 10) paid_date,
                   amount paid_amount
            from '{folder}/orders.parquet' group by all
        ) to '{folder}/invoices.parquet' (format parquet);
        copy (
            select 'A' || i::varchar account_id, 'K' || (i % 7)::varchar industry,
                   5 + hash(i) % 500 employees, 30 payment_terms_days,
                   hash(i + 1) % 12 alternatives,
                   case when i % 7 = 0 then 5000 + hash(i) % 90000 end addressable_spend
            from range({accounts}) t(i)
        ) to '{folder}/accounts.parquet' (format parquet);
        copy (
            select 'A' || (2 * (i // 3))::varchar account_id, 2021 + i % 3 fiscal_year,
                   1e6 + hash(i) % 1000000 total_assets, total_assets * 0.5 current_assets,
                   total_assets * 0.3 current_liab, total_assets * (0.4 + i % 5 / 10) total_liab,
                   total_assets * 0.1 retained_earnings, total_assets * (i % 9 - 2) / 50 ebit
            from range({accounts} // 2 * 3) t(i)
        ) to '{folder}/financials.parquet' (format parquet);
        copy (
            select 'A' || (i // 16 * 10)::varchar account_id, 'R' || (i // 8 % 97) rater_id,
                   'item ' || i % 8 item, 1.0 + hash(i // 16) % 3 + hash(i) % 3 "value",
                   date '2024-06-01' "date"
            from range({accounts} // 10 * 16) t(i)
        ) to '{folder}/ratings.parquet' (format parquet);
        copy (
            select 'A' || (i // 24 * 10)::varchar account_id,
                   date '2024-01-01' + to_months((i % 12)::int) period,
                   period - to_days((10 + i // 12 % 2 * 30)::int) made_at,
                   10.0 + hash(i) % 90 quantity
            from range({accounts} // 10 * 24) t(i)
        ) to '{folder}/forecasts.parquet' (format parquet);
        copy (
            select i::varchar interaction_id, 'telephone' channel,
                   'A' || (hash(i) % {accounts})::varchar account_id,
                   timestamp '2024-12-31' - to_days((hash(i + 1) % 700)::int) occurred_at,
                   case hash(i + 2) % 4 when 0 then 'price too high' when 1 then 'late delivery' end
                   concern
            from range({accounts} // 2) t(i)
        ) to '{folder}/interactions.parquet' (format parquet)
        """
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--memory", default="1500MB", help="most memory of DuckDB")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        _make(folder, asked.lines)
        engine = duckdb.connect(config={"memory_limit": asked.memory, "temp_directory": name})
        orders = engine.sql(f"from '{folder}/orders.parquet'")
        given = {
            table: pd.read_parquet(folder / f"{table}.parquet")
            for table in (
                "accounts", "invoices", "financials", "ratings", "forecasts", "interactions"
            )
        }  # fmt: skip
        busy = time.process_time()
        begin = time.perf_counter()
        profile = profiles(orders, AS_OF, **given)
        first = time.perf_counter()
        profit = account_profit(orders, AS_OF, start=date(2024, 1, 2))
        second = time.perf_counter()
        table = account_criteria(
            orders, AS_OF, profile=profile, profit=profit, accounts=given["accounts"]
        )
        end = time.perf_counter()
    busy = time.process_time() - busy
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"{asked.lines:,} lines, {len(profile):,} accounts, {len(table):,} rows of criteria")
    print(f"profiles {first - begin:.1f} s, profit {second - first:.1f} s, ", end="")
    print(f"criteria {end - second:.1f} s: {end - begin:.1f} s passed, "
          f"{busy:.1f} s of processor and {largest:.2f} GB in all")  # fmt: skip


if __name__ == "__main__":
    main()
