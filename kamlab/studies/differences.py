"""What moved in the published tables between two runs: rows, and figures beyond a limit?"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

# columns of which at most so many together name a row
_KEY = 3
# columns named in a line, at most
_NAMED = 4


def table_changes(old: dict[str, Any], new: dict[str, Any], limit: float) -> list[str]:
    """Say what moved in the tables of two runs of a study.

    Parameters
    ----------
    old, new : dict
        Manifests with `folder` (Path) and `tables`.
    limit : float
        Share of itself beyond which a figure counts as moved.

    Returns
    -------
    list of str
        One line a table that changed.
    """
    names = {table["name"]: None for run in (old, new) for table in run.get("tables", [])}
    lines = [(name, _one(name, old["folder"], new["folder"], limit)) for name in names]
    return [f"{name}: {said}" for name, said in lines if said]


def _one(name: str, old: Path, new: Path, limit: float) -> str:
    """Compare one table; empty where nothing changed."""
    paths = [folder / "tables" / f"{name}.parquet" for folder in (old, new)]
    there = [path.is_file() for path in paths]
    if not all(there):
        return "new" if there[1] else "gone" if there[0] else ""
    before, after = (pd.read_parquet(path) for path in paths)
    if before.equals(after):
        return ""
    said = []
    for word, these, those in (("new", after, before), ("gone", before, after)):
        columns = [column for column in these if column not in those]
        said += [f"columns {word}: {_listed(columns)}"] if columns else []
    key = row_key(before, after)
    if key:
        named = [t.drop(columns=key).set_index(_index(t, key)) for t in (before, after)]
        said = [*_paired(named[0], named[1], limit, key), *said]
    else:
        said = [f"{len(before):,} to {len(after):,} rows", *said, _totals(before, after, limit)]
    return "; ".join(part for part in said if part)


def row_key(before: pd.DataFrame, after: pd.DataFrame) -> list[str]:
    """Find the first columns that name a row in both tables; none where rows have no name.

    Examples
    --------
    >>> row_key(pd.DataFrame({"a": ["x", "x"], "b": ["y", "z"], "n": [1, 2]}),
    ...         pd.DataFrame({"a": ["x"], "b": ["y"], "n": [1]}))
    ['a', 'b']
    """
    names = [
        column
        for column in after
        if column in before
        and not any(pd.api.types.is_float_dtype(table[column]) for table in (before, after))
        and before[column].dtype == after[column].dtype
    ]
    key: list[str] = []
    for name in sorted(names, key=lambda name: not str(name).endswith("_id"))[:_KEY]:
        key.append(str(name))
        if not any(table[key].map(_plain).duplicated().any() for table in (before, after)):
            return key
    return []


def _plain(value: object) -> object:
    """Make a value one that can be looked up; lists and dictionaries become text."""
    listed = isinstance(value, list | dict | np.ndarray)
    return json.dumps(value, default=str) if listed else value


def _index(table: pd.DataFrame, key: list[str]) -> pd.MultiIndex:
    """Name rows by their key."""
    return pd.MultiIndex.from_frame(table[key].map(_plain))


def _paired(before: pd.DataFrame, after: pd.DataFrame, limit: float, key: list[str]) -> list[str]:
    """Compare two tables row by row."""
    both = after.index.intersection(before.index)
    came, went = len(after) - len(both), len(before) - len(both)
    change = f", {came:,} came, {went:,} went" if came or went else ""
    said = [f"{len(before):,} to {len(after):,} rows by {', '.join(key)}{change}"]
    one, other = before.loc[both], after.loc[both]
    moved = {
        str(column): _moved(one[column], other[column], limit)
        for column in other
        if column in one and _is_number(one[column]) and _is_number(other[column])
    }
    found = [f"{column} of {rows:,}" for column, rows in moved.items() if rows]
    said += [f"moved beyond {limit:.0%}: {_listed(found)}"] if found else []
    return said


def _is_number(column: pd.Series) -> bool:
    """Tell whether a column holds figures."""
    return bool(
        pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype)
    )


def _moved(before: pd.Series, after: pd.Series, limit: float) -> int:
    """Count the rows whose figure moved by more than a share of itself, came or went."""
    old, new = (column.to_numpy(float, na_value=np.nan) for column in (before, after))
    appeared = np.isnan(old) != np.isnan(new)
    with np.errstate(invalid="ignore"):
        far = np.abs(new - old) > limit * np.abs(old)
    return int((appeared | far).sum())


def _totals(before: pd.DataFrame, after: pd.DataFrame, limit: float) -> str:
    """Compare the sums of two tables whose rows have no name."""
    found = []
    for column in after:
        if column in before and _is_number(before[column]) and _is_number(after[column]):
            old, new = float(before[column].sum()), float(after[column].sum())
            if abs(new - old) > limit * abs(old):
                found.append(f"{column} {old:,.6g} to {new:,.6g}")
    return f"sums moved beyond {limit:.0%}: {_listed(found)}" if found else ""


def _listed(names: list[Any]) -> str:
    """Name a few."""
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(map(str, names[:_NAMED])) + more
