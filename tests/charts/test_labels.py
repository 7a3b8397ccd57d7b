"""Names in charts: none over another, none cut, none drawn as boxes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.charts import labels, style

NAMES = ["Elmwood & Sons Dairy GmbH", "软包装有限公司上海分公司", "Łódź Opakowania", "A"]
PLACES = st.lists(
    st.tuples(st.floats(0, 1), st.floats(0, 1), st.sampled_from(NAMES)), min_size=1, max_size=14
)


def _axes():
    figure, (axes,) = style.canvas(6, 4)
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    return figure, axes


@settings(max_examples=15)
@given(PLACES)
def test_names_never_overlap_and_stay_inside(require_part, points):
    require_part(style.has_cjk_font(), "a font with Chinese characters")
    with style.look():
        figure, axes = _axes()
        axes.scatter(*zip(*[point[:2] for point in points], strict=True))
        written = labels.name_points(axes, points)
        figure.draw_without_rendering()  # a missing glyph would warn, and warnings are errors
    boxes = [note.get_window_extent() for note in axes.texts]
    room = axes.get_window_extent().padded(1)

    assert written == len(boxes) >= 1
    assert all(room.contains(*box.min) and room.contains(*box.max) for box in boxes)
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])


def test_the_most_important_names_come_first_up_to_the_limit():
    _, axes = _axes()
    points = [(0.5, 0.5, f"name {i}") for i in range(9)]

    assert labels.name_points(axes, points, limit=3) == 3
    assert [note.get_text() for note in axes.texts] == ["name 0", "name 1", "name 2"]


def test_points_without_a_place_have_no_name():
    _, axes = _axes()

    assert labels.name_points(axes, [(np.nan, 0.5, "lost"), (0.5, 0.5, "here")]) == 1
    assert labels.name_points(axes, []) == 0


@given(st.lists(st.floats(0, 300), min_size=1, max_size=8))
def test_line_ends_are_spread_in_their_order(heights):
    heights = np.array(heights)
    spread = labels._spread(heights, 10)
    order = np.argsort(heights, kind="stable")

    assert np.all(np.diff(spread[order]) >= 10 - 1e-6)
    assert np.mean(spread) == pytest.approx(np.mean(heights))


def test_lines_that_end_together_are_named_apart():
    with style.look():
        figure, axes = _axes()
        ends = [(1, 0.5, "one", "red"), (1, 0.5, "two", "blue"), (1, 0.51, "three", "green")]
        labels.name_lines(axes, ends)
        figure.draw_without_rendering()
    boxes = [note.get_window_extent() for note in axes.texts]

    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
