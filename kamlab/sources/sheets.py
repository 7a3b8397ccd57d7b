"""Which sheets of a workbook hold the rows, and which of them have the same columns?"""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from kamlab.errors import DataRefusedError

if TYPE_CHECKING:
    from python_calamine import CalamineWorkbook

EXCEL = (".xlsx", ".xlsm", ".xls", ".xlsb", ".ods")
ALL = "*"
"""What a mapping says for all sheets that hold anything."""
_TITLES = 20  # rows in which the header is looked for


def several(path: Path, wanted: object) -> bool:
    """Say whether a file is a workbook of which a mapping wants several sheets."""
    return path.suffix.lower() in EXCEL and (isinstance(wanted, list) or wanted == ALL)


def chosen_sheets(path: Path, label: str, wanted: object) -> list[str]:
    """Name the sheets that a mapping wants, each once, in the order wanted.

    Parameters
    ----------
    path : Path
        Workbook.
    label : str
        Its name in messages.
    wanted : object
        Name, number from 1, list of them, `ALL`, or None for the only one.

    Raises
    ------
    DataRefusedError
        If one of them is not there, or none is named and there are several; the message shows the
        line to write.
    """
    names = sheet_names(path, label)
    if wanted == ALL and ALL not in names:
        return [name for name, rows in _rows(path, label, names) if rows] or names[:1]
    each = wanted if isinstance(wanted, list) else [wanted]
    return list(dict.fromkeys(one_sheet(path, names, label, one) for one in each))


def sheet_names(path: Path, label: str) -> list[str]:
    """Name all sheets of a workbook."""
    with opened(path, label) as book:
        return book.sheet_names


def one_sheet(path: Path, names: Sequence[str], label: str, wanted: object) -> str:
    """Choose a sheet by name or by number from 1; the only one, else ask."""
    if isinstance(wanted, int) and 1 <= wanted <= len(names):
        return names[wanted - 1]
    if wanted in names:
        return str(wanted)
    if wanted is None and len(names) == 1:
        return names[0]
    if not names:
        raise DataRefusedError(f"{label}: the workbook has no sheet.")
    listed = ", ".join(map(repr, names))
    asked = "no sheet is named in the mapping" if wanted is None else f"there is no {wanted!r}"
    alike = [] if wanted is not None else alike_sheets(path, label, names)
    said = written(alike or names[:1], names)
    more = " to read these, which have the same columns, one under the other" if alike else ""
    raise DataRefusedError(
        f"{label}: {asked}; its sheets are {listed}. Write for instance sheet = {said}{more}."
    )


def written(sheets: Sequence[str], names: Sequence[str]) -> str:
    """Write some sheets of a workbook as a mapping names them.

    Parameters
    ----------
    sheets : sequence of str
        Those wanted.
    names : sequence of str
        All of the workbook.

    Examples
    --------
    >>> written(["Jan"], ["Jan", "Feb"]), written(["Jan", "Feb"], ["Jan", "Feb"])
    ('"Jan"', '"*"')
    >>> written(["Jan", "Feb"], ["Notes", "Jan", "Feb"])
    '["Jan", "Feb"]'
    """
    if len(sheets) > 1 and list(sheets) == list(names):
        return f'"{ALL}"'
    said = list(sheets) if len(sheets) > 1 else sheets[0]
    return json.dumps(said, ensure_ascii=False)


def alike_sheets(path: Path, label: str, names: Sequence[str]) -> list[str]:
    """Name the most sheets that have the same header, below titles or not; none where no two have.

    Parameters
    ----------
    path : Path
        Workbook.
    label : str
        Its name in messages.
    names : sequence of str
        Sheets that are looked at.
    """
    first = {
        name: [tuple(map(str, row)) for row in rows] for name, rows in _rows(path, label, names)
    }
    wide = [rows[0] for rows in first.values() if rows and len([c for c in rows[0] if c]) > 1]
    heads = dict.fromkeys(wide)
    groups = [[name for name, rows in first.items() if head in rows] for head in heads]
    most = max(groups, key=len, default=[])
    return most if len(most) > 1 else []


def _rows(path: Path, label: str, names: Sequence[str]) -> Iterator[tuple[str, list[list]]]:
    """Give the first filled rows of each sheet."""
    with opened(path, label) as book:
        for name in names:
            rows = book.get_sheet_by_name(name).to_python(nrows=_TITLES)
            yield name, [row for row in rows if any(cell != "" for cell in row)]


@contextmanager
def opened(path: Path, label: str) -> "Iterator[CalamineWorkbook]":
    """Open a workbook while it is read, and say what is wrong with one that cannot be.

    Parameters
    ----------
    path : Path
    label : str
        Its name in messages.

    Raises
    ------
    DataRefusedError
        If it is damaged or cut off.
    """
    import python_calamine

    try:
        with path.open("rb") as file:
            yield python_calamine.CalamineWorkbook.from_filelike(file)
    except (python_calamine.CalamineError, OSError, ValueError) as error:
        raise unreadable(label, "Excel", error) from None


def unreadable(label: str, what: str, error: Exception) -> DataRefusedError:
    """Say that a file is not what its name promises."""
    first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    return DataRefusedError(
        f"{label}: this is not a whole {what} file ({first[:200]}). It is damaged or was cut off: "
        "export or copy it again."
    )
