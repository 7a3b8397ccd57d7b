"""What tells on a day that an account may leave? Measures without scale, of every table present."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from kamlab.accounts.numbering import placed
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
    "concerns voiced": ("complaints", "complaints_recent"),
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
    pieces = {"contacts": None, "complaints": concern.to_numpy()}
    made, before = {}, _Before(keys, known["account_id"])
    for name, weight in pieces.items():
        year = before.sums(days, weight, YEAR)
        recent = before.sums(days, weight, QUARTER)
        made[name] = np.log1p(year)
        made[f"{name}_recent"] = _share(recent * YEAR, year * QUARTER).fillna(1.0)
    if "sentiment" in known:
        felt = known["sentiment"].astype(float)
        total = before.sums(days, felt.fillna(0.0).to_numpy(), YEAR)
        count = before.sums(days, felt.notna().to_numpy(), YEAR)
        # rounded, so that it is the same however the moods are added up
        made["sentiment"] = _share(total, count).round(9)
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
    due = table["due_date"].to_numpy("datetime64[D]")
    paid = np.full(len(table), np.datetime64("NaT", "D"))
    if "paid_date" in table:
        paid = table["paid_date"].to_numpy("datetime64[D]")
    before, week = _Before(keys, table["account_id"]), np.timedelta64(7, "D")
    # what was paid by the due date plus a week, or not, is known a week after it
    known, late = due + week, ~(paid <= due + week)
    share = _share(before.sums(known, late, YEAR), before.sums(known, None, YEAR))
    # once paid it is known how late it was
    by = np.nan_to_num((paid - due) / np.timedelta64(1, "D"))
    paid[np.isnat(due)] = np.datetime64("NaT")
    total = before.sums(paid, np.clip(by, -30, 180), YEAR)
    return {"late_share": share, "days_late": _share(total, before.sums(paid, None, YEAR))}


class _Before:
    """Sums of what happened to accounts in some days before each origin, that day not seen."""

    def __init__(self, keys: pd.DataFrame, owner: pd.Series) -> None:
        """Find the account of each row that happened."""
        names = pd.Index(pd.unique(keys["account_id"]))
        self.index, self.count = keys.index, len(names)
        self.place = placed(keys["account_id"], names)
        self.code = placed(owner, names).astype(np.int32)
        self.day = _numbers(keys["origin"].to_numpy())
        self.origins = np.unique(self.day)

    def sums(self, day: np.ndarray, weight: np.ndarray | None, window: int) -> pd.Series:
        """Sum weights by their days, or count; what has no day never happened."""
        if not len(self.day):
            return pd.Series(dtype=float, index=self.index)
        # in one pass: sums of each span between two days on which a window begins or ends
        edges = np.union1d(self.origins, self.origins - window)
        spans, when = len(edges) - 1, _numbers(day)
        there = (self.code >= 0) & (when >= edges[0]) & (when < edges[-1])
        of_day = np.searchsorted(edges, np.arange(edges[0], edges[-1]), side="right") - 1
        cell = self.code[there].astype(np.int64) * spans + of_day[when[there] - edges[0]]
        weights = None if weight is None else weight[there]
        sums = np.bincount(cell, weights, self.count * spans).reshape(self.count, spans)
        result = np.zeros(len(self.day))
        for origin in self.origins:
            rows = self.day == origin
            first, last = np.searchsorted(edges, (origin - window, origin))
            result[rows] = sums[self.place[rows], first:last].sum(axis=1)
        return pd.Series(result, index=self.index)


def _numbers(days: np.ndarray) -> np.ndarray:
    """Count days since 1970; what is missing lies before all."""
    return days.astype("datetime64[D]").astype(np.int64)


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
