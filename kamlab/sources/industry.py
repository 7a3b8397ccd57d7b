"""What holds in the user's industry: families, units, thresholds, rates and criteria?

One file says it, `flexible_packaging.toml` unless the user gives another, so that no study carries
the habits of one trade in its code. What is in force has a name and a digest, which stand on every
page.
"""

import hashlib
import json
import math
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from kamlab.errors import DataRefusedError, UsageError
from kamlab.sources.currencies import CURRENCIES
from kamlab.sources.keys import fold, only_known

SHIPPED = Path(__file__).with_name("flexible_packaging.toml")
BESIDE_DATA = "industry.toml"

# Key: least and most that it may be, and what it is.
THRESHOLDS: Mapping[str, tuple[float, float, str]] = {
    "late_days": (0, 365, "days after the due date from which a payment counts as late"),
    "default_days": (1, 730, "days overdue from which an account may be in default"),
    "default_share": (0, 1, "share of a year's invoices that must be so overdue"),
    "unusual_silence": (0, 1, "share of an account's own gaps that its silence must exceed"),
    "rhythm": (0, 100, "regularity from which silence means something"),
    "family_peers": (0, 1, "share of peers that must buy a family before its absence is space"),
    "fewest_wallets": (5, 1e6, "known wallets from which those of others are learnt"),
}
RATES: Mapping[str, tuple[float, float, str]] = {
    "default_a_year": (1e-6, 0.5, "share of accounts that default in a year"),
    "loss_given_default": (0, 1, "share of what is open that a default costs"),
    "wallet_quantile": (0.5, 0.99, "quantile of our sales that stands in for wallets"),
    "wallet_error": (0, 1, "relative error of a given wallet, half width at 90 %"),
    "winnable_share": (0, 1, "share of head-room that a year's effort wins"),
    "interest": (0, 1, "interest of a year, on what customers owe"),
    "cost_per_order": (0, 1e6, "cost of an order, in the currency"),
    "cost_per_visit": (0, 1e6, "cost of a visit, in the currency"),
    "cost_per_contact": (0, 1e6, "cost of any contact, in the currency"),
    "cost_per_complaint": (0, 1e6, "cost of a complaint, in the currency"),
}
COSTS = ("cost_per_order", "cost_per_visit", "cost_per_contact", "cost_per_complaint")
CRITERIA = (
    "sales share",
    "gross profit",
    "margin",
    "growth",
    "business space",
    "payment",
    "finances",
    "management",
    "bargaining power",
)
CHANNELS = ("digital", "visits")
UNITS = ("quantity",)
_TOP = ("name", "units", "families", "assortment", "channels", "activities", "thresholds", "rates",
        "criteria")  # fmt: skip
_OF_CRITERION = ("weight", "least", "most")


@dataclass(frozen=True, slots=True)
class Standard:
    """What a criterion counts and asks for.

    Attributes
    ----------
    weight : float
        In the explaining score, not negative.
    least, most : float or None
        Limits that no strength elsewhere makes up for, inclusive; None where there is none.
    """

    weight: float = 1.0
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Industry:
    """What holds in an industry; read with `read_industry`.

    Attributes
    ----------
    name : str
    files : tuple of str
        Names of the files it was read from, the user's last.
    sha256 : str
        Digest of all that is in force, whatever the files' comments and order.
    quantity : str
        Unit of quantities, such as kg.
    families : mapping of str to tuple of str
        Words by which categories are told, by product family.
    channels : mapping of str to tuple of str
        Words, folded, by which channels are told: of `digital` ones and of `visits`.
    modern : tuple of str
        Families of a modern assortment.
    rush : tuple of str
        Words, folded, by which an activity is told to be a rush order.
    thresholds : mapping of str to float
        All of `THRESHOLDS`.
    rates : mapping of str to float
        Of `RATES` what is known.
    currency : str
        Of the rates that are money; empty where none is stated.
    criteria : mapping of str to Standard
        All of `CRITERIA`.
    """

    name: str
    files: tuple[str, ...]
    sha256: str
    quantity: str
    families: Mapping[str, tuple[str, ...]] = field(hash=False)
    channels: Mapping[str, tuple[str, ...]] = field(hash=False)
    modern: tuple[str, ...]
    rush: tuple[str, ...]
    thresholds: Mapping[str, float] = field(hash=False)
    rates: Mapping[str, float] = field(hash=False)
    currency: str
    criteria: Mapping[str, Standard] = field(hash=False)

    @property
    def digest(self) -> str:
        """First eight letters of the digest, for people."""
        return self.sha256[:8]

    def cost_rates(self, currency: str) -> dict[str, float]:
        """Give the rates of serving in the data's currency, by what they are paid for.

        Parameters
        ----------
        currency : str
            Of the data; rates in another one are left out.

        Returns
        -------
        dict of str to float
            Of order, visit, contact and complaint what is stated, and `credit_day` (a day's share
            of what is owed) where interest is.
        """
        told = {
            name.removeprefix("cost_per_"): self.rates[name]
            for name in COSTS
            if name in self.rates and self.currency == currency
        }
        if "interest" in self.rates:
            told["credit_day"] = self.rates["interest"] / 365
        return told

    def family(self, category: str) -> str:
        """Give the family of a category; one that no word tells is a family of its own.

        Examples
        --------
        >>> read_industry().family("Stand-up Pouches, printed")
        'pouches'
        """
        plain = category.casefold()
        for family, words in self.families.items():
            if plain == family.casefold() or any(word.casefold() in plain for word in words):
                return family
        return category

    def table(self) -> dict[str, str]:
        """Say what is in force, a line a setting, for a table of the page."""
        said = {"unit of quantity": self.quantity}
        said |= {f"families: {name}": ", ".join(words) for name, words in self.families.items()}
        said["assortment: modern"] = ", ".join(self.modern) or "not stated"
        said["activities: rush"] = ", ".join(self.rush)
        said |= {f"channels: {name}": ", ".join(words) for name, words in self.channels.items()}
        for block, known, values in (
            ("thresholds", THRESHOLDS, self.thresholds),
            ("rates", RATES, self.rates),
        ):
            for name, (_, _, meaning) in known.items():
                told = f"{values[name]:g}" if name in values else "not stated"
                said[f"{block}: {name}"] = f"{told} ({meaning})"
        for name, standard in self.criteria.items():
            limits = [f"weight {standard.weight:g}"]
            limits += [f"at least {standard.least:g}"] if standard.least is not None else []
            limits += [f"at most {standard.most:g}"] if standard.most is not None else []
            said[f"criteria: {name}"] = ", ".join(limits)
        return said


@cache
def shipped() -> Industry:
    """Give the industry that holds where the user says nothing: flexible packaging."""
    return _made(_read(SHIPPED), (SHIPPED.name,))


def read_industry(path: str | Path | None = None) -> Industry:
    """Read what holds in an industry: the user's file over the one that comes with kamlab.

    Parameters
    ----------
    path : str or Path, optional
        TOML file with what differs; a table `[families]` replaces the shipped one as a whole.
        Default: the shipped file alone.

    Returns
    -------
    Industry

    Raises
    ------
    DataRefusedError
        If the file cannot be read.
    UsageError
        If it says something unknown or impossible; the message names file and key, what was
        expected, and the nearest key.

    Examples
    --------
    >>> read_industry().name
    'Flexible packaging'
    """
    if path is None:
        return shipped()
    path = Path(path)
    whole, own = _read(SHIPPED), _read(path)
    for key, value in own.items():
        if key in ("name", "families"):
            whole[key] = value
        elif key == "criteria":
            whole[key] = {name: whole[key][name] | value.get(name, {}) for name in whole[key]}
        else:
            whole[key] = whole[key] | value
    modern = whole["assortment"]["modern"]
    if "assortment" in own:
        only_known(modern, list(whole["families"]), f"{path}, [assortment], modern")
    else:  # ours, where they are among the user's families
        whole["assortment"] = {"modern": [name for name in modern if name in whole["families"]]}
    return _made(whole, (SHIPPED.name, path.name))


def _made(said: dict[str, Any], files: tuple[str, ...]) -> Industry:
    """Make an industry of checked settings."""
    digest = hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()
    rates = {key: float(value) for key, value in said["rates"].items() if key != "currency"}
    return Industry(
        name=said["name"],
        files=files,
        sha256=digest,
        quantity=said["units"]["quantity"],
        families=MappingProxyType({k: tuple(v) for k, v in said["families"].items()}),
        channels=MappingProxyType(
            {key: tuple(fold(word) for word in words) for key, words in said["channels"].items()}
        ),
        modern=tuple(said["assortment"]["modern"]),
        rush=tuple(fold(word) for word in said["activities"]["rush"]),
        thresholds=MappingProxyType({k: float(v) for k, v in said["thresholds"].items()}),
        rates=MappingProxyType(rates),
        currency=said["rates"].get("currency", "").upper(),
        criteria=MappingProxyType({k: Standard(**v) for k, v in said["criteria"].items()}),
    )


def _read(path: Path) -> dict[str, Any]:
    """Read and check one file."""
    try:
        said = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise DataRefusedError(f"{path}: there is no such industry profile.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a TOML file in UTF-8: {error}.") from None
    except OSError as error:
        raise DataRefusedError(f"{path}: cannot be read: {error.strerror}.") from None
    only_known(said, _TOP, str(path))
    for key, value in said.items():
        if key == "name" and not (isinstance(value, str) and value.strip()):
            raise UsageError(f'{path}: name = {value!r} must be text, as in name = "Labels".')
        if key != "name" and not isinstance(value, dict):
            raise UsageError(f"{path}: {key} must be a table, as in [{key}].")
    _check_units(said.get("units", {}), f"{path}, [units]")
    _check_words(said.get("families", {}), f"{path}, [families]")
    channels = said.get("channels", {})
    only_known(channels, CHANNELS, f"{path}, [channels]")
    _check_words(channels, f"{path}, [channels]")
    for block, key in (("assortment", "modern"), ("activities", "rush")):
        only_known(said.get(block, {}), (key,), f"{path}, [{block}]")
        _check_words(said.get(block, {}), f"{path}, [{block}]")
    _check_numbers(said.get("thresholds", {}), THRESHOLDS, f"{path}, [thresholds]")
    _check_rates(said.get("rates", {}), f"{path}, [rates]")
    _check_criteria(said.get("criteria", {}), f"{path}, [criteria]")
    return said


def _check_units(units: dict[str, Any], place: str) -> None:
    """Check the names of units."""
    only_known(units, UNITS, place)
    for key, value in units.items():
        if not (isinstance(value, str) and re.fullmatch(r"[^<>&\n]{1,20}", value)):
            raise UsageError(f'{place}: {key} = {value!r} must be a short text such as "kg".')


def _check_words(lists: dict[str, Any], place: str) -> None:
    """Check that each key has a list of words."""
    for key, words in lists.items():
        right = isinstance(words, list) and words
        if not (right and all(isinstance(word, str) and word.strip() for word in words)):
            raise UsageError(
                f'{place}: {key} = {words!r} must be a list of words, as in ["pouch", "bag"].'
            )


def _number(value: object, low: float, high: float) -> bool:
    """Say whether a value is a number within limits."""
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and math.isfinite(value) and low <= value <= high  # type: ignore[arg-type, operator]


def _check_numbers(
    said: dict[str, Any], known: Mapping[str, tuple[float, float, str]], place: str
) -> None:
    """Check that each key is known and its number within limits."""
    only_known(said, tuple(known), place)
    for key, value in said.items():
        low, high, meaning = known[key]
        if not _number(value, low, high):
            raise UsageError(
                f"{place}: {key} = {value!r} must be a number from {low:g} to {high:g}: {meaning}."
            )


def _check_rates(rates: dict[str, Any], place: str) -> None:
    """Check rates; those that are money need their currency."""
    currency = rates.get("currency", "")
    only_known(rates, (*RATES, "currency"), place)
    if not isinstance(currency, str) or (currency and currency.upper() not in CURRENCIES):
        raise UsageError(
            f'{place}: currency = {currency!r} must be an ISO 4217 code such as "EUR".'
        )
    _check_numbers({k: v for k, v in rates.items() if k != "currency"}, RATES, place)
    money = [name for name in COSTS if name in rates]
    if money and not currency:
        raise UsageError(
            f'{place}: {money[0]} is money: say of which currency, as in currency = "EUR".'
        )


def _check_criteria(criteria: dict[str, Any], place: str) -> None:
    """Check weights and limits."""
    only_known(criteria, CRITERIA, place)
    for name, value in criteria.items():
        if not isinstance(value, dict):
            raise UsageError(f"{place}: {name} = {value!r} must be as in {{ weight = 1 }}.")
        only_known(value, _OF_CRITERION, f"{place}, {name}")
        for key, number in value.items():
            low = 0.0 if key == "weight" else -1e15
            if not _number(number, low, 1e15):
                kind = "a number from 0 on" if key == "weight" else "a number"
                raise UsageError(f"{place}: {name}: {key} = {number!r} must be {kind}.")
        if value.get("least", -math.inf) > value.get("most", math.inf):
            raise UsageError(f"{place}: {name}: least is above most.")
