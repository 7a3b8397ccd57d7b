"""Is another run publishing into the same folder just now?"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from kamlab.errors import LockHeldError, UsageError


@contextmanager
def locked(out: Path) -> Iterator[Path]:
    """Hold the folder of published studies for one run.

    The lock belongs to the open file, so that it ends with the process however that ends; a file
    left behind is no lock.

    Parameters
    ----------
    out : Path
        Folder of published studies; it is made if it is not there.

    Yields
    ------
    Path
        The private folder `out/.kamlab`, on the same file system.

    Raises
    ------
    LockHeldError
        If another run holds it; the message names its process.
    UsageError
        If the folder cannot be written.
    """
    private = out / ".kamlab"
    mask = os.umask(0o022)
    os.umask(0o022 | mask)  # nothing that is published is writable for others
    try:
        private.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(private / "lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        os.umask(mask)
        raise UsageError(f"Cannot write into {out}: {error.strerror}.") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(descriptor, 32).decode(errors="replace").strip() or "unknown"
            raise LockHeldError(
                f"Another run (process {holder}) publishes into {out} just now. "
                "Wait for it, or give another --out."
            ) from None
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        yield private
    finally:
        os.close(descriptor)
        os.umask(mask)
