"""What does leaving mean here: how long must an account be silent before it is gone?"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.engine import as_day
from kamlab.churn.figures import wilson

WINDOWS = (14, 21, 30, 45, 60, 90, 120, 150, 180, 240, 300, 365, 450, 540, 730)
_ENOUGH = 20  # silences whose share speaks for itself; of fewer the interval must be as narrow
_PRIOR_GAPS = 4  # gaps of other accounts that each account's own are drawn towards


@dataclass(frozen=True, slots=True)
class Window:
    """How long a silence means that an account has left.

    Attributes
    ----------
    days : int
        The window.
    curve : pd.DataFrame
        One row a window tried: `days`, `silences` (that lasted so long and could be watched on for
        a year, or a third of the history if that is shorter), `returned` (share that ended in an
        order within that time: false alarms), `low` and `high` (90 % interval), `left` (share of
        accounts so silent at the end).
    said : str
        In words.
    sure : bool
        Whether enough silences tell that no more of them ended in an order than was asked for.
    """

    days: int
    curve: pd.DataFrame
    said: str
    sure: bool


def find_window(
    daily: pd.DataFrame, as_of: date | str, *, false_alarms: float = 0.2, least: int = 30
) -> Window:
    """Find the shortest silence after which few accounts return.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen.
    false_alarms : float, default 0.2
        Share of silences that may end in an order after all.
    least : int, default 30
        Shortest window that is of use.

    Returns
    -------
    Window
        The shortest window of which, of at least 20 silences, no more ended in an order than
        `false_alarms`; of fewer silences their interval must be as narrow as that of 20. Where
        there is none, another stands in, and that is said.
    """
    end = pd.Timestamp(as_day(as_of))
    bought = _order_days(daily, end)
    begin = bought["day"]
    after = bought.groupby("account_id")["day"].shift(-1)
    gap = (after.fillna(end) - begin).dt.days.to_numpy()
    ended = after.notna().to_numpy()
    watched = (end - begin).dt.days.to_numpy()
    last = bought.groupby("account_id")["day"].max()
    silent = (end - last).dt.days.to_numpy()
    follow = int(min(365, (end - bought["day"].min()).days / 3))
    rows = []
    for days in WINDOWS:
        seen = (gap >= days) & (watched >= days + follow)
        back = seen & ended & (gap < days + follow)
        rows.append((seen.sum(), back.sum(), (silent >= days).mean()))
    count, returned, left = np.array(rows, float).T
    low, high = wilson(returned, np.maximum(count, 1e-9), 0.9)  # of none it is 0 to 1
    share = np.divide(returned, count, out=np.full(len(count), np.nan), where=count > 0)
    curve = pd.DataFrame(
        {"days": WINDOWS, "silences": count.astype(int), "returned": share,
         "low": low, "high": high, "left": left}
    )  # fmt: skip
    known = curve[curve["days"] >= least]
    few = known["silences"] < _ENOUGH
    usable = known[~few]
    _, most = wilson(np.array([false_alarms * _ENOUGH]), np.array([_ENOUGH]), 0.9)
    sure = known[(known["returned"] <= false_alarms) & (~few | (known["high"] <= most[0]))]
    if len(sure):
        found = sure.iloc[0]
        days, share = int(found["days"]), float(found["returned"])
        said = (
            f"Of accounts silent for {days} days, {share:.0%} ordered again within {follow} more: "
            f"the shortest silence after which at most {false_alarms:.0%} do."
        )
        if found["silences"] < _ENOUGH:
            said += f" Only {int(found['silences'])} silences tell so."
    elif ended.any() and (
        rare := [w for w in WINDOWS if w >= least and (gap >= w).sum() < _ENOUGH]
    ):
        # nobody who came back was ever silent for so long
        days = rare[0]
        said = (
            f"Hardly anybody has ever been silent for {days} days. Of those silent for less too "
            "many ordered again, or too few could be watched to tell: longer silences are taken "
            "for leaving."
        )
    elif len(usable):
        best = usable.loc[usable["returned"].idxmin()]
        days = int(best["days"])
        said = (
            f"No silence is sure: after {days} days still {best['returned']:.0%} order again "
            f"within {follow} more, the fewest of all windows."
        )
    else:
        days = max(least, int(np.quantile(gap[ended], 0.95)) if ended.any() else 90)
        said = (
            f"The history is too short to watch silences: {days} days, which 95% of the gaps "
            "between orders stay within, stand in."
        )
    return Window(days, curve, said, sure=len(sure) > 0)


def own_rhythm(daily: pd.DataFrame, as_of: date | str, *, quantile: float = 0.95) -> pd.DataFrame:
    """Say how long each account may be silent by its own rhythm, and whether it is overdue.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen.
    quantile : float, default 0.95
        Share of an account's gaps that are shorter than the alarm.

    Returns
    -------
    pd.DataFrame
        One row an account that ever bought: `account_id`, `gaps` (between its order days), `usual`
        (days, geometric mean), `alarm_after` (days of silence), `silent` (days), `overdue` (truth).
        Accounts with few gaps are drawn towards all accounts'; those with none take theirs.
    """
    end = pd.Timestamp(as_day(as_of))
    bought = _order_days(daily, end)
    logs = np.log(bought.groupby("account_id")["day"].diff().dt.days)
    by = logs.groupby(bought["account_id"])
    count, mean, spread = by.count(), by.mean(), by.var()
    middle = float(mean.mean()) if mean.notna().any() else np.log(90.0)
    usual_spread = float(spread.mean()) if spread.notna().any() else 0.5
    weight = count / (count + _PRIOR_GAPS)
    location = weight * mean.fillna(middle) + (1 - weight) * middle
    variance = weight * spread.fillna(usual_spread) + (1 - weight) * usual_spread
    from scipy.stats import norm

    alarm = np.exp(location + norm.ppf(quantile) * np.sqrt(variance))
    silent = (end - bought.groupby("account_id")["day"].max()).dt.days
    table = pd.DataFrame(
        {"gaps": count, "usual": np.exp(location), "alarm_after": alarm, "silent": silent}
    )
    return table.assign(overdue=table["silent"] > table["alarm_after"]).reset_index()


def _order_days(daily: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """Give the days on which accounts bought, in order of account and time."""
    there = (daily["net_sales"] > 0) & (daily["day"] < end)
    bought = daily.loc[there, ["account_id", "day"]]
    bought = bought.sort_values(["account_id", "day"], ignore_index=True)
    if bought.empty:
        raise ValueError(f"nobody bought before {end.date()}: there is no silence to speak of")
    return bought
