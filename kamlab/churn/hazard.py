"""At which age do accounts leave most?"""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special

from kamlab.churn.lifetimes import check_lifetimes, segments


def hazard_by_tenure(
    durations: npt.ArrayLike,
    event: npt.ArrayLike,
    edges: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    by: npt.ArrayLike | None = None,
    level: float = 0.95,
) -> pd.DataFrame:
    """Count leavers for each unit of time watched, by tenure.

    Parameters
    ----------
    durations, event, entry, by : array-like of shape (n_accounts,)
        As for `survival_curve`.
    edges : array-like of shape (n_bands + 1,)
        Ascending tenures between which the rate is taken as constant.
    level : float, default 0.95
        Of the exact Poisson interval.

    Returns
    -------
    pd.DataFrame
        A row a segment and band in which anyone was watched: `segment`, `start`, `end` (left after
        the start, up to and including the end), `watched` (time, summed over accounts), `events`,
        `hazard` (a unit of time), `low`, `high`.

    References
    ----------
    .. [1] F. Garwood, "Fiducial limits for the Poisson distribution", Biometrika 28, 1936.

    Examples
    --------
    >>> hazard_by_tenure([1, 2, 4], [1, 1, 0], [0, 2, 4])["hazard"].tolist()
    [0.4, 0.0]
    """
    lasted, left, entered = check_lifetimes(durations, event, entry)
    bounds, tail, rows = np.asarray(edges, float), (1 - level) / 2, []
    if bounds.ndim != 1 or len(bounds) < 2 or not (np.diff(bounds) > 0).all():
        raise ValueError("edges must be two tenures or more, ascending")
    for segment, places in segments(by, len(lasted)):
        until, since = lasted[places], np.maximum(entered[places], 0)
        for start, end in pairwise(bounds):
            watched = np.clip(np.minimum(until, end) - np.maximum(since, start), 0, None).sum()
            events = int(np.sum(left[places] & (until > start) & (until <= end)))
            if watched > 0:
                low = special.gammaincinv(events, tail) / watched if events else 0.0
                high = special.gammainccinv(events + 1, tail) / watched
                rows.append((segment, start, end, watched, events, events / watched, low, high))
    names = ["segment", "start", "end", "watched", "events", "hazard", "low", "high"]
    return pd.DataFrame(rows, columns=names)
