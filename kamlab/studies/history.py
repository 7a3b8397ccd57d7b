"""Which runs are there, which may go, and why do two of them differ?"""

import math
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kamlab.errors import UsageError
from kamlab.studies.index import changes, period_of, study_folders
from kamlab.studies.manifest import read_json, read_manifests
from kamlab.studies.period import read_period
from kamlab.studies.publish import RUN
from kamlab.studies.rules import JUMP


def all_runs(out: Path) -> list[dict[str, Any]]:
    """Read the manifests of all runs of all studies below a root of published studies.

    Raises
    ------
    UsageError
        If there is no such folder.
    """
    if not out.is_dir():
        raise UsageError(f"Nothing is published in {out}: there is no such folder.")
    return [run for folder in study_folders(out) for run in read_manifests(folder)]


def prunable(out: Path, keep: int) -> list[Path]:
    """List the run folders that are older than the last `keep` of their study.

    Successes and failures are counted apart; the run that `latest` points to always stays.

    Parameters
    ----------
    out : Path
        Root of the published studies.
    keep : int
        How many of each study stay, at least 1.
    """
    if keep < 1:
        raise UsageError("--keep must be 1 or more.")
    found = []
    for folder in study_folders(out):
        runs = read_manifests(folder)
        for good in (True, False):
            mine = [run for run in runs if (run["status"] == "success") is good]
            found += [run["folder"] for run in mine[:-keep] if not run["latest"]]
    return found


def prune(out: Path, keep: int) -> list[Path]:
    """Remove old run folders; call it only while the lock is held.

    Returns
    -------
    list of Path
        What was removed.
    """
    folders = prunable(out, keep)
    for folder in folders:
        aside = out / ".kamlab" / "work" / f"pruned-{folder.parent.name}-{folder.name}"
        aside.parent.mkdir(parents=True, exist_ok=True)
        folder.rename(aside)
        shutil.rmtree(aside)
    return folders


def run_line(run: dict[str, Any]) -> str:
    """Say in one line what a run was about, how it ended, how long it took and what it found."""
    words = [f"{run['study']}/{run['run']}", run["status"] + (" (latest)" if run["latest"] else "")]
    if run["status"] != "broken":
        words += [period_of(run), f"{run['timings'].get('total_seconds', 0):.1f} s"]
    words += [f"{h['label']}: {h.get('text')}" for h in run.get("headlines", [])[:1]]
    return "  ".join([*words, (run.get("error") or {}).get("message", "")]).rstrip()


def last_run(out: Path) -> str:
    """Say how the last run into a folder went as a whole; empty where none was written down."""
    run = read_json(out / RUN)
    if "status" not in run:
        return ""
    if run["status"] == "running":
        import psutil

        alive = psutil.pid_exists(int(run.get("process", 0)))
        how = "is under way" if alive else "was killed; the next one cleans up"
        return f"The run that began {run.get('started')} {how}."
    took = run.get("timings", {}).get("total_seconds")
    share = run.get("timings", {}).get("overhead_share")
    time = "" if took is None else f" in {took:.1f} s ({share:.0%} beside the notebooks)"
    moved = f", {len(run['moved'])} figures moved beyond their limit" if run.get("moved") else ""
    said = f"The last run ended {run.get('finished')}{time}: {run['status']}{moved}."
    return f"{said} {run.get('message', '')}".rstrip()


def find_run(out: Path, name: str) -> dict[str, Any]:
    """Find a run by `study/run`: a period (its newest run), `latest` or the start of its name.

    Raises
    ------
    UsageError
        If no run or more than one fits.
    """
    study, _, run = name.strip("/").partition("/")
    mine = [r for r in all_runs(out) if r["study"] == study.replace("_", "-")]
    until = _end_of(run)
    for_periods = [r for r in mine if until and r.get("asked_period")]
    fits = [r for r in mine if r["latest"]] if run in ("", "latest") else []
    fits = (
        fits
        or [r for r in mine if r["run"] == run]
        or [r for r in mine if run and r.get("asked_period") == run][-1:]
        or [r for r in for_periods if r.get("as_of") == until][-1:]
        # a run for a period is not called by another one with which its name begins
        or [r for r in mine if run and r["run"].startswith(run) and r not in for_periods]
    )
    if len(fits) != 1:
        there = ", ".join(f"{r['study']}/{r['run']}" for r in mine) or "none of that study"
        how = "No run is" if not fits else "More than one run is"
        raise UsageError(f"{how} called {name!r}. There are: {there}.")
    return fits[0]


def _end_of(period: str) -> str:
    """Give the day after a period of the calendar; empty where the text is none."""
    if period[:2].upper() == "FY":
        return ""
    try:
        return read_period(period).as_of.isoformat()
    except UsageError:
        return ""


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two runs.

    Attributes
    ----------
    moved : list of str
        One line a headline figure.
    tables : list of str
        One line a published table that changed.
    jumped : bool
        Whether one moved beyond the limit.
    causes : list of str
        What differs in data, parameters and code: the likely reasons.
    """

    moved: list[str]
    tables: list[str]
    jumped: bool
    causes: list[str]


def compare(old: dict[str, Any], new: dict[str, Any], limit: float | None = None) -> Comparison:
    """Say what moved between two runs and likely why.

    Parameters
    ----------
    old, new : dict
        Manifests of runs of one study.
    limit : float, optional
        Share of a figure beyond which its change is marked; else what the newer run's rules say.

    Raises
    ------
    UsageError
        If the runs are of two studies.
    """
    if old["study"] != new["study"]:
        raise UsageError(f"{old['study']} and {new['study']} are two studies; compare runs of one.")
    from kamlab.studies.differences import table_changes  # pandas, which `kamlab runs` does without

    found = changes(new, old, limit)
    limits = {entry["label"]: entry.get("limit") or JUMP for entry in new.get("headlines", [])}
    moved = [
        f"{c.label}: {c.text}"
        + (f" (beyond the limit of {limit or limits[c.label]:.0%})" if c.jumped else "")
        for c in found
    ]
    jumped = any(change.jumped for change in found if not math.isnan(change.share))
    tables = table_changes(old, new, limit or JUMP) if "folder" in old and "folder" in new else []
    return Comparison(moved, tables, jumped, _causes(old, new))


def _revised(old: dict[str, list[float]], new: dict[str, list[float]]) -> list[str]:
    """Say what happened to orders: later months are new data, earlier ones were revised."""
    if not old or not new:
        return []
    last = max(old)
    months = sorted({*old, *new})
    empty = [0, 0.0]
    moved = {m: (old.get(m, empty), new.get(m, empty)) for m in months if old.get(m) != new.get(m)}
    past = {month: pair for month, pair in moved.items() if month < last}
    late = {month: pair for month, pair in moved.items() if month >= last}
    said = []
    for what, these in (("revised orders", past), ("new orders", late)):
        if these:
            lines = sum(pair[1][0] - pair[0][0] for pair in these.values())
            sales = sum(pair[1][1] - pair[0][1] for pair in these.values())
            span = min(these) if len(these) == 1 else f"{min(these)} to {max(these)}"
            said.append(f"{what} of {span}: {lines:+,} lines, {sales:+,.2f} net sales")
    return said


def _causes(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """List what differs in what went in."""
    causes = _revised(old.get("months") or {}, new.get("months") or {})
    if old.get("mapping") != new.get("mapping"):
        causes.append("the mapping file says other things")
    trades = [(run.get("industry") or {}).get("sha256") for run in (old, new)]
    if all(trades) and trades[0] != trades[1]:
        causes.append("the industry profile says other things")
    # two queries over one file have the same name and differ by their table
    before = {(entry.get("table"), entry.get("file")): entry for entry in old.get("inputs", [])}
    for entry in new.get("inputs", []):
        earlier = before.pop((entry.get("table"), entry.get("file")), None)
        if earlier is None:
            causes.append(f"new file {entry.get('file')}")
        elif earlier.get("sha256") != entry.get("sha256"):
            later = str(entry.get("newest_date")) > str(earlier.get("newest_date"))
            how = "new data in" if later else "revised data in"
            rows = f"{earlier.get('rows')} to {entry.get('rows')} rows"
            causes.append(f"{how} {entry.get('file')} ({rows})")
    causes += [f"file {name} is gone" for _, name in before]
    was, now = old.get("parameters", {}), new.get("parameters", {})
    causes += [
        f"parameter {name}: {was.get(name)!r} to {now.get(name)!r}"
        for name in dict.fromkeys([*was, *now])
        if was.get(name) != now.get(name)
    ]
    if old.get("notebook", {}).get("sha256") != new.get("notebook", {}).get("sha256"):
        causes.append("the notebook was changed")
    if old.get("versions", {}).get("code") != new.get("versions", {}).get("code"):
        causes.append("the code of kamlab was changed")
    for part in ("kamlab", "commit", "python"):
        one, other = (run.get("versions", {}).get(part) for run in (old, new))
        if one != other:
            causes.append(f"{part} {one} to {other}")
    libraries = [run.get("versions", {}).get("libraries", {}) for run in (old, new)]
    causes += [
        f"{name} {libraries[0][name]} to {libraries[1][name]}"
        for name in libraries[0]
        if name in libraries[1] and libraries[0][name] != libraries[1][name]
    ]
    return causes
