"""Is 03/04/2024 in March or in April? Read dates only where the column makes it sure.

Whole numbers from 20,000 to 60,000 are days as spreadsheets count them, where the column holds
nothing else. Days that begin with the year, name the month or separate by dots are sure. Of
`13/04/2024` the order of day and month is sure too, and then holds for the column. Where no row of
the column settles it, the other files of the same source are asked, then the analyst
(`date_format`).
"""

from kamlab.errors import UsageError

_TIME = (
    r"(?:(?:T|,?\s+)\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?\s*(?:[AaPp]\.?[Mm]\.?)?"
    r"\s*(?:Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?"
)
_OPEN = r"\d{1,2}[-/ ]\d{1,2}[-/ ]\d{4}"
_DAY = "|".join(
    [
        r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}",
        r"(?:19|20)\d{6}",
        r"\d{4}年\d{1,2}月\d{1,2}日?",
        _OPEN,
        r"\d{1,2}\.\s?\d{1,2}\.\s?\d{4}",
        r"\d{1,2}[-/. ]+[A-Za-z]{3,9}\.?[-/., ]+\d{4}",
        r"[A-Za-z]{3,9}\.?[- ]+\d{1,2},?[- ]+\d{4}",
        r"\d{4}[-/. ]+[A-Za-z]{3,9}\.?[-/. ]+\d{1,2}",
    ]
)
_FRIENDLY = (("YYYY", "%Y"), ("YY", "%y"), ("MM", "%m"), ("DD", "%d"), ("HH", "%H"), ("SS", "%S"))
OUTWEIGHS = 20
"""So many times as many rows must speak for an order as against it."""


def _parts(text: str) -> tuple[str, str]:
    """First and second number of an open date, as SQL."""
    pattern = r"^(\d{1,2})[-/ ](\d{1,2})[-/ ]\d{4}"
    first, second = (f"TRY_CAST(regexp_extract({text}, '{pattern}', {n}) AS INT)" for n in (1, 2))
    return first, second


def _is_open(text: str) -> str:
    """Whether a text has the shape whose order of day and month must be known, as SQL."""
    return f"regexp_full_match({text}, '{_OPEN}{_TIME}')"


def evidence(text: str) -> list[str]:
    """Write the SQL counts of rows that are surely day first, surely month first, open.

    Parameters
    ----------
    text : str
        SQL expression of trimmed text.
    """
    first, second = _parts(text)
    conditions = (
        f"{first} BETWEEN 13 AND 31 AND {second} <= 12",
        f"{second} BETWEEN 13 AND 31 AND {first} <= 12",
        f"{first} <= 12 AND {second} <= 12 AND {first} <> {second}",
    )
    return [f"count_if({_is_open(text)} AND {condition})" for condition in conditions]


def serial_evidence(text: str) -> list[str]:
    """Write the SQL counts of values that may be days as spreadsheets count them, and of values.

    Parameters
    ----------
    text : str
        SQL expression of trimmed text.
    """
    return [f"count_if({is_serial(text)})", f"count({text})"]


def is_serial(text: str) -> str:
    """Write the SQL that tells a spreadsheet's number of a day, 1954 to 2064."""
    whole = f"regexp_full_match({text}, '[2-6]\\d{{4}}(\\.\\d+)?')"
    return f"({whole} AND TRY_CAST({text} AS DOUBLE) BETWEEN 20000 AND 60000)"


def style(day_first: int, month_first: int) -> str:
    """Choose the order of day and month from the rows that are sure.

    Returns
    -------
    str
        `dmy`, `mdy`, `mixed` (both in numbers: open rows are refused), or "" where no row tells.

    Examples
    --------
    >>> style(5, 0), style(1, 40), style(7, 9), style(0, 0)
    ('dmy', 'mdy', 'mixed', '')
    """
    if not day_first and not month_first:
        return ""
    if day_first >= OUTWEIGHS * month_first:
        return "dmy"
    return "mdy" if month_first >= OUTWEIGHS * day_first else "mixed"


def strptime_format(given: str, place: str) -> str:
    """Turn `DD.MM.YYYY` or `%d.%m.%Y` into a format of strptime.

    Examples
    --------
    >>> strptime_format("DD.MM.YYYY", "kamlab.toml")
    '%d.%m.%Y'
    """
    made = given
    if "%" not in given:
        for word, code in _FRIENDLY:
            made = made.replace(word, code)
    year, day = ("%Y" in made or "%y" in made), "%d" in made
    if not (year and day and any(month in made for month in ("%m", "%b", "%B"))):
        raise UsageError(
            f"{place}: date_format = {given!r} must name day, month and year, as in "
            '"DD/MM/YYYY" or "%d/%m/%Y".'
        )
    return made


def joined(text: str) -> str:
    """Write the SQL that gives the parts of a day joined by `-`, '' where there is no day."""
    day = f"regexp_extract({text}, '^({_DAY}){_TIME}$', 1)"
    return (
        rf"CASE WHEN regexp_full_match({text}, '\d{{4}}-\d{{2}}-\d{{2}}') THEN {text} "
        f"ELSE regexp_replace(rtrim({day}, '日'), '[-/. ,年月]+', '-', 'g') END"
    )


def value(text: str, parts: str, how: str, formats: list[str]) -> str:
    """Write the SQL that reads a day, NULL where it is none.

    Parameters
    ----------
    text : str
        SQL expression of trimmed text.
    parts : str
        SQL expression, a result of `joined`.
    how : str
        A result of `style`.
    formats : list of str
        Formats of strptime that the mapping gives; nothing else is then tried.
    """
    if formats:
        listed = "[" + ", ".join("'" + one.replace("'", "''") + "'" for one in formats) + "]"
        return f"CAST(try_strptime({text}, {listed}) AS DATE)"
    if how == "serial":
        days = f"CAST(floor(TRY_CAST({text} AS DOUBLE)) AS INTEGER)"
        return f"CASE WHEN {is_serial(text)} THEN DATE '1899-12-30' + {days} END"
    first, second = _parts(text)
    month_first = {"mdy": "true", "mixed": f"{second} > 12"}.get(how, "false")
    sure = f"({first} > 12 OR {second} > 12 OR {first} = {second})" if how == "mixed" else "true"
    cases = (
        (r"\d{4}-\d{1,2}-\d{1,2}", "true", "'%Y-%m-%d'"),
        (r"\d{8}", "true", "'%Y%m%d'"),
        (r"\d{1,2}-\d{1,2}-\d{4}", f"{text} LIKE '%.%.%'", "'%d-%m-%Y'"),
        (r"\d{1,2}-\d{1,2}-\d{4}", f"{sure} AND {month_first}", "'%m-%d-%Y'"),
        (r"\d{1,2}-\d{1,2}-\d{4}", sure, "'%d-%m-%Y'"),
        (r"\d{1,2}-[A-Za-z]+-\d{4}", "true", "['%d-%b-%Y', '%d-%B-%Y']"),
        (r"[A-Za-z]+-\d{1,2}-\d{4}", "true", "['%b-%d-%Y', '%B-%d-%Y']"),
        (r"\d{4}-[A-Za-z]+-\d{1,2}", "true", "['%Y-%b-%d', '%Y-%B-%d']"),
    )
    whens = " ".join(
        f"WHEN regexp_full_match({parts}, '{shape}') AND {when} "
        f"THEN CAST(try_strptime({parts}, {given}) AS DATE)"
        for shape, when, given in cases
    )
    plain = rf"regexp_full_match({parts}, '\d{{4}}-\d{{2}}-\d{{2}}')"
    return f"CASE WHEN {plain} THEN TRY_CAST({parts} AS DATE) {whens} END"


def torn(text: str, how: str) -> str:
    """Write the SQL that is true where a column of both orders leaves a day open."""
    first, second = _parts(text)
    if how != "mixed":
        return "false"
    return f"{_is_open(text)} AND {first} <= 12 AND {second} <= 12 AND {first} <> {second}"


def question(label: str, column: str, source: str) -> str:
    """Ask for the order of day and month."""
    return (
        f"{label}, column {source!r} ({column}): whether 03/04/2024 is 3 April or 4 March is not "
        "sure, since no row has a day above 12. Write in kamlab.toml "
        'date_format = "DD/MM/YYYY" or date_format = "MM/DD/YYYY".'
    )
