"""Which currency codes are known, and which may a sign in an amount mean?

The codes are those of ISO 4217: active ones, and those replaced within decades.
"""

from collections.abc import Iterable

import duckdb

from kamlab.errors import DataRefusedError
from kamlab.sources import sql
from kamlab.sources.readers import Raw

_CODES = """
    AED AFN ALL AMD ANG AOA ARS ATS AUD AWG AZN BAM BBD BDT BEF BGN BHD BIF BMD BND BOB BRL BSD
    BTN BWP BYN BYR BZD CAD CDF CHF CLP CNH CNY COP CRC CUC CUP CVE CZK DEM DJF DKK DOP DZD EEK
    EGP ERN ESP ETB EUR FIM FJD FKP FRF GBP GEL GHS GIP GMD GNF GRD GTQ GYD HKD HNL HRK HTG HUF
    IDR IEP ILS INR IQD IRR ISK ITL JMD JOD JPY KES KGS KHR KMF KPW KRW KWD KYD KZT LAK LBP LKR
    LRD LSL LTL LVL LYD MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NLG
    NOK NPR NZD OMR PAB PEN PGK PHP PKR PLN PTE PYG QAR ROL RON RSD RUB RWF SAR SBD SCR SDG SEK
    SGD SHP SIT SKK SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TND TOP TRY TTD TWD TZS UAH
    UGX USD UYU UZS VEF VES VND VUV WST XAF XCD XCG XOF XPF YER ZAR ZMW ZWG ZWL
"""

CURRENCIES = frozenset(_CODES.split())
"""Codes of ISO 4217; CNH, the yuan traded abroad, is among them since order books hold it."""

_MEANT = {
    "€": frozenset({"EUR"}),
    "£": frozenset({"GBP"}),
    "₹": frozenset({"INR"}),
    "¥": frozenset({"CNY", "CNH", "JPY"}),
    "￥": frozenset({"CNY", "CNH", "JPY"}),
    "元": frozenset({"CNY", "CNH", "TWD", "HKD"}),
    "$": frozenset(code for code in CURRENCIES if code.endswith("D"))
    | {"ARS", "BRL", "CLP", "COP", "MXN", "UYU"},
}
SURE = {sign: min(meant) for sign, meant in _MEANT.items() if len(meant) == 1}
"""Codes of the signs that mean one currency only."""
SIGNS = "".join(_MEANT)
"""Signs of currencies that amounts are written with."""


def one_currency(marks: Iterable[str]) -> bool:
    """Say whether signs and codes may all mean one currency; what is neither tells nothing.

    Parameters
    ----------
    marks : iterable of str

    Examples
    --------
    >>> one_currency(["$", "CAD"]), one_currency(["$", "€"]), one_currency(["USD", "CAD"])
    (True, False, False)
    """
    meant = [_MEANT.get(mark, {mark}) for mark in marks if mark in _MEANT or mark in CURRENCIES]
    return not meant or bool(frozenset.intersection(*map(frozenset, meant)))


def marked(text: str) -> str:
    """Write the SQL of the sign, or the three capitals, in a text; empty where there is none.

    Parameters
    ----------
    text : str
        SQL expression.
    """
    # most amounts are plain numbers, which a cast tells in a third of the time
    sought = f"regexp_extract({text}, '[{SIGNS}]|[A-Z]{{3}}')"
    return f"CASE WHEN TRY_CAST({text} AS DOUBLE) IS NULL THEN {sought} ELSE '' END"


def require_one_currency(
    connection: duckdb.DuckDBPyConnection, raw: Raw, column: str, said: str, label: str
) -> None:
    """Refuse amounts that are written with signs or codes of several currencies.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    raw : Raw
        What a reader found.
    column : str
        Of amounts; where they are numbers nothing is asked.
    said : str
        Code that the mapping gives; may be empty.
    label : str
        Name of the source, for the message.

    Raises
    ------
    DataRefusedError
        Names the first amount in each currency, and its row.
    """
    if raw.columns[column] != "VARCHAR":
        return
    text = sql.name(column)
    marks = connection.execute(
        f"SELECT {marked(text)} AS mark, arg_min({text}, _row), min(_row) FROM {raw.relation} "
        "WHERE mark <> '' GROUP BY 1 ORDER BY 3"
    ).fetchall()
    if one_currency([said, *(row[0] for row in marks)]):
        return
    seen = [f"{value!r} in row {row}" for one, value, row in marks if one in CURRENCIES | {*SIGNS}]
    raise DataRefusedError(
        f"{label}: {column} holds amounts in several currencies{said and f', not in {said} alone'}:"
        f" {', '.join(seen[:4])}. They are never added up. Name the column that tells the "
        "currency, or read the file by a query that makes one, as in\n"
        f"sql = '''SELECT *, CASE WHEN {text} LIKE '%€%' THEN 'EUR' ELSE 'USD' END AS currency "
        f"FROM {sql.text(label)} '''"
    )
