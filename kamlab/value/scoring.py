"""What does each of many million accounts promise? Scores made where their histories are.

On a Spark cluster every worker scores its own rows; elsewhere one chunk after the other is scored
and written, so that no table of all accounts stands in memory.
"""

import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import narwhals as nw
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamlab.value.gamma_gamma import GammaGamma
from kamlab.value.purchases import PurchaseModel

COLUMNS = ("account_id", "frequency", "recency", "T", "monetary_value")
Scores = Callable[[pd.DataFrame], pd.DataFrame]


@dataclass(frozen=True, slots=True)
class PurchaseScores:
    """Scores of purchase models that were fitted before.

    Attributes
    ----------
    model : PurchaseModel
        Fitted, such as `BetaGeoNBD`.
    horizon : float
        Time units ahead, not negative.
    spend : GammaGamma, optional
        Fitted; adds `expected_value`: the purchases expected times the amount of one.
    """

    model: PurchaseModel
    horizon: float
    spend: GammaGamma | None = None

    def __call__(self, histories: pd.DataFrame) -> pd.DataFrame:
        """Score some accounts.

        Parameters
        ----------
        histories : pd.DataFrame
            With the columns of `repeat_purchases`.

        Returns
        -------
        pd.DataFrame
            `account_id`, `expected_purchases`, `probability_alive` and perhaps `expected_value`.
        """
        expected = self.model.expected_purchases(histories, self.horizon)
        scored = {
            "account_id": histories["account_id"],
            "expected_purchases": expected,
            "probability_alive": self.model.probability_alive(histories),
        }
        if self.spend is not None:
            scored["expected_value"] = expected * self.spend.predict(histories)
        return pd.DataFrame(scored)


def score_histories(
    histories: nw.LazyFrame, scores: Scores, out: Path | str, *, chunk_rows: int = 500_000
) -> Path:
    """Score all accounts of a lazy table and write the scores as Parquet.

    Parameters
    ----------
    histories : nw.LazyFrame
        As from `kamlab.accounts.purchase_histories`. On Spark kamlab must be installed on the
        workers, and all of them must reach `out`.
    scores : callable
        Such as `PurchaseScores`: takes a pandas frame of some accounts and gives one with
        `account_id` and numbers. On Spark it is sent to the workers.
    out : Path or str
        Folder to write; what is there is replaced once all is written.
    chunk_rows : int, default 500_000
        Accounts that are scored at a time; on Spark its own setting holds.

    Returns
    -------
    Path
        The folder, whose Parquet files together hold one row an account, in no order.

    Raises
    ------
    ValueError
        If a history is impossible, or chunk_rows is less than 1.
    """
    if chunk_rows < 1:
        raise ValueError(f"chunk_rows is 1 or more, not {chunk_rows}")
    out = Path(out)
    table = histories.select(*COLUMNS)
    if table.implementation.is_spark_like():
        _on_spark(table, scores, out)
        return out
    out.parent.mkdir(parents=True, exist_ok=True)
    aside = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        writer = None
        for batch in _batches(table, chunk_rows):
            scored = pa.Table.from_pandas(_numbers(scores(batch.to_pandas())))
            writer = writer or pq.ParquetWriter(aside / "part-00000.parquet", scored.schema)
            writer.write_table(scored)
        if writer:
            writer.close()
        shutil.rmtree(out, ignore_errors=True)
        aside.rename(out)
    finally:
        shutil.rmtree(aside, ignore_errors=True)
    return out


def _batches(table: nw.LazyFrame, chunk_rows: int) -> Iterator[pa.RecordBatch]:
    """Give the rows piece by piece."""
    if table.implementation.is_duckdb():
        yield from table.to_native().to_arrow_reader(chunk_rows)
    else:
        yield from table.collect("pyarrow").to_native().to_batches(chunk_rows)


def _on_spark(table: nw.LazyFrame, scores: Scores, out: Path) -> None:
    """Let every worker score its rows."""
    example = {"frequency": [1], "recency": [1.0], "T": [2.0], "monetary_value": [1.0]}
    named = scores(pd.DataFrame({"account_id": ["a"]} | example))
    kinds = (f"`{name}` {'string' if name == 'account_id' else 'double'}" for name in named)

    def scored(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            yield from pa.Table.from_pandas(_numbers(scores(batch.to_pandas()))).to_batches()

    with warnings.catch_warnings():
        # PySpark 4 warns of pandas 3, to which it has no part here: rows come and go in Arrow
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        made = table.to_native().mapInArrow(scored, ", ".join(kinds))
    made.write.mode("overwrite").parquet(str(out))


def _numbers(scored: pd.DataFrame) -> pd.DataFrame:
    """Give scores in the types that were promised, and no index."""
    kinds = {name: "float64" for name in scored if name != "account_id"}
    return scored.astype(kinds).reset_index(drop=True)
