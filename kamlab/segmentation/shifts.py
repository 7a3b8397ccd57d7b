"""When did an account's months change their level, and is it more than chance?"""

from datetime import date

import numpy as np
import pandas as pd
from scipy import stats

from kamlab.segmentation.changes import panel

LEAST_MONTHS = 12


def level_shifts(
    monthly: pd.DataFrame, as_of: date | str, *, amount: str = "net_sales", rate: float = 0.1
) -> pd.DataFrame:
    """Find the month in which each account's monthly amount most likely changed its level.

    Ranks of the months are compared before and after each month (the CUSUM of ranks, so that one
    great order is no shift); the chance of so large a sum without a shift follows Kolmogorov's
    distribution, which is on the careful side for few months. Many accounts are tested: shifts are
    kept so that at most `rate` of those shown are expected to be chance (Benjamini-Hochberg).

    Parameters
    ----------
    monthly : pd.DataFrame
        As `kamlab.accounts.monthly_sums` returns.
    as_of : date or str
        First day no longer seen; a month that has not ended by then is left out.
    amount : str, default "net_sales"
        Column of `monthly`.
    rate : float, default 0.1
        Expected share of false ones among the shifts.

    Returns
    -------
    pd.DataFrame
        One row an account with a shift, the largest change of money first: `account_id`, `month`
        (the first of the new level), `mean_before` and `mean_after` (amount a month), `change`,
        `p_value`. Accounts with fewer than twelve months since their first are not tested.

    References
    ----------
    .. [1] A. N. Pettitt, "A non-parametric approach to the change-point problem", Applied
       Statistics 28, 1979.
    .. [2] Y. Benjamini and Y. Hochberg, "Controlling the false discovery rate", Journal of the
       Royal Statistical Society B 57, 1995.

    Examples
    --------
    >>> months = pd.date_range("2022-01-01", periods=24, freq="MS")
    >>> sales = [10.0, 11, 12, 9, 10, 11, 13, 10, 9, 12, 11, 10] + [4.0, 3, 5, 4, 2, 4, 3, 5, 4, 3]
    >>> table = pd.DataFrame({"account_id": "a", "month": months, "net_sales": sales + [4.0, 2]})
    >>> level_shifts(table, "2024-01-01")["month"].dt.strftime("%Y-%m").tolist()
    ['2023-01']
    """
    columns = ["account_id", "month", "mean_before", "mean_after", "change", "p_value"]
    day = pd.Timestamp(as_of)
    ended = monthly[monthly["month"] + pd.offsets.MonthBegin(1) <= day]
    if ended.empty:
        return pd.DataFrame(columns=columns)
    ids = ended["account_id"].unique()
    grid = panel(ended, ids, day.replace(day=1), [amount])
    values, first = grid.values[amount], grid.first
    months = pd.date_range(ended["month"].min(), periods=values.shape[1], freq="MS")
    pieces, bought = [], values.any(axis=1)
    for start in np.unique(first):  # accounts that began in one month have as many months to rank
        rows = np.flatnonzero((first == start) & bought)
        if len(rows) and values.shape[1] - start >= LEAST_MONTHS:
            place, p_value, before, after = _shifts(values[rows, start:])
            found = {"month": months[start + place], "mean_before": before, "mean_after": after}
            pieces.append(pd.DataFrame({"row": rows, **found, "p_value": p_value}))
    if not pieces:
        return pd.DataFrame(columns=columns)
    table = pd.concat(pieces).sort_values("row", ignore_index=True)
    table["account_id"] = ids[table["row"].to_numpy()]
    table["change"] = table["mean_after"] - table["mean_before"]
    table = table[columns]
    kept = table[stats.false_discovery_control(table["p_value"]) <= rate]
    order = kept["change"].abs().sort_values(ascending=False, kind="stable").index
    return kept.loc[order].reset_index(drop=True)


def _shifts(months: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give of each row the place of the most likely shift, its p-value and the means around it."""
    count = months.shape[1]
    ranks = stats.rankdata(months, axis=1)
    spread = ranks.std(axis=1, keepdims=True)
    steady = spread[:, 0] == 0
    sums = np.abs(np.cumsum(ranks - ranks.mean(axis=1, keepdims=True), axis=1))[:, :-1]
    sums = sums / np.where(spread > 0, spread, 1.0) / np.sqrt(count)
    place = np.where(steady, count // 2, np.argmax(sums, axis=1) + 1)
    p_value = np.where(steady, 1.0, stats.kstwobign.sf(sums.max(axis=1)))
    early = np.arange(count) < place[:, None]
    before = np.where(early, months, 0.0).sum(axis=1) / place
    after = np.where(early, 0.0, months).sum(axis=1) / (count - place)
    return place, p_value, before, after
