"""What does each channel know, and do its contacts come before orders?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.style import BLUE, INK, MUTED, canvas, headline, look


def overlap(shared: pd.DataFrame) -> tuple[Figure, str]:
    """Draw how many accounts each pair of channels both know.

    Parameters
    ----------
    shared : pd.DataFrame
        Square, channels by channels; the diagonal counts a channel's own accounts.

    Returns
    -------
    tuple of Figure and str
        The figure and its alt text.
    """
    order = np.argsort(-np.diag(shared.to_numpy()), kind="stable")
    shared = shared.iloc[order, order]
    values = shared.to_numpy(float)
    own = np.diag(values)
    with look():
        figure, (axes,) = canvas(7.0, 1.4 + 0.55 * len(shared))
        axes.imshow(values / own[:, None].clip(1), cmap="Blues", vmin=0, vmax=1, aspect="auto")
        for row in range(len(values)):
            for column in range(len(values)):
                dark = values[row, column] / max(1, own[row]) > 0.6
                axes.text(
                    column,
                    row,
                    f"{values[row, column]:.0f}",
                    ha="center",
                    va="center",
                    color="white" if dark else "black",
                )
        axes.set_xticks(range(len(shared)), shared.columns.tolist(), rotation=20)
        axes.set_yticks(range(len(shared)), shared.index.tolist())
        axes.grid(visible=False)
        message = f"{shared.index[0]} knows most accounts: {own[0]:.0f}"
        headline(axes, message[0].upper() + message[1:])
    alt = f"Accounts that two channels both know. {message}. " + "; ".join(
        f"{name}: {count:.0f} accounts" for name, count in zip(shared.index, own, strict=True)
    )
    return figure, alt + "."


def lift(channels: pd.DataFrame, *, within_days: int) -> tuple[Figure, str]:
    """Draw each channel's lift over chance with its interval.

    Parameters
    ----------
    channels : pd.DataFrame
        `channel`, `lift`, `lift_low`, `lift_high`; missing where too few accounts were judged.
    within_days : int
        For the axis.
    """
    shown = channels.dropna(subset="lift").sort_values("lift").reset_index(drop=True)
    above = shown.loc[shown["lift_low"] > 1, "channel"].tolist()
    message = (
        f"Contacts by {', '.join(above)} come before orders more often than chance"
        if above
        else "No channel's contacts come before orders more often than chance"
    )
    with look():
        figure, (axes,) = canvas(8.0, 1.4 + 0.35 * max(1, len(shown)))
        for place, row in shown.iterrows():
            colour = BLUE if row["lift_low"] > 1 else MUTED
            axes.plot([row["lift_low"], row["lift_high"]], [place, place], color=colour, lw=2)
            axes.plot(row["lift"], place, "o", color=colour, ms=7)
        axes.axvline(1, color=INK, lw=1, ls="--")
        axes.set_yticks(range(len(shown)), shown["channel"].tolist())
        axes.set_xlabel(f"Orders within {within_days} days of a contact, as a multiple of chance")
        axes.grid(visible=False, axis="y")
        axes.margins(y=0.15)
        headline(axes, message)
    alt = f"Lift of each channel over chance. {message}. " + "; ".join(
        f"{row.channel} {row.lift:.2f} ({row.lift_low:.2f} to {row.lift_high:.2f})"
        for row in shown.iloc[::-1].itertuples(index=False)
    )
    return figure, alt + "."
