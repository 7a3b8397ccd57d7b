"""What exactly is to be run: which studies, in which order, with which checked parameters?"""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kamlab.errors import UsageError
from kamlab.studies.discover import StudyFile, in_order, pick
from kamlab.studies.parameters import RESERVED, Parameter, check_names, check_value


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
    """

    path: Path
    as_of: str = ""
    fingerprint: str = ""
    files: list[dict[str, Any]] = field(default_factory=list)


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
            p.name: check_value(p, given[p.name]) if p.name in given else p.default
            for p in study.parameters
            if p.name not in RESERVED
        }
        for name, study in chosen.items()
    }
    return Plan(chosen, parameters, added)


def fingerprint_of(folder: Path) -> str:
    """Digest the content of a data folder, its sub-folder `truth` and hidden files left out.

    Parameters
    ----------
    folder : Path
        Folder or single file; what is not there has the digest of nothing.
    """
    digest = hashlib.sha256()
    files = [folder] if folder.is_file() else sorted(folder.rglob("*"))
    for path in files:
        inside = path.relative_to(folder) if path != folder else Path(path.name)
        hidden = inside.parts[0] == "truth" or any(part.startswith(".") for part in inside.parts)
        if path.is_file() and not hidden:
            with path.open("rb") as file:
                content = hashlib.file_digest(file, "sha256").hexdigest()
            digest.update(f"{inside}\0{content}\n".encode())
    return digest.hexdigest()
