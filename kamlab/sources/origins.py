"""Which files and queries does each entry of the mapping name, and what are they by content?"""

import hashlib
import os
import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from kamlab.errors import DataRefusedError
from kamlab.sources.keys import nearest
from kamlab.sources.mapping import Entry, Mapping
from kamlab.sources.queries import files_of
from kamlab.sources.sheets import chosen_sheets, several
from kamlab.sources.store import Store


@dataclass(frozen=True, slots=True)
class Origin:
    """One file or query of one entry of the mapping.

    Attributes
    ----------
    entry : Entry
    label : str
        Name in messages and tables: the file relative to the root, or what stands for a query.
    path : Path or None
        The file; None for queries.
    size : int
        Bytes of the file or files read.
    sha256 : str
        Hash of the file, or of the query.
    written : str
        Day on which the file was last written (ISO), "" where that says nothing.
    sheet : str
        Sheet of a workbook of which several are read; "" otherwise.
    """

    entry: Entry
    label: str
    path: Path | None
    size: int
    sha256: str
    written: str
    sheet: str = ""

    @property
    def options(self) -> dict:
        """What the mapping says of how to read it."""
        return self.entry.options | ({"sheet": self.sheet} if self.sheet else {})


def origins(entry: Entry, mapping: Mapping, shelf: Store) -> list[Origin]:
    """Name what an entry of the mapping reads, without reading it.

    Raises
    ------
    DataRefusedError
        If a file is not there, or two are the same byte by byte.
    """
    if entry.kind == "url_env":
        return [_server(entry)]
    if entry.kind == "sql":
        return [_query(entry, mapping, shelf)]
    patterns = [entry["database"]] if entry.kind == "database" else entry["file"]
    found: dict[Path, None] = {}
    for pattern in patterns:
        found |= dict.fromkeys(_files(str(pattern), mapping.root, entry))
    made = []
    for path in found:
        label = (
            str(path.relative_to(mapping.root)) if path.is_relative_to(mapping.root) else path.name
        )
        try:
            status = path.stat()
            digest = shelf.sha256(path)
        except OSError as error:
            raise DataRefusedError(f"{label}: cannot be read: {error.strerror}.") from None
        if entry.kind == "database":
            label, digest = _database(entry, path, label, digest, shelf)
        whole = Origin(entry, label, path, status.st_size, digest, _day(status))
        made += _by_sheet(whole) if several(path, entry["sheet"]) else [whole]
    same = {origin.sha256: origin.label for origin in reversed(made)}
    for origin in made:
        if same[origin.sha256] != origin.label and entry["duplicates"] != "keep":
            raise DataRefusedError(
                f"{origin.label} and {same[origin.sha256]} are the same file byte by byte, so "
                f"every line would count twice in {entry.table}. Remove one."
            )
    return made


def _by_sheet(whole: Origin) -> list[Origin]:
    """Take each wanted sheet of a workbook by itself."""
    path = whole.path or Path()
    return [
        replace(
            whole,
            label=f"{whole.label}, sheet {name}",
            sha256=_digest(whole.sha256, name),
            sheet=name,
        )
        for name in chosen_sheets(path, whole.label, whole.entry["sheet"])
    ]


def _files(pattern: str, root: Path, entry: Entry) -> list[Path]:
    """Find the files of a pattern; a name that is there is taken as it is."""
    path = Path(pattern).expanduser()
    path = path if path.is_absolute() else root / path
    if path.is_file():
        return [path]
    found = []
    if re.search(r"[*?\[]", pattern):
        anchor = Path(path.anchor)
        found = sorted(anchor.glob(str(path.relative_to(anchor))))
    found = [one for one in found if one.is_file() and not one.name.startswith(("~$", "."))]
    if not found:
        there = [str(one.relative_to(root)) for one in root.rglob("*") if one.is_file()][:5000]
        near = nearest(pattern, there)
        hint = f"Did you mean {near!r}?" if near else f"The folder is {root}."
        raise DataRefusedError(f"{entry.place}: no file {pattern!r}. {hint}")
    return found


def _day(status: os.stat_result) -> str:
    """Day on which a file was last written."""
    return datetime.fromtimestamp(status.st_mtime, UTC).date().isoformat()


def _digest(*parts: object) -> str:
    """Hash texts together."""
    return hashlib.sha256("\n".join(map(str, parts)).encode()).hexdigest()


def _database(entry: Entry, path: Path, label: str, digest: str, shelf: Store) -> tuple[str, str]:
    """Name a table or query of a database file, and hash the file with its write-ahead log."""
    what = entry["table"] or f"query {_digest(entry['query'])[:8]}"
    for ending in ("-wal", ".wal"):
        log = path.with_name(path.name + ending)
        if log.is_file() and log.stat().st_size:
            digest = _digest(digest, shelf.sha256(log))
    return f"{label}: {what}", digest


def _server(entry: Entry) -> Origin:
    """Name a query on a server by its environment variable, never by its address."""
    digest = _digest(entry["query"])
    return Origin(entry, f"{entry['url_env']}: query {digest[:8]}", None, 0, digest, "")


def _query(entry: Entry, mapping: Mapping, shelf: Store) -> Origin:
    """Name a DuckDB query, and hash it with the files it reads."""
    query = str(entry["sql"])
    read = files_of(query, mapping.root)
    hashes = [(str(path.relative_to(mapping.root)), shelf.sha256(path)) for path in read]
    sizes = sum(path.stat().st_size for path in read)
    names = ", ".join(name for name, _ in hashes[:3]) + (" …" if len(hashes) > 3 else "")
    label = f"query over {names}" if names else f"query {_digest(query)[:8]}"
    return Origin(entry, label, None, sizes, _digest(query, *hashes), "")
