"""What does each single source hold? Read one file or query into the store, or find it there."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from kamlab.errors import DataRefusedError
from kamlab.sources import databases, dates, numbers, queries, sql, store
from kamlab.sources.cancelled import cancelled
from kamlab.sources.candidates import NEEDED, unlike_orders
from kamlab.sources.columnar import write_rows
from kamlab.sources.columns import match, wanted
from kamlab.sources.composing import proposed
from kamlab.sources.contracts import Contract, contract
from kamlab.sources.convert import evidence
from kamlab.sources.currencies import require_one_currency
from kamlab.sources.mapping import Entry, Mapping
from kamlab.sources.origins import Origin, origins
from kamlab.sources.privacy import Forgotten
from kamlab.sources.readers import Raw, read_file
from kamlab.sources.scales import scales
from kamlab.sources.schema import TABLES, Table

_OTHER_SHEETS = (
    'Where the sheet holds something else, name only the others, as in sheet = ["Jan", "Feb"].'
)
_SOME, _PRICE = 10, 20  # discounted lines that tell, and what such a line costs at least
_FIRST = 100_000
_ZONED = "TIMESTAMP WITH TIME ZONE"


@dataclass(frozen=True, slots=True)
class Part:
    """What the store holds of one origin.

    Attributes
    ----------
    origin : Origin
    key : str
        Name of its entry in the store.
    place : Path
        Folder of its entry, with data.parquet and blanked.parquet.
    meta : dict
        Counts, sums, columns and how they were read.
    """

    origin: Origin
    key: str
    place: Path
    meta: dict

    @property
    def data(self) -> Path:
        """Rows, good and bad, marked by `_check`."""
        return self.place / "data.parquet"


def read_entry(
    connection: duckdb.DuckDBPyConnection, entry: Entry, mapping: Mapping, shelf: store.Store
) -> list[Part]:
    """Read all that an entry of the mapping names; what the store has is not read again.

    Files that leave the order of day and month, or the decimal mark, open are read as the other
    files of the entry are.

    Raises
    ------
    DataRefusedError
        If something cannot be read at all, or needs an answer from the analyst.
    """
    made: dict[int, Part] = {}
    pending: list[int] = []
    all_origins = origins(entry, mapping, shelf)
    for n, origin in enumerate(all_origins):
        part = _part(connection, origin, mapping, shelf, {})
        if part.meta.get("asks"):
            pending.append(n)
        else:
            made[n] = part
    if pending:
        hints: dict[str, str] = {}
        styles = [part.meta["styles"] for part in made.values()]
        for name in {name for style in styles for name in style}:
            told = {style[name] for style in styles if style.get(name)} - {"serial"}
            if len(told) == 1:
                hints[name] = told.pop()
        for n in pending:
            made[n] = _part(connection, all_origins[n], mapping, shelf, hints)
            if made[n].meta.get("asks"):
                raise DataRefusedError(made[n].meta["asks"])
    parts = [made[n] for n in range(len(all_origins))]
    _same_columns([part for part in parts if part.origin.sheet])
    return parts


def _same_columns(sheets: list[Part]) -> None:
    """Refuse a sheet that lacks a column which another of the same entry has and which is used."""
    there = [
        {name.casefold() for names in part.meta["mapped"].values() for name in names}
        | {name.casefold() for name in part.meta["ignored"]}
        for part in sheets
    ]
    for part in sheets:
        for canonical, names in part.meta["mapped"].items():
            for other, has in zip(sheets, there, strict=True):
                lost = [name for name in names if name.casefold() not in has]
                if lost and canonical not in other.meta["mapped"]:
                    raise DataRefusedError(
                        f"{other.origin.label}: there is no column {lost[0]!r} ({canonical}), "
                        f"which {part.origin.label} has. Sheets that are read one under the other "
                        f"have the same columns: name the column alike. {_OTHER_SHEETS}"
                    )


def _part(
    connection: duckdb.DuckDBPyConnection,
    origin: Origin,
    mapping: Mapping,
    shelf: store.Store,
    hints: dict[str, str],
) -> Part:
    """Find one origin in the store, or read it."""
    entry, forgotten = origin.entry, Forgotten(shelf.folder)
    named: tuple[str, ...] = (origin.sha256, origin.label, entry.fingerprint, mapping.currency)
    if TABLES[entry.table].personal and forgotten.hashes:
        named += (forgotten.digest,)
    key = store.key("part", *named, sorted(hints.items()))
    fresh = entry.kind == "url_env"  # what a server holds now is not known by its name
    meta = None if fresh else shelf.find(key)
    if meta is None:
        with shelf.workroom() as room:
            if fresh:
                raw, content = databases.read_server(connection, entry, origin.label, room)
                key = store.key("part", content, *named)
                meta = shelf.find(key)
            else:
                raw = read_raw(connection, origin, mapping, room)
            if meta is None:
                meta = _read(connection, origin, mapping, raw, hints, forgotten, room / "entry")
                shelf.keep(key, room / "entry", meta)
    return Part(origin, key, shelf.place(key), meta)


def read_raw(
    connection: duckdb.DuckDBPyConnection,
    origin: Origin,
    mapping: Mapping,
    room: Path,
) -> Raw:
    """Make the rows of one file or query readable, in a private folder, all columns as they are."""
    entry = origin.entry
    if entry.kind == "sql":
        return queries.run(connection, entry, mapping, room)
    if origin.path is None:
        raise DataRefusedError(f"{origin.label}: nothing to read.")
    if entry.kind == "database":
        return databases.read_database(connection, entry, origin.path, origin.label, room)
    names = wanted(TABLES[entry.table], entry)
    return read_file(connection, origin.path, origin.label, origin.options, names, room)


def _read(
    connection: duckdb.DuckDBPyConnection,
    origin: Origin,
    mapping: Mapping,
    raw: Raw,
    hints: dict[str, str],
    forgotten: Forgotten,
    made: Path,
) -> dict:
    """Convert and check one origin into a folder, and describe what was done."""
    entry, table = origin.entry, TABLES[origin.entry.table]
    is_orders = table.name == "orders"
    made.mkdir(mode=0o700)
    try:
        found = match(table, entry, list(raw.columns), origin.label)
    except DataRefusedError as error:
        if origin.sheet:
            raise DataRefusedError(f"{error}\n{_OTHER_SHEETS}") from None
        why = unlike_orders(connection, raw) if is_orders and not entry.columns else ""
        if why:
            raise DataRefusedError(f"{origin.label}: no order lines: {why} {NEEDED}") from None
        made_of = proposed(connection, origin, raw, mapping, made.parent) if is_orders else ""
        raise (DataRefusedError(made_of) if made_of else error) from None
    if "currency" in found and _says_nothing(connection, raw, found["currency"]):
        del found["currency"]  # a column without a value is as one that is not there
    if table.money in found and "currency" not in found:
        said = str(entry["currency"] or mapping.currency or "")
        require_one_currency(connection, raw, found[table.money][0], said, origin.label)
    notes = _notes(connection, table, raw, found)
    used = {name for names in found.values() for name in names}
    meta: dict = {
        "mapped": found,
        "ignored": [name for name in raw.columns if name not in used],
        "notes": notes,
    }
    if is_orders and (struck := cancelled(connection, raw, meta["ignored"])):
        meta["cancelled"] = struck
    try:
        told = evidence(connection, table, raw.relation, raw.columns, found)
        formats = _formats(entry, table)
        styles, asks = _styles(entry, told, found, formats, hints, origin.label)
        meta |= {"styles": styles, "asks": asks}
        if asks:
            return meta
        constants: dict[str, str] = {
            option: str(entry[option])
            for option in ("channel", "currency")
            if entry[option] and option in table.by_name
        }
        if "currency" in found and mapping.currency:
            constants.setdefault("currency", mapping.currency)
        worked = contract(
            table,
            raw.relation,
            raw.columns,
            found,
            styles,
            formats,
            constants,
            mapping.currency,
            scales(entry["scale"]),
        )
        meta |= _write(connection, table, worked, forgotten, made)
    except duckdb.Error as error:
        first = str(error).strip().splitlines()[0][:200]
        raise DataRefusedError(
            f"{origin.label}: the rows cannot be read whole ({first}). The file is damaged or was "
            "cut off: export or copy it again."
        ) from None
    return meta


def _notes(
    connection: duckdb.DuckDBPyConnection, table: Table, raw: Raw, found: dict[str, list[str]]
) -> dict[str, str]:
    """Note how a source is read; discounts that are shares are taken from what was found."""
    notes = dict(raw.notes)
    if any(raw.columns[one] == _ZONED for one in found.get(table.day or "", [])):
        notes["days"] = "of UTC, since its times have a zone"
    if table.name == "orders" and len(found.get("discount", [])) == 1:
        column, amount = found["discount"][0], found["net_sales"][0]
        if _holds_shares(connection, raw, column, amount):
            del found["discount"]
            notes["left aside"] = f"{column}, which holds shares of the price and not amounts"
    return notes


def _says_nothing(connection: duckdb.DuckDBPyConnection, raw: Raw, columns: list[str]) -> bool:
    """Say whether no row holds a value in any of the columns."""
    values = ", ".join(f"nullif(trim(CAST({sql.name(name)} AS VARCHAR)), '')" for name in columns)
    (count,) = sql.one(connection, f"SELECT count(coalesce({values}, NULL)) FROM {raw.relation}")
    return count == 0


def _holds_shares(
    connection: duckdb.DuckDBPyConnection, raw: Raw, column: str, amount: str
) -> bool:
    """Say whether discounts are shares: none is above 1, though lines cost much more than that."""
    number = "TRY_CAST(regexp_replace(replace({}, ',', '.'), '[^0-9.]', '', 'g') AS DOUBLE)"
    told, paid = (f"CAST({sql.name(name)} AS VARCHAR)" for name in (column, amount))
    sizes = (
        f"(SELECT {told} AS told, {number.format(told)} AS given, {number.format(paid)} AS paid "
        f"FROM {raw.relation}"
    )
    counts = "SELECT count(*), max(given), count_if(contains(told, '%'))"
    for rows in (f"{sizes} LIMIT {_FIRST})", f"{sizes})"):  # one look at some most often tells
        count, most, signed = sql.one(connection, f"{counts} FROM {rows} WHERE given > 0")
        if count and most > 1 and signed < count:
            return False
    if count < _SOME or signed == count:
        return count >= _SOME
    (usual,) = sql.one(connection, f"SELECT median(paid) FROM {rows} WHERE given > 0")
    return usual is None or usual >= _PRICE


def _formats(entry: Entry, table: Table) -> dict[str, list[str]]:
    """Give the date formats of the mapping by column."""
    given = entry["date_format"]
    if not given:
        return {}
    days = [column.name for column in table.columns if column.kind == "date"]
    by_column = given if isinstance(given, dict) else dict.fromkeys(days, given)
    return {
        name: [dates.strptime_format(str(one), entry.place)]
        for name, one in by_column.items()
        if name in days
    }


def _styles(
    entry: Entry,
    told: dict[str, list[int]],
    found: dict[str, list[str]],
    formats: dict[str, list[str]],
    hints: dict[str, str],
    label: str,
) -> tuple[dict[str, str], str]:
    """Decide how dates, numbers and ids given as text are read, or which question to ask."""
    styles, asks = {}, ""
    decimal = numbers.said_mark(entry.options)
    marks = {name: counts for name, counts in told.items() if len(counts) == 4}
    pooled = numbers.style(*(sum(counts[n] for counts in marks.values()) for n in (0, 1)))
    for name, counts in told.items():
        source = found[name][0]
        if len(counts) == 2:
            styles[name] = "float" if counts[0] and counts[0] == counts[1] else ""
        elif len(counts) == 5 and name not in formats:
            day_first, month_first, open_rows, serial, values = counts
            if serial and serial == values:
                styles[name] = "serial"
                continue
            styles[name] = dates.style(day_first, month_first) or hints.get(name, "")
            if open_rows and not styles[name]:
                asks = asks or dates.question(label, name, source)
        elif len(counts) == 4:
            dots, commas, open_dots, open_commas = counts
            styles[name] = decimal or numbers.style(dots, commas) or hints.get(name, "")
            if not styles[name] and (open_dots or open_commas or dots):
                styles[name] = pooled.rstrip("!")
                if not styles[name]:
                    asks = asks or numbers.question(label, name, source)
    return styles, asks


def _write(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    worked: Contract,
    forgotten: Forgotten,
    made: Path,
) -> dict:
    """Write the rows and count them."""
    data = made / "data.parquet"
    select = forgotten.without(worked.select, table.name, worked.columns)
    write_rows(connection, select, data)
    rows = sql.parquet([data])
    (total,) = sql.one(connection, f"SELECT count(*) FROM {rows}")
    failed = connection.execute(
        f"SELECT _check, count(*) FROM {rows} WHERE _check IS NOT NULL GROUP BY 1 ORDER BY 1"
    ).fetchall()
    days: dict[str, int] = {}
    if table.day:
        counted = connection.execute(
            f"SELECT CAST({table.day} AS VARCHAR), count(*) FROM {rows} "
            f"WHERE _check IS NULL AND {table.day} IS NOT NULL GROUP BY 1 ORDER BY 1"
        ).fetchall()
        days = dict(counted)
    blanked = 0
    if worked.blanked:
        aside = made / "blanked.parquet"
        # what could not be read may be a forgotten person's: only that something was there is kept
        unread = "* REPLACE (NULL::VARCHAR AS value)" if table.personal else "*"
        connection.execute(
            f"COPY (SELECT {unread} FROM ({worked.blanked})) TO {sql.text(aside)} (FORMAT parquet)"
        )
        (blanked,) = sql.one(connection, f"SELECT count(*) FROM {sql.parquet([aside])}")
    return {
        "columns": list(worked.columns),
        "checks": [[check.column, check.reason, check.expected] for check in worked.checks],
        "rows": total,
        "failed": dict(failed),
        "days": days,
        "blanked": blanked,
        "currencies": _currencies(connection, table, worked, rows),
    }


def _currencies(
    connection: duckdb.DuckDBPyConnection, table: Table, worked: Contract, rows: str
) -> dict[str, int]:
    """Count the good rows of each currency."""
    if not table.money or "currency" not in worked.columns:
        return {}
    counted = connection.execute(
        f"SELECT currency, count(*) FROM {rows} WHERE _check IS NULL GROUP BY 1"
    )
    return dict(counted.fetchall())
