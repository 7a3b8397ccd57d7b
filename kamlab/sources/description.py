"""What was understood, kept and refused? Say it in plain text, for `kamlab check`."""

import math

from kamlab.sources.clerical import desk
from kamlab.sources.opening import Sources
from kamlab.sources.parts import Part


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
    sums = sources.refused_sums
    first = sources.refused.drop_duplicates(["table", "reason", "column"])
    for row in sources.reconciliation.itertuples():
        whole = sources._assembled[row.table]  # noqa: SLF001  the same room
        lines += ["", f"{row.table}"]
        for part in whole.parts[:20]:
            lines += _part(part)
        if len(whole.parts) > 20:
            lines.append(f"  … and {len(whole.parts) - 20} more files, read alike")
        days = [day for part in whole.parts for day in part.meta["days"]]
        if days:
            lines.append(f"  days {min(days)} to {max(days)}")
        lines.append(
            f"  rows: {row.rows_in:,} in = {row.rows_kept:,} kept + {row.rows_refused:,} refused"
        )
        if not math.isnan(row.amount_in):
            lines.append(
                f"  {whole.table.money}: {row.amount_in:,.2f} in = {row.amount_kept:,.2f} kept + "
                f"{row.amount_refused:,.2f} refused; difference {row.difference:,.2f}"
            )
        for reason in sums[sums["table"] == row.table].itertuples():
            amount = "" if math.isnan(reason.amount) else f", {reason.amount:,.2f}"
            money = f"{amount} {reason.currency or ''}".rstrip() if amount else ""
            where = f" ({reason.column})" if reason.column else ""
            lines.append(f"  refused: {reason.rows:,} × {reason.reason}{where}{money}")
            example = first[
                (first["table"] == row.table)
                & (first["reason"] == reason.reason)
                & (first["column"] == reason.column)
            ].iloc[0]
            value = "" if example["value"] != example["value"] else f": {example['value']!r}"
            lines.append(
                f"    first in {example['file']}, row {example['row']}{value}; "
                f"expected {example['expected']}"
            )
            if reason.reason == "same line twice":
                lines.append(
                    '    where repeated lines are true, write duplicates = "keep" in kamlab.toml'
                )
        left_out = sum(part.meta["blanked"] for part in whole.parts)
        if left_out:
            lines.append(f"  values left out since they cannot be read: {left_out:,}")
    lines += _asides(sources)
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
    words |= {"dot": "decimal point", "comma": "decimal comma", "float": "whole numbers"}
    read = [
        f"{name} {words[style.rstrip('!')]}"
        for name, style in part.meta["styles"].items()
        if style and style != "dot"
    ]
    if read:
        lines.append(f"    read as: {', '.join(read)}")
    return lines
