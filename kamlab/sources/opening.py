"""What do we know, and can it be trusted? Open a data folder as validated tables."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from kamlab.errors import DataRefusedError
from kamlab.sources import listing, sql
from kamlab.sources.assembly import Assembled, assemble
from kamlab.sources.industry import Industry, read_industry
from kamlab.sources.mapped import LONG, mapped_once, straight
from kamlab.sources.mapping import Mapping, read_mapping
from kamlab.sources.memory import give_back, use_again
from kamlab.sources.once import kept_once, made_once
from kamlab.sources.privacy import retire
from kamlab.sources.pushed import Pushed
from kamlab.sources.reading import read_entries
from kamlab.sources.reconcile import reconcile
from kamlab.sources.reporting import end_of_orders, reporting_currency
from kamlab.sources.schema import TABLES
from kamlab.sources.store import Store

Through = tuple[Callable[[Any, pd.DataFrame], Any], str]


@dataclass(frozen=True, slots=True)
class Sources:
    """Validated tables of one data folder.

    Attributes
    ----------
    root : Path
        Folder of the data.
    tables : tuple of str
        Canonical tables that are there, orders first.
    currency : str
        Currency (ISO 4217) of all kept amounts; "" where the data do not say.
    fiscal_year_start : int
        Month in which the fiscal year begins, 1 to 12.
    end : date
        The day after the newest order: the default `as_of`.
    reconciliation : pd.DataFrame
        One row a table: table, rows_in, rows_kept, rows_refused, amount_in, amount_kept,
        amount_refused, difference. Amounts are in `currency`, NaN for tables without money.
    other_currencies : pd.DataFrame
        What was set aside for its currency: table, currency, rows, amount (in that currency).
    files : pd.DataFrame
        What was read: table, file, size (bytes), sha256, rows, newest_date.
    not_understood : tuple of str
        Files and folders beside the data that feed no table.
    store : Path
        Private folder of what has been read.
    retired : dict of str to int
        Rows of each table whose personal details were left out since they are older than the
        retention period of the mapping.
    industry : Industry
        What holds in the industry: the shipped profile, or the user's over it.
    """

    root: Path
    tables: tuple[str, ...]
    currency: str
    fiscal_year_start: int
    end: date
    reconciliation: pd.DataFrame
    other_currencies: pd.DataFrame
    files: pd.DataFrame
    not_understood: tuple[str, ...]
    store: Path
    retired: dict[str, int]
    industry: Industry
    _connection: duckdb.DuckDBPyConnection = field(repr=False, compare=False)
    _assembled: dict[str, Assembled] = field(repr=False, compare=False)
    _pushed: Pushed | None = field(default=None, repr=False, compare=False)

    @property
    def begin(self) -> date:
        """The day of the oldest order."""
        oldest = "SELECT min(order_date) FROM orders"
        days = self._pushed.days if self._pushed else [sql.one(self._connection.cursor(), oldest)]
        return days[0][0]

    def days(self) -> list[tuple[date, int, float]]:
        """Give each day of the orders with its lines and net sales, the oldest first."""
        if self._pushed:
            return self._pushed.days
        return listing.days(self.table("orders"))

    def close(self) -> None:
        """Let go of memory and of a cluster that was taken; tables cannot be asked for any more."""
        self._connection.close()
        if self._pushed:
            self._pushed.release()
        give_back(0)

    def has(self, name: str) -> bool:
        """Say whether a table is there."""
        return name in self.tables

    def table(self, name: str) -> Any:  # noqa: ANN401  of several engines
        """Give a table of canonical columns, lazy and on its engine; optional ones may be absent.

        Parameters
        ----------
        name : str
            Canonical table.

        Returns
        -------
        duckdb.DuckDBPyRelation
            Lazy, over Parquet; it lives as long as these sources. Orders are a PySpark or Ibis
            frame instead where the mapping's engine is "spark" or "postgres".

        Raises
        ------
        DataRefusedError
            If the sources have no such table.
        """
        if name not in self.tables:
            raise DataRefusedError(
                f"{self.root}: there is no table {name!r}. There are: {', '.join(self.tables)}."
            )
        if name == "orders" and self._pushed:
            return self._pushed.lines()
        return self._connection.sql(f"SELECT * FROM {sql.name(name)}")

    def once(
        self,
        make: Callable[..., Any],
        *given: Any,  # noqa: ANN401  checked when it is made
        through: Through | None = None,
        columns: Sequence[str] = (),
        **named: Any,  # noqa: ANN401
    ) -> Any:  # noqa: ANN401
        """Make a table of the order lines, or read what was made before of the same lines.

        Parameters
        ----------
        make : callable
            A function of order lines, such as `accounts.account_facts`.
        *given, **named : str, float, date, bool or None
            Its further arguments.
        through : tuple of callable and str, optional
            What other lines come from: a function of order lines and of another table, and that
            table's name, such as `(accounts.roll_up, "accounts")`.
        columns : sequence of str
            Those wanted, as far as they are there; default all. The rest is not read.

        Returns
        -------
        pd.DataFrame or None
            What `make` gives: None where the lines lack what it takes.
        """
        content, lines = self._made_of(through), partial(self._through, through)
        made_of = make.takes(*given, **named).items() if hasattr(make, "takes") else ()
        takes = {n: partial(self.kept, one, *asked, through=through) for n, (one, asked) in made_of}
        shelf = Store(self.store)
        if getattr(make, "straight", False) and not named:
            files = {name: self._file(one, through, asked) for name, (one, asked) in made_of}
            if (read := straight(shelf, make, given, columns, files)) is not None:
                return read
        still = self._pushed.still if self._pushed else None
        return made_once(shelf, content, make, lines, given, named, columns, takes, still)

    def kept(
        self, make: Callable[..., Any], *given: int, through: Through | None = None
    ) -> duckdb.DuckDBPyRelation | None:
        """Condense the order lines once, and give the table where it is kept.

        Parameters
        ----------
        make : callable
            A function of order lines that gives a lazy table, such as `condensed_days`.
        *given, through : int, tuple of callable and str
            As of `once`.

        Returns
        -------
        duckdb.DuckDBPyRelation or None
            Lazy, and here wherever the lines are; None where there is nothing to make it of, or a
            cluster or a database has more of them than can be condensed to one machine.
        """
        file = self._file(make, through, given)
        return None if file is None else self._connection.sql(f"FROM {sql.parquet([file])}")

    def _file(self, make: Callable, through: Through | None, given: Sequence[int]) -> Path | None:
        """Condense the order lines once, and give the file that keeps the table."""
        if self._pushed and self._pushed.leaves(make):
            return None
        content, lines = self._made_of(through), partial(self._through, through)
        still = self._pushed.still if self._pushed else None
        return kept_once(Store(self.store), content, make, lines, given, still)

    def _through(self, through: Through | None) -> Any:  # noqa: ANN401  of several engines
        """Give the order lines, or what comes of them."""
        lines = self.table("orders")
        return lines if through is None else through[0](lines, self.frame(through[1]))

    def _made_of(self, through: Through | None) -> list[str]:
        """Name what order lines are made of and which of them are kept."""
        if through is None:
            return self._named("orders")
        make, name = through
        said = [*self.content(name), f"{make.__module__}.{make.__qualname__}"]
        return [*self._named("orders"), *said]

    def _named(self, name: str) -> list[str]:
        """Name what a table is made of and which of its rows are kept."""
        ledger = self.reconciliation.set_index("table").loc[name].to_json()
        return [*self.content(name), self.currency, ledger]

    def count(self, name: str, column: str) -> tuple[int, int, Any]:
        """Count the rows of a table and those that know a column, and give its largest value.

        Where the table has no such column, none is known.
        """
        return listing.count(self.table(name), column)

    def frame(
        self, name: str, columns: Sequence[str] = (), accounts: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Give a table as a pandas frame: all, some columns that it has, or some accounts' rows.

        Optional columns in which no row holds a value are as if they were not there.
        """
        rows = listing.of_accounts(self.table(name), accounts)
        there = [one for one in rows.columns if one in columns]
        long = accounts is None and there and listing.rows(self.reconciliation, name) > LONG
        if long and not TABLES[name].personal:  # what is to be forgotten stands in one place
            read = partial(sql.to_frame, rows)
            table = mapped_once(Store(self.store), self._named(name), there, read)
        else:
            table = sql.to_frame(rows, there)
        must = {column.name for column in TABLES[name].columns if column.required}
        return table.drop(columns=[c for c in table if c not in must and table[c].isna().all()])

    def frame_or_empty(
        self, name: str, columns: Sequence[str] = (), accounts: Sequence[str] | None = None
    ) -> pd.DataFrame:
        """Give a table as a pandas frame; where there is none, no rows of what it must hold."""
        if not self.has(name):
            return listing.empty(self._connection, TABLES[name])
        return self.frame(name, columns, accounts)

    def content(self, *names: str) -> list[str]:
        """Name what some tables are made of: the same names, the same rows."""
        there = [self._assembled[name].parts for name in names if name in self._assembled]
        pushed = [self._pushed.content] if self._pushed and "orders" in names else []
        return pushed + [part.key for parts in there for part in parts]

    def places(self, name: str) -> list[tuple[str, Path, tuple[str, ...]]]:
        """Give label, Parquet file of all rows and columns of each source of a table."""
        parts = self._assembled[name].parts
        return [(part.origin.label, part.data, tuple(part.meta["columns"])) for part in parts]

    @property
    def refused(self) -> pd.DataFrame:
        """Rows that were set aside.

        Columns: table, file, row (as a person counts it), column, value, reason, expected,
        amount and currency (its own). Of order lines that stay in a cluster or a database, some of
        each reason; `refused_sums` counts all.
        """
        query = f'FROM ({self._views}) ORDER BY "table", file, "row"'
        found = self._connection.cursor().sql(query).df() if self._views else None
        return listing.stacked(found, self._pushed and self._pushed.refused)

    @property
    def _views(self) -> str:
        """Name the views of refused rows that are here."""
        return " UNION ALL ".join(f"FROM {sql.name(f'refused {name}')}" for name in self._assembled)

    @property
    def refused_sums(self) -> pd.DataFrame:
        """Rows and amounts set aside by table, reason, column and currency."""
        query = (
            f'SELECT "table", reason, "column", currency, count(*) AS rows, '
            f"CAST(sum(TRY_CAST(round(amount, 6) AS DECIMAL(38, 6))) AS DOUBLE) AS amount "
            f'FROM ({self._views}) GROUP BY ALL ORDER BY "table", rows DESC, reason, "column"'
        )
        found = self._connection.cursor().sql(query).df() if self._views else None
        return listing.stacked(found, self._pushed and self._pushed.refused_sums)

    @property
    def left_out(self) -> pd.DataFrame:
        """Optional values that could not be read, in rows that are kept without them.

        Columns: table, file, row, column, value, expected.
        """
        return listing.left_out(self._connection, self._assembled)


def open_data(
    path: str | Path, *, mapping: str | Path | None = None, store: str | Path | None = None
) -> Sources:
    r"""Read a data folder into validated tables, or find there what was read before.

    Parameters
    ----------
    path : str or Path
        Folder with a `kamlab.toml` or with files named after the tables; or a mapping file.
    mapping : str or Path, optional
        Mapping file kept elsewhere; its relative paths then count from `path`.
    store : str or Path, optional
        Private folder for what has been read; else the environment variable KAMLAB_STORE, else the
        user's cache folder.

    Returns
    -------
    Sources

    Raises
    ------
    DataRefusedError
        If something cannot be read at all, is not sure, or no order is left.
    UsageError
        If the mapping says something unknown.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "orders.csv").write_text(
    ...     "account_id,order_id,order_date,net_sales\n"
    ...     "A1,1,2024-01-31,10.50\nA2,2,2024-02-01,20\n,3,2024-02-01,5\n"
    ... )
    >>> sources = open_data(folder, store=folder / "store")
    >>> sources.end
    datetime.date(2024, 2, 2)
    >>> sources.refused[["row", "reason", "amount"]].values.tolist()
    [[4, 'account missing', 5.0]]
    """
    try:
        return _open(read_mapping(path, mapping), Store(store))
    except OSError as error:
        raise DataRefusedError(
            f"{error.filename or path}: cannot be read: {error.strerror or error}."
        ) from None
    except duckdb.Error as error:
        raise DataRefusedError(
            f"{path}: the tables cannot be put together: {str(error).splitlines()[0][:300]}"
        ) from None


def _open(described: Mapping, shelf: Store) -> Sources:
    """Read all that a mapping names."""
    use_again()
    industry = read_industry(described.industry)
    connection = sql.connect(shelf.folder / "tmp")
    elsewhere = described.engine != "duckdb"
    here = [one for one in described.entries if not (elsewhere and one.table == "orders")]
    parts = read_entries(connection, here, described, shelf)
    pushed = None
    if elsewhere:
        from kamlab.sources.engines import push_orders

        pushed = push_orders(described, described.currency, shelf)
    reporting = reporting_currency(described, parts, pushed.currencies if pushed else {})
    made = {
        name: assemble(connection, name, parts[name], described, reporting, shelf)
        for name in TABLES
        if name in parts
    }
    reconciliation, others = reconcile(connection, made, reporting, shelf)
    end = pushed.end if pushed else end_of_orders(connection, described.root, made)
    files = listing.files_read(made)
    if pushed:
        reconciliation.loc[-1] = pushed.reconciliation
        reconciliation = reconciliation.sort_index(ignore_index=True)
        others = listing.stacked(listing.set_aside(pushed), others)
        files = listing.stacked(listing.file_of(pushed), files)
    rows = pushed.reconciliation[2] if pushed else sum(p.meta["rows"] for p in made["orders"].parts)
    sql.answer_alike(connection, rows)
    given = {name: whole.columns for name, whole in made.items()}
    retired = retire(connection, given, end, described.retention_days)
    return Sources(
        root=described.root,
        tables=(("orders",) if pushed else ()) + tuple(made),
        currency=reporting,
        fiscal_year_start=described.fiscal_year_start,
        end=end,
        reconciliation=reconciliation,
        other_currencies=others,
        files=files,
        not_understood=listing.not_understood(described, parts),
        store=shelf.folder,
        retired=retired,
        industry=industry,
        _connection=connection,
        _assembled=made,
        _pushed=pushed,
    )
