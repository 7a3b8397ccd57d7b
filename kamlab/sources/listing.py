"""What was read, and what lies beside it and feeds no table?"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw
import pandas as pd

from kamlab.sources import sql
from kamlab.sources.assembly import Assembled
from kamlab.sources.mapping import Mapping
from kamlab.sources.parts import Part
from kamlab.sources.pushed import Pushed
from kamlab.sources.queries import files_of
from kamlab.sources.schema import TABLES, TYPES, Table

FILES = ("table", "file", "size", "sha256", "rows", "newest_date")
_ASIDE = "blanked.parquet"
_COUNTED = 2_000_000  # order lines of which accounts and their days are counted
_EACH = 250  # lines an account, where they are not counted
_SOME, _SHOWN = 3, 60  # values of each column that are shown, and how much of each


def empty(connection: duckdb.DuckDBPyConnection, table: Table) -> pd.DataFrame:
    """Give no rows of the columns that a table must have."""
    must = ", ".join(
        f"CAST(NULL AS {TYPES[column.kind]}) AS {sql.name(column.name)}"
        for column in table.columns
        if column.required
    )
    return connection.cursor().sql(f"SELECT {must} WHERE false").df()


def of_accounts(
    rows: duckdb.DuckDBPyRelation, accounts: Sequence[str] | None
) -> duckdb.DuckDBPyRelation:
    """Give the rows of some accounts; all where none are named."""
    if accounts is None:
        return rows
    wanted = nw.col("account_id").is_in(list(accounts))
    return nw.from_native(rows).filter(wanted).to_native()


def rows(reconciliation: pd.DataFrame, name: str) -> int:
    """Give the rows of a table that are kept."""
    return int(reconciliation.set_index("table").loc[name, "rows_kept"])


def days(orders: Any) -> list[tuple[date, int, float]]:  # noqa: ANN401  of several engines
    """Give each day of orders with its lines and net sales, the oldest first."""
    lines = nw.from_native(orders).lazy()
    asked = [nw.len().alias("lines"), nw.col("net_sales").sum()]
    found = lines.group_by("order_date").agg(*asked).collect("pyarrow").to_native()
    columns = [found[name].to_pylist() for name in ("order_date", "lines", "net_sales")]
    return sorted((day, int(n), float(sales)) for day, n, sales in zip(*columns, strict=True))


def breadth(orders: Any, lines: int) -> tuple[int, int]:  # noqa: ANN401  of several engines
    """Count accounts, and the days on which each ordered, for what memory they will take.

    Parameters
    ----------
    orders : DuckDB relation, PySpark or Ibis frame
    lines : int
        Their rows.

    Returns
    -------
    tuple of int and int
        Of more than two million lines reckoned from a part of the accounts. Where lines are
        elsewhere they are not counted: as many days as lines, and an account for 250 of them.
    """
    if not isinstance(orders, duckdb.DuckDBPyRelation):
        return lines // _EACH, lines
    parts = lines // _COUNTED + 1
    some = orders.filter(f"hash(account_id) % {parts} = 0")
    each = some.project("account_id, order_date").distinct()
    found = each.aggregate("count(DISTINCT account_id), count(*)")
    accounts, days = found.fetchall()[0]
    return accounts * parts, days * parts


def count(table: Any, column: str) -> tuple[int, int, Any]:  # noqa: ANN401  of several engines
    """Count rows and those that know a column, and give its largest value."""
    lazy = nw.from_native(table).lazy()
    asked = [nw.len().alias("rows")]
    if column in lazy.collect_schema().names():
        asked += [nw.col(column).count().alias("known"), nw.col(column).max().alias("most")]
    found = lazy.select(*asked).collect("pyarrow").to_native().to_pylist()[0]
    return int(found["rows"]), int(found.get("known", 0)), found.get("most")


def set_aside(pushed: Pushed) -> pd.DataFrame:
    """List what was set aside for its currency where the lines are."""
    sums = pushed.refused_sums
    return sums.loc[
        sums["reason"] == "in another currency", ["table", "currency", "rows", "amount"]
    ]


def file_of(pushed: Pushed) -> pd.DataFrame:
    """Describe order lines that were not read here as one file, named by what they add up to."""
    rows = pushed.reconciliation[1]
    newest = pd.Timestamp(pushed.end) - pd.Timedelta(days=1)
    return pd.DataFrame(
        [("orders", pushed.label, 0, pushed.content, rows, newest)], columns=list(FILES)
    )


def files_read(made: dict[str, Assembled]) -> pd.DataFrame:
    """List what was read."""
    rows = [
        (
            name,
            part.origin.label,
            part.origin.size,
            # of a server only what it answered tells whether the data is the same
            part.key if part.origin.entry.kind == "url_env" else part.origin.sha256,
            part.meta["rows"],
            pd.to_datetime(max(part.meta["days"]), errors="coerce")
            if part.meta["days"]
            else pd.NaT,
        )
        for name, whole in made.items()
        for part in whole.parts
    ]
    return pd.DataFrame(rows, columns=list(FILES))


def not_understood(mapping: Mapping, parts: dict[str, list[Part]]) -> tuple[str, ...]:
    """Name what lies beside the data and feeds no table."""
    used = {path.resolve() for path in (mapping.path, mapping.industry) if path}
    for part in (part for several in parts.values() for part in several):
        used |= {part.origin.path.resolve()} if part.origin.path else set()
        if part.origin.entry.kind == "sql":
            used |= {one.resolve() for one in files_of(str(part.origin.entry["sql"]), mapping.root)}
    if mapping.engine != "duckdb":
        patterns = [p for e in mapping.entries if e.table == "orders" for p in e["file"] or ()]
        near = [pattern for pattern in patterns if not Path(pattern).is_absolute()]
        used |= {one.resolve() for pattern in near for one in mapping.root.glob(pattern)}
    used |= {parent for one in used for parent in one.parents}
    return tuple(
        path.name + ("/" if path.is_dir() else "")
        for path in sorted(mapping.root.iterdir())
        if path.resolve() not in used and not path.name.startswith(".")
    )


def left_out(connection: duckdb.DuckDBPyConnection, made: dict[str, Assembled]) -> pd.DataFrame:
    """List optional values that could not be read, in rows that are kept without them.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    made : dict of str to Assembled

    Returns
    -------
    pd.DataFrame
        `table`, `file`, `row`, `column`, `value` (missing where it may be personal), `expected`.
    """
    selects = [query for whole in made.values() if (query := _left_out(whole))]
    if not selects:
        return pd.DataFrame(columns=["table", "file", "row", "column", "value", "expected"])
    joined = " UNION ALL ".join(selects)
    return connection.cursor().sql(f'FROM ({joined}) ORDER BY "table", file, "row", "column"').df()


def unread_amounts(refused_sums: pd.DataFrame, table: str) -> int:
    """Count refused rows of a table whose amount cannot be read, so that no sum holds it.

    Parameters
    ----------
    refused_sums : pd.DataFrame
        As of `Sources`.
    table : str
    """
    own = (refused_sums["table"] == table) & (refused_sums["column"] == TABLES[table].money)
    return int(refused_sums.loc[own & refused_sums["amount"].isna(), "rows"].sum())


def unread(connection: duckdb.DuckDBPyConnection, whole: Assembled) -> list[str]:
    """Say of each column of a table which optional values could not be read, and show some.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    whole : Assembled

    Returns
    -------
    list of str
        Lines for `kamlab check`; of a personal table without values, which are not kept.
    """
    query = _left_out(whole)
    if not query:
        return []
    found = connection.execute(
        'SELECT "column", expected, sum(rows), list((value, file, first) ORDER BY file, first) '
        f'[:{_SOME}], count(*) FROM (SELECT "column", expected, value, count(*) AS rows, '
        f'arg_min(file, (file, "row")) AS file, min((file, "row"))[2] AS first FROM ({query}) '
        "GROUP BY ALL) GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    lines = []
    for column, expected, rows, some, different in found:
        told = ", ".join(
            f"{'' if value is None else f'{value[:_SHOWN]!r} in '}{file}, row {row}"
            for value, file, row in some
        )
        more = " and others" if rows > len(some) and different > len(some) else ""
        lines += [
            f"  values left out: {int(rows):,} × {column}, which cannot be read",
            f"    {told}{more}; expected {expected}",
        ]
    return lines


def _left_out(whole: Assembled) -> str:
    """Write the query of the values of a table that were left out; "" where there are none."""
    return " UNION ALL ".join(
        f'SELECT {sql.text(whole.table.name)} AS "table", {sql.text(part.origin.label)} AS file, '
        f'_row AS "row", "column", value, expected FROM {sql.parquet([part.place / _ASIDE])}'
        for part in whole.parts
        if part.meta["blanked"]
    )


def stacked(first: pd.DataFrame | None, then: pd.DataFrame | None) -> pd.DataFrame:
    """Put one table under another, where both are there."""
    given = [table for table in (first, then) if table is not None]
    filled = [table for table in given if len(table)] or given[:1]
    return pd.concat(filled, ignore_index=True)
