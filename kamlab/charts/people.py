"""How many people does each channel know, and how many of them no other channel knows?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.style import BLUE, MUTED, canvas, headline, look


def known_by(channels: pd.DataFrame) -> tuple[Figure, str]:
    """Draw the people of each channel, those known elsewhere apart from those known only there.

    Parameters
    ----------
    channels : pd.DataFrame
        `channel`, `persons`, `only_here`, `also_elsewhere`; most persons first, at least one row.

    Returns
    -------
    tuple of Figure and str
        The figure and its alt text.
    """
    shown = channels.iloc[::-1].reset_index(drop=True)
    most = channels.loc[channels["only_here"].idxmax()]
    message = f"{int(most['only_here']):,} people are known to {most['channel']} alone"
    places = np.arange(len(shown))
    with look():
        figure, (axes,) = canvas(8.0, 1.5 + 0.38 * len(shown))
        axes.barh(places, shown["only_here"], color=BLUE, label="known here only")
        axes.barh(
            places,
            shown["also_elsewhere"],
            left=shown["only_here"],
            color=MUTED,
            hatch="//",
            edgecolor="white",
            label="known to other channels too",
        )
        axes.set_yticks(places, shown["channel"].tolist())
        axes.set_xlabel("People recognised")
        axes.legend(frameon=False, loc="lower right")
        axes.grid(visible=False, axis="y")
        headline(axes, message)
    alt = f"People by channel. {message}. " + "; ".join(
        f"{row.channel}: {row.persons} people, {row.only_here} known here only"
        for row in channels.itertuples(index=False)
    )
    return figure, alt + "."
