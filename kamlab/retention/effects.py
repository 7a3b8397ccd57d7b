"""Did it work? The average effect of an action, by lot or by judgement, and how sure that is."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from kamlab.retention.sensitivity import e_value, robustness_value

DESIGNS = ("randomised", "observational")
_SPLITS = 3  # repetitions of the cross-fitting, of which the median counts
FEWEST = 5
"""Rows that each arm must have at least; accounts, where rows of one account vary together."""
_MANY_CLUSTERS = 1000


class NoCounterpartError(ValueError):
    """Treated and untreated rows are too unlike to be compared."""


@dataclass(frozen=True, slots=True)
class Effect:
    """The average effect of an action on those considered for it.

    Attributes
    ----------
    estimate, low, high : float
        In the unit of the outcome; the interval has the confidence that was asked for.
    standard_error : float
    treated, untreated : int
        Rows used in each arm.
    left_out : int
        Rows without a counterpart in the other arm (no overlap), which the estimate leaves out.
    plain : float
        Difference of the arms' means, adjusted for nothing.
    plain_error : float
        Its standard error.
    method : str
        In words.
    balance : pd.DataFrame
        One row a covariate: `covariate`, `treated`, `untreated` (means), `difference` and
        `weighted_difference` (standardised, before and after weighting by propensity).
    e_value, e_value_limit : float
        How strongly, as a risk ratio, something unseen would have to drive both treatment and
        outcome to explain away the estimate, or to move its interval to zero (1: it holds zero).
    robustness : float
        Share of the rest of the variation of treatment and of outcome that something unseen would
        have to explain to bring the estimate to zero.
    scores : np.ndarray of shape (treated + untreated,)
        Each used row's own contribution; their (weighted) mean is the estimate.
    """

    estimate: float
    low: float
    high: float
    standard_error: float
    treated: int
    untreated: int
    left_out: int
    plain: float
    plain_error: float
    method: str
    balance: pd.DataFrame
    e_value: float
    e_value_limit: float
    robustness: float
    scores: np.ndarray


def average_effect(
    outcome: npt.ArrayLike,
    treated: npt.ArrayLike,
    covariates: pd.DataFrame | None = None,
    *,
    design: str = "randomised",
    propensity: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    weights: npt.ArrayLike | None = None,
    overlap: float = 0.05,
    outcome_model: Any = None,  # noqa: ANN401  any scikit-learn regressor
    propensity_model: Any = None,  # noqa: ANN401  any scikit-learn classifier
    folds: int = 5,
    confidence: float = 0.95,
    seed: int = 0,
) -> Effect:
    """Estimate the average effect of a treatment, with an interval and what would overturn it.

    Parameters
    ----------
    outcome : array-like of shape (n,)
        What came after, such as gross profit of the following year.
    treated : array-like of bool of shape (n,)
    covariates : pd.DataFrame of shape (n, k), optional
        Numbers known **before** the treatment; missing ones count as their column's median.
    design : {"randomised", "observational"}
        "randomised": difference in means, made more precise by the covariates (CUPED, with a slope
        for each arm). "observational": augmented inverse propensity weighting, the models fitted on
        other rows than they are used on (cross-fitting), rows without overlap left out.
    propensity : array-like of shape (n,) or float, optional
        Known probability of treatment; by default the share treated, or estimated from the
        covariates in an observational design.
    clusters : array-like of shape (n,), optional
        Rows of one cluster (one account at several times) vary together.
    weights : array-like of shape (n,), optional
        How much each row counts, such as the inverse of its noise: the estimate is then the
        weighted average effect.
    overlap : float, default 0.05
        Observational: rows with a propensity below this or above one less this are left out.
    outcome_model, propensity_model : estimators, optional
        Default ridge and logistic regression on standardised covariates.
    folds : int, default 5
    confidence : float, default 0.95
    seed : int, default 0
        Of the folds.

    Returns
    -------
    Effect

    Raises
    ------
    ValueError
        If the design is unknown, an arm has fewer than 5 rows, values are missing or not finite,
        or an observational design has no covariates.
    NoCounterpartError
        If treated and untreated rows are so unlike that fewer than 5 of either can be compared.

    References
    ----------
    .. [1] A. Deng et al., "Improving the sensitivity of online controlled experiments by utilizing
       pre-experiment data", WSDM 2013 (CUPED); W. Lin, Annals of Applied Statistics 7, 2013.
    .. [2] J. M. Robins, A. Rotnitzky and L. P. Zhao, JASA 89, 1994; V. Chernozhukov et al.,
       "Double/debiased machine learning", Econometrics Journal 21, 2018.
    .. [3] R. K. Crump et al., "Dealing with limited overlap", Biometrika 96, 2009.

    Examples
    --------
    >>> effect = average_effect([3, 4, 5, 4, 4, 1, 2, 3, 2, 2], [1] * 5 + [0] * 5)
    >>> round(effect.estimate, 3), round(effect.standard_error, 3)
    (2.0, 0.447)
    """
    y, t, x = _checked(outcome, treated, covariates, design)
    group = np.arange(len(y)) if clusters is None else pd.factorize(np.asarray(clusters))[0]
    worth = np.ones(len(y)) if weights is None else np.asarray(weights, float)
    known = None if propensity is None else np.broadcast_to(np.asarray(propensity, float), y.shape)
    if design == "randomised":
        p = np.full(len(y), t.mean()) if known is None else known
        keep = np.ones(len(y), bool)
        scores, wide = _by_lot(y, t, x, p, worth)
        method = "difference in means" + (", CUPED" if x.shape[1] else "")
    else:
        models = (outcome_model, propensity_model)
        p, scores = _cross_fitted(y, t, x, known, worth, group, models, folds, overlap, seed)
        wide = scores
        keep = (p >= overlap) & (p <= 1 - overlap)
        if min((t & keep).sum(), (~t & keep).sum()) < FEWEST:
            raise NoCounterpartError(
                f"only {keep.sum()} rows have a counterpart in the other arm: the treated and the "
                "untreated are too unlike to be compared"
            )
        method = "augmented inverse propensity, cross-fitted"
    used = np.where(keep, worth, 0.0)
    return _summed_up(y, t, x, p, (scores, wide), used, group, method, confidence, covariates)


def _checked(
    outcome: npt.ArrayLike, treated: npt.ArrayLike, covariates: pd.DataFrame | None, design: str
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Give outcome, treatment and standardised covariates, or say what is wrong."""
    if design not in DESIGNS:
        raise ValueError(f"design is 'randomised' or 'observational', not {design!r}")
    y, t = np.asarray(outcome, float), np.asarray(treated).astype(bool)
    if y.shape != t.shape or y.ndim != 1 or not np.isfinite(y).all():
        raise ValueError("outcome and treated are columns of one length without missing values")
    if min(t.sum(), (~t).sum()) < FEWEST:
        raise ValueError(
            f"an effect takes {FEWEST} treated and {FEWEST} untreated rows at least; there are "
            f"{t.sum()} and {(~t).sum()}"
        )
    if covariates is None or covariates.shape[1] == 0:
        if design == "observational":
            raise ValueError("an observational design needs covariates from before the treatment")
        return y, t, np.empty((len(y), 0))
    return y, t, standardised(covariates)


def standardised(table: pd.DataFrame) -> np.ndarray:
    """Centre and scale columns; missing values become the median, constant columns zero.

    Parameters
    ----------
    table : pd.DataFrame of shape (n, k)

    Returns
    -------
    np.ndarray of shape (n, k)
    """
    x = table.astype(float)
    x = x.fillna(x.median()).fillna(0.0).to_numpy()
    spread = x.std(axis=0)
    return np.where(spread > 0, (x - x.mean(axis=0)) / np.where(spread > 0, spread, 1.0), 0.0)


def _by_lot(
    y: np.ndarray, t: np.ndarray, x: np.ndarray, p: np.ndarray, worth: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Give each row's contribution in a trial, and the same widened for its error."""
    design = np.column_stack([np.ones(len(y)), x])
    means: list[np.ndarray] = []
    residual, wide = np.zeros((2, len(y)))
    for arm in (t, ~t):
        # an arm must be able to bear its slopes: half as many covariates as rows at most
        width = 1 + min(x.shape[1], int(arm.sum()) // 2 - 1)
        used = design[:, :width]
        weight = np.sqrt(worth / np.where(t, p, 1 - p))[arm]
        left = used[arm] * weight[:, None]
        inverse = np.linalg.pinv(left)
        prediction = used @ (inverse @ (y[arm] * weight))
        leverage = np.einsum("ij,ji->i", left, inverse).clip(0, 0.99)
        means.insert(0, prediction)
        # with these leverages the variance is Neyman's where there are no covariates (HC2)
        residual[arm] = (y - prediction)[arm]
        wide[arm] = residual[arm] / np.sqrt(1 - leverage)
    return _scores(t, means[0], means[1], p, residual), _scores(t, means[0], means[1], p, wide)


def _scores(
    t: np.ndarray, untreated: np.ndarray, treated: np.ndarray, p: np.ndarray, residual: np.ndarray
) -> np.ndarray:
    """Combine predictions under both treatments with the weighted residual of the one seen."""
    return treated - untreated + residual * np.where(t, 1 / p, -1 / (1 - p))


def _cross_fitted(
    y: np.ndarray,
    t: np.ndarray,
    x: np.ndarray,
    known: np.ndarray | None,
    worth: np.ndarray,
    group: np.ndarray,
    models: tuple[Any, Any],
    folds: int,
    overlap: float,
    seed: int,
) -> tuple[np.ndarray, np.ndarray]:
    """Give propensities and scores, each row's from models that did not see its cluster."""
    from sklearn.base import clone
    from sklearn.linear_model import LogisticRegression, RidgeCV

    from kamlab.churn.candidates import solver_for

    outcome_model = models[0] or RidgeCV(alphas=np.logspace(-1, 4, 11))
    logistic = LogisticRegression(C=10.0, max_iter=1000, solver=solver_for(len(y)))
    propensity_model = models[1] or logistic
    all_p, all_scores = [], []
    for split in range(_SPLITS):
        p = np.zeros(len(y)) if known is None else known.copy()
        zero, one = np.zeros(len(y)), np.zeros(len(y))
        for train, test in cluster_folds(t, group, folds, seed + split):
            if known is None:
                chance = clone(propensity_model).fit(x[train], t[train])
                p[test] = chance.predict_proba(x[test])[:, 1]
            for arm, place in ((~t, zero), (t, one)):
                mine = train[arm[train]]
                model = clone(outcome_model).fit(x[mine], y[mine], sample_weight=worth[mine])
                place[test] = model.predict(x[test])
        bounded = p.clip(min(overlap, 0.01), 1 - min(overlap, 0.01))
        all_p.append(p)
        all_scores.append(_scores(t, zero, one, bounded, y - np.where(t, one, zero)))
    return np.median(all_p, axis=0), np.median(all_scores, axis=0)


def cluster_folds(
    treated: np.ndarray, group: np.ndarray, folds: int, seed: int
) -> list[tuple[np.ndarray, np.ndarray]]:
    """Split rows into training and test, clusters whole and the arms alike in every fold.

    Parameters
    ----------
    treated : np.ndarray of bool of shape (n,)
    group : np.ndarray of shape (n,)
        Cluster of each row.
    folds : int
    seed : int

    Returns
    -------
    list of (train, test) index arrays

    Raises
    ------
    NoCounterpartError
        If an arm has rows of one cluster only.
    """
    from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold

    names, code = np.unique(group, return_inverse=True)
    ever, never = (np.bincount(code, arm) > 0 for arm in (treated, ~treated))
    folds = max(2, min(folds, int(min(treated.sum(), (~treated).sum())) // 2))
    if min(ever.sum(), never.sum()) < 2:
        raise NoCounterpartError("each arm needs rows of two accounts at least")
    folds = min(folds, int(ever.sum()), int(never.sum()))
    how = {"n_splits": folds, "shuffle": True, "random_state": seed}
    if len(names) == len(group):
        return list(StratifiedKFold(**how).split(np.zeros(len(treated)), treated))
    if len(names) < _MANY_CLUSTERS or min(ever.sum(), (~ever).sum()) < folds:
        return list(StratifiedGroupKFold(**how).split(np.zeros(len(treated)), treated, group))
    # so many clusters are alike in every fold by chance, and one after another takes minutes
    parts = StratifiedKFold(**how).split(names, ever)
    return [
        (np.flatnonzero(np.isin(code, learnt)), np.flatnonzero(np.isin(code, asked)))
        for learnt, asked in parts
    ]


def _summed_up(
    y: np.ndarray,
    t: np.ndarray,
    x: np.ndarray,
    p: np.ndarray,
    scores: tuple[np.ndarray, np.ndarray],
    used: np.ndarray,
    group: np.ndarray,
    method: str,
    confidence: float,
    covariates: pd.DataFrame | None,
) -> Effect:
    """Average the scores and say what would overturn the result."""
    from scipy.stats import t as student

    keep = used > 0
    own, wide = (part[keep] for part in scores)
    share = used[keep] / used[keep].sum()
    estimate = float(share @ own)
    cluster, number = np.unique(group[keep], return_inverse=True)
    count = len(cluster)
    sums = np.bincount(number, share * (wide - estimate))
    # widened scores bear their own correction for the size of the sample
    correction = count / (count - 1) if wide is own or (own == wide).all() else 1.0
    error = float(np.sqrt((sums**2).sum() * correction))
    freedom = max(count - x.shape[1] - 2, 3)
    reach = float(student.ppf(0.5 + confidence / 2, freedom)) * error
    one, zero = y[keep & t], y[keep & ~t]
    deviation = float(np.sqrt((one.var() + zero.var()) / 2)) or np.inf
    nearest = max(abs(estimate) - reach, 0.0)
    return Effect(
        estimate=estimate,
        low=estimate - reach,
        high=estimate + reach,
        standard_error=error,
        treated=len(one),
        untreated=len(zero),
        left_out=int((~keep).sum()),
        plain=float(one.mean() - zero.mean()),
        plain_error=float(np.sqrt(one.var(ddof=1) / len(one) + zero.var(ddof=1) / len(zero))),
        method=method,
        balance=_balance(x, t, p, used, covariates),
        e_value=e_value(estimate / deviation),
        e_value_limit=e_value(nearest / deviation),
        robustness=robustness_value(estimate / error if error else 0.0, freedom),
        scores=own,
    )


def _balance(
    x: np.ndarray, t: np.ndarray, p: np.ndarray, used: np.ndarray, covariates: pd.DataFrame | None
) -> pd.DataFrame:
    """Compare the arms in each covariate, before and after weighting by propensity."""
    columns = ["covariate", "treated", "untreated", "difference", "weighted_difference"]
    if covariates is None:
        return pd.DataFrame(columns=columns)
    raw = covariates.astype(float).reset_index(drop=True)
    spread = np.sqrt((x[t].var(axis=0, ddof=1) + x[~t].var(axis=0, ddof=1)) / 2)
    spread = np.where(spread > 0, spread, 1.0)
    weight = np.where(t, 1 / p.clip(0.01), 1 / (1 - p).clip(0.01)) * used
    weighted = _weighted_mean(x, weight * t) - _weighted_mean(x, weight * ~t)
    return pd.DataFrame(
        {
            "covariate": [str(name) for name in raw.columns],
            "treated": raw[t].mean().to_numpy(),
            "untreated": raw[~t].mean().to_numpy(),
            "difference": (x[t].mean(axis=0) - x[~t].mean(axis=0)) / spread,
            "weighted_difference": weighted / spread,
        },
        columns=columns,
    )


def _weighted_mean(x: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Average the rows by weight."""
    return np.asarray(weight @ x / max(weight.sum(), 1e-12))
