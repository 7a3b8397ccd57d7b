"""How do several studies run: side by side, each after what it needs, each to a known end?"""

import json
import multiprocessing
import multiprocessing.forkserver
import shutil
import signal
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from kamlab.studies.discover import StudyFile, imports
from kamlab.studies.index import write_index
from kamlab.studies.lock import locked
from kamlab.studies.machine import cores
from kamlab.studies.manifest import MANIFEST, ending, read_json, run_identity, write_manifest
from kamlab.studies.outcome import Outcome
from kamlab.studies.plan import Data, Plan
from kamlab.studies.publish import (
    LATEST,
    NEEDS,
    clean_leftovers,
    private_folder,
    publish,
    tidy,
    write_whole,
)
from kamlab.studies.record import RunRecord
from kamlab.studies.rules import Rules
from kamlab.studies.sight import find_needs
from kamlab.studies.stop import Stop, asked_to_stop
from kamlab.studies.worker import Job, end_children, work

Report = Callable[..., None]
# The modules that take seconds to import: one server imports them and forks each study from it.
_PRELOAD = ["kamlab.studies.preload"]
_POLL = 0.2


@dataclass(frozen=True, slots=True)
class Settings:
    """How to run.

    Attributes
    ----------
    out : Path
        Root of the published studies, absolute.
    jobs : int
        Studies that may run at the same time.
    cell_timeout, timeout, run_timeout : int or None
        Seconds that a cell, a study, and the whole run may take.
    keys : tuple of str or None
        For studies that make one page for each key: which; empty: those listed, None: as the
        parameters say.
    rules : Rules
        How far figures may move.
    language : str
        Of the pages; empty: each notebook's own.
    reading : str
        Name of the run, under which its studies find what was read of lines that lie elsewhere.
    """

    out: Path
    jobs: int = 1
    cell_timeout: int | None = None
    timeout: int | None = None
    keys: tuple[str, ...] | None = None
    run_timeout: int | None = None
    rules: Rules = field(default_factory=Rules)
    language: str = ""
    reading: str = ""


@dataclass(slots=True)
class _Running:
    """One study's process and what the runner must remember of it."""

    study: StudyFile
    job: Job
    process: BaseProcess
    progress: Connection
    needs: dict[str, str]
    started: float
    deadline: float


def warm_up(studies: Iterable[StudyFile]) -> None:
    """Start importing the slow modules, and those of some studies, while something else is done."""
    context = multiprocessing.get_context("forkserver")
    used = dict.fromkeys(name for study in studies for name in imports(study))
    if any(name.startswith("kamlab.charts") for name in used):
        used["matplotlib.pyplot"] = None
    context.set_forkserver_preload([*_PRELOAD, *used])
    multiprocessing.forkserver.ensure_running()


def run_plan(plan: Plan, data: Data, settings: Settings, report: Report) -> list[Outcome]:
    """Run the studies of a plan and publish what passes.

    Parameters
    ----------
    plan : Plan
        Studies and their parameters.
    data : Data
        What they read.
    settings : Settings
        Where to and how.
    report : callable
        Told `event` (start, cell, done) and details as keywords.

    Returns
    -------
    list of Outcome
        One a study, in the order in which they ended.

    Raises
    ------
    LockHeldError
        If another run publishes into the same folder.
    UsageError
        If the folder cannot be written.
    """
    warm_up(plan.studies.values())
    return run_rounds([(plan, data)], settings, report)


def run_rounds(
    rounds: Sequence[tuple[Plan, Data]],
    settings: Settings,
    report: Report,
    record: RunRecord | None = None,
) -> list[Outcome]:
    """Run plans one after the other, such as one a period, and publish what passes.

    Parameters
    ----------
    rounds : sequence of tuple of Plan and Data
        What to run on what.
    settings : Settings
        Where to and how; the time-out is that of all rounds together.
    report : callable
        As for `run_plan`.
    record : RunRecord, optional
        Where it is written down how the run went.

    Returns
    -------
    list of Outcome
        Of all rounds; a round that fails does not stop the next.

    Raises
    ------
    LockHeldError, UsageError
        As `run_plan`.
    """
    outcomes: list[Outcome] = []
    with locked(settings.out) as private, asked_to_stop(settings.run_timeout) as stop:
        clean_leftovers(private)
        if record:
            record.begin()
        for plan, data in rounds:
            if data.period:
                report("note", text=f"period {data.period}, as of {data.as_of}")
            if not stop.signal:
                outcomes += _Runner(plan, data, settings, report, private, stop).run()
        if record:
            planned = sum(len(plan.studies) for plan, _ in rounds)
            record.conclude(outcomes, planned, stop.signal)
    return outcomes


class _Runner:
    """The state of one run: who waits, who runs, who ended how."""

    def __init__(
        self,
        plan: Plan,
        data: Data,
        settings: Settings,
        report: Report,
        private: Path,
        stop: Stop,
    ) -> None:
        self.plan, self.data, self.settings, self.report = plan, data, settings, report
        self.private, self.stop = private, stop
        self.waiting = list(plan.studies)
        self.running: dict[str, _Running] = {}
        self.ended: dict[str, Outcome] = {}
        self.context = multiprocessing.get_context("forkserver")

    def run(self) -> list[Outcome]:
        """Start what may start, wait for what runs, until nothing is left."""
        try:
            while (self.waiting or self.running) and not self.stop:
                self._start_ready()
                self._wait()
            for running in list(self.running.values()):
                self._end(running, self.stop.error)
            for name in self.waiting if not self.stop.signal else ():
                self._skip(self.plan.studies[name], self.stop.error["message"])
        finally:
            for running in self.running.values():
                self._kill(running)
        return list(self.ended.values())

    def _start_ready(self) -> None:
        """Start each study whose needs are met, while there is room; give up where they failed."""
        for name in list(self.waiting):
            study = self.plan.studies[name]
            inside = [need for need in study.needs if need in self.plan.studies]
            failed = [n for n in inside if n in self.ended and self.ended[n].status != "success"]
            if failed:
                self.waiting.remove(name)
                self._skip(study, f"needs {failed[0]}, which did not succeed")
                continue
            before = [*inside, *(name for name in study.after if name in self.plan.studies)]
            if len(self.running) < self.settings.jobs and all(n in self.ended for n in before):
                self.waiting.remove(name)
                self._start(study)

    def _prepare(self, study: StudyFile) -> tuple[Job, dict[str, str]]:
        """Make the private folder of a study and put its job together."""
        out = self.settings.out
        folder = private_folder(self.private, study.name)
        made = {name: o.run for name, o in self.ended.items() if o.status == "success"}
        needs = find_needs(study, out, self.data, made)
        write_whole(folder / NEEDS, json.dumps(needs))
        declared = {parameter.name for parameter in study.parameters}
        own = {
            "data": str(self.data.path),
            "as_of": self.data.as_of,
            "out": str(folder),
            "published": str(out),
        }
        parameters = self.plan.parameters[study.name] | {
            name: value for name, value in own.items() if name in declared and value
        }
        keys = self.settings.keys
        one = bool(study.each) and bool(parameters[study.each[0]])
        each = study.each if study.each and (keys is not None or not one) else ()
        language = self.settings.language or study.language
        other = {"language": language} if language != study.language else {}
        job = Job(
            study=study.name,
            title=study.title_in(language),
            purpose=study.purpose_in(language),
            language=language,
            notebook=study.path,
            run=run_identity(
                study,
                {"as_of": self.data.as_of} | parameters | other | ({"each": keys} if each else {}),
                self.data.fingerprint,
                needs,
            ),
            parameters=parameters,
            folder=folder,
            sockets=Path(tempfile.mkdtemp(prefix="kam")),
            cell_timeout=self.settings.cell_timeout,
            threads=max(1, cores() // max(1, self.settings.jobs)),
            each=each,
            keys=keys or (),
            needs=needs,
            notes=self.data.notes,
            industry=self.data.industry,
            reading=self.settings.reading,
        )
        return job, needs

    def _start(self, study: StudyFile) -> None:
        """Start the process of a study."""
        job, needs = self._prepare(study)
        here, there = self.context.Pipe(duplex=False)
        process = self.context.Process(target=work, args=(job, there), daemon=True)
        started = time.time()
        process.start()
        there.close()
        limit = self.settings.timeout
        deadline = time.monotonic() + limit if limit else float("inf")
        self.running[study.name] = _Running(study, job, process, here, needs, started, deadline)
        self.report("start", study=study.name, run=job.run)

    def _skip(self, study: StudyFile, message: str) -> None:
        """Record a study that cannot run, because what it needs failed or time is up."""
        job, needs = self._prepare(study)
        self._conclude(study, job, needs, time.time(), {"status": "skipped", "message": message})

    def _wait(self) -> None:
        """Wait a moment for news of the processes, and deal with it."""
        by_pipe = {running.progress: running for running in self.running.values()}
        sentinels = [running.process.sentinel for running in self.running.values()]
        for ready in wait([*sentinels, *by_pipe], timeout=_POLL) if sentinels else ():
            if isinstance(ready, Connection):
                self._hear(by_pipe[ready])
        if self.stop:  # what ends now was stopped too: Ctrl-C reaches every process
            return
        for running in list(self.running.values()):
            if running.process.exitcode is not None:
                self._end(running, self._death(running))
            elif time.monotonic() > running.deadline:
                message = f"took longer than {self.settings.timeout} s (--timeout)"
                self._end(running, {"status": "timed out", "message": message})

    def _hear(self, running: _Running) -> None:
        """Pass on how far a study is."""
        try:
            started, of = running.progress.recv()
        except (EOFError, OSError):
            running.process.join()
            return
        self.report("cell", study=running.study.name, cell=started, of=of)

    def _death(self, running: _Running) -> dict[str, Any] | None:
        """Say what killed a process that did not end by itself."""
        code = running.process.exitcode
        if not code:
            return None
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        return {"status": "failed", "message": f"the study's process {how}"}

    def _kill(self, running: _Running) -> None:
        """End a study's process and its kernel, and remove its sockets."""
        if running.process.pid is not None and running.process.is_alive():
            end_children(running.process.pid)
            running.process.kill()
            running.process.join()
        running.progress.close()
        shutil.rmtree(running.job.sockets, ignore_errors=True)

    def _end(self, running: _Running, error: dict[str, Any] | None) -> None:
        """Conclude a study that ran."""
        self._kill(running)
        del self.running[running.study.name]
        self._conclude(running.study, running.job, running.needs, running.started, error)

    def _conclude(
        self,
        study: StudyFile,
        job: Job,
        needs: dict[str, str],
        started: float,
        error: dict[str, Any] | None,
    ) -> None:
        """Write the manifest, put the folder in its place, renew the index, report."""
        finished = time.time()
        manifest = write_manifest(
            job,
            study,
            error=error,
            started=started,
            finished=finished,
            needs=needs,
            data=self.data,
            rules=self.settings.rules,
            replaced=read_json(self.settings.out / study.name / job.run / MANIFEST),
        )
        tidy(job.folder, success=manifest["status"] == "success")
        shutil.rmtree(job.sockets, ignore_errors=True)
        success = manifest["status"] == "success"
        home = self.settings.out / study.name
        alone = bool(study.each) and not job.each
        newest = not self._outdone(home / LATEST, manifest, alone=alone)
        place = publish(job.folder, home, job.run, success=success, latest=newest)
        write_index(self.settings.out)
        status, message = ending(manifest)
        outcome = Outcome(
            study=study.name,
            run=job.run,
            status=status,
            message=message,
            folder=place,
            seconds=finished - started,
            notebook_seconds=manifest["timings"]["notebook_seconds"],
            period=self.data.period,
        )
        self.ended[study.name] = outcome
        self.report("done", outcome=outcome)

    def _outdone(self, latest: Path, manifest: dict[str, Any], *, alone: bool) -> bool:
        """Tell whether readers see more than this run: a later period, or a whole list's pages."""
        seen = read_json(latest / MANIFEST)
        if seen.get("data") != manifest["data"]:
            return False
        later = seen.get("as_of", "") > manifest["as_of"]
        return bool(self.data.period and later) or bool(alone and seen.get("each"))
