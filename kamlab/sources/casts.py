"""What is the type of each column of a text file that a query reads? Cast only what is sure."""

import duckdb

from kamlab.sources import dates, numbers, sql
from kamlab.sources.currencies import marked, one_currency
from kamlab.sources.readers import Raw

_COUNT = r"[+-]?(0|[1-9]\d{0,17})"


def cast(connection: duckdb.DuckDBPyConnection, raw: Raw, formats: list[str], decimal: str) -> str:
    """Write a query that gives a file's columns with types, where every value of a column fits.

    Days become DATE, whole numbers BIGINT and other numbers DOUBLE. What is not sure, and numbers
    with leading zeros, stay text, for the query to cast.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    raw : Raw
        What a reader found.
    formats : list of str
        Formats of strptime that the mapping gives.
    decimal : {"dot", "comma", ""}
        Decimal mark that the mapping gives.

    Returns
    -------
    str
        SQL.
    """
    texts = [name for name, kind in raw.columns.items() if kind == "VARCHAR"]
    if not texts:
        return f"SELECT * EXCLUDE (_row, _bad) FROM {raw.relation}"
    plain = {name: numbers.half_width(sql.name(name)) for name in texts}
    layers = [
        f"nullif(trim({text}), '') AS {sql.name('t.' + name)}" for name, text in plain.items()
    ]
    inner = f"(SELECT *, {', '.join(layers)} FROM {raw.relation} WHERE _bad IS NULL)"
    counts = []
    for name in texts:
        text = sql.name(f"t.{name}")
        counts += [
            f"count({text})",
            f"count_if(regexp_full_match({text}, '{_COUNT}'))",
            rf"count_if(regexp_full_match({text}, '[+-]?0\d+'))",
            *dates.evidence(text),
            *numbers.evidence(numbers.bare(text)),
        ]
    row = sql.one(connection, f"SELECT {', '.join(counts)} FROM {inner}")
    told = [count or 0 for count in row]
    candidates = {}
    for n, name in enumerate(texts):
        text = sql.name(f"t.{name}")
        filled, whole, zeros, days, months, open_days, dots, commas, *open_marks = told[
            n * 10 : n * 10 + 10
        ]
        order = dates.style(days, months)
        if not open_days or order not in ("", "mixed") or formats:
            parts = dates.joined(text)
            candidates[name, "day"] = dates.value(text, parts, order, formats)
        mark = decimal or numbers.style(dots, commas)
        if not zeros and (mark or not any(open_marks)) and not mark.endswith("!"):
            candidates[name, "number"] = numbers.value(numbers.bare(text), mark)
        if whole == filled and not zeros:
            candidates[name, "whole"] = f"TRY_CAST({text} AS BIGINT)"
    numeric = [name for name, kind in candidates if kind == "number"]
    for name in _of_several_currencies(connection, inner, numeric):
        del candidates[name, "number"]  # a query has to tell them apart
    return _choose(connection, raw, inner, texts, candidates)


def _of_several_currencies(
    connection: duckdb.DuckDBPyConnection, inner: str, names: list[str]
) -> list[str]:
    """Name the columns whose numbers are written with signs of several currencies."""
    if not names:
        return []
    marks = [marked(sql.name("t." + name)) for name in names]
    asked = [f"list(DISTINCT {mark}) FILTER (WHERE {mark} <> '')" for mark in marks]
    told = sql.one(connection, f"SELECT {', '.join(asked)} FROM {inner}")
    return [name for name, seen in zip(names, told, strict=True) if not one_currency(seen or [])]


def _choose(
    connection: duckdb.DuckDBPyConnection,
    raw: Raw,
    inner: str,
    texts: list[str],
    candidates: dict[tuple[str, str], str],
) -> str:
    """Keep the casts that lose no value."""
    lost = [
        f"count_if({sql.name('t.' + name)} IS NOT NULL AND ({value}) IS NULL)"
        for (name, _), value in candidates.items()
    ]
    filled = [f"count({sql.name('t.' + name)})" for name in texts]
    told = sql.one(connection, f"SELECT {', '.join([*filled, *lost])} FROM {inner}")
    empty = {name for name, count in zip(texts, told, strict=False) if not count}
    kept = {
        key
        for key, count in zip(candidates, told[len(texts) :], strict=True)
        if not count and key[0] not in empty
    }
    chosen = []
    for name in raw.columns:
        # a whole number of eight digits may look like a day: it is a number unless dashed
        kinds = [kind for kind in ("whole", "day", "number") if (name, kind) in kept]
        value = candidates[name, kinds[0]] if kinds else sql.name(name)
        chosen.append(f"{value} AS {sql.name(name)}")
    return f"SELECT {', '.join(chosen)} FROM {inner}"
