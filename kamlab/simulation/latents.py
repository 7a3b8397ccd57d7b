"""What is an account really like, behind everything that can be seen of it?

Each account belongs to an archetype, and each archetype is a centre around which the latent
traits scatter, so that no single trait separates the archetypes:

========== ===== ==================================================================================
archetype  share what it is
========== ===== ==================================================================================
balanced     5 % large, modern, healthy, fair: the key account of the textbook
bully        4 % largest purchases, hard bargainer, costly to serve: volume without profit
rich_small   6 % strong finances and good margin on little volume
riser        7 % small today, modern, growing by a fifth a year, with room to grow
fading       4 % large today, shrinking
late_payer   4 % large, pays late, may fail
tail        70 % all others
========== ===== ==================================================================================
"""

from dataclasses import dataclass, fields

import numpy as np

from kamlab.simulation.config import MONTHS, Config

ARCHETYPES = ("balanced", "bully", "rich_small", "riser", "fading", "late_payer", "tail")
SHARES = np.array([0.05, 0.04, 0.06, 0.07, 0.04, 0.04, 0.70])
REGIONS = ("North", "West", "South", "East", "Centre", "Export")
INDUSTRIES = ("food", "beverage", "pharma", "household chemicals", "pet food", "cosmetics", "other")
PEAK_MONTH = np.array([9, 5, 0, 3, 10, 8, 6])  # month of most sales, 0 = January
PEAK_HEIGHT = np.array([0.22, 0.38, 0.06, 0.10, 0.15, 0.18, 0.10])
RETURN_SHARE = 0.6  # mean share of a line that comes back when it comes back
_NEW_SHARE = 0.28  # of the accounts, those that join within the four years

#             balanced bully rich riser fading late  tail
_LOG_WALLET = (13.25, 14.30, 10.7, 11.0, 13.2, 13.0, 10.5)
_WALLET_SD = (0.60, 0.50, 0.50, 0.60, 0.60, 0.60, 1.00)
_GROWTH = (0.04, 0.02, 0.02, 0.20, -0.18, 0.02, 0.01)
_PHILOSOPHY = (1.0, -0.8, 0.2, 0.9, -0.4, -0.3, 0.0)
_HEALTH = (0.7, 0.3, 1.4, 0.3, -0.1, -1.2, 0.0)
_PRICE = (-0.2, 1.4, -0.6, 0.2, 0.3, 0.2, 0.0)
_CULTURE = (0.4, -0.5, 0.3, 0.4, -0.3, -0.1, 0.0)


@dataclass(frozen=True, slots=True)
class Latents:
    """Fixed traits of accounts; every array has shape (n,) unless said.

    Attributes
    ----------
    archetype : codes into `ARCHETYPES`.
    log_wallet : log of yearly purchases in our categories from anyone at the start, EUR.
    growth : drift of the log wallet a year.
    philosophy : modernity of management, standard score.
    health : long-run financial health, standard score; low = pays late, may fail.
    bargaining : bargaining power, about -1.5 to 3.5.
    price, quality, culture, brand : price sensitivity, quality sensitivity, fit of culture with
        ours, trust in our brand; standard scores.
    complexity : factor on cost to serve, median 1.
    share_base : logit of our share of the wallet at neutral satisfaction.
    discount : share of the list price given away, 0 to 0.4.
    cost_ratio : cost of goods over list amount at the first month's price level.
    short_runs : part of `cost_ratio` that comes from the account's small or large runs.
    response : how much the account reacts to contact and care, mean 1; below 0 = sleeping dog.
    region, industry : codes into `REGIONS`, `INDUSTRIES`.
    peak, amplitude : month of most sales (0 to 11) and height of the yearly wave (0 to 0.6).
    rhythm : shape of the Gamma gaps between orders, 1 (irregular) to 4 (regular).
    order_rate : orders a month at starting volume.
    line_rate : mean number of lines of an order beyond the first.
    start : month of joining, 0 = there before the data begin.
    terms : payment terms in days.
    group : account number of the group's parent (its own number if it stands alone).
    mix : array of shape (n, 6), share of each category in purchases.
    breadth : products per category that the account buys, 1 to 6.
    favourite : array of shape (n, 6), first product of the account in each category.
    """

    archetype: np.ndarray
    log_wallet: np.ndarray
    growth: np.ndarray
    philosophy: np.ndarray
    health: np.ndarray
    bargaining: np.ndarray
    price: np.ndarray
    quality: np.ndarray
    culture: np.ndarray
    brand: np.ndarray
    complexity: np.ndarray
    share_base: np.ndarray
    discount: np.ndarray
    cost_ratio: np.ndarray
    short_runs: np.ndarray
    response: np.ndarray
    region: np.ndarray
    industry: np.ndarray
    peak: np.ndarray
    amplitude: np.ndarray
    rhythm: np.ndarray
    order_rate: np.ndarray
    line_rate: np.ndarray
    start: np.ndarray
    terms: np.ndarray
    group: np.ndarray
    mix: np.ndarray
    breadth: np.ndarray
    favourite: np.ndarray

    def repeat(self, times: int) -> "Latents":
        """Stack `times` copies, one after the other: the same accounts in several worlds."""
        copies = {}
        for field in fields(self):
            values = getattr(self, field.name)
            copies[field.name] = np.tile(values, (times,) + (1,) * (values.ndim - 1))
        return Latents(**copies)


def season(latents: Latents, month: int | np.ndarray) -> np.ndarray:
    """Give the factor of the time of year on purchases; its mean over a year is 1.

    Parameters
    ----------
    latents : Latents
    month : int or array of shape (n,)
        Months since January 2022.

    Returns
    -------
    numpy.ndarray of shape (n,)
    """
    angle = 2 * np.pi * ((month - latents.peak) % 12) / 12
    return 1 + latents.amplitude * np.cos(angle)


def draw_latents(config: Config, cost_by_product: np.ndarray, rng: np.random.Generator) -> Latents:
    """Draw the accounts of a distributor.

    Parameters
    ----------
    config : Config
    cost_by_product : numpy.ndarray of shape (6, products per category)
        Cost of goods over list price, per product.
    rng : numpy.random.Generator

    Returns
    -------
    Latents
    """
    n = config.n_accounts
    kind = _archetypes(n, rng)

    def around(centres: tuple[float, ...], sd: float) -> np.ndarray:
        return np.asarray(centres)[kind] + rng.normal(0, sd, n)

    wallet = np.asarray(_LOG_WALLET)[kind] + np.asarray(_WALLET_SD)[kind] * rng.normal(0, 1, n)
    bargaining = np.clip(
        0.45 * (wallet - 11.5) + 0.7 * (kind == 1) + rng.normal(0, 0.6, n), -1.5, 3.5
    )
    industry = rng.choice(len(INDUSTRIES), n, p=[0.30, 0.14, 0.10, 0.12, 0.10, 0.10, 0.14])
    share_base = np.array([0.3, 0.2, 0.5, -0.6, 0.4, 0.2, -0.1])[kind] + rng.normal(0, 0.8, n)
    volume = np.exp(wallet) / (1 + np.exp(-share_base)) / 12
    rate = config.orders_per_month * (volume / 2_000) ** 0.42 * rng.lognormal(0, 0.35, n)
    size = np.log(volume / 2_000)
    line_rate = (config.lines_per_order - 1) * np.clip(1 + 0.12 * size, 0.3, 2.5)
    mix, breadth, favourite = _assortment(n, industry, size, cost_by_product.shape[1], rng)
    basket = _basket_cost(mix, breadth, favourite, cost_by_product)
    short_runs = -0.012 * np.clip(size, -3, 4) + rng.normal(0, 0.025, n)
    discount = 0.065 + 0.055 * bargaining + rng.normal(0, 0.085, n)
    response = rng.normal(1.0, 0.45, n)
    response[rng.random(n) < 0.06] = -1.0
    new = rng.random(n) < _NEW_SHARE
    return Latents(
        archetype=kind,
        log_wallet=wallet,
        growth=around(_GROWTH, 0.05),
        philosophy=around(_PHILOSOPHY, 0.8),
        health=around(_HEALTH, 0.5),
        bargaining=bargaining,
        price=around(_PRICE, 0.6),
        quality=rng.normal(0, 0.8, n),
        culture=around(_CULTURE, 0.8),
        brand=rng.normal(0.2, 0.8, n),
        complexity=rng.lognormal(0, 1.1, n) * np.exp(0.75 * (kind == 1)),
        share_base=share_base,
        discount=np.clip(discount, 0, 0.40),
        cost_ratio=basket + short_runs,
        short_runs=short_runs,
        response=response,
        region=rng.choice(len(REGIONS), n, p=[0.2, 0.2, 0.18, 0.16, 0.16, 0.10]),
        industry=industry,
        peak=(PEAK_MONTH[industry] + rng.integers(-1, 2, n)) % 12,
        amplitude=np.clip(PEAK_HEIGHT[industry] * rng.lognormal(0, 0.4, n), 0, 0.6),
        rhythm=rng.integers(1, 5, n).astype(float),
        order_rate=np.clip(rate, 0.12, 25),
        line_rate=line_rate,
        start=np.where(new, rng.integers(1, MONTHS - 1, n), 0),
        terms=rng.choice([14, 30, 45, 60, 90], n, p=[0.15, 0.45, 0.2, 0.15, 0.05])
        + 15 * (kind == 1),
        group=_groups(n, rng),
        mix=mix,
        breadth=breadth,
        favourite=favourite,
    )


def _archetypes(n: int, rng: np.random.Generator) -> np.ndarray:
    """Give each archetype its share of n accounts exactly (at least two), in random order."""
    counts = np.maximum(np.round(SHARES * n).astype(int), 2)
    counts[-1] += n - counts.sum()
    return rng.permutation(np.repeat(np.arange(len(SHARES)), counts))


def _groups(n: int, rng: np.random.Generator) -> np.ndarray:
    """Put about 15 % of the accounts under a parent account; the others are their own parent."""
    parent = np.arange(n)
    shuffled = rng.permutation(n)
    heads, children = shuffled[: max(n // 20, 1)], shuffled[max(n // 20, 1) : n // 5]
    parent[children] = rng.choice(heads, len(children))
    return parent


def _assortment(
    n: int, industry: np.ndarray, size: np.ndarray, products: int, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Draw category shares, products per category and the favourite product of each category."""
    taste = np.full((len(INDUSTRIES), 6), 0.35)
    taste[[0, 1, 2, 3, 4, 5, 6], [0, 2, 4, 1, 0, 3, 5]] = 1.6
    mix = rng.gamma(taste[industry])
    mix /= mix.sum(axis=1, keepdims=True)
    mix = np.where(mix < 0.04, 0, mix)
    mix /= mix.sum(axis=1, keepdims=True)
    breadth = np.clip(np.round(2.2 + 0.7 * size + rng.normal(0, 0.8, n)), 1, 6).astype(np.int64)
    return mix, breadth, rng.integers(0, products, (n, 6))


def product_shares(breadth: np.ndarray) -> np.ndarray:
    """Give the shares of an account's first, second, … product of a category.

    Parameters
    ----------
    breadth : numpy.ndarray of shape (n,)
        Products per category, 1 to 6.

    Returns
    -------
    numpy.ndarray of shape (n, 6)
        Rows sum to 1.

    Examples
    --------
    >>> product_shares(np.array([2])).round(2)
    array([[0.45, 0.55, 0.  , 0.  , 0.  , 0.  ]])
    """
    place = np.arange(6)
    shares = 0.45 * 0.55**place
    last = breadth[:, None] - 1
    return np.where(place < last, shares, np.where(place == last, 0.55**place, 0.0))


def _basket_cost(
    mix: np.ndarray, breadth: np.ndarray, favourite: np.ndarray, cost_by_product: np.ndarray
) -> np.ndarray:
    """Average the products' cost ratios over what each account buys."""
    shares = product_shares(breadth)
    products = cost_by_product.shape[1]
    cost = np.zeros(len(mix))
    for category in range(6):
        for place in range(6):
            ratio = cost_by_product[category, (favourite[:, category] + place) % products]
            cost += mix[:, category] * shares[:, place] * ratio
    return cost
