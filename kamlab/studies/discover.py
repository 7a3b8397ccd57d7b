"""Which studies are there, what do they need, and in which order do they run?"""

import ast
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kamlab.errors import UsageError
from kamlab.studies.parameters import Parameter, nearest, read_parameters


@dataclass(frozen=True, slots=True)
class StudyFile:
    """One notebook that can be run as a study.

    Attributes
    ----------
    name : str
        Name of the study with hyphens, as on the command line.
    title, purpose : str
        What stands on the page and, in one line, which decision it serves.
    needs : tuple of str
        Studies whose published tables this one reads; they run first.
    demo_only : bool
        True if it needs the truth of the demo.
    language : str
        Language of the text, a code such as `en`.
    path : Path
        The notebook.
    parameters : tuple of Parameter
        What it takes.
    after : tuple of str
        Studies that it reads where they are published and does without where they are not: of those
        that run with it, it waits for them, whether or not they succeed.
    each : tuple of str
        Where a run makes one page for each row of a published table: the parameter that takes the
        row's key, and study and table that list them; else empty.
    said : mapping of str to mapping
        Title and purpose in other languages, by the language's code.
    compares : tuple of str
        Of the studies it reads, those whose run before it reads too.
    """

    name: str
    title: str
    purpose: str
    needs: tuple[str, ...]
    demo_only: bool
    language: str
    path: Path
    parameters: tuple[Parameter, ...]
    after: tuple[str, ...] = ()
    compares: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    said: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def title_in(self, language: str) -> str:
        """Give the title in a language; the notebook's own where it is not translated."""
        return str(self.said.get(language, {}).get("title") or self.title)

    def purpose_in(self, language: str) -> str:
        """Give the purpose in a language; the notebook's own where it is not translated."""
        return str(self.said.get(language, {}).get("purpose") or self.purpose)


def notebooks_folder(given: str | Path | None = None) -> Path:
    """Find the folder of notebooks.

    Parameters
    ----------
    given : str or Path, optional
        Folder to use; else the environment variable `KAMLAB_NOTEBOOKS`, else the notebooks that
        were installed with the package, else those beside it in the source tree.

    Raises
    ------
    UsageError
        If it is not there.
    """
    package = Path(__file__).parents[1]
    chosen = given or os.environ.get("KAMLAB_NOTEBOOKS")
    places = [Path(chosen)] if chosen else [package / "_notebooks", package.parent / "notebooks"]
    for place in places:
        if place.is_dir():
            return place.absolute()
    raise UsageError(f"There is no folder of notebooks at {places[-1]}.")


def cell_source(cell: dict[str, Any]) -> str:
    """Give the text of a cell, which the file may keep as one string or as lines."""
    source = cell.get("source", "")
    return source if isinstance(source, str) else "".join(source)


def read_study(path: Path) -> StudyFile:
    """Read what a notebook says about itself, without running it.

    Parameters
    ----------
    path : Path
        A notebook. Its metadata may hold `title` and `kamlab` with `study`, `purpose`, `needs`,
        `after`, `compares`, `each`, `demo_only`, `language` and `in`: title and purpose in other
        languages.

    Raises
    ------
    UsageError
        If the file is no notebook or its parameters cell cannot be read.
    """
    try:
        notebook = json.loads(path.read_text(encoding="utf-8"))
        cells = notebook["cells"]
        about = notebook.get("metadata", {})
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UsageError(f"{path} is not a readable notebook ({error}).") from None
    tagged = [c for c in cells if "parameters" in c.get("metadata", {}).get("tags", [])]
    if len(tagged) > 1:
        raise UsageError(f"{path.name} has {len(tagged)} cells tagged parameters; one is allowed.")
    source = cell_source(tagged[0]) if tagged else ""
    kamlab = about.get("kamlab", {})
    name = kamlab.get("study", path.stem.replace("_", "-"))
    return StudyFile(
        name=name,
        title=kamlab.get("title") or about.get("title") or name.replace("-", " ").capitalize(),
        purpose=kamlab.get("purpose", ""),
        needs=tuple(kamlab.get("needs", ())),
        demo_only=bool(kamlab.get("demo_only", False)),
        language=kamlab.get("language", "en"),
        path=path,
        parameters=read_parameters(source, path.name),
        after=tuple(kamlab.get("after", ())),
        compares=tuple(kamlab.get("compares", ())),
        each=tuple(kamlab.get("each", ())),
        said=kamlab.get("in", {}),
    )


def imports(study: StudyFile) -> Iterator[str]:
    """Name the modules of kamlab that a notebook imports, and what it takes from them.

    What cannot be read is passed over: running the notebook tells of it.
    """
    for cell in json.loads(study.path.read_text(encoding="utf-8"))["cells"]:
        try:
            tree = ast.parse(cell_source(cell) if cell.get("cell_type") == "code" else "")
        except SyntaxError:
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kamlab"):
                yield str(node.module)
                yield from (f"{node.module}.{alias.name}" for alias in node.names)


def find_studies(folder: Path) -> dict[str, StudyFile]:
    """Read all notebooks of a folder, in order of need and else by name.

    Raises
    ------
    UsageError
        If two notebooks carry one name, or needs name a study that is not there or a circle.
    """
    found: dict[str, StudyFile] = {}
    for path in sorted(folder.glob("*.ipynb")):
        study = read_study(path)
        if study.name in found:
            raise UsageError(f"{path.name} is a second notebook of {study.name}.")
        found[study.name] = study
    for study in found.values():
        missing = [need for need in study.needs if need not in found]
        if missing:
            raise UsageError(f"{study.path.name} needs {missing[0]}, which is not in {folder}.")
    return {name: found[name] for name in in_order(list(found), found)}


def in_order(names: list[str], studies: dict[str, StudyFile]) -> list[str]:
    """Sort studies so that each comes after those of the list which it needs.

    Whom the longest chain of others waits for comes first, so that none is left to run alone;
    studies with chains of one length keep the order of the list.

    Examples
    --------
    >>> def study(name, *needs):
    ...     return StudyFile(name, name, "", needs, False, "en", Path(name), ())
    >>> in_order(["summary", "value"], {s.name: s for s in (study("summary", "value"),
    ...                                                     study("value"))})
    ['value', 'summary']
    """
    before = {name: {*studies[name].needs, *studies[name].after} & set(names) for name in names}
    ordered: list[str] = []
    waiting = list(names)
    while waiting:
        ready = [name for name in waiting if not before[name] & set(waiting)]
        if not ready:
            raise UsageError(f"These studies need each other in a circle: {', '.join(waiting)}.")
        ordered += ready
        waiting = [name for name in waiting if name not in ready]
    follow = dict.fromkeys(ordered, 0)
    for name in reversed(ordered):
        for one in before[name]:
            follow[one] = max(follow[one], follow[name] + 1)
    return sorted(names, key=lambda name: -follow[name])


def pick(names: list[str], studies: dict[str, StudyFile]) -> list[str]:
    """Find the studies which the user named, hyphens and underscores alike.

    Raises
    ------
    UsageError
        If there is no such study; the nearest name is suggested.
    """
    picked = []
    for name in names:
        plain = name.removesuffix(".ipynb").replace("_", "-").lower()
        if plain not in studies:
            near = nearest(plain, list(studies)) or f" There are: {', '.join(studies)}."
            raise UsageError(f"There is no study {name!r}.{near}")
        picked.append(plain)
    return list(dict.fromkeys(picked))
