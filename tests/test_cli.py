"""The command line: quick answers, exit codes, and messages instead of tracebacks."""

import json
import os
import subprocess
import sys
import time

import pytest

from kamlab import cli

PARAMETERS = """\
data: str = "data/demo"  # folder with the data
as_of: str = ""  # the day before which history is seen
key_accounts: int = 20  # how many accounts [1..100000]
worth: str = "sales"  # what counts [sales|gross_profit]
"""
ORDERS = "account_id,order_id,order_date,net_sales\nA,1,2013-01-02,10.50\nB,2,2013-01-03,20\n"


@pytest.fixture
def notebooks(tmp_path, monkeypatch):
    """Two notebooks whose parameters can be checked."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    for name, needs in (("key_accounts", []), ("summary", ["key-accounts"])):
        cell = {
            "cell_type": "code",
            "metadata": {"tags": ["parameters"]},
            "source": PARAMETERS.splitlines(keepends=True),
        }
        about = {"title": "T", "kamlab": {"needs": needs, "purpose": f"What is {name}?"}}
        (folder / f"{name}.ipynb").write_text(json.dumps({"cells": [cell], "metadata": about}))
    monkeypatch.setenv("KAMLAB_NOTEBOOKS", str(folder))
    monkeypatch.setenv("KAMLAB_STORE", str(tmp_path / "store"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["run", "key-acounts"], 2, "Did you mean key-accounts?"),
        (["run"], 2, "Name a study or give --all"),
        (["check", "~0/nobody"], 2, "no user of this machine"),
        (["run", "key-accounts", "-p", "key_acounts=3"], 2, "Did you mean key_accounts?"),
        (["run", "key-accounts", "-p", "key_accounts=0"], 2, "a whole number from 1 to 100000"),
        (["run", "key-accounts", "-p", "key-accounts=many"], 2, "a whole number"),
        (["run", "key-accounts", "-p", "worth=sale"], 2, "Did you mean sales?"),
        (["run", "key-accounts", "-p", "worth"], 2, "NAME=VALUE"),
        (["run", "key-accounts", "-p", "worth=sales", "-p", "worth=sales"], 2, "given twice"),
        (["run", "key-accounts", "-p", "data=x"], 2, "Give data with --data"),
        (["run", "key-accounts", "--as-of", "30.6.2013"], 2, "a date such as 2013-06-30"),
        (["run", "key-accounts", "--jobs", "-1"], 2, "must be positive"),
        (["run", "key-accounts"], 2, "kamlab demo data/demo"),
        (["run", "key-accounts", "--data", "nowhere"], 2, "There is no data at"),
        (["run", "key-accounts", "--data", "postgresql://me:pw@host/db"], 2, "password"),
        (["runs", "--out", "nowhere"], 2, "Nothing is published"),
        (["compare", "a/b", "a/c", "--out", "."], 2, "No run is called 'a/b'"),
        (["prune", "--keep", "0", "--out", "."], 2, "--keep must be 1"),
    ],
)
def test_wrong_use_is_answered_with_what_is_right(notebooks, capsys, arguments, code, message):
    assert cli.main(arguments) == code
    said = capsys.readouterr().err
    assert message in said
    assert "Traceback" not in said
    assert not (notebooks / "reports").exists()


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "key-accounts", "-p", "key_acounts=3"], ["studies"]],
    ids=["help", "wrong parameter", "studies"],
)
def test_an_answer_that_needs_no_kernel_takes_less_than_half_a_second(notebooks, arguments):
    command = [sys.executable, "-m", "kamlab", *arguments]
    bare = [sys.executable, "-c", "pass"]

    def seconds(words):
        times = []
        for _ in range(3):
            started = time.perf_counter()
            subprocess.run(words, capture_output=True, check=False, env=os.environ)
            times.append(time.perf_counter() - started)
        return min(times)

    assert seconds(command) - seconds(bare) < 0.5


def test_checks_import_nothing_heavy(notebooks):
    code = (
        "import sys; from kamlab import cli; cli.main(['run', 'key-accounts', '-p', 'x=1']);"
        "print('\\n'.join(sys.modules))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"pandas", "numpy", "duckdb", "papermill", "nbconvert", "IPython"} & set(loaded)


def test_the_studies_are_listed_with_purpose_and_parameters(notebooks, capsys):
    assert cli.main(["studies"]) == 0
    said = capsys.readouterr().out

    assert "key-accounts\n  What is key_accounts?" in said
    assert "summary (after key-accounts)" in said
    assert "-p key_accounts=20  how many accounts; a whole number from 1 to 100000" in said
    assert "as_of" not in said


def test_check_tells_what_is_understood(notebooks, capsys):
    (notebooks / "data").mkdir()
    (notebooks / "data" / "orders.csv").write_text(ORDERS)

    assert cli.main(["check", "data"]) == 0
    said = capsys.readouterr().out
    assert "30.50" in said
    assert "2013-01-04" in said


def _write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


@pytest.mark.parametrize("command", ["check", "run"])
@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("nothing", b""),
        ("orders.csv", b"customer,amount\nA,1\n"),
        ("orders.parquet", b"PAR1 this is no Parquet PAR1"),
    ],
    ids=["empty folder", "wrong columns", "corrupt parquet"],
)
def test_data_that_cannot_be_read_is_refused_before_a_kernel_starts(
    notebooks, capsys, command, name, content
):
    _write(notebooks / "data" / name, content)
    if name == "nothing":
        (notebooks / "data" / name).unlink()
    arguments = {"check": ["check", "data"], "run": ["run", "key-accounts", "--data", "data"]}

    assert cli.main(arguments[command]) == 3
    said = capsys.readouterr().err
    assert "Traceback" not in said
    assert said.startswith("kamlab: ")
    assert not (notebooks / "reports" / "key-accounts").exists()


def test_what_nobody_foresaw_is_a_message_and_with_debug_a_traceback(
    notebooks, capsys, monkeypatch
):
    def broken(asked):
        raise ZeroDivisionError("by chance")

    monkeypatch.setitem(cli._COMMANDS, "studies", broken)

    assert cli.main(["studies"]) == 1
    said = capsys.readouterr().err
    assert "by chance" in said
    assert "--debug" in said
    assert "Traceback" not in said
    assert cli.main(["studies", "--debug"]) == 1
    assert "Traceback" in capsys.readouterr().err


def test_the_demo_is_written_and_understood(notebooks, capsys):
    assert cli.main(["demo", "demo", "--size", "tiny"]) == 0
    assert "order lines" in capsys.readouterr().out
    assert cli.main(["check", "demo"]) == 0
    assert (notebooks / "demo" / "truth").is_dir()
