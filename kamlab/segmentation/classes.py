"""Does an account stand on sales and on margin, and what do those expose us to that do not?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlab.segmentation.concentration import abc
from kamlab.segmentation.expected import EXPECTED
from kamlab.segmentation.stress import at_stake

KEY, VOLUME, RICH, STANDARD = (
    "key account",
    "volume without profit",
    "small but rich",
    "standard",
)
UNKNOWN = "margin unknown"
_LEAST_COST_KNOWN = 0.5


@dataclass(frozen=True, slots=True)
class Standing:
    """The least standing a key account needs, and how it was found.

    Attributes
    ----------
    sales : float
        Least net sales in the period, in the currency.
    margin : float
        Least gross margin rate; NaN where no margin is known.
    rich_margin : float
        Margin from which a small account is called rich; NaN where no margin is known.
    how_sales, how_margin : str
        In words, for the report.
    """

    sales: float
    margin: float
    rich_margin: float
    how_sales: str
    how_margin: str


def find_standing(
    facts: pd.DataFrame,
    *,
    minimum_sales_share: float | None = None,
    minimum_margin: float | None = None,
) -> Standing:
    """Find the least sales and margin of a key account from the data, or take the given ones.

    Found on sales: the smallest account of those that together make 80 % of sales (class A).
    Found on margin: half the margin of all sales together, or the margin that a tenth of the
    accounts stay below, whichever is higher, and never below zero: an account below it earns less
    than half of what an average sale does, or least of all.

    Parameters
    ----------
    facts : pd.DataFrame
        One row an account: `net_sales`, `gross_profit`, `margin_rate` and `cost_known_share`.
    minimum_sales_share : float, optional
        Least share of all sales, 0 to 1.
    minimum_margin : float, optional
        Least gross margin rate, below 1.

    Raises
    ------
    ValueError
        If nobody has positive sales or a limit is out of range.
    """
    sales = facts["net_sales"].clip(lower=0).fillna(0.0)
    if sales.sum() <= 0:
        raise ValueError("no account has positive net sales in the period: nothing can be ranked")
    if minimum_sales_share is not None and not 0 <= minimum_sales_share < 1:
        raise ValueError(f"minimum_sales_share lies in 0 to below 1, not {minimum_sales_share}")
    if minimum_margin is not None and not minimum_margin < 1:
        raise ValueError(f"minimum_margin lies below 1, not {minimum_margin}")
    if minimum_sales_share is None:
        least = float(sales[abc(sales) == "A"].min())
        how_sales = "the smallest of the accounts that together make 80% of sales"
    else:
        least = minimum_sales_share * float(sales.sum())
        how_sales = f"given: {minimum_sales_share:.2%} of all sales"
    known = margin_known(facts) & (facts["net_sales"] > 0)
    if not known.any():
        return Standing(least, np.nan, np.nan, how_sales, "no cost is known, so no margin is asked")
    overall = float(facts.loc[known, "gross_profit"].sum() / facts.loc[known, "net_sales"].sum())
    margins = facts.loc[known, "margin_rate"]
    if minimum_margin is None:
        low = max(0.0, overall / 2, float(margins.quantile(0.1)))
        how_margin = (
            f"half of the {overall:.1%} that all sales together earn"
            if low == overall / 2
            else "what nine tenths of the accounts earn at least"
            if low > 0
            else "not below zero"
        )
    else:
        low, how_margin = minimum_margin, f"given: {minimum_margin:.1%}"
    rich = max(low, overall, float(margins.quantile(0.75)))
    return Standing(least, low, rich, how_sales, how_margin)


def margin_known(facts: pd.DataFrame) -> pd.Series:
    """Tell where enough of the sales have a known cost for a margin to mean something.

    Parameters
    ----------
    facts : pd.DataFrame
        As for `find_standing`.

    Returns
    -------
    pd.Series of shape (n_accounts,)
        True where margin and gross profit are known, on half of the turnover or more.
    """
    known = facts["margin_rate"].notna() & facts["gross_profit"].notna()
    return known & (facts["cost_known_share"].fillna(0.0) >= _LEAST_COST_KNOWN)


def classify(facts: pd.DataFrame, standing: Standing) -> pd.Series:
    """Put every account into one class of sales × margin.

    Parameters
    ----------
    facts : pd.DataFrame
        As for `find_standing`.
    standing : Standing

    Returns
    -------
    pd.Series of shape (n_accounts,)
        "key account" (stands on both), "volume without profit" (sells much, and earns less than
        the least margin or, where `cost_to_serve` is known, no more than it costs to serve, and is
        not expected to earn more where `expected_gross_profit` is given),
        "small but rich", "standard", or "margin unknown" for accounts that sell enough but whose
        cost is not known: no margin is claimed for them.
    """
    large = facts["net_sales"].fillna(0.0) >= max(standing.sales, np.nextafter(0, 1))
    known = margin_known(facts)
    serve = facts["cost_to_serve"].fillna(0.0) if "cost_to_serve" in facts else 0.0
    most = facts[[name for name in ("gross_profit", EXPECTED) if name in facts]].max(axis=1)
    earns = known & (facts["gross_profit"] > 0) & (most > serve)
    enough = earns & (facts["margin_rate"] >= standing.margin)
    rich = earns & (facts["margin_rate"] >= standing.rich_margin)
    classes = np.select(
        [large & ~known, large & enough, large, rich], [UNKNOWN, KEY, VOLUME, RICH], STANDARD
    )
    return pd.Series(classes, index=facts.index, name="class")


def exposure(
    facts: pd.DataFrame,
    classes: pd.Series,
    *,
    spill_over: float = 0.05,
    fixed_cost: float | None = None,
) -> pd.DataFrame:
    """Say what we depend on in each account that sells much and earns little.

    Parameters
    ----------
    facts : pd.DataFrame
        One row an account: `account_id`, `net_sales`, `gross_profit`, `margin_rate`; `name`,
        `cost_to_serve` and `region` where known (without regions all accounts are one).
    classes : pd.Series of shape (n_accounts,)
        As `classify` returns.
    spill_over : float, default 0.05
        Assumption: share of its region's other gross profit that a competitor would take if it
        won all sales of the region; an account counts by its share of the region's sales.
    fixed_cost : float, optional
        Fixed cost of the period, to be covered by contributions.

    Returns
    -------
    pd.DataFrame
        Largest sales first: `account_id`, `name`, `net_sales`, `sales_share`, `gross_profit`,
        `contribution` (after cost to serve where known), `fixed_cost_covered` (share of
        `fixed_cost` which its contribution pays, 0 where it pays none; missing without it),
        `loss_if_it_leaves` (its contribution: negative where leaving would save money),
        `loss_elsewhere` (by the competitor made stronger), `loss_in_all`, `price_rise_needed`
        (share by which its prices must rise to contribute, of each unit of sales, what all
        accounts together do; after cost to serve where known).

    Raises
    ------
    ValueError
        If spill_over is not between 0 and 1.
    """
    stake = at_stake(facts, spill_over=spill_over)
    sales = facts["net_sales"].clip(lower=0)
    contribution = stake["own"]
    overall = contribution.sum() / sales.sum() if sales.sum() > 0 else np.nan
    wanted = np.clip(overall, 0, 0.95)
    table = pd.DataFrame(
        {
            "account_id": facts["account_id"],
            "name": facts.get("name", facts["account_id"]),
            "net_sales": facts["net_sales"],
            "sales_share": sales / sales.sum(),
            "gross_profit": facts["gross_profit"],
            "contribution": contribution,
            "fixed_cost_covered": (contribution / fixed_cost).clip(lower=0)
            if fixed_cost
            else np.nan,
            "loss_if_it_leaves": contribution,
            "loss_elsewhere": stake["elsewhere"],
            "price_rise_needed": ((sales - contribution) / (1 - wanted) / sales - 1).clip(lower=0),
        }
    )
    table.insert(9, "loss_in_all", table["loss_if_it_leaves"] + table["loss_elsewhere"])
    chosen = table[classes == VOLUME]
    return chosen.sort_values(
        ["net_sales", "account_id"], ascending=[False, True], ignore_index=True
    )
