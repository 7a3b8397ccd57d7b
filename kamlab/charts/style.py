"""One look for every figure: sizes, colours that keep their meaning, numbers that read well."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from cycler import cycler
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette, ordered so that neighbours differ in lightness too (greyscale print).
INK = "#1f2933"
MUTED = "#7b8794"
GRID = "#e4e7eb"
BLUE = "#0072b2"
VERMILLION = "#d55e00"
GREEN = "#009e73"
SKY = "#56b4e9"
ORANGE = "#e69f00"
PURPLE = "#cc79a7"
PALETTE = (BLUE, ORANGE, GREEN, VERMILLION, SKY, PURPLE)

# A category keeps its colour and its marker from chart to chart.
CLASS_COLOURS = {
    "key account": BLUE,
    "volume without profit": VERMILLION,
    "small but rich": GREEN,
    "standard": "#9aa5b1",
    "margin unknown": ORANGE,
}
CLASS_MARKERS = {
    "key account": "o",
    "volume without profit": "X",
    "small but rich": "^",
    "standard": ".",
    "margin unknown": "s",
}

# Fonts for the names which the default one cannot draw, by script, in the order of preference.
OTHER_FONTS = {
    "Chinese, Japanese, Korean": (
        "Noto Sans CJK SC",
        "Source Han Sans SC",
        "WenQuanYi Micro Hei",
        "PingFang SC",
        "Microsoft YaHei",
        "SimHei",
    ),
    "Thai": ("Noto Sans Thai", "Leelawadee UI", "Thonburi", "Loma"),
    "Devanagari": ("Noto Sans Devanagari", "Nirmala UI", "Kohinoor Devanagari", "Lohit Devanagari"),
}


def fonts() -> list[str]:
    """Name the fonts to draw with: the default one, then the first installed one of each script.

    The default font has Latin, Cyrillic, Greek, Hebrew and Arabic letters. Letters for which no
    font is installed show as boxes; `kamlab.studies` says so below the chart.

    Returns
    -------
    list of str
    """
    installed = set(font_manager.get_font_names())
    found = [
        next((name for name in names if name in installed), None) for names in OTHER_FONTS.values()
    ]
    return ["DejaVu Sans", *[name for name in found if name]]


def has_cjk_font() -> bool:
    """Tell whether Chinese, Japanese and Korean names can be drawn here."""
    return bool(set(fonts()) & set(OTHER_FONTS["Chinese, Japanese, Korean"]))


@contextmanager
def look() -> Iterator[None]:
    """Draw in the house style inside this block, and leave matplotlib's settings as they were."""
    settings: dict[Any, Any] = {
        "font.family": fonts(),
        "font.size": 10,
        "text.color": INK,
        "axes.edgecolor": MUTED,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.titlelocation": "left",
        "axes.titleweight": "bold",
        "axes.titlesize": 12,
        "axes.titlepad": 12,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": GRID,
        "grid.linewidth": 0.8,
        "xtick.color": INK,
        "ytick.color": INK,
        "figure.dpi": 110,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "legend.frameon": False,
        "axes.prop_cycle": cycler(color=PALETTE),
    }
    with mpl.rc_context(settings):
        yield


def canvas(width: float = 8.0, height: float = 4.2, columns: int = 1) -> tuple[Figure, list[Axes]]:
    """Make a figure that belongs to no global state, with one row of axes.

    Parameters
    ----------
    width, height : float
        Size in inches.
    columns : int
        How many axes stand side by side.
    """
    figure = Figure(figsize=(width, height), layout="constrained")
    axes = figure.subplots(1, columns, squeeze=False)[0]
    return figure, list(axes)


def headline(axes: Axes, message: str) -> None:
    """Set a chart's message as its title, wrapped where the figure ends."""
    axes.set_title(message, wrap=True)


def short_number(value: float, _position: object = None) -> str:
    """Write a number as a person reads it: 1,234 · 56 k · 7.8 M.

    Parameters
    ----------
    value : float
        Any number; NaN gives an en dash.

    Examples
    --------
    >>> [short_number(v) for v in (0, 950, -56300, 7_840_000, 1.2e9)]
    ['0', '950', '−56 k', '7.8 M', '1.2 bn']
    """
    if not math.isfinite(value):
        return "–"
    sign, size = ("−" if value < 0 else ""), abs(value)
    for factor, unit in ((1e9, " bn"), (1e6, " M"), (1e3, " k")):
        if size >= factor * 0.9995:
            scaled = size / factor
            return f"{sign}{scaled:.{0 if scaled >= 9.95 else 1}f}".removesuffix(".0") + unit
    digits = 0 if size >= 10 or size == int(size) else (1 if size >= 1 else 2)
    return f"{sign}{size:.{digits}f}"


def percent(value: float, _position: object = None) -> str:
    """Write a share between −1 and 1 as a percentage.

    Examples
    --------
    >>> percent(0.873), percent(-0.02), percent(0.004)
    ('87%', '−2%', '0.4%')
    """
    if not math.isfinite(value):
        return "–"
    points = abs(value) * 100
    digits = 1 if 0 < points < 0.95 else 0
    return f"{'−' if value < 0 and points > 0 else ''}{points:.{digits}f}%"


def shorten(name: object, limit: int = 28) -> str:
    """Cut a name that would not fit beside a bar, with an ellipsis.

    Examples
    --------
    >>> shorten("A very long company name indeed, Ltd", 16)
    'A very long com…'
    """
    text = " ".join(str(name).split()).replace("$", r"\$")
    return text if len(text) <= limit else text[: limit - 1] + "…"
