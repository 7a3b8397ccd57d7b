"""On which scale were the items of a survey answered, and which answers can be used?

Studies take scores of 1 (worst) to 5 (best). An item on another scale is not read in part: of a
scale of 0 to 10, its answers of 1 to 5 would pass for the whole range. The mapping may name the
scale, and the answers are then brought onto 1 to 5.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

import pandas as pd

from kamlab.sources import sql

LOW, HIGH = 1.0, 5.0
FEW = 0.05  # share of an item's answers that may be typing errors
_TELLS = 20  # answers from which a single file tells of its scale
_BEST = (4, 5, 6, 7, 10, 100)  # of the usual scales
_NAMED = 4  # items whose ranges are told
_OFF = "not from {:g} to {:g}"
_SAID = r"^item (.+) goes from (\S+) to (\S+), not from "
_COLUMNS = ["place", "item", "score", "value", "reason", "expected"]

Scale = tuple[float, float]


def scales(option: Any) -> dict[str, Scale]:  # noqa: ANN401  a list or a table of lists
    """Give the worst and the best score by item, as a block of the mapping says; "" is all items.

    Examples
    --------
    >>> scales([0, 10]), scales({"recommend": [1, 7]}), scales(None)
    ({'': (0.0, 10.0)}, {'recommend': (1.0, 7.0)}, {})
    """
    given = option if isinstance(option, dict) else {"": option} if option else {}
    return {str(item): (float(ends[0]), float(ends[1])) for item, ends in given.items()}


def onto(score: str, item: str, given: Mapping[str, Scale]) -> str:
    """Write the SQL that brings a score linearly from the scale of its item onto 1 to 5.

    Parameters
    ----------
    score, item : str
        SQL of the score as it came, a DOUBLE, and of the item's name.
    given : mapping of str to tuple of float
        From `scales`.
    """
    moved = {
        name: f"1 + 4 * (({score}) - {worst!r}::DOUBLE) / {best - worst!r}::DOUBLE"
        for name, (worst, best) in given.items()
    }
    cases = " ".join(f"WHEN {sql.text(name)} THEN {made}" for name, made in moved.items() if name)
    rest = moved.get("", score)
    return f"CASE {item} {cases} ELSE {rest} END" if cases else rest


def off_share(value: str, low: float | None, high: float | None) -> str:
    """Write the SQL of the share of an item's values in a file that lie outside of a range."""
    outside = f"CASE WHEN {value} NOT BETWEEN {low!r} AND {high!r} THEN 1 WHEN {value} IS NOT NULL"
    return f"avg({outside} THEN 0 END) OVER (PARTITION BY {sql.name('v.item')})"


def judge(answers: pd.DataFrame, given: Mapping[str, Mapping[str, Scale]]) -> pd.DataFrame:
    """Say which answers cannot be used: those of items on another scale, and strays.

    More than one in twenty answers outside of 1 to 5 are no typing errors: the item is then on
    another scale, and none of its answers is used. That is judged over all files of a block of the
    mapping, and for a file by itself where it holds twenty answers to the item or more. Fewer are
    typing errors, and only they are not used.

    Parameters
    ----------
    answers : pd.DataFrame
        One row a file, item and score: `place` (of the file), `block` (of the mapping), `item`,
        `score` (brought onto 1 to 5), `answers` (how many).
    given : mapping of str to mapping of str to tuple of float
        From `scales`, by block.

    Returns
    -------
    pd.DataFrame
        One row a file, item and score that is not used: `place`, `item`, `score`, `value` (as it
        came), `reason`, `expected`.
    """
    told = answers.assign(out=~answers["score"].between(LOW, HIGH))
    pieces = []
    for block, rows in told.groupby("block"):
        own = given.get(str(block), {})
        usual = own.get("", (LOW, HIGH))
        ends = pd.Series([own.get(item, usual) for item in rows["item"]], index=rows.index)
        came = [w + (s - LOW) / 4 * (b - w) for s, (w, b) in zip(rows["score"], ends, strict=True)]
        pieces.append(_of_block(rows.assign(ends=ends, came=came)))
    return pd.concat(pieces)[_COLUMNS] if pieces else pd.DataFrame(columns=_COLUMNS)


def _of_block(rows: pd.DataFrame) -> pd.DataFrame:
    """Judge the items of one block, over all its files and file by file."""
    rows = rows.assign(low=math.nan, high=math.nan, best=math.nan, worst=math.nan, alone=False)
    for _, item in rows.groupby("item"):
        files = [] if _misfits(item) else [file for _, file in item.groupby("place")]
        several = [f for f in files if f["answers"].sum() >= _TELLS and _misfits(f)]
        for part in several if files else [item]:
            wanted = ["low", "high", "worst", "best"]
            rows.loc[part.index, wanted] = (part["came"].min(), part["came"].max(), *_likely(part))
            rows.loc[part.index, "alone"] = bool(files)
    off = rows["low"].notna()
    rows["worst"] = rows.groupby("best")["worst"].transform("min")
    same = off.all() and rows["best"].eq(rows["best"].iloc[0]).all() and not rows["alone"].any()
    bad = rows[off | rows["out"]]
    return bad.assign(
        value=[f"{round(one, 6):g}" for one in bad["came"]],
        reason=[_reason(row) for row in bad.itertuples()],
        expected=[_expected(row, everything=bool(same)) for row in bad.itertuples()],
    )


def _misfits(rows: pd.DataFrame) -> bool:
    """Say whether too many answers lie outside to be typing errors."""
    return bool(rows.loc[rows["out"], "answers"].sum() > FEW * rows["answers"].sum())


def _likely(rows: pd.DataFrame) -> Scale:
    """Guess the scale: from 0 where that was answered, to the first usual end that holds most."""
    worst = 0.0 if (rows["came"] <= 0).any() else 1.0
    for best in _BEST:
        inside = rows["came"].between(worst, best)
        if rows.loc[~inside, "answers"].sum() <= FEW * rows["answers"].sum():
            return worst, float(best)
    return float(math.floor(rows["came"].min())), float(math.ceil(rows["came"].max()))


def _reason(row: Any) -> str:  # noqa: ANN401  a named tuple
    """Say what is wrong with the answers of an item, or with one of them."""
    if math.isnan(row.low):
        return "out of range"
    found = f"goes from {round(row.low, 6):g} to {round(row.high, 6):g}"
    return f"item {row.item!r} {found}, {_OFF.format(*sorted(row.ends))}"


def _expected(row: Any, *, everything: bool) -> str:  # noqa: ANN401  a named tuple
    """Say what is expected of an answer, and what to write where the scale is another."""
    words = "from {:g} to {:g}".format(*sorted(row.ends))
    if math.isnan(row.low):
        return words
    ends = f"[{row.worst:g}, {row.best:g}]"
    name = json.dumps(row.item, ensure_ascii=False)
    where = "[[survey_responses]]"
    where = f"in a block {where} of this file alone" if row.alone else f"under {where}"
    return (
        f"{words}; if {row.worst:g} is its worst and {row.best:g} its best score, write scale = "
        f"{ends if everything else f'{{ {name} = {ends} }}'} {where} in kamlab.toml; if "
        "what lies outside means no answer, leave it empty"
    )


def items_set_aside(refused_sums: pd.DataFrame) -> tuple[str, ...]:
    """Say which items of the survey are in no figure, since they are on another scale.

    Parameters
    ----------
    refused_sums : pd.DataFrame
        As of `Sources`.

    Returns
    -------
    tuple of str
        One sentence with the ranges found of up to four items; empty where all are on the scale.

    Examples
    --------
    >>> sums = pd.DataFrame(
    ...     {"table": ["survey_responses"], "rows": [300],
    ...      "reason": ["item 'recommend us' goes from 0 to 10, not from 1 to 5"]})
    >>> items_set_aside(sums)[0].split(":")[0]
    "300 answers are set aside, since their items are on another scale ('recommend us' 0–10)"
    """
    mine = refused_sums[refused_sums["table"] == "survey_responses"]
    found = mine["reason"].str.extract(_SAID).dropna()
    if found.empty:
        return ()
    listed = [f"{item} {low}–{high}" for item, low, high in found.to_numpy()]
    told = ", ".join(listed[:_NAMED]) + (", …" if len(listed) > _NAMED else "")
    said = (
        f"{mine.loc[found.index, 'rows'].sum():,} answers are set aside, since their items are on "
        f"another scale ({told}): `kamlab check` says what to write in kamlab.toml."
    )
    return (said,)
