"""What does each feature and label of a snapshot mean, and how is it made of sums?"""

from collections.abc import Sequence
from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.engine import ratio
from kamlab.accounts.trend import YEARS, yearly_trend

WINDOWS = (30, 90, 180, 365)
LABELS = ("net_sales_next", "gross_profit_next", "orders_next", "silent")


def snapshot_columns(windows: Sequence[int] = WINDOWS) -> dict[str, tuple[str, str]]:
    """Give the data dictionary of a snapshot table: unit and meaning of each column.

    Parameters
    ----------
    windows : sequence of int, default (30, 90, 180, 365)
        The `window_days` of the table.

    Returns
    -------
    dict
        Column name to unit and meaning, in the order of the table.

    Examples
    --------
    >>> snapshot_columns()["silent"][0]
    '0 or 1'
    """
    windows = sorted(set(windows))
    longest = f"last {windows[-1]} days"
    before = f"{windows[-1]} days before those"
    columns = {
        "account_id": ("text", "Account, as in the orders."),
        "origin": ("date", "Day of sight: features are older, labels begin on it."),
        "days_since_last_order": ("days", "From the last order day to the origin."),
        "tenure_days": ("days", "From the first order day seen to the origin."),
        "order_days": ("count", "Days with positive net sales."),
        "orders": ("count", "Orders begun."),
        "sales_per_order_day": ("currency", "Net sales of order days / order days."),
        "gap_mean": ("days", "Mean days between order days; missing below 2 order days."),
        "gap_std": ("days", "Their sample standard deviation; missing below 3 order days."),
        "gap_ratio": ("ratio", "Days since the last order / mean gap; above 1 is overdue."),
        "gap_variation": (
            "ratio",
            "Deviation / mean of the gaps: 0 is clockwork, 1 random.",
        ),
    }
    spans = {f"{window}d": f"last {window} days" for window in windows}
    spans |= {
        f"{window}d_year_ago": f"{window} days that ended 365 days before"
        for window in windows[:-1]
    }
    spans[f"prior_{windows[-1]}d"] = before
    spans["same_season"] = "days of last year that match the label window, as far as past"
    for name, words in spans.items():
        columns[f"net_sales_{name}"] = ("currency", f"Net sales of the {words}.")
        columns[f"gross_profit_{name}"] = (
            "currency",
            f"Gross profit of the {words}; missing if the account has no known cost.",
        )
        columns[f"orders_{name}"] = ("count", f"Orders begun in the {words}.")
    return columns | {
        "sales_growth": ("share", f"Net sales of the {longest} / of the {before} - 1."),
        "trend": ("log per year", "As in the account facts."),
        "returns_rate": ("share", f"Returns / gross sales of the {longest}."),
        "returns_rate_prior": ("share", f"The same of the {before}."),
        "margin_rate": ("share", f"Gross profit / sales with cost of the {longest}."),
        "margin_rate_prior": ("share", f"The same of the {before}."),
        "discount_depth": ("share", f"Reduction / list amount of the {longest}."),
        "discount_depth_prior": ("share", f"The same of the {before}."),
        "categories": ("count", f"Categories with positive net sales in the {longest}."),
        "categories_prior": ("count", f"The same in the {before}."),
        "categories_lost": ("count", f"Those of the {before} not bought in the {longest}."),
        "net_sales_next": ("currency", "Label: net sales of the label window."),
        "gross_profit_next": (
            "currency",
            "Label: gross profit of the label window; missing if it has lines but no known cost.",
        ),
        "orders_next": ("count", "Label: orders begun in the label window."),
        "silent": ("0 or 1", "Label: 1 if no day of the label window has positive net sales."),
    }


def finish_past(raw: pd.DataFrame, origin: date, windows: tuple[int, ...]) -> pd.DataFrame:
    """Turn the sums of one origin into features.

    Parameters
    ----------
    raw : pd.DataFrame
        Sums of the account-days before the origin, one row an account.
    origin : date
        Day of sight.
    windows : tuple of int
        Lengths of the windows in rising order.

    Returns
    -------
    pd.DataFrame
        The features of `snapshot_columns`, without labels.
    """
    missing = np.full(len(raw), np.nan)
    silence = origin.toordinal() - raw["last"]
    tenure = origin.toordinal() - raw["first"]
    gap = ratio(raw["last"] - raw["first"], raw["order_days"] - 1)
    spread = raw["gap_std"].where(raw["order_days"] > 2)
    longest = windows[-1]
    raw = raw.assign(
        origin=pd.Timestamp(origin).as_unit("us"),
        days_since_last_order=silence,
        tenure_days=tenure,
        sales_per_order_day=raw["sales_of_order_days"] / raw["order_days"],
        gap_mean=gap,
        gap_std=spread,
        gap_ratio=ratio(silence, gap),
        gap_variation=ratio(spread, gap),
        sales_growth=ratio(raw[f"net_sales_{longest}d"], raw[f"net_sales_prior_{longest}d"]) - 1,
        trend=yearly_trend(
            raw[[f"year_{k}" for k in range(YEARS)]].to_numpy(), tenure.to_numpy() // 365
        ),
    )
    unpriced = raw["cost_lines"] == 0
    for name in [column for column in raw if column.startswith("gross_profit_")]:
        raw[name] = raw[name].mask(unpriced)
    for suffix, name in (("", "now"), ("_prior", "before")):
        raw[f"returns_rate{suffix}"] = ratio(raw[f"returns_{name}"], raw[f"gross_sales_{name}"])
        raw[f"margin_rate{suffix}"] = ratio(
            raw[f"gross_profit_{name}"], raw[f"sales_with_cost_{name}"]
        )
        raw[f"discount_depth{suffix}"] = (
            ratio(raw[f"given_{name}"], raw[f"listed_{name}"]) if "given_now" in raw else missing
        )
    for name in ("categories", "categories_prior", "categories_lost"):
        raw[name] = raw[name].fillna(0).astype(float) if name in raw else missing
    return raw[[name for name in snapshot_columns(windows) if name not in LABELS]]


def finish_labels(features: pd.DataFrame, sums: pd.DataFrame | None) -> pd.DataFrame:
    """Set the labels beside the features of one origin.

    Parameters
    ----------
    features : pd.DataFrame
        One row an account.
    sums : pd.DataFrame or None
        Sums of the label window by account; None if it is not observed to its end.

    Returns
    -------
    pd.DataFrame
        The features with the columns of `LABELS`; accounts without a line in the window have 0.
    """
    if sums is None:
        return features.assign(**dict.fromkeys(LABELS, np.nan))
    there = sums.set_index("account_id").reindex(features["account_id"])
    after = there.fillna(0.0).reset_index(drop=True)
    unknown = there["net_sales_next"].notna() & (there["cost_lines_next"] == 0)
    return features.assign(
        net_sales_next=after["net_sales_next"],
        gross_profit_next=after["gross_profit_next"].mask(unknown.to_numpy()),
        orders_next=after["orders_next"],
        silent=(after["order_days_next"] == 0).astype(float),
    )
