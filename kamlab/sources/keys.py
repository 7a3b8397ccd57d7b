"""Is a key of a settings file one that kamlab knows, and if not, which one was meant?"""

import re
from collections.abc import Iterable, Sequence
from difflib import get_close_matches

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
