"""Which format does the ending of a file's name say, and what is inside one that is packed?"""

import io
import shutil
from pathlib import Path

from kamlab.sources.sheets import EXCEL, unreadable

TEXT = (".csv", ".txt", ".tsv")
JSON = (".jsonl", ".ndjson", ".json")
READABLE = (*TEXT, ".parquet", *EXCEL, *JSON)
_PACKED = {".gz": "gzip", ".zst": "zstd"}


def packed(path: Path) -> str:
    """Name the way in which a text file is packed; "" where it is not.

    Examples
    --------
    >>> packed(Path("orders.csv.gz")), packed(Path("orders.csv")), packed(Path("book.xlsx.gz"))
    ('gzip', '', '')
    """
    inside = Path(path.stem).suffix.lower()
    return _PACKED.get(path.suffix.lower(), "") if inside in TEXT + JSON else ""


def ending(path: Path) -> str:
    """Give the ending that says the format, in lower case: that of what is packed.

    Examples
    --------
    >>> ending(Path("Orders.CSV.gz")), ending(Path("book.xlsx")), ending(Path("all.gz"))
    ('.csv', '.xlsx', '.gz')
    """
    return Path(path.stem if packed(path) else path.name).suffix.lower()


def stem(path: Path) -> str:
    """Give a file's name without its endings.

    Examples
    --------
    >>> stem(Path("orders.2024.csv.gz"))
    'orders.2024'
    """
    return Path(path.stem).stem if packed(path) else path.stem


def readable(path: Path) -> bool:
    """Say whether files of this name can be read."""
    return ending(path) in READABLE


def unpack(path: Path, label: str, room: Path) -> Path:
    """Unpack a file into a private folder; a file that is not packed stays where it is.

    Parameters
    ----------
    path : Path
    label : str
        Its name in messages.
    room : Path
        Private folder.

    Raises
    ------
    DataRefusedError
        If it is damaged or cut off.
    """
    if not packed(path):
        return path
    made = room / f"unpacked{ending(path)}"
    try:
        with beginning(path) as file, made.open("wb") as out:
            shutil.copyfileobj(file, out, 1 << 22)
    except OSError as error:
        raise unreadable(label, packed(path), error) from None
    return made


def beginning(path: Path) -> io.BufferedIOBase:
    """Open a file at its first byte, unpacked as it is read."""
    import pyarrow as pa

    if not packed(path):
        return path.open("rb")
    return pa.input_stream(str(path), compression=packed(path))
