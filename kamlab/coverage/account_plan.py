"""What does the plan of one account say: its standing, its position, its goals?"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

# what a plan reads of other studies: name here, study, table
READS: Mapping[str, tuple[str, str]] = {
    "listed": ("key-accounts", "key_accounts"),
    "facts": ("key-accounts", "account_facts"),
    "portfolio": ("key-accounts", "portfolio"),
    "ranks": ("key-accounts", "rank_uncertainty"),
    "profiles": ("profiles", "profiles"),
    "profit": ("profitability", "account_profit"),
    "coming": ("migration", "next_period"),
    "worth": ("value", "lifetime_value"),
    "risk": ("churn", "churn_risk"),
    "health": ("retention", "health"),
    "concerns": ("sources", "concerns"),
    "assignment": ("coverage", "assignment"),
    "actions": ("coverage", "actions"),
    "team": ("coverage", "team"),
    "gains": ("coverage", "joint_gains"),
    "split": ("coverage", "joint_split"),
}
Found = Mapping[str, pd.DataFrame | None]


@dataclass(frozen=True, slots=True)
class Account:
    """All that other studies published of one account.

    Attributes
    ----------
    account_id : str
    rows : dict of str to dict
        First row of each table of `READS` that speaks of the account.
    """

    account_id: str
    rows: dict[str, dict[str, Any]]

    def text(self, table: str, column: str) -> str:
        """Give a text; empty where nothing is known."""
        value = self.rows.get(table, {}).get(column)
        return "" if value is None or pd.isna(value) else str(value)

    def number(self, table: str, column: str) -> float:
        """Give a number; missing where nothing is known."""
        value = self.rows.get(table, {}).get(column)
        return math.nan if value is None or pd.isna(value) else float(value)


def choose(account_id: str, found: Found) -> str:
    """Check an account's number; give the first of the list where none is asked for.

    Parameters
    ----------
    account_id : str
        Number, or empty.
    found : mapping of str to pd.DataFrame
        With `facts` and `listed`.

    Raises
    ------
    KeyError
        If no account has the number; the message names the nearest.
    """
    listed, facts = found["listed"], found["facts"]
    if listed is None or facts is None:
        raise KeyError("there is no published list of accounts")
    if not account_id:
        return str(listed.sort_values("rank", na_position="last")["account_id"].iloc[0])
    if account_id not in set(facts["account_id"]):
        from difflib import get_close_matches

        near = get_close_matches(account_id, facts["account_id"].tolist(), n=1, cutoff=0.5)
        hint = f" Did you mean {near[0]!r}?" if near else ""
        raise KeyError(f"There is no account {account_id!r} in the published list.{hint}")
    return account_id


def read_account(account_id: str, found: Found) -> Account:
    """Collect one account's row of each table.

    Parameters
    ----------
    account_id : str
    found : mapping of str to pd.DataFrame or None
        Tables by the names of `READS`.
    """
    rows: dict[str, dict[str, Any]] = {}
    for name, table in found.items():
        if table is not None and "account_id" in table:
            own = table[table["account_id"] == account_id]
            if len(own):
                rows[name] = {str(k): v for k, v in own.iloc[0].items()}
    return Account(account_id, rows)


def rows_of(account_id: str, table: pd.DataFrame | None) -> pd.DataFrame:
    """Give all rows of a table that speak of the account; none where there is no table."""
    if table is None:
        return pd.DataFrame({"account_id": pd.Series(dtype=object)})
    return table[table["account_id"] == account_id].reset_index(drop=True)


def absent(found: Found, reads: Mapping[str, tuple[str, str]] = READS) -> str:
    """Say in one sentence which studies are not published; empty if all are."""
    studies = dict.fromkeys(reads[name][0] for name in reads if found.get(name) is None)
    if not studies:
        return ""
    return f"Not published for this day, so nothing is said here of: {', '.join(studies)}."


def who(account: Account, currency: str, first: pd.Timestamp | None = None) -> str:
    """Say in a few sentences who the account is and who looks after it.

    Parameters
    ----------
    account : Account
    currency : str
        Code of amounts.
    first : pd.Timestamp, optional
        Month of its first order.
    """
    facts = {
        "industry": account.text("facts", "industry"),
        "place": ", ".join(
            text for text in (account.text("facts", c) for c in ("region", "country")) if text
        ),
    }
    said = [", ".join(text for text in facts.values() if text)]
    founded = account.number("facts", "founded")
    people, revenue = (
        account.number("facts", "employees"),
        account.number("facts", "annual_revenue"),
    )
    firm = [
        f"founded {founded:.0f}" if founded == founded else "",
        f"{people:,.0f} employees" if people == people else "",
        f"revenue {revenue:,.0f} {currency}" if revenue == revenue else "",
    ]
    said.append(", ".join(text for text in firm if text))
    if first is not None:
        said.append(f"customer since {first:%B %Y}")
    group = account.text("facts", "parent_id")
    said.append(f"belongs to {group}" if group else "")
    manager, sponsor = (
        account.text("assignment", c) or account.text("facts", c)
        for c in ("manager_id", "sponsor_id")
    )
    said.append(f"account manager {manager}" if manager else "no account manager yet")
    said.append(f"sponsor {sponsor}" if sponsor else "no sponsor yet")
    whole = "; ".join(text for text in said if text).rstrip(".")
    return f"{whole[:1].upper()}{whole[1:]}."


def survey_levels(answers: pd.DataFrame, account_id: str) -> pd.DataFrame:
    """Give the account's satisfaction by item in its last wave, beside all accounts of the wave.

    Parameters
    ----------
    answers : pd.DataFrame
        Canonical survey responses, cut to the day.
    account_id : str

    Returns
    -------
    pd.DataFrame
        `item`, `level` (price, quality, culture or all), `score`, `others` (mean of all other
        accounts in the wave; missing where there are none), `wave`.
    """
    columns = ["item", "level", "score", "others", "wave"]
    own = answers[answers["account_id"] == account_id]
    if own.empty:
        return pd.DataFrame(columns=columns)
    wave = own["wave"].max()
    same = answers[answers["wave"] == wave]
    score = same[same["account_id"] == account_id].groupby("item")["score"].mean()
    others = same[same["account_id"] != account_id].groupby("item")["score"].mean()
    table = score.rename("score").reset_index()
    table["others"] = table["item"].map(others)
    table["level"] = table["item"].map(level_of)
    return table.assign(wave=wave)[columns]


_LEVELS = {
    "all": ("overall", "recommend", "in general", "总体"),
    "price": ("pric", "cost", "terms", "payment", "价"),
    "culture": ("brand", "trust", "cooperat", "cultur", "relation", "partner", "文化", "信任"),
}


def level_of(item: str) -> str:
    """Say at which level of competition an item of a survey stands: price, quality or culture.

    Examples
    --------
    >>> [level_of(item) for item in ("price fairness", "delivery", "brand and trust", "overall")]
    ['price', 'quality', 'culture', 'all']
    """
    text = item.casefold()
    return next(
        (name for name, words in _LEVELS.items() if any(w in text for w in words)), "quality"
    )


def position(account: Account, survey: pd.DataFrame) -> pd.DataFrame:
    """Say where we stand with the account on price, quality and culture, and by what.

    Parameters
    ----------
    account : Account
    survey : pd.DataFrame
        From `survey_levels`.

    Returns
    -------
    pd.DataFrame
        `level`, `satisfaction` (1 to 5, missing where nobody was asked), `others`, `evidence`.
    """
    rows = []
    for level in ("price", "quality", "culture"):
        asked = survey[survey["level"] == level]
        score = asked["score"].mean() if len(asked) else np.nan
        others = asked["others"].mean() if len(asked) else np.nan
        rows.append((level, score, others, _evidence(level, account) or "nothing else is known"))
    return pd.DataFrame(rows, columns=["level", "satisfaction", "others", "evidence"])


def _evidence(level: str, account: Account) -> str:
    """Say what the data show of one level besides the survey."""
    said = []
    if level == "price":
        effect, error = (account.number("profiles", c) for c in ("price_effect", "price_effect_se"))
        gap = np.expm1(effect) if effect == effect else math.nan
        if error == error and abs(effect) > 1.645 * error:
            said.append(f"pays {abs(gap):.0%} {'more' if gap > 0 else 'less'} than its peers")
        elif effect == effect:
            said.append("pays about what its peers pay")
        power = account.number("profiles", "bargaining_power")
        said += [f"bargaining power {power:.0f} of 100"] if power == power else []
    if level == "quality":
        returned = account.number("facts", "returns_rate")
        said += [f"{returned:.1%} of sales came back"] if returned == returned else []
        service = account.number("health", "service")
        said += [f"service {service:.0f} of 100"] if service == service else []
    if level == "culture":
        modern = account.number("facts", "philosophy_score")
        said += [f"modernity of its management {modern:.1f} of 5"] if modern == modern else []
        contact = account.number("health", "contact")
        said += [f"contact {contact:.0f} of 100"] if contact == contact else []
    return "; ".join(said)


# measure, table, column, better, how it is written, what is to be done
_GOALS = (
    (
        "probability of leaving",
        "risk",
        "probability",
        "low",
        "{:.1%}",
        "keep the account",
    ),
    ("days beyond terms", "profiles", "days_beyond_terms", "low", "{:.0f}", "be paid in time"),
    ("days since a contact", "profiles", "days_since_contact", "low", "{:.0f}", "stay in touch"),
    ("health, of 100", "health", "health", "high", "{:.0f}", "mend its weakest part"),
)


def goals(account: Account, found: Found, day: date, currency: str) -> pd.DataFrame:
    """Set goals for a year: what is expected in profit, room that is open, what lags the others.

    Parameters
    ----------
    account : Account
    found : mapping of str to pd.DataFrame
        The other key accounts: where this one is worse, it is to come half-way to their median.
    day : date
        From which a year is counted.
    currency : str

    Returns
    -------
    pd.DataFrame
        `goal`, `measure`, `today`, `target` (both as text), `by` (date), `why`.
    """
    rows = []
    coming, high, last = (
        account.number("coming", c) for c in ("expected_gross_profit", "high", "last_period")
    )
    if coming == coming:
        less = coming < last
        rows.append(
            ("hold what it earns" if less else "earn what is expected",
             f"gross profit a year ({currency})", f"{last:,.0f}", f"{max(coming, last, 0):,.0f}",
             f"the forecast is {coming:,.0f}; {high:,.0f} is within reach")
        )  # fmt: skip
    room, share = (account.number("profiles", c) for c in ("head_room", "share_of_wallet"))
    more = share + 0.1 * (1 - share)
    if room > 0 and 0 < share < 1 and f"{share:.0%}" != f"{more:.0%}":
        rows.append(
            ("win a tenth of what it buys elsewhere", "our share of what it buys", f"{share:.0%}",
             f"{more:.0%}", f"{room:,.0f} {currency} a year go to others")
        )  # fmt: skip
    for measure, table, column, better, form, goal in _GOALS:
        own = account.number(table, column)
        middle = _median(found, table, column)
        if own != own or middle != middle:
            continue
        # what a reader sees as equal is no goal
        worse = own > middle if better == "low" else own < middle
        target = (own + middle) / 2
        if worse and form.format(own) != form.format(target):
            why = f"half-way to the middle of the key accounts ({form.format(middle)})"
            rows.append((goal, measure, form.format(own), form.format(target), why))
    table = pd.DataFrame(rows, columns=["goal", "measure", "today", "target", "why"])
    table.insert(4, "by", pd.Series(pd.Timestamp(day + timedelta(days=365)), index=table.index))
    return table.astype({"by": "datetime64[us]"})


def _median(found: Found, table: str, column: str) -> float:
    """Give the middle of the key accounts."""
    listed, known = found.get("listed"), found.get(table)
    if listed is None or known is None or column not in known:
        return math.nan
    key = set(listed.loc[listed["selected"], "account_id"])
    return float(known.loc[known["account_id"].isin(key), column].median())


def actions(account_id: str, table: pd.DataFrame | None) -> pd.DataFrame:
    """Give the account's next actions, the earliest first.

    Parameters
    ----------
    account_id : str
    table : pd.DataFrame or None
        From `coverage.actions`.

    Returns
    -------
    pd.DataFrame
        `action`, `owner` (role, with the person's number where one is named), `due`, `why`.
    """
    columns = ["action", "owner", "due", "why"]
    own = rows_of(account_id, table)
    if own.empty:
        return pd.DataFrame(columns=columns)
    person = own["owner_id"].astype(object).where(own["owner_id"].notna(), "")
    owner = (own["owner"].astype(str) + " " + person.astype(str)).str.strip()
    return own.assign(owner=owner).sort_values(["due", "action"], ignore_index=True)[columns]


def decision(name: str, account: Account, due: pd.DataFrame, currency: str) -> str:
    """Say in a sentence what to do first, and what it is about.

    Parameters
    ----------
    name : str
        Of the account.
    account : Account
    due : pd.DataFrame
        From `actions`.
    currency : str
    """
    value, leaving = account.number("worth", "value"), account.number("risk", "probability")
    at_stake = [
        f"worth {value:,.0f} {currency} in the time ahead" if value == value else "",
        f"{leaving:.1%} likely to leave" if leaving == leaving else "",
    ]
    about = ", ".join(text for text in at_stake if text)
    head = f"{name}{f' ({about})' if about else ''}"
    if due.empty:
        return f"{head}: no rule calls for an action; agree a plan with the account."
    first = due.iloc[0]
    more = f", then {len(due) - 1} more" if len(due) > 1 else ""
    return f"{head}: {first['action']} ({first['owner']}, by {first['due']:%Y-%m-%d}){more}."
