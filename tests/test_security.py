"""What no run may give away, run, or let in; SECURITY.md says the same in words."""

import ast
import json
import os
import stat
import subprocess
import time
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import nbformat
import psutil
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from papermill.parameterize import parameterize_notebook

from kamlab.errors import UsageError
from kamlab.studies.discover import find_studies
from kamlab.studies.parameters import Parameter, check_value
from kamlab.studies.plan import make_plan

ROOT = Path(__file__).parents[1]


def _borrowed(name):
    """Load fixtures of another folder of tests."""
    spec = spec_from_file_location(name.replace("/", "_"), Path(__file__).parent / f"{name}.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_desk, _databases = _borrowed("studies/conftest"), _borrowed("sources/test_databases")
_browser = _borrowed("browser/conftest")
desk, server = _desk.desk, _databases.server
HOSTILE = _browser.HOSTILE

# Modules that run code from a file they open, and calls that run text.
LOADERS = {"pickle", "dill", "cloudpickle", "shelve", "marshal", "joblib"}
RUNNERS = {"eval", "exec", "compile", "__import__"}


@pytest.mark.parametrize(
    "path",
    [*sorted((ROOT / "kamlab").rglob("*.py")), *sorted((ROOT / "notebooks").glob("*.ipynb"))],
    ids=lambda path: str(path.relative_to(ROOT)),
)
def test_nothing_opens_a_file_that_runs_code_or_runs_text(path):
    text = path.read_text()
    if path.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        text = "\n".join("".join(c["source"]) for c in cells if c["cell_type"] == "code")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = {alias.name.split(".")[0] for alias in node.names}
            names.add((getattr(node, "module", "") or "").split(".")[0])
            assert not names & LOADERS
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            assert called not in RUNNERS
            assert called not in ("yaml.load", "pd.read_pickle", "os.system", "os.popen")
            assert not any(
                k.arg == "shell" and ast.unparse(k.value) == "True" for k in node.keywords
            )


@settings(max_examples=30)
@given(st.text())
@example("a\"b'c\\\n{{ 1 }}\nraise SystemExit")
@example("'''\n__import__('os').abort()\n'''")
@example('"""; x = 1 #')
@example("\\")
@example("\ud7ff\u2028\x00\x1b[31m")
def test_a_text_parameter_reaches_the_notebook_as_that_text_and_runs_nothing(text):
    value = check_value(Parameter("label", "str", ""), text) if "://" not in text else "x"
    cell = nbformat.v4.new_code_cell('label: str = ""', metadata={"tags": ["parameters"]})
    notebook = nbformat.v4.new_notebook(cells=[cell])
    kernel = {"name": "python3", "language": "python", "display_name": "x"}
    notebook.metadata |= {"kernelspec": kernel, "papermill": {}}

    made = parameterize_notebook(notebook, {"label": value}, language="python")

    (injected,) = [c for c in made.cells if "injected-parameters" in c.metadata.get("tags", [])]
    (statement,) = ast.parse(injected.source).body
    assert ast.literal_eval(statement.value) == value


@pytest.mark.parametrize("path", ["../secret.txt", "/etc/passwd", "link/secret.txt", "a/../../x"])
def test_a_path_parameter_stays_in_the_data_folder_unless_told(desk, path):
    desk.write_on_data("value")
    data = desk.write_orders("2026-01")
    (data / "link").symlink_to(desk.folder)

    def plan(given, **more):
        known = find_studies(desk.notebooks)
        made = make_plan(["value"], known, given={"notes": given}, data=data, as_of="", **more)
        return made.parameters["value"]["notes"]

    with pytest.raises(UsageError, match="leads out of the data's folder"):
        plan(path)
    assert plan("inside/notes.txt") == str(data / "inside" / "notes.txt")
    assert plan("") == ""
    assert Path(plan(path, outside=True)).is_absolute()


SECRET = "s3cret-word"  # noqa: S105  of the test server only
STILL = "import time\ntime.sleep(3)\nprint(known.files.to_string())"


@pytest.mark.postgres
@pytest.mark.kernel
def test_a_secret_stays_in_its_variable(desk, server):
    data = desk.folder / "data"
    data.mkdir()
    query = "SELECT 'A' AS account_id, 1 AS order_id, DATE '2026-01-10' AS order_date,"
    (data / "kamlab.toml").write_text(
        f'currency = "EUR"\n[[orders]]\nurl_env = "LEDGER_DB"\n'
        f'query = """{query} 1.5::float8 AS net_sales"""\n'
    )
    desk.environment["LEDGER_DB"] = server
    desk.write_on_data("good", STILL)
    desk.write_on_data("bad", "1 / 0")
    listed, seen = [], set()
    runner = desk.start("--all", "--data", "data", "--log", "json")
    while runner.poll() is None:
        for process in (psutil.Process(runner.pid), *psutil.Process(runner.pid).children(True)):
            try:
                listed.append(" ".join(process.cmdline()))
                seen.add(process.pid)
            except psutil.Error:
                continue
        time.sleep(0.1)
    said = "".join(runner.communicate())

    assert runner.returncode == 1
    assert desk.manifest("good")["status"] == "success"
    kept = [path for path in desk.out.rglob("*") if path.is_file()]
    assert {"notebook.ipynb", "log.txt", "index.html", "run.json"} <= {path.name for path in kept}
    for path in kept:
        assert SECRET.encode() not in path.read_bytes(), path
    assert SECRET not in said
    assert len(seen) >= 6  # the runner, its server, and of each study its process and its kernel
    assert not any(SECRET in line for line in listed)


@pytest.mark.kernel
def test_nothing_published_is_writable_for_others_whatever_the_umask(desk):
    desk.write_on_data("good")
    desk.write_on_data("bad", "1 / 0")
    desk.write_orders("2026-01")

    result = desk.run("--all", "--data", "data", umask=0)

    assert result.returncode == 1, result.stderr
    modes = {path: path.lstat().st_mode for path in desk.out.rglob("*") if not path.is_symlink()}
    assert len(modes) > 10
    assert [path for path, mode in modes.items() if mode & (stat.S_IWGRP | stat.S_IWOTH)] == []


def _hostile_data(folder):
    """Write accounts whose every text is an attack, beside orders that let some be key."""
    folder.mkdir()
    orders = ["account_id,order_id,order_date,net_sales,cost_of_goods"]
    accounts = ["account_id,name,industry,region,country"]
    quoted = '"' + HOSTILE.replace('"', '""') + '"'
    for account in range(24):
        name = f'"<b onmouseover=window.hacked=1>{account}"' if account == 3 else quoted
        accounts.append(f"{name},{name},{quoted},{quoted},{quoted}" if account == 3 else
                        f"A{account},{name},{quoted},{quoted},{quoted}")  # fmt: skip
        for month in range(1, 13):
            who = name if account == 3 else f"A{account}"
            sales = 100 * (account + 1) + month
            orders.append(f"{who},{account}-{month},2025-{month:02}-15,{sales},{sales * 0.6:.2f}")
    (folder / "orders.csv").write_text("\n".join(orders) + "\n")
    (folder / "accounts.csv").write_text("\n".join(accounts) + "\n")


@pytest.mark.kernel
@pytest.mark.browser
def test_hostile_names_in_the_data_are_text_on_the_page_of_a_real_study(tmp_path, chromium):
    _hostile_data(tmp_path / "data")
    environment = {k: v for k, v in os.environ.items() if k != "KAMLAB_NOTEBOOKS"}
    environment["KAMLAB_STORE"] = str(tmp_path / "store")
    words = ["run", "key-accounts", "--data", "data", "--out", "out", "-p", "draws=0"]
    result = subprocess.run(
        _desk.Desk.command(None, *words),
        env=environment,
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr

    asked, said = [], []
    page = chromium.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    for place in ("out/key-accounts/latest/index.html", "out/index.html"):
        page.goto((tmp_path / place).as_uri())
        assert page.evaluate("window.hacked") is None
        assert page.locator("script").count() <= 1
        assert page.locator("[onerror], [onmouseover], img[src='x']").count() == 0
    page.goto((tmp_path / "out/key-accounts/latest/index.html").as_uri())
    assert "window.hacked" in page.locator("main").inner_text()
    page.close()
    assert all(url.startswith(("file:", "data:")) for url in asked)
    assert said == []
