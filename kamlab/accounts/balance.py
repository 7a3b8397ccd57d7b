"""What do an account's balance sheets say about its strength? Altman's scores, year by year."""

from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.payment import altman_z2

# Of Z' for private manufacturers; those of Z'' are 2.60 and 1.10.
Z1_SAFE, Z1_DISTRESS = 2.90, 1.23
PUBLISHED_IN = 7  # month of the next year from which a year's figures are known
_FIGURES = (
    "total_assets",
    "current_assets",
    "current_liab",
    "total_liab",
    "retained_earnings",
    "ebit",
    "equity_bv",
    "sales",
)


def altman_z1(
    working_capital: np.ndarray | pd.Series,
    retained_earnings: np.ndarray | pd.Series,
    ebit: np.ndarray | pd.Series,
    book_equity: np.ndarray | pd.Series,
    sales: np.ndarray | pd.Series,
    total_assets: np.ndarray | pd.Series,
    total_liabilities: np.ndarray | pd.Series,
) -> pd.DataFrame:
    """Compute Altman's Z' of private manufacturers; Z'' is for all sectors.

    Parameters
    ----------
    working_capital, retained_earnings, ebit, book_equity, sales : array-like of shape (n_firms,)
        Yearly figures, any one currency.
    total_assets, total_liabilities : array-like of shape (n_firms,)
        Likewise; rows where either is not positive give NaN.

    Returns
    -------
    pd.DataFrame
        `z` and `zone`: safe above 2.90, distress below 1.23, grey between; missing where NaN.

    References
    ----------
    .. [1] E. I. Altman, "Corporate Financial Distress", Wiley, 1983.

    Examples
    --------
    >>> altman_z1([0.2], [0.3], [0.1], [1.0], [1.5], [1.0], [1.0])
            z  zone
    0  2.6252  grey
    """
    assets = np.asarray(total_assets, float)
    debts = np.asarray(total_liabilities, float)
    assets, debts = np.where(assets > 0, assets, np.nan), np.where(debts > 0, debts, np.nan)
    score = (
        0.717 * np.asarray(working_capital, float) / assets
        + 0.847 * np.asarray(retained_earnings, float) / assets
        + 3.107 * np.asarray(ebit, float) / assets
        + 0.420 * np.asarray(book_equity, float) / debts
        + 0.998 * np.asarray(sales, float) / assets
    )
    zone = pd.Series("grey", index=range(len(score)), dtype=object)
    zone[score > Z1_SAFE] = "safe"
    zone[score < Z1_DISTRESS] = "distress"
    zone[np.isnan(score)] = None
    return pd.DataFrame({"z": np.round(score, 12), "zone": zone})


def balance_scores(financials: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Score each account by its newest balance figures that were public on a day.

    Parameters
    ----------
    financials : pd.DataFrame
        Canonical: `account_id`, `fiscal_year`, and of `total_assets`, `current_assets`,
        `current_liab`, `total_liab`, `retained_earnings`, `ebit`, `equity_bv`, `sales` what is
        known, in one currency an account.
    as_of : date
        Exclusive. A year's figures are taken to be known from July of the next year on.

    Returns
    -------
    pd.DataFrame
        One row an account with a year that can be scored, sorted by `account_id`: `fiscal_year`,
        `z_score` (Z''), `zone`, `z_change` (against the year before; missing without it).
    """
    last = as_of.year - 1 if as_of.month >= PUBLISHED_IN else as_of.year - 2
    seen = financials.reindex(columns=["account_id", "fiscal_year", *_FIGURES])
    seen = seen[seen["fiscal_year"] <= last].sort_values(["account_id", "fiscal_year"])
    seen = seen.drop_duplicates(["account_id", "fiscal_year"], keep="last").reset_index(drop=True)
    number = seen[list(_FIGURES)].astype(float)
    equity = number["equity_bv"].fillna(number["total_assets"] - number["total_liab"])
    scored = altman_z2(
        number["current_assets"] - number["current_liab"],
        number["retained_earnings"],
        number["ebit"],
        equity,
        number["total_assets"],
        number["total_liab"],
    )
    table = seen[["account_id", "fiscal_year"]].assign(z_score=scored["z"], zone=scored["zone"])
    table = table.dropna(subset="z_score")
    before = table.groupby("account_id")[["z_score", "fiscal_year"]].shift()
    next_to = table["fiscal_year"] - before["fiscal_year"] == 1
    table["z_change"] = (table["z_score"] - before["z_score"]).where(next_to)
    return table.drop_duplicates("account_id", keep="last").reset_index(drop=True)
