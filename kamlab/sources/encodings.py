"""In which encoding is a text file written? Find it where the bytes make it sure, else ask."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from kamlab.errors import DataRefusedError

CHUNK = 1 << 22
ENOUGH = 500_000
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_HIGH_RUNS = re.compile(rb"[\x80-\xff]+")
_UTF8_CHARACTER = re.compile(
    rb"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}"
)
_GB2312 = re.compile(rb"[\xa1-\xa9\xb0-\xf7][\xa1-\xfe]")
_COMMON_HANZI = re.compile(rb"[\xb0-\xd7][\xa1-\xfe]|[\xa1-\xa3][\xa1-\xfe]")
# signs that stand between letters only where a Central European text is misread
_MISREAD = re.compile(r"[^\W\d_][¡-©«-´¶-¹»-¿][^\W\d_]")


def chunks(path: Path) -> Iterator[bytes]:
    """Give a file piece by piece."""
    with path.open("rb") as file:
        while piece := file.read(CHUNK):
            yield piece


def detect(path: Path, label: str) -> str:
    """Name the encoding of a text file, as Python knows it.

    Parameters
    ----------
    path : Path
        The file.
    label : str
        Its name in messages.

    Returns
    -------
    str
        utf-8, utf-8-sig, utf-16, utf-16-le, utf-16-be, gb18030 or cp1252 (which holds Latin-1).

    Raises
    ------
    DataRefusedError
        If the bytes fit no encoding surely; the message asks for `encoding`.
    """
    with path.open("rb") as file:
        head = file.read(CHUNK)
    for mark, encoding in _BOMS:
        if head.startswith(mark):
            return encoding
    zeros = head[:4096].count(0)
    if zeros:
        even, odd = head[:4096:2].count(0), head[1:4096:2].count(0)
        if zeros > len(head[:4096]) / 4 and min(even, odd) * 10 <= max(even, odd):
            return "utf-16-be" if even > odd else "utf-16-le"
        raise DataRefusedError(
            f"{label}: this is not a text file (it holds zero bytes). Expected a table as text: "
            "export it again as CSV in UTF-8."
        )
    # where only the last character is cut, the reader names the line
    if _fault(path, "utf-8") in ("", "unexpected end of data"):
        return "utf-8"
    return _old(path, label)


def _old(path: Path, label: str) -> str:
    """Tell the older encodings apart by how their bytes above 127 stand together."""
    runs: list[bytes] = []
    for piece in chunks(path):
        runs += _HIGH_RUNS.findall(piece)
        if len(runs) > ENOUGH:
            break
    total = sum(map(len, runs))
    utf8 = sum(len(character) for run in runs for character in _UTF8_CHARACTER.findall(run))
    if utf8 >= 0.8 * total and total > 3:
        return "utf-8"  # a damaged file: the reader names the line
    even = sum(len(run) for run in runs if len(run) % 2 == 0 and _GB2312.match(run))
    pairs = sum(2 for run in runs for _ in _COMMON_HANZI.findall(run))
    if even >= 0.95 * total and pairs >= 0.7 * total and not _fault(path, "gb18030"):
        long = sum(len(run) for run in runs if len(run) >= 4)
        if long >= 0.3 * total:
            return "gb18030"
    lone = sum(len(run) for run in runs if len(run) <= 2)
    singles = sum(len(run) for run in runs if len(run) == 1)
    if lone >= 0.9 * total and singles >= 0.6 * total and not _fault(path, "cp1252"):
        with path.open("rb") as file:
            sample = file.read(CHUNK).decode("cp1252", "replace")
        if not _MISREAD.search(sample):
            return "cp1252"
    raise DataRefusedError(
        f"{label}: the encoding is not sure; it is not UTF-8. Say which it is in kamlab.toml, "
        'as in encoding = "gb18030" or encoding = "latin-1", or export the file as UTF-8.'
    )


def _fault(path: Path, encoding: str) -> str:
    """Say why a file cannot be read whole in an encoding, "" where it can."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in chunks(path):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        return error.reason
    return ""
