"""Which accounts tell beforehand what they will need, and how steady are their plans?

Its own random stream: no other table changes with it.
"""

import numpy as np
import pandas as pd

from kamlab.simulation.accounts import Identity
from kamlab.simulation.config import MONTHS, first_day
from kamlab.simulation.history import History
from kamlab.simulation.latents import Latents, product_shares
from kamlab.simulation.orders import Catalogue

_MONTHS_TOLD = 12
_AHEAD = (45, 10)  # days before the month at which it is told, and told again


def draw_forecasts(
    latents: Latents,
    history: History,
    identity: Identity,
    catalogue: Catalogue,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Let modern accounts tell what they will need in each month of the last year, twice.

    The log odds that an account shares its plans at all are ``−1 + 1.3·philosophy``, those of
    telling a given month ``0.8 + 0.6·philosophy``. A plan is what it will buy of us on average,
    times a lognormal error of ``0.4·exp(−0.4·philosophy)``; the later telling halves the error of
    the first and adds half as much of its own.

    Parameters
    ----------
    latents : Latents
    history : History
    identity : Identity
    catalogue : Catalogue
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Canonical columns of forecasts, kilograms.
    """
    n = len(identity.ids)
    modern = latents.philosophy
    shares = rng.random(n) < 1 / (1 + np.exp(1 - 1.3 * modern))
    spread = np.clip(0.4 * np.exp(-0.4 * modern), 0.1, 1.0)
    kilos = _kilos_a_euro(latents, catalogue)
    parts = []
    for month in range(MONTHS - _MONTHS_TOLD, MONTHS):
        told = rng.random(n) < 1 / (1 + np.exp(-0.8 - 0.6 * modern))
        error = spread * rng.normal(size=n)
        later = 0.5 * error + 0.5 * spread * rng.normal(size=n)
        days = rng.integers(0, 7, (len(_AHEAD), n))
        expected = history.volume[month].astype(float) * kilos
        who = np.flatnonzero(shares & told & (expected > 0))
        begins = first_day(month)
        for place, wrong in enumerate((error, later)):
            parts.append(
                pd.DataFrame(
                    {
                        "account_id": identity.ids[who],
                        "period": np.full(len(who), begins.astype("datetime64[us]")),
                        "made_at": (begins - _AHEAD[place] + days[place][who]).astype(
                            "datetime64[us]"
                        ),
                        "quantity": np.round(expected * np.exp(wrong), 0)[who],
                    }
                )
            )
    table = pd.concat(parts, ignore_index=True)
    return table.sort_values(["account_id", "period", "made_at"], ignore_index=True)


def _kilos_a_euro(latents: Latents, catalogue: Catalogue) -> np.ndarray:
    """Give the kilograms that each account buys for a euro at list prices."""
    shares = product_shares(latents.breadth)
    kilos = np.zeros(len(shares))
    products = catalogue.price.shape[1]
    for category, prices in enumerate(catalogue.price):
        for place in range(shares.shape[1]):
            price = prices[(latents.favourite[:, category] + place) % products]
            kilos += latents.mix[:, category] * shares[:, place] / price
    return kilos
