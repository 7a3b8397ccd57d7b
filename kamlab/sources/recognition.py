"""Who is who across the channels, how surely, and to which account does each contact belong?"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from kamlab.sources.clerical import MOST, NONE_DECIDED, desk, worth_asking
from kamlab.sources.clusters import people_of_pairs
from kamlab.sources.linkage import Scores, score_pairs
from kamlab.sources.opening import Sources
from kamlab.sources.people import person_records, records_of_interactions
from kamlab.sources.store import Store, key

_KEPT = ("records", "pairs", "levels")


@dataclass(frozen=True, slots=True)
class People:
    """Persons recognised over all channels. Personal: for the private store, not for pages.

    Attributes
    ----------
    records : pd.DataFrame
        One row a record: `record_id`, `table`, `channel`, `id`, `person_id`, `probability` (of the
        surest pair that joins it to its person; missing where the person has one record),
        `account_id` (as given; two accounts are never merged) and `firm` (the account as given or
        betrayed by e-mail domain or company; else "domain:…" or "company:…", or missing).
    pairs : pd.DataFrame
        `left`, `right`, `probability`, `joined`, `decided` (missing, True same, False different).
    levels : pd.DataFrame
        How much each agreement says; see `linkage.Scores`.
    threshold : float
        Probability from which pairs were joined.
    waiting : int
        Pairs that wait for a person's decision.
    queue : Path or None
        File in which they wait.
    """

    records: pd.DataFrame
    pairs: pd.DataFrame
    levels: pd.DataFrame
    threshold: float
    waiting: int
    queue: Path | None


def recognise(
    known: Sources, *, region: str | None = None, threshold: float = 0.9, seed: int = 1
) -> People:
    """Recognise the persons of a data folder, or find in the store what was recognised before.

    Parameters
    ----------
    known : Sources
        With contacts or interactions; else nobody is recognised.
    region : str, optional
        ISO 3166 code of the country whose telephone numbers carry no country code.
    threshold : float, default 0.9
        Pairs at least so probable are one person, unless a person decided otherwise.
    seed : int, default 1
        Of the pairs taken at random to see how often strangers agree.

    Returns
    -------
    People

    Raises
    ------
    DataRefusedError
        If a decision in the review file cannot be understood.
    """
    tables = {
        name: known.frame(name) if known.has(name) else None
        for name in ("contacts", "interactions", "accounts")
    }
    records = person_records(
        tables["contacts"], tables["interactions"], accounts=tables["accounts"], region=region
    )
    shelf = Store(known.store)
    place = key("people", known.content("contacts", "interactions", "accounts"), region, seed)
    kept = shelf.find(place)
    if kept is None:
        scores = score_pairs(records, seed=seed)
        with shelf.workroom() as room:
            made = room / "entry"
            made.mkdir(mode=0o700)
            scores.pairs.to_parquet(made / "pairs.parquet", index=False)
            scores.levels.to_parquet(made / "levels.parquet", index=False)
            shelf.keep(place, made, {"any_two": scores.any_two})
    else:
        folder = shelf.place(place)
        scores = Scores(
            pd.read_parquet(folder / "pairs.parquet"),
            pd.read_parquet(folder / "levels.parquet"),
            kept["any_two"],
        )
    table = desk(known.store, known.root)
    decided = table.decisions()
    people, doubtful = _people(records, scores, threshold, decided)
    if len(people.records):
        table.lay_out(doubtful.head(MOST), _details(tables, people.records))
    return People(
        people.records, people.pairs, people.levels, threshold, len(doubtful), table.queue
    )


def group(
    records: pd.DataFrame,
    scores: Scores,
    *,
    threshold: float = 0.9,
    decisions: pd.DataFrame | None = None,
) -> People:
    """Group weighed records into persons.

    Parameters
    ----------
    records : pd.DataFrame
        As `people.person_records` gives them.
    scores : Scores
        As `linkage.score_pairs` gives them.
    threshold : float, default 0.9
    decisions : pd.DataFrame, optional
        `left`, `right`, `same`: what a person decided.

    Returns
    -------
    People
    """
    given = NONE_DECIDED if decisions is None else decisions
    people, _ = _people(records, scores, threshold, given)
    return people


def _people(
    records: pd.DataFrame, scores: Scores, threshold: float, decided: pd.DataFrame
) -> tuple[People, pd.DataFrame]:
    """Group records, and choose the pairs to ask about."""
    first = people_of_pairs(
        records["record_id"], scores.pairs, threshold=threshold, decisions=decided
    )
    person = pd.Series(first.to_numpy(), index=records["record_id"])
    pairs = scores.pairs.assign(
        joined=person.reindex(scores.pairs["left"]).to_numpy()
        == person.reindex(scores.pairs["right"]).to_numpy()
    ).merge(decided.rename(columns={"same": "decided"}), on=["left", "right"], how="left")
    within = pairs[pairs["joined"]]
    ends = pd.concat(
        [within[[side, "probability"]].set_axis(["record_id", "probability"], axis=1)
         for side in ("left", "right")]
    )  # fmt: skip
    surest = ends.groupby("record_id")["probability"].max()
    table = records[["record_id", "table", "channel", "id"]].assign(
        person_id=first,
        probability=records["record_id"].map(surest),
        account_id=records["account_id"],
        firm=records["firm"],
    )
    doubtful = worth_asking(scores.pairs, person, decided, threshold=threshold)
    return People(table, pairs, scores.levels, threshold, len(doubtful), None), doubtful


def _details(tables: dict[str, pd.DataFrame | None], records: pd.DataFrame) -> pd.DataFrame:
    """Give the details of records as the sources hold them, by record_id."""
    parts = []
    for name, id_column in (("contacts", "contact_id"), ("interactions", "interaction_id")):
        table = tables[name]
        if table is None:
            continue
        channel = table["channel"] if "channel" in table else pd.Series(None, index=table.index)
        named = name[:1] + "|" + channel.astype("str").fillna("unnamed") + "|" + table[id_column]
        parts.append(table.assign(record_id=named, channel=channel))
    whole = pd.concat(parts, ignore_index=True).drop_duplicates("record_id").set_index("record_id")
    return whole.reindex(records["record_id"])


def expected_quality(people: People) -> pd.DataFrame:
    """Say how good the recognition is by its own probabilities.

    A pair of one person is right if it is so by itself, or if both records belong to their person
    by their surest pairs, whichever is more probable; judged by itself alone, precision is at
    least `precision_low`. (The model takes details for independent of each other, which they are
    not quite, so that the truth lies between the two.) Records that share no detail with any other
    of their person cannot be missed here: recall is that among pairs with something in common.

    Parameters
    ----------
    people : People

    Returns
    -------
    pd.DataFrame
        One row: `records`, `persons`, `in_several_channels` (persons), `pairs_joined`,
        `expected_precision`, `precision_low`, `expected_recall` (0 to 1; missing where no pair was
        joined), `threshold`, `waiting`, `decided`, `decided_same`, `expected_same` (of the decided,
        by the model: near to `decided_same` where its probabilities hold).
    """
    records, pairs = people.records, people.pairs
    sizes = records.groupby("person_id").size()
    joined = sizes * (sizes - 1) // 2
    person = records.set_index("record_id")["person_id"]
    within = pairs[pairs["joined"]]
    surest = records.set_index("record_id")["probability"]
    by_others = surest[within["left"]].to_numpy() * surest[within["right"]].to_numpy()
    right = {}
    for name, chance in (
        ("low", within["probability"]),
        ("high", within["probability"].clip(lower=by_others)),
    ):
        judged = chance.mask(within["decided"].notna(), 1.0)
        mean = judged.groupby(person.reindex(within["left"]).to_numpy()).mean()
        right[name] = float((joined.reindex(mean.index) * mean).sum())
    missed = float(pairs.loc[~pairs["joined"] & pairs["decided"].isna(), "probability"].sum())
    count = int(joined.sum())
    decided = pairs.dropna(subset="decided")
    row = {
        "records": len(records),
        "persons": len(sizes),
        "in_several_channels": _several(records, "channel"),
        "pairs_joined": count,
        "expected_precision": min(1.0, right["high"] / count) if count else np.nan,
        "precision_low": min(1.0, right["low"] / count) if count else np.nan,
        "expected_recall": right["high"] / (right["high"] + missed) if count else np.nan,
        "threshold": people.threshold,
        "waiting": people.waiting,
        "decided": len(decided),
        "decided_same": int(decided["decided"].astype(bool).sum()),
        "expected_same": float(decided["probability"].sum()),
    }
    return pd.DataFrame([row])


def _several(records: pd.DataFrame, column: str) -> int:
    """Count the persons with more than one value in a column."""
    known = records.dropna(subset=column).drop_duplicates(["person_id", column])
    return int((known.groupby("person_id").size() > 1).sum())


def name_accounts(interactions: pd.DataFrame, people: People) -> pd.DataFrame:
    """Give interactions the account that their person, e-mail domain or company betrays.

    A person known at two accounts says nothing by being that person.

    Parameters
    ----------
    interactions : pd.DataFrame
        Canonical.
    people : People

    Returns
    -------
    pd.DataFrame
        The interactions with `account_id` filled where it can be known, and `account_by`: "given",
        "firm" (domain or company), "person", or missing.
    """
    records = people.records.set_index("record_id")
    record = records_of_interactions(interactions)
    firm = record.map(records["firm"]).astype("str")  # as text also where nobody is known
    firm = firm.mask(firm.str.contains(r"^(?:domain|company):", regex=True).fillna(False))
    known = people.records.dropna(subset="account_id").drop_duplicates(["person_id", "account_id"])
    only = known.drop_duplicates("person_id", keep=False).set_index("person_id")["account_id"]
    by_person = record.map(records["person_id"]).map(only)
    given = (
        interactions["account_id"]
        if "account_id" in interactions
        else pd.Series(None, index=interactions.index, dtype="str")
    )
    how = pd.Series("given", index=interactions.index).where(given.notna())
    how = how.mask(how.isna() & firm.notna(), "firm")
    how = how.mask(how.isna() & by_person.notna(), "person")
    filled = given.astype("str").fillna(firm.astype("str")).fillna(by_person.astype("str"))
    return interactions.assign(account_id=filled, account_by=how)
