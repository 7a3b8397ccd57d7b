"""Which product families does each account buy, and which do its peers buy that it does not?"""

from collections.abc import Callable
from datetime import date

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.engine import NOTHING, as_day, as_lines, between, to_pandas

_FEWEST_PEERS = 5
WHITE = (
    "account_id",
    "family",
    "peers",
    "peers_buying",
    "usual_share",
    "potential",
    "expected",
)


def family_sales(
    orders: IntoFrame,
    as_of: date | str,
    *,
    start: date | str,
    family: Callable[[str], str] = str,
) -> pd.DataFrame | None:
    """Sum what each account bought of each product family.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines with `category`.
    as_of, start : date or str
        History in [start, as_of).
    family : callable, default str
        Gives the family of a category, such as `kamlab.sources.industry.Industry.family`.

    Returns
    -------
    pd.DataFrame or None
        Sorted: `account_id`, `family`, `net_sales` (above nought only). None where the orders name
        no category.
    """
    lines = as_lines(orders)
    if "category" not in lines.collect_schema().names():
        return None
    seen = between(lines, as_day(start, "start"), as_day(as_of))
    named = seen.filter(~nw.col("category").is_null())
    sums = to_pandas(named.group_by("account_id", "category").agg(nw.col("net_sales").sum()))
    names = {name: family(name) for name in sums["category"].unique()}
    sums = sums.assign(family=sums["category"].map(names).astype("str"))
    whole = sums.groupby(["account_id", "family"], as_index=False)["net_sales"].sum()
    return whole[whole["net_sales"] > NOTHING].reset_index(drop=True)


def variety(sales: pd.DataFrame) -> pd.DataFrame:
    """Say over how many families each account spreads its purchases.

    Parameters
    ----------
    sales : pd.DataFrame
        From `family_sales`.

    Returns
    -------
    pd.DataFrame
        One row an account, sorted by `account_id`: `families` and `effective_families` (the
        exponential of the entropy of its shares: as many families of equal size are as uneven).

    References
    ----------
    .. [1] M. O. Hill, "Diversity and evenness: a unifying notation and its consequences", Ecology
       54, 1973.

    Examples
    --------
    >>> even = pd.DataFrame({"account_id": ["a", "a"], "family": ["x", "y"],
    ...     "net_sales": [5.0, 5.0]})
    >>> variety(even)["effective_families"].round(6).tolist()
    [2.0]
    """
    whole = sales.groupby("account_id")["net_sales"].transform("sum")
    share = sales["net_sales"] / whole
    by_account = (-share * np.log(share)).groupby(sales["account_id"])
    return pd.DataFrame(
        {
            "families": by_account.size().astype(float),
            "effective_families": np.exp(by_account.sum()),
        }
    ).reset_index()


def white_space(
    sales: pd.DataFrame, *, kinds: pd.Series | None = None, least_peers: float = 0.3
) -> pd.DataFrame:
    """Find the families that an account does not buy and its peers do.

    Parameters
    ----------
    sales : pd.DataFrame
        From `family_sales`.
    kinds : pd.Series indexed by account_id, optional
        Kind of each account, such as its industry; its peers are the other accounts of the kind
        that buy anything. Kinds of fewer than 5 others, and accounts without one, have all as
        peers.
    least_peers : float, default 0.3
        Share of the peers that must buy a family, 0 to 1.

    Returns
    -------
    pd.DataFrame
        One row an account and family that it does not buy, the most expected first: `account_id`,
        `family`, `peers` (how many), `peers_buying` (share of them), `usual_share` (of the
        purchases of those that do, together), `potential` (net sales over the same time if it gave
        the family that share beside what it buys) and `expected` (potential × share of peers that
        buy it: not every account needs every family).

    Raises
    ------
    ValueError
        If `least_peers` is no share.
    """
    if not 0 <= least_peers <= 1:
        raise ValueError(f"least_peers is a share from 0 to 1, not {least_peers}")
    bought = sales.pivot_table(
        index="account_id", columns="family", values="net_sales", aggfunc="sum", fill_value=0.0
    )
    if bought.empty:
        return pd.DataFrame(columns=list(WHITE))
    kind = pd.Series("all", index=bought.index)
    if kinds is not None:
        named = kinds[~kinds.index.duplicated()].reindex(bought.index).astype("object")
        large = named.map(named.value_counts()) > _FEWEST_PEERS
        kind = named.where(large.fillna(False).astype(bool), "all").astype("str")
    total = bought.sum(axis=1)
    parts = []
    for name in sorted(kind.unique()):
        own = bought[kind == name]
        peers = bought if name == "all" else own
        buys = peers > 0
        others = len(peers) - 1
        if others < 1:
            continue
        buyers = buys.sum()
        usual = peers.sum() / buys.mul(total[peers.index], axis=0).sum().where(buyers > 0)
        # who does not buy it is none of its buyers
        reach = buyers / others
        told = (reach >= least_peers) & (usual < 1)
        families = told.index[told]
        row, column = np.nonzero(own[families].to_numpy() == 0)
        lacking = pd.DataFrame({"account_id": own.index[row], "family": families[column]})
        parts.append(
            lacking.assign(
                peers=others,
                peers_buying=lacking["family"].map(reach),
                usual_share=lacking["family"].map(usual),
            )
        )
    table = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(WHITE[:5]))
    share = table["usual_share"].astype(float)
    table["potential"] = table["account_id"].map(total).astype(float) * share / (1 - share)
    table["expected"] = table["potential"] * table["peers_buying"].astype(float)
    return table.sort_values(
        ["expected", "account_id", "family"], ascending=[False, True, True], ignore_index=True
    )
