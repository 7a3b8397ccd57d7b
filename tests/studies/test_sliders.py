"""Sliders make the result anew in a real kernel; a published run and a bare one show it alone."""

import builtins

import nbformat
import pandas as pd
import pytest
from nbclient import NotebookClient

from kamlab.studies.notebook import Study
from kamlab.studies.sliders import View, board

CELLS = [
    """
from dataclasses import dataclass
import pandas as pd
from kamlab.studies.notebook import Study
from kamlab.studies.sliders import View, board

@dataclass
class Sum:
    table: pd.DataFrame

def add(numbers):
    if numbers["a"] == 0:
        raise ValueError("a <b> may not be nought")
    return Sum(pd.DataFrame({"total": [sum(numbers.values())]}))

shown = board(Study("x"), {"a": 0.5, "b": 0.25}, add, [View("table", "The sum", {"total": ".2f"})])
""",
    "print('first', '0.75' in shown.area.value)",
    "shown.sliders['b'].value = 1.0\nprint('moved', '1.50' in shown.area.value)",
    "shown.sliders['a'].value = 0.0\nprint(shown.area.value)",
    "shown.sliders['a'].value = 0.25\nprint('again', '1.25' in shown.area.value)",
]


@pytest.mark.kernel
def test_moving_a_slider_makes_the_result_anew():
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    NotebookClient(notebook, timeout=120, kernel_name="python3").execute()
    shown = notebook.cells[0]["outputs"][0]["data"]
    said = ["".join(o.get("text", "") for o in cell["outputs"]) for cell in notebook.cells]
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert said[1:3] == ["first True\n", "moved True\n"]
    assert said[3] == "<p>a &lt;b&gt; may not be nought</p>\n"
    assert said[4] == "again True\n"


class _Result:
    table = pd.DataFrame({"total": [1.0]})


VIEWS = [View("table", "The sum", {"total": ".1f"})]


def _shown(monkeypatch, study):
    said = []
    monkeypatch.setattr(study, "show", lambda _table, caption, **_: said.append(caption))
    monkeypatch.setattr(study, "note", said.append)
    assert board(study, {"a": 1.0}, lambda _numbers: _Result(), VIEWS) is None
    return said


def test_a_run_that_publishes_shows_the_result_alone(monkeypatch, tmp_path):
    said = _shown(monkeypatch, Study("x", out=str(tmp_path)))
    assert said == ["The sum", "In JupyterLab sliders stand here that move the numbers."]


def test_without_the_package_one_sentence_says_so(monkeypatch):
    real = builtins.__import__

    def absent(name, *args, **kwargs):
        if name == "ipywidgets":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", absent)
    said = _shown(monkeypatch, Study("x"))
    assert said[0] == "The sum"
    assert "need JupyterLab with the package ipywidgets" in said[1]
