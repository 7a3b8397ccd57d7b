"""How large is the simulated distributor, and how much does each criterion matter there?"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt

from kamlab.errors import UsageError

FIRST_DAY = date(2022, 1, 1)
END = date(2026, 1, 1)
MONTHS = 48
HORIZON = 36


def first_day(month: npt.ArrayLike) -> Any:  # noqa: ANN401  a day, or an array of days
    """Give the first day of months that are counted from 0."""
    return (np.datetime64(FIRST_DAY, "M") + np.asarray(month)).astype("datetime64[D]")


@dataclass(frozen=True, slots=True)
class Config:
    """Settings of a simulated distributor; checks itself.

    Parameters
    ----------
    seed : int
        Every table follows from it; not negative.
    n_accounts : int
        Accounts that buy at any time in the four years, 30 to 1,000,000.
    orders_per_month : float
        Median number of orders a month of an account in its first year, 0.05 to 20.
    lines_per_order : float
        Mean number of lines of an order, 1 to 10.
    managed_share : float
        Share of the accounts that are looked after by an account manager, 0 to 1.
    contacts_a_year : float
        Mean number of interactions a year of an account, 0 to 50.
    paths : int
        Roll-outs behind each expected value in the truth tables, 4 to 10,000.
    philosophy : float
        How much a modern management adds to an account's growth and loyalty; 0 switches the
        criterion off, 1 is the preset, at most 5.
    finance : float
        How much weak finances lead to insolvency; 0 makes all accounts equally safe, at most 5.
    wallet : float
        How much room in an account's purchases turns into growth of our share; at most 5.
    management : float
        How much an account manager helps; at most 5.
    spill_over : float
        How much a competitor is strengthened by what it wins from us; at most 5.

    Raises
    ------
    UsageError
        If a setting is outside its range.

    Examples
    --------
    >>> Config(seed=7, n_accounts=400).months
    48
    """

    seed: int = 7
    n_accounts: int = 400
    orders_per_month: float = 1.25
    lines_per_order: float = 2.6
    managed_share: float = 0.2
    contacts_a_year: float = 6.0
    paths: int = 64
    philosophy: float = 1.0
    finance: float = 1.0
    wallet: float = 1.0
    management: float = 1.0
    spill_over: float = 1.0

    @property
    def months(self) -> int:
        """Months observed, from January 2022."""
        return MONTHS

    def __post_init__(self) -> None:
        """Refuse settings outside their ranges."""
        ranges: dict[str, tuple[float, float]] = {
            "seed": (0, 2**63),
            "n_accounts": (30, 1_000_000),
            "orders_per_month": (0.05, 20),
            "lines_per_order": (1, 10),
            "managed_share": (0, 1),
            "contacts_a_year": (0, 50),
            "paths": (4, 10_000),
            "philosophy": (0, 5),
            "finance": (0, 5),
            "wallet": (0, 5),
            "management": (0, 5),
            "spill_over": (0, 5),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise UsageError(f"{name} is {value}; it must be between {low} and {high}")


PRESETS: dict[str, dict[str, float]] = {
    "tiny": {"n_accounts": 60, "contacts_a_year": 4.0, "paths": 32},
    "small": {"n_accounts": 400},
    "medium": {"n_accounts": 5_000, "orders_per_month": 1.35, "lines_per_order": 6.2, "paths": 32},
    "large": {
        "n_accounts": 200_000,
        "orders_per_month": 1.35,
        "lines_per_order": 6.4,
        "contacts_a_year": 0.5,
        "paths": 4,
    },
}


def preset(size: str, seed: int = 7) -> Config:
    """Give the settings of a size by its name.

    Parameters
    ----------
    size : {"tiny", "small", "medium", "large"}
        60, 400, 5,000 or 200,000 accounts.
    seed : int
        Not negative.

    Returns
    -------
    Config

    Raises
    ------
    UsageError
        If there is no such size.

    Examples
    --------
    >>> preset("medium").n_accounts
    5000
    """
    if size not in PRESETS:
        raise UsageError(f"no size {size!r}; choose one of {', '.join(PRESETS)}")
    return Config(seed=seed, **PRESETS[size])  # type: ignore[arg-type]
