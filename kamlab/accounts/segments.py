"""What holds for a whole kind of accounts: sales, growth, prices, space, conduct and worries?"""

import numpy as np
import pandas as pd

from kamlab.accounts.engine import ratio

COLUMNS = (
    "segment",
    "accounts",
    "active",
    "net_sales_12m",
    "sales_growth",
    "gross_profit_12m",
    "margin_rate",
    "median_gap",
    "effective_families",
    "price_effect",
    "bargaining_score",
    "wallet",
    "share_of_wallet",
    "head_room",
    "days_beyond_terms",
    "overdue_amount",
    "expected_loss",
    "philosophy_score",
    "contacts_12m",
    "main_concern",
)


def segment_profiles(profile: pd.DataFrame, kinds: pd.Series) -> pd.DataFrame:
    """Put the profiles of a segment's accounts into one row.

    Parameters
    ----------
    profile : pd.DataFrame
        From `kamlab.accounts.profiles.profiles`.
    kinds : pd.Series indexed by account_id
        Segment of each account; accounts without one share "not known".

    Returns
    -------
    pd.DataFrame
        One row a segment, the most sales first, with the columns of `COLUMNS`: sums of money and
        counts; growth, margin and share of wallet of the sums (over accounts that have both
        figures); price effect, bargaining score and days beyond terms weighed by net sales;
        medians of gap and families, mean of the management score, and the main concern of most
        active accounts. Money and habits are those of accounts that bought in the last 365 days.

    Examples
    --------
    >>> from kamlab.accounts.profile_columns import PROFILE
    >>> rows = pd.DataFrame(columns=list(PROFILE), index=range(2)).assign(account_id=["a", "b"],
    ...     net_sales_12m=[3.0, 1.0], net_sales_prior_12m=[1.0, 1.0])
    >>> segment_profiles(rows, pd.Series({"a": "x", "b": "x"}))["sales_growth"].tolist()
    [1.0]
    """
    named = kinds[~kinds.index.duplicated()].reindex(profile["account_id"]).astype("object")
    segment = named.where(named.notna(), "not known").astype("str").to_numpy()
    table = profile.assign(segment=segment)
    active = table[table["net_sales_12m"] > 0]
    by, by_active = table.groupby("segment"), active.groupby("segment")
    text = ("segment", "main_concern", "accounts", "active")
    numbers = active.assign(
        **{name: active[name].astype(float) for name in COLUMNS if name not in text}
    )
    grouped = numbers.groupby("segment")
    made = pd.DataFrame({"accounts": by.size(), "active": by_active.size()}).fillna(0)
    made["active"] = made["active"].astype(int)
    for name in ("net_sales_12m", "gross_profit_12m", "wallet", "head_room", "overdue_amount",
                 "expected_loss", "contacts_12m"):  # fmt: skip
        made[name] = grouped[name].sum(min_count=1)
    before = table["net_sales_prior_12m"].astype(float).groupby(table["segment"]).sum()
    made["sales_growth"] = ratio(made["net_sales_12m"], before.reindex(made.index)) - 1
    made["margin_rate"] = _of_sums(numbers, "gross_profit_12m", "net_sales_12m", made.index)
    made["share_of_wallet"] = _of_sums(numbers, "net_sales_12m", "wallet", made.index)
    for name in ("median_gap", "effective_families"):
        made[name] = grouped[name].median()
    made["philosophy_score"] = grouped["philosophy_score"].mean()
    for name in ("price_effect", "bargaining_score", "days_beyond_terms"):
        weighed = numbers.assign(product=numbers[name] * numbers["net_sales_12m"])
        made[name] = _of_sums(weighed, "product", "net_sales_12m", made.index)
    concern = active.dropna(subset="main_concern").groupby("segment")["main_concern"]
    made["main_concern"] = concern.agg(lambda said: said.value_counts().sort_index().idxmax())
    made = made.reset_index(names="segment")
    return made.sort_values(
        ["net_sales_12m", "segment"], ascending=[False, True], ignore_index=True
    )[list(COLUMNS)]


def _of_sums(numbers: pd.DataFrame, above: str, below: str, index: pd.Index) -> np.ndarray:
    """Divide sums over the accounts that have both figures."""
    both = numbers[numbers[above].notna() & numbers[below].notna()].groupby("segment")
    sums = both[[above, below]].sum().reindex(index)
    return ratio(sums[above], sums[below])
