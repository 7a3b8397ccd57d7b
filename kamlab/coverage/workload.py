"""How much work is each account, from how often it is in touch and what it needs?"""

import pandas as pd


def workload(
    accounts: pd.Series,
    *,
    contacts: pd.Series | None = None,
    functions: pd.DataFrame | None = None,
) -> pd.Series:
    """Give the work of each account as a multiple of the mean account's.

    Half of it is how often the account is in touch (calls are what a workload plan counts), half
    how many functions have to be brought together for it. What is not known counts as the mean.

    Parameters
    ----------
    accounts : pd.Series of str
        Accounts that are looked after, each once.
    contacts : pd.Series of float indexed by account_id, optional
        Contacts of the last year; an account that is missing had none.
    functions : pd.DataFrame, optional
        From `team.functions_needed`: `account_id`, `function`.

    Returns
    -------
    pd.Series of float
        In the order and with the index of `accounts`; its mean is 1.

    References
    ----------
    .. [1] W. J. Talley, "How to design sales territories", Journal of Marketing 25, 1961.

    Examples
    --------
    >>> workload(pd.Series(["A", "B"]), contacts=pd.Series({"A": 30.0, "B": 10.0})).tolist()
    [1.25, 0.75]
    """
    needed = None if functions is None else functions.groupby("account_id")["function"].nunique()
    touched = _relative(accounts, contacts, 0.0)
    return (touched + _relative(accounts, needed, 1.0)) / 2


def _relative(accounts: pd.Series, known: pd.Series | None, base: float) -> pd.Series:
    """Give a count as a multiple of its mean; 1 for each where nothing is counted."""
    if known is None:
        return pd.Series(1.0, accounts.index)
    count = base + accounts.map(known).fillna(0.0).astype(float)
    return count / count.mean() if count.sum() > 0 else pd.Series(1.0, accounts.index)
