"""Who reports to whom, drawn as a tree without any program but matplotlib?"""

import pandas as pd
from matplotlib.figure import Figure

from kamlab.charts.style import BLUE, INK, MUTED, VERMILLION, canvas, headline, look, shorten

_WIDE = 24  # people side by side that can still be read
_MOST_PEOPLE = 120  # that can be drawn at all


def organisation(
    people: pd.DataFrame, figures: pd.Series | None = None, *, message: str
) -> tuple[Figure, str]:
    """Draw the reporting line as a tree, the top above; who is in a loop stands apart, in red.

    Parameters
    ----------
    people : pd.DataFrame
        As `reporting.ReportingLine.people`: `manager_id`, `role`, `reports_to`, `steps`, `path`.
    figures : pd.Series of str, optional
        A word under each person, by manager_id, such as its accounts.
    message : str
        Title: what the reader should see.

    Notes
    -----
    Leaves stand side by side in the order of their ids, and each superior above the middle of its
    reports, which is the layout of Reingold and Tilford for trees whose leaves share a level. Of
    very many people only the levels from the top that hold 120 at most are drawn.
    """
    everybody = len(people)
    people = _upper(people)
    places, depth, outside = _places(people)
    width = max((x for x, _ in places.values()), default=0.0) + 1
    small = width > _WIDE
    with look():
        figure, (axes,) = canvas(min(9.5, max(6.0, 0.66 * width)), 1.0 + 0.8 * (depth + 1))
        for row in people.itertuples(index=False):
            x, y = places[row.manager_id]
            lost = row.manager_id in outside
            superior = row.reports_to
            if not lost and superior in places and superior not in outside:
                above = places[superior]
                middle = (y + above[1]) / 2
                line = ([x, x, above[0], above[0]], [y + 0.2, middle, middle, above[1] - 0.28])
                axes.plot(*line, color=MUTED, lw=1)
            colour = VERMILLION if lost else BLUE if row.steps == row.steps else VERMILLION
            axes.plot([x], [y + 0.1], "o", color=colour, ms=5)
            text = shorten(row.manager_id, 14)
            if figures is not None and row.manager_id in figures.index:
                text += f"\n{figures[row.manager_id]}"
            axes.annotate(
                text,
                (x, y),
                ha="right" if small else "center",
                va="top",
                fontsize=6.5 if small else 7.5,
                rotation=60 if small else 0,
                color=INK,
            )
        axes.set_xlim(-0.7, width - 0.3)
        axes.set_ylim(-depth - 0.75, 0.5)
        axes.set_axis_off()
        headline(axes, message)
    left = everybody - len(people)
    below = f"Levels below these, {left:,} people, are not drawn." if left else ""
    told = f"Tree of who reports to whom. {message}. {_said(people, outside)}"
    return figure, f"{told} {below}".strip()


def _upper(people: pd.DataFrame) -> pd.DataFrame:
    """Give the levels from the top down that can be drawn, as many as there is room for."""
    if len(people) <= _MOST_PEOPLE:
        return people
    places = _places(people)[0]
    level = people["manager_id"].map({one: -y for one, (_, y) in places.items()})
    drawn = level <= 0
    while (more := level <= level[drawn].max() + 1).sum() <= _MOST_PEOPLE:
        drawn = more
    return people[drawn].head(_MOST_PEOPLE)


def _places(
    people: pd.DataFrame,
) -> tuple[dict[str, tuple[float, float]], int, set[str]]:
    """Give each person a place: x by its leaves, y by its steps below the top of its own tree."""
    known = set(people["manager_id"])
    above = dict(zip(people["manager_id"], people["reports_to"], strict=True))
    tops = [one for one in above if above[one] not in known]
    below: dict[str, list[str]] = {}
    for one in sorted(above):
        below.setdefault(above[one], []).append(one)
    places: dict[str, tuple[float, float]] = {}
    edge, deepest = 0.0, 0

    # people are few and lines short; a stack keeps a deep line from ending the interpreter
    for top in sorted(tops):
        stack = [(top, 0, False)]
        while stack:
            one, level, done = stack.pop()
            reports = below.get(one, [])
            deepest = max(deepest, level)
            if done:
                xs = [places[report][0] for report in reports]
                places[one] = ((min(xs) + max(xs)) / 2, -level)
            elif reports:
                stack.append((one, level, True))
                stack += [(report, level + 1, False) for report in reversed(reports)]
            else:
                places[one] = (edge, -level)
                edge += 1
    outside = known - set(places)
    for one in sorted(outside):
        places[one] = (edge, 0.0)
        edge += 1
    return places, deepest, outside


def _said(people: pd.DataFrame, outside: set[str]) -> str:
    """Say in words who is where."""
    spans = people["reports_to"].value_counts()
    tops = people.loc[people["reports_to"].isna(), "manager_id"].tolist()
    widest = f"the widest span is {spans.iloc[0]} ({spans.index[0]})" if len(spans) else ""
    lost = f"; in a loop: {', '.join(sorted(outside))}" if outside else ""
    top = f"at the top {', '.join(map(str, tops))}" if tops else "nobody is at the top"
    return f"{len(people)} people, {top}{'; ' + widest if widest else ''}{lost}."
