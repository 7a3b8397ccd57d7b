"""What did a study say the time before, what moved since, and what differs in what went in?"""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd

from kamlab.studies.history import compare
from kamlab.studies.index import standing
from kamlab.studies.manifest import read_json, read_manifests
from kamlab.studies.notebook import Study
from kamlab.studies.publish import NEEDS
from kamlab.studies.sight import before_of


@dataclass(frozen=True, slots=True)
class Before:
    """The run of a study before its last one, on the same data.

    Attributes
    ----------
    as_of : str
        Its day; empty where there is no such run.
    table : pd.DataFrame or None
        What it published.
    moved : list of str
        One line a headline figure.
    causes : list of str
        What differs in data, parameters and code: the likely reasons.
    """

    as_of: str = ""
    table: pd.DataFrame | None = None
    moved: list[str] = field(default_factory=list)
    causes: list[str] = field(default_factory=list)


def before(study: Study, name: str, table: str) -> Before:
    """Find what another study said the time before the run that is read now.

    Parameters
    ----------
    study : Study
        Knows where studies are published, the data and the day.
    name : str
        The other study.
    table : str
        Name of its table.

    Returns
    -------
    Before
        Empty where nothing was published before, or the last run is of another day or data.
    """
    if not study.published or not (study.published / name).is_dir():
        return Before()
    latest, earlier = _two(study, study.published / name)
    same = latest.get("data") in (str(study.data), None, "")
    if not earlier or not same or (study.as_of and latest.get("as_of") != study.as_of):
        return Before()
    path = earlier["folder"] / "tables" / f"{table}.parquet"
    found = compare(earlier, latest)
    return Before(
        str(earlier.get("as_of", "")),
        pd.read_parquet(path) if path.is_file() else None,
        found.moved,
        found.causes,
    )


def _two(study: Study, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Find the run that is read and the one before: those that the runner named, if it runs."""
    if not study.out or not (study.out / NEEDS).is_file():
        return standing(folder)[:2]
    told = read_json(study.out / NEEDS)
    runs = {run["run"]: run for run in read_manifests(folder)}
    now, then = (told.get(name, "") for name in (folder.name, before_of(folder.name)))
    return runs.get(now, {}), runs.get(then, {})


def joined_and_left(now: pd.DataFrame, then: pd.DataFrame) -> pd.DataFrame:
    """Say which accounts joined a list and which left it.

    Parameters
    ----------
    now, then : pd.DataFrame
        `account_id`, `name`, `rank`, `selected` and `reason`, of the last run and the one before.

    Returns
    -------
    pd.DataFrame
        `account_id`, `name`, `change` (joined or left), `rank_before`, `rank`, `why`: the reason of
        the last run, or that the account is not in it any more. Those that joined first, by rank.
    """
    columns = ["account_id", "name", "rank", "selected", "reason"]
    both = now[columns].merge(then[columns], on="account_id", how="outer", suffixes=("", "_before"))
    is_in = both["selected"].astype("boolean").fillna(value=False)
    was_in = both["selected_before"].astype("boolean").fillna(value=False)
    both["name"] = both["name"].fillna(both["name_before"])
    both["why"] = both["reason"].fillna("it is not among the accounts any more")
    both["change"] = "joined"
    both.loc[was_in, "change"] = "left"
    moved = both[is_in != was_in].sort_values(["change", "rank", "rank_before", "account_id"])
    shown = ["account_id", "name", "change", "rank_before", "rank", "why"]
    return moved[shown].reset_index(drop=True)
