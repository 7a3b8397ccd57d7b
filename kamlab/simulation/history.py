"""What happened, month by month? Runs the accounts through four years and three more."""

from dataclasses import dataclass

import numpy as np

from kamlab.simulation.actions import CAMPAIGN_MONTHS, Campaign, run_campaign
from kamlab.simulation.config import HORIZON, MONTHS, Config
from kamlab.simulation.latents import Latents
from kamlab.simulation.managers import Management
from kamlab.simulation.panel import KINDS, State, first_state, step

_BURN_IN = 12


@dataclass(frozen=True, slots=True)
class History:
    """The realised course of all accounts; months 0 to 83, of which the first 48 are observed.

    Attributes
    ----------
    volume : float32 array of shape (84, n)
        Purchases at the first month's list prices, EUR.
    concession : bool array of shape (84, n)
        Whether a price concession is under way.
    return_rate : float16 array of shape (84, n)
    satisfaction, health, contact, fall, managed : float16 arrays of shape (49, n)
        At the beginning of the observed months and of the first after them; three digits are
        enough.
    probability : float32 array of shape (49, n)
        Of leaving at the end of the month.
    credit_loss : array of shape (n,)
        Lost by insolvency in the month of leaving, EUR.
    price_level, cost_level : arrays of shape (84,).
    left : int array of shape (n,), month at whose end the account left, 999 = within no month.
    cause : int array of shape (n,), code of the cause, -1 = has not left.
    fell : int array of shape (n,), month of the fall before leaving, 999 = none.
    campaigns : list of Campaign.
    end : State at the beginning of month 48.
    """

    volume: np.ndarray
    concession: np.ndarray
    return_rate: np.ndarray
    satisfaction: np.ndarray
    health: np.ndarray
    contact: np.ndarray
    managed: np.ndarray
    probability: np.ndarray
    fall: np.ndarray
    credit_loss: np.ndarray
    price_level: np.ndarray
    cost_level: np.ndarray
    left: np.ndarray
    cause: np.ndarray
    fell: np.ndarray
    campaigns: list[Campaign]
    end: State


NEVER = 999
_OF_STATE = ("satisfaction", "health", "contact", "fall")


def run_history(
    latents: Latents, management: Management, config: Config, rng: np.random.Generator
) -> History:
    """Run the accounts from a burn-in year through 84 months.

    Actions stop with the observed years, so that the future follows the status quo.

    Parameters
    ----------
    latents : Latents
    management : Management
    config : Config
    rng : numpy.random.Generator

    Returns
    -------
    History
    """
    n, months = config.n_accounts, MONTHS + HORIZON
    state = first_state(latents, -_BURN_IN, rng)
    for _ in range(_BURN_IN):
        step(
            state,
            latents,
            config,
            rng,
            managed=management.quality(state.active, config),
            leave=False,
        )
    state.active = latents.start == 0
    state.log_wallet = np.where(state.active, state.log_wallet, latents.log_wallet)
    course = {
        "volume": np.zeros((months, n), dtype=np.float32),
        "concession": np.zeros((months, n), dtype=bool),
        "return_rate": np.zeros((months, n), dtype=np.float16),
        "probability": np.zeros((MONTHS + 1, n), dtype=np.float32),
        "managed": np.zeros((MONTHS + 1, n), dtype=np.float16),
    } | {name: np.zeros((MONTHS + 1, n), dtype=np.float16) for name in _OF_STATE}
    credit_loss = np.zeros(n)
    levels = np.zeros((2, months))
    left = np.full(n, NEVER)
    fell = np.full(n, NEVER)
    cause = np.full(n, -1)
    campaigns: list[Campaign] = []
    end = state
    for month in range(months):
        state.active = state.active | ((latents.start == month) & (month > 0))
        if month in CAMPAIGN_MONTHS:
            volume = course["volume"][month - 1].astype(float)
            campaigns.append(run_campaign(state, latents, volume, len(campaigns), rng))
        if month == MONTHS:
            end = state.repeat(1)
        managed = management.quality(state.active, config)
        if month <= MONTHS:
            course["managed"][month] = managed
            for name in _OF_STATE:
                course[name][month] = getattr(state, name)
        course["concession"][month] = state.running[KINDS.index("price concession")] > 0
        past = step(state, latents, config, rng, managed=managed)
        if month <= MONTHS:
            course["probability"][month] = past.probability
        course["volume"][month] = past.volume
        course["return_rate"][month] = past.return_rate
        credit_loss += past.credit_loss
        levels[:, month] = past.price_level[0], past.cost_level[0]
        gone = past.left >= 0
        left[gone], cause[gone] = month, past.left[gone]
        whole = state.fall == 1
        fell = np.where(state.active & whole, NEVER, fell)
        fell = np.where(state.active & ~whole & (fell == NEVER), month, fell)
    return History(
        **course,
        credit_loss=credit_loss,
        price_level=levels[0],
        cost_level=levels[1],
        left=left,
        cause=cause,
        fell=fell,
        campaigns=campaigns,
        end=end,
    )
