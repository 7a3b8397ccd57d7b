"""What stands in the books? Order lines and invoices as tables, one month at a time."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kamlab.simulation.config import END, HORIZON, MONTHS, Config
from kamlab.simulation.history import NEVER, History
from kamlab.simulation.latents import Latents
from kamlab.simulation.orders import (
    CATEGORIES,
    ORDER_CHANNELS,
    Catalogue,
    Demand,
    month_lines,
    open_book,
)
from kamlab.simulation.panel import CONCESSION, days_late, order_rate, serve_rates

_END_DAY = int(np.datetime64(END, "D").astype(int))
_RECOVERED = 0.4  # share of an open invoice that an insolvent account's estate pays


@dataclass(frozen=True, slots=True)
class MonthBook:
    """The books of one month.

    Attributes
    ----------
    month : months since January 2022; 48 and later lie in the future and carry sums only.
    orders, invoices : pyarrow.Table or None
        Observed tables; None in the future.
    sums : array of shape (3, n)
        Net sales, gross profit and cost to serve of each account's lines, EUR.
    """

    month: int
    orders: pa.Table | None
    invoices: pa.Table | None
    sums: np.ndarray


def account_ids(n: int) -> np.ndarray:
    """Give the ids of n accounts.

    Examples
    --------
    >>> account_ids(2)
    array(['A00001', 'A00002'], dtype=object)
    """
    width = max(len(str(n)), 5)
    return np.array([f"A{i + 1:0{width}d}" for i in range(n)], dtype=object)


def month_books(
    latents: Latents,
    history: History,
    catalogue: Catalogue,
    config: Config,
    seed: tuple[int, int],
) -> Iterator[MonthBook]:
    """Draw order lines and invoices month by month, the three years after the data included.

    Only one month is in memory at a time.

    Parameters
    ----------
    latents : Latents
    history : History
    catalogue : Catalogue
    config : Config
    seed : tuple of int
        Of the order lines.

    Yields
    ------
    MonthBook
    """
    rng, payments = (np.random.default_rng([*seed, part]) for part in (0, 1))
    n = config.n_accounts
    ids = pa.array(account_ids(n), pa.string())
    book = open_book(latents, rng)
    serve = serve_rates(latents)
    habit = rng.choice(len(ORDER_CHANNELS), n, p=[0.22, 0.2, 0.16, 0.26, 0.16])
    for month in range(MONTHS + HORIZON):
        volume = history.volume[month].astype(float)
        demand = Demand(
            month=month,
            volume=volume,
            rate=order_rate(latents, volume),
            discount=latents.discount + CONCESSION * history.concession[month],
            return_rate=history.return_rate[month].astype(float),
            price_level=float(history.price_level[month]),
            cost_level=float(history.cost_level[month]),
        )
        lines = month_lines(book, demand, latents, catalogue, serve, rng)
        account = lines["account"]
        sums = np.stack(
            [
                np.bincount(account, lines["net_sales"], n),
                np.bincount(account, lines["net_sales"] - lines["cost_of_goods"], n),
                np.bincount(account, lines["cost_to_serve"], n),
            ]
        )
        if month >= MONTHS:
            yield MonthBook(month, None, None, sums)
            continue
        lines = {name: values[lines["day"] < _END_DAY] for name, values in lines.items()}
        wanders = rng.random(len(lines["account"]))
        orders = _orders_table(lines, ids, catalogue, habit, wanders)
        yield MonthBook(
            month, orders, _invoices_table(lines, latents, history, ids, payments), sums
        )


def _orders_table(
    lines: dict[str, np.ndarray],
    ids: pa.Array,
    catalogue: Catalogue,
    habit: np.ndarray,
    wanders: np.ndarray,
) -> pa.Table:
    """Name what the lines hold in codes."""
    products = catalogue.price.shape[1]
    number = lines["order"]
    # most orders come by the account's usual channel; all lines of an order by the same one
    first = np.flatnonzero(np.append(True, number[1:] != number[:-1]))
    runs = np.repeat(first, np.diff(np.append(first, len(number)))) if len(number) else first
    other = (number % len(ORDER_CHANNELS)).astype(np.int64)
    channel = np.where(wanders[runs] < 0.8, habit[lines["account"]], other)
    return pa.table(
        {
            "account_id": ids.take(pa.array(lines["account"])),
            "order_id": _order_ids(number),
            "order_date": pa.array(lines["day"].astype("datetime64[D]")),
            "product_id": pa.array(catalogue.names.astype(object), pa.string()).take(
                pa.array(lines["product"])
            ),
            "category": pa.array(CATEGORIES).take(pa.array(lines["product"] // products)),
            "quantity": lines["quantity"],
            "list_price": lines["list_price"],
            "discount": lines["discount"],
            "net_sales": lines["net_sales"],
            "cost_of_goods": lines["cost_of_goods"],
            "cost_to_serve": lines["cost_to_serve"],
            "currency": pa.array(["EUR"]).take(pa.array(np.zeros(len(number), dtype=np.int8))),
            "channel": pa.array(ORDER_CHANNELS).take(pa.array(channel)),
        }
    )


def _order_ids(number: np.ndarray) -> pa.Array:
    """Give order numbers O00000001, … and numbers of credit notes C00000001, and so on."""
    digits = pc.utf8_lpad(pc.cast(pa.array(np.abs(number + (number >= 0))), pa.string()), 8, "0")
    prefix = pa.array(["O", "C"]).take(pa.array((number < 0).astype(np.int8)))
    return pc.binary_join_element_wise(prefix, digits, "")


def _invoices_table(
    lines: dict[str, np.ndarray],
    latents: Latents,
    history: History,
    ids: pa.Array,
    rng: np.random.Generator,
) -> pa.Table:
    """Invoice each order, and pay or not as the account's health lets it."""
    bought = lines["order"] >= 0
    number, first, where = np.unique(lines["order"][bought], return_index=True, return_inverse=True)
    account = lines["account"][bought][first]
    amount = np.round(np.bincount(where, lines["net_sales"][bought], len(number)), 2)
    issued = lines["day"][bought][first] + rng.integers(1, 5, len(number))
    due = issued + latents.terms[account]
    month = (issued.astype("datetime64[D]").astype("datetime64[M]")).astype(int) - 52 * 12
    month = np.minimum(month, MONTHS)
    late = days_late(history.health[month, account].astype(float))
    paid = due - 4 + np.round(rng.gamma(1.6, late / 1.6 + 2)).astype(np.int64)
    paid = np.maximum(paid, issued)
    insolvent = (history.cause[account] == 5) & (history.left[account] != NEVER)
    closed = np.where(insolvent, _month_end(history.left[account]), np.iinfo(np.int64).max)
    lost = paid >= closed
    settled = np.where(lost, closed + 150, paid)
    part = np.where(lost, np.round(_RECOVERED * amount, 2), amount)
    open_ = settled >= _END_DAY
    known = issued < _END_DAY
    table = pa.table(
        {
            "invoice_id": pc.binary_join_element_wise(
                "I", pc.utf8_lpad(pc.cast(pa.array(number + 1), pa.string()), 8, "0"), ""
            ),
            "account_id": ids.take(pa.array(account)),
            "invoice_date": pa.array(issued.astype("datetime64[D]")),
            "due_date": pa.array(due.astype("datetime64[D]")),
            "amount": amount,
            "paid_date": pa.array(np.where(open_, 0, settled).astype("datetime64[D]"), mask=open_),
            "paid_amount": pa.array(part, mask=open_),
            "currency": pa.array(["EUR"]).take(pa.array(np.zeros(len(number), dtype=np.int8))),
        }
    )
    return table.filter(pa.array(known))


def _month_end(month: np.ndarray) -> np.ndarray:
    """Give the first day after months since January 2022, in days since 1970."""
    known = np.where(month == NEVER, 0, month)
    return (np.datetime64("2022-02", "M") + known).astype("datetime64[D]").astype(np.int64)
