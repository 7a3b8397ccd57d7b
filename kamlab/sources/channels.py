"""What does each channel add: accounts only it knows, freshness, contacts that precede orders?"""

from datetime import date

import numpy as np
import pandas as pd


def channel_coverage(
    interactions: pd.DataFrame, as_of: date, *, contacts: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Count how much each channel tells, how fresh it is and what it alone knows.

    Parameters
    ----------
    interactions : pd.DataFrame
        Canonical: `channel`, `occurred_at` and `account_id` (missing where nobody was recognised).
    as_of : date
        Exclusive.
    contacts : pd.DataFrame, optional
        Canonical contacts; `channel` and `account_id` count people beside events.

    Returns
    -------
    pd.DataFrame
        One row a channel, most interactions first: `channel`, `interactions`, `contacts`,
        `accounts`, `only_here` (accounts that no other channel knows), `recognised_share` (of
        interactions with an account), `first`, `last`, `days_since_last`, `last_90_days`.
    """
    end = pd.Timestamp(as_of)
    seen = _events(interactions, end)
    people = _people(contacts)
    known = pd.concat([seen[["channel", "account_id"]], people[["channel", "account_id"]]])
    known = known.dropna().drop_duplicates()
    alone = known.groupby("account_id")["channel"].transform("size") == 1
    table = pd.DataFrame(
        {
            "interactions": seen.groupby("channel").size(),
            "contacts": people.groupby("channel").size(),
            "accounts": known.groupby("channel").size(),
            "only_here": alone.groupby(known["channel"]).sum(),
            "recognised_share": seen["account_id"].notna().groupby(seen["channel"]).mean(),
            "first": seen.groupby("channel")["occurred_at"].min(),
            "last": seen.groupby("channel")["occurred_at"].max(),
            "last_90_days": (seen["occurred_at"] >= end - pd.Timedelta(days=90))
            .groupby(seen["channel"])
            .sum(),
        }
    )
    counts = ["interactions", "contacts", "accounts", "only_here", "last_90_days"]
    table[counts] = table[counts].fillna(0).astype(int)
    table["days_since_last"] = (end - table["last"]).dt.days
    table = table.rename_axis("channel").reset_index()
    return table.sort_values(
        ["interactions", "channel"], ascending=[False, True], ignore_index=True
    )


def _events(interactions: pd.DataFrame, end: pd.Timestamp) -> pd.DataFrame:
    """Give interactions before the end with whole days, and no channel left unnamed."""
    when = pd.to_datetime(interactions["occurred_at"]).dt.normalize()
    account = (
        interactions["account_id"]
        if "account_id" in interactions
        else pd.Series(None, index=interactions.index, dtype="str")
    )
    events = pd.DataFrame(
        {
            "channel": interactions["channel"].fillna("unnamed"),
            "account_id": account,
            "occurred_at": when,
        }
    )
    return events[when < end].reset_index(drop=True)


def _people(contacts: pd.DataFrame | None) -> pd.DataFrame:
    """Give the channel and account of each contact record."""
    if contacts is None or "channel" not in contacts:
        return pd.DataFrame({"channel": [], "account_id": []}, dtype=object)
    return pd.DataFrame(
        {
            "channel": contacts["channel"].fillna("unnamed"),
            "account_id": contacts.get("account_id", pd.Series(None, index=contacts.index)),
        }
    )


def channel_overlap(interactions: pd.DataFrame, as_of: date) -> pd.DataFrame:
    """Count the accounts that two channels both know.

    Parameters
    ----------
    interactions : pd.DataFrame
        As for `channel_coverage`.
    as_of : date
        Exclusive.

    Returns
    -------
    pd.DataFrame
        Square, channels by channels: accounts known to both; the diagonal counts its own.
    """
    known = _events(interactions, pd.Timestamp(as_of))
    table = pd.crosstab(known["account_id"], known["channel"]).clip(upper=1)
    table = table.reindex(columns=sorted(known["channel"].unique()), fill_value=0)
    both = table.to_numpy(int)
    names = table.columns.rename("channel")
    return pd.DataFrame(both.T @ both, index=names, columns=names)


def precedes_orders(
    interactions: pd.DataFrame,
    order_days: pd.DataFrame,
    as_of: date,
    *,
    within_days: int = 30,
) -> pd.DataFrame:
    """Compare how often a channel's contacts come before an order with what chance would give.

    Chance is the account's own: the share of the days of its history after which it ordered within
    the same number of days. An account that orders every week "follows" any contact with an order,
    and so shows nothing.

    Parameters
    ----------
    interactions : pd.DataFrame
        As for `channel_coverage`.
    order_days : pd.DataFrame
        `account_id` and `day` on which it ordered.
    as_of : date
        Exclusive; contacts less than `within_days` before it are left out, as their outcome is not
        known yet.
    within_days : int, default 30
        The order must come 1 to this many days after the contact.

    Returns
    -------
    pd.DataFrame
        One row a channel: `contacts` judged, `followed` (share followed by an order),
        `by_chance` (expected share), `lift` (their ratio), and `lift_low`, `lift_high` (95 %,
        by the spread between accounts). Missing where fewer than 5 accounts are judged; empty
        where no contact names an account that had ordered.
    """
    end = pd.Timestamp(as_of)
    seen = _events(interactions, end - pd.Timedelta(days=within_days))
    codes, accounts = pd.factorize(order_days["account_id"])
    ordered, last = _day_number(order_days["day"]), int(_day_number(pd.Series([end]))[0])
    there = (codes >= 0) & order_days["day"].notna().to_numpy() & (ordered < last)
    begin = int(ordered[there].min()) if there.any() else last
    stride = last - begin
    # one number an account and day, in their order; np.unique takes a hundred times as long
    keys = np.sort(codes[there] * stride + ordered[there] - begin)
    keys = keys[np.diff(keys, prepend=-1) > 0]
    account, day = keys // stride, keys % stride
    first = np.full(len(accounts) + 1, stride)  # of an account without an order, and of none
    np.minimum.at(first, account, day)
    place = pd.Index(accounts).get_indexer(pd.Index(seen["account_id"]))
    when = _day_number(seen["occurred_at"]) - begin
    # before its first order an account had no rhythm to compare with
    known = when >= first[place]
    if not known.any():
        columns = ["channel", "contacts", "followed", "by_chance", "lift", "lift_low", "lift_high"]
        return pd.DataFrame(columns=columns).astype(dict.fromkeys(columns[1:], float))
    place, when = place[known], when[known]
    following = np.searchsorted(keys, place * stride + when, side="right")
    until = np.append(keys, keys[-1] + stride)[following] - (place * stride + when)
    inside = np.append(account, -1)[following] == place
    chance = _own_chance(account, day, first, stride - within_days, within_days)
    judged = pd.DataFrame(
        {
            "channel": seen["channel"].to_numpy()[known],
            "account": place,
            "followed": (inside & (until <= within_days)).astype(float),
            "by_chance": chance[place],
        }
    )
    per = judged.groupby(["channel", "account"]).agg(
        contacts=("followed", "size"), followed=("followed", "sum"), chance=("by_chance", "sum")
    )
    return per.groupby("channel").apply(_lift).reset_index()


def _day_number(days: pd.Series) -> np.ndarray:
    """Count the days since 1970; of a missing one it is far in the past."""
    return pd.to_datetime(days).to_numpy().astype("datetime64[D]").astype(np.int64)


def _own_chance(
    account: np.ndarray, day: np.ndarray, first: np.ndarray, length: int, within: int
) -> np.ndarray:
    """Give the share of an account's days that an order followed within so many days."""
    gap = np.where(np.diff(account) == 0, np.minimum(np.diff(day), within), 0)
    covered = np.bincount(account[:-1], weights=gap, minlength=len(first))
    days = (length - first).astype(float)
    days[days <= 0] = np.nan
    return np.minimum(covered / days, 1.0)


def _lift(per_account: pd.DataFrame) -> pd.Series:
    """Give one channel's ratio of observed to expected, with an interval between accounts."""
    total = per_account.sum()
    few = len(per_account) < 5 or total["chance"] <= 0
    ratio = np.nan if few else total["followed"] / total["chance"]
    surprise = per_account["followed"] - ratio * per_account["chance"]
    count = len(per_account)
    error = np.nan if few else np.sqrt(count / (count - 1) * (surprise**2).sum()) / total["chance"]
    return pd.Series(
        {
            "contacts": int(total["contacts"]),
            "followed": total["followed"] / total["contacts"],
            "by_chance": total["chance"] / total["contacts"],
            "lift": ratio,
            "lift_low": max(0.0, ratio - 1.96 * error) if not few else np.nan,
            "lift_high": ratio + 1.96 * error,
        }
    )
