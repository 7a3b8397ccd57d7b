"""How much of an account's rate is its own, and how much is luck of few sales?

An account that bought twice may show any margin. Its rate is drawn towards that of its kind by how
little was seen of it, so that luck does not top a list.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

FEWEST_OF_A_KIND = 5


@dataclass(frozen=True, slots=True)
class Credibility:
    """A fitted credibility model.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account, sorted by `account_id`: `kind`, `weight`, `own` (its own rate),
        `collective` (that of its kind), `credibility` (share of the own rate in the estimate, 0 to
        1), `estimate` and `standard_error` (of the estimate, in units of the rate).
    within : float
        Variance of a rate within an account, for weight 1.
    between : float
        Variance of true rates between the accounts of a kind; 0 where chance explains them.
    k : float
        `within / between`, the weight at which half of the estimate is the account's own; infinite
        where nothing lies between accounts.
    """

    table: pd.DataFrame
    within: float
    between: float

    @property
    def k(self) -> float:
        """Weight at which the account's own rate counts half."""
        return self.within / self.between if self.between > 0 else float("inf")


def buhlmann_straub(rates: pd.DataFrame, *, kinds: pd.Series | None = None) -> Credibility:
    """Shrink each account's rate towards that of its kind, by how much was seen of it.

    Parameters
    ----------
    rates : pd.DataFrame
        One row an account and period: `account_id`, `rate`, and `weight` (what the rate was seen
        on, such as sales; rows that are not positive or have no rate are left out).
    kinds : pd.Series indexed by account_id, optional
        Kind of each account. Kinds of fewer than 5 accounts, and accounts without a kind, share
        one. Variances are those within accounts and within kinds, pooled over all.

    Returns
    -------
    Credibility
        Accounts without any row left have none. Where every account has one period only, nothing
        tells luck from truth: `within` and `between` are NaN, and so is every estimate.

    Raises
    ------
    ValueError
        If a column is missing, or a kind is given twice.

    Notes
    -----
    Both variances are the unbiased ones; `between` is cut at 0. The collective of a kind is the
    credibility-weighted mean of its accounts, and the error of the estimate counts that it is
    estimated: ``between (1 − Z) (1 + (1 − Z) / sum Z)``.

    References
    ----------
    .. [1] H. Bühlmann and E. Straub, "Glaubwürdigkeit für Schadensätze", Bulletin of the Swiss
       Association of Actuaries 70, 1970.
    .. [2] H. Bühlmann and A. Gisler, "A Course in Credibility Theory and its Applications",
       Springer, 2005, sections 4.4, 4.5 and 4.8.

    Examples
    --------
    >>> seen = pd.DataFrame({"account_id": list("aabb"), "rate": [0.1, 0.3, 0.5, 0.7],
    ...                      "weight": [1.0, 1.0, 1.0, 1.0]})
    >>> buhlmann_straub(seen).table[["credibility", "estimate"]].round(3)
       credibility  estimate
    0        0.875     0.225
    1        0.875     0.575
    """
    lacking = [name for name in ("account_id", "rate", "weight") if name not in rates]
    if lacking:
        raise ValueError(f"rates lack the columns {lacking}")
    seen = rates.astype({"rate": float, "weight": float})
    seen = seen[(seen["weight"] > 0) & seen["rate"].notna() & np.isfinite(seen["weight"])]
    seen = seen.sort_values(["account_id", "rate", "weight"], kind="stable")
    weighted = (seen["weight"] * seen["rate"]).groupby(seen["account_id"]).sum()
    weight = seen.groupby("account_id")["weight"].sum()
    own = weighted / weight
    spread = seen["weight"] * (seen["rate"] - own.reindex(seen["account_id"]).to_numpy()) ** 2
    freedom = len(seen) - len(own)
    within = float(spread.sum()) / freedom if freedom > 0 else float("nan")
    kind = _kinds(own.index, kinds)
    between = _between(own, weight, kind, within)
    table = pd.DataFrame({"kind": kind, "weight": weight, "own": own}).reset_index(
        names="account_id"
    )
    if between > 0:
        trust = (between * weight / (within + between * weight)).to_numpy()
        counts = trust
    else:
        # accounts do not differ, or nothing tells: the best common rate weighs by what was seen
        trust = np.full(len(own), between)
        counts = weight.to_numpy()
    held = pd.Series(counts).groupby(table["kind"]).transform("sum")
    mean = (counts * table["own"]).groupby(table["kind"]).transform("sum") / held
    left = 1 - trust
    error = between * left * (1 + left / held) if between > 0 else within / held
    table = table.assign(
        collective=mean,
        credibility=trust,
        estimate=trust * table["own"] + left * mean,
        standard_error=np.sqrt(error),
    )
    return Credibility(table, within, between)


def _kinds(accounts: pd.Index, kinds: pd.Series | None) -> pd.Series:
    """Give the kind of each account; rare and unknown ones share one."""
    if kinds is None:
        return pd.Series("all", index=accounts)
    if kinds.index.has_duplicates:
        raise ValueError("an account has more than one kind")
    kind = kinds.reindex(accounts).astype("object")
    large = kind.map(kind.value_counts()) >= FEWEST_OF_A_KIND
    return kind.where(large.fillna(False).astype(bool), "others").astype("str")


def _between(own: pd.Series, weight: pd.Series, kind: pd.Series, within: float) -> float:
    """Estimate the variance of true rates between the accounts of a kind, without bias."""
    whole = weight.groupby(kind).transform("sum")
    centre = (weight * own).groupby(kind).transform("sum") / whole
    groups = kind.nunique()
    excess = float((weight * (own - centre) ** 2).sum()) - (len(own) - groups) * within
    scale = float((weight - weight**2 / whole).sum())
    if np.isnan(within):
        return float("nan")
    return max(excess / scale, 0.0) if scale > 0 else 0.0


def margin_credibility(months: pd.DataFrame, *, kinds: pd.Series | None = None) -> Credibility:
    """Shrink gross margin rates from months of purchases.

    Parameters
    ----------
    months : pd.DataFrame
        From `kamlab.accounts.monthly_sums`: `account_id`, `sales_with_cost`, `gross_profit`.
        Months with net returns count nothing.
    kinds : pd.Series indexed by account_id, optional
        Such as the industry; see `buhlmann_straub`.

    Returns
    -------
    Credibility
        Rates are shares of net sales.
    """
    bought = months[months["sales_with_cost"] > 0]
    rates = pd.DataFrame(
        {
            "account_id": bought["account_id"],
            "rate": bought["gross_profit"] / bought["sales_with_cost"],
            "weight": bought["sales_with_cost"],
        }
    )
    return buhlmann_straub(rates, kinds=kinds)
