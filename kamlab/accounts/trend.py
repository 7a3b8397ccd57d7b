"""Is an account growing or shrinking, by how much a year, whatever its season?"""

import numpy as np

from kamlab.accounts.engine import NOTHING

YEARS = 4
BOUND = 3.0
_STEPS = 30
_EXACT = 1e-10


def yearly_trend(sums: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Fit an exponential through each account's yearly sums and give its slope.

    A year is 365 days back from the day of sight, so that the season is in every sum alike and
    cancels. The curve is the quasi-Poisson (log-linear) one: it needs only the centre of gravity of
    the sums in time, and a year without sales is information, not a logarithm of nought.

    Parameters
    ----------
    sums : np.ndarray of shape (n_accounts, n_years)
        Amounts of the last year, the year before it, and so on; negative ones count as nought.
    years : np.ndarray of shape (n_accounts,)
        How many whole years each account has been buying; sums beyond are not used.

    Returns
    -------
    np.ndarray of shape (n_accounts,)
        Change of the logarithm per year, between -3 and 3; 0.1 is a growth of 10.5 % a year. NaN
        with fewer than two whole years, or where nothing was bought in them.

    References
    ----------
    .. [1] P. McCullagh and J. A. Nelder, "Generalized Linear Models", 2nd ed., Chapman and Hall,
       1989, chapter 6 (log-linear models) and 9 (quasi-likelihood).

    Examples
    --------
    >>> yearly_trend(np.array([[121.0, 110.0, 100.0]]), np.array([3])).round(4)
    array([0.0953])
    """
    count = np.clip(years, 0, sums.shape[1])
    weight = np.where(np.arange(sums.shape[1]) < count[:, None], np.clip(sums, 0, None), 0.0)
    whole = weight.sum(axis=1)
    slope = np.full(len(sums), np.nan)
    for n in range(2, sums.shape[1] + 1):
        rows = np.flatnonzero((count == n) & (whole > NOTHING))
        # how many years back the sales lie in the mean
        age = weight[rows, :n] @ np.arange(n) / whole[rows]
        slope[rows] = _tilt(age, n)
    return slope


def age_spread(slope: np.ndarray, years: np.ndarray) -> np.ndarray:
    """Give the variance of the age of sales that grow with a slope, in years squared.

    Parameters
    ----------
    slope : np.ndarray of shape (n_accounts,)
        Logarithm per year.
    years : np.ndarray of shape (n_accounts,)
        Whole years that are looked at, at least 2.

    Returns
    -------
    np.ndarray of shape (n_accounts,)

    Examples
    --------
    >>> age_spread(np.array([0.0]), np.array([3])).round(3)
    array([0.667])
    """
    spread = np.empty(len(slope))
    for n in np.unique(years):
        rows = years == n
        spread[rows] = _moments(slope[rows], int(n))[1]
    return spread


def _tilt(age: np.ndarray, n: int) -> np.ndarray:
    """Find the slope of the exponential over n years whose sales have a given mean age."""
    limits = [float(_moments(np.array([bound]), n)[0][0]) for bound in (BOUND, -BOUND)]
    inside = (age > limits[0]) & (age < limits[1])
    slope = np.zeros(len(age))
    for _ in range(_STEPS):
        mean, variance = _moments(slope, n)
        step = (mean - age) / variance
        slope = np.clip(slope + np.clip(step, -1.0, 1.0), -BOUND, BOUND)
        if np.abs(step[inside]).max(initial=0.0) < _EXACT:
            break
    return slope


def _moments(slope: np.ndarray, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Give mean and variance of the age of sales that grow exponentially over n years."""
    ratio = np.exp(-slope)
    power, whole = np.ones_like(ratio), np.ones_like(ratio)
    first, second = np.zeros_like(ratio), np.zeros_like(ratio)
    for k in range(1, n):
        power = power * ratio
        whole, first, second = whole + power, first + k * power, second + k * k * power
    mean = first / whole
    return mean, second / whole - mean**2
