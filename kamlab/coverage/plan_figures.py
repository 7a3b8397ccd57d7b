"""Which figures stand in an account's plan, with which range, unit and origin?"""

import math

import pandas as pd

from kamlab.coverage.account_plan import Account

# figure, table, column, low and high columns, unit ("" a count, "money", "share", …)
_FIGURES = (
    ("Rank by worth, all gates left out", "ranks", "rank_now", "rank_low", "rank_high", ""),
    ("Probability of being listed", "ranks", "p_listed", "", "", "share"),
    ("Net sales, last 12 months", "facts", "net_sales_12m", "", "", "money"),
    ("Gross profit, last 12 months", "facts", "gross_profit_12m", "", "", "money"),
    ("Contribution after cost to serve", "profit", "contribution", "", "", "money"),
    ("Gross profit expected next year", "coming", "expected_gross_profit", "low", "high", "money"),
    ("Value in the time ahead", "worth", "value", "low", "high", "money"),
    ("Probability of leaving", "risk", "probability", "", "", "chance"),
    ("Profit at risk a year", "risk", "gross_profit_at_risk", "", "", "money"),
    ("Our share of what it buys", "profiles", "share_of_wallet", "", "", "share"),
    ("What it buys from anyone a year", "profiles", "wallet", "wallet_low", "wallet_high", "money"),
    ("Days beyond terms", "profiles", "days_beyond_terms", "", "", "days"),
    ("Overdue amount", "profiles", "overdue_amount", "", "", "money"),
    ("Contacts in 12 months", "profiles", "contacts_12m", "", "", ""),
    ("Health", "health", "health", "", "", "points"),
)
_FORMS = {
    "": ",.0f", "money": ",.0f", "share": ".0%", "chance": ".1%", "days": ".0f",
    "points": ".0f", "score": ".1f",
}  # fmt: skip
_UNITS = {"days": " days", "points": " of 100", "score": " of 5"}


def figures(account: Account, survey: pd.DataFrame, sources: dict[str, str]) -> pd.DataFrame:
    """List the figures of an account that are known.

    Parameters
    ----------
    account : Account
    survey : pd.DataFrame
        From `account_plan.survey_levels`.
    sources : dict of str to str
        Study behind each table, for the reader who doubts a figure.

    Returns
    -------
    pd.DataFrame
        `figure`, `value`, `low`, `high` (numbers, missing where there are none), `unit`, `shown`
        (value as text), `range` (as text) and `source`.
    """
    rows = []
    for name, table, column, low, high, unit in _FIGURES:
        value = account.number(table, column)
        if not math.isnan(value):
            ends = [account.number(table, end) if end else math.nan for end in (low, high)]
            rows.append((name, value, *ends, unit, sources.get(table, "")))
    if len(survey):
        overall = survey[survey["level"] == "all"]
        score = float((overall if len(overall) else survey)["score"].mean())
        wave = pd.Timestamp(survey["wave"].iloc[0])
        rows.append(
            (f"Satisfaction, {wave:%B %Y}", score, *[math.nan] * 2, "score", "satisfaction")
        )
    made = pd.DataFrame(rows, columns=["figure", "value", "low", "high", "unit", "source"])
    made = made.astype({"value": float, "low": float, "high": float})
    shown = [_shown(row.value, row.unit) for row in made.itertuples()]
    ranges = [
        ""
        if math.isnan(row.low)
        else f"{_shown(row.low, row.unit)} to {_shown(row.high, row.unit)}"
        for row in made.itertuples()
    ]
    return made.assign(
        shown=pd.Series(shown, made.index, dtype=object),
        range=pd.Series(ranges, made.index, dtype=object),
    )


def _shown(value: float, unit: str) -> str:
    """Write a figure as a reader expects it."""
    text = format(value, _FORMS[unit]) + _UNITS.get(unit, "")
    return text.replace("-", "−", 1) if text.startswith("-") else text


def open_questions(
    account: Account, survey: pd.DataFrame, people: int, day: pd.Timestamp
) -> pd.DataFrame:
    """List what is not known of an account and should be asked, the most useful first.

    Parameters
    ----------
    account : Account
    survey : pd.DataFrame
        From `account_plan.survey_levels`.
    people : int
        Persons known at the account.
    day : pd.Timestamp
        Day of the plan.

    Returns
    -------
    pd.DataFrame
        `question`, `why`.
    """
    rows = []

    def ask(question: str, why: str, *, when: bool) -> None:
        if when:
            rows.append((question, why))

    ask("Who decides there, and who else matters?", "no person is known", when=people == 0)
    ask("Who stands in for the one person we know?", "one contact is a risk", when=people == 1)
    ask(
        "How much of our categories does it buy in all, from anyone?",
        "its business space is only estimated" if account.text("profiles", "wallet_source")
        else "its business space is not known",
        when=math.isnan(account.number("facts", "addressable_spend")),
    )  # fmt: skip
    waves = pd.Timestamp(survey["wave"].iloc[0]) if len(survey) else None
    ask("How satisfied is it?", "it has not answered a survey", when=waves is None)
    ask(
        "How satisfied is it now?",
        "its last answer is more than a year old",
        when=waves is not None and (day - waves).days > 365,
    )
    ask(
        "How modern is its management; how does it decide?",
        "not assessed",
        when=math.isnan(account.number("facts", "philosophy_score")),
    )
    ask(
        "What does one order cost it, from request to invoice?",
        "joint gains rest on an assumption",
        when=account.text("split", "rests_on") in ("assumptions", "both"),
    )
    ask(
        "Who are its other suppliers, and what do they do better?",
        "no study can see them",
        when=not account.number("facts", "alternatives") >= 0,
    )
    ask(
        "What does it cost us to serve it?",
        "contribution cannot be told",
        when=math.isnan(account.number("facts", "cost_to_serve")),
    )
    ask("Who looks after it?", "no manager", when=not account.text("assignment", "manager_id"))
    return pd.DataFrame(rows, columns=["question", "why"])


# the few figures of the first screen: label, table and column, unit (None: the currency), format
HEADLINES = (
    ("Gross profit of 12 months", ("facts", "gross_profit_12m"), None, ",.0f"),
    ("Value ahead", ("worth", "value"), None, ",.0f"),
    ("Likely to leave", ("risk", "probability"), "", ".1%"),
    ("Health", ("health", "health"), "of 100", ".0f"),
)
