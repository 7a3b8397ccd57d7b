"""How unequally are sales and profit spread over accounts, and on how many do we depend?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Concentration:
    """How unequally an amount is spread over accounts.

    Attributes
    ----------
    gini : float
        0 (all alike) to 1 (one has all); NaN where an amount is negative.
    hhi : float
        Sum of squared shares, 0 to 1; times 10,000 on the scale of competition authorities.
    effective_number : float
        How many accounts of equal size would be as concentrated: 1 / hhi.
    top_fifth_share, top_tenth_share, top_one_share : float
        Shares of the largest 20 %, 10 % and of the single largest account.
    accounts_for_80 : int
        How many of the largest accounts make 80 % of the total.
    accounts : int
        How many there are.
    """

    gini: float
    hhi: float
    effective_number: float
    top_fifth_share: float
    top_tenth_share: float
    top_one_share: float
    accounts_for_80: int
    accounts: int


def _checked(amounts: pd.Series) -> np.ndarray:
    """Give the amounts as floats; refuse missing ones and totals that are not positive."""
    values = amounts.to_numpy(float)
    if not np.isfinite(values).all():
        place = amounts.index[~np.isfinite(values)][0]
        raise ValueError(f"the amount of {place!r} is missing or not finite")
    if values.sum() <= 0:
        raise ValueError("shares need a positive total")
    return values


def concentration(amounts: pd.Series) -> Concentration:
    """Measure how unequally an amount is spread over accounts.

    Parameters
    ----------
    amounts : pd.Series of shape (n_accounts,)
        Sales or profit per account over one period, in one currency. Negative amounts are allowed
        (loss makers); the Gini coefficient is then undefined and NaN: draw the whale curve.

    Returns
    -------
    Concentration

    Raises
    ------
    ValueError
        If an amount is missing or the total is not positive.

    References
    ----------
    .. [1] M. O. Lorenz, "Methods of measuring the concentration of wealth", Publications of the
       American Statistical Association 9, 1905.
    .. [2] US Department of Justice and Federal Trade Commission, "Merger Guidelines", 2023
       (bands of the Herfindahl-Hirschman index, for orientation only).

    Examples
    --------
    >>> result = concentration(pd.Series([0.3, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05]))
    >>> round(result.hhi * 10_000), round(result.effective_number, 2)
    (1950, 5.13)
    """
    values = np.sort(_checked(amounts))[::-1]
    shares = values / values.sum()
    count = len(values)
    cumulative = np.cumsum(shares)
    rank = np.arange(count, 0, -1)
    gini = float(((2 * rank - count - 1) * values).sum() / (count * values.sum()))
    hhi = float((shares**2).sum())

    def top(part: float) -> float:
        """Give the share of the largest part of the accounts, the last one counted in part."""
        return float(np.interp(part * count, np.arange(count + 1), np.r_[0, cumulative]))

    return Concentration(
        gini=gini if values[-1] >= 0 else float("nan"),
        hhi=hhi,
        effective_number=1 / hhi,
        top_fifth_share=top(0.2),
        top_tenth_share=top(0.1),
        top_one_share=float(shares[0]),
        accounts_for_80=int(np.argmax(cumulative >= 0.8 - 1e-12)) + 1,
        accounts=count,
    )


def in_words(measured: Concentration) -> pd.DataFrame:
    """Write the measures as a table for a report.

    Returns
    -------
    pd.DataFrame
        `measure` and `value`, both texts.
    """
    whole = f"of {measured.accounts}"
    rows = [
        ("accounts that make 80%", f"{measured.accounts_for_80} {whole}"),
        ("share of the largest account", f"{measured.top_one_share:.1%}"),
        ("share of the top tenth", f"{measured.top_tenth_share:.1%}"),
        ("share of the top fifth", f"{measured.top_fifth_share:.1%}"),
        ("effective number of accounts", f"{measured.effective_number:.0f} {whole}"),
        ("Gini coefficient", f"{measured.gini:.2f}"),
        ("Herfindahl-Hirschman index (0 to 10,000)", f"{measured.hhi * 10_000:,.0f}"),
    ]
    return pd.DataFrame(rows, columns=["measure", "value"])


def lorenz(amounts: pd.Series) -> pd.DataFrame:
    """Give the Lorenz curve: cumulative share of the amount over accounts, the smallest first.

    Parameters
    ----------
    amounts : pd.Series of shape (n_accounts,)
        As for `concentration`.

    Returns
    -------
    pd.DataFrame of shape (n_accounts + 1, 2)
        `accounts_share` and `amount_share`, both from 0 to 1.
    """
    values = np.sort(_checked(amounts))
    return pd.DataFrame(
        {
            "accounts_share": np.arange(len(values) + 1) / len(values),
            "amount_share": np.r_[0, np.cumsum(values) / values.sum()],
        }
    )


def pareto_exponent(share_of_accounts: float, share_of_amount: float) -> float:
    """Give the exponent of the Pareto law under which so many accounts have so much.

    Parameters
    ----------
    share_of_accounts, share_of_amount : float
        For 80/20: 0.2 and 0.8. The second is larger.

    Raises
    ------
    ValueError
        If the shares are not between 0 and 1 or not unequal in that direction.

    Examples
    --------
    >>> round(pareto_exponent(0.2, 0.8), 5)
    1.16096
    """
    if not 0 < share_of_accounts < share_of_amount < 1:
        raise ValueError("shares lie between 0 and 1, and the share of the amount is larger")
    # L(p) = 1 - (1 - p)^(1 - 1/a), so the top part has share part^(1 - 1/a)
    power = np.log(share_of_amount) / np.log(share_of_accounts)
    return float(1 / (1 - power))


def abc(amounts: pd.Series, *, a: float = 0.8, b: float = 0.95) -> pd.Series:
    """Class accounts by cumulative share: A up to 80 %, B up to 95 %, C the rest.

    Parameters
    ----------
    amounts : pd.Series of shape (n_accounts,)
        As for `concentration`; equal amounts get the same class.
    a, b : float
        Cumulative shares at which A and B end, 0 < a < b <= 1.

    Returns
    -------
    pd.Series of shape (n_accounts,)
        "A", "B" or "C". An account belongs to the class in which its part of the curve begins, so
        the one that crosses a limit is still above it. Accounts at or below zero are C.

    Raises
    ------
    ValueError
        If the limits are out of order, or as for `concentration`.

    Examples
    --------
    >>> abc(pd.Series([60.0, 25.0, 10.0, 5.0])).tolist()
    ['A', 'A', 'B', 'C']
    """
    if not 0 < a < b <= 1:
        raise ValueError(f"limits lie in order between 0 and 1, not {a} and {b}")
    values = _checked(amounts)
    _, where = np.unique(-values, return_inverse=True)
    sums = np.bincount(where, values) / values.sum()
    before = np.r_[0, np.cumsum(sums)[:-1]]
    begins = before[where]
    classes = np.where(begins < a - 1e-12, "A", np.where(begins < b - 1e-12, "B", "C"))
    classes[values <= 0] = "C"
    return pd.Series(classes, index=amounts.index, name="abc")


def found_limits(amounts: pd.Series) -> tuple[float, float]:
    """Find where A and B end: the natural breaks of the amounts' orders of magnitude.

    Parameters
    ----------
    amounts : pd.Series of shape (n_accounts,)
        As for `concentration`; at least three different amounts above zero.

    Returns
    -------
    tuple of two floats
        Cumulative shares for `abc`: the three classes then differ least within themselves, in
        squared differences of logarithms.

    Raises
    ------
    ValueError
        If there are fewer than three different amounts above zero.

    References
    ----------
    .. [1] G. F. Jenks, "The data model concept in statistical mapping", International Yearbook of
       Cartography 7, 1967; W. D. Fisher, "On grouping for maximum homogeneity", Journal of the
       American Statistical Association 53, 1958.
    """
    values = np.sort(_checked(amounts))[::-1]
    values = values[values > 0]
    logs = np.log(values)
    # a break lies where the amount changes; with many accounts, at one of 400 places of the ranking
    ends = np.flatnonzero(np.diff(values) < 0) + 1
    if len(ends) < 2:
        raise ValueError("limits are found from three different amounts above zero at least")
    ends = ends[np.unique(np.linspace(0, len(ends) - 1, 400).astype(int))]
    sums, squares = np.r_[0, np.cumsum(logs)], np.r_[0, np.cumsum(logs**2)]

    def scatter(start: np.ndarray, end: np.ndarray) -> np.ndarray:
        """Give the squared differences from their mean of logarithms between two places."""
        count = np.maximum(end - start, 1)
        return squares[end] - squares[start] - (sums[end] - sums[start]) ** 2 / count

    first, second = ends[:, None], ends[None, :]
    last = np.array(len(values))
    total = scatter(np.array(0), first) + scatter(first, second) + scatter(second, last)
    total = np.where(first < second, total, np.inf)
    place = np.unravel_index(int(total.argmin()), total.shape)
    cumulative = np.cumsum(values) / values.sum()
    return float(cumulative[ends[place[0]] - 1]), float(cumulative[ends[place[1]] - 1])


@dataclass(frozen=True, slots=True)
class Whale:
    """The whale curve of cumulative profit.

    Attributes
    ----------
    curve : pd.DataFrame
        `accounts_share` and `profit_share` (of the total), most profitable first, from 0.
    peak : float
        Highest share reached: 1 where nobody loses money.
    accounts_at_peak : int
        Accounts that earn money.
    loss_makers : int
    given_back : float
        What the loss makers take, positive, in the currency.
    unknown : int
        Accounts whose profit is not known and which are left out.
    """

    curve: pd.DataFrame
    peak: float
    accounts_at_peak: int
    loss_makers: int
    given_back: float
    unknown: int


def whale(profit: pd.Series) -> Whale:
    """Cumulate profit over accounts, the most profitable first.

    Parameters
    ----------
    profit : pd.Series of shape (n_accounts,)
        Per account over one period, in one currency; NaN where not known. The total is positive.

    Returns
    -------
    Whale

    Raises
    ------
    ValueError
        If no profit is known or the total is not positive.

    References
    ----------
    .. [1] R. S. Kaplan and V. G. Narayanan, "Measuring and managing customer profitability",
       Journal of Cost Management, 2001.

    Examples
    --------
    >>> whale(pd.Series([100.0, 50.0, -30.0, -20.0])).peak
    1.5
    """
    known = profit.dropna()
    values = np.sort(_checked(known))[::-1]
    share = np.r_[0, np.cumsum(values) / values.sum()]
    earning, losing = int((values > 0).sum()), int((values < 0).sum())
    curve = pd.DataFrame(
        {"accounts_share": np.arange(len(share)) / len(values), "profit_share": share}
    )
    back = float(-values[values < 0].sum())
    return Whale(curve, float(share.max()), earning, losing, back, len(profit) - len(known))
