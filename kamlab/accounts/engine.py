"""How do order lines of any engine become one lazy table, and its results plain pandas?

Work on order lines is written once as Narwhals expressions and runs on DuckDB, Polars and PySpark.
What engines do differently (types, zones, not-a-number, differences of days) is settled here.
"""

from datetime import date, datetime
from typing import TYPE_CHECKING

import narwhals as nw
import numpy as np
import numpy.typing as npt
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.errors import DataRefusedError
from kamlab.sources.memory import give_back

if TYPE_CHECKING:
    import pyarrow as pa

REQUIRED = ("account_id", "order_id", "order_date", "net_sales")
AMOUNTS = ("net_sales", "quantity", "cost_of_goods", "cost_to_serve", "discount", "list_price")
LABELS = ("account_id", "order_id", "product_id", "category", "channel")

COLUMNS = tuple(dict.fromkeys((*REQUIRED, *LABELS, *AMOUNTS)))

NOTHING = 1e-6  # sums of money closer to nought than this are nought: 0.1 + 0.2 − 0.3 is 5.6e-17


def as_lines(orders: IntoFrame) -> nw.LazyFrame:
    """Give order lines of any engine as one lazy table of canonical columns and types.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Canonical order lines: `account_id`, `order_id`, `order_date`, `net_sales` and any of the
        optional columns of the orders table; others are left aside. Frames in memory are handed to
        DuckDB, lazy ones stay on their engine.

    Returns
    -------
    nw.LazyFrame
        The canonical columns that are there: labels as text, `order_date` as a date, amounts as
        float with not-a-number as missing. Lines without account, date or amount are left out.

    Raises
    ------
    DataRefusedError
        If a required column is missing, or `order_date` is not a date, or is a time with a zone.

    Examples
    --------
    >>> as_lines(pd.DataFrame({"account_id": [7], "order_id": ["o"], "net_sales": [1],
    ...     "order_date": [pd.Timestamp("2024-02-29 12:00")]})).collect().rows()
    [('7', 'o', datetime.date(2024, 2, 29), 1.0)]
    """
    frame = _lazy(orders)
    schema = frame.collect_schema()
    missing = [column for column in REQUIRED if column not in schema]
    if missing:
        raise DataRefusedError(
            f"the orders lack the column{'s' if len(missing) > 1 else ''} {', '.join(missing)}; "
            f"they have {', '.join(schema)}: map the source's columns in kamlab.toml"
        )
    spark = frame.implementation.is_spark_like()
    columns = []
    for name in COLUMNS:
        if name == "order_date":
            columns.append(_day(schema[name], zones=spark))
        elif name in LABELS and name in schema:
            label = nw.col(name)
            columns.append(label if schema[name] == nw.String else label.cast(nw.String))
        elif name in schema:
            amount = nw.col(name)
            amount = amount if schema[name] == nw.Float64 else amount.cast(nw.Float64)
            columns.append(amount.fill_nan(None))
    known = [~nw.col(name).is_null() for name in ("account_id", "order_date", "net_sales")]
    return frame.select(*columns).filter(*known)


def _lazy(orders: IntoFrame) -> nw.LazyFrame:
    """Give a lazy frame on the engine where the orders are; frames in memory go to DuckDB."""
    try:
        frame = nw.from_native(orders)
    except TypeError as error:
        raise DataRefusedError(
            f"orders cannot be read from a {type(orders).__name__}: give a DuckDB relation or a "
            "Polars, PySpark, pandas or pyarrow frame"
        ) from error
    if isinstance(frame, nw.LazyFrame):
        return frame
    import duckdb

    from kamlab.sources.sql import answer_alike

    table, connection = _arrow(frame), duckdb.connect()
    answer_alike(connection, table.num_rows)
    return nw.from_native(connection.from_arrow(table))


def in_duckdb(table: "pd.DataFrame | pa.Table") -> nw.LazyFrame:
    """Hand a table of plain types to DuckDB.

    Parameters
    ----------
    table : pd.DataFrame or pa.Table
        Text, numbers and days.

    Returns
    -------
    nw.LazyFrame
    """
    import duckdb
    import pyarrow as pa

    if isinstance(table, pd.DataFrame):
        table = pa.Table.from_pandas(table, preserve_index=False)
    return nw.from_native(duckdb.connect().from_arrow(table))


def _arrow(frame: nw.DataFrame) -> "pa.Table":
    """Give an eager frame as an arrow table of the canonical columns, mixed labels as text."""
    frame = frame.select([name for name in COLUMNS if name in frame.columns])
    if frame.implementation.is_pandas():
        native = frame.to_native()
        mixed = [name for name in LABELS if name in native and native[name].dtype == object]
        frame = nw.from_native(
            native.assign(**{name: _text(native[name]) for name in mixed}), eager_only=True
        )
    return frame.to_arrow()


def _text(labels: pd.Series) -> pd.Series:
    """Give labels of mixed types as text, missing ones left missing."""
    return labels.map(str, na_action="ignore").astype("str")


def _day(kind: nw.dtypes.DType, *, zones: bool) -> nw.Expr:
    """Give the order date as a calendar day; a time of day is cut off."""
    day = nw.col("order_date")
    if kind == nw.Date:
        return day
    if not isinstance(kind, nw.Datetime):
        raise DataRefusedError(
            f"order_date is {kind}, not a date: name its format in kamlab.toml, or convert it"
        )
    # every timestamp of Spark has the session's zone, in which its cast gives the calendar day
    if kind.time_zone and not zones:
        raise DataRefusedError(
            f"order_date is a time in the zone {kind.time_zone}: turn it into the calendar day of "
            "the place of business first"
        )
    return day.cast(nw.Date)


def as_day(value: date | str, name: str = "as_of") -> date:
    """Give a day from a date, a timestamp at midnight or ISO text.

    Parameters
    ----------
    value : date, datetime or str
        Text as `2024-02-29`.
    name : str, default "as_of"
        What the day is, for the message.

    Returns
    -------
    date

    Raises
    ------
    ValueError
        If the text is no day, or the time is not midnight.

    Examples
    --------
    >>> as_day("2024-02-29")
    datetime.date(2024, 2, 29)
    """
    try:
        stamp = pd.Timestamp(value)
    except ValueError as error:
        raise ValueError(f"{name} is a day such as 2024-02-29, not {value!r}") from error
    if pd.isna(stamp) or stamp != stamp.normalize():
        raise ValueError(f"{name} is a day such as 2024-02-29, not {value!r}")
    return datetime(stamp.year, stamp.month, stamp.day).date()  # noqa: DTZ001  a calendar day


def between(lines: nw.LazyFrame, start: date | None, end: date) -> nw.LazyFrame:
    """Keep the lines of the days in [start, end); without start, all before the end.

    Parameters
    ----------
    lines : nw.LazyFrame
        With a column `order_date`.
    start : date or None
        First day seen.
    end : date
        First day no longer seen.

    Returns
    -------
    nw.LazyFrame

    Raises
    ------
    ValueError
        If start is not before end.
    """
    if start is not None and start >= end:
        raise ValueError(f"start {start} is not before as_of {end}: there is nothing to see")
    seen = lines.filter(nw.col("order_date") < nw.lit(end))
    return seen if start is None else seen.filter(nw.col("order_date") >= nw.lit(start))


def day_number(frame: nw.LazyFrame, day: str) -> nw.Expr:
    """Count the days since the end of the year nought, on every engine alike.

    Parameters
    ----------
    frame : nw.LazyFrame
        Of the engine.
    day : str
        Its date column, of years from 1 on.

    Returns
    -------
    nw.Expr
        Whole number, equal to Python's `date.toordinal`.
    """
    column = nw.col(day)
    if frame.implementation.is_duckdb():  # a difference of days is a number there
        return (column - nw.lit(date.min)).cast(nw.Int64) + 1
    year = column.dt.year().cast(nw.Int64) - 1
    ordinal = column.dt.ordinal_day().cast(nw.Int64)
    return year * 365 + year // 4 - year // 100 + year // 400 + ordinal


def total(amount: nw.Expr, where: nw.Expr) -> nw.Expr:
    """Sum an amount over the rows that meet a condition; nought where none does.

    Parameters
    ----------
    amount, where : nw.Expr
        Number and truth of each row.

    Returns
    -------
    nw.Expr
        For use in `agg`.
    """
    return nw.when(where).then(amount).otherwise(nw.lit(0.0)).sum()


def count(where: nw.Expr) -> nw.Expr:
    """Count the rows that meet a condition.

    Parameters
    ----------
    where : nw.Expr
        Truth of each row.

    Returns
    -------
    nw.Expr
        Whole number, for use in `agg`.
    """
    return nw.when(where).then(nw.lit(1)).otherwise(nw.lit(0)).sum().cast(nw.Int64)


def opening(frame: nw.LazyFrame, name: str, order_by: list[str]) -> tuple[nw.LazyFrame, nw.Expr]:
    """Give the value that stands first in each account's rows by an order.

    Parameters
    ----------
    frame : nw.LazyFrame
        With `account_id`.
    name : str
        The column whose first value is asked for; it may be missing there.
    order_by : list of str
        Columns that put an account's rows in order, the smallest first.

    Returns
    -------
    tuple of nw.LazyFrame and nw.Expr
        The frame to group by `account_id`, and the expression for use in `agg`.
    """
    if not (frame.implementation.is_spark_like() or frame.implementation.is_ibis()):
        return frame, nw.col(name).first(order_by=order_by)
    # Narwhals has no ordered first on Spark, and Ibis none that sees what is missing
    place = nw.col("one").cum_sum().over("account_id", order_by=order_by)
    frame = frame.with_columns(one=nw.lit(1)).with_columns(
        opening=nw.when(place == 1).then(nw.col(name))
    )
    return frame, nw.col("opening").max()


def to_pandas(frame: nw.LazyFrame) -> pd.DataFrame:
    """Collect a lazy table through Arrow, with the same pandas types from every engine.

    Parameters
    ----------
    frame : nw.LazyFrame
        Few rows: one an account, an account-day or an account-month, never order lines.

    Returns
    -------
    pd.DataFrame
        Text as `str`, dates as `datetime64[us]`, whole numbers as `int64` (as `float64` where
        some are missing), other numbers as `float64`, a fresh range index.
    """
    from kamlab.sources.fetch import brought

    return as_pandas([brought(frame)])


def as_pandas(tables: list["pa.Table"]) -> pd.DataFrame:
    """Give an Arrow table as pandas, with the types of `to_pandas`.

    Parameters
    ----------
    tables : list of pa.Table
        One, which is taken from the list, so that it is given back as it is turned.

    Returns
    -------
    pd.DataFrame
    """
    import pyarrow as pa

    table = tables.pop()
    kinds = pa.schema([pa.field(field.name, _kind(field.type)) for field in table.schema])
    table = table.cast(kinds)  # under the same name, so that what was cast is given back
    found = table.to_pandas(split_blocks=True, self_destruct=True)
    del table
    give_back()
    return found


def _kind(found: "pa.DataType") -> "pa.DataType":
    """Give the one arrow type for what an engine may return in several."""
    import pyarrow.types as kinds
    from pyarrow import float64, int64, large_string, timestamp

    if kinds.is_temporal(found):
        return timestamp("us")
    # the sum of whole numbers is a decimal of 38 digits on DuckDB
    if kinds.is_integer(found) or (kinds.is_decimal(found) and found.scale == 0):
        return int64()
    if kinds.is_floating(found) or kinds.is_decimal(found) or kinds.is_boolean(found):
        return float64()
    return large_string()


def beside(frame: nw.LazyFrame, piece: nw.LazyFrame) -> nw.LazyFrame:
    """Give a table on the engine of another, so that they can be joined.

    Parameters
    ----------
    frame : nw.LazyFrame
        Where it is wanted: on DuckDB, if the other is elsewhere.
    piece : nw.LazyFrame
        Of any engine; brought here whole where it is not that of `frame`.

    Returns
    -------
    nw.LazyFrame
    """
    if piece.implementation is frame.implementation:
        return piece
    from kamlab.sources.fetch import brought

    kamlab_piece = brought(piece)  # noqa: F841  found below by its name
    # a query of the relation runs on its own connection
    return nw.from_native(frame.to_native().query("kamlab_beside", "SELECT * FROM kamlab_piece"))


def ratio(above: npt.ArrayLike, below: npt.ArrayLike) -> np.ndarray:
    """Divide, with NaN where the denominator is nought, negative or missing.

    Parameters
    ----------
    above, below : array-like of shape (n,)
        Numerator and denominator.

    Returns
    -------
    np.ndarray of shape (n,)

    Examples
    --------
    >>> ratio([1.0, 1.0, 1.0], [2.0, 0.0, -1.0])
    array([0.5, nan, nan])
    """
    above, below = np.asarray(above, float), np.asarray(below, float)
    result = np.full(below.shape, np.nan)
    np.divide(above, below, out=result, where=below > NOTHING)
    return result
