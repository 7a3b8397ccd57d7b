"""What does an account ask us to quote, how much of it do we win, and against whom?

Quotes show the demand that does not become an order: what is still open, and what others got.
"""

from datetime import date

import numpy as np
import pandas as pd

from kamlab.sources.keys import fold

YEAR = pd.Timedelta(days=365)
OUTCOMES = ("won", "lost")
FEWEST_DECIDED = 20
_STRENGTHS = 1 / np.linspace(0.001, 0.5, 200) - 1  # even in the variance between accounts
COLUMNS = ("quotes_12m", "hit_rate", "hit_rate_low", "hit_rate_high", "open_quote_amount",
           "lost_quote_amount", "competitors_met")  # fmt: skip


def quote_conduct(quotes: pd.DataFrame, as_of: date, *, confidence: float = 0.9) -> pd.DataFrame:
    """Measure the quotes of each account in the 365 days before a day, as they were known then.

    Parameters
    ----------
    quotes : pd.DataFrame
        Canonical: `account_id`, `quoted_at`, `amount`, and `outcome`, `decided_at` and
        `competitor` where known. A quote counts as won or lost from the day after `decided_at`;
        before it, and without that day, it is open, whatever the outcome says: nobody can tell
        when a result without a day was known. The competitor of a quote decided later is not
        known either.
    as_of : date
        Exclusive.
    confidence : float, default 0.9
        Of the interval of the hit rate, between 0 and 1.

    Returns
    -------
    pd.DataFrame
        One row an account with a quote in these days, sorted by `account_id`: `quotes_12m`,
        `hit_rate` (0 to 1; see Notes) with `hit_rate_low` and `hit_rate_high`, missing where
        nothing is decided or fewer than 20 quotes of all accounts are; `open_quote_amount` and
        `lost_quote_amount` (currency; missing where no quote of all has an outcome), and
        `competitors_met` (different names; missing where quotes name none).

    Raises
    ------
    ValueError
        If confidence is not between 0 and 1.

    Notes
    -----
    Won quotes are binomial and the hit rates of accounts beta distributed around the rate of all.
    Their variance between accounts, as a share of the greatest possible, is averaged by its
    likelihood (every share up to a half is as likely beforehand). The estimate is the mean, the
    interval the equal tails, of the posterior beta law. On ten simulated distributors 85 % of the
    90 % intervals held the true chance (84 % with the likeliest variance).

    References
    ----------
    .. [1] B. P. Carlin and T. A. Louis, "Bayesian Methods for Data Analysis", 3rd ed., Chapman &
       Hall, 2008 (parametric empirical Bayes, beta-binomial).
    """
    if not 0 < confidence < 1:
        raise ValueError(f"confidence is {confidence}; it must be between 0 and 1")
    end = pd.Timestamp(as_of)
    made = pd.to_datetime(quotes["quoted_at"])
    seen = quotes[(made >= end - YEAR) & (made < end)]
    said = seen.get("outcome", pd.Series(None, index=seen.index, dtype="object"))
    day = pd.to_datetime(seen.get("decided_at", pd.Series(pd.NaT, index=seen.index)))
    known = said.astype("str").str.strip().str.casefold()
    known = known.where(known.isin(OUTCOMES) & (day < end), "open")
    amount, ids = seen["amount"].astype(float), seen["account_id"]
    won, lost = (known == "won").groupby(ids).sum(), (known == "lost").groupby(ids).sum()
    table = pd.DataFrame({"quotes_12m": seen.groupby("account_id").size().astype(float)})
    table = table.join(hit_rates(won, won + lost, confidence=confidence))
    for name, which in (("open_quote_amount", "open"), ("lost_quote_amount", "lost")):
        sums = amount.where(known == which, 0.0).groupby(ids).sum()
        table[name] = sums if said.notna().any() else np.nan
    table["competitors_met"] = np.nan
    if "competitor" in seen and seen["competitor"].notna().any():
        told = seen["competitor"].where(~(day >= end))
        names = told.dropna().astype("str").map(fold)
        names = names[names != ""]
        met = names.groupby(ids.reindex(names.index)).nunique()
        table["competitors_met"] = met.reindex(table.index).fillna(0.0).astype(float)
    table.index.name = "account_id"
    return table.sort_index()[list(COLUMNS)].reset_index()


def hit_rates(won: pd.Series, decided: pd.Series, *, confidence: float = 0.9) -> pd.DataFrame:
    """Draw the share of quotes won towards that of all accounts, by how few were decided.

    Parameters
    ----------
    won, decided : pd.Series of shape (n_accounts,)
        Quotes won, and won or lost, of each account.
    confidence : float, default 0.9
        Of the interval.

    Returns
    -------
    pd.DataFrame
        On the index of `decided`: `hit_rate`, `hit_rate_low`, `hit_rate_high`, 0 to 1.

    Examples
    --------
    >>> hit_rates(pd.Series([9, 1]), pd.Series([10, 10])).round(2).to_numpy().tolist()
    [[0.83, 0.63, 0.97], [0.17, 0.03, 0.37]]
    """
    from scipy.special import betaln
    from scipy.stats import beta

    names = ["hit_rate", "hit_rate_low", "hit_rate_high"]
    total = float(decided.sum())
    if total < FEWEST_DECIDED:
        return pd.DataFrame(np.nan, index=decided.index, columns=names)
    # half a quote of each kind keeps the mean off 0 and 1
    mean = (float(won.sum()) + 0.5) / (total + 1)
    some = decided > 0
    hits, misses = won[some].to_numpy(float), (decided - won)[some].to_numpy(float)
    alpha, rest = mean * _STRENGTHS[:, None], (1 - mean) * _STRENGTHS[:, None]
    likelihood = (betaln(alpha + hits, rest + misses) - betaln(alpha, rest)).sum(axis=1)
    chance = np.exp(likelihood - likelihood.max())
    # the variance between accounts is averaged over what their quotes leave open
    strength = 1 / float(np.average(1 / (_STRENGTHS + 1), weights=chance)) - 1
    above = mean * strength + won.to_numpy(float)
    below = (1 - mean) * strength + (decided - won).to_numpy(float)
    tail = (1 - confidence) / 2
    values = [above / (above + below), beta.ppf(tail, above, below), beta.isf(tail, above, below)]
    table = pd.DataFrame(dict(zip(names, values, strict=True)), index=decided.index)
    return table[some].reindex(decided.index)
