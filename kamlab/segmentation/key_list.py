"""Which accounts are key: gates with reasons, money in the lead, scores that explain."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlab.segmentation.classes import (
    RICH,
    STANDARD,
    UNKNOWN,
    Standing,
    classify,
    find_standing,
    margin_known,
)
from kamlab.segmentation.expected import EXPECTED
from kamlab.segmentation.objective import CRITERIA, DEVELOP, NEITHER, SERVE, Gate, Objective
from kamlab.segmentation.reasons import limit_words, reasons

__all__ = [
    "CRITERIA",
    "DEVELOP",
    "NEITHER",
    "SERVE",
    "Gate",
    "KeyAccounts",
    "Objective",
    "key_accounts",
    "ranking_merit",
    "worth_of",
]

_FADING = -0.2  # growth of sales below which room alone is no reason to support an account


@dataclass(frozen=True, slots=True)
class KeyAccounts:
    """The list, and what it rests on.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account, in the order of the list: `account_id`, `name`, `rank` (1 for the first
        to serve; missing for those not selected), `selected`, `lane` ("serve", "develop" or "—"),
        `class`, `score` (0 to 100), `worth` (what ranks it, in the currency), `gate_failed`
        (names, joined), `reason` in words, then `net_sales`, `sales_share`, `gross_profit`,
        `profit_share`, `margin_rate`, `sales_growth` and the criteria that had data.
    gate_prices : pd.DataFrame
        One row a gate: `gate`, `limit`, `not_known` (accounts that it does not judge for want of
        data), `kept_out` (accounts), `worth_kept_out` and `losses_avoided` (worth above and below
        nought of the accounts kept out, both positive), `kept_out_of_list` (accounts that would be
        on the list without it), `would_come` and `would_go` (who they are and whose places they
        would take, those worth most first), `worth_without` and `worth_with` (of the list) and
        `price` (their difference).
    standing : Standing
    worth_is : str
        What `worth` is, in words.
    left_out : tuple of str
        Criteria without data.
    price_of_score : float
        Worth of the list if money alone ranked, less that of the list; 0 where it does.
    """

    table: pd.DataFrame
    gate_prices: pd.DataFrame
    standing: Standing
    worth_is: str
    left_out: tuple[str, ...]
    price_of_score: float


def key_accounts(
    facts: pd.DataFrame, objective: Objective | None = None, *, words: bool = True
) -> KeyAccounts:
    """List the accounts to serve and to develop, with a reason in words for each.

    Money leads: accounts are ranked by what they are worth. Gates exclude: an account below a
    minimum is not key however strong it is elsewhere. The score only explains, since an average of
    percentiles throws away the scale of money.

    Parameters
    ----------
    facts : pd.DataFrame
        One row an account: `account_id`, `net_sales`, `gross_profit`, `margin_rate`,
        `cost_known_share` over one period; where known `name`, `cost_to_serve`, `sales_growth`,
        `expected_gross_profit` (next period; it then leads), and the columns of `CRITERIA`.
    objective : Objective, optional
    words : bool, default True
        Whether each account is given its reason; else these are empty.

    Returns
    -------
    KeyAccounts

    Raises
    ------
    ValueError
        If an account stands twice, a gate's column is missing, or nobody has positive sales.
    """
    objective = objective or Objective()
    twice = facts.loc[facts["account_id"].duplicated(), "account_id"]
    if len(twice):
        raise ValueError(f"account {twice.iloc[0]!r} stands twice in the facts")
    facts = facts.sort_values("account_id", ignore_index=True)
    standing = find_standing(
        facts,
        minimum_sales_share=objective.minimum_sales_share,
        minimum_margin=objective.minimum_margin,
    )
    table = _figures(facts)
    table["class"] = classify(facts, standing)
    worth, worth_is = worth_of(facts)
    table["worth"] = worth
    table["score"], left_out = _score(facts, objective.weights)
    failed = _failed(facts, table, standing, objective)
    table["gate_failed"] = _failing(failed)
    merit = ranking_merit(worth, table["score"], objective.money_weight)
    allowed = ~failed.any(axis=1) & (worth > 0)
    selected = _select(merit, allowed, objective.key_accounts)
    table["selected"] = selected
    table["lane"] = np.where(selected, SERVE, NEITHER)
    table.loc[_develop(facts, table, objective), "lane"] = DEVELOP
    prices = _gate_prices(facts, worth, merit, failed, standing, objective)
    by_money = _select(worth, allowed, objective.key_accounts)
    table["rank"] = merit.where(selected).rank(ascending=False, method="first").astype("Int64")
    table["reason"] = reasons(table, facts, standing, worth_is, objective) if words else ""
    lane_order = table["lane"].map({SERVE: 0, DEVELOP: 1, NEITHER: 2})
    order = pd.DataFrame({"lane": lane_order, "merit": -merit, "id": table["account_id"]})
    table = table.loc[order.sort_values(["lane", "merit", "id"]).index].reset_index(drop=True)
    first = ["account_id", "name", "rank", "selected", "lane", "class", "score", "worth"]
    first += ["gate_failed", "reason"]
    return KeyAccounts(
        table[[*first, *[column for column in table if column not in first]]],
        prices,
        standing,
        worth_is,
        left_out,
        float(worth[by_money].sum() - worth[selected].sum()),
    )


def ranking_merit(worth: pd.Series, score: pd.Series, money_weight: float) -> pd.Series:
    """Give what ranks the accounts: worth alone, or joined with the score.

    Parameters
    ----------
    worth : pd.Series of shape (n_accounts,)
        In the currency; money keeps its scale.
    score : pd.Series of shape (n_accounts,)
        0 to 100; where it is missing, money alone ranks.
    money_weight : float
        0 to 1.

    Returns
    -------
    pd.Series of shape (n_accounts,)
    """
    if money_weight == 1 or not score.notna().any() or not worth.max() > 0:
        return worth
    return money_weight * worth / worth.max() + (1 - money_weight) * score / 100


def _failing(failed: pd.DataFrame) -> np.ndarray:
    """Name the gates that each account fails; many fail the same ones."""
    kinds, which = np.unique(failed.to_numpy(bool), axis=0, return_inverse=True)
    said = [", ".join(failed.columns[kind]) for kind in kinds]
    return np.array(said, dtype=object)[which.ravel()]


def _figures(facts: pd.DataFrame) -> pd.DataFrame:
    """Take over the figures that the list shows, with shares."""
    profit = facts["gross_profit"]
    table = pd.DataFrame(
        {
            "account_id": facts["account_id"],
            "name": facts.get("name"),
            "net_sales": facts["net_sales"],
            "sales_share": facts["net_sales"] / facts["net_sales"].sum(),
            "gross_profit": profit,
            "profit_share": profit / profit.sum() if profit.sum() > 0 else np.nan,
            "margin_rate": facts["margin_rate"],
        }
    )
    extra = [column for column, _ in CRITERIA.values() if column not in table and column in facts]
    return table.join(facts[extra])


def worth_of(facts: pd.DataFrame) -> tuple[pd.Series, str]:
    """Give what each account is worth, and what that is in words.

    Parameters
    ----------
    facts : pd.DataFrame
        As for `key_accounts`.

    Returns
    -------
    worth : pd.Series of shape (n_accounts,)
        Expected gross profit where given, else gross profit, less cost to serve where known; net
        sales, expected where given, where no cost is known.
    worth_is : str
    """
    serve = facts["cost_to_serve"].fillna(0.0) if "cost_to_serve" in facts else 0.0
    served = "cost_to_serve" in facts and facts["cost_to_serve"].notna().any()
    less = " less cost to serve" if served else ""
    ahead = EXPECTED in facts
    if not facts["gross_profit"].notna().any():
        sales = facts[EXPECTED if ahead else "net_sales"].astype(float)
        return sales, f"{'expected ' if ahead else ''}net sales (no cost is known)"
    if ahead:
        return facts[EXPECTED] - serve, "expected gross profit" + less
    return facts["gross_profit"].fillna(0.0) - serve, "gross profit" + less


def _score(facts: pd.DataFrame, weights: Mapping[str, float]) -> tuple[pd.Series, tuple[str, ...]]:
    """Average percentile ranks, 0 to 100; a missing value takes the middle, said by its weight."""
    total = pd.Series(0.0, index=facts.index)
    used, left_out = 0.0, []
    for name, weight in weights.items():
        column, high_is_good = CRITERIA[name]
        if weight == 0:
            continue
        if column not in facts or facts[column].notna().sum() < 2:
            left_out.append(name)
            continue
        place = facts[column].rank(pct=True, ascending=high_is_good).fillna(0.5)
        total += weight * place
        used += weight
    return (100 * total / used if used else total * np.nan).round(1), tuple(left_out)


def _failed(
    facts: pd.DataFrame, table: pd.DataFrame, standing: Standing, objective: Objective
) -> pd.DataFrame:
    """Give one column a gate: true where the account fails it. What is not known does not fail."""
    known = table["margin_rate"].notna() & (table["class"] != UNKNOWN)
    failed = pd.DataFrame(
        {
            "sales": ~(facts["net_sales"] >= standing.sales) | (facts["net_sales"] <= 0),
            "margin": known
            & ((facts["margin_rate"] < standing.margin) | (facts["gross_profit"] <= 0)),
        }
    )
    for gate in objective.gates:
        if gate.column not in facts:
            raise ValueError(f"gate {gate.name!r} needs the column {gate.column!r}")
        value = facts[gate.column]
        failed[gate.name] = value.notna() & ~value.between(gate.least, gate.most)
    return failed


def _select(merit: pd.Series, allowed: pd.Series, places: int) -> pd.Series:
    """Choose the best of the allowed accounts."""
    ordered = merit[allowed].sort_values(ascending=False, kind="stable")
    return pd.Series(merit.index.isin(ordered.index[:places]), index=merit.index)


def _develop(facts: pd.DataFrame, table: pd.DataFrame, objective: Objective) -> pd.Index:
    """Choose smaller accounts that earn well and grow, or have room and do not fade."""
    margin = facts["margin_rate"]
    growing = facts["sales_growth"] > 0 if "sales_growth" in facts else margin.notna() & False
    fading = facts["sales_growth"] < _FADING if "sales_growth" in facts else growing & False
    roomy = facts["head_room"] > facts["net_sales"] if "head_room" in facts else growing & False
    small = (table["gate_failed"] == "sales") & table["class"].isin([RICH, STANDARD])
    fit = small & (table["worth"] > 0) & (margin > 0) & (growing | (roomy & ~fading))
    growth = facts["sales_growth"].clip(0, 2) if "sales_growth" in facts else margin * 0
    room = facts["head_room"] if "head_room" in facts else facts["net_sales"] * np.nan
    # what another year of the same growth, or a quarter of the open space, would earn
    gain = (room * 0.25).fillna(facts["net_sales"] * growth.fillna(0)) * margin
    return (
        gain[fit & (gain > 0)]
        .sort_values(ascending=False, kind="stable")
        .index[: objective.develop_places]
    )


def _gate_prices(
    facts: pd.DataFrame,
    worth: pd.Series,
    merit: pd.Series,
    failed: pd.DataFrame,
    standing: Standing,
    objective: Objective,
) -> pd.DataFrame:
    """Compare the list with the one that each gate alone keeps away."""
    places = objective.key_accounts
    limits = {"sales": f"at least {standing.sales:,.0f}"}
    limits["margin"] = (
        f"at least {standing.margin:.1%}"
        if np.isfinite(standing.margin)
        else "none: cost not known"
    )
    limits |= {gate.name: limit_words(gate) for gate in objective.gates}
    not_known = {"margin": int((~margin_known(facts)).sum())}
    not_known |= {gate.name: int(facts[gate.column].isna().sum()) for gate in objective.gates}
    earning = worth > 0
    listed = _select(merit, ~failed.any(axis=1) & earning, places)
    rows = []
    for name in failed.columns:
        others = failed.drop(columns=name).any(axis=1)
        without = _select(merit, ~others & earning, places)
        come, go = without & ~listed, listed & ~without
        out = worth[failed[name]]
        rows.append(
            {
                "gate": name,
                "limit": limits[name],
                "not_known": not_known.get(name, 0),
                "kept_out": len(out),
                "worth_kept_out": float(out.clip(lower=0).sum()),
                "losses_avoided": abs(float(out.clip(upper=0).sum())),
                "kept_out_of_list": int(come.sum()),
                "would_come": _named(facts, merit[come]),
                "would_go": _named(facts, merit[go]),
                "worth_without": float(worth[without].sum()),
                "worth_with": float(worth[listed].sum()),
                "price": float(worth[without].sum() - worth[listed].sum()),
            }
        )
    return pd.DataFrame(rows)


def _named(facts: pd.DataFrame, merit: pd.Series) -> str:
    """Name accounts, the first first, by their ids."""
    order = merit.sort_values(ascending=False, kind="stable").index
    return ", ".join(facts.loc[order, "account_id"].astype(str))
