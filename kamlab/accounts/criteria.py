"""What is each account worth to us by each criterion, how sure is it, and how was it obtained?

One long table for whoever ranks accounts: a row an account and criterion. What nothing tells has
no row; a guess is never written down as a measure.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.credibility import margin_credibility
from kamlab.accounts.days import monthly_sums
from kamlab.accounts.profiles import kinds_of, profiles
from kamlab.accounts.profit import account_profit
from kamlab.accounts.services import service_costs
from kamlab.accounts.yearly import growth, year_sums
from kamlab.sources.industry import Industry

SOURCES = ("given", "computed", "estimated", "assumed")
COLUMNS = (
    "account_id",
    "criterion",
    "value",
    "standard_error",
    "source",
    "unit",
    "direction",
)
_YEAR = timedelta(days=365)
_Z90 = 1.6448536269514722


@dataclass(frozen=True, slots=True)
class Criterion:
    """One criterion of what makes a key account.

    Attributes
    ----------
    criterion : str
    unit : str
        Of value and standard error.
    direction : {"max", "min"}
        Whether more or less of it is better for us.
    meaning : str
    collect : str
        What to collect to know it better.
    """

    criterion: str
    unit: str
    direction: str
    meaning: str
    collect: str


CRITERIA = (
    Criterion(
        "sales_share",
        "share",
        "max",
        "Its share of our net sales of the last 365 days.",
        "Order lines of every channel and subsidiary, with the parent of each account.",
    ),
    Criterion(
        "gross_profit",
        "currency",
        "max",
        "Gross profit of the last 365 days.",
        "Cost of goods on every order line.",
    ),
    Criterion(
        "contribution",
        "currency",
        "max",
        "Gross profit less cost to serve of the last 365 days.",
        "Cost to serve a line; else activities with minutes, and what an hour costs.",
    ),
    Criterion(
        "margin",
        "share",
        "max",
        "Gross margin rate, drawn towards that of its kind by how little it bought.",
        "Cost of goods on every order line, and the industry of each account.",
    ),
    Criterion(
        "growth",
        "log per year",
        "max",
        "Yearly growth of net sales, drawn towards that of all by how little its orders tell.",
        "At least two whole years of orders.",
    ),
    Criterion(
        "business_space",
        "currency",
        "max",
        "What it buys a year from others in our categories.",
        "Yearly purchases of some accounts (addressable_spend or wallet_observations), and "
        "employees, revenue and industry of all.",
    ),
    Criterion(
        "bargaining_power",
        "standard score",
        "min",
        "What its price, its size, its alternatives and its terms have in common.",
        "Product and quantity on order lines, and the suppliers it could turn to.",
    ),
    Criterion(
        "financial_standing",
        "probability",
        "max",
        "Of not defaulting within 365 days.",
        "Invoices with the day and amount of payment; balance figures of the largest accounts.",
    ),
    Criterion(
        "management_philosophy",
        "1-5",
        "max",
        "How modern its management is.",
        "Ratings of the eight items by two or more people who know the account.",
    ),
)


def criteria_guide(measured: pd.DataFrame | None = None) -> pd.DataFrame:
    """Describe every criterion, and for how many accounts it is known.

    Parameters
    ----------
    measured : pd.DataFrame, optional
        From `account_criteria`.

    Returns
    -------
    pd.DataFrame
        `criterion`, `unit`, `direction`, `meaning`, `collect` (what to collect to know it better),
        and with `measured` a column a source: how many accounts it is known of in that way.

    Examples
    --------
    >>> criteria_guide().set_index("criterion").loc["bargaining_power", "direction"]
    'min'
    """
    guide = pd.DataFrame([asdict(criterion) for criterion in CRITERIA])
    if measured is not None:
        told = pd.crosstab(measured["criterion"], measured["source"])
        told = told.reindex(index=guide["criterion"], columns=list(SOURCES), fill_value=0)
        guide = guide.join(told.set_axis(list(SOURCES), axis=1), on="criterion")
    return guide


def account_criteria(
    orders: IntoFrame,
    as_of: date,
    *,
    profile: pd.DataFrame | None = None,
    profit: pd.DataFrame | None = None,
    rates: Mapping[str, float] | None = None,
    accounts: pd.DataFrame | None = None,
    industry: Industry | None = None,
    services: pd.DataFrame | None = None,
    kept: IntoFrame | None = None,
    **tables: pd.DataFrame | None,
) -> pd.DataFrame:
    """Measure every account by every criterion that the data tell.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines.
    as_of : date
        Exclusive.
    profile : pd.DataFrame, optional
        From `kamlab.accounts.profiles.profiles` at the same day; made where not given.
    profit : pd.DataFrame, optional
        From `kamlab.accounts.profit.account_profit` over the 365 days before; made where not given.
    rates : mapping of str to float, optional
        Of serving, for `account_profit`.
    accounts : pd.DataFrame, optional
        Canonical accounts.
    industry : Industry, optional
        Its thresholds and rates; default the shipped profile.
    services : pd.DataFrame, optional
        Canonical services, a part of what serving costs.
    kept : DuckDB relation, optional
        What `kamlab.accounts.days.condensed_days` makes of the same orders, where it is kept.
    **tables : pd.DataFrame or None
        Other canonical tables that `profiles` takes: invoices, interactions, financials, ratings,
        wallet_observations, contacts, forecasts, activities, quotes.

    Returns
    -------
    pd.DataFrame
        Sorted by account and then in the order of `CRITERIA`: `account_id`, `criterion`, `value`,
        `standard_error` (in the unit of the value; missing where nothing tells it), `source` (one
        of `SOURCES`), `unit` and `direction` ("max" or "min"). Accounts without an order line
        before the day, and criteria which nothing tells of an account, have no row.

    Raises
    ------
    TypeError
        If a table is not one of those.
    """
    if profile is None:
        others: dict[str, Any] = dict(tables)
        others |= {"accounts": accounts, "industry": industry, "kept": kept}
        profile = profiles(orders, as_of, **others)
    if profit is None:
        profit = account_profit(
            orders,
            as_of,
            start=as_of - _YEAR,
            rates=rates,
            interactions=tables.get("interactions"),
            invoices=tables.get("invoices"),
            services=None
            if services is None
            else service_costs(
                services, start=as_of - _YEAR, as_of=as_of, counted=tuple(rates or ())
            ).table,
        )
    parts = [
        *_money(profile, profit, year_sums(orders, as_of, kept=kept)),
        _margin(orders, as_of, accounts, kept),
        *_standing(profile),
    ]
    order = {criterion.criterion: place for place, criterion in enumerate(CRITERIA)}
    table = pd.concat([part for part in parts if len(part)], ignore_index=True)
    guide = criteria_guide().set_index("criterion")
    table["unit"] = table["criterion"].map(guide["unit"])
    table["direction"] = table["criterion"].map(guide["direction"])
    place = table["criterion"].map(order)
    table = table.assign(place=place).sort_values(["account_id", "place"], ignore_index=True)
    return table[list(COLUMNS)]


def _rows(ids: Any, criterion: str, value: Any, error: Any, source: Any) -> pd.DataFrame:  # noqa: ANN401
    """Make the rows of one criterion; rows without a finite value are left out."""
    rows = pd.DataFrame(
        {
            "account_id": np.asarray(ids, dtype=object),
            "criterion": criterion,
            "value": np.asarray(value, dtype=float),
            "standard_error": np.asarray(error, dtype=float),
            "source": source if isinstance(source, str) else np.asarray(source, dtype=object),
        }
    )
    rows["standard_error"] = rows["standard_error"].where(np.isfinite(rows["standard_error"]))
    return rows[np.isfinite(rows["value"]) & rows["source"].isin(SOURCES)]


def _money(profile: pd.DataFrame, profit: pd.DataFrame, sums: pd.DataFrame) -> list[pd.DataFrame]:
    """Give share, gross profit, contribution and growth."""
    sums = sums.set_index("account_id").reindex(profile["account_id"])
    ids = profile["account_id"]
    total = float(sums["sales_0"].sum())
    scale = 1 / total if total > 0 else np.nan
    luck = np.sqrt(sums["squares_0"])
    of_profit = np.sqrt(sums["profit_squares"])
    grown = growth(sums.reset_index())
    served = profit.set_index("account_id").reindex(ids)
    known = served["serve_source"].map(
        {
            "given": "computed",
            "activities": "computed",
            "services": "computed",
            "rates": "estimated",
        }
    )
    return [
        _rows(ids, "sales_share", sums["sales_0"] * scale, luck * scale, "computed"),
        _rows(ids, "gross_profit", profile["gross_profit_12m"], of_profit, "computed"),
        _rows(ids, "contribution", served["contribution"], of_profit, known),
        _rows(ids, "growth", grown["growth"], grown["standard_error"], "estimated"),
    ]


def _margin(
    orders: IntoFrame, as_of: date, accounts: pd.DataFrame | None, kept: IntoFrame | None
) -> pd.DataFrame:
    """Give the margin, shrunk within industries over the last year."""
    wanted = ["sales_with_cost", "gross_profit"]
    months = monthly_sums(orders, as_of, start=as_of - _YEAR, kept=kept, columns=wanted)
    shrunk = margin_credibility(months, kinds=kinds_of(accounts)).table
    return _rows(
        shrunk["account_id"], "margin", shrunk["estimate"], shrunk["standard_error"], "estimated"
    )


def _standing(profile: pd.DataFrame) -> list[pd.DataFrame]:
    """Give what the profile holds already: space, power, finances and management."""
    ids = profile["account_id"]
    chance = profile["probability_of_default"].astype(float)
    half = (profile["wallet_high"].astype(float) - profile["wallet_low"].astype(float)) / 2
    return [
        _rows(ids, "business_space", profile["head_room"], half / _Z90, profile["wallet_source"]),
        _rows(
            ids,
            "bargaining_power",
            profile["bargaining_score"],
            profile["bargaining_score_se"],
            "estimated",
        ),
        _rows(
            ids,
            "financial_standing",
            1 - chance,
            chance * (1 - chance) * profile["default_log_odds_se"].astype(float),
            profile["default_source"],
        ),
        _rows(
            ids,
            "management_philosophy",
            profile["philosophy_score"],
            profile["philosophy_se"],
            profile["philosophy_source"],
        ),
    ]
