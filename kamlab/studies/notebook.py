"""What does a notebook hand over: tables, headline figures, charts, and the decision?

The same cells work in JupyterLab, under plain papermill and under `kamlab run`. With `out=""`
nothing is written; everything is still shown.
"""

import base64
import datetime as dt
import html
import io
import json
import sys
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from kamlab.errors import UsageError
from kamlab.studies.drawn import translate_figure
from kamlab.studies.places import find_folder, published_runs
from kamlab.studies.publish import NEEDS, RECORD, write_whole
from kamlab.studies.singular import singular
from kamlab.studies.tables import (
    Format,
    check_table,
    formatted,
    html_table,
    rounded,
    write_table,
)
from kamlab.studies.threads import hold_blas
from kamlab.studies.translate import said, said_markdown
from kamlab.studies.words import notebook_language, words

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def _plain(value: Any) -> Any:  # noqa: ANN401  whatever a frame's cell holds
    """Turn numpy and pandas scalars into what JSON can hold."""
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if hasattr(value, "item"):
        value = value.item()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    if value is pd.NaT or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    return value


def _show(data: dict[str, Any], role: str = "", metadata: dict[str, Any] | None = None) -> None:
    """Display a bundle, marked with its role for the page."""
    from IPython.display import display

    display(data, metadata=(metadata or {}) | ({"kamlab": role} if role else {}), raw=True)


class Study:
    """What one notebook says and hands over.

    Parameters
    ----------
    name : str
        Name of the study, with hyphens.
    out : str
        Folder to write tables to; empty writes nothing.
    published : str
        Root of the published studies, to read what others found; empty reads nothing.
    data : str
        Folder of the data. A relative one, like a relative `published`, is looked for from the
        current folder upwards, so that `data/demo` is found from the notebooks' folder too.
    as_of : str
        Day before which history is seen; empty until the notebook knows it, see `about`.

    Attributes
    ----------
    data : Path
        The data's folder, absolute.
    as_of : str
        YYYY-MM-DD or empty.

    Examples
    --------
    >>> study = Study("key-accounts")
    >>> study.table("key_accounts", pd.DataFrame({"account_id": ["A1"], "rank": [1]}))
    >>> study.record["tables"][0]["rows"]
    1
    """

    def __init__(
        self,
        name: str,
        *,
        out: str = "",
        published: str = "",
        data: str = "",
        as_of: str = "",
    ) -> None:
        hold_blas()
        self.name = name
        self.out = Path(out) if out else None
        self.published = find_folder(published) if published else None
        self.data = find_folder(data)
        self.as_of = str(as_of)
        self.language = notebook_language(self.data)
        self.words = words(self.language)
        self.record: dict[str, Any] = {
            "study": name,
            "headlines": [],
            "warnings": [],
            "tables": [],
            "inputs": [],
            "about": {},
        }
        self._keep()

    def about(
        self,
        *,
        as_of: dt.date | str | None = None,
        start: dt.date | str | None = None,
        end: dt.date | str | None = None,
        currency: str | None = None,
        title: str | None = None,
    ) -> None:
        """Say which period and currency the study speaks of; it stands in the page's header.

        Parameters
        ----------
        as_of : date or str, optional
            The day before which history was seen, once the data has answered it.
        start, end : date or str, optional
            First and last day of the history that was used.
        currency : str, optional
            Code of the currency of all amounts.
        title : str, optional
            Title of the page, where the notebook's own is not enough.
        """
        given = {"as_of": as_of, "start": start, "end": end, "currency": currency, "title": title}
        self.record["about"] |= {k: str(_plain(v)) for k, v in given.items() if v is not None}
        self.as_of = self.record["about"].get("as_of", self.as_of)
        self._keep()

    def inputs(self, files: pd.DataFrame) -> None:
        """Record which files were read.

        Parameters
        ----------
        files : pd.DataFrame
            One row a file, with `table`, `file`, `size`, `sha256`, `rows` and `newest_date`.
        """
        rows = files.to_dict("records")
        self.record["inputs"] = [{str(k): _plain(v) for k, v in row.items()} for row in rows]
        self._keep()

    def table(self, name: str, table: pd.DataFrame) -> None:
        """Publish a table as Parquet and CSV beside the page.

        Parameters
        ----------
        name : str
            Lower-case letters, digits and underscores; once in a study.
        table : pd.DataFrame
            Named index levels become columns. Column names are texts and unique.

        Raises
        ------
        ValueError
            If the name was used before, or the name or a column cannot be part of an interface.
        """
        self._once("tables", "name", name)
        checked = check_table(name, table)
        if self.out:
            write_table(self.out / "tables", name, checked)
        columns = [{"name": c, "type": str(t)} for c, t in checked.dtypes.items()]
        self.record["tables"].append({"name": name, "rows": len(checked), "columns": columns})
        self._keep()

    def headline(
        self,
        label: str,
        value: float | str,
        unit: str | None = None,
        format: str | None = None,  # noqa: A002  the word that pandas and Python use
        *,
        low: float | None = None,
        high: float | None = None,
    ) -> None:
        """State one of the few figures that stand on the first screen and on the index.

        Parameters
        ----------
        label : str
            What it is, in a few words; the same from run to run, since changes are shown.
        value : number or str
            The figure.
        unit : str, optional
            Written behind it, such as `EUR` or `accounts`.
        format : str, optional
            Python format such as `",.0f"` or `".1%"`.
        low, high : float, optional
            Ends of its interval; what is shown is rounded to what it supports.

        Raises
        ------
        ValueError
            If the label was used before.
        """
        self._once("headlines", "label", label)
        shown = value
        if low is not None and high is not None and not isinstance(value, str):
            shown = rounded(float(value), low, high)
        text = singular(f"{formatted(shown, format)} {said(unit or '', self.language)}".rstrip())
        entry = {"label": label, "value": value, "unit": unit, "format": format, "text": text}
        entry |= {"low": low, "high": high, "interval": None}
        if low is not None and high is not None:
            ends = (rounded(float(end), low, high) for end in (low, high))
            begins, finishes = (formatted(end, format) for end in ends)
            entry["interval"] = self.words["to"].format(low=begins, high=finishes)
            text += f" ({entry['interval']})"
        self.record["headlines"].append({k: _plain(v) for k, v in entry.items()})
        self._keep()
        label = said(label, self.language)
        drawn = f"<p>{html.escape(label)}: <strong>{html.escape(text)}</strong></p>"
        _show({"text/html": drawn, "text/plain": f"{label}: {text}"}, "headline")

    def figure(
        self, figure: "Figure", *, alt: str, title: str | None = None, dpi: int = 110
    ) -> None:
        """Show a chart with the text that stands for it where it cannot be seen.

        Parameters
        ----------
        figure : matplotlib.figure.Figure
            It is closed afterwards.
        alt : str
            What the chart shows, in a sentence or two.
        title : str, optional
            Shown below the chart.
        dpi : int, default 110
            Dots an inch.

        Raises
        ------
        ValueError
            If the alt text is empty.
        """
        if not alt.strip():
            raise ValueError("A figure needs alt text: say what it shows.")
        translate_figure(figure, self.language)
        alt, title = said(alt, self.language), said(title or "", self.language)
        drawn = io.BytesIO()
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            figure.savefig(drawn, format="png", dpi=dpi, metadata={"Software": None})
        if "matplotlib.pyplot" in sys.modules:
            sys.modules["matplotlib.pyplot"].close(figure)
        shown = {"alt": alt} | ({"title": title} if title else {})
        picture = base64.b64encode(drawn.getvalue()).decode()
        _show({"image/png": picture, "text/plain": alt}, metadata={"image/png": shown})
        if any("missing from font" in str(warning.message) for warning in warned):
            self.note(self.words["boxes"])

    def show(
        self,
        table: pd.DataFrame,
        caption: str,
        *,
        formats: Mapping[str, Format] | None = None,
        labels: Mapping[str, str] | None = None,
        limit: int | None = 50,
    ) -> None:
        """Show a table with a caption; on the page it can be sorted and filtered.

        Parameters
        ----------
        table : pd.DataFrame
            Named index levels come first.
        caption : str
            What it shows, in one sentence.
        formats, labels : mapping, optional
            Format and heading of columns: `{"net_sales": ",.0f"}`, `{"net_sales": "Sales (EUR)"}`.
        limit : int or None, default 50
            Rows shown at most; the page says how many there are.
        """
        caption = said(caption, self.language)
        drawn = html_table(
            table,
            caption=caption,
            formats=formats,
            labels=labels,
            limit=limit,
            rest=self.words["rest"] if self.out else "",
            language=self.language,
        )
        _show({"text/html": drawn, "text/plain": caption}, "table")

    def decision(
        self,
        sentence: str,
        table: pd.DataFrame | None = None,
        *,
        caption: str | None = None,
        formats: Mapping[str, Format] | None = None,
        labels: Mapping[str, str] | None = None,
        limit: int | None = 50,
    ) -> None:
        """State the decision; the sentence also stands on the page's first screen.

        Parameters
        ----------
        sentence : str
            What to do, for which accounts, worth how much, how sure.
        table : pd.DataFrame, optional
            The decision table that ends the study; the other arguments are those of `show`.
        """
        self.record["decision"] = sentence
        self._keep()
        shown = said(sentence, self.language)
        drawn = f'<p class="kam-decision"><strong>{html.escape(shown)}</strong></p>'
        _show({"text/html": drawn, "text/plain": shown}, "decision")
        if table is not None:
            caption = caption or self.words["what_to_do"]
            self.show(table, caption, formats=formats, labels=labels, limit=limit)

    def note(self, text: str) -> None:
        """Show a paragraph in Markdown that the results decide; HTML in it stays text."""
        text = said_markdown(text, self.language)
        _show({"text/markdown": text.replace("<", "&lt;"), "text/plain": text})

    def warn(self, text: str) -> None:
        """State a doubt the reader must know; it also stands in the manifest and on the index."""
        self.record["warnings"].append(text)
        self._keep()
        note, text = self.words["note"], said(text, self.language)
        drawn = f'<p class="kam-warning"><strong>{note}</strong> {html.escape(text)}</p>'
        _show({"text/html": drawn, "text/plain": f"{note} {text}"}, "warning")

    def other(self, study: str, table: str) -> pd.DataFrame | None:
        """Read a table which another study published for the same day and the same data.

        Parameters
        ----------
        study : str
            Name of the other study, with hyphens.
        table : str
            Name of its table.

        Returns
        -------
        pd.DataFrame or None
            None where nothing is published that fits; say so in the text and go on without.
        """
        if not self.published:
            return None
        if self.out and (self.out / NEEDS).is_file():  # the runner says which run is read
            told = json.loads((self.out / NEEDS).read_bytes()).get(study, "")
            path = self.published / study / told / "tables" / f"{table}.parquet"
            return pd.read_parquet(path) if told and path.is_file() else None
        for run in published_runs(self.published / study):
            about = json.loads((run / "manifest.json").read_bytes())
            same_day = not self.as_of or about.get("as_of") == self.as_of
            same_data = Path(about.get("data") or self.data).resolve() == self.data.resolve()
            path = run / "tables" / f"{table}.parquet"
            if same_day and same_data and path.is_file():
                return pd.read_parquet(path)
        return None

    def need(self, study: str, table: str) -> pd.DataFrame:
        """Read a table without which this study cannot speak; see `other`.

        Raises
        ------
        UsageError
            If nothing is published that fits, with the command that mends it.
        """
        if (found := self.other(study, table)) is None:
            raise UsageError(
                f"{self.name} reads {table!r} of the study {study!r}, which is not published for "
                f"this data and day in {str(self.published or 'published=…')!r}: "
                f"run `kamlab run {study} {self.name}` with the same data and day"
            )
        return found

    def _once(self, kind: str, key: str, value: str) -> None:
        """Refuse a second entry in a run; in JupyterLab a cell may run again and replaces it."""
        known = [entry for entry in self.record[kind] if entry[key] == value]
        if known and self.out:
            raise ValueError(f"The study has {value!r} among its {kind} already.")
        self.record[kind] = [entry for entry in self.record[kind] if entry not in known]

    def _keep(self) -> None:
        """Write down what was handed over so far."""
        if self.out:
            self.out.mkdir(parents=True, exist_ok=True)
            content = json.dumps(self.record, ensure_ascii=False, indent=1, default=str)
            write_whole(self.out / RECORD, content)
