"""What would those who did not answer have said, and how satisfied are all accounts then?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

_FEWEST = 20  # answers, and silent accounts, before the silent are reckoned in
_RIDGE = 5.0  # answers' worth that a feature is thought to tell nothing
# how far the score itself, and not what is known, decides who answers: 0 to 1
_WAYS = {"if_known": 0.0, "estimate": 0.5, "if_satisfaction": 1.0}


@dataclass(frozen=True, slots=True)
class Silent:
    """Satisfaction of all accounts that could have been asked.

    Attributes
    ----------
    weights : pd.Series of shape (n,)
        Weight of each answer, missing for the silent; they add up to the number of accounts.
    table : pd.DataFrame
        One row a measure ("mean", "top_two"): `measure`, `answered` (plain, of those who answered),
        `estimate` (of all), `low`, `high`, and how far the estimate would lie if silence hung on
        what is known only (`if_known`) or on satisfaction alone (`if_satisfaction`).
    correlation : float
        Of the score with what features foretell of it, on answers not seen; 0 to 1.
    """

    weights: pd.Series
    table: pd.DataFrame
    correlation: float


def reckon_silent(
    score: pd.Series,
    features: pd.DataFrame,
    *,
    friendlier: pd.Series | None = None,
    confidence: float = 0.95,
    draws: int = 200,
    seed: int = 0,
) -> Silent:
    """Estimate the mean score and the share satisfied of all, where the dissatisfied answer less.

    What is known of everybody (mood of contacts, complaints, earlier answers, trade) foretells the
    score; how much those who answered differ in it from all says how much they differ in the score.
    By how much the score itself decides who answers cannot be known: the estimate takes the middle,
    the interval all cases from "only what is known decides" to "only satisfaction decides".

    Parameters
    ----------
    score : pd.Series of shape (n,)
        1 to 5 of every account that could have been asked, missing where it did not answer.
    features : pd.DataFrame of shape (n, k)
        Numbers known of all of them before the survey; missing ones count as a value of their own.
    friendlier : pd.Series of bool, shape (n,), optional
        Answers given in a way that flatters (by telephone); the difference is taken out.
    confidence : float, default 0.95
    draws : int, default 200
        Bootstrap samples of accounts.
    seed : int, default 0

    Raises
    ------
    ValueError
        If fewer than 20 answered.

    References
    ----------
    .. [1] R. R. Andridge and R. J. A. Little, "Proxy pattern-mixture analysis for survey
       nonresponse", Journal of Official Statistics 27, 2011.
    """
    y, answered = score.to_numpy(float), score.notna().to_numpy()
    if answered.sum() < _FEWEST:
        raise ValueError(f"{answered.sum()} answered; {_FEWEST} are needed to speak for the silent")
    x = _design(features)
    call = (
        np.zeros(len(y)) if friendlier is None else friendlier.fillna(value=False).to_numpy(float)
    )
    rng = np.random.default_rng(seed)
    estimate, correlation = _means(y, x, call, answered, rng, _WAYS)
    made = {way: _tilted(y[answered], mean) for way, mean in estimate.items()}
    drawn = []
    for _ in range(draws):
        pick = rng.integers(0, len(y), len(y))
        if answered[pick].sum() < _FEWEST // 2:
            continue
        # how far satisfaction itself decides is drawn evenly, as the method's authors do
        weigh = {"drawn": float(rng.random())}
        mean = _means(y[pick], x[pick], call[pick], answered[pick], rng, weigh)[0]["drawn"]
        own = y[pick][answered[pick]]
        drawn.append(_measures(own, _tilted(own, mean)))
    tail = (1 - confidence) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail], axis=0)
    plain = _measures(y[answered], np.ones(answered.sum()))
    ways = {way: _measures(y[answered], weight) for way, weight in made.items()}
    table = pd.DataFrame(
        {"measure": ["mean", "top_two"], "answered": plain, "low": low, "high": high} | ways
    )
    weights = pd.Series(np.nan, score.index)
    weights[answered] = made["estimate"] / made["estimate"].sum() * len(y)
    order = ["measure", "answered", "estimate", "low", "high", "if_known", "if_satisfaction"]
    return Silent(weights, table[order], correlation)


def _design(features: pd.DataFrame) -> np.ndarray:
    """Standardise features; missing ones become the mean, with a column that says so."""
    table = features.astype(float)
    blank = table.isna()
    flags = blank.loc[:, blank.any() & ~blank.all()].astype(float).add_suffix(" missing")
    whole = pd.concat([table.fillna(table.mean()).fillna(0.0), flags], axis=1).to_numpy(float)
    spread = whole.std(axis=0)
    kept = spread > 1e-12
    return (whole[:, kept] - whole[:, kept].mean(axis=0)) / spread[kept]


def _means(
    y: np.ndarray,
    x: np.ndarray,
    call: np.ndarray,
    answered: np.ndarray,
    rng: np.random.Generator,
    ways: dict[str, float],
) -> tuple[dict[str, float], float]:
    """Give the mean score of all by what decides who answers, and how well features foretell."""
    own, design = y[answered], np.column_stack([x, call])[answered]
    unseen = np.zeros(len(own))
    fold = rng.permutation(len(own)) % 5
    for one in range(5):
        unseen[fold == one] = _ridge(design[fold != one], own[fold != one], design[fold == one])
    flat = np.column_stack([x, np.zeros(len(y))])
    proxy = _ridge(design, own, flat)
    friendlier = float((_ridge(design, own, design) - proxy[answered]).mean())
    mean = own.mean() - friendlier
    spread = proxy[answered].std()
    correlation = 0.0
    if unseen.std() > 0 and own.std() > 0:
        correlation = float(np.corrcoef(unseen, own)[0, 1])
    gap = proxy.mean() - proxy[answered].mean()
    if correlation < 0.1 or spread < 1e-9:
        # nothing is known that tells of the score: nothing can be said of the silent
        return dict.fromkeys(ways, float(mean)), 0.0
    scale, r = own.std() / spread * gap, correlation
    sizes = {way: (phi + (1 - phi) * r) / (phi * r + 1 - phi) for way, phi in ways.items()}
    means = {way: float(np.clip(mean + size * scale, 1.02, 4.98)) for way, size in sizes.items()}
    return means, correlation


def _ridge(x: np.ndarray, y: np.ndarray, to: np.ndarray) -> np.ndarray:
    """Regress with a ridge and predict elsewhere."""
    middle = x.mean(axis=0)
    centred = x - middle
    inverse = np.linalg.inv(centred.T @ centred + _RIDGE * np.eye(x.shape[1]))
    return np.asarray(y.mean() + (to - middle) @ (inverse @ (centred.T @ (y - y.mean()))))


def _tilted(y: np.ndarray, mean: float) -> np.ndarray:
    """Weigh answers by a power of the score, so that their mean is the one wanted."""
    from scipy.optimize import brentq

    low, high = y.min(), y.max()
    wanted = float(np.clip(mean, low + 0.01, high - 0.01)) if high > low else low
    if high - low < 0.05:
        return np.ones(len(y))

    def off(power: float) -> float:
        """Give how far the weighted mean lies from the one wanted."""
        weight = np.exp(power * (y - high if power > 0 else y - low))
        return float(weight @ y / weight.sum() - wanted)

    power = brentq(off, -60, 60)
    return np.asarray(np.exp(power * (y - (high if power > 0 else low))))


def _measures(y: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Give mean and share satisfied."""
    share = weight / weight.sum()
    return np.array([share @ y, share @ (y >= 3.5)])
