"""How do sums of account-days come to pandas, with what is not known left out?"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path

import narwhals as nw
import pandas as pd

from kamlab.accounts.engine import as_pandas, to_pandas

SEEN = ("bought", "number", "gap")
"""What kept account-days tell beside sums."""
_COUNTS = ("cost_lines", "cost_to_serve_lines", "discount_lines")
_INNER = (*_COUNTS, "turnover_with_cost", "given", "listed")  # of which other figures are made


def read_sums(file: Path, end: date, columns: Sequence[str]) -> pd.DataFrame:
    """Read kept account-days before a day straight from their file, in its order.

    Parameters
    ----------
    file : Path
        Parquet, of what `kamlab.accounts.days.condensed_days` makes.
    end : date
        First day no longer seen.
    columns : sequence of str
        Sums that are wanted, beside account and day; empty for all.

    Returns
    -------
    pd.DataFrame
        As of `kamlab.accounts.days.daily_sums`.
    """
    from pyarrow import compute as pc
    from pyarrow import parquet as pq

    there = pq.read_schema(file).names
    names, told = _wanted([name for name in there if name not in SEEN], "day", columns)
    newest = pc.max(pq.read_table(file, columns=["day"])["day"]).as_py()
    seen = None if newest is None or newest < end else [("day", "<", end)]
    tables = [pq.read_table(file, columns=[*dict.fromkeys([*names, *told.values()])], filters=seen)]
    return _blanked(as_pandas(tables), names, told)


def _wanted(
    there: list[str], period: str, columns: Sequence[str]
) -> tuple[list[str], dict[str, str]]:
    """Name the sums that are wanted, and those of them that are known where lines are counted."""
    counted = {"gross_profit": "cost_lines"}
    counted |= {name: f"{name}_lines" for name in ("cost_to_serve", "discount")}
    names = [name for name in there if name not in _INNER]
    if columns:
        names = [name for name in names if name in ("account_id", period, *columns)]
    return names, {name: counted[name] for name in names if name in counted}


def _blanked(table: pd.DataFrame, names: list[str], told: dict[str, str]) -> pd.DataFrame:
    """Leave amounts out that no line of the period tells."""
    for name, lines in told.items():
        table[name] = table[name].where(table[lines] > 0)
    return table[names]


def collect_sums(
    sums: nw.LazyFrame, period: str, columns: Sequence[str], *, ordered: bool = False
) -> pd.DataFrame:
    """Collect sums in order, with NaN for amounts that no line of the period tells.

    Parameters
    ----------
    sums : nw.LazyFrame
        Of account and day or month.
    period : str
        Column of the day or month.
    columns : sequence of str
        Sums that are wanted, beside account and time; empty for all.
    ordered : bool, default False
        Whether they come in order by themselves.

    Returns
    -------
    pd.DataFrame
        Sorted by `account_id` and time.
    """
    names, told = _wanted(sums.collect_schema().names(), period, columns)
    day = nw.col(period).cast(nw.Date)
    sums = sums.select(*dict.fromkeys([*names, *told.values()])).with_columns(day)
    table = to_pandas(sums if ordered else sums.sort("account_id", period))
    return _blanked(table, names, told)
