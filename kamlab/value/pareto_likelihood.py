"""How likely are purchase histories whose customers may drop out at any moment?

The Pareto/NBD model: purchases at a rate of Gamma(r, alpha), dropout at a rate of Gamma(s, beta).
Its published form holds hypergeometric functions that overflow for heavy buyers. Here the integral
over the unknown moment of dropout is taken by Gauss-Legendre quadrature on a logarithmic scale, on
which the integrand is log-concave, after cutting off what is below e^-45 of it; the gradient is
the same sum with other weights.
"""

from collections.abc import Callable

import numpy as np
from scipy import special

from kamlab.value.histories import Histories, by_count

_RULES = ((2.0, 1.0, 8), (12.0, 3.0, 16), (60.0, 8.0, 32), (np.inf, np.inf, 96))
"""Largest fall of the log integrand, longest log range, and the nodes that they need."""
_CUT = 45.0
_ROWS = 4_096


def log_likelihood(point: np.ndarray, histories: Histories) -> tuple[float, np.ndarray]:
    """Log-likelihood of distinct histories, and its gradient.

    Parameters
    ----------
    point : np.ndarray of shape (4,)
        Logarithms of r, alpha, s and beta.
    histories : Histories
        Distinct histories.

    Returns
    -------
    value : float
        The published log-likelihood.
    gradient : np.ndarray of shape (4,)
        By the logarithms.

    References
    ----------
    .. [1] D. C. Schmittlein, D. G. Morrison and R. Colombo, "Counting your customers: who are they
       and what will they do next?", Management Science 33, 1987.
    .. [2] P. S. Fader and B. G. S. Hardie, "A note on deriving the Pareto/NBD model and related
       expressions", 2005.

    Examples
    --------
    >>> one = Histories(*(np.array([v]) for v in (2.0, 30.43, 38.86, 1.0)))
    >>> round(float(log_likelihood(np.log([0.553, 10.578, 0.606, 11.669]), one)[0]), 4)
    -9.5543
    """
    parameters = np.exp(point)
    r, alpha, s, beta = parameters
    weight = histories.weight
    log_alive, log_gone, slopes = dropout_integral(
        parameters, histories.x, histories.tx, histories.T, gradient=True
    )
    total = np.logaddexp(log_alive, log_gone)
    gone = np.exp(log_gone - total)
    here, left = weight * (1 - gone), weight * gone
    events, end = r + histories.x, histories.T
    counts, totals = by_count(histories)
    accounts = weight.sum()
    value = (
        weight @ total
        + totals @ special.gammaln(r + counts)
        - accounts * (special.gammaln(r) - r * np.log(alpha) - s * np.log(beta))
    )
    gradient = np.array(
        [
            totals @ special.digamma(r + counts)
            + accounts * (np.log(alpha) - special.digamma(r))
            - here @ np.log(alpha + end)
            - left @ slopes[0],
            accounts * r / alpha - (here * events) @ (1 / (alpha + end)) - left @ slopes[1],
            accounts * np.log(beta) - here @ np.log(beta + end) + left.sum() / s - left @ slopes[2],
            accounts * s / beta - s * (here @ (1 / (beta + end))) - left @ slopes[3],
        ]
    )
    return float(value), gradient * parameters


def dropout_integral(
    parameters: np.ndarray,
    x: np.ndarray,
    tx: np.ndarray,
    T: np.ndarray,
    *,
    gradient: bool = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log of the two parts of the likelihood: alive at T, and dropped out between tx and T.

    Parameters
    ----------
    parameters : np.ndarray of shape (4,)
        r, alpha, s, beta.
    x, tx, T : np.ndarray of shape (n,)
        Histories.
    gradient : bool, default False
        Whether to take the means that the gradient needs.

    Returns
    -------
    log_alive : np.ndarray of shape (n,)
        Log of (alpha+T)^-(r+x) (beta+T)^-s.
    log_gone : np.ndarray of shape (n,)
        Log of s times the integral over t from tx to T of (alpha+t)^-(r+x) (beta+t)^-(s+1); minus
        infinity where T = tx.
    slopes : np.ndarray of shape (4, n)
        Means over that integrand of log(alpha+t), (r+x)/(alpha+t), log(beta+t) and
        (s+1)/(beta+t); empty unless `gradient`.

    Examples
    --------
    >>> parts = dropout_integral(np.array([0.55, 10.58, 0.61, 11.67]), *np.ones((3, 1)))
    >>> bool(np.isneginf(parts[1][0]))
    True
    """
    r, alpha, s, beta = parameters
    events = r + x
    log_alive = -events * np.log(alpha + T) - s * np.log(beta + T)
    base = min(alpha, beta)
    start, length, fall = _range(parameters, base, events, tx, T)
    log_gone = np.empty(x.size)
    slopes = np.empty((4, x.size if gradient else 0))
    todo = np.ones(x.size, bool)
    for most_fall, most_length, n_nodes in _RULES:
        rows = np.flatnonzero(todo & (fall <= most_fall) & (length <= most_length))
        todo[rows] = False
        for chunk in (rows[i : i + _ROWS] for i in range(0, rows.size, _ROWS)):
            part = _integrate(
                parameters, base, events[chunk], start[chunk], length[chunk], n_nodes, gradient
            )
            log_gone[chunk] = part[0]
            if gradient:
                slopes[:, chunk] = part[1]
    return log_alive, log_gone + np.log(s), slopes


def _range(
    parameters: np.ndarray, base: float, events: np.ndarray, tx: np.ndarray, T: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Start and length on the scale log(base + t), cut where the integrand is below e^-45."""
    start = base + tx
    length = np.log1p((T - tx) / start)
    fall = -_log_integrand(parameters, base, events, start, length)
    far = np.flatnonzero(fall > _CUT)
    if far.size:
        low, high = np.zeros(far.size), length[far]
        for _ in range(40):
            middle = (low + high) / 2
            deep = -_log_integrand(parameters, base, events[far], start[far], middle)
            low, high = np.where(deep < _CUT, middle, low), np.where(deep < _CUT, high, middle)
            if np.all(deep < _CUT + 10) and np.all(deep > _CUT - 10):
                break
        length[far] = high
        fall[far] = -_log_integrand(parameters, base, events[far], start[far], high)
    return start, length, np.abs(fall)


def _log_integrand(
    parameters: np.ndarray, base: float, events: np.ndarray, start: np.ndarray, u: np.ndarray
) -> np.ndarray:
    """Log integrand at log distance u from the start, against its value there."""
    _, alpha, s, beta = parameters
    passed = start * np.expm1(u)
    with np.errstate(over="ignore"):
        return (
            u
            - events * np.log1p(passed / (start - base + alpha))
            - (s + 1) * np.log1p(passed / (start - base + beta))
        )


def _integrate(
    parameters: np.ndarray,
    base: float,
    events: np.ndarray,
    start: np.ndarray,
    length: np.ndarray,
    n_nodes: int,
    gradient: bool,
) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre over a chunk of rows: log integral, and means for the gradient."""
    _, alpha, s, beta = parameters
    nodes, weights = _legendre(n_nodes)
    u = nodes[:, None] * length
    moment = start * np.exp(u)
    to_alpha, to_beta = moment + (alpha - base), moment + (beta - base)
    same = u + np.log(start)
    log_alpha = same if alpha == base else np.log(to_alpha)
    log_beta = same if beta == base else np.log(to_beta)
    logs = same - events * log_alpha - (s + 1) * log_beta
    top = logs.max(axis=0)
    mass = np.exp(logs - top) * weights[:, None]
    total = mass.sum(axis=0)
    with np.errstate(divide="ignore"):
        log_integral = top + np.log(total * length)
    if not gradient:
        return log_integral, np.empty((4, 0))
    mass /= total
    slopes = np.stack(
        [
            np.einsum("ij,ij->j", mass, log_alpha),
            events * np.einsum("ij,ij->j", mass, 1 / to_alpha),
            np.einsum("ij,ij->j", mass, log_beta),
            (s + 1) * np.einsum("ij,ij->j", mass, 1 / to_beta),
        ]
    )
    return log_integral, slopes


def _legendre(n_nodes: int) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights on 0 to 1."""
    nodes, weights = np.polynomial.legendre.leggauss(n_nodes)
    return (nodes + 1) / 2, weights / 2


def purchases_while_alive(
    events: np.ndarray | float,
    alpha: np.ndarray | float,
    s: float,
    beta: np.ndarray | float,
    t: np.ndarray | float,
) -> np.ndarray:
    """Give the expected purchases in time t of a customer alive now.

    Parameters
    ----------
    events, alpha : array_like
        Shape and rate of the purchase rate now: r + x and alpha + T.
    s, beta : array_like
        Shape and rate of the dropout rate now: s and beta + T.
    t : float
        Time units ahead.

    Returns
    -------
    np.ndarray
        events · beta / (alpha (s−1)) · [1 − (beta / (beta+t))^(s−1)], also where s = 1.

    Examples
    --------
    >>> round(float(purchases_while_alive(0.553, 10.578, 0.606, 11.669, 9.0)), 4)
    0.3912
    """
    grown = np.log1p(t / beta)
    return events * beta / alpha * grown * special.exprel(-(s - 1) * grown)


def count_probabilities(
    events: np.ndarray,
    alpha: np.ndarray,
    s: float,
    beta: np.ndarray,
    t: float,
    count: int,
) -> np.ndarray:
    """Probability of exactly `count` purchases in time t of a customer alive now.

    Parameters
    ----------
    events, alpha, s, beta, t
        As in `purchases_while_alive`; arrays of shape (n,).
    count : int
        Purchases.

    Returns
    -------
    np.ndarray of shape (n,)
        Over the time until dropout: purchases up to the earlier of it and t.

    Examples
    --------
    >>> r, alpha, beta = np.array([[0.553], [10.578], [11.669]])
    >>> float(count_probabilities(r, alpha, 0.606, beta, 39.0, 0).round(4)[0])
    0.5936
    """
    ways = special.gammaln(events + count) - special.gammaln(events) - special.gammaln(count + 1)

    def log_density(u: np.ndarray) -> np.ndarray:
        moment = np.exp(u)
        return (
            (count + 1) * u
            - (events + count) * np.log1p(moment / alpha)
            - (s + 1) * np.log1p(moment / beta)
        )

    low, high = _concave_limits(log_density, np.full(events.shape, np.log(t)), count + 1)
    nodes, weights = _legendre(96)
    logs = log_density(low + nodes[:, None] * (high - low))
    top = logs.max(axis=0)
    mass = (np.exp(logs - top) * weights[:, None]).sum(axis=0) * (high - low)
    scale = ways - count * np.log(alpha)
    gone = np.exp(scale + np.log(s) - np.log(beta) + top) * mass
    end = np.log(t)
    alive = np.exp(scale + log_density(np.full(events.shape, end)) - end + np.log1p(t / beta))
    return alive + gone


def at_least_so_many(
    events: np.ndarray,
    alpha: np.ndarray,
    s: float,
    beta: np.ndarray,
    t: float,
    count: np.ndarray,
) -> np.ndarray:
    """Probability of `count` purchases or more in time t of a customer alive now.

    Parameters
    ----------
    events, alpha, s, beta, t
        As in `count_probabilities`.
    count : np.ndarray of int, shape (n,)
        Purchases, at least 1.

    Returns
    -------
    np.ndarray of shape (n,)
        Mean over the time until dropout, drawn at even shares of its distribution.

    Examples
    --------
    >>> r, alpha, beta = np.array([[0.553], [10.578], [11.669]])
    >>> float(at_least_so_many(r, alpha, 0.606, beta, 39.0, np.array([1])).round(4)[0])
    0.4064
    """
    nodes, weights = _legendre(96)
    result = np.empty(events.shape)
    for rows in (slice(i, i + _ROWS) for i in range(0, events.size, _ROWS)):
        r, rate, b, n = events[rows], alpha[rows], beta[rows], count[rows]
        gone = -np.expm1(-s * np.log1p(t / b))  # dropped out within t
        share = nodes[:, None] * gone
        until = b * np.expm1(-np.log1p(-share) / s)
        reached = special.betainc(n, r, until / (rate + until))
        stayed = special.betainc(n, r, t / (rate + t))
        result[rows] = (1 - gone) * stayed + gone * (weights @ reached)
    return result


def _concave_limits(
    log_density: Callable[[np.ndarray], np.ndarray], high: np.ndarray, rise: int
) -> tuple[np.ndarray, np.ndarray]:
    """Limits between which a log-concave density that rises from −∞ holds all but e^-45."""
    left, right = high - 100.0 / rise - 60.0, high.copy()
    for _ in range(100):
        one, two = left + (right - left) / 3, right - (right - left) / 3
        up = log_density(one) < log_density(two)
        left, right = np.where(up, one, left), np.where(up, right, two)
    peak = np.where(log_density(high) >= log_density(left), high, (left + right) / 2)
    depth = log_density(peak) - _CUT
    outer, inner = peak - 200.0, peak
    for _ in range(60):
        middle = (outer + inner) / 2
        deep = log_density(middle) < depth
        outer, inner = np.where(deep, middle, outer), np.where(deep, inner, middle)
    low = inner
    inner, outer = peak, high.copy()
    for _ in range(60):
        middle = (outer + inner) / 2
        deep = log_density(middle) < depth
        outer, inner = np.where(deep, middle, outer), np.where(deep, inner, middle)
    return low, outer
