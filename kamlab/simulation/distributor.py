"""Which world is drawn from a seed? The order of the draws, each with its own random stream."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from kamlab.errors import UsageError
from kamlab.simulation.accounts import Identity, accounts_table, draw_identity
from kamlab.simulation.actions import actions_table
from kamlab.simulation.config import HORIZON, MONTHS, Config, preset
from kamlab.simulation.history import History, run_history
from kamlab.simulation.latents import Latents, draw_latents
from kamlab.simulation.ledger import MonthBook, month_books
from kamlab.simulation.managers import Management, draw_management, managers_table
from kamlab.simulation.names import staff_names
from kamlab.simulation.orders import Catalogue, draw_catalogue

_STREAMS = (
    "catalogue",
    "latents",
    "management",
    "history",
    "ledger",
    "identity",
    "accounts",
    "managers",
    "people",
    "interactions",
    "surveys",
    "defections",
    "truth",
)


@dataclass(frozen=True, slots=True)
class World:
    """Everything that is true, before anybody observes it."""

    config: Config
    catalogue: Catalogue
    latents: Latents
    management: Management
    history: History
    identity: Identity


@dataclass(frozen=True, slots=True)
class Distributor:
    """A simulated distributor.

    Attributes
    ----------
    tables : dict of pandas.DataFrame
        What the distributor knows: orders, accounts, contacts, interactions, invoices,
        survey_responses, defections, managers, actions, in canonical columns.
    truth : dict of pandas.DataFrame
        What only the simulation knows; see `kamlab.simulation.truth`.
    config : Config
    """

    tables: dict[str, pd.DataFrame]
    truth: dict[str, pd.DataFrame]
    config: Config = field(repr=False)


def stream(config: Config, name: str) -> np.random.Generator:
    """Give the random stream of one concept, so that a change in one leaves the others alone."""
    return np.random.default_rng([config.seed, _STREAMS.index(name)])


def draw_world(config: Config) -> World:
    """Draw accounts, managers and the course of 84 months.

    Parameters
    ----------
    config : Config

    Returns
    -------
    World
    """
    catalogue = draw_catalogue(stream(config, "catalogue"))
    latents = draw_latents(config, catalogue.cost_ratio, stream(config, "latents"))
    management = draw_management(latents, config, stream(config, "management"))
    history = run_history(latents, management, config, stream(config, "history"))
    identity = draw_identity(latents, stream(config, "identity"))
    return World(config, catalogue, latents, management, history, identity)


def simulate(size: str | Config = "small", seed: int = 7) -> Distributor:
    """Simulate a distributor in memory.

    Parameters
    ----------
    size : {"tiny", "small", "medium"} or Config
        A preset's name, or own settings (then `seed` is that of the settings).
    seed : int
        Same seed, same distributor.

    Returns
    -------
    Distributor

    Raises
    ------
    UsageError
        If there is no such size, or it is too large for memory: `write_demo` streams that.

    Examples
    --------
    >>> tables = simulate("tiny", seed=1).tables
    >>> len(tables["accounts"])
    60
    """
    config = size if isinstance(size, Config) else preset(size, seed)
    if config.n_accounts > 20_000:
        raise UsageError(
            f"{config.n_accounts} accounts are too many to hold in memory: "
            "write them to a folder with write_demo"
        )
    world = draw_world(config)
    orders, invoices = [], []
    sums = np.zeros((MONTHS + HORIZON, 3, config.n_accounts))
    for book in books(world):
        sums[book.month] = book.sums
        if book.orders is not None and book.invoices is not None:
            orders.append(book.orders)
            invoices.append(book.invoices)
    tables = {"orders": _frame(orders), "invoices": _frame(invoices), **small_tables(world)}
    return Distributor(tables=tables, truth={}, config=config)


def books(world: World) -> Iterator[MonthBook]:
    """Draw the books of a world month by month."""
    seed = (world.config.seed, _STREAMS.index("ledger"))
    return month_books(world.latents, world.history, world.catalogue, world.config, seed)


def small_tables(world: World) -> dict[str, pd.DataFrame]:
    """Make every observed table but orders and invoices."""
    config, history = world.config, world.history
    bought = history.volume[:MONTHS]
    volume = bought.sum(axis=0) / np.maximum((bought > 0).sum(axis=0), 1)
    return {
        "accounts": accounts_table(
            world.identity,
            world.latents,
            world.management,
            volume,
            history.end.log_wallet,
            stream(config, "accounts"),
        ),
        "managers": managers_table(world.management, staff_names(), stream(config, "managers")),
        "actions": actions_table(history.campaigns, world.identity.ids),
    }


def _frame(parts: list[pa.Table]) -> pd.DataFrame:
    """Join months to one pandas frame with datetime64 dates."""
    frame = pa.concat_tables(parts).to_pandas(date_as_object=False)
    dates = frame.select_dtypes("datetime").columns
    return frame.astype(dict.fromkeys(dates, "datetime64[us]"))
