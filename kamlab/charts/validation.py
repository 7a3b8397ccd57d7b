"""Can the prediction be trusted? Calibration, capture and rivals."""

import matplotlib.dates as mdates
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.labels import name_lines
from kamlab.charts.style import (
    BLUE,
    GREEN,
    INK,
    MUTED,
    ORANGE,
    canvas,
    headline,
    look,
    percent,
    short_number,
)


def calibration(bins: pd.DataFrame, *, event: str, message: str) -> tuple[Figure, str]:
    """Draw predicted against observed shares with intervals; on the diagonal means trustworthy.

    Parameters
    ----------
    bins : pd.DataFrame
        One row a bin: `predicted`, `observed` (both 0 to 1), `low`, `high` (interval of the
        observed share) and `count`.
    event : str
        What is predicted, for the axes.
    message : str
        Title: what the reader should see.
    """
    top = float(max(bins["predicted"].max(), bins["high"].max(), 0.05)) * 1.05
    with look():
        figure, (axes,) = canvas(5.6, 4.6)
        axes.plot([0, top], [0, top], color=MUTED, lw=1, ls="--")
        spread = np.vstack([bins["observed"] - bins["low"], bins["high"] - bins["observed"]])
        axes.errorbar(
            bins["predicted"],
            bins["observed"],
            yerr=spread.clip(0),
            fmt="o",
            color=BLUE,
            ecolor=MUTED,
            elinewidth=1.2,
        )
        axes.set_xlim(0, top)
        axes.set_ylim(0, top)
        axes.xaxis.set_major_formatter(percent)
        axes.yaxis.set_major_formatter(percent)
        axes.set_xlabel(f"Predicted: {event}")
        axes.set_ylabel(f"Observed: {event}")
        headline(axes, message)
    alt = f"Calibration of {event}. {message}. " + "; ".join(
        f"predicted {percent(row.predicted)}, observed {percent(row.observed)} of {row.count}"
        for row in bins.itertuples(index=False)
    )
    return figure, alt


def rivals(
    table: pd.DataFrame, *, ours: str, measure: str, message: str, best: float = 1.0
) -> tuple[Figure, str]:
    """Draw what each rule captured: a dot a rule with its interval, ours in colour.

    Parameters
    ----------
    table : pd.DataFrame
        One row a rule: `rule`, `mean`, and where known `low` and `high`.
    ours : str
        Name of the rule which the report uses.
    measure : str
        What is measured, for the axis; a share.
    message : str
        Title: what the reader should see.
    best : float, default 1.0
        The best that could be had, drawn as a line.
    """
    shown = table.sort_values("mean").reset_index(drop=True)
    with look():
        figure, (axes,) = canvas(8.0, 1.5 + 0.32 * len(shown))
        for place, row in shown.iterrows():
            colour = BLUE if row["rule"] == ours else MUTED
            if pd.notna(row.get("low")) and pd.notna(row.get("high")):
                axes.plot([row["low"], row["high"]], [place, place], color=colour, lw=2, alpha=0.6)
            axes.plot(row["mean"], place, "o", color=colour, ms=8)
            axes.annotate(
                percent(row["mean"]),
                (row["mean"], place),
                xytext=(0, 7),
                textcoords="offset points",
                ha="center",
                fontsize=8.5,
                color=INK,
            )
        axes.axvline(best, color=GREEN, lw=1.2, ls="--")
        axes.axvline(0, color=MUTED, lw=0.8)
        axes.set_yticks(range(len(shown)), shown["rule"].tolist())
        axes.xaxis.set_major_formatter(percent)
        axes.set_xlabel(measure)
        axes.grid(visible=False, axis="y")
        axes.margins(y=0.12)
        headline(axes, message)
    alt = f"{measure} by rule. {message}. " + "; ".join(
        f"{row.rule} {percent(row.mean)}" for row in shown.iloc[::-1].itertuples(index=False)
    )
    return figure, alt


def tracking(
    actual: pd.Series, expected: pd.Series, *, split: object, unit: str, message: str
) -> tuple[Figure, str]:
    """Draw actual against expected over time, with a line where the model saw its last data.

    Parameters
    ----------
    actual, expected : pd.Series
        Indexed by date, in the same unit.
    split : date-like
        First day which the model had not seen.
    unit : str
        Of the vertical axis.
    message : str
        Title: what the reader should see.
    """
    with look():
        figure, (axes,) = canvas(8.0, 3.6)
        axes.plot(actual.index, actual, color=INK, lw=2)
        axes.plot(expected.index, expected, color=ORANGE, lw=2, ls="--")
        when = pd.Timestamp(str(split))
        axes.axvline(when, color=MUTED, lw=1, ls=":")
        axes.annotate(
            "not seen by the model →",
            (when, 0.02),
            xycoords=("data", "axes fraction"),
            xytext=(4, 0),
            textcoords="offset points",
            fontsize=8.5,
            color=MUTED,
        )
        axes.set_ylabel(unit)
        axes.yaxis.set_major_formatter(short_number)
        headline(axes, message)
        ends = ((actual, "actual", INK), (expected, "expected", "#9a6a00"))
        name_lines(axes, [(mdates.date2num(s.index[-1]), s.iloc[-1], n, c) for s, n, c in ends])
    return figure, f"Lines of actual and expected {unit}. {message}."
