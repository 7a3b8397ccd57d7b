"""What do measured criteria say of each account, in the columns that rank and explain?"""

import pandas as pd

from kamlab.segmentation.objective import CRITERIA, UNITS

# criterion as measured: column of the facts that it fills
COLUMNS = {
    "business_space": "head_room",
    "management_philosophy": "philosophy_score",
    "financial_standing": "financial_standing",
    "bargaining_power": "bargaining_power",
}
# those of the facts' own period whose errors are measured in the same unit
_OF_MONEY = {"gross_profit": "gross_profit", "margin": "margin_rate"}


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


def described(treatment: pd.DataFrame, measured: pd.DataFrame | None = None) -> pd.DataFrame:
    """Say of each criterion which way is good, in which unit, and how well it is known.

    Parameters
    ----------
    treatment : pd.DataFrame
        As `kamlab.segmentation.ranking.criteria_matrix` returns: `criterion` first.
    measured : pd.DataFrame, optional
        As for `with_criteria`, with `standard_error`.

    Returns
    -------
    pd.DataFrame
        The treatment with `direction` ("more" or "less" is better), `unit` and `usual_error` (the
        median standard error over accounts, in the unit; missing where nothing tells it) behind
        `criterion`.
    """
    made = treatment.copy()
    made.insert(1, "direction", ["more" if CRITERIA[c][1] else "less" for c in made["criterion"]])
    made.insert(2, "unit", made["criterion"].map(UNITS))
    errors = pd.Series(dtype=float)
    if measured is not None:
        columns = measured["criterion"].map(COLUMNS | _OF_MONEY)
        errors = measured.groupby(columns)["standard_error"].median()
    made.insert(3, "usual_error", [errors.get(CRITERIA[c][0]) for c in made["criterion"]])
    return made.astype({"usual_error": float})
