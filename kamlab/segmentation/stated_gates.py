"""Which limits does the analyst set that no strength elsewhere makes up for? In words."""

import re
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from kamlab.segmentation.objective import CRITERIA, Gate
from kamlab.sources.industry import Standard

_ENTRY = re.compile(r"^(?P<what>[^<>=]+?)\s*(?P<side><=|>=)\s*(?P<number>-?[0-9.]+(?:e-?\d+)?)$")


def read_gates(
    text: str, standards: Mapping[str, Standard], facts: pd.DataFrame
) -> tuple[dict[str, Standard], tuple[Gate, ...]]:
    """Read limits such as "payment <= 30, growth >= -0.2, days_since_last_order <= 180".

    Parameters
    ----------
    text : str
        Limits, inclusive, separated by commas: a criterion of
        `kamlab.segmentation.objective.CRITERIA`, or any column of numbers of the facts, then <= or
        >= and a number in its unit. Empty: none beyond the standards.
    standards : mapping of str to Standard
        By criterion, those of the industry; a limit that is stated goes before theirs.
    facts : pd.DataFrame
        One row an account.

    Returns
    -------
    standards : dict of str to Standard
        With what was stated of criteria.
    gates : tuple of Gate
        What was stated of other columns, in the order stated.

    Raises
    ------
    ValueError
        If the text cannot be read, or names what is neither a criterion nor a column of numbers.

    Examples
    --------
    >>> facts = pd.DataFrame({"orders": [3, 9]})
    >>> made, gates = read_gates("payment <= 30, orders >= 4", {}, facts)
    >>> made["payment"].most, gates[0].name, gates[0].least
    (30.0, 'orders', 4.0)
    """
    made = dict(standards)
    limits: dict[str, tuple[float, float]] = {}
    for part in filter(None, (part.strip() for part in re.split(r"[,;]", text))):
        match = _ENTRY.match(part)
        if not match:
            raise ValueError(f"{part!r} is no gate: write 'payment <= 30', separated by commas")
        name, side, number = match["what"], match["side"], _number(match["number"], part)
        if name in CRITERIA:
            end = "most" if side == "<=" else "least"
            made[name] = replace(made.get(name, Standard()), **{end: number})
            continue
        if name not in facts or not pd.api.types.is_numeric_dtype(facts[name]):
            numbers = facts.select_dtypes("number").columns
            raise ValueError(
                f"there is no {name!r} to set a limit to; there are {', '.join(CRITERIA)}, and of "
                f"the facts {', '.join(numbers)}"
            )
        low, high = limits.get(name, (-np.inf, np.inf))
        limits[name] = (low, number) if side == "<=" else (number, high)
    return made, tuple(Gate(name, name, low, high) for name, (low, high) in limits.items())


def _number(text: str, part: str) -> float:
    """Read a number, or say which limit has none."""
    try:
        return float(text)
    except ValueError:
        raise ValueError(f"{part!r} holds no number that can be read: {text!r}") from None
