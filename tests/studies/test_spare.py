"""A kernel forked from a process that has imported what notebooks need."""

import multiprocessing
import signal
import subprocess
import sys
import textwrap

import psutil
import pytest

from kamlab.studies.spare import Spare


@pytest.fixture
def spare(tmp_path):
    # forked from a small process of its own: pytest's has threads
    def make(script):
        words = [sys.executable, "-c", textwrap.dedent(script), str(tmp_path)]
        return subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)

    return make


MODULE = """
    import multiprocessing, os, pathlib, sys, time
    from kamlab.studies.spare import Spare
    folder = pathlib.Path(sys.argv[1])
    here, there = multiprocessing.Pipe()
    fork = Spare(there)
    (folder / "asked.py").write_text({text!r})
    env = {{"GIVEN": "this", "JPY_PARENT_PID": str(os.getpid())}}
"""


ASKED = """\
import os, sys
leads = os.getsid(0) == os.getpid()
open("seen", "w").write(f"{os.environ['GIVEN']} {sys.argv[1]} {leads}")
sys.exit(7)"""


def test_it_becomes_what_the_command_says_in_the_place_and_surroundings_given(spare, tmp_path):
    done = spare(
        MODULE.format(text=ASKED)
        + """
    fork.start(["python", "-m", "asked", "word"], env, folder)
    print(fork.wait(), fork.poll())
    """
    )

    assert done.stdout == "7 7\n", done.stderr
    assert (tmp_path / "seen").read_text() == "this word True"


def test_one_that_is_not_needed_ends_with_its_parent(spare, wait_for):
    done = spare(MODULE.format(text="") + "    print(fork.pid)\n")

    pid = int(done.stdout)
    wait_for(lambda: not psutil.pid_exists(pid))


def test_how_it_was_killed_is_told():
    here, there = multiprocessing.Pipe()
    fork = Spare(there)
    here.close()

    assert fork.poll() is None
    fork.kill()

    assert fork.wait() == -signal.SIGKILL
