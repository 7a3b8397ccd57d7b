"""How often will each account buy again? What all models of repeat purchases can be asked."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted

from kamlab.value.discount import discount_weights
from kamlab.value.fitting import Convergence, Fit, Objective, maximise, original_scale
from kamlab.value.histories import Histories, check_histories, distinct_histories
from kamlab.value.hyper import last_exceeded

_SAMPLE = 10_000  # distinct histories on which the neighbourhood of the maximum is found


class PurchaseModel(BaseEstimator):
    """What a model of repeat purchases fits and predicts; each model adds its mathematics.

    Times are in the unit of the table it was fitted on: days or weeks. After `fit` it has the
    parameters by name with a trailing underscore, `log_likelihood_`, `aic_`, `standard_errors_`
    (by observed information), `log_covariance_` (of the parameters' logarithms), `n_accounts_` and
    `convergence_`.
    """

    _names: ClassVar[tuple[str, ...]] = ()
    log_likelihood_: float
    aic_: float
    n_accounts_: int
    standard_errors_: pd.Series
    log_covariance_: pd.DataFrame
    convergence_: Convergence

    def fit(self, summary: pd.DataFrame, y: None = None) -> Self:  # noqa: ARG002  scikit-learn's
        """Fit by maximum likelihood.

        Parameters
        ----------
        summary : pd.DataFrame
            One row an account with `frequency`, `recency` and `T`, as from
            `kamlab.accounts.repeat_purchases`.
        y : None
            Not used.

        Returns
        -------
        Self

        Raises
        ------
        ValueError
            If a value is impossible; the message names row and column.

        Warns
        -----
        FitWarning
            If the fit is to be used with care, see `convergence_`.
        """
        x, tx, T = check_histories(summary)
        if not (x > 0).any():
            raise ValueError("no account has bought a second time: there is nothing to fit")
        self._take(self._best(distinct_histories(x, tx, T), summary))
        return self

    @classmethod
    def from_parameters(cls, **parameters: float) -> Self:
        """Make a model with given parameters, as published ones.

        Parameters
        ----------
        **parameters : float
            Each parameter of the model by name, above 0; others are options of the model.

        Returns
        -------
        Self
            Ready to predict; without a likelihood or errors.

        Raises
        ------
        ValueError
            If a parameter is missing or not positive.
        """
        options = {key: value for key, value in parameters.items() if key not in cls._names}
        values = [parameters.get(name, np.nan) for name in cls._names]
        if not np.all(np.array(values) > 0):
            raise ValueError(f"parameters {', '.join(cls._names)} are needed, each above 0")
        model = cls(**options)
        model._set(np.array(values, float))
        return model

    def predict(self, summary: pd.DataFrame, horizon: float) -> pd.Series:
        """Predict the purchases of each account in the time ahead: `expected_purchases`."""
        return self.expected_purchases(summary, horizon)

    def expected_purchases(self, summary: pd.DataFrame, horizon: float) -> pd.Series:
        """Expect each account's purchases within the horizon, given its history.

        Parameters
        ----------
        summary : pd.DataFrame
            Histories.
        horizon : float
            Time units ahead, not negative.

        Returns
        -------
        pd.Series of shape (n_accounts,)
            Indexed as the table.
        """
        x, tx, T = self._histories(summary)
        expected = self._alive(x, tx, T) * self._ahead(x, tx, T, [_time(horizon)], np.ones(1))
        return pd.Series(expected, index=summary.index, name="expected_purchases")

    def probability_alive(self, summary: pd.DataFrame) -> pd.Series:
        """Give the probability that each account has not dropped out.

        Parameters
        ----------
        summary : pd.DataFrame
            Histories.

        Returns
        -------
        pd.Series of shape (n_accounts,)
            From 0 to 1, indexed as the table.
        """
        alive = self._alive(*self._histories(summary))
        return pd.Series(alive, index=summary.index, name="probability_alive")

    def purchase_probabilities(
        self, summary: pd.DataFrame, horizon: float, *, most: int = 10
    ) -> pd.DataFrame:
        """Give the distribution of each account's purchases within the horizon.

        Parameters
        ----------
        summary : pd.DataFrame
            Histories.
        horizon : float
            Time units ahead, above 0.
        most : int, default 10
            Largest number of purchases of which the probability is given.

        Returns
        -------
        pd.DataFrame of shape (n_accounts, most + 1)
            Columns 0 to `most`; what a row lacks to 1 is the probability of more.
        """
        made = [self.count_probability(summary, horizon, count) for count in range(most + 1)]
        return pd.concat(made, axis=1)

    def count_probability(self, summary: pd.DataFrame, horizon: float, count: int) -> pd.Series:
        """Give the probability that each account buys exactly so often within the horizon.

        Parameters
        ----------
        summary : pd.DataFrame
            Histories.
        horizon : float
            Time units ahead, above 0.
        count : int
            Purchases, not negative.

        Returns
        -------
        pd.Series of shape (n_accounts,)
        """
        x, tx, T = self._histories(summary)
        alive = self._alive(x, tx, T)
        found = alive * self._count(x, tx, T, _time(horizon, above=True), count)
        return pd.Series(found + (1 - alive) * (count == 0), index=summary.index, name=count)

    def probability_of_purchase(self, summary: pd.DataFrame, horizon: float) -> pd.Series:
        """Give the probability that each account buys at least once within the horizon.

        Parameters
        ----------
        summary : pd.DataFrame
            Histories.
        horizon : float
            Time units ahead, above 0.

        Returns
        -------
        pd.Series of shape (n_accounts,)
            From 0 to 1, indexed as the table.
        """
        x, tx, T = self._histories(summary)
        none = self._count(x, tx, T, _time(horizon, above=True), 0)
        buys = self._alive(x, tx, T) * (1 - none)
        return pd.Series(buys, index=summary.index, name="probability_of_purchase")

    def typical_purchases(
        self, summary: pd.DataFrame, horizon: float, *, level: float = 0.5
    ) -> pd.Series:
        """Give the count of purchases that each account is as likely to exceed as not.

        The expected purchases are right on average and add up, yet they are no good guess of a
        single account's count: where most buy nothing and a few buy much, the mean lies above what
        nearly all do, and a model that expects too little of everybody errs less by absolute error.
        The median has the smallest absolute error that can be expected of any guess; medians do
        not add up.

        Parameters
        ----------
        summary : pd.DataFrame
            Histories.
        horizon : float
            Time units ahead, above 0.
        level : float, default 0.5
            Any other quantile: 0.9 gives the count that one account in ten exceeds.

        Returns
        -------
        pd.Series of shape (n_accounts,)
            Whole numbers, indexed as the table.

        Raises
        ------
        ValueError
            If the level does not lie between 0 and 1.
        """
        if not 0 < level < 1:
            raise ValueError(f"level lies between 0 and 1; got {level}")
        x, tx, T = self._histories(summary)
        time, alive = _time(horizon, above=True), self._alive(x, tx, T)

        def exceeds(rows: np.ndarray, count: np.ndarray) -> np.ndarray:
            more = self._beyond(x[rows], tx[rows], T[rows], time, count + 1)
            return alive[rows] * more > 1 - level

        found = last_exceeded(exceeds, x.size) + 1
        return pd.Series(found, index=summary.index, name="typical_purchases")

    def discounted_purchases(
        self,
        summary: pd.DataFrame,
        *,
        rate: float,
        periods: int | None = None,
        period: float = 1.0,
    ) -> pd.Series:
        """Expect each account's residual purchases, each discounted to the end of observation.

        Parameters
        ----------
        summary : pd.DataFrame
            Histories.
        rate : float
            Discount rate of one period: 0.01 is one per cent. Above 0 if periods is None.
        periods : int, optional
            Periods ahead; purchases of a period are discounted from its end. None looks ahead
            without limit, and discounts each purchase from its own moment.
        period : float, default 1
            Length of a period in time units.

        Returns
        -------
        pd.Series of shape (n_accounts,)
            Indexed as the table.

        References
        ----------
        .. [1] P. S. Fader, B. G. S. Hardie and K. L. Lee, "RFM and CLV: using iso-value curves for
           customer base analysis", Journal of Marketing Research 42, 2005.
        """
        x, tx, T = self._histories(summary)
        times, weights = discount_weights(rate, periods, period)
        value = self._alive(x, tx, T) * self._ahead(x, tx, T, times, weights)
        return pd.Series(value, index=summary.index, name="discounted_purchases")

    def expected_purchases_new(self, horizon: Sequence[float] | float) -> np.ndarray:
        """Expect the repeat purchases of a new account within the horizon.

        Parameters
        ----------
        horizon : float or sequence of float
            Time units from the first purchase.

        Returns
        -------
        np.ndarray
            Of the shape of `horizon`.
        """
        check_is_fitted(self, "parameters_")
        return self._new(np.asarray(horizon, float))

    def purchase_probabilities_new(self, horizon: float, counts: Sequence[int]) -> np.ndarray:
        """Give the probability of so many repeat purchases of a new account within the horizon.

        Parameters
        ----------
        horizon : float
            Time units from the first purchase, above 0.
        counts : sequence of int
            Purchases.

        Returns
        -------
        np.ndarray of shape (n_counts,)
        """
        check_is_fitted(self, "parameters_")
        return np.array([self._new_count(_time(horizon, above=True), n) for n in counts])

    def with_parameters(self, parameters: np.ndarray) -> Self:
        """Make the same model with other parameters, as drawn from their distribution.

        Parameters
        ----------
        parameters : np.ndarray of shape (n_parameters,)
            In the order of `parameters_`.

        Returns
        -------
        Self
        """
        model = type(self)(**self.get_params())
        model._set(np.asarray(parameters, float))  # noqa: SLF001  a model of the same class
        for name in ("k_",):
            if hasattr(self, name):
                setattr(model, name, getattr(self, name))
        return model

    def _set(self, parameters: np.ndarray) -> None:
        self.parameters_ = parameters
        for name, value in zip(self._names, parameters, strict=True):
            setattr(self, f"{name}_", float(value))

    def _take(self, fit: Fit) -> None:
        self._set(fit.parameters)
        self.log_likelihood_ = fit.log_likelihood
        self.aic_ = 2 * len(self._names) - 2 * fit.log_likelihood
        names = list(self._names)
        self.standard_errors_ = original_scale(fit, names)
        self.log_covariance_ = pd.DataFrame(fit.covariance, index=names, columns=names)
        self.convergence_ = fit.convergence

    def _best(self, histories: Histories, summary: pd.DataFrame) -> Fit:  # noqa: ARG002  for models that need more columns
        """Fit to distinct histories."""
        return self.fit_histories(histories)

    def fit_histories(self, histories: Histories) -> Fit:
        """Maximise the likelihood of distinct histories, without changing the model."""
        self.n_accounts_ = int(histories.accounts)
        rough = None
        if histories.x.size > 2 * _SAMPLE:
            sample = histories.sample(_SAMPLE)
            rough = self._objective(sample)
            rough_size = sample.accounts
        return maximise(
            self._objective(histories),
            self._starts(histories),
            names=self._names,
            size=histories.accounts,
            rough=rough,
            rough_size=rough_size if rough is not None else None,
        )

    def _histories(self, summary: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        check_is_fitted(self, "parameters_")
        return check_histories(summary)

    def _objective(self, histories: Histories) -> Objective:  # noqa: ARG002  for subclasses
        raise TypeError(f"{type(self).__name__} has no likelihood; use one of the purchase models")

    def _starts(self, histories: Histories) -> list[np.ndarray]:  # noqa: ARG002  for subclasses
        raise TypeError(f"{type(self).__name__} has no likelihood; use one of the purchase models")

    _alive: Any
    _ahead: Any
    _count: Any
    _beyond: Any
    _new: Any
    _new_count: Any


def _time(horizon: float, *, above: bool = False) -> float:
    """Check a horizon."""
    time = float(horizon)
    if not np.isfinite(time) or time < 0 or (above and time == 0):
        raise ValueError(
            f"the horizon is a finite number of time units {'above 0' if above else 'from 0'}; "
            f"got {horizon}"
        )
    return time
