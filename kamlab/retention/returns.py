"""Which of those that fell silent come back, and what do they bring when they do?"""

from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.engine import as_day
from kamlab.accounts.seen import seen_before
from kamlab.retention.two_part import TwoPartModel

YEAR = 365
_FEWEST = 20
_MOST_DAYS = 4_000_000  # account-days from which returns are learnt
_LEAST = 0.1  # of the median account's year, that counts as an account's own at least
_STEPS = (1.0, 1.5, 2.0, 3.0)  # silences, in multiples of what counts as leaving
FEATURES = ("silent_days", "log_yearly", "order_days", "tenure_years", "pace", "irregular")


def past_silences(
    daily: pd.DataFrame, as_of: date | str, *, gone_after: float, horizon_days: int = YEAR
) -> pd.DataFrame:
    """List the silences of the past that looked like leaving, and whether they ended.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen.
    gone_after : float
        Days without an order that count as leaving.
    horizon_days : int, default 365
        Days after the day of sight in which a return counts and its amounts are summed.

    Returns
    -------
    pd.DataFrame
        One row a silence and day of sight (1, 1.5, 2 and 3 times `gone_after` after the last order,
        if it lasted so long) whose horizon is over by `as_of`: `account_id`, `seen_on`, the columns
        of `FEATURES`, `returned` and `value` (gross profit, else net sales, in the horizon).
    """
    end = pd.Timestamp(as_day(as_of))
    past = seen_before(daily, end)
    bought = past[past["net_sales"] > 0].sort_values(["account_id", "day"])
    following = bought.groupby("account_id")["day"].shift(-1).fillna(end)
    parts = []
    for step in _STEPS:
        seen = bought["day"] + pd.Timedelta(days=int(np.ceil(step * gone_after)))
        held = (seen < following) & (seen + pd.Timedelta(days=horizon_days) <= end)
        parts.append(pd.DataFrame({"account_id": bought["account_id"], "seen_on": seen})[held])
    rows = pd.concat(parts).sort_values(["account_id", "seen_on"], ignore_index=True)
    returned, value = second_sums(past, rows, horizon_days)
    return features_on(past, rows).assign(returned=returned, value=value)


def second_sums(
    past: pd.DataFrame, rows: pd.DataFrame, horizon_days: int
) -> tuple[pd.Series, pd.Series]:
    """Say who ordered in the days from a day of sight on, and what that brought.

    Parameters
    ----------
    past : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    rows : pd.DataFrame
        `account_id`, `seen_on`.
    horizon_days : int

    Returns
    -------
    returned, value : pd.Series
        By the rows' index: bool, and gross profit (net sales where no cost is known).
    """
    after = _beside(past, rows)
    ahead = (after["day"] - after["seen_on"]).dt.days
    after = after[(ahead >= 0) & (ahead < horizon_days)]
    came = after.loc[after["net_sales"] > 0, "row"].unique()
    value = after.groupby("row")[_amount(past)].sum().reindex(rows.index).fillna(0.0)
    return pd.Series(rows.index.isin(came), rows.index), value


def return_chances(
    daily: pd.DataFrame, gone: pd.DataFrame, as_of: date | str, *, gone_after: float
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Expect of every account that is gone whether it comes back in a year, and with how much.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    gone : pd.DataFrame
        `account_id`; accounts that fell silent.
    as_of : date or str
        First day not seen.
    gone_after : float
        Days without an order that count as leaving.

    Returns
    -------
    chances : pd.DataFrame
        `account_id`, `return_chance`, `second_value` (in the year ahead if it returns) and
        `expected_value`, their product. Without an offer, as in the past.
    judged : pd.DataFrame
        `TwoPartModel.judged_`, on accounts that the model had not seen; "value" is judged as a
        share of what the account brought before. Both are empty with fewer than 20 silences that
        ended or 20 that did not.
    """
    seen = past_silences(_some(daily), as_of, gone_after=gone_after)
    if _too_few(seen) and len(daily) > _MOST_DAYS:
        seen = past_silences(daily, as_of, gone_after=gone_after)
    empty = pd.DataFrame(columns=["account_id", "return_chance", "second_value", "expected_value"])
    if _too_few(seen):
        return empty, pd.DataFrame()
    known = list(FEATURES)
    least = least_year(seen)
    share = pd.DataFrame({"value": seen["value"] / first_year(seen, least)})
    model = TwoPartModel().fit(seen[known], seen["returned"], share, clusters=seen["account_id"])
    end = pd.Timestamp(as_day(as_of))
    rows = gone[["account_id"]].assign(seen_on=end).reset_index(drop=True)
    now = features_on(seen_before(daily, end), rows)
    # a silence longer than any that was watched is not told beyond the longest
    now["silent_days"] = now["silent_days"].clip(upper=seen["silent_days"].max())
    found = model.predict(now[known])
    year = first_year(now, least)
    chances = pd.DataFrame(
        {
            "account_id": now["account_id"],
            "return_chance": found["probability"],
            "second_value": found["value"] * year,
            "expected_value": found["expected_value"] * year,
        }
    )
    return chances, model.judged_


def _some(daily: pd.DataFrame) -> pd.DataFrame:
    """Give the days of as many accounts as are enough to learn from, drawn by their ids."""
    parts = len(daily) // _MOST_DAYS + 1
    if parts == 1:
        return daily
    code, ids = pd.factorize(daily["account_id"])
    drawn = pd.util.hash_array(np.asarray(ids, dtype=object)) % parts == 0
    some = daily[drawn[code]]
    return some if _amount(some) == _amount(daily) else daily


def _too_few(seen: pd.DataFrame) -> bool:
    """Say whether too few silences ended, or too few did not, to learn from."""
    returned = seen["returned"].astype(bool)
    return bool(min(returned.sum(), (~returned).sum()) < _FEWEST)


def least_year(seen: pd.DataFrame) -> float:
    """Give the least that counts as what an account brought in a year: a tenth of the median."""
    return max(_LEAST * float(np.expm1(seen["log_yearly"]).median()), 1.0)


def first_year(rows: pd.DataFrame, least: float) -> pd.Series:
    """Give what each account brought in its last year, by which its second life is measured.

    Parameters
    ----------
    rows : pd.DataFrame
        With the columns of `FEATURES`.
    least : float
        From `least_year`, so that hardly anything does not become a measure.

    Returns
    -------
    pd.Series
    """
    return np.expm1(rows["log_yearly"]).fillna(0.0).clip(lower=least)


def _beside(past: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Set the days of each row's account beside its day of sight: sums, `seen_on` and `row`."""
    wanted = [*dict.fromkeys(["account_id", "day", "net_sales", _amount(past)])]
    days = past.loc[past["account_id"].isin(rows["account_id"].unique()), wanted]
    seen = rows[["account_id", "seen_on"]].reset_index(names="row")
    return seen.merge(days, on="account_id").drop(columns="account_id")


def _amount(daily: pd.DataFrame) -> str:
    """Name the amount that counts."""
    return "gross_profit" if daily["gross_profit"].notna().any() else "net_sales"


def features_on(past: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Give what was known of each account on each day of sight, before its silence.

    Parameters
    ----------
    past : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    rows : pd.DataFrame
        `account_id`, `seen_on`; index 0, 1, ….

    Returns
    -------
    pd.DataFrame
        The rows with the columns of `FEATURES`.
    """
    if rows.empty:
        return rows.assign(**dict.fromkeys(FEATURES, np.nan))
    pairs = _beside(past, rows)
    begun = pairs[pairs["net_sales"] > 0].groupby("row")["day"].min()
    pairs = pairs[pairs["day"] < pairs["seen_on"]]
    orders = pairs[pairs["net_sales"] > 0].sort_values(["row", "day"])
    last = pd.to_datetime(orders.groupby("row")["day"].max().reindex(rows.index))
    first = pd.to_datetime(begun.reindex(rows.index))
    back = (last.reindex(pairs["row"]).set_axis(pairs.index) - pairs["day"]).dt.days
    year, half = pairs[back < YEAR], pairs[back < YEAR // 2]
    sums = year.groupby("row")["net_sales"].sum().reindex(rows.index)
    gaps = orders.groupby("row")["day"].diff().dt.days
    spread = gaps.groupby(orders["row"]).agg(["mean", "std"]).reindex(rows.index)
    yearly = year.groupby("row")[_amount(past)].sum().reindex(rows.index)
    days = orders[back[orders.index] < YEAR].groupby("row").size()
    recent = half.groupby("row")["net_sales"].sum().reindex(rows.index)
    return rows.assign(
        silent_days=(rows["seen_on"] - last).dt.days.astype(float),
        log_yearly=np.log1p(yearly.clip(lower=0)),
        order_days=days.reindex(rows.index).astype(float),
        tenure_years=(last - first).dt.days / YEAR,
        pace=(recent / sums.where(sums > 0)).clip(0, 1),
        irregular=spread["std"] / spread["mean"],
    )
