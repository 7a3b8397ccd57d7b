"""What is each account worth, by which model, and would that have been right before?"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import pandas as pd

from kamlab.accounts.engine import as_day
from kamlab.accounts.repeats import UNITS, repeats_of_days
from kamlab.accounts.seen import seen_before
from kamlab.value.choice import Choice, choose_model
from kamlab.value.holdout import HoldOut, hold_out, judge, judge_counts, tracking, with_log_gaps
from kamlab.value.lifetime import lifetime_value, widening
from kamlab.value.spend import Spend, fit_spend

OURS, NAIVE = "this model", "as in the last period"
_YEAR = 365
_OF_CUSTOMERS = ["expected_orders", "typical_orders", "p_alive", "value", "low", "high"]
_LEAST_DAYS = 30  # of history, for a part of it to be held out


@dataclass(frozen=True, slots=True)
class Trial:
    """What the model would have said on an earlier day.

    Attributes
    ----------
    split : date
        First day held out.
    days : int
        Days held out.
    amounts : pd.DataFrame
        See `kamlab.value.holdout.judge`.
    counts : pd.DataFrame
        See `kamlab.value.holdout.judge_counts`.
    curve : pd.DataFrame
        See `kamlab.value.holdout.tracking`.
    reached : float
        Repeat orders expected by the last day over those that came.
    widen : float
        How much wider intervals must be, see `kamlab.value.lifetime.widening`.
    """

    split: date
    days: int
    amounts: pd.DataFrame
    counts: pd.DataFrame
    curve: pd.DataFrame
    reached: float
    widen: float

    @property
    def warnings(self) -> tuple[str, ...]:
        """Say what speaks against using the values."""
        rows = self.amounts.set_index("prediction")
        ours, naive = rows.loc[OURS], rows.loc[NAIVE]
        said = []
        if ours["of_best"] < naive["of_best"] and ours["mean_error"] > naive["mean_error"]:
            said.append(
                f'On time held out the rule "{NAIVE}" ranked accounts better and erred less than '
                "this model: take the values as orders of magnitude, and the ranking from the "
                "migration study."
            )
        if not 0.7 <= self.reached <= 1.4:
            said.append(
                f"The model expects {self.reached:.0%} of the orders that came: do not add values "
                "up."
            )
        return tuple(said)


@dataclass(frozen=True, slots=True)
class Valuation:
    """What accounts are worth.

    Attributes
    ----------
    table : pd.DataFrame
        As from `kamlab.value.lifetime.lifetime_value`, the most valuable first; empty where
        nothing can be said.
    choice : Choice or None
        Of the model of purchases.
    spend : Spend or None
        Model of what order days bring.
    trial : Trial or None
        How it would have done before; None where too little came before.
    lacking : str
        What could not be done, in a sentence; empty where all could.
    """

    table: pd.DataFrame
    choice: Choice | None
    spend: Spend | None
    trial: Trial | None
    lacking: str


def value_accounts(
    daily: pd.DataFrame,
    as_of: date | str,
    *,
    horizon_days: int = _YEAR,
    annual_rate: float = 0.1,
    amount: str = "gross_profit",
    unit: str = "D",
    zero_price: str = "drop",
    holdout_days: int = 0,
    gone: Collection[str] = (),
) -> Valuation:
    """Choose models, try them on time held out, and value each account.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen.
    horizon_days : int, default 365
        Days ahead that are valued.
    annual_rate : float, default 0.1
        Discount rate of a year.
    amount : {"gross_profit", "net_sales"}
    unit, zero_price
        As for `kamlab.accounts.repeat_purchases`.
    holdout_days : int, default 0
        Days held out to try the model; 0: as many as are valued, at most a third of the history.
    gone : collection of str, optional
        Accounts that are known to have left: no longer customers, worth nothing. The models learn
        from their history all the same.

    Returns
    -------
    Valuation
        With fewer than two accounts that came back there is no model: the table is empty and
        `lacking` says so.
    """
    end, length = as_day(as_of), float(UNITS[unit])
    how = {"unit": unit, "zero_price": zero_price}
    daily = seen_before(daily, end)
    daily = daily.assign(account_id=daily["account_id"].astype("category"))  # grouped many times
    summary = repeats_of_days(daily, end, **how)
    back = int((summary["frequency"] > 0).sum())
    if back < 2:
        return _nothing(
            f"{back} of {len(summary)} accounts came back on another day: no model of repeat "
            "purchases can be told from that, and no value; what accounts brought so far is shown."
        )
    try:
        summary = with_log_gaps(summary, daily, unit=unit)
        spend = fit_spend(daily, summary, amount)
    except ValueError as error:
        return _nothing(f"No value can be told: {error}.")
    begins = daily["day"].min().date()
    held_days = holdout_days or min(horizon_days, (end - begins).days // 3)
    held = _held(daily, end, held_days, amount, how)
    choice = choose_model(summary, held=held)
    trial = None if held is None else _try(daily, end, held, held_days, amount, how)
    table = lifetime_value(
        spend.summary,
        choice.model,
        spend.model,
        horizon=horizon_days / length,
        margin=spend.margin,
        annual_rate=annual_rate,
        units_a_year=_YEAR / length,
        widen=0.0 if trial is None else trial.widen,
    )
    table.loc[table["account_id"].isin(gone), _OF_CUSTOMERS] = 0.0
    lacking = ""
    if trial is None:
        lacking = (
            "Too few accounts had come back by an earlier day for the model to be tried on the "
            "time after it: intervals hold only what the model itself leaves open."
        )
    ranked = table.sort_values(["value", "account_id"], ascending=[False, True], ignore_index=True)
    return Valuation(ranked, choice, spend, trial, lacking)


def _nothing(why: str) -> Valuation:
    """Say that nothing can be said."""
    return Valuation(pd.DataFrame(columns=["account_id", "value"]), None, None, None, why)


def _held(
    daily: pd.DataFrame, end: date, days: int, amount: str, how: dict[str, str]
) -> HoldOut | None:
    """Cut the history, if enough lies before the cut."""
    begins = daily["day"].min().date()
    if days < 1 or (end - begins).days - days < _LEAST_DAYS:
        return None
    try:
        held = hold_out(daily, end, days=days, amount=amount, **how)
    except ValueError:  # nobody had bought by then
        return None
    return held if (held.table["frequency"] > 0).sum() >= 2 else None


def _try(
    daily: pd.DataFrame, end: date, held: HoldOut, days: int, amount: str, how: dict[str, str]
) -> Trial | None:
    """Fit on what came before the cut and judge on what came after it."""
    begins = daily["day"].min().date()
    early = seen_before(daily, held.split)
    inner_days = min(days, (held.split - begins).days // 3)
    choice = choose_model(held.table, held=_held(early, held.split, inner_days, amount, how))
    try:
        spend = fit_spend(early, held.table, amount)
    except ValueError:  # too few with positive amounts by then
        return None
    then = lifetime_value(
        spend.summary,
        choice.model,
        spend.model,
        horizon=held.length,
        annual_rate=0.0,
        margin=spend.margin,
        units_a_year=_YEAR / UNITS[held.unit],
    )
    curve = tracking(choice.model, daily, end, unit=held.unit)
    return Trial(
        split=held.split,
        days=days,
        amounts=judge(held, {OURS: then["value"], NAIVE: held.table["last_period"]}),
        counts=judge_counts(held, choice.model),
        curve=curve,
        reached=float(curve["expected"].iloc[-1] / max(curve["actual"].iloc[-1], 1)),
        widen=widening(then, held.table["amount"]),
    )
