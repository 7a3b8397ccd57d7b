"""Who is leaving? One classifier for tables as they are, with probabilities to be believed."""

import copy
from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets, type_of_target
from sklearn.utils.validation import check_is_fitted, validate_data
from threadpoolctl import threadpool_limits

from kamlab.churn.blending import (
    Split,
    blend,
    calibration,
    judged,
    splits_by_chance,
    splits_by_time,
    tried,
)
from kamlab.churn.candidates import (
    CANDIDATES,
    LEAVERS_FOR_DEPTH,
    LEAVERS_NEEDED,
    MANY_ROWS,
    Candidate,
    deep,
)
from kamlab.churn.columns import MOST_LEARNT, Coded, MessyColumns, drawn_by_content
from kamlab.churn.explainable import Explainable, explainable_package

_FEW = 25  # leavers and stayers that are needed before a day and on it to judge by time
_FEWEST = 5  # below which it is not even asked how much to shrink
_SMALL = 1500  # rows below which one division into folds is too much by luck
_MOST_COMPARED = 20_000  # rows on which candidates are fitted, and judged, to compare them
_CLEARLY = 0.001  # of log loss, by which interactions must show before deeper trees are tried


class ChurnModel(ClassifierMixin, BaseEstimator):
    """Probability that an account leaves, from any table of what is known of it.

    Candidates are a logistic regression, one on splines, an additive and a shallow boosting, and a
    deeper one where the shallow one shows that interactions matter. Each predicts rows it has not
    seen, at several settings; their log-odds are then blended with the weights that lower the log
    loss most, and calibrated only where that lowers it further. No class weights and no made-up
    rows: both ruin probabilities and leave the ranking as it is. With fewer than 25 leavers there
    is only the logistic regression, with fewer than 60 no boosting, and with fewer than 5 the
    logistic regression is shrunk as far as it goes.

    Parameters
    ----------
    folds : int, default 5
        Parts of the data that candidates predict in turn; three where rows are many.
    label_days : int, default 0
        Days in which leaving was judged. Where `time` is given to `fit`, rows to learn from end so
        many days before those that judge: no outcome lies in the time that is predicted.
    explainable : bool, default False
        Whether explainable boosting is a candidate too, with 60 leavers or more. It needs the
        package interpret-core (``pip install interpret-core``), takes minutes where all others
        together take seconds, and was no better on the sets of `benchmarks/README.md`.
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
        One row a candidate and the blend: `candidate`, `setting`, `log_loss`, `brier`, `auc` on
        rows not seen; empty where there were too few rows to compare.
    calibration_ : tuple of float
        Intercept and slope on the log-odds; (0, 1) where none is needed.
    fitted_ : list of Candidate
        In the order of `weights_`.

    See Also
    --------
    kamlab.churn.contributions.contributions : Why an account is thought to leave.
    kamlab.churn.persist.save : Keep a fitted model.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> table = pd.DataFrame({"silent_days": rng.exponential(60, 400)})
    >>> left = rng.random(400) < 1 / (1 + np.exp(2 - table["silent_days"] / 40))
    >>> model = ChurnModel().fit(table, left)
    >>> (model.predict_proba(pd.DataFrame({"silent_days": [1, 300]}))[:, 1] > 0.5).tolist()
    [False, True]
    """

    classes_: np.ndarray
    columns_: MessyColumns
    weights_: pd.Series
    scores_: pd.DataFrame
    calibration_: tuple[float, float]
    fitted_: list[Candidate]

    def __init__(
        self,
        *,
        folds: int = 5,
        label_days: int = 0,
        explainable: bool = False,
        random_state: int = 0,
    ) -> None:
        self.folds = folds
        self.label_days = label_days
        self.explainable = explainable
        self.random_state = random_state

    def fit(
        self,
        X: pd.DataFrame | npt.ArrayLike,
        y: npt.ArrayLike,
        groups: npt.ArrayLike | None = None,
        time: npt.ArrayLike | None = None,
        like: "ChurnModel | None" = None,
    ) -> Self:
        """Fit candidates and blend them.

        Parameters
        ----------
        X : pd.DataFrame or array-like of shape (n_rows, n_columns)
            What was known of each account; columns of any kind. Order of rows and columns does not
            matter.
        y : array-like of shape (n_rows,)
            Whether it left: two values, of which the greater (True, 1, "yes") is leaving.
        groups : array-like of shape (n_rows,), optional
            Account of each row where accounts have several; rows of one stay together when
            candidates are compared.
        time : array-like of shape (n_rows,), optional
            Day of each row. With several days, candidates are compared on later rows than they
            were fitted on, and groups are not looked at.

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            If lengths differ, y has a missing value or other than two values, or a column stands
            twice in the table.
        UsageError
            If `explainable` is asked for and interpret-core is not installed.
        """
        if self.explainable:
            explainable_package()
        table = self._table(X, reset=True)
        truth = self._truth(y, len(table))
        owners = None if groups is None else np.asarray(groups)
        days = None if time is None else _days(time)
        if any(len(each) != len(truth) for each in (owners, days) if each is not None):
            raise ValueError(f"groups and time need one value for each of {len(truth)} rows")
        if len(table) > MOST_LEARNT:
            drawn = drawn_by_content(table, MOST_LEARNT)
            table, truth = table.iloc[drawn], truth[drawn]
            owners, days = (None if each is None else each[drawn] for each in (owners, days))
        self.columns_ = MessyColumns().fit(table)
        coded = self.columns_.transform(table)
        order = _by_content(coded, truth, [each for each in (owners, days) if each is not None])
        coded, truth = coded.rows(order), truth[order]
        owners, days = (None if each is None else each[order] for each in (owners, days))
        # threads that wait for each other on a busy machine take four times as long as one
        with threadpool_limits(1):
            if like is None:
                chosen = self._compare(coded, truth, self._splits(truth, owners, days))
            else:
                chosen = self._taken_over(like)
            self.fitted_ = [one.fit(coded, truth, setting) for one, setting in chosen]
        return self

    def predict_log_odds(self, X: pd.DataFrame | npt.ArrayLike) -> np.ndarray:
        """Give the logarithm of the odds of leaving.

        Parameters
        ----------
        X : pd.DataFrame or array-like of shape (n_rows, n_columns)
            With the columns seen in `fit`; others are passed over.

        Returns
        -------
        np.ndarray of shape (n_rows,)

        Raises
        ------
        ValueError
            If a column is missing that the model uses.
        """
        check_is_fitted(self, "fitted_")
        coded = self.columns_.transform(self._table(X, reset=False))
        with threadpool_limits(1):
            odds = np.column_stack([one.log_odds(coded) for one in self.fitted_])
        intercept, slope = self.calibration_
        return intercept + slope * (odds @ self.weights_.to_numpy())

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

    def decision_function(self, X: pd.DataFrame | npt.ArrayLike) -> np.ndarray:
        """Give the log-odds, under scikit-learn's name.

        Parameters
        ----------
        X : pd.DataFrame or array-like of shape (n_rows, n_columns)

        Returns
        -------
        np.ndarray of shape (n_rows,)
        """
        return self.predict_log_odds(X)

    def predict(self, X: pd.DataFrame | npt.ArrayLike) -> np.ndarray:
        """Say which class is likelier; decide by costs instead, see `profit.best_threshold`.

        Parameters
        ----------
        X : pd.DataFrame or array-like of shape (n_rows, n_columns)

        Returns
        -------
        np.ndarray of shape (n_rows,)
        """
        return self.classes_[(self.predict_log_odds(X) > 0).astype(int)]

    def __getstate__(self) -> dict[str, Any]:
        """Give what is saved: tables as plain lists, which skops can save and check."""
        state = dict(super().__getstate__())
        if "weights_" in state:
            state["weights_"] = [list(state["weights_"].index), self.weights_.to_list()]
            state["scores_"] = state["scores_"].to_dict("tight")
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take up what was saved."""
        state = dict(state)
        if "weights_" in state:
            names, weights = state["weights_"]
            state["weights_"] = pd.Series(weights, index=names)
            state["scores_"] = pd.DataFrame.from_dict(state["scores_"], orient="tight")
        super().__setstate__(state)

    def __sklearn_tags__(self) -> Any:  # noqa: ANN401  scikit-learn's tags have no stable type
        """Say what scikit-learn should know: two classes, and gaps and text are welcome."""
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.input_tags.allow_nan = True
        tags.input_tags.string = True
        tags.input_tags.categorical = True
        return tags

    def _table(self, X: pd.DataFrame | npt.ArrayLike, *, reset: bool) -> pd.DataFrame:
        """Give a table; columns of a bare matrix are numbered."""
        if not isinstance(X, pd.DataFrame):
            matrix = validate_data(self, X, reset=reset, dtype=None, ensure_all_finite="allow-nan")
            return pd.DataFrame(matrix, columns=[str(place) for place in range(matrix.shape[1])])
        if X.columns.duplicated().any():
            twice = X.columns[X.columns.duplicated()][0]
            raise ValueError(f"the column {twice!r} stands twice in the table")
        if reset and not X.size:
            raise ValueError(f"the table has {len(X)} rows (0 sample(s)) and {X.shape[1]} columns")
        if reset:
            self.n_features_in_ = X.shape[1]
            self.__dict__.pop("feature_names_in_", None)
            if all(isinstance(name, str) for name in X.columns):
                self.feature_names_in_ = X.columns.to_numpy(dtype=object)
        return X.set_axis([str(name) for name in X.columns], axis=1)

    def _truth(self, y: npt.ArrayLike, count: int) -> np.ndarray:
        """Give 0 and 1, or say what is wrong."""
        if y is None:
            raise ValueError("y is None: it is required that y says who left")
        labels = np.asarray(y)
        if labels.ndim == 2 and labels.shape[1] == 1:
            labels = labels.ravel()
        if labels.ndim != 1 or len(labels) != count:
            raise ValueError(f"y has shape {labels.shape}, the table {count} rows")
        missing = pd.isna(labels)
        if missing.any():
            raise ValueError(f"y is missing (NaN) in row {int(np.argmax(missing))}")
        if labels.dtype == object:
            labels = np.array([str(label) for label in labels])
        check_classification_targets(labels)
        self.classes_ = np.unique(labels)
        if len(self.classes_) > 2:
            raise ValueError(
                "Only binary classification is supported. The type of the target is "
                f"{type_of_target(labels)}: leaving and staying are needed"
            )
        if len(self.classes_) < 2:
            raise ValueError(
                f"y has 1 value only, class {self.classes_[0]}: leaving and staying are needed"
            )
        return (labels == self.classes_[1]).astype(float)

    def _splits(
        self, truth: np.ndarray, groups: np.ndarray | None, days: np.ndarray | None
    ) -> list[Split]:
        """Divide the rows: by time where there are days to do it, else by chance."""
        if days is not None:
            made = _shortened(splits_by_time(truth, days, self.label_days, _FEW))
            tested = truth[np.concatenate([test for _, test in made])] if made else truth[:0]
            if min(tested.sum(), len(tested) - tested.sum()) >= _FEW:
                return made
        churners = int(min(truth.sum(), len(truth) - truth.sum()))
        folds = min(self.folds if len(truth) < MANY_ROWS else 3, churners)
        if churners < _FEWEST or folds < 2:
            return []
        repeats = 4 if len(truth) < _SMALL else 1
        return _shortened(
            splits_by_chance(truth, folds, self.random_state, groups, repeats=repeats)
        )

    def _compare(
        self, coded: Coded, truth: np.ndarray, splits: Sequence[Split]
    ) -> list[tuple[Candidate, float]]:
        """Let candidates predict rows they have not seen, and blend what they say; give those used.

        Each with its best setting.
        """
        churners = min(truth.sum(), len(truth) - truth.sum())
        affordable = [least for least in LEAVERS_NEEDED if churners >= least]
        makers = CANDIDATES[: max(len(affordable), 1)] if splits else CANDIDATES[:1]
        pool = [make(self.random_state) for make in makers]
        self.calibration_ = (0.0, 1.0)
        if not splits:
            plain = pool[0]
            self.weights_ = pd.Series({plain.name: 1.0})
            self.scores_ = judged([], np.zeros(0), np.zeros(0))
            return [(plain, min(plain.settings))]
        trials = [tried(one, coded, truth, splits) for one in pool]
        plainer = min(trial.loss for trial in trials[:-1] or trials)
        if churners >= LEAVERS_FOR_DEPTH and trials[-1].loss < plainer - _CLEARLY:
            pool.append(deep(self.random_state))
            trials.append(tried(pool[-1], coded, truth, splits))
        if self.explainable and churners >= LEAVERS_NEEDED[-1]:
            pool.append(Explainable(self.random_state))
            trials.append(tried(pool[-1], coded, truth, splits))
        tested = np.concatenate([test for _, test in splits])
        came, rows = truth[tested], len(np.unique(tested))
        weights = blend(trials, came, rows)
        self.weights_ = pd.Series(weights, index=[one.name for one in trials])
        together = np.column_stack([one.odds for one in trials]) @ weights
        self.calibration_ = calibration(together, came, rows)
        intercept, slope = self.calibration_
        self.scores_ = judged(trials, intercept + slope * together, came)
        used = self.weights_.to_numpy() > 0
        self.weights_ = self.weights_[used]
        return [
            (one, trial.setting) for one, trial, use in zip(pool, trials, used, strict=True) if use
        ]

    def _taken_over(self, like: "ChurnModel") -> list[tuple[Candidate, float]]:
        """Take over what another model found by comparing, and give its candidates to be fitted."""
        check_is_fitted(like, "fitted_")
        self.weights_, self.calibration_ = like.weights_.copy(), like.calibration_
        self.scores_ = like.scores_.copy()
        best = self.scores_.set_index("candidate")["setting"]
        return [
            (copy.copy(one), best[one.name] if one.name in best else min(one.settings))
            for one in like.fitted_
        ]


def _shortened(splits: Sequence[Split]) -> list[Split]:
    """Take as many rows of each side as tell candidates apart: the first, in order of content."""
    return [(a[:_MOST_COMPARED], b[:_MOST_COMPARED]) for a, b in splits]


def _by_content(coded: Coded, truth: np.ndarray, keys: Sequence[np.ndarray]) -> np.ndarray:
    """Give an order of rows that depends on what they hold, not on how they came."""
    parts = pd.DataFrame(np.column_stack([coded.numbers, coded.flags, truth]))
    for place, key in enumerate(keys):
        parts[f"key {place}"] = key
    return np.argsort(pd.util.hash_pandas_object(parts, index=False).to_numpy(), kind="stable")


def _days(time: npt.ArrayLike) -> np.ndarray:
    """Give days as dates without a zone."""
    return pd.to_datetime(pd.Series(np.asarray(time))).to_numpy("datetime64[s]")
