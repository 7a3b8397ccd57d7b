"""What will each account earn in the next period, and how probably will it be key?

A plain look back over several windows, corrected by what became of accounts like it: a shallow
boosting learns, from earlier days, how sales went on against that look back. The fewer accounts
there are to learn from, the less the correction counts, so that few accounts get the plain rule.
"""

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from kamlab.segmentation.ledger import Ledger
from kamlab.segmentation.lessons import MOST_ORIGINS, Lesson, Past, expect, look_back
from kamlab.segmentation.measures import Measures, measure
from kamlab.segmentation.rules import naive_scores

OURS = "kamlab's forecast"
_MOST_RIVALS = 4000
_MOST_DONORS = 300
_LEAST_ERRORS = 30
_PLACES = (0.5, 0.8, 0.95)


@dataclass(frozen=True, slots=True)
class Forecast:
    """What is expected of each account.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account with any history, the highest first: `account_id`,
        `expected_gross_profit` (net sales where no cost is known), `low` and `high` (90 % interval;
        NaN without earlier days to learn errors from), `probability_key` (of being among the
        `places` best of the period ahead), `last_period` (the amount of as many days past).
    amount : {"gross_profit", "net_sales"}
        What is forecast.
    origins : int
        Earlier days from which was learnt.
    trust : float
        How much of the correction counts, 0 to 1.
    """

    table: pd.DataFrame
    amount: str
    origins: int
    trust: float


def next_period(
    orders: Any,  # noqa: ANN401  order lines of any engine
    as_of: date | str,
    *,
    horizon_days: int = 365,
    places: int = 20,
    rule: str = OURS,
    draws: int = 1000,
    seed: int = 0,
    past: Past | None = None,
    gone: Collection[str] = (),
) -> Forecast:
    """Expect each account's amount in [as_of, as_of + horizon_days).

    Parameters
    ----------
    orders : frame
        Order lines, or the account-days of `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen.
    horizon_days : int, default 365
        Length of the period ahead, at least 7.
    places : int, default 20
        How many accounts can be key.
    rule : str, default OURS
        Another of `kamlab.segmentation.rules.RULES`, where the back-test adopted it: accounts then
        stand in its order, at what those in the same place went on to earn.
    draws : int, default 1000
        Draws behind `probability_key`.
    seed : int, default 0
    past : Past, optional
        `look_back` of the same orders, day and horizon where it was made before.
    gone : collection of str, optional
        Accounts that are known to have left: nothing is expected of them.

    Returns
    -------
    Forecast

    Raises
    ------
    ValueError
        If nothing lies before `as_of`, or a number is out of range.

    Notes
    -----
    Tried on four data sets and 27 days of decision (see benchmarks/picking.md): choosing among
    rules by their latest success did worse than always using one robust rule, and boosting on the
    amounts themselves did far worse where profits can be negative.
    """
    if horizon_days < 7 or places < 1:
        raise ValueError("horizon_days is at least 7 and places at least 1")
    past = look_back(orders, as_of, horizon_days=horizon_days, past=past)
    ledger, end, lessons = past.ledger, past.end, past.lessons[:MOST_ORIGINS]
    seen = measure(ledger, end, horizon_days)
    if rule == OURS:
        expected, trust = expect(seen, lessons)
        level, errors = _errors(lessons, past.hopes)
        expected = expected * level
    else:
        expected, errors = _by_rule(rule, ledger, (end, horizon_days), seen, (past.days, lessons))
        trust = 0.0
    lost = pd.Index(ledger.ids).isin(gone)
    there = replace(seen, known=seen.known & ~lost)
    spread = _spread(there, expected, (lessons, errors), places=places, draws=draws, seed=seed)
    expected, low, high, chance = (np.where(lost, 0.0, one) for one in (expected, *spread))
    table = pd.DataFrame(
        {
            "account_id": ledger.ids,
            "expected_gross_profit": expected,
            "low": low,
            "high": high,
            "probability_key": chance,
            "last_period": ledger.total("amount", end - horizon_days, end),
        }
    )[seen.known]
    table = table.sort_values(
        ["expected_gross_profit", "account_id"], ascending=[False, True], ignore_index=True
    ).astype({"account_id": "str"})
    return Forecast(table, ledger.amount, len(lessons), trust)


def _errors(lessons: list[Lesson], hopes: list[np.ndarray]) -> tuple[float, list[np.ndarray]]:
    """Give the level that was right on the earlier days, and the errors of the forecasts made then.

    The level is what came over what was expected, drawn towards 1. Errors are in units of size.
    """
    came = sum(lesson.amount[lesson.seen.known].sum() for lesson in lessons)
    hoped = sum(hope[one.seen.known].sum() for hope, one in zip(hopes, lessons, strict=True))
    count = len(lessons)
    level = (came / hoped * count + 2) / (count + 2) if hoped > 0 and came > 0 else 1.0
    level = float(np.clip(level, 0.5, 2.0))
    errors = [
        ((one.amount - level * hope) / one.seen.size)[one.seen.known]
        for hope, one in zip(hopes, lessons, strict=True)
    ]
    return level, errors


def _by_rule(
    rule: str,
    ledger: Ledger,
    ahead: tuple[int, int],
    seen: Measures,
    learnt: tuple[int, list[Lesson]],
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Expect of each account what those in its place by a simple rule went on to earn."""
    from sklearn.isotonic import IsotonicRegression

    rules = naive_scores(ledger, *ahead)
    if rule not in rules:
        raise ValueError(f"there is no rule {rule!r}; there are {', '.join([OURS, *rules])}")
    days, lessons = learnt
    now = _places(rule, ledger, *ahead, seen.known)
    if not lessons:
        raise ValueError(f"{rule!r} cannot be brought to money: there is no earlier period")
    then = [_places(rule, ledger, one.origin, days, one.seen.known) for one in lessons]
    usual = [one.seen.size[one.seen.known].mean() for one in lessons]
    fit = IsotonicRegression(out_of_bounds="clip").fit(
        np.concatenate([place[one.seen.known] for place, one in zip(then, lessons, strict=True)]),
        np.concatenate(
            [one.amount[one.seen.known] / mean for one, mean in zip(lessons, usual, strict=True)]
        ),
    )
    errors = [
        ((one.amount - fit.predict(place) * mean) / one.seen.size)[one.seen.known]
        for place, one, mean in zip(then, lessons, usual, strict=True)
    ]
    today = seen.size[seen.known].mean()
    # equal amounts keep the order of the rule
    return (fit.predict(now) + 1e-9 * now) * today, errors


def _places(rule: str, ledger: Ledger, end: int, days: int, known: np.ndarray) -> np.ndarray:
    """Give each known account's place by a rule, 0 for the last to 1 for the first."""
    score = naive_scores(ledger, end, days)[rule]
    place = np.zeros(len(score))
    order = np.argsort(np.argsort(score[known], kind="stable"), kind="stable")
    place[known] = order / max(int(known.sum()) - 1, 1)
    return place


def _likeness(seen: Measures, cuts: np.ndarray) -> np.ndarray:
    """Give each account's class by silence and by its place among all sizes."""
    known = np.flatnonzero(seen.known)
    place = np.zeros(len(seen.known), int)
    ranks = np.argsort(np.argsort(seen.size[known], kind="stable"), kind="stable")
    place[known] = np.searchsorted(_PLACES, ranks / max(len(known), 1), side="right")
    return np.searchsorted(cuts, seen.silence) * (len(_PLACES) + 1) + place


def _spread(
    seen: Measures,
    expected: np.ndarray,
    errors: tuple[list[Lesson], list[np.ndarray]],
    *,
    places: int,
    draws: int,
    seed: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give interval and chance of a place, from what errors like accounts had on earlier days."""
    lessons, missed = errors
    low, high, chance = (np.full(len(expected), np.nan) for _ in range(3))
    pool = np.concatenate(missed) if missed else np.empty(0)
    if len(pool) < _LEAST_ERRORS:
        return low, high, chance
    gone = np.concatenate([(one.amount == 0)[one.seen.known] for one in lessons])
    silent = np.concatenate([one.seen.silence[one.seen.known] for one in lessons])
    cuts = np.unique(np.quantile(silent, [0.25, 0.5, 0.75]))
    like = np.concatenate([_likeness(one.seen, cuts)[one.seen.known] for one in lessons])
    group = _likeness(seen, cuts)
    generator = np.random.default_rng(seed)
    best = np.where(seen.known, np.maximum(expected, 0) + seen.size, -np.inf)
    rivals = np.argsort(-best, kind="stable")[: max(_MOST_RIVALS, 4 * places)]
    rivals = rivals[seen.known[rivals]]
    drawn = np.empty((draws, len(rivals)), np.float32)
    for number in np.unique(group[seen.known]):
        donors = np.flatnonzero(like == number)
        donors = donors if len(donors) >= _LEAST_ERRORS else np.arange(len(pool))
        members = np.flatnonzero((group == number) & seen.known)
        some = generator.choice(donors, min(len(donors), _MOST_DONORS), replace=False)
        for chunk in np.array_split(members, len(members) // 20_000 + 1):
            fates = _fates(expected[chunk], seen.size[chunk], pool[some], gone[some])
            low[chunk], high[chunk] = np.quantile(fates, [0.05, 0.95], axis=1)
        here = np.flatnonzero(group[rivals] == number)
        some = generator.choice(donors, (len(here), draws))
        drawn[:, here] = _fates(
            expected[rivals[here]], seen.size[rivals[here]], pool[some], gone[some]
        ).T
    chance[seen.known] = 0.0
    chance[rivals] = _share_on_top(drawn, places)
    return low, high, chance


def _fates(
    expected: np.ndarray, size: np.ndarray, errors: np.ndarray, gone: np.ndarray
) -> np.ndarray:
    """Let accounts do what like ones did: err as much, or buy nothing at all."""
    return np.where(gone, 0.0, expected[:, None] + errors * size[:, None])


def _share_on_top(drawn: np.ndarray, places: int) -> np.ndarray:
    """Give the share of draws in which each account is among the best; a loss earns no place."""
    if places >= drawn.shape[1]:
        return (drawn > 0).mean(axis=0)
    edge = -np.partition(-drawn, places - 1, axis=1)[:, places - 1 : places]
    return ((drawn >= edge) & (drawn > 0)).mean(axis=0)
