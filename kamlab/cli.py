"""What can be asked of kamlab on the command line, and how is a wrong question answered?

Exit codes: 0 done, 1 a study failed, 2 wrong use, 3 data refused, 75 another run holds the folder,
128 + n ended by signal n. Nothing heavy is imported before the question is understood.
"""

import argparse
import os
import shlex
import subprocess
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from kamlab import __version__
from kamlab.errors import KamlabError, StudyFailedError, UsageError

if TYPE_CHECKING:
    from kamlab.studies.plan import Data
    from kamlab.studies.runner import Outcome

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

    _describe_run(command("run", "run studies and publish their pages"))

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
    compare.add_argument("before", metavar="A", help="study/run; a run may be `latest`")
    compare.add_argument("after", metavar="B")
    compare.add_argument("--limit", type=float, default=0.25, help="change that is marked (0.25)")
    for folder in (runs, prune, compare):
        folder.add_argument("--out", "--output", default="reports", metavar="OUT")
    return parser


def _describe_run(run: argparse.ArgumentParser) -> None:
    """Describe the command `run`."""
    run.add_argument("study", nargs="*", metavar="STUDY", help="names; see `kamlab studies`")
    run.add_argument("--all", action="store_true", dest="every", help="every study there is")
    run.add_argument("--data", default="data/demo", metavar="DATA", help="folder (data/demo)")
    run.add_argument(
        "--as-of", default="", metavar="DATE", help="see what happened before this day only"
    )
    run.add_argument("--out", "--output", default="reports", metavar="OUT", help="folder (reports)")
    run.add_argument(
        "-p", action="append", default=[], dest="given", metavar="NAME=VALUE", help="a parameter"
    )
    run.add_argument("--jobs", type=int, default=0, metavar="N", help="side by side (cores)")
    run.add_argument("--cell-timeout", type=int, default=1800, metavar="S", help="seconds (1800)")
    run.add_argument("--timeout", type=int, default=7200, metavar="S", help="a study (7200)")
    run.add_argument("--log", choices=("lines", "json"), default="lines", help="form of progress")
    run.add_argument("--quiet", action="store_true", help="tell failures only")
    run.add_argument(
        "--on-failure", metavar="COMMAND", help="run this with the manifest of each failed study"
    )


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
        code, message = _explained(error)
    print(f"kamlab: {message}", file=sys.stderr)
    return code


def _explained(error: BaseException) -> tuple[int, str]:
    """Give the exit code and the words for what went wrong."""
    if isinstance(error, KamlabError):
        return error.exit_code, str(error)
    if isinstance(error, KeyboardInterrupt):
        return 130, "Stopped."
    if isinstance(error, OSError) and error.strerror:
        return 1, f"{error.strerror}: {error.filename or ''}".rstrip(": ")
    if isinstance(error, RuntimeError) and "home directory" in str(error):  # pathlib's, of ~name
        return 2, "A path begins with ~ and a name that is no user of this machine: write it out."
    message = f"Something unforeseen went wrong ({type(error).__name__}: {error}). "
    return 1, message + "Run it again with --debug and report what it shows."


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

    known = find_studies(notebooks_folder())
    data = Path(str(check_value(Parameter("data", "path", ""), asked.data)))
    plan = make_plan(
        asked.study,
        known,
        given=_given(asked.given),
        data=data,
        as_of=asked.as_of,
        every=asked.every,
    )
    if asked.jobs < 0 or asked.cell_timeout < 1 or asked.timeout < 1:
        raise UsageError("--jobs, --cell-timeout and --timeout must be positive.")
    reads = any(p.name == "data" for study in plan.studies.values() for p in study.parameters)
    if reads and not data.exists():
        hint = " Make it with `kamlab demo data/demo`." if asked.data == "data/demo" else ""
        raise UsageError(f"There is no data at {data}.{hint}")

    from kamlab.studies.progress import Progress
    from kamlab.studies.runner import Settings, cores, run_plan, warm_up

    report = Progress(asked.log, quiet=asked.quiet)
    for name, why in plan.added.items():
        report("note", text=f"{why} needs {name}: it runs too")
    settings = Settings(
        out=Path(asked.out).expanduser().absolute(),
        jobs=asked.jobs or min(cores(), len(plan.studies)),
        cell_timeout=asked.cell_timeout,
        timeout=asked.timeout,
    )
    warm_up()
    outcomes = run_plan(plan, _read_data(data, asked.as_of, reads=reads), settings, report)
    return _conclude(outcomes, len(plan.studies), settings.out, asked.on_failure)


def _read_data(folder: Path, as_of: str, *, reads: bool) -> "Data":
    """Open the data once, so that bad data is refused before any kernel starts."""
    from kamlab.studies.plan import Data

    if not reads:
        return Data(folder, as_of)
    import hashlib
    import json

    from kamlab.sources import open_data

    sources = open_data(folder)
    files = json.loads(sources.files.to_json(orient="records", date_format="iso"))
    content = sorted(f"{row['table']} {row['sha256']}" for row in files)
    fingerprint = hashlib.sha256("\n".join(content).encode()).hexdigest()
    return Data(folder, as_of or str(sources.end), fingerprint, files)


def _conclude(outcomes: list["Outcome"], planned: int, out: Path, command: str | None) -> int:
    """Say where the pages are and what moved; give the exit code."""
    from kamlab.studies.index import changes, standing

    for outcome in outcomes:
        if outcome.status != "success":
            if command:
                manifest = str(outcome.folder / "manifest.json")
                subprocess.run([*shlex.split(command), manifest], check=False)
            continue
        print(f"{outcome.study}: {out / outcome.study / 'latest' / 'index.html'}")
        latest, before, _ = standing(out / outcome.study)
        for change in changes(latest, before):
            if change.jumped:
                print(f"  {change.label} moved beyond the limit: {change.text}")
    print(f"All studies: {out / 'index.html'}")
    statuses = {outcome.status for outcome in outcomes} - {"success"}
    if "stopped" in statuses or len(outcomes) < planned:
        stopped = [o.message.rpartition(" ")[2] for o in outcomes if o.status == "stopped"]
        import signal

        return 128 + (signal.Signals[stopped[0]] if stopped else signal.SIGTERM)
    if not statuses:
        return 0
    if statuses & {"failed", "timed out"}:
        return StudyFailedError.exit_code
    return 3 if "refused" in statuses else 2


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
    from kamlab.studies.history import all_runs

    for run in all_runs(Path(asked.out).absolute()):
        mark = " (latest)" if run["latest"] else ""
        error = (run.get("error") or {}).get("message", "")
        seconds = run.get("timings", {}).get("total_seconds", 0)
        line = f"{run['study']}/{run['run']}  {run['status']}{mark}  {seconds:.1f} s"
        print(f"{line}  {error}".rstrip())
    return 0


def _prune(asked: argparse.Namespace) -> int:
    """Remove old runs."""
    from kamlab.studies.history import all_runs, prunable, prune
    from kamlab.studies.index import write_index
    from kamlab.studies.lock import locked

    out = Path(asked.out).absolute()
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

    out = Path(asked.out).absolute()
    before, after = find_run(out, asked.before), find_run(out, asked.after)
    found = compare(before, after, asked.limit)
    print(f"{before['study']}: {before['run']} to {after['run']}")
    print("\n".join(f"  {line}" for line in found.moved) or "  no headline figure to compare")
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
