"""The same small notebooks as in tests/studies, and a reader who never looks away."""

import json
import threading
import time
from contextlib import contextmanager
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

_spec = spec_from_file_location(
    "studies_desk", Path(__file__).parents[1] / "studies" / "conftest.py"
)
_desk = module_from_spec(_spec)
_spec.loader.exec_module(_desk)
desk, shared_desk, wait_for = _desk.desk, _desk.shared_desk, _desk._wait_for
first_page, before = _desk.first_page, _desk.before


@contextmanager
def _reading(desk, study="value"):
    """Read the published page all the time; it must be there and whole whenever it is looked at."""
    done, wrong, seen = threading.Event(), [], []

    def read():
        latest = desk.out / study / "latest"
        while not done.is_set():
            try:
                page = (latest / "index.html").read_text()
                index = (desk.out / "index.html").read_text()
                status = json.loads((latest / "manifest.json").read_text())["status"]
                whole = all(text.rstrip().endswith("</html>") for text in (page, index))
                seen.append(whole and status == "success")
            except (OSError, ValueError) as error:
                wrong.append(repr(error))
            time.sleep(0.005)

    thread = threading.Thread(target=read)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join()
    assert not wrong
    assert seen
    assert all(seen)


@pytest.fixture(scope="session")
def reader():
    return _reading
