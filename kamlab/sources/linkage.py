"""Which records speak of the same person, and how surely? Fellegi and Sunter's model, by Splink.

Each pair of records that agree in at least one detail is weighed: how much more often do two
records of one person agree so, than two of different persons? How often different persons agree is
counted on pairs at random; how often one person's records agree is estimated from the pairs
themselves (expectation maximisation), where there are enough of them. What a table is too small to
tell is taken from `USUAL`.

References
----------
.. [1] I. Fellegi and A. Sunter, "A theory for record linkage", Journal of the American Statistical
   Association 64, 1969.
.. [2] R. Linacre et al., "Splink: free software for probabilistic record linkage at scale",
   International Journal of Population Data Science 7, 2022.
"""

import logging
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from kamlab.sources import sql

if TYPE_CHECKING:
    from splink import Linker

_ENOUGH = 300  # records from which the model is fitted to the table itself
_ENOUGH_PAIRS = 100  # pairs that agree in a detail, from which the others are estimated
_MOST_SHARING = 40  # a detail that more records share does not by itself make them candidates
_RANDOM_PAIRS = 4e5
_TRUST = 0.9  # weight of what was estimated against what is usual
_FLOOR = 1e-6


@dataclass(frozen=True, slots=True)
class Level:
    """One way in which two records compare in a detail.

    Attributes
    ----------
    comparison : str
        The detail.
    label : str
        How they agree.
    condition : str
        SQL of the agreement; "" for anything else.
    m, u : float
        Probability of the agreement for two records of one person, and of different persons.
    frequent : str
        Column whose frequent values weigh less; "" where all weigh the same.
    """

    comparison: str
    label: str
    condition: str
    m: float
    u: float
    frequent: str = ""


def _near(column: str) -> str:
    """Write that two values differ by one letter or by two that changed places."""
    return f"damerau_levenshtein({column}_l, {column}_r) <= 1"


_ONE_DOMAIN = "domain_l = domain_r"
_SHORTENED = "(abbreviated_l OR abbreviated_r)"
USUAL = (
    Level("name", "same", "name_key_l = name_key_r", 0.72, 0.001, "name_key"),
    Level("name", "same with initial", f"short_l = short_r AND {_SHORTENED}", 0.15, 0.001),
    Level(
        "name",
        "mistyped",
        f"{_near('name_key')} OR ({_SHORTENED} AND left(short_l, 1) = left(short_r, 1) "
        f"AND {_near('short')})",
        0.09,
        0.001,
    ),
    Level("name", "other", "", 0.04, 0.997),
    Level("phone", "same", "phone_key_l = phone_key_r", 0.9, 0.0001),
    Level("phone", "mistyped", _near("phone_key"), 0.02, 0.0001),
    Level("phone", "other", "", 0.08, 0.9998),
    Level("email", "same", "email_key_l = email_key_r", 0.7, 0.0001),
    Level(
        "email", "same initial and name", f"mailbox_l = mailbox_r AND {_ONE_DOMAIN}", 0.18, 0.0005
    ),
    Level("email", "other", "", 0.12, 0.9994),
    Level("birth", "same", "birth_key_l = birth_key_r", 0.95, 0.0001),
    Level("birth", "mistyped", _near("birth_key"), 0.03, 0.002),
    Level("birth", "other", "", 0.02, 0.9979),
    Level("firm", "same", "firm_l = firm_r", 0.93, 0.01),
    Level("firm", "other", "", 0.07, 0.99),
    Level("address", "same", "address_key_l = address_key_r", 0.85, 0.001),
    Level("address", "other", "", 0.15, 0.999),
    Level("gender", "same", "gender_key_l = gender_key_r", 0.97, 0.5),
    Level("gender", "other", "", 0.03, 0.5),
    Level("occupation", "same", "occupation_key_l = occupation_key_r", 0.85, 0.2),
    Level("occupation", "other", "", 0.15, 0.8),
)
# The same name at two firms makes j.weber@one and j.weber@other: the name has said so already.
_SAYS_NOTHING = {
    "email": f"mailbox_l = mailbox_r AND email_key_l <> email_key_r AND ({_ONE_DOMAIN}) IS NOT TRUE"
}
_COLUMNS = {
    "name": "name_key",
    "phone": "phone_key",
    "email": "email_key",
    "birth": "birth_key",
    "firm": "firm",
    "address": "address_key",
    "gender": "gender_key",
    "occupation": "occupation_key",
}
_BLOCKS = ("phone_key", "email_key", "name_key", "firm", "birth_key", "address_key")


@dataclass(frozen=True, slots=True)
class Scores:
    """Candidate pairs with their probability.

    Attributes
    ----------
    pairs : pd.DataFrame
        `left`, `right` (record_id, left < right) and `probability` (0 to 1) that both are of one
        person. In the order of left and right.
    levels : pd.DataFrame
        The model: `comparison`, `level`, `m`, `u`, `weight` (bits: log2 of m/u).
    any_two : float
        Probability that two records taken at random are of one person.
    """

    pairs: pd.DataFrame
    levels: pd.DataFrame
    any_two: float


def score_pairs(records: pd.DataFrame, *, least: float = 0.001, seed: int = 1) -> Scores:
    """Weigh all pairs of records that agree in a detail.

    Parameters
    ----------
    records : pd.DataFrame
        As `people.person_records` gives them, in the order of `record_id`.
    least : float, default 0.001
        Pairs less probable than this are left out.
    seed : int, default 1
        Of the pairs taken at random.

    Returns
    -------
    Scores

    Examples
    --------
    >>> from kamlab.sources.people import person_records
    >>> told = pd.DataFrame({"contact_id": ["1", "2", "3"], "channel": ["a", "b", "b"]})
    >>> told["name"], told["phone"] = ["Koch, Elena", "E. Koch", "Ines Rossi"], "0780/542977"
    >>> told.loc[2, "phone"] = None
    >>> score_pairs(person_records(told)).pairs.round(2).values.tolist()
    [['c|a|1', 'c|b|2', 1.0]]
    """
    levels: tuple[Level, ...] = USUAL
    found = pd.DataFrame({"left": [], "right": [], "weight": []}, dtype=float)
    if len(records) > 1:
        table = _prepared(records)
        if len(records) >= _ENOUGH:
            with _linker(table, levels, 1 / len(records)) as linker:
                levels = _fitted(linker, table, seed)
        with _linker(table, levels, 0.5) as linker:  # even odds: what comes back is the evidence
            found = _weights(linker)
    probability, any_two = _probabilities(found["weight"].to_numpy(float), len(records))
    ids = records["record_id"].to_numpy()
    pairs = pd.DataFrame(
        {
            "left": ids[found["left"].to_numpy(int)],
            "right": ids[found["right"].to_numpy(int)],
            "probability": probability,
        }
    ).astype({"left": "str", "right": "str"})
    pairs = pairs[pairs["probability"] >= least].sort_values(["left", "right"], ignore_index=True)
    return Scores(pairs, _listed(levels), any_two)


def _prepared(records: pd.DataFrame) -> pd.DataFrame:
    """Give the records a number, and blank in the blocks what too many share."""
    table = records.drop(columns=["record_id", "table", "id", "account_id"])
    table.insert(0, "unique_id", np.arange(len(records)))
    for column in _BLOCKS:
        shared = records[column].map(records[column].value_counts())
        table[f"block_{column}"] = records[column].where(shared <= _MOST_SHARING)
    table["block_firm_name"] = (records["firm"] + "|" + records["short"]).where(
        table["block_firm"].isna()
    )
    return table


@contextmanager
def _linker(table: pd.DataFrame, levels: tuple[Level, ...], any_two: float) -> "Iterator[Linker]":
    """Give Splink's linker of a table, in a database of its own and without its talk."""
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on

    logger, spill = logging.getLogger("splink"), tempfile.TemporaryDirectory(prefix="kamlab-")
    connection, before = sql.connect(Path(spill.name)), logger.level
    logger.setLevel(logging.ERROR)
    try:
        database = DuckDBAPI(connection)
        settings = SettingsCreator(
            link_type="dedupe_only",
            comparisons=_comparisons(levels),
            blocking_rules_to_generate_predictions=[
                block_on(f"block_{column}") for column in (*_BLOCKS, "firm_name")
            ],
            probability_two_random_records_match=any_two,
            retain_matching_columns=False,
        )
        yield Linker(database.register(table), settings, log_level=None)
    finally:
        logger.setLevel(before)
        connection.close()
        spill.cleanup()


def _comparisons(levels: tuple[Level, ...]) -> list[Any]:
    """Say in Splink's terms how records compare."""
    import splink.comparison_level_library as cll
    from splink.comparison_library import CustomComparison

    made = []
    for name, column in _COLUMNS.items():
        unknown = f"{column}_l IS NULL OR {column}_r IS NULL"
        if name in _SAYS_NOTHING:
            unknown += f" OR ({_SAYS_NOTHING[name]})"
        steps: list[Any] = [cll.CustomLevel(unknown, "unknown").configure(is_null_level=True)]
        for level in (one for one in levels if one.comparison == name):
            step: Any
            if not level.condition:
                step = cll.ElseLevel()
            elif level.frequent:
                step = cll.ExactMatchLevel(column, term_frequency_adjustments=True)
            else:
                step = cll.CustomLevel(level.condition, level.label)
            steps.append(step.configure(m_probability=level.m, u_probability=level.u))
        made.append(CustomComparison(output_column_name=name, comparison_levels=steps))
    return made


def _fitted(linker: "Linker", table: pd.DataFrame, seed: int) -> tuple[Level, ...]:
    """Estimate how often records agree, and draw what was found towards what is usual."""
    from splink import block_on

    linker.training.estimate_u_using_random_sampling(
        max_pairs=_RANDOM_PAIRS, seed=seed, min_count_per_level=None
    )
    for columns in (["phone_key"], ["email_key"], ["name_key", "firm"]):
        if _agreeing(table, columns) >= _ENOUGH_PAIRS:
            linker.training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    found = _parameters(linker)
    drawn = {
        (one.comparison, one.label): _TRUST * (found[one.comparison, one.label][0] or one.m)
        + (1 - _TRUST) * one.m
        for one in USUAL
    }
    exact = {name: _share_agreeing(table, column) for name, column in _COLUMNS.items()}
    # agreement in what is a person's own is agreement of one person, but for chance
    own = [
        exact[name] / drawn[name, "same"]
        for name in ("phone", "email", "birth")
        if _agreeing(table, [_COLUMNS[name]]) >= _ENOUGH_PAIRS
    ]
    share = min(own, default=0.0)
    made = []
    for one in USUAL:
        m, u = drawn[one.comparison, one.label], found[one.comparison, one.label][1]
        if one.label == "same" and exact[one.comparison] > 0:
            u = exact[one.comparison]
        if u is None:
            u = one.u
        elif one.condition:  # pairs at random hold some of one person
            u = max((u - share * m) / (1 - share), 0.02 * u, _FLOOR)
        made.append(replace(one, m=m, u=u))
    return _normalised(made)


def _agreeing(table: pd.DataFrame, columns: list[str]) -> int:
    """Count the pairs that have the same values in some columns."""
    size = table.dropna(subset=columns).groupby(columns).size().to_numpy(float)
    return int((size * (size - 1) / 2).sum())


def _share_agreeing(table: pd.DataFrame, column: str) -> float:
    """Give the share of pairs with the same value, of those that both have one."""
    known = int(table[column].notna().sum())
    return _agreeing(table, [column]) / (known * (known - 1) / 2) if known > 1 else 0.0


def _parameters(linker: "Linker") -> dict[tuple[str, str], tuple[float | None, float | None]]:
    """Read the m and u which Splink has estimated, by comparison and level of ours."""
    said = linker.misc.save_model_to_json()["comparisons"]
    found = {}
    for name in _COLUMNS:
        (comparison,) = (one for one in said if one["output_column_name"] == name)
        levels = [one for one in comparison["comparison_levels"] if not one.get("is_null_level")]
        for level, one in zip((x for x in USUAL if x.comparison == name), levels, strict=True):
            found[name, level.label] = one.get("m_probability"), one.get("u_probability")
    return found


def _normalised(levels: list[Level]) -> tuple[Level, ...]:
    """Let the probabilities of each comparison add up to one; the rest goes to "other"."""
    made = []
    for one in levels:
        siblings = [other for other in levels if other.comparison == one.comparison]
        whole = sum(other.m for other in siblings)
        named = sum(other.u for other in siblings if other.condition)
        u = min(one.u, 0.99) if one.condition else max(1 - named, 0.01)
        made.append(replace(one, m=one.m / whole, u=u))
    return tuple(made)


def _weights(linker: "Linker") -> pd.DataFrame:
    """Give the evidence on each candidate pair, in bits."""
    predicted = linker.inference.predict(threshold_match_weight=-12)
    named = 'unique_id_l AS "left", unique_id_r AS "right", match_weight AS weight'
    made: pd.DataFrame = predicted.as_duckdbpyrelation().project(named).df()
    return made


def _probabilities(weight: np.ndarray, records: int) -> tuple[np.ndarray, float]:
    """Turn evidence into probabilities, with the share of pairs of one person that agrees with it.

    Parameters
    ----------
    weight : numpy.ndarray of shape (n_pairs,)
        log2 of the likelihood ratio.
    records : int
        Number of records.

    Returns
    -------
    probability : numpy.ndarray of shape (n_pairs,)
    any_two : float
        Such that it is the mean of the probabilities over all pairs of records.
    """
    pairs = max(records * (records - 1) / 2, 1.0)
    ratio = np.exp2(np.clip(weight, -60, 60))
    any_two = min(0.5, 1 / max(records, 1))
    probability = np.zeros(len(weight))
    for _ in range(50):
        odds = ratio * any_two / (1 - any_two)
        probability = odds / (1 + odds)
        # one pair is allowed for, so that a table without any does not end in certainty
        any_two = min(0.5, (probability.sum() + 1) / (pairs + 1))
    return probability, any_two


def _listed(levels: tuple[Level, ...]) -> pd.DataFrame:
    """List the model."""
    table = pd.DataFrame(
        {
            "comparison": [one.comparison for one in levels],
            "level": [one.label for one in levels],
            "m": [one.m for one in levels],
            "u": [one.u for one in levels],
        }
    )
    return table.assign(weight=np.log2(table["m"] / table["u"]))
