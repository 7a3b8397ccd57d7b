"""Which code is this? What it made before is as good as new while neither data nor code differ."""

import hashlib
from functools import cache
from pathlib import Path

_SUFFIXES = (".py", ".j2", ".css", ".js", ".toml", ".csv", ".tsv")


@cache
def package_hash() -> str:
    """Give a digest of the library's own files: the version of the code that makes the content."""
    package = Path(__file__).parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*")):
        if path.suffix in _SUFFIXES:
            digest.update(f"{path.relative_to(package)}\0".encode() + path.read_bytes())
    return digest.hexdigest()
