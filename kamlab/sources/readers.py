"""How is a file of each format turned into rows? CSV, Excel, Parquet and JSON lines."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from kamlab.errors import DataRefusedError
from kamlab.sources import sql
from kamlab.sources.delimited import dialect, stage_delimited
from kamlab.sources.encodings import detect
from kamlab.sources.endings import JSON, TEXT, ending, unpack
from kamlab.sources.headers import header_row
from kamlab.sources.sheets import EXCEL, one_sheet, opened, unreadable
from kamlab.sources.staging import Row, stage, unique


@dataclass(frozen=True, slots=True)
class Raw:
    """What a reader found.

    Attributes
    ----------
    relation : str
        SQL table function with the source columns, `_row` and `_bad`.
    columns : dict of str to str
        DuckDB type of each source column.
    notes : dict of str to str
        What was found out, for people: encoding, delimiter, sheet.
    """

    relation: str
    columns: dict[str, str]
    notes: dict[str, str] = field(default_factory=dict)


def read_file(
    connection: duckdb.DuckDBPyConnection,
    path: Path,
    label: str,
    options: dict,
    wanted: set[str],
    workroom: Path,
) -> Raw:
    """Make the rows of one file readable by DuckDB, each with its row number.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    path : Path
    label : str
        The file's name in messages.
    options : dict
        `encoding`, `delimiter`, `skip`, `sheet` of the mapping, each optional.
    wanted : set of str
        Casefolded names of columns that the file should have.
    workroom : Path
        Private folder for what is staged.

    Returns
    -------
    Raw

    Raises
    ------
    DataRefusedError
        If the file cannot be read at all.
    """
    suffix, path = ending(path), unpack(path, label, workroom)
    if suffix == ".parquet":
        return _read_parquet(connection, path, label)
    out = workroom / "staged.parquet"
    if suffix in EXCEL:
        notes = _stage_excel(path, label, options, wanted, out)
    elif suffix in JSON:
        notes = _stage_json(path, label, options, wanted, out)
    elif suffix in TEXT:
        how = dialect(path, label, options, wanted)
        stage_delimited(connection, path, label, how, out)
        marks = {"\t": "tab", ",": "comma", ";": "semicolon", "|": "bar"}
        notes = {"encoding": how.encoding, "delimiter": marks.get(how.delimiter, how.delimiter)}
        if how.skip:
            notes["lines above the header"] = str(how.skip)
    else:
        raise DataRefusedError(
            f"{label}: kamlab does not read {suffix or 'files without an ending'}. It reads CSV, "
            "Excel, Parquet, JSON lines, and SQLite and DuckDB files by database = …"
        )
    return typed(connection, sql.parquet([out]), notes)


def typed(connection: duckdb.DuckDBPyConnection, relation: str, notes: dict[str, str]) -> Raw:
    """Describe what has been made readable."""
    return Raw(relation, _types(connection, relation), notes)


def _all_columns(connection: duckdb.DuckDBPyConnection, relation: str) -> list[str]:
    """Give the names of all columns of a relation."""
    return [row[0] for row in connection.execute(f"DESCRIBE FROM {relation}").fetchall()]


def _types(connection: duckdb.DuckDBPyConnection, relation: str) -> dict[str, str]:
    """Give the types of a relation's source columns."""
    described = connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()
    return {row[0]: row[1] for row in described if row[0] not in ("_row", "_bad")}


def _read_parquet(connection: duckdb.DuckDBPyConnection, path: Path, label: str) -> Raw:
    """Take Parquet as it is; rows count from 1."""
    function = sql.parquet([path], "file_row_number = true")
    try:
        types = _types(connection, function)
        types.pop("file_row_number", None)
        inner = [name for name in ("_row", "_bad") if name in _all_columns(connection, function)]
    except duckdb.Error as error:
        raise unreadable(label, "Parquet", error) from None
    relation = (
        f"(SELECT * EXCLUDE ({', '.join(['file_row_number', *inner])}), "
        "file_row_number + 1 AS _row, "
        f"NULL::VARCHAR AS _bad FROM {function})"
    )
    return Raw(relation, types)


def _stage_excel(
    path: Path, label: str, options: dict, wanted: set[str], out: Path
) -> dict[str, str]:
    """Stage one sheet; formulas count by their stored value."""
    with opened(path, label) as book:
        sheet = one_sheet(path, book.sheet_names, label, options.get("sheet"))
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    skip = int(options.get("skip") or 0)
    header = next((n for n, row in enumerate(rows) if n >= skip and _filled(row)), None)
    if header is None:
        raise DataRefusedError(f"{label}, sheet {sheet!r}: the sheet is empty.")
    if not options.get("skip"):
        header = header_row(rows, header, wanted)
    width = max(n for n, cell in enumerate(rows[header], 1) if cell not in ("", None))
    columns = unique(rows[header][:width])
    numbered = (
        (n, [None if cell == "" else cell for cell in row[:width]], None)
        for n, row in enumerate(rows[header + 1 :], header + 2)
        if _filled(row)
    )
    stage(numbered, columns, out)
    return {"sheet": sheet, "header row": str(header + 1)}


def _filled(row: Sequence[object]) -> bool:
    """Whether any cell of a row holds something."""
    return any(cell not in ("", None) for cell in row)


def _stage_json(
    path: Path, label: str, options: dict, wanted: set[str], out: Path
) -> dict[str, str]:
    """Stage JSON lines, or a file that is one JSON list of objects; none is a table of no rows."""
    encoding = str(options.get("encoding") or detect(path, label))
    try:
        with path.open(encoding=encoding) as file:
            listed = file.read(1 << 16).lstrip("\ufeff \t\r\n").startswith("[")
        columns: dict[str, None] = {}
        empty = True
        for _, values, _ in _objects(path, encoding, listed):
            columns |= dict.fromkeys(values or ())
            empty = False
        if empty:  # an export of no records has no header as a CSV file of none has
            columns = dict.fromkeys(sorted(wanted))
        if not columns:
            raise DataRefusedError(
                f"{label}: no line is a JSON object. Expected one object a line, as in "
                '{"account_id": "A1", "net_sales": 10.5}.'
            )
        names = unique(columns)
        rows: Iterator[Row] = (
            (n, [values.get(name) for name in columns] if values else None, wrong)
            for n, values, wrong in _objects(path, encoding, listed)
        )
        stage(rows, names, out)
    except (UnicodeError, LookupError):
        raise DataRefusedError(
            f"{label}: the file is not valid {encoding}. Export it again, or write encoding = … "
            "for it in kamlab.toml."
        ) from None
    except json.JSONDecodeError as error:
        raise unreadable(label, "JSON", error) from None
    return {"encoding": encoding, "layout": "one list" if listed else "one object a line"}


def _objects(
    path: Path, encoding: str, listed: bool
) -> Iterator[tuple[int, dict | None, str | None]]:
    """Give each object with its line (or its place in the list)."""
    with path.open(encoding=encoding) as file:
        if listed:
            for place, item in enumerate(json.loads(file.read().lstrip("\ufeff")), 1):
                ok = isinstance(item, dict)
                yield place, item if ok else None, None if ok else str(item)[:200]
            return
        for line, text in enumerate(file, 1):
            text = text.strip().lstrip("\ufeff")
            if not text:
                continue
            try:
                item = json.loads(text)
            except (json.JSONDecodeError, RecursionError):
                item = None
            ok = isinstance(item, dict)
            yield line, item if ok else None, None if ok else text[:200]
