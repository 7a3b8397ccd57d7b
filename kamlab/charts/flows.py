"""How did accounts flow between classes from period to period?"""

from itertools import pairwise

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.style import INK, MUTED, PALETTE, canvas, headline, look

_BAR = 0.13


def alluvial(
    standing: pd.DataFrame, classes: list[str], *, message: str, emphasis: str
) -> tuple[Figure, str]:
    """Draw each period as a stack of classes and the accounts that moved as bands between them.

    Parameters
    ----------
    standing : pd.DataFrame
        One row an account and period: `account_id`, `period_end`, `class`.
    classes : list of str
        Classes from top to bottom; accounts in others are left out.
    message : str
        Title: what the reader should see.
    emphasis : str
        Class whose bands are drawn in colour; the others are grey.
    """
    wide = standing.pivot_table(
        index="account_id", columns="period_end", values="class", aggfunc="first"
    )
    periods = list(wide.columns)
    # heights are square roots, so that few key accounts can be seen beside many small ones
    sizes = {p: wide[p].value_counts().reindex(classes).fillna(0) for p in periods}
    heights = {p: np.sqrt(sizes[p]) for p in periods}
    tops = {p: _stack(heights[p]) for p in periods}
    with look():
        figure, (axes,) = canvas(8.0, 4.4)
        for number, (before, after) in enumerate(pairwise(periods)):
            counts = pd.crosstab(wide[before], wide[after]).reindex(
                index=classes, columns=classes, fill_value=0
            )
            left, right = dict(tops[before]), dict(tops[after])
            for source in classes:
                for target in classes:
                    count = counts.loc[source, target]
                    if not count:
                        continue
                    thick = heights[before][source] * count / sizes[before][source]
                    thin = heights[after][target] * count / sizes[after][target]
                    shown = emphasis in (source, target)
                    _band(
                        axes,
                        number,
                        (left[source], left[source] - thick),
                        (right[target], right[target] - thin),
                        colour=PALETTE[0] if shown else MUTED,
                        alpha=0.45 if shown else 0.12,
                    )
                    left[source] -= thick
                    right[target] -= thin
        for number, period in enumerate(periods):
            for place, name in enumerate(classes):
                height, top = heights[period][name], tops[period][name]
                axes.bar(
                    number,
                    height,
                    _BAR,
                    bottom=top - height,
                    color=PALETTE[place % len(PALETTE)],
                    zorder=3,
                )
                if height:
                    axes.annotate(
                        f"{name} {int(sizes[period][name])}",
                        (number + _BAR / 2, top - height / 2),
                        xytext=(3, 0),
                        textcoords="offset points",
                        va="center",
                        fontsize=8.5,
                        color=INK,
                        zorder=4,
                    )
        names = [f"to {pd.Timestamp(p) - pd.Timedelta(days=1):%d %b %Y}" for p in periods]
        axes.set_xticks(range(len(periods)), names)
        axes.set_xlim(-0.2, len(periods) - 0.55)
        axes.set_yticks([])
        axes.grid(visible=False)
        axes.set_xlabel("Period; heights are square roots of the number of accounts")
        headline(axes, message)
    said = "; ".join(
        f"{names[number]}: " + ", ".join(f"{int(sizes[period][name])} {name}" for name in classes)
        for number, period in enumerate(periods)
    )
    return figure, f"Flows between classes. {message}. {said}."


def _stack(heights: pd.Series) -> dict[str, float]:
    """Give the upper edge of each class, the first on top."""
    gap = 0.03 * heights.sum()
    edges, edge = {}, 0.0
    for name, height in heights.items():
        edges[str(name)] = edge
        edge -= height + gap
    return edges


def _band(
    axes: object,
    number: int,
    left: tuple[float, float],
    right: tuple[float, float],
    *,
    colour: str,
    alpha: float,
) -> None:
    """Draw one band between two periods, flat at both ends."""
    way = np.linspace(0, 1, 40)
    bend = way * way * (3 - 2 * way)
    across = number + _BAR / 2 + way * (1 - _BAR)
    upper = left[0] + (right[0] - left[0]) * bend
    lower = left[1] + (right[1] - left[1]) * bend
    axes.fill_between(across, lower, upper, color=colour, alpha=alpha, lw=0)  # type: ignore[attr-defined]
