"""What does the mapping file tell a run, before the data are read?"""

import tomllib
from pathlib import Path
from typing import Any


def mapping_path(data: Path) -> Path:
    """Name the mapping file of a data folder, or the file itself where that is given."""
    return data if data.suffix == ".toml" else data / "kamlab.toml"


def mapping_says(data: Path) -> dict[str, Any]:
    """Read the mapping file of a data folder.

    Parameters
    ----------
    data : Path
        Folder or mapping file.

    Returns
    -------
    dict
        Empty where there is none, or no TOML: whoever reads the data refuses that.
    """
    try:
        return tomllib.loads(mapping_path(data).read_bytes().decode("utf-8-sig"))
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError):
        return {}
