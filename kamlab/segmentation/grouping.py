"""Do points fall into groups, into how many, and do the same groups come out again?"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd

KMEANS, MIXTURE, WARD = "k-means", "Gaussian mixture", "hierarchical (Ward)"
METHODS = (KMEANS, MIXTURE, WARD)
_STARTS = 3

Assign = Callable[[np.ndarray], np.ndarray]


@dataclass(frozen=True, slots=True)
class Gap:
    """The gap statistic.

    Attributes
    ----------
    table : pd.DataFrame
        One row a number of groups from 1: `k`, `gap` (how much tighter the groups are than in
        points without groups, in logs) and `gap_error` (standard error, simulation included).
    k : int
        The smallest number whose gap is not below that of the next less its error; 1: no groups.
    """

    table: pd.DataFrame
    k: int


def fit_groups(points: np.ndarray, k: int, method: str, *, seed: int = 0) -> Assign:
    """Group points and give the function that assigns any point to its group.

    Parameters
    ----------
    points : np.ndarray of shape (n_points, n_measures)
        On comparable scales.
    k : int
        Number of groups.
    method : {"k-means", "Gaussian mixture", "hierarchical (Ward)"}
    seed : int, default 0

    Returns
    -------
    callable
        Takes points of the same measures and gives their groups, 0 to k - 1. By Ward's method new
        points go to the group with the nearest centre.

    Raises
    ------
    ValueError
        If the method is not known.
    """
    from sklearn.cluster import AgglomerativeClustering, KMeans
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.mixture import GaussianMixture

    with warnings.catch_warnings():
        # a fit that finds fewer groups than asked, or hardly any end, shows as unstable
        warnings.simplefilter("ignore", ConvergenceWarning)
        if method == KMEANS:
            return KMeans(k, n_init=_STARTS, random_state=seed).fit(points).predict
        if method == MIXTURE:
            mixture = GaussianMixture(k, n_init=_STARTS, reg_covar=1e-2, random_state=seed)
            return mixture.fit(points).predict
    if method != WARD:
        raise ValueError(f"method is one of {METHODS}, not {method!r}")
    groups = AgglomerativeClustering(k).fit_predict(points)
    centres = np.array([points[groups == number].mean(axis=0) for number in range(k)])

    def nearest(others: np.ndarray) -> np.ndarray:
        return ((others[:, None, :] - centres) ** 2).sum(axis=2).argmin(axis=1)

    return nearest


def gap_statistic(points: np.ndarray, most: int, *, references: int = 20, seed: int = 0) -> Gap:
    """Compare how tight groups are with those of points that have none.

    Parameters
    ----------
    points : np.ndarray of shape (n_points, n_measures)
    most : int
        Largest number of groups tried.
    references : int, default 20
        Sets of points without groups: uniform over the box of the principal axes.
    seed : int, default 0

    Returns
    -------
    Gap

    References
    ----------
    .. [1] R. Tibshirani, G. Walther and T. Hastie, "Estimating the number of clusters in a data
       set via the gap statistic", Journal of the Royal Statistical Society B 63, 2001.
    """
    generator = np.random.default_rng(seed)
    centred = points - points.mean(axis=0)
    axes = np.linalg.svd(centred, full_matrices=False)[2]
    turned = centred @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    sizes = range(1, most + 1)
    own = np.array([_looseness(centred, k, seed) for k in sizes])
    drawn = np.array(
        [
            [_looseness(box, k, seed) for k in sizes]
            for box in generator.uniform(low, high, (references, *points.shape))
        ]
    )
    gap = drawn.mean(axis=0) - own
    error = drawn.std(axis=0) * np.sqrt(1 + 1 / references)
    enough = gap[:-1] >= gap[1:] - error[1:]
    k = int(np.argmax(enough)) + 1 if enough.any() else most
    return Gap(pd.DataFrame({"k": list(sizes), "gap": gap, "gap_error": error}), k)


def _looseness(points: np.ndarray, k: int, seed: int) -> float:
    """Give the log of the squared distances from the centres of k groups."""
    groups = fit_groups(points, k, KMEANS, seed=seed)(points)
    inside = sum(
        ((points[groups == number] - points[groups == number].mean(axis=0)) ** 2).sum()
        for number in np.unique(groups)
    )
    return float(np.log(max(inside, np.finfo(float).tiny)))


def indices(points: np.ndarray, most: int, *, seed: int = 0) -> pd.DataFrame:
    """Judge every number of groups by four indices.

    Parameters
    ----------
    points : np.ndarray of shape (n_points, n_measures)
    most : int
        Largest number of groups tried, at least 2.
    seed : int, default 0

    Returns
    -------
    pd.DataFrame
        One row a number of groups from 2: `k`, `silhouette` (-1 to 1, high is good),
        `calinski_harabasz` (high is good), `davies_bouldin` (low is good), all of k-means, and
        `bic` of the Gaussian mixture (low is good).
    """
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
    from sklearn.mixture import GaussianMixture

    rows = []
    for k in range(2, most + 1):
        groups = fit_groups(points, k, KMEANS, seed=seed)(points)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            mixture = GaussianMixture(k, n_init=_STARTS, reg_covar=1e-2, random_state=seed)
            bic = mixture.fit(points).bic(points)
        rows.append(
            (
                k,
                silhouette_score(points, groups),
                calinski_harabasz_score(points, groups),
                davies_bouldin_score(points, groups),
                bic,
            )
        )
    names = ["k", "silhouette", "calinski_harabasz", "davies_bouldin", "bic"]
    return pd.DataFrame(rows, columns=names)


def stability(
    points: np.ndarray, k: int, method: str, *, draws: int = 20, seed: int = 0
) -> tuple[float, float]:
    """Group points drawn with replacement, and see whether the same groups come out.

    Parameters
    ----------
    points : np.ndarray of shape (n_points, n_measures)
    k : int
    method : str
        One of `METHODS`.
    draws : int, default 20
    seed : int, default 0

    Returns
    -------
    tuple of two floats
        Mean and lower tenth of the adjusted Rand index between the groups of all points and those
        found on each draw: 1 the same, 0 as by chance.

    References
    ----------
    .. [1] C. Hennig, "Cluster-wise assessment of cluster stability", Computational Statistics &
       Data Analysis 52, 2007.
    """
    from sklearn.metrics import adjusted_rand_score

    generator = np.random.default_rng(seed)
    whole = fit_groups(points, k, method, seed=seed)(points)
    found = []
    for _ in range(draws):
        some = generator.integers(len(points), size=len(points))
        again = fit_groups(points[some], k, method, seed=seed)(points)
        found.append(adjusted_rand_score(whole, again))
    return float(np.mean(found)), float(np.quantile(found, 0.1))
