"""Why do accounts lose money, or earn less than their peers: discount, cost, size or service?"""

import numpy as np
import pandas as pd

from kamlab.accounts.engine import ratio

CAUSES = ("discounts", "cost of what it buys", "small orders", "service", "terms", "returns")


def loss_makers(profit: pd.DataFrame, *, peers: pd.Series | None = None) -> pd.DataFrame:
    """Name the accounts with a negative contribution, and what makes it so.

    The gap between an account's contribution and what it would make at its peers' rates is taken
    apart by cause; the parts add up to the gap.

    Parameters
    ----------
    profit : pd.DataFrame
        From `kamlab.accounts.profit.account_profit`.
    peers : pd.Series indexed by account_id, optional
        Kind of each account; its peers are the others of the kind. Default: all are peers.

    Returns
    -------
    pd.DataFrame
        One row a loss maker, the greatest loss first: `account_id`, `net_sales`, `contribution`,
        `gap` (against its peers' rate, money, negative), a column a cause (money; positive is
        better than peers), `main_cause`, `mend` (what to speak about) and `to_break_even` (rise of
        its prices that would do, as a share of net sales).

    Notes
    -----
    Rates are those of all peers together, the loss makers with them, on list sales: of discounts,
    of the cost of goods (dear or discounted-out products) and of interest on what is owed (terms,
    where `credit_cost` is known). What serving costs beyond that is taken apart in two: more orders
    for the same sales than peers place (small orders, at the peers' cost of an order), and more
    cost an order than theirs (service). What services are known to cost (`service_cost`) does not
    go with orders: it is set against the peers' share of list sales and counts as service.
    Returns are valued at the peers' margin.
    """
    table = profit[profit["gross_profit"].notna()].copy()
    kind = table["account_id"].map(peers).fillna("all") if peers is not None else "all"
    table["kind"] = kind
    credit = table.get("credit_cost", pd.Series(np.nan, index=table.index)).fillna(0.0)
    table["credit"] = credit
    services = table.get("service_cost", pd.Series(np.nan, index=table.index)).fillna(0.0)
    table["services"] = services
    table["serve"] = table["cost_to_serve"].fillna(0.0) - credit - services
    sums = table.groupby("kind")[
        ["list_sales", "discount", "net_sales", "orders", "serve", "services", "credit",
         "contribution", "returns"]
    ].sum()  # fmt: skip
    usual = {
        "discount": ratio(sums["discount"], sums["list_sales"]),
        "serve": ratio(sums["serve"], sums["list_sales"]),
        "an_order": ratio(sums["serve"], sums["orders"]),
        "services": ratio(sums["services"], sums["list_sales"]),
        "credit": ratio(sums["credit"], sums["list_sales"]),
        "returns": ratio(sums["returns"], sums["list_sales"] + sums["returns"]),
        "margin": ratio(sums["contribution"], sums["list_sales"]),
    }
    of = {name: table["kind"].map(dict(zip(sums.index, rate, strict=True))).to_numpy(float)
          for name, rate in usual.items()}  # fmt: skip
    listed = table["list_sales"].to_numpy(float)
    # what came back is in net sales already: at the peers' rate it would have sold that much
    back = (of["returns"] * (listed + table["returns"]) - table["returns"]).to_numpy(float)
    at_peers_cost = of["an_order"] * table["orders"].to_numpy(float)
    parts = {
        "returns": back * of["margin"],
        "discounts": of["discount"] * listed - table["discount"].to_numpy(float),
        "small orders": of["serve"] * listed - at_peers_cost,
        "service": at_peers_cost
        - table["serve"].to_numpy(float)
        + of["services"] * listed
        - table["services"].to_numpy(float),
        "terms": of["credit"] * listed - table["credit"].to_numpy(float),
    }
    gap = table["contribution"].to_numpy(float) - of["margin"] * listed
    parts["cost of what it buys"] = gap - sum(parts.values())
    for name in CAUSES:
        table[name] = parts[name]
    table["gap"] = gap
    lost = table[table["contribution"] < 0].copy()
    worst = lost[list(CAUSES)].to_numpy(float)
    lost["main_cause"] = np.array(CAUSES, dtype=object)[worst.argmin(axis=1)] if len(lost) else ""
    lost["mend"] = lost["main_cause"].map(
        {
            "discounts": "raise the price or end a discount",
            "cost of what it buys": "move it to products that earn, or reprice what it buys",
            "small orders": "set a least order, charge for small ones, or take them by web",
            "service": "charge for service, or serve it by inside sales and web",
            "terms": "shorten its terms, or ask for what is overdue",
            "returns": "find out why goods come back",
        }
    )
    lost["to_break_even"] = ratio(-lost["contribution"], lost["net_sales"])
    columns = ["account_id", "net_sales", "contribution", "gap", *CAUSES, "main_cause", "mend",
               "to_break_even"]  # fmt: skip
    return lost.sort_values(["contribution", "account_id"], ignore_index=True)[columns]
