"""Which models compete for the prediction of churn? All give log-odds of coded tables."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import SplineTransformer, StandardScaler

from kamlab.churn.columns import Coded

_KNOTS = 5
_FEW_VALUES = 6  # numbers with fewer different values have no curve
_BOUND = 15.0


class Candidate(Protocol):
    """What a candidate can do."""

    name: str

    def fit(self, coded: Coded, truth: np.ndarray, rows: np.ndarray | None = None) -> Self:
        """Fit to some rows."""

    def log_odds(self, coded: Coded, rows: np.ndarray | None = None) -> np.ndarray:
        """Predict some rows."""


@dataclass
class SplineLogistic:
    """Logistic regression on curves of the numbers and on the flags, lightly ridged."""

    seed: int
    name: str = "logistic on splines"
    parts: dict[str, Any] = field(default_factory=dict)

    def fit(self, coded: Coded, truth: np.ndarray, rows: np.ndarray | None = None) -> Self:
        """Fit to some rows."""
        numbers, flags, target = _rows(coded.numbers, coded.flags, truth, rows)
        middle = _medians(numbers)
        filled = np.where(np.isnan(numbers), middle, numbers)
        curved = np.array([len(np.unique(column)) > _FEW_VALUES for column in filled.T], bool)
        splines = None
        if curved.any():
            # ranks spread the knots, and a long tail is drawn in before the curve
            scale = _Tails().fit(filled[:, curved])
            splines = SplineTransformer(
                n_knots=_KNOTS, degree=3, knots="quantile", extrapolation="linear",
                include_bias=False,
            ).fit(scale.transform(filled[:, curved]))  # fmt: skip
            self.parts["tails"] = scale
        self.parts |= {"middle": middle, "curved": curved, "splines": splines}
        design = self._design(numbers, flags)
        scaler = StandardScaler().fit(design)
        model = LogisticRegression(C=_strength(target), max_iter=2000, tol=1e-5)
        model.fit(scaler.transform(design), target)
        self.parts |= {"scaler": scaler, "model": model}
        return self

    def log_odds(self, coded: Coded, rows: np.ndarray | None = None) -> np.ndarray:
        """Predict some rows."""
        numbers, flags, _ = _rows(coded.numbers, coded.flags, None, rows)
        design = self.parts["scaler"].transform(self._design(numbers, flags))
        return np.clip(self.parts["model"].decision_function(design), -_BOUND, _BOUND)

    def _design(self, numbers: np.ndarray, flags: np.ndarray) -> np.ndarray:
        filled = np.where(np.isnan(numbers), self.parts["middle"], numbers)
        curved = self.parts["curved"]
        pieces = [filled[:, ~curved], flags]
        if self.parts["splines"] is not None:
            drawn = self.parts["tails"].transform(filled[:, curved])
            pieces.append(self.parts["splines"].transform(drawn))
        return np.hstack(pieces) if sum(p.shape[1] for p in pieces) else np.zeros((len(numbers), 1))


class _Tails:
    """Draw in long tails: signed logarithm of columns that are skewed."""

    def fit(self, values: np.ndarray) -> Self:
        """Learn which columns are skewed, and their scale."""
        spread = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
        upper, lower = spread[2] - spread[1], spread[1] - spread[0]
        self.skewed = (upper > 4 * lower) | (lower > 4 * upper)
        self.scale = np.maximum(np.median(np.abs(values - spread[1]), axis=0), 1e-9)
        self.middle = spread[1]
        return self

    def transform(self, values: np.ndarray) -> np.ndarray:
        """Draw in the columns that are skewed."""
        moved = (values - self.middle) / self.scale
        drawn = np.sign(moved) * np.log1p(np.abs(moved))
        return np.where(self.skewed, drawn, values)


@dataclass
class PlainLogistic:
    """Logistic regression on the numbers as they are, strongly ridged: for few who left."""

    seed: int
    name: str = "plain logistic"
    parts: dict[str, Any] = field(default_factory=dict)

    def fit(self, coded: Coded, truth: np.ndarray, rows: np.ndarray | None = None) -> Self:
        """Fit to some rows."""
        numbers, flags, target = _rows(coded.numbers, coded.flags, truth, rows)
        middle = _medians(numbers)
        tails = _Tails().fit(np.where(np.isnan(numbers), middle, numbers))
        self.parts = {"middle": middle, "tails": tails}
        design = self._design(numbers, flags)
        scaler = StandardScaler().fit(design)
        model = LogisticRegression(C=_strength(target) / 5, max_iter=2000, tol=1e-5)
        model.fit(scaler.transform(design), target)
        self.parts |= {"scaler": scaler, "model": model}
        return self

    def log_odds(self, coded: Coded, rows: np.ndarray | None = None) -> np.ndarray:
        """Predict some rows."""
        numbers, flags, _ = _rows(coded.numbers, coded.flags, None, rows)
        design = self.parts["scaler"].transform(self._design(numbers, flags))
        return np.clip(self.parts["model"].decision_function(design), -_BOUND, _BOUND)

    def _design(self, numbers: np.ndarray, flags: np.ndarray) -> np.ndarray:
        filled = np.where(np.isnan(numbers), self.parts["middle"], numbers)
        drawn = self.parts["tails"].transform(filled) if filled.shape[1] else filled
        design = np.hstack([drawn, flags])
        return design if design.shape[1] else np.zeros((len(numbers), 1))


@dataclass
class Boosting:
    """Gradient boosting of small trees."""

    name: str
    options: dict[str, Any]
    model: HistGradientBoostingClassifier | None = None
    empty: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))

    def fit(self, coded: Coded, truth: np.ndarray, rows: np.ndarray | None = None) -> Self:
        """Fit to some rows."""
        numbers, flags, target = _rows(coded.numbers, coded.flags, truth, rows)
        matrix = np.hstack([numbers, flags])
        if not matrix.shape[1]:
            matrix = np.zeros((len(target), 1))
        # binning fails on columns of which nothing is known in these rows
        self.empty = np.isnan(matrix).all(axis=0)
        matrix = np.where(self.empty, 0.0, matrix)
        self.model = HistGradientBoostingClassifier(**self.options).fit(matrix, target)
        return self

    def log_odds(self, coded: Coded, rows: np.ndarray | None = None) -> np.ndarray:
        """Predict some rows."""
        numbers, flags, _ = _rows(coded.numbers, coded.flags, None, rows)
        matrix = np.hstack([numbers, flags])
        if not matrix.shape[1]:
            matrix = np.zeros((len(numbers), 1))
        matrix = np.where(self.empty, 0.0, matrix)
        if self.model is None:
            raise ValueError(f"{self.name} is not fitted")
        return np.clip(self.model.decision_function(matrix), -_BOUND, _BOUND)


def _rows(
    numbers: np.ndarray, flags: np.ndarray, truth: np.ndarray | None, rows: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take some rows, or all."""
    target = np.empty(0) if truth is None else truth
    if rows is None:
        return numbers, flags, target
    return numbers[rows], flags[rows], target[rows] if truth is not None else target


def _medians(numbers: np.ndarray) -> np.ndarray:
    """Give the middle of each column; 0 where nothing is known."""
    if not numbers.size:
        return np.zeros(numbers.shape[1])
    known = np.isfinite(numbers).any(axis=0)
    middle = np.zeros(numbers.shape[1])
    middle[known] = np.nanmedian(numbers[:, known], axis=0)
    return middle


def _strength(truth: np.ndarray) -> float:
    """Give how little is ridged: few churners, more ridge."""
    churners = min(truth.sum(), len(truth) - truth.sum())
    return float(np.clip(churners / 2000, 0.003, 0.5))


def _additive(seed: int) -> Candidate:
    return Boosting(
        "additive boosting",
        {
            "max_leaf_nodes": 2, "max_iter": 350, "learning_rate": 0.1, "min_samples_leaf": 20,
            "l2_regularization": 1.0, "early_stopping": False, "random_state": seed,
        },
    )  # fmt: skip


def _shallow(seed: int) -> Candidate:
    return Boosting(
        "shallow boosting",
        {
            "max_leaf_nodes": 8, "max_iter": 150, "learning_rate": 0.05, "min_samples_leaf": 30,
            "l2_regularization": 1.0, "early_stopping": False, "random_state": seed,
        },
    )  # fmt: skip


def _deep(seed: int) -> Candidate:
    return Boosting(
        "deep boosting",
        {
            "max_leaf_nodes": 31, "max_iter": 400, "learning_rate": 0.06, "min_samples_leaf": 20,
            "l2_regularization": 1.0, "early_stopping": True, "validation_fraction": 0.15,
            "n_iter_no_change": 15, "random_state": seed,
        },
    )  # fmt: skip


CANDIDATES: tuple[tuple[Callable[[int], Candidate], int], ...] = (
    (PlainLogistic, 0),
    (SplineLogistic, 25),
    (_additive, 50),
    (_shallow, 50),
    (_deep, 200),
)
"""What makes a candidate, and how many must have left (and stayed) for it to be tried."""
