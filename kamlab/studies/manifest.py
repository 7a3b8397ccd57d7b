"""What was run, on what, with which parts, how long, and what came out?"""

import datetime as dt
import functools
import hashlib
import json
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import kamlab
from kamlab.studies.discover import StudyFile, cell_source
from kamlab.studies.publish import FAILED, LATEST, RECORD, RESULT, write_whole
from kamlab.studies.worker import Job

MANIFEST = "manifest.json"
SCHEMA = 1
# parameters which say where, not what
_PLACES = ("out", "published")
_LIBRARIES = (
    "duckdb", "ipykernel", "matplotlib", "narwhals", "nbconvert", "numpy", "pandas", "papermill",
    "pyarrow", "scikit-criteria", "scikit-learn", "scikit-survival", "scipy", "splink",
    "statsmodels",
)  # fmt: skip


@functools.cache
def versions() -> dict[str, Any]:
    """Name the versions of kamlab, its commit where it runs from one, Python and libraries."""
    root = Path(kamlab.__file__).parents[1]
    commit = None
    if (root / ".git").exists():
        said = [
            subprocess.run(
                ["git", "-C", str(root), *command], capture_output=True, text=True, check=False
            ).stdout.strip()
            for command in (("rev-parse", "HEAD"), ("status", "--porcelain", "-uno"))
        ]
        commit = (said[0] + ("-changed" if said[1] else "")) or None
    found = {}
    for library in _LIBRARIES:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return {
        "kamlab": kamlab.__version__,
        "commit": commit,
        "python": platform.python_version(),
        "libraries": found,
    }


def code_hash(path: Path) -> str:
    """Give a digest of a notebook's cells, whatever its outputs and metadata are."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    text = json.dumps([[cell["cell_type"], cell_source(cell)] for cell in cells])
    return hashlib.sha256(text.encode()).hexdigest()


def run_identity(
    study: StudyFile, parameters: dict[str, Any], fingerprint: str, needs: dict[str, str]
) -> str:
    """Name a run by its period and by what decides its content.

    The same data, parameters and code give the same name, so that a repeated run takes the place
    of the one before.

    Parameters
    ----------
    study : StudyFile
        What is run.
    parameters : dict
        Checked values.
    fingerprint : str
        Digest of the data.
    needs : dict of str to str
        Runs of other studies that are read.

    Returns
    -------
    str
        Such as `2013-06-30_1f0c93ab`.
    """
    decisive = {k: v for k, v in parameters.items() if k not in (*_PLACES, "data")}
    content = [study.name, code_hash(study.path), kamlab.__version__, decisive, fingerprint, needs]
    digest = hashlib.sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()
    return f"{parameters.get('as_of') or 'undated'}_{digest[:8]}"


def utc(seconds: float) -> str:
    """Write a time stamp in UTC to the second."""
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="seconds")


def _moved(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> list[str]:
    """Say which files changed between the check of the data and the study's own reading."""
    # two queries over one file have the same name and differ by their table
    known = {(entry.get("table"), entry.get("file")): entry.get("sha256") for entry in before}
    changed = [
        entry["file"]
        for entry in after
        if known.get((entry.get("table"), entry["file"]), entry["sha256"]) != entry["sha256"]
    ]
    return [f"{file} was changed while the study ran; run it again." for file in changed]


def _read(path: Path) -> dict[str, Any]:
    """Read a JSON object; nothing if it is not there or not whole."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_manifest(
    job: Job,
    study: StudyFile,
    *,
    error: dict[str, Any] | None,
    started: float,
    finished: float,
    needs: dict[str, str],
    inputs: list[dict[str, Any]],
    fingerprint: str,
) -> dict[str, Any]:
    """Write the manifest of a run into its private folder, from what notebook and process told.

    Parameters
    ----------
    job : Job
        The run.
    study : StudyFile
        Its notebook.
    error : dict or None
        What the runner knows of a failure (`status`, `message`); else the process' own word counts.
    started, finished : float
        Seconds since the epoch.
    needs : dict of str to str
        Runs of other studies that it could read.
    inputs : list of dict
        Files as the runner saw them; what the notebook recorded goes first.
    fingerprint : str
        Digest of the data.

    Returns
    -------
    dict
        What was written.
    """
    job.folder.mkdir(exist_ok=True)  # a cell may have removed it
    record, result = _read(job.folder / RECORD), _read(job.folder / RESULT)
    problem = error or result.get("error")
    if problem is None and not result:
        problem = {"status": "failed", "message": "the study's process ended without a word"}
    total = finished - started
    inside = result.get("notebook_seconds", 0.0)
    about = record.get("about", {})
    manifest = {
        "schema": SCHEMA,
        "study": study.name,
        "title": study.title,
        "run": job.run,
        "status": problem["status"] if problem else "success",
        "as_of": about.get("as_of") or job.parameters.get("as_of", ""),
        "period": {"start": about.get("start"), "end": about.get("end")},
        "currency": about.get("currency"),
        "data": str(job.parameters.get("data", "")),
        "fingerprint": fingerprint,
        "parameters": {k: v for k, v in job.parameters.items() if k not in _PLACES},
        "inputs": record.get("inputs") or inputs,
        "needs": needs,
        "notebook": {"file": study.path.name, "sha256": code_hash(study.path)},
        "versions": versions(),
        "timings": {
            "started": utc(started),
            "finished": utc(finished),
            "total_seconds": round(total, 3),
            "notebook_seconds": round(inside, 3),
            "overhead_seconds": round(total - inside, 3),
            "overhead_share": round((total - inside) / total, 3) if total > 0 else None,
        },
        "decision": record.get("decision"),
        "headlines": record.get("headlines", []),
        "warnings": [
            *record.get("warnings", []),
            *result.get("warnings", []),
            *_moved(inputs, record.get("inputs", [])),
        ],
        "tables": record.get("tables", []),
        "page_bytes": result.get("page_bytes"),
        "each": result.get("each"),
        "error": problem,
    }
    content = json.dumps(manifest, ensure_ascii=False, indent=1, default=str)
    write_whole(job.folder / MANIFEST, content + "\n")
    return manifest


def read_manifests(study_folder: Path) -> list[dict[str, Any]]:
    """Read the manifests of all runs of a study, failed ones too.

    Parameters
    ----------
    study_folder : Path
        `OUT/<study>`.

    Returns
    -------
    list of dict
        In the order of period and then of the time they finished; each with `folder` (Path) and
        `latest` (bool) added. A folder whose manifest is missing or broken has status `broken`.
    """
    latest = (study_folder / LATEST).resolve()
    folders = [
        path
        for parent in (study_folder, study_folder / FAILED)
        if parent.is_dir()
        for path in parent.iterdir()
        if path.is_dir()
        and not path.is_symlink()
        and path.name != FAILED
        and not path.name.startswith(".")
    ]
    found = []
    for folder in folders:
        manifest = _read(folder / MANIFEST)
        if "status" not in manifest or not isinstance(manifest.get("timings"), dict):
            manifest = {"study": study_folder.name, "run": folder.name, "status": "broken"}
        found.append(manifest | {"folder": folder, "latest": folder.resolve() == latest})
    return sorted(found, key=lambda m: (str(m.get("as_of", "")), _finished(m), m["run"]))


def _finished(manifest: dict[str, Any]) -> str:
    """Give the time at which a run ended, as text that sorts."""
    return str(manifest.get("timings", {}).get("finished", ""))
