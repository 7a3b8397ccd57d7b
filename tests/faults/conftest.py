"""The same small notebooks as in tests/studies."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

_spec = spec_from_file_location(
    "studies_desk", Path(__file__).parents[1] / "studies" / "conftest.py"
)
_desk = module_from_spec(_spec)
_spec.loader.exec_module(_desk)
desk, shared_desk, wait_for = _desk.desk, _desk.shared_desk, _desk._wait_for
first_page, before = _desk.first_page, _desk.before
