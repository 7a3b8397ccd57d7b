"""Do the accounts of one table know those of another? Say it, since nothing else would."""

from typing import TYPE_CHECKING

from kamlab.sources import sql

if TYPE_CHECKING:
    from kamlab.sources.opening import Sources

# as somebody reads them: without zeros in front, the .0 of a spreadsheet, and case
_PLAIN = "regexp_replace(regexp_replace(lower(trim(account_id)), '^0+(.)', '\\1'), '[.]0+$', '')"


def joined(sources: "Sources", table: str) -> list[str]:
    """Count the accounts of a table, and say which of those that order it knows.

    Parameters
    ----------
    sources : Sources
    table : str
        Canonical table.

    Returns
    -------
    list of str
        Lines for `kamlab check`; none where the table has no accounts or the order lines lie
        elsewhere.
    """
    there = sources._assembled  # noqa: SLF001  the same room
    if "orders" not in there or "account_id" not in there[table].columns:
        return []
    ask = sources._connection  # noqa: SLF001
    if table == "orders":
        accounts, plain, orders = sql.one(
            ask,
            f"SELECT count(DISTINCT account_id), count(DISTINCT {_PLAIN}), "
            "count(DISTINCT order_id) FROM orders",
        )
        lines = [f"  accounts: {accounts:,}, with {orders:,} orders"]
        if plain < accounts:
            lines.append(
                f"    {accounts - plain:,} of them differ from another only by case, zeros in "
                "front or a .0 at the end: are they the same?"
            )
        return lines
    buyers = f"SELECT account_id, {_PLAIN} AS plain, sum(net_sales) AS sales FROM orders GROUP BY 1"
    known = f"SELECT account_id, {_PLAIN} AS plain FROM {sql.name(table)}"
    count, here, alike, share = sql.one(
        ask,
        f"WITH buyers AS ({buyers}), known AS ({known}), met AS (SELECT *, "
        "account_id IN (SELECT account_id FROM known WHERE account_id IS NOT NULL) AS here, "
        "plain IN (SELECT plain FROM known WHERE plain IS NOT NULL) AS alike FROM buyers) "
        "SELECT count(*), count(*) FILTER (here), count(*) FILTER (alike), "
        "sum(sales) FILTER (here) / nullif(sum(sales), 0) FROM met",
    )
    line = f"  of {count:,} accounts that order, {here:,} are here ({share or 0:.0%} of net sales)"
    hint = (
        f"    {alike:,} would be without case, zeros in front and a .0 at the end: write the ids "
    )
    hint += "alike, as by a query (sql) that cuts them"
    return [line, hint] if alike > here else [line]
