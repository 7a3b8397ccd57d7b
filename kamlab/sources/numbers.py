"""Is `1.234` a thousand or little more than one? Read amounts only where the column makes it sure.

One value can tell the decimal mark (`1,234.50`, `0.5`, `12,99`) or leave it open (`1.234`). A
column's marks are found from the values that can tell; where none can, the other columns of the
file are asked, then the other files of the same source, then the analyst.
"""

from collections.abc import Mapping

from kamlab.sources import sql
from kamlab.sources.currencies import SIGNS

_MARKS = " \u00a0\u202f\u2009'’_"
_GROUPED = rf"[+-]?\d{{1,3}}([{_MARKS}]\d{{3}})+([.,]\d+)?".replace("'", "''")
_SIMPLE = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
_COMMAS = r"[+-]?\d{1,3}(,\d{2,3})*,\d{3}(\.\d*)?"
_SURE = (
    r"[+-]?(\d*\.\d{1,2}|\d*\.\d{4,}|0*\.\d{3}|\d{4,}\.\d{3}|\d+\.|\d{1,3}(,\d{2,3})*,\d{3}\.\d*"
    r"|\d{1,3}(,\d{3}){2,}|\d*\.\d+[eE][+-]?\d+)"
)
_OPEN = r"[+-]?[1-9]\d{0,2}\.\d{3}"
_FULL, _HALF = "０１２３４５６７８９．，－＋／：（）　", "0123456789.,-+/:() "


def bare(text: str) -> str:
    """Write the SQL that strips currency signs, brackets of negatives and spaces in thousands.

    Parameters
    ----------
    text : str
        SQL expression of trimmed text.
    """
    sign = rf"^(?:[{SIGNS}]|[A-Z]{{3}}\s)\s*|\s*(?:[{SIGNS}]|\s[A-Z]{{3}})$"
    stripped = f"regexp_replace(translate({text}, '−–', '--'), '{sign}', '', 'g')"
    stripped = rf"regexp_replace({stripped}, '^\((.+)\)$|^([^-].*)-$', '-\1\2')"
    stripped = rf"regexp_replace({stripped}, '^(-?)\s*[{SIGNS}]\s*', '\1')"
    marks = _MARKS.replace("'", "''")
    return (
        f"CASE WHEN regexp_full_match({text}, '{_SIMPLE}') THEN {text} "
        f"WHEN regexp_full_match({stripped}, '{_GROUPED}') "
        f"THEN regexp_replace({stripped}, '[{marks}]', '', 'g') ELSE {stripped} END"
    )


def half_width(text: str) -> str:
    """Write the SQL that gives full-width digits and marks, as `１，２３４．５０`, in plain width.

    Parameters
    ----------
    text : str
        SQL expression of text.
    """
    # most texts hold none, which their length in bytes tells at once
    plain = f"translate({text}, {sql.text(_FULL)}, {sql.text(_HALF)})"
    return f"CASE WHEN strlen({text}) = length({text}) THEN {text} ELSE {plain} END"


def evidence(plain: str) -> list[str]:
    """Write the SQL counts of values that are surely dotted, surely with comma, open, open.

    Parameters
    ----------
    plain : str
        SQL expression, a result of `bare`.
    """
    swapped = f"translate({plain}, '.,', ',.')"
    return [
        f"count_if(regexp_full_match({value}, '{shape}'))"
        for shape in (_SURE, _OPEN)
        for value in (plain, swapped)
    ]


def style(dots: int, commas: int) -> str:
    """Choose how a column is read from its sure values; "" where they are silent or torn.

    Parameters
    ----------
    dots, commas : int
        Values that surely have a decimal point, a decimal comma.

    Returns
    -------
    str
        `dot` or `comma`; with `!` where single values contradict: then open values are refused.

    Examples
    --------
    >>> style(10, 0), style(1, 9), style(0, 0)
    ('dot', 'comma!', '')
    """
    if dots == commas:
        return ""
    return ("dot" if dots > commas else "comma") + ("!" if min(dots, commas) else "")


def value(plain: str, how: str) -> str:
    """Write the SQL that reads a number, NULL where it is none.

    Parameters
    ----------
    plain : str
        SQL expression, a result of `bare`.
    how : str
        A result of `style`.
    """
    if how.startswith("comma"):
        plain = f"translate({plain}, '.,', ',.')"
    grouped = r"[+-]?\d{1,3}(,\d{2,3})*,\d{3}\.\d*" if how.endswith("!") else _COMMAS
    return (
        f"CASE WHEN regexp_full_match({plain}, '{_SIMPLE}') THEN TRY_CAST({plain} AS DOUBLE) "
        f"WHEN regexp_full_match({plain}, '{grouped}') "
        f"THEN TRY_CAST(replace({plain}, ',', '') AS DOUBLE) END"
    )


def said_mark(options: Mapping[str, object]) -> str:
    """Give the decimal mark that a mapping says, or that follows from its mark of thousands.

    Examples
    --------
    >>> said_mark({"decimal": ","}), said_mark({"thousands": ","}), said_mark({})
    ('comma', 'dot', '')
    """
    decimal = {".": "dot", ",": "comma"}.get(str(options.get("decimal")), "")
    return decimal or {",": "dot", ".": "comma"}.get(str(options.get("thousands")), "")


def question(label: str, column: str, source: str) -> str:
    """Ask for the decimal mark."""
    return (
        f"{label}, column {source!r} ({column}): whether 1.234 is a thousand or little more than "
        'one is not sure. Write in kamlab.toml decimal = "," or decimal = ".".'
    )
