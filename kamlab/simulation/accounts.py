"""What does the customer file say about each account? Observed attributes with their gaps."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlab.simulation.gaps import known
from kamlab.simulation.latents import INDUSTRIES, REGIONS, Latents
from kamlab.simulation.ledger import account_ids
from kamlab.simulation.managers import Management, manager_ids
from kamlab.simulation.names import COUNTRIES, company_names, draw_countries

_REVENUE_PER_EURO = 14.0  # an account's revenue over its purchases of packaging
_REVENUE_PER_HEAD = 190_000.0
_KNOWN = {"employees": 0.85, "annual_revenue": 0.75, "founded": 0.9, "credit_limit": 0.95}
SPEND_KNOWN = 0.15
_PHILOSOPHY_KNOWN = 0.6


@dataclass(frozen=True, slots=True)
class Identity:
    """Who the accounts are: arrays of shape (n,).

    Attributes
    ----------
    ids : account ids.
    names : company names.
    country : codes into `COUNTRIES`.
    """

    ids: np.ndarray
    names: np.ndarray
    country: np.ndarray


def draw_identity(latents: Latents, rng: np.random.Generator) -> Identity:
    """Name the accounts and give them a country."""
    country = draw_countries(latents.region, rng)
    names = company_names(latents.industry, country, latents.group, rng)
    return Identity(account_ids(len(country)), names, country)


def accounts_table(
    identity: Identity,
    latents: Latents,
    management: Management,
    volume: np.ndarray,
    log_wallet: np.ndarray,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Make the observed table of accounts as the customer file stands at the end of the data.

    Parameters
    ----------
    identity : Identity
    latents : Latents
    management : Management
    volume : numpy.ndarray of shape (n,)
        Mean purchases a month while buying, EUR.
    log_wallet : numpy.ndarray of shape (n,)
        Log of yearly purchases in our categories at the end of the data.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        The canonical columns. `addressable_spend` is known for 15 % of the accounts with 15 %
        error; `philosophy_score` for 60 % with an error of 0.35; other columns have gaps.
    """
    n = len(identity.ids)
    wallet = np.exp(log_wallet)
    revenue = wallet * _REVENUE_PER_EURO * rng.lognormal(0, 0.35, n)
    manager = np.array([*manager_ids(management), None], dtype=object)[management.manager]
    parent = known(identity.ids[latents.group], latents.group != np.arange(n))
    score = 3 + 0.8 * latents.philosophy + rng.normal(0, 0.35, n)
    limit = np.maximum(np.round(volume * (latents.terms + 45) / 30 * 1.3, -3), 1000.0)
    columns = {
        "employees": np.round(revenue / _REVENUE_PER_HEAD * rng.lognormal(0, 0.3, n)).clip(1),
        "annual_revenue": np.round(revenue, -3),
        "founded": rng.integers(1890, 2021, n).astype(float),
        "credit_limit": limit,
    }
    told = {name: rng.random(n) < share for name, share in _KNOWN.items()}
    spend = np.round(wallet * np.exp(rng.normal(0, 0.15, n)), -2)
    table = pd.DataFrame(
        {
            "account_id": identity.ids,
            "name": identity.names,
            "parent_id": parent,
            "industry": np.array(INDUSTRIES, dtype=object)[latents.industry],
            "region": np.array(REGIONS, dtype=object)[latents.region],
            "country": np.array(COUNTRIES, dtype=object)[identity.country],
            **{name: np.where(told[name], values, np.nan) for name, values in columns.items()},
            "payment_terms_days": latents.terms,
            "addressable_spend": np.where(rng.random(n) < SPEND_KNOWN, spend, np.nan),
            "philosophy_score": np.where(
                rng.random(n) < _PHILOSOPHY_KNOWN, np.round(np.clip(score, 1, 5), 1), np.nan
            ),
            "manager_id": manager,
        }
    )
    for name in ("employees", "founded"):
        table[name] = table[name].astype("Int64")
    return table
