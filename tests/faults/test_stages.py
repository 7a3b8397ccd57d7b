"""A run that is asked to end, or killed, at each of its stages: nothing is lost or half there."""

import json
import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.kernel

# The module, the function at whose call the signal comes, and kamlab's own arguments.
STRUCK = """\
import importlib, os, sys
name, function, number = sys.argv[1:4]
module = importlib.import_module(name)
kept = getattr(module, function)
def struck(*given, **named):
    setattr(module, function, kept)
    os.kill(os.getpid(), int(number))
    return kept(*given, **named)
setattr(module, function, struck)
from kamlab import cli
sys.exit(cli.main(sys.argv[4:]))
"""
STAGES = {
    "reading the data": ("kamlab.sources", "open_data"),
    "cleaning up": ("kamlab.studies.runner", "clean_leftovers"),
    "beginning": ("kamlab.studies.runner", "private_folder"),
    "writing the manifest": ("kamlab.studies.runner", "write_manifest"),
    "putting the run in place": ("kamlab.studies.publish", "put_in_place"),
    "pointing to it": ("kamlab.studies.publish", "point_latest"),
    "writing the index": ("kamlab.studies.runner", "write_index"),
    "writing the record": ("kamlab.studies.record", "write_index"),
}
ASKED = {signal.SIGTERM: 143, signal.SIGINT: 130}


@pytest.fixture(scope="module")
def base(shared_desk):
    """Publish a study on data once."""
    shared_desk.write_on_data("value")
    shared_desk.write_orders("2026-01", "2026-02")
    result = shared_desk.run("value", "--data", "data", "--as-of", "2026-01-31")
    assert result.returncode == 0, result.stderr
    return shared_desk


def _strike(desk, stage, number):
    asked = ("run", "value", "--data", "data", "--period", "2026-02", "--out", str(desk.out))
    return subprocess.run(
        [sys.executable, "-c", STRUCK, *STAGES[stage], str(int(number)), *asked],
        env=desk.environment,
        cwd=desk.folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


SOME = ("reading the data", "putting the run in place")


@pytest.mark.parametrize("stages", [SOME, pytest.param(tuple(STAGES), marks=pytest.mark.slow)])
def test_a_signal_at_each_stage_stops_the_run_or_comes_too_late(base, reader, stages):
    with reader(base):
        for place, stage in enumerate(stages):
            number = list(ASKED)[place % 2]

            struck = _strike(base, stage, number)

            record = json.loads((base.out / "run.json").read_text())
            assert "Traceback" not in struck.stderr, stage
            assert struck.returncode in (0, ASKED[number]), (stage, struck.stderr)
            assert record["exit_code"] == struck.returncode, stage
            assert record["status"] == ("success" if struck.returncode == 0 else "stopped"), stage
        after = base.run("value", "--data", "data", "--period", "2026-02")

    assert after.returncode == 0, after.stderr
    assert base.manifest("value")["asked_period"] == "2026-02"
    assert not list((base.out / ".kamlab" / "work").iterdir())


@pytest.mark.slow
def test_a_kill_at_each_stage_leaves_the_page_before_and_the_next_run_mends_it(base, reader):
    said = {}
    with reader(base):
        for stage in STAGES:
            assert _strike(base, stage, signal.SIGKILL).returncode == -9
            assert base.manifest("value")["status"] == "success"
            said[stage] = json.loads((base.out / "run.json").read_text())["status"]
            if stage == "pointing to it":
                assert "was killed" in base.kamlab("runs", base.out).stdout
        after = base.run("value", "--data", "data", "--period", "2026-02")

    assert {said[stage] for stage in list(STAGES)[2:-1]} == {"running"}  # so the kill is seen
    assert after.returncode == 0, after.stderr
    assert json.loads((base.out / "run.json").read_text())["status"] == "success"
    assert not list((base.out / ".kamlab" / "work").iterdir())
    assert not list(base.out.rglob(".*.????????"))


def test_ctrl_c_in_a_terminal_reaches_every_process_and_is_told_as_such(before, wait_for):
    cell = "import os, pathlib, time\npathlib.Path(published, 'k').write_text('k')\ntime.sleep(60)"
    before.write("value", cell)
    runner = subprocess.Popen(
        before.command("run", "--out", before.out, "value", "--as-of", "2013-02-01"),
        env=before.environment,
        cwd=before.folder,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    wait_for((before.out / "k").is_file)

    os.killpg(runner.pid, signal.SIGINT)
    _, said = runner.communicate(timeout=30)

    assert runner.returncode == 130
    assert "Traceback" not in said
    assert before.failure("value")["status"] == "stopped"
    assert before.manifest("value")["as_of"] == "2013-01-01"
