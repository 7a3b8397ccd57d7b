"""Is gross profit an order day modelled itself, or sales with a margin? Where losses are many."""

import warnings
from dataclasses import dataclass

import pandas as pd

from kamlab.value.fitting import FitWarning
from kamlab.value.gamma_gamma import GammaGamma
from kamlab.value.lifetime import shrunken_margin

MOST_LOSSES = 0.02  # share of repeat buyers with a loss beyond which margins are used
_CORRELATED = 0.3
_HEAVY = 3.0  # times the mean seen that the mean of the model may be


@dataclass(frozen=True, slots=True)
class Spend:
    """What order days bring, and how that is modelled.

    Attributes
    ----------
    model : GammaGamma
        Fitted to `summary`.
    summary : pd.DataFrame
        The histories with the `monetary_value` that the model was fitted to.
    margin : pd.Series or None
        Gross profit as a share of what the model expects; None where it expects profit itself, or
        no cost is known.
    sales : pd.Series
        Net sales by account.
    how : str
        In a sentence.
    doubts : tuple of str
        What speaks against the model here.
    """

    model: GammaGamma
    summary: pd.DataFrame
    margin: pd.Series | None
    sales: pd.Series
    how: str
    doubts: tuple[str, ...]


def fit_spend(daily: pd.DataFrame, summary: pd.DataFrame, amount: str) -> Spend:
    """Fit Gamma-Gamma to what order days bring.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`, of the same days as the summary.
    summary : pd.DataFrame
        As from `kamlab.accounts.repeat_purchases`.
    amount : {"gross_profit", "net_sales"}
        What is to be valued.

    Returns
    -------
    Spend

    Raises
    ------
    ValueError
        If fewer than two repeat buyers have positive amounts.
    """
    ids = summary["account_id"]
    sums = daily.groupby("account_id")[["net_sales", "sales_with_cost", "gross_profit"]].sum()
    sales = sums["net_sales"]
    means = _repeat_means(daily, sorted({"net_sales", amount}))
    columns = {name: summary.assign(monetary_value=ids.map(means[name])) for name in means}
    chosen, margin, how = columns[amount], None, "Gross profit an order day is modelled itself."
    if amount == "net_sales":
        how = "Net sales an order day are modelled."
    else:
        repeat = chosen[(chosen["frequency"] > 0) & chosen["monetary_value"].notna()]
        losses = float((repeat["monetary_value"] <= 0).mean()) if len(repeat) else 1.0
        if losses > MOST_LOSSES:
            chosen = columns["net_sales"]
            per_account = sums.reindex(ids)
            margin = shrunken_margin(
                per_account["sales_with_cost"].reset_index(drop=True),
                per_account["gross_profit"].reset_index(drop=True),
            )
            how = (
                f"{losses:.0%} of repeat buyers lose money: sales an order day are modelled, and "
                "each account's margin is drawn towards that of all."
            )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # it is said below
        model = GammaGamma().fit(chosen)
    doubts = []
    if not model.convergence_.converged:
        doubts.append(f"The model of spend is to be used with care: {model.convergence_.message}.")
    if abs(model.correlation_) > _CORRELATED:
        more = "more" if model.correlation_ > 0 else "less"
        doubts.append(
            f"Accounts that buy often spend {more} each time (rank correlation "
            f"{model.correlation_:+.2f}), which the model of spend rules out."
        )
    if not model.population_mean_ <= _HEAVY * model.mean_seen_:
        doubts.append(
            "Amounts differ so widely between accounts that the model gives them no mean that can "
            "be trusted: values of accounts with few order days are orders of magnitude."
        )
    return Spend(model, chosen, margin, sales, how, tuple(doubts))


def _repeat_means(daily: pd.DataFrame, amounts: list[str]) -> pd.DataFrame:
    """Give the mean amounts of each account's repeat order days, of those that are known."""
    bought = daily.loc[daily["net_sales"] > 0, ["account_id", "day", *amounts]]
    first = bought.groupby("account_id")["day"].transform("min")
    return bought[bought["day"] > first].groupby("account_id")[amounts].mean()
