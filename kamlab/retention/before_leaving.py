"""What happened in the year before accounts left, against others like them that stayed?"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.engine import as_day
from kamlab.retention.compared import HALF, YEAR, compared_accounts

_WAVE = 400
_BILLED = 14  # days in which the last order is invoiced
# Sign: which side is bad, and in words what is measured over the year before.
SIGNS = {
    "volume": ("low", "sales of the last half-year against the pace of the year before it"),
    "price": ("high", "change of the price paid for the same products against a year earlier"),
    "returns": ("high", "share of gross sales that came back"),
    "late": ("high", "days of payment beyond terms, weighted by amount"),
    "unpaid": ("high", "an invoice never paid in full, or not within 90 days of its due date"),
    "complaints": ("high", "complaints a year"),
    "contacts": ("low", "contacts of any kind a year"),
    "mood": ("low", "mean mood of contacts, -1 to 1"),
    "satisfaction": ("low", "mean score of the last survey, 1 to 5"),
}
# Words of a reason, and the signs that would bear it out.
BEARS_OUT = (
    (("price", "cost", "expensive", "价格"), ("price",)),
    (("quality", "defect", "质量"), ("returns", "complaints", "satisfaction")),
    (("service", "deliver", "support", "服务", "交货"), ("complaints", "mood", "satisfaction")),
    (("relation", "cultur", "trust", "brand", "contact"), ("contacts", "mood", "satisfaction")),
    (("clos", "bankrupt", "insolv", "liquidat", "破产"), ("unpaid", "late")),
)
_COMPLAINT = r"complain|claim|reklam|beschwerd|投诉"
_BEYOND = 0.8
_FEWEST = 5


@dataclass(frozen=True, slots=True)
class BeforeLeaving:
    """What the year before leaving held.

    Attributes
    ----------
    measures : pd.DataFrame
        One row an account that left: `account_id`, `day` (after its last order), `stayers` (how
        many it is compared with) and a number for each of `SIGNS`, missing where nothing is known.
    signs : pd.DataFrame
        The same rows and columns: whether the measure is worse than with four of five stayers
        (`unpaid`: whether it happened at all), missing where not known.
    expected : pd.DataFrame
        The same rows and columns: share of the account's own stayers that show the sign.
    summary : pd.DataFrame
        One row a sign that is known for five or more: `sign`, `meaning`, `limit`, `accounts`,
        `leavers` and `stayers` (shares that show it), `difference` with `low`, `high` (95 %) and
        `p_adjusted` (Holm over the signs).
    pairs : pd.DataFrame
        Who is compared with whom, see `compared_accounts`.
    """

    measures: pd.DataFrame
    signs: pd.DataFrame
    expected: pd.DataFrame
    summary: pd.DataFrame
    pairs: pd.DataFrame


def before_leaving(
    daily: pd.DataFrame,
    gone: pd.DataFrame,
    as_of: date | str,
    *,
    prices: pd.DataFrame | None = None,
    invoices: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    pairs: pd.DataFrame | None = None,
) -> BeforeLeaving:
    """Compare the year before leaving with the same year of stayers of the same size.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    gone : pd.DataFrame
        `account_id`, `left_on`; as from `win_back.gone_accounts`.
    as_of : date or str
        First day not seen.
    prices : pd.DataFrame, optional
        As from `kamlab.accounts.prices.price_sums`.
    invoices, interactions, survey_responses : pd.DataFrame, optional
        Canonical tables; without one its signs are not known.
    pairs : pd.DataFrame, optional
        Who is compared with whom; default as `compared_accounts` finds.

    Returns
    -------
    BeforeLeaving

    References
    ----------
    .. [1] P. R. Rosenbaum, "Observational Studies", 2nd edition, Springer, 2002, chapter 10.
    .. [2] S. Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal
       of Statistics 6, 1979.
    """
    end = pd.Timestamp(as_day(as_of))
    events = compared_accounts(daily, gone, as_of) if pairs is None else pairs
    past = daily[daily["account_id"].isin(events["account_id"]) & (daily["day"] < end)]
    table = events.assign(**dict.fromkeys(SIGNS, np.nan))
    found = {
        "volume": _volume(events, past),
        "returns": _returns(events, past),
        "price": _price(events, prices),
        **_paid(events, invoices, end),
        **_said(events, interactions),
        "satisfaction": _survey(events, survey_responses),
    }
    for name, values in found.items():
        table[name] = values.reindex(table.index).astype(float)
    left = table["left"].astype(bool)
    marks, limits = _marks(table, left)
    case = table["case"]
    expected = marks[~left].groupby(case[~left]).mean().reindex(case[left])
    expected.index = table.index[left]
    rows = table[left].assign(stayers=case[left].map(case[~left].value_counts()).fillna(0))
    keys = rows[["account_id", "day"]].reset_index(drop=True)
    signs = keys.join(marks[left].reset_index(drop=True))
    expected = keys.join(expected.reset_index(drop=True))
    return BeforeLeaving(
        measures=rows[["account_id", "day", "stayers", *SIGNS]].reset_index(drop=True),
        signs=signs,
        expected=expected,
        summary=_summary(signs, expected, limits),
        pairs=events,
    )


def _beside(
    events: pd.DataFrame, table: pd.DataFrame, column: str, days: int, after: int = 0
) -> pd.DataFrame:
    """Give the rows of a table in the days before each event, with the event's number `event`."""
    keys = events[["account_id", "day"]].rename(columns={"day": "event_day"})
    rows = keys.rename_axis("event").reset_index().merge(table, on="account_id")
    when = pd.to_datetime(rows[column])
    back = (rows["event_day"] - when).dt.days
    return rows.assign(back=back)[(back >= 1 - after) & (back <= days)]


def _volume(events: pd.DataFrame, past: pd.DataFrame) -> pd.Series:
    """Compare the pace of the last half-year with that of the year before it."""
    # the last order stays out: whoever left has one on that day, and stayers need not
    rows = _beside(events, past[["account_id", "day", "net_sales"]], "day", YEAR + HALF, -1)
    late = rows["back"] <= HALF
    sums = [rows.loc[part, "net_sales"].groupby(rows["event"]).sum() for part in (late, ~late)]
    return sums[0].reindex(sums[1].index).fillna(0.0) * YEAR / HALF / sums[1].where(sums[1] > 0)


def _returns(events: pd.DataFrame, past: pd.DataFrame) -> pd.Series:
    """Give the share of gross sales that came back."""
    rows = _beside(events, past[["account_id", "day", "gross_sales", "returns"]], "day", YEAR)
    sums = rows.groupby("event")[["gross_sales", "returns"]].sum()
    return sums["returns"] / sums["gross_sales"].where(sums["gross_sales"] > 0)


def _price(events: pd.DataFrame, prices: pd.DataFrame | None) -> pd.Series:
    """Compare prices of products bought in both years, at the quantities of the later one."""
    if prices is None or prices.empty:
        return pd.Series(dtype=float)
    rows = _beside(events, prices, "month", 2 * YEAR)
    rows = rows.assign(now=rows["back"] <= YEAR)
    sums = rows.groupby(["event", "product_id", "now"])[["net_sales", "quantity"]].sum()
    years = pd.MultiIndex.from_product([sums.columns, [False, True]])  # one may lack any sale
    both = sums.unstack("now").reindex(columns=years).dropna()  # noqa: PD010  nothing to pivot
    both = both[(both["quantity"] > 0).all(axis=1)]  # what came back as a whole has no price
    if both.empty:
        return pd.Series(dtype=float)
    before = both["net_sales", False] / both["quantity", False] * both["quantity", True]
    paid = both["net_sales", True].groupby("event").sum() / before.groupby("event").sum()
    return paid - 1


def _paid(
    events: pd.DataFrame, invoices: pd.DataFrame | None, end: pd.Timestamp
) -> dict[str, pd.Series]:
    """Give days beyond terms, and whether an invoice stayed unpaid, by what is known at the end."""
    if invoices is None or invoices.empty:
        return {}
    seen = invoices.reindex(columns=[*invoices, *{"paid_date", "paid_amount"} - set(invoices)])
    rows = _beside(events, seen[seen["amount"] > 0], "invoice_date", YEAR, _BILLED)
    paid_on, due = pd.to_datetime(rows["paid_date"]), pd.to_datetime(rows["due_date"])
    paid_on = paid_on.where(paid_on < end)
    beyond = (paid_on.fillna(end) - due).dt.days.astype(float)
    judged = paid_on.notna() | (due < end)
    weight = rows["amount"].where(judged, 0.0)
    late = (weight * beyond.clip(upper=YEAR)).groupby(rows["event"]).sum()
    short = paid_on.notna() & (rows["paid_amount"].astype(float) < 0.99 * rows["amount"])
    never = short | (beyond > 90)
    # an open invoice may still become one that is never paid
    open_ = ~never & paid_on.isna()
    unpaid = never.groupby(rows["event"]).max().astype(float)
    unpaid = unpaid.mask((unpaid == 0) & open_.groupby(rows["event"]).max())
    total = weight.groupby(rows["event"]).sum()
    return {"late": late / total.where(total > 0), "unpaid": unpaid}


def _said(events: pd.DataFrame, interactions: pd.DataFrame | None) -> dict[str, pd.Series]:
    """Count contacts and complaints and average their mood."""
    if interactions is None or interactions.empty or "account_id" not in interactions:
        return {}
    rows = _beside(events, interactions.dropna(subset=["account_id"]), "occurred_at", YEAR)
    counts = rows.groupby("event").size().reindex(events.index, fill_value=0)
    found = {"contacts": counts}
    if "topic" in rows and rows["topic"].notna().any():
        bad = (
            rows["topic"].astype("string").str.contains(_COMPLAINT, case=False).fillna(value=False)
        )
        found["complaints"] = bad.groupby(rows["event"]).sum().reindex(events.index, fill_value=0)
    if "sentiment" in rows:
        found["mood"] = rows.groupby("event")["sentiment"].mean()
    return found


def _survey(events: pd.DataFrame, surveys: pd.DataFrame | None) -> pd.Series:
    """Average the answers of the last wave within 400 days."""
    if surveys is None or surveys.empty:
        return pd.Series(dtype=float)
    rows = _beside(events, surveys.dropna(subset=["score"]), "wave", _WAVE)
    last = rows["back"] == rows.groupby("event")["back"].transform("min")
    return rows[last].groupby("event")["score"].mean()


def _marks(table: pd.DataFrame, left: pd.Series) -> tuple[pd.DataFrame, dict[str, float]]:
    """Say where a measure is worse than with four of five stayers."""
    marks, limits = {}, {}
    for name, (side, _) in SIGNS.items():
        values, stays = table[name], table.loc[~left, name].dropna()
        if name == "unpaid":
            limits[name], shows = 0.0, values > 0
        elif len(stays) < _FEWEST:
            limits[name], shows = np.nan, values.isna()
        else:
            high = side == "high"
            limit = float(stays.quantile(_BEYOND if high else 1 - _BEYOND))
            limits[name], shows = limit, values > limit if high else values < limit
        known = values.notna() & np.isfinite(limits[name])
        marks[name] = shows.astype(float).where(known)
    return pd.DataFrame(marks), limits


def _summary(signs: pd.DataFrame, expected: pd.DataFrame, limits: dict[str, float]) -> pd.DataFrame:
    """Compare how often a sign shows with those who left and with their own stayers."""
    rows = [
        {"sign": name, "meaning": SIGNS[name][1], "limit": limits[name]}
        | _difference(signs[name], expected[name])
        for name in SIGNS
    ]
    columns = ["sign", "meaning", "limit", "accounts", "leavers", "stayers", "difference"]
    table = pd.DataFrame(rows).reindex(columns=[*columns, "low", "high", "p_value"])
    table = table[table["accounts"] >= _FEWEST].sort_values("p_value", ignore_index=True)
    left = len(table) - np.arange(len(table))
    table["p_adjusted"] = (table["p_value"] * left).clip(upper=1.0).cummax()
    return table.drop(columns="p_value")


def _difference(shows: pd.Series, expected: pd.Series) -> dict[str, float]:
    """Average what accounts show beyond their stayers, with its 95 % interval."""
    from scipy.stats import t as student

    both = pd.DataFrame({"shows": shows, "expected": expected}).dropna()
    n = len(both)
    if n < 2:
        return {"accounts": n}
    gap = both["shows"] - both["expected"]
    error = float(gap.std(ddof=1) / np.sqrt(n))
    reach = float(student.ppf(0.975, n - 1)) * error
    mean = float(gap.mean())
    p = float(2 * student.sf(abs(mean) / error, n - 1)) if error > 0 else float(mean == 0)
    shares = {"leavers": float(both["shows"].mean()), "stayers": float(both["expected"].mean())}
    ends = {"difference": mean, "low": max(mean - reach, -1.0), "high": min(mean + reach, 1.0)}
    ends["p_value"] = p
    return {"accounts": n} | shares | ends


def given_against_signs(
    reasons: pd.Series, found: BeforeLeaving
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Hold the reason given for each account against what happened before it left.

    Parameters
    ----------
    reasons : pd.Series indexed by account_id
        The reason given, whoever gave it; may be missing.
    found : BeforeLeaving

    Returns
    -------
    by_account : pd.DataFrame
        `account_id`, `reason`, `asked` (signs that would bear it out), `verdict` ("borne out",
        "not borne out" or "cannot be told") and `shows` (all signs that the account shows).
    by_reason : pd.DataFrame
        One row a reason and sign that would bear it out: `reason`, `sign`, `accounts`, `leavers`
        and `stayers` (shares that show it), `difference`, `low`, `high`. Only where the interval
        lies above zero does the sign speak for the reason.
    """
    rows, pieces = [], []
    names = list(SIGNS)
    shown = found.signs.set_index("account_id")[names]
    likely = found.expected.set_index("account_id")[names]
    given = shown.index.map(reasons.astype(object)).to_series(index=shown.index)
    for account, reason in given.items():
        asked = bearing(str(reason)) if pd.notna(reason) else ()
        known = shown.loc[account, list(asked)].dropna()
        verdict = "cannot be told"
        if len(known):
            verdict = "borne out" if known.any() else "not borne out"
        signs = [name for name in names if shown.at[account, name] == 1]
        rows.append((account, reason, ", ".join(asked), verdict, ", ".join(signs)))
    for reason in sorted(given.dropna().unique()):
        mine = given.index[given == reason]
        for sign in bearing(str(reason)):
            made = _difference(shown.loc[mine, sign], likely.loc[mine, sign])
            pieces.append({"reason": reason, "sign": sign} | made)
    columns = ["reason", "sign", "accounts", "leavers", "stayers", "difference", "low", "high"]
    by_reason = pd.DataFrame(pieces, columns=[*columns, "p_value"])[columns]
    by_account = pd.DataFrame(rows, columns=["account_id", "reason", "asked", "verdict", "shows"])
    return by_account, by_reason[by_reason["accounts"] >= _FEWEST].reset_index(drop=True)


def bearing(reason: str) -> tuple[str, ...]:
    """Name the signs that would bear a reason out; none where its words are not known.

    Examples
    --------
    >>> bearing("Price too high"), bearing("no idea")
    (('price',), ())
    """
    said = reason.casefold()
    return next((signs for words, signs in BEARS_OUT if any(w in said for w in words)), ())
