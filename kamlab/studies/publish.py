"""How does a finished study take its place without a reader ever seeing half of it?"""

import ctypes
import os
import secrets
import shutil
import sys
from pathlib import Path

FAILED = "failed"
LATEST = "latest"
# what the notebook hands over, and what its process tells; both go into the manifest
RECORD = "study.json"
RESULT = "result.json"
# which runs of other studies the notebook may read
NEEDS = "needs.json"
# how the last run into a folder of published studies went
RUN = "run.json"


def write_whole(path: Path, content: str | bytes) -> None:
    """Write a file so that a reader sees the old one or the new one, never a part.

    Parameters
    ----------
    path : Path
        File to write; it appears by rename within its folder.
    content : str or bytes
        Text is written as UTF-8.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        # never writable for others, whatever the user's umask allows
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def private_folder(private: Path, study: str) -> Path:
    """Make a folder of its own for one study, beside the target on the same file system."""
    folder = private / "work" / f"{study}-{secrets.token_hex(4)}"
    folder.mkdir(parents=True)
    return folder


def tidy(folder: Path, *, success: bool) -> None:
    """Remove what is no part of a published run."""
    shutil.rmtree(folder / "scratch", ignore_errors=True)
    for name in (RECORD, RESULT, NEEDS):
        (folder / name).unlink(missing_ok=True)
    log = folder / "log.txt"
    if success and log.is_file() and log.stat().st_size == 0:
        log.unlink()
    if not success:
        (folder / "index.html").unlink(missing_ok=True)


def clean_leftovers(private: Path) -> int:
    """Remove what a killed run left behind; call it only while the lock is held.

    Returns
    -------
    int
        How many folders and part files were removed.
    """
    out = private.parent
    folders = list((private / "work").glob("*"))
    parts = [*out.glob(".index.html.*"), *out.glob(f".{RUN}.*"), *out.glob(f"*/.{LATEST}.*")]
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    for part in parts:
        part.unlink(missing_ok=True)
    return len(folders) + len(parts)


def _settle(folder: Path) -> None:
    """Bring a folder to the disk and make it readable for all that the user's umask allows."""
    umask = os.umask(0o022)
    os.umask(umask)
    for place, _, names in os.walk(folder):
        Path(place).chmod(0o755 & ~umask)
        for name in names:
            path = Path(place, name)
            path.chmod(0o644 & ~umask)
            descriptor = os.open(path, os.O_RDONLY)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)


def _exchange(one: Path, other: Path) -> bool:
    """Swap two folders in one step where the system can; tell whether it did."""
    here = ctypes.CDLL(None, use_errno=True)
    first, second = os.fsencode(one), os.fsencode(other)
    if sys.platform == "linux" and hasattr(here, "renameat2"):
        current = -100  # AT_FDCWD: paths are taken from the current folder
        return bool(here.renameat2(current, first, current, second, 2) == 0)  # RENAME_EXCHANGE
    if sys.platform == "darwin" and hasattr(here, "renamex_np"):
        return bool(here.renamex_np(first, second, 2) == 0)  # RENAME_SWAP
    return False


def put_in_place(finished: Path, target: Path) -> None:
    """Move a finished folder to where readers look, replacing what is there in one step.

    Parameters
    ----------
    finished : Path
        Private folder on the same file system; it is gone afterwards.
    target : Path
        `OUT/<study>/<run>`.
    """
    _settle(finished)
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists():
        finished.rename(target)
    elif not _exchange(finished, target):
        aside = finished.with_name(f"{finished.name}-old")
        target.rename(aside)
        finished.rename(target)
        shutil.rmtree(aside)
    shutil.rmtree(finished, ignore_errors=True)


def point_latest(target: Path) -> None:
    """Let `latest` beside a run point to it, in one step."""
    link = target.parent / LATEST
    new = target.parent / f".{LATEST}.{secrets.token_hex(4)}"
    new.symlink_to(target.name)
    try:
        new.replace(link)
    finally:
        new.unlink(missing_ok=True)


def publish(
    finished: Path, study_folder: Path, run: str, *, success: bool, latest: bool = True
) -> Path:
    """Give a run its place: successes become `latest`, failures are kept apart.

    Parameters
    ----------
    finished : Path
        Private folder with page, manifest and tables.
    study_folder : Path
        `OUT/<study>`.
    run : str
        Identity of the run.
    success : bool
        Whether all checks passed.
    latest : bool, default True
        Whether a success is what `latest` points to; not where a newer period is published.

    Returns
    -------
    Path
        `OUT/<study>/<run>`, or `OUT/<study>/failed/<run>` for a failure.
    """
    if not success:
        target = study_folder / FAILED / run
        put_in_place(finished, target)
        return target
    target = study_folder / run
    put_in_place(finished, target)
    if latest:
        point_latest(target)
    shutil.rmtree(study_folder / FAILED / run, ignore_errors=True)
    return target
