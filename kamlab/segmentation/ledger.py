"""What has each account bought by any day? The account-days behind every forecast."""

from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from kamlab.accounts.days import daily_sums
from kamlab.accounts.engine import as_day
from kamlab.accounts.seen import seen_before

LEAST_COST_KNOWN = 0.5


@dataclass(frozen=True, slots=True)
class Ledger:
    """Account-days in order of time, as arrays.

    Attributes
    ----------
    ids : np.ndarray of shape (n_accounts,)
        Account ids, sorted.
    code : np.ndarray of shape (n_days,)
        Place in `ids` of each account-day.
    day : np.ndarray of shape (n_days,)
        Days since 1970-01-01, never falling.
    sums : dict of str to np.ndarray of shape (n_days,)
        `sales` (net), `amount` (what is forecast), `volume` (amount without sign), `bought` (truth
        of days with positive net sales), `orders`, `lines`, `returns`.
    amount : {"gross_profit", "net_sales"}
        What is forecast.
    first : int
        First day of the data.
    """

    ids: np.ndarray
    code: np.ndarray
    day: np.ndarray
    sums: dict[str, np.ndarray]
    amount: str
    first: int
    _sofar: dict[tuple[str, float], tuple[int, np.ndarray]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def total(self, what: str, start: int, end: int) -> np.ndarray:
        """Sum a column per account over the days in [start, end).

        Parameters
        ----------
        what : str
            Key of `sums`.
        start, end : int
            Days since 1970-01-01.

        Returns
        -------
        np.ndarray of shape (n_accounts,)
        """
        if start <= self.first:
            return self.fading(what, end, np.inf)
        low, high = self._places([start, end])
        values = self.sums[what][low:high]
        return np.bincount(self.code[low:high], values, minlength=len(self.ids))

    def fading(self, what: str, end: int, half_life: float) -> np.ndarray:
        """Sum a column per account before a day, each day weighing less the older it is.

        Parameters
        ----------
        what : str
            Key of `sums`.
        end : int
            First day no longer seen.
        half_life : float
            Days after which an amount counts half.

        Returns
        -------
        np.ndarray of shape (n_accounts,)

        Notes
        -----
        Goes on from what was asked last, so that later and later days cost one pass in all.
        """
        begin, sums = self._sofar.get((what, half_life), (self.first, np.zeros(len(self.ids))))
        if begin > end:
            begin, sums = self.first, np.zeros(len(self.ids))
        low, high = self._places([begin, end])
        weights = 0.5 ** (np.arange(max(end - begin, 0) + 1) / half_life)
        values = self.sums[what][low:high] * weights[end - self.day[low:high]]
        came = np.bincount(self.code[low:high], values, minlength=len(self.ids))
        sums = sums * weights[-1] + came
        self._sofar[what, half_life] = (end, sums)
        return sums.copy()

    def _places(self, days: list[int]) -> np.ndarray:
        """Say before which account-day each day begins."""
        # of the same kind, or the long array would be copied to another
        return np.searchsorted(self.day, np.array(days, self.day.dtype))

    def edges(self, end: int) -> tuple[np.ndarray, np.ndarray]:
        """Find the first and last day before `end` on which each account bought.

        Parameters
        ----------
        end : int
            First day no longer seen.

        Returns
        -------
        tuple of two np.ndarray of shape (n_accounts,)
            Days since 1970-01-01; the first day of the data for accounts that never bought.
        """
        seen = np.flatnonzero(self.sums["bought"][: self._places([end])[0]])
        first = np.full(len(self.ids), self.first)
        last = first.copy()
        last[self.code[seen]] = self.day[seen]
        first[self.code[seen[::-1]]] = self.day[seen[::-1]]
        return first, last

    def known(self, end: int) -> np.ndarray:
        """Tell which accounts have any line before a day.

        Parameters
        ----------
        end : int
            First day no longer seen.

        Returns
        -------
        np.ndarray of bool, shape (n_accounts,)
        """
        return self.total("lines", self.first, end) > 0


def day_of(value: date | str) -> int:
    """Count the days since 1970-01-01.

    Parameters
    ----------
    value : date or str
        A calendar day.

    Returns
    -------
    int

    Examples
    --------
    >>> day_of("1970-01-02")
    1
    """
    return int(np.datetime64(as_day(value), "D").astype(int))


def as_daily(orders: Any, as_of: date | str) -> pd.DataFrame:  # noqa: ANN401  any frame
    """Give account-days before a day, from order lines or from account-days themselves.

    Parameters
    ----------
    orders : frame
        A pandas frame with `day` is taken as what `kamlab.accounts.days.daily_sums` returned and
        cut at `as_of`; anything else is summed by it.
    as_of : date or str
        First day no longer seen.

    Returns
    -------
    pd.DataFrame

    Raises
    ------
    ValueError
        If nothing lies before `as_of`.
    """
    if isinstance(orders, pd.DataFrame) and "day" in orders:
        daily = seen_before(orders, as_day(as_of))
    else:
        daily = daily_sums(orders, as_of)
    if daily.empty:
        raise ValueError(f"no order lies before {as_day(as_of)}: there is no history to learn from")
    return daily


def open_ledger(daily: pd.DataFrame) -> Ledger:
    """Bring account-days into the order of time and choose what is forecast.

    Gross profit is forecast where at least half of the turnover has a known cost; sales without a
    known cost then count with the margin that all sales of known cost had earned by their day.
    Otherwise net sales take its place.

    Parameters
    ----------
    daily : pd.DataFrame
        As `kamlab.accounts.days.daily_sums` returns; in any order.

    Returns
    -------
    Ledger
    """
    code, ids = pd.factorize(daily["account_id"], sort=True)
    day = daily["day"].to_numpy("datetime64[D]").astype(int)
    order = np.lexsort((day, code)) if (np.diff(code) < 0).any() else np.arange(len(code))
    # days are few numbers, and those of one kind that short are sorted in one pass
    since = (day[order] - day.min()).astype(np.uint16 if np.ptp(day) < 1 << 16 else np.int64)
    order = order[np.argsort(since, kind="stable")]
    code, day = code[order].astype(np.int32), day[order].astype(np.int32)

    def column(name: str) -> np.ndarray:
        return daily[name].to_numpy(float)[order]

    sales = np.nan_to_num(column("net_sales"))
    profit = column("gross_profit")
    priced = np.where(np.isnan(profit), 0.0, np.nan_to_num(column("sales_with_cost")))
    profit = np.nan_to_num(profit)
    turnover = np.abs(sales).sum()
    has_cost = turnover > 0 and np.abs(priced).sum() >= LEAST_COST_KNOWN * turnover
    # the margin known by each day, so that no day is valued with what came later
    earned, sold = np.cumsum(profit), np.cumsum(priced)
    margin = np.divide(earned, sold, out=np.zeros(len(sold)), where=sold > 0)
    amount = profit + margin * (sales - priced) if has_cost else sales
    sums = {
        "sales": sales,
        "amount": amount,
        "volume": np.abs(amount),
        "bought": sales > 0,
        "orders": column("orders").astype(np.float32),  # counts, which are whole
        "lines": column("lines").astype(np.float32),
        "returns": column("returns"),
    }
    name = "gross_profit" if has_cost else "net_sales"
    return Ledger(np.asarray(ids, dtype=object), code, day, sums, name, int(day[0]))
