"""What do the lines of a CSV file hold? Find its marks, split its lines, number them."""

import csv
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import numpy as np

from kamlab.errors import DataRefusedError
from kamlab.sources import sql
from kamlab.sources.encodings import chunks, detect
from kamlab.sources.headers import header_row, likeness
from kamlab.sources.staging import Row, stage, unique

DELIMITERS = (",", ";", "\t", "|")
_SAMPLE = 1 << 18
_MOST_LINES = 0.5  # share of lines that are as long as the header
_IRREGULAR = re.compile(rb"\n\r?\n|\r(?!\n)|\x00|\n[,;\t| \xa0]*\r?\n")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a delimited file is written.

    Attributes
    ----------
    encoding : str
    delimiter : str
    skip : int
        Lines above the header.
    columns : list of str
        Names in the header, made unique.
    """

    encoding: str
    delimiter: str
    skip: int
    columns: list[str]


def dialect(path: Path, label: str, options: dict, wanted: set[str]) -> Dialect:
    """Find how a file is written.

    Parameters
    ----------
    path : Path
    label : str
        The file's name in messages.
    options : dict
        `encoding`, `delimiter` and `skip` of the mapping, each optional.
    wanted : set of str
        Names of columns that the header should hold; they decide between delimiters.

    Raises
    ------
    DataRefusedError
        If the file is empty, cannot be decoded, or has no header.
    """
    if not path.stat().st_size:
        raise DataRefusedError(f"{label}: the file is empty. Expected a header and lines.")
    encoding = str(options.get("encoding") or detect(path, label))
    skip = int(options.get("skip") or 0)
    try:
        with path.open(encoding=encoding, newline="") as file:
            sample = file.read(_SAMPLE)
    except LookupError:
        raise DataRefusedError(
            f"{label}: encoding = {encoding!r} is unknown. Known are for instance utf-8, utf-16, "
            "gb18030, cp1252 and latin-1."
        ) from None
    except UnicodeError:
        raise _undecodable(path, label, encoding) from None
    delimiter = options.get("delimiter")
    hint = re.match(r"\ufeff?sep=(.)\r?\n", sample)
    if hint and not skip:
        skip, delimiter = 1, delimiter or hint[1]
    delimiter = {"\\t": "\t", "tab": "\t"}.get(str(delimiter), delimiter)
    if delimiter and len(str(delimiter)) != 1:
        raise DataRefusedError(f"{label}: delimiter = {delimiter!r} must be one character.")
    body = sample.split("\n", skip)[-1] if skip else sample
    lines = body[: body.rfind("\n") + 1] or body
    titled = options.get("skip") is None
    if not delimiter:
        delimiter = _delimiter(lines, wanted, titled=titled)
    rows = _rows(lines, str(delimiter))
    first = next((n for n, (_, row) in enumerate(rows) if any(map(str.strip, row))), None)
    if first is None:
        raise DataRefusedError(f"{label}: the file holds no header and no line.")
    at = header_row([row for _, row in rows], first, wanted) if titled else first
    above = rows[at][0] if at > first else 0
    return Dialect(encoding, str(delimiter), skip + above, unique(rows[at][1]))


def _rows(lines: str, delimiter: str) -> list[tuple[int, list[str]]]:
    """Split a sample, as far as it can be split; beside each row the count of lines above it."""
    rows: list[tuple[int, list[str]]] = []
    above = 0
    reader = csv.reader(lines.splitlines(keepends=True)[:300], delimiter=delimiter)
    with suppress(csv.Error):
        for row in reader:
            rows.append((above, row))
            above = reader.line_num
    return rows


def _delimiter(lines: str, wanted: set[str], *, titled: bool) -> str:
    """Find what stands between fields: names in the header tell, else how alike the lines are."""
    split = {
        mark: [row for _, row in _rows(lines, mark) if any(map(str.strip, row))]
        for mark in DELIMITERS
    }
    first = {mark: _fit(rows, 0, wanted) for mark, rows in split.items()}
    if not titled:
        return max(DELIMITERS, key=lambda mark: first[mark])
    best = {
        mark: _fit(rows, header_row(rows, 0, wanted), wanted) if rows else first[mark]
        for mark, rows in split.items()
    }
    (held, usual, _), *_ = max(best.values())
    # without a name that is known, what stands on top is believed to be the header if it may be
    believed = not (held or usual) and max(first.values())[1] >= _MOST_LINES
    return max(DELIMITERS, key=lambda mark: (first if believed else best)[mark])


def _fit(
    rows: list[list[str]], header: int, wanted: set[str]
) -> tuple[tuple[int, int, bool], float, int]:
    """Say how well a delimiter fits: its header, share of rows as long as that, and fields."""
    if not rows or len(rows[header]) < 2:
        return ((0, 0, False), 0.0, 0)
    counts = Counter(len(row) for row in rows)
    width = len(rows[header])
    return (likeness(rows[header], wanted), counts[width] / len(rows), width)


def _undecodable(path: Path, label: str, encoding: str) -> DataRefusedError:
    """Name the first line that cannot be decoded."""
    line = 1
    with path.open(encoding=encoding, newline="") as file, suppress(UnicodeError):
        for _ in file:
            line += 1
    return DataRefusedError(
        f"{label}, near line {line}: the bytes are not valid {encoding}. The file is damaged, or "
        "in another encoding: export it again, or write encoding = … for it in kamlab.toml."
    )


def stage_delimited(
    connection: duckdb.DuckDBPyConnection, path: Path, label: str, how: Dialect, out: Path
) -> None:
    """Stage a delimited file, by DuckDB where its lines are regular, else by Python.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    path : Path
        The file.
    label : str
        Its name in messages.
    how : Dialect
    out : Path
        Parquet file to write.

    Raises
    ------
    DataRefusedError
        If the file is cut off, or its lines cannot be split.
    """
    if how.encoding in ("utf-8", "utf-8-sig") and not how.skip and _is_regular(path):
        try:
            _stage_by_duckdb(connection, path, how, out)
        except duckdb.Error:
            out.unlink(missing_ok=True)
        else:
            return
    try:
        stage(_numbered(path, label, how), how.columns, out)
    except UnicodeError:
        raise _undecodable(path, label, how.encoding) from None


def _is_regular(path: Path) -> bool:
    """Whether each line is one row: no line break in quotes, no blank line, no stray return."""
    inside, last = 0, b""
    for piece in chunks(path):
        if _IRREGULAR.search(last + piece):
            return False
        last = piece[-1:]
        if b'"' not in piece and not inside:
            continue
        data = np.frombuffer(piece, dtype=np.uint8)
        parity = (np.cumsum(data == ord('"')) + inside) % 2
        if parity[data == ord("\n")].any():
            return False
        inside = int(parity[-1])
    return not inside


def _stage_by_duckdb(
    connection: duckdb.DuckDBPyConnection, path: Path, how: Dialect, out: Path
) -> None:
    """Let DuckDB split the lines; it raises where one does not fit the header."""
    columns = ", ".join(f"{sql.text(name)}: 'VARCHAR'" for name in how.columns)
    connection.execute(
        f"COPY (SELECT *, row_number() OVER () + 1 AS _row, NULL::VARCHAR AS _bad "
        f"FROM read_csv({sql.texts([path])}, auto_detect = false, header = true, quote = '\"', "
        f"escape = '\"', delim = {sql.text(how.delimiter)}, columns = {{{columns}}}, "
        f"strict_mode = true, max_line_size = 16777216)) TO {sql.text(out)} {sql.PARQUET}"
    )


def _numbered(path: Path, label: str, how: Dialect) -> Iterator[Row]:
    """Split a file by Python's csv module; rows of another length carry what is wrong."""
    width, ragged, total = len(how.columns), 0, 0
    first, short = 0, ""
    with path.open(encoding=how.encoding, newline="") as file:
        for _ in range(how.skip):
            file.readline()
        reader = csv.reader(file, delimiter=how.delimiter, strict=True)
        rows = iter(reader)
        header = False
        while True:
            first = how.skip + reader.line_num + 1
            try:
                row = next(rows, None)
            except csv.Error as error:
                raise _torn(label, first, how.skip + reader.line_num, str(error)) from None
            if row is None:
                break
            # fields of nothing but blanks are a row that is refused, as DuckDB reads them
            blanks = header and len(row) == width and any(row)
            if not blanks and not any(map(str.strip, row)):
                continue
            if not header:
                header = True
                continue
            total += 1
            if len(row) > width and not any(map(str.strip, row[width:])):
                row = row[:width]
            if len(row) == width:
                short = ""
                yield first, row, None
                continue
            ragged += 1
            short = f"line {first} has {len(row)} of {width} fields" if len(row) < width else ""
            yield first, None, how.delimiter.join(row)[:200]
    if short and not _ends_with_newline(path, how.encoding):
        raise DataRefusedError(
            f"{label}: the file is cut off: its last {short} and no line end. "
            "Export it again, whole."
        )
    if ragged > total / 2:
        raise DataRefusedError(
            f"{label}: {ragged} of {total} lines do not have the {width} fields of the header. "
            f'It was split at {how.delimiter!r}: write delimiter = "|" or what else stands '
            "between its fields in kamlab.toml, or skip = … where lines stand above the header."
        )


def _torn(label: str, first: int, last: int, why: str) -> DataRefusedError:
    """Say where quotes do not close."""
    if "end of data" in why or "field limit" in why:
        return DataRefusedError(
            f"{label}, line {first}: a quoted field opens and is not closed by line {last}. The "
            "file is cut off or a quote is missing: export it again, whole."
        )
    return DataRefusedError(
        f"{label}, line {first}: quotes do not stand around a whole field ({why}). Expected "
        'inner quotes to be doubled, as in "5"" tube": export it again.'
    )


def _ends_with_newline(path: Path, encoding: str) -> bool:
    """Whether the last line is closed."""
    ends = tuple(mark.encode(encoding.replace("utf-16", "utf-16-le")) for mark in "\r\n")
    if encoding == "utf-16":
        ends += tuple(mark.encode("utf-16-be") for mark in "\r\n")
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - 4))
        return file.read().endswith(ends)
