"""Of which columns, or of which two files, can order lines be made? Lines of a mapping that do it.

Many exports hold a price and a quantity but no amount, or orders in one file and their lines in
another. What is found is tried and proposed; nothing of it is taken.
"""

from collections.abc import Iterator
from pathlib import Path

import duckdb

from kamlab.errors import DataRefusedError, UsageError
from kamlab.sources import queries, sql
from kamlab.sources.alike import as_toml
from kamlab.sources.candidates import largest, look_at
from kamlab.sources.databases import read_database, tables_of
from kamlab.sources.endings import readable
from kamlab.sources.ingredients import Found, amount_of, day_of, may_help, optional, state
from kamlab.sources.keys import fold
from kamlab.sources.mapping import Entry, Mapping
from kamlab.sources.origins import Origin
from kamlab.sources.readers import Raw, read_file
from kamlab.sources.schema import TABLES

LARGEST = 100_000_000
"""Bytes of files up to which what is offered for them is tried."""
READ_ALIKE = ("sheet", "encoding", "delimiter", "skip", "decimal", "thousands", "date_format")
"""What the mapping says of a file that holds for a query over it too."""
_ALIKE = tuple(name for name in (*READ_ALIKE, "currency") if name != "sheet")
_FOUND = 0.5  # share of the rows that are whole, at least

_Connection = duckdb.DuckDBPyConnection
_Way = tuple[str, str, dict[str, object]]  # a sentence, a query, and what else the mapping says
_NONE: _Way = ("", "", {})


def lines_of(entry: Entry) -> str:
    """Write what an entry reads as SQL that a mapping takes, all of its patterns.

    Parameters
    ----------
    entry : Entry
        Of kind file.
    """
    patterns = [sql.text(pattern) for pattern in entry["file"]]
    rows = " UNION ALL BY NAME ".join(f"FROM {pattern}" for pattern in patterns)
    return patterns[0] if len(patterns) == 1 else f"({rows})"


def proposed(
    connection: _Connection, origin: Origin, raw: Raw, mapping: Mapping, room: Path
) -> str:
    """Say of what order lines could be made where a file lacks columns that they need.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    origin : Origin
        The file, of an entry of orders.
    raw : Raw
        Its rows.
    mapping : Mapping
        Its folder is where another file is looked for.
    room : Path
        Private folder for what is tried.

    Returns
    -------
    str
        A sentence and the block of a mapping, which was tried; empty where nothing is found.
    """
    entry = origin.entry
    said = {name: one for name, one in entry.columns.items() if isinstance(one, str)}
    given = {name: one for name, one in said.items() if one != "…"}
    asked = entry.kind == "file" or (entry.kind == "database" and entry["table"])
    if not asked or origin.size > LARGEST or not {*given.values()} <= {*raw.columns}:
        return ""
    sheet = f", sheet {entry['sheet']!r}," if entry["sheet"] else ""
    own = Found(_said(entry, origin), f"{origin.label}{sheet}", raw, given)
    if own.column("net_sales") and own.column("account_id") and own.column("order_date"):
        return ""  # other names are all it takes
    ways = [_of_one(connection, own)]
    ways += [
        _of_two(connection, *pair)
        for other in (
            _beside(connection, origin, mapping, room)
            if entry.kind == "file"
            else _tables(connection, origin, room)
        )
        for pair in ((own, other), (other, own))
    ]
    for n, (sentence, query, kept) in enumerate(way for way in ways if way[0]):
        inside = room / f"proposed {n}"
        inside.mkdir()
        if _runs(connection, origin, mapping, query, inside):
            kept |= {name: entry[name] for name in _ALIKE if entry[name]}
            more = [f"{name} = {as_toml(one)}" for name, one in kept.items()]
            reads = [f"sql = '''\n{query}\n'''"]
            if entry.kind == "database":
                base = as_toml(entry["database"])
                reads = [f"database = {base}", f"query = '''\n{query}\n'''"]
            block = "\n".join(["[[orders]]", *reads, *more])
            return (
                f"{sentence} If so, write in kamlab.toml, in place of what stands under "
                f"[[orders]],\n{block}\nand compare the sum that is read then with your ledger."
            )
    return ""


def _of_one(connection: _Connection, own: Found) -> _Way:
    """Make the amount of price and quantity, or the day of month and year, where all is there."""
    account, (when, day) = own.column("account_id"), day_of(connection, own)
    words, amount = amount_of(connection, own, "")
    if not (account and day and amount):
        return _NONE
    order = own.column("order_id")
    number = sql.name(order) if order else f"concat_ws(' ', {sql.name(account)}, {day})"
    asked = [
        f"{sql.name(account)} AS account_id",
        f"{number} AS order_id",
        f"{day} AS order_date",
        f"{amount} AS net_sales",
        *optional(own, ""),
    ]
    net = "" if own.column("net_sales") else f"the net sales of a line, but {words} may be"
    said = " and ".join(filter(None, [net, when]))
    query = f"SELECT {', '.join(asked)}\nFROM {own.said}"
    return f"{own.label.rstrip(',')}: no column holds {said}.", query, {}


def _of_two(connection: _Connection, lines: Found, heads: Found) -> _Way:
    """Join lines to the orders that another file tells of, where both name the order."""
    account, day = heads.column("account_id"), heads.column("order_date")
    words, amount = amount_of(connection, lines, "l.")
    if not (account and day and amount) or lines.column("account_id"):
        return _NONE
    for one, other in _keys(lines, heads):
        if not _tells(connection, lines, heads, (one, other)):
            continue
        asked = [
            f"h.{sql.name(account)} AS account_id",
            f"l.{sql.name(one)} AS order_id",
            f"h.{sql.name(day)} AS order_date",
            f"{amount} AS net_sales",
            *optional(lines, "l."),
            *(state(heads, "h.") if not state(lines, "l.") else []),
        ]
        said = (
            f"{heads.label} seems to hold orders and {lines.label} their lines, since {one!r} "
            f"names an order in both; the net sales of a line may be {words}."
        )
        query = (
            f"SELECT {', '.join(asked)}\nFROM {lines.said} l\n"
            f"LEFT JOIN {heads.said} h ON l.{sql.name(one)} = h.{sql.name(other)}"
        )
        taken = [name for name in lines.raw.columns if f"l.{sql.name(name)}" in query]
        all_kept = _repeats(connection, lines.raw, taken) and not _repeats(
            connection, lines.raw, list(lines.raw.columns)
        )
        return said, query, {"duplicates": "keep"} if all_kept else {}
    return _NONE


def _repeats(connection: _Connection, raw: Raw, names: list[str]) -> bool:
    """Say whether two rows are alike in some columns; those that number lines tell them apart."""
    columns = ", ".join(map(sql.name, names))
    rows, different = sql.one(
        connection,
        f"SELECT count(*), (SELECT count(*) FROM (SELECT DISTINCT {columns} FROM {raw.relation})) "
        f"FROM {raw.relation}",
    )
    return different < rows


def _keys(lines: Found, heads: Found) -> list[tuple[str, str]]:
    """Name the columns of both that may name an order, the likeliest first."""
    usually = (lines.column("order_id"), heads.column("order_id"))
    theirs = {fold(name): name for name in heads.raw.columns}
    alike = [(name, theirs[fold(name)]) for name in lines.raw.columns if fold(name) in theirs]
    found = [usually, *alike] if all(usually) else alike
    return list(dict.fromkeys(found))


def _tells(connection: _Connection, lines: Found, heads: Found, names: tuple[str, str]) -> bool:
    """Say whether each head has another key, and most lines have that of one."""
    here, there = (f"CAST({sql.name(name)} AS VARCHAR)" for name in names)
    count, different = sql.one(
        connection, f"SELECT count({there}), count(DISTINCT {there}) FROM {heads.raw.relation}"
    )
    if not count or different < count:
        return False
    (share,) = sql.one(
        connection,
        f"SELECT avg((k IN (SELECT {there} FROM {heads.raw.relation}))::INT) "
        f"FROM (SELECT {here} AS k FROM {lines.raw.relation}) WHERE k IS NOT NULL",
    )
    return (share or 0) >= _FOUND


def _beside(
    connection: _Connection, origin: Origin, mapping: Mapping, room: Path
) -> Iterator[Found]:
    """Read the other files of the folder that feed no table but orders, the largest first."""
    taken = {
        path.resolve()
        for entry in mapping.entries
        if entry.table != "orders" and entry.kind == "file"
        for pattern in entry["file"]
        if not Path(pattern).is_absolute()  # which lies elsewhere
        for path in mapping.root.glob(pattern)
    }
    files = [path for path in mapping.root.iterdir() if path.is_file() and readable(path)]
    free = [path for path in files if path.resolve() not in taken]
    near = [path for path in largest(free) if path.stat().st_size <= LARGEST]
    own = (origin.path, str(origin.entry["sheet"] or ""))
    for n, one in enumerate(looked for path in near for looked in look_at(path)):
        if (one.path, one.sheet) == own or not may_help(one.columns):
            continue
        inside = room / f"beside {n}"
        inside.mkdir()
        name, options = one.path.name, {"sheet": one.sheet} if one.sheet else {}
        try:
            raw = read_file(connection, one.path, name, options, set(), inside)
        except (DataRefusedError, duckdb.Error, OSError):
            continue
        label = f"{name}, sheet {one.sheet!r}," if one.sheet else name
        yield Found(sql.text(f"{name}#{one.sheet}" if one.sheet else name), label, raw, {})


def _tables(connection: _Connection, origin: Origin, room: Path) -> Iterator[Found]:
    """Read the other tables of a database that may help."""
    entry, path = origin.entry, origin.path
    if path is None:
        return
    for n, (name, columns) in enumerate(tables_of(path).items()):
        if name == entry["table"] or not may_help(columns):
            continue
        inside = room / f"beside {n}"
        inside.mkdir()
        asked = Entry("orders", "database", entry.place, {"table": name})
        try:
            raw = read_database(connection, asked, path, origin.label, inside)
        except (DataRefusedError, duckdb.Error, OSError):
            continue
        yield Found(sql.name(name), name, raw, {})


def _said(entry: Entry, origin: Origin) -> str:
    """Name what an entry reads as SQL of a mapping does: files, a sheet, or a table."""
    if entry.kind == "database":
        return sql.name(str(entry["table"]))
    sheet = entry["sheet"]
    return sql.text(f"{origin.label}#{sheet}") if isinstance(sheet, str) else lines_of(entry)


def _runs(
    connection: _Connection, origin: Origin, mapping: Mapping, query: str, room: Path
) -> bool:
    """Say whether a query can be asked and gives whole lines for the most part."""
    entry = origin.entry
    ask = "sql" if entry.kind == "file" else "query"
    options = {name: entry[name] for name in _ALIKE if entry[name]} | {ask: query}
    asked = Entry("orders", "sql" if entry.kind == "file" else "database", entry.place, options)
    needed = [column.name for column in TABLES["orders"].columns if column.required]
    amount = "TRY_CAST(CAST(net_sales AS VARCHAR) AS DOUBLE) IS NOT NULL"
    whole = " AND ".join([*(f"{name} IS NOT NULL" for name in needed), amount])
    try:
        if asked.kind == "database" and origin.path:
            found = read_database(connection, asked, origin.path, origin.label, room)
        else:
            found = queries.run(connection, asked, mapping, room)
        rows, kept = sql.one(
            connection, f"SELECT count(*), count_if({whole}) FROM {found.relation}"
        )
    except (DataRefusedError, UsageError, duckdb.Error):
        return False
    return kept > 0 and kept >= _FOUND * rows
