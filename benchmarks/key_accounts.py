"""How long does the key-account study's work take with many accounts, and how much memory?

    python benchmarks/key_accounts.py [--accounts 200000] [--draws 500] [--study]

Account-months of a made company: three years, lognormal sizes, each account buying in its own share
of the months. With `--study` the published study is run instead, from order lines on disk to the
page, without draws and with them. The bars: 60 s without draws, 5 minutes with 500, 4 GB.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pandas as pd

from kamlab.segmentation.classes import classify, exposure
from kamlab.segmentation.clusters import find_clusters
from kamlab.segmentation.key_list import Objective, key_accounts
from kamlab.segmentation.portfolio import portfolio
from kamlab.segmentation.ranking import agreement, criteria_matrix, rank_by
from kamlab.segmentation.stress import at_stake, defection_stress, without_the_largest
from kamlab.segmentation.uncertainty import rank_uncertainty
from kamlab.segmentation.what_if import MONEY, what_if

SUMS = ["net_sales", "sales_with_cost", "gross_profit", "cost_to_serve"]


def company(accounts: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Make account-months of 2022 to 2024, and the facts of 2024."""
    rng = np.random.default_rng(0)
    size, rhythm = rng.lognormal(6, 1.6, accounts), rng.uniform(0.1, 1, accounts)
    margin = rng.normal(0.22, 0.06, accounts).clip(-0.1, 0.5)
    ids = np.array([f"A{number:07d}" for number in range(accounts)], dtype=object)
    parts = []
    for month in pd.date_range("2022-01-01", periods=36, freq="MS"):
        there = np.flatnonzero(rng.random(accounts) < rhythm)
        sales = size[there] * rng.lognormal(0, 0.5, len(there))
        parts.append(pd.DataFrame({"place": there, "month": month, "net_sales": sales}))
    monthly = pd.concat(parts, ignore_index=True)
    place = monthly.pop("place").to_numpy()
    monthly.insert(0, "account_id", pd.Series(ids[place]).astype("str"))
    monthly["sales_with_cost"] = monthly["net_sales"]
    monthly["gross_profit"] = monthly["net_sales"] * margin[place]
    monthly["cost_to_serve"] = monthly["net_sales"] * 0.05
    last = monthly[monthly["month"] >= "2024-01-01"]
    facts = last.groupby("account_id")[SUMS].sum().reset_index()
    facts["margin_rate"] = facts["gross_profit"] / facts["net_sales"]
    facts["cost_known_share"] = 1.0
    facts["sales_growth"] = rng.normal(0, 0.3, len(facts))
    facts["orders"] = rng.integers(1, 50, len(facts))
    facts["days_since_last_order"] = rng.integers(1, 300, len(facts)).astype(float)
    facts["name"] = facts["account_id"]
    return facts, monthly


def write_lines(file: Path, accounts: int, each: int = 15) -> None:
    """Write order lines of four years: lognormal sizes, each account with its own margin."""
    rng = np.random.default_rng(0)
    made = pd.DataFrame(
        {
            "place": np.arange(accounts),
            "size": rng.lognormal(5, 1.4, accounts),
            "cost": rng.normal(0.78, 0.06, accounts).clip(0.5, 1.1),
            "pace": np.sqrt(rng.uniform(0.01, 1, accounts)),
        }
    )
    base = duckdb.connect()
    base.register("made", made)
    base.execute(
        f"""
        copy (
            select 'A' || place account_id, 'O' || (i // 3) order_id,
                   date '2021-01-01' + (hash(i // 3 + 7) % 1461)::int order_date,
                   round(size * (0.5 + hash(i + 1) % 1000 / 1000)
                         * case when i % 40 = 0 then -1 else 1 end, 2) net_sales,
                   round(net_sales * cost, 2) cost_of_goods, round(size * 0.04, 2) cost_to_serve,
                   'P' || hash(i + 3) % 200 product_id, 'C' || hash(i + 4) % 6 category
            from range({2 * each * accounts}) t(i)
            join made on place = hash(i // 3) % {accounts}
            where hash(i // 3 + 9) % 1000 / 1000 < pace * 0.75
        ) to '{file}' (format parquet)
        """
    )


def _study(accounts: int, draws: int) -> None:
    """Run the published study from order lines, without draws and with them."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "data"
        data.mkdir()
        write_lines(data / "orders.parquet", accounts)
        (data / "kamlab.toml").write_text('currency = "EUR"\n\n[orders]\nfile = "orders.parquet"\n')
        print("| draws | seconds | processor seconds | most memory of a process so far (GB) |")
        print("| --- | --- | --- | --- |")
        for number in (0, draws):
            before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
            asked = ["--data", str(data), "--out", f"{folder}/out{number}", "-p", f"draws={number}"]
            subprocess.run(
                [sys.executable, "-m", "kamlab", "run", "key-accounts", "--quiet", *asked],
                check=True,
            )
            wall, after = time.perf_counter() - begun, resource.getrusage(resource.RUSAGE_CHILDREN)
            spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            print(
                f"| {number} | {wall:.0f} | {spent:.0f} | {after.ru_maxrss / 1e6:.2f} |", flush=True
            )


def main() -> None:
    """Time each part and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=200_000)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--study", action="store_true", help="run the published study instead")
    args = parser.parse_args()
    if args.study:
        _study(args.accounts, args.draws)
        return
    facts, monthly = company(args.accounts)
    asked = Objective(key_accounts=50)
    rows = []

    def timed(what: str, work: Callable[[], Any]) -> Any:
        begun, worked = time.perf_counter(), time.process_time()
        made = work()
        wall, spent = time.perf_counter() - begun, time.process_time() - worked
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
        rows.append(f"| {what} | {wall:.1f} | {spent:.1f} | {memory:.2f} |")
        return made

    listed = timed("list with gates and reasons", lambda: key_accounts(facts, asked))
    matrix, _ = criteria_matrix(facts)
    weights = pd.Series(1.0, index=matrix.columns)
    ranked = timed("four methods", lambda: rank_by(matrix, weights))
    timed("their agreement", lambda: agreement(ranked.ranks, 50))
    timed("another list by other weights", lambda: what_if(facts, asked, {MONEY: 1, "growth": 1}))
    timed("portfolio", lambda: portfolio(facts, facts))
    timed("exposure", lambda: exposure(facts, classify(facts, listed.standing)))
    stake = at_stake(facts).assign(probability=0.1)
    timed("leaving together", lambda: defection_stress(stake))
    timed("without the largest", lambda: without_the_largest(facts))
    timed("kinds", lambda: find_clusters(facts))
    timed(
        f"{args.draws} draws",
        lambda: rank_uncertainty(facts, monthly, asked, as_of="2025-01-01", draws=args.draws),
    )
    print(f"{len(facts)} accounts, {len(monthly)} account-months\n")
    print("| what | seconds | processor seconds | most memory so far (GB) |")
    print("| --- | --- | --- | --- |")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
