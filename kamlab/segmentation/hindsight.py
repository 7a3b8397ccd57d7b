"""Would the list have picked well a period ago, against what ranking alone would have done?"""

from dataclasses import replace

import numpy as np
import pandas as pd

from kamlab.segmentation.key_list import Objective, key_accounts

OURS = "this list"


def hindsight(before: pd.DataFrame, after: pd.DataFrame, objective: Objective) -> pd.DataFrame:
    """Compare what this list and plain rankings, made a period ago, went on to earn.

    Parameters
    ----------
    before : pd.DataFrame
        Account facts of the period before the decision, as for `key_accounts`.
    after : pd.DataFrame
        Account facts of the period that followed. Accounts that bought nothing in it earned
        nothing.
    objective : Objective
        The objective of the list; its number of places is given to every rule. Gates on columns
        that `before` does not have, since nobody knows them of that time, are left out.

    Returns
    -------
    pd.DataFrame
        One row an amount and rule, the best first: `amount` ("gross profit less cost to serve"
        where that is known, "gross profit", or "net sales" where no cost is), `rule` ("this
        list", "by net sales", "by gross profit"), `picked` (accounts), `captured` (amount of the
        picked in the period that followed), `best_possible` (of as many accounts picked with
        knowledge of the outcome) and `captured_share`. The first amount is the list's own.
    """
    known = tuple(gate for gate in objective.gates if gate.column in before)
    made = key_accounts(before, replace(objective, gates=known), words=False).table
    picks = {OURS: made.loc[made["selected"], "account_id"]}
    for rule, column in (("by net sales", "net_sales"), ("by gross profit", "gross_profit")):
        if before[column].notna().any():
            ranked = before.sort_values([column, "account_id"], ascending=[False, True])
            picks[rule] = ranked["account_id"].head(objective.key_accounts)
    tables = []
    for amount, outcome in _outcomes(after).items():
        earned = outcome.reindex(before["account_id"]).fillna(0.0)
        best = float(np.sort(earned.to_numpy())[::-1][: objective.key_accounts].clip(min=0).sum())
        rows = [
            {"rule": rule, "picked": len(ids), "captured": float(earned.reindex(ids).sum())}
            for rule, ids in picks.items()
        ]
        table = pd.DataFrame(rows).assign(best_possible=best)
        table["captured_share"] = table["captured"] / best if best > 0 else np.nan
        table.insert(0, "amount", amount)
        tables.append(table.sort_values("captured", ascending=False, kind="stable"))
    return pd.concat(tables, ignore_index=True)


def _outcomes(after: pd.DataFrame) -> dict[str, pd.Series]:
    """Give what each account earned, the list's own measure first."""
    facts = after.set_index("account_id")
    profit = facts["gross_profit"]
    if not profit.notna().any():
        return {"net sales": facts["net_sales"]}
    if "cost_to_serve" in facts and facts["cost_to_serve"].notna().any():
        served = profit.fillna(0.0) - facts["cost_to_serve"].fillna(0.0)
        return {"gross profit less cost to serve": served, "gross profit": profit}
    return {"gross profit": profit}
