"""How is the load shared among managers, today and after?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.style import BLUE, INK, MUTED, canvas, headline, look


def load(before: pd.DataFrame, after: pd.DataFrame, *, message: str) -> tuple[Figure, str]:
    """Draw the accounts of each manager before and after, with capacity as a mark.

    Parameters
    ----------
    before, after : pd.DataFrame
        `manager_id`, `accounts`, `capacity`.
    message : str
        Title: what the reader should see.
    """
    both = after.merge(before[["manager_id", "accounts"]], on="manager_id", suffixes=("", "_was"))
    both = both.sort_values("accounts").reset_index(drop=True)
    places = np.arange(len(both))
    with look():
        figure, (axes,) = canvas(8.0, 1.4 + 0.36 * len(both))
        axes.barh(places + 0.19, both["accounts"], 0.36, color=BLUE)
        axes.barh(places - 0.19, both["accounts_was"], 0.36, color=MUTED, alpha=0.6)
        axes.plot(both["capacity"], places, "|", color=INK, ms=14, mew=2)
        for place, row in both.iterrows():
            axes.annotate(
                f"{int(row['accounts'])} (was {int(row['accounts_was'])})",
                (max(row["accounts"], row["accounts_was"]), place),
                xytext=(4, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
            )
        axes.set_yticks(places, both["manager_id"].tolist())
        axes.set_xlabel("Key accounts after (blue) and today (grey); the mark is what can be done")
        axes.grid(visible=False, axis="y")
        headline(axes, message)
    said = "; ".join(
        f"{row.manager_id} {row.accounts} (was {row.accounts_was}) of {row.capacity}"
        for row in both.iloc[::-1].itertuples(index=False)
    )
    return figure, f"Key accounts by manager. {message}. {said}."
