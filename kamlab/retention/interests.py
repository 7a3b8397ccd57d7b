"""Where do our interests and the account's meet: one communication, and two guarantees?

Per account: whether we talk with it as often as planned and how widely (one communication), what
it has to bear from us (guarantee of service), what it gains from us (guarantee of benefit), and
whether it buys on price, on quality or on culture.
"""

from collections.abc import Collection
from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.concerns import known_topics
from kamlab.retention.give_and_take import days_beyond_terms, price_reduction
from kamlab.retention.health import YEAR
from kamlab.retention.levels import LEVEL_WORDS, level_of

LEVELS = tuple(LEVEL_WORDS)
# What a customer speaks of, and the level of competition on which it lies.
CONCERN_LEVELS = {
    "price": "price",
    "payment terms": "price",
    "delivery": "quality",
    "print quality": "quality",
    "leakage and seal": "quality",
    "compliance": "quality",
    "service": "quality",
    "relationship": "culture",
}
COMPLAINT = -0.25  # mood at and below which a contact with a concern is a complaint
CLEAR = 0.5  # standard deviations by which the level stands out, below which none is named
_HISTORY = 730
_DRAWN_IN = 3.0  # answers or contacts by which an account is drawn towards all accounts


def interests(
    days: pd.DataFrame,
    as_of: date,
    *,
    interactions: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    invoices: pd.DataFrame | None = None,
    key: Collection[str] = (),
    contact_every: tuple[int, int] = (30, 90),
) -> pd.DataFrame:
    """Lay the interests of every active account beside ours, from what was known before a day.

    Parameters
    ----------
    days : pd.DataFrame
        Account-day sums, from `accounts.days.daily_sums`.
    as_of : date
        Exclusive.
    interactions, survey_responses, invoices : pd.DataFrame, optional
        Canonical tables; without one its columns are missing.
    key : collection of str
        Accounts of which more contact is planned.
    contact_every : tuple of int, default (30, 90)
        Planned days between contacts: with key accounts, with others.

    Returns
    -------
    pd.DataFrame
        One row an account with an order day in the last 365 days, sorted by `account_id`:

        - one communication: `planned_days`, `contacts` (in 365 days), `days_since_contact`,
          `rhythm_kept` (share of the 365 days within the planned days of a contact, 0 to 1),
          `channels` and `persons` (different ones);
        - guarantee of service: `complaints` (contacts with a concern in a bad mood, in 365 days),
          `complaints_before` (in the 365 days before), `returns_rate` and `days_beyond_terms`;
        - guarantee of benefit: `price_reduction` (share of list price spared, 365 days) and
          `reduction_of_peers` (of all, by amount);
        - `price`, `quality`, `culture`: how much more than others it cares for each, in standard
          deviations, from what it calls important and what it speaks of; `level`: the one that
          stands out by at least 0.5, missing where none does or nothing is known.

    Raises
    ------
    ValueError
        If a planned number of days is not positive.

    References
    ----------
    .. [1] "One communication, two guarantees" and the levels of competition (price, then quality,
       then culture) are the mission's own terms for keeping big customers.
    """
    if min(contact_every) < 1:
        raise ValueError(f"contact_every is days from 1 on, not {contact_every}")
    end = pd.Timestamp(as_of)
    past = days[pd.to_datetime(days["day"]) < end]
    year = past[pd.to_datetime(past["day"]) >= end - pd.Timedelta(days=YEAR)]
    active = np.sort(year.loc[year["net_sales"] > 0, "account_id"].unique())
    table = pd.DataFrame({"account_id": active})
    table["planned_days"] = np.where(table["account_id"].isin(list(key)), *contact_every)
    planned = table.set_index("account_id")["planned_days"]
    for piece in (
        _talk(interactions, end, planned),
        _complaints(interactions, end),
        _returned(year),
        days_beyond_terms(invoices, as_of),
        price_reduction(year),
        level_scores(interactions, survey_responses, as_of),
    ):
        table = table.merge(piece, left_on="account_id", right_index=True, how="left")
    counts = ["contacts", "complaints", "complaints_before"]
    if interactions is not None and "account_id" in interactions:
        table[counts] = table[counts].fillna(0)
    return table.reset_index(drop=True)


def _known(interactions: pd.DataFrame | None, end: pd.Timestamp, length: int) -> pd.DataFrame:
    """Give the contacts of known accounts in the days before the end."""
    names = ["account_id", "occurred_at", "channel", "contact_id", "name", "sentiment", "concern"]
    if interactions is None or "account_id" not in interactions:
        return pd.DataFrame({name: pd.Series(dtype=object) for name in names})
    when = pd.to_datetime(interactions["occurred_at"])
    inside = (when < end) & (when >= end - pd.Timedelta(days=length))
    rows = interactions.assign(occurred_at=when)[inside & interactions["account_id"].notna()]
    return rows.reset_index(drop=True).reindex(columns=names)


def _talk(interactions: pd.DataFrame | None, end: pd.Timestamp, planned: pd.Series) -> pd.DataFrame:
    """Count contacts, and the days of the year that lay within the plan."""
    rows = _known(interactions, end, _HISTORY)
    rows = rows[rows["account_id"].isin(planned.index)]
    when = pd.to_datetime(rows["occurred_at"])
    recent = rows[when >= end - pd.Timedelta(days=YEAR)]
    account = recent["account_id"]
    person = recent["contact_id"].astype(object).fillna(recent["name"].astype(object))
    ages = (end - when).dt.days
    kept = {
        one: _covered(mine.to_numpy(), int(planned[one]))
        for one, mine in ages.groupby(rows["account_id"])
    }
    return pd.DataFrame(
        {
            "contacts": account.value_counts().astype(float),
            "days_since_contact": ages.groupby(rows["account_id"]).min().astype(float),
            "rhythm_kept": pd.Series(kept, dtype=float),
            "channels": recent["channel"].groupby(account).nunique().astype(float),
            "persons": person.groupby(account).nunique().astype(float),
        }
    )


def _covered(ages: np.ndarray, planned: int) -> float:
    """Give the share of the last 365 days that lay within so many days after a contact.

    Examples
    --------
    >>> round(_covered(np.array([100]), 73), 2)
    0.2
    """
    covered = np.zeros(YEAR, dtype=bool)
    for age in ages:  # day 0 is yesterday; a contact covers the days after it
        covered[max(int(age) - planned, 0) : min(max(int(age), 0), YEAR)] = True
    return float(covered.mean())


def _complaints(interactions: pd.DataFrame | None, end: pd.Timestamp) -> pd.DataFrame:
    """Count contacts with a concern in a bad mood, this year and the year before."""
    rows = _known(interactions, end, 2 * YEAR)
    bad = rows[rows["concern"].notna() & (rows["sentiment"].astype(float) <= COMPLAINT)]
    now = pd.to_datetime(bad["occurred_at"]) >= end - pd.Timedelta(days=YEAR)
    return pd.DataFrame(
        {
            "complaints": bad.loc[now, "account_id"].value_counts().astype(float),
            "complaints_before": bad.loc[~now, "account_id"].value_counts().astype(float),
        }
    )


def _returned(year: pd.DataFrame) -> pd.DataFrame:
    """Give the share of sales that came back."""
    sums = year.groupby("account_id")[["returns", "gross_sales"]].sum()
    sold = sums["gross_sales"]
    return pd.DataFrame({"returns_rate": sums["returns"] / sold.where(sold > 0)})


def level_scores(
    interactions: pd.DataFrame | None, survey_responses: pd.DataFrame | None, as_of: date
) -> pd.DataFrame:
    """Score how much more than others each account cares for price, quality and culture.

    Parameters
    ----------
    interactions : pd.DataFrame or None
        Canonical; the concerns of the last 730 days are sorted by `CONCERN_LEVELS`.
    survey_responses : pd.DataFrame or None
        Canonical; the importance of items whose words lie on a level, over all waves before the
        day, less the account's own mean: some call everything important.
    as_of : date
        Exclusive.

    Returns
    -------
    pd.DataFrame
        By account: `price`, `quality`, `culture` (standard deviations from the mean of all; the
        mean of what was asked and what was spoken of, each drawn in where little is known) and
        `level`.
    """
    end = pd.Timestamp(as_of)
    found = [
        _standard(piece)
        for piece in (_spoken(interactions, end), _asked(survey_responses, end))
        if len(piece) > 2
    ]
    if not found:
        empty = {name: pd.Series(dtype=float) for name in LEVELS}
        return pd.DataFrame({**empty, "level": pd.Series(dtype="str")})
    accounts = found[0].index.union(found[-1].index)
    parts = np.array([piece.reindex(accounts, columns=list(LEVELS)) for piece in found], float)
    known = np.isfinite(parts).sum(axis=0)
    total = np.nansum(parts, axis=0)
    scores = pd.DataFrame(np.where(known > 0, total / np.maximum(known, 1), np.nan), accounts)
    scores.columns = list(LEVELS)
    best = scores.fillna(-np.inf).idxmax(axis=1).astype("str")
    return scores.assign(level=best.where(scores.max(axis=1) >= CLEAR))


def _spoken(interactions: pd.DataFrame | None, end: pd.Timestamp) -> pd.DataFrame:
    """Give the shares of each level in what an account spoke of, drawn in towards all accounts."""
    rows = _known(interactions, end, _HISTORY)
    rows = rows[rows["concern"].notna()]
    level = known_topics(rows["concern"].astype("str")).of_text.map(CONCERN_LEVELS)
    said = pd.crosstab(rows["account_id"], level).reindex(columns=list(LEVELS), fill_value=0)
    if said.empty:
        return said
    common = said.sum() / said.to_numpy().sum()
    times = said.sum(axis=1)
    return (said + _DRAWN_IN * common).div(times + _DRAWN_IN, axis=0)


def _asked(survey_responses: pd.DataFrame | None, end: pd.Timestamp) -> pd.DataFrame:
    """Give the importance of each level to an account against its own mean, drawn in."""
    if survey_responses is None or "importance" not in survey_responses:
        return pd.DataFrame(columns=list(LEVELS))
    rows = survey_responses[pd.to_datetime(survey_responses["wave"]) < end]
    rows = rows[rows["importance"].notna()]
    level = rows["item"].map({item: level_of(str(item)) for item in rows["item"].unique()})
    rows = rows[level.isin(LEVELS)].assign(level=level)
    own = rows.groupby("account_id")["importance"].transform("mean")
    rows = rows.assign(over=rows["importance"].astype(float) - own)
    over = rows.pivot_table("over", "account_id", "level", aggfunc="sum")
    answers = rows.pivot_table("over", "account_id", "level", aggfunc="count")
    return (over / (answers + _DRAWN_IN)).reindex(columns=list(LEVELS))


def _standard(scores: pd.DataFrame) -> pd.DataFrame:
    """Put scores on the scale of their own spread over accounts."""
    spread = scores.std()
    return (scores - scores.mean()) / spread.where(spread > 0)
