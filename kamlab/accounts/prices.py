"""What does each account pay against its peers for the same product, quantity and month?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import narwhals as nw
import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame
from scipy.sparse import bmat, coo_matrix, csr_matrix, diags, hstack
from scipy.sparse.csgraph import connected_components
from scipy.sparse.linalg import LinearOperator, cg

from kamlab.accounts.engine import as_day, as_lines, between, to_pandas

SUM_COLUMNS = ("account_id", "product_id", "month", "net_sales", "quantity", "lines")
_FEWEST_OF_A_REGION = 5
# of the solver: real prices take some 20, a chain of accounts as many as it has
_MOST_STEPS = 5_000


def price_sums(
    orders: IntoFrame,
    as_of: date | str,
    *,
    start: date | str | None = None,
    accounts: Sequence[str] | None = None,
) -> pd.DataFrame | None:
    """Sum purchases by account, product and month: all that price comparisons need.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines with `product_id` and `quantity`.
    as_of, start : date or str
        History in [start, as_of); without start, all before.
    accounts : sequence of str, optional
        The only ones that are wanted, at most some ten thousand.

    Returns
    -------
    pd.DataFrame or None
        `account_id`, `product_id`, `month`, `net_sales`, `quantity`, `lines`, of lines with both
        amounts positive; None where the orders name no product or quantity.
    """
    lines = as_lines(orders)
    if not {"product_id", "quantity"} <= set(lines.collect_schema().names()):
        return None
    first = None if start is None else as_day(start, "start")
    bought = between(lines, first, as_day(as_of)).filter(
        nw.col("net_sales") > 0, nw.col("quantity") > 0, ~nw.col("product_id").is_null()
    )
    if accounts is not None:
        bought = bought.filter(nw.col("account_id").is_in(list(accounts)))
    month = nw.col("order_date").dt.truncate("1mo").alias("month")
    sums = bought.group_by("account_id", "product_id", month).agg(
        nw.col("net_sales").sum(),
        nw.col("quantity").sum(),
        nw.len().cast(nw.Int64).alias("lines"),
    )
    return to_pandas(sums.sort("account_id", "product_id", "month"))


def price_effects(
    sums: pd.DataFrame, *, confidence: float = 0.9, regions: pd.Series | None = None
) -> pd.DataFrame:
    """Estimate how far each account's prices stand from its peers', other things equal.

    The logarithm of the price per unit is split into a product, a month, the size of the order
    line and the account. Account effects are centred on the sales-weighted mean account and
    shrunk towards it by how little is known of each: an account with two lines does not top the
    list by luck.

    Parameters
    ----------
    sums : pd.DataFrame
        One row an account, product and month: `account_id`, `product_id`, `month`, `net_sales`
        and `quantity` (of purchases only, both positive; other rows are left out) and `lines`.
    confidence : float, default 0.9
        Of the interval, between 0 and 1.
    regions : pd.Series indexed by account_id, optional
        Where each account is. What the prices of a region of 5 accounts or more have in common,
        beyond the chance of who is in it, is no concession to its accounts and is taken off.

    Returns
    -------
    pd.DataFrame
        One row an account, sorted by `account_id`: `price_effect` (shrunk log difference; −0.05
        is about 5 % below peers), `standard_error`, `low`, `high`, `raw_effect` before shrinking,
        `compared_sales` (net sales of products that at least one other account buys), `lines`,
        and `price_gap` (what the account would pay more at its peers' prices, in money over
        the period; negative where it pays above them). Accounts which share no product with others
        have `compared_sales` 0 and missing effects.

    Raises
    ------
    ValueError
        If a column is missing or confidence is not between 0 and 1.

    References
    ----------
    .. [1] J. M. Abowd, F. Kramarz and D. N. Margolis, "High wage workers and high wage firms",
       Econometrica 67, 1999 (two-way effects by sparse least squares; groups of accounts that
       share no product are each centred by themselves).
    .. [2] R. C. Paule and J. Mandel, "Consensus values and weighting factors", Journal of Research
       of the National Bureau of Standards 87, 1982 (variance between accounts).
    """
    from scipy.stats import norm

    missing = [column for column in SUM_COLUMNS if column not in sums]
    if missing:
        raise ValueError(f"price sums lack the columns {missing}")
    if not 0 < confidence < 1:
        raise ValueError(f"confidence lies between 0 and 1, not {confidence}")
    everyone = pd.Index(sorted(sums["account_id"].unique()), name="account_id")
    table = pd.DataFrame(index=everyone)
    shared = _shared(sums)
    del sums  # in numbers now
    if len(shared.account):
        raw, error = _fit(shared)
        if regions is not None:
            raw = raw - _of_region(raw, regions)
        spread = between_variance(raw.to_numpy(), error.to_numpy())
        trust = spread / (spread + error**2) if spread > 0 else error * 0.0
        shrunk, left = raw * trust, np.sqrt(trust * error**2)
        z = norm.ppf(0.5 + confidence / 2)
        compared = pd.Series(np.bincount(shared.account, shared.sales), index=shared.accounts)
        table = table.assign(
            price_effect=shrunk,
            standard_error=left,
            low=shrunk - z * left,
            high=shrunk + z * left,
            raw_effect=raw,
            compared_sales=compared,
            lines=pd.Series(np.bincount(shared.account, shared.lines), index=shared.accounts),
            price_gap=compared * np.expm1(-shrunk),
        )
    names = ["price_effect", "standard_error", "low", "high", "raw_effect"]
    table = table.reindex(columns=[*names, "compared_sales", "lines", "price_gap"])
    counted = ["compared_sales", "lines"]
    table[counted] = table[counted].fillna(0.0)
    return table.reset_index()


@dataclass(frozen=True, slots=True)
class _Shared:
    """Sums of products that several accounts bought, as numbers, in order of their codes."""

    accounts: pd.Index
    account: np.ndarray
    product: np.ndarray
    month: np.ndarray
    sales: np.ndarray
    quantity: np.ndarray
    lines: np.ndarray


def _shared(sums: pd.DataFrame) -> _Shared:
    """Give what can be compared; the table is not copied, since it may be of many million rows."""
    positive = ((sums["quantity"] > 0) & (sums["net_sales"] > 0)).to_numpy()
    codes = [pd.factorize(sums[name], sort=True)[0] for name in SUM_COLUMNS[:3]]
    account, product, month = (code.astype(np.int32) for code in codes)
    positive = positive & (account >= 0) & (product >= 0) & (month >= 0)
    pairs = np.unique(account[positive] * np.int64(len(sums)) + product[positive])
    buyers = np.bincount(pairs % len(sums), minlength=product.max(initial=0) + 1)
    kept = np.flatnonzero(positive & (buyers[product] > 1))
    kept = kept[np.lexsort((month[kept], product[kept], account[kept]))]
    amounts = [sums[name].to_numpy(float)[kept] for name in ("net_sales", "quantity", "lines")]
    account, accounts = pd.factorize(sums["account_id"].iloc[kept], sort=True)
    product, month = (pd.factorize(code[kept], sort=True)[0] for code in (product, month))
    codes = [code.astype(np.int32) for code in (account, product, month)]
    return _Shared(pd.Index(accounts), *codes, *amounts)


def _fit(shared: _Shared) -> tuple[pd.Series, pd.Series]:
    """Fit account, product, month and size; give account effects and their standard errors."""
    price = np.log(shared.sales / shared.quantity)
    size = np.log(shared.quantity / shared.lines)
    weight, account, product = shared.lines, shared.account, shared.product
    # line size varies in meaning between products: compare it with the product's usual one
    size -= (np.bincount(product, weight * size) / np.bincount(product, weight))[product]
    n, p, m = (int(code.max()) + 1 for code in (account, product, shared.month))
    bought = _sums(account, product, weight, (n, p))
    left = price - _usual(shared, price, size, bought, m)
    effect = np.bincount(account, weight * left) / np.bincount(account, weight)
    residual = left - effect[account]
    group = connected_components(bmat([[None, bought], [bought.T, None]]), directed=False)[1][:n]
    sales = np.bincount(account, shared.sales)
    effect -= (np.bincount(group, sales * effect) / np.bincount(group, sales))[group]
    return (
        pd.Series(effect, index=shared.accounts),
        pd.Series(_errors(residual, weight, account, product), index=shared.accounts),
    )


def _usual(
    shared: _Shared, price: np.ndarray, size: np.ndarray, bought: csr_matrix, m: int
) -> np.ndarray:
    """Give what product, month and size make of the logarithm of each price, accounts apart.

    Least squares with accounts eliminated: what is left to solve has a row for each product and
    for each of `m` months, and one for size. `bought` holds lines by account and product.
    """
    weight, account, product, month = shared.lines, shared.account, shared.product, shared.month
    n, p = bought.shape
    heavy, dear = weight * size, weight * price
    sized = [np.bincount(code, heavy)[:, None] for code in (account, product, month)]
    of_account = hstack(
        [bought, _sums(account, month, weight, (n, m)), csr_matrix(sized[0])], format="csr"
    )
    by_month = _sums(product, month, weight, (p, m))
    whole = bmat(
        [
            [diags(np.bincount(product, weight)), by_month, csr_matrix(sized[1])],
            [by_month.T, diags(np.bincount(month, weight)), csr_matrix(sized[2])],
            [csr_matrix(sized[1].T), csr_matrix(sized[2].T), csr_matrix([[heavy @ size]])],
        ],
        format="csr",
    )
    back, share = of_account.T.tocsr(), 1 / np.bincount(account, weight)
    right = np.r_[np.bincount(product, dear), np.bincount(month, dear), heavy @ price]
    right -= back @ (share * np.bincount(account, dear))
    own = whole.diagonal()
    scale = 1 / np.sqrt(np.maximum(own - back.power(2) @ share, 1e-9 * own + 1e-300))

    def left(values: np.ndarray) -> np.ndarray:
        values = scale * values
        return scale * (whole @ values - back @ (share * (of_account @ values)))

    system = LinearOperator((len(own), len(own)), matvec=left)
    effects = scale * cg(system, scale * right, rtol=1e-12, maxiter=_MOST_STEPS)[0]
    return effects[:p][product] + effects[p:-1][month] + effects[-1] * size


def _sums(
    rows: np.ndarray, columns: np.ndarray, values: np.ndarray, shape: tuple[int, int]
) -> csr_matrix:
    """Add values up by row and column."""
    return coo_matrix((values, (rows, columns)), shape=shape).tocsr()


def _of_region(effect: pd.Series, regions: pd.Series) -> pd.Series:
    """Give what the effects of each account's region have in common, shrunk by chance."""
    region = regions[~regions.index.duplicated()].reindex(effect.index)
    groups = effect.groupby(region)
    stats = pd.DataFrame({"mean": groups.mean(), "sd": groups.std(), "n": groups.size()})
    stats = stats[(stats["n"] >= _FEWEST_OF_A_REGION) & (stats["sd"] > 0)]
    error = (stats["sd"] / np.sqrt(stats["n"])).to_numpy()
    spread = between_variance(stats["mean"].to_numpy(), error)
    if not spread > 0:
        return pd.Series(0.0, index=effect.index)
    centre = np.average(stats["mean"], weights=1 / (error**2 + spread))
    common = (stats["mean"] - centre) * spread / (spread + error**2)
    return region.map(common).astype(float).fillna(0.0)


def _errors(
    residual: np.ndarray, weight: np.ndarray, account: np.ndarray, product: np.ndarray
) -> np.ndarray:
    """Give standard errors of account effects: own scatter, pulled to the pooled one.

    A product bought mostly by one account says little about that account: its lines count only
    by the share that others hold.
    """
    pair = pd.DataFrame({"account": account, "product": product, "weight": weight})
    own = pair.groupby(["account", "product"])["weight"].transform("sum").to_numpy()
    whole = np.bincount(product, weight)[product]
    useful = np.bincount(account, weight * (1 - own / whole))
    count = np.bincount(account)
    freedom = max(1, len(residual) - len(useful) - int(product.max()) - 1)
    pooled = float(np.sum(weight * residual**2) / freedom)
    scatter = (np.bincount(account, weight * residual**2) + 10 * pooled) / (count + 10)
    return np.sqrt(scatter / np.maximum(useful, 1e-9))


def between_variance(effect: np.ndarray, error: np.ndarray) -> float:
    """Find the variance between accounts that makes the standardised spread as expected.

    Parameters
    ----------
    effect, error : np.ndarray of shape (n,)
        Estimates and their standard errors; rows without both, or with no error, are left out.

    Returns
    -------
    float
        Not negative; 0 where the errors explain all that is between accounts.
    """
    known = np.isfinite(effect) & np.isfinite(error) & (error > 0)
    effect, square = effect[known], error[known] ** 2
    if len(effect) < 2:
        return 0.0

    def excess(variance: float) -> float:
        weight = 1 / (square + variance)
        centre = np.average(effect, weights=weight)
        return float(np.sum(weight * (effect - centre) ** 2) - (len(effect) - 1))

    low, high = 0.0, float(np.var(effect)) * 4 + 1e-12
    if excess(low) <= 0:
        return 0.0
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    return (low + high) / 2
