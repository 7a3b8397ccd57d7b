"""Which of those that left come back for which offer, and does the offer pay?"""

from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.engine import as_day
from kamlab.accounts.seen import seen_before
from kamlab.retention.returns import (
    FEATURES,
    YEAR,
    features_on,
    first_year,
    least_year,
    second_sums,
)
from kamlab.retention.two_part import TwoPartModel

_FEWEST = 20
_LEVELS = (0.25, 0.5, 0.75)  # quantiles of what was offered, among which the best is sought
_NUMBERS = ("log_offer", "price_change")
_CLOSER = 0.9  # offers follow size where their share of what it bought varies so much less


def past_offers(
    offers: pd.DataFrame, daily: pd.DataFrame, as_of: date | str, *, horizon_days: int = YEAR
) -> pd.DataFrame:
    """Set each offer to an account that had left beside what came of it.

    Parameters
    ----------
    offers : pd.DataFrame
        Canonical win_back_offers: `account_id`, `date`, and where known `kind`, `offer` (what it
        was worth to the account), `price_change` (per cent, against before it left), `came_back`
        and `second_value` (what the account brought after it came back).
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen.
    horizon_days : int, default 365
        Days after the offer in which an order counts as coming back.

    Returns
    -------
    pd.DataFrame
        One row an offer whose horizon is over by `as_of` and whose account had ordered before:
        the columns of `offers`, those of `returns.FEATURES` on the day of the offer, `returned`
        (`came_back`; where that is missing, whether it ordered) and `value` (`second_value`; where
        that is missing, gross profit, else net sales, of the horizon).
    """
    end = pd.Timestamp(as_day(as_of))
    past = seen_before(daily, end)
    rows = offers.assign(seen_on=pd.to_datetime(offers["date"]))
    first = past[past["net_sales"] > 0].groupby("account_id")["day"].min()
    known = pd.to_datetime(rows["account_id"].map(first)) < rows["seen_on"]
    over = rows["seen_on"] + pd.Timedelta(days=horizon_days) <= end
    rows = rows[known & over].sort_values(["account_id", "seen_on"], ignore_index=True)
    ordered, value = second_sums(past, rows, horizon_days)
    told = rows.get("came_back", pd.Series(pd.NA, rows.index, dtype="boolean"))
    brought = rows.get("second_value", pd.Series(np.nan, rows.index)).astype(float)
    return features_on(past, rows).assign(
        returned=told.astype("boolean").fillna(ordered.astype("boolean")).astype(bool),
        value=brought.fillna(value),
    )


def offer_chances(
    offers: pd.DataFrame, daily: pd.DataFrame, gone: pd.DataFrame, as_of: date | str
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Expect of every account that is gone what the best offer wins back.

    Parameters
    ----------
    offers, daily, as_of
        As for `past_offers`.
    gone : pd.DataFrame
        `account_id`; accounts that left.

    Returns
    -------
    chances : pd.DataFrame
        `account_id`, `offer_kind`, `offer` (missing where no worth is known), `offer_chance` (of
        coming back for it), `offer_value` (what it then brings) and `offer_net` (expected: chance
        times value less the offer). Of each account the offer with the highest net among the kinds
        that were made and the quartiles of what was offered: of its share of what an account
        brought in its last year where offers followed that, else of its worth.
    judged : pd.DataFrame
        `TwoPartModel.judged_`, with calibration, on accounts that the model had not seen; "value"
        is judged as a share of what the account brought before. Both are empty with fewer than 20
        offers that won an account back or 20 that did not.

    Notes
    -----
    Offers that managers chose for whom they thought would come are told from those drawn by lot
    only as far as the features tell: draw the next ones by lot.

    References
    ----------
    .. [1] J. S. Thomas, R. C. Blattberg and E. J. Fox, "Recapturing lost customers", Journal of
       Marketing Research 41, 2004.
    """
    columns = ["account_id", "offer_kind", "offer", "offer_chance", "offer_value", "offer_net"]
    empty = pd.DataFrame(columns=columns), pd.DataFrame()
    if offers.empty:
        return empty
    seen = past_offers(offers, daily, as_of)
    if min(seen["returned"].sum(), (~seen["returned"]).sum()) < _FEWEST:
        return empty
    least = least_year(seen)
    year, follows = first_year(seen, least), False
    if "offer" in seen:
        follows = _follow_size(seen["offer"], year)
        seen["log_offer"] = _log_offer(seen["offer"], year, follows=follows)
    names = [*FEATURES, *(n for n in _NUMBERS if n in seen and seen[n].notna().any())]
    kinds = sorted(seen["kind"].dropna().unique()) if "kind" in seen else []
    names += ["kind"] if len(kinds) > 1 else []
    share = pd.DataFrame({"value": seen["value"] / year})
    model = TwoPartModel().fit(seen[names], seen["returned"], share, clusters=seen["account_id"])
    end = pd.Timestamp(as_day(as_of))
    now = features_on(seen_before(daily, end), gone[["account_id"]].assign(seen_on=end))
    # nothing is known beyond the longest silence in which an offer was made
    now["silent_days"] = now["silent_days"].clip(upper=seen["silent_days"].max())
    now = now.assign(price_change=np.nan).reset_index(drop=True)
    today = first_year(now, least)
    levels = [np.nan]
    if "log_offer" in names:
        made_as = seen["offer"] / year if follows else seen["offer"]
        levels = sorted(set(made_as.quantile(list(_LEVELS))))
    made = []
    for kind in kinds or [None]:
        for level in levels:
            offer = level * today if follows else pd.Series(level, now.index)
            tried = now.assign(kind=kind, log_offer=_log_offer(offer, today, follows=follows))
            found = model.predict(tried[names])
            value = found["value"] * today
            made.append(
                pd.DataFrame(
                    {
                        "account_id": now["account_id"],
                        "offer_kind": kind,
                        "offer": offer,
                        "offer_chance": found["probability"],
                        "offer_value": value,
                        "offer_net": found["probability"] * (value - offer.fillna(0.0)),
                    }
                )
            )
    table = pd.concat(made, ignore_index=True).sort_values(
        ["account_id", "offer_net"], ascending=[True, False], kind="stable"
    )
    return table.drop_duplicates("account_id").reset_index(drop=True)[columns], model.judged_


def _follow_size(offer: pd.Series, year: pd.Series) -> bool:
    """Tell whether offers followed what accounts had brought, rather than being sums of money."""
    paid = offer > 0
    money = np.log(offer[paid])
    return bool((money - np.log(year[paid])).std() < _CLOSER * money.std())


def _log_offer(offer: pd.Series, year: pd.Series, *, follows: bool) -> pd.Series:
    """Give the logarithm of an offer, of what the account had brought where offers followed it."""
    return np.log((offer / year).clip(lower=1e-4)) if follows else np.log1p(offer.clip(lower=0))


def won_back(offers: pd.DataFrame, daily: pd.DataFrame, as_of: date | str) -> pd.Index:
    """Name the accounts that came back for an offer by the record, though no order line tells.

    Parameters
    ----------
    offers, daily, as_of
        As for `past_offers`.

    Returns
    -------
    pd.Index
        Accounts of which the last offer by `as_of` is marked as having brought them back and that
        ordered nothing since it. Of those that ordered, the order lines tell whether they left
        again.
    """
    if offers.empty or "came_back" not in offers:
        return pd.Index([], dtype=object)
    end = pd.Timestamp(as_day(as_of))
    rows = offers.assign(date=pd.to_datetime(offers["date"]))
    rows = rows[rows["date"] < end].sort_values("date").drop_duplicates("account_id", keep="last")
    last = daily[(daily["net_sales"] > 0) & (daily["day"] < end)].groupby("account_id")["day"].max()
    since = pd.to_datetime(rows["account_id"].map(last)) >= rows["date"]
    back = rows["came_back"].astype("boolean").fillna(value=False).astype(bool)
    return pd.Index(rows.loc[back & ~since, "account_id"])
