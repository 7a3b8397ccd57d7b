"""Which row of a sheet or a text file names its columns, where titles may stand above it?"""

from collections.abc import Sequence

from kamlab.sources.alike import familiar

_TITLES = 20


def header_row(rows: Sequence[Sequence[object]], first: int, wanted: set[str]) -> int:
    """Find the header: the row, of the first twenty, that is most like one; of equals the first.

    Parameters
    ----------
    rows : sequence of sequences
        Cells; empty ones are "" or None.
    first : int
        Where to begin.
    wanted : set of str
        Casefolded names of columns that the header should hold.

    Examples
    --------
    >>> header_row([["Sales 2024"], [], ["Kunde", "Betrag"], ["C1", 5.0]], 0, set())
    2
    >>> header_row([["A", "B"], ["C1", 5.0]], 0, set())
    0
    """
    return max(
        range(first, min(first + _TITLES, len(rows))), key=lambda n: (likeness(rows[n], wanted), -n)
    )


def likeness(row: Sequence[object], wanted: set[str]) -> tuple[int, int, bool]:
    """Say how much a row is like a header.

    Parameters
    ----------
    row : sequence
    wanted : set of str

    Returns
    -------
    tuple of int, int and bool
        How many wanted names it holds; how many names that columns usually have, if two or more;
        whether it fills more than one cell, as a title does not.
    """
    cells = [str(cell).strip().strip("\ufeff") for cell in row if cell not in ("", None)]
    cells = [cell for cell in cells if cell]
    usual = familiar(cells)
    held = len(wanted & {cell.casefold() for cell in cells})
    return held, usual if usual > 1 else 0, len(cells) > 1
