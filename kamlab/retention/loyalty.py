"""What is five per cent less churn worth here, segment by segment?"""

from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.concerns import wilson
from kamlab.churn.lifetimes import normal_quantile
from kamlab.retention.economics import gain_from_loyalty

YEAR = pd.Timedelta(days=365)
_FEWEST = 10  # accounts in a segment for which anything is said
_DRAWS = 400


def yearly_record(days: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Say of every account that bought in the year before last whether it bought in the last.

    Parameters
    ----------
    days : pd.DataFrame
        Account-day sums, from `accounts.days.daily_sums`.
    as_of : date
        Exclusive.

    Returns
    -------
    pd.DataFrame
        `account_id`, `left` (no order day in the last 365 days) and `profit` (of the 365 days
        before those: gross profit, net sales where no cost is known). Empty where the history is
        shorter than two years.
    """
    end = pd.Timestamp(as_of)
    day = pd.to_datetime(days["day"])
    amount = "net_sales" if days["gross_profit"].isna().all() else "gross_profit"
    if day.min() > end - 2 * YEAR + pd.Timedelta(days=31):
        return pd.DataFrame({"account_id": [], "left": [], "profit": []})
    then = days[(day >= end - 2 * YEAR) & (day < end - YEAR)]
    last = days[(day >= end - YEAR) & (day < end) & (days["net_sales"] > 0)]
    there = then[then["net_sales"] > 0]["account_id"].unique()
    profit = then.groupby("account_id")[amount].sum().reindex(np.sort(there))
    return pd.DataFrame(
        {
            "account_id": profit.index,
            "left": ~profit.index.isin(last["account_id"].unique()),
            "profit": profit.to_numpy(float),
        }
    )


def loyalty_worth(
    record: pd.DataFrame,
    segment: pd.Series | None = None,
    *,
    discount: float = 0.1,
    delta: float = 0.05,
    confidence: float = 0.9,
    seed: int = 0,
) -> pd.DataFrame:
    """Value a lower rate of leaving, as points and as a share of the rate, per segment.

    Parameters
    ----------
    record : pd.DataFrame
        From `yearly_record`.
    segment : pd.Series, optional
        Segment by account_id; without it there is one row, "all accounts".
    discount : float, default 0.1
        Yearly.
    delta : float, default 0.05
        By how much fewer leave: points of the rate, and a share of it.
    confidence : float, default 0.9
    seed : int, default 0
        Of the bootstrap over accounts.

    Returns
    -------
    pd.DataFrame
        One row a segment of 10 accounts or more, after "all accounts", and kind ("points",
        "relative"): `segment`, `kind`, `accounts`, `left`, `churn` with Wilson interval
        `churn_low`, `churn_high`, `profit` (mean of an account and year), `value_before`,
        `value_after` (of an account: profit at today's level as long as it stays, discounted),
        `gain_share` with bootstrap interval `low` and `high`, `gain` (money, all accounts of the
        segment), and `break_even_cost` (most that may be spent an account and year). Where the rate
        cannot fall by so many points, or profit is not positive, the gains are missing.

    References
    ----------
    .. [1] F. F. Reichheld and W. E. Sasser, "Zero Defections: Quality Comes to Services", Harvard
       Business Review, September-October 1990, weighed by survival instead of an average life.
    """
    parts = [("all accounts", record)]
    if segment is not None and len(record):
        name = record["account_id"].map(segment).fillna("not known").astype(str)
        parts += [(str(key), rows) for key, rows in record.groupby(name, sort=True)]
    rng = np.random.default_rng(seed)
    rows = []
    for name, part in parts:
        if len(part) < _FEWEST:
            continue
        left, profit = part["left"].to_numpy(bool), part["profit"].to_numpy(float)
        low, high = wilson(
            np.array([left.sum()]), np.array([len(left)]), normal_quantile(confidence)
        )
        about = {
            "segment": name,
            "accounts": len(left),
            "left": int(left.sum()),
            "churn": float(left.mean()),
            "churn_low": float(low[0]),
            "churn_high": float(high[0]),
            "profit": float(profit.mean()),
        }
        drawn = rng.binomial(len(left), left.mean(), _DRAWS) / len(left)
        for kind in ("points", "relative"):
            found = _gain(float(profit.mean()), float(left.mean()), discount, delta, kind)
            shares = [_gain(1.0, rate, discount, delta, kind)["gain_share"] for rate in drawn]
            ends = [np.nan, np.nan]
            if np.isfinite(found["gain_share"]) and np.isfinite(shares).any():
                tail = (1 - confidence) / 2
                ends = list(np.nanquantile(shares, [tail, 1 - tail]))
            rows.append(
                about
                | {"kind": kind, "low": ends[0], "high": ends[1], "gain": found["gain"] * len(left)}
                | {k: found[k] for k in ("value_before", "value_after", "gain_share")}
                | {"break_even_cost": found["break_even_cost"]}
            )
    columns = ["segment", "kind", "accounts", "left", "churn", "churn_low", "churn_high", "profit"]
    columns += ["value_before", "value_after", "gain_share", "low", "high", "gain"]
    return pd.DataFrame(rows, columns=[*columns, "break_even_cost"])


def _gain(profit: float, churn: float, discount: float, delta: float, kind: str) -> pd.Series:
    """Value a lower rate; missing where it cannot fall so far or nothing is earned."""
    after = churn - delta if kind == "points" else churn * (1 - delta)
    if after <= 0 or profit <= 0:
        names = ["value_before", "value_after", "gain", "gain_share", "break_even_cost"]
        return pd.Series(np.nan, names)
    return gain_from_loyalty([profit], churn, discount, delta=delta, kind=kind)


def break_even_effect(
    worth: pd.DataFrame, *, cost: float, accounts: int | None = None
) -> dict[str, float]:
    """Say what an action must achieve to pay, where nothing was ever tried.

    Parameters
    ----------
    worth : pd.DataFrame
        `account_id` and `profit` of a year, and optionally `stays`.
    cost : float
        Of one action, in currency.
    accounts : int, optional
        Only so many accounts with the highest profit; default all with a profit.

    Returns
    -------
    dict
        `accounts`, `profit` (mean of these), `sales_effect` (share by which their sales must rise
        to pay for one action each) and `one_in` (one account in so many must be kept for a year
        that would have left).

    Examples
    --------
    >>> worth = pd.DataFrame({"account_id": ["a", "b"], "profit": [1000.0, 3000.0]})
    >>> break_even_effect(worth, cost=500.0)["sales_effect"]
    0.25
    """
    stays = worth.get("stays", 1.0)
    profit = (worth["profit"] * stays).sort_values(ascending=False)
    best = profit[profit > 0].head(accounts)
    mean = float(best.mean()) if len(best) else float("nan")
    return {
        "accounts": float(len(best)),
        "profit": mean,
        "sales_effect": cost / mean,
        "one_in": mean / cost if cost > 0 else float("inf"),
    }
