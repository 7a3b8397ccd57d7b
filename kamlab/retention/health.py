"""How healthy is each account, part by part, and does poor health foretell that it leaves?"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from kamlab.accounts.habits import cadence
from kamlab.accounts.seen import seen_before
from kamlab.churn import metrics
from kamlab.churn.columns import drawn_by_content
from kamlab.retention.give_and_take import days_beyond_terms, price_reduction

# Part of the health score: what 0 and 100 mean.
PARTS = {
    "contact": "100: in touch today; halves with every 120 days of silence from both sides",
    "service": "mood of its contacts in the last 365 days, from -1 (0) to 1 (100)",
    "benefit": "share of accounts that get less off the list price",
    "satisfaction": "answers of its last survey, 1 (0) to 5 (100)",
    "payment": "100: paid in time; halves with every 30 days beyond terms",
    "purchase": "own gaps longer than the silence now, how recent it is, and pace of the half-year",
}
YEAR = 365
_COLUMNS = ("account_id", "day", "net_sales", "gross_sales", "discount")
_ORIGINS = 12  # days of sight at most, half a year apart
_MANY, _ORIGINS_OF_MANY = 20_000, 4  # accounts of which a few days, and some accounts, tell enough
_EVENTS = 20  # accounts lost below which weights are not fitted
_OVERDUE = 0.1  # share of own gaps longer than the silence, below which an account is overdue
_RIDGE = 1.0


@dataclass(frozen=True, slots=True)
class Health:
    """Health scores and what they are worth.

    Attributes
    ----------
    table : pd.DataFrame
        One row an active account: `account_id`, `health` (0 to 100), one column a part (0 to 100,
        missing where nothing is known) and `weakest` (the known part that costs most).
    weights : pd.DataFrame
        `part`, `weight` (they add up to 1), `known` (share of accounts) and `meaning`.
    fitted : bool
        Whether the weights were fitted to later churn; otherwise equal.
    why : str
        What the weights stand on, in words.
    validation : pd.DataFrame
        One row a way of scoring ("fitted weights", "equal weights", "silence alone") and group of
        accounts ("all active", and "in rhythm": silent for no longer than usual, the ones on which
        one can still act): `auc`, `low`, `high`, `accounts`, `lost`, on the last day whose
        following year is known, with weights fitted to earlier days only. Groups with fewer than 10
        losses are left out; empty where the history is too short.
    """

    table: pd.DataFrame
    weights: pd.DataFrame
    fitted: bool
    why: str
    validation: pd.DataFrame


def health_scores(
    days: pd.DataFrame,
    as_of: date,
    *,
    interactions: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    invoices: pd.DataFrame | None = None,
    label_days: int = YEAR,
    confidence: float = 0.95,
) -> Health:
    """Score the health of every active account, with weights fitted to who left later.

    Parameters
    ----------
    days : pd.DataFrame
        Account-day sums, from `accounts.days.daily_sums`.
    as_of : date
        Exclusive.
    interactions, survey_responses, invoices : pd.DataFrame, optional
        Canonical tables; without one its parts are unknown.
    label_days : int, default 365
        An account is lost if it buys nothing for so many days after the day of sight.
    confidence : float, default 0.95
        Of the validation's intervals (DeLong's).

    Returns
    -------
    Health
        Active are accounts with an order day in the last 365 days.
    """
    tables: tuple[pd.DataFrame | None, ...] = (interactions, survey_responses, invoices)
    days = days[[name for name in days if name in _COLUMNS]]
    begins = pd.Timestamp(days["day"].min()).date()
    origins = []
    everyone = days["account_id"].drop_duplicates().to_frame()
    many = len(everyone) > _MANY
    for k in range(_ORIGINS_OF_MANY if many else _ORIGINS):
        origin = as_of - timedelta(days=label_days + 182 * k)
        if origin >= begins + timedelta(days=YEAR):
            origins.append(origin)
    past_days, past_tables = days, tables
    if many:
        some = everyone["account_id"].iloc[drawn_by_content(everyone, _MANY)]
        past_days = days[days["account_id"].isin(some)]
        past_tables = tuple(_of(some, table) for table in tables)
    seen = {origin: _labelled(past_days, origin, past_tables, label_days) for origin in origins}
    now = health_parts(days, as_of, *tables)
    equal = pd.Series(1.0, list(PARTS)).where(now[list(PARTS)].notna().any(), 0.0)
    equal = equal / equal.sum()
    past = pd.concat(seen.values()) if seen else pd.DataFrame(columns=["lost"])
    fitted = past["lost"].sum() >= _EVENTS and (~past["lost"].astype(bool)).sum() >= _EVENTS
    weights = _weights(past, equal) if fitted else equal
    lost = int(past["lost"].sum())
    why = (
        f"weights fitted to {lost} losses after {len(seen)} earlier days"
        if fitted
        else f"equal weights: {lost} losses on record, {_EVENTS} are needed to fit any"
    )
    validation = _validated(seen, equal, label_days, confidence)
    costs = (100 - now[list(PARTS)]) * weights
    weakest = costs.fillna(-1.0).idxmax(axis=1).where(costs.max(axis=1) > 0, "none")
    table = now.assign(weakest=weakest)
    table.insert(1, "health", score(now, weights))
    described = pd.DataFrame(
        {
            "part": list(PARTS),
            "weight": weights.to_numpy(),
            "known": now[list(PARTS)].notna().mean().to_numpy(),
            "meaning": list(PARTS.values()),
        }
    )
    return Health(table, described, bool(fitted), why, validation)


def _of(accounts: pd.Series, table: pd.DataFrame | None) -> pd.DataFrame | None:
    """Give the rows of some accounts."""
    if table is None or "account_id" not in table:
        return table
    return table[table["account_id"].isin(accounts)]


def score(parts: pd.DataFrame, weights: pd.Series) -> pd.Series:
    """Average the known parts by weight; NaN where no part with a weight is known.

    Parameters
    ----------
    parts : pd.DataFrame
        Columns of `PARTS`, 0 to 100.
    weights : pd.Series
        By part, not negative.

    Examples
    --------
    >>> parts = pd.DataFrame({"contact": [50.0, None], "purchase": [100.0, 80.0]})
    >>> score(parts, pd.Series({"contact": 0.5, "purchase": 0.5})).tolist()
    [75.0, 80.0]
    """
    known = parts[weights.index]
    total = known.notna().mul(weights).sum(axis=1)
    return known.fillna(0.0).mul(weights).sum(axis=1) / total.where(total > 0)


def health_parts(
    days: pd.DataFrame,
    as_of: date,
    interactions: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    invoices: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Give the parts of health of every active account, from what was known before a day.

    Parameters
    ----------
    days : pd.DataFrame
        Account-day sums.
    as_of : date
        Exclusive: nothing from this day on is used.
    interactions, survey_responses, invoices : pd.DataFrame, optional
        Canonical tables.

    Returns
    -------
    pd.DataFrame
        One row an account with an order day in the last 365 days, sorted by `account_id`, with
        `account_id` and the columns of `PARTS`; what each means is written there.
    """
    tables = (interactions, survey_responses, invoices)
    return _parts(seen_before(days, as_of), as_of, tables)[0]


def _parts(
    past: pd.DataFrame, as_of: date, tables: tuple[pd.DataFrame | None, ...]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the parts of health by the account-days before a day, and every account's rhythm."""
    interactions, survey_responses, invoices = tables
    end = pd.Timestamp(as_of)
    rhythm = cadence(past, as_of).set_index("account_id")
    active = rhythm.index[rhythm["days_since_last_order"] <= YEAR]
    table = pd.DataFrame({"account_id": np.sort(active.to_numpy())})
    parts = {
        "contact": _contact(interactions, end),
        "service": _service(interactions, end),
        "benefit": _benefit(past, end),
        "satisfaction": _satisfaction(survey_responses, end),
        "payment": _payment(invoices, as_of),
        "purchase": _purchase(past, as_of, rhythm),
    }
    for name, values in parts.items():
        table[name] = table["account_id"].map(values).astype(float) if len(values) else np.nan
    return table, rhythm


_NONE = pd.Series(dtype=float)


def _contact(interactions: pd.DataFrame | None, end: pd.Timestamp) -> pd.Series:
    """Halve with every 120 days since the last contact."""
    if interactions is None or "account_id" not in interactions:
        return _NONE
    when = pd.to_datetime(interactions["occurred_at"])
    seen = when[when < end]
    last = seen.groupby(interactions.loc[seen.index, "account_id"]).max()
    return 100 * 0.5 ** ((end - last).dt.days / 120)


def _service(interactions: pd.DataFrame | None, end: pd.Timestamp) -> pd.Series:
    """Average the mood of a year's contacts, drawn to that of all by two contacts' worth."""
    if interactions is None or not {"account_id", "sentiment"} <= set(interactions.columns):
        return _NONE
    when = pd.to_datetime(interactions["occurred_at"])
    inside = (when < end) & (when >= end - pd.Timedelta(days=YEAR))
    rows = interactions[inside & interactions["account_id"].notna()]
    mood = rows["sentiment"].astype(float)
    sums = mood.groupby(rows["account_id"]).agg(["sum", "count"])
    common = mood.mean()
    return 50 * (1 + (sums["sum"] + 2 * common) / (sums["count"] + 2)).where(sums["count"] > 0)


def _benefit(past: pd.DataFrame, end: pd.Timestamp) -> pd.Series:
    """Rank accounts by the share of list price they were spared in the last year."""
    spared = price_reduction(past[pd.to_datetime(past["day"]) >= end - pd.Timedelta(days=YEAR)])
    depth = spared["price_reduction"]
    return 100 * (depth.rank(method="average") - 0.5) / max(depth.notna().sum(), 1)


def _satisfaction(surveys: pd.DataFrame | None, end: pd.Timestamp) -> pd.Series:
    """Average the answers of each account's last wave within 400 days."""
    if surveys is None or surveys.empty:
        return _NONE
    wave = pd.to_datetime(surveys["wave"])
    inside = (wave < end) & (wave >= end - pd.Timedelta(days=400)) & surveys["score"].notna()
    rows = surveys[inside].assign(wave=wave[inside])
    last = rows["wave"] == rows.groupby("account_id")["wave"].transform("max")
    return (rows[last].groupby("account_id")["score"].mean().astype(float) - 1) * 25


def _payment(invoices: pd.DataFrame | None, as_of: date) -> pd.Series:
    """Halve with every 30 days beyond terms."""
    return 100 * 0.5 ** (days_beyond_terms(invoices, as_of).clip(lower=0) / 30)


def _purchase(past: pd.DataFrame, as_of: date, rhythm: pd.DataFrame) -> pd.Series:
    """Average how usual the silence is, how short, and how the last half-year's pace compares."""
    back = (pd.Timestamp(as_of) - past["day"]).dt.days

    def sold(first: int, last: int) -> pd.Series:
        """Sum net sales from so many days back to so many."""
        return past[(back <= first) & (back > last)].groupby("account_id")["net_sales"].sum()

    before = sold(547, 182).reindex(rhythm.index)
    half = sold(182, 0).reindex(rhythm.index).fillna(0.0)
    pace = (2 * half / before.where(before > 0)).clip(0, 1)
    recent = 0.5 ** (rhythm["days_since_last_order"] / 90)
    return 100 * pd.concat([_usual(rhythm), pace, recent], axis=1).mean(axis=1)


def _usual(rhythm: pd.DataFrame) -> pd.Series:
    """Give the share of own gaps longer than the silence now, by account."""
    typical = rhythm["median_gap"].clip(lower=1.0)
    # where an account has too few gaps of its own, as if its orders fell at random
    by_chance = np.exp(-np.log(2) * rhythm["days_since_last_order"] / typical)
    return (1 - rhythm["overdue"]).fillna(by_chance)


def _labelled(
    days: pd.DataFrame,
    origin: date,
    tables: tuple[pd.DataFrame | None, ...],
    label_days: int,
) -> pd.DataFrame:
    """Give the parts on a past day, the silence then, and who bought nothing afterwards."""
    start = pd.Timestamp(origin)
    before = days["day"] < start
    parts, rhythm = _parts(days[before], origin, tables)
    ahead = ~before & (days["day"] < start + pd.Timedelta(days=label_days))
    stayed = days.loc[ahead & (days["net_sales"] > 0), "account_id"].unique()
    return parts.assign(
        lost=~parts["account_id"].isin(stayed),
        silence=parts["account_id"].map(rhythm["days_since_last_order"]),
        in_rhythm=parts["account_id"].map(_usual(rhythm)) > _OVERDUE,
    )


def _weights(past: pd.DataFrame, equal: pd.Series) -> pd.Series:
    """Fit weights, none negative, of which poor health explains later losses best."""
    from scipy.optimize import minimize

    names = equal.index[equal > 0]
    parts = past[names].astype(float)
    poor = 1 - parts.fillna(parts.mean()).fillna(50.0).to_numpy() / 100
    y = past["lost"].to_numpy(float)

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        """Give the penalised negative log-likelihood and its slope."""
        z = point[0] + poor @ point[1:]
        p = 1 / (1 + np.exp(-z.clip(-30, 30)))
        value = np.logaddexp(0, z).sum() - y @ z + 0.5 * _RIDGE * (point[1:] ** 2).sum()
        slope = np.append((p - y).sum(), poor.T @ (p - y) + _RIDGE * point[1:])
        return float(value), slope

    start = np.append(-1.0, np.full(len(names), 0.5))
    bounds = [(None, None)] + [(0.0, None)] * len(names)
    found = minimize(loss, start, jac=True, method="L-BFGS-B", bounds=bounds).x[1:]
    if found.sum() <= 0:
        return equal
    return pd.Series(found / found.sum(), names).reindex(equal.index, fill_value=0.0)


def _validated(
    seen: dict[date, pd.DataFrame], equal: pd.Series, label_days: int, confidence: float
) -> pd.DataFrame:
    """Compare ways of scoring on the last known year, with weights of the years before."""
    columns = ["scoring", "group", "auc", "low", "high", "accounts", "lost"]
    if not seen:
        return pd.DataFrame(columns=columns)
    last = max(seen)
    test = seen[last]
    earlier = [rows for origin, rows in seen.items() if origin + timedelta(label_days) <= last]
    train = pd.concat(earlier) if earlier else test.iloc[:0]
    ways = {"equal weights": 100 - score(test, equal), "silence alone": test["silence"]}
    if train["lost"].sum() >= _EVENTS:
        ways = {"fitted weights": 100 - score(test, _weights(train, equal))} | ways
    groups = {"all active": np.ones(len(test), bool), "in rhythm": test["in_rhythm"].to_numpy(bool)}
    rows = []
    for group, inside in groups.items():
        if not inside.any():
            continue
        lost = test["lost"].to_numpy(bool)[inside]
        for name, risk in ways.items():
            area = metrics.auc(lost, risk.fillna(50.0).to_numpy(float)[inside], level=confidence)
            if np.isfinite(area.value):
                figures = (area.value, area.low, area.high, len(lost), int(lost.sum()))
                rows.append((name, group, *figures))
    return pd.DataFrame(rows, columns=columns)
