"""Where does one account come from, and where does it stand in the portfolio?"""

from datetime import date

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from kamlab.charts.style import BLUE, GREEN, MUTED, VERMILLION, canvas, look, short_number


def history_and_place(
    months: pd.DataFrame,
    portfolio: pd.DataFrame | None,
    account_id: str,
    *,
    currency: str,
    until: date,
) -> tuple[Figure, str]:
    """Draw an account's sales by month and, beside, its place in the portfolio with an arrow.

    Parameters
    ----------
    months : pd.DataFrame
        Of this account, one row a month, in order: `month`, `net_sales`, `gross_profit` (missing
        where no cost is known). Months without a row are drawn as nothing sold.
    portfolio : pd.DataFrame or None
        All accounts: `account_id`, `strength`, `attractiveness` (places, 0 to 1) and where known
        the same with `_before`. None leaves the second chart out.
    account_id : str
    currency : str
        Code shown on the axis.
    until : date
        Last day seen: silence up to it is drawn.
    """
    own = (
        pd.DataFrame()
        if portfolio is None
        else portfolio[portfolio["account_id"] == account_id].dropna(
            subset=["strength", "attractiveness"]
        )
    )
    with look():
        figure, axes = canvas(8.6, 2.5, 2 if len(own) else 1)
        said = _history(axes[0], months, currency, until)
        if portfolio is not None and len(own):
            said += " " + _place(axes[1], portfolio, own.iloc[0])
    return figure, said


def _history(axes: Axes, months: pd.DataFrame, currency: str, until: date) -> str:
    """Draw the last three years that were seen of an account, month by month."""
    every = pd.date_range(months["month"].iloc[0], pd.Timestamp(until), freq="MS")[-36:]
    known = months.set_index("month").reindex(every)
    sales = known["net_sales"].fillna(0.0)
    axes.bar(np.arange(len(every)), sales, 0.8, color=BLUE)
    profit = known["gross_profit"]
    if profit.notna().any():
        axes.plot(np.arange(len(every)), profit, color=GREEN, lw=1.8, marker="o", ms=2.5)
    places = [place for place, month in enumerate(every) if month.month in (1, 7)]
    axes.set_xticks(places, [f"{every[place]:%Y-%m}" for place in places], fontsize=8)
    axes.yaxis.set_major_formatter(short_number)
    axes.tick_params(axis="y", labelsize=8)
    axes.axhline(0, color="black", lw=0.8)
    label = "Sales (bars)" + (", gross profit (line)" if profit.notna().any() else "")
    axes.set_title(f"{label}, {currency} a month", fontsize=9.5)
    return (
        f"Net sales by month, {every[0]:%Y-%m} to {every[-1]:%Y-%m}: from "
        f"{short_number(sales.iloc[0])} to {short_number(sales.iloc[-1])} {currency}, at most "
        f"{short_number(sales.max())}."
    )


def _place(axes: Axes, portfolio: pd.DataFrame, own: pd.Series) -> str:
    """Draw the account among all, with an arrow from where it stood the period before."""
    for edge in (1 / 3, 2 / 3):
        axes.axvline(edge, color=MUTED, lw=0.8, ls=":")
        axes.axhline(edge, color=MUTED, lw=0.8, ls=":")
    others = portfolio.dropna(subset=["strength", "attractiveness"])
    axes.scatter(others["strength"], others["attractiveness"], s=8, color=MUTED, alpha=0.35, lw=0)
    here = (own["strength"], own["attractiveness"])
    before = (own.get("strength_before", np.nan), own.get("attractiveness_before", np.nan))
    moved = ""
    if not pd.isna(before[0]) and not pd.isna(before[1]):
        axes.annotate("", here, before, arrowprops={"arrowstyle": "->", "color": BLUE, "lw": 1.8})
        moved = f", from {before[0]:.2f} and {before[1]:.2f} the period before"
    axes.scatter([here[0]], [here[1]], s=70, color=VERMILLION, marker="D", zorder=3)
    axes.set_xlim(-0.02, 1.02)
    axes.set_ylim(-0.02, 1.02)
    axes.set_xticks([1 / 6, 1 / 2, 5 / 6], ["low", "middle", "high"], fontsize=8)
    axes.set_yticks(
        [1 / 6, 1 / 2, 5 / 6], ["low", "middle", "high"], fontsize=8, rotation=90, va="center"
    )
    axes.grid(visible=False)
    axes.set_xlabel("Our strength", fontsize=8.5)
    axes.set_ylabel("Attractiveness", fontsize=8.5)
    axes.set_title(
        "Place among all accounts" + (", from a year before" if moved else ""), fontsize=9.5
    )
    return (
        f"Its place in the portfolio, 0 to 1 among all accounts: strength {here[0]:.2f}, "
        f"attractiveness {here[1]:.2f}{moved}."
    )
