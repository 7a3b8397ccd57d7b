"""On which accounts does an action work better, and can that be told at all?"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.linear_model import LogisticRegression, RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from kamlab.churn.candidates import solver_for
from kamlab.retention.effects import cluster_folds
from kamlab.retention.qini import Ranking, judge_ranking

LEARNERS = ("t", "x", "dr")
_BOUND = 0.02  # propensities nearer to 0 or 1 count as this


class UpliftLearner(BaseEstimator):
    """Estimate each account's own effect of a treatment with models of the outcome.

    Parameters
    ----------
    learner : {"dr", "t", "x"}
        "t": difference of a model of the treated and one of the untreated. "x": models of imputed
        effects, each arm's, weighted by propensity. "dr": regression of doubly robust scores that
        are made by cross-fitting.
    outcome_model : estimator, optional
        Regressor of the outcome; default ridge regression on standardised features.
    effect_model : estimator, optional
        Regressor of the effect ("x", "dr"); default the same.
    propensity : float or None, default None
        Known probability of treatment, the same for all; None: logistic regression.
    folds : int, default 5
    draws : int, default 100
        Bootstrap refits behind `predict_interval`; "dr" refits the model of the effect.
    seed : int, default 0

    Attributes
    ----------
    effect_model_, models_ : fitted estimators
    scores_ : np.ndarray of shape (n,)
        Doubly robust scores of the rows of `fit` (for "dr").
    average_ : float
        Mean effect predicted for the rows of `fit`.

    References
    ----------
    .. [1] S. R. Künzel et al., "Metalearners for estimating heterogeneous treatment effects using
       machine learning", PNAS 116, 2019.
    .. [2] E. H. Kennedy, "Towards optimal doubly robust estimation of heterogeneous causal
       effects", Electronic Journal of Statistics 17, 2023.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> x = rng.normal(size=(400, 1))
    >>> t = rng.random(400) < 0.5
    >>> y = x[:, 0] + t * (1 + x[:, 0]) + rng.normal(0, 0.1, 400)
    >>> UpliftLearner("t").fit(x, y, treated=t).predict([[0.0], [1.0]]).round(1)
    array([1., 2.])
    """

    def __init__(
        self,
        learner: str = "dr",
        *,
        outcome_model: Any = None,  # noqa: ANN401  any scikit-learn regressor
        effect_model: Any = None,  # noqa: ANN401  any scikit-learn regressor
        propensity: float | None = None,
        folds: int = 5,
        draws: int = 100,
        seed: int = 0,
    ) -> None:
        self.learner = learner
        self.outcome_model = outcome_model
        self.effect_model = effect_model
        self.propensity = propensity
        self.folds = folds
        self.draws = draws
        self.seed = seed

    def fit(
        self,
        X: npt.ArrayLike,
        y: npt.ArrayLike,
        *,
        treated: npt.ArrayLike,
        weights: npt.ArrayLike | None = None,
        clusters: npt.ArrayLike | None = None,
    ) -> "UpliftLearner":
        """Fit to features, outcome and treatment.

        Parameters
        ----------
        X : array-like of shape (n, k)
            Numbers known before the treatment, none missing.
        y : array-like of shape (n,)
        treated : array-like of bool of shape (n,)
        weights : array-like of shape (n,), optional
        clusters : array-like of shape (n,), optional
            Rows of one cluster stay together in folds and bootstrap.

        Returns
        -------
        UpliftLearner
            Itself.

        Raises
        ------
        ValueError
            If the learner is unknown, a value is missing or an arm has fewer than 5 rows.
        """
        if self.learner not in LEARNERS:
            raise ValueError(f"learner is one of {LEARNERS}, not {self.learner!r}")
        x, outcome = np.asarray(X, float), np.asarray(y, float)
        t = np.asarray(treated).astype(bool)
        if x.ndim != 2 or not np.isfinite(x).all() or not np.isfinite(outcome).all():
            raise ValueError("features and outcome are numbers without missing values")
        if min(t.sum(), (~t).sum()) < 5:
            raise ValueError(f"an effect takes 5 rows in each arm; there are {t.sum()} treated")
        worth = np.ones(len(t)) if weights is None else np.asarray(weights, float)
        group = np.arange(len(t)) if clusters is None else pd.factorize(np.asarray(clusters))[0]
        self._seen = (x, outcome, t, worth, group)
        if self.learner == "dr":
            self.scores_ = self._scores()
        self.models_ = self._fitted(np.arange(len(t)))
        self.average_ = float(np.average(self.predict(x), weights=worth))
        return self

    def predict(self, X: npt.ArrayLike) -> np.ndarray:
        """Give the expected effect of each row, in units of the outcome; shape (n,)."""
        return self._predicted(self.models_, np.asarray(X, float))

    def predict_interval(
        self,
        X: npt.ArrayLike,
        *,
        confidence: float = 0.9,
    ) -> tuple[np.ndarray, np.ndarray]:
        """Give low and high ends of each row's expected effect, by bootstrap of clusters.

        Parameters
        ----------
        X : array-like of shape (n, k)
        confidence : float, default 0.9

        Returns
        -------
        low, high : np.ndarray of shape (n,)
            Normal intervals around `predict` from the spread of the refits. They hold the expected
            effect given the features, not the effect on one account.
        """
        from scipy.stats import norm

        rng = np.random.default_rng(self.seed)
        x = np.asarray(X, float)
        t, group = self._seen[2], self._seen[4]
        rows = pd.Series(np.arange(len(group))).groupby(group).indices
        number, made = len(rows), []
        for _ in range(self.draws):
            picked = np.concatenate([rows[i] for i in rng.integers(0, number, number)])
            if 5 <= t[picked].sum() <= len(picked) - 5:
                made.append(self._predicted(self._fitted(picked), x))
        reach = norm.ppf(0.5 + confidence / 2) * np.std(made, axis=0, ddof=1)
        middle = self.predict(x)
        return middle - reach, middle + reach

    def out_of_fold(self) -> np.ndarray:
        """Give each fitted row's effect from models which did not see its fold; shape (n,)."""
        x, y, t, worth, group = self._seen
        effect = np.zeros(len(y))
        for train, test in cluster_folds(t, group, self.folds, self.seed + 1):
            part = clone(self).fit(
                x[train], y[train], treated=t[train], weights=worth[train], clusters=group[train]
            )
            effect[test] = part.predict(x[test])
        return effect

    def _outcome(self) -> Any:  # noqa: ANN401  any scikit-learn regressor
        """Make a new model of the outcome."""
        return clone(self.outcome_model) if self.outcome_model is not None else _ridge()

    def _effect(self) -> Any:  # noqa: ANN401  any scikit-learn regressor
        """Make a new model of the effect."""
        return clone(self.effect_model) if self.effect_model is not None else _ridge()

    def _chance(self, x: np.ndarray, t: np.ndarray, to: np.ndarray) -> np.ndarray:
        """Give the probability of treatment."""
        if self.propensity is not None:
            return np.full(len(to), float(self.propensity))
        logistic = LogisticRegression(C=10.0, max_iter=1000, solver=solver_for(len(x)))
        model = make_pipeline(StandardScaler(), logistic)
        return np.asarray(model.fit(x, t).predict_proba(to)[:, 1].clip(_BOUND, 1 - _BOUND))

    def _arm(self, rows: np.ndarray) -> Any:  # noqa: ANN401  any scikit-learn regressor
        """Fit a model of the outcome to some rows."""
        x, y, _, worth, _ = self._seen
        return _weighted_fit(self._outcome(), x[rows], y[rows], worth[rows])

    def _scores(self) -> np.ndarray:
        """Make doubly robust scores, each row's from models that did not see its cluster."""
        x, y, t, _, group = self._seen
        scores = np.zeros(len(y))
        for train, test in cluster_folds(t, group, self.folds, self.seed):
            zero = self._arm(train[~t[train]]).predict(x[test])
            one = self._arm(train[t[train]]).predict(x[test])
            p = self._chance(x[train], t[train], x[test])
            rest = y[test] - np.where(t[test], one, zero)
            scores[test] = one - zero + rest * np.where(t[test], 1 / p, -1 / (1 - p))
        return scores

    def _fitted(self, rows: np.ndarray) -> tuple[Any, ...]:
        """Fit the models of the learner to some rows (with repeats)."""
        x, y, t, worth, _ = self._seen
        if self.learner == "dr":
            return (_weighted_fit(self._effect(), x[rows], self.scores_[rows], worth[rows]),)
        treated, untreated = rows[t[rows]], rows[~t[rows]]
        zero, one = self._arm(untreated), self._arm(treated)
        if self.learner == "t":
            return zero, one
        gained = y[treated] - zero.predict(x[treated])
        missed = one.predict(x[untreated]) - y[untreated]
        return (
            _weighted_fit(self._effect(), x[untreated], missed, worth[untreated]),
            _weighted_fit(self._effect(), x[treated], gained, worth[treated]),
        )

    def _predicted(self, models: tuple[Any, ...], x: np.ndarray) -> np.ndarray:
        """Predict effects with the models of the learner."""
        if self.learner == "dr":
            return np.asarray(models[0].predict(x))
        first, second = (model.predict(x) for model in models)
        if self.learner == "t":
            return np.asarray(second - first)
        p = self._chance(self._seen[0], self._seen[2], x)
        return np.asarray(p * first + (1 - p) * second)


def _ridge() -> Any:  # noqa: ANN401  a pipeline
    """Make a ridge regression on standardised features."""
    return make_pipeline(StandardScaler(), RidgeCV(alphas=np.logspace(-1, 5, 13)))


def _weighted_fit(model: Any, x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Any:  # noqa: ANN401  any scikit-learn regressor
    """Fit a model with weights, also where it is the last step of a pipeline."""
    if (weights == weights[0]).all():
        return model.fit(x, y)
    if hasattr(model, "steps"):
        return model.fit(x, y, **{f"{model.steps[-1][0]}__sample_weight": weights})
    return model.fit(x, y, sample_weight=weights)


@dataclass(frozen=True, slots=True)
class AccountEffects:
    """Expected effects per account, or one for all where differences cannot be told from chance.

    Attributes
    ----------
    table : pd.DataFrame
        `effect`, `low`, `high` by row of the accounts asked for, with their index.
    flat : bool
        Whether all have the average effect, since the ranking showed no signal.
    ranking : Ranking
        Of the out-of-fold effects on the accounts of the past.
    why : str
        In words.
    """

    table: pd.DataFrame
    flat: bool
    ranking: Ranking
    why: str


def account_effects(
    features: pd.DataFrame,
    outcome: npt.ArrayLike,
    treated: npt.ArrayLike,
    ask: pd.DataFrame,
    *,
    learner: UpliftLearner | None = None,
    weights: npt.ArrayLike | None = None,
    clusters: npt.ArrayLike | None = None,
    confidence: float = 0.9,
) -> AccountEffects:
    """Estimate effects per account; refuse to tell accounts apart where there is no signal.

    Parameters
    ----------
    features : pd.DataFrame of shape (n, k)
        Of the accounts of the past, from before the treatment; missing values become medians.
    outcome, treated : array-like of shape (n,)
    ask : pd.DataFrame of shape (m, k)
        The same features of the accounts asked for.
    learner : UpliftLearner, optional
        Default the doubly robust learner.
    weights, clusters : array-like of shape (n,), optional
    confidence : float, default 0.9

    Returns
    -------
    AccountEffects
        Flat where the interval of the ranking's gain reaches zero: then everyone has the average
        effect with its interval. Else differences are drawn in to what of them came true on
        accounts that the model had not seen; accounts unlike all of the past count as the nearest.

    References
    ----------
    .. [1] V. Chernozhukov et al., "Generic machine learning inference on heterogeneous treatment
       effects", NBER 24678, 2018 (best linear predictor).
    """
    from scipy.stats import norm

    middle = features.median()
    x = features.astype(float).fillna(middle).fillna(0.0).to_numpy()
    to = ask[features.columns].astype(float).fillna(middle).fillna(0.0).to_numpy()
    to = to.clip(*np.quantile(x, [0.01, 0.99], axis=0))  # nothing is known beyond who was tried
    model = UpliftLearner() if learner is None else learner
    model = clone(model).fit(x, outcome, treated=treated, weights=weights, clusters=clusters)
    scores = model if model.learner == "dr" else clone(model).set_params(learner="dr")
    if scores is not model:
        scores.fit(x, outcome, treated=treated, weights=weights, clusters=clusters)
    unseen = model.out_of_fold()
    ranking = judge_ranking(
        unseen,
        treated,
        outcome,
        scores=scores.scores_,
        weights=weights,
        clusters=clusters,
        confidence=confidence,
    )
    share = np.ones(len(x)) if weights is None else np.asarray(weights, float)
    share = share / share.sum()
    average = float(share @ scores.scores_)
    group = np.arange(len(x)) if clusters is None else pd.factorize(np.asarray(clusters))[0]
    if ranking.has_signal:
        ends = [model.predict(to), *model.predict_interval(to, confidence=confidence)]
        true = _come_true(unseen, scores.scores_, share, group)
        table = pd.DataFrame(ends, ["effect", "low", "high"], ask.index).T
        table = average + true * (table - average)
        why = (
            "the ranking gains over chance on accounts that the model had not seen; "
            f"{true:.0%} of the differences that it foretells come true"
        )
        return AccountEffects(table, flat=False, ranking=ranking, why=why)
    error = np.sqrt((np.bincount(group, share * (scores.scores_ - average)) ** 2).sum())
    reach = float(norm.ppf(0.5 + confidence / 2) * error)
    table = pd.DataFrame(
        {"effect": average, "low": average - reach, "high": average + reach}, index=ask.index
    )
    why = (
        "differences between accounts cannot be told from chance: the interval of what ranking "
        f"gains, {ranking.gain_low:.3g} to {ranking.gain_high:.3g}, reaches zero; all have the "
        "average effect"
    )
    return AccountEffects(table, flat=True, ranking=ranking, why=why)


def _come_true(
    foretold: np.ndarray, scores: np.ndarray, share: np.ndarray, group: np.ndarray
) -> float:
    """Give how much of the differences foretold shows in the scores, 0 to 1, less what chance may.

    The slope of the scores on what was foretold without them, drawn towards zero by its error.
    """
    apart = foretold - share @ foretold
    spread = float(share @ apart**2)
    if spread <= 0:
        return 0.0
    slope = float(share @ (apart * scores)) / spread
    rest = scores - share @ scores - slope * apart
    variance = float((np.bincount(group, share * apart * rest) ** 2).sum()) / spread**2
    return min(max(slope - variance / slope, 0.0), 1.0) if slope > 0 else 0.0
