"""What is each account expected to earn, in the facts that the list is made of?"""

import numpy as np
import pandas as pd

EXPECTED = "expected_gross_profit"


def with_expected(facts: pd.DataFrame, following: pd.DataFrame) -> pd.DataFrame:
    """Put the forecast of the next period beside the facts of the last one of the same length.

    Parameters
    ----------
    facts : pd.DataFrame
        One row an account: `account_id`, `net_sales`, `gross_profit` over one period.
    following : pd.DataFrame
        As `kamlab.segmentation.forecast.next_period` gives: `account_id`,
        `expected_gross_profit` (net sales where no cost is known) and `last_period`.

    Returns
    -------
    pd.DataFrame
        The facts with `expected_gross_profit`, which then leads the list; without it where the
        forecast is of a period of another length or of other accounts, which is told by
        `last_period`, or leaves an account out.

    Examples
    --------
    >>> facts = pd.DataFrame({"account_id": ["a"], "net_sales": [9.0], "gross_profit": [3.0]})
    >>> ahead = pd.DataFrame(
    ...     {"account_id": ["a"], "expected_gross_profit": [4.0], "last_period": [3.0]})
    >>> with_expected(facts, ahead)["expected_gross_profit"].tolist()
    [4.0]
    >>> with_expected(facts, ahead.assign(last_period=2.0)).columns.tolist()
    ['account_id', 'net_sales', 'gross_profit']
    """
    known = facts["gross_profit"].notna().any()
    past = facts["gross_profit"].fillna(0.0) if known else facts["net_sales"]
    ahead = following.set_index("account_id").reindex(facts["account_id"])
    same = np.isclose(ahead["last_period"].to_numpy(float), past.to_numpy(float), atol=0.01)
    if not same.all() or ahead[EXPECTED].isna().any():
        return facts
    return facts.assign(**{EXPECTED: ahead[EXPECTED].to_numpy(float)})
