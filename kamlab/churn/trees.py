"""What does each column add to what boosted trees say? Shapley values, exact, tree by tree."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

_MOST_TABLE = 2_000_000  # numbers in one table of patterns; more are worked off in pieces


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A leaf and the way to it.

    Attributes
    ----------
    value : float
    features : tuple of int
        Each feature asked on the way, once.
    ways : tuple of tuple of (int, bool)
        For each feature: nodes that ask it, and whether the way goes left.
    share : np.ndarray of shape (n_features_on_the_way,)
        For each feature: share of training rows that its questions let through.
    """

    value: float
    features: tuple[int, ...]
    ways: tuple[tuple[tuple[int, bool], ...], ...]
    share: np.ndarray


def tree_contributions(
    model: HistGradientBoostingClassifier,
    matrix: np.ndarray,
    background: np.ndarray | None = None,
) -> tuple[np.ndarray, float]:
    """Share out the log-odds of boosted trees among features.

    A leaf is reached where the conditions of all features on its way hold, so that each leaf is a
    game with as many players as its way has features (at most seven here). Its Shapley values are
    an integral over a polynomial, which a few points of Gauss and Legendre give exactly; they
    depend on a row only through which conditions it meets, and are looked up by that pattern.

    Parameters
    ----------
    model : HistGradientBoostingClassifier
        Fitted on numbers, two classes.
    matrix : np.ndarray of shape (n_rows, n_features)
    background : np.ndarray of shape (n_background, n_features), optional
        Rows that stand for the usual one: what is not known of a row is taken from them
        (interventional values). Default: from the shares of training rows that went each way
        (path-dependent values), so that no rows need be kept.

    Returns
    -------
    tuple of np.ndarray of shape (n_rows, n_features) and float
        Contributions and baseline; a row's sum and the baseline add up to its log-odds.

    References
    ----------
    .. [1] S. Lundberg et al., "From local explanations to global understanding with explainable AI
       for trees", Nature Machine Intelligence 2, 2020.
    .. [2] G. Owen, "Multilinear extensions of games", Management Science 18, 1972.

    Examples
    --------
    >>> matrix = np.column_stack([np.arange(100.0), np.arange(100.0) % 7])
    >>> model = HistGradientBoostingClassifier(max_iter=5).fit(matrix, matrix[:, 0] > 40)
    >>> parts, baseline = tree_contributions(model, matrix)
    >>> bool(np.allclose(parts.sum(axis=1) + baseline, model.decision_function(matrix)))
    True
    """
    parts = np.zeros(matrix.shape)
    # scikit-learn has no public way to the trees; a test holds that the parts add up
    baseline = float(np.ravel(model._baseline_prediction)[0])  # noqa: SLF001  see above
    for (predictor,) in model._predictors:  # noqa: SLF001  see above
        nodes = predictor.nodes
        left = _goes_left(nodes, matrix)
        usual = None if background is None else _goes_left(nodes, background)
        for leaf in _leaves(nodes):
            if not leaf.features:
                baseline += leaf.value
                continue
            met = _pattern(leaf, left)
            if usual is None:
                others, weights = leaf.share[None, :], np.ones(1)
            else:
                codes, counts = np.unique(_pattern(leaf, usual), return_counts=True)
                others, weights = _bits(codes, len(leaf.features)), counts / counts.sum()
            baseline += leaf.value * float(weights @ others.prod(axis=1))
            codes, place = np.unique(met, return_inverse=True)
            table = _shapley(_bits(codes, len(leaf.features)), others, weights)
            parts[:, leaf.features] += leaf.value * table[place]
    return parts, baseline


def _goes_left(nodes: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Say for each row and node which way the node's question sends it."""
    left = np.zeros((len(matrix), len(nodes)), bool)
    for number in np.flatnonzero(~nodes["is_leaf"].astype(bool)):
        values = matrix[:, nodes["feature_idx"][number]]
        gone = values <= nodes["num_threshold"][number]
        left[:, number] = np.where(np.isnan(values), nodes["missing_go_to_left"][number], gone)
    return left


def _leaves(nodes: np.ndarray) -> Iterator[_Leaf]:
    """Walk to every leaf."""
    waiting: list[tuple[int, list[tuple[int, bool]]]] = [(0, [])]
    while waiting:
        number, way = waiting.pop()
        node = nodes[number]
        if node["is_leaf"]:
            yield _leaf(nodes, float(node["value"]), way)
            continue
        waiting.append((int(node["left"]), [*way, (number, True)]))
        waiting.append((int(node["right"]), [*way, (number, False)]))


def _leaf(nodes: np.ndarray, value: float, way: list[tuple[int, bool]]) -> _Leaf:
    """Gather the way to a leaf by feature."""
    by_feature: dict[int, list[tuple[int, bool]]] = {}
    share: dict[int, float] = {}
    for number, goes in way:
        feature = int(nodes["feature_idx"][number])
        child = int(nodes["left" if goes else "right"][number])
        by_feature.setdefault(feature, []).append((number, goes))
        passed = nodes["count"][child] / nodes["count"][number]
        share[feature] = share.get(feature, 1.0) * float(passed)
    ways = tuple(tuple(each) for each in by_feature.values())
    return _Leaf(value, tuple(by_feature), ways, np.array(list(share.values())))


def _pattern(leaf: _Leaf, left: np.ndarray) -> np.ndarray:
    """Say which features' conditions each row meets, as the bits of a number."""
    code = np.zeros(len(left), int)
    for place, way in enumerate(leaf.ways):
        meets = np.ones(len(left), bool)
        for number, goes in way:
            meets &= left[:, number] == goes
        code |= meets.astype(int) << place
    return code


def _bits(codes: np.ndarray, count: int) -> np.ndarray:
    """Write numbers as rows of 0 and 1."""
    return ((codes[:, None] >> np.arange(count)) & 1).astype(float)


def _shapley(met: np.ndarray, others: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Give Shapley values of products: patterns that are met, against those of others.

    Parameters
    ----------
    met : np.ndarray of shape (n_patterns, n_features)
    others : np.ndarray of shape (n_others, n_features)
    weights : np.ndarray of shape (n_others,)

    Returns
    -------
    np.ndarray of shape (n_patterns, n_features)
    """
    count = met.shape[1]
    points, mass = np.polynomial.legendre.leggauss((count + 1) // 2)
    points, mass = (points + 1) / 2, mass / 2
    found = np.zeros(met.shape)
    piece = max(1, _MOST_TABLE // (len(met) * len(points) * count))
    for start in range(0, len(others), piece):
        some, weight = others[start : start + piece], weights[start : start + piece]
        # features x points x patterns x others
        mixed = (
            points[:, None, None] * met.T[:, None, :, None]
            + (1 - points)[:, None, None] * some.T[:, None, None, :]
        )
        for place in range(count):
            rest = np.delete(mixed, place, axis=0).prod(axis=0)
            averaged = np.tensordot(mass, rest, axes=1)
            found[:, place] += (averaged * (met[:, place, None] - some[:, place])) @ weight
    return found
