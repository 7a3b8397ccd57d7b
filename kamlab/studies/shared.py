"""What do the pages of one run share, so that it is read and worked out once?"""

import os
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

import pandas as pd

from kamlab.studies.notebook import Study

# set by a run that makes one page for each key: its kernel keeps what pages share until it ends
WARM = "KAMLAB_EACH"
T = TypeVar("T")
_KEPT: dict[str, Any] = {}


def once(name: str, make: Callable[..., T], *given: Any, **named: Any) -> T:  # noqa: ANN401
    """Make something once for all pages of a run; elsewhere, as in JupyterLab, make it anew.

    Parameters
    ----------
    name : str
        What it is; the same for all pages of a study.
    make : callable
        Makes it from the other arguments, which must not differ from page to page.

    Returns
    -------
    object
        What was made; pages must not change it.

    Examples
    --------
    >>> once("a sum", sum, [1, 2])
    3
    """
    if not os.environ.get(WARM):
        return make(*given, **named)
    if name not in _KEPT:
        _KEPT[name] = make(*given, **named)
    found: T = _KEPT[name]
    return found


def published_tables(
    study: Study, reads: Mapping[str, tuple[str, str]]
) -> dict[str, pd.DataFrame | None]:
    """Read tables that other studies published for the same day and data.

    Parameters
    ----------
    study : Study
        Knows day, data and where studies are published.
    reads : mapping of str to tuple of str
        Name here to study and table.

    Returns
    -------
    dict of str to pd.DataFrame or None
        None where nothing that fits is published.
    """
    return {name: study.other(*place) for name, place in reads.items()}
