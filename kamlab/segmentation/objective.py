"""What is the list of key accounts for, and what does an account need to be on it?"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

SERVE, DEVELOP, NEITHER = "serve", "develop", "—"
# What the explaining score is made of: column, and whether high values are good.
CRITERIA: Mapping[str, tuple[str, bool]] = {
    "sales share": ("net_sales", True),
    "gross profit": ("gross_profit", True),
    "margin": ("margin_rate", True),
    "growth": ("sales_growth", True),
    "business space": ("head_room", True),
    "payment": ("days_beyond_terms", False),
    "finances": ("financial_standing", True),
    "management": ("philosophy_score", True),
    "bargaining power": ("bargaining_power", False),
}
# Unit of each criterion and of its limits.
UNITS: Mapping[str, str] = {
    "sales share": "currency",
    "gross profit": "currency",
    "margin": "share of sales",
    "growth": "share of the year before",
    "business space": "currency a year",
    "payment": "days beyond terms",
    "finances": "chance of no default in a year",
    "management": "1 to 5",
    "bargaining power": "standard score",
}


@dataclass(frozen=True, slots=True)
class Gate:
    """A minimum or maximum that no strength elsewhere makes up for.

    Attributes
    ----------
    name : str
        Short name, as in "payment".
    column : str
        Column of the facts.
    least, most : float
        Limits, inclusive; infinite where there is none.
    said : str
        The whole reason of who fails it, a sentence; empty: it is worded from figure and limits.
    """

    name: str
    column: str
    least: float = -np.inf
    most: float = np.inf
    said: str = ""


@dataclass(frozen=True, slots=True)
class Objective:
    """What the list is for.

    Attributes
    ----------
    key_accounts : int
        How many accounts can be served personally.
    develop_places : int
        How many smaller accounts can be supported.
    minimum_sales_share, minimum_margin : float or None
        Least standing; None: found from the data.
    weights : mapping of criterion to weight
        Of the explaining score, not negative; criteria without data are left out and said.
    gates : tuple of Gate
        Beside sales and margin.
    money_weight : float
        1: money alone ranks. Below 1 the explaining score has a say: accounts are then ranked by
        this share of their worth against the greatest worth, and the rest of their score.
    """

    key_accounts: int = 20
    develop_places: int = 10
    minimum_sales_share: float | None = None
    minimum_margin: float | None = None
    weights: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(CRITERIA, 1.0))
    gates: tuple[Gate, ...] = ()
    money_weight: float = 1.0

    def __post_init__(self) -> None:
        """Refuse an objective that cannot be met."""
        if self.key_accounts < 1 or self.develop_places < 0:
            raise ValueError("key_accounts is at least 1 and develop_places not negative")
        strange = sorted(set(self.weights) - set(CRITERIA))
        if strange or any(weight < 0 for weight in self.weights.values()):
            raise ValueError(
                f"weights are not negative and of {list(CRITERIA)}; not known: {strange}"
            )
        if not 0 <= self.money_weight <= 1:
            raise ValueError(f"money_weight lies between 0 and 1, not {self.money_weight}")
