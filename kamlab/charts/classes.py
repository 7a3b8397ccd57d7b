"""Where does each account stand on sales and on margin?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.labels import name_points
from kamlab.charts.style import (
    CLASS_COLOURS,
    CLASS_MARKERS,
    INK,
    MUTED,
    canvas,
    headline,
    look,
    percent,
    short_number,
    shorten,
)


def sales_by_margin(
    accounts: pd.DataFrame,
    *,
    sales_minimum: float,
    margin_minimum: float,
    currency: str,
    labels: int = 6,
) -> tuple[Figure, str]:
    """Draw every account by net sales (log scale) and gross margin, coloured by its class.

    Parameters
    ----------
    accounts : pd.DataFrame
        One row an account with `net_sales`, `margin_rate` (−∞ to 1) and `class`; `name` or else
        `account_id` labels the largest. Accounts without positive sales or margin are left out
        and counted in the note below the chart.
    sales_minimum : float
        Least sales of a key account, in the currency.
    margin_minimum : float
        Least margin rate of a key account.
    currency : str
        Code shown on the axis.
    labels : int, default 6
        How many of the largest accounts are named.

    Returns
    -------
    tuple of Figure and str
        The figure and its alt text.
    """
    shown = accounts[(accounts["net_sales"] > 0) & accounts["margin_rate"].notna()]
    floor = max(-0.5, float(shown["margin_rate"].quantile(0.02)) if len(shown) else -0.5)
    margin = shown["margin_rate"].clip(lower=min(floor, margin_minimum - 0.1))
    counts = accounts["class"].value_counts()
    with look():
        figure, (axes,) = canvas(8.0, 4.8)
        for kind, colour in CLASS_COLOURS.items():
            mine = shown["class"] == kind
            if mine.any():
                axes.scatter(
                    shown.loc[mine, "net_sales"],
                    margin[mine],
                    s=26 if kind != "standard" else 14,
                    c=colour,
                    marker=CLASS_MARKERS[kind],
                    alpha=0.85 if kind != "standard" else 0.5,
                    linewidths=0.4,
                    edgecolors="white" if kind != "volume without profit" else colour,
                    label=f"{kind} ({counts.get(kind, 0)})",
                )
        axes.axvline(sales_minimum, color=MUTED, lw=1, ls="--")
        axes.axhline(margin_minimum, color=MUTED, lw=1, ls="--")
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(short_number)
        axes.yaxis.set_major_formatter(percent)
        axes.set_xlabel(f"Net sales, {currency}")
        axes.set_ylabel("Gross margin rate")
        headline(axes, _message(counts))
        axes.legend(loc="lower left", fontsize=8.5, markerscale=1.2)
        names = shown.get("name", shown["account_id"]).fillna(shown["account_id"])
        largest = shown["net_sales"].nlargest(4 * labels)
        points = [(sales, margin[row], shorten(names[row], 24)) for row, sales in largest.items()]
        everybody = np.column_stack([shown["net_sales"], margin])
        name_points(axes, points, among=everybody, limit=labels)
    left_out = len(accounts) - len(shown)
    alt = (
        f"Scatter of {len(shown)} accounts by net sales and gross margin rate. "
        f"Minimum standing: {short_number(sales_minimum)} {currency} of sales and "
        f"{percent(margin_minimum)} margin. "
        + "; ".join(f"{kind}: {count}" for kind, count in counts.items())
        + (f". {left_out} accounts without sales or cost are not drawn." if left_out else ".")
    )
    return figure, alt


def _message(counts: pd.Series) -> str:
    """Say what the picture shows in one sentence."""
    key, bully = int(counts.get("key account", 0)), int(counts.get("volume without profit", 0))
    if bully:
        return f"{key} accounts stand on both sales and margin; {bully} sell much and earn little"
    return f"{key} accounts stand on both sales and margin; none sells much and earns little"


def money_bars(
    accounts: pd.DataFrame,
    *,
    amount: str,
    label: str,
    currency: str,
    message: str,
    limit: int = 25,
    low: str | None = None,
    high: str | None = None,
) -> tuple[Figure, str]:
    """Draw one bar an account, largest first, with an interval where there is one.

    Parameters
    ----------
    accounts : pd.DataFrame
        One row an account, in the order of the list; `class` colours the bars where present.
    amount : str
        Column drawn, an amount in the currency.
    label : str
        What the amount is, for the axis.
    currency : str
        Code shown on the axis.
    message : str
        Title: what the reader should see.
    limit : int, default 25
        How many bars at the most.
    low, high : str, optional
        Columns of an interval around the amount.
    """
    shown = accounts.head(limit).iloc[::-1]
    names = shown.get("name", shown["account_id"]).fillna(shown["account_id"])
    colours = (
        shown["class"].map(CLASS_COLOURS).fillna(MUTED).tolist()
        if "class" in shown
        else [CLASS_COLOURS["key account"]] * len(shown)
    )
    places = np.arange(len(shown))
    with look():
        figure, (axes,) = canvas(8.0, 1.4 + 0.27 * len(shown))
        axes.barh(places, shown[amount], color=colours, height=0.7)
        if low and high:
            spread = np.vstack([shown[amount] - shown[low], shown[high] - shown[amount]])
            axes.errorbar(
                shown[amount], places, xerr=spread.clip(0), fmt="none", ecolor=INK, elinewidth=1
            )
        axes.set_yticks(places, [shorten(name) for name in names])
        axes.xaxis.set_major_formatter(short_number)
        axes.set_xlabel(f"{label}, {currency}")
        axes.grid(visible=False, axis="y")
        axes.margins(y=0.01)
        headline(axes, message)
    first = shown.iloc[::-1].head(3)
    alt = (
        f"Bars of {label.lower()} for {len(shown)} accounts. {message}. The largest: "
        + ", ".join(
            f"{shorten(names[row])} {short_number(first.at[row, amount])}" for row in first.index
        )
        + f" {currency}."
    )
    return figure, alt
