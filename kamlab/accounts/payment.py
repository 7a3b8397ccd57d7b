"""Does the account pay, and will it be able to? Payment conduct and financial standing."""

from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.numbering import numbered

CONDUCT = ("account_id", "invoice_date", "due_date", "amount", "paid_date", "paid_amount")
"""Columns of invoices that tell how an account pays."""
AGEING_BANDS = (0, 30, 60, 90)
# Published with the model; other pages print 2.9 and 1.23, which are the cut-offs of Z'.
Z2_SAFE, Z2_DISTRESS = 2.60, 1.10


def payment_conduct(
    invoices: pd.DataFrame,
    as_of: date,
    *,
    accounts: pd.DataFrame | None = None,
    window_days: int = 365,
    late_days: float = 0,
) -> pd.DataFrame:
    """Measure how each account has paid the invoices of the window, as known before `as_of`.

    Parameters
    ----------
    invoices : pd.DataFrame
        Canonical: `account_id`, `invoice_date`, `due_date`, `amount` (one currency), `paid_date`
        (missing: not paid) and `paid_amount` (missing: paid in full on `paid_date`).
    as_of : date
        Exclusive. A payment on or after this day is not known yet: the invoice counts as open.
    accounts : pd.DataFrame, optional
        Canonical accounts; `credit_limit` gives the credit used.
    window_days : int, default 365
        Invoices older than this count only while they are open.
    late_days : float, default 0
        Days after the due date from which an invoice counts in `late_share`.

    Returns
    -------
    pd.DataFrame
        One row an account with at least one invoice: `invoices`, `invoiced`, `days_beyond_terms`
        (amount-weighted mean of days from due to paid, or to `as_of` while open and overdue; early
        counts negative), its standard error `days_beyond_terms_se`, `late_share` (of amount due
        by now, paid or still open after the due date), `receivable` (open now), `overdue` (open
        and past due), `dso` and `best_possible_dso` (days: receivable, or its part not yet due,
        over mean daily invoicing), `average_days_delinquent` (their difference), `current`,
        `overdue_1_30`, `overdue_31_60`, `overdue_61_90`, `overdue_over_90` (amounts, adding up to
        `receivable`), and `credit_use` (receivable over credit limit; NaN without a limit).

    References
    ----------
    .. [1] Credit Research Foundation, "Measuring collections: DSO, best possible DSO and average
       days delinquent".
    """
    end = np.datetime64(as_of, "D")
    begin = end - np.timedelta64(window_days, "D")
    days = {name: _days(invoices, name) for name in ("invoice_date", "due_date", "paid_date")}
    amounts = {name: _amounts(invoices, name) for name in ("amount", "paid_amount")}
    # whatever was issued before the window and is settled says nothing
    open_still = ~(days["paid_date"] < end) | (amounts["paid_amount"] < amounts["amount"])
    told = ((days["invoice_date"] >= begin) | open_still) & (days["invoice_date"] < end)
    chosen = np.flatnonzero(told & invoices["account_id"].notna().to_numpy())
    codes, ids = numbered(invoices["account_id"].iloc[chosen])
    issued, due, paid_on = (days[name][chosen].astype("datetime64[D]") for name in days)
    amount, paid = (amounts[name][chosen] for name in amounts)
    settled = paid_on < end
    paid = np.where(settled, np.where(np.isnan(paid), amount, paid), 0.0)
    rest = np.clip(np.where(amount > 0, amount - paid, 0.0), 0, None)
    inside = issued >= begin
    beyond = _between(due, np.where(settled, paid_on, end))
    # an open invoice that is not due yet says nothing about conduct
    judged = inside & (settled | (due < end)) & (amount > 0)
    overdue_days = _between(due, np.full(len(due), end))

    def summed(values: np.ndarray, when: np.ndarray) -> np.ndarray:
        return np.bincount(codes, np.where(when, values, 0.0), len(ids)).astype(float)

    weight = np.where(judged, amount, 0.0)
    table = {
        "invoices": np.bincount(codes[inside], minlength=len(ids)),
        "invoiced": summed(amount, inside),
        "weight": summed(amount, judged),
        "weighted": summed(np.nan_to_num(amount * beyond), judged),
        "late": summed(amount, judged & (beyond > late_days)),
        "receivable": summed(rest, rest > 0),
        "overdue": summed(rest, overdue_days > 0),
        "current": summed(rest, overdue_days <= 0),
    }
    lower, upper = np.array(AGEING_BANDS), np.array([*AGEING_BANDS[1:], np.inf])
    for low, high in zip(lower, upper, strict=True):
        name = f"overdue_{low + 1}_{high:.0f}" if np.isfinite(high) else f"overdue_over_{low}"
        table[name] = summed(rest, (overdue_days > low) & (overdue_days <= high))
    sums = pd.DataFrame(table, index=pd.Index(ids, name="account_id"))
    sums["mean"] = sums["weighted"] / sums["weight"].where(sums["weight"] > 0)
    sums["error"] = _weighted_error(codes, weight, beyond, sums["mean"].to_numpy())
    sums = sums[(sums["invoices"] > 0) | (sums["receivable"] > 0)]
    daily = sums["invoiced"].where(sums["invoiced"] > 0) / window_days
    table = sums.drop(columns=["weight", "weighted", "late", "mean", "error"]).assign(
        days_beyond_terms=sums["mean"],
        days_beyond_terms_se=sums["error"],
        late_share=sums["late"] / sums["weight"].where(sums["weight"] > 0),
        dso=sums["receivable"] / daily,
        best_possible_dso=sums["current"] / daily,
    )
    table["average_days_delinquent"] = table["dso"] - table["best_possible_dso"]
    table["credit_use"] = np.nan
    if accounts is not None and "credit_limit" in accounts:
        limit = accounts.set_index("account_id")["credit_limit"].reindex(table.index)
        table["credit_use"] = table["receivable"] / limit.where(limit > 0)
    return table.reset_index()


def _days(invoices: pd.DataFrame, name: str) -> np.ndarray:
    """Give a column of days, or as many missing ones where the table lacks it."""
    if name not in invoices:
        return np.full(len(invoices), np.datetime64("NaT", "us"))
    column = invoices[name]
    known = column if column.dtype.kind == "M" else pd.to_datetime(column)
    return known.to_numpy("datetime64[us]")


def _amounts(invoices: pd.DataFrame, name: str) -> np.ndarray:
    """Give a column of amounts, or as many missing ones where the table lacks it."""
    if name not in invoices:
        return np.full(len(invoices), np.nan)
    return invoices[name].to_numpy(float, na_value=np.nan)


def _between(first: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Count the days from one to the other, missing where one of them is."""
    known = ~(np.isnat(first) | np.isnat(last))
    return np.where(known, (last - first) / np.timedelta64(1, "D"), np.nan)


def _weighted_error(
    codes: np.ndarray, weight: np.ndarray, value: np.ndarray, mean: np.ndarray
) -> np.ndarray:
    """Give the standard error of a weighted mean per account; NaN below two observations."""
    square = (weight * np.nan_to_num(value - mean[codes])) ** 2
    seen = np.bincount(codes, weight > 0, len(mean))
    count = np.where(seen > 1, seen, np.nan)
    whole = np.where(seen > 1, np.bincount(codes, weight, len(mean)), np.nan)
    return np.sqrt(np.bincount(codes, square, len(mean)) * count / (count - 1)) / whole


def altman_z2(
    working_capital: np.ndarray | pd.Series,
    retained_earnings: np.ndarray | pd.Series,
    ebit: np.ndarray | pd.Series,
    book_equity: np.ndarray | pd.Series,
    total_assets: np.ndarray | pd.Series,
    total_liabilities: np.ndarray | pd.Series,
    *,
    emerging_market: bool = False,
) -> pd.DataFrame:
    """Compute Altman's Z'' of private firms in any sector.

    Parameters
    ----------
    working_capital, retained_earnings, ebit, book_equity : array-like of shape (n_firms,)
        Balance figures, any one currency.
    total_assets, total_liabilities : array-like of shape (n_firms,)
        Likewise; rows where either is not positive give NaN.
    emerging_market : bool, default False
        Add 3.25, as the emerging-market form does; the zones are for the form without it.

    Returns
    -------
    pd.DataFrame
        `z` and `zone`: safe above 2.60, distress below 1.10, grey between; missing where NaN.

    References
    ----------
    .. [1] E. I. Altman, J. Hartzell and M. Peck, "Emerging Markets Corporate Bonds: A Scoring
       System", 1995.

    Examples
    --------
    >>> altman_z2([0.2], [0.3], [0.1], [1.0], [1.0], [1.0])
           z  zone
    0  4.012  safe
    """
    assets = np.asarray(total_assets, float)
    debts = np.asarray(total_liabilities, float)
    assets, debts = np.where(assets > 0, assets, np.nan), np.where(debts > 0, debts, np.nan)
    plain = (
        6.56 * np.asarray(working_capital, float) / assets
        + 3.26 * np.asarray(retained_earnings, float) / assets
        + 6.72 * np.asarray(ebit, float) / assets
        + 1.05 * np.asarray(book_equity, float) / debts
    )
    zone = pd.Series("grey", index=range(len(plain)), dtype=object)
    zone[plain > Z2_SAFE] = "safe"
    zone[plain < Z2_DISTRESS] = "distress"
    zone[np.isnan(plain)] = None
    score = plain + 3.25 if emerging_market else plain
    return pd.DataFrame({"z": np.round(score, 12), "zone": zone})


def expected_credit_loss(
    probability: pd.Series, exposure: pd.Series, *, loss_given_default: float = 0.6
) -> pd.Series:
    """Multiply probability of default, exposure and the share that is lost.

    Parameters
    ----------
    probability : pd.Series of shape (n_accounts,)
        Of default within the horizon, 0 to 1.
    exposure : pd.Series of shape (n_accounts,)
        Receivable at default, in the currency.
    loss_given_default : float, default 0.6
        Share of the exposure that is not recovered, 0 to 1.

    Raises
    ------
    ValueError
        If a probability or the loss share lies outside 0 to 1.

    Examples
    --------
    >>> expected_credit_loss(pd.Series([0.02]), pd.Series([50_000.0])).tolist()
    [600.0]
    """
    if not 0 <= loss_given_default <= 1 or not probability.dropna().between(0, 1).all():
        raise ValueError("probabilities and loss_given_default lie between 0 and 1")
    return probability * exposure * loss_given_default
