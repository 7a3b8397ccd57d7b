"""How are sentences with a figure worded where the figure is one?"""

import re

_NOUNS = (
    "accounts|actions|answers|calls|causes|contacts|contracts|customers|days|events|executives"
    "|firms|functions|groups|hours|invoices|items|kinds|leavers|lines|losses|managers|messages"
    "|months|orders|people|periods|places|products|questions|records|regions|rows|segments|studies"
    "|suppliers|tables|tickets|times|waves|weeks|years"
)
_LONE = re.compile(
    # no part of a number or a range: 1.1 days, 0 to 1, 2,001 days, 2026-11-1
    rf"(?<![\w.,−–/-])(?<!\bto )1 ((?:key|active|past|smaller|order|other|account) )?({_NOUNS})\b"
    r"(?: (are|have|were|do|go)\b| (come|leave|buy|sell|earn|pay|make|hold|stand|order|lack|need"
    r"|decide|change|name|give|remain|lie|rise|fall|get|say|speak|belong|count)\b)?"
)
_IRREGULAR = {"are": "is", "have": "has", "were": "was", "do": "does", "go": "goes"}
_ONES = {"people": "person", "losses": "loss", "studies": "study"}


def singular(text: str) -> str:
    """Word "1 accounts have" as "1 account has".

    Parameters
    ----------
    text : str
        English with figures in it.

    Returns
    -------
    str

    Examples
    --------
    >>> singular("1 accounts have left, 21 days ago; 1 key accounts buy less, 1.1 days late")
    '1 account has left, 21 days ago; 1 key account buys less, 1.1 days late'
    >>> singular("1 people, 1 past losses, 1 studies; from 0 to 1 accounts")
    '1 person, 1 past loss, 1 study; from 0 to 1 accounts'
    """
    return _LONE.sub(_one, text) if "1 " in text else text


def _one(found: re.Match[str]) -> str:
    kind, noun, odd, verb = found.groups()
    said = f"1 {kind or ''}{_ONES.get(noun) or noun.removesuffix('s')}"
    if odd:
        return f"{said} {_IRREGULAR[odd]}"
    return f"{said} {verb}s" if verb else said
