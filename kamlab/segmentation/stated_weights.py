"""How does the analyst say how much each criterion counts? In words, in comparisons, in a file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kamlab.segmentation.weights import (
    ahp,
    best_worst,
    critic_weights,
    direct_weights,
    entropy_weights,
)

EQUAL, ENTROPY, CRITIC = "equal", "entropy", "critic"
_ENTRY = re.compile(r"^\s*(?P<what>[^=:]+?)\s*[=:]\s*(?P<number>[0-9.]+(?:\s*/\s*[0-9.]+)?)\s*$")


@dataclass(frozen=True, slots=True)
class Stated:
    """Weights as the analyst stated them.

    Attributes
    ----------
    weights : pd.Series of shape (n_criteria,)
        By criterion, sum to 1; 0 for a criterion that was not named.
    how : str
        In words.
    warning : str
        Where comparisons contradict each other; else empty.
    repair : pd.DataFrame
        The comparisons that contradict the others most, see `Comparisons.repair`; empty without
        comparisons.
    """

    weights: pd.Series
    how: str
    warning: str = ""
    repair: pd.DataFrame | None = None


def read_weights(
    text: str,
    matrix: pd.DataFrame,
    high_is_good: Mapping[str, bool] | None = None,
    *,
    folder: Path | str = ".",
    usual: Mapping[str, float] | None = None,
) -> Stated:
    """Read how much each criterion counts.

    Parameters
    ----------
    text : str
        One of: empty (as usual); "equal"; "entropy" or "critic" (from the data); weights such as
        "margin = 3, growth = 1"; all pairwise comparisons such as
        "margin/growth = 3, margin/payment = 5, growth/payment = 2" (AHP); or the name of a CSV file
        ending in .csv: with columns `criterion` and `weight`; with `criterion`, `best_to_others`
        and `others_to_worst` (best-worst method); or a square of comparisons whose first column
        and header name the criteria (fractions such as 1/3 may be written).
    matrix : pd.DataFrame of shape (n_accounts, n_criteria)
        The criteria that have data; for weights from data also their values.
    high_is_good : mapping of criterion to bool, optional
    folder : path
        Where a file without a whole path is looked for.
    usual : mapping of criterion to float, optional
        Weights that hold where the text is empty, such as those of the industry's profile; equal
        weights where there are none, or none of a criterion with data.

    Returns
    -------
    Stated

    Raises
    ------
    ValueError
        If the text cannot be read, names a criterion that is not there, or leaves out a pair.

    Examples
    --------
    >>> known = pd.DataFrame({"margin": [1.0, 2.0], "growth": [0.0, 1.0]})
    >>> read_weights("margin = 3, growth = 1", known).weights.tolist()
    [0.75, 0.25]
    >>> read_weights("margin/growth = 3", known).weights.round(2).tolist()
    [0.75, 0.25]
    """
    names = [str(name) for name in matrix.columns]
    asked = text.strip()
    if not names:
        return Stated(pd.Series(dtype=float, name="weight"), "no criterion has data")
    weights = {name: float((usual or {}).get(name, 0.0)) for name in names}
    if not asked and len(set(weights.values())) > 1:
        return Stated(direct_weights(weights), "weights of the industry profile")
    if asked.lower() in ("", EQUAL):
        return Stated(direct_weights(dict.fromkeys(names, 1.0)), "equal weights")
    if asked.lower() in (ENTROPY, CRITIC):
        return Stated(from_data(matrix, high_is_good)[asked.lower()], f"{asked.lower()} weights")
    if asked.lower().endswith(".csv"):
        return _from_file(Path(folder) / asked, names)
    entries = _entries(asked)
    if any("/" in what for what in entries):
        return _from_comparisons(_square(entries, names), names, "pairwise comparisons (AHP)")
    return Stated(_all_named(entries, names), "weights as stated")


def from_data(
    matrix: pd.DataFrame, high_is_good: Mapping[str, bool] | None = None
) -> dict[str, pd.Series]:
    """Give the weights that the data alone suggest: entropy and CRITIC.

    Parameters
    ----------
    matrix : pd.DataFrame of shape (n_accounts, n_criteria)
        No missing values. For the entropy every criterion is brought to 0 to 1 first, since some,
        such as growth, are below nought.
    high_is_good : mapping of criterion to bool, optional
    """
    span = (matrix.max() - matrix.min()).replace(0, 1)
    return {
        ENTROPY: entropy_weights((matrix - matrix.min()) / span),
        CRITIC: critic_weights(matrix, high_is_good),
    }


def _entries(text: str) -> dict[str, float]:
    """Split "a = 1, b/c = 2" into its numbers."""
    found = {}
    for part in re.split(r"[,;]", text):
        match = _ENTRY.match(part)
        if not match:
            raise ValueError(
                f"{part.strip()!r} is no weight: write 'criterion = number', separated by commas, "
                "or 'one/other = number' for how many times as important one is"
            )
        what = match["what"].strip()
        if what in found:
            raise ValueError(f"{what!r} is given twice")
        found[what] = _number(match["number"])
    return found


def _number(text: object) -> float:
    """Read a number or a fraction such as 1/3."""
    parts = str(text).split("/")
    try:
        value = float(parts[0])
        for part in parts[1:]:
            value /= float(part)
    except (ValueError, ZeroDivisionError):
        raise ValueError(f"{text!r} is no number") from None
    return value


def _all_named(stated: Mapping[str, float], names: list[str]) -> pd.Series:
    """Scale weights to sum 1 over the criteria that have data; those not named count nothing."""
    strange = sorted(set(stated) - set(names))
    if strange:
        raise ValueError(f"no criterion {strange[0]!r} with data; there are: {', '.join(names)}")
    return direct_weights({name: stated.get(name, 0.0) for name in names})


def _square(entries: Mapping[str, float], names: list[str]) -> pd.DataFrame:
    """Set comparisons into a square; every pair of the criteria named must be there once."""
    pairs = {}
    for what, value in entries.items():
        sides = [side.strip() for side in what.split("/")]
        if len(sides) != 2 or sides[0] == sides[1] or value <= 0:
            raise ValueError(f"{what!r} is no comparison of two criteria by a positive number")
        pairs[sides[0], sides[1]] = value
    used = list(dict.fromkeys(side for pair in pairs for side in pair))
    for name in used:
        if name not in names:
            raise ValueError(f"no criterion {name!r} with data; there are: {', '.join(names)}")
    square = pd.DataFrame(np.eye(len(used)), used, used)
    for place, one in enumerate(used):
        for other in used[place + 1 :]:
            if ((one, other) in pairs) == ((other, one) in pairs):
                raise ValueError(f"compare {one!r} with {other!r} once: '{one}/{other} = number'")
            value = pairs.get((one, other)) or 1 / pairs[other, one]
            square.loc[one, other], square.loc[other, one] = value, 1 / value
    return square


def _from_comparisons(square: pd.DataFrame, names: list[str], how: str) -> Stated:
    """Draw weights from a square of comparisons, with what contradicts."""
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the warning is handed on in words
        made = ahp(square)
    said = f"{how}, consistency ratio {made.consistency_ratio:.3f}"
    weights = _all_named(made.weights.to_dict(), names)
    return Stated(weights, said, made.warning, made.repair)


def _from_file(path: Path, names: list[str]) -> Stated:
    """Read weights, comparisons with best and worst, or a square of comparisons."""
    try:
        table = pd.read_csv(path, dtype=str)
    except (OSError, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ValueError(f"the weights in {path.name} cannot be read: {error}") from None
    table.columns = [str(column).strip() for column in table.columns]
    first = table.columns[0]
    table[first] = table[first].str.strip()
    numbers = table.set_index(first).map(_number)
    if list(numbers.columns) == ["weight"]:
        return Stated(_all_named(numbers["weight"].to_dict(), names), f"weights of {path.name}")
    if {"best_to_others", "others_to_worst"} <= set(numbers.columns):
        to_others, to_worst = numbers["best_to_others"], numbers["others_to_worst"]
        # the best is as important as itself, and the worst too
        best, worst = str(to_others.idxmin()), str(to_worst.idxmin())
        made = best_worst(best, worst, to_others.to_dict(), to_worst.to_dict())
        said = f"best-worst method, {path.name}, deviation {made.deviation:.3f}"
        return Stated(_all_named(made.weights.to_dict(), names), said)
    if set(numbers.columns) != set(numbers.index):
        raise ValueError(
            f"{path.name} has neither the column 'weight', nor 'best_to_others' and "
            "'others_to_worst', nor the same criteria in rows and columns"
        )
    square = numbers[list(numbers.index)]
    return _from_comparisons(square, names, f"pairwise comparisons of {path.name} (AHP)")
