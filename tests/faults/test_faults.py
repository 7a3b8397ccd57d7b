"""What a run survives: after each fault the page before is whole and the next run succeeds."""

import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

pytestmark = pytest.mark.kernel

# A study that takes its time after telling the test which kernel runs it.
SLOW = """\
import os, pathlib, time
pathlib.Path(published, "kernel").write_text(f"{os.getpid()} {os.getppid()}")
study.table("values", pd.DataFrame({"a": range(1000)}))
time.sleep(60)"""


def _next_run_succeeds(desk):
    desk.write("value", 'study.headline("Value", top)')
    result = desk.run("value", "--as-of", "2013-03-01")
    assert result.returncode == 0, result.stderr
    assert desk.manifest("value")["as_of"] == "2013-03-01"
    assert not list((desk.out / ".kamlab" / "work").iterdir())
    assert not list(desk.out.rglob(".*.????????"))


def _gone(*pids):
    return not any(
        psutil.pid_exists(pid) and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        for pid in pids
    )


def _pids(desk, wait_for):
    note = desk.out / "kernel"
    text = wait_for(lambda: note.is_file() and note.read_text())
    return [int(pid) for pid in text.split()]


LIMIT = """\
import resource
resource.setrlimit(resource.RLIMIT_AS, (2**31, 2**31))
b = bytearray(2**32)"""
ENDINGS = {
    "kernel-killed": ("import os\nos.kill(os.getpid(), 9)", "the kernel died in cell 3"),
    "worker-killed": ("import os\nos.kill(os.getppid(), 9)", "process was killed by SIGKILL"),
    "exit": ("exit()", "exit() ends a notebook before its end"),
    "sys-exit": ("import sys\nsys.exit(0)", "stopped with SystemExit"),
    "endless-cell": ("while True: pass", "--cell-timeout"),
    "out-of-memory": (LIMIT, "MemoryError"),
    "folder-gone": (
        "import shutil\nshutil.rmtree(out)",
        "the study's process ended",
    ),
}


@pytest.fixture(scope="module")
def endings(shared_desk, reader):
    """Publish studies, then let each end badly in its own way, then mend and publish them again."""
    desk = shared_desk
    for name in ENDINGS:
        desk.write(name, 'study.headline("Value", top)')
    assert desk.run("--all", "--as-of", "2013-01-01").returncode == 0
    for name, (cell, _) in ENDINGS.items():
        desk.write(name, cell, "1 + 1")
    with reader(desk, "exit"):
        result = desk.run("--all", "--as-of", "2013-02-01", "--cell-timeout", "12")
    manifests = {name: (desk.manifest(name), desk.failure(name)) for name in ENDINGS}
    for name in ENDINGS:
        desk.write(name, 'study.headline("Value", top)')
    return result, manifests, desk.run("--all", "--as-of", "2013-03-01"), desk


@pytest.mark.parametrize("name", ENDINGS)
def test_a_study_that_ends_badly_fails_and_the_page_before_stays(endings, name):
    result, manifests, mended, desk = endings
    published, failed = manifests[name]

    assert result.returncode == 1
    assert "Traceback" not in result.stderr
    assert ENDINGS[name][1] in failed["error"]["message"]
    assert failed["status"] == ("timed out" if name == "endless-cell" else "failed")
    assert published["as_of"] == "2013-01-01"
    assert mended.returncode == 0, mended.stderr
    assert desk.manifest(name)["as_of"] == "2013-03-01"


def test_a_study_that_takes_too_long_is_ended(desk):
    desk.write("value", "import time\ntime.sleep(60)")

    result = desk.run("value", "--timeout", "6")

    assert result.returncode == 1
    assert "took longer than 6 s" in result.stderr
    assert desk.failure("value")["status"] == "timed out"


def test_a_cell_that_prints_100_mb_is_cut_and_the_page_says_so(desk):
    desk.write("value", "for _ in range(100): print('x' * 1_000_000)", 'study.headline("V", 1)')

    result = desk.run("value")

    assert result.returncode == 0, result.stderr
    page = (desk.out / "value" / "latest" / "index.html").read_text()
    assert "… cut: the cell printed more than a page can hold" in page
    assert len(page) < 2_000_000
    assert "printed more" in desk.manifest("value")["warnings"][0]


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_a_run_asked_to_end_ends_its_children_and_says_so(before, wait_for, number, code, reader):
    before.write("value", SLOW)
    with reader(before):
        runner = before.start("value", "--as-of", "2013-02-01")
        pids = _pids(before, wait_for)

        runner.send_signal(number)
        _, said = runner.communicate(timeout=30)

    assert runner.returncode == code
    assert "Traceback" not in said
    wait_for(lambda: _gone(*pids), 10)
    manifest = before.failure("value")
    assert manifest["status"] == "stopped"
    assert number.name in manifest["error"]["message"]
    _next_run_succeeds(before)


def test_after_a_killed_runner_nothing_lives_on_and_the_next_run_cleans_up(
    before, wait_for, reader
):
    before.write("value", SLOW)
    with reader(before):
        runner = before.start("value", "--as-of", "2013-02-01")
        pids = _pids(before, wait_for)

        runner.kill()
        runner.communicate(timeout=30)
        wait_for(lambda: _gone(*pids), 10)

        assert list((before.out / ".kamlab" / "work").iterdir())
        _next_run_succeeds(before)


def test_a_second_run_into_the_same_folder_is_told_who_holds_it(before, wait_for):
    before.write("value", SLOW)
    runner = before.start("value", "--as-of", "2013-02-01")
    _pids(before, wait_for)
    try:
        result = before.run("value", "--as-of", "2013-03-01")
    finally:
        runner.terminate()
        runner.communicate(timeout=30)

    assert result.returncode == 75
    assert f"process {runner.pid}" in result.stderr


@pytest.fixture
def disk(desk, require_part):
    """Mount a small disk as output folder with the options given, where the machine lets us."""
    desk.out.mkdir()

    def mount(options):
        words = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(desk.out)]
        mounted = subprocess.run(words, capture_output=True, check=False)
        if mounted.returncode != 0:
            pytest.skip("mounting a small disk takes rights that this user has not")
        return desk

    yield mount
    subprocess.run(["umount", "--lazy", str(desk.out)], capture_output=True, check=False)


def test_an_output_folder_that_cannot_be_written_is_wrong_use(disk):
    desk = disk("size=300k,ro")
    desk.write("value")

    result = desk.run("value", "--on-failure", f"cp -t {desk.folder}")

    assert result.returncode == 2
    assert f"Cannot write into {desk.out}: Read-only file system." in result.stderr
    (told,) = desk.folder.glob("kamlab-run-*.json")
    assert "Read-only file system" in told.read_text()


def test_a_full_disk_stops_the_run_and_the_page_before_stays(disk, reader):
    desk = disk("size=300k")
    path = desk.write("value", 'study.headline("Value", top)')
    assert desk.run("value", "--as-of", "2013-01-01").returncode == 0
    path.unlink()
    desk.write("value", "import pathlib\npathlib.Path(out, 'big').write_bytes(bytes(10**6))")

    with reader(desk):
        result = desk.run("value", "--as-of", "2013-02-01")

    assert result.returncode == 1
    assert "No space left" in result.stderr
    assert "Traceback" not in result.stderr
    _next_run_succeeds(desk)


def test_studies_that_do_not_need_the_failed_one_are_published(desk):
    desk.write("a", "1 / 0")
    desk.write("b", needs=["a"])
    desk.write("c", 'study.headline("C", 1)')

    result = desk.run("--all")

    assert result.returncode == 1
    assert desk.manifest("c")["status"] == "success"
    assert desk.failure("b")["error"]["message"] == "needs a, which did not succeed"


INTERRUPTED = """\
import os, sys
from kamlab.studies import publish
def die(target):
    os.kill(os.getpid(), 9)
publish.point_latest = die
from kamlab import cli
cli.main(sys.argv[1:])
"""


def test_a_publish_cut_between_rename_and_latest_leaves_the_page_before(before, reader):
    before.write("value", 'study.headline("Value", top)')
    command = [sys.executable, "-c", INTERRUPTED, "run", "value", "--as-of", "2013-02-01"]

    with reader(before):
        cut = subprocess.run(
            [*command, "--out", str(before.out)],
            env=before.environment,
            cwd=before.folder,
            capture_output=True,
            check=False,
            timeout=60,
        )
        assert cut.returncode == -9
        assert before.manifest("value")["as_of"] == "2013-01-01"
        result = before.run("value", "--as-of", "2013-02-01")

    assert result.returncode == 0, result.stderr
    assert before.manifest("value")["as_of"] == "2013-02-01"


def test_a_broken_study_folder_does_not_break_the_index(before):
    broken = before.out / "value" / "2012-01-01_deadbeef"
    broken.mkdir()
    (broken / "manifest.json").write_text('{"half')
    (before.out / "odd").mkdir()
    (Path(before.out) / "odd" / "latest").symlink_to("nowhere")

    _next_run_succeeds(before)

    index = (before.out / "index.html").read_text()
    assert "2012-01-01_deadbeef: broken" in index
    assert "value/latest/index.html" in index
