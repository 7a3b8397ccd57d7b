"""Which world is drawn from a seed? The order of the draws, each with its own random stream."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
import pyarrow as pa

from kamlab.errors import UsageError
from kamlab.simulation.accounts import Identity, draw_identity
from kamlab.simulation.config import HORIZON, MONTHS, Config, preset
from kamlab.simulation.history import History, run_history
from kamlab.simulation.latents import Latents, draw_latents
from kamlab.simulation.ledger import MonthBook, month_books
from kamlab.simulation.managers import Management, draw_management
from kamlab.simulation.orders import Catalogue, draw_catalogue

LARGEST_IN_MEMORY = 20_000
_STREAMS = (
    "catalogue",
    "latents",
    "management",
    "history",
    "ledger",
    "identity",
    "accounts",
    "managers",
    "persons",
    "records",
    "interactions",
    "surveys",
    "defections",
    "alternatives",
    "ratings",
    "financials",
    "wallets",
    "forecasts",
    "quotes",
    "services",
    "win-back offers",
    "kano answers",
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
        survey_responses, defections, managers, actions, ratings, financials, wallet_observations,
        forecasts, quotes, services, win_back_offers, kano_answers, in canonical columns.
    truth : dict of pandas.DataFrame
        What only the simulation knows; see `kamlab.simulation.truth`.
    config : Config
    """

    tables: dict[str, pd.DataFrame] = field(repr=False)
    truth: dict[str, pd.DataFrame] = field(repr=False)
    config: Config


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


def books(world: World) -> Iterator[MonthBook]:
    """Draw the order lines and invoices of a world month by month, 36 future months included."""
    seed = (world.config.seed, _STREAMS.index("ledger"))
    return month_books(world.latents, world.history, world.catalogue, world.config, seed)


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
    >>> distributor = simulate("tiny", seed=1)
    >>> len(distributor.tables["accounts"]), len(distributor.truth["account"])
    (60, 60)
    """
    from kamlab.simulation.tables import office_tables, people_tables, truth_tables
    from kamlab.simulation.truth import month_truth

    config = size if isinstance(size, Config) else preset(size, seed)
    if config.n_accounts > LARGEST_IN_MEMORY:
        raise UsageError(
            f"{config.n_accounts} accounts are too many to hold in memory "
            f"(at most {LARGEST_IN_MEMORY}): write them to a folder with write_demo"
        )
    world = draw_world(config)
    orders, invoices = [], []
    future = np.zeros((HORIZON, 3, config.n_accounts))
    for book in books(world):
        if book.orders is None or book.invoices is None:
            future[book.month - MONTHS] = book.sums
        else:
            orders.append(book.orders)
            invoices.append(book.invoices)
    people, said = people_tables(world)
    office, kept = office_tables(world)
    truth = truth_tables(world, future)
    months = [month_truth(world, month) for month in range(MONTHS)]
    return Distributor(
        tables={"orders": _frame(orders), "invoices": _frame(invoices), **people, **office},
        truth={**truth, **said, **kept, "month": pd.concat(months, ignore_index=True)},
        config=config,
    )


def _frame(parts: list[pa.Table]) -> pd.DataFrame:
    """Join months to one pandas frame with datetime64 dates."""
    frame = pa.concat_tables(parts).to_pandas(date_as_object=False)
    dates = frame.select_dtypes("datetime").columns
    return frame.astype(dict.fromkeys(dates, "datetime64[us]"))
