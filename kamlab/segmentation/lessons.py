"""What became of accounts on earlier days? The lessons behind forecasts and back-tests."""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from kamlab.segmentation.ledger import Ledger, as_daily, day_of, open_ledger
from kamlab.segmentation.measures import Measures, floor_of, measure

FULL_TRUST = 1000  # accounts with which the correction counts half
MOST_ORIGINS = 8
_MOST_ROWS = 60_000
_BINS = 255  # as many as the trees tell apart


@dataclass(frozen=True, slots=True)
class Lesson:
    """What was seen on an earlier day and what came of it.

    Attributes
    ----------
    seen : Measures
    amount, sales : np.ndarray of shape (n_accounts,)
        What followed.
    origin : int
        The day, since 1970-01-01.
    """

    seen: Measures
    amount: np.ndarray
    sales: np.ndarray
    origin: int


@dataclass(frozen=True, slots=True)
class Past:
    """A history as seen on one day, and what was forecast on earlier days.

    Attributes
    ----------
    ledger : Ledger
        Account-days before `end`.
    end : int
        First day not seen, days since 1970-01-01.
    horizon : int
        Days of the period ahead.
    days : int
        Length of the periods that were learnt from: the horizon, or less in a short history.
    lessons : list of Lesson
        The latest first.
    hopes : list of np.ndarray of shape (n_accounts,)
        What was expected on the days of the first `MOST_ORIGINS` lessons, learnt only from what
        was over by then.
    """

    ledger: Ledger
    end: int
    horizon: int
    days: int
    lessons: list[Lesson]
    hopes: list[np.ndarray]


def look_back(
    orders: Any,  # noqa: ANN401  order lines of any engine
    as_of: date | str,
    *,
    horizon_days: int = 365,
    past: Past | None = None,
) -> Past:
    """Learn from earlier days and forecast on each of them with what was known then.

    Parameters
    ----------
    orders : frame
        Order lines, or the account-days of `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen.
    horizon_days : int, default 365
        Length of the period ahead, at least 7; shortened where the history is shorter than one and
        a half.
    past : Past, optional
        What was learnt before of the same orders, which is then given back.

    Returns
    -------
    Past
        What both `kamlab.segmentation.backtest.backtest` and
        `kamlab.segmentation.forecast.next_period` start from.

    Raises
    ------
    ValueError
        If nothing lies before `as_of`, the period is too short, or `past` is of another day or
        period.
    """
    if horizon_days < 7:
        raise ValueError(f"horizon_days is at least 7, not {horizon_days}")
    end = day_of(as_of)
    if past is not None:
        if (past.end, past.horizon) != (end, horizon_days):
            raise ValueError("what was learnt before is of another day or period")
        return past
    ledger = open_ledger(as_daily(orders, as_of))
    days, lessons = learn(ledger, end, horizon_days, most=2 * MOST_ORIGINS)
    hopes = []
    for lesson in lessons[:MOST_ORIGINS]:
        before = [other for other in lessons if other.origin + days <= lesson.origin]
        if not before:  # learn from shorter periods, as the forecast would have done then
            before = learn(ledger, lesson.origin, days)[1]
        hopes.append(expect(lesson.seen, before)[0])
    return Past(ledger, end, horizon_days, days, lessons, hopes)


def learn(
    ledger: Ledger, end: int, days: int, most: int = MOST_ORIGINS
) -> tuple[int, list[Lesson]]:
    """Look at accounts on earlier days whose period ahead had ended by `end`.

    Parameters
    ----------
    ledger : Ledger
    end : int
        First day not seen.
    days : int
        Length of the period ahead; shortened where history is shorter than one and a half of it.
    most : int, default 8
        How many earlier days at most.

    Returns
    -------
    tuple of int and list of Lesson
        The length used, and the lessons, the latest first; none where history is too short.
    """
    seen = end - ledger.first
    length = days if seen >= 1.5 * days else max(int(0.4 * seen), 14)
    step = max(length // 4, 7)
    origins = [end - length - back * step for back in range(most)]
    origins = [origin for origin in origins if origin - ledger.first >= max(length // 2, 28)]
    lessons = []
    for origin in reversed(origins):  # a ledger goes on from the day it was asked last
        amount, sales = (
            ledger.total(what, origin, origin + length) for what in ("amount", "sales")
        )
        lessons.append(Lesson(measure(ledger, origin, length), amount, sales, origin))
    return length, lessons[::-1]


def expect(seen: Measures, lessons: list[Lesson]) -> tuple[np.ndarray, float]:
    """Expect each account's amount: the look back times the learnt correction.

    Parameters
    ----------
    seen : Measures
        On the day of the forecast.
    lessons : list of Lesson
        From earlier days; their periods must have ended by then.

    Returns
    -------
    tuple of np.ndarray of shape (n_accounts,) and float
        Expected amounts, and the trust in the correction, 0 where there is no lesson.
    """
    if not lessons:
        return seen.base, 0.0
    count = int(seen.known.sum())
    trust = count / (count + FULL_TRUST)
    return seen.base * _correction(seen, lessons) ** trust, trust


def _correction(seen: Measures, lessons: list[Lesson]) -> np.ndarray:
    """Learn how sales went on against the look back; 1 is as accounts do on average."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    matrix = np.concatenate([lesson.seen.matrix[lesson.seen.known] for lesson in lessons])
    before = np.concatenate(
        [(lesson.seen.sales + floor_of(lesson.seen.sales))[lesson.seen.known] for lesson in lessons]
    )
    after = np.concatenate([lesson.sales[lesson.seen.known] for lesson in lessons])
    if len(after) > _MOST_ROWS:
        some = np.random.default_rng(0).choice(len(after), _MOST_ROWS, replace=False)
        matrix, before, after = matrix[some], before[some], after[some]
    told = np.isfinite(matrix).any(axis=0)
    target = np.clip(after / before, 0, 4)
    weight = (before / before.mean()) ** 0.75
    weight = np.minimum(weight, np.quantile(weight, 0.99))
    model = HistGradientBoostingRegressor(
        max_iter=120,
        learning_rate=0.04,
        max_leaf_nodes=6,
        min_samples_leaf=max(30, len(after) // 100),
        l2_regularization=10,
        max_features=0.5,
        random_state=0,
    )
    bounds = [_bounds(column, weight) for column in matrix[:, told].T]
    # threads that wait for each other on a busy machine take several times as long as one
    with threadpool_limits(1):
        model.fit(_binned(matrix[:, told], bounds), target, sample_weight=weight)
    usual = max(float(np.average(target, weights=weight)), 1e-9)
    return np.clip(model.predict(_binned(seen.matrix[:, told], bounds)), 0.02, 4) / usual


def _bounds(column: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Find bounds between which values weigh about the same, as the trees would.

    Trees that are given more values than they have bins find each bound by sorting anew, which
    takes ten times as long as growing them.
    """
    there = np.isfinite(column)
    order = np.argsort(column[there], kind="stable")
    values, passed = column[there][order], weight[there][order].cumsum()
    if len(distinct := np.unique(values)) <= _BINS:
        return distinct[:-1]
    wanted = np.linspace(0, passed[-1], _BINS + 1)[1:-1]
    return np.unique(values[np.searchsorted(passed, wanted).clip(max=len(values) - 1)])


def _binned(matrix: np.ndarray, bounds: list[np.ndarray]) -> np.ndarray:
    """Give the bin of each value, missing where it is."""
    bins = np.column_stack(
        [np.searchsorted(own, column) for own, column in zip(bounds, matrix.T, strict=True)]
    )
    return np.where(np.isnan(matrix), np.nan, bins)
