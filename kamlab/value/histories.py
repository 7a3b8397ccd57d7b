"""What did each account buy, in the few numbers that purchase models need, and is it possible?

A purchase history is `frequency` (repeat purchase days), `recency` (age at the last of them) and
`T` (age at the end of observation). Models are fitted on the distinct ones, weighted by how often
they occur.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

COLUMNS = ("frequency", "recency", "T")
_GRIDS = (1, 7)  # whole time units, or whole days told in weeks
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Histories:
    """Distinct purchase histories and how often each occurs; all arrays of shape (n_distinct,)."""

    x: np.ndarray
    """Repeat purchases."""
    tx: np.ndarray
    """Age at the last purchase, in time units."""
    T: np.ndarray
    """Age at the end of observation, in time units."""
    weight: np.ndarray
    """Accounts with this history."""

    @property
    def accounts(self) -> float:
        """Accounts in all."""
        return float(self.weight.sum())

    def sample(self, size: int, seed: int = 0) -> "Histories":
        """Draw distinct histories at random, with their weights."""
        rows = np.random.default_rng(seed).choice(self.x.size, size, replace=False)
        return Histories(self.x[rows], self.tx[rows], self.T[rows], self.weight[rows])


def check_histories(summary: pd.DataFrame) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Take purchase histories out of a table, or say which row and column is impossible.

    Parameters
    ----------
    summary : pd.DataFrame
        With `frequency`, `recency` and `T`, as from `kamlab.accounts.repeat_purchases`;
        `account_id` is used to name a row.

    Returns
    -------
    x, tx, T : np.ndarray of shape (n_accounts,)
        As floats.

    Raises
    ------
    TypeError
        If it is no DataFrame.
    ValueError
        If a column is missing, there is no row, or a value is missing, infinite, negative or
        contradicts another.

    Examples
    --------
    >>> check_histories(pd.DataFrame({"frequency": [2], "recency": [9.0], "T": [8.0]}))
    Traceback (most recent call last):
    ValueError: row 0, column 'recency': 9.0 is later than T (8.0); recency is the age at the last
    purchase, not the time since it
    """
    require_columns(summary, COLUMNS)
    x, tx, age = (number_column(summary, column) for column in COLUMNS)
    for column, values in zip(COLUMNS, (x, tx, age), strict=True):
        refuse(summary, column, ~np.isfinite(values), "{value} is no number")
        refuse(summary, column, values < 0, "{value} is negative")
    refuse(summary, "frequency", x != np.floor(x), "{value} is no whole number of purchases")
    late = tx > age * (1 + _TOLERANCE)
    if late.any():
        row = int(np.flatnonzero(late)[0])
        detail = f"is later than T ({age[row]}); recency is the age at the last purchase"
        refuse(summary, "recency", late, "{value} " + detail + ", not the time since it")
    refuse(
        summary,
        "recency",
        (x == 0) & (tx > 0),
        "{value} is above 0 although the frequency is 0: without a repeat purchase it is 0",
    )
    refuse(
        summary,
        "recency",
        (x > 0) & (tx == 0),
        "{value} although there are repeat purchases: they fall after the day of the first",
    )
    return x, np.minimum(tx, age), age


def require_columns(table: pd.DataFrame, columns: tuple[str, ...]) -> None:
    """Raise if this is no table with a row and these columns."""
    if not isinstance(table, pd.DataFrame):
        raise TypeError(f"expected a pandas DataFrame, got {type(table).__name__}")
    missing = [column for column in columns if column not in table.columns]
    if missing:
        there = ", ".join(map(str, table.columns)) or "none"
        raise ValueError(f"column {missing[0]!r} is missing; columns there: {there}")
    if table.empty:
        raise ValueError("the table has no row: no account has a purchase in the time seen")


def number_column(table: pd.DataFrame, column: str) -> np.ndarray:
    """Read a column as floats; what cannot be read is named."""
    try:
        return table[column].to_numpy(dtype=float, na_value=np.nan)
    except (TypeError, ValueError):
        bad = pd.to_numeric(table[column], errors="coerce").isna().to_numpy()
        refuse(table, column, bad, "{value!r} is no number")
        raise


def refuse(table: pd.DataFrame, column: str, bad: np.ndarray, problem: str) -> None:
    """Raise a ValueError that names the first bad row, the column and the problem."""
    if not bad.any():
        return
    row = int(np.flatnonzero(bad)[0])
    name = f" (account {table['account_id'].iloc[row]!r})" if "account_id" in table else ""
    more = f"; {int(bad.sum()) - 1} more rows like it" if bad.sum() > 1 else ""
    said = problem.format(value=table[column].iloc[row])
    raise ValueError(f"row {row}{name}, column {column!r}: {said}{more}")


def distinct_histories(x: np.ndarray, tx: np.ndarray, T: np.ndarray) -> Histories:
    """Find the distinct histories by sorting one packed integer per account.

    Parameters
    ----------
    x, tx, T : np.ndarray of shape (n_accounts,)
        From `check_histories`.

    Returns
    -------
    Histories
        Sorted by x, tx and T.

    Examples
    --------
    >>> ones = np.ones(2)
    >>> distinct_histories(ones, ones / 7, ones).weight
    array([2.])
    """
    last, last_values = _codes(tx)
    age, age_values = _codes(T)
    n_last, n_age = last_values.size, age_values.size
    if (x.max() + 1) * n_last * n_age >= 2**62:
        return Histories(x, tx, T, np.ones(x.size))
    keys = np.sort((x.astype(np.int64) * n_last + last) * n_age + age)
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    weight = np.diff(np.append(first, keys.size)).astype(float)
    keys, age_code = np.divmod(keys[first], n_age)
    purchases, last_code = np.divmod(keys, n_last)
    return Histories(purchases.astype(float), last_values[last_code], age_values[age_code], weight)


def distinct_pairs(x: np.ndarray, T: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the distinct pairs of frequency and age, and where each account's pair is.

    Parameters
    ----------
    x, T : np.ndarray of shape (n_accounts,)
        From `check_histories`.

    Returns
    -------
    x, T : np.ndarray of shape (n_distinct,)
    position : np.ndarray of int, shape (n_accounts,)

    Examples
    --------
    >>> distinct_pairs(np.array([1.0, 0.0, 1.0]), np.array([7.0, 7.0, 7.0]))[2]
    array([1, 0, 1])
    """
    age, values = _codes(T)
    if (x.max() + 1) * values.size >= 2**62:
        return x, T, np.arange(x.size)
    keys = x.astype(np.int64) * values.size + age
    largest = int(keys.max()) + 1
    if largest <= max(10 * keys.size, 1_000_000):
        seen = np.zeros(largest, bool)
        seen[keys] = True
        distinct = np.flatnonzero(seen)
        place = np.empty(largest, np.int64)
        place[distinct] = np.arange(distinct.size)
        position = place[keys]
    else:
        distinct, position = np.unique(keys, return_inverse=True)
    purchases, code = np.divmod(distinct, values.size)
    return purchases.astype(float), values[code], position


def by_count(histories: Histories) -> tuple[np.ndarray, np.ndarray]:
    """Find the distinct purchase counts and the accounts with each.

    Parameters
    ----------
    histories : Histories
        Distinct histories.

    Returns
    -------
    counts, accounts : np.ndarray of shape (n_counts,)

    Examples
    --------
    >>> one = np.ones(2)
    >>> by_count(Histories(np.array([3.0, 3.0]), one, one, one))
    (array([3.]), array([2.]))
    """
    if histories.x.max() > 1_000_000:
        counts, place = np.unique(histories.x, return_inverse=True)
        return counts, np.bincount(place, histories.weight)
    totals = np.bincount(histories.x.astype(np.int64), histories.weight)
    counts = np.flatnonzero(totals)
    return counts.astype(float), totals[counts]


def _codes(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give numbers to the distinct times; whole days need no sorting."""
    for grid in _GRIDS:
        days = np.rint(values * grid)
        if days.max() < 10_000_000 and np.abs(values * grid - days).max() <= _TOLERANCE * max(
            1.0, days.max()
        ):
            whole = days.astype(np.int64)
            return whole, np.arange(int(days.max()) + 1) / grid
    distinct, codes = np.unique(values, return_inverse=True)
    return codes, distinct
