"""What did this run find when it checked lines that lie elsewhere? Its studies check them once.

Fourteen studies open the same data. On a cluster or in a database each check is a pass over all
lines, so the first study of a run leaves here what it found, and the others take that.
"""

import os
from collections.abc import Callable
from pathlib import Path

import pandas as pd

from kamlab.sources.once import held
from kamlab.sources.store import Store, key

VARIABLE = "KAMLAB_READING"
"""Names the run, for all of its studies; whoever works alone has none and always checks."""

Found = tuple[dict, dict[str, pd.DataFrame]]


def as_read(shelf: Store, asked: list[str], check: Callable[[], Found]) -> Found:
    """Check lines, or take what another study of this run found.

    Parameters
    ----------
    shelf : Store
        Keeps it.
    asked : list of str
        What names the lines that are asked for.
    check : callable
        Gives what was found: a dictionary of plain values, and tables by their names.

    Returns
    -------
    tuple of dict and of dict of str to pd.DataFrame
    """
    run = os.environ.get(VARIABLE)
    if not run:
        return check()
    place = key("as read", run, asked)
    with held(shelf, place):
        said = shelf.find(place)
        if said is None:
            about, tables = check()
            with shelf.workroom() as room:
                made = room / "entry"
                made.mkdir(mode=0o700)
                for name, table in tables.items():
                    table.to_parquet(made / f"{name}.parquet")
                shelf.keep(place, made, {"about": about, "tables": list(tables)})
            return about, tables
    home: Path = shelf.place(place)
    return said["about"], {
        name: pd.read_parquet(home / f"{name}.parquet") for name in said["tables"]
    }
