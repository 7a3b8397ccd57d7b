"""What is ordered, at what price and cost? Order lines drawn month by month from the panel.

Orders are a renewal process in operational time: gaps are Gamma with the account's own shape, and
time runs fast in its season and slow after a fall. An order's lines are drawn over the account's
assortment; their expected sum is the volume that the panel gives the account for the month.
"""

from dataclasses import dataclass, field

import numpy as np

from kamlab.simulation.latents import RETURN_SHARE, Latents, product_shares

CATEGORIES = (
    "pouches",
    "laminated roll stock",
    "shrink sleeves",
    "labels",
    "lidding",
    "compostables",
)
ORDER_CHANNELS = ("sales centre", "telephone", "call centre", "e-mail", "website")
_PRODUCTS = 9
_KILO_PRICE = np.array([6.4, 4.3, 5.6, 8.2, 6.0, 9.4])
_COST_RATIO = np.array([0.705, 0.765, 0.695, 0.650, 0.690, 0.740])
_STEP = 5.0  # kilograms: quantities are sold in multiples of this
_LINE_SPREAD = 0.6


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Products: arrays of shape (6, products per category).

    Attributes
    ----------
    price : list price per kilogram at the first month, EUR.
    cost_ratio : cost of goods over list price.
    """

    price: np.ndarray
    cost_ratio: np.ndarray

    @property
    def names(self) -> np.ndarray:
        """Product numbers in the order of the flattened arrays."""
        prefixes = ("PO", "RO", "SL", "LA", "LI", "CO")
        return np.array([f"{p}-{i + 1:02d}" for p in prefixes for i in range(_PRODUCTS)])


def draw_catalogue(rng: np.random.Generator) -> Catalogue:
    """Draw the products of the distributor."""
    shape = (len(CATEGORIES), _PRODUCTS)
    return Catalogue(
        price=_KILO_PRICE[:, None] * rng.lognormal(0, 0.15, shape),
        cost_ratio=_COST_RATIO[:, None] + rng.normal(0, 0.015, shape),
    )


@dataclass(slots=True)
class Book:
    """The order book between two months.

    Attributes
    ----------
    until_next : operational time until each account's next order.
    orders : number of orders so far.
    credits : number of credit notes so far.
    returning : lines that will come back, by month.
    """

    until_next: np.ndarray
    orders: int = 0
    credits: int = 0
    returning: dict[int, list[dict[str, np.ndarray]]] = field(default_factory=dict)


def open_book(latents: Latents, rng: np.random.Generator) -> Book:
    """Start every account at a random point of its rhythm (the renewal process in equilibrium)."""
    gap_met = rng.gamma(latents.rhythm + 1) / latents.rhythm
    return Book(until_next=rng.random(len(gap_met)) * gap_met)


@dataclass(frozen=True, slots=True)
class Demand:
    """One month of the panel as the order book needs it; arrays of shape (n,).

    Attributes
    ----------
    month : months since January 2022.
    volume, discount, return_rate : as in `panel.Month`.
    rate : orders a month.
    price_level, cost_level : factors of the month.
    """

    month: int
    volume: np.ndarray
    rate: np.ndarray
    discount: np.ndarray
    return_rate: np.ndarray
    price_level: float
    cost_level: float


def month_lines(
    book: Book,
    demand: Demand,
    latents: Latents,
    catalogue: Catalogue,
    serve: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Draw the order lines of one month, returns that fall into it included.

    Parameters
    ----------
    book : Book
        Changed in place.
    demand : Demand
    latents : Latents
    catalogue : Catalogue
    serve : tuple of two arrays of shape (n,)
        Cost to serve per order and per euro.
    rng : numpy.random.Generator

    Returns
    -------
    dict of numpy.ndarray
        account (code), order (number, from 0; credit notes count apart and are negative from -1),
        day (days since 1970), product (code), quantity (kg), list_price, discount, net_sales,
        cost_of_goods, cost_to_serve (EUR of the line, cents), sorted by day.
    """
    account, moment = _orders(book, demand.rate, latents.rhythm, rng)
    days = _month_days(demand.month)
    day = _workdays(days[0], days[1], moment)
    in_order = np.lexsort((account, day))
    account, day = account[in_order], day[in_order]
    number = book.orders + np.arange(len(account))
    book.orders += len(account)
    lines = _lines(account, day, number, demand, latents, catalogue, serve, rng)
    _send_back(book, lines, demand, rng)
    parts = [lines, *book.returning.pop(demand.month, [])]
    whole = {name: np.concatenate([part[name] for part in parts]) for name in lines}
    by_day = np.argsort(whole["day"], kind="stable")
    return {name: values[by_day] for name, values in whole.items()}


def _orders(
    book: Book, rate: np.ndarray, rhythm: np.ndarray, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw which accounts order at which part (0 to 1) of the month."""
    accounts, moments = [], []
    waiting = np.flatnonzero(book.until_next < rate)
    while len(waiting):
        accounts.append(waiting)
        moments.append(book.until_next[waiting] / rate[waiting])
        book.until_next[waiting] += rng.gamma(rhythm[waiting]) / rhythm[waiting]
        waiting = waiting[book.until_next[waiting] < rate[waiting]]
    book.until_next -= rate
    if not accounts:
        return np.empty(0, dtype=np.int64), np.empty(0)
    return np.concatenate(accounts), np.concatenate(moments)


def _month_days(month: int) -> tuple[int, int]:
    """Give the first day of a month since January 2022 and of the next, in days since 1970."""
    first = np.datetime64("2022-01", "M") + month
    ends = [(first + ahead).astype("datetime64[D]").astype(int) for ahead in (0, 1)]
    return int(ends[0]), int(ends[1])


def _workdays(first: int, end: int, moment: np.ndarray) -> np.ndarray:
    """Turn parts of a month into days; weekends move to the nearest workday within the month."""
    day = first + np.floor(moment * (end - first)).astype(np.int64)
    weekday = (day + 3) % 7  # 1970-01-01 was a Thursday; 0 = Monday
    day = day + np.where(weekday == 5, -1, np.where(weekday == 6, 1, 0))
    return np.where(day < first, day + 3, np.where(day >= end, day - 3, day))


def _lines(
    account: np.ndarray,
    day: np.ndarray,
    number: np.ndarray,
    demand: Demand,
    latents: Latents,
    catalogue: Catalogue,
    serve: tuple[np.ndarray, np.ndarray],
    rng: np.random.Generator,
) -> dict[str, np.ndarray]:
    """Draw the lines of orders; two lines of one product in one order become one."""
    extra = rng.poisson(latents.line_rate[account])
    order = np.repeat(np.arange(len(account)), extra + 1)
    buyer = account[order]
    mean = (demand.volume / np.maximum(demand.rate, 1e-12) / (1 + latents.line_rate))[buyer]
    luck = rng.random((3, len(buyer)))
    category = (luck[0][:, None] > np.cumsum(latents.mix, axis=1)[buyer, :5]).sum(axis=1)
    product = _products(buyer, category, luck[1], latents)
    amount = mean * np.exp(_LINE_SPREAD * rng.normal(size=len(buyer)) - _LINE_SPREAD**2 / 2)
    price = catalogue.price.ravel()[product]
    quantity = np.floor(amount / price / _STEP + luck[2]) * _STEP
    key, first, where = np.unique(
        order * catalogue.price.size + product, return_index=True, return_inverse=True
    )
    quantity = np.bincount(where, quantity, len(key))
    kept = quantity > 0
    first, quantity = first[kept], quantity[kept]
    order, buyer, product = order[first], buyer[first], product[first]
    base = quantity * price[first]
    listed = np.round(base * demand.price_level, 2)
    rate = demand.discount[buyer] + rng.uniform(-0.01, 0.01, len(buyer))
    discount = np.round(listed * np.clip(rate, 0, 0.5), 2)
    net = np.round(listed - discount, 2)
    ratio = catalogue.cost_ratio.ravel()[product] + latents.short_runs[buyer]
    waste = rng.uniform(0.98, 1.02, len(buyer))
    per_order, per_euro = serve
    in_order = np.bincount(order, minlength=len(account))[order]
    return {
        "account": buyer,
        "order": number[order],
        "day": day[order],
        "product": product,
        "quantity": quantity,
        "list_price": listed,
        "discount": discount,
        "net_sales": net,
        "cost_of_goods": np.round(base * demand.cost_level * ratio * waste, 2),
        "cost_to_serve": np.round(per_order[buyer] / in_order + per_euro[buyer] * net, 2),
    }


def _products(
    buyer: np.ndarray, category: np.ndarray, luck: np.ndarray, latents: Latents
) -> np.ndarray:
    """Choose a product of the category out of the account's own few."""
    shares = np.cumsum(product_shares(latents.breadth), axis=1)
    place = (luck[:, None] > shares[buyer, :5]).sum(axis=1)
    number = (latents.favourite[buyer, category] + place) % _PRODUCTS
    return category * _PRODUCTS + number


def _send_back(
    book: Book, lines: dict[str, np.ndarray], demand: Demand, rng: np.random.Generator
) -> None:
    """Let some lines come back 3 to 30 days later, wholly or in part, as credit notes."""
    back = np.flatnonzero(rng.random(len(lines["account"])) < demand.return_rate[lines["account"]])
    part = rng.uniform(2 * RETURN_SHARE - 1, 1, len(back))
    notes = {name: values[back] for name, values in lines.items()}
    quantity = np.maximum(np.round(notes["quantity"] * part), 1.0)
    part = quantity / notes["quantity"]
    day = notes["day"] + rng.integers(3, 31, len(back))
    for name in ("list_price", "discount", "cost_of_goods"):
        notes[name] = -np.round(notes[name] * part, 2)
    notes["net_sales"] = np.round(notes["list_price"] - notes["discount"], 2)
    notes["cost_to_serve"] = np.zeros(len(back))
    notes["quantity"] = -quantity
    notes["day"] = day
    notes["order"] = -1 - book.credits - np.arange(len(back))
    book.credits += len(back)
    months = (day.astype("datetime64[D]").astype("datetime64[M]")).astype(int) - 52 * 12
    for month in np.unique(months):
        chosen = months == month
        book.returning.setdefault(int(month), []).append(
            {name: values[chosen] for name, values in notes.items()}
        )
