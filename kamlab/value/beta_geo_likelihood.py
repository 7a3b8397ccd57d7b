"""How likely are purchase histories whose customers may drop out after each purchase?

One likelihood for BG/NBD, MBG/NBD and their regular-buyer forms BG/CNBD-k and MBG/CNBD-k: the
purchase is every k-th event of a Poisson process of rate Gamma(r, alpha), and after each purchase
(`first` = 1: the very first one too) the customer drops out with a probability of Beta(a, b).
"""

import numpy as np
from scipy import special

from kamlab.value.histories import Histories, by_count


def log_likelihood(
    point: np.ndarray,
    histories: Histories,
    *,
    k: int = 1,
    first: int = 0,
    counted: tuple[np.ndarray, np.ndarray] | None = None,
) -> tuple[float, np.ndarray]:
    """Log-likelihood of distinct histories, and its gradient.

    Parameters
    ----------
    point : np.ndarray of shape (4,)
        Logarithms of r, alpha, a and b.
    histories : Histories
        Distinct histories.
    k : int, default 1
        Events a purchase takes: gaps are Erlang-k.
    first : {0, 1}, default 0
        Whether customers may drop out at the first purchase already (the modified models).
    counted : tuple of np.ndarray, optional
        What `by_count` gives of the histories, where it is at hand.

    Returns
    -------
    value : float
        Without the factor that depends on the data alone (see `timing_constant`); for k = 1 this
        is the published log-likelihood.
    gradient : np.ndarray of shape (4,)
        By the logarithms.

    References
    ----------
    .. [1] P. S. Fader, B. G. S. Hardie and K. L. Lee, "Counting your customers the easy way",
       Marketing Science 24, 2005.
    .. [2] E. P. Batislam, M. Denizel and A. Filiztekin, "Empirical validation and comparison of
       models for customer base analysis", Int. J. of Research in Marketing 24, 2007.
    .. [3] M. Platzer and T. Reutterer, "Ticking away the moments", Marketing Science 35, 2016.

    Examples
    --------
    >>> one = Histories(*(np.array([v]) for v in (2.0, 30.43, 38.86, 1.0)))
    >>> round(float(log_likelihood(np.log([0.243, 4.414, 0.793, 2.426]), one)[0]), 4)
    -9.4586
    """
    r, alpha, a, b = np.exp(point)
    counts, totals = by_count(histories) if counted is None else counted
    value, gradient = _count_terms(counts, totals, r, a, b, k, first)
    accounts = totals.sum()
    value += accounts * r * np.log(alpha)
    gradient[:2] += accounts * np.log(alpha), accounts * r / alpha
    timed, timed_gradient = _timing_terms(histories, (r, alpha, a, b), k, first)
    return value + timed, (gradient + timed_gradient) * np.array([r, alpha, a, b])


def _count_terms(
    counts: np.ndarray,
    totals: np.ndarray,
    r: float,
    a: float,
    b: float,
    k: int,
    first: int,
) -> tuple[float, np.ndarray]:
    """Part of the likelihood that knows the purchase counts only."""
    events, stayed = r + k * counts, b + counts + first
    accounts = totals.sum()
    logs = special.gammaln(events) + special.gammaln(stayed) - special.gammaln(a + stayed)
    constant = special.gammaln(a + b) - special.gammaln(b) - special.gammaln(r)
    psi_all, psi_both = special.digamma(a + stayed), special.digamma(a + b)
    by_a = accounts * psi_both - totals @ psi_all
    gradient = np.array(
        [
            totals @ special.digamma(events) - accounts * special.digamma(r),
            0.0,
            by_a,
            by_a + totals @ special.digamma(stayed) - accounts * special.digamma(b),
        ]
    )
    return float(totals @ logs + accounts * constant), gradient


def _timing_terms(
    histories: Histories, parameters: tuple[float, float, float, float], k: int, first: int
) -> tuple[float, np.ndarray]:
    """Part of the likelihood that knows when purchases fell; the gradient by the parameters."""
    r, alpha, a, b = parameters
    x, weight = histories.x, histories.weight
    events = r + k * x
    to_end, to_last = alpha + histories.T, alpha + histories.tx
    log_end = np.log(to_end)
    waited = log_end - np.log(to_last)
    odds = np.log(a) - np.log(np.maximum(b + x + (first - 1), 1e-300)) + events * waited
    if k > 1:
        silent = phases(events, (histories.T - histories.tx) / to_end, k)
        odds -= silent[0]
    if not first:
        odds[x == 0] = -np.inf
    size = np.exp(-np.abs(odds))
    dead = np.where(odds > 0, 1.0, size) / (1 + size)
    value = weight @ (np.maximum(odds, 0) + np.log1p(size) - events * log_end)
    weighted = weight * dead
    inverse_end = 1 / to_end
    by_r = weighted @ waited - weight @ log_end
    by_alpha = (weighted * events) @ (inverse_end - 1 / to_last) - weight @ (events * inverse_end)
    if k > 1:
        log_silent, silent_r, silent_y = silent
        alive = weight - weighted
        value += weight @ log_silent
        by_r += alive @ silent_r
        by_alpha -= alive @ (silent_y * inverse_end)
    gradient = np.array(
        [by_r, by_alpha, weighted.sum() / a, -(weighted / np.maximum(b + x + first - 1, b)).sum()]
    )
    return float(value), gradient


def phases(
    events: np.ndarray, share: np.ndarray, k: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Log of the sum over j < k of (R)_j / j! · y^j, with its derivatives by R and by log y.

    Parameters
    ----------
    events, share : np.ndarray of shape (n,)
        R, the events counted with the shape r, and y, the silent share (T − tx) / (alpha + T).
    k : int
        Events a purchase takes.

    Returns
    -------
    log_sum, by_events, by_log_share : np.ndarray of shape (n,)

    Examples
    --------
    >>> [float(part[0].round(4)) for part in phases(np.array([2.0]), np.array([0.5]), 2)]
    [0.6931, 0.25, 0.5]
    """
    term = np.ones_like(events)
    slope = np.zeros_like(events)
    total, by_events, by_share = term.copy(), slope.copy(), slope.copy()
    for j in range(1, k):
        slope = (slope * (events + j - 1) + term) * share / j
        term = term * (events + j - 1) * share / j
        total += term
        by_events += slope
        by_share += j * term
    return np.log(total), by_events / total, by_share / total


def phase_weights(events: np.ndarray, share: np.ndarray, k: int) -> np.ndarray:
    """Probability that j of k events passed since the last purchase, given alive, of shape (n, k).

    Parameters
    ----------
    events, share, k
        As in `phases`.

    Returns
    -------
    np.ndarray of shape (n, k)
        Rows add to 1.

    Examples
    --------
    >>> phase_weights(np.array([2.0]), np.array([0.5]), 2)
    array([[0.5, 0.5]])
    """
    terms = np.ones((events.size, k))
    for j in range(1, k):
        terms[:, j] = terms[:, j - 1] * (events + j - 1) * share / j
    return terms / terms.sum(axis=1, keepdims=True)


def log_odds_gone(
    parameters: np.ndarray,
    x: np.ndarray,
    tx: np.ndarray,
    T: np.ndarray,
    *,
    k: int = 1,
    first: int = 0,
) -> np.ndarray:
    """Log of the odds that a customer has dropped out.

    Parameters
    ----------
    parameters : np.ndarray of shape (4,)
        r, alpha, a, b.
    x, tx, T : np.ndarray of shape (n,)
        Histories.
    k, first : int
        As in `log_likelihood`.

    Returns
    -------
    np.ndarray of shape (n,)
        Minus infinity where dropping out was not yet possible.

    Examples
    --------
    >>> two = np.array([2.0]), np.array([30.43]), np.array([38.86])
    >>> float(log_odds_gone(np.array([0.243, 4.414, 0.793, 2.426]), *two)[0].round(4))
    -0.9773
    """
    r, alpha, a, b = parameters
    events = r + k * x
    with np.errstate(divide="ignore"):
        odds = (
            np.log(a)
            - np.log(np.maximum(b + x + (first - 1), 1e-300))
            + events * (np.log(alpha + T) - np.log(alpha + tx))
        )
    if k > 1:
        odds -= phases(events, (T - tx) / (alpha + T), k)[0]
    if not first:
        odds[x == 0] = -np.inf
    return odds


def timing_constant(histories: Histories, k: int, log_gaps: float | None = None) -> float:
    """Factor of the likelihood that depends on the data alone, on the log scale, against k = 1.

    It makes log-likelihoods of different k comparable. With the sum of the logarithms of all gaps
    between purchases it is that of the gaps themselves; without, that of the number of purchases
    and the time of the last one, which is all that a summary tells.

    Parameters
    ----------
    histories : Histories
        Distinct histories.
    k : int
        Events a purchase takes.
    log_gaps : float, optional
        Sum over all accounts of the sum of log gaps.

    Returns
    -------
    float
        0 for k = 1.

    Examples
    --------
    >>> one = Histories(*(np.array([v]) for v in (1.0, 2.0, 3.0, 1.0)))
    >>> bool(timing_constant(one, 2) == timing_constant(one, 2, np.log(2.0)))
    True
    """
    x, weight = histories.x, histories.weight
    if log_gaps is not None:
        return (k - 1) * log_gaps - float(weight @ x) * float(special.gammaln(k))
    some = x > 0
    bought, last = x[some], histories.tx[some]
    logs = (k - 1) * bought * np.log(last) + special.gammaln(bought) - special.gammaln(k * bought)
    return float(weight[some] @ logs)
