"""Which rows may be there twice? Hashes are sorted, and equal ones then lie side by side."""

from concurrent.futures import ThreadPoolExecutor

import duckdb
import numpy as np
import pyarrow as pa

from kamlab.sources import sql

_AT_ONCE = 25_000_000  # rows among which repeats are looked for
_SORTED = 2  # such parts side by side, since a sort takes one core


def keep_repeated(connection: duckdb.DuckDBPyConnection, number: str, rows: str, most: int) -> bool:
    """Keep the hashes that stand in more than one row as the table `repeated`, of column `_hash`.

    Sorting numbers is much quicker than grouping by them, and needs no more memory than they do.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    number : str
        SQL of the hash of a row, an unsigned whole number that is never missing.
    rows : str
        SQL of the table.
    most : int
        Rows that it has at most.

    Returns
    -------
    bool
        Whether any repeats.
    """
    pieces = most // _AT_ONCE + 1  # of hashes, to fit memory
    asked = [
        f"SELECT {number} FROM {rows} WHERE {number} % {pieces} = {piece}"
        for piece in range(pieces)
    ]
    own = [sql.another(connection) for _ in asked]
    with ThreadPoolExecutor(_SORTED) as pool:
        found = list(pool.map(_more_than_once, own, asked))
    repeated = pa.table({"_hash": np.concatenate(found)})
    connection.register("found", repeated)
    connection.execute("CREATE OR REPLACE TABLE repeated AS FROM found")
    connection.unregister("found")
    return len(repeated) > 0


def _more_than_once(connection: duckdb.DuckDBPyConnection, query: str) -> np.ndarray:
    """Give each number once that a query gives more than once."""
    (column,) = connection.sql(query).to_arrow_table().columns
    numbers = np.sort(column.to_numpy())
    again = numbers[1:] == numbers[:-1]
    # the first of each run of equal ones; np.unique takes a hundred times as long as the sort
    return numbers[1:][again & ~np.append(False, again[:-1])]
