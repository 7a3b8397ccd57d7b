"""What does each column of the account tables mean, and in which unit is it?

These dictionaries are the documentation of the columns; a test holds them equal to the tables.
"""

import pandas as pd

FACTS = {
    "account_id": ("text", "Account, as in the orders."),
    "first_order": ("date", "First order day: day whose net sales are positive; missing if none."),
    "last_order": ("date", "Last order day; missing for an account with nothing but returns."),
    "days_since_last_order": ("days", "From the last order day to the day of sight."),
    "tenure_days": ("days", "From the first order day to the day of sight."),
    "lines": ("count", "Order lines, returns and lines at no price included."),
    "orders": ("count", "Orders with a positive line; each counts on the day of its first one."),
    "order_days": ("count", "Days whose net sales are positive."),
    "net_sales": ("currency", "Sum of all lines, returns taken off."),
    "gross_sales": ("currency", "Sum of positive lines."),
    "returns": ("currency", "Sum of negative lines, as a positive amount."),
    "returns_rate": ("share", "Returns / gross sales; above 1 if more came back than was sold."),
    "sales_with_cost": ("currency", "Net sales of the lines whose cost of goods is known."),
    "gross_profit": (
        "currency",
        "Net sales less cost of goods, over lines whose cost is known; missing if none is.",
    ),
    "margin_rate": ("share", "Gross profit / sales with cost; missing if these are not positive."),
    "cost_known_share": ("share", "Of the turnover, signs left aside, whose cost is known."),
    "cost_to_serve": ("currency", "Sum over lines where it is known; missing if on none."),
    "discount": ("currency", "Sum over lines where it is known; missing if on none."),
    "discount_depth": (
        "share",
        "Reduction from the list amount (else from net sales before discount), positive lines.",
    ),
    "products": ("count", "Different products bought; missing if orders name no product."),
    "categories": ("count", "Categories with positive net sales; missing if orders name none."),
    "category_entropy": (
        "nats",
        "Evenness of net sales over these categories: 0 one, log(n) n alike.",
    ),
    "leading_category": ("text", "Category with most net sales; the first by name of equal ones."),
    "leading_category_share": ("share", "Of positive category sales, in the leading category."),
    "gap_mean": ("days", "Mean days between order days; missing below 2 order days."),
    "gap_std": ("days", "Their sample standard deviation; missing below 3 order days."),
    "net_sales_12m": ("currency", "Net sales of the last 365 days."),
    "net_sales_prior_12m": ("currency", "Net sales of the 365 days before those."),
    "gross_profit_12m": ("currency", "Gross profit of the last 365 days; missing if unknown."),
    "gross_profit_prior_12m": (
        "currency",
        "Gross profit of the 365 days before those; missing if unknown.",
    ),
    "orders_12m": ("count", "Orders begun in the last 365 days."),
    "orders_prior_12m": ("count", "Orders begun in the 365 days before those."),
    "sales_growth": (
        "share",
        "Net sales 12m / prior 12m - 1; missing if the latter is not positive.",
    ),
    "trend": (
        "log per year",
        "Slope of the log-linear curve through net sales of up to 4 whole years; -3 to 3.",
    ),
}

REPEATS = {
    "account_id": ("text", "Account, as in the orders."),
    "frequency": ("count", "Purchase days after the first one."),
    "recency": ("unit", "Time from the first to the last purchase day; 0 if there is but one."),
    "T": ("unit", "Time from the first purchase day to the last day of observation."),
    "monetary_value": (
        "currency",
        "Mean amount of the purchase days after the first; missing if none is known.",
    ),
}


def describe(columns: dict[str, tuple[str, str]]) -> pd.DataFrame:
    """Give a data dictionary as a table.

    Parameters
    ----------
    columns : dict
        Column name to unit and meaning, such as `FACTS`, `REPEATS` or `SNAPSHOTS`.

    Returns
    -------
    pd.DataFrame
        `column`, `unit`, `meaning`, a row a column, in the order of the table.

    Examples
    --------
    >>> describe(FACTS).loc[0, "column"]
    'account_id'
    """
    rows = [(name, unit, meaning) for name, (unit, meaning) in columns.items()]
    return pd.DataFrame(rows, columns=["column", "unit", "meaning"])
