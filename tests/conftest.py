"""What all tests share: the real data beside the project, and parts that may be missing."""

import os
from pathlib import Path

import pytest

SHARED = Path(__file__).parents[2] / "shared" / "data"


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
