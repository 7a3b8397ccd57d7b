"""What does recognising people tell of channels and accounts, without naming anybody?"""

import pandas as pd

from kamlab.sources.opening import Sources
from kamlab.sources.people import records_of_interactions
from kamlab.sources.recognition import People

_NAMED = ("name", "phone", "email", "birth_date", "address", "occupation")


def people_by_channel(people: People) -> pd.DataFrame:
    """Count the persons each channel knows, and those it alone knows.

    Parameters
    ----------
    people : People

    Returns
    -------
    pd.DataFrame
        Most persons first: `channel`, `records`, `persons`, `only_here` (persons no other channel
        knows), `also_elsewhere`, `written_twice` (records beyond the first of a person).
    """
    records = people.records
    known = records.drop_duplicates(["channel", "person_id"])
    alone = ~known["person_id"].duplicated(keep=False)
    table = pd.DataFrame(
        {
            "records": records.groupby("channel").size(),
            "persons": known.groupby("channel").size(),
            "only_here": alone.groupby(known["channel"]).sum(),
        }
    ).astype(int)
    table["also_elsewhere"] = table["persons"] - table["only_here"]
    table["written_twice"] = table["records"] - table["persons"]
    table = table.rename_axis("channel").reset_index()
    return table.sort_values(["persons", "channel"], ascending=[False, True], ignore_index=True)


def people_by_account(people: People) -> pd.DataFrame:
    """Count the persons known at each account.

    Parameters
    ----------
    people : People

    Returns
    -------
    pd.DataFrame
        One row an account: `account_id`, `persons`, `channels` that know one of them, `records`,
        `also_at_others` (persons known at another account too: they moved, or serve both).
    """
    records = people.records.dropna(subset="account_id")
    known = records.drop_duplicates(["account_id", "person_id"])
    elsewhere = known["person_id"].duplicated(keep=False)
    table = pd.DataFrame(
        {
            "persons": known.groupby("account_id").size(),
            "channels": records.drop_duplicates(["account_id", "channel"])
            .groupby("account_id")
            .size(),
            "records": records.groupby("account_id").size(),
            "also_at_others": elsewhere.groupby(known["account_id"]).sum(),
        }
    )
    return table.astype(int).rename_axis("account_id").reset_index()


def changed_company(people: People, interactions: pd.DataFrame | None = None) -> pd.DataFrame:
    """List the pairs of accounts at which one person is known.

    Where interactions date both, the account spoken of later is where the person went.

    Parameters
    ----------
    people : People
    interactions : pd.DataFrame, optional
        Canonical; they say when a record was last in touch.

    Returns
    -------
    pd.DataFrame
        `from_account`, `to_account`, `last_seen` (at either; missing where no interaction says),
        `order_known` (whether from and to are told by days, else in the order of the identifiers),
        `persons`. The latest first. Nobody is named.
    """
    records = people.records.dropna(subset="account_id")
    seen = pd.Series(pd.NaT, index=records.index, dtype="datetime64[us]")
    if interactions is not None and len(interactions):
        when = pd.to_datetime(interactions["occurred_at"]).astype("datetime64[us]")
        last = when.groupby(records_of_interactions(interactions)).max()
        seen = pd.Series(last.reindex(records["record_id"]).to_numpy(), records.index)
    at = (
        records.assign(seen=seen)
        .groupby(["person_id", "account_id"], as_index=False)["seen"]
        .max()
        .sort_values(["person_id", "seen", "account_id"], na_position="first")
    )
    pairs = at.merge(at, on="person_id", suffixes=("_from", "_to"))
    dated = pairs["seen_from"].notna() & pairs["seen_to"].notna()
    dated &= pairs["seen_from"] != pairs["seen_to"]
    forward = (pairs["seen_from"] < pairs["seen_to"]).where(
        dated, pairs["account_id_from"] < pairs["account_id_to"]
    )
    pairs = pairs[forward.astype(bool)].assign(order_known=dated)
    pairs["last_seen"] = pairs[["seen_from", "seen_to"]].max(axis=1)
    table = (
        pairs.rename(columns={"account_id_from": "from_account", "account_id_to": "to_account"})
        .groupby(["from_account", "to_account", "order_known"], as_index=False)
        .agg(last_seen=("last_seen", "max"), persons=("person_id", "nunique"))
    )
    columns = ["from_account", "to_account", "last_seen", "order_known", "persons"]
    return table.sort_values(
        ["last_seen", "from_account", "to_account"], ascending=[False, True, True]
    )[columns].reset_index(drop=True)


def named_people(people: People, known: Sources) -> pd.DataFrame:
    """List the recognised people with their details: personal, for those who may see it.

    Parameters
    ----------
    people : People
    known : Sources

    Returns
    -------
    pd.DataFrame
        One row a contact record: `person_id`, `channel`, `contact_id`, `account_id`,
        `probability` and the details that the sources give.
    """
    records = people.records[people.records["table"] == "contacts"]
    contacts = known.frame_or_empty("contacts")
    channel = contacts["channel"] if "channel" in contacts else pd.Series(None, contacts.index)
    details = contacts.assign(channel=channel.astype("str").fillna("unnamed"))
    details = details[["channel", "contact_id", *(c for c in _NAMED if c in contacts)]]
    listed = records.rename(columns={"id": "contact_id"})
    listed = listed[["person_id", "channel", "contact_id", "account_id", "probability"]]
    return listed.merge(details, on=["channel", "contact_id"], how="left").sort_values(
        ["person_id", "channel", "contact_id"], ignore_index=True
    )
