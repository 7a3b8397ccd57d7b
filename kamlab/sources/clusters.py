"""Which records are one person, once pairs are weighed and a person has decided doubtful ones?

Likely pairs are followed from the surest down. Two groups become one person unless the pairs
between them speak against it on the whole: a chain of likely pairs must not join two people who
are told apart elsewhere.
"""

from collections import defaultdict

import numpy as np
import pandas as pd

_AGAINST = 0.5  # mean probability of the pairs between two groups below which they stay apart


def people_of_pairs(
    record_ids: pd.Series,
    pairs: pd.DataFrame,
    *,
    threshold: float = 0.9,
    decisions: pd.DataFrame | None = None,
) -> pd.Series:
    """Group records into persons.

    Parameters
    ----------
    record_ids : pd.Series of shape (n,)
        All records, unique.
    pairs : pd.DataFrame
        `left`, `right`, `probability`.
    threshold : float, default 0.9
        Pairs at least so probable join.
    decisions : pd.DataFrame, optional
        `left`, `right` and `same` (bool): what a person has decided. It overrides all
        probabilities: "same" always joins, "different" always keeps apart, unless the decisions
        contradict each other; then the surest-first order decides and "same" goes first.

    Returns
    -------
    pd.Series of shape (n,)
        For each record the smallest record_id of its person; with the index of `record_ids`.

    Examples
    --------
    >>> pairs = pd.DataFrame({"left": ["a", "b"], "right": ["b", "c"], "probability": [0.99, 0.2]})
    >>> people_of_pairs(pd.Series(["a", "b", "c"]), pairs).tolist()
    ['a', 'a', 'c']
    """
    if not 0 < threshold <= 1:
        raise ValueError(f"threshold is {threshold}; it must be above 0 and at most 1")
    ids = pd.Index(record_ids)
    left, right = ids.get_indexer(pairs["left"]), ids.get_indexer(pairs["right"])
    known = (left >= 0) & (right >= 0)
    left, right = left[known], right[known]
    probability = pairs["probability"].to_numpy(float)[known]
    forced, apart = _decided(decisions, ids)
    group = _Groups(len(ids), left, right, probability, apart)
    for one, other in forced:
        group.join(one, other, ask=False)
    likely = np.flatnonzero(probability >= threshold)
    # the surest first; of equals the smaller identifiers, so that the order of rows is nothing
    order = np.lexsort((right[likely], left[likely], -np.round(probability[likely], 9)))
    for place in likely[order].tolist():
        group.join(int(left[place]), int(right[place]), ask=True)
    first: dict[int, str] = {}
    heads = [group.head(place) for place in range(len(ids))]
    for name, head in zip(ids.tolist(), heads, strict=True):
        first[head] = min(first.get(head, name), name)
    return pd.Series([first[head] for head in heads], index=record_ids.index, dtype="str")


def _decided(
    decisions: pd.DataFrame | None, ids: pd.Index
) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
    """Give the places of pairs that a person called the same, and those called different."""
    if decisions is None or decisions.empty:
        return [], []
    known = decisions[decisions["left"].isin(ids) & decisions["right"].isin(ids)]
    left, right = ids.get_indexer(known["left"]), ids.get_indexer(known["right"])
    places = sorted(zip(left.tolist(), right.tolist(), known["same"].tolist(), strict=True))
    return [(a, b) for a, b, same in places if same], [(a, b) for a, b, same in places if not same]


class _Groups:
    """Disjoint groups of records that know what speaks for and against joining them.

    Parameters
    ----------
    records : int
    left, right : np.ndarray of shape (n_pairs,)
        Places of the records of each pair.
    probability : np.ndarray of shape (n_pairs,)
    apart : list of (int, int)
        Pairs that must not be joined.
    """

    def __init__(
        self,
        records: int,
        left: np.ndarray,
        right: np.ndarray,
        probability: np.ndarray,
        apart: list[tuple[int, int]],
    ) -> None:
        self._parent = list(range(records))
        self._between: list[dict[int, tuple[float, int]] | None] = [None] * records
        listed = zip(left.tolist(), right.tolist(), probability.tolist(), strict=True)
        for one, other, sure in listed:
            self._add(one, other, sure, 1)
        self._apart: dict[int, set[int]] = defaultdict(set)
        for one, other in apart:
            self._apart[one].add(other)
            self._apart[other].add(one)

    def head(self, place: int) -> int:
        """Give the record that stands for a group."""
        while self._parent[place] != place:
            self._parent[place] = self._parent[self._parent[place]]
            place = self._parent[place]
        return place

    def join(self, one: int, other: int, *, ask: bool) -> None:
        """Make one group of two, where `ask` only if nothing speaks against it."""
        a, b = self.head(one), self.head(other)
        if a == b:
            return
        if ask:
            total, count = (self._between[a] or {}).get(b, (0.0, 0))
            if b in self._apart.get(a, ()) or (count and total / count < _AGAINST):
                return
        if len(self._between[a] or ()) < len(self._between[b] or ()):
            a, b = b, a
        self._parent[b] = a
        for near, (total, count) in (self._between[b] or {}).items():
            beside = self._between[near]
            if beside is not None:
                beside.pop(b, None)
            if near != a:
                self._add(a, near, total, count)
        self._between[b] = None
        for near in self._apart.pop(b, set()):
            self._apart[near].discard(b)
            if near != a:
                self._apart[near].add(a)
                self._apart[a].add(near)

    def _add(self, one: int, other: int, total: float, count: int) -> None:
        """Note pairs between two groups on both sides."""
        for near, far in ((one, other), (other, one)):
            beside = self._between[near]
            if beside is None:
                beside = self._between[near] = {}
            before, times = beside.get(far, (0.0, 0))
            beside[far] = (before + total, times + count)
