"""What is less churn worth, what did actions do, and on whom should we act?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.style import (
    BLUE,
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

_TOOK_PLACE = {"by lot": (BLUE, "o"), "by judgement": (ORANGE, "s")}


def gains_beside_published(
    published: pd.Series, ours: pd.DataFrame, *, source: str, message: str
) -> tuple[Figure, str]:
    """Draw published gains from five points less defection, ours among them with its interval.

    Parameters
    ----------
    published : pd.Series
        Gain (a share) by industry.
    ours : pd.DataFrame
        `label`, `gain`, and where known `low`, `high`.
    source : str
        Of the published figures, written below the chart.
    message : str
        Title: what the reader should see.
    """
    theirs = pd.DataFrame({"label": published.index, "gain": published.to_numpy(float)})
    both = pd.concat([theirs.assign(ours=False), ours.assign(ours=True)], ignore_index=True)
    both = both.dropna(subset=["gain"]).sort_values("gain", ignore_index=True)
    with look():
        figure, (axes,) = canvas(8.0, 1.5 + 0.32 * len(both))
        for place, row in both.iterrows():
            colour = BLUE if row["ours"] else "#c3cad2"
            axes.barh(place, row["gain"], 0.62, color=colour)
            edge = row["gain"]
            if row["ours"] and pd.notna(row.get("low")) and pd.notna(row.get("high")):
                axes.plot([row["low"], row["high"]], [place, place], color=INK, lw=1.6)
                edge = max(edge, row["high"])
            axes.annotate(
                percent(row["gain"]),
                (edge, place),
                xytext=(5, 0),
                textcoords="offset points",
                va="center",
                fontsize=8.5,
                fontweight="bold" if row["ours"] else "normal",
            )
        axes.set_yticks(range(len(both)), [shorten(name, 34) for name in both["label"]])
        axes.xaxis.set_major_formatter(percent)
        axes.set_xlabel(f"Gain in the value of a customer. Grey: {source}", fontsize=8.5)
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.1)
        headline(axes, message)
    said = "; ".join(
        f"{row.label} {percent(row.gain)}" for row in both.iloc[::-1].itertuples(index=False)
    )
    return figure, f"Gain from a lower rate of leaving. {message}. {said}. Source: {source}."


def action_effects(table: pd.DataFrame, *, measure: str, message: str) -> tuple[Figure, str]:
    """Draw the effect of each kind of action with its interval, trials by lot marked apart.

    Parameters
    ----------
    table : pd.DataFrame
        `kind`, `part` ("by lot" or "by judgement"), `estimate`, `low`, `high` (shares).
    measure : str
        For the axis.
    message : str
        Title: what the reader should see.
    """
    kinds = sorted(table["kind"].unique(), reverse=True)
    with look():
        figure, (axes,) = canvas(8.0, 1.7 + 0.5 * len(kinds))
        axes.axvline(0, color=MUTED, lw=1)
        for part, (colour, marker) in _TOOK_PLACE.items():
            rows = table[table["part"] == part]
            lift = 0.15 if part == "by lot" else -0.15
            places = [kinds.index(kind) + lift for kind in rows["kind"]]
            axes.hlines(places, rows["low"], rows["high"], color=colour, lw=2)
            axes.plot(rows["estimate"], places, marker, color=colour, ms=7)
            if len(rows):
                axes.annotate(
                    part,
                    (rows["high"].iloc[-1], places[-1]),
                    xytext=(6, 0),
                    textcoords="offset points",
                    va="center",
                    fontsize=8.5,
                    color=INK,
                )
        axes.set_yticks(range(len(kinds)), [shorten(kind) for kind in kinds])
        axes.xaxis.set_major_formatter(percent)
        axes.set_xlabel(measure)
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.14, y=0.15)
        headline(axes, message)
    said = "; ".join(
        f"{row.kind} {row.part} {percent(row.estimate)} ({percent(row.low)} to {percent(row.high)})"
        for row in table.itertuples(index=False)
    )
    return figure, f"{measure} by kind of action. {message}. {said}."


def balance(table: pd.DataFrame, *, message: str) -> tuple[Figure, str]:
    """Draw how far treated and untreated accounts differ, before and after weighting.

    Parameters
    ----------
    table : pd.DataFrame
        `covariate`, `difference`, `weighted_difference` (standard deviations); of several rows of a
        covariate the largest of each counts.
    message : str
        Title: what the reader should see.
    """
    columns = {"difference": ("before", ORANGE, "s"), "weighted_difference": ("after", BLUE, "o")}
    widest = table[list(columns)].abs().groupby(table["covariate"]).max()
    widest = widest.sort_values("difference")
    places = np.arange(len(widest))
    with look():
        figure, (axes,) = canvas(8.0, 1.6 + 0.3 * max(len(widest), 1))
        axes.axvline(0.1, color=MUTED, lw=1, ls="--")
        axes.hlines(places, *widest.to_numpy().T, color="#c3cad2", lw=2)
        for column, (word, colour, marker) in columns.items():
            axes.plot(widest[column], places, marker, color=colour, ms=6)
            if len(widest):
                axes.annotate(
                    word,
                    (widest[column].iloc[-1], places[-1]),
                    xytext=(0, 8),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8.5,
                    color=INK,
                )
        axes.set_yticks(places, [shorten(name) for name in widest.index])
        axes.set_xlabel("Standard deviations apart, the most uneven kind; below 0.1 is even")
        axes.set_xlim(left=0)
        axes.grid(visible=False, axis="y")
        axes.margins(x=0.08, y=0.12)
        headline(axes, message)
    said = "; ".join(
        f"{name} {row.difference:.2f} and {row.weighted_difference:.2f}"
        for name, row in zip(widest.index[::-1], widest.iloc[::-1].itertuples(), strict=True)
    )
    return figure, f"Standard deviations apart, before and after. {message}. {said}."


def target_gains(
    table: pd.DataFrame, *, currency: str, message: str, limit: int = 20
) -> tuple[Figure, str]:
    """Draw the expected gain of each chosen action with its interval, and its cost as a tick.

    Parameters
    ----------
    table : pd.DataFrame
        `label`, `action`, `expected_gain`, `low`, `high`, `cost`.
    currency : str
    message : str
        Title: what the reader should see.
    limit : int, default 20
        Actions drawn at most, those that gain most.
    """
    shown = table.nlargest(limit, "expected_gain").iloc[::-1].reset_index(drop=True)
    places = np.arange(len(shown))
    with look():
        figure, (axes,) = canvas(8.0, 1.6 + 0.3 * max(len(shown), 1))
        axes.axvline(0, color=MUTED, lw=1)
        axes.hlines(places, shown["low"], shown["high"], color="#9cc3de", lw=3)
        axes.plot(shown["expected_gain"], places, "o", color=BLUE, ms=6)
        axes.plot(shown["cost"], places, "|", color=ORANGE, ms=12, mew=2.4)
        if len(shown):
            top = shown.iloc[-1]
            for column, word, colour in (
                ("expected_gain", "expected gain", BLUE),
                ("cost", "cost", "#9a6a00"),
            ):
                axes.annotate(
                    word,
                    (top[column], places[-1]),
                    xytext=(0, 8),
                    textcoords="offset points",
                    ha="center",
                    fontsize=8.5,
                    color=colour,
                )
        labels = [
            f"{shorten(row.label, 24)} · {shorten(row.action, 20)}"
            for row in shown.itertuples(index=False)
        ]
        axes.set_yticks(places, labels, fontsize=8.5)
        axes.xaxis.set_major_formatter(short_number)
        axes.set_xlabel(f"{currency}, within a year")
        axes.grid(visible=False, axis="y")
        axes.margins(y=0.08)
        headline(axes, message)
    said = "; ".join(
        f"{row.label} {row.action} {short_number(row.expected_gain)}"
        for row in shown.iloc[::-1].head(5).itertuples(index=False)
    )
    return figure, f"Expected gain of the chosen actions. {message}. {said}."
