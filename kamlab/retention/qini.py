"""Does a ranking find the accounts on which an action works, or would any order do as well?"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well a ranking by effect orders accounts.

    Attributes
    ----------
    qini, qini_low, qini_high : float
        Area between the Qini curve and random order, as a share of the perfect ranking's. Zero is
        no better than chance.
    auuc, auuc_low, auuc_high : float
        The same of the cumulative uplift curve.
    gain, gain_low, gain_high : float
        Mean over all cuts of what the ranking gains over random order, in units of the outcome
        for each account ranked (doubly robust where scores are given).
    curve : pd.DataFrame
        `share` (of accounts, the best first), `gained` (more outcome in the treated than the
        untreated of them predict, for each account ranked) and `random`.
    """

    qini: float
    qini_low: float
    qini_high: float
    auuc: float
    auuc_low: float
    auuc_high: float
    gain: float
    gain_low: float
    gain_high: float
    curve: pd.DataFrame

    @property
    def has_signal(self) -> bool:
        """Tell whether the whole interval of the gain lies above zero."""
        return bool(self.gain_low > 0)


def judge_ranking(
    effect: npt.ArrayLike,
    treated: npt.ArrayLike,
    outcome: npt.ArrayLike,
    *,
    scores: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    draws: int = 300,
    confidence: float = 0.95,
    seed: int = 0,
) -> Ranking:
    """Measure a ranking by Qini and AUUC with bootstrap intervals; equal effects count as one cut.

    Parameters
    ----------
    effect : array-like of shape (n,)
        What ranks the accounts, from models that did not see their outcome.
    treated : array-like of bool of shape (n,)
    outcome : array-like of shape (n,)
    scores : array-like of shape (n,), optional
        Doubly robust scores (`Effect.scores`) for `gain`; without them the arms are taken as drawn
        by lot.
    weights : array-like of shape (n,), optional
        How much each row counts in `gain`.
    clusters : array-like of shape (n,), optional
        Rows of one cluster are drawn together.
    draws : int, default 300
    confidence : float, default 0.95
    seed : int, default 0

    Returns
    -------
    Ranking

    Raises
    ------
    ValueError
        If lengths differ, values are missing, or an arm is empty.

    References
    ----------
    .. [1] N. J. Radcliffe, "Using control groups to target on predicted lift", Direct Marketing
       Analytics Journal 1, 2007.
    .. [2] F. Devriendt et al., "Learning to rank for uplift modeling", IEEE Transactions on
       Knowledge and Data Engineering, 2020 (definitions as scikit-uplift has them).
    .. [3] S. Yadlowsky et al., "Evaluating treatment prioritization rules via rank-weighted average
       treatment effects", JASA 2024 (gain).

    Examples
    --------
    >>> found = judge_ranking([0.9, 0.8, 0.2, 0.1], [1, 0, 1, 0], [1, 0, 0, 1], draws=50)
    >>> found.qini
    1.0
    """
    e, y = np.asarray(effect, float), np.asarray(outcome, float)
    t = np.asarray(treated).astype(bool)
    if not e.shape == y.shape == t.shape or not np.isfinite(e).all() or not np.isfinite(y).all():
        raise ValueError("effect, treated and outcome are columns of one length, none missing")
    if t.all() or not t.any():
        raise ValueError("a ranking is judged by treated and untreated rows; one arm is empty")
    worth = np.ones(len(y)) if weights is None else np.asarray(weights, float)
    if scores is None:
        share = float(np.average(t, weights=worth))
        own = np.where(t, y / share, -y / (1 - share))
    else:
        own = np.asarray(scores, float)
    best = y * t - y * ~t
    perfect = _perfect_uplift(t, y) if np.isin(y, (0, 1)).all() else best
    order, cuts = _ordered(e)
    measures = [_Curves(order, cuts, t, y, own, worth)]
    measures += [_Curves(*_ordered(rank), t, y, own, worth) for rank in (best, perfect)]
    even = np.ones(len(y))
    values = _values(measures, even)
    group = np.arange(len(y)) if clusters is None else pd.factorize(np.asarray(clusters))[0]
    rng = np.random.default_rng(seed)
    number = int(group.max()) + 1
    samples = []
    for _ in range(draws):
        times = np.bincount(rng.integers(0, number, number), minlength=number)[group]
        if (times * t).any() and (times * ~t).any():
            samples.append(_values(measures, times.astype(float)))
    tail = (1 - confidence) / 2
    low, high = np.nanquantile(np.array(samples), [tail, 1 - tail], axis=0)
    seen, gained = measures[0].gained(even)
    curve = pd.DataFrame({"share": seen, "gained": gained, "random": seen * gained[-1]})
    return Ranking(
        qini=values[0],
        qini_low=float(low[0]),
        qini_high=float(high[0]),
        auuc=values[1],
        auuc_low=float(low[1]),
        auuc_high=float(high[1]),
        gain=values[2],
        gain_low=float(low[2]),
        gain_high=float(high[2]),
        curve=curve,
    )


def _perfect_uplift(t: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Give scikit-uplift's perfect order of a 0-or-1 outcome."""
    more = ((y == 1) & ~t).sum() > ((y == 0) & t).sum()
    return 2.0 * (y == t) + (y if more else t)


def _ordered(rank: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the order from the highest, and the places where equal ranks end."""
    order = np.argsort(-rank, kind="stable")
    return order, np.append(np.flatnonzero(np.diff(rank[order])), len(rank) - 1)


@dataclass(frozen=True, slots=True)
class _Curves:
    """Curves of one order; every method takes how often each row is drawn."""

    order: np.ndarray
    cuts: np.ndarray
    t: np.ndarray
    y: np.ndarray
    own: np.ndarray
    worth: np.ndarray

    def sums(self, times: np.ndarray) -> tuple[np.ndarray, ...]:
        """Give running counts and outcomes of treated and untreated, from nothing on."""
        drawn = times[self.order]
        t, y = self.t[self.order], self.y[self.order]
        parts = (drawn * t, drawn * ~t, drawn * t * y, drawn * ~t * y)
        return tuple(np.append(0.0, np.cumsum(part)[self.cuts]) for part in parts)

    def areas(self, times: np.ndarray) -> tuple[float, float]:
        """Give the areas between the Qini and uplift curves and their random lines."""
        n1, n0, y1, y0 = self.sums(times)
        x = n1 + n0
        none = n0 == 0
        ratio = np.where(none, 0.0, n1 / np.where(none, 1.0, n0))
        qini = y1 - y0 * ratio
        uplift = y1 / np.maximum(n1, 1e-300) * (n1 > 0) - y0 / np.where(none, 1.0, n0)
        uplift = uplift * x
        chance = (x[-1] * qini[-1] / 2, x[-1] * uplift[-1] / 2)
        return (
            float(np.trapezoid(qini, x) - chance[0]),
            float(np.trapezoid(uplift, x) - chance[1]),
        )

    def gained(self, times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give share ranked and score gained, for each unit of weight."""
        drawn = (times * self.worth)[self.order]
        seen = np.append(0.0, np.cumsum(drawn)[self.cuts])
        got = np.append(0.0, np.cumsum(drawn * self.own[self.order])[self.cuts])
        return seen / seen[-1], got / seen[-1]


def _values(measures: list[_Curves], times: np.ndarray) -> tuple[float, float, float]:
    """Give Qini, AUUC and gain of a sample."""
    qini, uplift = measures[0].areas(times)
    best, perfect = measures[1].areas(times)[0], measures[2].areas(times)[1]
    seen, gained = measures[0].gained(times)
    gain = float(np.trapezoid(gained - seen * gained[-1], seen))
    return (
        qini / best if best > 0 else 0.0,
        uplift / perfect if perfect > 0 else 0.0,
        gain,
    )
