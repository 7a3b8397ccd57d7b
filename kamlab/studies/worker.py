"""What does the process of one study do: run, check, draw the page, and tell how it went?"""

import contextlib
import json
import multiprocessing
import os
import shutil
import sys
import threading
import time
import traceback
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from kamlab.studies.publish import RESULT, write_whole
from kamlab.studies.spare import keep_spare
from kamlab.studies.words import VARIABLE

LOG = "log.txt"
READING = "KAMLAB_READING"
"""Environment variable of the run's name, which `kamlab.sources.asread` looks for."""


@dataclass(frozen=True, slots=True)
class Job:
    """What one study's process is told.

    Attributes
    ----------
    study, title, purpose, language : str
        As the notebook says.
    notebook : Path
        File to run.
    run : str
        Identity of the run.
    parameters : dict
        Checked values of the notebook's parameters, the runner's own among them.
    folder : Path
        Private folder in which the result is put together.
    sockets : Path
        Private folder with a short path.
    cell_timeout : int or None
        Seconds a cell may take.
    threads : int
        Threads that OpenMP may use, such as for boosted trees.
    each : tuple of str, optional
        Parameter that takes a key, then the study and the table that list the keys: one page is
        made for each; empty for a single page.
    keys : tuple of str
        The keys, where they were asked for; empty: those that are listed.
    needs : dict of str to str
        Runs of other studies that it reads and links to.
    notes : tuple of str
        Doubts that the runner puts on the page.
    industry : dict
        Name and sha256 of the industry profile in force.
    reading : str
        Name shared by the studies of a run, so that lines which lie elsewhere are checked once.
    """

    study: str
    title: str
    purpose: str
    language: str
    notebook: Path
    run: str
    parameters: dict[str, Any]
    folder: Path
    sockets: Path
    cell_timeout: int | None
    threads: int
    each: tuple[str, ...] = ()
    keys: tuple[str, ...] = ()
    needs: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    industry: dict[str, str] = field(default_factory=dict)
    reading: str = ""


def end_children(pid: int) -> None:
    """End all descendants of a process at once; a kernel has nothing to save."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        for child in psutil.Process(pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                child.kill()


def _end_with_parent(sockets: Path) -> None:
    """Wait for the runner's end, then end the kernel and this process."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        end_children(os.getpid())
        shutil.rmtree(sockets, ignore_errors=True)
        os._exit(1)


def work(job: Job, progress: Connection) -> None:
    """Do a job; the result stands in the job's folder whatever happens.

    Parameters
    ----------
    job : Job
        What to do.
    progress : Connection
        Told the number of code cells that have started, as `(started, of)`.
    """
    os.umask(0o022 | _umask())
    log = os.open(job.folder / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(log, 1)
    os.dup2(log, 2)
    scratch = job.folder / "scratch"
    scratch.mkdir()
    os.environ |= {
        "IPYTHONDIR": str(scratch / "ipython"),
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        "KAMLAB_RUN": job.run,
        **({READING: job.reading} if job.reading else {}),
        VARIABLE: job.language,
    }
    os.environ.setdefault("OMP_NUM_THREADS", str(job.threads))
    keep_spare(progress)
    threading.Thread(target=_end_with_parent, args=(job.sockets,), daemon=True).start()
    started = time.monotonic()
    try:
        result = (_run_each if job.each else _run)(job, scratch, progress)
    except BaseException:  # noqa: BLE001  whatever happens must reach the manifest
        traceback.print_exc()
        last = traceback.format_exc().strip().splitlines()[-1]
        message = f"the page could not be made: {last}"
        result = {"error": {"status": "failed", "message": message, "cell": "", "traceback": ""}}
    result["seconds"] = time.monotonic() - started
    sys.stderr.flush()
    write_whole(job.folder / RESULT, json.dumps(result, ensure_ascii=False))


def _umask() -> int:
    """Read the umask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def _run(job: Job, scratch: Path, progress: Connection) -> dict[str, Any]:
    """Run, check and draw; give what the manifest says of it."""
    from kamlab.studies.checks import check_notebook, check_page
    from kamlab.studies.execute import run_notebook
    from kamlab.studies.page import draw_page

    total = len(json.loads(job.notebook.read_text(encoding="utf-8"))["cells"])

    def on_cell(index: int) -> None:
        with contextlib.suppress(OSError):
            progress.send((index + 1, total + 1))

    notebook, error = run_notebook(
        job.notebook,
        job.parameters,
        sockets=job.sockets,
        cwd=scratch,
        cell_timeout=job.cell_timeout,
        on_cell=on_cell,
    )
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    result: dict[str, Any] = {
        "error": error,
        "notebook_seconds": sum(
            cell.metadata.get("papermill", {}).get("duration") or 0.0 for cell in code
        ),
        "warnings": [
            "A cell printed more than a page can hold; the rest was cut."
            for cell in code
            if cell.metadata.get("kamlab_cut")
        ],
    }
    _log_outputs(code, error)
    if error is None:
        problems = check_notebook(notebook)
        page = "" if problems else draw_page(notebook, job)
        problems += check_page(page)
        if problems:
            message = "; ".join(dict.fromkeys(problem.message for problem in problems[:5]))
            result["error"] = {"status": "failed", "message": message, "cell": "", "traceback": ""}
        else:
            write_whole(job.folder / "index.html", page)
            result["page_bytes"] = len(page.encode("utf-8"))
    if result["error"] is not None:
        write_whole(job.folder / "notebook.ipynb", json.dumps(notebook, ensure_ascii=False))
    return result


def _run_each(job: Job, scratch: Path, progress: Connection) -> dict[str, Any]:
    """Make one page for each key."""
    from kamlab.studies.each import make_each

    def on_page(done: int, of: int) -> None:
        with contextlib.suppress(OSError):
            progress.send((done, of))

    return make_each(job, scratch, on_page)


def _log_outputs(code: list[Any], error: dict[str, Any] | None) -> None:
    """Write what cells said on standard error, and the traceback, into the log."""
    for number, cell in enumerate(code, 1):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                sys.stderr.write(f"-- code cell {number}\n{output.text}\n")
    if error is not None:
        sys.stderr.write(f"{error['message']}\n{error['traceback']}\n")
