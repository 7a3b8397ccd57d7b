"""How is personal data written for a person to read, so that nobody else reads it or is harmed?"""

import csv
import os
import tempfile
from pathlib import Path

import pandas as pd

_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(value: object) -> object:
    """Put an apostrophe before a text which a spreadsheet would run as a formula.

    Examples
    --------
    >>> harmless("=1+1"), harmless("Koch"), harmless(7)
    ("'=1+1", 'Koch', 7)
    """
    risky = isinstance(value, str) and value.startswith(_FORMULA)
    return f"'{value}" if risky else value


def write_private(path: Path, table: pd.DataFrame) -> None:
    """Write a table as CSV whole, for its owner only (0600), and without formulas.

    Parameters
    ----------
    path : Path
        Its folder exists.
    table : pd.DataFrame
    """
    handle, aside = tempfile.mkstemp(dir=path.parent, prefix=".")
    with os.fdopen(handle, "w", encoding="utf-8-sig", newline="") as file:
        table.astype(object).map(harmless).to_csv(file, index=False, lineterminator="\n")
    Path(aside).replace(path)


def drop_lines(path: Path, values: set[str]) -> bool:
    """Take the lines that hold one of some values out of a CSV file that `write_private` wrote.

    Parameters
    ----------
    path : Path
    values : set of str
        Details of a person as the sources write them.

    Returns
    -------
    bool
        Whether there were any.
    """
    with path.open(encoding="utf-8-sig", newline="") as file:
        head, *lines = list(csv.reader(file)) or [[]]
    kept = [line for line in lines if not {cell.removeprefix("'") for cell in line} & values]
    if len(kept) < len(lines):
        write_private(path, pd.DataFrame(kept, columns=head))
    return len(kept) < len(lines)
