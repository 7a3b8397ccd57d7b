"""What does a database hold for us? SQLite and DuckDB files, and PostgreSQL through ADBC."""

import hashlib
import os
import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import duckdb

from kamlab.errors import DataRefusedError
from kamlab.sources import sql
from kamlab.sources.mapping import Entry
from kamlab.sources.readers import Raw, typed
from kamlab.sources.sheets import unreadable
from kamlab.sources.staging import stage, unique


def read_database(
    connection: duckdb.DuckDBPyConnection, entry: Entry, path: Path, label: str, room: Path
) -> Raw:
    """Stage a table or a query of a SQLite or DuckDB file, opened read-only.

    Raises
    ------
    DataRefusedError
        If the file is neither, is damaged, or has no such table.
    """
    with path.open("rb") as file:
        head = file.read(16)
    out = room / "staged.parquet"
    if head.startswith(b"SQLite format 3\x00"):
        _stage_sqlite(entry, path, label, out)
    elif head[8:12] == b"DUCK":
        _stage_duckdb(entry, path, label, out, room)
    else:
        raise DataRefusedError(
            f"{label}: this is neither a SQLite nor a DuckDB file. Expected one of them: check "
            "database in kamlab.toml."
        )
    return typed(connection, sql.parquet([out]), {})


def tables_of(path: Path) -> dict[str, list[str]]:
    """Name the tables and views of a SQLite or DuckDB file, with their columns.

    Parameters
    ----------
    path : Path
        Any file; one that is no such database has no tables.
    """
    with path.open("rb") as file:
        head = file.read(16)
    try:
        if head[8:12] == b"DUCK":
            with duckdb.connect(str(path), read_only=True) as base:
                asked = "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal"
                rows = base.execute(asked).fetchall()
        elif head.startswith(b"SQLite format 3\x00"):
            with closing(sqlite3.connect(_address(path), uri=True)) as one:
                asked = "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c "
                rows = one.execute(f"{asked} WHERE m.type IN ('table', 'view')").fetchall()
        else:
            return {}
    except (duckdb.Error, sqlite3.Error):
        return {}
    found: dict[str, list[str]] = {}
    for table, column in rows:
        found.setdefault(table, []).append(column)
    return found


def _address(path: Path) -> str:
    """Name a SQLite file so that it is opened to be read only."""
    return f"file:{quote(str(path.resolve()))}?mode=ro"


def _stage_sqlite(entry: Entry, path: Path, label: str, out: Path) -> None:
    """Stage rows of a SQLite file."""
    query = str(entry["query"] or f"SELECT * FROM {sql.name(str(entry['table']))}")
    try:
        base = sqlite3.connect(_address(path), uri=True)
        try:
            base.execute("PRAGMA query_only = true")
            cursor = base.execute(query)
            columns = unique(column[0] for column in cursor.description or ())
            stage(((n, row, None) for n, row in enumerate(cursor, 1)), columns, out)
        finally:
            base.close()
    except (sqlite3.Error, sqlite3.Warning) as error:
        raise DataRefusedError(
            f"{label}: SQLite says: {error}. Check table or query in kamlab.toml."
        ) from None


def _stage_duckdb(entry: Entry, path: Path, label: str, out: Path, room: Path) -> None:
    """Stage rows of a DuckDB file."""
    query = str(entry["query"] or f"FROM {sql.name(str(entry['table']))}").strip().rstrip(";")
    try:
        with duckdb.connect(str(path), read_only=True) as base:
            base.execute(f"SET allowed_directories = {sql.texts([room])}")
            base.execute("SET enable_external_access = false")
            base.execute(
                "COPY (SELECT *, row_number() OVER () AS _row, NULL::VARCHAR AS _bad FROM (\n"
                f"{query}\n)) TO {sql.text(out)} {sql.PARQUET}"
            )
    except duckdb.CatalogException as error:
        first = str(error).splitlines()[0]
        raise DataRefusedError(
            f"{label}: DuckDB says: {first} Check table or query in kamlab.toml."
        ) from None
    except duckdb.Error as error:
        raise unreadable(label, "DuckDB", error) from None


def read_server(
    connection: duckdb.DuckDBPyConnection, entry: Entry, label: str, room: Path
) -> tuple[Raw, str]:
    """Stage the rows of a query on PostgreSQL, through Arrow and never as Python objects.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    entry : Entry
        Of kind url_env: names the environment variable that holds the address, and the query.
    label : str
        Its name in messages.
    room : Path
        Private folder for the rows.

    Returns
    -------
    Raw
    str
        Hash of the rows.

    Raises
    ------
    DataRefusedError
        If the variable is not set, the server does not answer or refuses the query. The address
        never appears in the message.
    """
    import pyarrow.parquet as pq

    variable = str(entry["url_env"])
    address = os.environ.get(variable, "")
    if not address:
        raise DataRefusedError(
            f"{label}: the environment variable {variable} is not set. Set it to the database's "
            "address, as in postgresql://user:password@host/base."
        )
    if not address.startswith(("postgresql://", "postgres://")):
        raise DataRefusedError(
            f"{label}: {variable} does not begin with postgresql://, the only kind of server that "
            "kamlab reads."
        )
    try:
        import adbc_driver_postgresql.dbapi as postgresql
    except ImportError:
        raise DataRefusedError(
            f"{label}: reading PostgreSQL needs the extra: pip install 'kamlab[postgres]'."
        ) from None
    out = room / "staged.parquet"
    problem, schema = "", None
    try:
        with postgresql.connect(address) as server, server.cursor() as cursor:
            cursor.execute(str(entry["query"]).strip().rstrip(";"))
            with cursor.fetch_record_batch() as rows, pq.ParquetWriter(out, rows.schema) as writer:
                schema = rows.schema
                for batch in rows:
                    writer.write_batch(batch)
    except Exception as error:  # noqa: BLE001  whatever a driver raises may hold the address
        problem = scrub(str(error), address)
    if problem or schema is None:
        raise DataRefusedError(
            f"{label}: the database behind {variable} says: {problem} Check the variable, the "
            "server and the query."
        )
    chosen = [_column(field, label) for field in schema]
    relation = (
        f"(SELECT {', '.join(chosen)}, file_row_number + 1 AS _row, NULL::VARCHAR AS _bad "
        f"FROM {sql.parquet([out], 'file_row_number = true')})"
    )
    with out.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return typed(connection, relation, {}), digest


def _column(field: Any, label: str) -> str:  # noqa: ANN401  a field of pyarrow
    """Write the SQL of one column: the driver gives exact numbers as text."""
    quoted = sql.name(field.name)
    kind = (field.metadata or {}).get(b"POSTGRESQL:type", b"")
    if kind == b"money":
        raise DataRefusedError(
            f"{label}: column {field.name!r} is of type money, of which PostgreSQL does not tell "
            f"the unit. Write in the query CAST({field.name} AS numeric) AS {field.name}."
        )
    if kind != b"numeric":
        return quoted
    limits = int((field.metadata or {}).get(b"POSTGRESQL:typmod", b"-1")) - 4
    digits, after = limits >> 16 & 0xFFFF, limits & 0x7FF
    target = f"DECIMAL({digits}, {after})" if limits >= 0 and after <= digits <= 38 else "DOUBLE"
    return f"TRY_CAST({quoted} AS {target}) AS {quoted}"


def scrub(message: str, address: str) -> str:
    """Take every part of a database's address out of a message.

    Parameters
    ----------
    message : str
        What a driver said.
    address : str
        The secret.

    Returns
    -------
    str
        At most 300 characters, on one line.

    Examples
    --------
    >>> scrub('no pg_hba entry for "anna" on db.example', "postgresql://anna:pw@db.example/base")
    'no pg_hba entry for "***" on ***'
    """
    secrets = {address}
    try:
        parts = urlsplit(address)
        secrets |= {parts.netloc, parts.username or "", parts.password or "", parts.hostname or ""}
        secrets |= {parts.path.strip("/"), str(parts.port or ""), parts.query}
        secrets |= {value.split("=", 1)[-1] for value in parts.query.split("&")}
    except ValueError:
        return "the address cannot be parsed."
    secrets |= {unquote(secret) for secret in secrets}
    for secret in sorted(filter(None, secrets), key=len, reverse=True):
        # a short one is a part of many a word
        whole = rf"(?<!\w){re.escape(secret)}(?!\w)" if len(secret) < 4 else re.escape(secret)
        message = re.sub(whole, "***", message)
    message = re.sub(r"postgres(ql)?://\S+", "***", message)
    return " ".join(message.split())[:300]
