"""Does each row keep what its table promises? Convert, check, and say of each bad row why.

One pass of DuckDB turns the source's columns into canonical ones and marks each row with the first
check it fails, so that no frame of order lines is ever held in Python.
"""

from dataclasses import dataclass

from kamlab.sources import dates, sql
from kamlab.sources.convert import layers, value, written
from kamlab.sources.currencies import CURRENCIES
from kamlab.sources.scales import FEW, Scale, off_share, onto
from kamlab.sources.schema import Column, Table

_EXPECTED = {
    "id": "an identifier",
    "text": "a text",
    "date": "a day, as in 2024-04-03",
    "number": "a number, as in 1234.50",
    "whole": "a whole number",
    "flag": "true or false",
    "currency": 'an ISO 4217 code, as in EUR; currency = "EUR" in kamlab.toml fills empty ones',
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
        SQL that lists optional values which were left out: `_row`, column, value, expected.
    checks : tuple of Check
        `_check` is a position in it.
    columns : tuple of str
        Canonical columns that the source gives.
    """

    select: str
    blanked: str
    checks: tuple[Check, ...]
    columns: tuple[str, ...]


def contract(
    table: Table,
    relation: str,
    types: dict[str, str],
    found: dict[str, list[str]],
    styles: dict[str, str],
    formats: dict[str, list[str]],
    constants: dict[str, str],
    reporting: str,
    scales: dict[str, Scale],
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
    scales : dict of str to tuple of float
        Worst and best score by item, from the mapping. Whether scores fit is judged when all files
        are known.
    """
    columns = tuple(name for name in table.by_name if name in found or name in constants)
    checks = [Check("", "row does not fit the header", "one field a column", "_bad IS NOT NULL")]
    values, blanked, windows = [], [], []
    for name in columns:
        column, sources = table.by_name[name], found.get(name, [])
        made_of = value(column, sources, types, styles.get(name, ""), formats.get(name, []))
        if name in constants:
            made_of = f"coalesce({made_of}, {sql.text(constants[name])})"
        if column.kind == "currency":
            made_of = f"coalesce({made_of}, '?')"  # an unknown currency is none of the known
        if name == table.scaled:
            made_of = onto(made_of, sql.name("t.item"), scales)
        made, (text, absent) = sql.name(f"v.{name}"), written(column, sources, types)
        values.append(f"{made_of} AS {made}")
        lenient = not (table.strict or column.required)
        own = _checks(column, styles.get(name, ""), made, text, absent, reporting)
        if name == table.scaled:
            own = [check for check in own if check.reason != "out of range"]
        if column.required:
            words = name.removesuffix("_id").replace("_", " ")
            missing = f"{made} IS NULL" if name in constants else absent
            own.insert(0, Check(name, f"{words} missing", _EXPECTED[column.kind], missing))
        if lenient and own:
            broken = " OR ".join(f"({check.broken})" for check in own)
            why = " ".join(f"WHEN {check.broken} THEN {sql.text(check.expected)}" for check in own)
            otherwise = ""
            if table.scaled and column.high is not None:  # of an item on another scale none stays
                share = sql.name(f"w.{name}")
                windows.append(f"{off_share(made, column.low, column.high)} AS {share}")
                broken += f" OR ({made} IS NOT NULL AND {share} > {FEW})"
                scale = f"answers of the item from {column.low:g} to {column.high:g}"
                otherwise = f"ELSE {sql.text(scale)}"
            blanked.append(
                (name, text, f"coalesce({broken}, false)", f"CASE {why} {otherwise} END")
            )
        else:
            checks += own
    return _assemble(table, relation, types, found, columns, values, checks, blanked, windows)


def _checks(
    column: Column, how: str, made: str, text: str, absent: str, reporting: str
) -> list[Check]:
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
        checks.append(
            Check(
                column.name,
                "a spreadsheet's number of a day",
                "one way of writing days in the column (by sql, such a number is "
                "DATE '1899-12-30' + 45123)",
                f"CASE WHEN {made} IS NULL THEN {dates.is_serial(text)} END",
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
                f"NOT ({absent}) AND {made} IS NULL",
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
        unknown = f"{made} NOT IN ({known})"
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
    blanked: list[tuple[str, str, str, str]],
    windows: list[str],
) -> Contract:
    """Put the SQL together."""
    bad = {name: condition for name, _, condition, _ in blanked}
    converted = f"(SELECT *, {', '.join(values)} FROM {layers(table, relation, types, found)})"
    if windows:
        converted = f"(SELECT *, {', '.join(windows)} FROM {converted})"
    cases = " ".join(f"WHEN {check.broken} THEN {n}" for n, check in enumerate(checks))
    shown = " ".join(
        f"WHEN {n} THEN {written(table.by_name[check.column], found[check.column], types)[0]}"
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
        f"SELECT _row, {sql.text(name)} AS column, {text} AS value, {why} AS expected "
        f"FROM {inner} WHERE _check IS NULL AND {condition}"
        for name, text, condition, why in blanked
    ]
    return Contract(select, " UNION ALL ".join(lists), tuple(checks), columns)
