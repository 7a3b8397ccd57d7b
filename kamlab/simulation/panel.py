"""How do accounts move from month to month? One step, used for history and for roll-outs alike.

The step is a Markov process: everything that decides the next month is in `State`, so a roll-out
started from any month has the law of the history itself. Purchases are made through the whole
month; decisions fall at its end. `n` accounts may stand in several worlds at once (rows
`world * n_accounts + account`), each world with its own resin price and competitors.
"""

from dataclasses import dataclass, fields

import numpy as np

from kamlab.simulation.config import Config
from kamlab.simulation.latents import REGIONS, RETURN_SHARE, Latents, season
from kamlab.simulation.leaving import (
    DIRECT,
    LEAVE_AFTER_FALL,
    LOSS_GIVEN_DEFAULT,
    RECOVER,
    cause_hazards,
    monthly_probability,
)

KINDS = ("visit programme", "price concession", "development support", "service recovery")
ACTION_MONTHS = 12
CONCESSION = 0.05
_COMPETITION = 0.97  # share of a competitor's strength that lasts to the next month


@dataclass(slots=True)
class State:
    """What changes from month to month; arrays of shape (n,) unless said.

    Attributes
    ----------
    month : int, months since January 2022; purchases of this month are the next to be made.
    active : bool, buys from us.
    log_wallet, health, satisfaction, contact, share_shift : see `step`.
    fall : factor on purchases, 1 = whole, below 1 = partial defection.
    cause : code of the cause decided on (-1 = none), for fallen accounts.
    running : int array of shape (4, n), months that each action in `KINDS` still runs.
    strength : array of shape (worlds * regions,), strength of the competitors.
    resin : array of shape (worlds, 4), log resin index of this and the three months before.
    """

    month: int
    active: np.ndarray
    log_wallet: np.ndarray
    health: np.ndarray
    satisfaction: np.ndarray
    contact: np.ndarray
    share_shift: np.ndarray
    fall: np.ndarray
    cause: np.ndarray
    running: np.ndarray
    strength: np.ndarray
    resin: np.ndarray

    def repeat(self, worlds: int) -> "State":
        """Stack `worlds` copies of a state of one world."""
        times = {"running": (1, worlds), "resin": (worlds, 1)}
        copies = {
            field.name: np.tile(getattr(self, field.name), times.get(field.name, (worlds,)))
            for field in fields(self)
            if field.name != "month"
        }
        return State(month=self.month, **copies)


@dataclass(frozen=True, slots=True)
class Month:
    """What the accounts do in one month, in expectation given the state; shapes (n,).

    Attributes
    ----------
    volume : purchases at the first month's list prices, EUR.
    discount : share of list price given away.
    price_level, cost_level : factors on list price and cost since the first month.
    return_rate : probability that a line comes back.
    net_sales, gross_profit, cost_to_serve, credit_loss : EUR of the month, returns included.
    hazards : array of shape (7, n), decisions to leave by cause; 0 for inactive accounts.
    probability : probability of leaving at the end of the month; 0 for inactive accounts.
    left : code of the cause for accounts that left at the end of the month, else -1.
    """

    volume: np.ndarray
    discount: np.ndarray
    price_level: np.ndarray
    cost_level: np.ndarray
    return_rate: np.ndarray
    net_sales: np.ndarray
    gross_profit: np.ndarray
    cost_to_serve: np.ndarray
    credit_loss: np.ndarray
    hazards: np.ndarray
    probability: np.ndarray
    left: np.ndarray


def first_state(latents: Latents, month: int, rng: np.random.Generator) -> State:
    """Give the state of accounts before the burn-in, all active and whole, in one world."""
    n = len(latents.start)
    return State(
        month=month,
        active=np.ones(n, dtype=bool),
        log_wallet=latents.log_wallet.copy(),
        health=latents.health + rng.normal(0, 0.3, n),
        satisfaction=rng.normal(0, 0.3, n),
        contact=np.full(n, 0.5),
        share_shift=np.zeros(n),
        fall=np.ones(n),
        cause=np.full(n, -1, dtype=np.int8),
        running=np.zeros((len(KINDS), n), dtype=np.int8),
        strength=np.zeros(len(REGIONS)),
        resin=np.zeros((1, 4)),
    )


def order_rate(latents: Latents, volume: np.ndarray) -> np.ndarray:
    """Give orders a month at a volume: order count and order size share its changes."""
    start = np.exp(latents.log_wallet) / (1 + np.exp(-latents.share_base)) / 12
    return latents.order_rate * np.sqrt(volume / start)


def serve_rates(latents: Latents) -> tuple[np.ndarray, np.ndarray]:
    """Give cost to serve per order (EUR) and per euro of purchases."""
    return 80.0 * latents.complexity, 0.002 + 0.030 * latents.complexity


def days_late(health: np.ndarray) -> np.ndarray:
    """Give mean days of payment beyond terms."""
    return np.exp(2.0 - 0.85 * health)


def step(
    state: State,
    latents: Latents,
    config: Config,
    rng: np.random.Generator,
    *,
    managed: np.ndarray,
    leave: bool = True,
) -> Month:
    """Let a month pass: what is bought and lost in it, then move `state` to the next.

    Draws the same number of random numbers whatever the state, so that two policies that start
    from one seed meet the same luck (common random numbers).

    Parameters
    ----------
    state : State
        Of the month; changed in place to that of the next.
    latents : Latents
        Of the n accounts, repeated as often as there are worlds.
    config : Config
    rng : numpy.random.Generator
    managed : numpy.ndarray of shape (n,)
        Quality of account management, 0 = nobody.
    leave : bool
        Whether accounts may leave (not in the burn-in).

    Returns
    -------
    Month
    """
    n = len(state.active)
    worlds = len(state.resin)
    world = np.repeat(np.arange(worlds), n // worlds)
    place = world * len(REGIONS) + latents.region
    strength = state.strength[place]
    visited, concession, support, recovery = state.running > 0
    share = 1 / (
        1
        + np.exp(
            -(
                latents.share_base
                + 0.35 * state.satisfaction
                + 0.25 * managed
                - 0.25 * strength
                + state.share_shift
            )
        )
    )
    volume = np.exp(state.log_wallet) * share / 12 * season(latents, state.month) * state.fall
    volume = np.where(state.active, volume, 0.0)
    price_level = np.exp(0.45 * state.resin[:, 1:].mean(axis=1))[world]
    cost_level = np.exp(0.50 * state.resin[:, 0])[world]
    return_rate = np.minimum(0.022 * np.exp(-0.4 * state.satisfaction), 0.15)
    discount = latents.discount + CONCESSION * concession
    kept = 1 - RETURN_SHARE * return_rate
    gross = volume * price_level * (1 - discount)
    per_order, per_euro = serve_rates(latents)
    net = gross * kept
    profit = net - volume * cost_level * latents.cost_ratio * kept
    serve = per_order * order_rate(latents, volume) + per_euro * gross
    hazards = state.active * cause_hazards(
        latents,
        config,
        satisfaction=state.satisfaction,
        contact=state.contact,
        health=state.health,
        strength=strength,
        managed=managed,
        concession=concession,
        visited=visited,
    )
    fallen = state.fall < 1
    probability = state.active * monthly_probability(hazards, fallen)
    left = _decide(state, hazards, fallen, rng) if leave else np.full(n, -1, dtype=np.int8)
    owed = net * (latents.terms + days_late(state.health)) / 30
    credit_loss = np.where(left == 5, LOSS_GIVEN_DEFAULT * owed, 0.0)
    month = Month(
        volume=volume,
        discount=discount,
        price_level=price_level,
        cost_level=cost_level,
        return_rate=return_rate,
        net_sales=net,
        gross_profit=profit,
        cost_to_serve=serve,
        credit_loss=credit_loss,
        hazards=hazards,
        probability=probability,
        left=left,
    )
    _compete(state, config, place, left, share)
    _move(state, latents, config, rng, managed, (visited, support, recovery), share)
    return month


def _decide(
    state: State, hazards: np.ndarray, fallen: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw who leaves for what cause, who falls first, who recovers; change the state."""
    luck, way, depth = rng.random((3, len(fallen)))
    total = np.cumsum(hazards, axis=0)
    decided = ~fallen & (luck < 1 - np.exp(-total[-1]))
    aim = way * total[-1]  # the cause in proportion to its hazard; `way` is fresh given decided
    cause = (aim >= total).sum(axis=0).clip(max=6).astype(np.int8)
    insolvent_fallen = fallen & (luck < 1 - np.exp(-hazards[5]))
    at_once = decided & ((depth < DIRECT) | (cause == 5))
    falls = decided & ~at_once
    after = fallen & ~insolvent_fallen & (way < LEAVE_AFTER_FALL)
    recovers = fallen & ~insolvent_fallen & ~after & (way > 1 - RECOVER)
    left = np.where(at_once, cause, np.int8(-1))
    left = np.where(after, state.cause, left)
    left = np.where(insolvent_fallen, np.int8(5), left).astype(np.int8)
    left[~state.active] = -1
    state.cause = np.where(falls, cause, np.where(recovers, np.int8(-1), state.cause))
    state.fall = np.where(falls, 0.2 + 0.8 * (depth - DIRECT), np.where(recovers, 1.0, state.fall))
    state.active = state.active & (left < 0)
    return left


def _compete(
    state: State, config: Config, place: np.ndarray, left: np.ndarray, share: np.ndarray
) -> None:
    """Let competitors grow by the purchases that they won, relative to their region's."""
    won = np.where((left >= 0) & (left < 5), np.exp(state.log_wallet) * share, 0.0)
    size = len(state.strength)
    held = np.bincount(place, np.exp(state.log_wallet) * share * state.active, size)
    lost = np.bincount(place, won, size)
    gain = lost / np.maximum(held + lost, 1.0)
    state.strength = _COMPETITION * state.strength + 2.0 * config.spill_over * gain


def _move(
    state: State,
    latents: Latents,
    config: Config,
    rng: np.random.Generator,
    managed: np.ndarray,
    running: tuple[np.ndarray, np.ndarray, np.ndarray],
    share: np.ndarray,
) -> None:
    """Move wallet, health, satisfaction, contact, share, resin and running actions on a month."""
    visited, support, recovery = running
    shock, luck, mood = rng.normal(size=(3, len(share)))
    incident = rng.random(len(share)) < np.minimum(0.06 * latents.complexity**0.6, 0.4)
    growth = latents.growth + 0.02 * config.philosophy * latents.philosophy
    open_mind = 1 + np.clip(config.philosophy * latents.philosophy, -0.5, 1.5)
    growth = growth + 0.10 * support * open_mind * latents.response
    state.log_wallet = state.log_wallet + growth / 12 + 0.055 * shock
    state.health = state.health + 0.08 * (latents.health - state.health) + 0.14 * luck
    state.contact = 0.8 * state.contact + 0.1 + 0.10 * managed + 0.12 * visited
    pull = 0.4 * latents.culture + 0.6 * (state.contact - 0.5) + 0.3 * managed
    care = (0.35 * recovery + 0.15 * visited) * latents.response
    state.satisfaction = (
        0.85 * state.satisfaction + 0.15 * (pull + care) - 0.35 * incident + 0.16 * mood
    )
    room = config.wallet * 0.015 * (0.55 - share)
    state.share_shift = 0.995 * state.share_shift + room + 0.03 * support * latents.response
    innovation = rng.normal(0, 0.028, len(state.resin))
    state.resin = np.column_stack([0.94 * state.resin[:, 0] + innovation, state.resin[:, :-1]])
    state.running = np.maximum(state.running - 1, 0).astype(np.int8)
    state.month += 1
