"""What did accounts like this one do in the year that followed, earlier on?

A list is made for the time ahead. What accounts earn changes, and some leave without a word: how
much and how often is learned from the same accounts at earlier days, by how long they had been
silent.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

# Silence is counted in months since the last month with any line.
SILENT_FROM = (0, 1, 2, 4)
_LEAST_DONORS = 10
_GONE = 0.05  # who earns less than this part of the year before has left, as good as


@dataclass(frozen=True, slots=True)
class Panel:
    """Amounts by account and month, the newest month last.

    Attributes
    ----------
    values : dict of str to np.ndarray of shape (n_accounts, n_months)
        By column; 0 where nothing was bought or nothing is known.
    first : np.ndarray of shape (n_accounts,)
        Place of each account's first month with a line.
    """

    values: dict[str, np.ndarray]
    first: np.ndarray


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of accounts' amounts in the period that followed, by silence.

    Attributes
    ----------
    ratios : tuple of np.ndarray
        One array a class of silence: amounts after against amounts before, noise taken off.
    table : pd.DataFrame
        One row a class: `silent_from` (months), `donors`, `left_share`, `mean_change` of those who
        stayed and `spread` (its standard deviation, noise taken off).
    """

    ratios: tuple[np.ndarray, ...]
    table: pd.DataFrame


def panel(
    monthly: pd.DataFrame, accounts: Sequence[str], as_of: date | str, columns: Sequence[str]
) -> Panel:
    """Spread monthly sums over a grid of accounts and months.

    Parameters
    ----------
    monthly : pd.DataFrame
        `account_id`, `month` and the columns, as `kamlab.accounts.monthly_sums` returns.
    accounts : sequence of str
        Rows of the grid, in their order; others are left out.
    as_of : date or str
        First day no longer seen; the last column of the grid is the month before it, or the one it
        lies in if it is not a month's first day.
    columns : sequence of str

    Raises
    ------
    ValueError
        If no month lies before as_of.
    """
    day = pd.Timestamp(as_of)
    last = (day - pd.Timedelta(days=1)).to_period("M").ordinal
    month = pd.PeriodIndex(monthly["month"], freq="M").asi8
    row = pd.Index(accounts).get_indexer(pd.Index(monthly["account_id"]))
    seen = (row >= 0) & (month <= last)
    if not seen.any():
        raise ValueError(f"no month of these accounts lies before {day.date()}")
    row, place = row[seen], month[seen] - month[seen].min()
    shape = (len(accounts), int(last - month[seen].min()) + 1)
    values = {}
    for column in columns:
        grid = np.zeros(shape)
        np.add.at(grid, (row, place), monthly[column].to_numpy(float, na_value=0.0)[seen])
        values[column] = grid
    first = np.full(shape[0], shape[1])
    np.minimum.at(first, row, place)
    return Panel(values, first)


def silence(values: np.ndarray) -> np.ndarray:
    """Give each account's class of silence at the end of the months.

    Parameters
    ----------
    values : np.ndarray of shape (n_accounts, n_months)

    Returns
    -------
    np.ndarray of shape (n_accounts,)
        Place in `SILENT_FROM`.
    """
    active = values != 0
    months = values.shape[1]
    silent = np.where(active.any(axis=1), np.argmax(active[:, ::-1], axis=1), months)
    return np.searchsorted(SILENT_FROM, silent, side="right") - 1


def learn_changes(
    values: np.ndarray, first: np.ndarray, *, months: int, places: int
) -> Changes | None:
    """Learn from the largest accounts of earlier days what became of them.

    Parameters
    ----------
    values : np.ndarray of shape (n_accounts, n_months)
        Amount by month, the newest last.
    first : np.ndarray of shape (n_accounts,)
        Place of each account's first month.
    months : int
        Length of the period before and after an earlier day.
    places : int
        Length of the list: four times as many accounts are looked at, at least fifty.

    Returns
    -------
    Changes or None
        None where the history is too short, or fewer than ten accounts were there.
    """
    count = values.shape[1]
    ratios, classes, noises = [], [], []
    for back in range(months, count - months + 1, max(months // 2, 1)):
        end = count - back
        before, after = values[:, end - months : end], values[:, end : end + months]
        total = before.sum(axis=1)
        known = (total > 0) & (first <= end - months)
        order = np.argsort(-np.where(known, total, -np.inf), kind="stable")
        donors = order[: max(4 * places, 50)]
        donors = donors[known[donors]]
        later = after[donors].sum(axis=1)
        ratios.append(np.clip(later / total[donors], -2, 5))
        classes.append(silence(before[donors]))
        noises.append(_noise(before[donors]) + _noise(after[donors]))
    if not ratios or sum(map(len, ratios)) < _LEAST_DONORS:
        return None
    ratio, silent, noise = map(np.concatenate, (ratios, classes, noises))
    made, rows = [], []
    for place, start in enumerate(SILENT_FROM):
        pool = silent == place
        if pool.sum() < _LEAST_DONORS:
            pool = silent >= place - 1
        if not pool.any():
            pool = np.ones(len(ratio), bool)
        cleaned, row = _without_noise(ratio[pool], noise[pool])
        made.append(cleaned)
        rows.append((start, *row))
    columns = ["silent_from", "donors", "left_share", "mean_change", "spread"]
    return Changes(tuple(made), pd.DataFrame(rows, columns=columns))


def _noise(values: np.ndarray) -> np.ndarray:
    """Give the variance of each sum over months, against its square, as resampling would find."""
    months = values.shape[1]
    total = values.sum(axis=1)
    spread = ((values - values.mean(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return months / (months + 1) * spread / np.where(total > 0, total, np.inf) ** 2


def _without_noise(
    ratio: np.ndarray, noise: np.ndarray
) -> tuple[np.ndarray, tuple[int, float, float, float]]:
    """Draw ratios of those who stayed together by what chance alone spreads them."""
    stay = ratio > _GONE
    cleaned = ratio.copy()
    mean, spread = np.nan, np.nan
    if stay.sum() > 5:
        mean, spread = float(ratio[stay].mean()), float(ratio[stay].std())
        chance = float(np.median(noise[stay])) * mean**2
        keep = np.sqrt(max(0.0, 1 - chance / spread**2)) if spread > 0 else 0.0
        cleaned[stay] = mean + keep * (ratio[stay] - mean)
        spread *= keep
    return cleaned, (len(ratio), float(1 - stay.mean()), mean, spread)
