"""Which account-days may be seen on a day?"""

from datetime import date

import pandas as pd


def seen_before(days: pd.DataFrame, end: date | str) -> pd.DataFrame:
    """Keep what lies before a day; where all does, nothing is copied.

    Parameters
    ----------
    days : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`, which ends before `as_of` already.
    end : date or str
        First day no longer seen.

    Returns
    -------
    pd.DataFrame

    Examples
    --------
    >>> days = pd.DataFrame({"day": pd.to_datetime(["2024-02-28", "2024-02-29"])})
    >>> [len(seen_before(days, end)) for end in ("2024-03-01", "2024-02-29", "2024-02-28")]
    [2, 1, 0]
    """
    seen = days["day"] < pd.Timestamp(end)
    return days.copy(deep=False) if seen.all() else days[seen]
