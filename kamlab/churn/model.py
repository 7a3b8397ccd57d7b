"""Who is leaving? One classifier for tables as they are, with probabilities to be believed."""

from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import optimize, special
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold
from sklearn.utils.multiclass import type_of_target
from sklearn.utils.validation import check_is_fitted
from threadpoolctl import threadpool_limits

from kamlab.churn.candidates import CANDIDATES, Candidate
from kamlab.churn.columns import MessyColumns

_FEW = 25  # who left, for rows to be learnt from in a comparison by time
_SMALL = 20_000  # rows below which threads wait for one another longer than they work
_MOST_ROWS = 60_000  # on which candidates are compared
_MOST_DAYS = 4  # on which candidates are compared, where days are given
_LEAST_GAIN = 2.0  # of log-likelihood, for each parameter of a calibration


class ChurnModel(ClassifierMixin, BaseEstimator):
    """Probability that an account leaves, from any table of what is known of it.

    Candidates are a plain logistic regression, one on splines, an additive and a shallow boosting,
    and a deeper one; the last only where enough left to learn from. Each predicts rows it has not
    seen; the log-odds of all are then blended with weights that lower the log loss most, and
    calibrated only where that lowers it further. No class weights and no made-up rows: both ruin
    probabilities and leave the ranking as it is.

    Parameters
    ----------
    folds : int, default 5
        Parts of the data that each candidate predicts in turn.
    random_state : int, default 0

    Attributes
    ----------
    classes_ : np.ndarray of shape (2,)
        The second is leaving.
    columns_ : MessyColumns
        What was learnt of the table; `columns_.left_out_` says what cannot tell, and why.
    weights_ : pd.Series
        Of each candidate in the blend, summing to 1.
    scores_ : pd.DataFrame
        One row a candidate and the blend: `log_loss`, `brier`, `auc` on rows not seen; empty where
        there were too few rows to compare.
    calibration_ : tuple of float
        Intercept and slope on the log-odds; (0, 1) where none is needed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"silent_days": rng.exponential(60, 400)})
    >>> left = rng.random(400) < 1 / (1 + np.exp(2 - table["silent_days"] / 40))
    >>> model = ChurnModel().fit(table, left)
    >>> bool((model.predict_proba(pd.DataFrame({"silent_days": [1, 300]}))[:, 1] > 0.5)[1])
    True
    """

    classes_: np.ndarray
    columns_: MessyColumns
    weights_: pd.Series
    scores_: pd.DataFrame
    calibration_: tuple[float, float]

    def __init__(self, *, folds: int = 5, random_state: int = 0) -> None:
        self.folds = folds
        self.random_state = random_state

    def fit(
        self, X: pd.DataFrame | npt.ArrayLike, y: npt.ArrayLike, time: npt.ArrayLike | None = None
    ) -> Self:
        """Fit candidates and blend them.

        Parameters
        ----------
        X : pd.DataFrame or array-like of shape (n_rows, n_columns)
            What was known of each account; columns of any kind.
        y : array-like of shape (n_rows,)
            Whether it left: two values, of which the greater (or True, "yes") is leaving.
        time : array-like of shape (n_rows,), optional
            Day of each row. With several days, candidates are compared on later rows than they
            were fitted on.

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            If lengths differ, y has a missing value, or other than two values.
        """
        table = _frame(X)
        truth = self._truth(y, len(table))
        with threadpool_limits(1 if len(table) < _SMALL else None):
            return self._fit(table, truth, time)

    def _fit(self, table: pd.DataFrame, truth: np.ndarray, time: npt.ArrayLike | None) -> Self:
        """Fit to a checked table."""
        self.feature_names_in_ = np.array([str(name) for name in table.columns], dtype=object)
        self.n_features_in_ = table.shape[1]
        self.columns_ = MessyColumns().fit(table)
        coded = self.columns_.transform(table)
        churners = int(min(truth.sum(), len(truth) - truth.sum()))
        pool = [make(self.random_state) for make, least in CANDIDATES if churners >= least]
        splits = self._splits(truth, time, churners)
        if len(pool) == 1 or not splits:
            self.weights_ = pd.Series({pool[0].name: 1.0})
            self.scores_ = pd.DataFrame(columns=["candidate", "log_loss", "brier", "auc"])
            self.calibration_ = (0.0, 1.0)
        else:
            self._compare(pool, coded, truth, splits)
        kept = [one for one in pool if self.weights_.get(one.name, 0.0) > 0]
        self.fitted_ = [one.fit(coded, truth) for one in kept]
        return self

    def predict_log_odds(self, X: pd.DataFrame | npt.ArrayLike) -> np.ndarray:
        """Give the logarithm of the odds of leaving.

        Parameters
        ----------
        X : pd.DataFrame or array-like of shape (n_rows, n_columns)

        Returns
        -------
        np.ndarray of shape (n_rows,)
        """
        check_is_fitted(self, "fitted_")
        table = _frame(X, getattr(self, "feature_names_in_", None))
        coded = self.columns_.transform(table)
        with threadpool_limits(1 if len(table) < _SMALL else None):
            blend = sum(self.weights_[one.name] * one.log_odds(coded) for one in self.fitted_)
        intercept, slope = self.calibration_
        return intercept + slope * np.asarray(blend)

    def predict_proba(self, X: pd.DataFrame | npt.ArrayLike) -> np.ndarray:
        """Give the probabilities of staying and of leaving.

        Parameters
        ----------
        X : pd.DataFrame or array-like of shape (n_rows, n_columns)

        Returns
        -------
        np.ndarray of shape (n_rows, 2)
        """
        leaves = special.expit(self.predict_log_odds(X))
        return np.column_stack([1 - leaves, leaves])

    def predict(self, X: pd.DataFrame | npt.ArrayLike) -> np.ndarray:
        """Say which class is likelier; decide by costs instead, see `metrics.best_threshold`.

        Parameters
        ----------
        X : pd.DataFrame or array-like of shape (n_rows, n_columns)

        Returns
        -------
        np.ndarray of shape (n_rows,)
        """
        return self.classes_[(self.predict_log_odds(X) > 0).astype(int)]

    def _truth(self, y: npt.ArrayLike, count: int) -> np.ndarray:
        """Give 0 and 1, or say what is wrong."""
        labels = np.asarray(y)
        if labels.ndim != 1 or len(labels) != count:
            raise ValueError(f"y has shape {labels.shape}, the table {count} rows")
        if pd.isna(labels).any():
            raise ValueError(f"y is missing in row {int(np.flatnonzero(pd.isna(labels))[0])}")
        if labels.dtype == object:
            labels = labels.astype(str)
        self.classes_ = np.unique(labels)
        if len(self.classes_) != 2:
            raise ValueError(
                f"y is {type_of_target(labels)} with {len(self.classes_)} value(s); leaving and "
                "staying are needed, each at least once"
            )
        return (labels == self.classes_[1]).astype(float)

    def _splits(
        self, truth: np.ndarray, time: npt.ArrayLike | None, churners: int
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Divide the rows: by time where there are days to do it, else by chance."""
        if time is not None:
            days = pd.to_datetime(pd.Series(np.asarray(time))).to_numpy()
            distinct = np.unique(days)
            later = distinct[len(distinct) // 2 :][-_MOST_DAYS:]
            splits = [(np.flatnonzero(days < day), np.flatnonzero(days == day)) for day in later]
            splits = [
                (train, test)
                for train, test in splits
                if min(truth[train].sum(), len(train) - truth[train].sum()) >= _FEW
                and 0 < truth[test].sum() < len(test)
            ]
            if len(splits) >= 2:
                return splits
        folds = min(self.folds, churners)
        if folds < 2:
            return []
        rng = np.random.default_rng(self.random_state)
        rows = np.arange(len(truth))
        if len(rows) > _MOST_ROWS:
            rows = np.sort(rng.choice(rows, _MOST_ROWS, replace=False))
        cut = StratifiedKFold(folds, shuffle=True, random_state=self.random_state)
        return [(rows[a], rows[b]) for a, b in cut.split(rows, truth[rows])]

    def _compare(
        self,
        pool: list[Candidate],
        coded: Any,  # noqa: ANN401  the coded table
        truth: np.ndarray,
        splits: list[tuple[np.ndarray, np.ndarray]],
    ) -> None:
        """Let candidates predict rows they have not seen, and blend their log-odds."""
        from sklearn.metrics import roc_auc_score

        odds = [
            np.concatenate(
                [one.fit(coded, truth, train).log_odds(coded, test) for train, test in splits]
            )
            for one in pool
        ]
        came = np.concatenate([truth[test] for _, test in splits])
        matrix = np.column_stack(odds)
        weights = _blend(matrix, came)
        self.weights_ = pd.Series(weights, index=[one.name for one in pool])
        together = matrix @ weights
        self.calibration_ = _calibration(together, came)
        rows = []
        for name, one in [*zip(self.weights_.index, matrix.T, strict=True), ("blend", together)]:
            p = special.expit(one)
            rows.append(
                (name, log_loss(came, p), ((p - came) ** 2).mean(), roc_auc_score(came, one))
            )
        self.scores_ = pd.DataFrame(rows, columns=["candidate", "log_loss", "brier", "auc"])


def _frame(X: pd.DataFrame | npt.ArrayLike, names: np.ndarray | None = None) -> pd.DataFrame:
    """Give a table; columns of a bare matrix are numbered."""
    if isinstance(X, pd.DataFrame):
        if X.columns.duplicated().any():
            twice = X.columns[X.columns.duplicated()][0]
            raise ValueError(f"the column {twice!r} stands twice in the table")
        return X.rename(columns=str)
    matrix = np.asarray(X)
    if matrix.ndim != 2:
        raise ValueError(f"a table of rows and columns is needed, not shape {matrix.shape}")
    if names is not None and matrix.shape[1] != len(names):
        raise ValueError(
            f"X has {matrix.shape[1]} features, but is expecting {len(names)} features"
        )
    return pd.DataFrame(matrix, columns=[str(place) for place in range(matrix.shape[1])])


def _blend(odds: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Find weights, not negative and summing to 1, that lower the log loss of the blend most."""
    count = odds.shape[1]

    def loss(free: np.ndarray) -> tuple[float, np.ndarray]:
        weights = special.softmax(free)
        blend = odds @ weights
        error = (special.expit(blend) - truth) / len(truth)
        slope = odds.T @ error
        value = float(np.mean(np.logaddexp(0, blend) - truth * blend))
        return value, weights * (slope - weights @ slope)

    found = optimize.minimize(loss, np.zeros(count), jac=True, method="L-BFGS-B")
    weights = special.softmax(found.x)
    # what hardly counts is left out: it costs time and tells nothing
    weights[weights < 0.03] = 0.0
    return weights / weights.sum()


def _calibration(odds: np.ndarray, truth: np.ndarray) -> tuple[float, float]:
    """Give intercept and slope where they raise the likelihood clearly, else leave as it is."""

    def loss(line: np.ndarray) -> tuple[float, np.ndarray]:
        moved = line[0] + line[1] * odds
        error = special.expit(moved) - truth
        value = float(np.sum(np.logaddexp(0, moved) - truth * moved))
        return value, np.array([error.sum(), error @ odds])

    plain = loss(np.array([0.0, 1.0]))[0]
    found = optimize.minimize(loss, np.array([0.0, 1.0]), jac=True, method="L-BFGS-B")
    if plain - found.fun < 2 * _LEAST_GAIN or found.x[1] <= 0:
        return 0.0, 1.0
    return float(found.x[0]), float(found.x[1])
