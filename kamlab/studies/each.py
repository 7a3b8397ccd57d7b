"""How does one notebook make a page for each account, quickly, whatever one of them does?

One kernel runs the notebook again and again: modules stay imported and what pages share is kept
(`kamlab.studies.shared`), but no variable of one page is seen by the next. A page that fails is
named and left out.
"""

import csv
import dataclasses
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kamlab.errors import UsageError
from kamlab.studies.worker import Job

if TYPE_CHECKING:
    from kamlab.studies.execute import Warm
    from kamlab.studies.plan import Plan

KEY = "key"
_PLAIN = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,39}")
_RESERVED = re.compile(r"(?:CON|PRN|AUX|NUL|COM\d|LPT\d)")


def folder_name(key: str) -> str:
    """Give a key a folder of its own, safe on every file system and in every address.

    Parameters
    ----------
    key : str
        Any text.

    Returns
    -------
    str
        The key itself where it is short and of capital letters, digits, - and _; else what is left
        of it with a digest. Two keys never share a folder, also where letters' case is not kept.

    Examples
    --------
    >>> folder_name("A00131"), folder_name("../a b/客户")
    ('A00131', 'a-b~b30b0caf4299')
    """
    if _PLAIN.fullmatch(key) and not _RESERVED.fullmatch(key):
        return key
    left = re.sub(r"[^A-Za-z0-9_]+", "-", key).strip("-")[:40]
    return f"{left}~{hashlib.sha256(key.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}"


def read_keys(asked: str, plan: "Plan") -> tuple[str, ...]:
    """Understand `--each`, before anything starts.

    Parameters
    ----------
    asked : str
        `key`; or a file with one id a line, or a CSV whose column carries the parameter's name;
        or ids separated by commas.
    plan : Plan
        What is run.

    Returns
    -------
    tuple of str
        The ids, each once; empty for the published list.

    Raises
    ------
    UsageError
        If no study of the run makes a page for each, or no id is given.
    """
    able = [study for study in plan.studies.values() if study.each]
    if not able:
        raise UsageError(f"--each: {', '.join(plan.studies)} makes one page, not one for each.")
    parameter = able[0].each[0]
    if plan.parameters[able[0].name].get(parameter):
        raise UsageError(f"Give either --each or -p {parameter}, not both.")
    if asked.strip().lower() == KEY:
        return ()
    path = Path(asked).expanduser()
    looks_like_path = "/" in asked or path.suffix.lower() in (".txt", ".csv")
    if path.is_file():
        found = _ids_of_file(path, parameter)
    elif looks_like_path and "," not in asked and not asked.strip().count(" "):
        raise UsageError(f"--each: there is no file {asked!r}.")
    else:
        found = asked.split(",")
    ids = tuple(dict.fromkeys(one.strip() for one in found if one.strip()))
    if not ids:
        raise UsageError(f"--each {asked!r} names no account.")
    return ids


def _ids_of_file(path: Path, parameter: str) -> list[str]:
    """Read ids from a file: the named column of a CSV, else each line's first field."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"--each: {path} cannot be read as UTF-8 text ({error}).") from None
    delimiter = ";" if ";" in text.partition("\n")[0] else ","
    rows = [row for row in csv.reader(text.splitlines(), delimiter=delimiter) if row]
    head = [name.strip() for name in rows[0]] if rows else []
    if parameter in head:
        place = head.index(parameter)
        return [row[place] for row in rows[1:] if len(row) > place]
    return [row[0] for row in rows]


def _listed(job: Job) -> list[str]:
    """Read the keys that the other study published: those selected, the first rank first."""
    from kamlab.studies.notebook import Study

    parameter, study, table = job.each
    own = {name: str(job.parameters.get(name, "")) for name in ("published", "data", "as_of")}
    rows = Study(job.study, **own).need(study, table)
    if "selected" in rows:
        rows = rows[rows["selected"]]
    if "rank" in rows:
        rows = rows.sort_values("rank")
    return [str(key) for key in rows[parameter]]


def make_each(job: Job, scratch: Path, on_page: Callable[[int, int], None]) -> dict[str, Any]:
    """Make a page for each key, a list of them, and tables of all together.

    Parameters
    ----------
    job : Job
        With `each`; its folder is filled.
    scratch : Path
        Folder in which cells run.
    on_page : callable
        Told the number of pages begun, and of how many.

    Returns
    -------
    dict
        What the manifest says: `error` where no page could be made, `notebook_seconds`,
        `warnings`, and `each` with `made`, `failed` (keys) and `messages` by key.
    """
    from kamlab.studies.each_list import failure, list_pages
    from kamlab.studies.execute import Warm
    from kamlab.studies.shared import WARM

    try:
        keys = list(job.keys) or _listed(job)
    except UsageError as error:
        return {"error": failure("usage", str(error)), "warnings": []}
    os.environ[WARM] = job.run
    rows: list[dict[str, Any]] = []
    warm, seconds = None, 0.0
    try:
        for number, key in enumerate(keys, 1):
            on_page(number, len(keys))
            warm = warm or Warm(Path(tempfile.mkdtemp(prefix="w", dir=job.sockets)))
            began = time.monotonic()
            made, problem = _one_page(job, key, scratch, warm)
            seconds += made.pop("notebook_seconds")
            spent = time.monotonic() - began
            rows.append(made | {"seconds": round(spent, 3), "message": problem.get("message", "")})
            if problem and not problem.get("traceback"):  # the kernel died or hangs
                warm.close()
                warm = None
    finally:
        if warm:
            warm.close()
    return list_pages(job, rows) | {"notebook_seconds": seconds}


def _one_page(
    job: Job, key: str, scratch: Path, warm: "Warm"
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Run, check and draw one page; give its row of the list, and what went wrong."""
    from kamlab.studies.checks import check_notebook, check_page
    from kamlab.studies.each_list import PAGES, failure
    from kamlab.studies.execute import run_notebook
    from kamlab.studies.page import draw_page
    from kamlab.studies.publish import RECORD, write_whole

    folder = job.folder / PAGES / folder_name(key)
    folder.mkdir(parents=True)
    parameters = job.parameters | {job.each[0]: key, "out": str(folder)}
    own = dataclasses.replace(
        job, title=f"{job.title} {key}", parameters=parameters, folder=folder, each=(), keys=()
    )
    notebook, error = run_notebook(
        job.notebook,
        parameters,
        sockets=job.sockets,
        cwd=scratch,
        cell_timeout=job.cell_timeout,
        on_cell=lambda _: None,
        warm=warm,
    )
    spent = sum(
        cell.metadata.get("papermill", {}).get("duration") or 0.0
        for cell in notebook.cells
        if cell.cell_type == "code"
    )
    page = ""
    if error is None:
        problems = check_notebook(notebook)
        page = "" if problems else draw_page(notebook, own, up=job.title)
        problems += check_page(page)
        if problems:
            said = "; ".join(dict.fromkeys(problem.message for problem in problems[:5]))
            error = failure("failed", said) | {"traceback": said}
    record: dict[str, Any] = {}
    if (folder / RECORD).is_file():
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        (folder / RECORD).unlink()
    row = {"key": key, "record": record, "notebook_seconds": spent, "folder": folder.name}
    if error is not None:
        sys.stderr.write(f"-- {key}\n{error['message']}\n{error['traceback']}\n")
        shutil.rmtree(folder)
        return row, error
    write_whole(folder / "index.html", page)
    what = {k: v for k, v in parameters.items() if k not in ("out", "published")}
    about: dict[str, Any] = {"study": job.study, "run": job.run, "parameters": what}
    about |= {
        name: record.get(name) for name in ("about", "decision", "headlines", "warnings", "tables")
    }
    write_whole(folder / "manifest.json", json.dumps(about, ensure_ascii=False, indent=1))
    return row, {}
