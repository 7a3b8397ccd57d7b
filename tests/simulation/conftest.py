"""One small distributor, and several worlds of 1,200 accounts, drawn once for the whole room."""

import numpy as np
import pytest

from kamlab.simulation import Config, simulate
from kamlab.simulation.config import HORIZON, MONTHS
from kamlab.simulation.distributor import books, draw_world


@pytest.fixture(scope="session")
def small():
    return simulate("small", seed=7)


@pytest.fixture(scope="session")
def worlds():
    """Six worlds with the monthly sums of their lines: list of (world, array (84, 3, n))."""
    drawn = []
    for seed in range(1, 7):
        world = draw_world(Config(seed=seed, n_accounts=1_200))
        sums = np.zeros((MONTHS + HORIZON, 3, 1_200))
        for book in books(world):
            sums[book.month] = book.sums
        drawn.append((world, sums))
    return drawn
