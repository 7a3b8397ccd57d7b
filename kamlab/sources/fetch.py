"""How does a table that an engine has summed up come here, as one Parquet file or into memory?

It may be too long for memory: Spark gives it in parts, PostgreSQL as a stream of text, whose types
are settled here, since what is a number with a fraction there has two types.
"""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import duckdb
import narwhals as nw
import pyarrow as pa
import pyarrow.parquet as pq

from kamlab.errors import DataRefusedError
from kamlab.sources import sql

_PART = 2_000_000
"""Rows of one part that Spark hands over."""
_COPIED = 500_000
"""Rows of one part that DuckDB hands over."""


def fetch(frame: nw.LazyFrame, file: Path, order: tuple[str, ...] = ()) -> None:
    """Write a table that lies on Spark or in PostgreSQL to a Parquet file here.

    Parameters
    ----------
    frame : nw.LazyFrame
        Of texts, days, truths and numbers; Spark's with `account_id`.
    file : Path
        To be made.
    order : tuple of str
        Columns by which the rows are sorted here; without them they keep the order in which
        PostgreSQL sends them.

    Raises
    ------
    DataRefusedError
        If what comes is not of the types that the engine named.
    """
    schema = {name: _sql_type(kind) for name, kind in frame.collect_schema().items()}
    native = frame.to_native()
    with TemporaryDirectory(dir=file.parent, prefix="fetch-") as room:
        raw = Path(room)
        if frame.implementation.is_spark_like():
            rows = _from_spark(native, raw)
        else:
            rows = _from_postgres(native, schema, raw)
        columns = ", ".join(
            f"CAST({sql.name(name)} AS {kind}) AS {sql.name(name)}" for name, kind in schema.items()
        )
        by = f"ORDER BY {', '.join(sql.name(name) for name in order)}" if order else ""
        with sql.connect(raw) as engine:
            try:
                engine.execute(
                    f"COPY (SELECT {columns} FROM {rows} {by}) TO {sql.text(file)} (FORMAT parquet)"
                )
            except duckdb.Error as error:  # whose further lines quote what was sent
                said = str(error).splitlines()[0]
                raise DataRefusedError(
                    f"what the engine sent is not what it said it would send: {said}"
                ) from None


def brought(frame: nw.LazyFrame) -> pa.Table:
    """Bring a table here, in its order, into memory that is given back when it goes.

    Parameters
    ----------
    frame : nw.LazyFrame
        Few rows, of any engine.

    Returns
    -------
    pa.Table
    """
    if frame.implementation.is_ibis():
        with TemporaryDirectory(prefix="kamlab-") as room:
            fetch(frame, Path(room) / "table.parquet")
            return pq.read_table(Path(room) / "table.parquet")
    if not frame.implementation.is_duckdb():
        return frame.collect("pyarrow").to_native()
    # DuckDB holds on to what it handed over: of a part that was copied it makes the next one
    parts = frame.to_native().to_arrow_reader(_COPIED)
    none = parts.schema.empty_table()
    return pa.concat_tables(
        [none, *(pa.concat_tables([pa.table(part), none]).combine_chunks() for part in parts)]
    )


def _sql_type(kind: Any) -> str:  # noqa: ANN401  a type of Narwhals
    """Name the type that a column has here, on whatever engine it was."""
    if kind.is_integer():
        return "BIGINT"
    if kind.is_numeric():
        return "DOUBLE"
    return {nw.Date: "DATE", nw.Boolean: "BOOLEAN", nw.Datetime: "TIMESTAMP"}.get(
        type(kind), "VARCHAR"
    )


def _from_spark(native: Any, room: Path) -> str:  # noqa: ANN401  a PySpark frame
    """Write the parts of a Spark table, each with all rows of some accounts."""
    from pyspark.sql import functions as spark

    found = native.persist()
    try:
        parts = found.count() // _PART + 1
        bucket = spark.pmod(spark.xxhash64("account_id"), spark.lit(parts))
        for k in range(parts):
            pq.write_table(found.filter(bucket == k).toArrow(), room / f"{k}.parquet")
    finally:
        found.unpersist()
    return sql.parquet([room / f"{k}.parquet" for k in range(parts)])


def _from_postgres(native: Any, schema: dict[str, str], room: Path) -> str:  # noqa: ANN401  of Ibis
    """Write what PostgreSQL sends of a query as text."""
    backend = native.get_backend()
    asked = f"COPY ({backend.compile(native)}) TO STDOUT (FORMAT csv)"
    file, con = room / "rows.csv", backend.con
    with con.cursor() as cursor, con.transaction():
        # of sums of sums it expects 200, and would join them by comparing each with each
        cursor.execute("SET LOCAL enable_nestloop = off")
        with file.open("wb") as out, cursor.copy(asked) as rows:
            out.writelines(rows)
    kinds = ", ".join(f"{sql.text(name)}: {sql.text(kind)}" for name, kind in schema.items())
    return (
        f"read_csv({sql.text(file)}, header = false, auto_detect = false, delim = ',', "
        f"quote = '\"', escape = '\"', allow_quoted_nulls = false, columns = {{{kinds}}})"
    )
