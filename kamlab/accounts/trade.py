"""Which settings of a measure does the industry's profile decide?"""

from datetime import date
from typing import Any

import pandas as pd

from kamlab.accounts.space import MEAN, business_space, known_wallets
from kamlab.sources.industry import Industry


def wallet_rules(trade: Industry) -> dict[str, Any]:
    """Give what `kamlab.accounts.space.business_space` takes of an industry."""
    return {
        "quantile": trade.rates["wallet_quantile"],
        "given_error": trade.rates["wallet_error"],
        "fewest_known": int(trade.thresholds["fewest_wallets"]),
    }


def space_of(
    trade: Industry,
    facts: pd.DataFrame,
    accounts: pd.DataFrame | None,
    observations: pd.DataFrame | None,
    as_of: date,
    *,
    method: str = MEAN,
) -> pd.DataFrame | None:
    """Estimate business space by the rules of an industry, the same for every study.

    Parameters
    ----------
    trade : Industry
    facts : pd.DataFrame
        As for `kamlab.accounts.space.business_space`.
    accounts, observations : pd.DataFrame or None
        Canonical accounts and wallet_observations.
    as_of : date
        Exclusive.
    method : {"mean", "quantile"}, default "mean"

    Returns
    -------
    pd.DataFrame or None
        As `kamlab.accounts.space.business_space`; None where there is neither table.
    """
    told = known_wallets(accounts, observations, as_of)
    if told is None or told.empty:
        return None
    return business_space(told, facts, method=method, **wallet_rules(trade))


def credit_rules(trade: Industry) -> dict[str, Any]:
    """Give what `kamlab.accounts.standing.financial_standing` takes of an industry."""
    return {
        "base_rate": trade.rates["default_a_year"],
        "loss_given_default": trade.rates["loss_given_default"],
        "default_days": trade.thresholds["default_days"],
        "default_share": trade.thresholds["default_share"],
        "late_days": trade.thresholds["late_days"],
    }


def talk_rules(trade: Industry) -> dict[str, Any]:
    """Give what `kamlab.accounts.talking.talking_points` takes of an industry."""
    return {
        "winnable_share": trade.rates["winnable_share"],
        "late_days": trade.thresholds["late_days"],
        "unusual_silence": trade.thresholds["unusual_silence"],
        "rhythm": trade.thresholds["rhythm"],
    }
