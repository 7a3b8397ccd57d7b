"""One simulated distributor and its profiles, made once for all tests of accounts."""

from datetime import date

import pytest

from kamlab.accounts.profiles import profiles
from kamlab.simulation import simulate


@pytest.fixture(scope="session")
def world():
    """Give one simulated distributor, drawn once for the whole room."""
    return simulate("small", seed=11)


@pytest.fixture(scope="session")
def full(world):
    """Give its profiles at the end of the data, from every table that they take."""
    names = ("accounts", "invoices", "interactions", "financials", "ratings")
    names += ("wallet_observations", "contacts", "forecasts", "quotes")
    given = {name: world.tables[name] for name in names}
    return profiles(world.tables["orders"], date(2026, 1, 1), **given)
