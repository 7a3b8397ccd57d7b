"""What becomes of a result when an analyst moves a number? Sliders in JupyterLab, tables elsewhere.

A published page shows the result as it stands: no slider, no state and no script of a widget is in
it.
"""

import html
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kamlab.studies.notebook import Study
from kamlab.studies.tables import Format, html_table

if TYPE_CHECKING:
    from ipywidgets import HTML, FloatSlider


@dataclass(frozen=True, slots=True)
class View:
    """How one table of a result is shown.

    Attributes
    ----------
    table : str
        Attribute of the result that holds it.
    caption : str
    formats : mapping of column to format
    limit : int
        Rows shown at most.
    """

    table: str
    caption: str
    formats: Mapping[str, Format]
    limit: int = 50


@dataclass(frozen=True, slots=True)
class Board:
    """Sliders that are shown, and where their result stands.

    Attributes
    ----------
    sliders : dict of str to ipywidgets.FloatSlider
    area : ipywidgets.HTML
        The tables of the newest answer, or what was wrong with the numbers.
    """

    sliders: "dict[str, FloatSlider]"
    area: "HTML"


def board(
    study: Study,
    starts: Mapping[str, float],
    answer: Callable[[Mapping[str, float]], Any],
    views: list[View],
) -> Board | None:
    """Show a result with sliders that make it anew, or the result alone.

    Parameters
    ----------
    study : Study
        Where it writes tables (`out`), as every published run does, the result stands alone.
    starts : mapping of str to float
        Name of each slider and where it begins, 0 to 1.
    answer : callable
        Takes the numbers by name, gives a result that holds the tables; a ValueError it raises is
        shown in its words.
    views : list of View
        The tables shown, in order.

    Returns
    -------
    Board or None
        None where there are no sliders.
    """
    made = answer(starts)
    live = _widgets() if study.out is None else None
    if live is None:
        for view in views:
            study.show(
                getattr(made, view.table), view.caption, formats=view.formats, limit=view.limit
            )
        study.note(
            "In JupyterLab sliders stand here that move the numbers."
            if study.out is not None
            else "Sliders to move the numbers need JupyterLab with the package ipywidgets."
        )
        return None
    from IPython.display import display

    sliders = {
        name: live.FloatSlider(
            value=start,
            min=0.0,
            max=1.0,
            step=0.05,
            description=name,
            continuous_update=False,
            style={"description_width": "12em"},
            layout={"width": "32em"},
        )
        for name, start in starts.items()
    }
    area = live.HTML(_drawn(made, views))

    def moved(_change: object) -> None:
        try:
            drawn = _drawn(answer({name: one.value for name, one in sliders.items()}), views)
        except ValueError as error:
            drawn = f"<p>{html.escape(str(error))}</p>"
        area.value = drawn

    for slider in sliders.values():
        slider.observe(moved, names="value")
    display(live.VBox([*sliders.values(), area]))
    return Board(sliders, area)


def _widgets() -> Any | None:  # noqa: ANN401  a module
    """Give ipywidgets where it is installed and a kernel runs."""
    try:
        import ipywidgets
        from IPython import get_ipython
    except ImportError:
        return None
    shell = get_ipython()
    return ipywidgets if shell is not None and hasattr(shell, "kernel") else None


def _drawn(made: object, views: list[View]) -> str:
    """Draw the tables of a result."""
    return "".join(
        html_table(
            getattr(made, view.table), caption=view.caption, formats=view.formats, limit=view.limit
        )
        for view in views
    )
