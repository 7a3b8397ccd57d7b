"""Which runs of other studies does a study read: those of the same day and the same data only."""

from pathlib import Path
from typing import Any

from kamlab.studies.discover import StudyFile
from kamlab.studies.index import run_before
from kamlab.studies.manifest import read_manifests
from kamlab.studies.plan import Data


def find_needs(study: StudyFile, out: Path, data: Data, made: dict[str, str]) -> dict[str, str]:
    """Find the runs which a study reads, so that it reads the same ones whenever it runs.

    Parameters
    ----------
    study : StudyFile
        Names what it needs and what it reads where it is published.
    out : Path
        Root of the published studies.
    data : Data
        Day and digest that must agree.
    made : dict of str to str
        Runs that succeeded in this very round, by study.

    Returns
    -------
    dict of str to str
        Run by study, and by `before_of` the study the run before it where that is read too; what
        is not published is left out.
    """
    found = {}
    for need in (*study.needs, *study.after):
        run = made.get(need) or _published(out / need, data)
        if run:
            found[need] = run
    for need in study.compares:
        runs = read_manifests(out / need)
        now = next((run for run in runs if run["run"] == found.get(need)), {})
        earlier = run_before(now, runs)
        if earlier:
            found[before_of(need)] = earlier["run"]
    return found


def before_of(study: str) -> str:
    """Name the run before of a study among the runs that are read."""
    return f"{study} before"


def _published(folder: Path, data: Data) -> str:
    """Find the last success of a study on the same day and data; the one in view goes first."""
    fits = [run for run in read_manifests(folder) if _fits(run, data)]
    fits.sort(key=lambda run: (run["latest"], str(run["timings"].get("finished"))))
    return str(fits[-1]["run"]) if fits else ""


def _fits(run: dict[str, Any], data: Data) -> bool:
    """Tell whether a published run speaks of the same."""
    day = run.get("as_of") == data.as_of or not data.as_of
    return bool(run["status"] == "success" and day and run.get("fingerprint") == data.fingerprint)
