"""Who was at risk on earlier days, what was known of each account then, and who left?"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from kamlab.accounts.days import within
from kamlab.accounts.engine import as_day, as_lines, between, to_pandas
from kamlab.accounts.numbering import each_account
from kamlab.accounts.origins import snapshots
from kamlab.churn.columns import drawn_by_content
from kamlab.churn.contracts import contract_state
from kamlab.churn.features import features
from kamlab.churn.rhythm import silence_odds

JUDGED_OF_MANY = 4
"""Latest earlier days on which all accounts are looked at, and predictions judged, of very many."""
_MOST_ORIGINS = 10
_DRAWN_OF_MANY = 30_000  # accounts that are enough on days from which is only learnt


@dataclass(frozen=True, slots=True)
class Panel:
    """Accounts at risk on many days, and what they did next.

    Attributes
    ----------
    rows : pd.DataFrame
        `account_id`, `origin`, `left` (0, 1; NaN where not yet known), `at_stake` (gross profit of
        the last year, net sales where no cost is known; not below nought), `net_sales_365d` and
        `overdue` (silent for longer than its mean gap and two standard deviations).
    measures : pd.DataFrame
        Of the same rows, see `features`.
    label_days : int
        Length of the time in which leaving is judged.
    """

    rows: pd.DataFrame
    measures: pd.DataFrame
    label_days: int

    def without_today(self, accounts: Collection[str]) -> "Panel":
        """Give the panel without the rows of its last day that are of some accounts."""
        latest = self.rows["origin"] == self.rows["origin"].max()
        keep = ~(latest & self.rows["account_id"].isin(accounts))
        return Panel(
            self.rows[keep].reset_index(drop=True),
            self.measures[keep].reset_index(drop=True),
            self.label_days,
        )


def build_panel(
    orders: Any,  # noqa: ANN401  order lines of any engine
    as_of: date | str,
    *,
    label_days: int,
    gone_after: int,
    tables: Mapping[str, pd.DataFrame] | None = None,
    begins: date,
    partial: float = 0.0,
    kept: Any = None,  # noqa: ANN401  of any engine
) -> Panel:
    """Look at accounts on earlier days and today: who was at risk, what was known, who left.

    Parameters
    ----------
    orders : frame
        Order lines, see `kamlab.accounts.snapshots`.
    as_of : date or str
        Today: first day not seen, and the last origin.
    label_days : int
        An account leaves if it buys nothing for so many days from the origin on.
    gone_after : int
        Accounts silent for longer than that before the origin are gone already, not at risk.
    tables : mapping of str to pd.DataFrame, optional
        Other tables, see `features`.
    begins : date
        First day of the data; origins lie at least half a year after it where that is possible.
    partial : float, default 0
        Above 0, an account also leaves that buys less than this share of what it bought in as many
        days before.
    kept : frame, optional
        Condensed orders, see `kamlab.accounts.snapshots`.

    Returns
    -------
    Panel
        An account under contract (table `contracts`) is at risk however silent it is, and leaves
        where the contract ends in those days and none follows, see `kamlab.churn.contracts`.
    """
    today = as_day(as_of)
    step = max(30, label_days // 3)
    first = begins + timedelta(days=min(180, (today - begins).days // 3))
    origins = [today]
    for back in range(_MOST_ORIGINS):
        origin = today - timedelta(days=label_days + back * step)
        if origin < first:
            break
        origins.append(origin)
    table = _looked(orders, origins, label_days, kept)
    odds = silence_odds(table, label_days)
    at_risk = table["days_since_last_order"] <= gone_after
    bound = None
    if tables and "contracts" in tables:
        keys, signed = table[["account_id", "origin"]], tables["contracts"]
        bound = contract_state(keys, signed, label_days=label_days, as_of=today)
        at_risk |= bound["runs"]
        bound = bound[at_risk].reset_index(drop=True)
    table = table[at_risk].assign(silence_odds=odds[at_risk]).reset_index(drop=True)
    left = table["silent"].astype(float)
    if partial > 0:
        days = min((w for w in (30, 90, 180, 365) if w >= label_days), default=365)
        usual = table[f"net_sales_{days}d"] * label_days / days
        fallen = (table["net_sales_next"] < partial * usual).astype(float)
        left = left.where(left.isna(), np.maximum(left, fallen))
    if bound is not None:
        left = left.where(~bound["runs"], bound["lapses"])
    usual_gap = table["gap_mean"] * (1 + 2 * table["gap_variation"].fillna(1.0))
    profit = table["gross_profit_365d"]
    stake = table["net_sales_365d"] if profit.isna().all() else profit.fillna(0.0)
    rows = table[["account_id", "origin", "net_sales_365d"]].assign(
        left=left,
        at_stake=stake.clip(lower=0),
        overdue=table["days_since_last_order"] > usual_gap.fillna(np.inf),
    )
    return Panel(rows, features(table, tables), label_days)


def _looked(orders: Any, origins: list[date], label_days: int, kept: Any) -> pd.DataFrame:  # noqa: ANN401  of any engine
    """Look at all accounts today and on days that are judged; of very many, at some before that.

    Origins come with today first.
    """
    told = {"label_days": label_days, "as_of": origins[0], "kept": kept}
    judged = JUDGED_OF_MANY + 1
    seen = (
        between(as_lines(orders), None, origins[0])
        if kept is None
        else within(kept, None, origins[0])
    )
    accounts = to_pandas(each_account(seen))
    if len(accounts) <= _DRAWN_OF_MANY or len(origins) <= judged:
        return snapshots(orders, origins, **told)
    drawn = drawn_by_content(accounts, _DRAWN_OF_MANY)
    some = accounts["account_id"].to_numpy()[drawn]
    earlier = snapshots(orders, origins[judged:], accounts=some, **told)
    return pd.concat([earlier, snapshots(orders, origins[:judged], **told)], ignore_index=True)
