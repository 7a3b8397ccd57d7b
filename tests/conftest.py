"""What all tests share: real data, the published demo, engines, and parts that may be missing."""

import contextlib
import fcntl
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import settings

# a busy machine is no fault of what is tested
settings.register_profile("kamlab", deadline=None)
settings.load_profile("kamlab")

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared" / "data"
_FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
_FLAGS += ["--disable-dev-shm-usage"]


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
def shared_folder(tmp_path_factory):
    """Let the first of the workers that run tests side by side make what all of them read."""
    base = tmp_path_factory.getbasetemp()
    base = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base

    def folder(name: str, make: Callable[[Path], object]) -> Path:
        place, whole = base / f"shared-{name}", base / f"shared-{name}.whole"
        with (base / f"shared-{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not whole.exists():
                shutil.rmtree(place, ignore_errors=True)
                make(place)
                whole.touch()
        return place

    return folder


@pytest.fixture(scope="session")
def demo(shared_folder, kamlab):
    return shared_folder(
        "demo", lambda place: kamlab("demo", place, "--size", "small", "--seed", "7")
    )


@pytest.fixture(scope="session")
def published(demo, shared_folder, kamlab):
    """Publish every study on the demo, as `make report` does."""
    return shared_folder(
        "reports", lambda place: kamlab("run", "--all", "--data", demo, "--out", place)
    )


@pytest.fixture(scope="session")
def made_lines():
    """Make order lines with every edge: returns, gifts, unknown costs, midnights, leap days."""

    def make(n: int, seed: int) -> pd.DataFrame:
        rng = np.random.default_rng(seed)
        account = rng.integers(0, max(n // 40, 3), n)
        # some accounts have one order only
        day = np.where(account % 9 == 0, 400, rng.integers(0, 1461, n))
        begin = np.datetime64("2021-01-01", "us")
        clock = rng.choice([0, 0, 1, 43_200, 86_399], n).astype("timedelta64[s]")
        net = rng.integers(-2000, 20_000, n) / 100
        net[rng.random(n) < 0.05] = 0.0
        net[account % 11 == 1] = -np.abs(net[account % 11 == 1])
        hidden = np.where(account % 7 == 2, 1.0, 0.3)
        cost = np.where(rng.random(n) < hidden, np.nan, np.round(net * rng.uniform(0.5, 1.4, n), 2))
        product = rng.integers(0, 30, n)
        return pd.DataFrame(
            {
                "account_id": [f"K{k:04d}" for k in account],
                "order_id": [f"O{k}" for k in account * 2000 + day // 2],
                "order_date": begin + day.astype("timedelta64[D]") + clock,
                "net_sales": net,
                "quantity": rng.integers(1, 50, n).astype(float),
                "product_id": pd.Series([f"P{k}" for k in product]).where(rng.random(n) > 0.05),
                "category": pd.Series([f"C{k % 5}" for k in product]).where(rng.random(n) > 0.05),
                "cost_of_goods": cost,
                "cost_to_serve": np.where(rng.random(n) < 0.5, np.nan, 1.25),
                "discount": np.where(rng.random(n) < 0.5, np.nan, 2.5),
                "list_price": np.where(rng.random(n) < 0.5, np.nan, np.abs(net) * 1.2),
            }
        )

    return make


@pytest.fixture(scope="session")
def spark(require_part):
    """Give one Spark session of two threads for all tests."""
    require_part(shutil.which("java") is not None, "Java")
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        require_part(False, "PySpark")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # what scores rows on its workers
    with warnings.catch_warnings():
        # Spark's launcher leaves its pipes to the garbage collector
        warnings.simplefilter("ignore", ResourceWarning)
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "2")
            .config("spark.driver.bindAddress", "127.0.0.1")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.sql.session.timeZone", "America/St_Johns")
            .config("spark.sql.codegen.wholeStage", "false")
            .config("spark.sql.adaptive.enabled", "false")
            .config("spark.log.level", "ERROR")
            .getOrCreate()
        )
        yield session
        session.stop()


def _binaries() -> Path | None:
    """Newest PostgreSQL server there is."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).parent if on_path else None


@pytest.fixture(scope="session")
def postgres_server(require_part):
    """Run a real PostgreSQL on a free port, and give its address."""
    binaries = _binaries()
    require_part(binaries is not None, "the PostgreSQL server")
    pytest.importorskip("adbc_driver_postgresql")
    base = Path(tempfile.mkdtemp(prefix="kamlab-pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:  # the server refuses root
        user = next((u for u in ("postgres", "nobody") if _known(u)), "nobody")
        shutil.chown(base, user)
        as_user = ["setpriv", f"--reuid={user}", f"--regid={pwd.getpwnam(user).pw_gid}",
                   "--clear-groups"]  # fmt: skip
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (base / "pw").write_text("s3cret-word")
    (base / "pw").chmod(0o644)
    clean = {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(base)}
    subprocess.run(
        [*as_user, str(binaries / "initdb"), "-D", str(base / "data"), "-U", "anna", "-E", "UTF8",
         "-A", "scram-sha-256", "--no-sync", f"--pwfile={base / 'pw'}"],
        check=True, capture_output=True, env=clean, cwd=base,
    )  # fmt: skip
    running = subprocess.Popen(
        [*as_user, str(binaries / "postgres"), "-D", str(base / "data"), "-p", str(port),
         "-c", "listen_addresses=127.0.0.1", "-c", f"unix_socket_directories={base}",
         "-c", "fsync=off"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean, cwd=base,
    )  # fmt: skip
    address = f"postgresql://anna:s3cret-word@127.0.0.1:{port}/postgres"
    try:
        _wait(address)
        yield address
    finally:
        # also where a test that failed still holds a connection
        running.send_signal(signal.SIGINT)
        running.wait(timeout=60)
        shutil.rmtree(base, ignore_errors=True)


def _known(user: str) -> bool:
    with contextlib.suppress(KeyError):
        return bool(pwd.getpwnam(user))
    return False


def _answers(address: str) -> None:
    import adbc_driver_postgresql.dbapi as postgresql

    with postgresql.connect(address) as base, base.cursor() as cursor:
        cursor.execute("SELECT 1")


def _wait(address: str) -> None:
    """Wait until the server answers, a minute at most."""
    for _ in range(120):
        try:
            _answers(address)
        except Exception:  # noqa: BLE001  the driver's errors while the server starts
            time.sleep(0.5)
        else:
            return
    pytest.fail("PostgreSQL did not start within a minute")


@pytest.fixture(scope="session")
def chromium(require_part):
    """Start Chromium once."""
    found = shutil.which("chromium")
    require_part(found is not None, "Chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=_FLAGS)
        yield browser
        browser.close()
