"""Snapshots of many days of sight from many order lines: seconds and memory.

    python benchmarks/churn_snapshots.py [--lines 5000000] [--origins 12] [--each 25]

The bar is 30 seconds and 4 GB for 12 origins of 5 million lines. Seconds of processor stand beside
seconds passed: on a busy machine the latter tell of the others.
"""

import argparse
import resource
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path

import duckdb
from account_facts import AS_OF, _make

from kamlab.accounts import snapshots


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--origins", type=int, default=12)
    parser.add_argument("--each", type=float, default=25, help="lines an account")
    asked = parser.parse_args()
    end = date.fromisoformat(AS_OF)
    origins = [end - timedelta(days=90 + 60 * back) for back in range(asked.origins)]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "lines.parquet"
        _make(file, asked.lines, asked.each)
        lines = duckdb.connect().read_parquet(str(file))
        clock, spent = time.perf_counter(), time.process_time()
        table = snapshots(lines, origins, label_days=90, as_of=end)
        clock, spent = time.perf_counter() - clock, time.process_time() - spent
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"{asked.lines:,} lines, {asked.origins} origins: {len(table):,} rows of "
        f"{table.shape[1]} columns in {clock:.1f} s ({spent:.1f} s of processor), at most "
        f"{peak:.2f} GB"
    )


if __name__ == "__main__":
    main()
