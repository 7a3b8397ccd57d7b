"""Do lines count as sales that the source itself calls cancelled?"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import duckdb

from kamlab.sources import sql
from kamlab.sources.alike import called
from kamlab.sources.composing import lines_of
from kamlab.sources.ingredients import STATES
from kamlab.sources.mapping import Entry
from kamlab.sources.readers import Raw

if TYPE_CHECKING:
    from kamlab.sources.opening import Sources

_CANCELLED = "^(cancel|void|storn|annul|anul|geannul|rejected|已?取消|已?作废)"
_MOST = 20  # ways of writing it


def cancelled(
    connection: duckdb.DuckDBPyConnection, raw: Raw, columns: Sequence[str]
) -> dict[str, object]:
    """Count the lines that a column of states calls cancelled.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    raw : Raw
        Order lines.
    columns : sequence of str
        Columns that feed nothing.

    Returns
    -------
    dict
        `column`, `values` (the commonest such states, as they are written) and `lines` that have
        one of them; empty where there is no such column, or it calls no line so.
    """
    column = called(STATES, columns)
    if not column:
        return {}
    value = f"CAST({sql.name(column)} AS VARCHAR)"
    found = connection.execute(
        f"SELECT {value}, count(*) AS lines FROM {raw.relation} "
        f"WHERE regexp_matches(lower(trim({value})), {sql.text(_CANCELLED)}) "
        f"GROUP BY 1 ORDER BY lines DESC, 1 LIMIT {_MOST}"
    ).fetchall()
    if not found:
        return {}
    values, lines = zip(*found, strict=True)
    return {"column": column, "values": values, "lines": sum(lines)}


def cancelled_lines(sources: "Sources") -> int:
    """Count the order lines that count although their source calls them cancelled.

    Parameters
    ----------
    sources : Sources
        Of lines that are worked on elsewhere nothing is known.
    """
    return sum(int(told["lines"]) for _, told in _told(sources))


def said(sources: "Sources") -> list[str]:
    """Say for `kamlab check` which lines those are, and how they are left out.

    Parameters
    ----------
    sources : Sources
    """
    lines: list[str] = []
    known: dict[Entry, list[dict]] = {}
    for entry, told in _told(sources):
        known.setdefault(entry, []).append(told)
    for entry, found in known.items():
        column = str(found[0]["column"])
        values = sorted({value for told in found for value in told["values"]})
        listed = ", ".join(map(sql.text, values))
        count = sum(told["lines"] for told in found)
        left = f"WHERE {sql.name(column)} IS NULL OR {sql.name(column)} NOT IN ({listed})"
        lines.append(f"  {count:,} lines count, though {column} is {listed}. To leave them out,")
        if entry.kind == "file":
            lines.append(f"    sql = '''SELECT * FROM {lines_of(entry)} {left}'''")
            lines.append("    in place of the file under [[orders]] in kamlab.toml")
        else:
            lines.append(f"    ask for the lines {left}")
    return lines


def _told(sources: "Sources") -> list[tuple[Entry, dict]]:
    """Give what was found in each source of orders that was read here."""
    whole = sources._assembled.get("orders")  # noqa: SLF001  the same room
    parts = whole.parts if whole else ()
    found = [(part.origin.entry, part.meta.get("cancelled")) for part in parts]
    return [(entry, told) for entry, told in found if told]
