"""May this page be published: did every cell run, and can everybody read what it shows?"""

import re
from dataclasses import dataclass
from html.parser import HTMLParser

from nbformat import NotebookNode

# A reference that a browser would follow to another host, on its own or by a click.
_URL_ATTRIBUTES = ("src", "href", "srcset", "action", "poster", "data", "xlink:href", "formaction")
_REMOTE = re.compile(r"\s*(?:[a-z][a-z0-9+.-]*:)?//", re.IGNORECASE)
_REMOTE_CSS = re.compile(r"""@import|url\(\s*["']?\s*(?:[a-z][a-z0-9+.-]*:)?//""", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Problem:
    """One reason against publishing.

    Attributes
    ----------
    kind : str
        `error` of a cell, `not run`, `alt`, `remote` or `table`.
    message : str
        What is wrong and where, for people.
    """

    kind: str
    message: str


def cell_name(cells: list[NotebookNode], index: int) -> str:
    """Name a cell by its place among the code cells and the heading above it.

    Examples
    --------
    >>> cells = [{"cell_type": "markdown", "source": "# Title"}, {"cell_type": "code"}]
    >>> cell_name(cells, 1)
    'cell 1 (under “Title”)'
    """
    number = sum(cell["cell_type"] == "code" and not _injected(cell) for cell in cells[: index + 1])
    for cell in reversed(cells[:index]):
        heading = re.search(r"^#+\s+(.+)$", cell.get("source", ""), re.MULTILINE)
        if cell["cell_type"] == "markdown" and heading:
            return f"cell {number} (under “{heading.group(1).strip()}”)"
    return f"cell {number}"


def _injected(cell: NotebookNode) -> bool:
    """Tell whether papermill put this cell in."""
    return "injected-parameters" in cell.get("metadata", {}).get("tags", [])


def check_notebook(notebook: NotebookNode) -> list[Problem]:
    """Look for cells that failed, did not run, or show an image without alt text.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        After the run. What papermill wrote about its cells is not believed.

    Returns
    -------
    list of Problem
        Empty if all is well.
    """
    problems = []
    for index, cell in enumerate(notebook["cells"]):
        if cell["cell_type"] != "code":
            continue
        name = cell_name(notebook["cells"], index)
        if cell.get("execution_count") is None and cell.get("source", "").strip():
            problems.append(Problem("not run", f"{name} did not run: the notebook was ended."))
        for output in cell.get("outputs", []):
            if output["output_type"] == "error":
                what = f"{output['ename']}: {output['evalue']}".strip(": ")
                problems.append(Problem("error", f"{name} stopped with {what}"))
            problems += [
                Problem("alt", f"{name} shows an image without alt text (study.figure).")
                for kind in output.get("data", {})
                if kind.startswith("image/")
                and not str(output.get("metadata", {}).get(kind, {}).get("alt", "")).strip()
            ]
    return problems


class _Reader(HTMLParser):
    """Collect what a page must not have."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.problems: list[Problem] = []
        self.headers: list[int] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Check one element and its attributes."""
        given = {name: value or "" for name, value in attrs}
        for name in _URL_ATTRIBUTES:
            if _REMOTE.match(given.get(name, "")):
                self.problems.append(
                    Problem("remote", f"The page refers to another host: {given[name][:100]}")
                )
        if _REMOTE_CSS.search(given.get("style", "")):
            self.problems.append(Problem("remote", "A style of the page refers to another host."))
        if tag == "img" and not given.get("alt", "").strip():
            self.problems.append(Problem("alt", "An image of the page has no alt text."))
        if tag == "table":
            self.headers.append(0)
        if tag in ("th", "caption") and self.headers:
            self.headers[-1] += 1

    def handle_endtag(self, tag: str) -> None:
        """Check a table once it is complete."""
        if tag == "table" and self.headers and self.headers.pop() == 0:
            self.problems.append(Problem("table", "A table has no caption and no header cells."))

    def handle_data(self, data: str) -> None:
        """Check the text of style elements."""
        if self.get_starttag_text() == "<style>" and _REMOTE_CSS.search(data):
            self.problems.append(Problem("remote", "The page's style refers to another host."))


def check_page(page: str) -> list[Problem]:
    """Look for references to another host, images without alt text and tables without headers.

    Parameters
    ----------
    page : str
        HTML of the whole page.

    Returns
    -------
    list of Problem

    Examples
    --------
    >>> [problem.kind for problem in check_page('<img src="//example.org/a.png" alt="A">')]
    ['remote']
    """
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return list(dict.fromkeys(reader.problems))
