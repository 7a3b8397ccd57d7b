"""When and how does each account buy: rhythm, season, weekday, month end and order size?"""

from datetime import date

import numpy as np
import pandas as pd
from scipy.special import polygamma
from scipy.stats import chi2

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MIN_GAPS = 4
_MIN_DAYS = 20


def cadence(days: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Measure the rhythm of each account's orders and how far it is behind it now.

    Parameters
    ----------
    days : pd.DataFrame
        Account-day sums: `account_id`, `day` and `net_sales`; days with positive net sales count
        as order days.
    as_of : date
        Exclusive.

    Returns
    -------
    pd.DataFrame
        One row an account with an order day, sorted by `account_id`: `order_days`, `median_gap`
        (days between order days), `regularity` (shape of a gamma law of the gaps: 1 is random, 2
        and more is a rhythm), its standard error `regularity_se` (both missing below 4 gaps),
        `days_since_last_order` and `overdue` (share of the account's own gaps that were shorter
        than the silence now, 0 to 1; missing below 4 gaps).

    References
    ----------
    .. [1] R. D. Wheat and D. G. Morrison, "Estimating purchase regularity with two interpurchase
       times", Journal of Marketing Research 27, 1990.
    .. [2] Z.-S. Ye and N. Chen, "Closed-form estimators for the gamma distribution derived from
       likelihood equations", The American Statistician 71, 2017.
    """
    end = pd.Timestamp(as_of)
    bought = _order_days(days, end)
    bought["gap"] = bought.groupby("account_id")["day"].diff().dt.days.astype(float)
    gaps = bought.dropna(subset="gap")
    silence = (end - bought.groupby("account_id")["day"].max()).dt.days
    table = pd.DataFrame(
        {
            "order_days": bought.groupby("account_id").size(),
            "median_gap": gaps.groupby("account_id")["gap"].median(),
            "days_since_last_order": silence,
        }
    )
    count = gaps.groupby("account_id").size().reindex(table.index).fillna(0)
    shape = _gamma_shape(gaps).reindex(table.index).where(count >= _MIN_GAPS)
    information = count * (polygamma(1, shape) - 1 / shape)
    shorter = gaps["gap"] < silence.reindex(gaps["account_id"]).to_numpy()
    behind = shorter.groupby(gaps["account_id"]).mean().reindex(table.index)
    return table.assign(
        regularity=shape,
        regularity_se=1 / np.sqrt(information),
        overdue=behind.where(count >= _MIN_GAPS),
    ).reset_index()


def _order_days(days: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """Give the account-days with positive net sales before the end, in order."""
    day = pd.to_datetime(days["day"])
    there = (days["net_sales"] > 0) & (day < end)
    bought = pd.DataFrame({"account_id": days.loc[there, "account_id"], "day": day[there]})
    return bought.sort_values(["account_id", "day"])


def _gamma_shape(gaps: pd.DataFrame) -> pd.Series:
    """Estimate the gamma shape of each account's gaps, corrected for small samples."""
    gap = gaps["gap"]
    parts = pd.DataFrame(
        {"account_id": gaps["account_id"], "x": gap, "l": np.log(gap), "xl": gap * np.log(gap)}
    )
    sums = parts.groupby("account_id").agg(
        n=("x", "size"), x=("x", "sum"), l=("l", "sum"), xl=("xl", "sum")
    )
    spread = sums["n"] * sums["xl"] - sums["l"] * sums["x"]
    shape = (sums["n"] * sums["x"] / spread.where(spread > 1e-9)).clip(upper=100.0)
    n = sums["n"]
    bias = (3 * shape - 2 / 3 * shape / (1 + shape) - 4 / 5 * shape / (1 + shape) ** 2) / n
    # gaps without any spread: as regular as can be told
    return (shape - bias).clip(lower=0.05).where(spread > 1e-9, 100.0)


def season(months: pd.DataFrame, *, shares: int = 12) -> pd.DataFrame:
    """Find whether an account buys more at one time of the year, and when.

    Parameters
    ----------
    months : pd.DataFrame
        Account-month sums: `account_id`, `month` (first day) and `order_days`.
    shares : int, default 12
        Fewest order days before an account's season is judged.

    Returns
    -------
    pd.DataFrame
        One row an account, sorted by `account_id`: `season_strength` (length of the mean vector of
        its order days on the circle of the year, 0 even to 1 one month), `peak_month` (1 to 12)
        and `season_p` (Rayleigh's test of an even year; missing below `shares` order days).
        Only whole years of history are even by themselves: months covered more often are weighed
        down.

    References
    ----------
    .. [1] K. V. Mardia and P. E. Jupp, "Directional Statistics", Wiley, 2000, section 6.3.1.
    """
    month = pd.to_datetime(months["month"])
    first, last = month.min(), month.max()
    covered = pd.period_range(first, last, freq="M").month
    weight = pd.Series(covered).value_counts()
    angle = 2 * np.pi * (month.dt.month - 0.5) / 12
    count = months["order_days"] / month.dt.month.map(weight) * weight.mean()
    parts = pd.DataFrame(
        {
            "account_id": months["account_id"],
            "n": count,
            "days": months["order_days"],
            "c": count * np.cos(angle),
            "s": count * np.sin(angle),
        }
    )
    sums = parts.groupby("account_id").sum()
    sums = sums[sums["n"] > 0]
    strength = np.hypot(sums["c"], sums["s"]) / sums["n"]
    # eleven months are never a whole circle: without a year of history there is no season
    judged = (sums["days"] >= shares) & (len(weight) == 12)
    z = sums["days"] * strength**2
    # Rayleigh's tail with its second-order term
    tail = np.exp(-z) * (1 + (2 * z - z**2) / (4 * sums["days"]))
    peak = np.floor((np.arctan2(sums["s"], sums["c"]) % (2 * np.pi)) / (2 * np.pi) * 12) + 1
    return pd.DataFrame(
        {
            "season_strength": strength.where(judged),
            "peak_month": peak.where(judged),
            "season_p": tail.clip(0, 1).where(judged),
        }
    ).reset_index()


def weekdays(days: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Find the weekday and the part of the month on which each account orders.

    Parameters
    ----------
    days : pd.DataFrame
        Account-day sums: `account_id`, `day`, `net_sales` and `orders`.
    as_of : date
        Exclusive.

    Returns
    -------
    pd.DataFrame
        One row an account with an order day: `usual_weekday`, `weekday_share` (of its order days),
        `weekday_p` (chi-square test of its weekdays being those of all; missing below 20 days),
        `month_end_share` (order days in the last five days of a month; about 0.16 by chance),
        `usual_order` and `largest_order` (net sales per order: median over days, and largest day),
        and `usual_batch` (median over days of the quantity an order line; missing without
        `quantity` and `lines`).
    """
    end = pd.Timestamp(as_of)
    bought = _order_days(days, end)
    codes, accounts = pd.factorize(bought["account_id"], sort=True)
    cells = codes * 7 + bought["day"].dt.day_of_week.to_numpy()
    per = np.bincount(cells, minlength=7 * len(accounts)).reshape(-1, 7)
    everybody = per.sum(axis=0) / max(per.sum(), 1)
    used = everybody > 0
    usual = per.sum(axis=1)[:, None] * everybody[used]
    chi = ((per[:, used] - usual) ** 2 / usual).sum(axis=1)
    chance = chi2.sf(chi, max(int(used.sum()) - 1, 1))
    left = (bought["day"].dt.days_in_month - bought["day"].dt.day).to_numpy()
    days_of = per.sum(axis=1)
    paid = days.assign(day=pd.to_datetime(days["day"]))
    paid = paid[(paid["net_sales"] > 0) & (paid["day"] < end)]
    size = (paid["net_sales"] / paid["orders"].clip(lower=1)).groupby(paid["account_id"])
    batch = pd.Series(np.nan, index=accounts)
    if "quantity" in paid:
        each = paid["quantity"] / paid["lines"].clip(lower=1)
        batch = each.where(each > 0).groupby(paid["account_id"]).median().reindex(accounts)
    return pd.DataFrame(
        {
            "usual_weekday": np.array(WEEKDAYS, dtype=object)[per.argmax(axis=1)],
            "weekday_share": per.max(axis=1) / days_of,
            "weekday_p": np.where((days_of >= _MIN_DAYS) & (used.sum() > 1), chance, np.nan),
            "month_end_share": np.bincount(codes, left < 5, len(accounts)) / days_of,
            "usual_batch": batch.to_numpy(),
            "usual_order": size.median().reindex(accounts).to_numpy(),
            "largest_order": paid.groupby("account_id")["net_sales"]
            .max()
            .reindex(accounts)
            .to_numpy(),
        },
        index=pd.Index(accounts, name="account_id"),
    ).reset_index()
