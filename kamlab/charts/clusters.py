"""What sets each kind of account apart?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.style import canvas, headline, look, percent, shorten


def kinds_map(profiles: pd.DataFrame, *, message: str) -> tuple[Figure, str]:
    """Draw how far each cluster lies from the mean of all accounts, measure by measure.

    Parameters
    ----------
    profiles : pd.DataFrame
        As `kamlab.segmentation.clusters.Clusters.profiles`, not empty; measures are the columns
        after `gross_profit`, in standard deviations.
    message : str
        Title: what the reader should see.
    """
    measures = list(profiles.columns[profiles.columns.get_loc("gross_profit") + 1 :])
    values = profiles[measures].to_numpy(float)
    rows = [
        f"{row.cluster}  {shorten(row.kind, 44)}\n{row.accounts} accounts, "
        f"{percent(row.sales_share)} of sales"
        for row in profiles.itertuples()
    ]
    with look():
        figure, (axes,) = canvas(8.0, 1.5 + 0.62 * len(profiles))
        # the sign is written in every cell: the colours help, they do not tell alone
        axes.imshow(values, cmap="PuOr_r", vmin=-2, vmax=2, aspect="auto")
        for (row, column), value in np.ndenumerate(values):
            axes.text(
                column,
                row,
                f"{value:+.1f}".replace("-", "−"),
                ha="center",
                va="center",
                fontsize=9,
                color="white" if abs(value) > 1.15 else "black",
            )
        axes.set_xticks(range(len(measures)), measures)
        axes.set_yticks(range(len(rows)), rows)
        axes.set_xlabel("Standard deviations from the mean of all accounts")
        axes.grid(visible=False)
        headline(axes, message)
    said = "; ".join(
        f"{row.cluster}: {row.kind}, {row.accounts} accounts with {percent(row.sales_share)} of "
        "sales"
        for row in profiles.itertuples()
    )
    return figure, f"Map of the kinds of accounts. {message}. {said}."
