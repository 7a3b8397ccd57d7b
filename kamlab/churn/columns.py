"""How does a messy table of accounts become numbers that a model can learn from?"""

from dataclasses import dataclass, replace
from typing import Self

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

NUMBER, LABEL = "number", "label"
MOST_LEARNT = 60_000
"""Rows that are learnt from: twice as many change the ranking by less than 0.001."""
_MOST_LEVELS = 25
_LEAST_ROWS = 10
_NUMERIC_SHARE = 0.95


@dataclass(frozen=True, slots=True)
class Column:
    """What was learnt of one column.

    Attributes
    ----------
    name : object
    kind : {"number", "label"}
    levels : tuple of str
        Of a label: the levels that have a number of their own, the commonest first.
    middle, low, high : float
        Of a number: median, and the ends beyond which values are drawn in.
    missing : bool
        Whether values were missing.
    """

    name: object
    kind: str
    levels: tuple[str, ...] = ()
    middle: float = 0.0
    low: float = -np.inf
    high: float = np.inf
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Coded:
    """A table as numbers.

    Attributes
    ----------
    numbers : np.ndarray of shape (n_rows, n_numbers)
        NaN where missing.
    flags : np.ndarray of shape (n_rows, n_flags)
        0 and 1: levels of labels, and what was missing.
    number_owner, flag_owner : tuple of int
        Which column of the table, counted from 0 as fitted, each number and flag came from.
    """

    numbers: np.ndarray
    flags: np.ndarray
    number_owner: tuple[int, ...]
    flag_owner: tuple[int, ...]

    def rows(self, chosen: np.ndarray) -> "Coded":
        """Take some rows.

        Parameters
        ----------
        chosen : np.ndarray
            Places or truth values.

        Returns
        -------
        Coded
        """
        return replace(self, numbers=self.numbers[chosen], flags=self.flags[chosen])


class MessyColumns(TransformerMixin, BaseEstimator):
    """Sort the columns of a table into numbers and labels, and leave out what cannot tell.

    Text that holds numbers is read as numbers, a blank is missing, dates become days, truth becomes
    0 and 1. Left out are columns that are constant, wholly missing, or identifiers: text that is
    different in nearly every row, and whole numbers that differ in every row under a name that ends
    in "id" or "no". Rare levels of labels share the number nought, as do levels not seen before.

    Attributes
    ----------
    columns_ : list of Column
    left_out_ : dict of object to str
        Column to reason.
    """

    columns_: list[Column]
    left_out_: dict[object, str]

    def fit(self, table: pd.DataFrame, y: None = None) -> Self:  # noqa: ARG002  scikit-learn's
        """Learn the columns' kinds.

        Parameters
        ----------
        table : pd.DataFrame of shape (n_rows, n_columns)
        y : None
            Not used.

        Returns
        -------
        Self
        """
        self.columns_, self.left_out_ = [], {}
        self.names_ = list(table.columns)
        for name in sorted(table.columns, key=str):  # their order shall not matter
            found = _column(name, table[name])
            if isinstance(found, Column):
                self.columns_.append(found)
            else:
                self.left_out_[name] = found
        return self

    def transform(self, table: pd.DataFrame) -> Coded:
        """Give the table as numbers.

        Parameters
        ----------
        table : pd.DataFrame
            With the columns seen in `fit`, in any order.

        Returns
        -------
        Coded

        Raises
        ------
        ValueError
            If a column is missing.
        """
        check_is_fitted(self, "columns_")
        absent = [str(column.name) for column in self.columns_ if column.name not in table]
        if absent:
            raise ValueError(f"the table lacks columns it was fitted on: {', '.join(absent)}")
        numbers, flags = [], []
        number_owner: list[int] = []
        flag_owner: list[int] = []
        place = {name: number for number, name in enumerate(self.names_)}
        for column in self.columns_:
            series = table[column.name]
            if column.kind == NUMBER:
                values = as_numbers(series)
                numbers.append(np.clip(values, column.low, column.high))
                number_owner.append(place[column.name])
                gaps = [np.isnan(values)] if column.missing else []
            else:
                text = _texts(series)
                gaps = [text == level for level in column.levels]
            flags += gaps
            flag_owner += [place[column.name]] * len(gaps)
        count = len(table)
        if not self.columns_:  # nothing can tell: one column that says nothing
            flags, flag_owner = [np.zeros(count)], [0]
        return Coded(
            np.column_stack(numbers) if numbers else np.empty((count, 0)),
            np.column_stack(flags).astype(float) if flags else np.empty((count, 0)),
            tuple(number_owner),
            tuple(flag_owner),
        )


def as_numbers(series: pd.Series) -> np.ndarray:
    """Read a column as numbers; what is none is NaN.

    Parameters
    ----------
    series : pd.Series of shape (n_rows,)
        Numbers, truth, dates (as days since 1970) or text that holds numbers.

    Returns
    -------
    np.ndarray of shape (n_rows,)
    """
    if pd.api.types.is_datetime64_any_dtype(series):
        days = (series - pd.Timestamp("1970-01-01", tz=series.dt.tz)) / pd.Timedelta(days=1)
        return days.to_numpy(float)
    if isinstance(series.dtype, pd.CategoricalDtype):
        series = series.astype(object)
    values = pd.to_numeric(series, errors="coerce").to_numpy(float, na_value=np.nan).copy()
    values[~np.isfinite(values)] = np.nan
    return values


def drawn_by_content(table: pd.DataFrame, count: int) -> np.ndarray:
    """Draw rows by what they hold: the same ones in whatever order they come.

    Parameters
    ----------
    table : pd.DataFrame
        With more than `count` rows.
    count : int

    Returns
    -------
    np.ndarray of int, shape (count,)
        Their places.

    Examples
    --------
    >>> table = pd.DataFrame({"a": np.arange(50), "b": list("abcde") * 10})
    >>> turned = table[::-1]
    >>> drawn, again = drawn_by_content(table, 9), drawn_by_content(turned[["b", "a"]], 9)
    >>> sorted(table["a"].iloc[drawn]) == sorted(turned["a"].iloc[again])
    True
    """
    keys = pd.util.hash_pandas_object(table[sorted(table.columns)], index=False).to_numpy()
    return np.argpartition(keys, count)[:count]


def _texts(series: pd.Series) -> np.ndarray:
    """Give labels as text; missing ones and blanks as one label of their own."""
    text = series.astype(object).map(lambda value: "" if pd.isna(value) else str(value).strip())
    return text.to_numpy(object)


def _column(name: object, series: pd.Series) -> Column | str:
    """Learn a column, or say why it is left out."""
    if pd.api.types.is_object_dtype(series) or pd.api.types.is_string_dtype(series):
        series = series.where(_texts(series) != "", None)
    known = series.notna()
    if not known.any():
        return "nothing is known"
    numeric = pd.api.types.is_numeric_dtype(series) or pd.api.types.is_datetime64_any_dtype(series)
    distinct = int((series if numeric else series[known].astype(str)).nunique())
    if distinct == 1 and known.all():
        return "the same in every row"
    values = as_numbers(series)
    if numeric or np.isfinite(values[known]).mean() >= _NUMERIC_SHARE:
        return _number(name, values, len(series))
    if distinct > 0.5 * known.sum() and distinct > 20:
        return "different in nearly every row: a name, not a property"
    counts = pd.Series(_texts(series)).value_counts()
    least = max(_LEAST_ROWS, 0.005 * len(series)) if len(series) >= 10 * _LEAST_ROWS else 1
    # sorted, so that the order of rows does not matter where counts are equal
    common = counts[counts >= least].reset_index().sort_values(["count", "index"],
        ascending=[False, True])["index"]  # fmt: skip
    levels = tuple(common.head(_MOST_LEVELS))
    if len(levels) == 2 and len(counts) == 2:
        levels = levels[1:]  # the other follows
    return Column(name, LABEL, levels) if levels else "every level is rare"


def _number(name: object, values: np.ndarray, count: int) -> Column | str:
    """Learn a column of numbers."""
    known = values[np.isfinite(values)]
    if not len(known):
        return "nothing is known"
    whole = bool((known == np.round(known)).all())
    words = str(name).lower().replace("-", "_")
    named = words.endswith(("_id", "_no", "_number", "id")) and words not in ("paid",)
    if whole and named and len(np.unique(known)) == count > 20:
        return "different in every row and named as a number: an identifier"
    missing = len(known) < count
    if known.min() == known.max() and not missing:
        return "the same in every row"
    span = np.ptp(known)
    return Column(
        name,
        NUMBER,
        middle=float(np.median(known)),
        low=float(known.min() - 0.5 * span),
        high=float(known.max() + 0.5 * span),
        missing=missing,
    )
