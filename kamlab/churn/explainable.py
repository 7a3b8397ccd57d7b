"""Explainable boosting as one more candidate: a curve a column, and a few pairs of columns."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

import numpy as np

from kamlab.churn.candidates import matrix_of
from kamlab.churn.columns import Coded
from kamlab.errors import UsageError

_BAGS = 4  # samples whose mean is taken; the 14 it comes with take three times as long


@dataclass
class Explainable:
    """Explainable boosting of the package interpret, which is needed for fitting only.

    What was learnt is kept as plain arrays: predicting, explaining and loading need no package.

    Attributes
    ----------
    seed : int
    settings : sequence of float
        One: it stops by itself.
    parts : dict of str to Any
        Once fitted: `intercept`, and of each term `columns` (of the matrix, one or two), `cuts`
        (between bins, of each of its columns) and `scores` (log-odds by bin; the first bin is that
        of missing values).

    References
    ----------
    .. [1] Y. Lou, R. Caruana, J. Gehrke and G. Hooker, "Accurate intelligible models with pairwise
       interactions", KDD, 2013.
    """

    seed: int
    name: str = "explainable boosting"
    settings: Sequence[float] = (1.0,)
    parts: dict[str, Any] = field(default_factory=dict)

    def tried(self, train: Coded, truth: np.ndarray, test: Coded) -> np.ndarray:
        """Give log-odds of the test rows, one column a setting."""
        return Explainable(self.seed).fit(train, truth, 1.0).log_odds(test)[:, None]

    def fit(self, coded: Coded, truth: np.ndarray, setting: float) -> Self:  # noqa: ARG002  one only
        """Fit; UsageError with what to install where the package is missing."""
        make = explainable_package()
        matrix = matrix_of(coded, learn=True)
        model = make(
            feature_types=["continuous"] * matrix.shape[1],
            outer_bags=_BAGS,
            n_jobs=1,
            random_state=self.seed,
        )
        with warnings.catch_warnings():
            # it says that its own pictures leave out missing values; none are drawn here
            warnings.simplefilter("ignore", UserWarning)
            model.fit(matrix, truth.astype(int))
        terms = [list(map(int, term)) for term in model.term_features_]
        self.parts = {
            "intercept": float(np.ravel(model.intercept_)[0]),
            "columns": terms,
            # a column has coarser bins where it stands in a pair
            "cuts": [
                [np.asarray(model.bins_[c][min(len(term), len(model.bins_[c])) - 1]) for c in term]
                for term in terms
            ],
            "scores": [np.asarray(scores, float) for scores in model.term_scores_],
        }
        return self

    def log_odds(self, coded: Coded) -> np.ndarray:
        """Predict."""
        return self.parts["intercept"] + self.by_column(matrix_of(coded)).sum(axis=1)

    def by_column(self, matrix: np.ndarray) -> np.ndarray:
        """Give each column's part of the log-odds, of the matrix' shape; a pair shares evenly."""
        if not self.parts:
            raise ValueError(f"{self.name} is not fitted")
        each = np.zeros(matrix.shape)
        for columns, cuts, scores in zip(
            self.parts["columns"], self.parts["cuts"], self.parts["scores"], strict=True
        ):
            bins = tuple(
                np.where(np.isnan(matrix[:, c]), 0, np.digitize(matrix[:, c], cut) + 1)
                for c, cut in zip(columns, cuts, strict=True)
            )
            for c in columns:
                each[:, c] += scores[bins] / len(columns)
        return each


def explainable_package() -> Any:  # noqa: ANN401  a class of a package that may be missing
    """Give the classifier of interpret.

    Returns
    -------
    type

    Raises
    ------
    UsageError
        If the package is not installed.
    """
    try:
        from interpret.glassbox import ExplainableBoostingClassifier
    except ImportError as missing:
        raise UsageError(
            "explainable boosting needs interpret-core: pip install interpret-core"
        ) from missing
    return ExplainableBoostingClassifier
