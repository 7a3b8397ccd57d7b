"""Is a key of a settings file one that kamlab knows, and if not, which one was meant?"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

import pandas as pd

from kamlab.errors import UsageError


def fold(word: str) -> str:
    """Write a word alike whatever its case, spaces and marks.

    Examples
    --------
    >>> fold("E-Mail"), fold("Net Sale")
    ('email', 'netsale')
    """
    return re.sub(r"[\W_]+", "", word).casefold()


def nearest(wanted: str, known: Sequence[str]) -> str:
    """Name the known word most like `wanted`, ignoring case, spaces and marks; "" where none is.

    Examples
    --------
    >>> nearest("Net Sale", ["account_id", "net_sales"])
    'net_sales'
    """
    plain = {fold(word): word for word in known}
    found = get_close_matches(fold(wanted), list(plain), 1, 0.6)
    return plain[found[0]] if found else ""


def only_known(said: Iterable[str], known: Sequence[str], place: str) -> None:
    """Refuse unknown keys, with the nearest known one.

    Parameters
    ----------
    said : iterable of str
        Keys that stand in the file.
    known : sequence of str
    place : str
        File and block, for the message.

    Raises
    ------
    UsageError
        At the first unknown key.
    """
    for key in said:
        if key not in known:
            near = nearest(key, known)
            hint = f"Did you mean {near!r}?" if near else f"Known are: {', '.join(known)}."
            raise UsageError(f"{place}: unknown key {key!r}. {hint}")


def told_by(values: pd.Series, words: Sequence[str]) -> pd.Series:
    """Tell which values hold one of some folded words.

    Parameters
    ----------
    values : pd.Series
        Names of channels, activities and the like; what is missing holds none.
    words : sequence of str
        Folded, see `fold`.

    Returns
    -------
    pd.Series of bool

    Examples
    --------
    >>> told_by(pd.Series(["Rush order", None, "letter"]), ("rush",)).tolist()
    [True, False, False]
    """
    there = {
        name: any(word in fold(str(name)) for word in words) for name in values.dropna().unique()
    }
    return values.map(there).eq(True)
