"""What stands beside the orders that feeds nothing, and which lines of the mapping would use it?"""

from collections.abc import Callable

from kamlab.sources import sql
from kamlab.sources.alike import OPTIONAL, as_toml, called, described, usual
from kamlab.sources.composing import READ_ALIKE, lines_of
from kamlab.sources.parts import Part

_PROFIT = "profit grossprofit marginamount rohertrag marge 毛利 利润"


def accounts_of_orders(part: Part) -> str:
    """Write the block of a mapping that makes a table of accounts of an order file.

    Parameters
    ----------
    part : Part

    Returns
    -------
    str
        Empty where no column that feeds nothing seems to tell of accounts, or the lines come from
        elsewhere than from files.
    """
    accounts = part.meta["mapped"]["account_id"]
    told = described(part.meta["ignored"])
    if part.origin.entry.kind != "file" or len(accounts) != 1 or not told:
        return ""
    entry, number = part.origin.entry, sql.name(accounts[0])
    columns = [f"{number} AS account_id"]
    columns += [f"mode({sql.name(column)}) AS {name}" for name, column in told.items()]
    said = ["[[accounts]]", "sql = '''", f"SELECT {', '.join(columns)}"]
    said += [
        f"FROM {lines_of(part.origin.entry)} WHERE {number} IS NOT NULL GROUP BY {number}",
        "'''",
    ]
    given = {option: entry[option] for option in READ_ALIKE if entry[option]}
    said += [f"{name} = {as_toml(one)}" for name, one in given.items() if not isinstance(one, dict)]
    return "\n".join(said)


def cost_of_profit(part: Part) -> str:
    """Write the line of a mapping that makes the cost of a line of its profit.

    Parameters
    ----------
    part : Part

    Returns
    -------
    str
        Empty where the cost is known, no column that feeds nothing is a profit, or the lines come
        from elsewhere than from files.
    """
    mapped, profit = part.meta["mapped"], _unused(part, _PROFIT)
    if "cost_of_goods" in mapped or not profit:
        return ""
    cost = f"{sql.name(mapped['net_sales'][0])} - {sql.name(profit)} AS cost_of_goods"
    return f"sql = '''SELECT *, {cost} FROM {lines_of(part.origin.entry)} '''"


def columns_of_orders(part: Part, runs: Callable[[str], bool]) -> str:
    """Write the line of a mapping that also takes what is called as columns of orders usually are.

    Parameters
    ----------
    part : Part
    runs : callable
        Whether such a line can be copied: a column of which it cannot is not taken.

    Returns
    -------
    str
        Empty where no column that feeds nothing is called so.
    """
    more = _more(part)
    if more and not runs(_columns(part, more)):
        more = {name: one for name, one in more.items() if runs(_columns(part, {name: one}))}
    return _columns(part, more) if more else ""


def _more(part: Part) -> dict[str, str]:
    """Name the columns that lines can lack and that feed nothing yet, by canonical name."""
    mapped = part.meta["mapped"]
    return {
        name: column
        for name in OPTIONAL
        if name not in mapped and (column := usual(name, part.meta["ignored"]))
    }


def _columns(part: Part, more: dict[str, str]) -> str:
    """Write the columns of a mapping: those that are renamed now, and more."""
    mapped = part.meta["mapped"]
    said = {name: sources for name, sources in mapped.items() if sources != [name]}
    lines = {name: one[0] if len(one) == 1 else one for name, one in said.items()} | more
    told = ", ".join(f"{name} = {as_toml(one)}" for name, one in lines.items())
    return f"columns = {{ {told} }}"


def _unused(part: Part, words: str) -> str:
    """Name the first column of a file that feeds nothing and is called by one of the words."""
    if part.origin.entry.kind != "file":
        return ""
    return called(words, part.meta["ignored"])
