"""The demo distributor and its published studies, made once for all tests of notebooks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def store(tmp_path_factory):
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def kamlab(store):
    """Run the command line as a user would, with a store of its own."""

    def run(*words):
        done = subprocess.run(
            [sys.executable, "-m", "kamlab", *map(str, words)],
            check=False,
            cwd=ROOT,
            env={**os.environ, "KAMLAB_STORE": str(store)},
            capture_output=True,
            text=True,
            timeout=500,
        )
        assert done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr

    return run


@pytest.fixture(scope="session")
def demo(tmp_path_factory, kamlab):
    folder = tmp_path_factory.mktemp("demo") / "data"
    kamlab("demo", folder, "--size", "small", "--seed", "7")
    return folder


@pytest.fixture(scope="session")
def published(demo, tmp_path_factory, kamlab):
    """Publish every study on the demo, as `make report` does."""
    out = tmp_path_factory.mktemp("reports")
    kamlab("run", "--all", "--data", demo, "--out", out)
    return out
