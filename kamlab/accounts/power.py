"""Who has the longer lever? One score of bargaining power from the signs of it that are known."""

import numpy as np
import pandas as pd

SIGNS = ("price_obtained", "size", "alternatives", "competitors", "terms")
_FEWEST = 20
_ROUNDS = 500


def bargaining_power(signs: pd.DataFrame) -> pd.DataFrame:
    """Score each account's bargaining power by what its signs have in common.

    One factor is fitted to the correlations of the signs: a sign counts by how much it shares with
    the others, so that one which is mostly noise moves the score little.

    Parameters
    ----------
    signs : pd.DataFrame of shape (n_accounts, n_signs)
        Each column a sign, higher is more power: the price it obtained, its size, suppliers it
        could turn to, competitors met in its quotes, payment terms. Missing values and whole
        columns may lack.

    Returns
    -------
    pd.DataFrame
        On the index of `signs`: `power`, a standard score (0 is the mean account), and
        `standard_error` (0 to 1). Missing for accounts with no sign, and throughout where fewer
        than 20 accounts have two signs or the signs have nothing in common.

    References
    ----------
    .. [1] H. H. Harman, "Modern Factor Analysis", 3rd ed., University of Chicago Press, 1976 (one
       factor by principal axes; scores by regression).
    """
    ranked = signs.rank(pct=True)
    ranked = ranked.loc[:, ranked.max() > ranked.min()]
    lacking = pd.DataFrame(
        {"power": np.nan, "standard_error": np.nan}, index=signs.index, dtype=float
    )
    if ranked.shape[1] < 2 or (ranked.notna().sum(axis=1) >= 2).sum() < _FEWEST:
        return lacking
    normal = _normal(ranked)
    there = normal.notna().to_numpy()
    correlation = normal.corr(min_periods=_FEWEST).fillna(0.0).to_numpy()
    # correlations that chance explains, and signs that move against the others, are none
    pairs = there.T.astype(float) @ there
    correlation = np.where(correlation > 2 / np.sqrt(np.maximum(pairs, 1)), correlation, 0.0)
    loading = _one_factor(correlation)
    if not loading.max() > 0.05:
        return lacking
    values = normal.to_numpy()
    own = np.clip(1 - loading**2, 0.05, None)
    information = 1 + (there * loading**2 / own).sum(axis=1)
    score = (np.where(there, values, 0.0) * loading / own).sum(axis=1) / information
    known = there.any(axis=1)
    return pd.DataFrame(
        {
            "power": np.where(known, score, np.nan),
            "standard_error": np.where(known, 1 / np.sqrt(information), np.nan),
        },
        index=signs.index,
    )


def _normal(ranked: pd.DataFrame) -> pd.DataFrame:
    """Turn shares of rank into standard normal scores, column by column."""
    from scipy.stats import norm

    half = 0.5 / ranked.notna().sum()
    scores = ranked.sub(half, axis=1).clip(1e-6, 1 - 1e-6)
    normal = pd.DataFrame(norm.ppf(scores), index=ranked.index, columns=ranked.columns)
    # ties, as those of payment terms, leave less than the spread of a normal law
    return (normal - normal.mean()) / normal.std()


def _one_factor(correlation: np.ndarray) -> np.ndarray:
    """Fit one factor to a matrix of correlations without negative ones; loadings, 0 to 1."""
    size = len(correlation)
    off = correlation * (1 - np.eye(size))
    shared = np.abs(off).max(axis=1)
    loading = np.zeros(size)
    for _ in range(_ROUNDS):
        values, vectors = np.linalg.eigh(off + np.diag(shared))
        first = vectors[:, -1] * np.sign(vectors[:, -1].sum() or 1.0)
        loading = np.clip(first, 0, None) * np.sqrt(max(values[-1], 0.0))
        fresh = np.clip(loading**2, 0, 0.95)
        if np.abs(fresh - shared).max() < 1e-9:
            break
        shared = fresh
    return loading
