"""Would the purchase model have been right? Fit on early days, judge on later ones."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.days import daily_sums
from kamlab.accounts.engine import as_day
from kamlab.accounts.habits import in_order
from kamlab.accounts.repeats import UNITS, repeats_of_days
from kamlab.accounts.seen import seen_before
from kamlab.value.purchases import PurchaseModel


@dataclass(frozen=True, slots=True)
class HoldOut:
    """What was known on a day and what came after it.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account known on the day, as from `repeat_purchases`, with `log_gaps`, and
        `purchases` (order days after it), `amount` (of all days after it) and `last_period` (amount
        of as many days before it).
    split : date
        First day held out.
    length : float
        Time held out, in the unit of the table.
    unit : {"D", "W"}
    """

    table: pd.DataFrame
    split: date
    length: float
    unit: str


def with_log_gaps(summary: pd.DataFrame, days: pd.DataFrame, *, unit: str = "D") -> pd.DataFrame:
    """Add the sum of the logarithms of each account's gaps, which tells how regularly it buys.

    Parameters
    ----------
    summary : pd.DataFrame
        As from `repeat_purchases`.
    days : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums` of the same orders and day.
    unit : {"D", "W"}, default "D"
        Of the summary's times.

    Returns
    -------
    pd.DataFrame
        With `log_gaps`; 0 for accounts that never came back.
    """
    there = np.flatnonzero(days["net_sales"].to_numpy(float) > 0)
    code, ids = pd.factorize(days["account_id"].iloc[there], sort=True)
    day = days["day"].to_numpy("datetime64[D]").astype(np.int64)[there]
    code, day = in_order(code, day)
    same = code[1:] == code[:-1]
    logs = np.log(np.diff(day)[same] / UNITS[unit])
    sums = pd.Series(np.bincount(code[1:][same], logs, len(ids)), np.asarray(ids, dtype=object))
    return summary.assign(log_gaps=summary["account_id"].map(sums).astype(float).fillna(0.0))


def hold_out(
    orders: IntoFrame,
    as_of: date | str,
    *,
    days: int,
    unit: str = "D",
    amount: str = "net_sales",
    zero_price: str = "drop",
) -> HoldOut:
    """Cut history at a day and keep what came after it for judging.

    Parameters
    ----------
    orders : frame
        Order lines, see `kamlab.accounts.repeat_purchases`, or what
        `kamlab.accounts.days.daily_sums` made of them.
    as_of : date or str
        First day not seen at all.
    days : int
        Days held out before it, at least 1.
    unit, amount, zero_price
        As for `repeat_purchases`.

    Returns
    -------
    HoldOut

    Raises
    ------
    ValueError
        If `days` is below 1, or nothing lies before the split.
    """
    if days < 1:
        raise ValueError(f"days held out are 1 or more, not {days}")
    end = as_day(as_of)
    split = end - timedelta(days=days)
    daily = _days_of(orders, end)
    table = repeats_of_days(daily, split, unit=unit, amount=amount, zero_price=zero_price)
    if table.empty:
        raise ValueError(f"nobody bought before {split}: there is nothing to fit on")
    told = daily[list(dict.fromkeys(["account_id", "day", "net_sales", amount]))]
    before, after = seen_before(told, split), told[told["day"] >= pd.Timestamp(split)]
    table = with_log_gaps(table, before, unit=unit)
    bought = after[after["net_sales"] > 0] if zero_price == "drop" else after
    purchases = bought.groupby("account_id").size()
    recent = before[before["day"] >= pd.Timestamp(split - timedelta(days=days))]
    ids = table["account_id"]
    table = table.assign(
        purchases=ids.map(purchases).fillna(0).astype(int),
        amount=ids.map(after.groupby("account_id")[amount].sum()).fillna(0.0),
        last_period=ids.map(recent.groupby("account_id")[amount].sum()).fillna(0.0),
    )
    return HoldOut(table, split, days / UNITS[unit], unit)


def judge_counts(
    held: HoldOut, model: PurchaseModel, others: Mapping[str, PurchaseModel] | None = None
) -> pd.DataFrame:
    """Compare the order days that were foretold for each account with those that came.

    Parameters
    ----------
    held : HoldOut
    model : PurchaseModel
        The one that was kept, fitted on the table of `held`.
    others : mapping of str to PurchaseModel, optional
        More fitted models, by name.

    Returns
    -------
    pd.DataFrame
        One row a prediction: `prediction`, `expected` and `came` (sums over accounts; expected is
        missing for medians, which do not add up), `mean_error` (mean absolute error of one
        account's count) and `root_error` (root of the mean squared error). The mean of a model is
        right for sums, the median for single accounts, see
        `kamlab.value.purchases.PurchaseModel.typical_purchases`.
    """
    table = held.table
    came = table["purchases"].to_numpy(float)
    made = {}
    for name, one in {"this model": model, **(others or {})}.items():
        made[f"{name}, typical (median)"] = one.typical_purchases(table, held.length)
        made[f"{name}, expected (mean)"] = one.expected_purchases(table, held.length)
    age = table["T"].where(table["T"] > 0, np.nan)
    made["at the pace so far"] = (table["frequency"] / age * held.length).fillna(0.0)
    rows = []
    for name, values in made.items():
        error = values.to_numpy(float) - came
        rows.append(
            {
                "prediction": name,
                "expected": np.nan if "median" in name else float(values.sum()),
                "came": float(came.sum()),
                "mean_error": float(np.abs(error).mean()),
                "root_error": float(np.sqrt((error**2).mean())),
            }
        )
    return pd.DataFrame(rows)


def log_score(held: HoldOut, model: PurchaseModel) -> float:
    """Give the log probability of the order days that came, which honest chances make greatest.

    Parameters
    ----------
    held : HoldOut
    model : PurchaseModel
        Fitted on the table of `held`.

    Returns
    -------
    float
        Sum over accounts, in nats.

    References
    ----------
    .. [1] T. Gneiting and A. Raftery, "Strictly proper scoring rules, prediction, and estimation",
       Journal of the American Statistical Association 102, 2007.
    """
    chance = np.empty(len(held.table))
    came = held.table["purchases"].to_numpy()
    for count in np.unique(came):
        rows = came == count
        chance[rows] = model.count_probability(held.table[rows], held.length, int(count))
    return float(np.log(np.maximum(chance, 1e-12)).sum())


def judge(held: HoldOut, predictions: dict[str, pd.Series], *, top: float = 0.1) -> pd.DataFrame:
    """Compare predictions of amounts with what came.

    Parameters
    ----------
    held : HoldOut
    predictions : dict of str to pd.Series
        By name: amount expected of each row of `held.table`, in its order.
    top : float, default 0.1
        Share of accounts that is picked by each prediction.

    Returns
    -------
    pd.DataFrame
        One row a prediction, with "best possible": `prediction`, `expected` and `came` (sums),
        `mean_error` (mean absolute error of an account), `captured_share` (amount of the picked
        over all amount that came; missing where all together lost money) and `of_best` (over the
        amount of the best that could be picked).
    """
    came = held.table["amount"].to_numpy(float)
    count = max(1, round(top * len(came)))
    best = np.sort(came)[::-1][:count].clip(min=0).sum()
    rows = []
    for name, prediction in {**predictions, "best possible": pd.Series(came)}.items():
        values = np.nan_to_num(prediction.to_numpy(float))
        picked = np.argsort(-values, kind="stable")[:count]
        rows.append(
            {
                "prediction": name,
                "expected": values.sum(),
                "came": came.sum(),
                "mean_error": np.abs(values - came).mean(),
                "captured_share": came[picked].sum() / came.sum() if came.sum() > 0 else np.nan,
                "of_best": came[picked].sum() / best if best > 0 else np.nan,
            }
        )
    return pd.DataFrame(rows)


def tracking(
    model: PurchaseModel, orders: IntoFrame, as_of: date | str, *, unit: str = "D", points: int = 60
) -> pd.DataFrame:
    """Give the repeat purchases of all accounts over time, as they came and as expected.

    Parameters
    ----------
    model : PurchaseModel
        Fitted to the accounts' histories up to any day.
    orders : frame
        Order lines, or what `kamlab.accounts.days.daily_sums` made of them.
    as_of : date or str
        First day not seen.
    unit : {"D", "W"}, default "D"
        Of the model's times.
    points : int, default 60
        Points of the curve.

    Returns
    -------
    pd.DataFrame
        `day`, `actual` and `expected`, both cumulative, of the accounts that had begun by then.
    """
    daily = _days_of(orders, as_of)
    bought = daily[daily["net_sales"] > 0]
    begun = bought.groupby("account_id")["day"].min()
    span = pd.date_range(begun.min(), as_day(as_of) - timedelta(days=1), periods=points)
    births, count = np.unique(begun.to_numpy("datetime64[D]").astype(int), return_counts=True)
    moments = span.to_numpy().astype("datetime64[D]").astype(int)
    # accounts of all moments have the same few ages in days: each is expected of once
    ages = np.arange(1, max(moments[-1] - births[0], 0) + 1)
    grown = np.zeros(len(ages) + 1)
    grown[1:] = model.expected_purchases_new((ages / UNITS[unit]).tolist()) if len(ages) else 0.0
    expected = [float(count @ np.take(grown, np.maximum(moment - births, 0))) for moment in moments]
    # of an account's order days all but the first are repeats
    days = bought["day"].to_numpy("datetime64[D]").astype(int) - births[0]
    repeats = np.bincount(days)
    repeats[births - births[0]] -= count
    actual = repeats.cumsum()[np.minimum(moments - births[0], len(repeats) - 1)]
    return pd.DataFrame({"day": span, "actual": actual, "expected": expected})


def _days_of(orders: IntoFrame, as_of: date | str) -> pd.DataFrame:
    """Sum order lines by day, unless that was done before."""
    if isinstance(orders, pd.DataFrame) and {"day", "gross_sales"} <= set(orders.columns):
        return seen_before(orders, as_day(as_of))
    return daily_sums(orders, as_of)
