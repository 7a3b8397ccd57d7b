"""Which file beside the orders tells of their accounts, and which lines would read it?"""

import json
from pathlib import Path
from typing import TYPE_CHECKING

from kamlab.sources import sql
from kamlab.sources.alike import DESCRIBING, usual
from kamlab.sources.candidates import Looked, look_at
from kamlab.sources.endings import readable, stem
from kamlab.sources.keys import fold
from kamlab.sources.schema import TABLES
from kamlab.sources.trial import LARGEST, masters_run

if TYPE_CHECKING:
    from kamlab.sources.opening import Sources

_KNOWN = 0.5  # share of the accounts that order which a table of accounts knows at least


def accounts_beside(sources: "Sources") -> tuple[str, str]:
    """Write the block of a mapping that reads accounts from a file that feeds nothing.

    Parameters
    ----------
    sources : Sources

    Returns
    -------
    tuple of str
        What was found, in a sentence, and the block; both empty where no file has one row each
        for at least half of the accounts that order.
    """
    if sources.has("accounts") or "orders" not in sources._assembled:  # noqa: SLF001  the same room
        return "", ""
    ask = sources._connection  # noqa: SLF001  the same room
    (buyers,) = sql.one(ask, "SELECT count(DISTINCT account_id) FROM orders")
    found = (0, "", "")
    for name in sources.not_understood:
        path = sources.root / name
        if not readable(path) or stem(Path(name)) in TABLES or path.stat().st_size > LARGEST:
            continue
        for one in look_at(path):
            block = _block(one)
            known = masters_run(sources, block) if block else 0
            if known > max(found[0], _KNOWN * buyers):
                where = f"{name}, sheet {one.sheet!r}" if one.sheet else name
                said = f"{where} tells of {known:,} of the {buyers:,} accounts that order."
                found = (known, said, block)
    return found[1:]


def _block(one: Looked) -> str:
    """Write what reads a table of accounts; empty where it does not seem to be one."""
    number = usual("account_id", one.columns)
    rest = [column for column in one.columns if column != number]
    told: dict[str, str] = {}
    for name, words in DESCRIBING.items():
        column = next((column for column in rest if fold(column) in words.split()), "")
        told |= {name: column} if column else {}
    if not (one.unlike and number and told):
        return ""
    columns = {"account_id": number} | told
    said = ", ".join(f"{name} = {_toml(column)}" for name, column in columns.items())
    sheet = [f"sheet = {_toml(one.sheet)}"] if one.sheet else []
    lines = ["[[accounts]]", f"file = {_toml(one.path.name)}", *sheet, f"columns = {{ {said} }}"]
    return "\n".join(lines)


def _toml(value: str) -> str:
    """Write a text as TOML does."""
    return json.dumps(value, ensure_ascii=False)
