"""What stands beside the orders that feeds nothing, and which lines of the mapping would use it?"""

from kamlab.sources import sql
from kamlab.sources.keys import fold
from kamlab.sources.parts import Part

_ALIKE = {
    "name": (
        "name customer customername company companyname account accountname client clientname "
        "buyer buyername kunde kundenname firma 客户名称 客户 公司 公司名称"
    ),
    "industry": "industry segment sector branche 行业",
    "region": "region state province bundesland 地区 省份",
    "country": "country land 国家",
}
_PROFIT = "profit grossprofit marginamount rohertrag 毛利 利润"
_READ_ALIKE = ("encoding", "delimiter")


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
    entry, accounts = part.origin.entry, part.meta["mapped"].get("account_id", [])
    told: dict[str, str] = {}
    for column in reversed(part.meta["ignored"]):
        told |= {name: column for name, words in _ALIKE.items() if fold(column) in words.split()}
    if entry.table != "orders" or entry.kind != "file" or len(accounts) != 1 or not told:
        return ""
    number = sql.name(accounts[0])
    columns = [f"{number} AS account_id"]
    columns += [f"mode({sql.name(told[name])}) AS {name}" for name in _ALIKE if name in told]
    said = ["[[accounts]]", "sql = '''", f"SELECT {', '.join(columns)}"]
    said += [f"FROM {sql.text(entry['file'][0])} GROUP BY {number}", "'''"]
    said += [f'{option} = "{entry[option]}"' for option in _READ_ALIKE if entry[option]]
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
    entry, mapped = part.origin.entry, part.meta["mapped"]
    profits = [column for column in part.meta["ignored"] if fold(column) in _PROFIT.split()]
    if entry.table != "orders" or entry.kind != "file" or "cost_of_goods" in mapped or not profits:
        return ""
    cost = f"{sql.name(mapped['net_sales'][0])} - {sql.name(profits[0])} AS cost_of_goods"
    return f"sql = '''SELECT *, {cost} FROM {sql.text(entry['file'][0])}'''"
