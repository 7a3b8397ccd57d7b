"""How often will accounts buy again that may drop out after a purchase?"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np
import pandas as pd

from kamlab.value import beta_geo_likelihood as likelihood
from kamlab.value.fitting import Fit, Objective
from kamlab.value.histories import Histories, by_count, distinct_pairs
from kamlab.value.hyper import (
    at_least_so_many,
    purchase_count_probabilities,
    purchases_until_dropout,
    regular_purchases_until_dropout,
    survival_of_dropout,
)
from kamlab.value.purchases import PurchaseModel


class _BetaGeo(PurchaseModel):
    """Models with a beta-distributed chance to drop out after each purchase."""

    _names: ClassVar[tuple[str, ...]] = ("r", "alpha", "a", "b")
    _first: ClassVar[int] = 0

    r_: float
    alpha_: float
    a_: float
    b_: float

    @property
    def _k(self) -> int:
        """Events that a purchase takes."""
        return int(getattr(self, "k_", 1))

    def _objective(self, histories: Histories) -> Objective:
        k, first, counted = self._k, self._first, by_count(histories)
        return lambda point: likelihood.log_likelihood(
            point, histories, k=k, first=first, counted=counted
        )

    def _starts(self, histories: Histories) -> list[np.ndarray]:
        pace = self._k * (histories.weight @ histories.x) / (histories.weight @ histories.T)
        shapes = ((1.0, 1.0, 1.0), (0.3, 0.5, 2.0), (2.0, 0.2, 2.0))
        return [np.log([r, r / pace, a, b]) for r, a, b in shapes]

    def _alive(self, x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> np.ndarray:
        odds = likelihood.log_odds_gone(self.parameters_, x, tx, T, k=self._k, first=self._first)
        odds[T == 0] = odds[T == 0] if self._first else -np.inf
        return 1 / (1 + np.exp(np.minimum(odds, 700)))

    def _ahead(
        self,
        x: np.ndarray,
        tx: np.ndarray,
        T: np.ndarray,
        times: Sequence[float],
        weights: np.ndarray,
    ) -> np.ndarray:
        bought, age, place = distinct_pairs(x, T)
        k = self._k
        a, b = self.a_, self.b_ + bought + self._first
        if k == 1:
            total = np.zeros(bought.size)
            for time, weight in zip(times, weights, strict=True):
                total += weight * purchases_until_dropout(
                    self.r_ + bought, self.alpha_ + age, a, b, time
                )
            return total[place]
        phase = np.arange(k)
        r, phased_b = (self.r_ + k * bought)[:, None] + phase, b[:, None]
        each = np.zeros((bought.size, k))
        for time, weight in zip(times, weights, strict=True):
            each += weight * regular_purchases_until_dropout(
                r, (self.alpha_ + age)[:, None], a, phased_b, time, k=k, phase=phase
            )
        return np.einsum("ij,ij->i", self._phases(x, tx, T), each[place])

    def _phases(self, x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> np.ndarray:
        """Probabilities of the events since the last purchase, given alive; shape (n, k)."""
        events = self.r_ + self._k * x
        return likelihood.phase_weights(events, (T - tx) / (self.alpha_ + T), self._k)

    def _count(
        self, x: np.ndarray, tx: np.ndarray, T: np.ndarray, time: float, count: int
    ) -> np.ndarray:
        phase = np.arange(self._k)
        each = purchase_count_probabilities(
            (self.r_ + self._k * x)[:, None] + phase,
            (self.alpha_ + T)[:, None],
            self.a_,
            (self.b_ + x + self._first)[:, None],
            time,
            count,
            k=self._k,
            phase=phase,
        )
        return np.einsum("ij,ij->i", self._phases(x, tx, T), each)

    def _beyond(
        self, x: np.ndarray, tx: np.ndarray, T: np.ndarray, time: float, count: np.ndarray
    ) -> np.ndarray:
        """Probability of at least `count` purchases, 1 or more, of accounts that are alive."""
        phase = np.arange(self._k)
        each = at_least_so_many(
            (self.r_ + self._k * x)[:, None] + phase,
            (self.alpha_ + T)[:, None],
            self.a_,
            (self.b_ + x + self._first)[:, None],
            time,
            count[:, None],
            k=self._k,
            phase=phase,
        )
        return np.einsum("ij,ij->i", self._phases(x, tx, T), each)

    def _new(self, horizon: np.ndarray) -> np.ndarray:
        """Give the expectation of a new account, which the modified models may lose at once."""
        a, b = self.a_, self.b_ + self._first
        stays = float(survival_of_dropout(self.a_, self.b_, self._first))
        if self._k == 1:
            return stays * purchases_until_dropout(self.r_, self.alpha_, a, b, horizon)
        return stays * regular_purchases_until_dropout(
            self.r_, self.alpha_, a, b, horizon, k=self._k
        )

    def _new_count(self, horizon: float, count: int) -> float:
        stays = float(survival_of_dropout(self.a_, self.b_, self._first))
        found = purchase_count_probabilities(
            self.r_, self.alpha_, self.a_, self.b_ + self._first, horizon, count, k=self._k
        )
        return stays * float(found) + (1 - stays) * (count == 0)

    def simulate(
        self,
        x: np.ndarray,
        tx: np.ndarray,
        T: np.ndarray,
        horizon: float,
        rng: np.random.Generator,
        size: int,
    ) -> np.ndarray:
        """Draw future purchases of each history, of shape (n, size)."""
        shape = (x.size, size)
        alive = rng.random(shape) < self._alive(x, tx, T)[:, None]
        phase = np.zeros(shape)
        if self._k > 1:
            ladder = self._phases(x, tx, T).cumsum(axis=1)[:, :-1]
            phase = (rng.random(shape)[:, :, None] > ladder[:, None, :]).sum(axis=2)
        pace = rng.gamma((self.r_ + self._k * x)[:, None] + phase) / (self.alpha_ + T)[:, None]
        leave = rng.beta(self.a_, (self.b_ + x + self._first)[:, None], shape)
        events = rng.poisson(np.minimum(pace * horizon, 1e15))
        until = rng.geometric(np.clip(leave, 1e-12, 1.0))
        return np.where(alive, np.minimum((events + phase) // self._k, until), 0)


class BetaGeoNBD(_BetaGeo):
    """The BG/NBD model: purchases at random, dropout with some probability after a repeat purchase.

    Attributes
    ----------
    r_, alpha_ : float
        Shape and rate (in time units) of the gamma distribution of purchase rates.
    a_, b_ : float
        Shapes of the beta distribution of the probability to drop out after a purchase.
    log_likelihood_, aic_ : float
        As published: on the time unit of the table.
    standard_errors_ : pd.Series
        Of the four parameters.
    convergence_ : Convergence
        How the fit converged.

    See Also
    --------
    ModifiedBetaGeoNBD : customers may also drop out at their first purchase.

    References
    ----------
    .. [1] P. S. Fader, B. G. S. Hardie and K. L. Lee, "Counting your customers the easy way: an
       alternative to the Pareto/NBD model", Marketing Science 24, 2005.

    Examples
    --------
    >>> model = BetaGeoNBD.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> account = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    >>> round(model.predict(account, 39)[0], 3)
    np.float64(1.226)
    """


class ModifiedBetaGeoNBD(_BetaGeo):
    """The MBG/NBD model: as BG/NBD, but customers may drop out at their first purchase already.

    Accounts without a repeat purchase may be gone, which BG/NBD rules out. Attributes as there.

    References
    ----------
    .. [1] E. P. Batislam, M. Denizel and A. Filiztekin, "Empirical validation and comparison of
       models for customer base analysis", Int. J. of Research in Marketing 24, 2007.
    .. [2] D. Hoppe and U. Wagner, "Customer base analysis: the case for a central variant of the
       betageometric/NBD model", Marketing - Journal of Research and Management 3, 2007.

    Examples
    --------
    >>> model = ModifiedBetaGeoNBD.from_parameters(r=0.525, alpha=6.183, a=0.891, b=1.614)
    >>> account = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [38.86]})
    >>> round(float(model.probability_alive(account)[0]), 3)
    0.39
    """

    _first: ClassVar[int] = 1


class _Regular(_BetaGeo):
    """Erlang-k gaps, k given or chosen by likelihood."""

    k_: int
    log_likelihoods_: pd.Series

    def __init__(self, *, k: int | None = None, most: int = 12) -> None:
        self.k = k
        self.most = most

    def _set(self, parameters: np.ndarray) -> None:
        super()._set(parameters)
        if self.k is not None:
            self.k_ = self.k

    def _best(self, histories: Histories, summary: pd.DataFrame) -> Fit:
        """Fit each k until the likelihood falls twice; keep the best."""
        if self.k is not None and self.k < 1:
            raise ValueError(f"k is at least 1 or None (chosen by likelihood); got {self.k}")
        log_gaps = None
        if "log_gaps" in summary.columns:
            log_gaps = float(np.nansum(summary["log_gaps"].to_numpy(float)))
        tried: dict[int, Fit] = {}
        totals: dict[int, float] = {}
        for k in [self.k] if self.k is not None else range(1, self.most + 1):
            self.k_ = k
            tried[k] = self.fit_histories(histories)
            constant = likelihood.timing_constant(histories, k, log_gaps)
            totals[k] = tried[k].log_likelihood + constant
            if self.k is None and k >= 3 and totals[k] < totals[k - 1] < totals[k - 2]:
                break
        self.k_ = max(totals, key=totals.__getitem__)
        self.log_likelihoods_ = pd.Series(totals, name="log_likelihood").rename_axis("k")
        return tried[self.k_]

    def _take(self, fit: Fit) -> None:
        super()._take(fit)
        self.log_likelihood_ = float(self.log_likelihoods_[self.k_])
        self.aic_ = 2 * (len(self._names) + (self.k is None)) - 2 * self.log_likelihood_


class BetaGeoCNBD(_Regular):
    """The BG/CNBD-k model: as BG/NBD, for accounts that buy with a cadence (Erlang-k gaps).

    Parameters
    ----------
    k : int, optional
        Regularity: 1 is purchases at random. None chooses it by likelihood.
    most : int, default 12
        Largest k tried.

    Attributes
    ----------
    k_ : int
        Regularity.
    log_likelihoods_ : pd.Series
        By k, comparable among them and with models of random purchases. With a column `log_gaps`
        in the table (sum of the logarithms of an account's gaps, see
        `kamlab.value.holdout.with_log_gaps`) it is that
        of all gaps, which tells regularity far better than the summary alone.
    r_, alpha_, a_, b_, log_likelihood_, aic_, standard_errors_, convergence_
        As in `BetaGeoNBD`; r and alpha are of the events of which every k-th is a purchase.

    References
    ----------
    .. [1] M. Platzer and T. Reutterer, "Ticking away the moments: timing regularity helps to better
       predict customer activity", Marketing Science 35, 2016.

    Examples
    --------
    >>> model = BetaGeoCNBD.from_parameters(r=0.243, alpha=4.414, a=0.793, b=2.426, k=1)
    >>> account = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    >>> round(model.predict(account, 39)[0], 3)
    np.float64(1.226)
    """


class ModifiedBetaGeoCNBD(_Regular):
    """The MBG/CNBD-k model: as MBG/NBD, for accounts that buy with a cadence (Erlang-k gaps).

    Parameters, attributes and reference as for `BetaGeoCNBD`; accounts may drop out at their first
    purchase already.

    Examples
    --------
    >>> model = ModifiedBetaGeoCNBD.from_parameters(r=0.9, alpha=2.0, a=0.5, b=3.0, k=3)
    >>> account = pd.DataFrame({"frequency": [9], "recency": [36.0], "T": [38.0]})
    >>> round(model.probability_alive(account)[0], 2)
    np.float64(0.95)
    """

    _first: ClassVar[int] = 1
