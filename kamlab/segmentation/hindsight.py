"""Would the list have picked well a period ago, against what ranking alone would have done?"""

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
        Account facts of the period that followed: `account_id`, `gross_profit`, `net_sales`.
        Accounts that bought nothing in it earned nothing.
    objective : Objective
        The objective of the list; its number of places is given to every rule.

    Returns
    -------
    pd.DataFrame
        One row a rule, the best first: `rule` ("this list", "by net sales", "by gross profit"),
        `picked` (accounts), `captured` (gross profit of the picked in the period that followed;
        net sales where no cost is known), `best_possible` (of as many accounts picked with
        knowledge of the outcome), `captured_share` and `amount` (which amount it is).
    """
    amount = "gross_profit" if after["gross_profit"].notna().any() else "net_sales"
    outcome = after.set_index("account_id")[amount].fillna(0.0)
    earned = outcome.reindex(before["account_id"]).fillna(0.0)
    best = float(np.sort(earned.to_numpy())[::-1][: objective.key_accounts].clip(min=0).sum())
    made = key_accounts(before, objective).table
    picks = {OURS: made.loc[made["selected"], "account_id"]}
    for rule, column in (("by net sales", "net_sales"), ("by gross profit", "gross_profit")):
        if before[column].notna().any():
            ranked = before.sort_values([column, "account_id"], ascending=[False, True])
            picks[rule] = ranked["account_id"].head(objective.key_accounts)
    rows = [
        {"rule": rule, "picked": len(ids), "captured": float(earned.reindex(ids).sum())}
        for rule, ids in picks.items()
    ]
    table = pd.DataFrame(rows).assign(best_possible=best)
    table["captured_share"] = table["captured"] / best if best > 0 else np.nan
    table["amount"] = amount
    return table.sort_values("captured", ascending=False, kind="stable", ignore_index=True)
