"""How is the load shared, who serves which region, does load matter, does a department pay?"""

from collections import Counter
from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from kamlab.charts.style import (
    BLUE,
    INK,
    MUTED,
    canvas,
    headline,
    look,
    percent,
    short_number,
    shorten,
)

_MOST_MANAGERS, _MOST_COLUMNS = 40, 16  # below each other, and side by side, that can be read


def _called(ids: Iterable[object], names: Mapping[str, object] | None) -> list[str]:
    """Call managers by name, those without one by their number, and namesakes by both."""
    known = {one: str(name) for one, name in (names or {}).items() if pd.notna(name) and str(name)}
    twice = {name for name, times in Counter(known.values()).items() if times > 1}
    called = {one: f"{name} ({one})" if name in twice else name for one, name in known.items()}
    return [shorten(called.get(str(one), str(one)), 24) for one in ids]


def load(
    before: pd.DataFrame,
    after: pd.DataFrame,
    *,
    message: str,
    names: Mapping[str, object] | None = None,
) -> tuple[Figure, str]:
    """Draw the accounts of each manager before and after, with capacity as a mark.

    Parameters
    ----------
    before, after : pd.DataFrame
        `manager_id`, `accounts`, `capacity`.
    message : str
        Title: what the reader should see.
    names : mapping of str to str, optional
        What managers are called, by `manager_id`; else their numbers stand.
    """
    both = after.merge(before[["manager_id", "accounts"]], on="manager_id", suffixes=("", "_was"))
    everybody = len(both)
    moved = (both["accounts"] - both["accounts_was"]).abs()
    both = both.assign(moved=moved).sort_values(["moved", "accounts", "manager_id"])
    if everybody > _MOST_MANAGERS:  # those without any account then or now say nothing
        both = both[both["accounts"] + both["accounts_was"] > 0].tail(_MOST_MANAGERS)
    both = both.sort_values("accounts", kind="stable").reset_index(drop=True)
    both["called"] = _called(both["manager_id"], names)
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
        axes.set_ylim(-0.7, max(len(both), 1) - 0.3)
        axes.set_yticks(places, both["called"].tolist())
        axes.set_xlabel("Key accounts after (blue) and today (grey); the mark is what can be done")
        if len(both) < everybody:
            axes.set_ylabel(f"The {len(both)} of {everybody:,} managers whose load changes most")
        axes.grid(visible=False, axis="y")
        headline(axes, message)
    said = ". ".join(
        f"{row.called} looks after {row.accounts} of at most {row.capacity:g}, "
        f"{row.accounts_was:.0f} today"
        for row in both.iloc[::-1].itertuples(index=False)
    )
    return figure, f"Key accounts by manager. {message}. {said}."


def assignment_map(
    assigned: pd.DataFrame,
    regions: pd.Series,
    *,
    message: str,
    names: Mapping[str, object] | None = None,
) -> tuple[Figure, str]:
    """Draw how many key accounts of each region each manager has; home regions are framed.

    Parameters
    ----------
    assigned : pd.DataFrame
        One row an account: `manager_id` (missing: nobody) and `region` (missing: unknown).
    regions : pd.Series of str
        Home region by manager_id; missing where unknown.
    message : str
        Title: what the reader should see.
    names : mapping of str to str, optional
        What managers are called, by `manager_id`; else their numbers stand.
    """
    kinds = assigned[["manager_id", "region"]].astype(object).set_axis(["manager", "place"], axis=1)
    rows = kinds.fillna({"manager": "nobody", "place": "unknown"})
    counts = pd.crosstab(rows["place"], rows["manager"])
    home = regions.reindex(counts.columns)
    everybody = counts.shape[1]
    most = counts.sum().sort_values(kind="stable").tail(_MOST_COLUMNS).index
    counts = counts.loc[counts[most].any(axis=1), most]
    order = sorted(counts.columns, key=lambda one: (one == "nobody", str(home[one]), str(one)))
    counts, called = counts[order], _called(order, names)
    with look():
        figure, (axes,) = canvas(1.9 + 0.62 * len(order), 1.5 + 0.42 * len(counts))
        axes.imshow(counts.to_numpy(float), cmap="Blues", aspect="auto", vmin=0)
        most = counts.to_numpy().max()
        for line, (place, values) in enumerate(counts.iterrows()):
            for column, (manager, value) in enumerate(values.items()):
                if value:
                    colour = "white" if value > 0.6 * most else INK
                    axes.text(column, line, str(value), ha="center", va="center", color=colour)
                if home.get(manager) == place:
                    corner = (column - 0.5, line - 0.5)
                    axes.add_patch(Rectangle(corner, 1, 1, fill=False, edgecolor=INK, lw=1.6))
        axes.set_xticks(range(len(order)), called, rotation=45, ha="right")
        axes.set_yticks(range(len(counts)), [str(one) for one in counts.index])
        axes.set_xlabel("Manager; the frame is the manager's own region")
        if counts.shape[1] < everybody:
            axes.set_xlabel(
                f"The {counts.shape[1]} of {everybody:,} managers with most key accounts; "
                "the frame is the manager's own region"
            )
        axes.set_ylabel("Region of the account")
        axes.grid(visible=False)
        headline(axes, message)
    said = "; ".join(
        f"{name}: "
        + ", ".join(f"{counts.at[place, manager]} {place}" for place in counts.index
                    if counts.at[place, manager])
        for manager, name in zip(order, called, strict=True)
    )  # fmt: skip
    return figure, f"Key accounts by region and manager. {message}. {said}."


def load_outcome(
    table: pd.DataFrame,
    slope: float,
    *,
    message: str,
    per_manager: int = 9,
    names: Mapping[str, object] | None = None,
) -> tuple[Figure, str]:
    """Draw what share of its accounts each manager kept, by load, with intervals and the line.

    Parameters
    ----------
    table : pd.DataFrame
        As `load_effect.outcomes_by_manager` returns.
    slope : float
        Change of the share for one more account; missing draws no line.
    message : str
        Title: what the reader should see.
    per_manager : int, default 9
        Load that is asked about; marked.
    names : mapping of str to str, optional
        What managers are called in the alt text, by `manager_id`.
    """
    with look():
        figure, (axes,) = canvas(7.0, 3.6)
        error = np.array([table["shrunken"] - table["low"], table["high"] - table["shrunken"]])
        axes.errorbar(
            table["load"], table["shrunken"], yerr=error, fmt="o", color=BLUE, lw=1.2, ms=5
        )
        if slope == slope:
            ends = np.array([table["load"].min(), table["load"].max()], dtype=float)
            centre = np.average(table["load"], weights=table["load"])
            middle = np.average(table["kept_share"], weights=table["load"])
            axes.plot(ends, middle + slope * (ends - centre), color=MUTED, lw=1.5, ls="--")
        axes.axvline(per_manager, color=INK, lw=1, ls=":")
        axes.yaxis.set_major_formatter(percent)
        axes.set_xlabel("Accounts of the manager that bought the year before (dotted: the plan)")
        axes.set_ylabel("Kept in the last year")
        headline(axes, message)
    said = "; ".join(
        f"{name} {row.load} accounts, {row.shrunken:.0%} ({row.low:.0%} to {row.high:.0%})"
        for name, row in zip(
            _called(table["manager_id"], names), table.itertuples(index=False), strict=True
        )
    )
    return figure, f"Share of accounts kept by load of the manager. {message} {said}."


def break_even_curve(
    curve: pd.DataFrame, break_even: float, *, currency: str, message: str
) -> tuple[Figure, str]:
    """Draw what a department leaves by number of accounts, and from where on it pays.

    Parameters
    ----------
    curve : pd.DataFrame
        As `department.BreakEven.curve`: `accounts`, `net`, `mean`.
    break_even : float
        Number of accounts from which on it pays if each brought the mean; infinite draws no mark.
    currency : str
    message : str
        Title: what the reader should see.
    """
    with look():
        figure, (axes,) = canvas(7.0, 3.4)
        axes.plot(curve["accounts"], curve["net"], color=BLUE, lw=2, label="the best first")
        axes.plot(
            curve["accounts"], curve["mean"], color=MUTED, lw=1.5, ls="--", label="each the mean"
        )
        axes.axhline(0, color=INK, lw=0.8)
        if break_even <= curve["accounts"].max():
            axes.axvline(break_even, color=INK, lw=1, ls=":")
        axes.yaxis.set_major_formatter(short_number)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.set_xlabel("Key accounts looked after (dotted: K* = F / (v − c))")
        axes.set_ylabel(f"Left a year ({currency})")
        axes.legend(fontsize=8.5)
        headline(axes, message)
    best = curve.loc[curve["net"].idxmax()]
    return figure, (
        f"What a department for key accounts leaves a year by number of accounts. {message} "
        f"At most {short_number(best['net'])} {currency} with {best['accounts']:.0f} accounts."
    )
