"""Which kinds of accounts are there, if the data show any at all?

Kinds are found in what accounts do, on scales on which a tenfold account is not a hundred times
another. They are only named where three tests of different kinds agree that there is something to
name: groups are tighter than in data without groups (gap statistic), accounts are nearer to their
own group than to the next (silhouette), and the same groups come out of accounts drawn anew.
"""

import importlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
from threadpoolctl import threadpool_limits

from kamlab.segmentation.grouping import METHODS, fit_groups, gap_statistic, indices, stability

LEAST_ACCOUNTS = 30
LEAST_SILHOUETTE = 0.25  # below: no substantial structure (Kaufman and Rousseeuw 1990)
LEAST_STABILITY = 0.6  # below: not to be trusted (Hennig 2007)
_MOST_POINTS = 1_000
_KNOWN = 0.8
_TELLING = 0.5  # standard deviations from the mean of all that are worth a word
# measure: column, whether its logarithm is taken, words for high and for low values
MEASURES: dict[str, tuple[str, bool, str, str]] = {
    "sales": ("net_sales", True, "large", "small"),
    "orders": ("orders", True, "order often", "order seldom"),
    "silence": ("days_since_last_order", True, "silent for long", "bought lately"),
    "variety": ("categories", True, "buy many categories", "buy few categories"),
    "margin": ("margin_rate", False, "high margin", "thin margin"),
    "growth": ("sales_growth", True, "growing", "shrinking"),
    "discount": ("discount_depth", False, "deep discounts", "little discount"),
}


@dataclass(frozen=True, slots=True)
class Clusters:
    """Kinds of accounts, or the finding that there are none.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account: `account_id`, `cluster` (1 for the kind with most sales; missing where
        there are none) and `kind` in words.
    profiles : pd.DataFrame
        One row a cluster: `cluster`, `kind`, `accounts`, `accounts_share`, `net_sales`,
        `sales_share`, `gross_profit`, then one column a measure: how far the cluster's mean lies
        from that of all accounts, in standard deviations. Empty where there are none.
    choice : pd.DataFrame
        One row a number of clusters: `k`, the indices, `gap`, `gap_error` and `votes`.
    methods : pd.DataFrame
        One row a method at the chosen number: `method`, `stability` (mean adjusted Rand index),
        `stability_low` (lower tenth), `silhouette`, `used`.
    treatment : pd.DataFrame
        One row a measure: `measure`, `column`, `used`, `missing` (accounts, at the median).
    count : int
        Number of clusters; 0 where there are none.
    why : str
        In a sentence.
    """

    table: pd.DataFrame
    profiles: pd.DataFrame
    choice: pd.DataFrame
    methods: pd.DataFrame
    treatment: pd.DataFrame
    count: int
    why: str


def find_clusters(
    facts: pd.DataFrame, *, most: int = 8, draws: int = 20, seed: int = 0
) -> Clusters:
    """Find kinds of accounts, or that there are none.

    Parameters
    ----------
    facts : pd.DataFrame
        One row an account: `account_id`, `net_sales`, and any columns of `MEASURES`;
        `gross_profit` for the profiles. Accounts without positive sales are left out.
    most : int, default 8
        Largest number of clusters, 2 to 20.
    draws : int, default 20
        References of the gap statistic, and draws behind each stability.
    seed : int, default 0

    Returns
    -------
    Clusters

    Raises
    ------
    ValueError
        If a number is out of range, or an account stands twice.

    Notes
    -----
    The number has the votes of silhouette, Calinski-Harabasz, Davies-Bouldin, the mixture's BIC and
    the gap statistic; equal votes go to the higher silhouette. The method is the most stable one.
    Tests run on at most 1,000 accounts drawn at random; the clusters hold all.
    """
    if not 2 <= most <= 20 or draws < 5:
        raise ValueError(f"most is 2 to 20 and draws at least 5, not {most} and {draws}")
    if facts["account_id"].duplicated().any():
        raise ValueError("an account stands twice in the facts")
    buying = facts[facts["net_sales"] > 0].sort_values("account_id", ignore_index=True)
    points, treatment = standard_measures(buying)
    values = points.to_numpy()
    some = values
    if len(values) > _MOST_POINTS:
        drawn = np.random.default_rng(seed).choice(len(values), _MOST_POINTS, replace=False)
        some = values[np.sort(drawn)]
    different = len(np.unique(some.round(6), axis=0)) if points.shape[1] else 0
    if points.shape[1] < 2 or different < LEAST_ACCOUNTS:
        why = (
            f"{len(buying)} accounts with sales, {points.shape[1]} measures that tell them apart: "
            f"kinds are looked for from {LEAST_ACCOUNTS} different accounts and 2 measures"
        )
        return _none(buying, pd.DataFrame(), pd.DataFrame(), treatment, why)
    # hundreds of small fits: threads that wait for each other would cost more than they give; only
    # what is loaded by now is held to one thread
    importlib.import_module("sklearn.mixture")
    with threadpool_limits(1):
        return _tested(buying, points, some, treatment, (min(most, different // 10), draws, seed))


def _tested(
    buying: pd.DataFrame,
    points: pd.DataFrame,
    some: np.ndarray,
    treatment: pd.DataFrame,
    settings: tuple[int, int, int],
) -> Clusters:
    """Put the groups to the three tests; name them where they pass."""
    most, draws, seed = settings
    gap = gap_statistic(some, most + 1, references=draws, seed=seed)
    judged = indices(some, most, seed=seed)
    choice = gap.table.head(most).merge(judged, on="k", how="left")
    choice["votes"] = _votes(choice, gap.k)
    if gap.k == 1:
        why = "the accounts are spread as evenly as data without groups (gap statistic)"
        return _none(buying, choice, pd.DataFrame(), treatment, why)
    count = int(choice.sort_values(["votes", "silhouette"], ascending=False)["k"].iloc[0])
    methods = _methods(some, count, draws, seed)
    best = methods[methods["used"]].iloc[0]
    if best["silhouette"] < LEAST_SILHOUETTE or best["stability"] < LEAST_STABILITY:
        why = (
            f"{count} groups could be drawn, but accounts are hardly nearer to their own group "
            f"(silhouette {best['silhouette']:.2f}, at least {LEAST_SILHOUETTE}) or other groups "
            f"come out of accounts drawn anew (adjusted Rand index {best['stability']:.2f}, at "
            f"least {LEAST_STABILITY})"
        )
        return _none(buying, choice, methods.assign(used=False), treatment, why)
    found = fit_groups(some, count, str(best["method"]), seed=seed)(points.to_numpy())
    number = _by_sales(found, buying["net_sales"].to_numpy(float))
    profiles = _profiles(buying, points, number)
    table = pd.DataFrame({"account_id": buying["account_id"], "cluster": number})
    table["cluster"] = table["cluster"].astype("Int64")
    table["kind"] = table["cluster"].map(profiles.set_index("cluster")["kind"])
    votes = int(choice.loc[choice["k"] == count, "votes"].iloc[0])
    why = (
        f"{votes} of 5 indices name {count}; by {best['method']} the same groups come out of "
        f"accounts drawn anew (adjusted Rand index {best['stability']:.2f}), silhouette "
        f"{best['silhouette']:.2f}"
    )
    return Clusters(table, profiles, choice, methods, treatment, len(profiles), why)


def standard_measures(facts: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Bring the measures that are known to scales on which accounts can be compared.

    Parameters
    ----------
    facts : pd.DataFrame
        As for `find_clusters`.

    Returns
    -------
    points : pd.DataFrame of shape (n_accounts, n_measures)
        Logarithms where the measure spans orders of magnitude, mean 0 and standard deviation 1, cut
        at 3 so that no single account is a kind. A measure known of less than 80 % of the accounts
        or the same for nearly all is left out; of the others the missing take the median.
    treatment : pd.DataFrame
        As in `Clusters`.
    """
    columns, rows = {}, []
    for name, (column, logs, _, _) in MEASURES.items():
        values = facts[column].astype(float) if column in facts else pd.Series(np.nan, facts.index)
        values = values.where(np.isfinite(values))
        missing = int(values.isna().sum())
        values = values.fillna(values.median())
        if logs:
            # growth of -100 % still has a logarithm
            values = np.log(values.clip(lower=-0.95) + 1) if name == "growth" else _log(values)
        spread = float(values.std(ddof=0)) if len(values) else 0.0
        used = missing <= (1 - _KNOWN) * len(facts) and spread > 1e-9
        if used:
            columns[name] = ((values - values.mean()) / spread).clip(-3, 3)
        rows.append((name, column, used, missing))
    points = pd.DataFrame(columns, index=facts.index)
    return points, pd.DataFrame(rows, columns=["measure", "column", "used", "missing"])


def _log(values: pd.Series) -> pd.Series:
    """Take logarithms; what is not above nought counts as a tenth of the smallest that is."""
    positive = values[values > 0]
    least = float(positive.min()) / 10 if len(positive) else 1.0
    return np.log(values.clip(lower=least))


def _votes(choice: pd.DataFrame, gap_k: int) -> list[int]:
    """Count how many of the five indices name each number of clusters."""
    highest = [choice[index].idxmax() for index in ("silhouette", "calinski_harabasz")]
    lowest = [choice[index].idxmin() for index in ("davies_bouldin", "bic")]
    named = [gap_k, *choice.loc[highest + lowest, "k"].tolist()]
    return [named.count(k) if k > 1 else 0 for k in choice["k"]]


def _methods(points: np.ndarray, count: int, draws: int, seed: int) -> pd.DataFrame:
    """Judge every method at the chosen number; the most stable one is used."""
    from sklearn.metrics import silhouette_score

    rows = []
    for method in METHODS:
        mean, low = stability(points, count, method, draws=draws, seed=seed)
        groups = fit_groups(points, count, method, seed=seed)(points)
        shape = silhouette_score(points, groups) if len(np.unique(groups)) > 1 else -1.0
        rows.append((method, mean, low, float(shape)))
    table = pd.DataFrame(rows, columns=["method", "stability", "stability_low", "silhouette"])
    table["used"] = table.index == table["stability"].idxmax()
    return table


def _by_sales(found: np.ndarray, sales: np.ndarray) -> np.ndarray:
    """Give each group its number: 1 for the one with most sales."""
    names, place = np.unique(found, return_inverse=True)
    order = np.argsort(-np.bincount(place, sales), kind="stable")
    number = np.empty(len(names), int)
    number[order] = np.arange(1, len(names) + 1)
    return number[place]


def _profiles(facts: pd.DataFrame, points: pd.DataFrame, number: np.ndarray) -> pd.DataFrame:
    """Describe each cluster by its size and by what sets it apart."""
    profit = facts.get("gross_profit", pd.Series(np.nan, facts.index))
    table = (
        pd.DataFrame({"cluster": number, "net_sales": facts["net_sales"], "gross_profit": profit})
        .groupby("cluster")
        .agg(
            accounts=("net_sales", "size"),
            net_sales=("net_sales", "sum"),
            gross_profit=("gross_profit", lambda values: values.sum(min_count=1)),
        )
    )
    table.insert(1, "accounts_share", table["accounts"] / len(facts))
    table.insert(3, "sales_share", table["net_sales"] / facts["net_sales"].sum())
    means = points.groupby(number).mean()
    table.insert(0, "kind", [in_words(row) for _, row in means.iterrows()])
    return table.join(means).reset_index()


def in_words(means: pd.Series) -> str:
    """Say what sets a cluster apart: its three measures farthest from those of all accounts.

    Parameters
    ----------
    means : pd.Series
        By measure, in standard deviations from the mean of all.

    Examples
    --------
    >>> in_words(pd.Series({"sales": 1.4, "margin": -0.8, "orders": 0.1}))
    'large, thin margin'
    """
    far = means[means.abs() >= _TELLING].abs().sort_values(ascending=False, kind="stable").index[:3]
    words = [str(MEASURES[str(name)][2 if means[name] > 0 else 3]) for name in far]
    return ", ".join(words) or "near the average"


def _none(
    facts: pd.DataFrame,
    choice: pd.DataFrame,
    methods: pd.DataFrame,
    treatment: pd.DataFrame,
    why: str,
) -> Clusters:
    """Say that there are no kinds to name."""
    table = pd.DataFrame({"account_id": facts["account_id"]})
    table["cluster"] = pd.Series(pd.NA, index=table.index, dtype="Int64")
    table["kind"] = ""
    return Clusters(table, pd.DataFrame(), choice, methods, treatment, 0, why)
