"""Which settings of a measure does the industry's profile decide?"""

from typing import Any

from kamlab.sources.industry import Industry


def wallet_rules(trade: Industry) -> dict[str, Any]:
    """Give what `kamlab.accounts.space.business_space` takes of an industry."""
    return {
        "quantile": trade.rates["wallet_quantile"],
        "given_error": trade.rates["wallet_error"],
        "fewest_known": int(trade.thresholds["fewest_wallets"]),
    }


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
