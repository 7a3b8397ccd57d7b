"""environment.yml says what pyproject.toml says, and the locks name no host."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from rattler import MatchSpec

ROOT = Path(__file__).parents[1]


def test_environment_yml_is_what_pyproject_gives():
    made = subprocess.run(
        [
            *(sys.executable, "-m", "pyproject2conda", "yaml", "--name", "kamlab"),
            *("--extra", "lab", "--python-include", "infer", "--no-header"),
            *("--req", "--editable ."),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert (ROOT / "environment.yml").read_text() == made, "run: make lock"


def test_every_line_of_environment_yml_is_a_conda_spec():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [line for line in environment["dependencies"] if isinstance(line, str)]
    pip = next(line["pip"] for line in environment["dependencies"] if isinstance(line, dict))

    names = {MatchSpec(line).name.normalized for line in conda}

    assert environment["channels"] == ["conda-forge"]
    assert {"python", "pandas", "python-duckdb", "jupyterlab", "papermill"} <= names
    assert pip[0] == "--editable ."
    assert all(Requirement(line).specifier for line in pip[1:])


@pytest.mark.parametrize("lock", sorted(path.name for path in ROOT.glob("requirements*.lock")))
def test_lock_is_hashed_and_names_no_host(lock):
    text = (ROOT / lock).read_text()
    pins = [line for line in text.splitlines() if line and not line.startswith((" ", "#"))]

    assert "://" not in text
    assert "index-url" not in text
    assert all("==" in pin and pin.endswith("\\") for pin in pins)
    assert text.count("--hash=sha256:") >= len(pins)


def test_lock_satisfies_pyproject():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [Requirement(line) for line in project["dependencies"]]
    pins: dict[str, set[str]] = {}
    for line in (ROOT / "requirements.lock").read_text().splitlines():
        if "==" in line and not line.startswith(" "):
            pin = Requirement(line.rstrip(" \\"))
            pins.setdefault(pin.name.lower(), set()).add(next(iter(pin.specifier)).version)

    for requirement in wanted:
        versions = pins[requirement.name.lower()]
        assert all(requirement.specifier.contains(version) for version in versions), requirement
