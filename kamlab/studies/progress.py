"""How does a run tell those who watch it, people or a log collector, how far it is?"""

import json
import sys
import time
from typing import Any, TextIO

from kamlab.studies.outcome import Outcome
from kamlab.studies.publish import LATEST
from kamlab.studies.record import RunRecord


class Progress:
    """Tell each event of a run in one line.

    Parameters
    ----------
    form : str
        `lines` for people, `json` for a log collector.
    quiet : bool
        Tell failures only.
    stream : TextIO, optional
        Where to; standard error unless said.
    """

    def __init__(
        self, form: str = "lines", *, quiet: bool = False, stream: TextIO | None = None
    ) -> None:
        self.form, self.quiet = form, quiet
        self.stream = stream or sys.stderr
        self.started = time.monotonic()
        self.live = form == "lines" and not quiet and self.stream.isatty()
        self.cells: dict[str, str] = {}

    def __call__(
        self,
        event: str,
        **details: Any,  # noqa: ANN401  each event has its own
    ) -> None:
        """Tell one event."""
        outcome: Outcome | None = details.get("outcome")
        if self.form == "json":
            self._json(event, outcome, details)
        elif outcome is not None:
            self.cells.pop(outcome.study, None)
            if outcome.status == "success":
                self._line(f"{outcome.study}: published in {outcome.seconds:.1f} s")
            else:
                said = f"{outcome.study}: {outcome.status}: {outcome.message}"
                self._line(f"{said}\n  see {outcome.folder}", always=True)
        elif event == "start":
            self._line(f"{details['study']}: started")
        elif event == "cell":
            self.cells[details["study"]] = f"{details['cell']}/{details['of']}"
            self._live()
        elif event == "note":
            self._line(details["text"])

    def conclude(self, record: RunRecord) -> int:
        """Say where the pages are, what moved and how the run ended; give its exit code."""
        said, out = record.content, record.out
        if self.form == "json":
            told = ("status", "exit_code", "message", "moved", "timings")
            self._json("end", None, {key: said[key] for key in told})
            return int(said["exit_code"])
        for study in said["studies"]:
            if study["status"] not in ("success", "incomplete"):
                continue
            place = study["run"] if study["period"] else LATEST
            sys.stdout.write(f"{study['study']}: {out / study['study'] / place / 'index.html'}\n")
            for one in said["moved"]:
                if (one["study"], one["run"]) == (study["study"], study["run"]):
                    sys.stdout.write(f"  {one['label']} moved beyond the limit: {one['text']}\n")
        sys.stdout.write(f"All studies: {out / 'index.html'}\n")
        return int(said["exit_code"])

    def _json(self, event: str, outcome: Outcome | None, details: dict[str, Any]) -> None:
        """Tell an event as one JSON object."""
        if event == "cell":
            return
        if outcome is not None:
            details = {
                "study": outcome.study,
                "run": outcome.run,
                "status": outcome.status,
                "message": outcome.message,
                "folder": str(outcome.folder),
                "run_seconds": round(outcome.seconds, 3),
            }
        seconds = round(time.monotonic() - self.started, 3)
        line = json.dumps({"event": event, "seconds": seconds} | details, ensure_ascii=False)
        self._write(line + "\n")

    def _line(self, text: str, *, always: bool = False) -> None:
        """Write a line that stays."""
        if always or not self.quiet:
            self._write(("\r\x1b[K" if self.live else "") + text + "\n")
        self._live()

    def _live(self) -> None:
        """On a terminal, show which cell each study is at."""
        if self.live and self.cells:
            said = " · ".join(f"{study} {cell}" for study, cell in self.cells.items())
            self._write(f"\r\x1b[K{said}")

    def _write(self, text: str) -> None:
        """Write at once."""
        self.stream.write(text)
        self.stream.flush()
