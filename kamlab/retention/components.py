"""Of what is an account's profit made, year by year of its tenure: earned here, or only assumed?"""

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.engine import as_day
from kamlab.accounts.seen import seen_before

COMPONENTS = (
    "acquisition cost", "base profit", "growth", "price premium", "lower cost to serve", "referral",
)  # fmt: skip
_YEAR = 365
_FEWEST = 10  # accounts seen in a year of tenure and in the one before


def tenure_years(daily: pd.DataFrame, as_of: date | str) -> pd.DataFrame:
    """Sum what accounts won within the data brought in each whole year of tenure.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen.

    Returns
    -------
    pd.DataFrame
        One row an account and year of tenure that is over by `as_of` and in which it bought:
        `account_id`, `tenure_year`, `net_sales`, `gross_profit`, `cost_to_serve` (missing where not
        known). Accounts that bought in the first year of the data may be older and are left out.
    """
    end = pd.Timestamp(as_day(as_of))
    past = seen_before(daily, end)
    first = past[past["net_sales"] > 0].groupby("account_id")["day"].min()
    won = first[first >= past["day"].min() + pd.Timedelta(days=_YEAR)]
    rows = past[past["account_id"].isin(won.index)]
    begun = won.reindex(rows["account_id"]).set_axis(rows.index).astype("datetime64[us]")
    rows = rows.assign(tenure_year=(rows["day"] - begun).dt.days // _YEAR + 1)
    whole = (end - begun).dt.days // _YEAR
    whole, rows = whole[rows["tenure_year"] > 0], rows[rows["tenure_year"] > 0]
    rows = rows[rows["tenure_year"] <= whole]
    names = ["net_sales", "gross_profit", "cost_to_serve"]
    sums = rows.reindex(columns=["account_id", "tenure_year", *names])
    table = sums.groupby(["account_id", "tenure_year"])[names].sum(min_count=1).reset_index()
    return table[table["net_sales"] > 0].reset_index(drop=True)


def profit_components(
    years: pd.DataFrame, *, given: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Split profit by year of tenure into the components of Reichheld and Sasser.

    Growth, price and cost to serve of a year are the changes of the same accounts from the year
    before, added up, so that poor accounts that leave do not make the others look as if they rose.

    Parameters
    ----------
    years : pd.DataFrame
        From `tenure_years`.
    given : mapping of component to money, optional
        What the data cannot tell: "acquisition cost" (once, positive), "referral" (a year), or any
        other component, which then counts a year instead of being estimated.

    Returns
    -------
    pd.DataFrame
        One row a year of tenure and component of `COMPONENTS`: `tenure_year` (0 for the cost of
        winning), `component`, `amount` (of an account), `accounts` behind it, and `source`:
        "estimated", "given" or "not known" (then `amount` is missing). Years whose change ten
        accounts or fewer show are left out.

    Raises
    ------
    ValueError
        If a given component is none of `COMPONENTS`.

    References
    ----------
    .. [1] F. F. Reichheld and W. E. Sasser, "Zero Defections: Quality Comes to Services", Harvard
       Business Review, September-October 1990.
    """
    given = dict(given or {})
    wrong = sorted(set(given) - set(COMPONENTS))
    if wrong:
        raise ValueError(f"{wrong} are none of {COMPONENTS}")
    start = years[years["tenure_year"] == 1]
    served = years["cost_to_serve"].notna().any()
    earned = years["gross_profit"].notna().any()
    amount = years["gross_profit"] if earned else years["net_sales"]
    table = years.assign(profit=amount, serve=years["cost_to_serve"].fillna(0.0))
    base = (table["profit"] - table["serve"])[table["tenure_year"] == 1].mean()
    rows: list[tuple[int, str, float, int, str]] = []

    def say(year: int, name: str, value: float, accounts: int, *, known: bool = True) -> None:
        """Write a line: what is given counts before what is estimated."""
        if name in given:
            cost = name == "acquisition cost"
            rows.append((year, name, -given[name] if cost else given[name], 0, "given"))
        elif known and np.isfinite(value):
            rows.append((year, name, float(value), accounts, "estimated"))
        else:
            rows.append((year, name, np.nan, 0, "not known"))

    say(0, "acquisition cost", np.nan, 0, known=False)
    total = dict.fromkeys(("growth", "price premium", "lower cost to serve"), 0.0)
    last = int(years["tenure_year"].max()) if len(years) else 0
    for year in range(1, last + 1):
        count = len(start)
        if year > 1:
            now = table[table["tenure_year"] == year].set_index("account_id")
            before = table[table["tenure_year"] == year - 1].set_index("account_id")
            both = now.index.intersection(before.index)
            count = len(both)
            if count <= _FEWEST:
                break
            now, before = now.loc[both], before.loc[both]
            margin = before["profit"] / before["net_sales"]
            cost = before["serve"] / before["net_sales"]
            more = now["net_sales"] - before["net_sales"]
            total["growth"] += float((more * (margin - cost)).mean())
            total["price premium"] += float((now["profit"] - margin * now["net_sales"]).mean())
            total["lower cost to serve"] += float((cost * now["net_sales"] - now["serve"]).mean())
        say(year, "base profit", base, len(start))
        say(year, "growth", total["growth"], count)
        say(year, "price premium", total["price premium"], count, known=bool(earned))
        say(year, "lower cost to serve", total["lower cost to serve"], count, known=bool(served))
        say(year, "referral", np.nan, 0, known=False)
    return pd.DataFrame(rows, columns=["tenure_year", "component", "amount", "accounts", "source"])


def profit_profile(components: pd.DataFrame) -> tuple[list[float], float]:
    """Add components up to a profile for `economics.customer_value`.

    Parameters
    ----------
    components : pd.DataFrame
        From `profit_components`; what is not known counts nothing.

    Returns
    -------
    profile : list of float
        Profit of the first, second, … year of tenure.
    acquisition : float
        Cost of winning the account.
    """
    sums = components.groupby("tenure_year")["amount"].sum()
    return [float(value) for value in sums[sums.index > 0]], -float(sums.get(0, 0.0))
