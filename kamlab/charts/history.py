"""How have sales and gross profit moved, month by month?"""

import matplotlib.dates as mdates
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.labels import name_lines
from kamlab.charts.style import BLUE, GREEN, canvas, headline, look, short_number


def monthly(months: pd.DataFrame, *, currency: str, message: str) -> tuple[Figure, str]:
    """Draw net sales and gross profit of all accounts together, a point a month.

    Parameters
    ----------
    months : pd.DataFrame
        As `kamlab.accounts.monthly_sums` returns: `month`, `net_sales`, `gross_profit` (NaN where
        no cost is known), any number of rows a month.
    currency : str
        Code shown on the axis.
    message : str
        Title: what the reader should see.
    """
    sums = months.groupby("month")[["net_sales", "gross_profit"]].sum(min_count=1).sort_index()
    with look():
        figure, (axes,) = canvas(8.0, 3.4)
        ends = []
        for column, colour, label in (
            ("net_sales", BLUE, "net sales"),
            ("gross_profit", GREEN, "gross profit"),
        ):
            line = sums[column].dropna()
            if len(line):
                axes.plot(line.index, line, color=colour, lw=2)
                ends.append((mdates.date2num(line.index[-1]), line.iloc[-1], label, colour))
        axes.axhline(0, color="black", lw=0.8)
        axes.yaxis.set_major_formatter(short_number)
        axes.set_ylabel(f"{currency} a month")
        axes.margins(x=0.01)
        headline(axes, message)
        name_lines(axes, ends, size=9.5)
    alt = (
        f"Lines of net sales and gross profit by month, {sums.index.min():%Y-%m} to "
        f"{sums.index.max():%Y-%m}. {message}. Last month: net sales "
        f"{short_number(sums['net_sales'].iloc[-1])} {currency}."
    )
    return figure, alt
