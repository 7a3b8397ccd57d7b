"""How often will accounts buy again that may drop out at any moment?"""

from collections.abc import Sequence
from typing import ClassVar

import numpy as np

from kamlab.value import pareto_likelihood as likelihood
from kamlab.value.fitting import Objective
from kamlab.value.histories import Histories, distinct_pairs
from kamlab.value.purchases import PurchaseModel


class ParetoNBD(PurchaseModel):
    """The Pareto/NBD model: purchases at random while alive, dropout at random at any moment.

    Attributes
    ----------
    r_, alpha_ : float
        Shape and rate (in time units) of the gamma distribution of purchase rates.
    s_, beta_ : float
        Shape and rate of the gamma distribution of dropout rates.
    log_likelihood_, aic_, standard_errors_, convergence_
        As in `BetaGeoNBD`.

    References
    ----------
    .. [1] D. C. Schmittlein, D. G. Morrison and R. Colombo, "Counting your customers: who are they
       and what will they do next?", Management Science 33, 1987.

    Examples
    --------
    >>> import pandas as pd
    >>> model = ParetoNBD.from_parameters(r=0.553, alpha=10.578, s=0.606, beta=11.669)
    >>> account = pd.DataFrame({"frequency": [26], "recency": [30.86], "T": [31.0]})
    >>> round(model.predict(account, 52)[0], 2)
    np.float64(25.46)
    """

    _names: ClassVar[tuple[str, ...]] = ("r", "alpha", "s", "beta")

    r_: float
    alpha_: float
    s_: float
    beta_: float

    def _objective(self, histories: Histories) -> Objective:
        return lambda point: likelihood.log_likelihood(point, histories)

    def _starts(self, histories: Histories) -> list[np.ndarray]:
        age = histories.weight @ histories.T / histories.accounts
        pace = (histories.weight @ histories.x) / histories.accounts / age
        shapes = ((1.0, 1.0, 0.5), (0.4, 0.5, 0.3), (2.0, 0.3, 1.0))
        return [np.log([r, r / pace, s, age * t]) for r, s, t in shapes]

    def _alive(self, x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> np.ndarray:
        here, gone, _ = likelihood.dropout_integral(self.parameters_, x, tx, T)
        return 1 / (1 + np.exp(np.minimum(gone - here, 700)))

    def _ahead(
        self,
        x: np.ndarray,
        tx: np.ndarray,  # noqa: ARG002  the moment of the last purchase says only whether alive
        T: np.ndarray,
        times: Sequence[float],
        weights: np.ndarray,
    ) -> np.ndarray:
        bought, age, place = distinct_pairs(x, T)
        total = np.zeros(bought.size)
        for time, weight in zip(times, weights, strict=True):
            total += weight * likelihood.purchases_while_alive(
                self.r_ + bought, self.alpha_ + age, self.s_, self.beta_ + age, time
            )
        return total[place]

    def _count(
        self,
        x: np.ndarray,
        tx: np.ndarray,  # noqa: ARG002  as above
        T: np.ndarray,
        time: float,
        count: int,
    ) -> np.ndarray:
        bought, age, place = distinct_pairs(x, T)
        return likelihood.count_probabilities(
            self.r_ + bought, self.alpha_ + age, self.s_, self.beta_ + age, time, count
        )[place]

    def _beyond(
        self,
        x: np.ndarray,
        tx: np.ndarray,  # noqa: ARG002  as above
        T: np.ndarray,
        time: float,
        count: np.ndarray,
    ) -> np.ndarray:
        """Probability of at least `count` purchases, 1 or more, of accounts that are alive."""
        return likelihood.at_least_so_many(
            self.r_ + x, self.alpha_ + T, self.s_, self.beta_ + T, time, count
        )

    def _new(self, horizon: np.ndarray) -> np.ndarray:
        return likelihood.purchases_while_alive(
            np.float64(self.r_), np.float64(self.alpha_), self.s_, np.float64(self.beta_), horizon
        )

    def _new_count(self, horizon: float, count: int) -> float:
        found = likelihood.count_probabilities(
            np.array([self.r_]),
            np.array([self.alpha_]),
            self.s_,
            np.array([self.beta_]),
            horizon,
            count,
        )
        return float(found[0])

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
        pace = rng.gamma((self.r_ + x)[:, None], size=shape) / (self.alpha_ + T)[:, None]
        leave = rng.gamma(self.s_, size=shape) / (self.beta_ + T)[:, None]
        until = rng.exponential(size=shape) / np.maximum(leave, 1e-300)
        events = rng.poisson(np.minimum(pace * np.minimum(until, horizon), 1e15))
        return np.where(alive, events, 0)
