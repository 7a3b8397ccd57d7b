"""Is every row and every cent accounted for? What came in, what is kept, what was set aside."""

from decimal import Decimal

import duckdb
import pandas as pd

from kamlab.sources import sql, store
from kamlab.sources.assembly import Assembled

_SUM = "coalesce(sum(TRY_CAST(round({}, 6) AS DECIMAL(38, 6))) FILTER (WHERE {}), 0)"
_COLUMNS = ["table", "rows_in", "rows_kept", "rows_refused", "amount_in", "amount_kept"]
_COLUMNS += ["amount_refused", "difference"]
_FEW = 0.05  # share of lines that may be missing without a word on every page
_NAMED = 4  # currencies whose sums are told
_OTHERS = ["table", "currency", "rows", "amount"]


def reconcile(
    connection: duckdb.DuckDBPyConnection,
    made: dict[str, Assembled],
    reporting: str,
    shelf: store.Store,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Count rows and add amounts, each side by itself, exactly to the millionth.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the views of `assemble`.
    made : dict of str to Assembled
    reporting : str
        Only amounts in this currency are added.
    shelf : Store
        Keeps what was counted: the same rows are not counted again.

    Returns
    -------
    pd.DataFrame
        One row a table: table, rows_in, rows_kept, rows_refused, amount_in, amount_kept,
        amount_refused, difference (in − kept − refused).
    pd.DataFrame
        What was set aside for its currency: table, currency, rows, amount.
    """
    rows, others = [], []
    for whole in made.values():
        key = store.key("counted", whole.key)
        found = shelf.find(key)
        if found is None:
            row, aside = _balance(connection, whole, reporting)
            found = {"row": row, "others": aside}
            with shelf.workroom() as room:
                (room / "entry").mkdir(mode=0o700)
                shelf.keep(key, room / "entry", found)
        rows.append(found["row"])
        others += found["others"]
    return pd.DataFrame(rows, columns=_COLUMNS), pd.DataFrame(others, columns=_OTHERS)


def left_out(reconciliation: pd.DataFrame, other_currencies: pd.DataFrame) -> tuple[str, ...]:
    """Say what no figure holds: many order lines that are not used, sales in other currencies.

    Parameters
    ----------
    reconciliation, other_currencies : pd.DataFrame
        As of `Sources`.

    Returns
    -------
    tuple of str
        Doubts that belong on every page: where more than one line in twenty is not used, and
        where any order line is in another currency, with the sums of up to four.

    Examples
    --------
    >>> counted = pd.DataFrame({"table": ["orders"], "rows_in": [100], "rows_refused": [4]})
    >>> aside = pd.DataFrame(
    ...     {"table": ["orders"], "currency": ["USD"], "rows": [4], "amount": [1250.0]})
    >>> left_out(counted, aside)
    ('Sales in other currencies are in no figure: USD 1,250 (4 lines).',)
    """
    said = []
    orders = reconciliation.set_index("table").loc["orders"]
    came, aside = int(orders["rows_in"]), int(orders["rows_refused"])
    if aside > came * _FEW:
        said.append(
            f"{aside:,} of {came:,} order lines ({aside / came:.0%}) were refused or set aside, as "
            "the study sources says: all figures are of the others alone."
        )
    others = other_currencies[other_currencies["table"] == "orders"]
    if len(others):
        most = others.sort_values(["rows", "currency"], ascending=[False, True])
        told = ", ".join(
            f"{row.currency} {row.amount:,.0f} ({row.rows:,} line{'s' if row.rows > 1 else ''})"
            for row in most.head(_NAMED).itertuples()
        )
        more = f" and {len(most) - _NAMED} more currencies" if len(most) > _NAMED else ""
        said.append(f"Sales in other currencies are in no figure: {told}{more}.")
    return tuple(said)


def _balance(
    connection: duckdb.DuckDBPyConnection, whole: Assembled, reporting: str
) -> tuple[tuple, list[tuple]]:
    """Count one table: its row, and what was set aside by currency."""
    name = whole.table.name
    money = whole.table.money if whole.table.money in whole.columns else ""
    came = _count(connection, f"all {name}", "_money", f"_currency = {sql.text(reporting)}")
    kept = _count(connection, name, money or "NULL", "true")
    aside = _count(connection, f"refused {name}", "amount", f"currency = {sql.text(reporting)}")
    sums = (came[1], kept[1], aside[1], came[1] - kept[1] - aside[1])
    amounts = [float(value) if money else float("nan") for value in sums]
    others = []
    if money and "currency" in whole.columns:
        others = connection.execute(
            f"SELECT {sql.text(name)}, currency, count(*), "
            f"CAST({_SUM.format('amount', 'true')} AS DOUBLE) "
            f"FROM {sql.name(f'refused {name}')} WHERE reason = 'in another currency' "
            "GROUP BY currency ORDER BY currency"
        ).fetchall()
    return (name, came[0], kept[0], aside[0], *amounts), others


def _count(
    connection: duckdb.DuckDBPyConnection, view: str, money: str, counted: str
) -> tuple[int, Decimal]:
    """Count the rows of a view and add its amounts; what is no amount adds nothing."""
    finite = f"{counted} AND abs({money}) <= 1e15"
    rows, amount = sql.one(
        connection, f"SELECT count(*), {_SUM.format(money, finite)} FROM {sql.name(view)}"
    )
    return rows, Decimal(amount)
