"""Which sentences stand on a page, which figures are in them, and where is the evidence of each?"""

import html
import re
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from kamlab.studies.tables import rounded


@dataclass(slots=True)
class Sentences:
    """Sentences whose every figure is kept beside them.

    Examples
    --------
    >>> said = Sentences()
    >>> said.add("Key accounts", "{n:,.0f} hold {share:.0%}", "key-accounts/key_accounts#the-list",
    ...     n=20, share=0.5)
    >>> said.table.loc[0, "sentence"], said.figures["value"].tolist()
    ('20 hold 50%', [20.0, 0.5])
    """

    _rows: list[dict[str, Any]] = field(default_factory=list)
    _figures: list[dict[str, Any]] = field(default_factory=list)

    def add(
        self,
        about: str,
        form: str,
        evidence: str,
        *,
        interval: tuple[str, str, str] | None = None,
        **figures: float,
    ) -> None:
        """Add a sentence.

        Parameters
        ----------
        about : str
            What it is about, in a word or two; once on a page.
        form : str
            The sentence without its full stop, with each figure in braces and its format.
        evidence : str
            `study/table#section`; the section of the study's page may be left out.
        interval : tuple of str, optional
            Names of a figure and the ends of its interval: they are shown rounded to what the
            interval supports, as a headline is.
        **figures : float
            By the names in braces.

        Raises
        ------
        ValueError
            If the subject was used before.
        """
        if any(row["about"] == about for row in self._rows):
            raise ValueError(f"There is a sentence about {about!r} already.")
        place, _, section = evidence.partition("#")
        study, _, table = place.partition("/")
        link = f"../../{study}/latest/index.html" + (f"#{section}" if section else "")
        shown = {name: _number(value) for name, value in figures.items()}
        if interval:
            low, high = (shown[name] for name in interval[1:])
            shown |= {name: rounded(shown[name], low, high) for name in interval}
        text = form.format(**shown)
        text = re.sub(r"(?<![\w-])-(?=\d)", "−", text)
        row = {"about": about, "sentence": text, "study": study, "table": table, "link": link}
        self._rows.append(row)
        self._figures += [
            {"about": about, "figure": name, "value": _number(value), "study": study,
             "table": table}
            for name, value in figures.items()
        ]  # fmt: skip

    @property
    def table(self) -> pd.DataFrame:
        """One row a sentence: `about`, `sentence`, `study`, `table`, `link`."""
        return pd.DataFrame(self._rows, columns=["about", "sentence", "study", "table", "link"])

    @property
    def figures(self) -> pd.DataFrame:
        """One row a figure: `about`, `figure`, `value`, `study`, `table`."""
        return pd.DataFrame(
            self._figures, columns=["about", "figure", "value", "study", "table"]
        ).astype({"value": float})

    @property
    def markdown(self) -> str:
        """The sentences as a list, each with a link to its evidence."""
        return "\n".join(
            f"- **{row['about']}**: {html.escape(row['sentence'], quote=False)} "
            f"([evidence: {row['study']}]({row['link']}))."
            for row in self._rows
        )


def _number(value: float) -> float:
    """Turn numpy's and pandas' numbers into Python's."""
    return float(value)
