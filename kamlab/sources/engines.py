"""On which engine are the order lines worked on? The embedded one, a Spark cluster, PostgreSQL.

One line of `kamlab.toml` chooses it: `engine = "spark"` or `engine = "postgres"`. The lines then
stay there; every other table is small and is read as always.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from glob import glob
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from kamlab.errors import DataRefusedError
from kamlab.sources.databases import scrub
from kamlab.sources.mapping import Entry, Mapping
from kamlab.sources.pushed import MARK, Pushed, check_lines
from kamlab.sources.sql import name
from kamlab.sources.store import Store

_T = TypeVar("_T")
_Ready = tuple[Callable[[], Any], Callable[[], None], str]
"""What opens the lines, what lets go of the engine, and where the lines are, for people."""
_held: dict[object, Any] = {}  # by who took it: the Spark session that is ours to stop

_QUIET = {
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.session.timeZone": "UTC",
}
# values come here as text, whatever the server, the database or the role says of it
_SETTINGS = (
    "default_transaction_read_only = on",
    "datestyle = 'ISO, YMD'",
    "extra_float_digits = 1",
    "client_encoding = 'UTF8'",
)
_DAYS = "BETWEEN '0001-01-01' AND '9999-12-31'"


def push_orders(mapping: Mapping, reporting: str, shelf: Store) -> Pushed:
    """Open the order lines on the mapping's engine and check them there.

    Parameters
    ----------
    mapping : Mapping
        Its engine is "spark" or "postgres".
    reporting : str
        Currency of the reports; "" where only the lines can tell.
    shelf : Store
        For what another study of the same run has found.

    Returns
    -------
    Pushed

    Raises
    ------
    DataRefusedError
        If the engine cannot be had, does not answer, or the lines cannot be used.
    """
    entries = [entry for entry in mapping.entries if entry.table == "orders"]
    if len(entries) != 1:
        raise DataRefusedError(
            f"{mapping.path}: engine = {mapping.engine!r} takes one [[orders]], found "
            f"{len(entries)}. Put them together in one pattern, view or query."
        )
    entry = entries[0]
    prepare = _spark if mapping.engine == "spark" else _postgres
    reporting = reporting or str(entry["currency"] or "")

    def open_lines() -> Any:  # noqa: ANN401  of the engine
        return _answer(entry, mapping, connect)

    def check() -> Pushed:
        return check_lines(open_lines, release, entry, mapping, reporting, label, shelf)

    connect, release, label = _answer(entry, mapping, lambda: prepare(entry, mapping))
    try:
        return _answer(entry, mapping, check)
    except BaseException:
        release()
        raise


def _answer(entry: Entry, mapping: Mapping, ask: Callable[[], _T]) -> _T:
    """Ask an engine, and say what it refuses without its address."""
    try:
        return ask()
    except DataRefusedError:
        raise
    except Exception as error:  # noqa: BLE001  whatever an engine raises may hold an address
        told = [line.strip(": \t") for line in str(error).strip().splitlines()]
        # Java's first line names a call, the next one says what was wrong
        said = [line for line in told if line and not line.startswith("An error occurred")]
        first = (said or [type(error).__name__])[0]
        address = os.environ.get(str(entry["url_env"] or ""), "")
        problem = scrub(first, address) if address else first[:300]
    master = dict(mapping.spark).get("spark.master", "local")
    # what Spark names by a class in brackets, it has found out itself
    told_all = master.startswith("local") or problem.startswith("[")
    doubt = "" if told_all else f" Does {master} answer, with cores to spare?"
    raise DataRefusedError(
        f"{entry.place}: the engine {mapping.engine} says: {problem}{doubt} Check kamlab.toml, the "
        "server and the columns."
    )


def _spark(entry: Entry, mapping: Mapping) -> _Ready:
    """Say how to read Parquet files, or ask a query, on a Spark cluster."""
    if not find_spec("pyspark"):
        raise DataRefusedError(
            f"{entry.place}: engine = \"spark\" needs the extra: pip install 'kamlab[spark]'."
        )
    holder = object()
    release = partial(_release, holder)
    if entry.kind == "sql":
        query = str(entry["sql"]).strip().rstrip(";")
        where = f"{entry.place} on Spark"
        return lambda: _marked(_session(mapping, holder).sql(query)), release, where
    if entry.kind != "file":
        raise DataRefusedError(
            f'{entry.place}: engine = "spark" reads Parquet files (file) or Spark\'s own tables '
            f"(sql), not {entry.kind}."
        )
    places = [_place(pattern, mapping, entry) for pattern in entry["file"]]

    def connect() -> Any:  # noqa: ANN401  a PySpark frame
        reader = _session(mapping, holder).read.option("mergeSchema", "true")
        return _marked(reader.parquet(*places))

    return connect, release, ", ".join(entry["file"])


def _session(mapping: Mapping, holder: object) -> Any:  # noqa: ANN401  of PySpark
    """Start Spark with the mapping's settings for a holder, or use the one that runs."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    if not _held and SparkContext._active_spark_context:  # noqa: SLF001  of whatever thread
        other = SparkSession.builder.getOrCreate()  # the user's own, whose views are asked for
        other.conf.set("spark.sql.session.timeZone", "UTC")  # by which a time has its day
        return other
    settings = {"spark.master": "local[*]"} | _QUIET | dict(mapping.spark)
    if settings["spark.master"].startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    builder = SparkSession.builder.appName("kamlab")
    for setting, value in settings.items():
        builder = builder.config(setting, value)
    _held[holder] = builder.getOrCreate()
    return _held[holder]


def _release(holder: object) -> None:
    """Stop Spark after its last holder: a session keeps the cluster's cores from others."""
    session = _held.pop(holder, None)
    if session and not _held:
        session.stop()


def _marked(frame: Any) -> Any:  # noqa: ANN401  a PySpark frame
    """Add a hash of each line; it is worked out only where it is asked for."""
    from pyspark.sql import functions as spark

    names = [one for one, kind in frame.dtypes if "map<" not in kind and "variant" not in kind]
    plain = [spark.col("`" + one.replace("`", "``") + "`") for one in names]
    # the hash passes over what is missing, so that it is told beside
    whole = spark.xxhash64(*plain, *[one.isNull() for one in plain])
    return frame.withColumn(MARK, whole.bitwiseAND(spark.lit(2**31 - 1)))


def _place(pattern: str, mapping: Mapping, entry: Entry) -> str:
    """Give where a pattern of Parquet files lies: an address as it is, a path from the root."""
    if "://" in pattern:
        return pattern
    path = Path(pattern) if Path(pattern).is_absolute() else mapping.root / pattern
    there = [Path(one) for one in glob(str(path))]  # noqa: PTH207  a pattern may be absolute
    if not there:
        raise DataRefusedError(
            f"{entry.place}: no file is named {pattern!r} in {mapping.root}. Expected Parquet "
            "files that every worker of the cluster can read."
        )
    if not all(one.suffix == ".parquet" or one.is_dir() for one in there):
        raise DataRefusedError(
            f"{entry.place}: {pattern!r} names files that are not Parquet. On Spark order lines "
            "come with their types: convert them, or use the embedded engine."
        )
    return str(path)


def _postgres(entry: Entry, mapping: Mapping) -> _Ready:  # noqa: ARG001
    """Say how to put a query of PostgreSQL behind a lazy table, which is summed up there."""
    if entry.kind != "url_env":
        raise DataRefusedError(
            f'{entry.place}: engine = "postgres" reads a query (url_env and query), not '
            f"{entry.kind}."
        )
    if not (find_spec("adbc_driver_postgresql") and find_spec("ibis")):
        raise DataRefusedError(
            f"{entry.place}: engine = \"postgres\" needs the extra: pip install 'kamlab[postgres]'."
        )
    variable = str(entry["url_env"])
    address = os.environ.get(variable, "")
    if not address.startswith(("postgresql://", "postgres://")):
        raise DataRefusedError(
            f"{entry.place}: the environment variable {variable} must hold the database's address, "
            "as in postgresql://user:password@host/base."
        )
    query = str(entry["query"]).strip().rstrip(";")
    opened: list[Any] = []

    def release() -> None:
        while opened:
            opened.pop().get_backend().disconnect()

    def connect() -> Any:  # noqa: ANN401  a table of Ibis
        opened.append(_asked(address, query))
        return opened[-1]

    return connect, release, f"{variable}: {query[:60]}"


def _asked(address: str, query: str) -> Any:  # noqa: ANN401  a table of Ibis
    """Put a query of PostgreSQL behind a lazy table."""
    import adbc_driver_postgresql.dbapi as postgresql
    import ibis

    with postgresql.connect(address) as server, server.cursor() as cursor:
        cursor.execute(f"SELECT * FROM ({query}\n) AS asked LIMIT 0")
        columns = {field.name: _typed(field) for field in cursor.fetch_arrow_table().schema}
    chosen = ", ".join(made for made, _ in columns.values())
    # of the text, in which missing is not nought and a value knows its line; where asked for
    marked = f"hashtextextended(ROW(lines.*)::text, 0) & {2**31 - 1} AS {name(MARK)}"
    database = ibis.connect(address)
    for setting in _SETTINGS:
        database.raw_sql(f"SET {setting}").close()
    # the types are given: Ibis 12 asks for them by a view that it then fails to drop
    return database.sql(
        f"SELECT lines.*, {marked} FROM (SELECT {chosen} FROM ({query}\n) AS asked) AS lines",
        schema={one: kind for one, (_, kind) in columns.items()} | {MARK: "int64"},
    )


def _typed(field: Any) -> tuple[str, str]:  # noqa: ANN401  a field of pyarrow
    """Write the SQL of one column in a type that Ibis has, and name that type."""
    import pyarrow.types as kinds

    quoted, found = name(field.name), field.type
    exact = (field.metadata or {}).get(b"POSTGRESQL:type", b"")
    if exact == b"numeric" or kinds.is_floating(found):
        return f"{quoted}::double precision AS {quoted}", "float64"
    if kinds.is_integer(found):
        return f"{quoted}::bigint AS {quoted}", "int64"
    if kinds.is_timestamp(found) or kinds.is_date(found):
        zone = " AT TIME ZONE 'UTC'" if kinds.is_timestamp(found) and found.tz else ""
        day = f"({quoted}{zone})"  # one that no calendar has is missing
        return f"CASE WHEN {day} {_DAYS} THEN {day}::date END AS {quoted}", "date"
    # texts in the order of their bytes, as on every other engine, whatever the database's language
    return f'{quoted}::text COLLATE "C" AS {quoted}', "string"
