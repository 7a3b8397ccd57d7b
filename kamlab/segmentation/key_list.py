"""Which accounts are key: gates with reasons, money in the lead, scores that explain."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from kamlab.segmentation.classes import (
    RICH,
    STANDARD,
    UNKNOWN,
    Standing,
    classify,
    find_standing,
)

SERVE, DEVELOP, NEITHER = "serve", "develop", "—"
# What the explaining score is made of: column, and whether high values are good.
CRITERIA: Mapping[str, tuple[str, bool]] = {
    "sales share": ("net_sales", True),
    "gross profit": ("gross_profit", True),
    "margin": ("margin_rate", True),
    "growth": ("sales_growth", True),
    "business space": ("head_room", True),
    "payment": ("days_beyond_terms", False),
    "management": ("philosophy_score", True),
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
    """

    name: str
    column: str
    least: float = -np.inf
    most: float = np.inf


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
    """

    key_accounts: int = 20
    develop_places: int = 10
    minimum_sales_share: float | None = None
    minimum_margin: float | None = None
    weights: Mapping[str, float] = field(default_factory=lambda: dict.fromkeys(CRITERIA, 1.0))
    gates: tuple[Gate, ...] = ()

    def __post_init__(self) -> None:
        """Refuse an objective that cannot be met."""
        if self.key_accounts < 1 or self.develop_places < 0:
            raise ValueError("key_accounts is at least 1 and develop_places not negative")
        strange = sorted(set(self.weights) - set(CRITERIA))
        if strange or any(weight < 0 for weight in self.weights.values()):
            raise ValueError(
                f"weights are not negative and of {list(CRITERIA)}; not known: {strange}"
            )


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
        One row a gate: `gate`, `limit`, `kept_out` (accounts), `kept_out_of_list` (accounts that
        would be on the list without it), `worth_without` and `worth_with` (of the list),
        `price` (their difference) and `losses_avoided` (of the accounts kept out, positive).
    standing : Standing
    worth_is : str
        What `worth` is, in words.
    left_out : tuple of str
        Criteria without data.
    """

    table: pd.DataFrame
    gate_prices: pd.DataFrame
    standing: Standing
    worth_is: str
    left_out: tuple[str, ...]


def key_accounts(facts: pd.DataFrame, objective: Objective | None = None) -> KeyAccounts:
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
    worth, worth_is = _worth(facts)
    table["worth"] = worth
    table["score"], left_out = _score(facts, objective.weights)
    failed = _failed(facts, table, standing, objective)
    table["gate_failed"] = [
        ", ".join(name for name in failed.columns if row[name]) for row in failed.to_dict("records")
    ]
    selected = _select(worth, ~failed.any(axis=1), objective.key_accounts)
    table["selected"] = selected
    table["lane"] = np.where(selected, SERVE, NEITHER)
    table.loc[_develop(facts, table, objective), "lane"] = DEVELOP
    prices = _gate_prices(facts, worth, failed, standing, objective)
    table["rank"] = worth.where(selected).rank(ascending=False, method="first").astype("Int64")
    table["reason"] = _reasons(table, standing, worth_is)
    lane_order = table["lane"].map({SERVE: 0, DEVELOP: 1, NEITHER: 2})
    order = pd.DataFrame({"lane": lane_order, "worth": -table["worth"], "id": table["account_id"]})
    table = table.loc[order.sort_values(["lane", "worth", "id"]).index].reset_index(drop=True)
    first = ["account_id", "name", "rank", "selected", "lane", "class", "score", "worth"]
    first += ["gate_failed", "reason"]
    return KeyAccounts(
        table[[*first, *[column for column in table if column not in first]]],
        prices,
        standing,
        worth_is,
        left_out,
    )


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


def _worth(facts: pd.DataFrame) -> tuple[pd.Series, str]:
    """Give what ranks the accounts, and its name."""
    serve = facts["cost_to_serve"].fillna(0.0) if "cost_to_serve" in facts else 0.0
    served = "cost_to_serve" in facts and facts["cost_to_serve"].notna().any()
    less = " less cost to serve" if served else ""
    if "expected_gross_profit" in facts:
        return facts["expected_gross_profit"] - serve, "expected gross profit" + less
    if facts["gross_profit"].notna().any():
        return facts["gross_profit"].fillna(0.0) - serve, "gross profit" + less
    return facts["net_sales"].astype(float), "net sales (no cost is known)"


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


def _select(worth: pd.Series, allowed: pd.Series, places: int) -> pd.Series:
    """Choose the allowed accounts worth most; nobody worth nothing."""
    ordered = worth[allowed & (worth > 0)].sort_values(ascending=False, kind="stable")
    return pd.Series(worth.index.isin(ordered.index[:places]), index=worth.index)


def _develop(facts: pd.DataFrame, table: pd.DataFrame, objective: Objective) -> pd.Index:
    """Choose smaller accounts that earn well and have room to grow."""
    margin = facts["margin_rate"]
    growing = facts["sales_growth"] > 0 if "sales_growth" in facts else margin.notna() & False
    roomy = facts["head_room"] > facts["net_sales"] if "head_room" in facts else growing & False
    small = (table["gate_failed"] == "sales") & table["class"].isin([RICH, STANDARD])
    fit = small & (table["worth"] > 0) & (margin > 0) & (growing | roomy)
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
    limits |= {gate.name: _limit_words(gate) for gate in objective.gates}
    with_all = worth[_select(worth, ~failed.any(axis=1), places)]
    rows = []
    for name in failed.columns:
        without = worth[_select(worth, ~failed.drop(columns=name).any(axis=1), places)]
        losses = facts.loc[failed[name], "gross_profit"].clip(upper=0).sum()
        rows.append(
            {
                "gate": name,
                "limit": limits[name],
                "kept_out": int(failed[name].sum()),
                "kept_out_of_list": int((~without.index.isin(with_all.index)).sum()),
                "worth_without": float(without.sum()),
                "worth_with": float(with_all.sum()),
                "price": float(without.sum() - with_all.sum()),
                "losses_avoided": abs(float(losses)),
            }
        )
    return pd.DataFrame(rows)


def _limit_words(gate: Gate) -> str:
    """Say a gate's limits."""
    parts = [f"at least {gate.least:g}"] if np.isfinite(gate.least) else []
    parts += [f"at most {gate.most:g}"] if np.isfinite(gate.most) else []
    return " and ".join(parts)


def _reasons(table: pd.DataFrame, standing: Standing, worth_is: str) -> list[str]:
    """Say in one sentence for each account why it is where it is."""
    total_sales = table["net_sales"].sum()
    overall = table["gross_profit"].sum() / total_sales if total_sales > 0 else np.nan
    cut = table.loc[table["selected"], "worth"].min()
    return [_reason(row, standing, worth_is, overall, cut) for row in table.to_dict("records")]


def _reason(row: Mapping, standing: Standing, worth_is: str, overall: float, cut: float) -> str:
    """Word one account's reason."""
    margin = row["margin_rate"]
    said = (
        "margin not known"
        if row["class"] == UNKNOWN or not np.isfinite(margin)
        else f"margin {margin:.1%} (all accounts {overall:.1%})"
    )
    share = f"{row['sales_share']:.1%} of sales"
    moved = _movement(row.get("sales_growth", np.nan))
    if row["selected"]:
        return f"Number {row['rank']} by {worth_is}: {share}, {said}{moved}."
    if row["lane"] == DEVELOP:
        room = row.get("head_room", np.nan)
        space = f"; room for {room:,.0f} more a year" if room is not None and room > 0 else ""
        return f"Small but worth supporting: {said}{moved}{space}."
    failed = row["gate_failed"].split(", ") if row["gate_failed"] else []
    if "margin" in failed and "sales" not in failed:
        return f"Sells much ({share}) but earns too little: {said}, least {standing.margin:.1%}."
    if "sales" in failed:
        least = f"sales of {row['net_sales']:,.0f} against the least {standing.sales:,.0f}"
        return f"Too small: {least}; {said}."
    if failed:
        return f"Kept out by {' and '.join(failed)}: {worth_is} {row['worth']:,.0f}, {said}."
    if row["worth"] <= 0:
        return f"Costs more than it earns: {worth_is} {row['worth']:,.0f}, {said}."
    return f"Short of the last place by {cut - row['worth']:,.0f}: {share}, {said}{moved}."


def _movement(growth: float | None) -> str:
    """Word the growth of sales on the year before; nothing where it is not known or small."""
    if growth is None or not np.isfinite(growth) or abs(growth) < 0.01:
        return ""
    if growth > 2:
        return f", sales {growth + 1:.0f} times those of the year before"
    return f", sales {'up' if growth > 0 else 'down'} {abs(growth):.0%} on the year before"
