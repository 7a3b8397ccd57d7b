"""Score accounts by the ten million: seconds and memory, from order lines to a folder of scores.

    python benchmarks/scoring.py [--accounts 10000000] [--lines-each 5] [--limit 2500MB]

Order lines are condensed to histories and left with DuckDB; expected purchases, the chance of
being alive and the value of a year are then made chunk by chunk and written as Parquet. Each runs
in a process of its own after the lines are made, so that memory is of the work alone. The bar: 4
GB for 10 million accounts.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb

WORK = """
import json, resource, sys, tempfile, time
import duckdb
from kamlab.accounts import purchase_histories
from kamlab.value import BetaGeoNBD, GammaGamma
from kamlab.value.scoring import PurchaseScores, score_histories
file, out, limit = sys.argv[1:]
base = duckdb.connect(config={"memory_limit": limit, "temp_directory": out + "-spill"})
model = BetaGeoNBD.from_parameters(r=0.243, alpha=40.0, a=0.793, b=2.426)
spend = GammaGamma.from_parameters(p=6.25, q=3.74, v=300.0)
begun, spent = time.perf_counter(), time.process_time()
histories = purchase_histories(base.read_parquet(file), "2025-01-01")
score_histories(histories, PurchaseScores(model, 365, spend), out)
print("RESULT" + json.dumps({
    "seconds": time.perf_counter() - begun,
    "processor_seconds": time.process_time() - spent,
    "gigabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
}))
"""


def make(file: Path, accounts: int, each: int) -> None:
    """Write order lines of four years: each account has at least one."""
    duckdb.connect(config={"memory_limit": "4GB"}).execute(
        f"""COPY (SELECT 'A' || (i % {accounts})::varchar AS account_id,
        'O' || i::varchar AS order_id,
        date '2021-01-01' + (hash(i + 7) % 1461)::int AS order_date,
        round(10 + hash(i + 1) % 100000 / 100, 2) AS net_sales FROM range({accounts * each}) t(i))
        TO '{file}' (FORMAT parquet)"""
    )


def main() -> None:
    """Make lines, score, tell."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=10_000_000)
    parser.add_argument("--lines-each", type=int, default=5)
    parser.add_argument("--limit", default="2500MB", help="memory limit of DuckDB")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder) / "lines.parquet", Path(folder) / "scores"
        make(file, asked.accounts, asked.lines_each)
        done = subprocess.run(
            [sys.executable, "-W", "ignore", "-c", WORK, str(file), str(out), asked.limit],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise SystemExit(done.stderr[-1500:])
        told = json.loads(done.stdout.rpartition("RESULT")[2])
        rows = duckdb.sql(f"SELECT count(*) FROM '{out}/*.parquet'").fetchall()[0][0]
    print(
        f"{rows:,} accounts of {asked.accounts * asked.lines_each:,} order lines scored in "
        f"{told['seconds']:.0f} s ({told['processor_seconds']:.0f} of processor), at most "
        f"{told['gigabytes']:.2f} GB"
    )


if __name__ == "__main__":
    main()
