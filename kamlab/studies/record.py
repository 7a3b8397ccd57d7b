"""How did the whole run go: which studies, which exit code, what moved, what took the time?

`OUT/run.json` speaks of the last run into a folder, one that published nothing too. It is written
when a run begins and when it ends: where it says `running` and nothing runs, the run was killed.
"""

import hashlib
import json
import os
import signal
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kamlab.errors import LockHeldError, UsageError
from kamlab.studies.index import changes, run_before, write_index
from kamlab.studies.lock import locked
from kamlab.studies.manifest import read_manifests, utc
from kamlab.studies.publish import RUN, write_whole

if TYPE_CHECKING:
    from kamlab.studies.outcome import Outcome

SCHEMA = 1
# how a run that published nothing is called, by its exit code
_STATUS = {2: "usage", 3: "refused", 75: "blocked"}


def exit_code(outcomes: list["Outcome"], planned: int, stopped_by: int = 0) -> int:
    """Give the exit code of a run: 0 done, 1 failed, 2 wrong use, 3 refused, 128 + n stopped.

    Parameters
    ----------
    outcomes : list of Outcome
        How studies ended.
    planned : int
        How many were to run; the rest never began.
    stopped_by : int
        Signal that asked for an end; 0 where none came.
    """
    statuses = {outcome.status for outcome in outcomes} - {"success"}
    if "stopped" in statuses or len(outcomes) < planned:
        return 128 + (stopped_by or signal.SIGTERM)
    if not statuses:
        return 0
    if statuses & {"failed", "timed out", "incomplete"}:
        return 1
    return 3 if "refused" in statuses else 2


def _status(code: int) -> str:
    """Say in a word what an exit code means."""
    return "success" if code == 0 else _STATUS.get(code, "stopped" if code > 128 else "failed")


def moved(out: Path, outcomes: list["Outcome"]) -> list[dict[str, str]]:
    """List the headline figures that moved beyond their limit since the period before.

    Parameters
    ----------
    out : Path
        Root of the published studies.
    outcomes : list of Outcome
        What was run.

    Returns
    -------
    list of dict
        With study, run, label and text.
    """
    found = []
    for outcome in outcomes:
        if outcome.status != "success":
            continue
        runs = read_manifests(out / outcome.study)
        now = next((run for run in runs if run["folder"] == outcome.folder), {})
        found += [
            {"study": outcome.study, "run": outcome.run, "label": c.label, "text": c.text}
            for c in changes(now, run_before(now, runs))
            if c.jumped
        ]
    return found


class RunRecord:
    """What is written down of a run as a whole.

    Parameters
    ----------
    out : Path
        Root of the published studies.
    data : Path
        What is read.
    periods : list of str
        Periods that were asked for; empty where none was.
    """

    def __init__(self, out: Path, data: Path, periods: list[str]) -> None:
        self.out = out
        self.started = time.time()
        self.content: dict[str, Any] = {
            "schema": SCHEMA,
            "status": "running",
            "identity": None,
            "exit_code": None,
            "message": "",
            "data": str(data),
            "periods": periods,
            "process": os.getpid(),
            "started": utc(self.started),
            "finished": None,
            "studies": [],
            "moved": [],
            "warnings": [],
            "timings": {},
        }

    def begin(self) -> None:
        """Say that the run is under way; call it only while the lock is held."""
        self._write(self.out / RUN)

    def conclude(self, outcomes: list["Outcome"], planned: int, stopped_by: int = 0) -> int:
        """Write how the studies ended; call it only while the lock is held.

        Parameters
        ----------
        outcomes : list of Outcome
            How studies ended.
        planned : int
            How many were to run.
        stopped_by : int
            Signal that asked for an end.

        Returns
        -------
        int
            Exit code.
        """
        code = exit_code(outcomes, planned, stopped_by)
        bad = [o for o in outcomes if o.status not in ("success", "skipped")]
        self.content["studies"] = [
            {
                "study": o.study,
                "run": o.run,
                "period": o.period,
                "status": o.status,
                "message": o.message,
                "manifest": str((o.folder / "manifest.json").relative_to(self.out)),
                "seconds": round(o.seconds, 3),
            }
            for o in outcomes
        ]
        named = "\n".join(sorted(f"{o.study}/{o.run}" for o in outcomes))
        self.content["identity"] = hashlib.sha256(named.encode()).hexdigest()[:12]
        self.content["moved"] = moved(self.out, outcomes)
        self._finish(code, "; ".join(f"{o.study}: {o.message}" for o in bad))
        notebooks = sum(o.notebook_seconds for o in outcomes)
        total = time.time() - self.started
        self.content["timings"] = overhead(total, [o.seconds for o in outcomes], notebooks)
        self._write(self.out / RUN)
        write_index(self.out)
        return code

    def fail(self, code: int, message: str) -> Path | None:
        """Write why a run ended without its studies.

        Parameters
        ----------
        code : int
            Exit code.
        message : str
            For people.

        Returns
        -------
        Path or None
            What was written: `OUT/run.json`, or `OUT/.kamlab/blocked.json` where another run has
            the folder, or a file of its own where nothing can be written there; None for wrong use
            where there is no folder yet.
        """
        self._finish(code, message)
        if code == UsageError.exit_code and not self.out.is_dir():
            return None  # wrong use makes no folder
        try:
            with locked(self.out):
                self._write(self.out / RUN)
                write_index(self.out)
                return self.out / RUN
        except LockHeldError:
            place = self.out / ".kamlab" / "blocked.json"
            self._write(place)
            return place
        except (UsageError, OSError):  # no space, no right: whoever watches must know even so
            handle, elsewhere = tempfile.mkstemp(prefix="kamlab-run-", suffix=".json")
            os.close(handle)
            self._write(Path(elsewhere))
            return Path(elsewhere)

    def _finish(self, code: int, message: str) -> None:
        """Note how it ended."""
        self.content |= {
            "status": _status(code),
            "exit_code": code,
            "message": message,
            "finished": utc(time.time()),
        }

    def _write(self, path: Path) -> None:
        """Write the record in one step."""
        content = json.dumps(self.content, ensure_ascii=False, indent=1, default=str)
        write_whole(path, content + "\n")


def overhead(total: float, studies: list[float], notebooks: float) -> dict[str, float | None]:
    """Tell apart what the notebooks computed and what the rest of a run took.

    Parameters
    ----------
    total : float
        Seconds from the command to the end.
    studies : list of float
        Seconds of each study; they may have run side by side.
    notebooks : float
        Seconds that cells took, all studies together.

    Returns
    -------
    dict
        `total_seconds`; `notebook_seconds`; `overhead_seconds`, the studies' time beside their
        cells and the run's time beside its studies; and its share of both together.

    Examples
    --------
    >>> overhead(12.0, [6.0, 5.0], 9.0)["overhead_share"]
    0.25
    """
    outside = max(total - sum(studies), 0.0)  # none where they ran side by side
    beside = outside + sum(studies) - notebooks
    whole = beside + notebooks
    return {
        "total_seconds": round(total, 3),
        "notebook_seconds": round(notebooks, 3),
        "overhead_seconds": round(beside, 3),
        "overhead_share": round(beside / whole, 3) if whole > 0 else None,
    }
