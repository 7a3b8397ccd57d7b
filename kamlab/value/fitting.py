"""Did the fit find the best parameters, and how sure is each of them?

Likelihoods are maximised over logarithms of positive parameters: L-BFGS-B from several starts (on
a sample of the distinct histories where there are many), then BFGS on all of them, and the
curvature by central differences of the analytic gradient.
"""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from scipy import optimize
from sklearn.exceptions import ConvergenceWarning
from threadpoolctl import ThreadpoolController

Objective = Callable[[np.ndarray], tuple[float, np.ndarray]]
"""Parameters on the log scale to log-likelihood and gradient (shape (n_parameters,))."""

LOG_BOUNDS = (-12.0, 14.0)
GRADIENT_TOLERANCE = 1e-6  # of the mean log-likelihood of an account
_AGREEMENT = 1e-5  # of the mean log-likelihood of an account
_STEP = 1e-4


class FitWarning(ConvergenceWarning):
    """A model was fitted, but its estimates are to be used with care; the message says why."""


@dataclass(frozen=True, slots=True)
class Convergence:
    """How a fit converged."""

    converged: bool
    """Gradient near zero, curvature as at a maximum, no parameter at its bound."""
    gradient_norm: float
    """Largest entry of the gradient of the mean log-likelihood of an account (log parameters)."""
    hessian_positive_definite: bool
    """Whether the observed information is positive definite."""
    starts: int
    """Starting points tried."""
    starts_agreeing: int
    """Starting points that ended at the best log-likelihood."""
    evaluations: int
    """Evaluations of the full likelihood."""
    message: str
    """What is wrong, or 'converged'."""


@dataclass(frozen=True, slots=True)
class Fit:
    """Maximum likelihood estimates of positive parameters; p is their number."""

    parameters: np.ndarray
    """Shape (p,)."""
    log_likelihood: float
    covariance: np.ndarray
    """Of the logarithms, shape (p, p); NaN where a parameter is at its bound."""
    convergence: Convergence


def maximise(
    objective: Objective,
    starts: Sequence[np.ndarray],
    *,
    names: Sequence[str],
    size: float,
    rough: Objective | None = None,
    rough_size: float | None = None,
) -> Fit:
    """Maximise a log-likelihood over the logarithms of its parameters.

    Parameters
    ----------
    objective : callable
        Log parameters to log-likelihood and gradient.
    starts : sequence of np.ndarray of shape (p,)
        Starting points, on the log scale.
    names : sequence of str
        The parameters' names, for messages.
    size : float
        Accounts behind the likelihood: tolerances are per account.
    rough : callable, optional
        The same likelihood on a sample, to find the neighbourhood of the maximum.
    rough_size : float, optional
        Accounts behind `rough`.

    Returns
    -------
    Fit
        Estimates, curvature and a report. A poor fit is reported and warned of, never hidden.

    Warns
    -----
    FitWarning
        If the fit did not converge or a parameter ran to its bound.

    Examples
    --------
    >>> fit = maximise(lambda u: (-((u - 1) ** 2).sum(), -2 * (u - 1)), [np.zeros(1)], names=["m"],
    ...     size=1.0)
    >>> float(fit.parameters[0].round(4)), fit.convergence.message
    (2.7183, 'converged')
    """
    first, first_size = (objective, size) if rough is None else (rough, rough_size or size)
    with _blas().limit(limits=1, user_api="blas"):  # threads wait for each other over short sums
        ends = [_climb(first, start, first_size) for start in starts]
        values = np.array([end.fun for end in ends])
        point = ends[int(np.argmin(values))].x
        agreeing = int((values <= values.min() + _AGREEMENT).sum())
        point, evaluations = _polish(objective, point, size, first, first_size)
        value, gradient = objective(point)
        information = _curvature(objective, point)
    free = (point > LOG_BOUNDS[0] + 1e-3) & (point < LOG_BOUNDS[1] - 1e-3)
    covariance, positive = _invert(information, free)
    norm = float(np.abs(gradient[free]).max() / size) if free.any() else 0.0
    message = _message(norm, positive, [n for n, ok in zip(names, free, strict=True) if not ok])
    if message != "converged":
        warnings.warn(message, FitWarning, stacklevel=3)
    convergence = Convergence(
        converged=message == "converged",
        gradient_norm=norm,
        hessian_positive_definite=positive,
        starts=len(starts),
        starts_agreeing=agreeing,
        evaluations=evaluations + 1 + 2 * point.size,
        message=message,
    )
    return Fit(np.exp(point), float(value), covariance, convergence)


@cache
def _blas() -> ThreadpoolController:
    """Find the libraries for linear algebra, once."""
    return ThreadpoolController()


def _climb(objective: Objective, start: np.ndarray, size: float) -> optimize.OptimizeResult:
    """Run L-BFGS-B from one start on the mean log-likelihood of an account."""

    def loss(point: np.ndarray) -> tuple[float, np.ndarray]:
        value, gradient = objective(point)
        if not (np.isfinite(value) and np.isfinite(gradient).all()):
            return 1e10, np.zeros_like(point)
        return -value / size, -gradient / size

    return optimize.minimize(
        loss,
        np.clip(start, LOG_BOUNDS[0] + 1, LOG_BOUNDS[1] - 1),
        jac=True,
        method="L-BFGS-B",
        bounds=[LOG_BOUNDS] * len(start),
        options={"maxiter": 500, "ftol": 1e-13, "gtol": 1e-7},
    )


def _polish(
    objective: Objective, point: np.ndarray, size: float, rough: Objective, rough_size: float
) -> tuple[np.ndarray, int]:
    """Take quasi-Newton steps on the full likelihood, with the rough one's curvature."""
    inside = (point > LOG_BOUNDS[0] + 1e-3) & (point < LOG_BOUNDS[1] - 1e-3)
    if not inside.all():
        if rough is objective:
            return point, 0
        end = _climb(objective, point, size)
        return end.x, int(end.nfev)
    inverse, positive = _invert(_curvature(rough, point) / rough_size, inside)
    evaluations = 0
    value, gradient = objective(point)
    for _ in range(50):
        if np.abs(gradient).max() / size < GRADIENT_TOLERANCE / 1000:
            break
        step = inverse @ gradient / size if positive else gradient / np.abs(gradient).max() * 0.1
        step *= min(1.0, 1.0 / np.abs(step).max())
        new, new_value, new_gradient, tried = _line_search(objective, point, value, step)
        evaluations += tried
        if new is None:
            break
        inverse = _secant_update(inverse, new - point, (gradient - new_gradient) / size)
        point, value, gradient = new, new_value, new_gradient
    return point, evaluations + 1


def _line_search(
    objective: Objective, point: np.ndarray, value: float, step: np.ndarray
) -> tuple[np.ndarray | None, float, np.ndarray, int]:
    """Halve the step until the log-likelihood does not fall."""
    slack = 1e-12 * abs(value)
    for tried in range(1, 12):
        new = np.clip(point + step, *LOG_BOUNDS)
        new_value, new_gradient = objective(new)
        if np.isfinite(new_value) and new_value >= value - slack:
            return new, new_value, new_gradient, tried
        step = step / 2
    return None, value, step, 11


def _secant_update(inverse: np.ndarray, step: np.ndarray, change: np.ndarray) -> np.ndarray:
    """Update an inverse curvature by the BFGS formula, where the step shows curvature."""
    product = float(step @ change)
    if product <= 1e-14 * float(np.sqrt((step @ step) * (change @ change))):
        return inverse
    left = np.eye(step.size) - np.outer(step, change) / product
    return left @ inverse @ left.T + np.outer(step, step) / product


def _curvature(objective: Objective, point: np.ndarray) -> np.ndarray:
    """Observed information by central differences of the gradient."""
    columns = []
    for i in range(point.size):
        shift = np.zeros(point.size)
        shift[i] = _STEP
        columns.append((objective(point - shift)[1] - objective(point + shift)[1]) / (2 * _STEP))
    matrix = np.array(columns)
    return (matrix + matrix.T) / 2


def _invert(information: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, bool]:
    """Invert the free block; say whether it is positive definite."""
    covariance = np.full(information.shape, np.nan)
    block = information[np.ix_(free, free)]
    if not np.isfinite(block).all() or not free.any():
        return covariance, False
    eigenvalues = np.linalg.eigvalsh(block)
    positive = bool(eigenvalues[0] > 1e-12 * eigenvalues[-1])
    if positive:
        covariance[np.ix_(free, free)] = np.linalg.inv(block)
    return covariance, positive


def _message(norm: float, positive: bool, bounded: list[str]) -> str:
    """Say in words what is wrong with a fit."""
    if bounded:
        return (
            f"parameter {', '.join(bounded)} ran to its bound: the data show no such differences "
            "between accounts, a simpler model may do; its standard error is not known"
        )
    if norm > GRADIENT_TOLERANCE:
        return f"the gradient did not vanish (largest entry {norm:.2g} an account)"
    if not positive:
        return "the likelihood is flat in some direction: the parameters are not determined"
    return "converged"


def original_scale(fit: Fit, names: Sequence[str]) -> pd.Series:
    """Give the standard errors of the parameters by the delta method.

    Parameters
    ----------
    fit : Fit
        With covariance on the log scale.
    names : sequence of str
        The parameters' names.

    Returns
    -------
    pd.Series of shape (p,)
        NaN where not known.

    Examples
    --------
    >>> report = Convergence(True, 0.0, True, 1, 1, 1, "converged")
    >>> original_scale(Fit(np.array([2.0]), 0.0, np.array([[0.01]]), report), ["r"])["r"]
    np.float64(0.2)
    """
    with np.errstate(invalid="ignore"):
        errors = fit.parameters * np.sqrt(np.diag(fit.covariance))
    return pd.Series(errors, index=list(names), name="standard_error")
