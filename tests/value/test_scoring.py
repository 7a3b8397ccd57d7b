"""Scores of many accounts are those of one table, on whatever engine the histories are."""

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pytest
from pandas.testing import assert_frame_equal

from kamlab.accounts import purchase_histories, repeat_purchases
from kamlab.value import BetaGeoNBD, GammaGamma
from kamlab.value.scoring import PurchaseScores, score_histories

AS_OF = "2024-07-01"
MODEL = BetaGeoNBD.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426)
SCORES = PurchaseScores(MODEL, 90, GammaGamma.from_parameters(p=6.25, q=3.74, v=15.44))


@pytest.fixture(scope="module")
def orders():
    random = np.random.default_rng(5)
    days = pd.date_range("2024-01-01", "2024-06-30")
    return pd.DataFrame(
        {
            "account_id": random.integers(0, 300, 2_000).astype(str),
            "order_id": np.arange(2_000).astype(str),
            "order_date": random.choice(days, 2_000),
            "net_sales": random.gamma(2.0, 30.0, 2_000).round(2),
        }
    )


@pytest.fixture(scope="module")
def expected(orders):
    histories = repeat_purchases(orders, AS_OF)
    value = MODEL.expected_purchases(histories, 90) * SCORES.spend.predict(histories)
    return pd.DataFrame(
        {
            "account_id": histories["account_id"],
            "expected_purchases": MODEL.expected_purchases(histories, 90),
            "probability_alive": MODEL.probability_alive(histories),
            "expected_value": value,
        }
    )


def read(folder):
    return pd.read_parquet(folder).sort_values("account_id", ignore_index=True)


@pytest.mark.parametrize("chunk_rows", [7, 100_000])
@pytest.mark.parametrize("kind", ["duckdb", "polars"])
def test_chunks_make_what_one_table_makes(orders, expected, kind, chunk_rows, tmp_path):
    lines = pl.from_pandas(orders).lazy() if kind == "polars" else duckdb.from_df(orders)

    made = score_histories(
        purchase_histories(lines, AS_OF), SCORES, tmp_path / "scores", chunk_rows=chunk_rows
    )

    assert_frame_equal(read(made), expected)


@pytest.mark.spark
def test_workers_score_their_own_rows(orders, expected, spark, tmp_path):
    orders.astype({"order_date": "datetime64[us]"}).to_parquet(tmp_path / "orders.parquet")
    lines = spark.read.parquet(str(tmp_path / "orders.parquet"))
    histories = purchase_histories(lines, AS_OF)

    assert_frame_equal(read(score_histories(histories, SCORES, tmp_path / "scores")), expected)


def test_scores_that_fail_leave_those_before_as_they_are(orders, expected, tmp_path):
    def fails(piece):
        raise ValueError("no score")

    histories = purchase_histories(duckdb.from_df(orders), AS_OF)
    score_histories(histories, SCORES, tmp_path / "scores")
    with pytest.raises(ValueError, match="no score"):
        score_histories(histories, fails, tmp_path / "scores")

    assert_frame_equal(read(tmp_path / "scores"), expected)
    assert [path.name for path in tmp_path.iterdir()] == ["scores"]
