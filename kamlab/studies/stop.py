"""Has a signal, or the clock, asked a run to end?"""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

ASKING = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(slots=True)
class Stop:
    """What asks a run to end.

    Attributes
    ----------
    limit : int or None
        Seconds that the run may take.
    signal : int
        Number of the signal that came; 0 while none has.
    """

    limit: int | None
    signal: int = 0
    saved: dict[int, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)

    def __bool__(self) -> bool:
        """Tell whether the run must end."""
        late = self.limit is not None and time.monotonic() - self.started > self.limit
        return bool(self.signal) or late

    @property
    def error(self) -> dict[str, Any]:
        """Say why studies that run are ended."""
        if self.signal:
            name = signal.Signals(self.signal).name
            return {"status": "stopped", "message": f"stopped by {name}"}
        message = f"the run took longer than {self.limit} s (--run-timeout)"
        return {"status": "timed out", "message": message}


@contextmanager
def interrupting() -> Iterator[None]:
    """Let each signal that asks for an end do what Ctrl-C does, so that the end can be told.

    Raises
    ------
    KeyboardInterrupt
        With the exit code that the signal stands for, 128 and its number.
    """

    def interrupt(number: int, frame: object) -> None:
        del frame
        raise KeyboardInterrupt(128 + number)

    saved = {asking: signal.signal(asking, interrupt) for asking in ASKING}
    try:
        yield
    finally:
        for number, handler in saved.items():
            signal.signal(number, handler)


@contextmanager
def asked_to_stop(limit: int | None) -> Iterator[Stop]:
    """Note signals that ask for an end instead of dying in the middle of a rename.

    Parameters
    ----------
    limit : int or None
        Seconds that the run may take.

    Yields
    ------
    Stop
        True once the run must end.
    """
    stop = Stop(limit)

    def note(number: int, frame: object) -> None:
        del frame
        stop.signal = number

    for asking in ASKING:
        stop.saved[asking] = signal.signal(asking, note)
    try:
        yield stop
    finally:
        for number, handler in stop.saved.items():
            signal.signal(number, handler)
