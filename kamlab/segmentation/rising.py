"""Which small accounts could become key, and what would supporting them be worth?"""

import pandas as pd

LEAST_CHANCE = 0.05
GROWING = 0.25


def candidates(
    facts: pd.DataFrame,
    following: pd.DataFrame,
    space: pd.DataFrame | None = None,
    *,
    places: int = 20,
    won_share: float = 0.2,
) -> pd.DataFrame:
    """Name accounts outside the list that have a chance, growth or room to get on it.

    Parameters
    ----------
    facts : pd.DataFrame
        Account facts: `account_id`, `margin_rate`, `sales_growth`, `net_sales_12m`; where known
        `net_sales` and `cost_to_serve`, whose share of sales is taken off the margin.
    following : pd.DataFrame
        Forecast of the period ahead, the highest first: `account_id`, `expected_gross_profit`,
        `probability_key`.
    space : pd.DataFrame, optional
        Business space: `account_id`, `head_room` (a year).
    places : int, default 20
        Length of the list: its first `places` accounts are no candidates.
    won_share : float, default 0.2
        Share of the head-room that support wins, 0 to 1: an assumption of who decides.

    Returns
    -------
    pd.DataFrame
        One row a candidate: `account_id`, `expected_gross_profit`, `probability_key`,
        `sales_growth`, `head_room`, `support_worth` (a year: `won_share` of the head-room at the
        account's margin after cost to serve; missing without either), `reason`; those worth most
        first. Accounts that bought nothing for a year, of which nothing is expected, or with a
        margin after cost to serve below nought, are none.

    Raises
    ------
    ValueError
        If `won_share` is not in 0 to 1.
    """
    if not 0 <= won_share <= 1:
        raise ValueError(f"won_share is a share, 0 to 1, not {won_share}")
    outside = following.iloc[places:]
    outside = outside[["account_id", "expected_gross_profit", "probability_key"]]
    known = facts[["account_id", "margin_rate", "sales_growth", "net_sales_12m"]]
    if "cost_to_serve" in facts:
        serve = facts["cost_to_serve"].fillna(0.0) / facts["net_sales"].where(
            facts["net_sales"] > 0
        )
        known = known.assign(margin_rate=facts["margin_rate"] - serve.fillna(0.0))
    table = outside.merge(known, on="account_id", how="left")
    room = pd.Series(dtype=float) if space is None else space.set_index("account_id")["head_room"]
    table["head_room"] = table["account_id"].map(room).astype(float)
    table["support_worth"] = won_share * table["head_room"] * table["margin_rate"]
    able = (table["expected_gross_profit"] > 0) & (table["net_sales_12m"] > 0)
    table = table[able & ~(table["margin_rate"] < 0)]
    bar = following["expected_gross_profit"].iloc[min(places, len(following)) - 1]
    likely = table["probability_key"] >= LEAST_CHANCE
    # growth counts where there is something to grow from
    usual = table["net_sales_12m"].median()
    grows = (table["sales_growth"] >= GROWING) & (table["net_sales_12m"] >= usual)
    reach = table["expected_gross_profit"] + table["head_room"] * table["margin_rate"] >= bar
    table = table.assign(
        reason=[
            "; ".join(word for word, holds in zip(_WORDS, row, strict=True) if holds)
            for row in zip(likely, grows, reach, strict=True)
        ]
    )
    table = table[likely | grows | reach].drop(columns=["margin_rate", "net_sales_12m"])
    return table.sort_values(
        ["support_worth", "probability_key", "expected_gross_profit", "account_id"],
        ascending=[False, False, False, True],
        ignore_index=True,
        na_position="last",
    )


_WORDS = (
    f"at least {LEAST_CHANCE:.0%} likely to be among the best",
    f"grew by at least {GROWING:.0%}",
    "with all of its business it would be on the list",
)
