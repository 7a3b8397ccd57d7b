"""How many purchases does a mixture of customers make who may drop out after each one?

The sums and integrals behind the BG/NBD family, written so that they stay finite and exact for the
heaviest buyers. All functions take arrays and broadcast.
"""

from collections.abc import Callable

import numpy as np
from scipy import special

_TERMS = 400  # of the series, before the quadrature takes over
_LOST_DIGITS = 1e6  # tolerated size of the summands over their sum
_HOPELESS = 1e60  # a summand so large will not leave a digit
_THINNED = 0.8  # share of rows still summed below which the others are left behind
_ROUNDED = 1e-11  # of the first chance, below which a later one is nothing but its rounding
_TINY = -600.0  # logarithm of a chance from which none can be followed up
_SUMMED = 1_000  # purchases that are summed one by one, before an integral takes over
_PANEL = 96  # nodes of each part of that integral
_NODES = 400
_ROWS = 2_000  # rows of one chunk of the quadrature


def purchases_until_dropout(
    r: np.ndarray | float,
    alpha: np.ndarray | float,
    a: np.ndarray | float,
    b: np.ndarray | float,
    t: np.ndarray | float,
) -> np.ndarray:
    """Give the expected purchases in time t of a customer alive now, rate gamma, dropout beta.

    The purchase rate is Gamma(r, alpha), and after each purchase the customer drops out with a
    probability p of Beta(a, b): the expectation of (1 − exp(−λpt)) / p.

    Parameters
    ----------
    r, alpha, a, b : array_like, above 0
        Shape and rate (in time units) of the purchase rate, and the dropout's two shapes.
    t : array_like, not negative
        Time units ahead.

    Returns
    -------
    np.ndarray
        Expected purchases, of the broadcast shape.

    Notes
    -----
    The published form c/(a−1) · [1 − (1−z)^r ₂F₁(r, b; c; z)], with c = a+b−1 and z = t/(alpha+t),
    overflows for large r and cancels near a = 1. Euler's transformation gives
    c/ε · [1 − (1−z)^ε ₂F₁(c−r, ε; c; z)] with ε = a−1: for an account with x purchases both c and
    r grow by x, so that c−r stays as it is and the series converges the faster the heavier the
    buyer. It is summed without its first term, which makes ε → 0 harmless. Where digits would
    be lost to alternating signs, or the series is slow, the expectation over p is taken by the
    trapezoidal rule on the logit scale, which converges exponentially.

    References
    ----------
    .. [1] P. S. Fader, B. G. S. Hardie and K. L. Lee, "Counting your customers the easy way",
       Marketing Science 24, 2005, equations 9 and 10.

    Examples
    --------
    >>> round(float(purchases_until_dropout(0.243, 4.414, 0.793, 2.426, 78.0)), 4)
    1.8605
    """
    arrays = np.broadcast_arrays(r, alpha, a, b, t)
    shape = arrays[0].shape
    flat = [np.ravel(np.asarray(array, float)) for array in arrays]
    result, sure = _by_series(*flat)
    if not sure.all():
        rest = ~sure
        result[rest] = _by_quadrature(*(array[rest] for array in flat))
    return result.reshape(shape)


def _by_series(
    r: np.ndarray, alpha: np.ndarray, a: np.ndarray, b: np.ndarray, t: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sum the transformed series; say for which rows the sum can be trusted."""
    z = t / (alpha + t)
    log_growth = np.log1p(t / alpha)
    power, c = a - 1, a + b - 1
    upper = c - r
    term = upper * z
    total, size = term.copy(), np.abs(term)
    done = term == 0
    active = np.flatnonzero(~done)
    up, lo, eps, step, part = upper[active], c[active], power[active], z[active], term[active]
    for n in range(1, _TERMS):
        if active.size == 0:
            break
        part = part * ((up + n) * (eps + n) / ((lo + n) * (n + 1)) * step)
        total[active] += part
        magnitude = np.abs(part)
        size[active] += magnitude
        if n % 4 == 0:
            small = magnitude < 1e-16 * (1 - step) * size[active]
            done[active[small]] = True
            keep = ~small & (magnitude < _HOPELESS)
            active, part = active[keep], part[keep]
            up, lo, eps, step = up[keep], lo[keep], eps[keep], step[keep]
    decay = np.exp(-power * log_growth)
    lead = c * log_growth * special.exprel(-power * log_growth)
    result = lead - decay * total
    sure = done & (np.abs(lead) + decay * size <= _LOST_DIGITS * result)
    return result, sure | (t == 0)


def _by_quadrature(
    r: np.ndarray, alpha: np.ndarray, a: np.ndarray, b: np.ndarray, t: np.ndarray
) -> np.ndarray:
    """Integrate over the dropout probability, a chunk of rows at a time."""
    result = np.empty(r.size)
    for start in range(0, r.size, _ROWS):
        rows = slice(start, start + _ROWS)
        result[rows] = _logit_trapezoid(r[rows], t[rows] / alpha[rows], a[rows], b[rows])
    return result


def _logit_trapezoid(r: np.ndarray, k: np.ndarray, a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Mean of (1 − (1+kp)^−r) / p over p of Beta(a, b); tails beyond the nodes are geometric."""
    centre = special.digamma(a) - special.digamma(b)
    spread = 12 * np.sqrt(special.polygamma(1, a) + special.polygamma(1, b))
    low = np.maximum(centre - spread - 40 / a, -38 - np.log1p(k * r + b))
    high = np.minimum(centre + spread + 40 / b, 38.0)
    step = (high - low) / (_NODES - 1)
    logit = low[:, None] + step[:, None] * np.arange(_NODES)
    log_p, log_rest = -np.log1p(np.exp(-logit)), -np.log1p(np.exp(logit))
    density = np.exp(a[:, None] * log_p + b[:, None] * log_rest - special.betaln(a, b)[:, None])
    density[:, 0] /= -np.expm1(-a * step)
    density[:, -1] /= -np.expm1(-b * step)
    p = np.exp(log_p)
    values = -np.expm1(-r[:, None] * np.log1p(k[:, None] * p)) / p
    return step * np.einsum("ij,ij->i", density, values)


def survival_of_dropout(
    a: np.ndarray | float, b: np.ndarray | float, n: np.ndarray | float
) -> np.ndarray:
    """Probability of surviving n chances to drop out, each of probability p of Beta(a, b).

    Parameters
    ----------
    a, b : array_like, above 0
        Shapes of the dropout probability.
    n : array_like, not negative
        Chances.

    Returns
    -------
    np.ndarray
        B(a, b+n) / B(a, b).

    Examples
    --------
    >>> float(survival_of_dropout(1.0, 1.0, 1.0))
    0.5
    """
    return np.exp(special.betaln(a, np.add(b, n)) - special.betaln(a, b))


def regular_purchases_until_dropout(
    r: np.ndarray | float,
    alpha: np.ndarray | float,
    a: np.ndarray | float,
    b: np.ndarray | float,
    t: np.ndarray | float,
    *,
    k: int,
    phase: np.ndarray | float = 0,
) -> np.ndarray:
    """Give the expected purchases in time t where every k-th Poisson event is a purchase.

    Parameters
    ----------
    r, alpha, a, b, t : array_like
        As in `purchases_until_dropout`; the gamma rate is that of the events.
    k : int, at least 1
        Events a purchase takes (the gaps are Erlang-k).
    phase : array_like of int, 0 to k−1
        Events already seen since the last purchase.

    Returns
    -------
    np.ndarray
        Expected purchases: the sum over n of the probability of having survived n−1 chances to
        drop out times that of at least nk − phase events.

    References
    ----------
    .. [1] M. Platzer and T. Reutterer, "Ticking away the moments: timing regularity helps to better
       predict customer activity", Marketing Science 35, 2016.

    Examples
    --------
    >>> round(float(regular_purchases_until_dropout(0.243, 4.414, 0.793, 2.426, 78.0, k=1)), 4)
    1.8605
    """
    arrays = np.broadcast_arrays(r, alpha, a, b, t, phase)
    shape = arrays[0].shape
    r, alpha, a, b, t, phase = (np.ravel(np.asarray(array, float)) for array in arrays)
    z = t / (alpha + t)
    result = np.zeros(r.size)
    active = np.flatnonzero(z > 0)
    some = {"r": r, "a": a, "b": b, "z": z, "events": k - phase, "none": alpha / (alpha + t)}
    some = {name: array[active] for name, array in some.items()}
    first = some["events"], some["r"], some["z"]
    some["reached"] = special.betainc(*first)
    logs = _log_exactly(*first, some.pop("none"))
    some["exactly"], some["tiny"] = np.exp(logs), logs < _TINY
    some["least"], some["surviving"] = _ROUNDED * some["reached"], np.ones(active.size)
    for n in range(1, _SUMMED + 1):
        term = some["surviving"] * some["reached"]
        result[active] += term
        some["surviving"] *= (some["b"] + n - 1) / (some["a"] + some["b"] + n - 1)
        for _ in range(k):  # at least one event more: that chance less the one of just so many
            some["reached"] -= some["exactly"]
            some["exactly"] *= some["z"] * (some["events"] + some["r"]) / (some["events"] + 1)
            some["events"] += 1
        if (tiny := some["tiny"]).any():  # too small a number to begin with
            some["reached"][tiny] = special.betainc(
                *(some[name][tiny] for name in ("events", "r", "z"))
            )
        # what is nought but for rounding is not summed
        more = (term > 1e-13 * result[active]) & (some["reached"] > some["least"])
        some["surviving"] *= more
        if n == _SUMMED or more.sum() < _THINNED * active.size:
            active = active[more]
            some = {name: array[more] for name, array in some.items()}
        if not more.any():
            break
    for start in range(0, active.size, _ROWS):
        rows = active[start : start + _ROWS]
        result[rows] += _beyond_the_sum(
            r[rows], t[rows] / alpha[rows], a[rows], b[rows], phase[rows], k
        )
    return result.reshape(shape)


def _log_exactly(events: np.ndarray, r: np.ndarray, z: np.ndarray, rest: np.ndarray) -> np.ndarray:
    """Give the logarithm of the chance of exactly so many events; `rest` is 1 - z, unrounded."""
    return events * np.log(z) + r * np.log(rest) - np.log(events) - special.betaln(events, r)


def _beyond_the_sum(
    r: np.ndarray, time: np.ndarray, a: np.ndarray, b: np.ndarray, phase: np.ndarray, k: int
) -> np.ndarray:
    """Integrate the summands after those that were summed, over the logarithm of their number.

    They vary so little from one to the next there that sum and integral agree (midpoint rule).
    """
    first = np.full(r.size, _SUMMED + 0.5)
    fewest = special.gammaincinv(r, 1e-14) * time
    most = special.gammainccinv(r, 1e-14) * time
    last = np.maximum((most + 9 * np.sqrt(most) + k) / k, first)
    middle = np.clip((fewest - 9 * np.sqrt(fewest)) / k, first, last)
    nodes, weights = np.polynomial.legendre.leggauss(_PANEL)
    z = (time / (1 + time))[:, None]
    total = np.zeros(r.size)
    for low, high in ((first, middle), (middle, last)):
        half = (np.log(high) - np.log(low)) / 2
        n = np.exp((np.log(high) + np.log(low))[:, None] / 2 + half[:, None] * nodes)
        stayed = survival_of_dropout(a[:, None], b[:, None], n - 1)
        reached = special.betainc(n * k - phase[:, None], r[:, None], z)
        total += half * ((stayed * reached * n) @ weights)
    return total


def purchase_count_probabilities(
    r: np.ndarray | float,
    alpha: np.ndarray | float,
    a: np.ndarray | float,
    b: np.ndarray | float,
    t: np.ndarray | float,
    count: np.ndarray | float,
    *,
    k: int = 1,
    phase: np.ndarray | float = 0,
) -> np.ndarray:
    """Probability of exactly `count` purchases in time t of a customer alive now.

    Parameters
    ----------
    r, alpha, a, b, t, k, phase
        As in `regular_purchases_until_dropout`.
    count : array_like of int, not negative
        Purchases.

    Returns
    -------
    np.ndarray
        Probabilities, of the broadcast shape: still alive with `count` purchases, or dropped out
        at the last of them.

    Examples
    --------
    >>> float(purchase_count_probabilities(0.243, 4.414, 0.793, 2.426, 39.0, 0).round(7))
    0.5737864
    """
    r, alpha, a, b, t, count, phase = np.broadcast_arrays(r, alpha, a, b, t, count, phase)
    z = np.asarray(t / (alpha + t), float)
    reached = _at_least(count * k - phase, r, z)
    beyond = _at_least((count + 1) * k - phase, r, z)
    alive = survival_of_dropout(a, b, count)
    before = survival_of_dropout(a, b, np.maximum(count - 1, 0))
    left = np.where(count > 0, (before - alive) * reached, 0.0)
    return alive * np.maximum(reached - beyond, 0.0) + left


def at_least_so_many(
    r: np.ndarray | float,
    alpha: np.ndarray | float,
    a: np.ndarray | float,
    b: np.ndarray | float,
    t: np.ndarray | float,
    count: np.ndarray | float,
    *,
    k: int = 1,
    phase: np.ndarray | float = 0,
) -> np.ndarray:
    """Probability of `count` purchases or more in time t of a customer alive now.

    Parameters
    ----------
    r, alpha, a, b, t, k, phase
        As in `regular_purchases_until_dropout`.
    count : array_like of int, at least 1
        Purchases.

    Returns
    -------
    np.ndarray
        Probabilities, of the broadcast shape: events enough for the last of them, and not dropped
        out at any purchase before it.

    Examples
    --------
    >>> float(at_least_so_many(0.243, 4.414, 0.793, 2.426, 39.0, 1).round(7))
    0.4262136
    """
    z = np.asarray(t / (np.asarray(alpha, float) + t))
    enough = _at_least(np.asarray(count * k - phase), np.asarray(r, float), z)
    return survival_of_dropout(a, b, np.subtract(count, 1)) * enough


def _at_least(events: np.ndarray, r: np.ndarray, z: np.ndarray) -> np.ndarray:
    """Probability of at least so many events of a negative binomial; 1 for none."""
    some = np.maximum(events, 1).astype(float)
    return np.where(events <= 0, 1.0, special.betainc(some, np.asarray(r, float), z))


def last_exceeded(exceeds: Callable[[np.ndarray, np.ndarray], np.ndarray], size: int) -> np.ndarray:
    """Give for each row the greatest whole number that it exceeds, by doubling and halving.

    Parameters
    ----------
    exceeds : callable
        Takes rows and a number for each, both of shape (n,), and says which exceed it; whoever
        exceeds a number exceeds the smaller ones.
    size : int
        Rows.

    Returns
    -------
    np.ndarray of int, shape (size,)
        From 0 on; -1 where a row does not even exceed 0.

    Examples
    --------
    >>> most = np.array([0, 1, 9])
    >>> last_exceeded(lambda rows, number: most[rows] > number, 3).tolist()
    [-1, 0, 8]
    """
    low, high = np.full(size, -1), np.zeros(size, np.int64)
    active = np.arange(size)
    while active.size:
        above = exceeds(active, high[active])
        active = active[above]
        low[active] = high[active]
        high[active] = 2 * high[active] + 1
    active = np.flatnonzero(high - low > 1)
    while active.size:
        middle = (low[active] + high[active]) // 2
        above = exceeds(active, middle)
        low[active[above]], high[active[~above]] = middle[above], middle[~above]
        active = active[high[active] - low[active] > 1]
    return low
