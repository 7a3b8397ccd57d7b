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
from kamlab.fingerprint import package_hash
from kamlab.studies.discover import StudyFile, cell_source
from kamlab.studies.plan import Data
from kamlab.studies.publish import FAILED, LATEST, RECORD, RESULT, write_whole
from kamlab.studies.rules import Rules
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
        "code": package_hash(),
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

    The same data, parameters and code (the notebook's and the library's) give the same name, so
    that a repeated run takes the place of the one before.

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
    code = [code_hash(study.path), package_hash()]
    content = [study.name, code, decisive, fingerprint, needs]
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


def _content(folder: Path) -> dict[str, str]:
    """Give a digest of the page and of each table, by file."""
    files = [*folder.glob("index.html"), *folder.glob("tables/*.csv")]
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
    }


def _not_the_same(content: dict[str, str], replaced: dict[str, Any]) -> list[str]:
    """Say where a repeated run gave other content than the one whose place it takes."""
    before = replaced.get("content", {})
    other = [name for name in {**before, **content} if before.get(name) != content.get(name)]
    if not before or not other:
        return []
    named = ", ".join(sorted(other)[:3]) + (" and others" if len(other) > 3 else "")
    said = (
        f"The same data, parameters and code gave other content before: {named}. Libraries may "
        "have changed, or the study depends on something that it does not name."
    )
    return [said]


def read_json(path: Path) -> dict[str, Any]:
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
    data: Data,
    rules: Rules,
    replaced: dict[str, Any],
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
    data : Data
        What the runner saw of it; what the notebook recorded of its files goes first.
    rules : Rules
        How far its figures may move.
    replaced : dict
        Manifest of the run whose place it takes; empty if there is none.

    Returns
    -------
    dict
        What was written.
    """
    job.folder.mkdir(exist_ok=True)  # a cell may have removed it
    record, result = read_json(job.folder / RECORD), read_json(job.folder / RESULT)
    problem = error or result.get("error")
    if problem is None and not result:
        problem = {"status": "failed", "message": "the study's process ended without a word"}
    total = finished - started
    inside = result.get("notebook_seconds", 0.0)
    about = record.get("about", {})
    content = _content(job.folder) if problem is None else {}
    headlines = [
        entry | {"limit": rules.limit(study.name, entry["label"])}
        for entry in record.get("headlines", [])
    ]
    manifest = {
        "schema": SCHEMA,
        "study": study.name,
        "title": job.title,
        "language": job.language,
        "run": job.run,
        "status": problem["status"] if problem else "success",
        "as_of": about.get("as_of") or job.parameters.get("as_of", ""),
        "asked_period": data.period,
        "period": {"start": about.get("start"), "end": about.get("end")},
        "currency": about.get("currency"),
        "data": str(job.parameters.get("data", "")),
        "fingerprint": data.fingerprint,
        "mapping": data.mapping,
        "industry": data.industry,
        "parameters": {k: v for k, v in job.parameters.items() if k not in _PLACES},
        "inputs": record.get("inputs") or data.files,
        "months": data.months,
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
        "headlines": headlines,
        "warnings": [
            *data.notes,
            *record.get("warnings", []),
            *result.get("warnings", []),
            *_moved(data.files, record.get("inputs", [])),
            *_not_the_same(content, replaced),
        ],
        "tables": record.get("tables", []),
        "content": content,
        "page_bytes": result.get("page_bytes"),
        "each": result.get("each"),
        "error": problem,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=1, default=str)
    write_whole(job.folder / MANIFEST, text + "\n")
    return manifest


def ending(manifest: dict[str, Any]) -> tuple[str, str]:
    """Say how a study ended, and why.

    Parameters
    ----------
    manifest : dict

    Returns
    -------
    tuple of str
        Status and message. A study that published, but failed to make some of the pages it makes
        for one account each, is incomplete.
    """
    failed = (manifest["each"] or {}).get("failed", [])
    if manifest["status"] == "success" and failed:
        return "incomplete", f"{len(failed)} of its pages failed: " + ", ".join(failed[:5])
    return manifest["status"], manifest["error"]["message"] if manifest["error"] else ""


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
        manifest = read_json(folder / MANIFEST)
        if "status" not in manifest or not isinstance(manifest.get("timings"), dict):
            manifest = {"study": study_folder.name, "run": folder.name, "status": "broken"}
        found.append(manifest | {"folder": folder, "latest": folder.resolve() == latest})
    return sorted(found, key=lambda m: (str(m.get("as_of", "")), _finished(m), m["run"]))


def _finished(manifest: dict[str, Any]) -> str:
    """Give the time at which a run ended, as text that sorts."""
    return str(manifest.get("timings", {}).get("finished", ""))
