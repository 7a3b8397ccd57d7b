"""What does an account spend, or earn us, on an order day, drawn towards what others do?"""

from typing import Self

import numpy as np
import pandas as pd
from scipy import special
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from kamlab.value.fitting import Convergence, Objective, maximise, original_scale

_NAMES = ("p", "q", "v")


class GammaGamma(BaseEstimator):
    """Mean amount of an order day: gamma within accounts, gamma between them.

    Amounts of an account are gamma-distributed with shape p, and the scale differs between accounts
    by a gamma distribution with shape q and rate v. It supposes that how much an account spends has
    nothing to do with how often it buys: `correlation_` says how far that holds.

    Attributes
    ----------
    p_, q_, v_ : float
        Maximum likelihood estimates.
    log_likelihood_ : float
    standard_errors_ : pd.Series
        By observed information.
    convergence_ : Convergence
    correlation_ : float
        Spearman's rank correlation of frequency and mean amount among those fitted.
    left_out_ : int
        Repeat buyers left out of the fit since their mean amount is not positive.
    mean_seen_ : float
        Mean of the amounts that were fitted; NaN where the parameters were given.

    References
    ----------
    .. [1] P. S. Fader and B. G. S. Hardie, "The gamma-gamma model of monetary value", note 025,
       2013.

    Examples
    --------
    >>> model = GammaGamma.from_parameters(p=6.25, q=3.74, v=15.44)
    >>> history = pd.DataFrame({"frequency": [2, 0], "monetary_value": [22.35, np.nan]})
    >>> model.predict(history).round(2).tolist()
    [24.66, 35.22]
    """

    p_: float
    q_: float
    v_: float
    log_likelihood_: float
    standard_errors_: pd.Series
    convergence_: Convergence
    correlation_: float
    left_out_: int
    mean_seen_: float

    def fit(self, summary: pd.DataFrame, y: None = None) -> Self:  # noqa: ARG002  scikit-learn's
        """Fit by maximum likelihood to the repeat buyers.

        Parameters
        ----------
        summary : pd.DataFrame
            `frequency` (repeat order days) and `monetary_value` (their mean amount, in the
            currency), as from `kamlab.accounts.repeat_purchases`. Accounts that never came back,
            and those of which no amount is known, tell nothing and are left out.
        y : None
            Not used.

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            If fewer than two repeat buyers have a positive mean amount.

        Warns
        -----
        FitWarning
            If the fit is to be used with care.

        Notes
        -----
        Gross profit of an account can be negative, which a gamma distribution cannot. Such accounts
        are left out of the fit and counted in `left_out_`; `predict` takes them as any other: its
        formula is a weighted mean of the account's and the population's amount, which needs no
        sign.
        """
        count, mean = _checked(summary)
        repeat = (count > 0) & np.isfinite(mean)
        good = repeat & (mean > 0)
        if good.sum() < 2:
            raise ValueError(
                f"{int(good.sum())} repeat buyers have a positive mean amount: two are needed"
            )
        self.left_out_ = int((repeat & ~good).sum())
        x, m = count[good], mean[good]
        scale = float(np.exp(np.log(m).mean()))
        spread = float(np.var(np.log(m)))
        q = float(np.clip(1 + 1 / max(spread, 1e-3), 1.5, 20))
        starts = [np.log([p, q, max(q - 1, 0.5) / p]) for p in (1.0, 5.0)]
        fit = maximise(_likelihood(x, m / scale), starts, names=_NAMES, size=float(len(x)))
        p, q, v = fit.parameters
        self._set(p, q, v * scale)
        self.mean_seen_ = float(m.mean())
        # amounts were divided by their scale: the density is multiplied by it
        self.log_likelihood_ = fit.log_likelihood - len(x) * np.log(scale)
        errors = original_scale(fit, _NAMES)
        self.standard_errors_ = errors * np.array([1, 1, scale])
        self.convergence_ = fit.convergence
        ranks = pd.DataFrame({"x": x, "m": m}).rank()
        varied = bool((ranks.std() > 0).all())
        self.correlation_ = float(ranks["x"].corr(ranks["m"])) if varied else np.nan
        return self

    @classmethod
    def from_parameters(cls, *, p: float, q: float, v: float) -> Self:
        """Make a model with given parameters, as published ones.

        Parameters
        ----------
        p, q, v : float
            Above 0.

        Returns
        -------
        Self
            Ready to predict.

        Raises
        ------
        ValueError
            If a parameter is not positive.
        """
        if not min(p, q, v) > 0:
            raise ValueError(f"p, q and v are above 0, not {p}, {q}, {v}")
        model = cls()
        model._set(p, q, v)
        model.mean_seen_ = np.nan
        return model

    def predict(self, summary: pd.DataFrame) -> pd.Series:
        """Expect the mean amount of each account's future order days.

        Parameters
        ----------
        summary : pd.DataFrame
            `frequency` and `monetary_value`.

        Returns
        -------
        pd.Series of shape (n_accounts,)
            In the currency; the population's mean where nothing is known of the account. Where q
            is 1 or less the population has no mean to be drawn towards: each account keeps its own,
            and the others take `mean_seen_`.
        """
        check_is_fitted(self, "p_")
        count, mean = _checked(summary)
        known = (count > 0) & np.isfinite(mean)
        x = np.where(known, count, 0.0)
        m = np.where(known, mean, 0.0)
        if self.q_ <= 1:
            expected = np.where(known, m, self.mean_seen_)
        else:
            expected = self.p_ * (self.v_ + x * m) / (self.p_ * x + self.q_ - 1)
        return pd.Series(expected, index=summary.index, name="expected_amount")

    @property
    def population_mean_(self) -> float:
        """Mean amount of an order day over all accounts; NaN where q is 1 or less."""
        check_is_fitted(self, "p_")
        return self.p_ * self.v_ / (self.q_ - 1) if self.q_ > 1 else np.nan

    def variation_of_an_order(self, summary: pd.DataFrame) -> pd.Series:
        """Give the variance of the amount of one future order day of each account.

        Parameters
        ----------
        summary : pd.DataFrame
            `frequency` and `monetary_value`.

        Returns
        -------
        pd.Series of shape (n_accounts,)
            In the currency squared, of the predictive distribution: what differs between days, and
            what is not known of the account. NaN where it is infinite.
        """
        check_is_fitted(self, "p_")
        count, mean = _checked(summary)
        known = (count > 0) & np.isfinite(mean)
        x, m = np.where(known, count, 0.0), np.where(known, mean, 0.0)
        shape = self.p_ * x + self.q_
        rate = self.v_ + x * m
        with np.errstate(divide="ignore", invalid="ignore"):
            first = rate / (shape - 1)  # of 1 / scale
            second = rate**2 / ((shape - 1) * (shape - 2))
            variance = self.p_ * second + self.p_**2 * (second - first**2)
        return pd.Series(np.where(shape > 2, variance, np.nan), index=summary.index)

    def _set(self, p: float, q: float, v: float) -> None:
        self.p_, self.q_, self.v_ = float(p), float(q), float(v)


def _checked(summary: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Give counts and means, or say which column is missing or wrong."""
    for name in ("frequency", "monetary_value"):
        if name not in summary:
            raise ValueError(f"the table lacks the column {name!r}; it has {list(summary)}")
    count = summary["frequency"].to_numpy(float)
    mean = summary["monetary_value"].to_numpy(float)
    wrong = np.flatnonzero(~(count >= 0) | np.isinf(mean))
    if len(wrong):
        row = wrong[0]
        raise ValueError(
            f"row {summary.index[row]!r}: frequency {count[row]} and monetary_value {mean[row]}; "
            "expected a count of 0 or more and a finite amount"
        )
    return count, mean


def _likelihood(x: np.ndarray, m: np.ndarray) -> Objective:
    """Give the log-likelihood and its gradient over log parameters; like counts are taken once."""
    counts, place, times = np.unique(x, return_inverse=True, return_counts=True)
    fixed = float((-np.log(m)).sum())
    by_count = np.bincount(place, np.log(m) + np.log(x))  # Σ (ln m + ln x) of each count
    total = x * m

    def objective(point: np.ndarray) -> tuple[float, np.ndarray]:
        p, q, v = np.exp(point)
        whole = total + v
        logs = np.bincount(place, np.log(whole))
        inverse = np.bincount(place, 1 / whole)
        shape = p * counts + q
        value = (
            times
            @ (
                special.gammaln(shape)
                - special.gammaln(p * counts)
                - special.gammaln(q)
                + q * np.log(v)
            )
            + p * counts @ by_count
            - shape @ logs
            + fixed
        )
        digamma = special.digamma(shape)
        by_p = counts @ (times * (digamma - special.digamma(p * counts)) + by_count - logs)
        by_q = times @ (digamma - special.digamma(q) + np.log(v)) - logs.sum()
        by_v = times.sum() * q / v - shape @ inverse
        return float(value), np.array([by_p * p, by_q * q, by_v * v])

    return objective
