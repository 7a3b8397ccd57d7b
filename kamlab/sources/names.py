"""Are two names the same name? People's and companies' names in the form in which they compare.

A person is written down as Koch, Elena; E. KOCH; 王伟; Wang Wei; Müller and Mueller. All scripts
are brought to Latin letters, marks and case are dropped, and what stands for the same letter in
two spellings becomes one.
"""

import re
import unicodedata
from dataclasses import dataclass

import pandas as pd

_PARTICLES = frozenset(
    ("al", "bin", "da", "dal", "de", "del", "della", "den", "der", "di", "dos", "du", "el", "la",
     "le", "ten", "ter", "van", "vom", "von", "zu", "zum", "zur")
)  # fmt: skip
_TITLES = frozenset(
    ("dr", "prof", "ing", "dipl", "herr", "frau", "mr", "mrs", "ms", "miss", "mme", "mlle", "sir",
     "mba", "phd", "jr", "sr")
)  # fmt: skip
_HONOURS = ("先生", "女士", "小姐", "经理", "总监", "老师", "总")
_DOUBLE_SURNAMES = (
    "欧阳", "司马", "上官", "诸葛", "东方", "皇甫", "尉迟", "公孙", "慕容", "令狐", "夏侯", "司徒",
    "端木", "长孙", "宇文", "轩辕", "南宫", "独孤",
)  # fmt: skip
# what the words for a firm's form are worth nothing for telling firms apart
_FORMS = frozenset(
    ("ag", "bv", "co", "company", "corp", "corporation", "eg", "ev", "gmbh", "inc", "kg", "kgaa",
     "limited", "llc", "llp", "ltd", "mbh", "nv", "ohg", "oy", "ab", "as", "plc", "pte", "pty",
     "sa", "sarl", "sas", "se", "spa", "spzoo", "srl", "sl", "und", "and", "the", "group")
)  # fmt: skip
_HAN_FORMS = re.compile(r"(?:股份)?(?:有限)?(?:责任)?公司$|集团$")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]")
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe", "æ": "ae"})
_WORD = re.compile(r"[a-z]+")
_MOST = 200  # letters of a name that are looked at


@dataclass(frozen=True, slots=True)
class PersonName:
    """A person's name as it compares.

    Attributes
    ----------
    key : str
        All words, sorted, so that their order does not matter: "elena koch".
    short : str
        Initial and family name: "e koch", "a vandijk"; "" where there is only one word.
    abbreviated : bool
        Whether a given name stands there as an initial only.
    """

    key: str
    short: str
    abbreviated: bool


def latin(text: str) -> str:
    """Write a text of any script in small Latin letters without marks, one spelling a letter.

    Examples
    --------
    >>> latin("Müller"), latin("Mueller"), latin("Wiśniewski"), latin("Иванов")
    ('muller', 'muller', 'wisniewski', 'ivanov')
    """
    from anyascii import anyascii

    plain = unicodedata.normalize("NFKC", text).casefold()
    if not plain.isascii():
        plain = anyascii(plain.translate(_UMLAUTS)).casefold()
    return plain.replace("ae", "a").replace("oe", "o").replace("ue", "u")


def person_name(name: object) -> PersonName | None:
    """Give the form in which a person's name compares, or None where there is none.

    Parameters
    ----------
    name : object
        A text, or a missing value.

    Examples
    --------
    >>> person_name("Koch, Elena")
    PersonName(key='elena koch', short='e koch', abbreviated=False)
    >>> person_name("A. van Dijk")
    PersonName(key='a dijk van', short='a vandijk', abbreviated=True)
    >>> person_name("张建国") == person_name("Jianguo Zhang")
    True
    """
    if not isinstance(name, str):
        return None
    text = unicodedata.normalize("NFKC", name)[:_MOST].split("@")[0].strip()
    family, given = _han_parts(text) if _HAN.search(text) else _parts(text)
    words = [*given, *family]
    if not words or not any(len(word) > 1 for word in words):
        return None
    short = f"{given[0][0]} {''.join(family)}" if given and family else ""
    return PersonName(" ".join(sorted(words)), short, any(len(word) == 1 for word in given))


def _han_parts(text: str) -> tuple[list[str], list[str]]:
    """Split a name in Chinese characters: the family name comes first and is short."""
    signs = "".join(_HAN.findall(text))
    for honour in _HONOURS:
        if len(signs) > len(honour):
            signs = signs.removesuffix(honour)
    head = 2 if signs.startswith(_DOUBLE_SURNAMES) and len(signs) > 2 else 1
    family = _words(signs[:head])
    given = _words(signs[head:])
    return ["".join(family)], ["".join(given)] if given else []


def _parts(text: str) -> tuple[list[str], list[str]]:
    """Split a name in letters into family and given words."""
    before, comma, after = text.partition(",")
    if comma and _names(after):
        return _names(before), _names(after)
    words = _names(before)
    for place in range(1, len(words) - 1):
        if words[place] in _PARTICLES:
            return words[place:], words[:place]
    if len(words) > 1 and len(words[-1]) == 1:  # Koch E.
        return [word for word in words if len(word) > 1], [w for w in words if len(w) == 1]
    return words[-1:], words[:-1]


def _names(text: str) -> list[str]:
    """Give the words of a name without titles."""
    return [word for word in _words(text) if word not in _TITLES]


def _words(text: str) -> list[str]:
    """Give the words of a text in Latin letters; an apostrophe does not part a word."""
    return _WORD.findall(re.sub(r"['’`´]", "", latin(text)))


def company_name(name: object) -> str | None:
    """Give the form in which a company's name compares, without its legal form.

    Parameters
    ----------
    name : object
        A text, or a missing value.

    Examples
    --------
    >>> company_name("KASTNER TRADING BAKERY S.R.L."), company_name("Kastner Trading Bakery")
    ('kastner trading bakery', 'kastner trading bakery')
    >>> company_name("佛山华盛食品有限公司") == company_name("佛山华盛食品")
    True
    """
    if not isinstance(name, str):
        return None
    text = unicodedata.normalize("NFKC", name)[:_MOST].strip()
    text = _HAN_FORMS.sub("", text)
    text = re.sub(r"\b((?:\w\.\s?){1,4}\w?)(?=\W|$)", lambda m: re.sub(r"\W", "", m[1]), text)
    plain = re.sub(r"\bsp\.? z ?o\.? ?o\b|['’`´]", "", latin(text))
    words = re.findall(r"[a-z0-9]+", plain)
    kept = [word for word in words if word not in _FORMS]
    return " ".join(kept or words) or None


def person_names(names: pd.Series) -> pd.DataFrame:
    """Give `name_key`, `short` and `abbreviated` of many names; each different one is read once.

    Parameters
    ----------
    names : pd.Series of shape (n,)
        Names as written; missing values stay missing.

    Returns
    -------
    pd.DataFrame of shape (n, 3)
        With the index of `names`.
    """
    codes, distinct = pd.factorize(names)
    read = [person_name(name) for name in distinct]
    table = pd.DataFrame(
        {
            "name_key": [one.key if one else None for one in read],
            "short": [one.short or None if one else None for one in read],
            "abbreviated": [bool(one and one.abbreviated) for one in read],
        }
    ).astype({"name_key": "str", "short": "str", "abbreviated": "bool"})
    return table.reindex(codes).set_axis(names.index).astype({"abbreviated": "boolean"})
