"""What can be asked of kamlab on the command line, and how is a wrong question answered?

Exit codes: 0 done, 1 a study failed, 2 wrong use, 3 data refused, 75 another run holds the folder,
128 + n ended by signal n. Nothing heavy is imported before the question is understood.
"""

import argparse
import datetime as dt
import json
import os
import shlex
import subprocess
import sys
import traceback
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kamlab import __version__
from kamlab.errors import UsageError, explained
from kamlab.studies.options import describe_run

if TYPE_CHECKING:
    from kamlab.studies.plan import Data, Plan
    from kamlab.studies.rounds import Round

_SIZES = ("tiny", "small", "medium", "large")


def _parser() -> argparse.ArgumentParser:
    """Describe the command line."""
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--debug", action="store_true", help="show where in the code it went wrong")
    parser = argparse.ArgumentParser(
        prog="kamlab", description="Find a distributor's key accounts and keep them."
    )
    parser.add_argument("--version", action="version", version=f"kamlab {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(name: str, text: str) -> argparse.ArgumentParser:
        said = text[0].upper() + text[1:] + "."
        return commands.add_parser(name, help=text, description=said, parents=[shared])

    check = command("check", "tell what is understood, kept and refused of a folder of data")
    check.add_argument("data", metavar="DATA", help="folder with the data")

    demo = command("demo", "make a distributor whose truth is known")
    demo.add_argument("folder", metavar="DIR", help="folder to write")
    demo.add_argument("--size", choices=_SIZES, default="small")
    demo.add_argument("--seed", type=int, default=7)

    describe_run(command("run", "run studies and publish their pages"))

    studies = command("studies", "list the studies, what they answer and their parameters")
    studies.add_argument("study", nargs="*", metavar="STUDY", help="only these")

    forget = command("forget", "remove a person from what kamlab keeps and has published")
    forget.add_argument("person", metavar="PERSON", help="name, e-mail, telephone or contact_id")
    forget.add_argument("--data", default="data/demo", metavar="DATA", help="folder (data/demo)")
    forget.add_argument("--out", "--output", default="reports", metavar="OUT")

    runs = command("runs", "list the runs that are kept")
    prune = command("prune", "remove old runs")
    prune.add_argument("--keep", type=int, default=24, metavar="N", help="of each study (24)")
    prune.add_argument("--dry-run", action="store_true", help="only say which")
    compare = command("compare", "say what moved between two runs of a study, and likely why")
    compare.add_argument("before", metavar="A", help="study/run; a run may be a period or `latest`")
    compare.add_argument("after", metavar="B")
    compare.add_argument("--limit", type=float, metavar="SHARE", help="change that is marked")
    for folder in (runs, prune):
        folder.add_argument("folder", nargs="?", metavar="OUT", help="folder (reports)")
    for folder in (runs, prune, compare):
        folder.add_argument("--out", "--output", default="reports", metavar="OUT")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line asks.

    Parameters
    ----------
    arguments : sequence of str, optional
        Words after the program's name; those of this process unless given.

    Returns
    -------
    int
        Exit code.
    """
    asked = _parser().parse_args(arguments)
    try:
        return int(_COMMANDS[asked.command](asked))
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001  a person gets a message
        if asked.debug:
            traceback.print_exc()
        return _tell(asked, error)


def _tell(asked: argparse.Namespace, error: BaseException) -> int:
    """Say what went wrong, and give the exit code."""
    code, message = explained(error)
    if getattr(asked, "log", "lines") == "json":
        event = {"event": "error", "exit_code": code, "message": message}
        print(json.dumps(event, ensure_ascii=False), file=sys.stderr)
    else:
        print(f"kamlab: {message}", file=sys.stderr)
    return code


def _given(pairs: list[str]) -> dict[str, str]:
    """Read `name=value` pairs."""
    given: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip().replace("-", "_")
        if not equals or not name:
            raise UsageError(f"-p {pair!r} is not NAME=VALUE.")
        if name in given:
            raise UsageError(f"-p {name} is given twice.")
        given[name] = value
    return given


def _run(asked: argparse.Namespace) -> int:
    """Run studies."""
    from kamlab.studies.discover import find_studies, notebooks_folder
    from kamlab.studies.parameters import Parameter, check_value
    from kamlab.studies.plan import make_plan
    from kamlab.studies.rounds import read_fiscal_start, read_rounds

    known = find_studies(notebooks_folder())
    data = Path(str(check_value(Parameter("data", "path", ""), asked.data)))
    plan = make_plan(
        asked.study,
        known,
        given=_given(asked.given),
        data=data,
        as_of=asked.as_of,
        every=asked.every,
        outside=asked.allow_outside,
    )
    keys = None
    if asked.each is not None:
        from kamlab.studies.each import read_keys

        keys = read_keys(asked.each, plan)
    rounds = read_rounds(
        as_of=asked.as_of,
        period=asked.period,
        first=asked.first,
        last=asked.last,
        today=asked.today,
        clock=dt.date.today(),  # noqa: DTZ011  the day where the machine stands
        fiscal_start=read_fiscal_start(data),
    )
    limit = 1 if asked.run_timeout is None else asked.run_timeout
    if asked.jobs < 0 or min(asked.cell_timeout, asked.timeout, limit) < 1:
        raise UsageError("--jobs, --cell-timeout, --timeout and --run-timeout must be positive.")
    if (asked.max_age or 0) < 0:
        raise UsageError("--max-age must be 0 or more.")
    reads = any(p.name == "data" for study in plan.studies.values() for p in study.parameters)
    if reads and not data.exists():
        hint = " Make it with `kamlab demo data/demo`." if asked.data == "data/demo" else ""
        raise UsageError(f"There is no data at {data}.{hint}")
    return _run_rounds(asked, plan, data, rounds, keys, reads=reads)


def _run_rounds(
    asked: argparse.Namespace,
    plan: "Plan",
    data: Path,
    rounds: list["Round"],
    keys: tuple[str, ...] | None,
    *,
    reads: bool,
) -> int:
    """Run what was understood; whatever happens is written down and told to who asked for it."""
    from kamlab.studies.machine import cores, free_memory
    from kamlab.studies.patience import is_stuck, patiently
    from kamlab.studies.plan import side_by_side
    from kamlab.studies.progress import Progress
    from kamlab.studies.record import RunRecord
    from kamlab.studies.rounds import plan_rounds
    from kamlab.studies.rules import read_rules
    from kamlab.studies.runner import Settings, run_rounds, warm_up
    from kamlab.studies.stop import interrupting
    from kamlab.studies.words import read_language

    report = Progress(asked.log, quiet=asked.quiet)
    for name, why in plan.added.items():
        report("note", text=f"{why} needs {name}: it runs too")
    out = Path(asked.out).expanduser().absolute()
    record = RunRecord(out, data, [one.period for one in rounds if one.period])
    try:
        with interrupting():
            warm_up(plan.studies.values())
            rules = read_rules(data).tightened(asked.max_age, asked.stale)
            language = asked.language or read_language(data)
            reading = uuid.uuid4().hex if reads else ""
            seen = patiently(lambda: _read_data(data, asked.as_of, reading), asked.run_timeout)
            settings = Settings(
                out=out,
                jobs=asked.jobs or side_by_side(len(plan.studies), cores(), free_memory(), seen),
                cell_timeout=asked.cell_timeout,
                timeout=asked.timeout,
                run_timeout=asked.run_timeout,
                rules=rules,
                keys=keys,
                language=language,
                reading=reading,
            )
            planned = plan_rounds(plan, seen, rounds, rules)
            outcomes = run_rounds(planned, settings, report, record)
    except (Exception, KeyboardInterrupt) as error:
        failed = record.fail(*explained(error))
        _on_failure(asked.on_failure, [failed] if failed else [])
        if is_stuck():  # the end of this process would wait for it
            os._exit(_tell(asked, error))
        raise
    bad = [one.folder / "manifest.json" for one in outcomes if one.status != "success"]
    _on_failure(asked.on_failure, bad)
    return report.conclude(record)


def _on_failure(command: str | None, manifests: list[Path]) -> None:
    """Tell whoever must know."""
    for manifest in manifests if command else ():
        try:
            subprocess.run([*shlex.split(command or ""), str(manifest)], check=False)
        except OSError as error:
            print(f"kamlab: --on-failure: {error.strerror}: {error.filename}", file=sys.stderr)


def _read_data(folder: Path, as_of: str, reading: str) -> "Data":
    """Open the data once, so that bad data is refused before any kernel starts."""
    from kamlab.studies.plan import Data, fingerprint_of_reading
    from kamlab.studies.worker import READING

    if not reading:
        return Data(folder, as_of)
    from kamlab.sources import open_data
    from kamlab.sources.listing import breadth
    from kamlab.sources.privacy import ids_that_name
    from kamlab.sources.reconcile import left_out

    os.environ[READING] = reading
    try:
        sources = open_data(folder)
    finally:
        del os.environ[READING]
    files = json.loads(sources.files.to_json(orient="records", date_format="iso"))
    by_day = sources.days()
    industry = {"name": sources.industry.name, "sha256": sources.industry.sha256}
    mapping, fingerprint = fingerprint_of_reading(folder, files, industry["sha256"])
    end = str(sources.end)
    doubts = left_out(sources.reconciliation, sources.other_currencies)
    named = ids_that_name(sources.table("orders"))
    accounts, on_days = breadth(sources.table("orders"), sum(lines for _, lines, _ in by_day))
    sources.close()
    return Data(
        path=folder,
        as_of=as_of or end,
        fingerprint=fingerprint,
        files=files,
        mapping=mapping,
        industry=industry,
        days={str(day): (lines, float(sales)) for day, lines, sales in by_day},
        accounts=accounts,
        account_days=on_days,
        notes=(*doubts, named) if named else doubts,
    )


def _check(asked: argparse.Namespace) -> int:
    """Tell what is understood of a folder of data."""
    from kamlab.sources import describe, open_data

    print(describe(open_data(Path(asked.data).expanduser().absolute())))
    return 0


def _demo(asked: argparse.Namespace) -> int:
    """Make the demo distributor."""
    from kamlab.simulation import write_demo

    folder = Path(asked.folder).expanduser().absolute()
    made = write_demo(folder, size=asked.size, seed=asked.seed)
    what = f"{made.accounts:,} accounts, {made.order_lines:,} order lines"
    print(f"The demo distributor is in {folder}: {what}.")
    print(f"Next: kamlab run --all --data {shlex.quote(asked.folder)}")
    return 0


def _studies(asked: argparse.Namespace) -> int:
    """List the studies."""
    from kamlab.studies.discover import find_studies, notebooks_folder, pick
    from kamlab.studies.parameters import RESERVED

    known = find_studies(notebooks_folder())
    for name in pick(asked.study, known) if asked.study else known:
        study = known[name]
        needs = f" (after {', '.join(study.needs)})" if study.needs else ""
        print(f"{name}{needs}\n  {study.purpose or study.title}")
        for parameter in study.parameters:
            if parameter.name not in RESERVED:
                about = f"{parameter.about}; {parameter.allowed}".removeprefix("; ")
                print(f"    -p {parameter.name}={parameter.default}  {about}")
    return 0


def _forget(asked: argparse.Namespace) -> int:
    """Remove a person."""
    from kamlab.sources.forget import forget

    data, out = (Path(str(one)).expanduser().absolute() for one in (asked.data, asked.out))
    print(forget(asked.person, data, out=out))
    return 0


def _runs(asked: argparse.Namespace) -> int:
    """List the runs."""
    from kamlab.studies.history import all_runs, last_run, run_line

    for run in all_runs(_out(asked)):
        print(run_line(run))
    said = last_run(_out(asked))
    print(said, end="\n" if said else "")
    return 0


def _out(asked: argparse.Namespace) -> Path:
    """Give the root of published studies, named with or without --out."""
    return Path(getattr(asked, "folder", None) or asked.out).expanduser().absolute()


def _prune(asked: argparse.Namespace) -> int:
    """Remove old runs."""
    from kamlab.studies.history import all_runs, prunable, prune
    from kamlab.studies.index import write_index
    from kamlab.studies.lock import locked

    out = _out(asked)
    all_runs(out)
    if asked.dry_run:
        folders = prunable(out, asked.keep)
    else:
        with locked(out):
            folders = prune(out, asked.keep)
            write_index(out)
    for folder in folders:
        print(f"{'would remove' if asked.dry_run else 'removed'} {folder}")
    print(f"{len(folders)} runs {'would go' if asked.dry_run else 'are gone'}.")
    return 0


def _compare(asked: argparse.Namespace) -> int:
    """Compare two runs."""
    from kamlab.studies.history import compare, find_run

    out = _out(asked)
    before, after = find_run(out, asked.before), find_run(out, asked.after)
    found = compare(before, after, asked.limit)
    print(f"{before['study']}: {before['run']} to {after['run']}")
    print("\n".join(f"  {line}" for line in found.moved) or "  no headline figure to compare")
    print("".join(f"  table {line}\n" for line in found.tables), end="")
    print("Likely because of:" if found.causes else "Nothing differs in data, parameters or code.")
    print("\n".join(f"  {line}" for line in found.causes))
    return 0


_COMMANDS = {
    "check": _check,
    "demo": _demo,
    "run": _run,
    "studies": _studies,
    "forget": _forget,
    "runs": _runs,
    "prune": _prune,
    "compare": _compare,
}
