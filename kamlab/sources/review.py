"""What is missing, stale or refused, what does it cost the studies, and what to collect next?"""

from datetime import date

import pandas as pd

from kamlab.sources.cancelled import cancelled_lines
from kamlab.sources.opening import Sources
from kamlab.sources.schema import TABLES

# What cannot be said without a table, and how much it matters for the list of key accounts: the
# more of the decision a table carries, the lower its number.
USES = {
    "orders": (1, "everything"),
    "accounts": (2, "names, groups, regions, business space, management"),
    "invoices": (3, "payment behaviour and credit"),
    "interactions": (4, "concerns, channels and contact rhythm"),
    "defections": (5, "why accounts left"),
    "survey_responses": (6, "satisfaction and what drives it"),
    "contacts": (7, "who the people are"),
    "managers": (8, "who looks after whom"),
    "actions": (9, "which retention efforts pay"),
    "contracts": (10, "whose contract ends, and who renews"),
    "financials": (11, "whether accounts can pay, by their balance sheets"),
    "wallet_observations": (12, "how much accounts buy elsewhere"),
    "ratings": (13, "how accounts are managed, by those who know them"),
    "activities": (14, "what serving each account takes"),
    "cost_rates": (15, "what that costs, and what stays unused"),
    "services": (16, "what services cost, and who does not pay for them"),
    "quotes": (17, "which quotes are won, and to whom others go"),
    "win_back_offers": (18, "which offers bring accounts back"),
    "forecasts": (19, "who plans, and keeps to the plan"),
    "kano_answers": (20, "which qualities delight, and which are taken for granted"),
}
_SELDOM = ("ratings", "win_back_offers", "kano_answers")  # asked for once a year or so
# Columns of optional kind that a study of key accounts leans on, with the reason.
WANTED = {
    ("orders", "cost_of_goods"): "without cost there is no margin and no gross profit",
    ("orders", "product_id"): "prices cannot be compared for the same product",
    ("orders", "category"): "variety and white space are not known",
    ("orders", "quantity"): "price per unit is not known",
    ("orders", "cost_to_serve"): "contribution after service is not known",
    ("accounts", "region"): "spill-over and coverage need regions",
    ("accounts", "addressable_spend"): "business space is only estimated",
    ("accounts", "philosophy_score"): "management is not assessed",
    ("accounts", "manager_id"): "hand-overs cannot be counted",
    ("interactions", "account_id"): "contacts cannot be counted per account",
    ("interactions", "concern"): "concerns are not known",
}
_ENOUGH = 0.6
_STRUCK = 0.6  # rank of lines that were cancelled: behind refused orders alone
_FEW, _LAST = 0.01, 90  # share of rows refused that is small, and its rank then


def refusals(refused: pd.DataFrame) -> pd.DataFrame:
    """Count refused rows by table, column and reason, with their amounts and an example.

    Parameters
    ----------
    refused : pd.DataFrame
        `Sources.refused`.

    Returns
    -------
    pd.DataFrame
        Most rows first: `table`, `column`, `reason`, `rows`, `amount` (sum), `first_seen` (file
        and row of the first one). No refused value is shown: it may be personal.
    """
    keys = ["table", "column", "reason"]
    place = refused["file"].astype(str) + ", row " + refused["row"].astype("Int64").astype(str)
    table = (
        refused.assign(first_seen=place)
        .fillna({"column": ""})
        .groupby(keys, as_index=False)
        .agg(rows=("file", "size"), amount=("amount", "sum"), first_seen=("first_seen", "first"))
    )
    return table.sort_values(["rows", *keys], ascending=[False] + [True] * 3, ignore_index=True)


def freshness(known: Sources, as_of: date, *, stale_days: int = 45) -> pd.DataFrame:
    """List every table kamlab knows: rows, newest row, and what is not known without it.

    Parameters
    ----------
    known : Sources
    as_of : date
    stale_days : int, default 45
        A newest row older than this is stale; a year later where rows come once a year or so.

    Returns
    -------
    pd.DataFrame
        `table`, `rows`, `newest`, `days_old`, `state` ("fresh", "stale", "no date" or "absent")
        and `needed_for`.
    """
    rows = []
    for name, (_, use) in USES.items():
        day, count = TABLES[name].day, 0
        newest = pd.NaT
        if known.has(name):
            count, _, last = known.count(name, day)
            newest = pd.Timestamp(last) if last else pd.NaT
        age = (pd.Timestamp(as_of) - newest).days if pd.notna(newest) else None
        state = (
            "absent"
            if not known.has(name)
            else "no date"
            if age is None
            else "stale"
            if age > stale_days + 365 * (name in _SELDOM)
            else "fresh"
        )
        rows.append((name, count, newest, age, state, use))
    columns = ["table", "rows", "newest", "days_old", "state", "needed_for"]
    return pd.DataFrame(rows, columns=columns).astype({"days_old": "Int64"})


def completeness(table: pd.DataFrame) -> pd.DataFrame:
    """Count how many rows have each column.

    Parameters
    ----------
    table : pd.DataFrame
        Any canonical table.

    Returns
    -------
    pd.DataFrame
        The least complete first: `column`, `known` (rows), `share` (0 to 1).
    """
    known = table.notna().sum().rename("known").rename_axis("column").reset_index()
    known["share"] = known["known"] / max(1, len(table))
    return known.sort_values(["share", "column"], ignore_index=True)


def topics(per_account: pd.DataFrame) -> pd.DataFrame:
    """Sum up concerns over accounts.

    Parameters
    ----------
    per_account : pd.DataFrame
        `account_id`, `concern`, `times`, `recent`, `earlier`.

    Returns
    -------
    pd.DataFrame
        Most frequent first: `concern`, `times`, `share`, `accounts`, `recent_half`, `earlier_half`.
    """
    table = per_account.groupby("concern", as_index=False).agg(
        times=("times", "sum"),
        accounts=("account_id", "nunique"),
        recent_half=("recent", "sum"),
        earlier_half=("earlier", "sum"),
    )
    table.insert(2, "share", table["times"] / max(1, table["times"].sum()))
    return table.sort_values(["times", "concern"], ascending=[False, True], ignore_index=True)


def to_collect(known: Sources, as_of: date, *, stale_days: int = 45) -> pd.DataFrame:
    """List what to collect or mend, in the order of what it would change in the decision.

    Parameters
    ----------
    known : Sources
    as_of : date
    stale_days : int, default 45

    Returns
    -------
    pd.DataFrame
        `what`, `why`, `now` (how much is there).
    """
    rows: list[tuple[float, str, str, str]] = []
    for line in freshness(known, as_of, stale_days=stale_days).itertuples(index=False):
        if line.state == "absent":
            rows.append((USES[line.table][0], f"table {line.table}", line.needed_for, "absent"))
        elif line.state == "stale":
            old = f"{line.days_old} days old"
            rows.append((USES[line.table][0], f"newer {line.table}", line.needed_for, old))
    for (table, column), why in WANTED.items():
        if not known.has(table):
            continue
        share = _share_known(known, table, column)
        if share < _ENOUGH:
            rank = USES[table][0] + 0.5 * share
            rows.append((rank, f"{column} of {table}", why, f"{share:.0%} known"))
    for line in known.reconciliation.itertuples(index=False):
        if line.rows_refused:
            said = f"{line.rows_refused} of {line.rows_in} rows refused"
            # a few that are refused, as a row of totals is, come behind what is missing
            few = line.rows_refused < _FEW * line.rows_in
            rank = USES[line.table][0] + (_LAST if few else -0.5)
            rows.append((rank, f"mend {line.table}", "refused rows are in no figure", said))
    if struck := cancelled_lines(known):
        why = "what the source calls cancelled counts as sold"
        rows.append((_STRUCK, "orders without the cancelled", why, f"{struck} lines"))
    ordered = sorted(rows)
    return pd.DataFrame([row[1:] for row in ordered], columns=["what", "why", "now"])


def _share_known(known: Sources, table: str, column: str) -> float:
    """Give the share of a table's rows that have a column."""
    rows, found, _ = known.count(table, column)
    return found / rows if rows else 0.0


def without_personal(refused: pd.DataFrame) -> pd.DataFrame:
    """Give refused rows as they may be published: without values of personal tables.

    Parameters
    ----------
    refused : pd.DataFrame
        `Sources.refused`.

    Returns
    -------
    pd.DataFrame
        The same rows; file, row and column still say where to look.
    """
    personal = [name for name, table in TABLES.items() if table.personal]
    return refused.assign(value=refused["value"].mask(refused["table"].isin(personal)))
