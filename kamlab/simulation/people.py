"""Who are the people at the accounts? Persons as they are, before any channel writes them down."""

from dataclasses import dataclass

import numpy as np

from kamlab.simulation.accounts import Identity
from kamlab.simulation.config import MONTHS
from kamlab.simulation.latents import Latents
from kamlab.simulation.names import (
    CHINESE_FAMILY,
    CHINESE_GIVEN,
    COUNTRIES,
    FAMILY_NAMES,
    GIVEN_NAMES,
    STREETS,
)

OCCUPATIONS = (
    "purchasing manager",
    "production manager",
    "quality manager",
    "head of development",
    "finance director",
    "managing director",
    "owner",
    "logistics manager",
)
DIALLING = ("49", "33", "39", "48", "31", "44", "86")
CITIES = ("Hamburg", "Lyon", "Bologna", "Poznań", "Utrecht", "Leeds", "上海")
HOMONYMS = 0.03
MOVERS = 0.04


@dataclass(frozen=True, slots=True)
class Persons:
    """True persons; arrays of shape (p,).

    Attributes
    ----------
    account : account number at the end of the data.
    earlier : account number before the move (the same where nobody moved).
    moved : month of the move, 0 = never moved.
    chinese : bool, writes the name in characters.
    given, family : parts of the name as the person writes them.
    given_latin, family_latin : the same in Latin letters.
    woman : bool.
    birth : datetime64[D].
    occupation : code into `OCCUPATIONS`.
    phone : national number without the leading 0, digits.
    dialling : country code, digits.
    address : text.
    """

    account: np.ndarray
    earlier: np.ndarray
    moved: np.ndarray
    chinese: np.ndarray
    given: np.ndarray
    family: np.ndarray
    given_latin: np.ndarray
    family_latin: np.ndarray
    woman: np.ndarray
    birth: np.ndarray
    occupation: np.ndarray
    phone: np.ndarray
    dialling: np.ndarray
    address: np.ndarray


def draw_persons(latents: Latents, identity: Identity, rng: np.random.Generator) -> Persons:
    """Draw one to six persons an account; larger accounts have more.

    Four in a hundred came from another account within the four years; three in a hundred carry
    the very name of a person elsewhere (homonyms, who must not be merged).
    """
    size = np.clip(latents.log_wallet - 10.5, -1, 4)
    count = np.minimum(1 + rng.poisson(0.6 + 0.35 * np.maximum(size, 0)), 6)
    account = np.repeat(np.arange(len(count)), count)
    people = len(account)
    chinese = (identity.country[account] == COUNTRIES.index("China")) & (rng.random(people) < 0.9)
    pick = rng.integers(0, 1_000_000, (2, people))
    twin = rng.random(people) < HOMONYMS
    model = rng.permutation(people)
    pick[:, twin] = pick[:, model[twin]]
    chinese = np.where(twin, chinese[model], chinese)
    names, woman = _names(pick, chinese)
    moves = rng.random(people) < MOVERS
    earlier = np.where(moves, rng.integers(0, len(count), people), account)
    moved = np.where(earlier != account, rng.integers(6, MONTHS, people), 0)
    street = np.array(STREETS, dtype=object)[rng.integers(0, len(STREETS), people)]
    number = rng.integers(1, 140, people).astype(str).astype(object)
    city = np.array(CITIES, dtype=object)[identity.country[account]]
    born = np.datetime64("1958-01-01", "D") + rng.integers(0, 365 * 40, people)
    return Persons(
        account=account,
        earlier=earlier,
        moved=moved,
        chinese=chinese,
        **names,
        woman=woman,
        birth=born,
        occupation=rng.choice(
            len(OCCUPATIONS), people, p=[0.34, 0.14, 0.14, 0.08, 0.1, 0.1, 0.05, 0.05]
        ),
        phone=rng.integers(200_000_000, 999_999_999, people).astype(str).astype(object),
        dialling=np.array(DIALLING, dtype=object)[identity.country[account]],
        address=street + " " + number + ", " + city,
    )


def _names(pick: np.ndarray, chinese: np.ndarray) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Give the parts of names, native and Latin, and who is a woman."""
    given_code, family_code = pick
    latin_given = np.array([name for name, _ in GIVEN_NAMES], dtype=object)
    latin_woman = np.array([sex == "f" for _, sex in GIVEN_NAMES])
    latin_family = np.array(FAMILY_NAMES, dtype=object)
    sign, pinyin, sex = (np.array(part, dtype=object) for part in zip(*CHINESE_GIVEN, strict=True))
    house, house_pinyin = (
        np.array(part, dtype=object) for part in zip(*CHINESE_FAMILY, strict=True)
    )
    mine = given_code % len(latin_given), family_code % len(latin_family)
    theirs = given_code % len(sign), family_code % len(house)
    parts = {
        "given": np.where(chinese, sign[theirs[0]], latin_given[mine[0]]),
        "family": np.where(chinese, house[theirs[1]], latin_family[mine[1]]),
        "given_latin": np.where(chinese, pinyin[theirs[0]], latin_given[mine[0]]),
        "family_latin": np.where(chinese, house_pinyin[theirs[1]], latin_family[mine[1]]),
    }
    return parts, np.where(chinese, sex[theirs[0]] == "f", latin_woman[mine[0]])
