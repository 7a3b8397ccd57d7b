"""How long do contracts last when accounts decide at each renewal, and what are they worth?"""

from collections.abc import Sequence
from typing import Self

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy import special
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from kamlab.value.fitting import Convergence, Objective, maximise, original_scale

_NAMES = ("alpha", "beta")


class ShiftedBetaGeometric(BaseEstimator):
    """Contract lifetimes: each account leaves with its own chance at every renewal.

    The chances differ between accounts by a beta distribution, so that a cohort's retention rate
    rises with age although nobody becomes more loyal.

    Attributes
    ----------
    alpha_, beta_ : float
        Maximum likelihood estimates.
    log_likelihood_ : float
    standard_errors_ : pd.Series
    convergence_ : Convergence

    References
    ----------
    .. [1] P. S. Fader and B. G. S. Hardie, "How to project customer retention", Journal of
       Interactive Marketing 21, 2007.
    .. [2] P. S. Fader and B. G. S. Hardie, "Customer-base valuation in a contractual setting",
       Marketing Science 29, 2010.

    Examples
    --------
    >>> model = ShiftedBetaGeometric().fit([1000, 869, 743, 653, 593, 551, 517, 491])
    >>> round(model.alpha_, 3), round(model.beta_, 3)
    (0.668, 3.806)
    """

    alpha_: float
    beta_: float
    log_likelihood_: float
    standard_errors_: pd.Series
    convergence_: Convergence

    def fit(self, survivors: Sequence[float] | pd.DataFrame, y: None = None) -> Self:  # noqa: ARG002  scikit-learn's
        """Fit by maximum likelihood.

        Parameters
        ----------
        survivors : sequence of float, or pd.DataFrame
            Accounts of one cohort still under contract after 0, 1, 2 … periods (counts or shares),
            or a table with one row an account: `periods` (renewals decided on, at least 1 for those
            who left) and `left` (whether it left at the last of them).
        y : None
            Not used.

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            If survivors rise, or nobody left.

        Warns
        -----
        FitWarning
            If the fit is to be used with care.
        """
        lost, kept = _of_accounts(survivors) if isinstance(survivors, pd.DataFrame) else _of_cohort(
            np.asarray(survivors, float)
        )  # fmt: skip
        starts = [np.log([1.0, 1.0]), np.log([0.5, 3.0]), np.log([2.0, 10.0])]
        size = float(lost.sum() + kept.sum())
        fit = maximise(_likelihood(lost, kept), starts, names=_NAMES, size=size)
        self._set(*fit.parameters)
        self.log_likelihood_ = fit.log_likelihood
        self.standard_errors_ = original_scale(fit, _NAMES)
        self.convergence_ = fit.convergence
        return self

    @classmethod
    def from_parameters(cls, *, alpha: float, beta: float) -> Self:
        """Make a model with given parameters, as published ones.

        Parameters
        ----------
        alpha, beta : float
            Above 0.

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            If a parameter is not positive.
        """
        if not min(alpha, beta) > 0:
            raise ValueError(f"alpha and beta are above 0, not {alpha} and {beta}")
        model = cls()
        model._set(alpha, beta)
        return model

    def survival(self, periods: npt.ArrayLike) -> np.ndarray:
        """Give the share of a cohort still under contract after so many periods.

        Parameters
        ----------
        periods : int or sequence of int
            From 0.

        Returns
        -------
        np.ndarray
            From 1 down, of the shape of `periods`.
        """
        check_is_fitted(self, "alpha_")
        t = np.asarray(periods, float)
        return np.exp(
            special.betaln(self.alpha_, self.beta_ + t) - special.betaln(self.alpha_, self.beta_)
        )

    def retention_rate(self, periods: npt.ArrayLike) -> np.ndarray:
        """Give the share of those under contract before a renewal who stay.

        Parameters
        ----------
        periods : int or sequence of int
            Which renewal, from 1.

        Returns
        -------
        np.ndarray
        """
        check_is_fitted(self, "alpha_")
        t = np.asarray(periods, float)
        return (self.beta_ + t - 1) / (self.alpha_ + self.beta_ + t - 1)

    def discounted_residual_lifetime(self, renewals: npt.ArrayLike, rate: float) -> np.ndarray:
        """Expect the discounted periods ahead of accounts that have renewed so many times.

        Parameters
        ----------
        renewals : int or sequence of int
            Renewals made, from 0: an account that has just signed has made none.
        rate : float
            Discount rate of a period, above 0.

        Returns
        -------
        np.ndarray
            In periods, seen just before the next renewal, the first period paid at it.

        Raises
        ------
        ValueError
            If the rate is not above 0.
        """
        check_is_fitted(self, "alpha_")
        if not rate > 0:
            raise ValueError(f"the discount rate is above 0, not {rate}")
        n = np.asarray(renewals, float) + 1
        return self.retention_rate(n) * special.hyp2f1(
            1, self.beta_ + n, self.alpha_ + self.beta_ + n, 1 / (1 + rate)
        )

    def _set(self, alpha: float, beta: float) -> None:
        self.alpha_, self.beta_ = float(alpha), float(beta)


def _of_cohort(alive: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give losses and censored by period from the counts of a cohort."""
    if alive.ndim != 1 or len(alive) < 2 or not np.all(np.isfinite(alive)) or alive[-1] < 0:
        raise ValueError("survivors are two or more numbers, those of the periods 0, 1, 2 …")
    rises = np.flatnonzero(np.diff(alive) > 0)
    if len(rises):
        raise ValueError(
            f"survivors rise from {alive[rises[0]]:g} to {alive[rises[0] + 1]:g} in period "
            f"{rises[0] + 1}: a cohort cannot grow"
        )
    kept = np.zeros(len(alive) - 1)
    kept[-1] = alive[-1]
    return _some(-np.diff(alive)), kept


def _of_accounts(table: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Give losses and censored by period from single accounts."""
    periods, left = table["periods"].to_numpy(int), table["left"].to_numpy(bool)
    if (periods < left).any() or (periods < 0).any():
        raise ValueError("periods are not negative, and at least 1 for accounts that left")
    most = max(int(periods.max(initial=0)), 1)
    lost = np.bincount(periods[left], minlength=most + 1)[1:]
    kept = np.bincount(periods[~left & (periods > 0)], minlength=most + 1)[1:]
    return _some(lost.astype(float)), kept.astype(float)


def _some(lost: np.ndarray) -> np.ndarray:
    """Refuse data in which nobody left."""
    if not lost.sum() > 0:
        raise ValueError("nobody left: there is nothing to fit")
    return lost


def _likelihood(lost: np.ndarray, kept: np.ndarray) -> Objective:
    """Give the log-likelihood of losses and survivors by period, with its gradient."""
    t = np.arange(1, len(lost) + 1, dtype=float)
    psi = special.digamma

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        a, b = np.exp(point)
        whole = special.betaln(a, b)
        value = lost @ (special.betaln(a + 1, b + t - 1) - whole)
        value += kept @ (special.betaln(a, b + t) - whole)
        common = psi(a + b) - psi(a + b + t)
        by_a = lost @ (common + psi(a + 1) - psi(a)) + kept @ common
        by_b = lost @ (common + psi(b + t - 1) - psi(b)) + kept @ (common + psi(b + t) - psi(b))
        return float(value), np.array([by_a * a, by_b * b])

    return objective
