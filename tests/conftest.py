"""What all tests share: real data, the published demo, and parts that may be missing."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data():
    """Give the folder of one of the real data sets beside the project, or skip with a reason."""

    def folder(name: str) -> Path:
        found = SHARED / name
        if not found.is_dir():
            pytest.skip(f"real data set {name!r} is not beside the project")
        return found

    return folder


@pytest.fixture(scope="session")
def require_part():
    """Skip for a missing system part; where KAMLAB_REQUIRE_PARTS is set (CI), fail instead."""

    def require(found: bool, what: str) -> None:
        if not found and os.environ.get("KAMLAB_REQUIRE_PARTS"):
            pytest.fail(f"{what} is missing and KAMLAB_REQUIRE_PARTS is set")
        if not found:
            pytest.skip(f"{what} is not installed")

    return require


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
