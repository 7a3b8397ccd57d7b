"""The rules of the house: who may import whom, what stays light, what never enters the tree."""

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "kamlab"
ROOMS = ("sources", "accounts", "segmentation", "value", "churn", "retention", "coverage")
OUTSIDE = ("charts", "studies", "simulation")


def _modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def _imported(path: Path) -> set[str]:
    """Names of the kamlab rooms and modules which a file imports, lazily or not."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level > 0:
            package = path.relative_to(ROOT).with_suffix("").parts[: -node.level]
            found.add(".".join([*package, *((node.module or "").split("."))]))
    return {name.split(".")[1] for name in found if name.startswith("kamlab.")}


def _may_import(room: str) -> set[str]:
    if room in ROOMS:
        return set(ROOMS[: ROOMS.index(room) + 1]) | {"errors"}
    if room in ("charts", "studies", "simulation"):
        return {room, "errors"}
    if room in ("cli", "__main__"):
        return {*ROOMS, *OUTSIDE, "cli", "errors"}
    return {"errors"}


@pytest.mark.parametrize("path", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_rooms_to_its_left(path):
    room = path.relative_to(PACKAGE).with_suffix("").parts[0]
    known = {*ROOMS, *OUTSIDE, "cli", "__main__", "errors"}

    assert _imported(path) & known <= _may_import(room)


def test_import_kamlab_brings_nothing_heavy():
    code = "import sys, kamlab, kamlab.errors; print('\\n'.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"pandas", "numpy", "duckdb", "matplotlib", "papermill"} & set(loaded)


@pytest.mark.parametrize("module", _modules(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_holds_one_concept(module):
    text = module.read_text()

    assert text.count("\n") <= 400
    assert not text.strip() or ast.get_docstring(ast.parse(text))


def _notebooks() -> list[Path]:
    return sorted((ROOT / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", _notebooks(), ids=lambda path: path.stem)
def test_a_notebook_is_kept_without_outputs_and_with_one_parameters_cell(path):
    notebook = json.loads(path.read_text())
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    tags = [tag for cell in code for tag in cell["metadata"].get("tags", [])]

    assert all(not cell["outputs"] and cell["execution_count"] is None for cell in code)
    assert tags.count("parameters") == 1
    assert notebook["cells"][0]["cell_type"] == "markdown"
    assert notebook["metadata"]["title"]


@pytest.mark.parametrize("path", _notebooks(), ids=lambda path: path.stem)
def test_a_notebook_holds_no_function_and_no_loop_over_customers(path):
    notebook = json.loads(path.read_text())
    code = ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    tree = ast.parse("\n".join(code))

    assert not [
        type(node).__name__
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Lambda | ast.While)
    ]
