"""Who of those that left is worth calling again?"""

from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.gone import gone_on_record

_YEAR = 365
_JUST = 30  # days without an order that are too few to be called again
_LEAST = 20  # silences watched before a share of returns is believed


def gone_accounts(
    daily: pd.DataFrame, defections: pd.DataFrame, as_of: date | str, *, gone_after: float
) -> pd.DataFrame:
    """Say which accounts are gone, by the record or by their silence.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    defections : pd.DataFrame
        `account_id`, `defection_date`; may be empty.
    as_of : date or str
        First day not seen.
    gone_after : float
        Days without an order that count as leaving where nothing is on record.

    Returns
    -------
    pd.DataFrame
        One row an account, sorted by it: `account_id`, `left_on` (day on record, else of the last
        order) and `known_by` ("record" or "silence"). Who is on record and came back is gone
        only by a new silence (`kamlab.accounts.gone.gone_on_record`); records of accounts that
        never ordered are left out.
    """
    end = pd.Timestamp(as_of)
    last = daily[daily["net_sales"] > 0].groupby("account_id")["day"].max()
    told = gone_on_record(defections, daily, as_of).reindex(last.index)
    recorded = told.notna()
    silent = ~recorded & ((end - last).dt.days >= gone_after)
    table = pd.DataFrame(
        {
            "left_on": told.where(recorded, last).astype("datetime64[us]"),
            "known_by": np.where(recorded, "record", "silence"),
        }
    )
    return table[recorded | silent].sort_index().reset_index()


def win_back(
    daily: pd.DataFrame, gone: pd.DataFrame, curve: pd.DataFrame, as_of: date | str
) -> pd.DataFrame:
    """Rank those that left by what they brought and how often such silences ended.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    gone : pd.DataFrame
        `account_id`, `left_on` (day of leaving); once an account.
    curve : pd.DataFrame
        `days`, `silences`, `returned`: share of silences of so many days that ended by themselves,
        as from `kamlab.churn.definition.find_window`.
    as_of : date or str
        First day not seen.

    Returns
    -------
    pd.DataFrame
        One row an account that has not ordered for a month: `account_id`, `left_on`,
        `silent_days`, `yearly` (gross profit, or net sales where no cost is known, of the 365 days
        to its last order), `chance` (of an order by itself within the time the curve follows;
        missing where it was never watched) and `expected`, their product; most `yearly` first.

    Notes
    -----
    The chance is what comes without an offer. What an offer adds is not known until some of those
    that left are drawn by lot and called.
    """
    amount = "gross_profit" if daily["gross_profit"].notna().any() else "net_sales"
    daily = daily[daily["account_id"].isin(gone["account_id"])]
    bought = daily[daily["net_sales"] > 0]
    last = bought.groupby("account_id")["day"].max()
    table = gone[["account_id", "left_on"]].drop_duplicates("account_id")
    table = table[table["account_id"].isin(last.index)].reset_index(drop=True)
    ended = last.reindex(table["account_id"])
    table["silent_days"] = (pd.Timestamp(as_of) - ended).dt.days.to_numpy()
    end = last.reindex(daily["account_id"]).to_numpy()
    year = daily[(daily["day"] <= end) & (daily["day"] > end - pd.Timedelta(days=_YEAR))]
    sums = year.groupby("account_id")[amount].sum()
    table["yearly"] = sums.reindex(table["account_id"]).to_numpy(float)
    watched = curve[curve["silences"] >= _LEAST].dropna(subset=["returned"])
    table["chance"] = np.nan
    if len(watched):
        days = watched["days"].to_numpy(float)
        silent = table["silent_days"].to_numpy(float)
        chance = np.interp(silent, days, watched["returned"].to_numpy(float))
        table["chance"] = np.where(silent >= days[0], chance, np.nan)
    table["expected"] = table["yearly"].clip(lower=0) * table["chance"]
    silent_enough = table["silent_days"] > _JUST
    return table[silent_enough].sort_values(
        ["yearly", "account_id"], ascending=[False, True], ignore_index=True
    )
