"""What did each account buy of each product and category, year by year back from the newest line?

Facts of several periods ask order lines which products and categories an account bought. Periods
most often begin and end whole years before the newest line, and then sums by year tell.
"""

from datetime import date, timedelta

import narwhals as nw
from narwhals.typing import IntoFrame

from kamlab.accounts.engine import as_day, as_lines, day_number, to_pandas, total
from kamlab.accounts.kept import only_here

YEAR = 365


@only_here
def bought_by_year(orders: IntoFrame) -> nw.LazyFrame:
    """Sum up order lines by account, product, category and year of 365 days.

    Parameters
    ----------
    orders : DuckDB relation, Polars, PySpark, pandas or pyarrow frame
        Order lines, see `as_lines`.

    Returns
    -------
    nw.LazyFrame
        `account_id`; `product_id` and `category` as far as the orders have them; `back`, 0 for the
        365 days up to the newest line, 1 for those before; `net_sales`; `gross_sales` (positive
        lines); and `end`, the day after the newest line, in all rows.
    """
    lines = as_lines(orders)
    by = [name for name in ("product_id", "category") if name in lines.collect_schema()]
    (newest,) = to_pandas(lines.select(newest=nw.col("order_date").max()))["newest"]
    end = as_day(newest) + timedelta(days=1)
    back = (end.toordinal() - 1 - day_number(lines, "order_date")) // YEAR
    net = nw.col("net_sales")
    sums = lines.with_columns(back=back).group_by("account_id", *by, "back")
    return sums.agg(net.sum(), total(net, net > 0).alias("gross_sales")).with_columns(
        end=nw.lit(end)
    )


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
    (newest,) = to_pandas(years.select(newest=nw.col("end").max()))["newest"]
    since = (as_day(newest) - end).days
    until = 0 if first is None else (as_day(newest) - first).days
    if (since > 0 and since % YEAR) or until % YEAR:
        return None
    found = years.filter(nw.col("back") >= max(since, 0) // YEAR)
    return found if first is None else found.filter(nw.col("back") < until // YEAR)
