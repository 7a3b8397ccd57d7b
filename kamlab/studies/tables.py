"""How is a table shown on a page and written beside it, whatever names it holds?"""

import datetime as dt
import html
import math
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from kamlab.studies.terms import explanations
from kamlab.studies.translate import said as said_in
from kamlab.studies.translate import said_label
from kamlab.studies.words import words

Format = str | Callable[[Any], str]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_LONG_TABLE = 50_000  # rows
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def plain_text(value: object, language: str = "en") -> str:
    """Write one value as a person reads it: 1,234 · 0.43 · 2013-06-30 · yes · –.

    Examples
    --------
    >>> [plain_text(v) for v in (1234567.8, 12.345, 0.4321, 40, float("nan"), True)]
    ['1,234,568', '12.3', '0.432', '40', '–', 'yes']
    """
    if value is None or value is pd.NaT or value is pd.NA:
        return "–"
    if isinstance(value, bool | np.bool_):
        return words(language)["yes" if value else "no"]
    if isinstance(value, int | np.integer):
        return f"{int(value):,}".replace("-", "−")
    if isinstance(value, float | np.floating):
        return _number(float(value))
    if isinstance(value, dt.datetime):
        return f"{value:%Y-%m-%d %H:%M}".removesuffix(" 00:00")
    return str(value)


def _number(value: float) -> str:
    """Write a number with about three figures that mean something."""
    if not math.isfinite(value):
        return "–" if math.isnan(value) else str(value).replace("-", "−")
    size = abs(value)
    digits = 0 if size >= 100 or size == 0 else 1 if size >= 10 else 2 if size >= 1 else 3
    return f"{value:,.{digits}f}".replace("-", "−")


def formatted(value: object, form: Format | None, language: str = "en") -> str:
    """Write one value in a given format; what is missing is a dash in every format.

    Examples
    --------
    >>> formatted(0.4321, ".1%"), formatted(None, ",.0f"), formatted(-1234.5, ",.0f")
    ('43.2%', '–', '−1,234')
    """
    missing = value is None or value is pd.NA or value is pd.NaT
    if form is None or missing or (isinstance(value, float) and math.isnan(value)):
        return plain_text(value, language)
    if callable(form):
        return form(value)
    text = format(value, form)
    return text.replace("-", "−", 1) if text.startswith("-") else text


def rounded(value: float, low: float, high: float) -> float:
    """Round an amount to what its interval supports: two figures of half its width.

    What would keep its decimals is left to its format, which rounds it once.

    Examples
    --------
    >>> rounded(264_323, -69_002, 597_647), rounded(0.3651, 0.302, 0.441)
    (260000.0, 0.3651)
    """
    half = abs(high - low) / 2
    if not math.isfinite(half) or half == 0:
        return value
    digits = 1 - math.floor(math.log10(half))
    return float(round(value, digits)) if digits < 0 else value


def check_table(name: str, table: pd.DataFrame) -> pd.DataFrame:
    """Check the name and the columns of a table that others will read.

    Parameters
    ----------
    name : str
        Lower-case letters, digits and underscores.
    table : pd.DataFrame
        Named index levels become columns.

    Returns
    -------
    pd.DataFrame
        The table with a plain index.

    Raises
    ------
    ValueError
        If the name or a column cannot be part of an interface.
    """
    if not _NAME.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a table: use lower-case letters, digits and _.")
    if any(level is not None for level in table.index.names):
        table = table.reset_index()
    odd = [column for column in table.columns if not isinstance(column, str) or not column]
    if odd:
        raise ValueError(f"Table {name} has a column named {odd[0]!r}; give it a text as name.")
    twice = table.columns[table.columns.duplicated()].tolist()
    if twice:
        raise ValueError(f"Table {name} has more than one column named {twice[0]!r}.")
    return table.reset_index(drop=True)


def _harmless(value: object) -> object:
    """Put an apostrophe before a text which a spreadsheet would run as a formula.

    A carriage return becomes a line feed: CSV writers quote only the latter, and the rest of the
    text would begin a row.
    """
    if not isinstance(value, str):
        return value
    text = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{text}" if value.startswith(_FORMULA) else text


def _risky(column: pd.Series) -> bool:
    """Say whether a column may hold a text that is not harmless."""
    if column.dtype != "str":
        return True
    texts = column.dropna().str
    return bool((texts.startswith(_FORMULA) | texts.contains("\r", regex=False)).any())


def write_table(folder: Path, name: str, table: pd.DataFrame) -> None:
    """Write a checked table as Parquet, true to the value, and as CSV, safe to open anywhere.

    Parameters
    ----------
    folder : Path
        Folder for `<name>.parquet` and `<name>.csv`.
    name : str
        Name of the table.
    table : pd.DataFrame
        As `check_table` returns it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table.to_parquet(folder / f"{name}.parquet", index=False)
    safe = table.copy()
    for column in table.columns[[not pd.api.types.is_numeric_dtype(t) for t in table.dtypes]]:
        if not pd.api.types.is_datetime64_any_dtype(table[column]) and _risky(table[column]):
            safe[column] = table[column].astype(object).map(_harmless)
    safe.columns = [_harmless(column) for column in table.columns]
    _write_csv(safe, folder / f"{name}.csv")


def _write_csv(table: pd.DataFrame, path: Path) -> None:
    """Write a table as text; a long one by DuckDB, which takes a tenth of the time."""
    if len(table) < _LONG_TABLE:
        table.to_csv(path, index=False, lineterminator="\n")
        return
    import duckdb
    import pyarrow as pa

    for column, kind in table.dtypes.items():
        if pd.api.types.is_bool_dtype(kind):
            table[column] = table[column].map({True: "True", False: "False"}).astype("str")
        elif pd.api.types.is_datetime64_any_dtype(kind) and _whole_days(table[column]):
            table[column] = table[column].dt.date
        elif pd.api.types.is_object_dtype(kind):
            table[column] = table[column].map(str, na_action="ignore").astype("str")
    with duckdb.connect() as connection:
        connection.from_arrow(pa.Table.from_pandas(table, preserve_index=False)).write_csv(
            str(path)
        )


def _whole_days(column: pd.Series) -> bool:
    """Say whether no time has an hour."""
    return bool((column.dropna() == column.dropna().dt.normalize()).all())


_SHORT_FORMS = {
    "Aic": "AIC",
    "Cvar": "CVaR",
    "Dso": "DSO",
    "Auc": "AUC",
    "Rfm": "RFM",
    "Hhi": "HHI",
}


def heading(column: str) -> str:
    """Turn a column's name into a heading.

    Examples
    --------
    >>> heading("net_sales_12m"), heading("cvar_share")
    ('Net sales 12m', 'CVaR share')
    """
    said = str(column).replace("_", " ").strip()
    first, space, rest = (said[:1].upper() + said[1:]).partition(" ")
    return _SHORT_FORMS.get(first, first) + space + rest


_SHORT, _LONG = 14, 48  # letters
_NAMES = re.compile(r"(^|_)(id|name|title|file|column|comment)$")  # never translated


def html_table(
    table: pd.DataFrame,
    *,
    caption: str,
    formats: Mapping[str, Format] | None = None,
    labels: Mapping[str, str] | None = None,
    limit: int | None = 50,
    rest: str = "",
    language: str = "en",
) -> str:
    """Draw a table that a screen reader, a keyboard and a phone can read.

    Parameters
    ----------
    table : pd.DataFrame
        Its columns in the order shown; named index levels come first.
    caption : str
        What the table shows, in one sentence.
    formats : mapping of str to str or callable, optional
        Format of a column: a Python format such as `",.0f"` or a function from value to text.
    labels : mapping of str to str, optional
        Heading of a column; else its name in words.
    limit : int or None, default 50
        Rows shown at most.
    rest : str
        Where to find the rows that are not shown.
    language : str, default "en"
        Of headings, of yes and no, and of the lines below the table.

    Returns
    -------
    str
        HTML in which every name and value is escaped. Where no account has a name, the column of
        names is left out.

    Raises
    ------
    ValueError
        If `formats` or `labels` name a column that is not there.
    """
    if any(level is not None for level in table.index.names):
        table = table.reset_index()
    formats, labels = formats or {}, labels or {}
    unknown = [c for c in (*formats, *labels) if c not in table.columns]
    if unknown:
        raise ValueError(f"The table has no column {unknown[0]!r}; it has {list(table.columns)}.")
    if "account_id" in table and "name" in table and len(table) and table["name"].isna().all():
        table = table.drop(columns="name")
    shown = table if limit is None else table.head(limit)
    numeric = [
        pd.api.types.is_numeric_dtype(kind) and not pd.api.types.is_bool_dtype(kind)
        for kind in table.dtypes
    ]
    said = [labels.get(column, heading(column)) for column in table.columns]
    heads = "".join(
        f'<th scope="col"{" class=n" if right else ""}>{html.escape(one)}</th>'
        for one, right in zip((said_label(one, language) for one in said), numeric, strict=True)
    )
    forms = [formats.get(column) for column in table.columns]
    tongues = ["en" if _NAMES.search(str(column)) else language for column in table.columns]
    rows = "".join(
        "<tr>" + "".join(map(_cell, row, forms, numeric, tongues)) + "</tr>\n"
        for row in shown.itertuples(index=False, name=None)
    )
    below = explanations(said, language)
    if len(shown) < len(table):
        first = words(language)["first_rows"]
        counts = {"shown": f"{len(shown):,}", "all": f"{len(table):,}"}
        below = [first.format_map(counts), rest, *below]
    more = f"<p class=more>{html.escape(' '.join(below))}</p>" if below else ""
    frame = f'class="scroll" tabindex="0" role="region" aria-label="{html.escape(caption)}"'
    return (
        f'<div class="kam-table"><div {frame}>'
        f"<table><caption>{html.escape(caption)}</caption><thead><tr>{heads}</tr></thead>\n"
        f"<tbody>{rows}</tbody></table></div>{more}</div>"
    )


def _cell(value: object, form: Format | None, right: bool, language: str) -> str:
    """Draw one cell; numbers keep their value for sorting."""
    text = html.escape(said_in(formatted(value, form, language), language))
    if not right:
        # a sentence needs room, and a date or a short word must not break
        kind = " class=long" if len(text) > _LONG else " class=short" if len(text) < _SHORT else ""
        return f"<td{kind}>{text}</td>"
    if not isinstance(value, int | float | np.number) or math.isnan(value):
        return f"<td class=n>{text}</td>"
    return f"<td class=n data-v={float(value):.10g}>{text}</td>"
