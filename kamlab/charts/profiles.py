"""How do accounts differ in price, space, rhythm and season?"""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.labels import name_points
from kamlab.charts.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    VERMILLION,
    canvas,
    headline,
    look,
    percent,
    short_number,
    shorten,
)


def price_forest(effects: pd.DataFrame, *, limit: int = 12) -> tuple[Figure, str]:
    """Draw the accounts that pay least and most against their peers, with intervals.

    Parameters
    ----------
    effects : pd.DataFrame
        `account_id`, `price_effect` (log), `price_effect_se`, `net_sales_12m`; `name` where known.
        Missing effects are left out.
    limit : int, default 12
        Accounts drawn at either end, of those with sales in the last year.

    Returns
    -------
    tuple of Figure and str
        The figure and its alt text.
    """
    known = effects[effects["price_effect"].notna() & (effects["net_sales_12m"] > 0)]
    known = known.sort_values("price_effect")
    ends = pd.concat([known.head(limit), known.tail(limit)]).drop_duplicates("account_id")
    shown = ends.iloc[::-1].reset_index(drop=True)
    names = shown.get("name", shown["account_id"]).fillna(shown["account_id"])
    below = int((known["price_effect"] + 1.645 * known["price_effect_se"] < 0).sum())
    message = f"{below} of {len(known)} accounts surely pay less than their peers"
    with look():
        figure, (axes,) = canvas(8.0, 1.3 + 0.25 * max(2, len(shown)))
        places = np.arange(len(shown))
        half = 1.645 * shown["price_effect_se"]
        colours = np.where(shown["price_effect"] < 0, VERMILLION, BLUE)
        low, high = np.expm1(shown["price_effect"] - half), np.expm1(shown["price_effect"] + half)
        axes.hlines(places, low, high, colors=colours.tolist(), lw=2)
        axes.scatter(np.expm1(shown["price_effect"]), places, c=colours.tolist(), s=26, zorder=3)
        axes.axvline(0, color=INK, lw=1)
        axes.set_yticks(places, [shorten(name) for name in names])
        axes.xaxis.set_major_formatter(percent)
        axes.set_xlabel("Price against peers for the same product, quantity and month")
        axes.grid(visible=False, axis="y")
        axes.margins(y=0.02)
        headline(axes, message)
    alt = f"Price paid against peers, with 90% intervals. {message}. "
    if len(known):
        alt += (
            f"Least: {shorten(names.iloc[-1])} {percent(np.expm1(known['price_effect'].iloc[0]))}; "
            f"most: {shorten(names.iloc[0])} {percent(np.expm1(known['price_effect'].iloc[-1]))}."
        )
    return figure, alt


def room_to_grow(accounts: pd.DataFrame, *, currency: str, labels: int = 6) -> tuple[Figure, str]:
    """Draw margin against head-room: who could buy much more from us at a margin worth having.

    Parameters
    ----------
    accounts : pd.DataFrame
        `account_id`, `head_room`, `margin_rate`, `net_sales_12m`, `wallet_source`; `name` where
        known.
    currency : str
        Code shown on the axis.
    labels : int, default 6
        How many of those with most to win are named.
    """
    shown = accounts[(accounts["head_room"] > 0) & accounts["margin_rate"].notna()]
    shown = shown[shown["net_sales_12m"] > 0]
    prize = shown["head_room"] * shown["margin_rate"].clip(lower=0)
    total = float(shown["head_room"].sum())
    message = f"{len(shown)} accounts buy {short_number(total)} {currency} a year elsewhere"
    names = shown.get("name", shown["account_id"]).fillna(shown["account_id"])
    with look():
        figure, (axes,) = canvas(8.0, 4.4)
        for source, colour, marker in (
            ("estimated", MUTED, "o"),
            ("assumed", ORANGE, "s"),
            ("given", BLUE, "D"),
        ):
            mine = shown["wallet_source"] == source
            if mine.any():
                axes.scatter(
                    shown.loc[mine, "head_room"],
                    shown.loc[mine, "margin_rate"],
                    c=colour,
                    marker=marker,
                    s=22,
                    alpha=0.8,
                    label=f"wallet {source}",
                )
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(short_number)
        axes.yaxis.set_major_formatter(percent)
        axes.set_xlabel(f"Head-room: bought elsewhere, {currency} a year")
        axes.set_ylabel("Gross margin rate")
        if len(shown):
            axes.legend(loc="lower left", fontsize=8.5)
        headline(axes, message)
        places = shown[["head_room", "margin_rate"]]
        points = [
            (*places.loc[row], shorten(names[row], 24)) for row in prize.nlargest(labels).index
        ]
        name_points(axes, points, among=places.to_numpy(float))
    first = ", ".join(shorten(names[row], 22) for row in prize.nlargest(3).index)
    return figure, f"Scatter of head-room and margin. {message}. Most to win: {first or 'nobody'}."


def rhythm(accounts: pd.DataFrame) -> tuple[Figure, str]:
    """Draw how regular accounts order and in which month the seasonal ones peak.

    Parameters
    ----------
    accounts : pd.DataFrame
        `regularity`, `peak_month`, `season_p`; missing values are left out.
    """
    regular = accounts["regularity"].dropna().clip(upper=8)
    seasonal = accounts.loc[accounts["season_p"] < 0.05, "peak_month"].dropna().astype(int)
    judged = int(accounts["season_p"].notna().sum())
    steady = float((regular >= 1.5).mean()) if len(regular) else 0.0
    message = (
        f"{percent(steady)} of accounts order in a rhythm; "
        f"{len(seasonal)} of {judged} have a season"
    )
    with look():
        figure, (left, right) = canvas(8.0, 3.3, columns=2)
        left.hist(regular, bins=16, range=(0, 8), color=BLUE)
        left.axvline(1, color=INK, lw=1, ls="--")
        left.set_xlabel("Regularity (1: at random)")
        left.set_ylabel("Accounts")
        counts = seasonal.value_counts().reindex(range(1, 13), fill_value=0)
        right.bar(range(1, 13), counts, color=ORANGE)
        right.set_xticks(range(1, 13), list("JFMAMJJASOND"))
        right.set_xlabel("Month in which seasonal accounts peak")
        figure.suptitle(message, x=0.01, ha="left", fontweight="bold", fontsize=12)
        left.set_title("Rhythm", fontsize=10)
        right.set_title("Season", fontsize=10)
    return figure, f"Histograms of regularity and of peak months. {message}."
