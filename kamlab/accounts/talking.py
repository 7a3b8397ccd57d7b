"""With which accounts should we talk, about price, growth, payment or silence?"""

import numpy as np
import pandas as pd

_EACH = 5


def talking_points(
    active: pd.DataFrame,
    *,
    each: int = _EACH,
    winnable_share: float = 0.1,
    late_days: float = 0,
    unusual_silence: float = 0.95,
    rhythm: float = 1.2,
) -> pd.DataFrame:
    """Pick the accounts worth a talk about each matter, with the reason and what it is worth.

    Parameters
    ----------
    active : pd.DataFrame
        Profiles of accounts that bought in the last year.
    each : int, default 5
        Accounts a matter at most.
    winnable_share : float, default 0.1
        Share of head-room that a year's effort wins, 0 to 1.
    late_days : float, default 0
        Days beyond terms from which payment is a matter.
    unusual_silence : float, default 0.95
        Share of its own gaps that an account's silence must exceed, 0 to 1.
    rhythm : float, default 1.2
        Regularity from which silence means something.

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
            active["head_room"] * margin * winnable_share,
            active["share_of_wallet"].map(
                lambda v: f"buys {v:.0%} from us; {winnable_share:.0%} of the rest"
            ),
        ),
        (
            "payment",
            active["overdue_amount"].where(active["days_beyond_terms"] > late_days),
            active["days_beyond_terms"].map(lambda v: f"pays {v:.0f} days late"),
        ),
        (
            "silence",
            earned.where((active["overdue"] >= unusual_silence) & (active["regularity"] >= rhythm)),
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
