"""What is an account spared of the list price, and how late does it pay?"""

from datetime import date

import pandas as pd

from kamlab.accounts.payment import payment_conduct

_NONE = pd.Series(dtype=float)


def price_reduction(days: pd.DataFrame) -> pd.DataFrame:
    """Give the share of list price that each account was spared, beside that of all others.

    Parameters
    ----------
    days : pd.DataFrame
        Account-day sums of the time in question.

    Returns
    -------
    pd.DataFrame
        By account: `price_reduction` and `reduction_of_peers` (by amount), 0 to 1. No rows where
        no discount is known.
    """
    if "discount" not in days or days["discount"].isna().all():
        return pd.DataFrame({"price_reduction": _NONE, "reduction_of_peers": _NONE})
    sums = days.groupby("account_id")[["discount", "gross_sales"]].sum()
    listed = sums["gross_sales"] + sums["discount"]
    rest = listed.sum() - listed
    others = (sums["discount"].sum() - sums["discount"]) / rest.where(rest > 0)
    spared = sums["discount"] / listed.where(listed > 0)
    return pd.DataFrame({"price_reduction": spared, "reduction_of_peers": others})


def days_beyond_terms(invoices: pd.DataFrame | None, as_of: date) -> pd.Series:
    """Give the days beyond terms at which each account pays.

    Parameters
    ----------
    invoices : pd.DataFrame or None
        Canonical.
    as_of : date
        Exclusive.

    Returns
    -------
    pd.Series
        By account, named `days_beyond_terms`; empty where no invoice was issued before the day.
    """
    if invoices is None or invoices.empty:
        return _NONE.rename("days_beyond_terms")
    issued = invoices[pd.to_datetime(invoices["invoice_date"]) < pd.Timestamp(as_of)]
    if issued.empty:
        return _NONE.rename("days_beyond_terms")
    return payment_conduct(issued, as_of).set_index("account_id")["days_beyond_terms"]
