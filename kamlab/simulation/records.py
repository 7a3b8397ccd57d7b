"""How does each channel write a person down? Contact records with the channels' own spellings.

A person appears in one to six channels. Each record is written once, at some month: before a
move it carries the old account. Names come with initials, turned round, in capitals, without
accents, in pinyin, or mistyped; telephone numbers in five formats; e-mail addresses as the person,
as a shared box of the firm, private, or missing. Sales centre, telephone and call centre know the
account number; e-mail, website and seminar know a company's name and an e-mail domain at best.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlab.simulation.accounts import Identity
from kamlab.simulation.config import MONTHS
from kamlab.simulation.gaps import known
from kamlab.simulation.people import OCCUPATIONS, Persons

CHANNELS = ("sales centre", "telephone", "call centre", "e-mail", "website", "seminar")
PREFIXES = ("SC", "TE", "CC", "EM", "WE", "SE")
_PRESENT = np.array([0.62, 0.42, 0.36, 0.52, 0.30, 0.14])
KNOWS_ACCOUNT = np.array([0.97, 0.85, 0.90, 0.10, 0.25, 0.05])
_SEXES = (
    ("male", "female"),
    ("Herr", "Frau"),
    ("M", "F"),
    ("", ""),
    ("m", "f"),
    ("Mr", "Ms"),
)
_FOLDED = str.maketrans(
    {"ü": "ue", "ä": "ae", "ö": "oe", "é": "e", "è": "e", "ś": "s", "ń": "n", "ł": "l"}
)


@dataclass(frozen=True, slots=True)
class Records:
    """Contact records; arrays of shape (r,).

    Attributes
    ----------
    person, channel, account : codes; `account` is that of the month of writing.
    contact_id : text, unique.
    table : canonical contacts with the further column `company` (as typed).
    """

    person: np.ndarray
    channel: np.ndarray
    account: np.ndarray
    contact_id: np.ndarray
    table: pd.DataFrame


def write_records(persons: Persons, identity: Identity, rng: np.random.Generator) -> Records:
    """Write the persons down in the channels.

    Parameters
    ----------
    persons : Persons
    identity : Identity
    rng : numpy.random.Generator

    Returns
    -------
    Records
    """
    people = len(persons.account)
    seen = rng.random((people, len(CHANNELS))) < _PRESENT
    nowhere = ~seen.any(axis=1)
    seen[nowhere, rng.integers(0, len(CHANNELS), int(nowhere.sum()))] = True
    person, channel = np.nonzero(seen)
    again = rng.random(len(person)) < 0.06  # written down twice in one channel
    person, channel = np.append(person, person[again]), np.append(channel, channel[again])
    shuffled = rng.permutation(len(person))
    person, channel = person[shuffled], channel[shuffled]
    written = rng.integers(0, MONTHS, len(person))
    account = np.where(
        written < persons.moved[person], persons.earlier[person], persons.account[person]
    )
    number = pd.Series(channel).groupby(channel).cumcount().to_numpy() + 1
    digits = np.array([f"{i:06d}" for i in number], dtype=object)
    ids = np.array(PREFIXES, dtype=object)[channel] + digits
    knows = rng.random(len(person)) < KNOWS_ACCOUNT[channel]
    domain = email_domains(identity)[account]
    mistaken = rng.random(len(person)) < 0.02
    woman = persons.woman[person] ^ mistaken
    sex = np.array(_SEXES, dtype=object)[channel, woman.astype(int)]
    told_birth = rng.random(len(person)) < np.array([0.4, 0.2, 0.3, 0.0, 0.5, 0.3])[channel]
    told_address = rng.random(len(person)) < np.array([0.8, 0.3, 0.4, 0.05, 0.6, 0.1])[channel]
    table = pd.DataFrame(
        {
            "contact_id": ids,
            "account_id": known(identity.ids[account], knows),
            "name": _written_names(persons, person, channel, rng),
            "gender": known(sex, sex != ""),
            "birth_date": pd.Series(persons.birth[person].astype("datetime64[us]")).where(
                told_birth
            ),
            "occupation": known(
                np.array(OCCUPATIONS, dtype=object)[persons.occupation[person]],
                rng.random(len(person)) < 0.7,
            ),
            "address": known(persons.address[person], told_address),
            "phone": _written_phones(persons, person, channel, rng),
            "email": _written_emails(persons, person, channel, domain, rng),
            "channel": np.array(CHANNELS, dtype=object)[channel],
            "company": _written_companies(identity.names[account], channel, rng),
        }
    )
    return Records(person, channel, account, ids, table)


def email_domains(identity: Identity) -> np.ndarray:
    """Give each account its e-mail domain, under the reserved name `.example`."""
    plain = pd.Series(identity.names, dtype=object).str.lower().str.translate(_FOLDED)
    words = plain.str.replace(r"[^a-z0-9]+", "-", regex=True).str.strip("-")
    short = words.str.replace(r"-(?:gmbh|sarl|s-r-l|sp-z-o-o|b-v|co-ltd|ltd)\b", "", regex=True)
    numbered = "firm-" + pd.Series(identity.ids, dtype=object).str.lower()
    return (short.where(short.str.len() > 3, numbered) + ".example").to_numpy(dtype=object)


def _written_names(
    persons: Persons, person: np.ndarray, channel: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Write names as the channel and chance will have it."""

    def latin(who: np.ndarray) -> np.ndarray:
        return persons.given_latin[who] + " " + persons.family_latin[who]

    def native(who: np.ndarray) -> np.ndarray:
        given, family = persons.given[who], persons.family[who]
        return np.where(persons.chinese[who], family + given, given + " " + family)

    def turned(who: np.ndarray) -> np.ndarray:
        family = persons.family[who] + ", " + persons.given[who]
        pinyin = persons.family_latin[who] + " " + persons.given_latin[who]
        return np.where(persons.chinese[who], pinyin, family)

    def initial(who: np.ndarray) -> np.ndarray:
        first = _each(persons.given_latin[who], lambda text: text[:1] + ". ")
        return first + persons.family_latin[who]

    def capitals(who: np.ndarray) -> np.ndarray:
        return _each(latin(who), str.upper)

    def folded(who: np.ndarray) -> np.ndarray:
        return _each(latin(who), lambda text: text.translate(_FOLDED))

    habits = np.array(
        [
            [0.75, 0.05, 0.08, 0.06, 0.01, 0.05],
            [0.25, 0.45, 0.10, 0.15, 0.00, 0.05],
            [0.05, 0.25, 0.10, 0.10, 0.40, 0.10],
            [0.35, 0.05, 0.25, 0.20, 0.00, 0.15],
            [0.45, 0.00, 0.30, 0.05, 0.05, 0.15],
            [0.30, 0.20, 0.25, 0.15, 0.05, 0.05],
        ]
    )
    cumulated = np.cumsum(habits, axis=1)[channel]
    form = np.minimum((rng.random(len(person))[:, None] > cumulated).sum(axis=1), 5)
    written = _written(form, (native, turned, latin, initial, capitals, folded), person)
    slip = rng.random(len(person)) < np.array([0.02, 0.08, 0.08, 0.03, 0.04, 0.06])[channel]
    place = rng.integers(1, 1_000, len(person))
    for row in np.flatnonzero(slip):
        written[row] = _mistype(written[row], int(place[row]))
    return written


def _written(
    form: np.ndarray, ways: tuple[Callable[..., np.ndarray], ...], *facts: np.ndarray
) -> np.ndarray:
    """Write each row in the form drawn for it; only the texts wanted are made."""
    written = np.empty(len(form), dtype=object)
    for code, way in enumerate(ways):
        rows = np.flatnonzero(form == code)
        if len(rows):
            written[rows] = way(*(fact[rows] for fact in facts))
    return written


def _each(texts: np.ndarray, change: Callable[[str], str]) -> np.ndarray:
    """Change every distinct text once."""
    codes, distinct = pd.factorize(texts)
    return np.array([change(text) for text in distinct], dtype=object)[codes]


def _mistype(text: str, place: int) -> str:
    """Swap two neighbouring letters, or drop one."""
    if len(text) < 4:
        return text
    at = 1 + place % (len(text) - 2)
    if place % 3:
        return text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    return text[:at] + text[at + 1 :]


def _written_phones(
    persons: Persons, person: np.ndarray, channel: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Write telephone numbers in one of five formats, or not at all."""

    def spaced(country: np.ndarray, number: np.ndarray) -> np.ndarray:
        return "+" + country + " " + _each(number, lambda text: f"{text[:3]} {text[3:]}")

    def long(country: np.ndarray, number: np.ndarray) -> np.ndarray:
        return "00" + country + number

    def slashed(_: np.ndarray, number: np.ndarray) -> np.ndarray:
        return _each(number, lambda text: f"0{text[:3]}/{text[3:]}")

    def bracketed(_: np.ndarray, number: np.ndarray) -> np.ndarray:
        return _each(number, lambda text: f"(0{text[:3]}) {text[3:6]}-{text[6:]}")

    def plain(country: np.ndarray, number: np.ndarray) -> np.ndarray:
        return "+" + country + number

    usual = np.array([0, 2, 1, 4, 3, 0])[channel]
    form = np.where(rng.random(len(person)) < 0.7, usual, rng.integers(0, 5, len(person)))
    missing = rng.random(len(person)) < np.array([0.05, 0.02, 0.05, 0.55, 0.3, 0.5])[channel]
    ways = (spaced, long, slashed, bracketed, plain)
    written = _written(form, ways, persons.dialling[person], persons.phone[person])
    return known(written, ~missing)


def _written_emails(
    persons: Persons,
    person: np.ndarray,
    channel: np.ndarray,
    domain: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Write e-mail addresses: the person's, in two forms, a shared box, a private one, or none."""

    def own(who: np.ndarray, firm: np.ndarray) -> np.ndarray:
        given = _each(persons.given_latin[who], _address_part)
        return given + "." + _each(persons.family_latin[who], _address_part) + "@" + firm

    def initial(who: np.ndarray, firm: np.ndarray) -> np.ndarray:
        given = _each(persons.given_latin[who], lambda text: _address_part(text)[:1])
        return given + "." + _each(persons.family_latin[who], _address_part) + "@" + firm

    def shared(_: np.ndarray, firm: np.ndarray) -> np.ndarray:
        return "info@" + firm

    def private(who: np.ndarray, _: np.ndarray) -> np.ndarray:
        family = _each(persons.family_latin[who], _address_part)
        return family + (who % 97).astype(str).astype(object) + "@mail.example"

    def capitals(who: np.ndarray, firm: np.ndarray) -> np.ndarray:
        return _each(own(who, firm), str.upper)

    form = np.searchsorted([0.62, 0.80, 0.88, 0.95], rng.random(len(person)))
    missing = rng.random(len(person)) < np.array([0.2, 0.75, 0.6, 0.0, 0.05, 0.25])[channel]
    written = _written(form, (own, initial, shared, private, capitals), person, domain)
    return known(written, ~missing)


def _address_part(text: str) -> str:
    """Turn a name into the letters of an e-mail address."""
    return text.lower().translate(_FOLDED).replace(" ", "")


def _written_companies(
    names: np.ndarray, channel: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Write company names: in full, in capitals, or without the legal form."""
    texts = pd.Series(names, dtype=object)
    bare = texts.str.replace(
        r"(?: GmbH| SARL| S\.r\.l\.| Sp\. z o\.o\.| B\.V\.| Ltd| Co\., Ltd\.|有限公司)",
        "",
        regex=True,
    ).to_numpy(dtype=object)
    form = rng.choice(4, len(names), p=[0.5, 0.1, 0.25, 0.15])
    written = np.where(form == 2, bare, np.where(form == 1, _each(names, str.upper), names))
    return known(written, (form != 3) & (channel != 2))
