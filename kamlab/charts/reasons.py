"""How far is the reason on record from the reason why accounts left?"""

import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.style import BLUE, MUTED, canvas, headline, look, percent, shorten


def corrected(table: pd.DataFrame, *, message: str) -> tuple[Figure, str]:
    """Draw the share of each reason as recorded, and corrected with its interval.

    Parameters
    ----------
    table : pd.DataFrame
        `reason`, `recorded_share`, `corrected_share`, `low`, `high`, the greatest first.
    message : str
        Title: what the reader should see.
    """
    rows = table.iloc[::-1].reset_index(drop=True)
    with look():
        figure, (axes,) = canvas(8.0, 1.4 + 0.42 * len(rows))
        axes.hlines(rows.index, rows["low"], rows["high"], color=BLUE, lw=3, alpha=0.4)
        axes.plot(rows["corrected_share"], rows.index, "o", color=BLUE)
        axes.plot(rows["recorded_share"], rows.index, "D", color=MUTED, mfc="white")
        top = len(rows) - 1
        for column, colour, name, above in (
            ("corrected_share", BLUE, "corrected", 10),
            ("recorded_share", MUTED, "on record", -16),
        ):
            axes.annotate(
                name,
                (rows[column].iloc[top], top),
                xytext=(0, above),
                textcoords="offset points",
                ha="center",
                color=colour,
                fontsize=9,
            )
        axes.set_yticks(rows.index, [shorten(name, 30) for name in rows["reason"]])
        axes.set_ylim(-0.7, top + 0.8)
        axes.set_xlim(left=0)
        axes.xaxis.set_major_formatter(percent)
        axes.set_xlabel("Share of those that left, 90% intervals")
        axes.grid(visible=False, axis="y")
        headline(axes, message)
    said = "; ".join(
        f"{row.reason} {percent(row.corrected_share)} ({percent(row.recorded_share)} on record)"
        for row in table.itertuples(index=False)
    )
    return figure, f"Reasons for leaving. {message}. {said}."
