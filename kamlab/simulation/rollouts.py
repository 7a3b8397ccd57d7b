"""What would happen, on average, under another policy? Monte-Carlo roll-outs with common luck.

All policies of one call start from one state and one seed. `panel.step` draws the same number of
random numbers in the same order whatever the policy, so differences between policies have far
smaller errors than the values themselves.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from kamlab.simulation.config import Config
from kamlab.simulation.latents import Latents
from kamlab.simulation.managers import Management
from kamlab.simulation.panel import State, step

YEARLY_DISCOUNT = 0.10
_CELLS = 200_000  # account-paths simulated side by side: bounds memory


@dataclass(frozen=True, slots=True)
class Policy:
    """What is done from a state on.

    Attributes
    ----------
    managed : quality of management for all; None leaves managers where they are.
    start : function that changes the starting state (of several worlds), or None.
    """

    managed: float | None = None
    start: Callable[[State], None] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Mean and standard error per account over the paths; arrays of shape (n,).

    Attributes
    ----------
    gross_profit, contribution, net_sales : dict of months to (mean, standard error), EUR.
    present_value : mean and standard error of contribution discounted at 10 % a year.
    left : dict of months to the probability that the account has left by then: the mean over the
        paths of the summed monthly probabilities while it stays, smoother than counting leavers.
    values : array of shape (paths, n), see `roll_out`.
    """

    gross_profit: dict[int, tuple[np.ndarray, np.ndarray]]
    contribution: dict[int, tuple[np.ndarray, np.ndarray]]
    net_sales: dict[int, tuple[np.ndarray, np.ndarray]]
    present_value: tuple[np.ndarray, np.ndarray]
    left: dict[int, np.ndarray]
    values: np.ndarray


def roll_out(
    state: State,
    latents: Latents,
    management: Management,
    config: Config,
    policy: Policy,
    *,
    horizons: tuple[int, ...],
    seed: tuple[int, ...],
    keep: int | None = None,
) -> Outcome:
    """Roll all accounts forward along `config.paths` paths.

    Parameters
    ----------
    state : State
        Of one world; not changed.
    latents : Latents
    management : Management
    config : Config
    policy : Policy
    horizons : tuple of int
        Months at which sums are taken, ascending; the last is the length of the roll-out.
    seed : tuple of int
        The same for all policies to be compared.
    keep : int, optional
        Horizon whose contribution is kept for every path in `values`; by default the present value.

    Returns
    -------
    Outcome
        `values` has shape (paths, n).
    """
    n, paths = config.n_accounts, config.paths
    batch = max(min(paths, _CELLS // n), 1)
    first: dict[str, np.ndarray] = {}
    second: dict[str, np.ndarray] = {}
    kept = "present value" if keep is None else f"contribution {keep}"
    values = np.empty((paths, n))
    for number, done in enumerate(range(0, paths, batch)):
        worlds = min(batch, paths - done)
        rng = np.random.default_rng([*seed, number])
        for name, flat in _one_batch(
            state.repeat(worlds), latents, management, config, policy, horizons, rng
        ).items():
            cells = flat.reshape(worlds, n)
            first[name] = first.get(name, 0.0) + cells.sum(axis=0)
            second[name] = second.get(name, 0.0) + (cells**2).sum(axis=0)
            if name == kept:
                values[done : done + worlds] = cells

    def estimate(name: str) -> tuple[np.ndarray, np.ndarray]:
        mean = first[name] / paths
        spread = np.maximum(second[name] - paths * mean**2, 0.0) / (paths - 1)
        return mean, np.sqrt(spread / paths)

    return Outcome(
        gross_profit={h: estimate(f"gross_profit {h}") for h in horizons},
        contribution={h: estimate(f"contribution {h}") for h in horizons},
        net_sales={h: estimate(f"net_sales {h}") for h in horizons},
        present_value=estimate("present value"),
        left={h: estimate(f"left {h}")[0] for h in horizons},
        values=values,
    )


def _one_batch(
    state: State,
    latents: Latents,
    management: Management,
    config: Config,
    policy: Policy,
    horizons: tuple[int, ...],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Roll several worlds forward side by side; give sums of shape (worlds * n,)."""
    worlds = len(state.resin)
    many = latents.repeat(worlds)
    if policy.start is not None:
        policy.start(state)
    count = len(state.active)
    totals = {name: np.zeros(count) for name in ("gross_profit", "contribution", "net_sales")}
    value, gone = np.zeros(count), np.zeros(count)
    sums: dict[str, np.ndarray] = {}
    for month in range(1, horizons[-1] + 1):
        managed = (
            management.quality(state.active, config)
            if policy.managed is None
            else np.full(count, policy.managed)
        )
        past = step(state, many, config, rng, managed=managed)
        contribution = past.gross_profit - past.cost_to_serve - past.credit_loss
        totals["gross_profit"] += past.gross_profit
        totals["contribution"] += contribution
        totals["net_sales"] += past.net_sales
        gone += past.probability
        value += contribution / (1 + YEARLY_DISCOUNT) ** (month / 12)
        if month in horizons:
            sums |= {f"{name} {month}": total.copy() for name, total in totals.items()}
            sums[f"left {month}"] = gone.copy()
    sums["present value"] = value
    return sums
