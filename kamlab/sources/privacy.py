"""Whose data may still be seen? Persons who are to be forgotten, and data kept for long enough.

Who is forgotten is remembered by salted hashes only: of the record's number in its channel, of the
e-mail address, and of name and telephone number together. Whatever of the sources still holds such
a person is read without the person's details, so that neither the store nor anything made from it
holds them again.
"""

import hashlib
import json
import os
import secrets
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import narwhals as nw

from kamlab.sources import sql
from kamlab.sources.schema import TABLES

# Columns by which a person could be known. What is said in free words may name someone too.
DETAILS = ("name", "gender", "birth_date", "occupation", "address", "phone", "email")
WORDS = {"interactions": ("concern",), "survey_responses": ("comment",)}
WORDS |= {"defections": ("interview_text",)}
_FILE = "forgotten.json"
_ADDRESS = r"^[^@\s]+@[^@\s]+\.[^@\s.]{2,}$"
_LOOKED, _MANY = 1000, 0.5  # order lines that are looked at, and share of them that is said
_IDS = {"contacts": "contact_id", "interactions": "interaction_id"}


class Forgotten:
    """Who is to be forgotten, by hashes that name nobody.

    Parameters
    ----------
    store : Path
        Private store.

    Attributes
    ----------
    hashes : tuple of str
    """

    def __init__(self, store: Path) -> None:
        self._path = store / _FILE
        try:
            said = json.loads(self._path.read_text(encoding="utf-8"))
            self._salt, self.hashes = str(said["salt"]), tuple(said["hashes"])
        except FileNotFoundError:
            self._salt, self.hashes = secrets.token_hex(16), ()

    @property
    def digest(self) -> str:
        """Name the list, for keys of what was read with it; "" where nobody is forgotten."""
        return hashlib.sha256(" ".join(self.hashes).encode()).hexdigest() if self.hashes else ""

    def add(self, marks: list[str]) -> None:
        """Remember persons by their marks, as `marks_of` gives them."""
        made = {hashlib.sha256((self._salt + mark).encode()).hexdigest() for mark in marks}
        self.hashes = tuple(sorted({*self.hashes, *made}))
        handle, aside = tempfile.mkstemp(dir=self._path.parent)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump({"salt": self._salt, "hashes": self.hashes}, file)
        Path(aside).replace(self._path)

    def without(self, select: str, table: str, columns: tuple[str, ...]) -> str:
        """Wrap a query of canonical rows so that forgotten persons' details are missing.

        Parameters
        ----------
        select : str
            SQL that gives the columns.
        table : str
            Canonical table.
        columns : tuple of str
            Canonical columns of the query.

        Returns
        -------
        str
            SQL with the same columns.
        """
        own = [column for column in personal_columns(table) if column in columns]
        if not self.hashes or not own:
            return select
        hit = self._hit(table, columns)
        blank = ", ".join(
            f"CASE WHEN {hit} THEN NULL ELSE {sql.name(one)} END AS {sql.name(one)}" for one in own
        )
        return f"SELECT * REPLACE ({blank}) FROM ({select})"

    def rows(self, select: str, table: str, columns: tuple[str, ...]) -> str:
        """Write the query of the numbers (`_row`) of rows that hold a forgotten person's details.

        The arguments are those of `without`, and the query must give `_row` too.
        """
        told = " OR ".join(f"{one} IS NOT NULL" for one in DETAILS if one in columns) or "false"
        return f"SELECT _row FROM ({select}) WHERE ({told}) AND ({self._hit(table, columns)})"

    def _hit(self, table: str, columns: tuple[str, ...]) -> str:
        """Write the condition of a row whose person is forgotten."""
        known = sql.texts(self.hashes)
        hits = [
            f"coalesce(list_contains({known}, sha256({sql.text(self._salt)} || ({mark}))), false)"
            for mark in marks_of(table, columns)
        ]
        return " OR ".join(hits) if self.hashes and hits else "false"


def personal_columns(table: str) -> tuple[str, ...]:
    """Name the columns of a table that may hold personal data.

    Examples
    --------
    >>> personal_columns("interactions")
    ('name', 'phone', 'email', 'concern')
    """
    own = DETAILS if TABLES[table].personal else ()
    return tuple(column for column in TABLES[table].by_name if column in own) + WORDS.get(table, ())


def marks_of(table: str, columns: tuple[str, ...]) -> list[str]:
    """Give the SQL of the marks by which a row's person is known; each may be NULL.

    Parameters
    ----------
    table : str
        contacts or interactions; others have no marks.
    columns : tuple of str
        Columns that are there.
    """
    if table not in _IDS:
        return []
    channel = "coalesce(channel, 'unnamed')" if "channel" in columns else "'unnamed'"
    marks = [f"'{table}|' || {channel} || '|' || {_IDS[table]}"]
    if table == "interactions" and "contact_id" in columns:
        marks.append(f"'contacts|' || {channel} || '|' || contact_id")
    if "email" in columns:
        marks.append("'email|' || lower(trim(email))")
    if {"name", "phone"} <= set(columns):
        digits = r"right(regexp_replace(phone, '[^0-9]', '', 'g'), 7)"
        marks.append(f"'phone|' || lower(trim(name)) || '|' || {digits}")
    return marks


def retire(
    connection: duckdb.DuckDBPyConnection,
    columns: dict[str, tuple[str, ...]],
    end: date,
    days: int | None,
) -> dict[str, int]:
    """Leave personal details out of what is older than the retention period.

    Interactions, answers and defections carry their day. A contact is as old as the last
    interaction that names it; one that no interaction names has no age and stays.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        With the views of the kept rows.
    columns : dict of str to tuple of str
        Tables that are there, with their columns.
    end : date
        The day after the newest order: the period counts from it, never from today.
    days : int or None
        Days for which personal details may be seen; None for ever.

    Returns
    -------
    dict of str to int
        Rows of each table whose personal details were left out.
    """
    if days is None:
        return {}
    limit = f"DATE '{end - timedelta(days=days)}'"
    left_out = {}
    named = {"channel", "contact_id"} <= set(columns.get("contacts", ()))
    if named and "contact_id" in columns.get("interactions", ()):
        connection.execute(
            "CREATE TABLE aged AS SELECT channel, contact_id FROM interactions "
            f"WHERE contact_id IS NOT NULL GROUP BY ALL HAVING max(occurred_at) < {limit}"
        )
        old = "EXISTS (FROM aged a WHERE a.channel = w.channel AND a.contact_id = w.contact_id)"
        left_out["contacts"] = _blank(connection, "contacts", columns["contacts"], old)
    for table in ("interactions", "survey_responses", "defections"):
        if table in columns:
            old = f"w.{sql.name(TABLES[table].day)} < {limit}"
            left_out[table] = _blank(connection, table, columns[table], old)
    return {table: rows for table, rows in left_out.items() if rows}


def _blank(
    connection: duckdb.DuckDBPyConnection, table: str, columns: tuple[str, ...], old: str
) -> int:
    """Put a view before a table's that leaves personal columns of some rows empty."""
    own = [column for column in personal_columns(table) if column in columns]
    if not own:
        return 0
    told = " OR ".join(f"{sql.name(one)} IS NOT NULL" for one in own)
    whole = sql.name(f"whole {table}")
    connection.execute(f"ALTER VIEW {sql.name(table)} RENAME TO {whole}")
    blank = ", ".join(
        f"CASE WHEN {old} THEN NULL ELSE {sql.name(one)} END AS {sql.name(one)}" for one in own
    )
    connection.execute(
        f"CREATE VIEW {sql.name(table)} AS SELECT * REPLACE ({blank}) FROM {whole} w"
    )
    (rows,) = sql.one(connection, f"SELECT count(*) FROM {whole} w WHERE ({told}) AND {old}")
    return int(rows)


def ids_that_name(orders: Any) -> str:  # noqa: ANN401  of any engine
    """Say whether accounts are called by e-mail addresses, which name persons wherever they stand.

    Parameters
    ----------
    orders : frame
        Order lines of any engine, of which some are looked at.

    Returns
    -------
    str
        A doubt that belongs on every page; empty where ids are no addresses.

    Examples
    --------
    >>> import polars as pl
    >>> ids_that_name(pl.LazyFrame({"account_id": ["a@b.example"]}))[:48]
    'Account ids are e-mail addresses, and stand on p'
    >>> ids_that_name(pl.LazyFrame({"account_id": ["A17", "Box @ 4"]}))
    ''
    """
    lines = nw.from_native(orders).lazy()
    some = lines.select("account_id").head(_LOOKED).collect("pyarrow").to_native()
    ids = some.to_pandas()["account_id"].astype("str")
    if not len(ids) or ids.str.contains(_ADDRESS).mean() < _MANY:
        return ""
    return (
        "Account ids are e-mail addresses, and stand on pages and in tables: map a column of "
        "numbers that name nobody, or publish where only those look who may know."
    )
