"""Which file beside the orders tells of their accounts, and which lines would read it?"""

from typing import TYPE_CHECKING

from kamlab.sources import sql
from kamlab.sources.alike import as_toml, described, usual
from kamlab.sources.candidates import Looked, largest, look_at
from kamlab.sources.composing import LARGEST
from kamlab.sources.endings import readable, stem
from kamlab.sources.schema import TABLES
from kamlab.sources.trial import masters_run

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
    paths = [sources.root / name for name in sources.not_understood]
    free = [path for path in paths if path.is_file() and readable(path)]
    most, told = 0, ("", "")
    for path in largest([path for path in free if stem(path) not in TABLES]):
        for one in look_at(path) if path.stat().st_size <= LARGEST else ():
            block = _block(one)
            known = masters_run(sources, block) if block else 0
            if known > most and known >= _KNOWN * buyers:
                where = f"{path.name}, sheet {one.sheet!r}" if one.sheet else path.name
                said = f"{where} tells of {known:,} of the {buyers:,} accounts that order."
                most, told = known, (said, block)
    return told


def _block(one: Looked) -> str:
    """Write what reads a table of accounts; empty where it does not seem to be one."""
    number = usual("account_id", one.columns)
    told = described([column for column in one.columns if column != number])
    if not (one.unlike and number and told):
        return ""
    columns = {"account_id": number} | told
    said = ", ".join(f"{name} = {as_toml(column)}" for name, column in columns.items())
    sheet = [f"sheet = {as_toml(one.sheet)}"] if one.sheet else []
    file = f"file = {as_toml(one.path.name)}"
    return "\n".join(["[[accounts]]", file, *sheet, f"columns = {{ {said} }}"])
