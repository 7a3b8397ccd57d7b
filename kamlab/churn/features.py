"""What tells on a day that an account may leave? Measures without scale, of every table present."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import numpy as np
import pandas as pd

from kamlab.churn.contracts import contract_state

YEAR, HALF, QUARTER = 365, 180, 90

# what each measure speaks of, in the words of the business
REASONS: Mapping[str, Sequence[str]] = {
    "silent beyond its rhythm": (
        "days_since_last_order", "silence_odds", "gap_ratio", "gap_mean", "gap_variation",
    ),
    "orders less often": ("orders_recent", "orders_half", "order_growth", "order_days"),
    "buys less than before": ("sales_recent", "sales_half", "sales_growth", "trend", "season"),
    "price and margin": ("margin_rate", "margin_change", "discount_depth", "discount_change"),
    "returns": ("returns_rate", "returns_change"),
    "narrower range": ("categories", "categories_lost"),
    "short relationship": ("tenure_days",),
    "size": ("size", "sales_per_order_day"),
    "complaints": ("complaints", "complaints_recent"),
    "contacts broken off": ("contacts", "contacts_recent", "sentiment"),
    "dissatisfied in the survey": ("survey_score", "survey_change"),
    "pays late": ("late_share", "days_late"),
    "contract near its end": ("contract_days_left", "contract_renewals"),
    "its kind of company": ("industry", "region", "employees"),
}  # fmt: skip


def features(
    snapshots: pd.DataFrame, tables: Mapping[str, pd.DataFrame] | None = None
) -> pd.DataFrame:
    """Turn snapshots, and other tables as they were on each day, into measures without scale.

    Parameters
    ----------
    snapshots : pd.DataFrame
        As from `kamlab.accounts.snapshots`: `account_id`, `origin` and sums before it; and
        `silence_odds` of `kamlab.churn.rhythm`, where they were told.
    tables : mapping of str to pd.DataFrame, optional
        Any of `accounts`, `interactions`, `survey_responses`, `invoices` and `contracts`,
        canonical. Of each
        only what had happened before the origin is seen; of accounts only what hardly changes
        (industry, region, employees).

    Returns
    -------
    pd.DataFrame
        Rows and index as the snapshots'; the columns are those of `REASONS` that can be made.
    """
    given = tables or {}
    made = _of_orders(snapshots)
    if "silence_odds" in snapshots:
        made["silence_odds"] = snapshots["silence_odds"]
    keys = snapshots[["account_id", "origin"]]
    if "interactions" in given:
        made |= _of_interactions(keys, given["interactions"])
    if "survey_responses" in given:
        made |= _of_surveys(keys, given["survey_responses"])
    if "invoices" in given:
        made |= _of_invoices(keys, given["invoices"])
    if "contracts" in given:
        state = contract_state(keys, given["contracts"], label_days=1, as_of=keys["origin"].max())
        made["contract_days_left"] = state["days_left"]
        made["contract_renewals"] = state["renewals"]
    if "accounts" in given:
        master = given["accounts"].drop_duplicates("account_id").set_index("account_id")
        for name in ("industry", "region", "employees"):
            if name in master and master[name].notna().any():
                made[name] = keys["account_id"].map(master[name])
    return pd.DataFrame(made, index=snapshots.index)


def _of_orders(table: pd.DataFrame) -> dict[str, pd.Series]:
    """Give measures of the orders."""
    year, prior = table["net_sales_365d"], table["net_sales_prior_365d"]
    span = table["tenure_days"].clip(30, YEAR)

    def part(name: str, days: int, whole: str) -> pd.Series:
        # of what that part of the year would be worth if the year were even
        return _share(table[name] * span, table[whole].clip(lower=0) * np.minimum(days, span))

    return {
        "days_since_last_order": table["days_since_last_order"],
        "gap_ratio": np.log1p(table["gap_ratio"]),
        "gap_mean": np.log1p(table["gap_mean"]),
        "gap_variation": table["gap_variation"],
        "order_days": np.log1p(table["order_days"]),
        "orders_recent": part("orders_90d", QUARTER, "orders_365d"),
        "orders_half": part("orders_180d", HALF, "orders_365d"),
        "order_growth": _change(table["orders_365d"], table["orders_prior_365d"]),
        "sales_recent": part("net_sales_90d", QUARTER, "net_sales_365d"),
        "sales_half": part("net_sales_180d", HALF, "net_sales_365d"),
        "sales_growth": _change(year, prior),
        "trend": table["trend"],
        "season": _share(table["net_sales_same_season"], year.clip(lower=0)),
        "margin_rate": table["margin_rate"].clip(-1, 1),
        "margin_change": (table["margin_rate"] - table["margin_rate_prior"]).clip(-1, 1),
        "discount_depth": table["discount_depth"],
        "discount_change": table["discount_depth"] - table["discount_depth_prior"],
        "returns_rate": table["returns_rate"].clip(upper=1),
        "returns_change": (table["returns_rate"] - table["returns_rate_prior"]).clip(-1, 1),
        "categories": table["categories"] if "categories" in table else _none(table),
        "categories_lost": table["categories_lost"] if "categories_lost" in table else _none(table),
        "tenure_days": table["tenure_days"],
        "size": np.log1p(year.clip(lower=0)),
        "sales_per_order_day": np.log1p(table["sales_per_order_day"].clip(lower=0)),
    }


def _of_interactions(keys: pd.DataFrame, table: pd.DataFrame) -> dict[str, pd.Series]:
    """Count contacts and complaints before each origin."""
    if "account_id" not in table:
        return {}
    known = table.dropna(subset=["account_id", "occurred_at"])
    days = known["occurred_at"].to_numpy("datetime64[D]")
    concern = known["concern"].notna() if "concern" in known else pd.Series(False, known.index)
    pieces = {"contacts": np.ones(len(known)), "complaints": concern.to_numpy(float)}
    made, before = {}, _Before(keys, known["account_id"])
    for name, weight in pieces.items():
        year = before.sums(days, weight, YEAR)
        recent = before.sums(days, weight, QUARTER)
        made[name] = np.log1p(year)
        made[f"{name}_recent"] = _share(recent * YEAR, year * QUARTER).fillna(1.0)
    if "sentiment" in known:
        felt = known["sentiment"].astype(float)
        total = before.sums(days, felt.fillna(0.0).to_numpy(), YEAR)
        count = before.sums(days, felt.notna().to_numpy(float), YEAR)
        made["sentiment"] = _share(total, count)
    return made


def _of_surveys(keys: pd.DataFrame, table: pd.DataFrame) -> dict[str, pd.Series]:
    """Give the mean score of the last wave before each origin, and its change on the one before."""
    waves = table.dropna(subset=["account_id", "wave", "score"])
    scores = waves.groupby(["account_id", "wave"], as_index=False)["score"].mean()
    scores = scores.sort_values(["wave", "account_id"])
    scores["before"] = scores.groupby("account_id")["score"].shift(1)
    right = scores.rename(columns={"wave": "day"}).astype({"account_id": "str"})
    right["day"] = right["day"].astype("datetime64[us]")
    left = keys.assign(place=np.arange(len(keys)), day=keys["origin"].astype("datetime64[us]"))
    left = left.astype({"account_id": "str"}).sort_values("day")
    joined = pd.merge_asof(
        left, right.sort_values("day"), on="day", by="account_id", allow_exact_matches=False
    ).sort_values("place")
    score = pd.Series(joined["score"].to_numpy(), index=keys.index)
    before = pd.Series(joined["before"].to_numpy(), index=keys.index)
    return {"survey_score": score, "survey_change": score - before}


def _of_invoices(keys: pd.DataFrame, table: pd.DataFrame) -> dict[str, pd.Series]:
    """Give how late invoices of the last year were, as was known on each origin."""
    due = table.dropna(subset=["account_id", "due_date"])
    paid = due["paid_date"] if "paid_date" in due else pd.Series(pd.NaT, due.index)
    # what was paid by the due date plus a week, or not, is known a week after it
    days = (due["due_date"] + timedelta(days=7)).to_numpy("datetime64[D]")
    late = (paid.isna() | (paid > due["due_date"] + timedelta(days=7))).to_numpy(float)
    before = _Before(keys, due["account_id"])
    count = before.sums(days, np.ones(len(due)), YEAR)
    share = _share(before.sums(days, late, YEAR), count)
    # once paid it is known how late it was
    by = (paid - due["due_date"]).dt.days.fillna(0).to_numpy(float)
    when = paid.to_numpy("datetime64[D]")
    total = before.sums(when, np.clip(by, -30, 180), YEAR)
    number = before.sums(when, np.ones(len(by)), YEAR)
    return {"late_share": share, "days_late": _share(total, number)}


class _Before:
    """Sums of what happened to accounts in some days before each origin, that day not seen."""

    def __init__(self, keys: pd.DataFrame, owner: pd.Series) -> None:
        """Find the account of each row that happened."""
        self.keys, self.names = keys, pd.Index(pd.unique(keys["account_id"]))
        self.place = self.names.get_indexer(keys["account_id"])
        self.code = self.names.get_indexer(owner)

    def sums(self, day: np.ndarray, weight: np.ndarray, window: int) -> pd.Series:
        """Sum weights by their days; what has no day never happened."""
        result = np.zeros(len(self.keys))
        for origin in self.keys["origin"].unique():
            end = np.datetime64(origin, "D")
            inside = (self.code >= 0) & (day < end) & (day >= end - np.timedelta64(window, "D"))
            sums = np.bincount(self.code[inside], weight[inside], minlength=len(self.names))
            rows = (self.keys["origin"] == origin).to_numpy()
            result[rows] = sums[self.place[rows]]
        return pd.Series(result, index=self.keys.index)


def _share(above: pd.Series, below: pd.Series) -> pd.Series:
    """Divide; missing where there is nothing to divide by."""
    return above / below.where(below > 0)


def _change(now: pd.Series, before: pd.Series) -> pd.Series:
    """Give the change between two amounts, from -1 to 1, missing where both are nought."""
    whole = now.clip(lower=0) + before.clip(lower=0)
    return _share(now.clip(lower=0) - before.clip(lower=0), whole)


def _none(table: pd.DataFrame) -> pd.Series:
    """Give a measure that nobody has."""
    return pd.Series(np.nan, index=table.index)
