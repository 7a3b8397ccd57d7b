"""How do accounts move between classes, and how long do they stay?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.labels import name_lines
from kamlab.charts.style import MUTED, PALETTE, canvas, headline, look, percent


def transition_map(
    shares: pd.DataFrame, counts: pd.DataFrame, *, message: str
) -> tuple[Figure, str]:
    """Draw a matrix of movements: rows are last period's class, columns this period's.

    Parameters
    ----------
    shares : pd.DataFrame
        Square, rows sum to 1: share of a row's accounts that moved to the column.
    counts : pd.DataFrame
        The same shape: how many accounts, written below each share.
    message : str
        Title: what the reader should see.
    """
    values = shares.to_numpy(float)
    with look():
        figure, (axes,) = canvas(7.0, 1.6 + 0.62 * len(shares))
        axes.imshow(np.nan_to_num(values), cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for row in range(values.shape[0]):
            for column in range(values.shape[1]):
                axes.text(
                    column,
                    row,
                    f"{percent(values[row, column])}\n{int(counts.iloc[row, column])}",
                    ha="center",
                    va="center",
                    fontsize=8.5,
                    color="white" if values[row, column] > 0.55 else "black",
                )
        axes.set_xticks(range(values.shape[1]), [str(name) for name in shares.columns], rotation=15)
        axes.set_yticks(range(values.shape[0]), [str(name) for name in shares.index])
        axes.set_xlabel("This period")
        axes.set_ylabel("Last period")
        axes.grid(visible=False)
        headline(axes, message)
    stay = "; ".join(
        f"{name}: {percent(values[place, list(shares.columns).index(name)])} stay"
        for place, name in enumerate(shares.index)
        if name in shares.columns
    )
    return figure, f"Matrix of movements between classes. {message}. {stay}."


def survival(curves: pd.DataFrame, *, unit: str, message: str) -> tuple[Figure, str]:
    """Draw the share of accounts still buying against time, a step line a segment.

    Parameters
    ----------
    curves : pd.DataFrame
        Long: `segment`, `time`, `survival` and where known `low` and `high`, all 0 to 1.
    unit : str
        Of `time`.
    message : str
        Title: what the reader should see.
    """
    said, ends = [], []
    with look():
        figure, (axes,) = canvas(8.0, 3.9)
        for place, (segment, curve) in enumerate(curves.groupby("segment", sort=False)):
            colour = PALETTE[place % len(PALETTE)]
            style = ("-", "--", "-.", ":")[place % 4]
            axes.step(curve["time"], curve["survival"], where="post", color=colour, lw=2, ls=style)
            if {"low", "high"} <= set(curve) and curves["segment"].nunique() <= 4:
                axes.fill_between(
                    curve["time"],
                    curve["low"],
                    curve["high"],
                    step="post",
                    color=colour,
                    alpha=0.12,
                )
            ends.append((curve["time"].iloc[-1], curve["survival"].iloc[-1], segment, colour))
            said.append(f"{segment}: {percent(curve['survival'].iloc[-1])} at the end")
        axes.axhline(0.5, color=MUTED, lw=0.8, ls=":")
        axes.set_ylim(0, 1.03)
        axes.yaxis.set_major_formatter(percent)
        axes.set_xlabel(unit)
        axes.set_ylabel("Still buying")
        headline(axes, message)
        name_lines(axes, ends)
    return figure, f"Survival curves. {message}. " + "; ".join(said) + "."
