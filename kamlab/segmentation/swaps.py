"""Which shift of weight would bring another account onto the list?"""

import numpy as np
import pandas as pd

from kamlab.segmentation.key_list import KeyAccounts, worth_of
from kamlab.segmentation.objective import CRITERIA, Objective

MONEY = "worth"


def merit_matrix(facts: pd.DataFrame, objective: Objective) -> tuple[np.ndarray, np.ndarray]:
    """Give what the merit of each account is made of: money on its scale, then percentiles.

    Returns
    -------
    matrix : np.ndarray of shape (n_accounts, 1 + n_criteria)
        Worth against the greatest worth, then the percentile on each criterion with data (the
        middle where it is missing), 0 to 1.
    weights : np.ndarray of shape (1 + n_criteria,)
        Sum to 1.
    """
    worth = worth_of(facts)[0].to_numpy(float)
    columns, weights = [worth / max(worth.max(), 1e-300)], []
    for name in criteria_used(facts, objective):
        column, high_is_good = CRITERIA[name]
        columns.append(
            facts[column].rank(pct=True, ascending=high_is_good).fillna(0.5).to_numpy(float)
        )
        weights.append(objective.weights[name])
    rest = 1 - objective.money_weight if weights else 0.0
    scaled = rest * np.asarray(weights) / max(sum(weights), 1e-300)
    return np.column_stack(columns), np.r_[1 - rest, scaled]


def criteria_used(facts: pd.DataFrame, objective: Objective) -> list[str]:
    """Name the criteria that have a weight and data, as the score of the list uses them."""
    return [
        name
        for name, weight in objective.weights.items()
        if weight > 0 and CRITERIA[name][0] in facts and facts[CRITERIA[name][0]].notna().sum() >= 2
    ]


def weight_swaps(
    made: KeyAccounts, facts: pd.DataFrame, objective: Objective, *, pairs: int = 5
) -> pd.DataFrame:
    """Find the smallest shift of weight by which accounts outside take the place of those inside.

    Parameters
    ----------
    made : KeyAccounts
    facts : pd.DataFrame
        The facts it was made of.
    objective : Objective
    pairs : int, default 5
        The last inside against so many outside that pass every gate, and so many of the last
        inside against the first outside.

    Returns
    -------
    pd.DataFrame
        One row a pair: `inside`, `outside`, `gap` (of merit), `shift` (smallest part of all weight
        that must move for them to change places; missing where no weights do), `from` and `to`
        (criteria; "worth" is money). A shift of 0.1 from margin to growth means that margin counts
        10 points less and growth 10 more.
    """
    facts = facts.sort_values("account_id", ignore_index=True)
    matrix, weights = merit_matrix(facts, objective)
    names = [MONEY, *criteria_used(facts, objective)]
    merit = pd.Series(matrix @ weights, index=facts["account_id"])
    ordered = merit.sort_values(ascending=False, kind="stable").index
    table = made.table.set_index("account_id").reindex(ordered)
    selected = table["selected"].to_numpy(bool)
    free = ~selected & (table["gate_failed"] == "").to_numpy() & (table["worth"] > 0).to_numpy()
    inside, outside = ordered[selected][-pairs:][::-1], ordered[free][:pairs]
    place = pd.Series(facts.index, index=facts["account_id"])
    met = [(a, b) for a in inside for b in outside if a == inside[0] or b == outside[0]]
    rows = []
    for one, other in met:
        apart = matrix[place[one]] - matrix[place[other]]
        rows.append((one, other, float(weights @ apart), *_smallest_shift(apart, weights, names)))
    return pd.DataFrame(rows, columns=["inside", "outside", "gap", "shift", "from", "to"])


def _smallest_shift(
    apart: np.ndarray, weights: np.ndarray, names: list[str]
) -> tuple[float, str, str]:
    """Move weight from where the first leads most to where it trails most, until they are even."""
    to = int(apart.argmin())
    gap, left, moved, source = float(weights @ apart), weights.copy(), 0.0, ""
    if apart[to] >= 0:
        return (0.0 if gap <= 0 else np.nan), "", ""
    for start in np.argsort(-apart):
        gain = apart[start] - apart[to]
        if gap <= 1e-15 or gain <= 0:
            break
        if left[start] <= 0:
            continue
        part = min(left[start], gap / gain)
        gap, moved, source = gap - part * gain, moved + part, source or names[start]
    return moved, source, names[to]
