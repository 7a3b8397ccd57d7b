"""Which accounts are on record as gone?"""

from datetime import date

import pandas as pd

from kamlab.accounts.engine import as_day

_STRAY = pd.Timedelta(days=30)  # in which the last orders of one that left may still come


def gone_on_record(defections: pd.DataFrame, bought: pd.DataFrame, as_of: date | str) -> pd.Series:
    """Name the accounts that are on record as gone and have not come back.

    Parameters
    ----------
    defections : pd.DataFrame
        `account_id` and `defection_date`; may be empty, also of columns.
    bought : pd.DataFrame
        `account_id` and `day`, the days on which accounts bought or the last of them; of
        `kamlab.accounts.days.daily_sums`, which has `net_sales`, those with positive ones count.
    as_of : date or str
        First day not seen.

    Returns
    -------
    pd.Series
        Latest day on record by account id, sorted by it. Who ordered more than 30 days after that
        day came back; so did who ordered after it at all, less than 30 days ago. Accounts that
        never ordered are left out.

    Examples
    --------
    >>> day = pd.Timestamp
    >>> told = pd.DataFrame({"account_id": ["a"], "defection_date": [day("2024-03-01")]})
    >>> bought = pd.DataFrame({"account_id": ["a"], "day": [day("2024-02-20")]})
    >>> gone_on_record(told, bought, "2024-04-01").index.tolist()
    ['a']
    """
    if defections.empty:
        return pd.Series([], pd.Index([], name="account_id"), dtype="datetime64[us]")
    end = pd.Timestamp(as_day(as_of))
    told = defections.assign(defection_date=pd.to_datetime(defections["defection_date"]))
    told = told[told["defection_date"] < end].groupby("account_id")["defection_date"].max()
    own = bought[bought["account_id"].isin(told.index)]  # few of many rows
    own = own[own["net_sales"] > 0] if "net_sales" in own else own
    last = own.loc[own["day"] < end].groupby("account_id")["day"].max()
    told = told[told.index.isin(last.index)]
    last = last.reindex(told.index)
    came_back = (last > told + _STRAY) | ((last > told) & (end - last < _STRAY))
    return told[~came_back].astype("datetime64[us]")
