"""How long before they left did it begin to show in what accounts bought?"""

import numpy as np
import pandas as pd

_DAYS = 91
_SHOWN, _BASE = 4, 4  # quarters before leaving that are shown, and before those that say the usual
_HIGHEST = 3.0
_FEWEST = 10


def pace_before(daily: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Follow the pace of purchases through the year before leaving, against stayers'.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    pairs : pd.DataFrame
        As `before_leaving.BeforeLeaving.pairs`: `case`, `account_id`, `day`, `left`.

    Returns
    -------
    pd.DataFrame
        One row a quarter of 91 days, the earliest first: `quarters_before` (4 to 1; the last order
        itself is left out, since every account that left has one), `accounts`, `leavers` and
        `stayers` (mean of sales against the account's own mean of the four quarters before those
        shown, at most 3), `difference` with `low`, `high` (95 %), and `shows`: from this quarter
        to the last every interval lies below zero. Empty with fewer than ten accounts that left,
        were there for eighteen months and have a stayer beside them.

    References
    ----------
    .. [1] L. S. Jacobson, R. J. LaLonde and D. G. Sullivan, "Earnings losses of displaced workers",
       American Economic Review 83, 1993 (the dip before an event, against others like them).
    """
    from scipy.stats import t as student

    columns = ["quarters_before", "accounts", "leavers", "stayers", "difference", "low", "high"]
    empty = pd.DataFrame(columns=[*columns, "shows"])
    asked = pairs.reset_index(drop=True)
    bought = daily[["account_id", "day", "net_sales"]]
    rows = asked[["account_id", "day"]].rename(columns={"day": "until"}).reset_index(names="row")
    rows = rows.merge(bought, on="account_id")
    back = (rows["until"] - rows["day"]).dt.days - 2
    rows = rows.assign(quarter=back // _DAYS)
    rows = rows[(back >= 0) & (rows["quarter"] < _SHOWN + _BASE)]
    sums = np.zeros((len(asked), _SHOWN + _BASE))
    np.add.at(sums, (rows["row"], rows["quarter"]), rows["net_sales"])
    first = asked["account_id"].map(bought.groupby("account_id")["day"].min())
    months = ((asked["day"] - first).dt.days // _DAYS).fillna(0).clip(0, _SHOWN + _BASE) - _SHOWN
    usual = sums[:, _SHOWN:].sum(axis=1) / months.clip(lower=1)
    there = (months >= _BASE // 2) & (usual > 0)
    pace = pd.DataFrame(sums[:, :_SHOWN] / usual.where(there, np.nan).to_numpy()[:, None])
    pace = pace.clip(0, _HIGHEST)
    left = asked["left"].astype(bool)
    leavers = pace[left].set_axis(asked.loc[left, "case"].to_numpy()).dropna()
    stayers = pace[~left].groupby(asked.loc[~left, "case"].to_numpy()).mean().dropna()
    both = leavers.index.intersection(stayers.index)
    n = len(both)
    if n < _FEWEST:
        return empty
    gap = leavers.loc[both] - stayers.loc[both]
    reach = student.ppf(0.975, n - 1) * gap.std(ddof=1) / np.sqrt(n)
    table = pd.DataFrame(
        {
            "quarters_before": np.arange(1, _SHOWN + 1),
            "accounts": n,
            "leavers": leavers.loc[both].mean(),
            "stayers": stayers.loc[both].mean(),
            "difference": gap.mean(),
            "low": gap.mean() - reach,
            "high": gap.mean() + reach,
        }
    )
    table["shows"] = (table["high"] < 0).cummin()
    return table.iloc[::-1].reset_index(drop=True)
