"""What is to be done for each account, by whom, until when and why?"""

from datetime import date, timedelta

import pandas as pd

from kamlab.coverage.action_rules import AT_MOST, WITHOUT_WORDS

SIGNAL_COLUMNS = ("account_id", "signal", "said", "value")
ACTION_COLUMNS = ("account_id", "action", "owner", "owner_id", "due", "why", "signal", "rule_row")
_EXECUTIVES = ("executive sponsor", "sponsor")
_REASONS = ("reason_1", "reason_2", "reason_3")


def signals(
    *,
    concerns: pd.DataFrame | None = None,
    risk: pd.DataFrame | None = None,
    portfolio: pd.DataFrame | None = None,
    survey: pd.DataFrame | None = None,
    payment: pd.DataFrame | None = None,
    health: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Put all that is known of accounts into one long table that rules can be held against.

    Parameters
    ----------
    concerns : pd.DataFrame, optional
        `account_id`, `concern`, `times` (in the last year).
    risk : pd.DataFrame, optional
        `account_id`, `probability` (0 to 1), `reason_1` to `reason_3`.
    portfolio : pd.DataFrame, optional
        `account_id`, `cell` ("high / low": attractiveness / strength).
    survey : pd.DataFrame, optional
        Canonical answers, cut to the day: the mean of an account's last wave counts.
    payment : pd.DataFrame, optional
        `account_id`, `days_beyond_terms`.
    health : pd.DataFrame, optional
        `account_id`, `weakest` (name of a part) and a column of points, 0 to 100, for each part.

    Returns
    -------
    pd.DataFrame
        `account_id`, `signal`, `said` (text) and `value` (missing where there is none).
    """
    parts = []
    if concerns is not None:
        parts.append(_part(concerns, "concern", concerns["concern"], concerns["times"]))
    if risk is not None:
        parts += [
            _part(risk, "risk reason", risk[name], risk["probability"])
            for name in _REASONS
            if name in risk
        ]
    if portfolio is not None:
        parts.append(_part(portfolio, "portfolio", portfolio["cell"], None))
    if survey is not None and len(survey):
        last = survey[survey["wave"] == survey.groupby("account_id")["wave"].transform("max")]
        mean = last.groupby("account_id", as_index=False)["score"].mean()
        parts.append(_part(mean, "satisfaction", "mean of the last survey", mean["score"]))
    if payment is not None:
        late = payment["days_beyond_terms"]
        parts.append(_part(payment, "payment", "days beyond terms", late))
    if health is not None and "weakest" in health:
        points = [
            row.get(row["weakest"], float("nan")) if isinstance(row["weakest"], str) else None
            for row in health.to_dict("records")
        ]
        parts.append(
            _part(health, "health", health["weakest"], pd.Series(points, health.index, dtype=float))
        )
    empty = pd.DataFrame({name: pd.Series(dtype=object) for name in SIGNAL_COLUMNS})
    if not parts:
        return empty.astype({"value": float})
    whole = pd.concat(parts, ignore_index=True)
    return whole.dropna(subset=["said"]).reset_index(drop=True)


def _part(
    table: pd.DataFrame, signal: str, said: pd.Series | str, value: pd.Series | None
) -> pd.DataFrame:
    """Give one kind of signal in the long form; a signal with a value must have one."""
    part = pd.DataFrame({"account_id": table["account_id"].astype(object), "signal": signal})
    part["said"] = said if isinstance(said, str) else said.astype(object)
    part["value"] = float("nan") if value is None else value.astype(float)
    return part if value is None else part.dropna(subset=["value"])


def due_actions(
    known: pd.DataFrame, rules: pd.DataFrame, as_of: date, *, accounts: pd.Series | None = None
) -> pd.DataFrame:
    """Hold the rules against what is known and say what is due.

    Parameters
    ----------
    known : pd.DataFrame
        From `signals`.
    rules : pd.DataFrame
        From `action_rules.read_rules`.
    as_of : date
        Day from which days are counted.
    accounts : pd.Series of str, optional
        Accounts that count; default all.

    Returns
    -------
    pd.DataFrame
        `account_id`, `action`, `owner` (role), `due` (date), `why` (what was known), `signal` and
        `rule_row` (line of the rules' file). An action that several signals call for stands once,
        with all whys and the earliest day; earliest first within an account.
    """
    if accounts is not None:
        known = known[known["account_id"].isin(set(accounts))]
    found = []
    for rule in rules.to_dict("records"):
        of_kind = known[known["signal"] == rule["signal"]]
        hit = of_kind[_fits(of_kind, rule)]
        found.append(
            pd.DataFrame(
                {
                    "account_id": hit["account_id"],
                    "action": rule["action"],
                    "owner": rule["owner"],
                    "due": pd.Timestamp(as_of + timedelta(days=int(rule["days"]))),
                    "why": _why(hit),
                    "signal": rule["signal"],
                    "rule_row": rule["row"],
                }
            )
        )
    columns = [name for name in ACTION_COLUMNS if name != "owner_id"]
    if not found or not sum(map(len, found)):
        empty = pd.DataFrame({name: pd.Series(dtype=object) for name in columns})
        return empty.astype({"due": "datetime64[us]", "rule_row": "int64"})
    whole = pd.concat([part for part in found if len(part)], ignore_index=True)
    whole = whole.sort_values(["account_id", "due", "rule_row", "why"], kind="stable")
    merged = whole.groupby(["account_id", "action", "owner"], sort=False, as_index=False).agg(
        due=("due", "min"),
        why=("why", lambda texts: "; ".join(dict.fromkeys(texts))),
        signal=("signal", "first"),
        rule_row=("rule_row", "first"),
    )
    merged["due"] = merged["due"].astype("datetime64[us]")
    return merged.sort_values(["account_id", "due", "rule_row"], ignore_index=True)[columns]


def _fits(table: pd.DataFrame, rule: dict) -> pd.Series:
    """Tell which signals a rule speaks of."""
    words = [word.strip().casefold() for word in rule["matches"].split("|") if word.strip()]
    fits = pd.Series(data=True, index=table.index)
    if words and rule["signal"] not in WITHOUT_WORDS:
        said = table["said"].astype(str).str.casefold()
        fits = said.map(lambda text: any(word in text for word in words)).astype(bool)
    if not pd.isna(rule["limit"]):
        value = table["value"]
        fits &= value <= rule["limit"] if rule["signal"] in AT_MOST else value >= rule["limit"]
    return fits


def _why(hit: pd.DataFrame) -> list[str]:
    """Say in words what called for an action."""
    form = {
        "concern": "{said}: raised {value:.0f} times in a year",
        "risk reason": "{said}; {value:.0%} likely to leave",
        "portfolio": "attractiveness / strength: {said}",
        "satisfaction": "satisfaction {value:.1f} of 5",
        "payment": "pays {value:.0f} days beyond terms",
        "health": "weakest part of its health: {said} ({value:.0f} of 100)",
    }
    return [
        form[row["signal"]].format(said=row["said"], value=row["value"])
        for row in hit.to_dict("records")
    ]


def with_owners(
    actions: pd.DataFrame,
    assignment: pd.DataFrame,
    *,
    team: pd.DataFrame | None = None,
    managers: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Name the person behind each action's role, where one is known.

    Parameters
    ----------
    actions : pd.DataFrame
        From `due_actions`.
    assignment : pd.DataFrame
        `account_id`, `manager_id`, `sponsor_id`.
    team : pd.DataFrame, optional
        `account_id`, `function`, `expert`.
    managers : pd.DataFrame, optional
        Canonical: for any other role the only person who has it, or the one above the account's
        manager in the line; for a function the only expert of it.

    Returns
    -------
    pd.DataFrame
        The actions with `owner_id`, missing where the role is free or nobody can be told.
    """
    by_account = assignment.drop_duplicates("account_id").set_index("account_id")
    experts = {}
    if team is not None:
        experts = {(r.account_id, r.function.casefold()): r.expert for r in team.itertuples()}
    staff = managers if managers is not None and "role" in managers else None
    owners = []
    for row in actions.itertuples():
        role = row.owner.casefold()
        own = by_account.loc[row.account_id] if row.account_id in by_account.index else {}
        if role == "account manager":
            person = own.get("manager_id")
        elif role in _EXECUTIVES:
            person = own.get("sponsor_id")
        else:
            person = experts.get((row.account_id, role))
            if not isinstance(person, str) and staff is not None:
                person = _of_role(role, own.get("manager_id"), staff)
        owners.append(person if isinstance(person, str) else None)
    named = actions.assign(owner_id=pd.Series(owners, actions.index, dtype=object))
    return named[list(ACTION_COLUMNS)]


def _of_role(role: str, manager: object, staff: pd.DataFrame) -> str | None:
    """Find who has a role: above the manager in the line, else the only one there is."""
    roles = dict(zip(staff["manager_id"], staff["role"].astype(str).str.casefold(), strict=True))
    above = dict(zip(staff["manager_id"], staff.get("reports_to", staff["role"]), strict=True))
    seen: set[object] = set()
    while isinstance(manager, str) and manager in roles and manager not in seen:
        if roles[manager] == role:
            return manager
        seen.add(manager)
        manager = above[manager]
    able = staff.get("industries", pd.Series("", staff.index)).astype("string").fillna("")
    functions = able.str.casefold().str.split(",")
    fits = [
        person
        for person, named in zip(staff["manager_id"], functions, strict=True)
        if roles[person] == role
        or (roles[person] == "function expert" and role in {part.strip() for part in named})
    ]
    return fits[0] if len(fits) == 1 else None
