"""Account facts against SQL, Polars and pandas written by hand, and two libraries' summaries.

    python benchmarks/account_facts.py [--lines 5000000] [--runs 5] [--peer-python PATH]
        [--who sql polars pandas] [--limit 3GB]

All read the same Parquet file, each in a process of its own (`facts_by_hand.py`), in turns; those
by hand are checked to agree with ours before anything is timed. `--peer-python` names an
interpreter that has lifetimes or pymc-marketing: their summary functions are then set beside
`repeat_purchases` on the same lines (reading the file is not counted for them, but is for ours).
Memory is the most that a process took; `--limit` is that of DuckDB, for ours and the SQL alike.
"""

import argparse
import os
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
from facts_by_hand import by_pandas, by_polars, by_sql, kamlab_facts
from turns import cost, in_turns, ratio

AS_OF = "2025-01-01"
HERE = Path(__file__).parent
BY_HAND = {"sql": by_sql, "polars": by_polars, "pandas": by_pandas}
SAME = ("net_sales", "gross_profit", "orders", "gap_mean", "gap_std", "category_entropy")
SAME += ("products", "discount_depth", "net_sales_12m")


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


def _agree(file: Path, who: str) -> None:
    """Hold the columns that both give against each other."""
    ours = kamlab_facts(file, AS_OF)
    other = BY_HAND[who](file, AS_OF).fillna({"orders": 0, "net_sales_12m": 0})
    assert list(ours["account_id"]) == list(other["account_id"]), who
    for name in set(SAME) & set(other):
        left, right = ours[name].astype(float), other[name].astype(float)
        if name == "gap_std":  # of one gap there is none in ours
            left, right = left[left.notna()], right[left.notna()]
        assert np.allclose(left, right, rtol=1e-6, equal_nan=True), f"{who}: {name}"


def _against(ours: str, others: dict[str, str], file: Path, runs: int) -> None:
    """Run in turns, and print the ratios of seconds and of memory to ours."""
    work = [str(HERE / "facts_by_hand.py")]
    told = in_turns(
        {
            who: [python, *work, who, str(file), AS_OF]
            for who, python in ({ours: sys.executable} | others).items()
        },
        runs,
    )
    print(f"{ours}: {cost(told[ours])} at most")
    for who, rows in told.items():
        if who in BY_HAND:
            ratio(f"{ours} / {who} by hand", told[ours], rows, f"({who} {cost(rows)})")
        elif who != ours:
            ratio(f"{who} / {ours}", rows, told[ours], f"({who} {cost(rows)})")


def main() -> None:
    """Check that all agree, time them in turns, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, default=5_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--lines-each", type=float, default=25, help="lines an account")
    parser.add_argument("--who", nargs="*", default=list(BY_HAND), choices=list(BY_HAND))
    parser.add_argument("--peer-python", default=os.environ.get("KAMLAB_PEER_PYTHON", ""))
    parser.add_argument("--limit", default="", help="memory limit of DuckDB")
    asked = parser.parse_args()
    if asked.limit:
        os.environ["FACTS_MEMORY_LIMIT"] = asked.limit
    with tempfile.TemporaryDirectory() as folder:
        small, file = Path(folder) / "small.parquet", Path(folder) / "orders.parquet"
        _make(small, min(asked.lines, 200_000), asked.lines_each)
        for who in asked.who:
            _agree(small, who)
        _make(file, asked.lines, asked.lines_each)
        print(f"{asked.lines:,} lines, {asked.lines_each:g} an account, {asked.runs} runs in turns")
        _against("kamlab", dict.fromkeys(asked.who, sys.executable), file, asked.runs)
        if asked.peer_python:
            peers = dict.fromkeys(("lifetimes", "pymc-marketing"), asked.peer_python)
            _against("kamlab_repeats", peers, file, asked.runs)


if __name__ == "__main__":
    main()
