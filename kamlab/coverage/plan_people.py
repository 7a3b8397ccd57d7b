"""Whom do we know at an account, and when did we last speak?"""

from datetime import date, timedelta

import pandas as pd

PUBLIC = ("function", "people", "contacts_12m", "last_contact")
PRIVATE = ("name", "function", "channels", "contacts_12m", "last_contact")


def people(
    contacts: pd.DataFrame,
    interactions: pd.DataFrame,
    account_id: str,
    day: date,
    *,
    private: bool,
) -> pd.DataFrame:
    """List the persons of an account, or only their functions and counts.

    Parameters
    ----------
    contacts : pd.DataFrame
        Canonical: `contact_id`, `channel`; where known `account_id`, `name`, `occupation`, `email`.
        One person whom several channels know counts once where name or e-mail agree.
    interactions : pd.DataFrame
        Canonical: `occurred_at`, `channel`; where known `account_id`, `contact_id`.
    account_id : str
    day : date
        Only what happened before it counts.
    private : bool
        Whether names may be shown.

    Returns
    -------
    pd.DataFrame
        Private: one row a person with the columns of `PRIVATE`. Else one row a function with those
        of `PUBLIC`: no name, address or number of a person is in it. Last contact first.
    """
    columns = list(PRIVATE if private else PUBLIC)
    if "account_id" not in contacts:
        return pd.DataFrame(columns=columns)
    own = contacts[contacts["account_id"] == account_id].reset_index(drop=True)
    if own.empty:
        return pd.DataFrame(columns=columns)
    own = own.assign(
        person=_persons(own),
        function=own.get("occupation", pd.Series(index=own.index, dtype=object))
        .astype(object)
        .where(lambda s: s.notna(), "not known"),
        channel=own.get("channel", pd.Series("", own.index)).astype(object),
    )
    spoken = _spoken(own, interactions, day)
    own["times"] = spoken["times"].to_numpy()
    own["last"] = spoken["last"].to_numpy()
    by_person = own.groupby("person", sort=False).agg(
        name=("name", "first") if "name" in own else ("function", lambda _: None),
        function=("function", _commonest),
        channels=("channel", lambda names: ", ".join(sorted({str(n) for n in names if n}))),
        contacts_12m=("times", "sum"),
        last_contact=("last", "max"),
    )
    if not private:
        by_person = by_person.groupby("function", as_index=False).agg(
            people=("contacts_12m", "size"),
            contacts_12m=("contacts_12m", "sum"),
            last_contact=("last_contact", "max"),
        )
    first = "name" if private else "function"
    return by_person.sort_values(
        ["last_contact", first], ascending=[False, True], na_position="last", ignore_index=True
    )[columns]


def _persons(own: pd.DataFrame) -> list[str]:
    """Give records of one person the same key: by name, else e-mail, else by themselves."""
    keys = []
    for place, row in enumerate(own.to_dict("records")):
        given = [
            " ".join(str(row[c]).split()).casefold()
            for c in ("name", "email")
            if c in row and isinstance(row[c], str) and row[c].strip()
        ]
        keys.append(given[0] if given else f"\0{place}")
    return keys


def _commonest(functions: pd.Series) -> str:
    """Give the function that most records name, those that name none left out."""
    named = functions[functions != "not known"]
    return str(named.value_counts().sort_index().idxmax()) if len(named) else "not known"


def _spoken(own: pd.DataFrame, interactions: pd.DataFrame, day: date) -> pd.DataFrame:
    """Count each record's interactions of the last year and give the last one ever."""
    index = pd.MultiIndex.from_frame(own[["channel", "contact_id"]].astype(str))
    if "contact_id" not in interactions or interactions.empty:
        nothing = pd.Series(pd.NaT, index, dtype="datetime64[us]")
        return pd.DataFrame({"times": 0, "last": nothing}, index=index)
    ours = interactions[interactions["contact_id"].isin(set(own["contact_id"]))]
    ours = ours[ours["occurred_at"] < pd.Timestamp(day)]
    keys = [ours["channel"].astype(str), ours["contact_id"].astype(str)]
    recent = ours["occurred_at"] >= pd.Timestamp(day - timedelta(days=365))
    times = recent.astype(int).groupby(keys).sum().reindex(index).fillna(0).astype(int)
    last = ours.groupby(keys)["occurred_at"].max().reindex(index)
    return pd.DataFrame({"times": times, "last": last})


def last_contacts(
    interactions: pd.DataFrame, account_id: str, day: date, *, limit: int = 5
) -> pd.DataFrame:
    """Give the last contacts with an account: day, channel and subject, never a name.

    Parameters
    ----------
    interactions : pd.DataFrame
        Canonical: `occurred_at`, `channel`; where known `account_id`, `topic`.
    account_id : str
    day : date
        Only what happened before it counts.
    limit : int, default 5
        Rows at most.
    """
    columns = ["occurred_at", "channel", "topic"]
    if "account_id" not in interactions:
        return pd.DataFrame(columns=columns)
    ours = interactions[
        (interactions["account_id"] == account_id)
        & (interactions["occurred_at"] < pd.Timestamp(day))
    ].reindex(columns=columns)
    ordered = ours.sort_values(columns, ascending=[False, True, True], na_position="last")
    return ordered.head(limit).reset_index(drop=True)
