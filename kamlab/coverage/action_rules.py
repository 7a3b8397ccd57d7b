"""Which table, that anybody may edit, says what to do when something is known of an account?"""

from pathlib import Path

import pandas as pd

from kamlab.errors import UsageError

COLUMNS = ("signal", "matches", "limit", "action", "owner", "days")
# signal: which values count, and on which side of `limit` a rule speaks
SIGNALS = {
    "concern": "times in a year, at least",
    "risk reason": "probability of leaving (0 to 1), at least",
    "portfolio": "no limit",
    "satisfaction": "score (1 to 5), at most",
    "payment": "days beyond terms, at least",
    "health": "points of the weakest part (0 to 100), at most",
}
AT_MOST = frozenset({"satisfaction", "health"})
WITHOUT_WORDS = frozenset({"satisfaction", "payment"})
_RANGES = {"risk reason": (0.0, 1.0), "satisfaction": (1.0, 5.0), "health": (0.0, 100.0)}
SHIPPED = Path(__file__).with_name("action_rules.csv")
BESIDE_DATA = "action_rules.csv"


def rules_file(given: str, data: Path) -> Path:
    """Choose the table of rules: the one that is named, else the one beside the data, else ours.

    Parameters
    ----------
    given : str
        Path that the user named, or empty.
    data : Path
        Folder of the data, or its mapping file.

    Raises
    ------
    UsageError
        If a file is named and not there.
    """
    if given:
        path = Path(given).expanduser()
        if not path.is_file():
            raise UsageError(f"There is no table of action rules at {path}.")
        return path
    beside = (data if data.is_dir() else data.parent) / BESIDE_DATA
    return beside if beside.is_file() else SHIPPED


def read_rules(path: Path) -> pd.DataFrame:
    """Read a table of rules and refuse what cannot be meant.

    Parameters
    ----------
    path : Path
        CSV in UTF-8 (comma or semicolon) with the columns `signal`, `matches` (words of which one
        must occur, separated by |; empty: any), `limit` (see `SIGNALS`; empty: none), `action`,
        `owner` (a role or function) and `days` (until it is due).

    Returns
    -------
    pd.DataFrame
        `signal`, `matches`, `limit` (float, missing where there is none), `action`, `owner`,
        `days` (int) and `row`, the line of the file, in the order of the file: the first rule of a
        signal that fits an account speaks first.

    Raises
    ------
    UsageError
        Naming file, row, column, value and what was expected; all faults at once.

    Examples
    --------
    >>> read_rules(SHIPPED).loc[0, ["signal", "owner"]].tolist()
    ['risk reason', 'account manager']
    """
    try:
        head = path.read_text(encoding="utf-8-sig").partition("\n")[0]
        # a line of the file stays a row, an empty one too: messages must count as editors do
        table = pd.read_csv(
            path,
            sep=";" if head.count(";") > head.count(",") else ",",
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            encoding="utf-8-sig",
            index_col=False,
        )
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise UsageError(f"{path.name} is no readable table of rules: {error}") from None
    table.columns = [str(name).strip().lower() for name in table.columns]
    missing = [name for name in COLUMNS if name not in table.columns]
    if missing:
        raise UsageError(
            f"{path.name}, row 1: the column {missing[0]!r} is missing; expected the columns "
            f"{', '.join(COLUMNS)}."
        )
    table = table[list(COLUMNS)].map(lambda text: text.strip())
    table["row"] = range(2, len(table) + 2)
    table = table[(table[list(COLUMNS)] != "").any(axis=1)].reset_index(drop=True)
    table["signal"] = table["signal"].str.lower()
    faults = [fault for row in table.to_dict("records") for fault in _faults(row)]
    if faults:
        raise UsageError("\n".join(f"{path.name}, {fault}" for fault in faults[:20]))
    return table.assign(
        limit=pd.to_numeric(table["limit"].str.replace(",", ".")).astype(float),
        days=pd.to_numeric(table["days"]).astype(int),
    )


def _faults(row: dict) -> list[str]:
    """Say what is wrong with one rule."""

    def fault(column: str, expected: str) -> str:
        return f"row {row['row']}, column {column}: {row[column]!r}; expected {expected}"

    found = []
    known = row["signal"] in SIGNALS
    if not known:
        found.append(fault("signal", "one of " + ", ".join(SIGNALS)))
    if row["signal"] in WITHOUT_WORDS and row["matches"]:
        found.append(fault("matches", f"nothing: {row['signal']} is decided by its limit"))
    if row["signal"] == "portfolio" and row["limit"]:
        found.append(fault("limit", "nothing: a place in the portfolio has no limit"))
    elif row["signal"] in WITHOUT_WORDS and not row["limit"]:
        found.append(fault("limit", f"a number: {SIGNALS[row['signal']]}"))
    elif row["limit"] and known:
        low, high = _RANGES.get(row["signal"], (0.0, 1e6))
        if not _between(row["limit"], low, high):
            found.append(fault("limit", f"a number from {low:g} to {high:g}"))
    found += [fault(name, "a text") for name in ("action", "owner") if not row[name]]
    if not (row["days"].isdecimal() and 0 <= int(row["days"]) <= 3650):
        found.append(fault("days", "a whole number from 0 to 3650"))
    return found


def _between(text: str, low: float, high: float) -> bool:
    """Tell whether a text is a number within limits; a decimal comma is one too."""
    try:
        return low <= float(text.replace(",", ".")) <= high
    except ValueError:
        return False
