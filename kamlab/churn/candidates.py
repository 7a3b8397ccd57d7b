"""Which models compete for the prediction of churn? All give log-odds of coded tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import SplineTransformer, StandardScaler

from kamlab.churn.columns import Coded

_KNOTS = 5
_FEW_VALUES = 6  # numbers with fewer different values have no curve
_STRENGTHS = (0.002, 0.01, 0.05, 0.25, 1.25)  # inverse ridges that are tried
MANY_ROWS = 20_000
"""From which three folds or days say as much as five, and a few large steps are quicker."""
_STEP = 10  # boosting rounds between two lengths that are tried


class Candidate(Protocol):
    """What a candidate can do: be tried at many settings, and be fitted at one of them."""

    name: str
    settings: Sequence[float]

    def tried(self, train: Coded, truth: np.ndarray, test: Coded) -> np.ndarray:
        """Give log-odds of the test rows, one column a setting."""

    def fit(self, coded: Coded, truth: np.ndarray, setting: float) -> Self:
        """Fit at one setting."""

    def log_odds(self, coded: Coded) -> np.ndarray:
        """Predict."""


@dataclass
class Logistic:
    """Logistic regression on flags and on numbers or their curves; the setting is 1 / ridge.

    Attributes
    ----------
    parts : dict of str to Any
        Once fitted: `middle` (medians that stand for what is missing), `curved` (numbers that have
        a curve), `tails`, `splines`, `scaler` and `model`.
    """

    name: str
    curves: bool
    settings: Sequence[float] = _STRENGTHS
    parts: dict[str, Any] = field(default_factory=dict)

    def tried(self, train: Coded, truth: np.ndarray, test: Coded) -> np.ndarray:
        """Give log-odds of the test rows, one column a setting."""
        learnt, asked = self._prepare(train), self.design(test)
        model = _ridge_model(len(learnt)).set_params(warm_start=True)  # each from the one before
        found = [
            model.set_params(C=setting).fit(learnt, truth).decision_function(asked)
            for setting in self.settings
        ]
        return np.column_stack(found)

    def fit(self, coded: Coded, truth: np.ndarray, setting: float) -> Self:
        """Fit at one setting."""
        design = self._prepare(coded)
        self.parts["model"] = _ridge_model(len(design)).set_params(C=setting).fit(design, truth)
        return self

    def log_odds(self, coded: Coded) -> np.ndarray:
        """Predict."""
        return self.parts["model"].decision_function(self.design(coded))

    def design(self, coded: Coded) -> np.ndarray:
        """Give the columns that have a coefficient, of mean 0 in the training rows."""
        return self.parts["scaler"].transform(self._raw(coded))

    def owners(self, coded: Coded) -> np.ndarray:
        """Say which column of the table each column of the design came from."""
        curved, numbers = self.parts["curved"], np.array(coded.number_owner, int)
        each = 0 if self.parts["splines"] is None else _KNOTS + 1
        return np.concatenate(
            [numbers[~curved], np.array(coded.flag_owner, int), np.repeat(numbers[curved], each)]
        )

    def _prepare(self, coded: Coded) -> np.ndarray:
        """Learn middles, curves and scales, and give the design."""
        middle = _medians(coded.numbers)
        filled = np.where(np.isnan(coded.numbers), middle, coded.numbers)
        many = [self.curves and len(np.unique(column)) > _FEW_VALUES for column in filled.T]
        curved = np.array(many, bool)
        tails = _tails(filled) if filled.size else None
        self.parts = {"middle": middle, "curved": curved, "tails": tails, "splines": None}
        if curved.any():
            splines = SplineTransformer(
                n_knots=_KNOTS, knots="quantile", extrapolation="linear", include_bias=False
            )
            self.parts["splines"] = splines.fit(_draw_in(filled, tails)[:, curved])
        raw = self._raw(coded)
        self.parts["scaler"] = StandardScaler().fit(raw)
        return self.parts["scaler"].transform(raw)

    def _raw(self, coded: Coded) -> np.ndarray:
        """Give numbers without a curve, flags, and curves."""
        filled = np.where(np.isnan(coded.numbers), self.parts["middle"], coded.numbers)
        drawn, curved = _draw_in(filled, self.parts["tails"]), self.parts["curved"]
        pieces = [drawn[:, ~curved], coded.flags]
        if self.parts["splines"] is not None:
            pieces.append(self.parts["splines"].transform(drawn[:, curved]))
        return np.hstack(pieces)


@dataclass
class Boosting:
    """Gradient boosting of small trees; the setting is the number of rounds."""

    name: str
    options: dict[str, Any]
    settings: Sequence[float]
    model: HistGradientBoostingClassifier | None = None

    def tried(self, train: Coded, truth: np.ndarray, test: Coded) -> np.ndarray:
        """Give log-odds of the test rows, one column a setting."""
        most = int(max(self.settings))
        model = HistGradientBoostingClassifier(**self.options, max_iter=most)
        model.fit(matrix_of(train, learn=True), truth)
        stages = model.staged_decision_function(matrix_of(test))
        wanted = set(self.settings)
        kept = [odds for number, odds in enumerate(stages, 1) if number in wanted]
        return np.column_stack(kept)

    def fit(self, coded: Coded, truth: np.ndarray, setting: float) -> Self:
        """Fit at one setting."""
        self.model = HistGradientBoostingClassifier(**self.options, max_iter=int(setting))
        self.model.fit(matrix_of(coded, learn=True), truth)
        return self

    def log_odds(self, coded: Coded) -> np.ndarray:
        """Predict."""
        if self.model is None:
            raise ValueError(f"{self.name} is not fitted")
        return self.model.decision_function(matrix_of(coded))


def linear(seed: int) -> Logistic:  # noqa: ARG001  nothing is drawn; all candidates take a seed
    """Logistic regression on the numbers as they are.

    Parameters
    ----------
    seed : int
        Not used.

    Returns
    -------
    Logistic
    """
    return Logistic("logistic", curves=False)


def splined(seed: int) -> Logistic:  # noqa: ARG001  nothing is drawn; all candidates take a seed
    """Logistic regression on curves of the numbers.

    Parameters
    ----------
    seed : int
        Not used.

    Returns
    -------
    Logistic
    """
    return Logistic("logistic on splines", curves=True)


def additive(seed: int) -> Boosting:
    """Boosting of single splits: a curve for each column, no interactions.

    Parameters
    ----------
    seed : int

    Returns
    -------
    Boosting
    """
    return _boosting("additive boosting", seed, 400, 40, learning_rate=0.1, max_leaf_nodes=2)


def shallow(seed: int) -> Boosting:
    """Boosting of trees of eight leaves.

    Parameters
    ----------
    seed : int

    Returns
    -------
    Boosting
    """
    return _boosting("shallow boosting", seed, 240, 30, learning_rate=0.05, max_leaf_nodes=8)


def deep(seed: int) -> Boosting:
    """Boosting of trees up to six splits deep.

    Parameters
    ----------
    seed : int

    Returns
    -------
    Boosting
    """
    return _boosting("deep boosting", seed, 300, 20, max_leaf_nodes=31, max_depth=6)


CANDIDATES: tuple[Callable[[int], Candidate], ...] = (
    linear,
    splined,
    additive,
    shallow,
)
LEAVERS_NEEDED = (0, 25, 60, 60)  # and stayers, for each of them to be tried
LEAVERS_FOR_DEPTH = 200


def matrix_of(coded: Coded, *, learn: bool = False) -> np.ndarray:
    """Give numbers and flags side by side.

    Parameters
    ----------
    coded : Coded
    learn : bool, default False
        Whether to learn from it: boosting cannot, of a column without any value.

    Returns
    -------
    np.ndarray of shape (n_rows, n_numbers + n_flags)
    """
    numbers = coded.numbers
    if learn:
        numbers = np.where(np.isnan(numbers).all(axis=0), 0.0, numbers)
    return np.hstack([numbers, coded.flags])


def solver_for(rows: int) -> str:
    """Name the solver of a logistic regression: of many rows a few large steps are quicker.

    Parameters
    ----------
    rows : int
        From which it is learnt.

    Returns
    -------
    {"newton-cholesky", "lbfgs"}
    """
    return "newton-cholesky" if rows >= MANY_ROWS else "lbfgs"


def losses(odds: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """Give the log loss of log-odds, one for each column.

    Parameters
    ----------
    odds : np.ndarray of shape (n_rows, n_columns)
    truth : np.ndarray of shape (n_rows,)
        0 or 1.

    Returns
    -------
    np.ndarray of shape (n_columns,)

    Examples
    --------
    >>> losses(np.zeros((4, 2)), np.array([0, 1, 1, 0])).round(4).tolist()
    [0.6931, 0.6931]
    """
    return np.mean(np.logaddexp(0, odds) - truth[:, None] * odds, axis=0)


def _boosting(name: str, seed: int, most: int, leaf: int, **options: float) -> Boosting:
    """Give a boosting with what all have in common."""
    common = {"learning_rate": 0.06, "l2_regularization": 1.0, "early_stopping": False}
    return Boosting(
        name,
        common | options | {"min_samples_leaf": leaf, "random_state": seed},
        tuple(range(_STEP, most + 1, _STEP)),
    )


def _ridge_model(rows: int) -> LogisticRegression:
    """Make a logistic regression with a ridge."""
    return LogisticRegression(max_iter=3000, tol=1e-6, solver=solver_for(rows))


def _tails(values: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Say which columns are skewed, and give their middles and scales."""
    low, middle, high = np.quantile(values, [0.05, 0.5, 0.95], axis=0)
    skewed = (high - middle > 4 * (middle - low)) | (middle - low > 4 * (high - middle))
    scale = np.median(np.abs(values - middle), axis=0)
    wide = np.maximum((high - low) / 4, 1e-9)
    return skewed, middle, np.where(scale > 0, scale, wide)


def _draw_in(
    values: np.ndarray, tails: tuple[np.ndarray, np.ndarray, np.ndarray] | None
) -> np.ndarray:
    """Draw in long tails: signed logarithm of columns that are skewed."""
    if tails is None:
        return values
    skewed, middle, scale = tails
    moved = (values - middle) / scale
    return np.where(skewed, np.sign(moved) * np.log1p(np.abs(moved)), values)


def _medians(numbers: np.ndarray) -> np.ndarray:
    """Give the middle of each column; 0 where nothing is known."""
    middle = np.zeros(numbers.shape[1])
    known = np.isfinite(numbers).any(axis=0)
    if known.any():
        middle[known] = np.nanmedian(numbers[:, known], axis=0)
    return middle
