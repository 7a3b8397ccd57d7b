"""How unequally are sales and profit spread over accounts?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    VERMILLION,
    canvas,
    headline,
    look,
    percent,
)


def pareto(
    sales: pd.Series, profit: pd.Series | None = None, *, reach: float = 0.8
) -> tuple[Figure, str]:
    """Draw the cumulative share of sales, and of gross profit where known, over ranked accounts.

    Parameters
    ----------
    sales : pd.Series of shape (n_accounts,)
        Net sales per account over one period, in one currency.
    profit : pd.Series of shape (n_accounts,), optional
        Gross profit per account; NaN where unknown. Drawn ranked by itself.
    reach : float, default 0.8
        Share whose number of accounts the title states.

    Returns
    -------
    tuple of Figure and str
        The figure and its alt text.
    """
    lines = [("net sales", sales, BLUE)]
    if profit is not None and profit.notna().any() and profit.sum() > 0:
        lines.append(("gross profit", profit.dropna(), GREEN))
    said = []
    with look():
        figure, (axes,) = canvas(8.0, 3.8)
        for place, (label, values, colour) in enumerate(lines):
            share = np.cumsum(np.sort(values.to_numpy(float))[::-1]) / values.sum()
            position = np.arange(1, len(share) + 1) / len(share)
            axes.plot(np.r_[0, position], np.r_[0, share], color=colour, lw=2.2)
            needed = int(np.argmax(share >= reach)) + 1
            said.append(f"{needed} of {len(share)} accounts make {percent(reach)} of {label}")
            axes.plot(needed / len(share), share[needed - 1], "o", color=colour, ms=6)
            axes.annotate(
                f"{label}: {needed} accounts",
                (needed / len(share), share[needed - 1]),
                xytext=(10, -12 - 16 * place),
                textcoords="offset points",
                color=colour,
                fontweight="bold",
            )
        axes.plot([0, 1], [0, 1], color=MUTED, lw=1, ls="--")
        axes.axhline(1, color=MUTED, lw=0.8)
        axes.xaxis.set_major_formatter(percent)
        axes.yaxis.set_major_formatter(percent)
        axes.set_xlabel("Share of accounts, largest first")
        axes.set_ylabel("Cumulative share")
        axes.margins(x=0.01)
        headline(axes, said[0][0].upper() + said[0][1:])
    return figure, "Cumulative share curve. " + "; ".join(said) + "."


def whale(profit: pd.Series) -> tuple[Figure, str]:
    """Draw cumulative profit over accounts ranked by profit: where it peaks, and where it ends.

    Parameters
    ----------
    profit : pd.Series of shape (n_accounts,)
        Profit per account in one currency; NaN is left out and said. The total must be positive.

    References
    ----------
    .. [1] R. S. Kaplan and V. G. Narayanan, "Measuring and managing customer profitability",
       Journal of Cost Management, 2001.
    """
    known = profit.dropna().sort_values(ascending=False).to_numpy(float)
    share = np.cumsum(known) / known.sum()
    position = np.arange(1, len(share) + 1) / len(share)
    top, losers = int(np.argmax(share)), int((known < 0).sum())
    message = (
        f"{len(known) - losers} accounts make {percent(share[top])} of the profit; "
        f"{losers} give {percent(share[top] - 1)} of it back"
        if losers
        else "Every account earns its keep: the curve never falls"
    )
    with look():
        figure, (axes,) = canvas(8.0, 3.8)
        axes.plot(np.r_[0, position], np.r_[0, share], color=BLUE, lw=2.2)
        axes.fill_between(
            position, share, 1, where=share > 1, color=VERMILLION, alpha=0.18, linewidth=0
        )
        axes.axhline(1, color=MUTED, lw=1, ls="--")
        axes.plot(position[top], share[top], "o", color=VERMILLION)
        axes.annotate(
            f"peak {percent(share[top])}, {top + 1} accounts",
            (position[top], share[top]),
            xytext=(0, 8),
            textcoords="offset points",
            ha="center",
            color=INK,
        )
        axes.annotate(
            f"end 100%, {len(known)} accounts",
            (1, 1),
            xytext=(-6, -16),
            textcoords="offset points",
            ha="right",
            color=INK,
        )
        axes.plot(1, 1, "o", color=BLUE, clip_on=False)
        axes.set_ylim(0, max(1.15, float(share[top]) * 1.12))
        axes.xaxis.set_major_formatter(percent)
        axes.yaxis.set_major_formatter(percent)
        axes.set_xlabel("Share of accounts, most profitable first")
        axes.set_ylabel("Cumulative share of profit")
        axes.margins(x=0.01)
        headline(axes, message)
    unknown = int(profit.isna().sum())
    note = f" {unknown} accounts without known cost are left out." if unknown else ""
    return figure, f"Whale curve of cumulative profit. {message}.{note}"
