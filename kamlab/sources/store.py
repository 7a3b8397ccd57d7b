"""Where is what has been read kept, so that a second run reads only what is new?

The store is private (folders 0700, files 0600), since it holds what the sources hold. An entry is
a folder named by a hash of its content's origin; it is made aside and renamed into place whole, so
that two processes may work at once and a killed one leaves no half entry.
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from kamlab.errors import DataRefusedError
from kamlab.sources.encodings import chunks

FORMAT = "5"
"""Part of every key: raised when the same input is read differently by a newer kamlab."""


class Store:
    """Private folder of what has been read.

    Parameters
    ----------
    folder : Path or str, optional
        Where; else the environment variable KAMLAB_STORE, else the user's cache folder.

    Attributes
    ----------
    folder : Path
    """

    def __init__(self, folder: Path | str | None = None) -> None:
        if folder is None:
            folder = os.environ.get("KAMLAB_STORE")
        if not folder:
            from platformdirs import user_cache_dir

            folder = user_cache_dir("kamlab")
        self.folder = Path(folder).expanduser().absolute()
        try:
            for part in (self.folder, self.folder / "tmp"):
                part.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.folder.chmod(0o700)
        except OSError as error:
            raise DataRefusedError(
                f"{self.folder}: the store of what has been read cannot be written "
                f"({error.strerror}). Set KAMLAB_STORE to a folder of yours."
            ) from None

    @contextmanager
    def workroom(self) -> Iterator[Path]:
        """Give a private folder that is gone afterwards."""
        made = Path(tempfile.mkdtemp(dir=self.folder / "tmp"))
        try:
            yield made
        finally:
            shutil.rmtree(made, ignore_errors=True)

    def place(self, key: str) -> Path:
        """Name the folder of an entry."""
        return self.folder / "entries" / key[:2] / key

    def find(self, key: str) -> dict | None:
        """Give the description of an entry, or None where there is none or it is damaged.

        A damaged entry is removed, so that it is made again. Files that nobody touched since they
        were written are not read for that.
        """
        place = self.place(key)
        try:
            meta = json.loads((place / "meta.json").read_text(encoding="utf-8"))
            seen = meta.get("seen", {})
            whole = all(
                _status(place / name) == seen.get(name) or _checksum(place / name) == checksum
                for name, checksum in meta["checksums"].items()
            )
        except FileNotFoundError:
            if not place.exists():
                return None
            whole = False
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            whole = False
        if not whole:
            shutil.rmtree(place, ignore_errors=True)
            return None
        os.utime(place / "meta.json")
        return meta

    def keep(self, key: str, made: Path, meta: dict) -> None:
        """Rename a folder into place under `key`; where another process was first, drop it."""
        files = sorted(path for path in made.iterdir() if path.is_file())
        meta = meta | {"checksums": {path.name: _checksum(path) for path in files}}
        for path in files:
            path.chmod(0o600)
        meta = meta | {"seen": {path.name: _status(path) for path in files}}
        (made / "meta.json").write_text(json.dumps(meta, ensure_ascii=False), encoding="utf-8")
        (made / "meta.json").chmod(0o600)
        place = self.place(key)
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        place.parent.parent.chmod(0o700)
        try:
            made.rename(place)
        except OSError:
            if not (place / "meta.json").exists():
                raise
            shutil.rmtree(made, ignore_errors=True)

    def drop_unused(self, days: int) -> None:
        """Remove what nobody asked for in so many days; it can be read and made again.

        An entry may say that it stays for less: `unused_days` in its description.
        """
        with suppress(FileNotFoundError):  # another process may be removing them too
            for meta in (self.folder / "entries").glob("*/*/meta.json"):
                unused = _days_since(meta)
                # most entries are of today, and need not say how long they stay
                if unused > days or (unused > 1 and unused > _stays(meta, days)):
                    shutil.rmtree(meta.parent, ignore_errors=True)
            for lock in (self.folder / "tmp").glob("*.lock"):
                if _days_since(lock) > days:
                    lock.unlink()

    def sha256(self, path: Path) -> str:
        """Hash a file; one whose size and times are as before is not read again."""
        seen = [str(path.resolve()), *_status(path)]
        note = self.folder / "hashes" / hashlib.sha256(str(path.resolve()).encode()).hexdigest()
        try:
            known = json.loads(note.read_text(encoding="utf-8"))
            if known["seen"] == seen and len(known["sha256"]) == 64:
                return known["sha256"]
        except (OSError, ValueError, KeyError, TypeError):
            pass
        digest = hashlib.sha256()
        for piece in chunks(path):
            digest.update(piece)
        note.parent.mkdir(mode=0o700, exist_ok=True)
        handle, aside = tempfile.mkstemp(dir=self.folder / "tmp")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"seen": seen, "sha256": digest.hexdigest()}, file)
        Path(aside).replace(note)
        return digest.hexdigest()


def _days_since(path: Path) -> float:
    """Count the days since a file was touched."""
    return (time.time() - path.stat().st_mtime) / 86_400


def _stays(meta: Path, days: int) -> float:
    """Say after how many days without use an entry leaves, by its own word if it has one."""
    try:
        return float(json.loads(meta.read_text(encoding="utf-8"))["unused_days"])
    except (ValueError, KeyError, TypeError):
        return days


def _status(path: Path) -> list[int]:
    """Size and times of a file: as before, it is the same content."""
    status = path.stat()
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns]


def _checksum(path: Path) -> int:
    """CRC-32 of a file."""
    value = 0
    for piece in chunks(path):
        value = zlib.crc32(piece, value)
    return value


def key(*parts: object) -> str:
    """Make the key of an entry from everything that determines it."""
    import duckdb

    said = json.dumps([FORMAT, duckdb.__version__, *parts], sort_keys=True, default=str)
    return hashlib.sha256(said.encode()).hexdigest()


def prune_store(store: Path | str | None = None, *, max_bytes: int = 0) -> int:
    """Remove what was not used for longest, until the store holds at most `max_bytes`.

    Nothing is lost: what is needed again is read again from its source. Do not prune while another
    process reads from the same store.

    Parameters
    ----------
    store : Path or str, optional
        The store, as for `open_data`.
    max_bytes : int, default 0
        How much may stay; 0 empties the store.

    Returns
    -------
    int
        Number of entries removed.
    """
    folder = Store(store).folder
    entries = []
    for meta in (folder / "entries").glob("*/*/meta.json"):
        size = sum(path.stat().st_size for path in meta.parent.iterdir())
        entries.append((meta.stat().st_mtime_ns, size, meta.parent))
    total = sum(size for _, size, _ in entries)
    removed = 0
    for _, size, place in sorted(entries):
        if total <= max_bytes:
            break
        shutil.rmtree(place, ignore_errors=True)
        total -= size
        removed += 1
    if max_bytes == 0:
        for rest in ("hashes", "tmp"):
            shutil.rmtree(folder / rest, ignore_errors=True)
    return removed
