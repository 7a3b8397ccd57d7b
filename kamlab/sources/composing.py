"""Of which columns, or of which two files, can order lines be made? Lines of a mapping that do it.

Many exports hold a price and a quantity but no amount, or orders in one file and their lines in
another. What is found is tried and proposed; nothing of it is taken.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from kamlab.errors import DataRefusedError, UsageError
from kamlab.sources import queries, sql
from kamlab.sources.alike import OPTIONAL, as_toml, called, usual
from kamlab.sources.candidates import largest, look_at
from kamlab.sources.endings import readable
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
_PRICE = (
    "unitprice price salesprice unitsalesprice netprice priceeach einzelpreis stueckpreis "
    "stückpreis verkaufspreis preis prixunitaire prixvente pu prix stuksprijs prijs precounitario "
    "preco preciounitario precio prezzounitario prezzo cenajednostkowa cena 单价 销售单价 价格"
)
_LISTED = "listprice unitlistprice listenpreis catalogprice"  # where no other price stands
_QUANTITY = re.compile("qty|quant|menge|anzahl|units|pieces|数量", re.IGNORECASE)
_YEAR = "year yearid jahr annee année ano año anno rok jaar 年 年份"
_MONTH = "month monthid monthname monat mois mes mês mese miesiac miesiąc maand 月 月份"
_DISCOUNT = (
    "discount unitpricediscount discountrate rabatt remise korting desconto descuento sconto rabat "
    "折扣 折扣率"
)
STATES = (
    "status orderstatus state orderstate salesstatus linestatus invoicestatus auftragsstatus "
    "bestellstatus belegstatus statut statutcommande etat etatcommande orderstatut estado "
    "estadopedido situacao situacaopedido statuspedido stato statoordine statuszamowienia "
    "状态 订单状态"
)
"""What a column is called that tells whether an order still stands."""
_WHOLE = 100  # per cent
_FOUND = 0.5  # share of the rows that are whole, at least

_Connection = duckdb.DuckDBPyConnection
_Way = tuple[str, str, dict[str, object]]  # a sentence, a query, and what else the mapping says
_NONE: _Way = ("", "", {})


@dataclass(frozen=True, slots=True)
class _File:
    """One source: as SQL and as messages name it, its rows, and what the mapping calls columns."""

    said: str
    label: str
    raw: Raw
    given: dict[str, str]

    def column(self, canonical: str) -> str:
        """Name the column that seems to be a canonical one; empty where none does."""
        columns = list(self.raw.columns)
        plain = next((one for one in columns if fold(one) == fold(canonical)), "")
        return self.given.get(canonical, "") or plain or usual(canonical, columns)


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
    if entry.kind != "file" or origin.size > LARGEST or not {*given.values()} <= {*raw.columns}:
        return ""
    own = _File(_said(entry, origin), origin.label, raw, given)
    if own.column("net_sales") and own.column("account_id") and own.column("order_date"):
        return ""  # other names are all it takes
    ways = [_of_one(connection, own)]
    ways += [
        _of_two(connection, *pair)
        for other in _beside(connection, origin, mapping, room)
        for pair in ((own, other), (other, own))
    ]
    for n, (sentence, query, kept) in enumerate(way for way in ways if way[0]):
        inside = room / f"proposed {n}"
        inside.mkdir()
        if _runs(connection, entry, mapping, query, inside):
            kept |= {name: entry[name] for name in _ALIKE if entry[name]}
            more = [f"{name} = {as_toml(one)}" for name, one in kept.items()]
            block = "\n".join(["[[orders]]", f"sql = '''\n{query}\n'''", *more])
            return (
                f"{sentence} If so, write in kamlab.toml, in place of what stands under "
                f"[[orders]],\n{block}\nand compare the sum that is read then with your ledger."
            )
    return ""


def _of_one(connection: _Connection, own: _File) -> _Way:
    """Make the amount of price and quantity, or the day of month and year, where all is there."""
    account, (when, day) = own.column("account_id"), _day(connection, own)
    words, amount = _amount(connection, own, "")
    if not (account and day and amount):
        return _NONE
    order = own.column("order_id")
    number = sql.name(order) if order else f"concat_ws(' ', {sql.name(account)}, {day})"
    asked = [
        f"{sql.name(account)} AS account_id",
        f"{number} AS order_id",
        f"{day} AS order_date",
        f"{amount} AS net_sales",
        *_optional(own, ""),
    ]
    net = "" if own.column("net_sales") else f"the net sales of a line, but {words} may be"
    said = " and ".join(filter(None, [net, when]))
    query = f"SELECT {', '.join(asked)}\nFROM {own.said}"
    return f"{own.label}: no column holds {said}.", query, {}


def _day(connection: _Connection, file: _File) -> tuple[str, str]:
    """Write the day of an order: a column, or the first of the month where that is all there is."""
    columns = list(file.raw.columns)
    if day := file.column("order_date"):
        return "", sql.name(day)
    year, month = called(_YEAR, columns), called(_MONTH, columns)
    if not (year and month):
        return "", ""
    said = f"the day of an order, but {month!r} of {year!r} may tell its month"
    text = f"trim(CAST({sql.name(month)} AS VARCHAR))"
    named = "try_strptime({} || ' 1 2000', '%{} %d %Y') IS NOT NULL"
    numbers, *names = sql.one(
        connection,
        f"SELECT bool_and(TRY_CAST({text} AS DOUBLE) BETWEEN 1 AND 12), "
        f"bool_and({named.format(text, 'B')}), bool_and({named.format(text, 'b')}) "
        f"FROM {file.raw.relation} WHERE {text} <> ''",
    )
    if numbers:
        return said, f"make_date({sql.name(year)}::INT, {sql.name(month)}::INT, 1)"
    for form, fits in zip(("B", "b"), names, strict=True):
        if fits:
            joined = f"{sql.name(month)} || ' 1 ' || {sql.name(year)}"
            return said, f"strptime({joined}, '%{form} %d %Y')::DATE"
    return "", ""


def _of_two(connection: _Connection, lines: _File, heads: _File) -> _Way:
    """Join lines to the orders that another file tells of, where both name the order."""
    account, day = heads.column("account_id"), heads.column("order_date")
    words, amount = _amount(connection, lines, "l.")
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
            *_optional(lines, "l."),
            *(_state(heads, "h.") if not _state(lines, "l.") else []),
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


def _optional(file: _File, before: str) -> list[str]:
    """Write the columns that lines can lack."""
    there = {name: file.column(name) for name in OPTIONAL}
    found = [f"{before}{sql.name(one)} AS {name}" for name, one in there.items() if one]
    return found + _state(file, before)


def _state(file: _File, before: str) -> list[str]:
    """Write the column that tells whether an order still stands, so that it is looked at."""
    state = called(STATES, list(file.raw.columns))
    return [before + sql.name(state)] if state else []


def _amount(connection: _Connection, file: _File, before: str) -> tuple[str, str]:
    """Say and write what may be a line's net sales: an amount, or price, quantity and discount."""
    columns = list(file.raw.columns)
    if net := file.column("net_sales"):
        return repr(net), before + sql.name(net)
    price = called(_PRICE, columns) or called(_LISTED, columns)
    quantity = file.column("quantity")
    if not price or (not quantity and any(map(_QUANTITY.search, columns))):
        return "", ""
    if not quantity:
        return f"{price!r}, one piece a line", before + sql.name(price)
    words, amount = f"{price!r} times {quantity!r}", f"{before}{sql.name(price)}"
    amount += f" * {before}{sql.name(quantity)}"
    discount = called(_DISCOUNT, columns)
    if not discount:
        return words, amount
    share = _share(connection, file.raw, discount, before)
    if not share:
        return f"{words} ({discount!r} is not taken off)", amount
    return f"{words} less the share that {discount!r} tells", f"{amount} * (1 - {share})"


def _share(connection: _Connection, raw: Raw, column: str, before: str) -> str:
    """Write a column as a share of the price, if it is one or a percentage; else give nothing."""
    text = f"CAST({sql.name(column)} AS VARCHAR)"
    value = f"TRY_CAST(trim(replace(replace({text}, ',', '.'), '%', '')) AS DOUBLE)"
    signed = f"contains({text}, '%')"
    least, most, within, unsigned = sql.one(
        connection,
        f"SELECT min({value}), max({value}), count_if({value} > 0 AND {value} < 1), "
        f"count_if({value} > 0 AND NOT {signed}) FROM {raw.relation}",
    )
    there = f"{before}{sql.name(column)}"
    if most is None or least < 0:
        return ""
    if within and most <= 1 and unsigned:
        return f"coalesce({there}, 0)"
    if "%" in column and most <= _WHOLE and unsigned:
        return f"coalesce({there}, 0) / 100"
    if unsigned or most > _WHOLE:
        return ""
    plain = f"replace(replace({there}, '%', ''), ',', '.')"
    return f"coalesce(TRY_CAST({plain} AS DOUBLE), 0) / 100"


def _keys(lines: _File, heads: _File) -> list[tuple[str, str]]:
    """Name the columns of both that may name an order, the likeliest first."""
    usually = (lines.column("order_id"), heads.column("order_id"))
    theirs = {fold(name): name for name in heads.raw.columns}
    alike = [(name, theirs[fold(name)]) for name in lines.raw.columns if fold(name) in theirs]
    found = [usually, *alike] if all(usually) else alike
    return list(dict.fromkeys(found))


def _tells(connection: _Connection, lines: _File, heads: _File, names: tuple[str, str]) -> bool:
    """Say whether each head has another key, and most lines have that of one."""
    here, there = (f"CAST({sql.name(name)} AS VARCHAR)" for name in names)
    count, different = sql.one(
        connection, f"SELECT count({there}), count(DISTINCT {there}) FROM {heads.raw.relation}"
    )
    if not count or different < count:
        return False
    share, kinds = sql.one(
        connection,
        f"SELECT avg((k IN (SELECT {there} FROM {heads.raw.relation}))::INT), count(DISTINCT k) "
        f"FROM (SELECT {here} AS k FROM {lines.raw.relation}) WHERE k IS NOT NULL",
    )
    # of a handful of kinds each is in a list of some too
    return (share or 0) >= _FOUND and kinds >= _FOUND * count


def _beside(
    connection: _Connection, origin: Origin, mapping: Mapping, room: Path
) -> Iterator[_File]:
    """Read the other files of the folder that feed no table but orders, the largest first."""
    taken = {
        path.resolve()
        for entry in mapping.entries
        if entry.table != "orders" and entry.kind == "file"
        for pattern in entry["file"]
        for path in mapping.root.glob(pattern)
    }
    files = [path for path in mapping.root.iterdir() if path.is_file() and readable(path)]
    free = [path for path in files if path.resolve() not in taken]
    near = [path for path in largest(free) if path.stat().st_size <= LARGEST]
    own = (origin.path, str(origin.entry["sheet"] or ""))
    for n, one in enumerate(looked for path in near for looked in look_at(path)):
        if (one.path, one.sheet) == own or not _may_help(one.columns):
            continue
        inside = room / f"beside {n}"
        inside.mkdir()
        name, options = one.path.name, {"sheet": one.sheet} if one.sheet else {}
        try:
            raw = read_file(connection, one.path, name, options, set(), inside)
        except (DataRefusedError, duckdb.Error, OSError):
            continue
        label = f"{name}, sheet {one.sheet!r}," if one.sheet else name
        yield _File(sql.text(f"{name}#{one.sheet}" if one.sheet else name), label, raw, {})


def _may_help(columns: Sequence[str]) -> bool:
    """Say whether a table may hold orders, by account and day, or lines, by amount or price."""
    orders = usual("account_id", columns) and usual("order_date", columns)
    priced = called(f"{_PRICE} {_LISTED}", columns)
    return bool(orders or usual("net_sales", columns) or priced)


def _said(entry: Entry, origin: Origin) -> str:
    """Name what an entry reads, or the one sheet of a workbook, as SQL of a mapping does."""
    sheet = entry["sheet"]
    return sql.text(f"{origin.label}#{sheet}") if isinstance(sheet, str) else lines_of(entry)


def _runs(connection: _Connection, entry: Entry, mapping: Mapping, query: str, room: Path) -> bool:
    """Say whether a query can be asked and gives whole lines for the most part."""
    options = {
        name: one for name, one in entry.options.items() if name not in ("file", "columns", "sheet")
    }
    asked = Entry("orders", "sql", entry.place, options | {"sql": query})
    needed = [column.name for column in TABLES["orders"].columns if column.required]
    whole = " AND ".join(f"{name} IS NOT NULL" for name in needed)
    try:
        found = queries.run(connection, asked, mapping, room)
        kind = found.columns["net_sales"]
        rows, kept = sql.one(
            connection, f"SELECT count(*), count_if({whole}) FROM {found.relation}"
        )
    except (DataRefusedError, UsageError, duckdb.Error, KeyError):
        return False
    return kind not in ("VARCHAR", "DATE") and kept > 0 and kept >= _FOUND * rows
