"""What do others say of an account? Ratings of its management, balance sheets, known purchases.

Each has its own random stream, so that no other table changes with them.
"""

import numpy as np
import pandas as pd

from kamlab.simulation.accounts import Identity
from kamlab.simulation.gaps import known
from kamlab.simulation.history import History
from kamlab.simulation.latents import Latents

ITEMS = (
    "strategy",
    "digital",
    "quality system",
    "innovation",
    "sustainability",
    "openness",
    "fair dealing",
    "talent",
)
_RATED = 0.5
_SEVERITY = 0.35
_STATED = 0.55
_OBSERVED = 0.25
_ALTERNATIVES_KNOWN = 0.75
_YEAR_ENDS = {2021: 0, 2022: 12, 2023: 24, 2024: 36}


def draw_alternatives(latents: Latents, rng: np.random.Generator) -> pd.Series:
    """Count the suppliers that each account could turn to; known for three in four.

    The hard bargainers have many: its logarithm rises by 0.45 with each unit of bargaining power.
    """
    n = len(latents.bargaining)
    count = np.round(np.exp(1.1 + 0.45 * latents.bargaining + rng.normal(0, 0.35, n)))
    told = rng.random(n) < _ALTERNATIVES_KNOWN
    return pd.Series(np.where(told, count, np.nan)).astype("Int64")


def draw_ratings(
    latents: Latents, identity: Identity, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Let two or three people rate the management of half of the accounts on eight items.

    A rating is ``3 + a·0.8·philosophy + ease − severity + noise``, rounded and kept within 1 to 5:
    items discriminate unequally (a from 0.7 to 1.3, mean 1) and raters differ by 0.35 points.

    Parameters
    ----------
    latents : Latents
    identity : Identity
    rng : numpy.random.Generator

    Returns
    -------
    ratings : pandas.DataFrame
        account_id, rater_id, item, value, date.
    truth : pandas.DataFrame
        rater_id, severity (points taken off; their mean is 0).
    """
    n = len(identity.ids)
    raters = int(np.clip(n // 25, 6, 200))
    severity = rng.normal(0, _SEVERITY, raters)
    severity -= severity.mean()
    sharp = rng.uniform(0.7, 1.3, len(ITEMS))
    sharp /= sharp.mean()
    ease = rng.normal(0, 0.3, len(ITEMS))
    ease -= ease.mean()
    rated = np.flatnonzero(rng.random(n) < _RATED)
    pairs = rng.random((len(rated), raters)).argsort(axis=1)[:, :3]
    asked = np.column_stack([np.ones((len(rated), 2), bool), rng.random(len(rated)) < 0.4])
    account = np.repeat(rated, asked.sum(axis=1))
    rater = pairs[asked]
    opinion = rng.normal(0, 0.25, len(account))
    value = (
        3
        + 0.8 * latents.philosophy[account][:, None] * sharp
        + ease
        + (opinion - severity[rater])[:, None]
        + rng.normal(0, 0.6, (len(account), len(ITEMS)))
    )
    names = np.array([f"R{i + 1:03d}" for i in range(raters)], dtype=object)
    day = np.datetime64("2025-09-01") + rng.integers(0, 90, len(account))
    size = len(ITEMS)
    ratings = pd.DataFrame(
        {
            "account_id": np.repeat(identity.ids[account], size),
            "rater_id": np.repeat(names[rater], size),
            "item": np.tile(np.array(ITEMS, dtype=object), len(account)),
            "value": np.clip(np.round(value), 1, 5).ravel(),
            "date": np.repeat(day.astype("datetime64[us]"), size),
        }
    )
    return ratings, pd.DataFrame({"rater_id": names, "severity": severity})


def draw_financials(
    latents: Latents, history: History, identity: Identity, rng: np.random.Generator
) -> pd.DataFrame:
    """Publish four years of balance figures of more than half of the accounts.

    Each ratio follows the account's financial health at the end of the year, with noise.

    Parameters
    ----------
    latents : Latents
    history : History
    identity : Identity
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Canonical columns of financials, EUR.
    """
    n = len(identity.ids)
    stated = rng.random(n) < _STATED
    size = np.exp(latents.log_wallet) * 14 * rng.lognormal(0, 0.35, n)
    parts = []
    for year, month in _YEAR_ENDS.items():
        health = history.health[month].astype(float)
        sales = size * np.exp(latents.growth * month / 12) * rng.lognormal(0, 0.05, n)
        assets = sales / rng.lognormal(0.3, 0.2, n)
        debts = assets * np.clip(0.60 - 0.10 * health + rng.normal(0, 0.06, n), 0.1, 1.2)
        working = assets * (0.12 + 0.06 * health + rng.normal(0, 0.05, n))
        owed = 0.6 * debts
        part = pd.DataFrame(
            {
                "account_id": identity.ids,
                "fiscal_year": year,
                "total_assets": assets,
                "current_assets": owed + working,
                "current_liab": owed,
                "total_liab": debts,
                "retained_earnings": assets * (0.12 + 0.10 * health + rng.normal(0, 0.06, n)),
                "ebit": assets * (0.05 + 0.04 * health + rng.normal(0, 0.03, n)),
                "equity_bv": assets - debts,
                "sales": sales,
            }
        ).round(0)
        here = (history.left >= month) & (latents.start <= month)
        parts.append(part[stated & here])
    return pd.concat(parts, ignore_index=True)


def draw_wallets(
    latents: Latents, history: History, identity: Identity, rng: np.random.Generator
) -> pd.DataFrame:
    """Ask a quarter of the active accounts what they bought in 2025, from anyone.

    Parameters
    ----------
    latents : Latents
    history : History
    identity : Identity
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        Canonical columns of wallet_observations, EUR, with an error of 15 %.
    """
    n = len(identity.ids)
    told = (rng.random(n) < _OBSERVED) & history.end.active
    bought = np.exp(history.end.log_wallet + rng.normal(0, 0.15, n))
    suppliers = 1 + rng.poisson(np.exp(0.6 + 0.3 * latents.bargaining))
    source = np.where(rng.random(n) < 0.7, "survey", "estimate of the account manager")
    return pd.DataFrame(
        {
            "account_id": identity.ids,
            "year": 2025,
            "total_purchases": np.round(bought, -2),
            "suppliers": suppliers,
            "source": known(source, told),
        }
    )[told].reset_index(drop=True)
