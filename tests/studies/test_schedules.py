"""The ready-made schedules: each is read by what will read it, and what it starts is run."""

import datetime as dt
import json
import os
import runpy
import shutil
import subprocess
import sys
import types
from pathlib import Path

import jinja2
import pytest
import yaml

from kamlab import cli

pytestmark = pytest.mark.kernel

SCHEDULES = Path(__file__).parents[2] / "data" / "examples" / "schedules"
BIN = Path(sys.executable).parent
LAST_MONTH = dt.date.today().replace(day=1) - dt.timedelta(days=1)  # noqa: DTZ011  as cron sees it


@pytest.fixture(scope="module")
def place(shared_desk):
    """Give a machine on which kamlab is installed: data of last month, two studies, an output."""
    for name in ("sources", "key-accounts"):
        shared_desk.write_on_data(name)
    days = (LAST_MONTH, dt.date.today())  # noqa: DTZ011
    data = shared_desk.write_orders(more=[f"A,{n},{day},10" for n, day in enumerate(days)])
    shared_desk.out.mkdir()
    shared_desk.environment |= {
        "PATH": f"{BIN}:{os.environ['PATH']}",
        "DATA": str(data),
        "OUT": str(shared_desk.out),
        "TELL": "echo",
    }
    return shared_desk


def _shell(place, command, **more):
    """Run a command as the scheduler does."""
    return subprocess.run(
        ["/bin/sh", "-c", command],
        env=place.environment | more,
        cwd=place.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def _asked_period(place, study="key-accounts"):
    found = place.manifest(study)["asked_period"]
    for folder in ("key-accounts", "sources"):
        shutil.rmtree(place.out / folder, ignore_errors=True)
    return found


def _cron():
    lines = [line for line in (SCHEDULES / "kamlab.crontab").read_text().splitlines() if line]
    lines = [line for line in lines if not line.startswith("#")]
    settings = [line for line in lines if "=" in line.split()[0]]
    return settings, [line.split(maxsplit=5) for line in lines if line not in settings]


def test_the_crontab_is_one_that_cron_takes():
    settings, entries = _cron()

    assert {line.partition("=")[0] for line in settings} >= {"DATA", "OUT", "TELL", "PATH"}
    for entry in entries:
        assert len(entry) == 6
        assert all(set(field) <= set("0123456789*-,/") for field in entry[:5])
        assert "%" not in entry[5]  # cron turns it into a line break
    if shutil.which("crontab"):
        checked = subprocess.run(
            ["crontab", "-T", str(SCHEDULES / "kamlab.crontab")], capture_output=True, check=False
        )
        assert checked.returncode == 0 or b"-T" in checked.stderr


def test_the_monthly_line_of_cron_runs_as_it_stands(place):
    said = _shell(place, _cron()[1][0][5])

    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    assert _asked_period(place) == f"{LAST_MONTH:%Y-%m}"


class _Task:
    """What Airflow keeps of a task."""

    made = ()  # a list, while a DAG is read

    def __init__(self, **given):
        self.given, self.then = given, []
        self.made.append(self)

    def __rshift__(self, other):
        self.then.append(other)


class _Dag:
    """What Airflow keeps of a DAG."""

    def __init__(self, **given):
        self.given = given

    def __enter__(self):
        return self

    def __exit__(self, *ended):
        return None


@pytest.fixture
def tasks(monkeypatch):
    """Load the DAG with a stand-in of the two names it takes from Airflow."""
    names = ("airflow", "airflow.providers", "airflow.providers.standard")
    names += ("airflow.providers.standard.operators", "airflow.providers.standard.operators.bash")
    for name in names:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))
    sys.modules["airflow"].DAG = _Dag
    sys.modules[names[-1]].BashOperator = _Task
    monkeypatch.setattr(_Task, "made", [])
    dag = runpy.run_path(str(SCHEDULES / "kamlab_dag.py"))["dag"]
    return dag, _Task.made


def _understood(place, command):
    """Let the shell expand a command, and kamlab understand its words."""
    words = _shell(place, f'kamlab() {{ printf "%s\\n" "$@" >&2; }}\n{command}').stderr
    return cli._parser().parse_args(words.splitlines())


def test_each_command_is_understood(place, tasks):
    entries = _cron()[1]
    templates = [task.given["bash_command"] for task in tasks[1]]
    day = LAST_MONTH + dt.timedelta(days=1)
    commands = [
        *(entry[5] for entry in entries),
        _service_command(),
        *(jinja2.Template(template).render(data_interval_end=day) for template in templates),
    ]

    found = [_understood(place, c.replace("/srv/kamlab/.venv/bin/", "")) for c in commands]

    told = [(asked.command, getattr(asked, "period", None)) for asked in found]
    assert told.count(("run", "last-month")) == 3
    assert told.count(("run", None)) == 1
    assert told.count(("prune", None)) == 2
    assert {Path(asked.out) for asked in found if asked.command == "run"} == {place.out}


@pytest.mark.slow
def test_the_other_lines_of_cron_run_as_they_stand(place):
    _, nightly, prune = (entry[5] for entry in _cron()[1])

    assert _shell(place, nightly).returncode == 0
    assert _asked_period(place, "sources") == ""
    assert _shell(place, prune).returncode == 0
    assert "runs are gone." in (place.out / "run.log").read_text()


def test_the_units_are_ones_that_systemd_takes(place, require_part):
    require_part(shutil.which("systemd-analyze") is not None, "systemd-analyze")
    for name in ("kamlab.service", "kamlab.timer"):
        unit = (SCHEDULES / name).read_text()
        (place.folder / name).write_text(unit.replace("/srv/kamlab/.venv/bin", str(BIN)))

    checked = subprocess.run(
        [
            "systemd-analyze",
            "verify",
            place.folder / "kamlab.service",
            place.folder / "kamlab.timer",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    calendar = subprocess.run(
        ["systemd-analyze", "calendar", "*-*-01 04:30"], capture_output=True, text=True, check=False
    )

    about_ours = [line for line in checked.stderr.splitlines() if "kamlab" in line]
    assert about_ours == []
    assert calendar.returncode == 0
    assert "OnCalendar=*-*-01 04:30" in (SCHEDULES / "kamlab.timer").read_text()


def _service_command():
    unit = (SCHEDULES / "kamlab.service").read_text()
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    return line.removeprefix("ExecStart=").replace("/srv/kamlab/.venv/bin/", "")


@pytest.mark.slow
def test_what_the_service_starts_runs(place):
    said = _shell(place, _service_command())

    assert said.returncode == 0, said.stderr
    assert {json.loads(text)["event"] for text in said.stderr.splitlines()} >= {"done", "end"}
    assert _asked_period(place) == f"{LAST_MONTH:%Y-%m}"


def test_the_dag_publishes_then_prunes_one_run_at_a_time(tasks):
    dag, (publish, prune) = tasks

    assert publish.then == [prune]
    assert dag.given["max_active_runs"] == 1
    assert set(publish.given["env"]) == {"DATA", "OUT"}


@pytest.mark.slow
def test_the_dag_publishes_the_month_that_ended(place, tasks):
    publish, _ = tasks[1]
    day = LAST_MONTH + dt.timedelta(days=1)
    command = jinja2.Template(publish.given["bash_command"]).render(data_interval_end=day)

    said = _shell(place, command.replace("/srv/kamlab/.venv/bin/", ""))

    assert said.returncode == 0, said.stderr
    assert _asked_period(place) == f"{LAST_MONTH:%Y-%m}"


def _workflow():
    flow = yaml.safe_load((SCHEDULES / "github-actions.yml").read_text())
    (job,) = flow["jobs"].values()
    return flow, {step["name"]: step for step in job["steps"] if "name" in step}


def test_the_workflow_is_yaml_whose_command_is_understood(place):
    flow, steps = _workflow()

    assert set(flow[True]) == {"schedule", "workflow_dispatch"}  # YAML 1.1 reads `on` as true
    assert flow["permissions"] == {"contents": "read"}
    asked = _understood(place, f"PERIOD=2026-10\n{steps['Publish']['run']}")
    assert (asked.every, asked.period, asked.run_timeout) == (True, "2026-10", 6000)


@pytest.mark.slow
def test_the_commands_of_the_workflow_run(place):
    flow, steps = _workflow()
    summary = place.folder / "summary.md"

    for name in ("Publish", "Say what moved"):
        period = flow[True]["workflow_dispatch"]["inputs"]["period"]["default"]
        said = _shell(place, steps[name]["run"], PERIOD=period, GITHUB_STEP_SUMMARY=str(summary))
        assert said.returncode == 0, said.stderr

    assert _asked_period(place) == f"{LAST_MONTH:%Y-%m}"
    assert "key-accounts/" in summary.read_text()
