"""What was done to keep or develop accounts, and for whom? Campaigns by lot and by judgement.

Twice a year some accounts are considered for each kind of action, and about half of them get it.
Every second campaign is a trial: neighbours in size are paired and a lot decides within the pair.
In the others the managers judge: visits go to the large, concessions to those who press for them,
support to the large and friendly, recovery to the unhappy, so that treated and untreated accounts
differ before anything is done.

The effect is not the same for all. A visit programme calms most accounts and wakes the sleeping
dogs (6 %); a concession keeps only the price-sensitive and costs margin with all; support helps
modern managements to grow; recovery mends satisfaction for a while.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlab.simulation.config import first_day
from kamlab.simulation.latents import Latents
from kamlab.simulation.panel import ACTION_MONTHS, KINDS, State

CAMPAIGN_MONTHS = (4, 10, 16, 22, 28, 34, 40)
_COST = np.array([900.0, 150.0, 2_500.0, 600.0])  # EUR per action and kind, before size


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign.

    Attributes
    ----------
    month : months since January 2022; actions are done on its first days.
    by_lot : whether a lot decided.
    account, kind : int arrays of shape (m,), the accounts considered and for what.
    propensity : array of shape (m,), probability of being treated.
    treated : bool array of shape (m,).
    cost : array of shape (m,), EUR, 0 where not treated.
    before : State at the beginning of the month, before anything was done.
    """

    month: int
    by_lot: bool
    account: np.ndarray
    kind: np.ndarray
    propensity: np.ndarray
    treated: np.ndarray
    cost: np.ndarray
    before: State


def run_campaign(
    state: State, latents: Latents, volume: np.ndarray, number: int, rng: np.random.Generator
) -> Campaign:
    """Choose and treat accounts; the actions start to run in `state`.

    Parameters
    ----------
    state : State
        Of one world; `running` is changed in place.
    latents : Latents
    volume : numpy.ndarray of shape (n,)
        Purchases of the month before, EUR.
    number : int
        Number of the campaign; even numbers are trials by lot.
    rng : numpy.random.Generator

    Returns
    -------
    Campaign
    """
    before = state.repeat(1)
    free = np.flatnonzero(state.active & (state.running.sum(axis=0) == 0))
    pool = rng.permutation(free)[: 4 * max(len(free) // 10, 1)]
    kind = np.arange(len(pool)) % len(KINDS)
    size = np.log(np.maximum(volume[pool], 1.0))
    by_lot = number % 2 == 0
    if by_lot:
        propensity = np.full(len(pool), 0.5)
        treated = _paired_lot(kind, size, rng)
    else:
        propensity = _judgement(pool, kind, size, state, latents)
        treated = rng.random(len(pool)) < propensity
    state.running[kind[treated], pool[treated]] = ACTION_MONTHS
    scale = np.clip(np.exp(0.25 * (size - size.mean())), 0.4, 4.0)
    cost = np.round(_COST[kind] * scale * treated, 2)
    return Campaign(state.month, by_lot, pool, kind, propensity, treated, cost, before)


def _paired_lot(kind: np.ndarray, size: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Treat one of each two neighbours in size within a kind; a lone last one by a coin."""
    order = np.lexsort((size, kind))
    coins = rng.random((len(kind) + 1) // 2) < 0.5
    place = np.arange(len(kind))
    treated = np.empty(len(kind), dtype=bool)
    treated[order] = coins[place // 2] ^ (place % 2 == 1)
    return treated


def _judgement(
    pool: np.ndarray, kind: np.ndarray, size: np.ndarray, state: State, latents: Latents
) -> np.ndarray:
    """Give the probability that the managers choose each account of the pool."""
    large = (size - size.mean()) / max(float(size.std()), 1e-9)
    mood = state.satisfaction[pool]
    pressing = latents.bargaining[pool] + latents.price[pool]
    wish = np.choose(
        kind,
        [
            0.9 * large - 0.3 * mood,
            0.5 * pressing - 0.5,
            0.7 * large + 0.6 * mood,
            -1.3 * mood - 0.2,
        ],
    )
    return 1 / (1 + np.exp(-np.clip(wish, -2.5, 2.5)))


def actions_table(campaigns: list[Campaign], ids: np.ndarray) -> pd.DataFrame:
    """Make the observed table of actions.

    Parameters
    ----------
    campaigns : list of Campaign
    ids : numpy.ndarray
        Account ids by account number.

    Returns
    -------
    pandas.DataFrame
        action_id, account_id, date, kind, treated, cost, campaign, assignment (lot or judgement).
    """
    frames = []
    for number, campaign in enumerate(campaigns):
        day = first_day(campaign.month)
        frames.append(
            pd.DataFrame(
                {
                    "account_id": ids[campaign.account],
                    "date": day + (np.arange(len(campaign.account)) % 5),
                    "kind": np.array(KINDS)[campaign.kind],
                    "treated": campaign.treated,
                    "cost": campaign.cost,
                    "campaign": f"C{number + 1:02d}",
                    "assignment": "lot" if campaign.by_lot else "judgement",
                }
            )
        )
    table = pd.concat(frames, ignore_index=True)
    table["date"] = table["date"].astype("datetime64[us]")
    table.insert(0, "action_id", [f"T{i + 1:06d}" for i in range(len(table))])
    return table
