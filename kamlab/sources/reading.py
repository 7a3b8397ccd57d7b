"""What do all sources hold? Read the entries of a mapping, two at a time."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import duckdb

from kamlab.sources import sql
from kamlab.sources.mapping import Entry, Mapping
from kamlab.sources.parts import Part, read_entry
from kamlab.sources.store import Store

_AT_ONCE = 2
"""Entries read side by side: one alone leaves half of two cores idle; all share one limit."""

_BREATH = 0.05  # seconds


def read_entries(
    connection: duckdb.DuckDBPyConnection,
    entries: Sequence[Entry],
    mapping: Mapping,
    shelf: Store,
) -> dict[str, list[Part]]:
    """Read what entries of a mapping name; what the store has is not read again.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        From `sql.connect`.
    entries : sequence of Entry
    mapping : Mapping
    shelf : Store

    Returns
    -------
    dict of str to list of Part
        By canonical table, in the order of the entries.

    Raises
    ------
    DataRefusedError
        Of the first entry, in their order, that cannot be read or needs an answer.
    """
    parts: dict[str, list[Part]] = {}
    own = [sql.another(connection) for _ in range(_AT_ONCE)]
    free = [*own]  # as many as threads

    def read(entry: Entry) -> list[Part]:
        taken = free.pop()
        try:
            return read_entry(taken, entry, mapping, shelf)
        finally:
            free.append(taken)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        started = [pool.submit(read, entry) for entry in entries]
        try:
            for entry, made in zip(entries, started, strict=True):
                parts.setdefault(entry.table, []).extend(made.result())
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            while not all(made.done() for made in started):
                for one in own:  # one that is between two queries goes on to the next
                    one.interrupt()
                time.sleep(_BREATH)
            raise
    return parts
