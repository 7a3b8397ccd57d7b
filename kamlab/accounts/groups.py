"""Which accounts belong to one group, and what is the group's history as a whole?"""

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.dictionary import FACTS
from kamlab.accounts.engine import as_lines, ratio
from kamlab.errors import DataRefusedError

_SUMMED = (
    *("lines", "orders", "net_sales", "gross_sales", "returns", "sales_with_cost", "gross_profit"),
    *("cost_to_serve", "discount", "net_sales_12m", "net_sales_prior_12m", "gross_profit_12m"),
    *("gross_profit_prior_12m", "orders_12m", "orders_prior_12m"),
)


def top_parents(accounts: pd.DataFrame) -> pd.DataFrame:
    """Find the top-most parent of each account through the chain of `parent_id`.

    Parameters
    ----------
    accounts : pd.DataFrame
        `account_id` and, if there are groups, `parent_id`; missing or empty, or the account itself,
        for those that belong to nobody.

    Returns
    -------
    pd.DataFrame
        `account_id` and `group_id`, sorted by `account_id`. A parent that has no row of its own is
        the top of its group.

    Raises
    ------
    DataRefusedError
        If parents go round in a loop, or one account has two parents; the accounts are named.

    Examples
    --------
    >>> top_parents(pd.DataFrame({"account_id": ["a", "b", "c"], "parent_id": [None, "a", "b"]}))
      account_id group_id
    0          a        a
    1          b        a
    2          c        a
    """
    ids = accounts["account_id"].astype("str")
    parents = _parents(accounts, ids)
    pairs = pd.DataFrame({"account_id": ids, "parent_id": parents}).dropna(subset="account_id")
    pairs = pairs.drop_duplicates().sort_values("account_id")
    twice = pairs.loc[pairs["account_id"].duplicated(), "account_id"]
    if len(twice):
        raise DataRefusedError(
            f"accounts: account_id {', '.join(twice.unique()[:5])} stands under two different "
            "parents: keep one row for each account"
        )
    names = pd.Index(pd.unique(pd.concat([pairs["account_id"], pairs["parent_id"]])))
    child, above = names.get_indexer(pairs["account_id"]), names.get_indexer(pairs["parent_id"])
    parent = np.arange(len(names))
    parent[child] = above
    top = parent
    # each step doubles how far up one looks: a chain has at most as many links as there are names
    for _ in range(len(names).bit_length() + 1):
        top = top[top]
    lost = np.flatnonzero(parent[top] != top)
    if len(lost):
        raise DataRefusedError(
            f"accounts: parent_id goes round in a loop: {_loop(parent, top[lost[0]], names)}; take "
            "the parent away from the one that leads the group"
        )
    return pd.DataFrame(
        {"account_id": pairs["account_id"].to_numpy(), "group_id": names[top[child]]}
    ).astype("str")


def _parents(accounts: pd.DataFrame, ids: pd.Series) -> pd.Series:
    """Give the parent of each account; itself where there is none."""
    if "parent_id" not in accounts:
        return ids
    parents = accounts["parent_id"].astype("str")
    return parents.where(parents.notna() & (parents != ""), ids)


def _loop(parent: np.ndarray, begin: int, names: pd.Index) -> str:
    """Write out the loop that begins at an account."""
    places = [begin]
    while parent[places[-1]] != begin:
        places.append(parent[places[-1]])
    shown = [str(names[place]) for place in [*places, begin]]
    return " → ".join(shown if len(shown) <= 12 else [*shown[:10], "…", shown[-1]])


def roll_up(orders_or_facts: IntoFrame, accounts: pd.DataFrame) -> IntoFrame:
    """Give orders or account facts to the top-most parents of their accounts.

    Parameters
    ----------
    orders_or_facts : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines, or the table of `account_facts` (a pandas frame).
    accounts : pd.DataFrame
        `account_id` and `parent_id`, see `top_parents`. Accounts that are not in it stand for
        themselves.

    Returns
    -------
    frame
        Of order lines: the canonical ones on the same engine (DuckDB for frames in memory), with
        the group as `account_id`; `account_facts` of them gives every measure of the group. Of
        facts: one row a group. Sums, first and last days and the rates that follow from
        them are those of the group; what cannot be told from members' rows (products, categories,
        order days, gaps, trend) is missing unless the group has one member.

    Raises
    ------
    DataRefusedError
        If parents go round in a loop, or one account has two parents.

    Examples
    --------
    >>> from kamlab.accounts import account_facts
    >>> orders = pd.DataFrame({"account_id": ["a", "b"], "order_id": ["1", "2"],
    ...     "order_date": pd.to_datetime(["2024-01-01", "2024-01-08"]), "net_sales": [9.0, 5.0]})
    >>> groups = pd.DataFrame({"account_id": ["a", "b"], "parent_id": [None, "a"]})
    >>> account_facts(roll_up(orders, groups), "2024-02-01")[["account_id", "net_sales"]]
      account_id  net_sales
    0          a       14.0
    """
    groups = top_parents(accounts)
    if isinstance(orders_or_facts, pd.DataFrame) and set(FACTS) <= set(orders_or_facts):
        return _facts_of_groups(orders_or_facts, groups)
    moved = groups[groups["account_id"] != groups["group_id"]]
    lines = as_lines(orders_or_facts)
    if not len(moved):
        return lines.to_native()
    joined = lines.join(_beside(lines, moved), on="account_id", how="left")
    group = nw.coalesce(nw.col("group_id"), nw.col("account_id")).alias("account_id")
    return joined.with_columns(group).drop("group_id").to_native()


def _beside(lines: nw.LazyFrame, groups: pd.DataFrame) -> nw.LazyFrame:
    """Bring the small table of groups to the engine on which the lines are."""
    native = lines.to_native()
    if lines.implementation.is_spark_like():
        pairs = list(groups.itertuples(index=False, name=None))
        return nw.from_native(
            native.sparkSession.createDataFrame(pairs, "account_id string, group_id string")
        )
    if lines.implementation.is_polars():
        import polars as pl

        return nw.from_native(pl.LazyFrame(groups.to_dict("list")))
    if lines.implementation.is_ibis():
        from kamlab.sources.sql import text

        rows = ", ".join(f"({text(one)}, {text(parent)})" for one, parent in groups.to_numpy())
        # a table of its own would be written, which a reader may not do
        asked = (
            'SELECT a COLLATE "C" AS account_id, g COLLATE "C" AS group_id '
            f"FROM (VALUES {rows}) AS pairs (a, g)"
        )
        kinds = {"account_id": "string", "group_id": "string"}
        return nw.from_native(native.get_backend().sql(asked, schema=kinds))
    import pyarrow as pa

    pairs = pa.Table.from_pandas(groups, preserve_index=False)
    # a query of the relation runs on its own connection and finds the table by its local name
    return nw.from_native(native.query("lines", "select account_id, group_id from pairs"))


def _facts_of_groups(facts: pd.DataFrame, groups: pd.DataFrame) -> pd.DataFrame:
    """Add up the facts of the members of each group."""
    known = groups.set_index("account_id")["group_id"]
    group = facts["account_id"].map(known).fillna(facts["account_id"]).astype("str")
    members = facts.drop(columns="account_id").groupby(group.rename("account_id"))
    # what only the order lines could tell stays where the group is one account
    result = members.first().where(members.size() == 1)
    for name in _SUMMED:
        result[name] = members[name].sum(min_count=1).astype(facts[name].dtype)
    result["first_order"], result["last_order"] = (
        members[["first_order", "last_order"]]
        .agg({"first_order": "min", "last_order": "max"})
        .T.to_numpy()
    )
    result["days_since_last_order"] = members["days_since_last_order"].min()
    result["tenure_days"] = members["tenure_days"].max()
    turnover = facts["gross_sales"] + facts["returns"]
    known_turnover = (facts["cost_known_share"] * turnover).groupby(group).sum()
    several = members.size() > 1
    rates = {
        "returns_rate": ratio(result["returns"], result["gross_sales"]),
        "margin_rate": ratio(result["gross_profit"], result["sales_with_cost"]),
        "cost_known_share": ratio(known_turnover, turnover.groupby(group).sum()),
        "sales_growth": ratio(result["net_sales_12m"], result["net_sales_prior_12m"]) - 1,
    }
    for name, rate in rates.items():
        result[name] = result[name].mask(several, pd.Series(rate, index=result.index))
    return result.reset_index()[list(FACTS)]
