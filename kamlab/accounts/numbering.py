"""Which number has each account, so that rows are summed up without comparing texts?"""

import numpy as np
import pandas as pd


def numbered(accounts: pd.Series) -> tuple[np.ndarray, pd.Index]:
    """Give each account a number, in their order.

    Parameters
    ----------
    accounts : pd.Series
        Identifiers, as they are or as categories, which is quicker where it is asked often.

    Returns
    -------
    tuple of np.ndarray and pd.Index
        A number a row, -1 where it is missing, and the accounts that are there.
    """
    codes, ids = pd.factorize(accounts, sort=True)
    if isinstance(ids, pd.CategoricalIndex):
        ids = ids.astype(ids.categories.dtype)
    return codes, pd.Index(ids)


def placed(accounts: pd.Series, among: pd.Index) -> np.ndarray:
    """Find the place of each row's account in a list.

    Parameters
    ----------
    accounts : pd.Series of shape (n,)
        Identifiers, many rows of each.
    among : pd.Index
        Identifiers, each once.

    Returns
    -------
    np.ndarray of int, shape (n,)
        -1 where it is missing or not in the list.

    Examples
    --------
    >>> placed(pd.Series(["b", "a", None, "c"]), pd.Index(["a", "b"])).tolist()
    [1, 0, -1, -1]
    """
    codes, there = pd.factorize(accounts)  # each text is looked up once
    return np.append(among.get_indexer(pd.Index(there)), -1)[codes]
