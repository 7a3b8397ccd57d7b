"""In which encoding is a text file written? Find it where the bytes make it sure, else ask."""

import codecs
import re
from collections.abc import Iterator
from pathlib import Path

from kamlab.errors import DataRefusedError

CHUNK = 1 << 22
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
    decoder = codecs.getincrementaldecoder("utf-8")()
    high: list[bytes] = []
    size = 0
    try:
        for piece in chunks(path):
            if size < CHUNK:
                runs = _HIGH_RUNS.findall(piece)
                high += runs
                size += sum(map(len, runs))
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return _old(path, high, label)
    return "utf-8"


def _old(path: Path, runs: list[bytes], label: str) -> str:
    """Tell the older encodings apart by how their bytes above 127 stand together."""
    total = sum(map(len, runs))
    utf8 = sum(len(character) for run in runs for character in _UTF8_CHARACTER.findall(run))
    if utf8 >= 0.8 * total and total > 3:
        return "utf-8"  # a damaged file: the reader names the line
    even = sum(len(run) for run in runs if len(run) % 2 == 0 and _GB2312.match(run))
    pairs = sum(2 for run in runs for _ in _COMMON_HANZI.findall(run))
    if even >= 0.95 * total and pairs >= 0.7 * total and _decodes(path, "gb18030"):
        long = sum(len(run) for run in runs if len(run) >= 4)
        if long >= 0.3 * total:
            return "gb18030"
    lone = sum(len(run) for run in runs if len(run) <= 2)
    singles = sum(len(run) for run in runs if len(run) == 1)
    if lone >= 0.9 * total and singles >= 0.6 * total and _decodes(path, "cp1252"):
        with path.open("rb") as file:
            sample = file.read(CHUNK).decode("cp1252", "replace")
        if not _MISREAD.search(sample):
            return "cp1252"
    raise DataRefusedError(
        f"{label}: the encoding is not sure; it is not UTF-8. Say which it is in kamlab.toml, "
        'as in encoding = "gb18030" or encoding = "latin-1", or export the file as UTF-8.'
    )


def _decodes(path: Path, encoding: str) -> bool:
    """Whether the whole file can be read in an encoding."""
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for piece in chunks(path):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True
