"""How have accounts moved between classes over the periods, and who rises, fades or is lost?"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from kamlab.segmentation.ledger import as_daily, day_of, open_ledger
from kamlab.segmentation.lessons import Past

CLASSES = ("key", "near", "other", "silent", "not yet")
NEAR = 3  # times the places: accounts that are near the list


@dataclass(frozen=True, slots=True)
class Movement:
    """Where accounts stood in each period.

    Attributes
    ----------
    standing : pd.DataFrame
        One row an account and period: `account_id`, `period_end` (first day after it), `amount`,
        `rank` (1 is the highest amount; missing without purchase), `class`, one of `CLASSES`.
    transitions : pd.DataFrame
        One row a pair of classes: `from`, `to`, `accounts` (all periods together), `share` of those
        that were in `from`, `low` and `high` (90 % interval).
    measures : pd.DataFrame
        `measure`, `value` and `meaning`: how mobile the classes are.
    amount : {"gross_profit", "net_sales"}
        What ranks accounts.
    """

    standing: pd.DataFrame
    transitions: pd.DataFrame
    measures: pd.DataFrame
    amount: str


def movement(
    orders: Any,  # noqa: ANN401  order lines of any engine
    as_of: date | str,
    *,
    horizon_days: int = 365,
    places: int = 20,
    periods: int = 4,
    past: Past | None = None,
) -> Movement:
    """Rank accounts in each of the last periods and count how they moved.

    Parameters
    ----------
    orders : frame
        Order lines, or the account-days of `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen; the newest period ends before it.
    horizon_days : int, default 365
        Length of a period. Only whole periods count: one that begins before the data is left out.
    places : int, default 20
        How many accounts are key in a period: those with the highest positive amount. Three times
        as many are `near`.
    periods : int, default 4
        How many periods at most.
    past : Past, optional
        What `kamlab.segmentation.lessons.look_back` learnt of the same orders and day, which holds
        them in order already.

    Returns
    -------
    Movement
        With empty transitions where there is but one period.

    Raises
    ------
    ValueError
        If nothing lies before `as_of`, or not even one whole period.

    References
    ----------
    .. [1] A. F. Shorrocks, "The measurement of mobility", Econometrica 46, 1978.
    """
    ledger = past.ledger if past else open_ledger(as_daily(orders, as_of))
    end = day_of(as_of)
    whole = min(periods, (end - ledger.first) // horizon_days)
    if whole < 1:
        raise ValueError(
            f"the data hold {end - ledger.first} days before {as_of}: fewer than one period of "
            f"{horizon_days}; shorten horizon_days"
        )
    tables = []
    for back in reversed(range(whole)):
        stop = end - back * horizon_days
        amount = ledger.total("amount", stop - horizon_days, stop)
        there = ledger.total("lines", stop - horizon_days, stop) > 0
        tables.append(_standing(ledger.ids, amount, there, ledger.known(stop), places, stop))
    standing = pd.concat(tables, ignore_index=True)
    moved = _transitions(standing)
    return Movement(standing, moved, _mobility(moved), ledger.amount)


def _standing(
    ids: np.ndarray,
    amount: np.ndarray,
    there: np.ndarray,
    known: np.ndarray,
    places: int,
    stop: int,
) -> pd.DataFrame:
    """Rank the accounts of one period and name their classes."""
    order = np.argsort(np.where(there, -amount, np.inf), kind="stable")
    rank = np.empty(len(ids))
    rank[order] = np.arange(1, len(ids) + 1)
    positive = there & (amount > 0)
    kinds = np.select(
        [positive & (rank <= places), positive & (rank <= NEAR * places), there, known],
        CLASSES[:4],
        CLASSES[4],
    )
    return pd.DataFrame(
        {
            "account_id": ids.astype(str),
            "period_end": pd.Timestamp(stop, unit="D"),
            "amount": amount,
            "rank": np.where(there, rank, np.nan),
            "class": kinds,
        }
    ).astype({"account_id": "str", "class": "str"})


def _transitions(standing: pd.DataFrame) -> pd.DataFrame:
    """Count moves from each period to the next, with Jeffreys' intervals of the shares."""
    wide = standing.pivot_table(
        index="account_id", columns="period_end", values="class", aggfunc="first"
    )
    pairs = [
        pd.DataFrame({"from": wide[a].to_numpy(), "to": wide[b].to_numpy()})
        for a, b in zip(wide.columns[:-1], wide.columns[1:], strict=True)
    ]
    if not pairs:
        return pd.DataFrame(columns=["from", "to", "accounts", "share", "low", "high"])
    moves = pd.concat(pairs, ignore_index=True)
    counts = pd.crosstab(moves["from"], moves["to"])
    counts = counts.reindex(index=list(CLASSES), columns=list(CLASSES[:4]), fill_value=0)
    long = counts.reset_index().melt(id_vars="from", var_name="to", value_name="accounts")
    total = long.groupby("from")["accounts"].transform("sum").to_numpy(float)
    count = long["accounts"].to_numpy(float)
    with np.errstate(invalid="ignore"):
        long["share"] = np.where(total > 0, count / np.where(total > 0, total, 1), np.nan)
    low = stats.beta.ppf(0.05, count + 0.5, total - count + 0.5)
    high = stats.beta.ppf(0.95, count + 0.5, total - count + 0.5)
    long["low"] = np.where(count == 0, 0.0, low)
    long["high"] = np.where(count == total, 1.0, high)
    long.loc[total == 0, ["low", "high"]] = np.nan
    return long.astype({"from": "str", "to": "str"})


def _mobility(moved: pd.DataFrame) -> pd.DataFrame:
    """Measure how mobile the classes are."""
    if moved.empty:
        return pd.DataFrame(columns=["measure", "value", "meaning"])
    matrix = square(moved)
    stay = float(matrix.loc["key", "key"]) if "key" in matrix else np.nan
    trace, size = float(np.trace(matrix)), len(matrix)
    rows = [
        ("key accounts that stay key", stay, "share from one period to the next"),
        (
            "half-life of being key",
            float(np.log(0.5) / np.log(stay)) if 0 < stay < 1 else np.nan,
            "periods after which half of the key accounts are key no more, at this pace",
        ),
        (
            "Shorrocks' mobility",
            (size - trace) / (size - 1) if size > 1 else np.nan,
            "0: nobody moves; 1: where an account was tells nothing",
        ),
    ]
    return pd.DataFrame(rows, columns=["measure", "value", "meaning"])


def square(moved: pd.DataFrame, what: str = "share") -> pd.DataFrame:
    """Give the moves as a square matrix of the classes from which accounts move.

    Parameters
    ----------
    moved : pd.DataFrame
        `Movement.transitions`.
    what : {"share", "accounts"}, default "share"

    Returns
    -------
    pd.DataFrame
        Rows and columns `key` to `silent`, those that held an account; rows of shares sum to 1.
    """
    rows = moved.groupby("from")["accounts"].sum()
    kept = [name for name in CLASSES[:4] if rows.get(name, 0) > 0]
    wide = moved.pivot_table(index="from", columns="to", values=what, sort=False)
    wide = wide.reindex(index=kept, columns=kept).fillna(0.0)
    return wide.rename_axis(index=None, columns=None)


def after_periods(moved: pd.DataFrame, periods: int) -> pd.DataFrame:
    """Give the chance of each class after so many periods, if accounts go on moving as they did.

    Parameters
    ----------
    moved : pd.DataFrame
        `Movement.transitions`.
    periods : int
        At least 1.

    Returns
    -------
    pd.DataFrame
        Square like `square`'s. A first-order Markov chain: it knows an account's class, not its
        history, so those long key are understated.
    """
    matrix = square(moved)
    shares = matrix.to_numpy(float)
    shares = shares / shares.sum(axis=1, keepdims=True)
    powered = np.linalg.matrix_power(shares, periods)
    return pd.DataFrame(powered, index=matrix.index, columns=matrix.columns)


def chances(
    moved: Movement, following: pd.DataFrame, periods: Sequence[int] = (1, 2, 3)
) -> pd.DataFrame:
    """Set the chance of being key by an account's class beside that by all that is known of it.

    Parameters
    ----------
    moved : Movement
        Of two periods or more.
    following : pd.DataFrame
        Forecast of the period ahead: `account_id`, `probability_key`.
    periods : sequence of int
        How many periods ahead the Markov chain looks.

    Returns
    -------
    pd.DataFrame
        One row a class: `class`, `accounts`, `key_in_1`, … by the Markov chain, and the mean,
        least and highest `probability_key` of its accounts as `forecast_mean`, `forecast_low` and
        `forecast_high`.
    """
    last = moved.standing[moved.standing["period_end"] == moved.standing["period_end"].max()]
    chance = last["account_id"].map(following.set_index("account_id")["probability_key"])
    by = chance.groupby(last["class"])
    table = pd.DataFrame({"accounts": by.size()})
    for ahead in periods:
        matrix = after_periods(moved.transitions, ahead)
        table[f"key_in_{ahead}"] = matrix.get("key", 0.0)
    table["forecast_mean"], table["forecast_low"] = by.mean(), by.min()
    table["forecast_high"] = by.max()
    shown = [name for name in CLASSES[:4] if name in table.index]
    return table.loc[shown].rename_axis("class").reset_index()


def moves(standing: pd.DataFrame, horizon_days: int) -> pd.DataFrame:
    """Say of each account of the last two periods how it moved.

    Parameters
    ----------
    standing : pd.DataFrame
        `Movement.standing`.
    horizon_days : int
        Length of a period.

    Returns
    -------
    pd.DataFrame
        One row an account: `account_id`, `move` ("stayed key", "became key", "ceased to be key",
        "rising", "fading", "new", "lost", "steady", "silent"), `class_before`, `class`,
        `rank_before`, `rank`, `amount_before`, `amount`, `change`; the largest change without sign
        first. Rising and fading are changes by at least half and by a hundredth of what the
        average key account makes.
    """
    last = standing["period_end"].max()
    now = standing[standing["period_end"] == last]
    earlier = standing[standing["period_end"] == last - timedelta(days=horizon_days)]
    both = now.merge(
        earlier.drop(columns="period_end"), on="account_id", how="left", suffixes=("", "_before")
    ).drop(columns="period_end")
    both["change"] = both["amount"] - both["amount_before"].fillna(0.0)
    key, was = both["class"] == "key", both["class_before"] == "key"
    gone, came = both["class"] == "silent", both["class_before"].isin(["not yet"])
    usual = now.loc[now["class"] == "key", "amount"].mean()
    big = both["change"].abs() >= 0.01 * (usual if usual == usual else 0.0)
    half = big & (both["change"].abs() >= 0.5 * both["amount_before"].abs())
    both["move"] = np.select(
        [
            key & was,
            key & ~came,
            was & gone,
            was,
            gone & both["class_before"].isin(["near", "other"]),
            gone,
            came,
            half & (both["change"] > 0),
            half,
        ],
        [
            "stayed key",
            "became key",
            "lost",
            "ceased to be key",
            "lost",
            "silent",
            "new",
            "rising",
            "fading",
        ],
        "steady",
    )
    columns = ["account_id", "move", "class_before", "class", "rank_before", "rank"]
    both = both[[*columns, "amount_before", "amount", "change"]]
    order = both["change"].abs().sort_values(ascending=False, kind="stable").index
    return both.loc[order].reset_index(drop=True)


def moves_summed(moving: pd.DataFrame) -> pd.DataFrame:
    """Sum up the moves of all accounts by kind.

    Parameters
    ----------
    moving : pd.DataFrame
        As `moves` returns.

    Returns
    -------
    pd.DataFrame
        One row a kind of move, the largest gain first: `move`, `accounts`, `amount_before`,
        `amount` and `change`.
    """
    by = moving.groupby("move", as_index=False)
    table = by.agg(
        accounts=("account_id", "size"),
        amount_before=("amount_before", "sum"),
        amount=("amount", "sum"),
        change=("change", "sum"),
    )
    return table.sort_values("change", ascending=False, kind="stable", ignore_index=True)
