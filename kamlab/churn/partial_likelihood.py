"""How likely is the order in which accounts left? Cox's partial likelihood, with Efron's ties."""

from dataclasses import dataclass

import numpy as np

_STEPS = 60
_DECREMENT = 1e-13  # of the log-likelihood that another step could still gain, per event


@dataclass(frozen=True, slots=True)
class RiskSets:
    """Who is watched when somebody leaves.

    Attributes
    ----------
    times : np.ndarray of shape (n_times,)
        Distinct times at which accounts left, ascending.
    begin, end : np.ndarray of shape (n_accounts,)
        An account is at risk at `times[begin:end]`.
    event : np.ndarray of shape (n_accounts,)
        Whether it left; then at `times[end - 1]`.
    owner, fraction : np.ndarray of shape (n_events,)
        For each leaving the place of its time, and Efron's share of those leaving at that time
        which no longer count: 0, 1/d, …, (d - 1)/d.
    """

    times: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    event: np.ndarray
    owner: np.ndarray
    fraction: np.ndarray


@dataclass(frozen=True, slots=True)
class Likelihood:
    """The partial likelihood at some coefficients.

    Attributes
    ----------
    value : float
        Its logarithm.
    gradient : np.ndarray of shape (n_columns,)
    information : np.ndarray of shape (n_columns, n_columns)
        Minus the second derivatives.
    hazard : np.ndarray of shape (n_times,)
        Step of the cumulative hazard of an account whose columns are all 0.
    means : np.ndarray of shape (n_events, n_columns)
        Columns expected of who leaves.
    """

    value: float
    gradient: np.ndarray
    information: np.ndarray
    hazard: np.ndarray
    means: np.ndarray


def risk_sets(lasted: np.ndarray, left: np.ndarray, entered: np.ndarray) -> RiskSets:
    """Find who is watched when somebody leaves.

    Parameters
    ----------
    lasted, left, entered : np.ndarray of shape (n_accounts,)
        As `kamlab.churn.lifetimes.check_lifetimes` gives them.

    Raises
    ------
    ValueError
        If nobody left.
    """
    times, ties = np.unique(lasted[left], return_counts=True)
    if not len(times):
        raise ValueError("nobody left: there is nothing to learn from")
    owner = np.repeat(np.arange(len(times)), ties)
    order = np.arange(len(owner)) - np.repeat(np.cumsum(ties) - ties, ties)
    return RiskSets(
        times,
        np.searchsorted(times, entered, "right"),
        np.searchsorted(times, lasted, "right"),
        left,
        owner,
        order / ties[owner],
    )


def likelihood(
    values: np.ndarray,
    coefficients: np.ndarray,
    sets: RiskSets,
    weight: np.ndarray | None = None,
) -> Likelihood:
    """Evaluate the partial likelihood and its derivatives, in time linear in the accounts.

    Second derivatives need no matrix for each time: an account's part in all risk sets is one
    number, the sum of what one unit of risk weighs in them.

    Parameters
    ----------
    values : np.ndarray of shape (n_accounts, n_columns)
    coefficients : np.ndarray of shape (n_columns,)
    sets : RiskSets
    weight : np.ndarray of shape (n_times,), optional
        Of each time in the gradient and the information: a function of time for tests.

    References
    ----------
    .. [1] D. R. Cox, "Regression models and life-tables", Journal of the Royal Statistical Society
       B 34, 1972.
    .. [2] B. Efron, "The efficiency of Cox's likelihood function for censored data", Journal of the
       American Statistical Association 72, 1977.
    """
    score = values @ coefficients
    risk = np.exp(score - score.max())
    number = len(sets.times)
    leavers = sets.end[sets.event] - 1
    mass = np.column_stack([risk, risk[:, None] * values])
    watched = _beyond(sets.end, mass, number) - _beyond(sets.begin, mass, number)
    leaving = np.column_stack(
        [np.bincount(leavers, column, number) for column in mass[sets.event].T]
    )
    sums = watched[sets.owner] - sets.fraction[:, None] * leaving[sets.owner]
    below, means = sums[:, 0], sums[:, 1:] / sums[:, :1]
    each = np.ones(len(sets.owner)) if weight is None else weight[sets.owner]
    unit = np.r_[0.0, np.cumsum(np.bincount(sets.owner, each / below, number))]
    spared = np.bincount(sets.owner, sets.fraction * each / below, number)
    part = unit[sets.end] - unit[sets.begin]
    part[sets.event] -= spared[leavers]
    at_leaving = 1.0 if weight is None else weight[leavers, None]
    return Likelihood(
        float(score[sets.event].sum() - np.log(below).sum() - score.max() * len(below)),
        (at_leaving * values[sets.event]).sum(axis=0) - each @ means,
        values.T @ (values * (risk * part)[:, None]) - means.T @ (means * each[:, None]),
        np.bincount(sets.owner, np.exp(-score.max()) / below, number),
        means,
    )


def maximise(values: np.ndarray, sets: RiskSets, ridge: float) -> tuple[np.ndarray, int, bool]:
    """Find the coefficients of the highest (penalised) likelihood by Newton's method.

    Parameters
    ----------
    values : np.ndarray of shape (n_accounts, n_columns)
        Centred and of comparable spread.
    sets : RiskSets
    ridge : float
        Half of it times the sum of squared coefficients is taken off the log-likelihood.

    Returns
    -------
    tuple
        Coefficients, steps taken, and whether another step could no longer gain anything.
    """
    coefficients = np.zeros(values.shape[1])
    found = likelihood(values, coefficients, sets)
    height = found.value
    for step in range(1, _STEPS + 1):
        slope = found.gradient - ridge * coefficients
        curve = found.information + ridge * np.eye(len(coefficients))
        move = np.linalg.lstsq(curve, slope, rcond=1e-14)[0]
        gain = float(slope @ move) / 2
        if gain <= _DECREMENT * len(sets.owner):
            return coefficients, step - 1, True
        for halving in range(30):
            tried = coefficients + move / 2**halving
            found = likelihood(values, tried, sets)
            reached = found.value - ridge * float(tried @ tried) / 2
            if np.isfinite(reached) and reached >= height - 1e-12 * abs(height):
                break
        coefficients, height = tried, reached
    return coefficients, _STEPS, False


def schoenfeld(values: np.ndarray, found: Likelihood, sets: RiskSets) -> np.ndarray:
    """Give the columns of each who left, less what was expected of who leaves then.

    Returns
    -------
    np.ndarray of shape (n_events, n_columns)
        In order of time; those who left at one time are held against the mean of that time.
    """
    places = np.flatnonzero(sets.event)
    places = places[np.argsort(sets.end[places], kind="stable")]
    ties = np.bincount(sets.owner)
    expected = np.column_stack([np.bincount(sets.owner, column) / ties for column in found.means.T])
    return values[places] - expected[sets.owner]


def _beyond(places: np.ndarray, mass: np.ndarray, number: int) -> np.ndarray:
    """Sum the mass of accounts whose place lies beyond each time: a sum from the right."""
    later = np.zeros((number + 1, mass.shape[1]))
    inside = places > 0
    for column in range(mass.shape[1]):
        later[:, column] = np.bincount(places[inside], mass[inside, column], number + 1)
    return np.cumsum(later[::-1], axis=0)[::-1][1:]
