"""What did each account buy of each product and category, by years of 365 days?

Facts of several periods ask order lines which products and categories an account bought. The
periods of a study most often begin and end whole years from each other, and then sums by year tell.
"""

from datetime import date

import narwhals as nw
import pandas as pd
from narwhals.typing import IntoFrame

from kamlab.accounts.engine import as_day, as_lines, day_number, to_pandas, total
from kamlab.accounts.kept import made_for

YEAR = 365


def _whole_years(as_of: date | str, *, start: date | str | None = None) -> tuple[int] | None:
    """Give the day in the year on which years end as the time does; None where one is cut."""
    end = as_day(as_of).toordinal()
    cut = start is not None and (end - as_day(start, "start").toordinal()) % YEAR
    return None if cut else (end % YEAR,)


@made_for(_whole_years)
def bought_by_year(orders: IntoFrame, phase: int) -> nw.LazyFrame | None:
    """Sum up order lines by account, product, category and year of 365 days.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines, see `as_lines`.
    phase : int
        Years begin on days whose `date.toordinal()` leaves this rest when divided by 365.

    Returns
    -------
    nw.LazyFrame or None
        `account_id`; `product_id` and `category` as far as the orders have them; `since`, the
        number of the first day of the year; `net_sales`; and `gross_sales` (positive lines). None
        where the orders have neither product nor category.
    """
    lines = as_lines(orders)
    by = [name for name in ("product_id", "category") if name in lines.collect_schema()]
    if not by:
        return None
    since = (day_number(lines, "order_date") - phase) // YEAR * YEAR + phase
    net = nw.col("net_sales")
    sums = lines.with_columns(since=since).group_by("account_id", *by, "since")
    return sums.agg(net.sum(), total(net, net > 0).alias("gross_sales"))


def bought_within(bought: IntoFrame, first: date | None, end: date) -> nw.LazyFrame | None:
    """Give those years that make up [first, end), where they do.

    Parameters
    ----------
    bought : DuckDB relation, Polars or PySpark frame
        From `bought_by_year`.
    first, end : date or None, date

    Returns
    -------
    nw.LazyFrame or None
        The same columns; None where a year is cut by one of the two days.
    """
    years = nw.from_native(bought).lazy()
    (one,) = to_pandas(years.select(since=nw.col("since").min()))["since"]
    ends = [end] if first is None else [first, end]
    if pd.isna(one) or any((day.toordinal() - int(one)) % YEAR for day in ends):
        return None
    found = years.filter(nw.col("since") < end.toordinal())
    return found if first is None else found.filter(nw.col("since") >= first.toordinal())
