"""Are the settings of a mapping's block of the right kind?"""

import math

from kamlab.errors import UsageError
from kamlab.sources.keys import only_known
from kamlab.sources.schema import TABLES


def check_settings(options: dict, place: str) -> None:
    """Check the types of a block's settings.

    Raises
    ------
    UsageError
        At the first setting that is of another kind.
    """
    marks = {"decimal": (".", ","), "thousands": (",", ".", " ", "'", "’", "")}
    for key, value in options.items():
        if key == "file":
            right = isinstance(value, list) and value and all(isinstance(f, str) for f in value)
        elif key == "columns":
            right = isinstance(value, dict)
        elif key == "skip":
            right = isinstance(value, int) and 0 <= value <= 1000
        elif key == "date_format":
            right = isinstance(value, str | dict)
        elif key == "sheet":
            each = value if isinstance(value, list) else [value]
            right = bool(each) and all(isinstance(one, str | int) for one in each)
        elif key == "scale":
            several = value.values() if isinstance(value, dict) else [value]
            right = bool(several) and all(map(_is_scale, several))
        else:
            right = isinstance(value, str) and value in marks.get(key, (value,))
        if not right:
            allowed = f"; allowed are {', '.join(map(repr, marks[key]))}" if key in marks else ""
            if key == "scale":
                allowed = (
                    ": the worst and the best score, as in scale = [0, 10], or by item, as in "
                    'scale = { "recommend us" = [0, 10] }'
                )
            raise UsageError(f"{place}: {key} = {value!r} is not of the right kind{allowed}.")
    if options.get("decimal") and options.get("decimal") == options.get("thousands"):
        raise UsageError(f"{place}: decimal and thousands cannot both be {options['decimal']!r}.")


def check_columns(table: str, columns: dict, place: str) -> None:
    """Check that the left of `columns` is canonical and the right names source columns.

    Raises
    ------
    UsageError
        At the first that is not.
    """
    only_known(columns, tuple(TABLES[table].by_name), f"{place}, columns")
    for canonical, source in columns.items():
        listed = isinstance(source, list) and source and all(isinstance(s, str) for s in source)
        if not (isinstance(source, str) or listed):
            raise UsageError(f"{place}: columns.{canonical} must name a column of the source.")
        if listed and TABLES[table].by_name[canonical].kind not in ("id", "text"):
            raise UsageError(f"{place}: only texts can be put together of several columns.")


def check_scale(table: str, options: dict, place: str) -> None:
    """Check that only a table with scores is given their scale.

    Raises
    ------
    UsageError
        If another is.
    """
    if "scale" in options and not TABLES[table].scaled:
        scored = " and ".join(name for name, one in TABLES.items() if one.scaled)
        raise UsageError(f"{place}: scale is for scores, in {scored} alone.")


def _is_scale(value: object) -> bool:
    """Say whether a value is a worst and a best score that differ."""
    if not isinstance(value, list) or len(value) != 2:
        return False
    numbers = [one for one in value if isinstance(one, int | float) and not isinstance(one, bool)]
    return len(numbers) == 2 and all(map(math.isfinite, numbers)) and numbers[0] != numbers[1]
