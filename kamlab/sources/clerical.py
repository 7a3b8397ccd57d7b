"""Which doubtful pairs should a person look at, and what did that person decide?

The pairs stand in a file of the private store, with both records side by side and an empty column
`decision`; whoever writes `same` or `different` there decides, and the next run obeys.
"""

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from kamlab.errors import DataRefusedError
from kamlab.sources.private_files import drop_lines, write_private

DECISIONS = {"same": True, "yes": True, "different": False, "no": False}
_DETAILS = ("name", "phone", "email", "birth_date", "address", "company", "account_id")
_QUEUE, _DECIDED = "pairs.csv", "decisions.csv"
_SURE = 0.97  # joined pairs above this are not asked about
_DOUBTFUL = 0.3  # nor those below this
MOST = 500  # pairs laid out at once
_TYPES = {"left": "str", "right": "str", "same": "bool"}
NONE_DECIDED = pd.DataFrame(columns=list(_TYPES)).astype(_TYPES)


@dataclass(frozen=True, slots=True)
class Desk:
    """The place in the private store where pairs wait for a person.

    Attributes
    ----------
    folder : Path
    """

    folder: Path

    @property
    def queue(self) -> Path:
        """File of the pairs that wait."""
        return self.folder / _QUEUE

    def decisions(self) -> pd.DataFrame:
        """Read what was decided: `left`, `right`, `same` (bool), each pair once.

        Raises
        ------
        DataRefusedError
            If a decision cannot be understood, with file, row and column.
        """
        decided = {}
        for path in (self.folder / _DECIDED, self.queue):
            for row, line in enumerate(_read(path), 2):
                word = (line.get("decision") or "").strip().casefold()
                left, right = (line.get("left") or "").strip(), (line.get("right") or "").strip()
                if not word:
                    continue
                if word not in DECISIONS or not left or not right:
                    raise DataRefusedError(
                        f"{path}, row {row}, column decision: {word!r} is not understood; write "
                        "same or different, or leave it empty."
                    )
                decided[min(left, right), max(left, right)] = DECISIONS[word]
        rows = [(left, right, same) for (left, right), same in sorted(decided.items())]
        return pd.DataFrame(rows, columns=list(_TYPES)).astype(_TYPES)

    def lay_out(self, doubtful: pd.DataFrame, details: pd.DataFrame) -> None:
        """Keep the decisions made, and write the pairs that wait.

        Parameters
        ----------
        doubtful : pd.DataFrame
            `left`, `right`, `probability`; the most useful first.
        details : pd.DataFrame
            Indexed by record_id: channel and details as the sources hold them.
        """
        decided = self.decisions()
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        words = decided["same"].map({True: "same", False: "different"})
        kept = pd.DataFrame({"decision": words, "left": decided["left"], "right": decided["right"]})
        write_private(self.folder / _DECIDED, kept)
        table = doubtful[["left", "right", "probability"]].assign(
            decision="", probability=doubtful["probability"].round(3)
        )
        for detail in ("channel", *_DETAILS):
            for side in ("left", "right"):
                told = details[detail] if detail in details else pd.Series(dtype=object)
                table[f"{detail} ({side})"] = table[side].map(told).astype("str")
        ends = table.pop("left"), table.pop("right")
        write_private(self.queue, table.assign(left=ends[0], right=ends[1]))


def desk(store: Path, root: Path) -> Desk:
    """Give the desk of one data folder.

    Parameters
    ----------
    store : Path
        Private store.
    root : Path
        Folder of the data.
    """
    name = hashlib.sha256(str(root.resolve()).encode()).hexdigest()[:16]
    return Desk(store / "review" / name)


def _read(path: Path) -> list[dict[str, str]]:
    """Read a file that a spreadsheet may have saved in its own way."""
    if not path.is_file():
        return []
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    text = content.decode(encoding, errors="replace")
    head = text.partition("\n")[0]
    mark = max(",;\t", key=head.count)
    lines = list(csv.DictReader(io.StringIO(text, newline=""), delimiter=mark))
    if lines and not {"decision", "left", "right"} <= set(lines[0]):
        raise DataRefusedError(
            f"{path}: expected the columns decision, left and right. Remove the file to have it "
            "written anew."
        )
    return lines


def purge(store: Path, records: set[str], values: set[str]) -> None:
    """Take the lines of a person out of all desks and lists of contacts of a store.

    Parameters
    ----------
    store : Path
    records : set of str
        record_id of the person.
    values : set of str
        Details of the person as the sources write them.
    """
    for path in sorted((store / "review").glob("*/*.csv")):
        lines = _read(path)
        kept = [
            line
            for line in lines
            if not {line["left"], line["right"]} & records
            and not {str(value).removeprefix("'") for value in line.values()} & values
        ]
        if len(kept) < len(lines):
            write_private(path, pd.DataFrame(kept, columns=list(lines[0])))
    for path in sorted((store / "contact_lists").glob("*.csv")):
        drop_lines(path, values)


def worth_asking(
    pairs: pd.DataFrame,
    person: pd.Series,
    decided: pd.DataFrame,
    *,
    threshold: float,
) -> pd.DataFrame:
    """Choose the pairs about which a person should be asked, the most doubtful first.

    Parameters
    ----------
    pairs : pd.DataFrame
        `left`, `right`, `probability`.
    person : pd.Series
        Person of each record, indexed by record_id.
    decided : pd.DataFrame
        What was decided before.
    threshold : float
        Probability from which pairs are joined.

    Returns
    -------
    pd.DataFrame
        `left`, `right`, `probability`: pairs that were nearly joined, joined without being sure,
        or likely and yet kept apart by what else is known; those that stand nearest to the
        threshold first.
    """
    joined = person.reindex(pairs["left"]).to_numpy() == person.reindex(pairs["right"]).to_numpy()
    chance = pairs["probability"]
    asked = (joined & (chance < _SURE)) | (~joined & (chance >= _DOUBTFUL))
    known = pd.MultiIndex.from_frame(decided[["left", "right"]])
    fresh = ~pd.MultiIndex.from_frame(pairs[["left", "right"]]).isin(known)
    chosen = pairs[asked & fresh]
    odds = (chosen["probability"].clip(1e-9, 1 - 1e-9) / threshold).map(float)
    distance = (odds - 1).abs()
    return (
        chosen.assign(distance=distance)
        .sort_values(["distance", "left", "right"], ignore_index=True)
        .drop(columns="distance")
    )
