"""How satisfied are accounts, and what should be improved first?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.labels import name_points
from kamlab.charts.style import BLUE, INK, MUTED, ORANGE, canvas, headline, look, percent, shorten

_SCALE = {5: "#0a4f86", 4: "#5b9bd0", 3: "#c9ced3", 2: "#f0b37a", 1: "#c25a00"}
# the pale ones are darker where they are letters
_WORD_COLOURS = {4: "#3474ad", 3: "#5f6b76", 2: "#9a5a14"}
_WORDS = {5: "highly satisfied", 4: "satisfied", 3: "no opinion", 2: "dissatisfied",
          1: "extremely dissatisfied"}  # fmt: skip


def five_points(table: pd.DataFrame, *, message: str) -> tuple[Figure, str]:
    """Draw the shares of the five answers of each segment as one bar.

    Parameters
    ----------
    table : pd.DataFrame
        `segment`, `share_5` to `share_1` (0 to 1).
    message : str
        Title: what the reader should see.
    """
    shown = table.dropna(subset=["share_5"]).iloc[::-1].reset_index(drop=True)
    places = np.arange(len(shown))
    with look():
        figure, (axes,) = canvas(8.0, 1.5 + 0.4 * len(shown))
        left = np.zeros(len(shown))
        for code, colour in _SCALE.items():
            share = shown[f"share_{code}"].to_numpy(float)
            axes.barh(places, share, 0.62, left=left, color=colour)
            for place, (begin, size) in enumerate(zip(left, share, strict=True)):
                if size >= 0.07:
                    axes.annotate(
                        percent(size),
                        (begin + size / 2, place),
                        ha="center",
                        va="center",
                        fontsize=8,
                        color="white" if code in (5, 1) else INK,
                    )
            left += share
        top = float(places[-1]) + 0.5 if len(places) else 0.5
        for code, place in zip(_SCALE, np.linspace(0.02, 0.82, 5), strict=True):
            colour = _WORD_COLOURS.get(code, _SCALE[code])
            axes.annotate(
                _WORDS[code], (place, top), fontsize=8, color=colour, va="bottom", fontweight="bold"
            )
        axes.set_yticks(places, [shorten(name) for name in shown["segment"]])
        axes.set_xlim(0, 1)
        axes.set_ylim(-0.5, top + 0.35)
        axes.xaxis.set_major_formatter(percent)
        axes.grid(visible=False)
        headline(axes, message)
    said = "; ".join(
        f"{row.segment}: {percent(row.share_5 + row.share_4)} satisfied"
        for row in shown.iloc[::-1].itertuples(index=False)
    )
    return figure, f"Answers on the five-point scale. {message}. {said}."


def importance_map(table: pd.DataFrame, *, message: str) -> tuple[Figure, str]:
    """Draw items by how well they are done and how much they matter.

    Parameters
    ----------
    table : pd.DataFrame
        `item`, `performance` (1 to 5), `importance`, `quadrant`.
    message : str
        Title: what the reader should see.
    """
    with look():
        figure, (axes,) = canvas(7.6, 4.6)
        urgent = table["quadrant"] == "concentrate here"
        axes.scatter(
            table["performance"],
            table["importance"],
            s=55,
            color=np.where(urgent, ORANGE, BLUE),
            zorder=3,
        )
        axes.axvline(table["performance"].mean(), color=MUTED, lw=0.9, ls=":")
        axes.axhline(table["importance"].mean(), color=MUTED, lw=0.9, ls=":")
        axes.margins(0.14)
        axes.set_xlabel("Performance: mean score, 1 to 5")
        axes.set_ylabel("Importance: share of overall satisfaction it explains")
        axes.yaxis.set_major_formatter(percent)
        headline(axes, message)
        places = table[["performance", "importance"]].to_numpy(float)
        named = zip(*places.T, table["item"].map(shorten), strict=True)
        name_points(axes, named, among=places, size=8.5)
    said = "; ".join(f"{row.item}: {row.quadrant}" for row in table.itertuples(index=False))
    return figure, f"Importance against performance. {message}. {said}."
