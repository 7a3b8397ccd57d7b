"""Does an account tell beforehand what it will need, and does it keep to its plans?

Sharing of forecasts and steadiness of plans are signs of how an account is led that need nobody's
rating.
"""

from datetime import date

import numpy as np
import pandas as pd

_MONTHS = 12
COLUMNS = ("forecast_share", "forecast_error", "forecast_bias", "plan_change")


def plan_conduct(
    forecasts: pd.DataFrame, months: pd.DataFrame, as_of: date, *, window: int = _MONTHS
) -> pd.DataFrame:
    """Measure how each account shares its plans, and how well they hold.

    Parameters
    ----------
    forecasts : pd.DataFrame
        Canonical: `account_id`, `period` (any day of the month that is spoken of), `made_at`,
        `quantity`; and `category`, where it is told by group of products (groups are summed).
        What was made on or after `as_of`, or after its month had begun, does not count.
    months : pd.DataFrame
        From `kamlab.accounts.monthly_sums`: `account_id`, `month`, and `quantity` where known.
    as_of : date
        Exclusive. The last `window` whole months before it are looked at.
    window : int, default 12
        Months.

    Returns
    -------
    pd.DataFrame
        One row an account of `months`, sorted by `account_id`: `forecast_share` (share of the
        months that were told beforehand, of those since its first order in the window, 0 to 1),
        `forecast_error` (sum of the distances of the last plan from what was bought, over what was
        bought in the months told), `forecast_bias` (the same with its sign: above 0 it announces
        more than it buys) and `plan_change` (sum of the changes from plan to later plan of a month
        over the last plans; 0 is a plan that stands). Missing where nothing tells.

    References
    ----------
    .. [1] S. Kolassa and W. Schütz, "Advantages of the MAD/mean ratio over the MAPE", Foresight 6,
       2007 (errors over sums, since single months may be nought).
    """
    end = pd.Timestamp(as_of).to_period("M")
    begin = end - window
    bought = months.assign(month=pd.to_datetime(months["month"]).dt.to_period("M"))
    bought = bought[bought["month"] < end]
    first = bought.groupby("account_id")["month"].min()
    told = _told(forecasts, as_of, begin, end)
    last = told.drop_duplicates(["account_id", "month"], keep="last")
    last = last.set_index(["account_id", "month"])["quantity"]
    count = last.groupby("account_id").size().reindex(first.index).fillna(0.0)
    months_told = [float((end - max(month, begin)).n) for month in first]
    possible = pd.Series(months_told, index=first.index, dtype=float)
    table = pd.DataFrame(
        {"forecast_share": (count / possible.where(possible > 0)).clip(upper=1.0)},
        index=first.index,
    )
    changed = told.groupby(["account_id", "month"])["quantity"].diff().abs()
    whole = told.groupby(["account_id", "month"])["quantity"].transform("last")
    again = told.duplicated(["account_id", "month"], keep=False)
    ids = told["account_id"]
    planned = whole.where(~told.duplicated(["account_id", "month"]) & again, 0.0)
    table["plan_change"] = _over(changed.where(again, 0.0), planned, ids)
    actual = pd.Series(np.nan, index=last.index)
    if "quantity" in bought:
        sums = bought.groupby(["account_id", "month"])["quantity"].sum()
        # a month without a line is a month in which nothing was bought
        actual = sums.reindex(last.index).fillna(0.0)
    miss = last - actual
    accounts = last.index.get_level_values("account_id").to_series(index=last.index)
    table["forecast_error"] = _over(miss.abs(), actual, accounts)
    table["forecast_bias"] = _over(miss, actual, accounts)
    return table[list(COLUMNS)].reset_index()


def _told(forecasts: pd.DataFrame, as_of: date, begin: pd.Period, end: pd.Period) -> pd.DataFrame:
    """Give the plans of the window's months that were made in time, groups summed, in order."""
    month = pd.to_datetime(forecasts["period"]).dt.to_period("M")
    made = pd.to_datetime(forecasts["made_at"])
    in_time = (made < month.dt.start_time) & (made < pd.Timestamp(as_of))
    seen = forecasts.assign(month=month, made_at=made, quantity=forecasts["quantity"].astype(float))
    seen = seen[in_time & (month >= begin) & (month < end)]
    sums = seen.groupby(["account_id", "month", "made_at"], as_index=False)["quantity"].sum()
    return sums.sort_values(["account_id", "month", "made_at"], ignore_index=True)


def _over(above: pd.Series, below: pd.Series, account: pd.Series) -> pd.Series:
    """Divide sums an account; missing where the lower one is not above nought."""
    top, bottom = above.groupby(account).sum(min_count=1), below.groupby(account).sum(min_count=1)
    return top / bottom.where(bottom > 0)
