"""Does each row keep what its table promises? Convert, check, and say of each bad row why.

One pass of DuckDB turns the source's columns into canonical ones and marks each row with the first
check it fails, so that no frame of order lines is ever held in Python.
"""

from dataclasses import dataclass

import duckdb

from kamlab.errors import DataRefusedError
from kamlab.sources import dates, numbers, sql
from kamlab.sources.currencies import CURRENCIES
from kamlab.sources.schema import TYPES, Column, Table

_BLANKS = "chr(32) || chr(9) || chr(10) || chr(13) || '\u00a0\u200b\ufeff\u3000'"
MISSING = ("NA", "N/A", "n/a", "#N/A", "nan", "NaN", "NULL", "null", "None", "<NA>", "NaT", "-")
_TRUE = ("true", "t", "yes", "y", "1", "1.0", "是")
_FALSE = ("false", "f", "no", "n", "0", "0.0", "否")
_EXPECTED = {
    "id": "an identifier",
    "text": "a text",
    "date": "a day, as in 2024-04-03",
    "number": "a number, as in 1234.50",
    "whole": "a whole number",
    "flag": "true or false",
    "currency": "an ISO 4217 code, as in EUR",
}
_REASON = {"date": "not a date", "number": "not a number", "whole": "not a whole number"}
_REASON |= {"flag": "neither true nor false", "currency": "currency unknown"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing a row can break.

    Attributes
    ----------
    column : str
        Canonical column.
    reason, expected : str
        In words.
    broken : str
        SQL condition over the converted row.
    """

    column: str
    reason: str
    expected: str
    broken: str


@dataclass(frozen=True, slots=True)
class Contract:
    """A table's contract, worked out for one source.

    Attributes
    ----------
    select : str
        SQL that gives canonical columns, `_row`, `_hash`, `_check` and `_value` of every row.
    blanked : str
        SQL that lists optional values which were left out: `_row`, column, value.
    checks : tuple of Check
        `_check` is a position in it.
    columns : tuple of str
        Canonical columns that the source gives.
    """

    select: str
    blanked: str
    checks: tuple[Check, ...]
    columns: tuple[str, ...]


def _is_text(kind: str) -> bool:
    """Whether a DuckDB type must be read as text: not a number, a date or a flag by itself."""
    typed = ("DECIMAL", "DATE", "TIMESTAMP", "DOUBLE", "FLOAT", "BOOLEAN")
    return not (kind.startswith(typed) or "INT" in kind)


def _trimmed(source: str, kind: str) -> str:
    """Trim a source column as text, '' being NULL; whole floats lose their `.0`."""
    quoted = sql.name(source)
    if kind.startswith(("DOUBLE", "FLOAT", "DECIMAL")):
        return (
            f"CASE WHEN isnan({quoted}::DOUBLE) THEN NULL WHEN {quoted} = trunc({quoted}) AND "
            f"abs({quoted}) < 1e15 THEN CAST(CAST({quoted} AS BIGINT) AS VARCHAR) "
            f"ELSE CAST({quoted} AS VARCHAR) END"
        )
    return f"nullif(trim(nfc_normalize(CAST({quoted} AS VARCHAR)), {_BLANKS}), '')"


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
        By canonical column: counts of `dates.evidence` (3), of `numbers.evidence` (4), or of ids
        (texts that end in `.0`, texts).
    """
    names, counts = [], []
    for name, sources in found.items():
        column, kind = table.by_name[name], types[sources[0]]
        if not _is_text(kind):
            continue
        text = sql.name(f"t.{name}")
        if column.kind == "date":
            asked = dates.evidence(text)
        elif column.kind in ("number", "whole"):
            asked = numbers.evidence(sql.name(f"p.{name}"))
        elif column.kind == "id":
            asked = [rf"count_if(regexp_full_match({text}, '\d+\.0'))", f"count({text})"]
        else:
            continue
        names.append((name, len(asked)))
        counts += asked
    if not names:
        return {}
    layers = _layers(table, relation, types, found)
    row = sql.one(connection, f"SELECT {', '.join(counts)} FROM {layers}")
    given, told = [count or 0 for count in row], {}
    for name, size in names:
        told[name], given = given[:size], given[size:]
    return told


def _layers(table: Table, relation: str, types: dict[str, str], found: dict[str, list[str]]) -> str:
    """Nest queries that prepare each column once: `t.` trimmed, `p.` bare number, `d.` day."""
    trimmed, prepared = [], []
    for name, sources in found.items():
        column, text = table.by_name[name], sql.name(f"t.{name}")
        trimmed.append(f"{_plain_text(column, sources, types)} AS {text}")
        if not _is_text(types[sources[0]]) and column.kind != "date":
            continue
        if column.kind in ("number", "whole"):
            prepared.append(f"{numbers.bare(text)} AS {sql.name(f'p.{name}')}")
        elif column.kind == "date":
            prepared.append(f"{dates.joined(text)} AS {sql.name(f'd.{name}')}")
    everything = ", ".join(sql.name(source) for source in types)
    blank = f"coalesce({', '.join(f'CAST({sql.name(s)} AS VARCHAR)' for s in types)}, _bad)"
    inner = (
        f"SELECT {', '.join([*(sql.name(s) for s in types), '_row', '_bad', *trimmed])}, "
        f"hash({everything}) AS _hash FROM {relation} "
        f"WHERE {blank} IS NOT NULL"
    )
    return f"(SELECT {', '.join(['*', *prepared])} FROM ({inner}))"


def _plain_text(column: Column, sources: list[str], types: dict[str, str]) -> str:
    """Trimmed text of a column with the marks of missing values taken out."""
    parts = [_trimmed(source, types[source]) for source in sources]
    joined = parts[0] if len(parts) == 1 else f"({' || chr(45) || '.join(parts)})"
    if column.kind == "text":
        return joined
    nothing = " WHEN ".join(f"{sql.text(word)} THEN NULL" for word in MISSING)
    return f"CASE {joined} WHEN {nothing} ELSE {joined} END"


def contract(
    table: Table,
    relation: str,
    types: dict[str, str],
    found: dict[str, list[str]],
    styles: dict[str, str],
    formats: dict[str, list[str]],
    constants: dict[str, str],
    reporting: str,
) -> Contract:
    """Work out how the rows of one source are converted and checked.

    Parameters
    ----------
    table : Table
    relation : str
        SQL table function with the source's columns, `_row` and `_bad`.
    types : dict of str to str
        DuckDB types of the source's columns.
    found : dict of str to list of str
        Source columns by canonical name.
    styles : dict of str to str
        How each date and number given as text is read.
    formats : dict of str to list of str
        Formats of strptime by column, from the mapping.
    constants : dict of str to str
        Channel and currency of rows that name none.
    reporting : str
        Currency of the reports; "" where it is not yet known.
    """
    columns = tuple(name for name in table.by_name if name in found or name in constants)
    values, checks = (
        [],
        [Check("", "row does not fit the header", "one field a column", "_bad IS NOT NULL")],
    )
    blanked = []
    for name in columns:
        column, sources = table.by_name[name], found.get(name, [])
        value = _value(column, sources, types, styles.get(name, ""), formats.get(name, []))
        if name in constants:
            value = f"coalesce({value}, {sql.text(constants[name])})"
        made, text = sql.name(f"v.{name}"), sql.name(f"t.{name}")
        values.append(f"{value} AS {made}")
        lenient = not (table.strict or column.required)
        own = _checks(column, styles.get(name, ""), made, text if sources else "NULL", reporting)
        if column.required:
            words = name.removesuffix("_id").replace("_", " ")
            missing = f"{made if name in constants else text} IS NULL"
            own.insert(0, Check(name, f"{words} missing", _EXPECTED[column.kind], missing))
        if lenient and own:
            broken = " OR ".join(f"({check.broken})" for check in own)
            blanked.append((name, f"coalesce({broken}, false)"))
        else:
            checks += own
    return _assemble(table, relation, types, found, columns, values, checks, blanked)


def _value(
    column: Column, sources: list[str], types: dict[str, str], how: str, formats: list[str]
) -> str:
    """Write the SQL of one canonical value."""
    target = TYPES[column.kind]
    if not sources:
        return f"CAST(NULL AS {target})"
    kind, source = types[sources[0]], sql.name(sources[0])
    text = sql.name(f"t.{column.name}")
    if column.kind == "id" and how == "float":
        return rf"regexp_replace({text}, '\.0$', '')"
    if column.kind in ("id", "text"):
        return text
    if column.kind == "currency":
        return f"CASE {text} WHEN '€' THEN 'EUR' WHEN '£' THEN 'GBP' ELSE upper({text}) END"
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


def _checks(column: Column, how: str, made: str, text: str, reporting: str) -> list[Check]:
    """List what can be wrong with a value that is there."""
    checks = []
    expected = _EXPECTED[column.kind]
    if column.kind == "date":
        checks.append(
            Check(
                column.name,
                "ambiguous date",
                "one order of day and month in the column, or date_format in the mapping",
                dates.torn(text, how),
            )
        )
        expected += {"dmy": " or 03/04/2024 (3 April)", "mdy": " or 04/03/2024 (3 April)"}.get(
            how, ""
        )
    if column.kind == "number" and how.startswith("comma"):
        expected = "a number, as in 1.234,50"
    if column.kind in _REASON and column.kind != "currency":
        checks.append(
            Check(
                column.name,
                _REASON[column.kind],
                expected,
                f"{text} IS NOT NULL AND {made} IS NULL",
            )
        )
    if column.kind == "number":
        checks.append(Check(column.name, "not finite", expected, f"NOT isfinite({made})"))
    if column.low is not None or column.high is not None:
        low, high = column.low, column.high
        out = f"{made} NOT BETWEEN {low!r} AND {high!r}"
        checks.append(Check(column.name, "out of range", f"from {low:g} to {high:g}", out))
    if column.kind == "currency":
        known = ", ".join(map(sql.text, sorted(CURRENCIES)))
        unknown = f"{made} IS NULL OR {made} NOT IN ({known})"
        checks.append(Check(column.name, "currency unknown", expected, unknown))
        if reporting:
            other = f"{made} <> {sql.text(reporting)}"
            checks.append(Check(column.name, "in another currency", reporting, other))
    return checks


def _assemble(
    table: Table,
    relation: str,
    types: dict[str, str],
    found: dict[str, list[str]],
    columns: tuple[str, ...],
    values: list[str],
    checks: list[Check],
    blanked: list[tuple[str, str]],
) -> Contract:
    """Put the SQL together."""
    layers = _layers(table, relation, types, found)
    bad = dict(blanked)
    converted = f"(SELECT *, {', '.join(values)} FROM {layers})"
    cases = " ".join(f"WHEN {check.broken} THEN {n}" for n, check in enumerate(checks))
    shown = " ".join(
        f"WHEN {n} THEN {sql.name('t.' + check.column)}"
        for n, check in enumerate(checks)
        if check.column in found
    )
    final = [
        f"CASE WHEN {bad[name]} THEN NULL ELSE {sql.name('v.' + name)} END AS {sql.name(name)}"
        if name in bad
        else f"{sql.name('v.' + name)} AS {sql.name(name)}"
        for name in columns
    ]
    inner = f"(SELECT *, CAST(CASE {cases} END AS SMALLINT) AS _check FROM {converted})"
    select = (
        f"SELECT {', '.join(final)}, _row, _hash, _check, "
        f"CASE _check {shown} {'' if table.personal else 'WHEN 0 THEN _bad'} END AS _value "
        f"FROM {inner}"
    )
    lists = [
        f"SELECT _row, {sql.text(name)} AS column, {sql.name('t.' + name)} AS value FROM {inner} "
        f"WHERE _check IS NULL AND {condition}"
        for name, condition in blanked
    ]
    return Contract(select, " UNION ALL ".join(lists), tuple(checks), columns)


def ask_for_dates(label: str, column: str, source: str) -> DataRefusedError:
    """Make the question for the order of day and month."""
    return DataRefusedError(
        f"{label}, column {source!r} ({column}): whether 03/04/2024 is 3 April or 4 March is not "
        "sure, since no row has a day above 12. Write in kamlab.toml "
        'date_format = "DD/MM/YYYY" or date_format = "MM/DD/YYYY".'
    )


def ask_for_decimals(label: str, column: str, source: str) -> DataRefusedError:
    """Make the question for the decimal mark."""
    return DataRefusedError(
        f"{label}, column {source!r} ({column}): whether 1.234 is a thousand or little more than "
        'one is not sure. Write in kamlab.toml decimal = "," or decimal = ".".'
    )
