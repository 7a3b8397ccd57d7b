"""What does the industry's profile ask of a key account, in the terms of the objective?"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlab.segmentation.objective import CRITERIA, Gate
from kamlab.sources.industry import Standard


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked, split into what `kamlab.segmentation.objective.Objective` takes.

    Attributes
    ----------
    weights : dict of str to float
        By criterion.
    minimum_sales_share, minimum_margin : float or None
        None: to be found from the data.
    gates : tuple of Gate
        Of the criteria that the facts have.
    not_known : tuple of str
        Criteria with a limit and without data: nobody can be held to it.
    """

    weights: dict[str, float]
    minimum_sales_share: float | None
    minimum_margin: float | None
    gates: tuple[Gate, ...]
    not_known: tuple[str, ...]


def asked_of(standards: Mapping[str, Standard], facts: pd.DataFrame) -> Asked:
    """Turn the standards of an industry into minimums and gates.

    Parameters
    ----------
    standards : mapping of str to Standard
        By criterion, as `kamlab.sources.industry.Industry.criteria`.
    facts : pd.DataFrame
        One row an account, with the columns of `CRITERIA` that are known.

    Returns
    -------
    Asked
        The least sales share and margin go to the list's own gates; other limits become gates.

    Examples
    --------
    >>> asked_of({"margin": Standard(2.0, least=0.1)}, pd.DataFrame()).minimum_margin
    0.1
    """
    least = {name: standard.least for name, standard in standards.items()}
    gates, not_known = [], []
    for name, standard in standards.items():
        own = name in ("sales share", "margin")
        low = None if own else standard.least
        if low is None and standard.most is None:
            continue
        column = CRITERIA[name][0]
        if column not in facts or facts[column].isna().all():
            not_known.append(name)
            continue
        high = np.inf if standard.most is None else standard.most
        if name == "sales share":
            high = high * float(facts[column].clip(lower=0).sum())
        gates.append(
            Gate(
                f"{name} limit" if own else name,
                column,
                -np.inf if low is None else low,
                high,
            )
        )
    return Asked(
        {name: standard.weight for name, standard in standards.items()},
        least.get("sales share"),
        least.get("margin"),
        tuple(gates),
        tuple(not_known),
    )
