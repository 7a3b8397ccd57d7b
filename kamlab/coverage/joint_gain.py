"""What could an account and we gain together, and how would we share it?"""

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class LotTerms:
    """What decides how much should be bought, and made or brought in, at a time.

    Attributes
    ----------
    demand : float
        Units a year, above 0.
    production_rate : float
        Units a year that we can make or bring in, not below the demand; infinite where a lot
        arrives at once.
    order_cost : float
        What one order costs the account, above 0.
    set_up_cost : float
        What one order or run costs us, above 0.
    holding_rate : float
        Cost of holding stock, a share of its value a year, above 0.
    unit_cost : float
        What a unit costs us, above 0.
    price : float
        What a unit costs the account, above 0.
    """

    demand: float
    production_rate: float
    order_cost: float
    set_up_cost: float
    holding_rate: float
    unit_cost: float
    price: float

    def __post_init__(self) -> None:
        """Refuse terms that mean nothing."""
        names = ("demand", "order_cost", "set_up_cost", "holding_rate", "unit_cost", "price")
        for name in names:
            if not (math.isfinite(getattr(self, name)) and getattr(self, name) > 0):
                raise ValueError(f"{name} is above 0, got {getattr(self, name)}")
        if not self.production_rate >= self.demand:
            raise ValueError(
                f"production_rate is not below the demand {self.demand}, got {self.production_rate}"
            )

    @property
    def _our_holding(self) -> float:
        """Cost of our stock a year for each unit of a lot, twice."""
        return self.holding_rate * self.unit_cost * self.demand / self.production_rate

    def costs(self, lot: float) -> tuple[float, float]:
        """Give the yearly cost of ordering and holding of the account and of us at a lot.

        Parameters
        ----------
        lot : float
            Units an order, above 0.

        Returns
        -------
        tuple of float
            (theirs, ours).
        """
        orders = self.demand / lot
        theirs = orders * self.order_cost + lot / 2 * self.holding_rate * self.price
        ours = orders * self.set_up_cost + lot / 2 * self._our_holding
        return theirs, ours

    @property
    def their_lot(self) -> float:
        """The lot that is cheapest for the account alone (economic order quantity)."""
        return math.sqrt(2 * self.demand * self.order_cost / (self.holding_rate * self.price))

    @property
    def our_lot(self) -> float:
        """The lot that is cheapest for us alone; infinite where we hold no stock."""
        return (
            math.sqrt(2 * self.demand * self.set_up_cost / self._our_holding)
            if self._our_holding > 0
            else math.inf
        )

    @property
    def joint_lot(self) -> float:
        """The lot that is cheapest for both together.

        References
        ----------
        .. [1] A. Banerjee, "A joint economic-lot-size model for purchaser and vendor", Decision
           Sciences 17, 1986.

        Examples
        --------
        >>> terms = LotTerms(1000, 3200, 100, 400, 0.2, 20, 25)
        >>> terms.their_lot, terms.our_lot, terms.joint_lot
        (200.0, 800.0, 400.0)
        >>> sum(terms.costs(200)), sum(terms.costs(400))
        (3125.0, 2500.0)
        """
        both = self.order_cost + self.set_up_cost
        return math.sqrt(
            2 * self.demand * both / (self._our_holding + self.holding_rate * self.price)
        )


def bullwhip_bound(lead_time: float, periods: float) -> float:
    """Say how much more an account's orders swing than its own demand, at least.

    Parameters
    ----------
    lead_time : float
        Periods between an order and its delivery, not negative.
    periods : float
        Periods over which the account averages its demand when it orders, above 0.

    Returns
    -------
    float
        Least ratio of the variances of orders and demand, 1 or more, where demand is independent
        from period to period and the account orders up to a level from a moving average.

    References
    ----------
    .. [1] F. Chen, Z. Drezner, J. K. Ryan and D. Simchi-Levi, "Quantifying the bullwhip effect in a
       simple supply chain", Management Science 46, 2000.

    Examples
    --------
    >>> round(bullwhip_bound(1, 5), 2), round(bullwhip_bound(3, 5), 2)
    (1.48, 2.92)
    """
    if lead_time < 0 or periods <= 0:
        raise ValueError(
            f"lead_time is not negative and periods above 0, got {lead_time} and {periods}"
        )
    return 1 + 2 * lead_time / periods + 2 * lead_time**2 / periods**2


def shared_demand_saving(
    order_deviation: float,
    *,
    lead_time: float,
    periods: float,
    unit_cost: float,
    holding_rate: float,
    safety: float = 1.645,
) -> float:
    """Say what less safety stock saves us a year, at least, if the account shows its own demand.

    Parameters
    ----------
    order_deviation : float
        Standard deviation of the account's orders from period to period, in units, not negative.
    lead_time, periods : float
        As for `bullwhip_bound`; our own supply takes `lead_time` too.
    unit_cost, holding_rate : float
        As in `LotTerms`.
    safety : float, default 1.645
        Standard deviations of safety stock: 1.645 is 95 % without shortage.

    Examples
    --------
    >>> round(shared_demand_saving(100, lead_time=1, periods=5, unit_cost=20, holding_rate=0.2))
    166
    """
    if order_deviation < 0:
        raise ValueError(f"order_deviation is not negative, got {order_deviation}")
    less = 1 - 1 / math.sqrt(bullwhip_bound(lead_time, periods))
    stock = safety * math.sqrt(lead_time + 1) * order_deviation
    return stock * less * unit_cost * holding_rate


def nash_split(
    gain: float, *, ours_alone: float = 0.0, theirs_alone: float = 0.0, our_power: float = 0.5
) -> tuple[float, float]:
    """Split a joint gain so that each side has what it could get alone and a share of the rest.

    Parameters
    ----------
    gain : float
        What both gain together.
    ours_alone, theirs_alone : float
        What each side would have without an agreement, on the same scale.
    our_power : float, default 0.5
        Our share of what the agreement adds, 0 to 1; a half is Nash's symmetric split.

    Returns
    -------
    tuple of float
        (ours, theirs), which add up to the gain.

    Raises
    ------
    ValueError
        If the agreement adds nothing to what both have alone: there is nothing to split.

    References
    ----------
    .. [1] J. F. Nash, "The bargaining problem", Econometrica 18, 1950.

    Examples
    --------
    >>> nash_split(100), nash_split(100, ours_alone=40)
    ((50.0, 50.0), (70.0, 30.0))
    """
    if not 0 <= our_power <= 1:
        raise ValueError(f"our_power lies from 0 to 1, got {our_power}")
    added = gain - ours_alone - theirs_alone
    if added < 0:
        raise ValueError(
            f"both have {ours_alone + theirs_alone:g} alone, more than {gain:g} together"
        )
    ours = ours_alone + our_power * added
    return float(ours), float(gain - ours)


def order_swing(months: np.ndarray) -> float:
    """Give the standard deviation of an account's monthly orders; missing below six months.

    Parameters
    ----------
    months : np.ndarray of shape (n_months,)
        Amount of each month, months without orders as 0.
    """
    return float(np.std(months, ddof=1)) if len(months) >= 6 else math.nan
