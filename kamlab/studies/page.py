"""What does the reader see: the decision first, then evidence, and code on demand?"""

import base64
import dataclasses
import hashlib
import html
import json
import re
from functools import partial
from pathlib import Path
from typing import Any

from nbconvert import HTMLExporter, TemplateExporter
from nbconvert.filters import Highlight2HTML
from nbformat import NotebookNode
from traitlets.config import Config

import kamlab
from kamlab.studies.publish import RECORD
from kamlab.studies.translate import is_english, said_markdown
from kamlab.studies.translate import said as said_in
from kamlab.studies.words import date_text, span_text, words
from kamlab.studies.worker import Job

_HERE = Path(__file__).parent
_HEADING = re.compile(r"<h([1-6])(?:\s[^>]*)?>(.*?)</h\1>", re.DOTALL)
_MARKED = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_TAG = re.compile(r"<[^>]+>")
_REMOTE_LINK = re.compile(
    r"""<a\s[^>]*href=["']((?:https?:)?//[^"']+)["'][^>]*>(.*?)</a>""", re.DOTALL | re.IGNORECASE
)
# What of an output is shown, the first that is there; widgets and scripts are not.
_KINDS = ["text/html", "image/svg+xml", "image/png", "image/jpeg", "text/markdown", "text/plain"]


def asset(name: str) -> str:
    """Read the page's style or script."""
    return (_HERE / "template" / name).read_text(encoding="utf-8")


def script_hash(script: str) -> str:
    """Give the digest by which a page allows its one script and no other."""
    digest = hashlib.sha256(script.encode("utf-8")).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _readable(notebook: NotebookNode) -> NotebookNode:
    """Leave out what is no part of the page: parameters, errors' twins, widgets, stderr."""
    cells = []
    for cell in notebook.cells:
        if "injected-parameters" in cell.metadata.get("tags", []):
            continue
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if _is_shown(output)]
        cells.append(cell)
    notebook.cells = cells
    return notebook


def _is_shown(output: NotebookNode) -> bool:
    """Tell whether an output belongs on the page."""
    if output.output_type == "stream":
        return bool(output.name == "stdout")
    widget = any("widget-view" in kind for kind in output.get("data", {}))
    return not widget and output.get("metadata", {}).get("kamlab") != "headline"


class _Headings:
    """Give each heading of the text a name of its own, and collect the contents list."""

    def __init__(self) -> None:
        self.found: list[tuple[int, str, str]] = []
        self.titled = False
        self.english: dict[str, str] = {}

    def mend(self, drawn: str) -> str:
        """Rework the HTML of one text cell."""
        return _REMOTE_LINK.sub(_named_link, _HEADING.sub(self._one, drawn))

    def _one(self, match: re.Match[str]) -> str:
        level, content = int(match.group(1)), match.group(2)
        if level == 1 and not self.titled:
            self.titled = True  # the page's header carries the title
            return ""
        level = max(level, 2)
        text = html.unescape(_TAG.sub("", content)).strip()
        name = self._name(self.english.get(text, text))
        self.found.append((level, name, text))
        return f'<h{level} id="{name}">{content}</h{level}>'

    def _name(self, text: str) -> str:
        """Make an anchor from a heading's words: it stays the same when sections are added."""
        words = re.sub(r"\W+", "-", text.casefold()).strip("-") or "section"
        taken = {name for _, name, _ in self.found}
        return next(
            name
            for name in (words, *(f"{words}-{number}" for number in range(2, len(taken) + 3)))
            if name not in taken
        )


def _named_link(match: re.Match[str]) -> str:
    """Write a link to another host as text: a page refers to no other host."""
    address, text = match.group(1), _TAG.sub("", match.group(2))
    return text if text == address else f"{text} ({address})"


def _framed(drawn: str, label: str) -> str:
    """Put a table that a cell drew itself into a frame that scrolls and takes the keyboard."""
    if "<table" not in drawn or 'class="kam-table"' in drawn:
        return drawn
    drawn = drawn.replace("<th></th>", "<td></td>")  # pandas' empty corner is no header
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{label}">{drawn}</div>'


class _Exporter(HTMLExporter):
    """Draws a page once: nbconvert parses it again to add what our template has."""

    def from_notebook_node(  # type: ignore[override]  # as nbconvert's own does
        self,
        nb: NotebookNode,
        resources: dict[str, Any] | None = None,
        **kw: Any,  # noqa: ANN401  as nbconvert has it
    ) -> tuple[str, dict[str, Any]]:
        """Draw the page of a notebook."""
        self.register_filter("highlight_code", Highlight2HTML(pygments_lexer="ipython3"))
        drawn: tuple[str, dict[str, Any]] = TemplateExporter.from_notebook_node(
            self, nb, resources, **kw
        )
        return drawn


def draw_page(notebook: NotebookNode, job: Job, up: str = "") -> str:
    """Draw the page of a study that ran.

    Parameters
    ----------
    notebook : nbformat.NotebookNode
        After the run; it is changed.
    job : Job
        Title, parameters and the folder with what the study handed over.
    up : str
        Words of the link to the page two folders above; "All studies" unless said.

    Returns
    -------
    str
        One HTML page that needs no other file.
    """
    record: dict[str, Any] = {}
    if (job.folder / RECORD).is_file():
        record = json.loads((job.folder / RECORD).read_text(encoding="utf-8"))
    record["warnings"] = [*job.notes, *record.get("warnings", [])]
    headings = _Headings()
    language = job.language.split("-")[0].lower()
    said, about = words(language), record.get("about", {})
    own = notebook.metadata.get("kamlab", {}).get("language", "en")
    config = Config({"NbConvertBase": {"display_data_priority": _KINDS}})
    exporter = _Exporter(
        config=config,
        template_name="template",
        extra_template_basedirs=[str(_HERE)],
        exclude_anchor_links=True,
        filters={
            "mend": headings.mend,
            "framed": partial(_framed, label=said["table"]),
            "said": partial(said_in, language=language),
            "told": partial(_told, headings=headings, language=language),
            "tongue": partial(_tongue, own=own, language=language),
        },
        **dict.fromkeys(
            ("mathjax_url", "require_js_url", "mermaid_js_url", "jupyter_widgets_base_url"), ""
        ),
    )
    script = asset("page.js")
    title = said_in(record.get("about", {}).get("title", job.title), language)
    context = {
        "study": dataclasses.replace(job, title=title),
        "record": record,
        "about": about,
        "as_of": date_text(about.get("as_of") or job.parameters.get("as_of", ""), language),
        "span": span_text(about.get("start"), about.get("end"), language),
        "language": language,
        "data": Path(str(job.parameters.get("data", ""))).name,
        "shown_parameters": _shown_parameters(job),
        "style": asset("page.css"),
        "script": script,
        "script_hash": script_hash(script),
        "version": kamlab.__version__,
        "t": said | ({"all": up} if up else {}),
    }
    page, _ = exporter.from_notebook_node(_readable(notebook), resources={"kamlab": context})
    for need, run in job.needs.items():  # evidence stays that of this run's own period
        page = page.replace(f'"../../{need}/latest/', f'"../../{need}/{run}/')
    return page.replace("<!--contents-->", _contents(headings.found, own, language))


def _shown_parameters(job: Job) -> list[tuple[str, str]]:
    """List the parameters a reader cares about."""
    hidden = {"data", "as_of", "out", "published"}
    return [(name, str(value)) for name, value in job.parameters.items() if name not in hidden]


def _told(text: str, headings: _Headings, language: str) -> str:
    """Say a text cell in a language; its headings keep the anchors of the English ones."""
    shown = said_markdown(text, language)
    if shown != text:
        headings.english |= dict(zip(_MARKED.findall(shown), _MARKED.findall(text), strict=True))
    return shown


def _tongue(text: str, own: str, language: str) -> str:
    """Mark what stays in the notebook's own language: a screen reader must know."""
    if own == language or (own == "en" and not is_english(text)):
        return ""
    return f' lang="{html.escape(own)}"'


def _contents(found: list[tuple[int, str, str]], own: str, language: str) -> str:
    """Draw the contents list from the second-level headings."""
    return "".join(
        f'<li{_tongue(text, own, language)}><a href="#{name}">{html.escape(text)}</a></li>'
        for level, name, text in found
        if level == 2
    )
