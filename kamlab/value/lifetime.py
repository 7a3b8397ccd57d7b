"""What is each account worth over the time ahead, and how sure is that?"""

import numpy as np
import pandas as pd

from kamlab.value.beta_geo import BetaGeoNBD, ModifiedBetaGeoCNBD, ModifiedBetaGeoNBD
from kamlab.value.gamma_gamma import GammaGamma
from kamlab.value.purchases import PurchaseModel

_CHUNK = 4000


def lifetime_value(
    summary: pd.DataFrame,
    model: PurchaseModel,
    spend: GammaGamma,
    *,
    horizon: float,
    annual_rate: float = 0.1,
    units_a_year: float = 365.0,
    level: float = 0.9,
    margin: pd.Series | None = None,
    widen: float = 0.0,
    draws: int = 200,
    seed: int = 0,
) -> pd.DataFrame:
    """Expect each account's purchases and their discounted amount within the horizon.

    Parameters
    ----------
    summary : pd.DataFrame
        `account_id`, `frequency`, `recency`, `T`, `monetary_value`.
    model : PurchaseModel
        Fitted to purchases.
    spend : GammaGamma
        Fitted to the mean amounts: what is valued is what they hold, gross profit or net sales.
    horizon : float
        Time ahead, in the unit of the table.
    annual_rate : float, default 0.1
        Discount rate of a year; purchases are discounted from the end of their month.
    units_a_year : float, default 365
        Time units of a year: 365 for days, 365 / 7 for weeks.
    level : float, default 0.9
        Of the interval, which holds the chance of the purchases themselves, of their amounts, and
        what the parameters leave open.
    margin : pd.Series of shape (n_accounts,), optional
        Where `spend` holds net sales: the share of each that is gross profit, in the order of the
        table; see `shrunken_margin`. For accounts of which many lose money.
    widen : float, default 0
        How much wider on each side, as a share of the half width; see `widening`.
    draws : int, default 200
        Draws behind the interval.
    seed : int, default 0

    Returns
    -------
    pd.DataFrame
        One row an account, in the order given: `account_id`, `expected_orders`, `typical_orders`
        (the count that it is as likely to exceed as not), `p_alive` (0 to 1),
        `expected_amount` (of an order day), `value`, `low`, `high` (in the currency). The value
        is negative for an account whose order days lose money.

    Raises
    ------
    ValueError
        If the horizon or a rate is out of range.

    References
    ----------
    .. [1] P. S. Fader, B. G. S. Hardie and K. L. Lee, "RFM and CLV: using iso-value curves for
       customer base analysis", Journal of Marketing Research 42, 2005.
    """
    if not horizon > 0 or annual_rate < 0 or units_a_year <= 0 or not 0 < level < 1:
        raise ValueError("horizon and units_a_year are above 0, rates not below, level in 0 to 1")
    month = units_a_year / 12
    months = max(round(horizon / month), 1)
    rate = (1 + annual_rate) ** (1 / 12) - 1
    expected = model.expected_purchases(summary, horizon)
    amount = spend.predict(summary)
    if annual_rate:
        discounted = model.discounted_purchases(
            summary, rate=rate, periods=months, period=horizon / months
        )
    else:
        discounted = expected
    factor = np.divide(
        discounted, expected, out=np.ones(len(expected)), where=expected.to_numpy() > 1e-12
    )
    if margin is not None:
        amount = amount * margin.to_numpy()
    value = discounted * amount
    low, high = _interval(summary, model, spend, (horizon, level, draws, seed))
    if margin is not None:
        low, high = np.sort([low * margin.to_numpy(), high * margin.to_numpy()], axis=0)
    # the draws hold chance, the value the discount: bring them together
    low, high = np.minimum(low * factor, value), np.maximum(high * factor, value)
    return pd.DataFrame(
        {
            "account_id": summary["account_id"],
            "expected_orders": expected,
            "typical_orders": model.typical_purchases(summary, horizon),
            "p_alive": model.probability_alive(summary),
            "expected_amount": amount,
            "value": value,
            "low": value - (1 + widen) * (value - low),
            "high": value + (1 + widen) * (high - value),
        }
    )


def _interval(
    summary: pd.DataFrame,
    model: PurchaseModel,
    spend: GammaGamma,
    how: tuple[float, float, int, int],
) -> tuple[np.ndarray, np.ndarray]:
    """Draw parameters, purchases and amounts; give the ends of the sums, undiscounted."""
    horizon, level, draws, seed = how
    generator = np.random.default_rng(seed)
    simulated = _simulated(model, summary)
    versions = [_another(simulated, generator) for _ in range(10)]
    each = max(draws // len(versions), 2)
    low, high = np.empty(len(summary)), np.empty(len(summary))
    for start in range(0, len(summary), _CHUNK):
        part = summary.iloc[start : start + _CHUNK]
        x, tx, age = (part[name].to_numpy(float) for name in ("frequency", "recency", "T"))
        sums = np.hstack(
            [
                _amounts(
                    version.simulate(x, tx, age, horizon, generator, each), part, spend, generator
                )
                for version in versions
            ]
        )
        ends = np.quantile(sums, [(1 - level) / 2, (1 + level) / 2], axis=1)
        low[start : start + _CHUNK], high[start : start + _CHUNK] = ends
    return low, high


def _simulated(
    model: PurchaseModel, summary: pd.DataFrame
) -> BetaGeoNBD | ModifiedBetaGeoNBD | ModifiedBetaGeoCNBD:
    """Give a model that can be drawn from; in place of Pareto/NBD its nearest, MBG/NBD."""
    if hasattr(model, "simulate"):
        return model
    return ModifiedBetaGeoNBD().fit(summary)


def _another(
    model: BetaGeoNBD | ModifiedBetaGeoNBD | ModifiedBetaGeoCNBD, generator: np.random.Generator
) -> BetaGeoNBD | ModifiedBetaGeoNBD | ModifiedBetaGeoCNBD:
    """Draw the parameters from what the fit leaves open; the same ones where that is not known."""
    spread = getattr(model, "log_covariance_", None)
    if spread is None or not np.isfinite(spread.to_numpy()).all():
        return model
    shift = generator.multivariate_normal(
        np.zeros(len(model.parameters_)), spread.to_numpy(), method="eigh"
    )
    return model.with_parameters(model.parameters_ * np.exp(np.clip(shift, -2, 2)))


def _amounts(
    purchases: np.ndarray, part: pd.DataFrame, spend: GammaGamma, generator: np.random.Generator
) -> np.ndarray:
    """Draw the sum of the amounts of so many order days of each account."""
    count = part["frequency"].to_numpy(float)
    mean = part["monetary_value"].to_numpy(float)
    known = (count > 0) & np.isfinite(mean)
    x, m = np.where(known, count, 0.0), np.where(known, mean, 0.0)
    shape, rate = spend.p_ * x + spend.q_, spend.v_ + x * m
    gamma = rate > 0
    scale = (
        generator.gamma(shape[:, None], size=purchases.shape) / np.where(gamma, rate, 1)[:, None]
    )
    drawn = generator.gamma(np.maximum(spend.p_ * purchases, 1e-9)) / np.maximum(scale, 1e-300)
    # an account that loses money cannot be drawn so: its mean, spread as much as others' amounts
    expected = spend.predict(part).to_numpy()
    error = generator.standard_normal(purchases.shape) * np.sqrt(purchases / spend.p_)
    plain = expected[:, None] * (purchases + error)
    return np.where(purchases == 0, 0.0, np.where(gamma[:, None], drawn, plain))


def shrunken_margin(sales: pd.Series, profit: pd.Series) -> pd.Series:
    """Draw each account's margin towards that of all, the more the less it sold.

    Parameters
    ----------
    sales, profit : pd.Series of shape (n_accounts,)
        Net sales with a known cost, and the gross profit on them; missing where no cost is known.

    Returns
    -------
    pd.Series of shape (n_accounts,)
        As shares; an account that sold as much as the middle one is drawn half way.

    Examples
    --------
    >>> shrunken_margin(pd.Series([100.0, 100.0, 0.0]), pd.Series([30.0, 10.0, 0.0])).tolist()
    [0.25, 0.15, 0.2]
    """
    sold = sales.fillna(0.0).clip(lower=0.0)
    earned = profit.fillna(0.0)
    overall = float(earned.sum() / sold.sum()) if sold.sum() > 0 else 0.0
    usual = float(sold[sold > 0].median()) if (sold > 0).any() else 1.0
    return ((earned + overall * usual) / (sold + usual)).clip(-1.0, 1.0)


def widening(table: pd.DataFrame, came: pd.Series, *, level: float = 0.9) -> float:
    """Give how much wider intervals must be so that they would have held in the past.

    Parameters
    ----------
    table : pd.DataFrame
        `value`, `low`, `high` as of an earlier day, from `lifetime_value` without discount.
    came : pd.Series
        What came, in the same order.
    level : float, default 0.9
        Share of accounts that the intervals shall hold.

    Returns
    -------
    float
        For `widen`; 0 where they held, never below.

    References
    ----------
    .. [1] Y. Romano, E. Patterson and E. Candès, "Conformalized quantile regression", NeurIPS 2019.
    """
    value, low, high = (table[name].to_numpy(float) for name in ("value", "low", "high"))
    real = came.to_numpy(float)
    below = np.divide(low - real, value - low, out=np.zeros(len(real)), where=value > low)
    above = np.divide(real - high, high - value, out=np.zeros(len(real)), where=high > value)
    missed = np.maximum(below, above)
    missed[(real < low) & (value <= low) | (real > high) & (value >= high)] = 10.0
    return float(np.clip(np.quantile(missed, level), 0.0, 10.0))
