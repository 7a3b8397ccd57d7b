"""How long does a run wait for its data, and can it be stopped while it waits?"""

import threading
from collections.abc import Callable
from typing import Any, TypeVar

from kamlab.errors import StudyFailedError

T = TypeVar("T")
_NAME = "kamlab-reading"
_POLL = 0.2


def patiently(work: Callable[[], T], limit: float | None) -> T:
    """Do something that may be stuck in another library, and stay ready for signals.

    A database driver that waits for a server which is gone returns to Python late or never; until
    then no signal would be heeded and no clock looked at. So it waits in a thread of its own.

    Parameters
    ----------
    work : callable
        What is done.
    limit : float or None
        Seconds that it may take.

    Returns
    -------
    object
        What `work` returns; what it raises is raised.

    Raises
    ------
    StudyFailedError
        If it takes longer.

    Examples
    --------
    >>> patiently(lambda: 2 + 2, 60)
    4
    """
    found: dict[str, Any] = {}

    def run() -> None:
        try:
            found["value"] = work()
        except BaseException as error:  # noqa: BLE001  it is raised where it is waited for
            found["error"] = error

    thread = threading.Thread(target=run, name=_NAME, daemon=True)
    thread.start()
    waited = 0.0
    while thread.is_alive():
        if limit is not None and waited >= limit:
            raise StudyFailedError(
                f"Reading the data took longer than {limit:g} s (--run-timeout)."
            )
        thread.join(_POLL)
        waited += _POLL
    if "error" in found:
        raise found["error"]
    return found["value"]


def is_stuck() -> bool:
    """Tell whether something that was waited for is still under way."""
    return any(thread.name == _NAME for thread in threading.enumerate())
