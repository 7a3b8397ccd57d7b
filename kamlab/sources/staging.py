"""How do rows from any source become one Parquet of texts with the row number of each?

A staged file holds every source column as text, `_row` (the row as a person would count it) and
`_bad` (why the row could not be split into columns, else NULL).
"""

import datetime as dt
import math
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

BATCH = 50_000
_OPEN_NUMBER = re.compile(r"-?[1-9]\d{0,2}\.\d{3}")

Row = tuple[int, Sequence[object] | None, str | None]


def render(value: object) -> str | None:
    """Write a value of a typed source as text that is read back surely.

    Examples
    --------
    >>> render(17850.0), render(12.345), render(True), render(None)
    ('17850', '12.3450', 'true', None)
    """
    if value is None or isinstance(value, str):
        return value or None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if math.isnan(value):
            return None
        if value.is_integer() and abs(value) < 1e15:
            return str(int(value))
        written = repr(value)
        return written + "0" if _OPEN_NUMBER.fullmatch(written) else written
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    return str(value)


def stage(rows: Iterable[Row], columns: list[str], path: Path) -> int:
    """Write rows as a staged Parquet file, batch by batch.

    Parameters
    ----------
    rows : iterable of (row number, values or None, what is wrong or None)
        Values in the order of `columns`.
    columns : list of str
        Names of the source columns.
    path : Path
        Where.

    Returns
    -------
    int
        Number of rows.
    """
    fields = [pa.field(name, pa.string()) for name in columns]
    schema = pa.schema([*fields, pa.field("_row", pa.int64()), pa.field("_bad", pa.string())])
    nothing = [None] * len(columns)
    total = 0
    with pq.ParquetWriter(path, schema, compression="lz4") as writer:
        batch: list[Row] = []
        for row in rows:
            batch.append(row)
            if len(batch) == BATCH:
                total += len(batch)
                writer.write_batch(_batch(batch, nothing, schema))
                batch = []
        if batch:
            total += len(batch)
            writer.write_batch(_batch(batch, nothing, schema))
    return total


def _batch(batch: list[Row], nothing: list[None], schema: pa.Schema) -> pa.RecordBatch:
    """Turn rows into one Arrow batch of texts."""
    numbers, values, bads = zip(*batch, strict=True)
    filled = [nothing if value is None else value for value in values]
    arrays = [pa.array(map(render, column), pa.string()) for column in zip(*filled, strict=True)]
    arrays += [pa.array(numbers, pa.int64()), pa.array(bads, pa.string())]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def unique(names: Iterable[object]) -> list[str]:
    """Make column names of a header unique: blank ones by position, repeated ones by number.

    Names that differ in case only are repeated ones, as for DuckDB.

    Examples
    --------
    >>> unique(["Name", "", "Name"])
    ['Name', 'column 2', 'Name (2)']
    """
    made: list[str] = []
    taken = {"_row", "_bad"}
    for position, given in enumerate(names, 1):
        name = (render(given) or "").strip().strip("\ufeff\u200b").strip() or f"column {position}"
        candidate, count = name, 1
        while candidate.casefold() in taken:
            count += 1
            candidate = f"{name} ({count})"
        taken.add(candidate.casefold())
        made.append(candidate)
    return made
