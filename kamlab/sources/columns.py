"""Which column of the source is which? Match canonical names, and ask with the line to write."""

import json
import re

from kamlab.errors import DataRefusedError
from kamlab.sources.alike import usual
from kamlab.sources.keys import fold, nearest
from kamlab.sources.mapping import Entry
from kamlab.sources.schema import Table


def _plain(name: str) -> str:
    """Bring a column's name into canonical spelling: `Order Date` to `order_date`."""
    return "_".join(name.strip().casefold().replace("-", " ").replace("_", " ").split())


def wanted(table: Table, entry: Entry) -> set[str]:
    """Name, in lower case, the columns that a source of the table may have."""
    names = {name.casefold() for name in table.by_name}
    for source in entry.columns.values():
        names |= {one.casefold() for one in ([source] if isinstance(source, str) else source)}
    return names | {name.replace("_", " ") for name in names}


def match(table: Table, entry: Entry, columns: list[str], label: str) -> dict[str, list[str]]:
    """Find the source columns of each canonical column.

    Parameters
    ----------
    table : Table
    entry : Entry
        Its `columns` rename; canonical names that the source has need no renaming.
    columns : list of str
        What the source has.
    label : str
        The source's name in messages.

    Returns
    -------
    dict of str to list of str
        Source columns by canonical name; several where a text is put together.

    Raises
    ------
    DataRefusedError
        If a column named in the mapping, or a required one, is not there.
    """
    exact = {column.casefold(): column for column in reversed(columns)}
    found: dict[str, list[str]] = {}
    for canonical, source in entry.columns.items():
        sources = [source] if isinstance(source, str) else list(source)
        found[canonical] = [_one(name, exact, columns, canonical, label) for name in sources]
    _require_different(table, found, label)
    taken = {names[0] for names in found.values() if len(names) == 1}
    plain = {_plain(column): column for column in reversed(columns) if column not in taken}
    for canonical in table.by_name:
        if canonical not in found and canonical in plain:
            found[canonical] = [_one(plain[canonical], exact, columns, canonical, label)]
    given = {option for option in ("channel", "currency") if entry[option]}
    missing = [c.name for c in table.columns if c.required and c.name not in found.keys() | given]
    if missing:
        raise DataRefusedError(_missing(table, missing, found, columns, label))
    return {name: found[name] for name in table.by_name if name in found}


def _require_different(table: Table, found: dict[str, list[str]], label: str) -> None:
    """Refuse one source column as two numbers: sales that are also cost leave no profit."""
    numbers: dict[str, str] = {}
    for canonical, sources in found.items():
        if table.by_name[canonical].kind not in ("number", "whole"):
            continue
        other = numbers.setdefault(sources[0], canonical)
        if other != canonical:
            raise DataRefusedError(
                f"{label}: {other} and {canonical} are both made of the column {sources[0]!r}. "
                f"Name another column for one of them in kamlab.toml, or leave it out."
            )


def _one(name: str, exact: dict[str, str], columns: list[str], canonical: str, label: str) -> str:
    """Find one source column, which must be there once."""
    column = name if name in columns else exact.get(name.strip().casefold())
    if column is None:
        near = nearest(name, columns)
        hint = f'Did you mean {canonical} = "{near}"? ' if near else ""
        raise DataRefusedError(
            f"{label}: there is no column {name!r}, which the mapping gives for {canonical}. "
            f"{hint}Its columns are: {', '.join(columns)}."
        )
    if f"{column} (2)" in columns:
        raise DataRefusedError(
            f"{label}: two columns are named {column!r}, so {canonical} is not sure. Rename one."
        )
    return column


def _near(canonical: str, free: list[str]) -> str:
    """Name the column spelt most like a canonical one; a store's id is no order's, though alike."""
    begins = [name for name in free if fold(name)[:1] == canonical[0]]
    return nearest(canonical, begins) or nearest(canonical.split("_")[0], begins)


def _missing(
    table: Table,
    missing: list[str],
    found: dict[str, list[str]],
    columns: list[str],
    label: str,
) -> str:
    """Say which columns are missing and which line of the mapping would give them."""
    taken = {name for names in found.values() for name in names}
    free = [column for column in columns if column not in taken]
    lines = []
    for canonical in missing:
        near = usual(canonical, free) or _near(canonical, free)
        free = [name for name in free if name != near]
        lines.append(f"{canonical} = {json.dumps(near or '…', ensure_ascii=False)}")
    said = {name: sources[0] for name, sources in found.items() if sources != [name]}
    told = {name: json.dumps(source, ensure_ascii=False) for name, source in said.items()}
    lines = [f"{name} = {source}" for name, source in told.items()] + lines
    text = (
        f"{label}: {table.name} need{'' if table.name.endswith('s') else 's'} "
        f"{', '.join(missing)}, which no column is named after. "
        f"Its columns are: {', '.join(columns) or 'none'}. In kamlab.toml, under [[{table.name}]], "
        f"write\ncolumns = {{ {', '.join(lines)} }}"
    )
    if len(columns) == 1 and (mark := re.search(r"[^\w\s.()-]", columns[0])):
        return (
            f"{label}: only one column was found: {columns[0]}. If {mark[0]!r} stands between the "
            f"fields, write delimiter = {json.dumps(mark[0], ensure_ascii=False)} under "
            f'[[{table.name}]] in kamlab.toml; ",", ";", "|" and tabs are found by themselves.'
        )
    if "order_id" in missing:
        text += (
            "\nWhere the source has no order numbers, put one together of other columns, as in "
            'order_id = ["Customer", "Date"].'
        )
    return text
