"""Where are the data and what other studies published, from wherever a notebook was opened?"""

from pathlib import Path

from kamlab.studies.publish import FAILED, LATEST


def find_folder(given: str) -> Path:
    """Find a folder from the current one upwards; absolute paths stay as they are.

    So `data/demo` and `reports` are found from the notebooks' folder too.
    """
    path = Path(given).expanduser()
    if given and not path.is_absolute():
        for place in (Path.cwd(), *Path.cwd().parents):
            if (place / path).exists():
                return place / path
    return path.absolute()


def published_runs(folder: Path) -> list[Path]:
    """List the successful runs of a study, the latest first, then by name from the newest.

    Parameters
    ----------
    folder : Path
        `OUT/<study>`.
    """
    if not folder.is_dir():
        return []
    latest = (folder / LATEST).resolve()
    runs = [
        path
        for path in sorted(folder.iterdir(), reverse=True)
        if not path.is_symlink()
        and path.name != FAILED
        and not path.name.startswith(".")
        and (path / "manifest.json").is_file()
    ]
    return sorted(runs, key=lambda path: path.resolve() != latest)
