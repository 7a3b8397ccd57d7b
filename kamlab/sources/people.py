"""Whom does each channel speak of? Every record of a person, in the form in which two compare."""

import re
from collections.abc import Callable

import numpy as np
import pandas as pd

from kamlab.sources.names import company_name, latin, person_names
from kamlab.sources.quality import normal_email

# Boxes that a firm's people share: they name the firm and nobody in it.
_SHARED = frozenset(
    ("info", "office", "contact", "kontakt", "mail", "post", "sales", "vertrieb", "verkauf",
     "order", "orders", "bestellung", "purchasing", "einkauf", "procurement", "purchase", "service",
     "support", "help", "hello", "admin", "billing", "invoice", "accounting", "buchhaltung",
     "finance", "hr", "marketing", "reception", "team", "webmaster", "noreply", "no-reply",
     "export", "import", "logistics", "quality", "production", "secretary", "caigou", "xiaoshou")
)  # fmt: skip
_GENDERS = {
    **dict.fromkeys(("f", "female", "woman", "frau", "mrs", "ms", "miss", "mme", "w", "女"), "f"),
    **dict.fromkeys(("m", "male", "man", "herr", "mr", "monsieur", "男"), "m"),
}
_SWITCHBOARD = 8  # a number or address of more people than this is nobody's own
_FREE_MAIL_FIRMS = 4  # a domain of this many accounts is a mail provider's, not a firm's
_DIGITS = 9  # of a number that is compared when the country is not said
_DETAILS = ("name", "phone", "email")

COLUMNS = (
    "record_id", "table", "channel", "id", "account_id", "firm", "name_key", "short",
    "abbreviated", "phone_key", "email_key", "mailbox", "domain", "birth_key", "address_key",
    "gender_key", "occupation_key",
)  # fmt: skip


def person_records(
    contacts: pd.DataFrame | None,
    interactions: pd.DataFrame | None = None,
    *,
    accounts: pd.DataFrame | None = None,
    region: str | None = None,
) -> pd.DataFrame:
    """Give one row for each record that speaks of a person, with normalised details.

    Interactions that name their contact add nothing and are left to it. Others are taken with the
    details given; those of one channel with the very same details are one record. Records with no
    name and no telephone number or e-mail address of a person's own speak of nobody; what many
    share (info@…, a switchboard) is nobody's own.

    Parameters
    ----------
    contacts, interactions : pd.DataFrame, optional
        Canonical tables.
    accounts : pd.DataFrame, optional
        Canonical; company names are looked up in it.
    region : str, optional
        ISO 3166 code of the country whose telephone numbers carry no country code.

    Returns
    -------
    pd.DataFrame
        `record_id` (text, unique), `table`, `channel`, `id` (contact_id, or the interaction_id of
        the first one), `account_id` as given, `firm` (the account as given, or as the e-mail
        domain or the company's name betrays it; "domain:…" where no account is known), and what
        two records are compared by: `name_key`, `short`, `abbreviated`, `phone_key` (national
        number, digits), `email_key` (not of a shared box), `mailbox` (initial and family name in
        the address), `domain` (a firm's), `birth_key` (YYYY-MM-DD), `address_key`, `gender_key`
        (f or m), `occupation_key`. Missing where not known. In the order of `record_id`.

    Examples
    --------
    >>> contacts = pd.DataFrame(
    ...     {"contact_id": ["7"], "channel": ["seminar"], "name": ["KOCH, Elena"],
    ...      "phone": ["0780/542977"], "email": ["E.Koch@alder.example"]}
    ... )
    >>> made = person_records(contacts)
    >>> made.loc[0, ["name_key", "short", "phone_key", "email_key"]].tolist()
    ['elena koch', 'e koch', '780542977', 'e.koch@alder.example']
    """
    raw = pd.concat([_of_contacts(contacts), _of_interactions(interactions)], ignore_index=True)
    made = raw[["table", "channel", "id", "account_id"]].copy()
    made.insert(0, "record_id", made["table"].str[:1] + "|" + made["channel"] + "|" + made["id"])
    made = pd.concat([made, person_names(raw["name"])], axis=1)
    made["phone_key"] = _once(raw["phone"], lambda text: phone_key(text, region))
    address = _once(raw["email"], normal_email).astype("str")
    local, domain = address.str.split("@", n=1, expand=True).reindex(columns=[0, 1]).to_numpy().T
    made["email_key"] = address.mask(pd.Series(local).isin(_SHARED).to_numpy())
    made["mailbox"] = _once(pd.Series(local, index=raw.index).astype("str"), mailbox)
    made["domain"] = pd.Series(domain, index=raw.index).astype("str")
    made["birth_key"] = pd.to_datetime(raw["birth_date"], errors="coerce").dt.strftime("%Y-%m-%d")
    made["address_key"] = _once(raw["address"], _address)
    made["gender_key"] = _once(raw["gender"], lambda text: _GENDERS.get(text.strip().casefold()))
    made["occupation_key"] = _once(raw["occupation"], lambda text: latin(text.strip()) or None)
    made["firm"], made["domain"] = _firm(made, raw["company"], accounts)
    for detail in ("phone_key", "email_key"):
        users = made.drop_duplicates([detail, "short"]).groupby(detail).size()
        made[detail] = made[detail].mask(made[detail].map(users) > _SWITCHBOARD)
    somebody = made[["name_key", "phone_key", "email_key"]].notna().any(axis=1)
    made = made[somebody].drop_duplicates("record_id").sort_values("record_id", ignore_index=True)
    return made[list(COLUMNS)]


def _of_contacts(contacts: pd.DataFrame | None) -> pd.DataFrame:
    """Give contacts with all columns that are looked at."""
    if contacts is None:
        contacts = pd.DataFrame(columns=["contact_id"])
    made = _texts(contacts, contacts["contact_id"], "contacts")
    born = contacts.get("birth_date", pd.NaT)
    return made.assign(birth_date=pd.Series(born, index=contacts.index, dtype="datetime64[us]"))


def _of_interactions(interactions: pd.DataFrame | None) -> pd.DataFrame:
    """Give the details of interactions whose contact is not named; the same details once."""
    if interactions is None or not set(_DETAILS) & set(interactions.columns):
        interactions = pd.DataFrame(columns=["interaction_id"])
    made = _texts(interactions, interactions["interaction_id"], "interactions")
    told = made[list(_DETAILS)].notna().any(axis=1)
    if "contact_id" in interactions:
        told &= interactions["contact_id"].isna()
    made = made[told].sort_values(["channel", "id"])
    made = made.drop_duplicates(["channel", "account_id", *_DETAILS])
    return made.assign(birth_date=pd.Series(pd.NaT, index=made.index, dtype="datetime64[us]"))


def records_of_interactions(interactions: pd.DataFrame) -> pd.Series:
    """Name the record to which each interaction belongs; missing where it speaks of nobody.

    Parameters
    ----------
    interactions : pd.DataFrame
        Canonical.

    Returns
    -------
    pd.Series of shape (n,)
        record_id, with the index of the interactions.
    """
    made = _texts(interactions, interactions["interaction_id"], "interactions")
    told = made[list(_DETAILS)].notna().any(axis=1)
    ordered = made.sort_values(["channel", "id"])
    same = ["channel", "account_id", *_DETAILS]
    first = ordered.groupby(same, dropna=False, sort=False)["id"].transform("first")
    record = ("i|" + made["channel"] + "|" + first.reindex(made.index)).where(told)
    if "contact_id" in interactions:
        contact = interactions["contact_id"].astype("str")
        record = ("c|" + made["channel"] + "|" + contact).fillna(record)
    return record


def _texts(table: pd.DataFrame, ids: pd.Series, name: str) -> pd.DataFrame:
    """Give the columns of text, absent ones empty."""
    wanted = ("account_id", *_DETAILS, "gender", "occupation", "address", "company")
    made = {
        column: table[column] if column in table else pd.Series(None, index=table.index)
        for column in wanted
    }
    channel = table["channel"] if "channel" in table else pd.Series(None, index=table.index)
    frame = pd.DataFrame({"table": name, "id": ids, "channel": channel} | made)
    frame = frame.astype("str").assign(channel=lambda f: f["channel"].fillna("unnamed"))
    return frame.mask(frame == "")


def _once(texts: pd.Series, read: Callable[[str], str | None]) -> pd.Series:
    """Read each different text once."""
    codes, distinct = pd.factorize(texts)
    answers = np.array([*[read(text) for text in distinct], None], dtype=object)
    return pd.Series(answers[codes], index=texts.index).astype("str")


def phone_key(phone: str, region: str | None = None) -> str | None:
    """Give the national digits by which two telephone numbers compare, or None.

    Numbers are compared without country code, since half of the channels leave it out; what is too
    short, or one digit again and again, is no number.

    Examples
    --------
    >>> phone_key("+49 30 1234567"), phone_key("0049 301234567"), phone_key("(030) 1234-567")
    ('301234567', '301234567', '301234567')
    >>> phone_key("000000") is None
    True
    """
    import phonenumbers

    text = re.sub(r"^\s*00", "+", phone.strip())
    digits = "".join(re.findall(r"[0-9]", text)).lstrip("0")
    if region or text.startswith("+"):
        try:
            number = phonenumbers.parse(text, region)
        except phonenumbers.NumberParseException:
            pass
        else:
            digits = str(number.national_number)
    return digits[-_DIGITS:] if len(digits) >= 6 and len(set(digits)) > 1 else None


def is_shared(email: str) -> bool:
    """Say whether a normalised e-mail address is a box that a firm's people share.

    Examples
    --------
    >>> is_shared("info@alder.example"), is_shared("e.koch@alder.example")
    (True, False)
    """
    return email.split("@")[0] in _SHARED


def mailbox(local: str) -> str | None:
    """Give initial and family name as the local part of an e-mail address betrays them, or None.

    Examples
    --------
    >>> mailbox("juergen.mueller"), mailbox("j.mueller"), mailbox("richter83") is None
    ('j muller', 'j muller', True)
    """
    if local in _SHARED:
        return None
    words = re.findall(r"[a-z]+", latin(local))
    return f"{words[0][0]} {words[-1]}" if len(words) > 1 else None


def _address(text: str) -> str | None:
    """Give the words and numbers of an address, sorted."""
    words = re.findall(r"[a-z]+|[0-9]+", latin(text)[:400])
    return " ".join(sorted(words)) if len(words) > 1 else None


def _firm(
    made: pd.DataFrame, company: pd.Series, accounts: pd.DataFrame | None
) -> tuple[pd.Series, pd.Series]:
    """Know the account of a record from its e-mail domain or its company's name, where not given.

    A domain belongs to the account that most of its records give; one of many accounts belongs to
    a mail provider and tells nothing.
    """
    told = made.dropna(subset=["domain", "account_id"]).drop_duplicates(
        ["domain", "account_id", "record_id"]
    )
    counts = told.groupby(["domain", "account_id"]).size().rename("n").reset_index()
    firms = counts.groupby("domain").size()
    people = made.groupby("domain")["name_key"].nunique()
    free = set(firms[firms >= _FREE_MAIL_FIRMS].index) | set(_strangers(people))
    best = counts.sort_values(["domain", "n", "account_id"], ascending=[True, False, True])
    whole = counts.groupby("domain")["n"].sum()
    best = best.drop_duplicates("domain").set_index("domain")
    sure = best[best["n"] > 0.5 * whole.reindex(best.index)]["account_id"].drop(
        free, errors="ignore"
    )
    names: dict[str, str] = {}
    spelled = _once(company, company_name)
    if accounts is not None and "name" in accounts:
        known = pd.DataFrame(
            {"name": _once(accounts["name"], company_name), "id": accounts["account_id"]}
        ).dropna()
        known = known[~known["name"].duplicated(keep=False)]
        names = dict(zip(known["name"], known["id"], strict=True))
    domain = made["domain"].mask(made["domain"].isin(free))
    found = made["account_id"]
    for other in (domain.map(sure), spelled.map(names), "domain:" + domain, "company:" + spelled):
        found = found.fillna(other.astype("str"))
    return found, domain


def _strangers(people: pd.Series) -> list[str]:
    """Name the domains that far more people use than any other: they are mail providers'."""
    if len(people) < 20:
        return []
    limit = max(50.0, 20 * float(people.median()))
    return people[people > limit].index.tolist()
