"""Where do accounts stand in the portfolio, and where did they come from?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.labels import name_points
from kamlab.charts.style import BLUE, MUTED, canvas, headline, look, shorten


def portfolio_map(
    table: pd.DataFrame, names: pd.Series, *, message: str, labels: int = 10
) -> tuple[Figure, str]:
    """Draw accounts by strength and attractiveness, size by money, arrows from a period before.

    Parameters
    ----------
    table : pd.DataFrame
        `account_id`, `attractiveness`, `strength`, `size`, and where known the same two with
        `_before`.
    names : pd.Series
        Name by account.
    message : str
        Title: what the reader should see.
    labels : int, default 10
        Largest accounts that are named.
    """
    shown = table.dropna(subset=["attractiveness", "strength"])
    size = shown["size"].clip(lower=0)
    area = 15 + 500 * size / max(float(size.max()), 1e-9)
    with look():
        figure, (axes,) = canvas(8.0, 5.4)
        for edge in (1 / 3, 2 / 3):
            axes.axvline(edge, color=MUTED, lw=0.8, ls=":")
            axes.axhline(edge, color=MUTED, lw=0.8, ls=":")
        axes.scatter(
            shown["strength"], shown["attractiveness"], s=area, color=BLUE, alpha=0.45, lw=0
        )
        large = shown.loc[size.nlargest(labels).index]
        for row in large.itertuples(index=False):
            before = (
                getattr(row, "strength_before", np.nan),
                getattr(row, "attractiveness_before", np.nan),
            )
            here = (row.strength, row.attractiveness)
            if not np.isnan(before).any():
                axes.annotate(
                    "", here, before, arrowprops={"arrowstyle": "->", "color": MUTED, "lw": 0.9}
                )
        axes.set_xlim(-0.02, 1.02)
        axes.set_ylim(-0.02, 1.02)
        moved = "strength_before" in shown and shown["strength_before"].notna().any()
        axes.set_xlabel(
            "Our strength with the account (place among all)"
            + ("; arrows come from where it stood a period ago" if moved else "")
        )
        axes.set_ylabel("Attractiveness (place among all)")
        headline(axes, message)
        points = [
            (
                row.strength,
                row.attractiveness,
                shorten(names.get(row.account_id, row.account_id), 24),
            )
            for row in large.itertuples(index=False)
        ]
        name_points(axes, points, among=shown[["strength", "attractiveness"]].to_numpy(float))
    said = ", ".join(
        f"{names.get(row.account_id, row.account_id)} {row.cell}"
        for row in large.itertuples(index=False)
    )
    return figure, f"Portfolio of accounts. {message}. Attractiveness / strength: {said}."
