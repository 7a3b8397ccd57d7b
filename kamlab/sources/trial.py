"""Do the lines that are offered for a mapping run when they are copied? Try them, then offer."""

import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from kamlab.errors import DataRefusedError, UsageError
from kamlab.sources import sql
from kamlab.sources.composing import LARGEST
from kamlab.sources.mapping import Entry, Mapping
from kamlab.sources.parts import Part, read_entry
from kamlab.sources.store import Store

if TYPE_CHECKING:
    from kamlab.sources.opening import Sources


def accounts_run(sources: "Sources", part: Part, block: str) -> bool:
    """Say whether a block of accounts can be read whole and knows each account that orders.

    Parameters
    ----------
    sources : Sources
    part : Part
        Orders, of whose entry the block is made.
    block : str
        Lines of a mapping, as `beside.accounts_of_orders` writes them.
    """
    try:
        options = tomllib.loads(block)["accounts"][0]
    except (tomllib.TOMLDecodeError, LookupError):
        return False
    entry = Entry("accounts", "sql", "", {"columns": {}, "duplicates": "refuse"} | options)
    buyers = f"SELECT account_id FROM {_good(_alike(sources, part))}"

    def right(parts: list[Part]) -> bool:
        known = f"SELECT account_id FROM {_good(parts)}"
        return _asked(sources, f"SELECT count(*) FROM ({buyers} EXCEPT {known})") == (0,)

    return _reads(sources, entry, right)


def masters_run(sources: "Sources", block: str) -> int:
    """Count the accounts that order which a block of accounts knows; none where it is not read.

    Parameters
    ----------
    sources : Sources
    block : str
        Lines of a mapping that name a file.
    """
    options = tomllib.loads(block)["accounts"][0]
    entry = Entry("accounts", "file", "", options | {"file": [options["file"]]})
    known = 0

    def right(parts: list[Part]) -> bool:
        nonlocal known
        met = f"SELECT account_id FROM {_good(parts)} WHERE account_id IS NOT NULL"
        buyers = f"SELECT DISTINCT account_id FROM orders WHERE account_id IN ({met})"
        (known,) = _asked(sources, f"SELECT count(*) FROM ({buyers})")
        return True

    return known if _reads(sources, entry, right) else 0


def orders_run(sources: "Sources", part: Part, line: str) -> bool:
    """Say whether orders read with another line of the mapping keep the same rows and amounts.

    Parameters
    ----------
    sources : Sources
    part : Part
        What is read now.
    line : str
        `sql = …`, in place of the file, or `columns = …`.
    """
    try:
        said = tomllib.loads(line)
    except tomllib.TOMLDecodeError:
        return False
    now = part.origin.entry
    options = {
        name: one for name, one in now.options.items() if name != "file" or "sql" not in said
    }
    entry = replace(now, kind="sql" if "sql" in said else now.kind, options=options | said)
    before = _sums(sources, _alike(sources, part))
    return _reads(sources, entry, lambda parts: _sums(sources, parts) == before)


def too_large(sources: "Sources", part: Part) -> bool:
    """Say whether what is offered for a part's entry is not tried, since it would take long."""
    entry = part.origin.entry
    if entry.kind == "url_env":
        return True
    return sum(one.origin.size for one in _alike(sources, part)) > LARGEST


def _alike(sources: "Sources", part: Part) -> list[Part]:
    """Give all that is read of the entry of a part of the orders."""
    parts = sources._assembled["orders"].parts  # noqa: SLF001  the same room
    return [one for one in parts if one.origin.entry == part.origin.entry]


def _asked(sources: "Sources", query: str) -> tuple:
    """Give the only row of a query."""
    return sql.one(sources._connection, query)  # noqa: SLF001  the same room


def _reads(sources: "Sources", entry: Entry, right: Callable[[list[Part]], bool]) -> bool:
    """Read an entry apart from the store, and say whether what comes of it is right."""
    mapping = Mapping(None, sources.root, sources.currency, 1, None, None, (entry,))
    connection = sources._connection  # noqa: SLF001  the same room
    with Store(sources.store).workroom() as room:
        try:
            parts = read_entry(connection, entry, mapping, Store(room / "trial"))
            return not any(part.meta["blanked"] for part in parts) and right(parts)
        except (DataRefusedError, UsageError, duckdb.Error):
            return False


def _good(parts: list[Part]) -> str:
    """Name the rows of parts that broke no promise; those in another currency are good rows too."""
    alike: dict[tuple[int, ...], list[Path]] = {}
    for part in parts:
        reasons = [reason for _, reason, _ in part.meta["checks"]]
        aside = tuple(n for n, reason in enumerate(reasons) if reason == "in another currency")
        alike.setdefault(aside, []).append(part.data)
    rows = [
        f"(FROM {sql.parquet(paths, 'union_by_name = true')} WHERE _check IS NULL"
        f"{''.join(f' OR _check = {n}' for n in aside)})"
        for aside, paths in alike.items()
    ]
    return f"({' UNION ALL BY NAME '.join(rows)})"


def _sums(sources: "Sources", parts: list[Part]) -> tuple:
    """Count good rows and add up their amounts to the cent."""
    asked = "count(*), CAST(sum(CAST(net_sales AS DECIMAL(38, 6))) AS DECIMAL(38, 2))"
    return _asked(sources, f"SELECT {asked} FROM {_good(parts)}")
