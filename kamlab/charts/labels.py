"""Where does a name stand so that it can be read and shows whose it is?"""

from collections.abc import Iterable, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.text import Annotation
from matplotlib.transforms import Bbox

from kamlab.charts.style import INK, MUTED

# where a name may stand about its point: points to the right and up, and how it is aligned
_PLACES = [
    (reach * x, reach * y)
    for reach in (6, 14, 26, 40)
    for x, y in ((1, 0.6), (-1, 0.6), (1, -0.6), (-1, -0.6), (0, 1), (0, -1))
]
_SIDE = {1: "left", 0: "center", -1: "right"}
_RISE = {1: "bottom", 0: "center", -1: "top"}


def name_points(
    axes: Axes,
    points: Iterable[tuple[float, float, str]],
    *,
    among: np.ndarray | None = None,
    size: float = 8,
    limit: int | None = None,
) -> int:
    """Write names beside points, none over another, none cut by the edge of the axes.

    Call it last, when limits, scales and labels are set. A name takes the nearest place at which
    it covers no other name and the fewest points; where it stands apart, a thin line leads to it.
    A name for which there is no room is left out: the chart's table has it.

    Parameters
    ----------
    axes : Axes
        Whose points are named.
    points : iterable of tuple
        x, y and the name, the most important first.
    among : np.ndarray of shape (n_points, 2), optional
        x and y of all points, those without a name too.
    size : float, default 8
        Of the letters, in points.
    limit : int, optional
        Names at the most.

    Returns
    -------
    int
        How many names were written.
    """
    figure = axes.get_figure(root=True)
    wanted = [point for point in points if np.isfinite(point[:2]).all()]
    if figure is None or not wanted:
        return 0
    figure.draw_without_rendering()
    room = axes.get_window_extent()
    named = _on_screen(axes, [point[:2] for point in wanted])
    marks = named if among is None else _on_screen(axes, among)
    taken: list[Bbox] = []
    for x, y, name in wanted:
        if limit is not None and len(taken) >= limit:
            break
        best: tuple[int, Annotation, Bbox] | None = None
        for dx, dy in _PLACES:
            note = _note(axes, name, (x, y), (dx, dy), size)
            box = note.get_window_extent().padded(1.5)
            note.remove()
            outside = not (room.contains(*box.min) and room.contains(*box.max))
            if outside or any(box.overlaps(other) for other in taken):
                continue
            covered = int(np.sum(_inside(box, marks)))
            if best is None or covered < best[0]:
                best = (covered, note, box)
            if covered == 0:
                break
        if best is not None:
            axes.add_artist(best[1])
            taken.append(best[2])
    return len(taken)


def _on_screen(axes: Axes, points: Sequence[tuple[float, float]] | np.ndarray) -> np.ndarray:
    """Give the places of points on the canvas."""
    return np.asarray(axes.transData.transform(np.asarray(points, float).reshape(-1, 2)))


def _inside(box: Bbox, places: np.ndarray) -> np.ndarray:
    """Tell which places a box covers."""
    low, high = np.asarray(box.min), np.asarray(box.max)
    return np.asarray(((places >= low) & (places <= high)).all(axis=1))


def _note(
    axes: Axes, name: str, point: tuple[float, float], shift: tuple[float, float], size: float
) -> Annotation:
    """Write a name at a distance from its point, with a line if it stands apart."""
    apart = max(map(abs, shift)) > 14
    return axes.annotate(
        name,
        point,
        xytext=shift,
        textcoords="offset points",
        ha=_SIDE[int(np.sign(shift[0]))],
        va=_RISE[int(np.sign(shift[1]))],
        fontsize=size,
        color=INK,
        arrowprops={"arrowstyle": "-", "color": MUTED, "lw": 0.6, "shrinkB": 2} if apart else None,
    )


def name_lines(
    axes: Axes, ends: Iterable[tuple[float, float, str, str]], *, size: float = 8.5
) -> None:
    """Write the names of lines at their right ends, spread so that none stands on another.

    Call it last. Lines that end together have their names one below the other, in the order of
    their ends.

    Parameters
    ----------
    axes : Axes
        Whose lines are named.
    ends : iterable of tuple
        x and y of the end, the name and its colour.
    size : float, default 8.5
        Of the letters, in points.
    """
    figure = axes.get_figure(root=True)
    lines = list(ends)
    if figure is None or not lines:
        return
    figure.draw_without_rendering()
    heights = _on_screen(axes, [line[:2] for line in lines])[:, 1] * 72 / figure.dpi
    spread = _spread(heights, 1.25 * size)
    for (x, y, name, colour), at, natural in zip(lines, spread, heights, strict=True):
        axes.annotate(
            name,
            (x, y),
            xytext=(5, float(at - natural)),
            textcoords="offset points",
            va="center",
            fontsize=size,
            color=colour,
            fontweight="bold",
            annotation_clip=False,
        )


def _spread(heights: np.ndarray, gap: float) -> np.ndarray:
    """Move heights apart until each is a gap from the next, as little as that takes in all.

    Least squares under an order is isotonic regression on the heights less their place's share.

    Examples
    --------
    >>> _spread(np.array([10.0, 11.0, 50.0]), 6).round(1).tolist()
    [7.5, 13.5, 50.0]
    """
    order = np.argsort(heights, kind="stable")
    steps = gap * np.arange(len(heights))
    blocks: list[list[float]] = []
    for value in heights[order] - steps:
        blocks.append([float(value)])
        while len(blocks) > 1 and np.mean(blocks[-2]) > np.mean(blocks[-1]):
            last = blocks.pop()
            blocks[-1] += last
    level = np.concatenate([np.full(len(block), np.mean(block)) for block in blocks])
    spread = np.empty(len(heights))
    spread[order] = level + steps
    return spread
