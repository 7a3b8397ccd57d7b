"""What do the parts make together? Drop what is there twice or out of time, and join the rest."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa

from kamlab.sources import sql, store
from kamlab.sources.mapping import Mapping
from kamlab.sources.parts import Part
from kamlab.sources.repeats import keep_repeated
from kamlab.sources.scales import HIGH, LOW, judge, scales
from kamlab.sources.schema import TABLES, Table
from kamlab.sources.stray import Bounds, bounds, written_bound

_DROPS = "_row BIGINT, part VARCHAR, column_name VARCHAR, value VARCHAR"
_DROPS += ", reason VARCHAR, expected VARCHAR"


@dataclass(frozen=True, slots=True)
class Assembled:
    """One canonical table, put together.

    Attributes
    ----------
    table : Table
    parts : tuple of Part
    columns : tuple of str
        Canonical columns that at least one part has.
    dropped : int
        Rows dropped since they are there twice or out of time.
    key : str
        Names which rows these are: parts, bounds of time and how repeats are treated.
    """

    table: Table
    parts: tuple[Part, ...]
    columns: tuple[str, ...]
    dropped: int
    key: str


def assemble(
    connection: duckdb.DuckDBPyConnection,
    name: str,
    parts: list[Part],
    mapping: Mapping,
    reporting: str,
    shelf: store.Store,
) -> Assembled:
    """Make the views `name` (kept rows), `all name` and `refused name` on a connection.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    name : str
        Canonical table.
    parts : list of Part
    mapping : Mapping
        For its start and end.
    reporting : str
        Currency of the reports; "" where unknown.
    shelf : Store
        Keeps what was found to be there twice.

    Returns
    -------
    Assembled
    """
    table = TABLES[name]
    given = {column for part in parts for column in part.meta["columns"]}
    columns = tuple(column for column in table.by_name if column in given)
    _list_parts(connection, name, parts)
    drops = sql.name(f"drops {name}")
    connection.execute(f"CREATE TABLE {drops} ({_DROPS})")
    limits = _out_of_time(connection, table, parts, mapping)
    _off_scale(connection, table, parts)
    for group in _groups(table, parts):
        _twice(connection, table, group, limits, shelf)
    (dropped,) = sql.one(connection, f"SELECT count(*) FROM {drops}")
    _views(connection, table, parts, columns, reporting)
    key = store.key("assembled", name, _believed(parts, limits), reporting)
    return Assembled(table, tuple(parts), columns, dropped, key)


def _believed(parts: list[Part], limits: dict[str, Bounds]) -> list[tuple[str, ...]]:
    """Tell of each part all that decides which of its rows stay."""
    return [
        (p.key, p.origin.label, str(p.origin.entry.place), p.origin.entry["duplicates"],
         str(limits.get(p.key)))
        for p in parts
    ]  # fmt: skip


def _list_parts(connection: duckdb.DuckDBPyConnection, name: str, parts: list[Part]) -> None:
    """Make the small tables that name files and checks."""
    listed = {
        "place": [str(part.data) for part in parts],
        "part": [part.key for part in parts],
        "file": [part.origin.label for part in parts],
    }
    checks = [
        (str(part.data), code, *check)
        for part in parts
        for code, check in enumerate(part.meta["checks"])
    ]
    of_checks = dict(
        zip(
            ("place", "code", "column_name", "reason", "expected"),
            zip(*checks, strict=True),
            strict=True,
        )
    )
    for title, content in ((f"parts {name}", listed), (f"checks {name}", of_checks)):
        arrow = pa.table(content)
        connection.register("listed", arrow)
        connection.execute(f"CREATE TABLE {sql.name(title)} AS FROM listed")
        connection.unregister("listed")


def _rows(paths: list[Path]) -> str:
    """Name the rows of several parts, each with the file it stands in."""
    return sql.parquet(paths, "filename = 'place'", "union_by_name = true")


def _out_of_time(
    connection: duckdb.DuckDBPyConnection, table: Table, parts: list[Part], mapping: Mapping
) -> dict[str, Bounds]:
    """Drop rows whose day cannot be true; give each part's bounds."""
    if not (table.strict and table.day):
        return {}
    together: dict[str, int] = {}
    for part in parts:
        for day, lines in part.meta["days"].items():
            together[day] = together.get(day, 0) + lines
    whole = bounds(together, mapping.start, mapping.end)
    limits = {}
    for part in parts:
        days, own = part.meta["days"], whole
        written = None if mapping.end else written_bound(days, part.origin.written)
        if written and (own.last is None or written < own.last):
            own = Bounds(own.first, written, own.before, "date after the file was written")
        limits[part.key] = own
        low, high = own.first or date.min, own.last or date.max
        if days and (min(days) < low.isoformat() or max(days) > high.isoformat()):
            _drop_days(connection, table, part, own)
    return limits


def _drop_days(
    connection: duckdb.DuckDBPyConnection, table: Table, part: Part, own: Bounds
) -> None:
    """Drop the rows of a part that lie outside its bounds."""
    for bound, sign, reason, words in (
        (own.first, "<", own.before, "from"),
        (own.last, ">", own.after, "up to"),
    ):
        if bound is None:
            continue
        expected = f"a day {words} {bound} (start and end in kamlab.toml say otherwise)"
        connection.execute(
            f"INSERT INTO {sql.name(f'drops {table.name}')} "
            f"SELECT _row, {sql.text(part.key)}, {sql.text(table.day)}, "
            f"CAST({table.day} AS VARCHAR), {sql.text(reason)}, {sql.text(expected)} "
            f"FROM {sql.parquet([part.data])} "
            f"WHERE _check IS NULL AND {table.day} {sign} DATE {sql.text(bound)}"
        )


def _off_scale(connection: duckdb.DuckDBPyConnection, table: Table, parts: list[Part]) -> None:
    """Drop the answers to items on another scale, and stray scores.

    What is dropped follows from the parts, all of which name what is there twice: such a table has
    a key, and no key of the store need tell of scales.
    """
    if not table.scaled or not parts:
        return
    score, rows = sql.name(table.scaled), _rows([part.data for part in parts])
    beyond = f"_check IS NULL AND {score} NOT BETWEEN {LOW} AND {HIGH}"
    if sql.one(connection, f"SELECT count(*) FROM {rows} WHERE {beyond}") == (0,):
        return
    answers = connection.execute(
        f"SELECT place, item, {score} AS score, count(*) AS answers FROM {rows} "
        "WHERE _check IS NULL GROUP BY ALL ORDER BY ALL"
    ).df()
    blocks = {str(part.data): part.origin.entry.place for part in parts}
    given = {part.origin.entry.place: scales(part.origin.entry["scale"]) for part in parts}
    judged = judge(answers.assign(block=answers["place"].map(blocks)), given)
    connection.register("judged", pa.Table.from_pandas(judged, preserve_index=False))
    connection.execute(
        f"INSERT INTO {sql.name(f'drops {table.name}')} SELECT r._row, p.part, "
        f"{sql.text(table.scaled)}, j.value, j.reason, j.expected FROM {rows} r "
        f"JOIN {sql.name(f'parts {table.name}')} p USING (place) "
        f"JOIN judged j ON j.place = r.place AND j.item = r.item AND j.score = r.{score} "
        "WHERE r._check IS NULL"
    )
    connection.unregister("judged")


def _groups(table: Table, parts: list[Part]) -> list[list[Part]]:
    """Group the parts that may hold the same row: all, or those whose days overlap."""
    if table.key:
        return [parts]
    groups: list[list[Part]] = []
    careful = [p for p in parts if p.origin.entry["duplicates"] != "keep" and p.meta["days"]]
    careful.sort(key=lambda p: (p.origin.entry.place, min(p.meta["days"]), p.origin.label))
    reach: tuple[str, str] = ("", "")
    for part in careful:
        place, first, last = part.origin.entry.place, min(part.meta["days"]), max(part.meta["days"])
        if groups and place == reach[0] and first <= reach[1]:
            groups[-1].append(part)
            reach = (place, max(reach[1], last))
        else:
            groups.append([part])
            reach = (place, last)
    return groups


def _twice(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    group: list[Part],
    limits: dict[str, Bounds],
    shelf: store.Store,
) -> None:
    """Drop rows that are there twice, as found before or now."""
    key = store.key("twice", table.name, _believed(group, limits))
    if shelf.find(key) is None:
        with shelf.workroom() as room:
            made = room / "entry"
            made.mkdir(mode=0o700)
            _find_twice(connection, table, group, made / "drops.parquet")
            shelf.keep(key, made, {})
    connection.execute(
        f"INSERT INTO {sql.name(f'drops {table.name}')} "
        f"FROM {sql.parquet([shelf.place(key) / 'drops.parquet'])}"
    )


def _find_twice(
    connection: duckdb.DuckDBPyConnection, table: Table, group: list[Part], out: Path
) -> None:
    """Write which rows repeat another, and which give a key a second time."""
    name = table.name
    given = {column for part in group for column in part.meta["columns"]}
    columns = [sql.name(column) for column in table.by_name if column in given]
    careful = [p.data for p in group if p.origin.entry["duplicates"] != "keep"]
    shown = "order_id" if "order_id" in given else next(c for c in table.by_name if c in given)
    connection.execute(
        f"CREATE OR REPLACE VIEW good AS SELECT r.*, p.part, p.file "
        f"FROM {_rows([part.data for part in group])} r JOIN {sql.name(f'parts {name}')} p "
        f"USING (place) WHERE _check IS NULL AND NOT EXISTS (FROM {sql.name(f'drops {name}')} d "
        f"WHERE d.part = p.part AND d._row = r._row)"
    )
    connection.execute(f"CREATE OR REPLACE TABLE twice ({_DROPS})")
    # most tables repeat nothing, and to ask that takes one column of them, or a key
    most = sum(part.meta["rows"] for part in group)
    whole = f"(FROM {_rows(careful)} WHERE _check IS NULL)"
    if careful and keep_repeated(connection, "_hash", whole, most):
        connection.execute(
            f"INSERT INTO twice SELECT _row, part, {sql.text(shown)}, "
            f"CAST({sql.name(shown)} AS VARCHAR), 'same line twice', "
            f"'each line once; the first is row ' || first_row || ' of ' || first_file FROM ("
            f"SELECT *, row_number() OVER same AS nth, first_value(_row) OVER same AS first_row, "
            f"first_value(file) OVER same AS first_file FROM good WHERE place IN "
            f"{_tuple(careful)} AND _hash IN (FROM repeated) "
            f"WINDOW same AS (PARTITION BY _hash, {', '.join(columns)} ORDER BY file, _row)"
            f") WHERE nth > 1"
        )
    key = [column for column in table.key if column in given]
    keys = ", ".join(sql.name(column) for column in key)
    if key and keep_repeated(connection, f"hash({keys})", "good", most):
        filled = " + ".join(f"({column} IS NOT NULL)::INT" for column in columns)
        named = " and ".join(key)
        connection.execute(
            f"INSERT INTO twice SELECT _row, part, {sql.text(key[-1])}, "
            f"CAST({sql.name(key[-1])} AS VARCHAR), {sql.text(f'{named} given twice')}, "
            f"'each once; kept is the fullest, row ' || first_row || ' of ' || first_file FROM ("
            f"SELECT *, row_number() OVER same AS nth, first_value(_row) OVER same AS first_row, "
            f"first_value(file) OVER same AS first_file FROM good g WHERE hash({keys}) "
            f"IN (FROM repeated) AND NOT EXISTS "
            f"(FROM twice t WHERE t.part = g.part AND t._row = g._row) "
            f"WINDOW same AS (PARTITION BY {keys} ORDER BY {filled} DESC, _hash, file, _row)"
            f") WHERE nth > 1"
        )
    connection.execute(f"COPY twice TO {sql.text(out)} (FORMAT parquet)")


def _tuple(paths: list[Path]) -> str:
    """Write paths as a list for IN."""
    return f"({', '.join(map(sql.text, paths))})"


def _views(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    parts: list[Part],
    columns: tuple[str, ...],
    reporting: str,
) -> None:
    """Make the views of kept and of refused rows."""
    name = table.name
    drops, checks = sql.name(f"drops {name}"), sql.name(f"checks {name}")
    listed = sql.name(f"parts {name}")
    dropped = {
        row[0] for row in connection.execute(f"SELECT DISTINCT part FROM {drops}").fetchall()
    }
    dirty = [p for p in parts if p.key in dropped or p.meta["failed"]]
    clean = [p.data for p in parts if p not in dirty]
    chosen = ", ".join(
        f"coalesce(currency, {sql.text(reporting)}) AS currency"
        if column == "currency" and reporting
        else sql.name(column)
        for column in columns
    )
    selects = []
    if clean:
        selects.append(f"SELECT {chosen} FROM {sql.parquet(clean, 'union_by_name = true')}")
    if dirty:
        selects.append(
            f"SELECT {chosen} FROM {_rows([part.data for part in dirty])} r WHERE _check IS NULL "
            f"AND NOT EXISTS (SELECT 1 FROM {drops} d JOIN {listed} p USING (part) "
            f"WHERE p.place = r.place AND d._row = r._row)"
        )
    connection.execute(f"CREATE VIEW {sql.name(name)} AS {' UNION ALL BY NAME '.join(selects)}")
    money = f"r.{table.money}" if table.money in columns else "CAST(NULL AS DOUBLE)"
    currency = (
        f"coalesce(r.currency, {sql.text(reporting)})"
        if "currency" in columns
        else sql.text(reporting)
    )
    whole = _rows([part.data for part in parts])
    connection.execute(
        f"CREATE VIEW {sql.name(f'all {name}')} AS "
        f"SELECT r.*, {money} AS _money, {currency} AS _currency FROM {whole} r"
    )
    shared = f'SELECT {sql.text(name)} AS "table", p.file AS file, r._row AS "row"'
    amount = "r._money AS amount, r._currency AS currency"
    rows = f"FROM {sql.name(f'all {name}')} r JOIN {listed} p USING (place)"
    connection.execute(
        f"CREATE VIEW {sql.name(f'refused {name}')} AS "
        f'{shared}, c.column_name AS "column", r._value AS value, c.reason, c.expected, {amount} '
        f"{rows} JOIN {checks} c ON c.place = r.place AND c.code = r._check "
        f"WHERE r._check IS NOT NULL UNION ALL "
        f"{shared}, d.column_name, d.value, d.reason, d.expected, {amount} "
        f"{rows} JOIN {drops} d ON d.part = p.part AND d._row = r._row"
    )
