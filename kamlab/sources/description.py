"""What was understood, kept and refused? Say it in plain text, for `kamlab check`."""

import math
from functools import partial
from pathlib import Path

import pandas as pd

from kamlab.sources import cancelled
from kamlab.sources.alike import as_toml
from kamlab.sources.beside import accounts_of_orders, columns_of_orders, cost_of_profit
from kamlab.sources.clerical import desk
from kamlab.sources.endings import readable, stem
from kamlab.sources.joining import joined
from kamlab.sources.listing import unread, unread_amounts
from kamlab.sources.masters import accounts_beside
from kamlab.sources.opening import Sources
from kamlab.sources.parts import Part
from kamlab.sources.privacy import ids_that_name
from kamlab.sources.schema import TABLES
from kamlab.sources.single import lone_orders
from kamlab.sources.trial import accounts_run, orders_run, too_large


def describe(sources: Sources) -> str:
    """Describe sources for people: what feeds each table, what is kept, what is refused and why.

    Parameters
    ----------
    sources : Sources

    Returns
    -------
    str
        Several lines, without personal data beyond the values that were refused.
    """
    lines = [f"Data in {sources.root}"]
    lines.append(f"Currency: {sources.currency or 'not said by the data'}")
    told = sources.industry
    lines.append(f"Industry: {told.name} ({', '.join(told.files)}; {told.digest})")
    sums = sources.refused_sums
    first = sources.refused.drop_duplicates(["table", "reason", "column"])
    for row in sources.reconciliation.itertuples():
        lines += ["", f"{row.table}", *_origins(sources, row.table)]
        lines.append(
            f"  rows: {row.rows_in:,} in = {row.rows_kept:,} kept + {row.rows_refused:,} refused"
        )
        if not math.isnan(row.amount_in):
            lines.append(
                f"  {TABLES[row.table].money}: {row.amount_in:,.2f} in = {row.amount_kept:,.2f} "
                f"kept + {row.amount_refused:,.2f} refused; difference {row.difference:,.2f}"
            )
        unknown = unread_amounts(sums, row.table)
        if unknown:
            lines.append(
                f"  {unknown:,} of the refused hold no amount that can be read: it is in no sum"
            )
        for reason in sums[sums["table"] == row.table].itertuples():
            amount = "" if math.isnan(reason.amount) else f", {reason.amount:,.2f}"
            money = f"{amount} {reason.currency or ''}".rstrip() if amount else ""
            where = f" ({reason.column})" if reason.column else ""
            lines.append(f"  refused: {reason.rows:,} × {reason.reason}{where}{money}")
            alike = (first["table"] == row.table) & (first["reason"] == reason.reason)
            for example in first[alike & (first["column"] == reason.column)].itertuples():
                value = "" if pd.isna(example.value) else f": {example.value!r}"
                lines.append(
                    f"    first in {example.file}{_row(example.row)}{value}; "
                    f"expected {example.expected}"
                )
            if reason.reason == "same line twice":
                lines.append(
                    '    where repeated lines are true, write duplicates = "keep" in kamlab.toml'
                )
        if row.table in sources._assembled:  # noqa: SLF001  the same room
            lines += unread(sources._connection, sources._assembled[row.table])  # noqa: SLF001
        lines += joined(sources, row.table)
        if row.table == "orders":
            lines += cancelled.said(sources)
            lines += lone_orders(sources)
            named = ids_that_name(sources.table("orders"))
            lines += [f"  {named}"] if named else []
    lines += _asides(sources)
    lines += _beside(sources)
    lines += ["", f"The day after the newest order is {sources.end}."]
    return "\n".join(lines)


def _asides(sources: Sources) -> list[str]:
    """Say what was set aside, left out, waits or was not read."""
    lines = [
        f"\n{row.table} set aside in {row.currency}: {row.rows:,} rows, {row.amount:,.2f}"
        for row in sources.other_currencies.itertuples()
    ]
    lines += [
        f"\n{table}: personal details of {rows:,} rows are older than the retention period and "
        "were left out"
        for table, rows in sources.retired.items()
    ]
    queue = desk(sources.store, sources.root).queue
    if queue.exists():
        lines.append(f"\nPairs of records that wait for a decision: {queue}")
    if sources.not_understood:
        listed = ", ".join(sources.not_understood[:20])
        lines += ["", f"Not understood and not read: {listed}"]
    named = {one: stem(Path(one)) for one in sources.not_understood if readable(Path(one))}
    lines += [
        f"  {one} is named after a table; to read it too, write in kamlab.toml\n"
        f"    [[{table}]]\n    file = {as_toml(one)}"
        for one, table in named.items()
        if table in TABLES
    ]
    return lines


def _beside(sources: Sources) -> list[str]:
    """Say how what stands beside the orders and feeds nothing could be used, if it runs so."""
    lines: list[str] = []
    for part in _parts(sources, "orders")[:1]:
        untried = too_large(sources, part)
        runs = partial(_runs, sources, part, untried)
        written = (sources.root / "kamlab.toml").exists()
        said, block = accounts_beside(sources)
        if not block and not sources.has("accounts"):
            said, block = "The orders tell more of the accounts.", accounts_of_orders(part)
            block = block if block and (untried or accounts_run(sources, part, block)) else ""
        if block:
            lines += ["", f"{said} To use it, write in kamlab.toml:", block]
        if block and not written:
            files = as_toml(part.origin.entry["file"])
            lines += ["", "and, since there is none yet,", "[[orders]]", f"file = {files}"]
        if columns := columns_of_orders(part, runs):
            lines += ["", "The orders tell more of each line. If it is what it is called, write"]
            lines += [columns, "under [[orders]] in kamlab.toml. Amounts and costs are of a line."]
        cost = cost_of_profit(part)
        if cost and runs(cost):
            lines += ["", "The orders tell a profit. If it is what goods leave of net sales, write"]
            lines += [
                cost,
                "in place of the file under [[orders]] in kamlab.toml: cost is known then.",
            ]
        if lines and untried:
            lines += ["", "The lines offered were not tried, since that would take long."]
    return lines


def _runs(sources: Sources, part: Part, untried: bool, line: str) -> bool:
    """Say whether orders can be read with another line, as far as that is tried."""
    return untried or orders_run(sources, part, line)


def _parts(sources: Sources, table: str) -> tuple[Part, ...]:
    """Give what was read here for a table; order lines may lie elsewhere."""
    whole = sources._assembled.get(table)  # noqa: SLF001  the same room
    return whole.parts if whole else ()


def _row(number: object) -> str:
    """Name a row, where rows have numbers."""
    return "" if pd.isna(number) else f", row {number}"


def _origins(sources: Sources, table: str) -> list[str]:
    """Say where the rows of a table come from."""
    pushed = sources._pushed if table == "orders" else None  # noqa: SLF001  the same room
    if pushed:
        renamed = [f"{name} ← {source}" for name, source in pushed.columns.items()]
        return [
            f"  {pushed.label}: the lines stay there and are worked on there",
            f"    columns: {', '.join(renamed)}",
            "    not looked for: lines that are there twice",
        ]
    parts = _parts(sources, table)
    lines = [said for part in parts[:20] for said in _part(part)]
    if len(parts) > 20:
        lines.append(f"  … and {len(parts) - 20} more files, read alike")
    days = [day for part in parts for day in part.meta["days"]]
    if days:
        lines.append(f"  days {min(days)} to {max(days)}")
    return lines


def _part(part: Part) -> list[str]:
    """Say how one file or query was read."""
    notes = ", ".join(f"{name} {value}" for name, value in part.meta["notes"].items())
    lines = [f"  {part.origin.label}{f' ({notes})' if notes else ''}: {part.meta['rows']:,} rows"]
    renamed = [
        f"{name} ← {' + '.join(sources)}"
        for name, sources in part.meta["mapped"].items()
        if sources != [name]
    ]
    same = [name for name, sources in part.meta["mapped"].items() if sources == [name]]
    if same:
        lines.append(f"    columns: {', '.join(same)}")
    if renamed:
        lines.append(f"    renamed: {', '.join(renamed)}")
    if part.meta["ignored"]:
        lines.append(f"    ignored: {', '.join(part.meta['ignored'])}")
    words = {"dmy": "day/month/year", "mdy": "month/day/year", "mixed": "in two orders"}
    words["serial"] = "as spreadsheets count days"
    words |= {"dot": "decimal point", "comma": "decimal comma", "float": "whole numbers"}
    read = [
        f"{name} {words[style.rstrip('!')]}"
        for name, style in part.meta["styles"].items()
        if style and style != "dot"
    ]
    if read:
        lines.append(f"    read as: {', '.join(read)}")
    return lines
