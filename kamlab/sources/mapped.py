"""How do several studies hold one long table without each reading it and keeping it in memory?

Each column is written once as it lies in memory, and mapped from its file: nothing is decoded, all
processes share the same pages, and the system drops them where memory is short.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamlab.fingerprint import package_hash
from kamlab.sources.once import held
from kamlab.sources.store import Store, key

LONG = 1_000_000
"""Rows from which a table is mapped; a shorter one is read as quickly."""
_UNUSED_DAYS = 3  # they take the room that memory would, and are made again in seconds

Make = Callable[[Sequence[str]], pd.DataFrame]


def mapped_once(
    shelf: Store, content: Sequence[object], columns: Sequence[str], make: Make
) -> pd.DataFrame:
    """Give columns of a long table from their files; where they are not there, make them together.

    Parameters
    ----------
    shelf : Store
        Keeps them.
    content : sequence
        What names the rows.
    columns : sequence of str
        Those that are wanted.
    make : callable
        Gives some columns of the table; the order of its rows may be another each time.

    Returns
    -------
    pd.DataFrame
        With a plain index; what is written into it is not seen by others.
    """
    place = key("mapped", package_hash(), list(content), list(columns))
    with held(shelf, place):
        if shelf.find(place) is None:
            _keep(shelf, place, make(columns))
        return pd.DataFrame(_mapped(shelf.place(place), columns), copy=False)


def mapped_apart(
    shelf: Store, content: Sequence[object], columns: Sequence[str], make: Make
) -> pd.DataFrame:
    """Give columns of a long table from their files, and make only those that are not there yet.

    Parameters
    ----------
    shelf, content, columns
        As of `mapped_once`; what the table lacks is left out.
    make : callable
        As of `mapped_once`, but with its rows always in one order.

    Returns
    -------
    pd.DataFrame
        As of `mapped_once`.
    """
    whole = ["mapped", package_hash(), list(content)]
    places = {name: key(*whole, name) for name in columns}
    with held(shelf, key(*whole)):
        lacking = [name for name, place in places.items() if shelf.find(place) is None]
        table = make(lacking) if lacking else pd.DataFrame()
        for name in lacking:
            _keep(shelf, places[name], table[[name]] if name in table else table[[]])
        found: dict[str, pd.Series] = {}
        for name, place in places.items():
            found |= _mapped(shelf.place(place), [name])
    return pd.DataFrame(found, copy=False)


def straight(
    shelf: Store,
    make: Callable[..., pd.DataFrame],
    given: Sequence[object],
    columns: Sequence[str],
    files: Mapping[str, Path | None],
) -> pd.DataFrame | None:
    """Read a table straight from the files of kept ones, mapped where it is long.

    Parameters
    ----------
    shelf : Store
        Keeps its columns.
    make : callable
        A function that reads it, called with None, `given`, `columns` and `files`.
    given : sequence
        Its plain arguments.
    columns : sequence of str
        Those that are wanted, as far as they are there; none for all, which are not mapped.
    files : mapping of str to Path or None
        Parquet, each in an entry of the store, whose key names the rows.

    Returns
    -------
    pd.DataFrame
        As of `make`, of these columns; None where one of the tables is not kept.
    """
    kept = [file for file in files.values() if file is not None]
    if len(kept) < len(files):
        return None
    read = partial(make, None, *given, **files)
    if not columns:
        return read()
    if max(pq.read_metadata(file).num_rows for file in kept) < LONG:
        table = read(columns=columns)
        return table[[name for name in columns if name in table]]
    entries = [file.parent.name for file in kept]
    content = [make.__module__, make.__qualname__, *entries, *map(repr, given)]
    return mapped_apart(shelf, content, columns, lambda some: read(columns=some))


def _keep(shelf: Store, place: str, table: pd.DataFrame) -> None:
    """Write each column of a table as one piece."""
    with shelf.workroom() as room:
        made = room / "entry"
        made.mkdir(mode=0o700)
        for name, column in table.items():
            if isinstance(column.dtype, np.dtype) and column.dtype != object:
                np.save(made / f"{name}.npy", column.to_numpy())
                continue
            values = pa.array(column, from_pandas=True)
            whole = values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values
            schema = pa.schema([pa.field("column", whole.type)], {"kind": str(column.dtype)})
            path = str(made / f"{name}.arrow")
            with pa.OSFile(path, "wb") as file, pa.ipc.new_file(file, schema) as to:
                to.write_batch(pa.record_batch([whole], schema=schema))
        shelf.keep(place, made, {"made": "mapped", "unused_days": _UNUSED_DAYS})


def _mapped(folder: Path, columns: Sequence[str]) -> dict[str, pd.Series]:
    """Map those columns that are there from their files."""
    found = {}
    for name in columns:
        plain, texts = folder / f"{name}.npy", folder / f"{name}.arrow"
        if plain.exists():
            # whoever writes into it has a page of its own
            found[name] = pd.Series(np.asarray(np.load(plain, mmap_mode="c")), copy=False)
        elif texts.exists():
            table = pa.ipc.open_file(pa.memory_map(str(texts))).read_all()
            column, kind = table["column"].to_pandas(), table.schema.metadata[b"kind"].decode()
            found[name] = column if kind == "str" else column.astype(kind)
    return found
