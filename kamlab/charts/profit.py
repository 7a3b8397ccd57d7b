"""How does list price become contribution, and who earns on which sales?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.labels import name_points
from kamlab.charts.style import (
    BLUE,
    CLASS_COLOURS,
    CLASS_MARKERS,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    canvas,
    headline,
    look,
    percent,
    short_number,
    shorten,
)


def waterfall(table: pd.DataFrame, *, currency: str, message: str) -> tuple[Figure, str]:
    """Draw the steps from list sales to contribution.

    Parameters
    ----------
    table : pd.DataFrame
        `step`, `amount` (what is taken off is negative), `share_of_list`, `is_total`.
    currency : str
        Of the amounts.
    message : str
        Title: what the reader should see.
    """
    level, base = 0.0, []
    for row in table.itertuples(index=False):
        if row.is_total:
            base.append(0.0)
            level = row.amount
        else:
            base.append(level)
            level += row.amount
    places = np.arange(len(table))
    colours = [
        BLUE if total else (ORANGE if amount < 0 else GREEN)
        for total, amount in zip(table["is_total"], table["amount"], strict=True)
    ]
    with look():
        figure, (axes,) = canvas(8.0, 3.9)
        axes.bar(places, table["amount"], bottom=base, color=colours, width=0.62)
        for place, row, start in zip(places, table.itertuples(index=False), base, strict=True):
            top = max(start, start + row.amount)
            axes.annotate(
                f"{short_number(row.amount)}\n{percent(row.share_of_list)}",
                (place, top),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
                color=INK,
            )
        axes.axhline(0, color=MUTED, lw=0.8)
        axes.set_xticks(places, [shorten(step, 16) for step in table["step"]], fontsize=8.5)
        axes.set_ylabel(currency)
        axes.yaxis.set_major_formatter(lambda value, _: short_number(value))
        tops = [max(a, a + b) for a, b in zip(base, table["amount"], strict=True)]
        bottoms = [min(a, a + b) for a, b in zip(base, table["amount"], strict=True)]
        span = max(*tops, 0.0) - min(*bottoms, 0.0)
        axes.set_ylim(min(*bottoms, 0.0) - 0.03 * span, max(*tops, 0.0) + 0.16 * span)
        axes.grid(visible=False, axis="x")
        headline(axes, message)
    said = "; ".join(
        f"{row.step} {short_number(row.amount)} ({percent(row.share_of_list)})"
        for row in table.itertuples(index=False)
    )
    return figure, f"Waterfall in {currency}. {message}. {said}."


def sales_by_contribution(
    profit: pd.DataFrame,
    names: pd.Series,
    *,
    currency: str,
    message: str,
    labels: int = 8,
    sales_minimum: float | None = None,
) -> tuple[Figure, str]:
    """Draw accounts by net sales and contribution; those below the line lose money.

    Parameters
    ----------
    profit : pd.DataFrame
        `account_id`, `net_sales`, `contribution`; where known `class`, which then has the colour.
    names : pd.Series
        Name by account.
    currency : str
        Of the amounts.
    message : str
        Title: what the reader should see.
    labels : int, default 8
        Greatest losses and profits that are named.
    sales_minimum : float, optional
        Least sales of a key account, drawn as a line.
    """
    shown = profit[(profit["net_sales"] > 0) & profit["contribution"].notna()]
    loss = shown["contribution"] < 0
    said = ""
    with look():
        figure, (axes,) = canvas(8.0, 4.9)
        if "class" in shown:
            counts = shown["class"].value_counts()
            told = [(kind, CLASS_COLOURS.get(kind, MUTED)) for kind in counts.index]
            for kind, colour in sorted(told, key=lambda pair: pair[0] != "standard"):
                mine = shown[shown["class"] == kind]
                axes.scatter(
                    mine["net_sales"],
                    mine["contribution"],
                    c=colour,
                    marker=CLASS_MARKERS.get(kind, "o"),
                    s=14 if kind == "standard" else 26,
                    alpha=0.5 if kind == "standard" else 0.85,
                    lw=0.4,
                    edgecolors=colour,
                    label=f"{kind} ({counts[kind]})",
                )
            axes.legend(loc="upper left", fontsize=8.5, markerscale=1.2)
            lost = shown.loc[loss, "class"].value_counts()
            said = "".join(f" {kind}: {counts[kind]}, {lost.get(kind, 0)} of them below nought."
                           for kind in counts.index)  # fmt: skip
        else:
            axes.scatter(
                shown["net_sales"],
                shown["contribution"],
                c=np.where(loss, ORANGE, BLUE),
                s=18,
                alpha=0.65,
                lw=0,
            )
        axes.axhline(0, color=INK, lw=0.9)
        if sales_minimum is not None and sales_minimum > 0:
            axes.axvline(sales_minimum, color=MUTED, lw=1, ls="--")
        ends = [*shown.nsmallest(labels // 2, "contribution").index,
                *shown.nlargest(labels // 2, "contribution").index]  # fmt: skip
        axes.set_xscale("log")
        axes.set_yscale("symlog", linthresh=max(float(shown["contribution"].abs().median()), 1.0))
        axes.margins(x=0.08, y=0.12)
        axes.yaxis.set_major_formatter(lambda value, _: short_number(value))
        axes.xaxis.set_major_formatter(lambda value, _: short_number(value))
        axes.set_xlabel(f"Net sales ({currency}, each mark ten times the last)")
        axes.set_ylabel(f"Contribution ({currency})")
        headline(axes, message)
        points = [
            (
                row.net_sales,
                row.contribution,
                shorten(names.get(row.account_id, row.account_id), 24),
            )
            for row in shown.loc[list(dict.fromkeys(ends))].itertuples(index=False)
        ]
        name_points(axes, points, among=shown[["net_sales", "contribution"]].to_numpy(float))
    worst = ", ".join(
        f"{names.get(row.account_id, row.account_id)} {short_number(row.contribution)}"
        for row in shown.nsmallest(4, "contribution").itertuples(index=False)
    )
    return figure, (
        f"{len(shown)} accounts by net sales and contribution, {int(loss.sum())} below nought. "
        f"{message}.{said} The lowest: {worst} {currency}."
    )
