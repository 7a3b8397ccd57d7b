"""In which currency is reported and up to which day, or why can nothing be?"""

from collections.abc import Mapping as Of
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb

from kamlab.errors import DataRefusedError
from kamlab.sources import sql
from kamlab.sources.assembly import Assembled
from kamlab.sources.mapping import Mapping
from kamlab.sources.parts import Part


def reporting_currency(
    mapping: Mapping, parts: Of[str, Sequence[Part]], pushed: Of[str, int]
) -> str:
    """Know the currency of the reports, or ask for it.

    Parameters
    ----------
    mapping : Mapping
    parts : mapping of str to sequence of Part
        What was read, by table.
    pushed : mapping of str to int
        Rows by currency of order lines that stay elsewhere.

    Returns
    -------
    str
        ISO 4217; "" where the data do not say.

    Raises
    ------
    DataRefusedError
        If there are several and the mapping names none.
    """
    if mapping.currency:
        return mapping.currency
    seen = dict(pushed)
    for part in (part for several in parts.values() for part in several):
        for currency, rows in part.meta["currencies"].items():
            seen[currency] = seen.get(currency, 0) + rows
    if len(seen) > 1:
        most = max(seen, key=lambda currency: seen[currency])
        counted = ", ".join(f"{code} ({rows} rows)" for code, rows in sorted(seen.items()))
        raise DataRefusedError(
            f"{mapping.root}: the amounts are in several currencies, {counted}, and kamlab never "
            "adds them. Write at the top of kamlab.toml the one to report in, as in\n"
            f'currency = "{most}"\nThe others are then set aside with their sums.'
        )
    return next(iter(seen), "")


def end_of_orders(
    connection: duckdb.DuckDBPyConnection, root: Path, made: Of[str, Assembled]
) -> date:
    """Give the day after the newest order, or say why no order is left.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the views of `made`.
    root : Path
        Folder of the data, for the message.
    made : mapping of str to Assembled

    Returns
    -------
    date

    Raises
    ------
    DataRefusedError
        If no order line can be used.
    """
    (newest,) = sql.one(connection, "SELECT max(order_date) FROM orders")
    if newest:
        return newest + timedelta(days=1)
    why = connection.execute(
        'SELECT reason, "column", any_value(file), min("row"), any_value(value), '
        'any_value(expected), count(*) FROM "refused orders" GROUP BY ALL ORDER BY 7 DESC LIMIT 3'
    ).fetchall()
    files = ", ".join(part.origin.label for part in made["orders"].parts[:3])
    if not why:
        raise DataRefusedError(f"{root}: {files} holds no order line.")
    lines = "; ".join(
        f"{count} × {reason}{f' in {column}' if column else ''} (first in {file}, row {row}: "
        f"{value!r}; expected {expected})"
        for reason, column, file, row, value, expected, count in why
    )
    raise DataRefusedError(f"{files}: no order line can be used: {lines}.")
