"""What exactly is to be run: which studies, in which order, with which checked parameters?"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kamlab.errors import UsageError
from kamlab.studies.discover import StudyFile, in_order, pick
from kamlab.studies.mapping_file import mapping_path, mapping_says
from kamlab.studies.parameters import RESERVED, Parameter, Value, check_names, check_value

BASE_BYTES, ACCOUNT_BYTES, DAY_BYTES = 600_000_000, 8_000, 70
"""Memory that a study takes at most: alone, for each account, and for each day of an account."""


@dataclass(frozen=True, slots=True)
class Data:
    """The data of a run, as far as it is known before a kernel starts.

    Attributes
    ----------
    path : Path
        Folder, absolute.
    as_of : str
        Day before which history is seen; empty if only the notebook can tell.
    fingerprint : str
        Digest of the content.
    files : list of dict
        What was read, for the manifest.
    mapping : str
        Digest of what the mapping file says of the data.
    industry : dict
        Name and sha256 of the industry profile in force; empty where nothing was read.
    days : dict of str to tuple of int and float
        Order lines and net sales of each day that has any, by day.
    accounts, account_days : int
        Accounts that order, and the days on which each did, or nearly so many.
    period : str
        Month, quarter or year that was asked for; empty where none was.
    notes : tuple of str
        Doubts that stand on every page.
    """

    path: Path
    as_of: str = ""
    fingerprint: str = ""
    files: list[dict[str, Any]] = field(default_factory=list)
    mapping: str = ""
    industry: dict[str, str] = field(default_factory=dict)
    days: dict[str, tuple[int, float]] = field(default_factory=dict)
    accounts: int = 0
    account_days: int = 0
    period: str = ""
    notes: tuple[str, ...] = ()

    def newest(self, before: str = "") -> str:
        """Give the day of the newest order, of those before a day; empty where there is none."""
        return max((day for day in self.days if not before or day < before), default="")

    @property
    def months(self) -> dict[str, list[float]]:
        """Order lines and net sales by month: by them two runs know what was revised."""
        found: dict[str, list[float]] = {}
        for day, (lines, sales) in sorted(self.days.items()):
            month = found.setdefault(day[:7], [0, 0.0])
            month[0] += lines
            month[1] = round(month[1] + sales, 2)
        return found


@dataclass(frozen=True, slots=True)
class Plan:
    """Studies in order of need, each with its checked parameters.

    Attributes
    ----------
    studies : dict of str to StudyFile
        What is run.
    parameters : dict of str to dict
        By study.
    added : dict of str to str
        Studies that were added because another needs them, and which.
    """

    studies: dict[str, StudyFile]
    parameters: dict[str, dict[str, Any]]
    added: dict[str, str]


def make_plan(
    names: list[str],
    known: dict[str, StudyFile],
    *,
    given: dict[str, Any],
    data: Path,
    as_of: str,
    every: bool = False,
    outside: bool = False,
) -> Plan:
    """Choose the studies and check all parameters, before anything starts.

    Parameters
    ----------
    names : list of str
        Studies asked for.
    known : dict of str to StudyFile
        All there are.
    given : dict of str to value
        Parameters from the user; each must belong to at least one of the studies.
    data : Path
        Folder of the data, absolute.
    as_of : str
        A date or empty.
    every : bool
        Run all studies; those for the demo only where the data has its truth.
    outside : bool
        Let parameters that are paths lead out of the data's folder.

    Raises
    ------
    UsageError
        If a name, a parameter or a value is wrong.
    """
    has_truth = (data / "truth").is_dir()
    if every:
        wanted = [name for name, study in known.items() if has_truth or not study.demo_only]
    else:
        wanted = pick(names, known)
    if not wanted:
        raise UsageError("Name a study or give --all. `kamlab studies` lists what there is.")
    for name in wanted:
        if known[name].demo_only and not has_truth:
            raise UsageError(f"{name} compares with the truth of the demo; {data} has none.")
    added: dict[str, str] = {}
    queue = list(wanted)
    for name in queue:
        for need in known[name].needs:
            if need not in queue:
                queue.append(need)
                added[need] = name
    chosen = {name: known[name] for name in in_order(queue, known)}
    check_names(given, {n: [p.name for p in s.parameters] for n, s in chosen.items()})
    check_value(Parameter("as_of", "date", ""), as_of)
    parameters = {
        name: {
            p.name: _value(p, given[p.name], data, outside) if p.name in given else p.default
            for p in study.parameters
            if p.name not in RESERVED
        }
        for name, study in chosen.items()
    }
    return Plan(chosen, parameters, added)


def _value(parameter: Parameter, given: Value, data: Path, outside: bool) -> Value:
    """Check a value; a path counts from the data's folder and stays in it."""
    if parameter.kind != "path" or not str(given).strip():
        return check_value(parameter, given)
    home = data.parent if data.suffix == ".toml" else data
    path = check_value(parameter, str(home / Path(str(given).strip())))
    if not outside and not Path(str(path)).resolve().is_relative_to(home.resolve()):
        raise UsageError(
            f"{parameter.name} = {str(given)!r} leads out of the data's folder {home}: put the "
            "file there, or give --allow-outside."
        )
    return path


def side_by_side(studies: int, cores: int, free: int, data: Data) -> int:
    """Say how many studies run at the same time where nobody says it.

    Parameters
    ----------
    studies, cores : int
        What there is to run, and on how many cores.
    free : int
        Bytes of memory that are free.
    data : Data

    Returns
    -------
    int
        One a core, as far as their memory is there; at least one. DuckDB uses all cores for one as
        well.
    """
    fit = free // (BASE_BYTES + ACCOUNT_BYTES * data.accounts + DAY_BYTES * data.account_days)
    return max(1, min(cores, studies, fit))


def fingerprint_of_reading(
    data: Path, files: list[dict[str, Any]], industry: str = ""
) -> tuple[str, str]:
    """Digest what a mapping says, and all that was read by it.

    Parameters
    ----------
    data : Path
        Folder or mapping file.
    files : list of dict
        What was read, with `table` and `sha256`.
    industry : str
        Digest of the industry profile in force.

    Returns
    -------
    tuple of str and str
        Digest of the mapping without its rules for runs and its language (empty where there is
        none), and of it together with the files and the industry profile.
    """
    mapping = ""
    if mapping_path(data).is_file():
        said = mapping_says(data)
        said.pop("runs", None)
        said.pop("language", None)  # how it is said changes no figure
        mapping = hashlib.sha256(json.dumps(said, default=str).encode()).hexdigest()
    content = sorted(f"{entry['table']} {entry['sha256']}" for entry in files)
    return mapping, hashlib.sha256("\n".join([mapping, industry, *content]).encode()).hexdigest()
