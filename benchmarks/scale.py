"""How do time and memory grow with order lines and accounts, by engine and by study?

    python benchmarks/scale.py [--lines 100000 1000000 10000000] [--accounts 1000 … 1000000]
        [--engines duckdb polars spark postgres] [--studies] [--apart DATA]
        [--out benchmarks/scale.md] [--picture docs/images/scale.png] [--account-lines 5000000]

Account facts are worked out by each engine in a process of its own, from Parquet files (postgres:
from a table that is there); seconds, seconds of processor of the process and what it started, and
its largest memory (of postgres with all processes of the server) stand side by side: first over
lines, with 250 an account, then over accounts, with `--account-lines` in all. Lines are made and
written some millions at a time. `--studies` publishes all studies on the demo in two sizes and
gives how the cost of each grows. `--apart` takes the order lines of a large demo and publishes all
studies on more lines of as many accounts, and on as many lines of more accounts: what is left out
are accounts by a hash, and orders. The exponent is that of a straight line through logarithms: 1 is
twice the cost for twice the size. Between the two largest sizes it shows what is to come; over all,
what starting takes counts too.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd

WORK = """
import json, os, sys, time
engine, place, as_of = sys.argv[1:]
from kamlab.accounts import account_facts
from turns import Watched, most_memory
if engine == "duckdb":
    import duckdb
    duckdb.execute("SET memory_limit = '3GB'")
    duckdb.execute(f"SET temp_directory = '{os.path.dirname(place)}/spilled'")
    lines = duckdb.read_parquet(place)
elif engine == "polars":
    import polars
    lines = polars.scan_parquet(place)
elif engine == "spark":
    from pyspark.sql import SparkSession
    session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
    session = session.config("spark.driver.memory", "4g").config("spark.log.level", "ERROR")
    lines = session.getOrCreate().read.parquet(place)
    lines.limit(1).count()
else:
    import ibis
    lines = ibis.connect(os.environ["SCALE_DATABASE"]).table(place)
import psutil
def worked():
    own = [psutil.Process(), *psutil.Process().children(recursive=True)]
    return sum(sum(one.cpu_times()[:2]) for one in own)
server = Watched("postgres") if engine == "postgres" else None
begin, before = time.perf_counter(), worked()
facts = account_facts(lines, as_of)
seconds, processor = time.perf_counter() - begin, worked() - before
rest = [child.memory_info().rss for child in psutil.Process().children(recursive=True)]
there, most = server.end() if server else (0, 0)
print("RESULT" + json.dumps({
    "accounts": len(facts), "seconds": seconds, "processor_seconds": processor + there,
    "gigabytes": most_memory() + sum(rest) / 2**30 + most,
}))
"""
AS_OF = "2025-01-01"
AT_ONCE = 2_000_000  # lines that are made at a time


def make(folder: Path, lines: int, accounts: int) -> str:
    """Write order lines of four years, some millions a Parquet file; give the files' pattern."""
    folder.mkdir()
    for first in range(0, lines, AT_ONCE):
        duckdb.connect(config={"memory_limit": "1GB"}).execute(
            f"""COPY (SELECT 'A' || (hash(i) % {accounts})::varchar AS account_id,
            'O' || (i // 3)::varchar AS order_id,
            date '2021-01-01' + (hash(i // 3 + 7) % 1461)::int AS order_date,
            round(10 + hash(i + 1) % 100000 / 100, 2) AS net_sales,
            round((10 + hash(i + 1) % 100000 / 100) * 0.7, 2) AS cost_of_goods,
            'P' || (hash(i + 3) % 200)::varchar AS product_id,
            'C' || (hash(i + 4) % 6)::varchar AS category
            FROM range({first}, {min(first + AT_ONCE, lines)}) t(i))
            TO '{folder}/{first:012}.parquet' (FORMAT parquet)"""
        )
    return f"{folder}/*.parquet"


def measure(engine: str, place: str) -> dict[str, float]:
    """Work facts out in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", WORK, engine, place, AS_OF],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise SystemExit(f"{engine}, {place}: {done.stderr[-1500:]}")
    return json.loads(done.stdout.rpartition("RESULT")[2])


def load(files: str, table: str) -> None:
    """Copy lines into a table of the database named by SCALE_DATABASE."""
    import psycopg

    lines = Path(files).parent / "lines.csv"
    duckdb.connect().execute(f"COPY (FROM '{files}') TO '{lines}' (HEADER false)")
    kinds = "account_id text, order_id text, order_date date, net_sales double precision"
    kinds += ", cost_of_goods double precision, product_id text, category text"
    with psycopg.connect(os.environ["SCALE_DATABASE"]) as base, base.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {table}")
        cursor.execute(f"CREATE TABLE {table} ({kinds})")
        with cursor.copy(f"COPY {table} FROM STDIN (FORMAT csv)") as copy, lines.open("rb") as rows:
            while block := rows.read(1 << 20):
                copy.write(block)
    with psycopg.connect(os.environ["SCALE_DATABASE"], autocommit=True) as base:
        base.execute(f"VACUUM ANALYZE {table}")
    lines.unlink()


def exponent(sizes: list[float], costs: list[float]) -> float:
    """Fit a straight line through logarithms, and give its slope."""
    return float(np.polyfit(np.log(sizes), np.log(costs), 1)[0])


def exponents(rows: pd.DataFrame, grows: str, time: str) -> str:
    """Say with which power of the size time and memory grow, over all and at the end."""
    rows = rows.sort_values(grows)
    told = []
    for what in (time, "gigabytes"):
        whole, end = (exponent(part[grows], part[what]) for part in (rows, rows.tail(2)))
        told.append(f"{what.replace('_', ' ')} with the power {whole:.2f} ({end:.2f} at the end)")
    return ", ".join(told)


def facts_table(asked: argparse.Namespace, folder: Path) -> pd.DataFrame:
    """Measure account facts over lines, then over accounts."""
    plan = [("lines", lines, max(lines // 250, 10)) for lines in asked.lines]
    plan += [("accounts", asked.account_lines, accounts) for accounts in asked.accounts]
    rows = []
    for grows, lines, accounts in plan:
        made = folder / f"{lines}_{accounts}"
        files = make(made, lines, accounts)
        for engine in asked.engines:
            place = files
            if engine == "postgres":
                if lines > asked.postgres_most:
                    continue
                place = f"lines_{lines}_{accounts}"
                load(files, place)
            found = measure(engine, place)
            rows.append({"grows": grows, "engine": engine, "lines": lines, **found})
            print(rows[-1], flush=True)
        shutil.rmtree(made)
    return pd.DataFrame(rows)


def studies_table(folder: Path, sizes: tuple[str, str]) -> pd.DataFrame:
    """Publish all studies on the demo in two sizes; give seconds and exponent of each."""
    kamlab = [sys.executable, "-m", "kamlab"]
    seconds, lines = {}, []
    for size in sizes:
        data, out = folder / size, folder / f"reports-{size}"
        subprocess.run([*kamlab, "demo", str(data), "--size", size, "--seed", "7"], check=True)
        subprocess.run(
            [*kamlab, "run", "--all", "--data", str(data), "--out", str(out)], check=False
        )
        told = [json.loads(path.read_text()) for path in out.glob("*/latest/manifest.json")]
        seconds[size] = {one["study"]: one["timings"]["notebook_seconds"] for one in told}
        lines.append(duckdb.sql(f"SELECT count(*) FROM '{data}/orders*.parquet'").fetchall()[0][0])
    table = pd.DataFrame(seconds).dropna()
    table["exponent"] = [exponent(lines, list(row)) for row in table[list(sizes)].to_numpy()]
    return table.rename(columns=dict(zip(sizes, (f"{n:,} lines" for n in lines), strict=True)))


APART = {"lines": [(0.08, 0.1), (0.08, 1.0)], "accounts": [(0.08, 1.0), (0.8, 0.1)]}
"""Shares of accounts and of their orders that are taken, for what is to grow."""


def apart_table(folder: Path, source: Path) -> pd.DataFrame:
    """Publish all studies on parts of order lines; give their powers of lines and of accounts."""
    seconds, sizes = {}, {}
    for accounts, orders in sorted({pair for pairs in APART.values() for pair in pairs}):
        data, out = folder / f"{accounts}-{orders}", folder / f"reports-{accounts}-{orders}"
        data.mkdir()
        taken = (
            f"FROM '{source}/orders*.parquet' WHERE hash(account_id) % 1000 < {accounts * 1000} "
            f"AND hash(order_id, 7) % 1000 < {orders * 1000}"
        )
        duckdb.execute(f"COPY ({taken}) TO '{data}/orders.parquet'")
        sizes[accounts, orders] = duckdb.sql(
            f"SELECT count(*), count(DISTINCT account_id) FROM '{data}/orders.parquet'"
        ).fetchall()[0]
        run = ["run", "--all", "--jobs", "1", "--data", str(data), "--out", str(out)]
        environment = os.environ | {"KAMLAB_STORE": str(folder / "store")}
        subprocess.run([sys.executable, "-m", "kamlab", *run], env=environment, check=False)
        told = [json.loads(path.read_text()) for path in out.glob("*/latest/manifest.json")]
        seconds[accounts, orders] = {
            one["study"]: one["timings"]["notebook_seconds"] for one in told
        }
    table = pd.DataFrame({pair: pd.Series(found) for pair, found in seconds.items()}).dropna()
    columns = {
        f"{sizes[pair][0]:,} lines, {sizes[pair][1]:,} accounts": table[pair] for pair in seconds
    }
    for place, (grows, pairs) in enumerate(APART.items()):
        grown = [sizes[pair][place] for pair in pairs]
        columns[f"power of {grows}"] = [
            exponent(grown, list(row)) for row in table[pairs].to_numpy()
        ]
    return pd.DataFrame(columns)


def written(table: pd.DataFrame) -> str:
    """Write a table in Markdown."""
    rows = [list(table.columns), ["---"] * table.shape[1]]
    rows += [
        [
            f"{cell:,.2f}"
            if isinstance(cell, float)
            else f"{cell:,}"
            if isinstance(cell, int)
            else cell
            for cell in row
        ]
        for row in table.itertuples(index=False)
    ]
    return "\n".join(f"| {' | '.join(map(str, row))} |" for row in rows)


def draw(table: pd.DataFrame, path: Path) -> None:
    """Draw seconds and memory against lines."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 3.6), layout="constrained")
    for axes, what in zip(figure.subplots(1, 2), ("processor_seconds", "gigabytes"), strict=True):
        for engine, rows in table[table["grows"] == "lines"].groupby("engine"):
            axes.loglog(rows["lines"], rows[what], marker="o")
            axes.annotate(engine, (rows["lines"].iloc[-1], rows[what].iloc[-1]), fontsize=9)
        axes.set_xlabel("order lines")
        axes.set_title(f"Account facts: {what.replace('_', ' ')}")
    figure.savefig(path, dpi=110)


def main() -> None:
    """Measure, and write what was found."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lines", type=int, nargs="*", default=[100_000, 1_000_000, 10_000_000])
    parser.add_argument(
        "--accounts", type=int, nargs="*", default=[1_000, 10_000, 100_000, 1_000_000]
    )
    parser.add_argument("--account-lines", type=int, default=5_000_000)
    parser.add_argument("--engines", nargs="*", default=["duckdb", "polars", "spark"])
    parser.add_argument("--postgres-most", type=int, default=5_000_000)
    parser.add_argument("--studies", action="store_true")
    parser.add_argument("--sizes", nargs=2, default=("small", "medium"))
    parser.add_argument("--apart", type=Path, metavar="DATA")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--picture", type=Path)
    asked = parser.parse_args()
    parts = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.lines or asked.accounts:
            table = facts_table(asked, folder)
            parts.append(written(table))
            for (grows, engine), rows in table.groupby(["grows", "engine"]):
                if len(rows) > 1:
                    found = exponents(rows, grows, "processor_seconds")
                    parts.append(f"{engine}, over {grows}: {found}")
            if asked.picture:
                draw(table, asked.picture)
        if asked.studies:
            parts.append(
                written(studies_table(folder, tuple(asked.sizes)).reset_index(names="study"))
            )
        if asked.apart:
            parts.append(written(apart_table(folder, asked.apart).reset_index(names="study")))
    text = "\n\n".join(parts)
    print(text)
    if asked.out:
        asked.out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
