"""What is overdue and by how long, when in the year is bought, and which worries grow?"""

from typing import cast

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.projections.polar import PolarAxes

from kamlab.charts.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    SKY,
    VERMILLION,
    canvas,
    headline,
    look,
    percent,
    short_number,
)

BANDS = {
    "current": "not due",
    "overdue_1_30": "1-30 days",
    "overdue_31_60": "31-60",
    "overdue_61_90": "61-90",
    "overdue_over_90": "over 90",
}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def ageing(conduct: pd.DataFrame, *, currency: str) -> tuple[Figure, str]:
    """Draw what is open by how long it is past due.

    Parameters
    ----------
    conduct : pd.DataFrame
        One row an account with the amounts of `BANDS`.
    currency : str
        Of the amounts.

    Returns
    -------
    tuple of Figure and str
        The figure and its alt text.
    """
    sums = conduct[list(BANDS)].sum()
    whole = float(sums.sum())
    late = float(sums.iloc[1:].sum()) / whole if whole > 0 else 0.0
    message = f"{percent(late)} of {short_number(whole)} {currency} owed is past due"
    with look():
        figure, (axes,) = canvas(8.0, 3.2)
        places = np.arange(len(sums))
        axes.bar(places, sums, color=[BLUE, SKY, ORANGE, ORANGE, VERMILLION], width=0.62)
        for place, amount in zip(places, sums, strict=True):
            axes.annotate(
                f"{short_number(amount)}\n{percent(amount / whole if whole > 0 else 0)}",
                (place, max(amount, 0.0)),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
                color=INK,
            )
        axes.set_xticks(places, list(BANDS.values()))
        axes.set_xlabel("Days past due")
        axes.set_ylabel(currency)
        axes.yaxis.set_major_formatter(short_number)
        axes.set_ylim(0, 1.25 * float(sums.max()) if whole > 0 else 1)
        axes.grid(visible=False, axis="x")
        headline(axes, message)
    said = "; ".join(
        f"{label} {short_number(amount)}"
        for label, amount in zip(BANDS.values(), sums, strict=True)
    )
    return figure, f"Bars of what customers owe by days past due. {message}. {said} {currency}."


def season_rose(months: pd.DataFrame) -> tuple[Figure, str]:
    """Draw in which months of the year is bought, all accounts together, on a circle.

    Parameters
    ----------
    months : pd.DataFrame
        Account-months: `month` (first day) and `net_sales`. Each month of the year is the mean
        over the years that have it, so that years begun do not count twice.

    Returns
    -------
    tuple of Figure and str
        The figure and its alt text.
    """
    month = pd.to_datetime(months["month"])
    total = months["net_sales"].groupby(month).sum()
    mean = total.groupby(total.index.month).mean().reindex(range(1, 13)).fillna(0.0).clip(lower=0)
    level = mean / mean.mean() if mean.mean() > 0 else mean
    best, least = int(level.idxmax()), int(level.idxmin())
    message = (
        f"{_MONTHS[best - 1]} sells {percent(level[best] - 1)} more than the mean month, "
        f"{_MONTHS[least - 1]} {percent(1 - level[least])} less"
    )
    with look():
        figure = Figure(figsize=(5.2, 4.6), layout="constrained")
        axes = cast("PolarAxes", figure.add_subplot(projection="polar"))
        angle = 2 * np.pi * np.arange(12) / 12
        colours = [ORANGE if value > 1 else BLUE for value in level]
        axes.bar(angle, level, width=2 * np.pi / 12 * 0.9, color=colours)
        axes.plot(np.linspace(0, 2 * np.pi, 100), np.ones(100), color=INK, lw=1, ls="--")
        axes.set_theta_zero_location("N")
        axes.set_theta_direction(-1)
        axes.set_xticks(angle, list(_MONTHS))
        axes.set_yticks([])
        figure.suptitle(message, x=0.01, ha="left", fontweight="bold", fontsize=11)
    said = ", ".join(f"{_MONTHS[k - 1]} {percent(level[k])}" for k in range(1, 13))
    return figure, f"Sales by month of the year against the mean month (dashed). {message}. {said}."


def concern_trend(concerns: pd.DataFrame) -> tuple[Figure, str]:
    """Draw how often each concern was heard in the half year before last and in the last.

    Parameters
    ----------
    concerns : pd.DataFrame
        From `kamlab.accounts.concerns.concerns`: `concern`, `earlier`, `recent`.

    Returns
    -------
    tuple of Figure and str
        The figure and its alt text.
    """
    sums = concerns.groupby("concern")[["earlier", "recent"]].sum()
    sums = sums.sort_values(["recent", "earlier"])
    change = sums["recent"] - sums["earlier"]
    # a change that chance explains (twice its standard error under no change) is not claimed
    sure = change.abs() > 2 * np.sqrt(sums.sum(axis=1))
    grown = change[sure & (change > 0)].sort_values(ascending=False)
    message = (
        f"Heard more of: {', '.join(grown.index[:3])}"
        if len(grown)
        else "No concern grows more than chance explains"
    )
    with look():
        figure, (axes,) = canvas(8.0, 1.2 + 0.34 * max(2, len(sums)))
        places = np.arange(len(sums))
        colours = np.where(sure & (change > 0), VERMILLION, np.where(sure, GREEN, MUTED)).tolist()
        axes.hlines(places, sums["earlier"], sums["recent"], colors=colours, lw=2)
        axes.scatter(sums["earlier"], places, c=MUTED, s=26, zorder=3, label="half year before")
        axes.scatter(sums["recent"], places, c=colours, marker="D", s=30, zorder=3,
                     label="last half year")  # fmt: skip
        axes.set_yticks(places, list(sums.index))
        axes.set_xlabel("Times heard")
        axes.set_xlim(left=0)
        axes.legend(loc="lower right", fontsize=8.5)
        axes.grid(visible=False, axis="y")
        headline(axes, message)
    said = "; ".join(
        f"{row.Index} {row.earlier:.0f} then {row.recent:.0f}"
        for row in sums.iloc[::-1].itertuples()
    )
    return figure, f"Concerns in the half year before last and in the last. {message}. {said}."
