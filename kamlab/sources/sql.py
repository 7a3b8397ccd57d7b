"""How do we ask DuckDB without surprise? Quoting, and connections with fixed limits."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow as pa

from kamlab.sources.memory import give_back

MEMORY_LIMIT = "2200MB"
PARQUET = "(FORMAT parquet, COMPRESSION lz4_raw, WRITE_BLOOM_FILTER false)"
"""How COPY writes: filters of what stands in a column take a fifth of the time and spare none."""
# Order lines up to which one thread answers: it takes a second or two
_ALIKE = 5_000_000


def name(identifier: str) -> str:
    """Quote an identifier for DuckDB.

    Examples
    --------
    >>> name("net sales")
    '"net sales"'
    """
    return '"' + identifier.replace('"', '""') + '"'


def text(value: object) -> str:
    """Quote a value as a DuckDB text literal.

    Examples
    --------
    >>> text("O'Reilly")
    "'O''Reilly'"
    """
    return "'" + str(value).replace("'", "''") + "'"


def texts(values: Iterable[object]) -> str:
    """Quote several values as a DuckDB list of text literals.

    Examples
    --------
    >>> texts(["a", "b"])
    "['a', 'b']"
    """
    return "[" + ", ".join(text(value) for value in values) + "]"


def parquet(paths: Iterable[Path], *options: str) -> str:
    """Write the table function that reads Parquet files whose names hold no pattern."""
    # a bracket in a folder's name would be read as a pattern
    safe = [str(path).replace("[", "[[]") if "[" in str(path) else path for path in paths]
    return f"read_parquet({', '.join([texts(safe), *options])})"


def connect(spill: Path) -> duckdb.DuckDBPyConnection:
    """Open an in-memory DuckDB that never downloads, spills to `spill` and counts days in UTC.

    Parameters
    ----------
    spill : Path
        Private folder for what does not fit into memory.

    Returns
    -------
    duckdb.DuckDBPyConnection
    """
    connection = duckdb.connect()
    connection.execute(f"SET temp_directory = {text(spill)}")
    connection.execute(f"SET memory_limit = {text(MEMORY_LIMIT)}")
    # what a query took is given back, not held for the next one while pandas needs it
    connection.execute("SET allocator_background_threads = true")
    connection.execute("SET autoinstall_known_extensions = false")
    connection.execute("SET autoload_known_extensions = false")
    return _quiet(connection)


def another(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Open a connection to the same database for another thread, with the same limits.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        From `connect`.

    Returns
    -------
    duckdb.DuckDBPyConnection
    """
    return _quiet(connection.cursor())


def _quiet(connection: duckdb.DuckDBPyConnection) -> duckdb.DuckDBPyConnection:
    """Set what each connection has of its own, and what its cursors do not inherit."""
    connection.execute("SET enable_progress_bar = false")
    connection.execute("SET TimeZone = 'UTC'")
    return connection


def answer_alike(connection: duckdb.DuckDBPyConnection, rows: int) -> None:
    """Let the same question have the same answer to the last digit, where the data is not large.

    Threads side by side add up floats in an order of their own.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    rows : int
        Rows of the largest table.
    """
    if rows <= _ALIKE:
        connection.execute("SET threads = 1")


def one(connection: duckdb.DuckDBPyConnection, query: str) -> tuple:
    """Give the only row of a query, leaving no unfinished result on the connection."""
    return connection.execute(query).fetchall()[0]


def to_frame(table: duckdb.DuckDBPyRelation, columns: Sequence[str] = ()) -> pd.DataFrame:
    """Bring a table to pandas through Arrow, so that no text becomes an object on the way.

    Parameters
    ----------
    table : duckdb.DuckDBPyRelation
    columns : sequence of str, optional
        Those that are wanted; default all.

    Returns
    -------
    pd.DataFrame
        Text as `str`, days as `datetime64[us]`; whole numbers and truth values of which some are
        missing as `Int64` and `boolean`.
    """
    found = (table.select(*map(name, columns)) if columns else table).to_arrow_table()
    gaps = {one for one in found.column_names if found[one].null_count}
    kinds = []
    for field in found.schema:
        kind = pa.large_string() if pa.types.is_string(field.type) else field.type
        kinds.append((field.name, pa.timestamp("us") if pa.types.is_date(kind) else kind))
    found = found.cast(pa.schema(kinds))  # under the same name, so that what was cast is given back
    nullable = {pa.int64(): pd.Int64Dtype(), pa.bool_(): pd.BooleanDtype()}
    frame = found.to_pandas(split_blocks=True, self_destruct=True, types_mapper=nullable.get)
    del found
    give_back()
    whole = {"Int64": "int64", "boolean": "bool"}
    plain = {
        one: whole[str(kind)]
        for one, kind in frame.dtypes.items()
        if str(kind) in whole and one not in gaps
    }
    return frame.astype(plain)
