"""Does a department for key accounts pay, and from how many accounts on?"""

import math
from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class BreakEven:
    """From how many accounts on a department pays.

    Attributes
    ----------
    curve : pd.DataFrame
        One row a number of accounts, from 0: `accounts`, `gain`, `cost`, `net` (a year), and `mean`
        (net if every account brought the mean).
    break_even : float
        K* = F / (v − c), rounded up to whole accounts; infinite where an account costs more than
        it brings.
    from_accounts : float
        Fewest of the list, the best first, that pay for the department; infinite where none do.
    best : int
        Number of accounts at which most is left.
    said : str
        In a sentence.
    """

    curve: pd.DataFrame
    break_even: float
    from_accounts: float
    best: int
    said: str


def break_even(fixed: float, gain: float, cost: float) -> float:
    """Give the number of accounts from which on a department pays: K* = F / (v − c).

    Parameters
    ----------
    fixed : float
        Yearly cost of the department whatever it looks after, not negative.
    gain, cost : float
        What an account brings, and costs, a year.

    Returns
    -------
    float
        Whole accounts, rounded up; infinite where the gain does not exceed the cost.

    Examples
    --------
    >>> break_even(300_000, 40_000, 10_000), break_even(300_000, 9_000, 10_000)
    (10.0, inf)
    """
    if fixed < 0:
        raise ValueError(f"fixed cost is not negative, got {fixed}")
    if gain <= cost:
        return 0.0 if fixed == 0 and gain == cost else math.inf
    return float(math.ceil(round(fixed / (gain - cost), 9)))


def department(gains: pd.Series, *, fixed: float, cost: float, currency: str = "") -> BreakEven:
    """Hold what key accounts bring against what a department costs.

    Parameters
    ----------
    gains : pd.Series of float
        What looking after each account brings a year; they are taken from the largest.
    fixed : float
        Yearly cost of the department whatever it looks after, not negative.
    cost : float
        Yearly cost of an account that is looked after, not negative.
    currency : str
        Code for the sentence.

    Raises
    ------
    ValueError
        If a gain is missing, there is none, or a cost is negative.
    """
    if gains.empty or gains.isna().any():
        raise ValueError("each account needs a gain, and one account at least")
    if cost < 0:
        raise ValueError(f"the cost of an account is not negative, got {cost}")
    ordered = np.sort(gains.to_numpy(float))[::-1]
    count = np.arange(len(ordered) + 1)
    brought = np.r_[0.0, ordered.cumsum()]
    spent = fixed + cost * count
    mean = float(ordered.mean())
    curve = pd.DataFrame(
        {
            "accounts": count,
            "gain": brought,
            "cost": spent,
            "net": brought - spent,
            "mean": count * (mean - cost) - fixed,
        }
    )
    star = break_even(fixed, mean, cost)
    pays = curve.loc[(curve["net"] >= 0) & (curve["accounts"] > 0), "accounts"]
    first = float(pays.min()) if len(pays) else math.inf
    best = int(curve.loc[curve["net"].idxmax(), "accounts"])
    top = float(curve["net"].max())
    money = f" {currency}".rstrip()
    if math.isinf(first):
        said = (
            f"A department does not pay with these {len(ordered)} accounts: at best "
            f"{curve['net'].iloc[1:].max():,.0f}{money} a year are left."
        )
    else:
        said = (
            f"A department pays from {first:.0f} account{'s' if first > 1 else ''} on; with {best} "
            f"it leaves most, {top:,.0f}{money} a year."
        )
    return BreakEven(curve, star, first, best, said.replace("-", "−"))
