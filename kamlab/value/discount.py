"""What are purchases worth that lie ahead, seen from today?"""

import numpy as np

_INFINITE_NODES = 60


def discount_weights(
    rate: float, periods: int | None, period: float
) -> tuple[np.ndarray, np.ndarray]:
    """Give times, and weights of the cumulative purchases at them, that add to discounted ones.

    Parameters
    ----------
    rate : float
        Discount rate of one period.
    periods : int or None
        Periods ahead, or without limit.
    period : float
        Length of a period in time units.

    Returns
    -------
    times, weights : np.ndarray
        Summation by parts: Σ wᵢ E(tᵢ) is the discounted sum of the increments of E.

    Raises
    ------
    ValueError
        If the rate is negative, or not above 0 without limit, or a length is not above 0.

    Examples
    --------
    >>> discount_weights(0.25, 2, 4.0)
    (array([4., 8.]), array([0.16, 0.64]))
    """
    if rate < 0 or period <= 0 or (periods is not None and periods < 1):
        raise ValueError(
            f"rate is not negative, period above 0 and periods at least 1 or None; got {rate}, "
            f"{period} and {periods}"
        )
    if periods is None:
        if rate == 0:
            raise ValueError("without a limit of periods the discount rate must be above 0")
        nodes, weights = np.polynomial.legendre.leggauss(_INFINITE_NODES)
        far = 45.0  # e^-45 of the present value lies beyond
        scaled = (nodes + 1) / 2
        moments = far * scaled**2
        return (
            moments * period / np.log1p(rate),
            np.exp(-moments) * weights * far * scaled,
        )
    factors = (1 + rate) ** -np.arange(1.0, periods + 1)
    return np.arange(1, periods + 1) * period, factors - np.append(factors[1:], 0.0)
