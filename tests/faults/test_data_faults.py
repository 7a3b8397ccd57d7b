"""Data that fails while a run reads it: refused with a message, and the page before stays."""

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import duckdb
import pytest

pytestmark = pytest.mark.kernel

_spec = spec_from_file_location(
    "databases_test", Path(__file__).parents[1] / "sources" / "test_databases.py"
)
_databases = module_from_spec(_spec)
_spec.loader.exec_module(_databases)
server = _databases.server


@pytest.fixture
def base(desk, first_page):
    """Give a desk with a study on data, of which a page was published before."""
    desk.write_on_data("value")
    desk.write_orders("2026-01")
    shutil.copytree(first_page, desk.out, symlinks=True)
    return desk


def test_a_corrupt_parquet_is_refused_and_mended_by_a_whole_one(base, reader):
    data = base.folder / "data"
    duckdb.sql(f"FROM '{data / 'orders.csv'}'").write_parquet(str(data / "orders.parquet"))
    (data / "orders.csv").unlink()
    whole = (data / "orders.parquet").read_bytes()
    middle = len(whole) // 3
    torn = {
        "cut": whole[: len(whole) // 2],
        "overwritten": whole[:middle] + bytes(64) + whole[middle + 64 :],
        "empty": b"",
    }
    with reader(base):
        for how, content in torn.items():
            (data / "orders.parquet").write_bytes(content)
            result = base.run("value", "--data", "data")
            assert result.returncode == 3, (how, result.stderr)
            assert "orders.parquet" in result.stderr, how
            assert "Traceback" not in result.stderr, how
        (data / "orders.parquet").write_bytes(whole)
        mended = base.run("value", "--data", "data")

    assert mended.returncode == 0, mended.stderr


def test_input_that_changes_while_it_is_read_is_told_on_the_page_of_that_run(base):
    late = "with open(data + '/orders.csv', 'a') as file: file.write('C,9,2026-01-11,5.00\\n')"
    base.write_on_data("value", first=late)

    result = base.run("value", "--data", "data")

    assert result.returncode == 0, result.stderr
    (warning,) = base.manifest("value")["warnings"]
    assert "orders.csv was changed while the study ran" in warning
    assert warning in (base.out / "index.html").read_text()


def test_input_that_goes_away_while_a_study_runs_stops_that_study_only(base, reader):
    base.write_on_data("value", first="import shutil\nshutil.rmtree(data)")
    base.write_on_data("other", "1 + 1", needs=["value"])
    with reader(base):
        result = base.run("--all", "--data", "data")

    assert result.returncode == 3
    assert base.failure("value")["status"] == "refused"
    assert base.failure("other")["status"] == "skipped"


CLOCK = """\
import sys, time
import kamlab.studies.runner
real = time.time
class clock:
    def __getattr__(self, name):
        return getattr(time, name)
    def time(self):
        return real() - 10 * 365 * 86400
from kamlab.studies import record, runner
runner.time = record.time = clock()
from kamlab import cli
sys.exit(cli.main(sys.argv[1:]))
"""


def test_a_clock_set_back_ten_years_changes_no_order_of_runs(base):
    base.write_orders("2026-01", "2026-02")
    words = ["run", "value", "--data", "data", "--out", base.out, "--period"]

    def set_back(period):
        return subprocess.run(
            [sys.executable, "-c", CLOCK, *map(str, words), period],
            env=base.environment,
            cwd=base.folder,
            capture_output=True,
            text=True,
            check=False,
        )

    first = base.run("value", "--data", "data", "--period", "2026-01")
    assert first.returncode == 0, first.stderr
    later = set_back("2026-02")

    assert later.returncode == 0, later.stderr
    manifest = base.manifest("value")
    assert manifest["timings"]["finished"] < "2020"
    assert manifest["asked_period"] == "2026-02"
    assert "Sales moved beyond the limit: +100.0% (was 200 EUR)" in later.stdout


@pytest.fixture
def silent(base):
    """Give a desk whose orders come from a server that takes calls and never answers."""
    pytest.importorskip("adbc_driver_postgresql")
    (base.folder / "data" / "orders.csv").unlink()
    (base.folder / "data" / "kamlab.toml").write_text(
        '[[orders]]\nurl_env = "LEDGER_DB"\nquery = "SELECT 1"\n'
    )
    with socket.create_server(("127.0.0.1", 0)) as door:
        base.environment["LEDGER_DB"] = (
            f"postgresql://anna:hush@127.0.0.1:{door.getsockname()[1]}/x"
        )
        yield base, door


def test_a_database_that_never_answers_is_given_up(silent):
    desk, _ = silent

    result = desk.run("value", "--data", "data", "--run-timeout", "3")

    assert result.returncode == 1
    assert "Reading the data took longer than 3 s (--run-timeout)." in result.stderr
    assert json.loads((desk.out / "run.json").read_text())["status"] == "failed"
    assert desk.manifest("value")["status"] == "success"


def test_a_run_that_waits_for_a_database_can_be_stopped(silent):
    desk, door = silent
    runner = desk.start("value", "--data", "data")
    caller, _ = door.accept()

    runner.terminate()
    _, said = runner.communicate(timeout=20)
    caller.close()

    assert runner.returncode == 143, said
    assert "Stopped." in said
    assert json.loads((desk.out / "run.json").read_text())["status"] == "stopped"


class _Line(threading.Thread):
    """A line to a database that breaks after it has carried so many bytes of answers."""

    def __init__(self, port, carries):
        super().__init__(daemon=True)
        self.port, self.carries = port, carries
        self.door = socket.create_server(("127.0.0.1", 0))

    def run(self):
        with self.door:
            here, _ = self.door.accept()
            there = socket.create_connection(("127.0.0.1", self.port))
            asking = threading.Thread(target=self._pass, args=(here, there, 1 << 60), daemon=True)
            asking.start()
            self._pass(there, here, self.carries)
            asking.join()
            here.close()
            there.close()

    def _pass(self, source, target, most):
        try:
            while most > 0 and (piece := source.recv(4096)):
                target.sendall(piece)
                most -= len(piece)
        except OSError:
            pass
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@pytest.mark.postgres
def test_a_database_that_goes_away_in_mid_query_is_refused_without_its_address(
    base, server, reader
):
    data = base.folder / "data"
    shutil.rmtree(data)
    data.mkdir()
    (data / "kamlab.toml").write_text(
        'currency = "EUR"\n[[orders]]\nurl_env = "LEDGER_DB"\nquery = """SELECT n::text AS '
        "account_id, n AS order_id, DATE '2026-01-10' AS order_date, 1.5::float8 AS net_sales "
        'FROM generate_series(1, 20000) AS n"""\n'
    )
    port = int(server.rpartition(":")[2].partition("/")[0])
    line = _Line(port, carries=200_000)
    line.start()
    broken = server.replace(f":{port}/", f":{line.door.getsockname()[1]}/")
    with reader(base):
        base.environment["LEDGER_DB"] = broken
        gone = base.run("value", "--data", "data")
        base.environment["LEDGER_DB"] = server
        back = base.run("value", "--data", "data")
    line.join(10)

    assert gone.returncode == 3
    assert "the database behind LEDGER_DB says" in gone.stderr
    assert "s3cret" not in gone.stderr
    assert back.returncode == 0, back.stderr
    assert base.manifest("value")["headlines"][0]["value"] == 30_000
