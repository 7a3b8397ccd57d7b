"""A Spark cluster of one master and two workers, of which one is killed in the midst of work."""

import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import psutil
import pytest
from pandas.testing import assert_frame_equal

from kamlab.accounts import account_facts, repeat_purchases
from kamlab.value import BetaGeoNBD
from kamlab.value.scoring import PurchaseScores

pytestmark = [pytest.mark.spark, pytest.mark.xdist_group("spark")]

DAYS = [f"2024-{month:02d}-01" for month in (3, 5, 7, 8)]
# What an analyst's process does on the cluster: facts as of several days, then scores.
WORK = """
import sys, time
from pathlib import Path
from kamlab.accounts import account_facts, purchase_histories
from kamlab.sources import open_data
from kamlab.value import BetaGeoNBD
from kamlab.value.scoring import PurchaseScores, score_histories

out, days = Path(sys.argv[2]), sys.argv[3:]
orders = open_data(sys.argv[1], store=out / "store").table("orders")
while orders.sparkSession.sparkContext._jsc.sc().getExecutorMemoryStatus().size() < 3:
    time.sleep(0.1)
for day in days:
    account_facts(orders, day).to_parquet(out / f"{day}.parquet")
    print(day, flush=True)
model = BetaGeoNBD.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426)
score_histories(purchase_histories(orders, days[-1]), PurchaseScores(model, 90), out / "scores")
print("executors", orders.sparkSession.sparkContext._jsc.sc().getExecutorMemoryStatus().size() - 1)
"""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def end(process):
    """End a process and all it started, at once."""
    for one in (*psutil.Process(process.pid).children(recursive=True), process):
        one.kill()
    process.wait()


@contextmanager
def cluster(folder, environment):
    """Start a master and two workers of one core; give the address and the workers."""
    import pyspark

    start = Path(pyspark.__file__).parent / "bin" / "spark-class"
    port, running = free_port(), []
    address = f"spark://127.0.0.1:{port}"
    web = ["--host", "127.0.0.1", "--webui-port", "0"]
    small = ["--cores", "1", "--memory", "700m", "--work-dir", str(folder / "work")]
    parts = [["master.Master", *web, "--port", str(port)]]
    parts += [["worker.Worker", *web, *small, address]] * 2
    with (folder / "cluster.log").open("w") as log:
        try:
            for name, *words in parts:
                command = [str(start), f"org.apache.spark.deploy.{name}", *words]
                running.append(
                    subprocess.Popen(command, env=environment, stdout=log, stderr=subprocess.STDOUT)
                )
            yield address, running[1:]
        finally:
            for process in running:
                if process.poll() is None:
                    end(process)


@pytest.fixture(scope="module")
def orders():
    """Forty accounts that order now and then, without chance."""
    rows = 4_000
    return duckdb.sql(
        f"""SELECT 'A' || hash(i // 3) % 40 AS account_id, (i // 3)::varchar AS order_id,
        DATE '2024-01-01' + (hash(i // 3 + 7) % 240)::int AS order_date,
        round(10 + hash(i + 1) % 1000 / 7.0, 2) AS net_sales,
        round(5 + hash(i + 1) % 1000 / 11.0, 2) AS cost_of_goods,
        'C' || hash(i + 4) % 5 AS category FROM range({rows}) t(i)"""
    ).df()


def test_the_work_goes_on_when_a_worker_is_killed(orders, tmp_path, require_part):
    require_part(shutil.which("java") is not None, "Java")
    data = tmp_path / "data"
    data.mkdir()
    orders.to_parquet(data / "sales.parquet")
    environment = os.environ | {"SPARK_LOCAL_IP": "127.0.0.1", "PYSPARK_PYTHON": sys.executable}
    with cluster(tmp_path, environment) as (address, workers):
        (data / "kamlab.toml").write_text(
            f'engine = "spark"\ncurrency = "EUR"\n[spark]\n"spark.master" = "{address}"\n'
            '"spark.executor.memory" = "600m"\n"spark.sql.shuffle.partitions" = "4"\n'
            '"spark.driver.host" = "127.0.0.1"\n[[orders]]\nfile = "sales.parquet"\n'
        )
        words = [sys.executable, "-W", "ignore", "-c", WORK, str(data), str(tmp_path), *DAYS]
        with (tmp_path / "driver.log").open("w") as log:
            driver = subprocess.Popen(
                words, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
            try:
                said = [driver.stdout.readline().strip() for _ in range(2)]
                end(workers[0])
                rest, _ = driver.communicate(timeout=240)
            finally:
                if driver.poll() is None:
                    end(driver)

    log = (tmp_path / "driver.log").read_text()
    assert driver.returncode == 0, log[-3000:]
    assert said == DAYS[:2]
    assert rest.split()[-2:] == ["executors", "1"]
    for day in DAYS:
        expected = account_facts(orders, day)
        assert_frame_equal(pd.read_parquet(tmp_path / f"{day}.parquet"), expected, rtol=1e-12)
    model = BetaGeoNBD.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426)
    scores = PurchaseScores(model, 90)(repeat_purchases(orders, DAYS[-1]))
    made = pd.read_parquet(tmp_path / "scores").sort_values("account_id", ignore_index=True)
    assert_frame_equal(made, scores, rtol=1e-12)


@pytest.mark.slow
def test_a_run_gives_the_cluster_to_its_studies(orders, tmp_path, require_part):
    """The runner checks the lines first, and does not hold the cluster's only cores then."""
    require_part(shutil.which("java") is not None, "Java")
    data = tmp_path / "data"
    data.mkdir()
    orders.to_parquet(data / "sales.parquet")
    environment = os.environ | {
        "SPARK_LOCAL_IP": "127.0.0.1",
        "PYSPARK_PYTHON": sys.executable,
        "KAMLAB_STORE": str(tmp_path / "store"),
    }
    out = tmp_path / "out"
    with cluster(tmp_path, environment) as (address, _):
        (data / "kamlab.toml").write_text(
            f'engine = "spark"\ncurrency = "EUR"\n[spark]\n"spark.master" = "{address}"\n'
            '"spark.executor.memory" = "600m"\n"spark.sql.shuffle.partitions" = "4"\n'
            '"spark.driver.host" = "127.0.0.1"\n[[orders]]\nfile = "sales.parquet"\n'
        )
        run = ["-m", "kamlab", "run", "profitability", "--data", str(data), "--out", str(out)]
        done = subprocess.run(
            [sys.executable, "-W", "ignore", *run],
            env=environment,
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )

    assert done.returncode == 0, done.stderr[-3000:]
    made = pd.read_csv(out / "profitability" / "latest" / "tables" / "account_profit.csv")
    wanted = orders.groupby("account_id")["net_sales"].sum()
    found = made.set_index("account_id")["net_sales"]
    assert_frame_equal(
        found.sort_index().to_frame(), wanted.loc[found.sort_index().index].to_frame(), rtol=1e-9
    )
