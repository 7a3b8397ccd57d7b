"""What does an analyst's DuckDB query over the files give? Run it inside the data's folder only."""

import os
import re
from pathlib import Path
from tempfile import mkdtemp

import duckdb

from kamlab.errors import DataRefusedError, UsageError
from kamlab.sources import dates, sql
from kamlab.sources.casts import cast
from kamlab.sources.columns import wanted
from kamlab.sources.endings import readable
from kamlab.sources.mapping import Entry, Mapping
from kamlab.sources.numbers import said_mark
from kamlab.sources.readers import Raw, read_file, typed
from kamlab.sources.schema import TABLES
from kamlab.sources.sheets import chosen_sheets, several

_AFTER_FROM = re.compile(r"\b(from|join)\s*'((?:[^']|'')*)'", re.IGNORECASE)
_QUOTED = re.compile(r'"((?:[^"]|"")+)"')
_LITERAL = re.compile(r"'((?:[^']|'')*)'")
_SHEET = re.compile(r"(.*\.(?:xls[xmb]?|ods))#(.+)", re.IGNORECASE)


def files_of(query: str, root: Path) -> list[Path]:
    """Find the files that a query names between quotes, patterns included.

    Parameters
    ----------
    query : str
        DuckDB SQL.
    root : Path
        Folder from which names count.

    Returns
    -------
    list of Path
        Sorted, each once.
    """
    return sorted({path for found in _LITERAL.findall(query) for path in _named(found, root)})


def _named(literal: str, root: Path) -> list[Path]:
    """Find the files that one literal names; none where it is no name of a data file."""
    name, _ = _sheet_of(literal.replace("''", "'"))
    path = root / name
    plain = Path(os.path.normpath(path))
    inside = plain.is_relative_to(root)
    if not readable(path) or "\n" in name or not inside:
        return []
    if path.is_file():
        return [path]
    try:
        return [found for found in root.glob(str(plain.relative_to(root))) if found.is_file()]
    except ValueError:  # two stars within a name
        return []


def _sheet_of(name: str) -> tuple[str, str]:
    """Part a workbook's name and the sheet after `#`, as in `book.xlsx#Lines`."""
    found = _SHEET.fullmatch(name)
    return (found[1], found[2]) if found else (name, "")


def run(connection: duckdb.DuckDBPyConnection, entry: Entry, mapping: Mapping, room: Path) -> Raw:
    """Run the query of an entry and stage its rows.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        Reads the staged rows afterwards; the query has a connection of its own.
    entry : Entry
        Of kind sql.
    mapping : Mapping
        Its root is the only folder that the query may read.
    room : Path
        Private folder for the rows.

    Raises
    ------
    UsageError
        If the query is not one SELECT.
    DataRefusedError
        If DuckDB cannot run it; the message is DuckDB's.
    """
    query, root = str(entry["sql"]).strip().rstrip(";"), mapping.root
    query = _AFTER_FROM.sub(lambda found: _texts(connection, found, entry, root, room), query)
    query = _LITERAL.sub(lambda found: _whole(found, root), query)
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise UsageError(f"{entry.place}: the sql cannot be parsed: {_said(error)}") from None
    if len(statements) != 1 or statements[0].type != duckdb.StatementType.SELECT:
        raise UsageError(f"{entry.place}: sql must be one SELECT over the files of the folder.")
    out = room / "queried.parquet"
    with sql.connect(room / "spill") as inside:
        inside.execute(f"SET allowed_directories = {sql.texts([root, room])}")
        inside.execute("SET enable_external_access = false")
        try:
            inside.execute(
                "COPY (SELECT *, row_number() OVER () AS _row, NULL::VARCHAR AS _bad FROM (\n"
                f"{query}\n)) TO {sql.text(out)} {sql.PARQUET}"
            )
        except duckdb.Error as error:
            raise DataRefusedError(
                f"{entry.place}, sql: DuckDB says: {_said(error)} Files are named from "
                f"{root}, and nothing outside it can be read."
            ) from None
    return typed(connection, sql.parquet([out]), {})


def _whole(found: re.Match, root: Path) -> str:
    """Replace a file's name by its whole path."""
    named = _named(found[1], root)
    return sql.text(root / found[1].replace("''", "'")) if named else found[0]


def _texts(
    connection: duckdb.DuckDBPyConnection, found: re.Match, entry: Entry, root: Path, room: Path
) -> str:
    """Replace a text file after FROM or JOIN by its rows, read as any file is and typed."""
    named = [one for one in _named(found[2], root) if one.suffix.lower() != ".parquet"]
    if not named:
        return found[0]
    formats = entry["date_format"]
    given = [dates.strptime_format(formats, entry.place)] if isinstance(formats, str) else []
    decimal = said_mark(entry.options)
    names = {one.replace('""', '"').casefold() for one in _QUOTED.findall(found.string)}
    names |= wanted(TABLES[entry.table], entry)  # they tell the header below titles
    outs = []
    for path in sorted(named):
        label = str(path.relative_to(root))
        wants = _sheet_of(found[2].replace("''", "'"))[1] or entry["sheet"]
        sheets = chosen_sheets(path, label, wants) if several(path, wants) else [wants]
        for sheet in sheets:
            inside = Path(mkdtemp(dir=room))
            options = entry.options | {"sheet": sheet}
            raw = read_file(connection, path, label, options, names, inside)
            outs.append(inside / "typed.parquet")
            connection.execute(
                f"COPY ({cast(connection, raw, given, decimal)}) TO {sql.text(outs[-1])} "
                f"{sql.PARQUET}"
            )
    return f"{found[1]} {sql.parquet(outs, 'union_by_name = true')}"


def _said(error: Exception) -> str:
    """Give the message of DuckDB, without the marks under the text."""
    lines = [line for line in str(error).strip().splitlines() if line.strip(" ^")]
    return " ".join(lines[:4])[:500]
