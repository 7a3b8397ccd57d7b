"""How would the accounts be picked without a model? The rules in use today, as scores."""

from collections.abc import Callable

import numpy as np

from kamlab.segmentation.ledger import Ledger

YEAR, QUARTER = 365, 90
_LAST_YEAR, _LAST_QUARTER = "the last 365 days", "the last 90 days"
_QUINTILES = (0.2, 0.4, 0.6, 0.8)

Rule = Callable[[Ledger, int, int], np.ndarray]


def last_period(ledger: Ledger, end: int, horizon: int, what: str = "amount") -> np.ndarray:
    """Score by the sum of as many days before `end` as lie in the period to come.

    Parameters
    ----------
    ledger : Ledger
    end : int
        First day not seen, days since 1970-01-01.
    horizon : int
        Days of the period to come.
    what : {"amount", "sales"}
        Gross profit (net sales where no cost is known), or net sales.

    Returns
    -------
    np.ndarray of shape (n_accounts,)
    """
    return ledger.total(what, end - horizon, end)


def last_days(days: int, what: str) -> Rule:
    """Make a rule that scores by the sum of a fixed number of days.

    Parameters
    ----------
    days : int
    what : {"amount", "sales"}

    Returns
    -------
    callable
        Takes ledger, end and horizon.
    """

    def rule(ledger: Ledger, end: int, horizon: int) -> np.ndarray:  # noqa: ARG001  a rule takes all
        return ledger.total(what, end - days, end)

    return rule


def all_time(what: str) -> Rule:
    """Make a rule that scores by the sum of all history.

    Parameters
    ----------
    what : {"amount", "sales"}

    Returns
    -------
    callable
        Takes ledger, end and horizon.
    """

    def rule(ledger: Ledger, end: int, horizon: int) -> np.ndarray:  # noqa: ARG001  a rule takes all
        return ledger.total(what, ledger.first, end)

    return rule


def same_season(ledger: Ledger, end: int, horizon: int) -> np.ndarray:
    """Score by the same season of the year before; by the last year for longer periods.

    Parameters
    ----------
    ledger : Ledger
    end : int
        First day not seen, days since 1970-01-01.
    horizon : int
        Days of the period to come.

    Returns
    -------
    np.ndarray of shape (n_accounts,)
        All nought where there is not yet a year of history.
    """
    start = end - YEAR
    if start < ledger.first:
        return np.zeros(len(ledger.ids))
    return ledger.total("amount", start, min(start + horizon, end))


def rfm_score(ledger: Ledger, end: int, horizon: int) -> np.ndarray:  # noqa: ARG001  a rule takes all
    """Score by quintiles of recency, frequency and sales of the last year, added up.

    Equal sums are put in order by sales, as a person with the list in hand would.

    Parameters
    ----------
    ledger : Ledger
    end : int
        First day not seen, days since 1970-01-01.
    horizon : int
        Not used.

    Returns
    -------
    np.ndarray of shape (n_accounts,)
        3 to 15 and a fraction below 1 for accounts with lines in the last year, 0 for others.

    References
    ----------
    .. [1] A. M. Hughes, "Strategic Database Marketing", Probus, 1994.
    """
    active = ledger.total("lines", end - YEAR, end) > 0
    if not active.any():
        return np.zeros(len(ledger.ids))
    sales = ledger.total("sales", end - YEAR, end)
    axes = (ledger.edges(end)[1], ledger.total("orders", end - YEAR, end), sales)
    points = sum(
        np.searchsorted(np.quantile(axis[active], _QUINTILES), axis, side="right") + 1
        for axis in axes
    )
    tie = np.argsort(np.argsort(sales, kind="stable"), kind="stable") / len(sales)
    return np.where(active, points + tie, 0.0)


RULES: dict[str, Rule] = {
    "gross profit of the last period": last_period,
    "gross profit of the last 365 days": last_days(YEAR, "amount"),
    "gross profit of the last 90 days": last_days(QUARTER, "amount"),
    "gross profit of all time": all_time("amount"),
    "gross profit of the same season last year": same_season,
    "sales of the last period": lambda ledger, end, days: last_period(ledger, end, days, "sales"),
    "sales of the last 365 days": last_days(YEAR, "sales"),
    "sales of the last 90 days": last_days(QUARTER, "sales"),
    "sales of all time": all_time("sales"),
    "RFM score": rfm_score,
}
RANDOM = "random"


def naive_scores(ledger: Ledger, end: int, horizon: int) -> dict[str, np.ndarray]:
    """Score every account by every rule that the history allows and that differs.

    Parameters
    ----------
    ledger : Ledger
    end : int
        First day not seen, days since 1970-01-01.
    horizon : int
        Days of the period to come.

    Returns
    -------
    dict of str to np.ndarray of shape (n_accounts,)
        By rule name. Without costs "gross profit" is the same as sales and is left out; the
        season of last year needs a year of history and a shorter period ahead.
    """
    scores = {}
    for name, rule in RULES.items():
        if ledger.amount == "net_sales" and name.startswith("gross profit of the last"):
            continue
        if name == "gross profit of all time" and ledger.amount == "net_sales":
            continue
        if rule is same_season and (end - YEAR < ledger.first or horizon >= YEAR):
            continue
        if (horizon, name.split(" of ")[-1]) in ((YEAR, _LAST_YEAR), (QUARTER, _LAST_QUARTER)):
            continue
        scores[name if ledger.amount == "gross_profit" else _of_sales(name)] = rule(
            ledger, end, horizon
        )
    return scores


def _of_sales(name: str) -> str:
    """Name a rule rightly where net sales take the place of gross profit."""
    return name.replace("gross profit", "sales")


def pick(scores: np.ndarray, places: int) -> np.ndarray:
    """Pick the accounts with the highest scores.

    Parameters
    ----------
    scores : np.ndarray of shape (n_accounts,)
        Minus infinity where an account may not be picked.
    places : int
        How many.

    Returns
    -------
    np.ndarray of int, shape (min(places, n_accounts),)
        Places in `scores`, best first; equal scores by place.

    Examples
    --------
    >>> pick(np.array([1.0, 3.0, 2.0]), 2).tolist()
    [1, 2]
    """
    return np.argsort(-scores, kind="stable")[:places]
