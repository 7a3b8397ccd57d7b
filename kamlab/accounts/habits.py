"""When and how does each account buy: rhythm, season, weekday, month end and order size?"""

from datetime import date

import numpy as np
import pandas as pd
from scipy.special import polygamma
from scipy.stats import chi2

from kamlab.accounts.numbering import numbered

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
    _, code, day, accounts = _order_days(days, as_of)
    code, day = in_order(code, day)
    begins = np.r_[True, code[1:] != code[:-1]][: len(code)]
    last = day[np.r_[begins[1:], True][: len(code)]]
    silence = _number(as_of) - last.astype(np.int64)
    gap, of = np.diff(day)[~begins[1:]].astype(float), code[1:][~begins[1:]]
    count = np.bincount(of, minlength=len(accounts))
    behind = np.bincount(of, gap < silence[of], len(accounts)) / np.maximum(count, 1)
    shape = np.where(count >= _MIN_GAPS, _gamma_shape(of, gap, count), np.nan)
    information = count * (polygamma(1, shape) - 1 / shape)
    median = pd.Series(gap).groupby(of).median()
    table = pd.DataFrame(
        {
            "account_id": accounts,
            "order_days": np.bincount(code, minlength=len(accounts)),
            "median_gap": median.reindex(range(len(accounts))).to_numpy(),
            "days_since_last_order": silence,
            "regularity": shape,
            "regularity_se": 1 / np.sqrt(information),
        }
    )
    return table.assign(overdue=np.where(count >= _MIN_GAPS, behind, np.nan))


def _number(day: date) -> int:
    """Count the days since 1970."""
    return int(np.datetime64(day, "D").astype(int))


def _order_days(
    days: pd.DataFrame, as_of: date
) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.Index]:
    """Find the account-days with positive net sales before the end.

    Returns their rows, the number of the account and the day since 1970, and the accounts.
    """
    day = pd.to_datetime(days["day"]).to_numpy("datetime64[D]").astype(np.int32)
    codes, accounts = numbered(days["account_id"])
    bought = (days["net_sales"].to_numpy(float) > 0) & (day < _number(as_of)) & (codes >= 0)
    rows = np.flatnonzero(bought)
    there = np.bincount(codes[rows], minlength=len(accounts)) > 0
    place = np.cumsum(there, dtype=np.int32) - 1
    return rows, place[codes[rows]], day[rows], accounts[there]


def in_order(code: np.ndarray, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sort account-days by account and day, where they are not sorted yet.

    Parameters
    ----------
    code, day : np.ndarray of int, shape (n,)

    Returns
    -------
    tuple of np.ndarray of int, shape (n,)
    """
    turns = code[1:] - code[:-1]
    if ((turns > 0) | ((turns == 0) & (day[1:] >= day[:-1]))).all():
        return code, day
    order = np.lexsort((day, code))
    return code[order], day[order]


def _gamma_shape(of: np.ndarray, gap: np.ndarray, count: np.ndarray) -> np.ndarray:
    """Estimate the gamma shape of each account's gaps, corrected for small samples."""
    log = np.log(gap)
    n = np.where(count > 0, count, np.nan)
    x, logs, both = (np.bincount(of, part, len(count)) for part in (gap, log, gap * log))
    spread = n * both - logs * x
    with np.errstate(divide="ignore", invalid="ignore"):
        shape = np.minimum(np.where(spread > 1e-9, n * x / spread, np.nan), 100.0)
        bias = (3 * shape - 2 / 3 * shape / (1 + shape) - 4 / 5 * shape / (1 + shape) ** 2) / n
    # gaps without any spread: as regular as can be told
    return np.where(spread > 1e-9, np.clip(shape - bias, 0.05, None), 100.0)


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
    rows, code, day, accounts = _order_days(days, as_of)
    # the first day of 1970 was a Thursday
    per = np.bincount(code * 7 + (day + 3) % 7, minlength=7 * len(accounts)).reshape(-1, 7)
    everybody = per.sum(axis=0) / max(per.sum(), 1)
    used = everybody > 0
    usual = per.sum(axis=1)[:, None] * everybody[used]
    chi = ((per[:, used] - usual) ** 2 / usual).sum(axis=1)
    chance = chi2.sf(chi, max(int(used.sum()) - 1, 1))
    dates = day.astype("datetime64[D]")
    left = (dates.astype("datetime64[M]") + 1).astype("datetime64[D]") - dates
    late = np.bincount(code, left <= np.timedelta64(5, "D"), len(accounts))
    days_of = per.sum(axis=1)
    del day, dates, left

    def of(name: str) -> np.ndarray:
        return days[name].to_numpy(float, na_value=np.nan)[rows]

    largest = pd.Series(of("net_sales")).groupby(code).max()
    size = pd.Series(of("net_sales") / np.maximum(of("orders"), 1)).groupby(code).median()
    batch = pd.Series(np.nan, index=range(len(accounts)))
    if "quantity" in days:
        each = of("quantity") / np.maximum(of("lines"), 1)
        batch = pd.Series(np.where(each > 0, each, np.nan)).groupby(code).median()
    return pd.DataFrame(
        {
            "usual_weekday": np.array(WEEKDAYS, dtype=object)[per.argmax(axis=1)],
            "weekday_share": per.max(axis=1) / days_of,
            "weekday_p": np.where((days_of >= _MIN_DAYS) & (used.sum() > 1), chance, np.nan),
            "month_end_share": late / days_of,
            "usual_batch": batch.to_numpy(),
            "usual_order": size.to_numpy(),
            "largest_order": largest.to_numpy(),
        },
        index=pd.Index(accounts, name="account_id"),
    ).reset_index()
