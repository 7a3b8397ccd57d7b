"""What does a campaign against churn earn, and from which probability does acting pay?"""

from typing import Any

import numpy as np
import numpy.typing as npt

from kamlab.churn.figures import checked
from kamlab.errors import UsageError


def expected_maximum_profit(
    truth: npt.ArrayLike,
    score: npt.ArrayLike,
    *,
    value: float = 200.0,
    incentive: float = 10.0,
    contact: float = 1.0,
    accepts: tuple[float, float] = (6.0, 14.0),
) -> tuple[float, float]:
    """Give the profit of the best campaign by this score, and the share it would contact.

    One value of a customer is taken for all, as in the published measure: it says nothing about
    who is valuable. For that see `captured_at`, which ranks by each account's own loss.

    Parameters
    ----------
    truth, score : array-like of shape (n,)
        1 for those who left, 0 for those who stayed; a higher score is contacted sooner.
    value : float, default 200
        Worth of a customer kept, in the currency, above 0.
    incentive, contact : float, default 10 and 1
        Cost of the offer to those who take it, and of asking, in the currency, not below 0.
    accepts : tuple of float, default (6, 14)
        Shapes of the beta distribution of the share of leavers that the offer keeps.

    Returns
    -------
    tuple of float
        Expected maximum profit an account, in the currency, and the share of accounts to contact.

    Raises
    ------
    ValueError
        If an amount is out of range, nobody left, or all did, or `accepts` are too large to be
        computed with.
    UsageError
        If empulse, which computes it, is not installed.

    References
    ----------
    .. [1] T. Verbraken, W. Verbeke and B. Baesens, "A novel profit maximizing metric for measuring
       classification performance of customer churn prediction models", IEEE TKDE 25, 2013.

    Examples
    --------
    >>> profit, share = expected_maximum_profit([0, 1] * 10, [0.1, 0.9] * 10)
    >>> round(profit, 2), round(share, 2)
    (28.0, 0.5)
    """
    if not (value > 0 and incentive >= 0 and contact >= 0 and min(accepts) > 0):
        raise ValueError(
            f"value {value} and both of accepts {accepts} are above 0, incentive {incentive} and "
            f"contact {contact} not below"
        )
    left, scores = checked(truth, score)
    if left.all() or not left.any():
        raise ValueError("some accounts must have left and some stayed")
    try:
        from empulse.metrics import empc_score
    except ImportError as missing:
        raise UsageError("expected maximum profit needs empulse: pip install empulse") from missing
    # empulse passes over names that it does not know, so they are written out once, here
    costs: dict[str, Any] = {
        "alpha": accepts[0],
        "beta": accepts[1],
        "clv": value,
        "incentive_cost": incentive,
        "contact_cost": contact,
    }
    y = left.astype(int)
    profit = float(empc_score(y, scores, **costs))
    if not np.isfinite(profit):
        raise ValueError(f"accepts {accepts} are too narrow a distribution to be computed with")
    return profit, float(empc_score.optimal_rate(y, scores, **costs))


def best_threshold(
    probability: npt.ArrayLike, benefit: npt.ArrayLike, cost: npt.ArrayLike
) -> tuple[float, float]:
    """Give the probability of leaving from which acting pays most, and what it then earns.

    With one benefit and one cost for all accounts, acting pays where probability x benefit exceeds
    the cost: the answer is their ratio and rests on calibrated probabilities alone. Where each
    account has its own, no single probability is right (rank by the expected gain instead), and the
    best single one is found among those present.

    Parameters
    ----------
    probability : array-like of shape (n,)
        Calibrated probability of leaving, 0 to 1.
    benefit : float or array-like of shape (n,)
        What acting on an account that would leave brings: chance that it stays x its worth. Not
        negative, in the currency.
    cost : float or array-like of shape (n,)
        Of acting, whoever would leave. Not negative, in the currency.

    Returns
    -------
    tuple of float
        Threshold (act from this probability on; infinite where acting never pays) and expected
        gain of acting on all who reach it, in the currency.

    Raises
    ------
    ValueError
        If a probability is outside 0 to 1, or an amount negative or missing.

    References
    ----------
    .. [1] C. Elkan, "The foundations of cost-sensitive learning", IJCAI, 2001.

    Examples
    --------
    >>> best_threshold([0.05, 0.2, 0.6], benefit=1000, cost=100)
    (0.1, 600.0)
    >>> best_threshold([0.05, 0.2], benefit=[4000, 100], cost=100)
    (0.05, 20.0)
    """
    p = np.asarray(probability, float)
    gains, costs = np.asarray(benefit, float), np.asarray(cost, float)
    if p.ndim != 1 or not ((p >= 0) & (p <= 1)).all():
        raise ValueError("probabilities are a list of numbers between 0 and 1")
    if not ((gains >= 0).all() and (costs >= 0).all()):
        raise ValueError("benefits and costs are not negative, and none is missing")
    net = p * gains - costs
    if not gains.ndim and not costs.ndim:
        threshold = float(costs / gains) if gains > 0 else np.inf
        if threshold > 1:
            threshold = np.inf
        return threshold, float(net[p >= threshold].sum())
    order = np.argsort(-p, kind="stable")
    last = np.append(np.diff(p[order]) != 0, True)  # equal probabilities are acted on together
    earned = np.cumsum(net[order])[last]
    best = int(np.argmax(earned)) if len(earned) else 0
    if not len(earned) or earned[best] <= 0:
        return np.inf, 0.0
    return float(p[order][last][best]), float(earned[best])
