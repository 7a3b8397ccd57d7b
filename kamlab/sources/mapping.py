"""Which file or query feeds which table? Read `kamlab.toml`, or a folder named after the tables."""

import hashlib
import json
import os
import re
import tomllib
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from kamlab.errors import DataRefusedError, UsageError
from kamlab.sources.blocks import check_columns, check_scale, check_settings
from kamlab.sources.currencies import CURRENCIES
from kamlab.sources.endings import readable, stem
from kamlab.sources.industry import BESIDE_DATA
from kamlab.sources.keys import only_known
from kamlab.sources.schema import TABLES

_TOP = ("root", "currency", "fiscal_year_start", "start", "end", "duplicates", "engine", "spark",
        "retention_days", "industry")  # fmt: skip
_ENGINES = ("duckdb", "spark", "postgres")
_RUNS = "runs"  # what scheduled runs are held to, see kamlab.studies.rules
_LANGUAGE = "language"  # of the published pages, see kamlab.studies.words
_ENTRY = (
    "file", "sql", "database", "table", "query", "url_env", "sheet", "encoding", "delimiter",
    "decimal", "thousands", "date_format", "channel", "currency", "columns", "duplicates", "skip",
    "scale",
)  # fmt: skip
_ASIDE = ("file", "duplicates")  # they choose files and rows, and change no row
_KINDS = ("file", "sql", "database", "url_env")
_VARIABLE = re.compile(r"\$\{([A-Za-z_]\w*)(?::-([^}]*))?\}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One source of one table.

    Attributes
    ----------
    table : str
        Canonical table which it feeds.
    kind : str
        One of file, sql, database, url_env.
    place : str
        Where the mapping says so, for messages: `[[orders]] number 2 of kamlab.toml`.
    options : dict
        What the mapping gives: file (list of patterns), sql, query, columns, encoding and so on.
    """

    table: str
    kind: str
    place: str
    options: dict = field(hash=False)

    def __getitem__(self, option: str) -> Any:  # noqa: ANN401  settings are of several kinds
        """Give an option, or None where the mapping is silent."""
        return self.options.get(option)

    @property
    def columns(self) -> dict[str, str | list[str]]:
        """Source columns by canonical name, as the mapping says."""
        return self.options.get("columns", {})

    @property
    def fingerprint(self) -> str:
        """Hash of everything in the entry that changes how its rows are read."""
        said = {key: value for key, value in self.options.items() if key not in _ASIDE}
        parts = json.dumps([self.table, self.kind, said], sort_keys=True, default=str)
        return hashlib.sha256(parts.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Mapping:
    """What a mapping file says.

    Attributes
    ----------
    path : Path or None
        The mapping file; None where files are named after tables.
    root : Path
        Folder from which relative paths count.
    currency : str
        Reporting currency (ISO 4217); "" where the mapping is silent.
    fiscal_year_start : int
        Month in which the fiscal year begins, 1 to 12.
    start, end : date or None
        First and last day of the data, both inclusive.
    entries : tuple of Entry
    engine : str
        Where order lines are worked on: "duckdb", "spark" or "postgres".
    spark : tuple of (str, str)
        Settings of the Spark session.
    retention_days : int or None
        Days before the data's end from which personal details may be seen; None for all.
    industry : Path or None
        The user's industry profile; None where the shipped one holds.
    """

    path: Path | None
    root: Path
    currency: str
    fiscal_year_start: int
    start: date | None
    end: date | None
    entries: tuple[Entry, ...]
    engine: str = "duckdb"
    spark: tuple[tuple[str, str], ...] = ()
    retention_days: int | None = None
    industry: Path | None = None


def read_mapping(data: str | Path, mapping: str | Path | None = None) -> Mapping:
    """Read the mapping of a data folder.

    Parameters
    ----------
    data : str or Path
        Folder with the data, or a mapping file.
    mapping : str or Path, optional
        Mapping file kept elsewhere; its relative paths then count from `data`.

    Returns
    -------
    Mapping

    Raises
    ------
    UsageError
        If the mapping file says something unknown.
    DataRefusedError
        If there is no such folder, or nothing in it can be used.
    """
    data = Path(data).expanduser()
    if not data.exists():
        raise DataRefusedError(f"{data}: there is no such file or folder. Give the data's folder.")
    if mapping is not None:
        return _from_toml(Path(mapping).expanduser(), data)
    if data.is_file() and data.suffix == ".toml":
        return _from_toml(data, None)
    if data.is_file():
        raise DataRefusedError(
            f"{data}: expected a folder with the data or a mapping file ending in .toml. "
            f"Give the folder {data.parent} instead."
        )
    if (data / "kamlab.toml").is_file():
        return _from_toml(data / "kamlab.toml", None)
    return _from_names(data)


def _from_toml(path: Path, root: Path | None) -> Mapping:
    """Read and check a mapping file."""
    try:
        said = tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        raise DataRefusedError(f"{path}: there is no such mapping file.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: not a TOML file in UTF-8: {error}.") from None
    except OSError as error:
        raise DataRefusedError(f"{path}: cannot be read: {error.strerror}.") from None
    only_known(said, (*_TOP, *TABLES, _RUNS, _LANGUAGE), str(path))
    if root is None:
        root = path.parent / _expand(said.get("root", "."), path)
    if not root.is_dir():
        raise DataRefusedError(f"{path}: its root {str(root)!r} is not a folder.")
    entries = []
    for table in TABLES:
        blocks = said.get(table, [])
        blocks = [blocks] if isinstance(blocks, dict) else blocks
        for number, block in enumerate(blocks, 1):
            place = f"[[{table}]] number {number} of {path.name}"
            entries.append(_entry(table, block, place, said.get("duplicates", "refuse")))
    if not entries:  # settings alone: the folder is read as it would be without them
        entries = list(_from_names(root, said.get("duplicates", "refuse")).entries)
    if not any(entry.table == "orders" for entry in entries):
        raise DataRefusedError(
            f"{path}: orders are needed and the mapping names none. Add for instance\n"
            '[[orders]]\nfile = "orders*.csv"'
        )
    return Mapping(
        path=path,
        root=root.resolve(),
        currency=_currency(said.get("currency", ""), str(path)),
        fiscal_year_start=_month(said.get("fiscal_year_start", 1), path),
        start=_day(said, "start", path),
        end=_day(said, "end", path),
        entries=tuple(entries),
        engine=_engine(said, path),
        spark=_spark_settings(said.get("spark", {}), path),
        retention_days=_days(said.get("retention_days"), path),
        industry=_industry(said.get("industry"), path),
    )


def _engine(said: dict, path: Path) -> str:
    """Check the name of the engine."""
    engine = said.get("engine", "duckdb")
    if engine not in _ENGINES:
        raise UsageError(f"{path}: engine = {engine!r} is none of {', '.join(_ENGINES)}.")
    return engine


def _industry(given: object, path: Path) -> Path | None:
    """Find the industry profile: named in the mapping, or beside it."""
    if given is None:
        return _beside(path.parent)
    if not isinstance(given, str) or not given.strip():
        raise UsageError(
            f'{path}: industry = {given!r} must name a file, as in industry = "ours.toml".'
        )
    return path.parent / given


def _beside(folder: Path) -> Path | None:
    """Find an industry profile beside the data."""
    return folder / BESIDE_DATA if (folder / BESIDE_DATA).is_file() else None


def _spark_settings(given: object, path: Path) -> tuple[tuple[str, str], ...]:
    """Check the settings of Spark: names with dots are written in quotes."""
    if not isinstance(given, dict):
        raise UsageError(f"{path}: spark is a table of settings, as in [spark] with master = …")
    for name, value in given.items():
        if isinstance(value, dict | list):
            raise UsageError(
                f"{path}: spark.{name} is not one value; write names with dots in quotes, as in "
                '"spark.executor.memory" = "4g".'
            )
    return tuple(
        (
            f"spark.{name.removeprefix('spark.')}",
            str(value).lower() if isinstance(value, bool) else str(value),
        )
        for name, value in given.items()
    )


def _entry(table: str, block: object, place: str, duplicates: str) -> Entry:
    """Check one block of the mapping."""
    if not isinstance(block, dict):
        raise UsageError(f"{place}: expected a table of settings, as in [[{table}]].")
    only_known(block, _ENTRY, place)
    kinds = [kind for kind in _KINDS if kind in block]
    if len(kinds) != 1:
        raise UsageError(
            f"{place}: expected exactly one of file, sql, database or url_env, found "
            f"{' and '.join(kinds) or 'none'}."
        )
    options = {"duplicates": duplicates} | dict(block)
    if kinds[0] == "file":
        files = block["file"]
        options["file"] = [files] if isinstance(files, str) else files
    check_settings(options, place)
    if kinds[0] == "url_env" and "query" not in block:
        raise UsageError(f'{place}: url_env needs a query, as in query = "SELECT * FROM orders".')
    if kinds[0] == "database" and ("table" in block) == ("query" in block):
        raise UsageError(f"{place}: database needs either table or query.")
    if options["duplicates"] not in ("refuse", "keep"):
        raise UsageError(f'{place}: duplicates is "refuse" or "keep".')
    if "currency" in block:
        options["currency"] = _currency(block["currency"], place)
    check_columns(table, options.setdefault("columns", {}), place)
    check_scale(table, options, place)
    return Entry(table, kinds[0], place, options)


def _expand(root: object, path: Path) -> str:
    """Replace `${NAME}` and `${NAME:-otherwise}` by the environment."""
    if not isinstance(root, str):
        raise UsageError(f"{path}: root must be a folder's name.")

    def value(found: re.Match) -> str:
        given = os.environ.get(found[1]) or found[2]
        if given is None:
            raise UsageError(f"{path}: root needs the environment variable {found[1]}: set it.")
        return given

    return _VARIABLE.sub(value, root)


def _currency(code: object, place: str) -> str:
    """Check a currency code of the mapping."""
    if code == "" or (isinstance(code, str) and code.upper() in CURRENCIES):
        return str(code).upper()
    raise UsageError(f'{place}: currency = {code!r} is not an ISO 4217 code such as "EUR".')


def _month(month: object, path: Path) -> int:
    """Check the first month of the fiscal year."""
    if isinstance(month, int) and not isinstance(month, bool) and 1 <= month <= 12:
        return month
    raise UsageError(f"{path}: fiscal_year_start = {month!r} is not a month from 1 to 12.")


def _days(days: object, path: Path) -> int | None:
    """Check a number of days."""
    if days is None or (isinstance(days, int) and not isinstance(days, bool) and days > 0):
        return days
    raise UsageError(f"{path}: retention_days = {days!r} is not a whole number of days above 0.")


def _day(said: dict, key: str, path: Path) -> date | None:
    """Check a day of the mapping, given as a date or as text."""
    value = said.get(key)
    try:
        value = date.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        value = ""
    if value is None or type(value) is date:
        return value
    raise UsageError(f"{path}: {key} must be a day, as in {key} = 2025-12-31.")


def _from_names(folder: Path, duplicates: str = "refuse") -> Mapping:
    """Take files and sub-folders that are named after tables."""
    entries = []
    for table in TABLES:
        part = re.compile(rf"{table}([-_. ]?\d[\d\-_. ]*)?", re.IGNORECASE)
        files = [
            path
            for path in sorted(folder.iterdir())
            if readable(path) and path.is_file() and part.fullmatch(stem(path))
        ]
        inside = folder / table
        if inside.is_dir():
            files += [path for path in sorted(inside.iterdir()) if readable(path)]
        stems = [stem(path) for path in files]
        twice = sorted({path.name for path in files if stems.count(path.stem) > 1})
        if twice:
            raise DataRefusedError(
                f"{folder}: {' and '.join(twice)} would both be read as {table}. Keep one of them, "
                f"or say which in a kamlab.toml:\n[[{table}]]\nfile = {twice[0]!r}"
            )
        if files:
            names = [str(path.relative_to(folder)) for path in files]
            options = {"file": names, "columns": {}, "duplicates": duplicates}
            entries.append(Entry(table, "file", f"files named {table}", options))
    if not any(entry.table == "orders" for entry in entries):
        from kamlab.sources.candidates import no_orders

        read = {name for one in entries for name in one["file"]}
        there = [one for one in folder.iterdir() if one.is_file() and one.name not in read]
        free = [one for one in there if readable(one)]
        raise DataRefusedError(no_orders(folder, free))
    found = tuple(entries)
    return Mapping(None, folder.resolve(), "", 1, None, None, found, industry=_beside(folder))
