"""With which accounts should we talk, about price, growth, payment or silence?"""

import numpy as np
import pandas as pd

_EACH = 5


def talking_points(active: pd.DataFrame, *, each: int = _EACH) -> pd.DataFrame:
    """Pick the accounts worth a talk about each matter, with the reason and what it is worth.

    Parameters
    ----------
    active : pd.DataFrame
        Profiles of accounts that bought in the last year.
    each : int, default 5
        Accounts a matter at most.

    Returns
    -------
    pd.DataFrame
        Worth most first: `account_id`, `about` ("price", "growth", "payment", "silence"), `why`
        and `worth` (in the currency, a year; the overdue amount for payment).
    """
    earned = active["gross_profit_12m"].fillna(active["net_sales_12m"] * 0)
    margin = active["margin_rate"].clip(lower=0)
    below = np.expm1(active["price_effect"])
    sure = active["price_effect"] + 1.645 * active["price_effect_se"] < 0
    picks = [
        (
            "price",
            (active["price_gap"] / 2).where(sure),
            below.map(lambda v: f"pays {-v:.0%} less than its peers"),
        ),
        (
            "growth",
            active["head_room"] * margin * 0.1,
            active["share_of_wallet"].map(lambda v: f"buys {v:.0%} from us; a tenth of the rest"),
        ),
        (
            "payment",
            active["overdue_amount"].where(active["days_beyond_terms"] > 0),
            active["days_beyond_terms"].map(lambda v: f"pays {v:.0f} days late"),
        ),
        (
            "silence",
            earned.where((active["overdue"] >= 0.95) & (active["regularity"] >= 1.2)),
            active["days_since_last_order"].map(lambda v: f"no order for {v:.0f} days, unusual"),
        ),
    ]
    tables = []
    for about, worth, why in picks:
        best = worth[worth > 0].sort_values(ascending=False, kind="stable").head(each)
        ids = active.loc[best.index, "account_id"]
        part = {"account_id": ids, "about": about, "why": why[best.index], "worth": best}
        tables.append(pd.DataFrame(part))
    table = pd.concat(tables, ignore_index=True)
    return table.sort_values(["worth", "account_id"], ascending=[False, True], ignore_index=True)
