"""Which columns may tell a line's amount and its day, where none is called so?"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from kamlab.sources import sql
from kamlab.sources.alike import OPTIONAL, called, usual
from kamlab.sources.keys import fold
from kamlab.sources.readers import Raw

_PRICE = (
    "unitprice price salesprice unitsalesprice netprice priceeach einzelpreis stueckpreis "
    "stückpreis verkaufspreis preis prixunitaire prixvente pu prix stuksprijs prijs precounitario "
    "preco preciounitario precio prezzounitario prezzo cenajednostkowa cena 单价 销售单价 价格"
)
_UNIT_COST = (
    "unitcost costprice unitcostprice costperunit standardcost purchaseprice einstandspreis "
    "einkaufspreis stückkosten stueckkosten prixderevientunitaire coutunitaire prixachat "
    "prixdachat inkoopprijs kostprijs custounitario precodecusto costeunitario preciocoste "
    "costounitario prezzodacquisto cenazakupu 单位成本 成本价 采购价"
)
_LISTED = "listprice unitlistprice listenpreis catalogprice"  # where no other price stands
_QUANTITY = re.compile("qty|quant|menge|anzahl|units|pieces|数量", re.IGNORECASE)
_YEAR = "year yearid jahr annee année ano año anno rok jaar 年 年份"
_MONTH = "month monthid monthname monat mois mes mês mese miesiac miesiąc maand 月 月份"
_DISCOUNT = (
    "discount unitpricediscount discountrate rabatt remise korting desconto descuento sconto rabat "
    "折扣 折扣率"
)
STATES = (
    "status orderstatus state orderstate salesstatus linestatus invoicestatus auftragsstatus "
    "bestellstatus belegstatus statut statutcommande etat etatcommande orderstatut estado "
    "estadopedido situacao situacaopedido statuspedido stato statoordine statuszamowienia "
    "状态 订单状态"
)
"""What a column is called that tells whether an order still stands."""
_WHOLE = 100  # per cent
_Connection = duckdb.DuckDBPyConnection


@dataclass(frozen=True, slots=True)
class Found:
    """One source of rows.

    Attributes
    ----------
    said, label : str
        Its name in SQL and in messages.
    raw : Raw
        Its rows.
    given : dict of str to str
        Columns by canonical name, as the mapping says.
    """

    said: str
    label: str
    raw: Raw
    given: dict[str, str]

    def column(self, canonical: str) -> str:
        """Name the column that seems to be a canonical one; empty where none does.

        Parameters
        ----------
        canonical : str
        """
        columns = list(self.raw.columns)
        plain = next((one for one in columns if fold(one) == fold(canonical)), "")
        return self.given.get(canonical, "") or plain or usual(canonical, columns)


def day_of(connection: _Connection, file: Found) -> tuple[str, str]:
    """Write the day of an order: a column, or the first of the month where that is all there is.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    file : Found

    Returns
    -------
    tuple of str
        What is assumed, in words, if anything is; and SQL, empty where no day is told.
    """
    columns = list(file.raw.columns)
    if day := file.column("order_date"):
        return "", sql.name(day)
    year, month = called(_YEAR, columns), called(_MONTH, columns)
    if not (year and month):
        return "", ""
    said = f"the day of an order, but {month!r} of {year!r} may tell its month"
    text = f"trim(CAST({sql.name(month)} AS VARCHAR))"
    named = "try_strptime({} || ' 1 2000', '%{} %d %Y') IS NOT NULL"
    numbers, *names = sql.one(
        connection,
        f"SELECT bool_and(TRY_CAST({text} AS DOUBLE) BETWEEN 1 AND 12), "
        f"bool_and({named.format(text, 'B')}), bool_and({named.format(text, 'b')}) "
        f"FROM {file.raw.relation} WHERE {text} <> ''",
    )
    if numbers:
        return said, f"make_date({sql.name(year)}::INT, {sql.name(month)}::INT, 1)"
    for form, fits in zip(("B", "b"), names, strict=True):
        if fits:
            joined = f"{sql.name(month)} || ' 1 ' || {sql.name(year)}"
            return said, f"strptime({joined}, '%{form} %d %Y')::DATE"
    return "", ""


def optional(file: Found, before: str) -> list[str]:
    """Write the columns that lines can lack, and the one that tells whether an order stands.

    Parameters
    ----------
    file : Found
    before : str
        Alias of the source with a point, or nothing.
    """
    there = {name: file.column(name) for name in OPTIONAL}
    found = [f"{before}{sql.name(one)} AS {name}" for name, one in there.items() if one]
    quantity, unit = there["quantity"], called(_UNIT_COST, list(file.raw.columns))
    if quantity and unit and not there["cost_of_goods"]:
        cost = f"{before}{sql.name(unit)} * {before}{sql.name(quantity)}"
        found.append(f"{cost} AS cost_of_goods")
    return found + state(file, before)


def state(file: Found, before: str) -> list[str]:
    """Write the column that tells whether an order still stands, so that it is looked at.

    Parameters
    ----------
    file : Found
    before : str
        Alias of the source with a point, or nothing.
    """
    state = called(STATES, list(file.raw.columns))
    return [before + sql.name(state)] if state else []


def amount_of(connection: _Connection, file: Found, before: str) -> tuple[str, str]:
    """Say and write what may be a line's net sales: an amount, or price, quantity and discount.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    file : Found
    before : str
        Alias of the source with a point, or nothing.

    Returns
    -------
    tuple of str
        Words and SQL; both empty where nothing is found.
    """
    columns = list(file.raw.columns)
    if net := file.column("net_sales"):
        return repr(net), before + sql.name(net)
    price = called(_PRICE, columns) or called(_LISTED, columns)
    quantity = file.column("quantity")
    if not price or (not quantity and any(map(_QUANTITY.search, columns))):
        return "", ""
    if not quantity:
        return f"{price!r}, one piece a line", before + sql.name(price)
    words, amount = f"{price!r} times {quantity!r}", f"{before}{sql.name(price)}"
    amount += f" * {before}{sql.name(quantity)}"
    discount = called(_DISCOUNT, columns)
    if not discount:
        return words, amount
    share = _share(connection, file.raw, discount, before)
    if not share:
        return f"{words} ({discount!r} is not taken off)", amount
    return f"{words} less the share that {discount!r} tells", f"{amount} * (1 - {share})"


def _share(connection: _Connection, raw: Raw, column: str, before: str) -> str:
    """Write a column as a share of the price, if it is one or a percentage; else give nothing."""
    text = f"CAST({sql.name(column)} AS VARCHAR)"
    value = f"TRY_CAST(trim(replace(replace({text}, ',', '.'), '%', '')) AS DOUBLE)"
    signed = f"contains({text}, '%')"
    least, most, within, unsigned = sql.one(
        connection,
        f"SELECT min({value}), max({value}), count_if({value} > 0 AND {value} < 1), "
        f"count_if({value} > 0 AND NOT {signed}) FROM {raw.relation}",
    )
    there = f"{before}{sql.name(column)}"
    if most is None or least < 0:
        return ""
    if within and most <= 1 and unsigned:
        return f"coalesce({there}, 0)"
    if "%" in column and most <= _WHOLE and unsigned:
        return f"coalesce({there}, 0) / 100"
    if unsigned or most > _WHOLE:
        return ""
    plain = f"replace(replace({there}, '%', ''), ',', '.')"
    return f"coalesce(TRY_CAST({plain} AS DOUBLE), 0) / 100"


def may_help(columns: Sequence[str]) -> bool:
    """Say whether a table may hold orders, by account and day, or lines, by amount or price.

    Parameters
    ----------
    columns : sequence of str
    """
    orders = usual("account_id", columns) and usual("order_date", columns)
    priced = called(f"{_PRICE} {_LISTED}", columns)
    return bool(orders or usual("net_sales", columns) or priced)
