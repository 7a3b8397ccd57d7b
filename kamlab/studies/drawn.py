"""How are the words of a chart said in another language?"""

from functools import partial
from typing import TYPE_CHECKING, Any

from kamlab.studies.translate import said, said_label

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure
    from matplotlib.text import Text

_ROOM = 0.9  # of the figure's width that a line of its title may take


def translate_figure(figure: "Figure", language: str) -> None:
    """Say titles, labels, ticks and remarks of a chart in a language, before it is drawn.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        It is changed. Names and numbers stay as they are.
    language : str
        Code; in English labels lose nothing but the place of a unit that is not known.
    """
    for axes in figure.axes:
        for label in (axes.title, axes.xaxis.label, axes.yaxis.label):
            label.set_text(said_label(label.get_text(), language))
    if language.startswith("en"):
        return
    from matplotlib.text import Text

    for axes in figure.axes:
        for axis in (axes.xaxis, axes.yaxis):
            _translate_ticks(axis, language)
    for text in figure.findobj(Text):
        shown = text.get_text()
        meant = said_lines(shown, language)
        if meant != shown:
            text.set_text(_folded(meant, text, figure) if text.get_wrap() else meant)


def said_lines(text: str, language: str) -> str:
    """Say a text as a whole where it is known, else each of its lines."""
    whole = said(text, language)
    if whole != text or "\n" not in text:
        return whole
    return "\n".join(said(line, language) for line in text.split("\n"))


def _translate_ticks(axis: "Axis", language: str) -> None:
    """Say what stands at an axis' ticks, where it is words rather than numbers."""
    from matplotlib.category import StrCategoryFormatter
    from matplotlib.ticker import FixedFormatter, FuncFormatter

    for get, put in (
        (axis.get_major_formatter, axis.set_major_formatter),
        (axis.get_minor_formatter, axis.set_minor_formatter),
    ):
        form: Any = get()
        if isinstance(form, FixedFormatter):
            form.seq = [said_lines(str(label), language) for label in form.seq]
        elif isinstance(form, StrCategoryFormatter | FuncFormatter):
            put(FuncFormatter(partial(_ticked, form=form, language=language)))


def _ticked(value: float, place: int, *, form: Any, language: str) -> str:  # noqa: ANN401
    """Say what a formatter writes at a tick."""
    return said_lines(str(form(value, place)), language)


def _folded(text: str, shown: "Text", figure: "Figure") -> str:
    """Break a long line where the figure ends: Chinese has no spaces at which it would wrap."""
    width = figure.get_figwidth() * 72 * _ROOM / max(len(figure.axes), 1)
    letters = max(int(width / float(shown.get_fontsize())), 8)
    lines, line, room = [], "", float(letters)
    for letter in text:
        room -= 1.0 if ord(letter) > 0x2E7F else 0.6
        if room < 0 and letter not in "，。；：、）":
            lines.append(line)
            line, room = "", float(letters)
        line += letter
    return "\n".join([*lines, line])
