"""Which services does an account get beside its goods? Its own random stream."""

import numpy as np
import pandas as pd

from kamlab.simulation.accounts import Identity
from kamlab.simulation.config import MONTHS, first_day
from kamlab.simulation.history import History
from kamlab.simulation.latents import Latents
from kamlab.simulation.panel import order_rate, serve_rates

_KINDS = np.array(["artwork", "samples", "technical visit", "special delivery"], dtype=object)
_MONTHS_SEEN = 18
_A_MONTH = 0.4
_PART = 0.2  # of the cost to serve that order lines carry
_HOUR = 48.0  # EUR


def draw_services(
    latents: Latents, history: History, identity: Identity, rng: np.random.Generator
) -> pd.DataFrame:
    """Draw the services of the last year and a half; their cost is a fifth of that of serving.

    They are what a part of the cost to serve of the order lines is made of, and add nothing to it.
    One in three is charged, at cost and a tenth; hard bargainers are charged less often (log odds
    ``−0.4 − 0.5·bargaining``).

    Parameters
    ----------
    latents : Latents
    history : History
    identity : Identity
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Canonical columns of services, EUR.
    """
    n = len(identity.ids)
    an_order, a_euro = serve_rates(latents)
    charged = 1 / (1 + np.exp(0.4 + 0.5 * latents.bargaining))
    parts = []
    for month in range(MONTHS - _MONTHS_SEEN, MONTHS):
        volume = history.volume[month].astype(float)
        serving = an_order * order_rate(latents, volume) + a_euro * volume
        who = np.repeat(np.arange(n), rng.poisson(_A_MONTH, n) * (volume > 0))
        cost = _PART / _A_MONTH * serving[who] * rng.lognormal(-0.08, 0.4, len(who))
        begins = first_day(month)
        day = begins + rng.integers(0, 28, len(who))
        pays = rng.random(len(who)) < charged[who]
        parts.append(
            pd.DataFrame(
                {
                    "account_id": identity.ids[who],
                    "provided_at": day.astype("datetime64[us]"),
                    "service": _KINDS[rng.integers(0, len(_KINDS), len(who))],
                    "hours": np.round(cost / _HOUR, 1),
                    "cost": np.round(cost, 2),
                    "charged": np.where(pays, np.round(1.1 * cost, 2), 0.0),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["provided_at", "account_id"], ignore_index=True, kind="stable")
