"""What did past actions do to sales, to margin and to profit, kind by kind?"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from kamlab.accounts.engine import as_day
from kamlab.churn.columns import MOST_LEARNT
from kamlab.retention.effects import FEWEST, Effect, NoCounterpartError, average_effect

YEAR = 365
_HIGHEST = 3.0  # sales after, as a multiple of sales before, counted at most
_FEWEST = 10  # treated and untreated rows that an estimate takes
_SHORTEST = 60  # days of which a year's sales are reckoned at least
# before the action: column, first and last day counted back from it
WINDOWS = {"before": (YEAR, 0), "prior": (2 * YEAR, YEAR), "half": (180, 0), "quarter": (90, 0)}
PARTS = ("by lot", "by judgement")
# what the table of effects tells of each
_FIELDS = ["treated", "untreated", "left_out", "estimate", "low", "high", "plain"]
_FIELDS += ["e_value", "e_value_limit", "robustness", "method"]


def around_actions(
    daily: pd.DataFrame,
    actions: pd.DataFrame,
    as_of: date | str,
    *,
    horizon_days: int = YEAR,
    most: int = MOST_LEARNT,
) -> pd.DataFrame:
    """Set what each account did before and after the day on which an action was considered.

    Parameters
    ----------
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    actions : pd.DataFrame
        `action_id`, `account_id`, `date`, `kind`, `treated` (false: considered and not done), and
        where known `cost`, `campaign` and `assignment` ("lot" where drawn at random).
    as_of : date or str
        First day no longer seen.
    horizon_days : int, default 365
        Days after the action over which the outcome is summed.
    most : int, default 60,000
        Of more actions, all those of accounts drawn by their names are looked at.

    Returns
    -------
    pd.DataFrame
        One row an action whose horizon is over by `as_of` and whose account had bought in the year
        before, with the columns of `actions`, and: `net_sales_…` and `profit_…` with `before` (the
        365 days before), `prior` (the 365 before those), `half` (180 days), `quarter` (90 days) and
        `after`; `order_days` (of the 365 days before), `days_since_last_order`, `tenure_days`;
        `part` ("by lot" or "by judgement"); `sales_change` (sales after per `yearly_sales` before,
        both of a year, at most 3), `margin_change` (gross profit per sales after, less before;
        missing where nearly nothing was sold after) and `precision` (weight of its sales change,
        higher for frequent buyers). The attribute `amount` names what profit is: contribution
        (gross profit less cost to serve), gross profit or, where no cost is known, net sales.

    Raises
    ------
    ValueError
        If the horizon is not positive or actions lack a column.
    """
    lacking = {"action_id", "account_id", "date", "kind", "treated"} - set(actions.columns)
    if lacking or horizon_days < 1:
        raise ValueError(
            f"actions lack {sorted(lacking)}" if lacking else "horizon_days is 1 or more"
        )
    end = as_day(as_of)
    amount = _amount(daily)
    table = actions.assign(date=pd.to_datetime(actions["date"]))
    last = pd.Timestamp(end - timedelta(days=horizon_days))
    table = _drawn(table[table["date"] <= last], most)
    days = daily[daily["account_id"].isin(table["account_id"]) & (daily["day"] < pd.Timestamp(end))]
    profit = _profit(days, amount)
    gross = profit if amount == "net sales" else days["gross_profit"].fillna(0.0)
    sums = _Sums(days.assign(profit=profit, gross=gross), table["account_id"])
    when = _numbers(table["date"])
    table = table.join(_before(sums, when))
    for column in ("net_sales", "profit"):
        table[f"{column}_after"] = sums.between(column, when, when + horizon_days)
    by_lot = table.get("assignment", pd.Series("", table.index)).astype("string") == "lot"
    table["part"] = np.where(by_lot.fillna(value=False), *PARTS)
    scale = YEAR / horizon_days
    before, after = table["net_sales_before"].clip(lower=0.01), table["net_sales_after"]
    usual = yearly_sales(table).clip(lower=0.01)
    table["sales_change"] = (after * scale / usual).clip(0, _HIGHEST)
    sold = after > 0.02 * before
    gained = sums.between("gross", when, when + horizon_days)
    earned = sums.between("gross", when - YEAR, when)
    table["margin_change"] = gained / after.where(sold) - earned / before
    table["margin_change"] = table["margin_change"].clip(-0.5, 0.5)
    # sales of a year vary by the account's own course and by the chance of its few orders
    table["precision"] = 1 / (0.25 + 6 / table["order_days"].clip(lower=1))
    table = table[table["net_sales_before"] > 0].reset_index(drop=True)
    table.attrs["amount"] = amount
    return table


def _drawn(actions: pd.DataFrame, most: int) -> pd.DataFrame:
    """Take all actions of some accounts, drawn by their names, where there are too many."""
    if len(actions) <= most:
        return actions.reset_index(drop=True)
    lot = pd.util.hash_pandas_object(actions["account_id"], index=False).to_numpy()
    return actions[lot < np.sort(lot)[most]].reset_index(drop=True)


def _before(sums: "_Sums", when: np.ndarray) -> pd.DataFrame:
    """Sum what happened before each day, and how long ago the last and first orders were."""
    columns = {}
    for column in ("net_sales", "profit"):
        for name, (start, stop) in WINDOWS.items():
            columns[f"{column}_{name}"] = sums.between(column, when - start, when - stop)
    columns["order_days"] = sums.between("bought", when - YEAR, when)
    columns["days_since_last_order"], columns["tenure_days"] = sums.reach(when)
    return pd.DataFrame(columns)


def _amount(days: pd.DataFrame) -> str:
    """Name the amount that counts: contribution, gross profit or net sales."""
    if days["gross_profit"].isna().all():
        return "net sales"
    known = "cost_to_serve" in days and days["cost_to_serve"].notna().any()
    return "contribution" if known else "gross profit"


def _profit(days: pd.DataFrame, amount: str) -> pd.Series:
    """Give the amount that counts of each account-day."""
    if amount == "net sales":
        return days["net_sales"]
    gross = days["gross_profit"].fillna(0.0)
    return gross - days["cost_to_serve"].fillna(0.0) if amount == "contribution" else gross


def _numbers(day: pd.Series) -> np.ndarray:
    """Give day numbers since 1970."""
    return day.to_numpy().astype("datetime64[D]").astype(int)


class _Sums:
    """Sums over days of any account and span, from running totals."""

    def __init__(self, days: pd.DataFrame, account: pd.Series) -> None:
        """Lay all account-days on one line, each account on a stretch of its own."""
        self.days = days.assign(bought=(days["net_sales"] > 0).astype(float))
        code, names = pd.factorize(self.days["account_id"], sort=True)
        self.place = code * 10**6 + _numbers(self.days["day"])
        order = np.argsort(self.place, kind="stable")
        self.days, self.place = self.days.iloc[order], self.place[order]
        # unknown accounts get a stretch without any day
        found = pd.Index(names).get_indexer(account)
        self.base = np.where(found < 0, len(names) + 1, found).astype(int) * 10**6

    def between(self, column: str, start: np.ndarray, stop: np.ndarray) -> np.ndarray:
        """Sum a column over the days from `start` to before `stop`."""
        total = np.append(0.0, np.cumsum(self.days[column].fillna(0.0).to_numpy(float)))
        low, high = (np.searchsorted(self.place, self.base + day) for day in (start, stop))
        return np.asarray(total[high] - total[low])

    def reach(self, day: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give days back to the last and to the first day with a line; NaN without any."""
        last = np.searchsorted(self.place, self.base + day) - 1
        first = np.searchsorted(self.place, self.base)
        there = last >= first
        at = np.append(self.place, 0)
        back = [np.where(there, self.base + day - at[i.clip(0)], np.nan) for i in (last, first)]
        return back[0], back[1]


def yearly_sales(around: pd.DataFrame) -> pd.Series:
    """Give net sales of a year before the action, scaled up where the account was known for less.

    Parameters
    ----------
    around : pd.DataFrame
        `net_sales_before` and `tenure_days`, as from `around_actions`.

    Returns
    -------
    pd.Series
        Where the first order is less than a year old (a new account, or data that begin then), the
        sales since, for each day of them (60 at least) times 365.

    Examples
    --------
    >>> yearly_sales(pd.DataFrame({"net_sales_before": [100.0], "tenure_days": [73.0]})).tolist()
    [500.0]
    """
    return around["net_sales_before"] * YEAR / _known_days(around)


def _known_days(around: pd.DataFrame, back: int = 0, most: int = YEAR) -> pd.Series:
    """Give how many of `most` days, which end `back` days before the action, are known."""
    first = around.get("tenure_days", pd.Series(float(YEAR + back), around.index))
    return (first.fillna(YEAR + back) - back).clip(min(_SHORTEST, most), most)


def covariates(around: pd.DataFrame) -> pd.DataFrame:
    """Give what was known before the action and bears on the year after it.

    Parameters
    ----------
    around : pd.DataFrame
        From `around_actions`.

    Returns
    -------
    pd.DataFrame
        Pace of the last quarter and half-year and growth (relative to the year before), log of
        yearly sales, margin, silence in days and in the account's own gaps, newness, and one column
        a campaign beyond the first.
    """
    before = yearly_sales(around)
    prior = around["net_sales_prior"] * YEAR / _known_days(around, back=YEAR)
    pace = {
        name: around[f"net_sales_{name}"] * YEAR / _known_days(around, most=days) / before
        for name, days in (("quarter", 90), ("half", 180))
    }
    silence = around["days_since_last_order"].clip(lower=0)
    gaps = silence * around["order_days"].clip(lower=1) / _known_days(around)
    # of who was not yet known a year before, growth is not known either
    followed = around["tenure_days"] >= YEAR + 90
    table = pd.DataFrame(
        {
            "last quarter": pace["quarter"].clip(0, 4),
            "last half-year": pace["half"].clip(0, 2),
            "growth": (before / prior.clip(lower=0.2 * before)).clip(0, 5).where(followed, 1.0),
            "log of sales": np.log(before),
            "margin": (around["profit_before"] / around["net_sales_before"]).clip(-1, 1),
            "log of silence": np.log1p(silence),
            "silence in gaps": gaps.clip(0, 8),
            "new account": (around["tenure_days"] < YEAR).astype(float),
        }
    )
    if "campaign" in around:
        kinds = pd.get_dummies(around["campaign"].astype("string").fillna("none"), dtype=float)
        table = table.join(kinds.iloc[:, 1:].add_prefix("campaign "))
    return table


def action_effects(
    around: pd.DataFrame, *, confidence: float = 0.95, seed: int = 0
) -> tuple[pd.DataFrame, dict[tuple[str, str], Effect]]:
    """Estimate what each kind of action did, trials by lot apart from what managers chose.

    Parameters
    ----------
    around : pd.DataFrame
        From `around_actions`.
    confidence : float, default 0.95
    seed : int, default 0

    Returns
    -------
    table : pd.DataFrame
        One row a kind, part and measure: `kind`, `part` ("by lot", "by judgement"), `measure`
        ("profit": money an action; "sales": share of the account's yearly sales; "margin": points
        of profit per sales), `treated`, `untreated`, `left_out`, `estimate`, `low`, `high`,
        `plain` (unadjusted difference), `e_value`, `e_value_limit`, `robustness`, `method`.
    effects : dict of (kind, part) to Effect
        Of the measure "sales", with balance. A kind and part with fewer than 10 rows, or rows of
        fewer than 5 accounts, in an arm is left out of both, and so is one of which treated and
        untreated are too unlike to be compared: these are listed as `table.attrs["unlike"]`.
    """
    rows, kept, unlike = [], {}, []
    known = covariates(around)
    for (kind, part), rows_of in around.groupby(["kind", "part"], sort=True):
        made = {}
        for measure in ("profit", "sales", "margin"):
            column = {"profit": "profit_after", "sales": "sales_change", "margin": "margin_change"}
            y = rows_of[column[measure]]
            used = rows_of[y.notna()]
            treated = used["treated"].astype(bool)
            of_accounts = [used.loc[arm, "account_id"].nunique() for arm in (treated, ~treated)]
            if min(treated.sum(), (~treated).sum()) < _FEWEST or min(of_accounts) < FEWEST:
                continue
            x = known.loc[used.index]
            if measure == "profit":
                year = YEAR / _known_days(used)
                x = x.assign(**{"profit before": used["profit_before"] * year})
            if part == PARTS[0]:
                # a lot needs no adjustment: a few columns make it more precise
                first = ["profit before"] if measure == "profit" else ["last half-year", "growth"]
                x = x[first]
            try:
                made[measure] = average_effect(
                    y[used.index],
                    treated,
                    x,
                    design="randomised" if part == PARTS[0] else "observational",
                    clusters=used["account_id"],
                    weights=None if measure == "profit" else used["precision"],
                    confidence=confidence,
                    seed=seed,
                )
            except NoCounterpartError:
                unlike.append(f"{kind} {part}")
                made = {}
                break
        for measure, effect in made.items():
            said = {field: getattr(effect, field) for field in _FIELDS}
            rows.append({"kind": kind, "part": part, "measure": measure} | said)
        if "sales" in made:
            kept[str(kind), str(part)] = made["sales"]
    table = pd.DataFrame(rows, columns=["kind", "part", "measure", *_FIELDS])
    table.attrs["unlike"] = unlike
    return table, kept
