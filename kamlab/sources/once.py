"""What was made of these data before? A calculation is done once for the same data and code.

Studies ask for the same sums of order lines. What one of them made is kept in the store as Parquet,
under a hash of the rows, the code and the arguments it was made with; the next one reads it.
"""

import datetime as dt
import fcntl
import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import narwhals as nw
import pandas as pd
import pyarrow.parquet as pq

from kamlab.fingerprint import package_hash
from kamlab.sources.fetch import fetch
from kamlab.sources.memory import give_back
from kamlab.sources.store import Store, key

_PLAIN = (str, int, float, bool, dt.date, type(None))
_FILE = "table.parquet"
UNUSED_DAYS = 60
"""After so many days in which nobody asked for it, an entry leaves the store."""


def made_once(
    shelf: Store,
    content: Sequence[str],
    make: Callable[..., pd.DataFrame | None],
    table: Callable[[], Any],
    given: Sequence[Any],
    named: Mapping[str, Any],
    columns: Sequence[str] = (),
    takes: Mapping[str, Callable[[], Any]] | None = None,
    still: Callable[[], None] | None = None,
) -> pd.DataFrame | None:
    """Make a table, or read what was made of the same.

    Parameters
    ----------
    shelf : Store
        Keeps it.
    content : sequence of str
        What names the rows of the table that it is made of.
    make : callable
        A public function; called with that table, `given` and `named`.
    table : callable
        Gives the table that it is made of, of any engine; asked only where it is to be made.
    given, named : sequence, mapping
        Further arguments: texts, numbers, days, truth values or None.
    columns : sequence of str
        Those that are wanted, as far as they are there; default all.
    takes : mapping of str to callable, optional
        Gives further arguments that are made of the same rows, only where the table is to be made.
    still : callable, optional
        Raises where the rows are no longer those that `content` names: then nothing is kept.

    Returns
    -------
    pd.DataFrame or None
        With a plain index; None where the lines lack what it takes.

    Raises
    ------
    TypeError
        If an argument is of another kind, so that it cannot be told whether it is the same.
    """
    told = [*given, *named.values()]
    if strange := [value for value in told if not isinstance(value, _PLAIN)]:
        raise TypeError(f"what is made once takes plain arguments, not {type(strange[0]).__name__}")
    said = [repr(one) for one in given], sorted(f"{name}={one!r}" for name, one in named.items())
    what, code = _named(make)
    place = key("made", what, code, list(content), said)

    def write(file: Path) -> bool:
        beside = {name: get() for name, get in (takes or {}).items()}
        found = make(table(), *given, **named, **beside)
        if found is not None:
            found.to_parquet(file, index=False)
        return found is not None

    if not _keep(shelf, place, what, write, still):
        return None
    # read as whoever comes next reads it: only what is wanted
    file = shelf.place(place) / _FILE
    there = pq.read_schema(file).names
    kept = pq.read_table(file, columns=[name for name in there if name in columns] or None)
    table = kept.to_pandas(split_blocks=True, self_destruct=True)  # no second copy
    del kept
    give_back()
    return table


def kept_once(
    shelf: Store,
    content: Sequence[str],
    make: Callable[..., nw.LazyFrame | None],
    table: Callable[[], Any],
    given: Sequence[int] = (),
    still: Callable[[], None] | None = None,
) -> Path | None:
    """Make a table that is too long for memory, or find what was made of the same.

    Parameters
    ----------
    shelf, content, table, still
        As of `made_once`.
    make : callable
        A public function of that table that gives a lazy one.
    given : sequence of int, optional
        Its further arguments.

    Returns
    -------
    Path or None
        Parquet file; None where the table lacks what it takes.
    """
    what, code = _named(make)
    place = key("kept", what, code, list(content), list(given))

    def write(file: Path) -> bool:
        found = make(table(), *given)
        if found is None:
            return False
        if found.implementation.is_duckdb():
            found.sink_parquet(file)
        else:
            fetch(found, file, ("account_id", "day"))
        return True

    return shelf.place(place) / _FILE if _keep(shelf, place, what, write, still) else None


def _keep(
    shelf: Store,
    place: str,
    what: str,
    write: Callable[[Path], bool],
    still: Callable[[], None] | None,
) -> bool:
    """Write what is not kept yet; say whether it is there, since there may be nothing to write."""
    with held(shelf, place):
        if shelf.find(place) is not None:
            return True
        with shelf.workroom() as room:
            made = room / "entry"
            made.mkdir(mode=0o700)
            if not write(made / _FILE):
                return False
            if still is not None:
                still()
            shelf.keep(place, made, {"made": what})
        shelf.drop_unused(UNUSED_DAYS)
        return True


def _named(make: Callable[..., Any]) -> tuple[str, list[str]]:
    """Name a function and the code behind it; one of the user's own is not in our package."""
    code = [package_hash(), Path(inspect.getfile(make)).read_text(encoding="utf-8")]
    return f"{make.__module__}.{make.__qualname__}", code


@contextmanager
def held(shelf: Store, place: str) -> Iterator[None]:
    """Let another process that makes the same finish first."""
    with (shelf.folder / "tmp" / f"{place}.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
