"""What do order lines hold that stay in a cluster or a database, and can they be trusted?

The lines are checked where they are, in one pass that brings back one row a day; nothing but what
is refused, as far as it is shown, and later one row an account ever comes here.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import narwhals as nw
import pandas as pd

from kamlab.errors import DataRefusedError
from kamlab.sources.asread import Found, as_read
from kamlab.sources.columns import match
from kamlab.sources.currencies import CURRENCIES
from kamlab.sources.mapping import Entry, Mapping
from kamlab.sources.schema import TABLES, Column
from kamlab.sources.shown import LARGEST, SHOWN, shown_lines
from kamlab.sources.store import Store
from kamlab.sources.stray import Bounds, bounds

MOST_LINES = 200_000_000
"""Kept lines up to which their sums by account and day are brought here, for all that follows."""
MARK = "_row_hash"
"""Column in which an engine gives a hash of each line, from 0 to 2³¹ - 1."""
_MICRO = 1_000_000
_SET = ("channel", "currency")  # what the mapping may say of all lines
_ORDERS = TABLES["orders"]


@dataclass(frozen=True, slots=True)
class Pushed:
    """Order lines that stay on their engine.

    Attributes
    ----------
    lines : callable
        Gives the native lazy frame of the kept lines: canonical columns, in one currency.
    release : callable
        Lets go of the engine, where it was taken for these lines.
    still : callable
        Looks at the lines again and raises DataRefusedError if they are no longer those that were
        checked, so that what was made of them in between is not kept.
    label : str
        Where the lines are, for people.
    columns : dict of str to str
        Source column of each canonical one.
    currencies : dict of str to int
        Lines by currency, of those that name one.
    end : date
        The day after the newest kept line.
    reconciliation : tuple
        Table, rows in, kept, refused, amount in, kept, refused, difference.
    refused : pd.DataFrame
        At most `SHOWN` lines of each reason, as `Sources.refused`.
    refused_sums : pd.DataFrame
        All of them by reason, as `Sources.refused_sums`.
    days : list of (date, int, float)
        Each day with its kept lines and net sales, the oldest first.
    content : str
        A hash of what the lines and their hashes add up to by day and reason, and of how columns
        are mapped: where it is the same, so are the lines.
    """

    lines: Callable[[], Any]
    release: Callable[[], None]
    still: Callable[[], None]
    label: str
    columns: dict[str, str]
    currencies: dict[str, int]
    end: date
    reconciliation: tuple
    refused: pd.DataFrame
    refused_sums: pd.DataFrame
    days: list[tuple[date, int, float]]
    content: str

    def leaves(self, make: Callable[..., Any]) -> bool:
        """Say whether what a function makes of the lines is left where they are."""
        return self.reconciliation[2] > MOST_LINES or hasattr(make, "made_for")


def check_lines(
    open_lines: Callable[[], object],
    release: Callable[[], None],
    entry: Entry,
    mapping: Mapping,
    reporting: str,
    label: str,
    shelf: Store,
) -> Pushed:
    """Map order lines to canonical columns and check them, all on their engine.

    What the embedded engine does beyond this, it alone can do: values are not parsed from text,
    and a line that is there twice is not looked for.

    Parameters
    ----------
    open_lines : callable
        Gives a PySpark, Ibis or DuckDB frame, or whatever Narwhals reads lazily. It is called only
        where lines are asked for, which most studies of a run do not.
    release : callable
        Lets go of the engine, where it was taken for these lines.
    entry : Entry
        Its `columns`, `currency` and `channel` are used.
    mapping : Mapping
        For its start and end.
    reporting : str
        Currency of the reports; "" where only the lines can tell.
    label : str
        The source's name in messages.
    shelf : Store
        For what another study of the same run has found, see `kamlab.sources.asread`.

    Returns
    -------
    Pushed

    Raises
    ------
    DataRefusedError
        If a column is missing or of another type, currencies are mixed and none is chosen, or no
        line is left.
    """

    @cache
    def opened() -> tuple[dict[str, list[str]], nw.LazyFrame]:
        lines = nw.from_native(open_lines()).lazy()  # type: ignore[call-overload]
        schema = dict(lines.collect_schema())
        found = match(_ORDERS, entry, list(schema), label)
        marks = [nw.col(name) for name in schema if name == MARK]
        lines = lines.select(*_canonical(found, schema, entry, label), *marks)
        return found, lines.with_columns(problem=_problem(list(lines.collect_schema())))

    def check() -> Found:
        found, marked = opened()
        days = _by_day(marked)
        wrong = marked.filter(~_keep(*_judged(days, mapping, reporting, label)[2:]))
        some = wrong.head(10 * SHOWN).collect("pyarrow").to_native().to_pandas()
        return found, {"days": days, "some": some}

    asked = [str(mapping.root), repr((entry, mapping.start, mapping.end, reporting))]
    found, tables = as_read(shelf, asked, check)
    days, currencies, reporting, believed = _judged(tables["days"], mapping, reporting, label)
    newest = pd.Timestamp(days.loc[days["problem"].isna(), "day"].max()).date()

    @cache
    def kept() -> Any:  # noqa: ANN401  of the engine
        lines = opened()[1].filter(_keep(reporting, believed))
        return lines.drop("problem", MARK, strict=False).to_native()

    how = repr((found, believed, reporting, [entry[one] for one in _SET]))
    content = _hashed(days, how)

    def still() -> None:
        now = _judged(_by_day(opened()[1]), mapping, reporting, label)[0]
        if _hashed(now, how) != content:
            raise DataRefusedError(
                f"{label}: the order lines changed while they were worked on: {_told(days)} when "
                f"they were checked, {_told(now)} now. Run again when nobody writes, or read what "
                "no longer changes, as in WHERE order_date < current_date."
            )

    some = tables["some"]
    return Pushed(
        lines=kept,
        release=release,
        still=still,
        label=label,
        columns={name: " + ".join(sources) for name, sources in found.items()},
        currencies=currencies,
        end=newest + timedelta(days=1),
        reconciliation=_reconciled(days, reporting),
        refused=shown_lines(some, _named(some, reporting, believed), reporting, believed, label),
        refused_sums=_refused_sums(days, reporting),
        days=[
            (day.date(), int(rows["rows"].sum()), float(_sum(rows)))
            for day, rows in days[days["problem"].isna()].groupby("day")
        ],
        content=content,
    )


def _judged(
    days: pd.DataFrame, mapping: Mapping, reporting: str, label: str
) -> tuple[pd.DataFrame, dict[str, int], str, Bounds]:
    """Say of what the lines add up to which of it is kept: days, currencies, theirs, bounds."""
    whole = [name for name in days if name in ("micro", MARK)]
    days = days.assign(
        problem=days["problem"].astype(object),
        **{name: pd.Series([int(one) for one in days[name]], dtype=object) for name in whole},
    )
    known = days[days["problem"].isna()]
    named = known.dropna(subset="currency").groupby("currency")["rows"].sum()
    currencies = {str(code): int(count) for code, count in named.items()}
    reporting = reporting or _only(currencies, label)
    aside = known["currency"].notna() & (known["currency"] != reporting)
    days.loc[known.index[aside], "problem"] = "currency|in another currency"
    believed = _bounds(days, mapping)
    days["problem"] = days["problem"].where(days["problem"].notna(), _out_of_time(days, believed))
    if days["problem"].notna().all():
        raise DataRefusedError(f"{label}: no order line can be used: {_why(days)}.")
    return days, currencies, reporting, believed


def _hashed(days: pd.DataFrame, how: str) -> str:
    """Name lines by what they add up to and how they are mapped."""
    return hashlib.sha256((days.to_csv(index=False) + how).encode()).hexdigest()


def _told(days: pd.DataFrame) -> str:
    """Say how many lines there are and what they add up to."""
    return f"{int(days['rows'].sum()):,} lines, {_sum(days):,.2f} in all,"


def _canonical(
    found: dict[str, list[str]], schema: dict[str, Any], entry: Entry, label: str
) -> list[nw.Expr]:
    """Rename columns and bring them to their types, or say which type is wrong."""
    made = []
    for name, sources in found.items():
        column = _ORDERS.by_name[name]
        for source in sources:
            _of_its_kind(column, source, schema[source], label)
        if len(sources) > 1:
            parts = [nw.col(source).cast(nw.String) for source in sources]
            made.append(nw.concat_str(*parts, separator="-").alias(name))
        elif column.kind == "date":
            made.append(nw.col(sources[0]).cast(nw.Date).alias(name))
        elif column.kind == "number":
            made.append(nw.col(sources[0]).cast(nw.Float64).fill_nan(None).alias(name))
        else:
            made.append(nw.col(sources[0]).cast(nw.String).alias(name))
    made += [
        nw.lit(str(entry[option])).alias(option)
        for option in _SET
        if entry[option] and option not in found
    ]
    if "currency" not in found and not entry["currency"]:
        made.append(nw.lit(None, dtype=nw.String).alias("currency"))
    return made


def _of_its_kind(column: Column, source: str, kind: Any, label: str) -> None:  # noqa: ANN401
    """Refuse a column whose type is not that of what it holds."""
    numeric = kind.is_numeric()
    right = {"date": kind == nw.Date or kind == nw.Datetime, "number": numeric}
    whole = kind.is_integer() or kind == nw.String
    if not right.get(column.kind, whole):
        expected = {"date": "a date or a timestamp", "number": "a number"}
        raise DataRefusedError(
            f"{label}: column {source!r}, which gives {column.name}, is of type {kind}; expected "
            f"{expected.get(column.kind, 'a text or a whole number')}. Outside the embedded engine "
            "values are not parsed: give the column its type in a view or a query."
        )


def _problem(there: list[str]) -> nw.Expr:
    """Name, as `column|reason`, the first thing that a line breaks; missing where it is good."""
    checks = []
    for column in _ORDERS.columns:
        if column.name not in there or column.kind == "currency":
            continue
        value = nw.col(column.name)
        if column.required:
            words = column.name.removesuffix("_id").replace("_", " ")
            empty = value.is_null()
            if column.kind == "id":
                empty = empty | (value.fill_null("") == "")
            checks.append((f"{column.name}|{words} missing", empty))
        if (
            column.kind == "number"
        ):  # not-a-number is larger than all on every engine, or is unequal
            beyond = ~value.is_null() & ~(value.abs() <= LARGEST)
            checks.append((f"{column.name}|out of range", beyond))
    result = nw.lit(None, dtype=nw.String)
    for name, broken in reversed(checks):
        result = nw.when(broken).then(nw.lit(name)).otherwise(result)
    return result


def _by_day(marked: nw.LazyFrame) -> pd.DataFrame:
    """Count the lines and add their amounts, exactly, by day, problem and currency."""
    amount = nw.col("net_sales")
    counted = nw.when(amount.abs() <= LARGEST).then(amount).otherwise(nw.lit(0.0))
    micro = (counted * _MICRO).round(0).cast(nw.Int64)
    sums = ["micro", *[name for name in marked.collect_schema() if name == MARK]]
    table = (
        marked.with_columns(micro=micro, day=nw.col("order_date"))
        .group_by("problem", "day", "currency")
        .agg(nw.len().cast(nw.Int64).alias("rows"), *[nw.col(name).sum() for name in sums])
    )
    days = table.collect("pyarrow").to_native().to_pandas()
    days["day"] = pd.to_datetime(days["day"], errors="coerce")
    for name in sums:  # of any length, which only a text can hold
        days[name] = [str(int(value)) for value in days[name]]
    return days.sort_values(["day", "problem", "currency"], ignore_index=True)


def _only(currencies: dict[str, int], label: str) -> str:
    """Know the one currency of the lines, or ask for it."""
    unknown = [code for code in currencies if code not in CURRENCIES]
    if len(currencies) > 1 or unknown:
        counted = ", ".join(f"{code} ({rows} rows)" for code, rows in sorted(currencies.items()))
        raise DataRefusedError(
            f"{label}: the amounts are in {counted}; kamlab never adds several currencies. Write "
            'at the top of kamlab.toml the one to report in, as in currency = "EUR".'
        )
    return next(iter(currencies), "")


def _bounds(days: pd.DataFrame, mapping: Mapping) -> Bounds:
    """Find the days that are believed."""
    good = days[days["problem"].isna() & days["day"].notna()]
    lines = good.groupby(good["day"].dt.strftime("%Y-%m-%d"))["rows"].sum()
    return bounds({str(day): int(n) for day, n in lines.items()}, mapping.start, mapping.end)


def _out_of_time(days: pd.DataFrame, believed: Bounds) -> pd.Series:
    """Name the problem of days that are not believed."""
    reason = pd.Series(None, index=days.index, dtype=object)
    if believed.first:
        reason[days["day"] < pd.Timestamp(believed.first)] = f"order_date|{believed.before}"
    if believed.last:
        reason[days["day"] > pd.Timestamp(believed.last)] = f"order_date|{believed.after}"
    return reason


def _named(lines: pd.DataFrame, reporting: str, believed: Bounds) -> pd.Series:
    """Name the problem of each of some refused lines."""
    days = pd.DataFrame({"day": pd.to_datetime(lines["order_date"], errors="coerce")})
    other = lines["currency"].notna() & (lines["currency"] != reporting)
    problem = lines["problem"].astype(object)
    problem = problem.mask(problem.isna() & other, "currency|in another currency")
    return problem.where(problem.notna(), _out_of_time(days, believed)).astype(str)


def _keep(reporting: str, believed: Bounds) -> nw.Expr:
    """Tell the lines that are kept."""
    keep = nw.col("problem").is_null()
    if reporting:
        keep = keep & (nw.col("currency").fill_null(reporting) == reporting)
    if believed.first:
        keep = keep & (nw.col("order_date") >= nw.lit(believed.first))
    if believed.last:
        keep = keep & (nw.col("order_date") <= nw.lit(believed.last))
    return keep


def _sum(rows: pd.DataFrame) -> Decimal:
    """Add amounts exactly."""
    return Decimal(sum(rows["micro"])) / _MICRO


def _reconciled(days: pd.DataFrame, reporting: str) -> tuple:
    """Put what came in beside what is kept and what is refused."""
    ours = days[days["currency"].isna() | (days["currency"] == reporting)]
    good, all_good = ours["problem"].isna(), days["problem"].isna()
    came, kept, aside = _sum(ours), _sum(ours[good]), _sum(ours[~good])
    rows = int(days["rows"].sum())
    stayed = int(days.loc[all_good, "rows"].sum())
    amounts = [float(value) for value in (came, kept, aside, came - kept - aside)]
    return ("orders", rows, stayed, rows - stayed, *amounts)


def _refused_sums(days: pd.DataFrame, reporting: str) -> pd.DataFrame:
    """Count refused lines and add their amounts by reason and currency."""
    aside = days[days["problem"].notna()].copy()
    aside["currency"] = aside["currency"].fillna(reporting)
    rows = [
        (
            "orders",
            problem.partition("|")[2],
            problem.partition("|")[0],
            currency,
            int(group["rows"].sum()),
            float(_sum(group)),
        )
        for (problem, currency), group in aside.groupby(["problem", "currency"], dropna=False)
    ]
    columns = ["table", "reason", "column", "currency", "rows", "amount"]
    return pd.DataFrame(rows, columns=columns).sort_values("rows", ascending=False)


def _why(days: pd.DataFrame) -> str:
    """Say what the lines break, the most frequent first."""
    counted = days.groupby("problem")["rows"].sum().sort_values(ascending=False).head(3)
    return "; ".join(f"{n} × {name.partition('|')[2]}" for name, n in counted.items()) or "none"
