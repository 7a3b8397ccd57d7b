"""What would each action gain on each account, and what would it cost there?"""

import numpy as np
import pandas as pd

from kamlab.churn.lifetimes import normal_quantile
from kamlab.retention.past_actions import yearly_sales

_SLOPE = 0.25  # cost by account size, where too few costs are known to tell


def still_there(standing: pd.DataFrame) -> pd.Series:
    """Guess from silence alone how surely an account is still a customer.

    Parameters
    ----------
    standing : pd.DataFrame
        From `recent.account_standing`: `days_since_last_order` and `order_days` of a year.

    Returns
    -------
    pd.Series
        0 to 1: 1 up to a silence of twice its mean gap, then half with every further gap. A
        stand-in for where no churn study is published.

    Examples
    --------
    >>> seen = pd.DataFrame({"order_days": [12, 12], "days_since_last_order": [20.0, 91.25]})
    >>> still_there(seen).tolist()
    [1.0, 0.5]
    """
    gaps = standing["days_since_last_order"] * standing["order_days"].clip(lower=1) / 365
    return 0.5 ** (gaps - 2).clip(lower=0)


def expected_gains(
    worth: pd.DataFrame, rates: pd.DataFrame, *, confidence: float = 0.9
) -> pd.DataFrame:
    """Turn effects on sales and margin into money on each account, before the action's cost.

    Parameters
    ----------
    worth : pd.DataFrame
        One row an account: `account_id`, `net_sales` and `profit` expected in the year ahead
        without any action, and optionally `stays`: probability that it is still a customer, 0 to 1.
    rates : pd.DataFrame
        From `rates.effect_rates`: `kind`, `sales`, `sales_error`, `margin`, `margin_error`. A
        column `account_id` makes effects an account's own: one row an account and kind.
    confidence : float, default 0.9
        Of the interval, which holds the doubt about the mean effect, not an account's own luck.

    Returns
    -------
    pd.DataFrame
        One row an account and kind: `account_id`, `action`, `expected_gain`, `low`, `high`, in the
        currency of `worth`, over a year. More sales at a loss are a loss.

    Examples
    --------
    An account of 1,000 sales and 200 profit; 10 % more sales, and one point of margin given away:

    >>> worth = pd.DataFrame({"account_id": ["a"], "net_sales": [1000.0], "profit": [200.0]})
    >>> rates = pd.DataFrame({"kind": ["visit"], "sales": [0.1], "sales_error": [0.0],
    ...     "margin": [-0.01], "margin_error": [0.0]})
    >>> expected_gains(worth, rates)["expected_gain"].round(2).tolist()
    [9.0]
    """
    table = (
        worth.merge(rates, on="account_id")
        if "account_id" in rates
        else worth.merge(rates, how="cross")
    )
    stays = table["stays"].fillna(1.0) if "stays" in table else pd.Series(1.0, table.index)
    profit, sales = table["profit"] * stays, table["net_sales"] * stays
    gain = profit * table["sales"] + sales * (1 + table["sales"]) * table["margin"]
    error = np.hypot(
        (profit + sales * table["margin"]) * table["sales_error"],
        sales * (1 + table["sales"]) * table["margin_error"],
    )
    reach = normal_quantile(confidence) * error
    return pd.DataFrame(
        {
            "account_id": table["account_id"],
            "action": table["kind"],
            "expected_gain": gain,
            "low": gain - reach,
            "high": gain + reach,
        }
    )


def expected_costs(around: pd.DataFrame, worth: pd.DataFrame) -> pd.DataFrame:
    """Expect what each kind costs on each account from what it cost on accounts of its size.

    Parameters
    ----------
    around : pd.DataFrame
        From `past_actions.around_actions`, with `cost`.
    worth : pd.DataFrame
        `account_id` and `net_sales` of a year.

    Returns
    -------
    pd.DataFrame of shape (n_accounts, n_kinds)
        Index account_id; kinds that never cost anything on record are left out. Cost follows
        sales with a power common to all kinds, within the range of costs on record.
    """
    paid = around[around["treated"].astype(bool) & (around["cost"] > 0)]
    size = np.log(yearly_sales(paid).clip(lower=1.0))
    cost = np.log(paid["cost"])
    own = size - size.groupby(paid["kind"]).transform("mean")
    spread = float((own**2).sum())
    rest = cost - cost.groupby(paid["kind"]).transform("mean")
    slope = float((own * rest).sum() / spread) if len(paid) >= 30 and spread > 0 else _SLOPE
    to = np.log(worth["net_sales"].clip(lower=1.0).to_numpy())
    columns = {}
    for kind, rows in paid.groupby("kind"):
        level = float(cost[rows.index].mean() - slope * size[rows.index].mean())
        bounds = rows["cost"].min(), rows["cost"].max()
        columns[kind] = np.exp(level + slope * to).clip(*bounds).round(2)
    return pd.DataFrame(columns, index=pd.Index(worth["account_id"], name="account_id"))


def rival_plans(
    gains: pd.DataFrame, costs: pd.DataFrame, budget: float, orders: dict[str, pd.Series]
) -> pd.DataFrame:
    """Say whom plainer rules would act on for the same budget.

    Parameters
    ----------
    gains, costs : pd.DataFrame of shape (n_accounts, n_actions)
        Expected gain before cost, and cost.
    budget : float
    orders : dict of rule to pd.Series by account_id
        Accounts are taken from the highest value down; those without a value never. Each gets the
        action with the highest gain on average, so that the rules differ in whom they pick only.

    Returns
    -------
    pd.DataFrame
        `rule`, `account_id`, `action`, `expected_gain`, `cost`: one row an action of a rule.
    """
    action = str(gains.mean().idxmax())
    rows = []
    for rule, value in orders.items():
        left = budget
        for account in value.dropna().sort_values(ascending=False, kind="stable").index:
            if account not in gains.index:
                continue
            cost = float(costs.loc[account, action])
            if cost > left:
                break
            left -= cost
            rows.append((rule, account, action, float(gains.loc[account, action]), cost))
    return pd.DataFrame(rows, columns=["rule", "account_id", "action", "expected_gain", "cost"])
