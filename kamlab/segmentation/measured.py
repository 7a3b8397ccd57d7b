"""What do measured criteria say of each account, in the columns that rank and explain?"""

import pandas as pd

# criterion as measured: column of the facts that it fills
COLUMNS = {
    "business_space": "head_room",
    "management_philosophy": "philosophy_score",
    "financial_standing": "financial_standing",
    "bargaining_power": "bargaining_power",
}


def with_criteria(facts: pd.DataFrame, measured: pd.DataFrame) -> pd.DataFrame:
    """Put measured criteria beside the facts of each account.

    Parameters
    ----------
    facts : pd.DataFrame
        One row an account, with `account_id`.
    measured : pd.DataFrame
        Long: `account_id`, `criterion`, `value`, as `kamlab.accounts.criteria.account_criteria`
        returns. Only what changes the columns of `COLUMNS` is taken; money, margin and growth are
        those of the facts' own period.

    Returns
    -------
    pd.DataFrame
        The facts in their order with the columns of `COLUMNS` that anything was measured of. What
        was not measured of an account keeps what the facts say, and else is missing: never nought.

    Raises
    ------
    ValueError
        If an account has a criterion twice.

    Examples
    --------
    >>> facts = pd.DataFrame({"account_id": ["a", "b"], "philosophy_score": [2.0, 3.0]})
    >>> rows = pd.DataFrame({"account_id": ["a"], "criterion": ["management_philosophy"],
    ...     "value": [4.5]})
    >>> with_criteria(facts, rows)["philosophy_score"].tolist()
    [4.5, 3.0]
    """
    told = measured[measured["criterion"].isin(COLUMNS)]
    twice = told.duplicated(["account_id", "criterion"])
    if twice.any():
        first = told[twice].iloc[0]
        raise ValueError(f"{first['criterion']} of account {first['account_id']!r} stands twice")
    made = facts.copy()
    for criterion, rows in told.groupby("criterion"):
        column = COLUMNS[str(criterion)]
        values = made["account_id"].map(rows.set_index("account_id")["value"]).astype(float)
        made[column] = values.fillna(made[column]) if column in made else values
    return made
