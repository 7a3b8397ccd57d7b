"""How is what a study says told in Chinese: its prose, sentences with figures, words in charts?

The folder `zh` holds plain tables, one a study, of two columns: what is said in English, with
numbered braces where figures and names stand, and the same in Chinese. What a brace held is
translated in its turn. What is not in the tables stays English, and names stay as they are.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from kamlab.studies.singular import singular
from kamlab.studies.terms import term, unit_text

_TABLES = Path(__file__).parent / "zh"
_SLOT = re.compile(r"\{(\d+)\}")
_WORD = re.compile(r"[A-Za-z]*[a-z][A-Za-z]+|[A-Za-z]+[a-z][A-Za-z]*")  # no code such as EUR
_CHINESE = re.compile(r"[\u3400-\u9fff]")
# where a sentence ends; not behind the short words of names such as "Sp. z o.o."
_END = re.compile(
    r"(?:(?<=[^\W\d]{3}[.!?])|(?<=[\d%)*}.][.!?])|(?<= [kM][.!?])|(?<=\s[a-z]{2}[.!?]))\s+"
    r"|(?<=:)\s+(?=[^a-z\s])"
)
# words of English sentences that names of firms and people do not hold
_PROSE = re.compile(
    r"(?<![-/\w])(the|of|is|are|was|to|in|for|with|by|not|from|than|its|that|what|they|we|on|at"
    r"|a|an|be)(?![-/\w])"
)
_CHINESE_END = re.compile(r"(?<=[。？！：])(?=.)")
# a label and its figure, as it is mostly, behind a label with figures, behind a limit
_MEASURED = [
    re.compile(rf"({label}) ([(−+-]*\d.*)") for label in (r"\D*[^\W\d]", r".*[^\W\d]", r".*\S")
]
_FIGURE = r"[(−+\d][^ ]*|[A-Z]{3}"
_MARK = re.compile(r"(\s*(?:#{1,6}|[-*+]|\d+\.|>)\s+)?(.*)", re.DOTALL)
# between a figure and what follows, where the data name no currency; ISO 4217 calls it XXX
_NO_UNIT = re.compile(r"(?<=\d) (?=[),;:]|\.(?:\s|$)|\s(?=[^\W\d]))|(?<= in) $")
_UNNAMED = " XXX"
_IN_UNNAMED = re.compile(r"(,( amounts)? in|(?<!,) in|，(金额)?单位) XXX$")
# in a label: all that brackets hold, the end, what stands before "a month"
_NO_LABEL_UNIT = re.compile(r"(?<=\()(?=[ ,)])|(?<=, )$|(?<=, )(?= a )|^(?= a |, )")
_IN_LABEL = "XTS"  # ISO 4217's for trials
_LABEL_UNNAMED = re.compile(r" ?[(（]XTS[)）]|[,，、]? ?XTS$|XTS[,，]? ?")
_PUNCTUATION = str.maketrans({".": "。", ":": "：", ";": "；", "?": "？", "!": "！"})
# signs between things listed, the outermost first, and how Chinese writes them
_LISTED = (("; ", "；"), (": ", "："), (", ", "、"), (" and ", "和"), (" or ", "或"), (" / ", "／"))


@dataclass(frozen=True, slots=True)
class _Saying:
    """A sentence with places for figures.

    Attributes
    ----------
    patterns : tuple of re.Pattern
        Find the English sentence, one group a place: where two places stand side by side, the
        second holds a figure or a currency; else anything.
    places : tuple of str
        Number of the place of each group.
    chinese : str
        With the same numbers in braces.
    weight : int
        Letters that must be there: the more, the surer the match.
    """

    patterns: tuple[re.Pattern[str], ...]
    places: tuple[str, ...]
    chinese: str
    weight: int


def _plain(text: str) -> str:
    """Put a text on one line."""
    return " ".join(text.split())


@cache
def table() -> dict[str, str]:
    """Read the tables: English to Chinese.

    Returns
    -------
    dict of str to str
    """
    found: dict[str, str] = {}
    for path in sorted(_TABLES.glob("*.tsv")):
        for line in path.read_text(encoding="utf-8").splitlines():
            english, _, chinese = line.partition("\t")
            found[english] = chinese
    return _pieces(found) | found


def _pieces(whole: dict[str, str]) -> dict[str, str]:
    """Take apart what is several sentences in both languages: each may stand alone."""
    found = {
        english.lstrip(";,.: "): chinese.lstrip("；，。：、")
        for english, chinese in whole.items()
        if english[0] in ";,.:"
    }
    for english, chinese in whole.items():
        parts, told = _END.split(english), _CHINESE_END.split(chinese)
        if len(parts) == len(told) > 1:
            found |= {
                part: meant
                for part, meant in zip(parts, told, strict=True)
                if len(_WORD.findall(part)) > 1
                and set(_SLOT.findall(meant)) <= set(_SLOT.findall(part))
            }
    return found


@cache
def _folded() -> dict[str, str]:
    """Give the tables by words in whatever case."""
    return {english.casefold(): chinese for english, chinese in table().items()}


@cache
def _sayings() -> tuple[dict[str, list[_Saying]], list[_Saying]]:
    """File the sentences with places by their longest word; some have no word at all."""
    by_word: dict[str, list[_Saying]] = {}
    wordless: list[_Saying] = []
    for english, chinese in table().items():
        parts = _SLOT.split(english)
        if len(parts) == 1:
            continue
        literal = parts[::2]
        pattern = "(.*?)".join(re.escape(part) for part in literal)
        strict = pattern.replace(r"(.*?)\ (.*?)", rf"(.*?)\ ({_FIGURE})")
        words = [word.casefold() for part in literal for word in _WORD.findall(part)]
        saying = _Saying(
            tuple(re.compile(one, re.DOTALL | re.IGNORECASE) for one in (strict, pattern)),
            tuple(parts[1::2]),
            chinese,
            sum(map(len, words)),
        )
        if words:
            by_word.setdefault(max(words, key=len), []).append(saying)
        else:
            wordless.append(saying)
    return by_word, wordless


def is_english(text: str) -> bool:
    """Tell whether a text has words and none of them Chinese.

    Examples
    --------
    >>> is_english("Net sales"), is_english("净销售额 (EUR)"), is_english("12.5 %")
    (True, False, False)
    """
    return bool(_WORD.search(text)) and not _CHINESE.search(text)


def said(text: str, language: str) -> str:
    """Say a sentence, a label or a heading in a language; what is not known stays as it is.

    Parameters
    ----------
    text : str
        English, on one line or more; figures and names may stand in it.
    language : str
        Code.

    Returns
    -------
    str

    Examples
    --------
    >>> said("What to do first", "zh"), said("12 key accounts, 30 to develop", "zh")
    ('先做什么', '12 家重点客户，30 家待发展')
    >>> said("worth 1,200  of 9,000  now (37,920 ).", "en")
    'worth 1,200 of 9,000 now (37,920).'
    >>> said("1 accounts have left", "en"), said("1 accounts", "zh")
    ('1 account has left', '1 家客户')
    >>> said("Muster GmbH", "zh"), said("What to do first", "en")
    ('Muster GmbH', 'What to do first')
    """
    text = _NO_UNIT.sub(_UNNAMED, text)
    if not language.startswith("zh"):
        text = singular(text)
    elif is_english(text):
        text = _said(_plain(text))
    return _IN_UNNAMED.sub("", text).replace(_UNNAMED, "")


def said_label(text: str, language: str) -> str:
    """Say a heading or the label of an axis, which may lack its unit, in a language.

    Parameters
    ----------
    text : str
        English.
    language : str
        Code.

    Examples
    --------
    >>> said_label("Net sales, ", "en"), said_label("Left a year ()", "en")
    ('Net sales', 'Left a year')
    >>> said_label("Most to spend ( an account and year)", "en"), said_label(" a month", "en")
    ('Most to spend (an account and year)', 'a month')
    >>> said_label("Net sales, EUR", "en"), said_label("Net sales, ", "zh")
    ('Net sales, EUR', '净销售额')
    """
    named = _NO_LABEL_UNIT.sub(_IN_LABEL, text)
    meant = said(named, language)
    return meant if named == text else _LABEL_UNNAMED.sub("", meant)


def said_markdown(text: str, language: str) -> str:
    r"""Say Markdown in a language, a heading, a paragraph or a point of a list at a time.

    Examples
    --------
    >>> print(said_markdown("## The list\n\n- What to do first\n- `code`", "zh"))
    ## 名单
    <BLANKLINE>
    - 先做什么
    - `code`
    """
    text = _NO_UNIT.sub(_UNNAMED, text)
    if not language.startswith("zh"):
        text = singular(text)
    else:
        text = "\n\n".join(
            "\n".join(_said_marked(block) for block in _lines(paragraph))
            for paragraph in re.split(r"\n\s*\n", text)
        )
    return _IN_UNNAMED.sub("", text).replace(_UNNAMED, "")


def _lines(paragraph: str) -> Iterator[str]:
    """Join the lines of a sentence, and keep headings and points of a list apart."""
    held: list[str] = []
    for line in paragraph.split("\n"):
        starts = re.match(r"\s*(?:#{1,6}|[-*+]|\d+\.|>|\|)", line)
        if held and (starts or held[-1].lstrip().startswith("#")):
            yield "\n".join(held)
            held = []
        held.append(line)
    if held:
        yield "\n".join(held)


def _said_marked(block: str) -> str:
    """Say a heading or a point of a list behind its mark."""
    mark, text = _MARK.fullmatch(block).groups()  # type: ignore[union-attr]  # matches anything
    return block if not is_english(text) else (mark or "") + _said(_plain(text))


@lru_cache(maxsize=20_000)
def _said(text: str) -> str:
    """Say a text on one line in Chinese: as a whole, else sentence by sentence, else as a list."""
    whole = _whole(text)
    if whole is not None:
        return whole
    sentences = _END.split(text)
    if len(sentences) > 1:
        return _joined(sentences)
    if text[-1] in ".:;?!" and text[:-1]:
        inner = _said(text[:-1])
        if not _PROSE.search(inner) and not is_english(inner):
            return inner + text[-1].translate(_PUNCTUATION)
    for pattern in _MEASURED:
        parts = [
            _said(part) for found in [pattern.fullmatch(text)] if found for part in found.groups()
        ]
        if parts and not any(is_english(part) or _PROSE.search(part) for part in parts):
            return " ".join(parts)
    for sign, chinese in _LISTED:
        if sign in text:
            parts = [_said(part) for part in text.split(sign)]
            if not any(is_english(part) for part in parts):
                return chinese.join(parts)
    return text


def _joined(sentences: list[str]) -> str:
    """Say sentences in turn; the longest run of them that the tables know is taken first."""
    told, place = [], 0
    while place < len(sentences):
        for end in range(len(sentences), place + 1, -1):
            whole = _whole(" ".join(sentences[place:end]))
            if whole is not None:
                break
        else:
            end, whole = place + 1, _said(sentences[place])
        told.append(whole)
        place = end
    return "".join(part if part[-1] in "。：；？！" else f"{part} " for part in told).rstrip()


def _whole(text: str) -> str | None:
    """Find a whole text in the tables, among the terms, or as a sentence with places."""
    known = table().get(text) or _folded().get(text.casefold())
    if known:
        return known
    for meant in (term(text, "zh"), unit_text(text, "zh")):
        if meant != text:
            return meant
    if not is_english(text):
        return text
    by_word, wordless = _sayings()
    words = {word.casefold() for word in _WORD.findall(text)}
    likely = [saying for word in words for saying in by_word.get(word, ())]
    for saying in sorted(likely, key=lambda one: -one.weight) + wordless:
        for pattern in saying.patterns:
            found = pattern.fullmatch(text)
            if found and (filled := _filled(saying, found)) is not None:
                return filled
    return None


def _filled(saying: _Saying, found: re.Match[str]) -> str | None:
    """Fill the places of a sentence; None where they swallowed another sentence."""
    held = dict(zip(saying.places, found.groups(), strict=True))
    for value in held.values():
        if _END.search(value) or value[-1:] in (":", ";") or value.count("(") != value.count(")"):
            return None
        if saying.weight < 8 and re.search(r"[;:,](?!\d)", value):
            return None
    told = {place: _said(value) if is_english(value) else value for place, value in held.items()}
    if any(_PROSE.search(value) for value in told.values()):
        return None  # a name may stay, a sentence may not
    if saying.weight < 8 and any(map(is_english, told.values())):
        return None  # so few words fit any name
    return _SLOT.sub(lambda place: told.get(place.group(1), ""), saying.chinese)
