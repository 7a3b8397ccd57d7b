"""What would the list be with other weights, who would come and go, and what would hang on it?"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from kamlab.segmentation.key_list import key_accounts
from kamlab.segmentation.objective import Objective

MONEY = "money"


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The list under other weights.

    Attributes
    ----------
    table : pd.DataFrame
        The accounts on either list, those of the new list first: `rank` (missing for those who
        go), `account_id`, `name`, `worth`, `score`, `rank_before` and `change` ("comes", "goes",
        "up 2", "down 1" or "same").
    exposure : pd.DataFrame
        One row a figure: `figure`, `before` and `now`: worth of the list, its share of all worth
        above nought, its largest account's share of the list, the effective number of accounts on
        it, and what the score's say costs.
    said : pd.DataFrame
        The exposure as a person reads it: `figure`, `before` and `now`, all texts.
    weights : pd.Series
        As used: money's part, and the criteria's parts of the rest; sum to 1.
    """

    table: pd.DataFrame
    exposure: pd.DataFrame
    said: pd.DataFrame
    weights: pd.Series


def what_if(facts: pd.DataFrame, objective: Objective, weights: Mapping[str, float]) -> WhatIf:
    """Make the list anew with other weights, beside the one of the objective.

    Parameters
    ----------
    facts : pd.DataFrame
        As for `kamlab.segmentation.key_list.key_accounts`.
    objective : Objective
    weights : mapping of criterion to weight
        Not negative; "money" is the part of the worth itself. All nought counts as money alone.

    Returns
    -------
    WhatIf

    Raises
    ------
    ValueError
        If a weight is negative or of no criterion.
    """
    given = {name: float(weight) for name, weight in weights.items() if name != MONEY}
    total = float(weights.get(MONEY, 0.0)) + sum(given.values())
    if min([float(weights.get(MONEY, 0.0)), *given.values()]) < 0:
        raise ValueError(f"weights are not negative, not {dict(weights)}")
    share = float(weights.get(MONEY, 0.0)) / total if total > 0 else 1.0
    asked = replace(
        objective,
        weights=given if sum(given.values()) > 0 else objective.weights,
        money_weight=share,
    )
    before, now = (key_accounts(facts, one, words=False) for one in (objective, asked))
    old, new = (made.table.set_index("account_id") for made in (before, now))
    either = new[new["selected"] | old["selected"].reindex(new.index)].reset_index()
    table = either[["rank", "account_id", "name", "worth", "score"]].copy()
    table["rank_before"] = table["account_id"].map(old["rank"]).astype("Int64")
    table["change"] = [
        _change(rank, was) for rank, was in zip(table["rank"], table["rank_before"], strict=True)
    ]
    table = table.sort_values(["rank", "rank_before"], ignore_index=True)
    parts = {MONEY: share} | {
        name: weight / total if total > 0 else 0.0 for name, weight in given.items()
    }
    rows = [(name, _exposure(old)[name], value) for name, value in _exposure(new).items()]
    rows.append(("cost of the score's say", before.price_of_score, now.price_of_score))
    exposure = pd.DataFrame(rows, columns=["figure", "before", "now"])
    said = exposure.assign(
        **{
            column: [
                _in_words(figure, value)
                for figure, value in zip(exposure["figure"], exposure[column], strict=True)
            ]
            for column in ("before", "now")
        }
    )
    return WhatIf(table, exposure, said, pd.Series(parts, name="weight"))


def _in_words(figure: str, value: float) -> str:
    """Write a figure of the exposure by its kind."""
    if np.isnan(value):
        return "–"
    if "share" in figure:
        return f"{value:.1%}"
    return f"{value:,.1f}" if "number" in figure else f"{value:,.0f}"


def _change(rank: object, before: object) -> str:
    """Say how a place changed."""
    if pd.isna(before):
        return "comes"
    if pd.isna(rank):
        return "goes"
    moved = int(before) - int(rank)  # type: ignore[call-overload]
    return "same" if moved == 0 else f"{'up' if moved > 0 else 'down'} {abs(moved)}"


def _exposure(table: pd.DataFrame) -> dict[str, float]:
    """Say what hangs on a list."""
    worth = table.loc[table["selected"], "worth"].clip(lower=0).to_numpy(float)
    total, whole = worth.sum(), table["worth"].clip(lower=0).sum()
    share = worth / total if total > 0 else np.zeros(len(worth))
    return {
        "worth of the list": float(total),
        "share of all worth": float(total / whole) if whole > 0 else np.nan,
        "largest account's share of the list": float(share.max()) if len(share) else np.nan,
        "effective number of accounts": float(1 / (share**2).sum()) if total > 0 else np.nan,
    }
