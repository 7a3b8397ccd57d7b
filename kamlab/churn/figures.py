"""How sure is a figure: a number that carries its interval, or says why there is none?"""

from typing import Self

import numpy as np
import numpy.typing as npt
from scipy import special, stats

LEAST_EVENTS = 10


class Figure(float):
    """A number that carries its interval.

    It counts and compares as the number alone, so that it can stand in a table; where there is not
    enough data it is not a number (NaN).

    Attributes
    ----------
    value, low, high : float
        NaN where there is not enough data.
    said : str
        The figure in words, or "not enough data (…)".

    Examples
    --------
    >>> figure = Figure(0.8, 0.7, 0.9, "0.80 (0.70 to 0.90)")
    >>> figure > 0.75, figure.low, figure.said
    (True, 0.7, '0.80 (0.70 to 0.90)')
    """

    __slots__ = ("high", "low", "said")

    low: float
    high: float
    said: str

    def __new__(cls, value: float, low: float, high: float, said: str) -> Self:
        """Make a number with its interval."""
        made = super().__new__(cls, value)
        made.low, made.high, made.said = float(low), float(high), said
        return made

    def __getnewargs__(self) -> tuple[float, float, float, str]:  # type: ignore[override]
        """Say how to make a copy."""
        return float(self), self.low, self.high, self.said

    @property
    def value(self) -> float:
        """The number alone."""
        return float(self)


def share_figure(value: float, error: float, events: int, level: float) -> Figure:
    """Put an interval around a share on the logit scale.

    Parameters
    ----------
    value, error : float
        The share and its standard error.
    events : int
        How many accounts it rests on; says how far from 0 or 1 an extreme share may be.
    level : float

    Returns
    -------
    Figure
    """
    z = stats.norm.ppf((1 + level) / 2)
    if 0 < value < 1 and error > 0:
        width = z * error / (value * (1 - value))
        low, high = special.expit(special.logit(value) + np.array([-width, width]))
    else:
        far = 1 - (1 - level) ** (1 / events)
        low, high = max(value - far, 0.0), min(value + far, 1.0)
    return Figure(value, low, high, f"{value:.3f} ({low:.3f} to {high:.3f})")


def wilson(
    hits: np.ndarray, counts: np.ndarray, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Give Wilson's interval of shares.

    Parameters
    ----------
    hits, counts : np.ndarray of shape (n,)
    level : float, default 0.95

    Returns
    -------
    tuple of np.ndarray of shape (n,)
        Lower and upper ends, 0 to 1.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
       JASA 22, 1927.
    """
    z = stats.norm.ppf((1 + level) / 2)
    share = hits / counts
    middle = (share + z**2 / (2 * counts)) / (1 + z**2 / counts)
    spread = share * (1 - share) / counts + z**2 / (4 * counts**2)
    half = z / (1 + z**2 / counts) * np.sqrt(spread)
    return np.clip(middle - half, 0, 1), np.clip(middle + half, 0, 1)


def checked(truth: npt.ArrayLike, score: npt.ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Give truth as bool and scores as float, or say what is wrong.

    Parameters
    ----------
    truth, score : array-like of shape (n,)

    Returns
    -------
    tuple of np.ndarray of shape (n,)
    """
    left, scores = np.asarray(truth, float), np.asarray(score, float)
    if left.shape != scores.shape or left.ndim != 1 or not len(left):
        raise ValueError(f"truth {left.shape} and score {scores.shape}: one of each is needed")
    wrong = ~np.isin(left, (0.0, 1.0)) | np.isnan(scores)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"row {row} has truth {left[row]} and score {scores[row]}: truth is 0 or 1 and no "
            "score is missing"
        )
    return left.astype(bool), scores


def too_few(events: int, others: int) -> Figure:
    """Say that there is not enough data.

    Parameters
    ----------
    events, others : int
        How many left and stayed.

    Returns
    -------
    Figure
        Not a number.
    """
    return no_figure(f"{events} left, {others} stayed; {LEAST_EVENTS} of each are needed")


def no_figure(why: str) -> Figure:
    """Say that there is not enough data, and why.

    Parameters
    ----------
    why : str

    Returns
    -------
    Figure
        Not a number.
    """
    return Figure(np.nan, np.nan, np.nan, f"not enough data ({why})")
