"""Where does each account stand in the portfolio, and which strategy goes with its cell?"""

import numpy as np
import pandas as pd

LEVELS = ("low", "middle", "high")
# (attractiveness, strength) to strategy, after the key-account portfolio literature
STRATEGIES = {
    ("high", "high"): "invest: the partner to grow with",
    ("high", "middle"): "invest selectively: win the next category",
    ("high", "low"): "develop: worth a try with a plan and an end date",
    ("middle", "high"): "maintain: protect what we have",
    ("middle", "middle"): "maintain: serve well at fair cost",
    ("middle", "low"): "decide: develop or let go",
    ("low", "high"): "harvest: keep the margin, lower the effort",
    ("low", "middle"): "serve cheaply: inside sales or web shop",
    ("low", "low"): "serve cheaply: inside sales or web shop",
}
_ATTRACTIVE = ("head_room", "sales_growth", "margin_rate")
_STRONG = ("share_of_wallet", "tenure_days", "orders_12m", "categories")


def portfolio(facts: pd.DataFrame, before: pd.DataFrame | None = None) -> pd.DataFrame:
    """Place accounts by attractiveness and by our relative strength with them.

    Parameters
    ----------
    facts : pd.DataFrame
        Account facts: `account_id`, and any of `head_room`, `sales_growth`, `margin_rate`
        (attractiveness), `share_of_wallet`, `tenure_days`, `orders_12m` and `categories`
        (strength); `gross_profit` or `net_sales` for the size.
    before : pd.DataFrame, optional
        The same a period earlier, for the arrow; judged on the scale of `facts`.

    Returns
    -------
    pd.DataFrame
        One row an account: `account_id`, `attractiveness` and `strength` (0 to 1: mean place among
        all accounts over the measures that are known of it; missing where none is), `cell`
        ("high / low", attractiveness first, in thirds), `strategy`, `size` (gross profit, net
        sales where no cost is known), and with `before` the same two as `attractiveness_before` and
        `strength_before`.

    References
    ----------
    .. [1] R. Fiocca, "Account portfolio analysis for strategy development", Industrial Marketing
       Management 11, 1982.
    .. [2] M. McDonald, B. Rogers and D. Woodburn, "Key Customers", Butterworth-Heinemann, 2000.
    """
    table = pd.DataFrame(
        {
            "account_id": facts["account_id"],
            "attractiveness": _place(facts, facts, _ATTRACTIVE),
            "strength": _place(facts, facts, _STRONG),
        }
    )
    level = [
        np.digitize(table[name].fillna(-1), [1 / 3, 2 / 3])
        for name in ("attractiveness", "strength")
    ]
    pairs = [(LEVELS[a], LEVELS[s]) for a, s in zip(*level, strict=True)]
    table["cell"] = [" / ".join(pair) for pair in pairs]
    table["strategy"] = [STRATEGIES[pair] for pair in pairs]
    known = facts["gross_profit"].notna().any() if "gross_profit" in facts else False
    table["size"] = facts["gross_profit"] if known else facts["net_sales"]
    if before is not None:
        earlier = before.drop_duplicates("account_id").set_index("account_id")
        earlier = earlier.reindex(facts["account_id"]).reset_index()
        table["attractiveness_before"] = _place(earlier, facts, _ATTRACTIVE)
        table["strength_before"] = _place(earlier, facts, _STRONG)
    return table


def cells(placed: pd.DataFrame, names: pd.Series, *, largest: int = 3) -> pd.DataFrame:
    """Sum the portfolio up by cell.

    Parameters
    ----------
    placed : pd.DataFrame
        As `portfolio` returns.
    names : pd.Series
        Name by account; its id stands in where there is none.
    largest : int, default 3
        How many accounts of each cell are named.

    Returns
    -------
    pd.DataFrame
        One row a cell that holds an account, the largest first: `cell`, `strategy`, `accounts`,
        `size` and `largest` (names of its largest accounts).
    """
    called = placed["account_id"].map(names).fillna(placed["account_id"]).astype(str)
    ordered = placed.assign(called=called).sort_values("size", ascending=False, kind="stable")
    by = ordered.groupby(["cell", "strategy"])
    made = by.agg(accounts=("account_id", "size"), size=("size", "sum"))
    first = by.head(largest).groupby(["cell", "strategy"])["called"].agg(", ".join)
    made["largest"] = first
    return made.sort_values("size", ascending=False, kind="stable").reset_index()


def _place(table: pd.DataFrame, scale: pd.DataFrame, names: tuple[str, ...]) -> np.ndarray:
    """Give the mean place of each account, 0 to 1, on the scale of all accounts."""
    places = []
    for name in names:
        if name not in scale or name not in table or scale[name].notna().sum() < 2:
            continue
        known = np.sort(scale[name].dropna().to_numpy(float))
        values = table[name].to_numpy(float)
        low = np.searchsorted(known, values, side="left")
        high = np.searchsorted(known, values, side="right")
        place = (low + high) / 2 / len(known)
        places.append(np.where(np.isnan(values), np.nan, place))
    if not places:
        return np.full(len(table), np.nan)
    stacked = np.vstack(places)
    count = (~np.isnan(stacked)).sum(axis=0)
    return np.divide(
        np.nansum(stacked, axis=0), count, out=np.full(len(table), np.nan), where=count > 0
    )
