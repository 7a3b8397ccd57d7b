"""What is wrong in each of some order lines that a cluster or a database holds?"""

import pandas as pd

from kamlab.sources.schema import TABLES
from kamlab.sources.stray import Bounds

LARGEST = 1e12
"""Largest amount of a line: sums of a day stay exact in whole numbers of 64 bits."""
SHOWN = 100
"""How many refused lines of each reason are brought here to be shown."""


def shown_lines(
    found: pd.DataFrame, problem: pd.Series, reporting: str, believed: Bounds, label: str
) -> pd.DataFrame:
    """Say of some refused lines what is wrong in each.

    Parameters
    ----------
    found : pd.DataFrame
        Canonical columns of the lines.
    problem : pd.Series
        Of each line, as `column|reason`.
    reporting : str
        Currency of the reports.
    believed : Bounds
        Days that are believed.
    label : str
        Where the lines are, for people.

    Returns
    -------
    pd.DataFrame
        At most `SHOWN` lines of each reason, as `Sources.refused`.
    """
    parts = [text.partition("|") for text in problem]
    column = [name for name, _, _ in parts]
    values = [found[name].iloc[k] if name in found else None for k, name in enumerate(column)]
    table = pd.DataFrame(
        {
            "table": "orders",
            "file": label,
            "row": pd.Series(pd.NA, index=found.index, dtype="Int64"),
            "column": column,
            "value": [None if pd.isna(value) else str(value) for value in values],
            "reason": [reason for _, _, reason in parts],
            "expected": [_expected(name, reporting, believed) for name in column],
            "amount": found["net_sales"],
            "currency": found["currency"].fillna(reporting),
        }
    )
    return table.groupby("reason", sort=False).head(SHOWN).reset_index(drop=True)


def _expected(name: str, reporting: str, believed: Bounds) -> str:
    """Say what a column should have held."""
    kind = TABLES["orders"].by_name[name].kind
    if kind == "date":
        return f"a day from {believed.first or 'the start'} to {believed.last or 'the end'}"
    return {"number": f"from {-LARGEST:g} to {LARGEST:g}", "currency": reporting}.get(
        kind, "an identifier"
    )
