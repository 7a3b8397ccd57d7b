"""Is the id of an account really the customer's, where nearly every account has a single order?"""

from typing import TYPE_CHECKING

import duckdb

from kamlab.errors import DataRefusedError, UsageError
from kamlab.sources import sql
from kamlab.sources.casts import cast
from kamlab.sources.mapping import Mapping
from kamlab.sources.parts import Part, read_raw
from kamlab.sources.readers import Raw
from kamlab.sources.store import Store
from kamlab.sources.trial import too_large

if TYPE_CHECKING:
    from kamlab.sources.opening import Sources

_NEARLY, _LEAST = 0.9, 20  # share of accounts with one order, and accounts, from which it is said
_REPEATS, _LASTING = 1.3, 0.99  # accounts a value, and share of accounts that have one value
_SOME = 3


def doubted(single: int, accounts: int, column: str = "account_id") -> str:
    """Doubt an id of which nearly every value stands in one order only.

    Parameters
    ----------
    single : int
        Accounts with one order.
    accounts : int
    column : str, default "account_id"
        What the source calls it.

    Returns
    -------
    str
        Empty for fewer than twenty accounts, or where one in ten has more orders.

    Examples
    --------
    >>> doubted(95, 100, "Doc")
    "95 of 100 accounts have a single order: is Doc really the customer's id?"
    >>> doubted(80, 100)
    ''
    """
    if accounts < _LEAST or single < _NEARLY * accounts:
        return ""
    return (
        f"{single:,} of {accounts:,} accounts have a single order: is {column} really the "
        "customer's id?"
    )


def lone_orders(sources: "Sources") -> list[str]:
    """Say for `kamlab check` whether accounts seem to be orders, and what may name the customer.

    Parameters
    ----------
    sources : Sources

    Returns
    -------
    list of str
        Lines; none where accounts order again, or order lines lie elsewhere.
    """
    whole = sources._assembled.get("orders")  # noqa: SLF001  the same room
    if whole is None:
        return []
    part = whole.parts[0]
    single, accounts = sql.one(
        sources._connection,  # noqa: SLF001
        "SELECT count(*) FILTER (first = last), count(*) FROM (SELECT min(order_id) AS first, "
        "max(order_id) AS last FROM orders GROUP BY account_id)",
    )
    named = part.meta["mapped"]["account_id"]
    said = doubted(single, accounts, " with ".join(named))
    if not said:
        return []
    lines = [f"  {said}"]
    if found := _candidates(sources, part):
        told = ", ".join(f"{name} ({count:,} different)" for name, count in found)
        lines.append(f"    columns of {part.origin.label} that repeat over orders: {told}")
    return lines


def _candidates(sources: "Sources", part: Part) -> list[tuple[str, int]]:
    """Name columns that may hold the customer's id, the one of most values first.

    Each account has one value of such a column, and many values have several accounts.
    """
    mapped = part.meta["mapped"]
    names = [*part.meta["ignored"], *mapped["order_id"]]
    if too_large(sources, part) or len(mapped["account_id"]) > 1:
        return []
    entry, connection = part.origin.entry, sources._connection  # noqa: SLF001
    mapping = Mapping(None, sources.root, sources.currency, 1, None, None, (entry,))
    with Store(sources.store).workroom() as room:
        try:
            raw = read_raw(connection, part.origin, mapping, room)
            return _repeating(connection, raw, mapped["account_id"][0], names)
        except (DataRefusedError, UsageError, duckdb.Error):
            return []


def _repeating(
    connection: duckdb.DuckDBPyConnection, raw: Raw, account: str, names: list[str]
) -> list[tuple[str, int]]:
    """Count the values of columns over those of the accounts, and keep the columns that repeat."""
    typed = cast(connection, raw, [], "")
    kinds = {row[0]: row[1] for row in connection.execute(f"DESCRIBE {typed}").fetchall()}
    names = [one for one in names if kinds[one] in ("VARCHAR", "BIGINT") and one != account]
    if not names:
        return []
    key, found = sql.name(account), []
    for name in names:
        accounts, values, lasting = sql.one(
            connection,
            f"SELECT count(*), count(DISTINCT low), count(*) FILTER (low = high) FROM (SELECT {key}"
            f", min({sql.name(name)}) AS low, max({sql.name(name)}) AS high FROM ({typed}) "
            f"WHERE {key} IS NOT NULL AND {sql.name(name)} IS NOT NULL GROUP BY {key})",
        )
        if 1 < values <= accounts / _REPEATS and lasting >= _LASTING * accounts:
            found.append((name, values))
    return sorted(found, key=lambda one: -one[1])[:_SOME]
