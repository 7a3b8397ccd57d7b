"""Why is an account on the list, or what keeps it out and by how much, in one sentence?"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from kamlab.segmentation.classes import UNKNOWN, VOLUME, Standing
from kamlab.segmentation.objective import DEVELOP, Gate, Objective

# what a reason is worded of; a row with all figures takes ten times as long to read
_READ = {"net_sales", "sales_share", "margin_rate", "sales_growth", "head_room", "worth", "rank"}
_READ |= {"class", "lane", "selected", "gate_failed", "silence"}
_OVERDUE = 3.0  # standard deviations of an account's gaps beyond their mean


def limit_words(gate: Gate) -> str:
    """Say a gate's limits.

    Examples
    --------
    >>> limit_words(Gate("payment", "days_beyond_terms", most=30))
    'at most 30'
    """
    parts = [f"at least {gate.least:g}"] if np.isfinite(gate.least) else []
    parts += [f"at most {gate.most:g}"] if np.isfinite(gate.most) else []
    return " and ".join(parts)


def reasons(
    table: pd.DataFrame,
    facts: pd.DataFrame,
    standing: Standing,
    worth_is: str,
    objective: Objective,
) -> list[str]:
    """Say in one sentence for each account why it is where it is.

    Parameters
    ----------
    table : pd.DataFrame
        The list as `kamlab.segmentation.key_list.key_accounts` makes it, without reasons.
    facts : pd.DataFrame
        The same accounts in the same order, with the columns of the gates.
    standing : Standing
    worth_is : str
        What worth is, in words.
    objective : Objective

    Returns
    -------
    list of str
    """
    sales, profit = table["net_sales"].sum(), table["gross_profit"].sum()
    overall = profit / sales if sales > 0 else np.nan
    alone = objective.money_weight == 1
    ranked_by = worth_is if alone else f"{worth_is} ({objective.money_weight:.0%}) and score"
    cut = table.loc[table["selected"], "worth"].min() if alone else np.nan
    gates = {gate.name: (gate, facts[gate.column].to_numpy()) for gate in objective.gates}
    made = []
    read = table[[name for name in table if name in _READ]].assign(silence=_silences(facts))
    for place, row in enumerate(read.to_dict("records")):
        failed = row["gate_failed"].split(", ") if row["gate_failed"] else []
        fails = [
            f"{name} ({gates[name][1][place]:,.4g}, {limit_words(gates[name][0])})"
            for name in failed
            if name in gates
        ]
        said = [gates[name][0].said for name in failed if name in gates and gates[name][0].said]
        made.append(
            said[0]
            if said
            else _reason(row, fails, standing, (worth_is, ranked_by), (overall, cut))
        )
    return made


def _reason(
    row: Mapping,
    fails: list[str],
    standing: Standing,
    words: tuple[str, str],
    levels: tuple[float, float],
) -> str:
    """Word one account's reason."""
    (worth_is, ranked_by), (overall, cut) = words, levels
    margin = row["margin_rate"]
    said = (
        "margin not known"
        if row["class"] == UNKNOWN or not np.isfinite(margin)
        else f"margin {margin:.1%} (all accounts {overall:.1%})"
    )
    share = f"{row['sales_share']:.1%} of sales"
    moved = _movement(row.get("sales_growth", np.nan))
    if row["selected"]:
        return f"Number {row['rank']} by {ranked_by}: {share}, {said}{moved}{row['silence']}."
    if row["lane"] == DEVELOP:
        room = row.get("head_room", np.nan)
        space = f"; room for {room:,.0f} more a year" if room is not None and room > 0 else ""
        return f"Small but worth supporting: {said}{moved}{row['silence']}{space}."
    failed = row["gate_failed"].split(", ")
    if "margin" in failed and "sales" not in failed:
        return f"Sells much ({share}) but earns too little: {said}, least {standing.margin:.1%}."
    if "sales" in failed:
        least = f"sales of {row['net_sales']:,.0f} against the least {standing.sales:,.0f}"
        return f"Too small: {least}; {said}."
    if fails:
        return f"Kept out by {' and '.join(fails)}: {worth_is} {row['worth']:,.0f}, {said}."
    if row["worth"] <= 0 and row["class"] == VOLUME:
        lost = f"{worth_is} {row['worth']:,.0f}"
        return f"Sells much ({share}) but costs more to serve than it earns: {lost}, {said}."
    if row["worth"] <= 0:
        return f"Costs more than it earns: {worth_is} {row['worth']:,.0f}, {said}."
    short = f" by {cut - row['worth']:,.0f}" if np.isfinite(cut) else f" in {ranked_by}"
    return f"Short of the last place{short}: {share}, {said}{moved}."


def _silences(facts: pd.DataFrame) -> list[str]:
    """Word how long accounts have been silent beyond their own rhythm; nothing of the others."""
    if not {"days_since_last_order", "gap_mean", "gap_std"} <= set(facts):
        return [""] * len(facts)
    silent, gap = facts["days_since_last_order"], facts["gap_mean"]
    overdue = silent > np.maximum(gap + _OVERDUE * facts["gap_std"], 2 * gap)
    return [
        f", silent for {days:,.0f} days where it buys every {usual:,.0f}" if late else ""
        for days, usual, late in zip(silent, gap, overdue, strict=True)
    ]


def _movement(growth: float | None) -> str:
    """Word the growth of sales on the year before; nothing where it is not known or small."""
    if growth is None or not np.isfinite(growth) or abs(growth) < 0.01:
        return ""
    if growth > 2:
        return f", sales {growth + 1:.0f} times those of the year before"
    return f", sales {'up' if growth > 0 else 'down'} {abs(growth):.0%} on the year before"
