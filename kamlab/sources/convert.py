"""How does a column of the source become a canonical one? Text, identifiers, numbers and days."""

import duckdb

from kamlab.sources import dates, numbers, sql
from kamlab.sources.currencies import SURE
from kamlab.sources.schema import TYPES, Column, Table

_BLANKS = "chr(32) || chr(9) || chr(10) || chr(13) || '\u00a0\u200b\ufeff\u3000'"
_ASCII_BLANKS = (32, 9, 10, 13)
_EDGE = r"[\t\n\r \x{a0}\x{200b}\x{feff}\x{3000}]"
MISSING = ("NA", "N/A", "n/a", "#N/A", "nan", "NaN", "NULL", "null", "None", "<NA>", "NaT", "-")
_TRUE = ("true", "t", "yes", "y", "1", "1.0", "是")
_FALSE = ("false", "f", "no", "n", "0", "0.0", "否")


def _is_text(kind: str) -> bool:
    """Whether a DuckDB type must be read as text: not a number, a date or a flag by itself."""
    typed = ("DECIMAL", "DATE", "TIMESTAMP", "DOUBLE", "FLOAT", "BOOLEAN")
    return not (kind.startswith(typed) or "INT" in kind)


def _trimmed(source: str, kind: str) -> str:
    """Trim a source column as text; whole floats lose their `.0`."""
    quoted = sql.name(source)
    if kind.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        return (
            f"CASE WHEN isnan({quoted}::DOUBLE) THEN NULL WHEN {quoted} = trunc({quoted}) AND "
            f"abs({quoted}) < 1e15 THEN CAST(CAST({quoted} AS BIGINT) AS VARCHAR) "
            f"ELSE CAST({quoted} AS VARCHAR) END"
        )
    if not _is_text(kind):
        return f"CAST({quoted} AS VARCHAR)"
    text = f"CAST({quoted} AS VARCHAR)"
    whole = f"nfc_normalize({text})"
    # few texts have blanks around them, and cutting is much dearer than looking; most are of
    # letters and signs that take one byte each, and neither begin nor end with such a blank
    ends = " AND ".join(f"NOT ends_with({text}, chr({code}))" for code in _ASCII_BLANKS)
    plain = f"strlen({text}) = length({text}) AND {text} >= '!' AND {ends}"
    edged = f"regexp_matches({text}, '^{_EDGE}|{_EDGE}$')"
    return (
        f"CASE WHEN {plain} THEN {text} WHEN {edged} THEN trim({whole}, {_BLANKS}) ELSE {whole} END"
    )


def _stays_typed(column: Column, sources: list[str], types: dict[str, str]) -> bool:
    """Whether a number or a day is read from a column of numbers or days, and never as text."""
    kind = types[sources[0]] if sources else "VARCHAR"
    if column.kind == "date":
        return kind.startswith(("DATE", "TIMESTAMP"))
    return column.kind in ("number", "whole") and not _is_text(kind)


def written(column: Column, sources: list[str], types: dict[str, str]) -> tuple[str, str]:
    """Write the SQL of a value as text, as it came, and of whether there is none.

    Parameters
    ----------
    column, sources, types
        As of `value`.
    """
    if not sources:
        return "NULL", "true"
    if not _stays_typed(column, sources, types):
        text = sql.name(f"t.{column.name}")
        return text, f"{text} IS NULL"
    quoted, kind = sql.name(sources[0]), types[sources[0]]
    absent = f"{quoted} IS NULL"
    if kind.startswith(("DOUBLE", "FLOAT")):
        absent = f"({absent} OR isnan({quoted}))"
    return _trimmed(sources[0], kind), absent


def _plain_text(column: Column, sources: list[str]) -> str:
    """Write the text of a column, over trimmed sources; marks of missing values become NULL."""
    marks = ("",) if column.kind == "text" else ("", *MISSING)
    joined = sql.name(f"n.{sources[0]}")
    if column.kind in ("number", "whole", "date"):
        joined = numbers.half_width(joined)
    if len(sources) > 1:
        parts = [f"nullif({sql.name(f'n.{source}')}, '')" for source in sources]
        joined = f"({' || chr(45) || '.join(parts)})"
    cases = " ".join(f"WHEN {sql.text(word)} THEN NULL" for word in marks)
    # a list after IN would be joined with all rows, longer ones too
    short = f"CASE {joined} {cases} ELSE {joined} END"
    return f"CASE WHEN strlen({joined}) > {max(map(len, MISSING))} THEN {joined} ELSE {short} END"


def layers(table: Table, relation: str, types: dict[str, str], found: dict[str, list[str]]) -> str:
    """Write queries that prepare texts once: `t.` trimmed, `p.` bare number, `d.` day."""
    trimmed: dict[str, str] = {}
    plain: list[str] = []
    prepared: list[str] = []
    for name, sources in found.items():
        column, text = table.by_name[name], sql.name(f"t.{name}")
        if _stays_typed(column, sources, types):
            continue
        trimmed |= {
            one: f"{_trimmed(one, types[one])} AS {sql.name(f'n.{one}')}" for one in sources
        }
        plain.append(f"{_plain_text(column, sources)} AS {text}")
        if not _is_text(types[sources[0]]) and column.kind != "date":
            continue
        if column.kind in ("number", "whole"):
            prepared.append(f"{numbers.bare(text)} AS {sql.name(f'p.{name}')}")
        elif column.kind == "date":
            prepared.append(f"{dates.joined(text)} AS {sql.name(f'd.{name}')}")
    everything = ", ".join(sql.name(source) for source in types)
    filled = " OR ".join(f"{name} IS NOT NULL" for name in [*map(sql.name, types), "_bad"])
    rows = (
        f"SELECT {', '.join([*map(sql.name, types), '_row', '_bad', *trimmed.values()])}, "
        f"hash({everything}) AS _hash FROM {relation} WHERE {filled}"
    )
    for made in (plain, prepared):
        rows = f"SELECT {', '.join(['*', *made])} FROM ({rows})"
    return f"({rows})"


def evidence(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    relation: str,
    types: dict[str, str],
    found: dict[str, list[str]],
) -> dict[str, list[int]]:
    """Count, for each date and number given as text, the values that tell how to read it.

    Returns
    -------
    dict of str to list of int
        By canonical column: counts of `dates.evidence` and `dates.serial_evidence` (5), of
        `numbers.evidence` (4), or of ids (texts that end in `.0`, texts).
    """
    names, counts = [], []
    for name, sources in found.items():
        column, kind = table.by_name[name], types[sources[0]]
        if not _is_text(kind) and (column.kind != "date" or _stays_typed(column, sources, types)):
            continue
        text = sql.name(f"t.{name}")
        if column.kind == "date":
            asked = [*dates.evidence(text), *dates.serial_evidence(text)]
        elif column.kind in ("number", "whole"):
            asked = numbers.evidence(sql.name(f"p.{name}"))
        elif column.kind == "id":
            quoted = f"CAST({sql.name(sources[0])} AS VARCHAR)"
            asked = [f"count_if(ends_with({quoted}, '.0'))", f"count({quoted})"]
        else:
            continue
        names.append((name, len(asked)))
        counts += asked
    if not names:
        return {}
    prepared = layers(table, relation, types, found)
    row = sql.one(connection, f"SELECT {', '.join(counts)} FROM {prepared}")
    given, told = [count or 0 for count in row], {}
    for name, size in names:
        told[name], given = given[:size], given[size:]
    return told


def value(
    column: Column, sources: list[str], types: dict[str, str], how: str, formats: list[str]
) -> str:
    """Write the SQL of one canonical value, over a query of `layers`.

    Parameters
    ----------
    column : Column
    sources : list of str
        Source columns; several where a text is put together; none where a constant fills it.
    types : dict of str to str
        DuckDB types of the source's columns.
    how : str
        How a date, number or identifier given as text is read.
    formats : list of str
        Formats of strptime, from the mapping.
    """
    target = TYPES[column.kind]
    if not sources:
        return f"CAST(NULL AS {target})"
    kind, source = types[sources[0]], sql.name(sources[0])
    text = sql.name(f"t.{column.name}")
    if column.kind == "id" and how == "float":
        return rf"regexp_replace({text}, '^(\d+)\.0$', '\1')"
    if column.kind in ("id", "text"):
        return text
    if column.kind == "currency":
        codes = " ".join(f"WHEN '{sign}' THEN '{code}'" for sign, code in SURE.items())
        return f"CASE {text} {codes} ELSE upper({text}) END"
    if column.kind == "date" and kind.startswith(("DATE", "TIMESTAMP")):
        return f"CASE WHEN isfinite({source}) THEN CAST({source} AS DATE) END"
    if column.kind == "date":
        return dates.value(text, sql.name(f"d.{column.name}"), how, formats)
    if column.kind == "flag":
        yes, no = (", ".join(map(sql.text, words)) for words in (_TRUE, _FALSE))
        low = f"lower({text})"
        return f"CASE WHEN {low} IN ({yes}) THEN true WHEN {low} IN ({no}) THEN false END"
    if _is_text(kind):
        number = numbers.value(sql.name(f"p.{column.name}"), how)
    elif kind.startswith(("DATE", "TIMESTAMP", "BOOLEAN")):
        number = "CAST(NULL AS DOUBLE)"
    else:
        number = f"CASE WHEN isnan({source}::DOUBLE) THEN NULL ELSE {source}::DOUBLE END"
    if column.kind == "whole":
        whole = f"({number}) = trunc({number}) AND abs({number}) < 1e15"
        return f"CASE WHEN {whole} THEN CAST(({number}) AS BIGINT) END"
    return number
