"""How well is it foretold who leaves first, and when? Which model of lifetimes should be kept?"""

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamlab.churn.cox import CoxModel
from kamlab.churn.lifetimes import check_lifetimes
from kamlab.churn.survival import survival_curve

_MOST_PAIRS = 10_000_000  # held in memory at once
_TIED = 1e-8  # risks that differ by rounding only are one risk
_STEPS = 100  # distinct times that a forest sees: its time and memory grow with them
_LEAST_EVENTS = 5  # leavers a fold


def concordance(
    durations: npt.ArrayLike,
    event: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
) -> float:
    """Give how often, of two accounts, the one that left first had the higher risk (Harrell).

    Parameters
    ----------
    durations, event, entry : array-like of shape (n_accounts,)
        As `kamlab.churn.lifetimes.check_lifetimes` takes them.
    risk : array-like of shape (n_accounts,)
        Higher for those foretold to leave sooner; ties count half.

    Returns
    -------
    float
        0 to 1; 0.5 is guessing. Of pairs in which one left while the other was watched and stayed;
        NaN where there are none.

    References
    ----------
    .. [1] F. E. Harrell, R. M. Califf, D. B. Pryor, K. L. Lee and R. A. Rosati, "Evaluating the
       yield of medical tests", Journal of the American Medical Association 247, 1982.

    Examples
    --------
    >>> concordance([1, 2, 3, 4], [1, 1, 0, 1], [9, 5, 6, 1])
    0.8
    """
    lasted, left, entered = check_lifetimes(durations, event, entry)
    score = np.asarray(risk, float)
    if score.shape != lasted.shape or np.isnan(score).any():
        raise ValueError(f"risk must be a number for each of {len(lasted)} accounts")
    right, pairs = 0.0, 0
    leavers = np.flatnonzero(left)
    chunk = max(1, _MOST_PAIRS // len(lasted))
    for first in range(0, len(leavers), chunk):
        one = leavers[first : first + chunk, None]
        later = (lasted > lasted[one]) | ((lasted == lasted[one]) & ~left)
        compared = later & (entered < lasted[one])
        gap = score[one] - score
        right += np.sum(compared & (gap > _TIED)) + np.sum(compared & (np.abs(gap) <= _TIED)) / 2
        pairs += int(compared.sum())
    return float(right / pairs) if pairs else np.nan


def uno_concordance(
    durations: npt.ArrayLike,
    event: npt.ArrayLike,
    risk: npt.ArrayLike,
    *,
    until: float | None = None,
    censoring: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> float:
    """Give a concordance that does not depend on how accounts were censored (Uno).

    Parameters
    ----------
    durations, event, risk : array-like of shape (n_accounts,)
        As for `concordance`; scikit-survival's estimate knows no late entry.
    until : float, optional
        Pairs count whose first leaving is before this time: later ones weigh too much.
    censoring : tuple of array-like, optional
        Durations and events from which the censoring is learnt; the same accounts if not given.

    Returns
    -------
    float

    References
    ----------
    .. [1] H. Uno, T. Cai, M. J. Pencina, R. B. D'Agostino and L. J. Wei, "On the C-statistics for
       evaluating overall adequacy of risk prediction procedures with censored survival data",
       Statistics in Medicine 30, 2011.
    """
    from sksurv.metrics import concordance_index_ipcw

    scored = _outcomes(durations, event)
    learnt = scored if censoring is None else _outcomes(*censoring)
    return float(concordance_index_ipcw(learnt, scored, np.asarray(risk, float), tau=until)[0])


def integrated_brier(
    durations: npt.ArrayLike,
    event: npt.ArrayLike,
    survival: pd.DataFrame,
    *,
    censoring: tuple[npt.ArrayLike, npt.ArrayLike] | None = None,
) -> float:
    """Give the mean squared error of survival probabilities over time, freed of censoring.

    Parameters
    ----------
    durations, event : array-like of shape (n_accounts,)
        What happened.
    survival : pd.DataFrame of shape (n_accounts, n_times)
        Foretold probability of being still here; columns are the times, at least two, at or after
        the first and before the last duration.
    censoring : tuple of array-like, optional
        As for `uno_concordance`.

    Returns
    -------
    float
        0 is perfect; 0.25 is what a constant 0.5 reaches.

    References
    ----------
    .. [1] E. Graf, C. Schmoor, W. Sauerbrei and M. Schumacher, "Assessment and comparison of
       prognostic classification schemes for survival data", Statistics in Medicine 18, 1999.
    """
    from sksurv.metrics import integrated_brier_score

    scored = _outcomes(durations, event)
    learnt = scored if censoring is None else _outcomes(*censoring)
    times = survival.columns.to_numpy(float)
    return float(integrated_brier_score(learnt, scored, survival.to_numpy(), times))


def compare_models(
    X: pd.DataFrame,
    durations: npt.ArrayLike,
    event: npt.ArrayLike,
    *,
    entry: npt.ArrayLike | None = None,
    by: npt.ArrayLike | None = None,
    folds: int = 5,
    ridge: float = 1.0,
    trees: int = 200,
    forest_rows: int = 2000,
    random_state: int = 0,
) -> pd.DataFrame:
    """Hold models of lifetimes against each other on accounts that they were not fitted on.

    What is foretold is the life still to come from the day an account came under observation; with
    late entry, given the tenure it had then (the forest, which knows no late entry, is given that
    tenure as a column).

    Parameters
    ----------
    X : pd.DataFrame of shape (n_accounts, n_columns)
        Numbers, truths or text. None missing.
    durations, event, entry : array-like of shape (n_accounts,)
        As `kamlab.churn.lifetimes.check_lifetimes` takes them.
    by : array-like of shape (n_accounts,), optional
        Segment of each account, for curves by segment.
    folds : int, default 5
    ridge : float, default 1
        Of the Cox model.
    trees : int, default 200
        Of the random survival forest; 0 leaves it out.
    forest_rows : int, default 2000
        Accounts, drawn by lot, that the forest is grown on at most: its time grows with the square.
    random_state : int, default 0

    Returns
    -------
    pd.DataFrame
        A row a model, best first by `integrated_brier`: `model`, `concordance` (Harrell), `uno`,
        `integrated_brier`, `spread` (standard deviation of it over folds) and `better_than_curve`
        (share by which it is lower than that of one curve for all). Differences smaller than
        `spread` divided by the root of the folds are luck.

    Raises
    ------
    ValueError
        If fewer than five accounts a fold left, or values are missing.

    References
    ----------
    .. [1] H. Ishwaran, U. B. Kogalur, E. H. Blackstone and M. S. Lauer, "Random survival forests",
       Annals of Applied Statistics 2, 2008.
    """
    from sklearn.model_selection import StratifiedKFold

    lasted, left, entered = check_lifetimes(durations, event, entry)
    start = np.zeros(len(lasted)) if entry is None else entered
    if left.sum() < _LEAST_EVENTS * folds or (~left).sum() < folds:
        raise ValueError(
            f"not enough data: {int(left.sum())} of {len(left)} accounts left; {folds} folds need "
            f"{_LEAST_EVENTS * folds} that left and {folds} still here"
        )
    columns = pd.get_dummies(X.rename(columns=str), dtype=float).astype(float)
    if columns.isna().any().any() or X.isna().any().any():
        raise ValueError("values are missing: fill them or leave rows out")
    group = None if by is None else np.asarray(by)
    ahead = lasted - start
    rows = []
    split = StratifiedKFold(folds, shuffle=True, random_state=random_state)
    for fold, (known, new) in enumerate(split.split(columns, left)):
        grid = _grid(ahead[left], ahead[new])
        foretold = _foretold(columns, lasted, left, entry, start, group, known, new, grid, ridge)
        for name, share in foretold:
            rows.append((fold, name, *_scores(ahead, left, new, share, grid)))
        if trees:
            with_tenure = columns if entry is None else columns.assign(tenure=start)
            pick = np.random.default_rng([random_state, fold]).permutation(known)[:forest_rows]
            share = _forest(with_tenure, ahead, left, pick, new, grid, trees, random_state)
            rows.append((fold, "random survival forest", *_scores(ahead, left, new, share, grid)))
    names = ["fold", "model", "concordance", "uno", "integrated_brier"]
    scores = pd.DataFrame(rows, columns=names)
    table = scores.groupby("model", sort=False)[names[2:]].mean()
    table["spread"] = scores.groupby("model", sort=False)["integrated_brier"].std()
    one = table.at["one curve for all", "integrated_brier"]
    table["better_than_curve"] = 1 - table["integrated_brier"] / one
    return table.sort_values("integrated_brier").reset_index()


def _foretold(
    columns: pd.DataFrame,
    lasted: np.ndarray,
    left: np.ndarray,
    entry: npt.ArrayLike | None,
    start: np.ndarray,
    group: np.ndarray | None,
    known: np.ndarray,
    new: np.ndarray,
    grid: np.ndarray,
    ridge: float,
) -> Iterator[tuple[str, np.ndarray]]:
    """Yield models that know late entry, with the survival they foretell of new accounts."""
    since = None if entry is None else start[known]
    curve = survival_curve(lasted[known], left[known], entry=since)
    everyone = _from_curve(curve, start[new], grid)
    yield "one curve for all", everyone
    if group is not None:
        curves = survival_curve(lasted[known], left[known], entry=since, by=group[known])
        share = everyone.copy()  # for a segment of which nothing is known
        for segment, part in curves.groupby("segment"):
            inside = group[new] == segment
            share[inside] = _from_curve(part, start[new][inside], grid)
        yield "curves by segment", share
    varying = columns.columns[columns.iloc[known].std() > 0]
    if len(varying):
        model = CoxModel(ridge=ridge).fit(
            columns.iloc[known][varying], lasted[known], left[known], since
        )
        share = model.predict_survival(columns.iloc[new][varying], grid, tenure=start[new])
        yield "Cox", share.ffill(axis=1).fillna(1.0).to_numpy()


def _forest(
    columns: pd.DataFrame,
    ahead: np.ndarray,
    left: np.ndarray,
    known: np.ndarray,
    new: np.ndarray,
    grid: np.ndarray,
    trees: int,
    random_state: int,
) -> np.ndarray:
    """Grow a random survival forest and give the survival it foretells of new accounts."""
    from sksurv.ensemble import RandomSurvivalForest

    edges = np.unique(np.quantile(ahead[known], np.linspace(0, 1, _STEPS + 1), method="higher"))
    coarse = edges[np.searchsorted(edges, ahead[known])]
    forest = RandomSurvivalForest(trees, min_samples_leaf=15, random_state=random_state)
    forest.fit(columns.iloc[known].to_numpy(), _outcomes(coarse, left[known]))
    share = forest.predict_survival_function(columns.iloc[new].to_numpy(), return_array=True)
    place = np.searchsorted(forest.unique_times_, grid, "right")
    return np.column_stack([np.ones(len(new)), share])[:, place]


def _scores(
    ahead: np.ndarray, left: np.ndarray, new: np.ndarray, share: np.ndarray, grid: np.ndarray
) -> tuple[float, float, float]:
    """Give Harrell's and Uno's concordance and the integrated Brier score of new accounts."""
    whole, risk = (ahead, left), -share.mean(axis=1)
    return (
        concordance(ahead[new], left[new], risk),
        uno_concordance(ahead[new], left[new], risk, until=float(grid[-1]), censoring=whole),
        integrated_brier(ahead[new], left[new], pd.DataFrame(share, columns=grid), censoring=whole),
    )


def _grid(leaving: np.ndarray, watched: np.ndarray) -> np.ndarray:
    """Give times from the first tenth to the last tenth of leavings, inside what was watched."""
    low, high = np.quantile(leaving, [0.1, 0.9])
    low = max(low, watched.min())
    return np.linspace(low, min(high, low + 0.999 * (watched.max() - low)), 25)


def _from_curve(curve: pd.DataFrame, start: np.ndarray, grid: np.ndarray) -> np.ndarray:
    """Give survival to times after a start, given survival to the start."""
    values = np.r_[1.0, curve["survival"].to_numpy()]
    times = curve["time"].to_numpy()
    sofar = values[np.searchsorted(times, start, "right")][:, None]
    later = values[np.searchsorted(times, start[:, None] + grid, "right")]
    return np.divide(later, sofar, out=np.zeros_like(later), where=sofar > 0)


def _outcomes(durations: npt.ArrayLike, event: npt.ArrayLike) -> Any:  # noqa: ANN401  a structured array of the library
    """Give durations and events in the form that scikit-survival takes."""
    from sksurv.util import Surv

    lasted, left, _ = check_lifetimes(durations, event)
    return Surv.from_arrays(left, lasted)
