"""How many people of an account do we speak with, and how high up?"""

import re
from collections.abc import Mapping
from datetime import date, timedelta

import pandas as pd

# Level 5 decides alone, 1 carries out; the first pattern that an occupation matches counts.
LEVELS: Mapping[int, str] = {
    5: r"owner|founder|(?<!vice )(?<!vice-)president|chief|\bc[efo]o\b|managing director"
    r"|geschäftsführer|gérant|总经理|老板|董事长|所有者",
    4: r"director|vice|head|board|partner|leiter|directeur|总监|副总",
    3: r"manager|superintendent|lead\b|supervisor|经理|主管",
    2: r"engineer|specialist|buyer|planner|technolog|controller|工程师|采购|专员",
    1: r"assistant|clerk|trainee|secretar|operator|helper|助理|文员",
}


def seniority(occupations: pd.Series) -> pd.Series:
    """Give the level of occupations, 5 (owner, managing director) to 1 (assistant).

    Parameters
    ----------
    occupations : pd.Series of str
        In the source's words; English, German, French and Chinese ones are known.

    Returns
    -------
    pd.Series of float
        Missing where the occupation is missing or not understood.

    Examples
    --------
    >>> seniority(pd.Series(["Purchasing Manager", "owner", "poet"])).tolist()
    [3.0, 5.0, nan]
    """
    level = {}
    for name in occupations.dropna().unique():
        found = [
            number
            for number, words in LEVELS.items()
            if re.search(words, str(name), flags=re.IGNORECASE)
        ]
        level[name] = float(found[0]) if found else float("nan")
    return occupations.map(level).astype(float)


def people_reached(
    contacts: pd.DataFrame, interactions: pd.DataFrame | None, as_of: date
) -> pd.DataFrame:
    """Count the people of each account whom we know and spoke with, and their seniority.

    Parameters
    ----------
    contacts : pd.DataFrame
        Canonical contacts. Records of one account with the same name, else e-mail, are one person.
    interactions : pd.DataFrame or None
        Canonical; only those that name a contact tell of a person.
    as_of : date
        Exclusive.

    Returns
    -------
    pd.DataFrame
        One row an account with a contact, sorted by `account_id`: `people_known`, `people_reached`
        (spoken with in the 365 days before) and `seniority_reached` (highest level of these, 1 to
        5; missing where none is known). Counts only: nothing names a person.
    """
    columns = ["account_id", "people_known", "people_reached", "seniority_reached"]
    if "account_id" not in contacts or contacts["account_id"].isna().all():
        return pd.DataFrame(columns=columns)
    ours = contacts[contacts["account_id"].notna()].reset_index(drop=True)
    given = [ours[name] for name in ("name", "email") if name in ours]
    person = pd.Series("\0" + ours.index.astype(str), index=ours.index)
    for texts in reversed(given):
        folded = texts.astype("str").str.split().str.join(" ").str.casefold()
        person = folded.where(texts.notna() & (folded != ""), person)
    level = seniority(ours["occupation"]) if "occupation" in ours else pd.Series(index=ours.index)
    spoken = pd.Series(False, index=ours.index)
    if interactions is not None and "contact_id" in interactions:
        when = pd.to_datetime(interactions["occurred_at"])
        end = pd.Timestamp(as_of)
        seen = interactions[(when < end) & (when >= end - timedelta(days=365))]
        keys = ["channel", "contact_id"] if "channel" in ours else ["contact_id"]
        named = pd.MultiIndex.from_frame(seen[keys].dropna().drop_duplicates().astype(str))
        spoken = pd.Series(pd.MultiIndex.from_frame(ours[keys].astype(str)).isin(named))
    one = pd.DataFrame(
        {
            "account_id": ours["account_id"],
            "person": person,
            "spoken": spoken,
            "level": level.where(spoken).astype(float),
        }
    )
    people = one.groupby(["account_id", "person"]).agg(
        spoken=("spoken", "max"), level=("level", "max")
    )
    by_account = people.groupby("account_id")
    return pd.DataFrame(
        {
            "people_known": by_account.size().astype(float),
            "people_reached": by_account["spoken"].sum().astype(float),
            "seniority_reached": by_account["level"].max(),
        }
    ).reset_index()[columns]
