"""What the tests of account tables share: made order lines, and a Spark session."""

import shutil
import warnings

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def made_lines():
    """Make order lines with every edge: returns, gifts, unknown costs, midnights, leap days."""

    def make(n: int, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        account = rng.integers(0, max(n // 40, 3), n)
        # some accounts have one order only
        day = np.where(account % 9 == 0, 400, rng.integers(0, 1461, n))
        begin = np.datetime64("2021-01-01", "us")
        clock = rng.choice([0, 0, 1, 43_200, 86_399], n).astype("timedelta64[s]")
        net = rng.integers(-2000, 20_000, n) / 100
        net[rng.random(n) < 0.05] = 0.0
        net[account % 11 == 1] = -np.abs(net[account % 11 == 1])
        hidden = np.where(account % 7 == 2, 1.0, 0.3)
        cost = np.where(rng.random(n) < hidden, np.nan, np.round(net * rng.uniform(0.5, 1.4, n), 2))
        product = rng.integers(0, 30, n)
        return pd.DataFrame(
            {
                "account_id": [f"K{k:04d}" for k in account],
                "order_id": [f"O{k}" for k in account * 2000 + day // 2],
                "order_date": begin + day.astype("timedelta64[D]") + clock,
                "net_sales": net,
                "quantity": rng.integers(1, 50, n).astype(float),
                "product_id": pd.Series([f"P{k}" for k in product]).where(rng.random(n) > 0.05),
                "category": pd.Series([f"C{k % 5}" for k in product]).where(rng.random(n) > 0.05),
                "cost_of_goods": cost,
                "cost_to_serve": np.where(rng.random(n) < 0.5, np.nan, 1.25),
                "discount": np.where(rng.random(n) < 0.5, np.nan, 2.5),
                "list_price": np.where(rng.random(n) < 0.5, np.nan, np.abs(net) * 1.2),
            }
        )

    return make


@pytest.fixture(scope="session")
def spark(require_part):
    """Give one Spark session of two threads for all tests."""
    require_part(shutil.which("java") is not None, "Java")
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        require_part(False, "PySpark")
    with warnings.catch_warnings():
        # Spark's launcher leaves its pipes to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.session.timeZone", "America/St_Johns")
            .config("spark.sql.codegen.wholeStage", "false")
            .config("spark.sql.adaptive.enabled", "false")
            .config("spark.log.level", "ERROR")
            .getOrCreate()
        )
        yield session
        session.stop()
