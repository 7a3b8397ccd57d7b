"""Which quotes does an account ask for, and which do we win? Its own random stream."""

import numpy as np
import pandas as pd

from kamlab.simulation.accounts import Identity
from kamlab.simulation.config import END, MONTHS, first_day
from kamlab.simulation.gaps import known
from kamlab.simulation.history import History
from kamlab.simulation.latents import Latents
from kamlab.simulation.orders import CATEGORIES

_MONTHS_QUOTED = 18
_A_MONTH = 0.35
_RIVALS = np.array([f"Rival {letter}" for letter in "ABCDEFGHIJKL"], dtype=object)
_REASONS = np.array(["price", "delivery time", "quality", "terms"], dtype=object)


def draw_quotes(
    latents: Latents, history: History, identity: Identity, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the quotes of the last year and a half.

    An account that buys asks for 0.35 quotes a month on average, each for about one and a half
    months' purchases. The log odds of winning one are ``−0.3 − 0.25·bargaining + 0.6·noise``, the
    same for all quotes of an account. A decision takes one to twelve weeks. The log of the number
    of rivals that an account asks is ``0.8 + 0.4·bargaining + 0.3·noise``; half of the quotes
    name one of them.

    Parameters
    ----------
    latents : Latents
    history : History
    identity : Identity
    rng : numpy.random.Generator

    Returns
    -------
    quotes : pandas.DataFrame
        Canonical columns of quotes, EUR.
    truth : pandas.DataFrame
        account_id, hit_probability.
    """
    n = len(identity.ids)
    chance = 1 / (1 + np.exp(0.3 + 0.25 * latents.bargaining - 0.6 * rng.normal(size=n)))
    rivals = np.exp(0.8 + 0.4 * latents.bargaining + 0.3 * rng.normal(size=n))
    rivals = np.clip(np.round(rivals), 1, len(_RIVALS)).astype(int)
    first_rival = rng.integers(0, len(_RIVALS), n)
    end = np.datetime64(END, "D")
    parts = []
    for month in range(MONTHS - _MONTHS_QUOTED, MONTHS):
        volume = history.volume[month].astype(float)
        who = np.repeat(np.arange(n), rng.poisson(_A_MONTH, n) * (volume > 0))
        begins = first_day(month)
        quoted = begins + rng.integers(0, 28, len(who))
        decided = quoted + rng.integers(7, 85, len(who))
        done, won = decided < end, rng.random(len(who)) < chance[who]
        rival = (first_rival[who] + rng.integers(0, rivals[who])) % len(_RIVALS)
        why = _REASONS[rng.choice(len(_REASONS), len(who), p=[0.5, 0.2, 0.15, 0.15])]
        amount = np.round(1.5 * volume[who] * rng.lognormal(0, 0.6, len(who)), 2)
        parts.append(
            pd.DataFrame(
                {
                    "account_id": identity.ids[who],
                    "quoted_at": quoted.astype("datetime64[us]"),
                    "amount": amount,
                    "category": np.array(CATEGORIES, dtype=object)[
                        rng.integers(0, len(CATEGORIES), len(who))
                    ],
                    "outcome": np.where(done, np.where(won, "won", "lost"), "open"),
                    "decided_at": pd.Series(decided.astype("datetime64[us]")).where(done),
                    "competitor": known(_RIVALS[rival], rng.random(len(who)) < 0.5),
                    "reason": known(why, done & ~won),
                }
            )
        )
    table = pd.concat(parts, ignore_index=True)
    table = table.sort_values(["quoted_at", "account_id"], ignore_index=True, kind="stable")
    table.insert(0, "quote_id", [f"Q{i + 1:06d}" for i in range(len(table))])
    return table, pd.DataFrame({"account_id": identity.ids, "hit_probability": chance})
