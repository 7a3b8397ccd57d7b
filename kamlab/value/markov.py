"""What is an account worth in each state, when states follow one another by known chances?"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt


def markov_value(
    transitions: npt.ArrayLike,
    rewards: Sequence[float],
    *,
    rate: float,
    periods: int | None = None,
) -> np.ndarray:
    """Give the present value of an account by its state.

    Parameters
    ----------
    transitions : array-like of shape (n_states, n_states)
        Probability of going from the row's state to the column's in a period; rows sum to 1.
    rewards : sequence of float of shape (n_states,)
        What a period in the state brings, in the currency; negative for what it costs.
    rate : float
        Discount rate of a period, not negative; above 0 without a limit of periods.
    periods : int, optional
        Periods after the present one that are counted; None counts all.

    Returns
    -------
    np.ndarray of shape (n_states,)
        In the currency, the present period's reward included.

    Raises
    ------
    ValueError
        If rows do not sum to 1, the shapes differ, or the rate is out of range.

    References
    ----------
    .. [1] P. E. Pfeifer and R. L. Carraway, "Modeling customer relationships as Markov chains",
       Journal of Interactive Marketing 14, 2000.

    Examples
    --------
    >>> chances = [[.3, .7, 0, 0, 0], [.2, 0, .8, 0, 0], [.15, 0, 0, .85, 0],
    ...     [.05, 0, 0, 0, .95], [0, 0, 0, 0, 1]]
    >>> markov_value(chances, [36, -4, -4, -4, 0], rate=0.2).round(2).tolist()
    [52.32, 5.55, 1.25, -1.82, 0.0]
    """
    chances = np.asarray(transitions, float)
    gain = np.asarray(rewards, float)
    if chances.shape != (len(gain), len(gain)):
        raise ValueError(f"transitions are {chances.shape}, rewards {gain.shape}: expected n × n")
    sums = chances.sum(axis=1)
    wrong = np.flatnonzero((np.abs(sums - 1) > 1e-9) | (chances < 0).any(axis=1))
    if len(wrong):
        raise ValueError(f"row {wrong[0]} sums to {sums[wrong[0]]:.6g}; chances sum to 1")
    if rate < 0 or (periods is None and rate == 0) or (periods is not None and periods < 0):
        raise ValueError(
            f"rate {rate} and periods {periods}: a sum without end needs a rate above 0"
        )
    step = chances / (1 + rate)
    if periods is None:
        return np.linalg.solve(np.eye(len(gain)) - step, gain)
    value = gain.copy()
    for _ in range(periods):
        value = gain + step @ value
    return value
