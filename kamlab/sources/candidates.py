"""Which files of a folder could hold order lines, and which are tables of customers?"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from kamlab.errors import DataRefusedError
from kamlab.sources import sql
from kamlab.sources.alike import as_toml, describes, likelihood, usual
from kamlab.sources.casts import cast
from kamlab.sources.databases import tables_of
from kamlab.sources.endings import TEXT, beginning, ending, packed
from kamlab.sources.readers import Raw, read_file
from kamlab.sources.sheets import EXCEL, alike_sheets, sheet_names, written

NEEDED = (
    "A table of orders has one row an order line, with at least: who bought (account_id), on which "
    "order (order_id), on which day (order_date) and for how much after discount and before tax "
    "(net_sales). Export the lines of orders or invoices and lay them beside, as orders.csv; where "
    "the rows are orders after all, say so by naming their columns under [[orders]] in kamlab.toml."
)
_BEGINNING = 1 << 20  # bytes of a text file that tell what it holds
_LARGE = 50 << 20  # bytes of a workbook that would take long
_ROWS, _FILES, _SHEETS = 20_000, 30, 120
_FEW, _MANY = 3, 20  # rows that tell with, and without, a column that describes customers
_DATABASES = (".db", ".db3", ".sqlite", ".sqlite3", ".duckdb")
_MONTHS = 3  # columns named after months that make a table wide
_NAMES = (
    "jan january januar janvier enero feb february februar février fevrier febrero mar march mrz "
    "märz maerz mars marzo apr april avril abril may mai mayo jun june juni juin junio jul july "
    "juli juillet julio aug august août aout agosto sep sept september septembre septiembre oct "
    "okt october oktober octobre octubre nov november novembre noviembre dec dez december dezember "
    "décembre decembre diciembre q1 q2 q3 q4"
)
_MONTH = re.compile(
    rf"(\D*\b)?((19|20)\d{{2}}[-/. ]?(0?[1-9]|1[0-2]|q[1-4])|(0?[1-9]|1[0-2])[-/.](19|20)\d{{2}}"
    rf"|({_NAMES.replace(' ', '|')})[-/. ]*(\d{{2}}|\d{{4}})?|(\d{{4}}年)?\d{{1,2}}月)(\b\D*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Looked:
    """One file, or one sheet of a workbook, that nothing reads yet.

    Attributes
    ----------
    path : Path
    sheet : str
        "" where the file has no sheets or only one.
    unlike : str
        Why these are no order lines; "" where they may be.
    told : int
        How much its columns are called as those of order lines usually are.
    columns : tuple of str
        None of them where it could not be looked at.
    """

    path: Path
    sheet: str
    unlike: str
    told: int
    columns: tuple[str, ...]


def no_orders(folder: Path, free: Sequence[Path]) -> str:
    """Say that a folder holds no orders, what they need, and which file may hold them.

    Parameters
    ----------
    folder : Path
    free : sequence of Path
        Files that could be read and feed no table.
    """
    tables = [one for path in largest(free) for one in look_at(path)]
    sizes = Counter[tuple[str, ...]]()
    for one in tables:
        sizes[one.columns] += one.path.stat().st_size
    likely = max(
        (one for one in tables if not one.unlike),
        key=lambda one: (one.told, bool(one.columns), sizes[one.columns]),
        default=None,
    )
    text = f"{folder}: no orders found ({_listing(sorted(one.name for one in folder.iterdir()))}). "
    base = "" if likely and likely.told else _database(folder)
    if likely or base:
        named = _likely(likely, tables) if likely and not base else base
        return (
            f"{text}{_EXPECTED} such as\n[[orders]]\n{named}\n"
            "Then check again: it says which columns it takes."
        )
    if tables:
        said = "\n".join(f"{_name(one)}: {one.unlike}" for one in tables[:5])
        return f"{text}No order lines are found in its files:\n{said}\n{NEEDED}"
    return (
        f'{text}{_EXPECTED} such as\n[[orders]]\nfile = "my-orders*.csv"\n'
        'columns = { account_id = "Customer", order_id = "Order", '
        'order_date = "Date", net_sales = "Amount" }'
    )


def _database(folder: Path) -> str:
    """Write the lines that read the likeliest table of a database; empty where there is none."""
    files = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in _DATABASES]
    tables = [
        (likelihood(columns), path.name, table)
        for path in files
        if path.is_file()
        for table, columns in tables_of(path).items()
    ]
    told, name, table = max(tables, default=(0, "", ""), key=lambda one: one[0])
    if not told:
        return ""
    return f"database = {as_toml(name)}\ntable = {as_toml(table)}"


_EXPECTED = (
    "Expected a file named orders.csv, .csv.gz, .parquet, .xlsx or .jsonl with the columns "
    "account_id, order_id, order_date and net_sales, or a kamlab.toml"
)


def _likely(likely: Looked, tables: Sequence[Looked]) -> str:
    """Write the lines that read a table, with those of the same columns."""
    sheet = f"\nsheet = {_said(likely)}" if likely.sheet else ""
    alike = {one.path.name for one in tables if one.columns == likely.columns and not one.unlike}
    names = sorted(alike) if likely.columns and not likely.sheet else [likely.path.name]
    return f"file = {as_toml(names if len(names) > 1 else names[0])}{sheet}"


def unlike_orders(connection: duckdb.DuckDBPyConnection, raw: Raw) -> str:
    """Say why the rows of a source can be no order lines; "" where they may be.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    raw : Raw
        What a reader found.

    Returns
    -------
    str
        For rows that hold one customer each, or a column a month; without a name in front.
    """
    some = Raw(f"(FROM {raw.relation} LIMIT {_ROWS})", raw.columns)
    try:
        return _unlike(connection, some)
    except duckdb.Error:
        return ""


def _unlike(connection: duckdb.DuckDBPyConnection, some: Raw) -> str:
    """Say why some rows can be no order lines."""
    columns = list(some.columns)
    months = [name for name in columns if _MONTH.fullmatch(name.strip())]
    if len(months) >= _MONTHS and not (usual("order_date", columns) or _days(connection, some)):
        return (
            f"it has a column a month or quarter ({', '.join(months[:3])}, …) and no day of an "
            "order: these are sums of customers."
        )
    account = usual("account_id", columns)
    if not account or usual("order_id", columns):
        return ""
    value = sql.name(account)
    rows, different = sql.one(
        connection, f"SELECT count({value}), count(DISTINCT {value}) FROM {some.relation}"
    )
    enough = _FEW if describes([one for one in columns if one != account]) else _MANY
    if rows < enough or different < rows:
        return ""
    return (
        f"it seems a table of customers: each of its {rows:,} rows has another {account!r}, and no "
        "column is an order's number."
    )


def _days(connection: duckdb.DuckDBPyConnection, some: Raw) -> list[str]:
    """Name the columns that hold days."""
    typed = connection.execute(f"DESCRIBE {cast(connection, some, [], '')}").fetchall()
    return [row[0] for row in typed if row[1].startswith(("DATE", "TIMESTAMP"))]


def largest(free: Sequence[Path]) -> list[Path]:
    """Give the files that are looked at, the largest first.

    Parameters
    ----------
    free : sequence of Path
        Files that could be read and feed no table.
    """
    free = [one for one in free if not one.name.startswith(("~$", "."))]
    return sorted(free, key=lambda one: -one.stat().st_size)[:_FILES]


def look_at(path: Path) -> Iterator[Looked]:
    """Look at a file, each sheet by itself; what cannot be looked at may be anything.

    Parameters
    ----------
    path : Path

    Yields
    ------
    Looked
    """
    with TemporaryDirectory(prefix="kamlab-") as room, duckdb.connect() as connection:
        for n, sheet in enumerate(_sheets(path)):
            inside = Path(room) / str(n)
            inside.mkdir()
            why, columns = "", tuple[str, ...]()
            try:
                options = {"sheet": sheet} if sheet else {}
                some = _beginning(path, inside)
                raw = read_file(connection, some, path.name, options, set(), inside)
                columns = tuple(raw.columns)
                why = unlike_orders(connection, raw)
            except (DataRefusedError, duckdb.Error, OSError):
                pass
            yield Looked(path, sheet, why, likelihood(columns), columns)


def _sheets(path: Path) -> list[str]:
    """Name the sheets of a workbook that has several; "" alone for any other file."""
    if path.suffix.lower() not in EXCEL or path.stat().st_size > _LARGE:
        return [""]
    try:
        names = sheet_names(path, path.name)
    except DataRefusedError:
        return [""]
    return names[:_SHEETS] if len(names) > 1 else [""]


def _said(one: Looked) -> str:
    """Write the sheet of a table, with those that have the same columns, for a mapping."""
    names = sheet_names(one.path, one.path.name)
    alike = alike_sheets(one.path, one.path.name, names)
    return written(alike if one.sheet in alike else [one.sheet], names)


def _beginning(path: Path, room: Path) -> Path:
    """Copy the first whole lines of a long text file; other files are taken as they are."""
    size = path.stat().st_size
    if path.suffix.lower() in EXCEL and size > _LARGE:
        raise DataRefusedError(path.name)
    if ending(path) not in TEXT or (size <= _BEGINNING and not packed(path)):
        return path
    made = room / f"beginning{ending(path)}"
    with beginning(path) as file:
        piece = file.read(_BEGINNING)
    made.write_bytes(piece if len(piece) < _BEGINNING else piece[: piece.rfind(b"\n") + 1])
    return made


def _name(one: Looked) -> str:
    """Name a table in a message."""
    return f"{one.path.name}, sheet {one.sheet!r}" if one.sheet else one.path.name


def _listing(names: list[str]) -> str:
    """Say what a folder holds, shortly."""
    if not names:
        return "the folder is empty"
    more = f" and {len(names) - 5} more" if len(names) > 5 else ""
    return "it holds " + ", ".join(names[:5]) + more
