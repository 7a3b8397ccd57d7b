"""Is an account growing or shrinking, by how much a year, whatever its season?"""

import numpy as np

from kamlab.accounts.engine import NOTHING

YEARS = 4
BOUND = 3.0
_STEPS = 30


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
    # oldest first: place k = 0 is the last year, -1 the one before
    place = -np.arange(sums.shape[1])
    used = place > -np.clip(years, 0, sums.shape[1])[:, None]
    weight = np.where(used, np.clip(sums, 0, None), 0.0)
    whole = weight.sum(axis=1)
    defined = (used.sum(axis=1) >= 2) & (whole > NOTHING)
    slope = np.full(len(sums), np.nan)
    if defined.any():
        centre = weight[defined] @ place / whole[defined]
        slope[defined] = _tilt(centre, place, used[defined])
    return slope


def _tilt(centre: np.ndarray, place: np.ndarray, used: np.ndarray) -> np.ndarray:
    """Find the slope that puts the centre of gravity of a pure exponential where it is."""
    low, high = np.full(len(centre), -BOUND), np.full(len(centre), BOUND)
    slope = np.zeros(len(centre))
    for _ in range(_STEPS):
        share = np.where(used, np.exp(slope[:, None] * place), 0.0)
        share /= share.sum(axis=1, keepdims=True)
        mean = share @ place
        low = np.where(mean < centre, slope, low)
        high = np.where(mean < centre, high, slope)
        spread = share @ place**2 - mean**2
        step = slope + (centre - mean) / np.maximum(spread, 1e-12)
        # Newton inside a bracket: halve it where the step leaves it
        new = np.where((step > low) & (step < high), step, (low + high) / 2)
        if np.max(np.abs(new - slope)) < 1e-12:
            break
        slope = new
    return slope
