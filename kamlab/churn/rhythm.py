"""How likely is it that an account which goes on by its own rhythm buys nothing for a while?

Silence tells two things: whether the account has gone, and how slowly it buys at all. A model of
regular purchases (MBG/CNBD-k, see `kamlab.value`) weighs both with what all accounts do.
"""

import warnings

import numpy as np
import pandas as pd

from kamlab.value.beta_geo import ModifiedBetaGeoCNBD
from kamlab.value.fitting import FitWarning

_LEAST_DAYS = 4  # order days from which the variation of an account's gaps tells its cadence
_LEAST_BACK = 10  # accounts that came back, for a model
_MOST_PHASES = 8
_SURE = 1e-4  # probabilities are not believed beyond that


def silence_odds(snapshots: pd.DataFrame, label_days: int) -> pd.Series:
    """Give the log-odds that each account buys nothing in the label window, by rhythm alone.

    On each day of origin the model is fitted to what was known of all accounts by then. Nothing of
    the label window is seen, and no label is used.

    Parameters
    ----------
    snapshots : pd.DataFrame
        As from `kamlab.accounts.snapshots`: `origin`, `order_days`, `tenure_days`,
        `days_since_last_order` and `gap_variation`. All accounts, also those long silent: without
        them the model would not learn that accounts leave.
    label_days : int
        Length of the label window.

    Returns
    -------
    pd.Series of shape (n_rows,)
        Indexed as the snapshots; missing on days on which hardly anybody had come back.

    References
    ----------
    .. [1] T. Reutterer, M. Platzer and N. Schröder, "Leveraging purchase regularity for predicting
       customer behavior the easy way", International Journal of Research in Marketing 38, 2021.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"origin": pd.Timestamp("2024-01-01"), "order_days": 12,
    ...     "tenure_days": 360, "days_since_last_order": rng.integers(1, 60, 100),
    ...     "gap_variation": 0.5})
    >>> table.loc[99, "days_since_last_order"] = 240
    >>> odds = silence_odds(table, 90)
    >>> bool(odds[99] > odds[:99].max())
    True
    """
    odds = pd.Series(np.nan, index=snapshots.index, name="silence_odds")
    for _, seen in snapshots.groupby("origin"):
        history = pd.DataFrame(
            {
                "frequency": seen["order_days"] - 1,
                "recency": seen["tenure_days"] - seen["days_since_last_order"],
                "T": seen["tenure_days"].clip(lower=1).astype(float),
            }
        )
        if (history["frequency"] > 0).sum() < _LEAST_BACK:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FitWarning)  # the odds are weighed by what came of them
            model = ModifiedBetaGeoCNBD(k=_phases(seen)).fit(history)
        silent = 1 - model.probability_of_purchase(history, float(label_days))
        sure = silent.clip(_SURE, 1 - _SURE)
        odds[seen.index] = np.log(sure / (1 - sure))
    return odds


def _phases(seen: pd.DataFrame) -> int:
    """Give the number of phases of the gaps: one is random, many are clockwork."""
    variation = seen.loc[seen["order_days"] >= _LEAST_DAYS, "gap_variation"].median()
    if not variation > 0:
        return _MOST_PHASES if variation == 0 else 1
    return int(np.clip(round(1 / variation**2), 1, _MOST_PHASES))
