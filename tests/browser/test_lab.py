"""The notebooks as analysts meet them: opened in JupyterLab and run from top to bottom."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest

from kamlab.studies.discover import find_studies

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
STUDIES = find_studies(NOTEBOOKS)
QUICK = {"coverage", "profitability"}  # one reads what others published, one reads only data

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kernel,
    pytest.mark.xdist_group("notebooks"),
]

SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # else only visible cells are there
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}
# The toolbar says idle before the kernel is connected, and cells sent before are lost.
OPENED = """() => window.jupyterapp?.commands.hasCommand('notebook:run-all-cells')
  && window.jupyterapp.shell.currentWidget?.sessionContext !== undefined"""
# On a busy machine a kernel's first answer may be lost, and then it is waited for without end.
CONNECTED = """() => {
  const context = window.jupyterapp.shell.currentWidget.sessionContext;
  const answer = context.ready.then(() => context.session.kernel.info).then(() => true);
  const silence = new Promise(resolve => setTimeout(() => resolve(false), 90_000));
  return Promise.race([answer, silence]);
}"""
END_KERNELS = "() => window.jupyterapp.serviceManager.sessions.shutdownAll()"
RUN_ALL = "() => window.jupyterapp.commands.execute('notebook:run-all-cells')"
OUTCOME = """() => {
  const cells = [...window.jupyterapp.shell.currentWidget.content.model.cells];
  const code = cells.filter(cell => cell.type === 'code');
  const errors = code.flatMap(cell => cell.sharedModel.getOutputs())
    .filter(output => output.output_type === 'error').map(output => output.evalue);
  const blank = cell => !cell.sharedModel.getSource().trim();
  return [code.filter(cell => cell.executionCount === null && !blank(cell)).length, errors];
}"""


@pytest.fixture(scope="module")
def lab(tmp_path_factory, demo, published):
    """Start JupyterLab on copies of the notebooks beside the demo; give its address."""
    root = tmp_path_factory.mktemp("lab")
    shutil.copytree(NOTEBOOKS, root / "notebooks")
    (root / "data").mkdir()
    (root / "data" / "demo").symlink_to(demo)
    (root / "reports").symlink_to(published)
    for name, content in SETTINGS.items():
        path = (
            root
            / "config"
            / "lab"
            / "user-settings"
            / "@jupyterlab"
            / f"{name}.jupyterlab-settings"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    folders = {
        f"JUPYTER_{kind}_DIR": str(root / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")
    }
    folders |= {
        "JUPYTERLAB_SETTINGS_DIR": str(root / "config" / "lab" / "user-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(root / "workspaces"),
        "KAMLAB_STORE": str(root / "store"),
    }
    with (root / "log.txt").open("w") as log:
        server = subprocess.Popen(
            [
                *(sys.executable, "-m", "jupyterlab", "--no-browser", "--ip=127.0.0.1"),
                *(f"--port={port}", f"--IdentityProvider.token={token}", "--allow-root"),
                *("--ServerApp.port_retries=0", "--LabApp.expose_app_in_browser=True"),
                f"--ServerApp.root_dir={root / 'notebooks'}",
            ],
            env=os.environ | folders,
            cwd=root / "notebooks",
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    address = f"http://127.0.0.1:{port}"
    _wait_for(f"{address}/api/status?token={token}", server, root / "log.txt")
    yield address, token, root / "notebooks"
    asked = urllib.request.Request(  # noqa: S310  our own server
        f"{address}/api/shutdown?token={token}", method="POST"
    )
    urllib.request.urlopen(asked).close()  # noqa: S310
    server.wait(30)


def _wait_for(address, server, log):
    end = time.monotonic() + 120
    while server.poll() is None and time.monotonic() < end:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address).close()  # noqa: S310
            return
        time.sleep(0.2)
    raise AssertionError(log.read_text()[-2000:])


def _open(page, lab, name):
    """Open a notebook in a lab that remembers nothing; begin again where its kernel is silent."""
    address, token, notebooks = lab
    for _ in range(3):
        page.goto(f"{address}/lab/tree/{name}?reset&token={token}", timeout=90_000)
        page.wait_for_function(OPENED, timeout=90_000)
        if page.evaluate(CONNECTED):
            return
        page.evaluate(END_KERNELS)
    raise AssertionError((notebooks.parent / "log.txt").read_text()[-2000:])


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else pytest.mark.slow) for name in STUDIES],
)
def test_a_notebook_opens_and_runs_all_cells_without_error(lab, chromium, name):
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(300_000)
    _open(page, lab, STUDIES[name].path.name)

    page.evaluate(RUN_ALL)
    not_run, errors = page.evaluate(OUTCOME)

    assert errors == []
    assert not_run == 0
    assert page.locator(".jp-Cell .kam-table").count() > 0
    context.close()


SLIDERS = """\
import pandas as pd
from types import SimpleNamespace
from kamlab.studies.notebook import Study
from kamlab.studies.sliders import View, board

def answer(numbers):
    return SimpleNamespace(list=pd.DataFrame({"account_id": ["A1"], "score": [numbers["margin"]]}))

made = board(Study("key-accounts"), {"margin": 0.4}, answer,
             [View("list", "The list", {"score": ".2f"})])"""


def test_a_slider_moves_by_keyboard_and_the_result_with_it(lab, chromium):
    path = lab[2] / "sliders.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(SLIDERS)])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3"}
    nbformat.write(notebook, path)
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    page.set_default_timeout(120_000)
    _open(page, lab, path.name)
    page.evaluate(RUN_ALL)
    score = page.locator(".jp-OutputArea .kam-table td.n")

    assert score.inner_text() == "0.40"
    page.locator(".noUi-handle").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function(
        "text => document.querySelector('.kam-table td.n').innerText === text", arg="0.45"
    )
    context.close()
