"""How is a person removed from all that kamlab keeps, and where else are they held?"""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pandas as pd

from kamlab.errors import UsageError
from kamlab.sources import sql
from kamlab.sources.clerical import purge
from kamlab.sources.names import person_name
from kamlab.sources.opening import Sources, open_data
from kamlab.sources.people import phone_key, records_of_interactions
from kamlab.sources.privacy import DETAILS, Forgotten, marks_of
from kamlab.sources.quality import normal_email
from kamlab.sources.recognition import recognise

_TABLES = ("contacts", "interactions")
_SHOWN = 12
_LEAST = 5  # letters of a value that is looked for in texts


@dataclass(frozen=True, slots=True)
class Removal:
    """What was removed, and what was not.

    Attributes
    ----------
    records : int
        Records of the person over all channels.
    entries : int
        Entries of the store that held the person and are gone.
    tables : tuple of Path
        Published tables that were rewritten without the person's rows.
    sources : pd.DataFrame
        Where the sources still hold the person: `table`, `file`, `rows` (as a person counts them,
        joined), `count`. kamlab reads these rows without the person's details from now on.
    pages : tuple of Path
        Published files other than tables that hold a detail of the person, to be removed by hand.
    """

    records: int
    entries: int
    tables: tuple[Path, ...]
    sources: pd.DataFrame
    pages: tuple[Path, ...]

    def __str__(self) -> str:
        """Say it to a person."""
        removed = f"{self.records} records, {self.entries} entries of the private store"
        lines = [
            f"Removed: {removed}, rows of {len(self.tables)} published tables.",
            "What the sources say of this person is not read any more.",
        ]
        if len(self.sources):
            lines.append("The sources themselves still hold the person; remove it there too:")
            lines += [
                f"  {one.file}: {one.table}, row{'s' if one.count > 1 else ''} {one.rows}"
                for one in self.sources.itertuples(index=False)
            ]
        if self.pages:
            lines.append("These published files hold a detail of the person; remove their runs:")
            lines += [f"  {path}" for path in self.pages]
        return "\n".join(lines)


def forget(
    person: str,
    data: str | Path,
    *,
    store: str | Path | None = None,
    out: str | Path | None = None,
    region: str | None = None,
) -> Removal:
    """Remove a person from the store, from what was made of it, and from published tables.

    Parameters
    ----------
    person : str
        Name, e-mail address, telephone number, contact_id, or a record as kamlab names it.
    data : str or Path
        Folder of the data.
    store : str or Path, optional
        Private store, as for `open_data`.
    out : str or Path, optional
        Folder of published studies.
    region : str, optional
        Country of telephone numbers without a country code.

    Returns
    -------
    Removal

    Raises
    ------
    UsageError
        If nobody is meant, or several people are.
    """
    known = open_data(data, store=store)
    people = recognise(known, region=region).records
    chosen = _meant(person, known, people)
    records = set(people.loc[people["person_id"] == chosen, "record_id"])
    rows = _rows(known, records)
    values = _values(rows)
    forgotten = Forgotten(known.store)
    forgotten.add(_marks(rows))
    held = _held(known, forgotten)
    entries = _clear_store(known.store, forgotten)
    purge(known.store, records, values)
    tables, pages = _published(Path(out) if out else None, values)
    return Removal(len(records), entries, tables, held, pages)


def _meant(person: str, known: Sources, people: pd.DataFrame) -> str:
    """Find the one person that is meant."""
    said = person.strip()
    exact = (people["record_id"] == said) | (people["id"] == said) | (people["person_id"] == said)
    found = set(people.loc[exact, "person_id"])
    if not found:
        hit = [
            frame.loc[_like(frame, said), "record_id"] for frame in _with_records(known).values()
        ]
        records = set(pd.concat(hit)) if hit else set()
        found = set(people.loc[people["record_id"].isin(records), "person_id"])
    if not found:
        raise UsageError(
            f"Nobody is known by {said!r}. Give a name, an e-mail address, a telephone number or a "
            "contact_id as the data have it."
        )
    if len(found) > 1:
        listed = people[people["person_id"].isin(found)].groupby("person_id")
        choices = [
            f"  {one}  ({len(rows)} records, accounts "
            f"{', '.join(sorted(rows['account_id'].dropna().unique())[:3]) or 'not known'})"
            for one, rows in listed
        ]
        more = f"\n  and {len(choices) - _SHOWN} more" if len(choices) > _SHOWN else ""
        raise UsageError(
            f"{said!r} may be {len(found)} people. Say which, by one of\n"
            + "\n".join(choices[:_SHOWN])
            + more
        )
    return str(found.pop())


def _with_records(known: Sources) -> dict[str, pd.DataFrame]:
    """Give contacts and interactions with the record each row belongs to."""
    made = {}
    for name in _TABLES:
        if not known.has(name):
            continue
        frame = known.frame(name)
        if name == "contacts":
            channel = frame["channel"] if "channel" in frame else pd.Series(None, frame.index)
            record = "c|" + channel.astype("str").fillna("unnamed") + "|" + frame["contact_id"]
        else:
            record = records_of_interactions(frame)
        made[name] = frame.assign(record_id=record)
    return made


def _like(frame: pd.DataFrame, said: str) -> pd.Series:
    """Tell the rows whose person could be called so."""
    hit = pd.Series(False, index=frame.index)
    email, name = normal_email(said), person_name(said)
    tried: list[tuple[str, Callable, str | None]]
    if email:
        tried = [("email", normal_email, email)]
    else:
        tried = [("phone", phone_key, phone_key(said))]
        tried += [("name", _key, name.key)] if name else []
    for column, read, wanted in tried:
        if column in frame and wanted:
            hit |= frame[column].map(read, na_action="ignore") == wanted
    return hit


def _key(name: str) -> str | None:
    """Give the key of a name."""
    read = person_name(name)
    return read.key if read else None


def _rows(known: Sources, records: set[str]) -> dict[str, pd.DataFrame]:
    """Give all rows of some records."""
    return {
        name: frame[frame["record_id"].isin(records)]
        for name, frame in _with_records(known).items()
    }


def _marks(rows: dict[str, pd.DataFrame]) -> list[str]:
    """Give the marks by which the rows' person is known from now on."""
    marks: set[str] = set()
    with duckdb.connect() as connection:
        for name, frame in rows.items():
            if frame.empty:
                continue
            # an address or number that nobody owns must not hide others who use it too
            own = frame.copy()
            for column in (one for one in ("email", "phone", "name") if one in own):
                own[column] = own[column].astype(object).where(own[column].notna(), None)
            if "email" in own:
                own["email"] = own["email"].where(own["email"].map(_personal), None)
            connection.register("own", own)
            for mark in marks_of(name, tuple(frame.columns)):
                found = connection.execute(f"SELECT DISTINCT {mark} FROM own").fetchall()
                marks |= {text for (text,) in found if text}
    return sorted(marks)


def _personal(email: object) -> bool:
    """Say whether an address is somebody's own."""
    from kamlab.sources.people import is_shared

    plain = normal_email(email)
    return plain is not None and not is_shared(plain)


def _values(rows: dict[str, pd.DataFrame]) -> set[str]:
    """Give the person's details as the sources write them."""
    texts = {
        str(value).strip()
        for frame in rows.values()
        for column in ("name", "phone", "email", "address")
        if column in frame
        for value in frame[column].dropna()
    }
    return {
        text
        for text in texts
        if (normal_email(text) is None or _personal(text)) and not text.isspace() and text
    }


def _hits(data: str, table: str, columns: tuple[str, ...], forgotten: Forgotten) -> str:
    """Write the query of the rows whose person is forgotten."""
    return forgotten.rows(f"FROM {data}", table, columns)


def _held(known: Sources, forgotten: Forgotten) -> pd.DataFrame:
    """List where the sources hold forgotten people."""
    found = []
    with duckdb.connect() as connection:
        for table in (name for name in _TABLES if known.has(name)):
            for label, path, columns in known.places(table):
                query = _hits(sql.parquet([path]), table, columns, forgotten)
                rows = [row for (row,) in connection.execute(query).fetchall()]
                if rows:
                    shown = ", ".join(map(str, sorted(rows)[:_SHOWN]))
                    more = f" and {len(rows) - _SHOWN} more" if len(rows) > _SHOWN else ""
                    found.append((table, label, shown + more, len(rows)))
    return pd.DataFrame(found, columns=["table", "file", "rows", "count"])


def _clear_store(store: Path, forgotten: Forgotten) -> int:
    """Remove the entries that hold forgotten people; they are made again without them."""
    removed = 0
    with duckdb.connect() as connection:
        for meta in sorted((store / "entries").glob("*/*/meta.json")):
            place = meta.parent
            if (place / "pairs.parquet").exists() or _holds(connection, place, forgotten):
                shutil.rmtree(place, ignore_errors=True)
                removed += 1
    return removed


def _holds(connection: duckdb.DuckDBPyConnection, place: Path, forgotten: Forgotten) -> bool:
    """Say whether an entry holds details of a forgotten person."""
    try:
        columns = tuple(json.loads((place / "meta.json").read_text(encoding="utf-8"))["columns"])
    except (OSError, ValueError, KeyError):
        return False
    if not set(DETAILS) & set(columns):
        return False
    data = sql.parquet([place / "data.parquet"])
    return any(
        connection.execute(f"{_hits(data, table, columns, forgotten)} LIMIT 1").fetchall()
        for table, column in (("contacts", "contact_id"), ("interactions", "interaction_id"))
        if column in columns
    )


def _published(out: Path | None, values: set[str]) -> tuple[tuple[Path, ...], tuple[Path, ...]]:
    """Take the person's rows out of published tables, and find the other files that hold them."""
    if out is None or not out.is_dir():
        return (), ()
    written = []
    for path in sorted(out.glob("*/*/tables/*.parquet")):
        if path.parent.parent.is_symlink():
            continue
        table = pd.read_parquet(path)
        texts = table[[c for c in table if not pd.api.types.is_numeric_dtype(table[c])]]
        theirs = texts.isin(values).any(axis=1)
        if theirs.any():
            aside = path.with_suffix(".aside")
            table[~theirs].to_parquet(aside, index=False)
            aside.replace(path)
            csv = path.with_suffix(".csv")
            if csv.exists():
                kept = pd.read_csv(csv, dtype="str", keep_default_na=False)[~theirs.to_numpy()]
                kept.to_csv(csv, index=False, lineterminator="\n")
            written.append(path)
    long = [value for value in values if len(value) >= _LEAST]
    pages = [
        path
        for path in sorted(out.rglob("*"))
        if path.suffix in (".html", ".json", ".ipynb")
        and path.is_file()
        and not any(parent.is_symlink() for parent in path.parents)
        and _mentions(path.read_text(encoding="utf-8", errors="replace"), long)
    ]
    return tuple(written), tuple(pages)


def _mentions(text: str, values: list[str]) -> bool:
    """Say whether a text holds one of some values."""
    return any(value in text for value in values)
