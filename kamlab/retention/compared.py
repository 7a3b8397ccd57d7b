"""Which stayers is each account that left compared with? Those of its size at its time."""

from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.engine import as_day

YEAR, HALF = 365, 182
MOST_COMPARED = 3000
"""Accounts that left last: so many tell a share to within two points."""


def compared_accounts(
    daily: pd.DataFrame,
    gone: pd.DataFrame,
    as_of: date | str,
    *,
    each: int = 5,
    most: int = MOST_COMPARED,
) -> pd.DataFrame:
    """List accounts that left and the stayers each is compared with.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    gone : pd.DataFrame
        `account_id`, `left_on`; as from `win_back.gone_accounts`.
    as_of : date or str
        First day not seen.
    each : int, default 5
        Stayers for every account that left: those nearest in sales before the last half-year that
        were about then and ordered again later. An account that never ordered is left out.
    most : int, default 3000
        Accounts that are compared, those that left last.

    Returns
    -------
    pd.DataFrame
        Who is compared with whom: `case` (the account that left), `account_id` (itself or one of
        its stayers), `day` (after the last order of the case), `left`.
    """
    bought = daily[(daily["net_sales"] > 0) & (daily["day"] < pd.Timestamp(as_day(as_of)))]
    ids = pd.Index(sorted(bought["account_id"].unique()))
    days = bought["day"].to_numpy("datetime64[D]").astype(np.int64)
    turn = np.argsort(days, kind="stable")
    code, days = ids.get_indexer(bought["account_id"])[turn], days[turn]
    sales = bought["net_sales"].to_numpy(float)[turn]
    first, last = np.zeros(len(ids), np.int64), np.zeros(len(ids), np.int64)
    last[code], first[code[::-1]] = days, days[::-1]
    left = np.unique(ids.get_indexer(gone["account_id"]))
    left = left[left >= 0]
    stays = np.ones(len(ids), bool)
    stays[left] = False
    cases = np.sort(left[np.argsort(-last[left], kind="stable")][:most])
    months = (last[cases] + 1).astype("datetime64[D]").astype("datetime64[M]")
    events = []
    for month in np.unique(months):
        mine = cases[months == month]
        start = int(month.astype("datetime64[D]").astype(np.int64))  # sizes are taken once a month
        old, early, now = np.searchsorted(days, [start - 2 * YEAR - HALF, start - HALF, start])
        before = np.bincount(code[old:early], sales[old:early], minlength=len(ids))
        seen = np.clip(start - HALF - first, 1, 2 * YEAR)
        size = np.log(before / seen, out=np.full(len(ids), np.nan), where=before > 0)
        recent = np.bincount(code[early:now], minlength=len(ids)) > 0
        again = last >= last[mine].max() + 2
        pool = np.flatnonzero(stays & recent & again & np.isfinite(size))
        events.append(_nearest(mine, size, pool, each))
    pairs = np.vstack([np.empty((0, 2), int), *events])
    day = (last[pairs[:, 0]] + 1).astype("datetime64[D]").astype("datetime64[us]")
    table = pd.DataFrame({"case": ids[pairs[:, 0]], "account_id": ids[pairs[:, 1]], "day": day})
    return table.assign(left=pairs[:, 0] == pairs[:, 1])


def _nearest(mine: np.ndarray, size: np.ndarray, pool: np.ndarray, each: int) -> np.ndarray:
    """Give pairs of each account with itself and with those of the pool that are nearest in size.

    One without a size of its own has nobody to be compared with.
    """
    pool = pool[np.argsort(size[pool], kind="stable")]
    sized = mine[np.isfinite(size[mine])] if len(pool) else mine[:0]
    beside = np.searchsorted(size[pool], size[sized])[:, None] + np.arange(-each, each)
    inside = (beside >= 0) & (beside < len(pool))
    other = pool[np.clip(beside, 0, len(pool) - 1)] if len(pool) else beside
    away = np.where(inside, np.abs(size[other] - size[sized][:, None]), np.inf)
    near = np.argsort(away, axis=1, kind="stable")[:, :each]
    chosen = np.take_along_axis(other, near, axis=1)
    real = np.take_along_axis(inside, near, axis=1)
    pairs = np.column_stack([np.repeat(sized, each), chosen.ravel()])[real.ravel()]
    pairs = np.vstack([np.column_stack([mine, mine]), pairs])
    return pairs[np.argsort(pairs[:, 0], kind="stable")]
