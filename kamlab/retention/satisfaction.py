"""How satisfied are key accounts, corrected for who did not answer, and has it changed?"""

from collections.abc import Mapping

import numpy as np
import pandas as pd

# The five labels of the scale and their codes.
SCALE = {
    5: "highly satisfied",
    4: "overall satisfied",
    3: "no opinion",
    2: "somewhat dissatisfied",
    1: "extremely dissatisfied",
}
_SMALLEST_CELL = 5


def satisfaction(
    responses: pd.DataFrame,
    *,
    by: str | None = None,
    weight: str | None = None,
    population: Mapping[str, int] | int | None = None,
    neutral: str = "neutral",
    confidence: float = 0.95,
    smallest: int = _SMALLEST_CELL,
) -> pd.DataFrame:
    """Estimate satisfaction on the five-point scale, with intervals, per segment.

    Parameters
    ----------
    responses : pd.DataFrame
        One row an answer to one item: `score` (1 to 5, missing where not answered) and the columns
        named below.
    by : str, optional
        Column of the segment; without it there is one row, "all".
    weight : str, optional
        Column of weights; without it all count alike.
    population : int or mapping of segment to int, optional
        Accounts in the population, for the finite population correction.
    neutral : {"neutral", "missing"}
        What "no opinion" (3) means: the middle of the scale, or no answer.
    confidence : float, default 0.95
    smallest : int, default 5
        Segments with fewer answers are suppressed, so that no respondent can be told.

    Returns
    -------
    pd.DataFrame
        One row a segment: `segment`, `answers`, `top_two` (share scoring 4 or 5) with Wilson
        interval `top_two_low`, `top_two_high`, `mean` (1 to 5) with `mean_low`, `mean_high`,
        `index` (0 to 100), `net` (share satisfied less share dissatisfied), `share_5` … `share_1`,
        and `design_effect` (Kish; 1 without weights). Suppressed segments keep only their name
        and `answers`.

    Raises
    ------
    ValueError
        If a score is not 1 to 5, a weight is negative or `neutral` is unknown.

    References
    ----------
    .. [1] L. Kish, "Survey Sampling", Wiley, 1965 (design effect of weighting).
    .. [2] E. L. Korn and B. I. Graubard, "Confidence intervals for proportions with small expected
       number of positive counts", Survey Methodology 24, 1998 (effective sample size).
    """
    if neutral not in ("neutral", "missing"):
        raise ValueError(f"neutral is 'neutral' or 'missing', not {neutral!r}")
    wrong = responses.loc[
        responses["score"].notna() & ~responses["score"].isin(list(SCALE)), "score"
    ]
    if len(wrong):
        raise ValueError(f"scores are whole numbers 1 to 5, not {wrong.iloc[0]!r}")
    used = responses[responses["score"].notna()]
    if neutral == "missing":
        used = used[used["score"] != 3]
    weights = used[weight].astype(float) if weight else pd.Series(1.0, index=used.index)
    if (weights < 0).any():
        raise ValueError("weights are not negative")
    segment = used[by].astype("string").fillna("not known") if by else pd.Series("all", used.index)
    rows = []
    for name, part in used.assign(_w=weights).groupby(segment, sort=True):
        size = population.get(str(name)) if isinstance(population, Mapping) else population
        row = {"segment": name, "answers": len(part)}
        if len(part) >= smallest:
            row |= _estimate(part["score"].to_numpy(float), part["_w"].to_numpy(), size, confidence)
        rows.append(row)
    columns = ["segment", "answers", "top_two", "top_two_low", "top_two_high", "mean", "mean_low"]
    columns += ["mean_high", "index", "net", *[f"share_{code}" for code in SCALE], "design_effect"]
    return pd.DataFrame(rows).reindex(columns=columns)


def _estimate(
    score: np.ndarray, weight: np.ndarray, population: int | None, confidence: float
) -> dict[str, float]:
    """Give the figures of one segment."""
    from scipy.stats import norm

    z = float(norm.ppf(0.5 + confidence / 2))
    share = weight / weight.sum()
    effect = float(len(weight) * (share**2).sum())
    effective = len(weight) / effect
    finite = 1 - min(1.0, len(weight) / population) if population else 1.0
    parts = {f"share_{code}": float(share[score == code].sum()) for code in SCALE}
    top = parts["share_5"] + parts["share_4"]
    # the finite population correction makes a sample worth more answers
    low, high = _wilson(top, effective / max(finite, 1e-9), z)
    mean = float((share * score).sum())
    deviation = score - mean
    error = np.sqrt((share**2 * deviation**2).sum() * len(score) / max(1, len(score) - 1) * finite)
    return parts | {
        "top_two": top,
        "top_two_low": low,
        "top_two_high": high,
        "mean": mean,
        "mean_low": max(1.0, mean - z * float(error)),
        "mean_high": min(5.0, mean + z * float(error)),
        "index": (mean - 1) / 4 * 100,
        "net": top - parts["share_2"] - parts["share_1"],
        "design_effect": effect,
    }


def _wilson(share: float, count: float, z: float) -> tuple[float, float]:
    """Give Wilson's interval for a share of an effective, perhaps broken, number of answers."""
    scale = 1 + z**2 / count
    centre = (share + z**2 / (2 * count)) / scale
    half = z * np.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / scale
    return max(0.0, float(centre - half)), min(1.0, float(centre + half))


def net_promoter(score: pd.Series, *, confidence: float = 0.95) -> pd.Series:
    """Compute the net promoter score of 0 to 10 answers, with its interval.

    Parameters
    ----------
    score : pd.Series of shape (n_answers,)
        0 to 10; missing values are left out.
    confidence : float, default 0.95

    Returns
    -------
    pd.Series
        `answers`, `promoters`, `detractors` (shares), `nps` (−100 to 100), `low`, `high`.

    Examples
    --------
    >>> nps = net_promoter(pd.Series([10] * 50 + [7] * 33 + [0] * 17))
    >>> round(float(nps["nps"]), 1), round(float(nps["high"] - nps["nps"]), 1)
    (33.0, 14.7)
    """
    from scipy.stats import norm

    known = score.dropna()
    if not known.between(0, 10).all() or known.empty:
        raise ValueError("answers lie between 0 and 10, and there is one at least")
    promoters, detractors = float((known >= 9).mean()), float((known <= 6).mean())
    net = promoters - detractors
    spread = np.sqrt((promoters + detractors - net**2) / len(known))
    half = 100 * float(norm.ppf(0.5 + confidence / 2) * spread)
    return pd.Series(
        {
            "answers": len(known),
            "promoters": promoters,
            "detractors": detractors,
            "nps": 100 * net,
            "low": 100 * net - half,
            "high": 100 * net + half,
        }
    )


def response_weights(
    sample: pd.DataFrame,
    answered: pd.Series,
    features: pd.DataFrame,
    *,
    trim: float = 5.0,
) -> pd.DataFrame:
    """Weigh answers by the inverse of the probability of being drawn and of answering.

    Parameters
    ----------
    sample : pd.DataFrame
        Accounts drawn: `account_id`, `design_weight`.
    answered : pd.Series of bool, shape (n_drawn,)
        Who answered, in the rows' order.
    features : pd.DataFrame of shape (n_drawn, n_features)
        What is known of both who did and who did not answer (numbers, no missing values), such as
        sales, trend and days since the last order.
    trim : float, default 5.0
        Largest weight, in multiples of the mean weight.

    Returns
    -------
    pd.DataFrame
        One row a respondent: `account_id`, `response_probability`, `weight` (adding up to the
        population), `design_effect` (one value, Kish).

    Raises
    ------
    ValueError
        If nobody answered.

    References
    ----------
    .. [1] R. J. A. Little, "Survey nonresponse adjustments for estimates of means", International
       Statistical Review 54, 1986.
    """
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    responded = answered.to_numpy(bool)
    if not responded.any():
        raise ValueError("nobody answered: there is nothing to weigh")
    base = sample["design_weight"].to_numpy(float)
    if responded.all() or min(responded.sum(), (~responded).sum()) < 10 or features.shape[1] == 0:
        probability = np.full(len(base), np.average(responded, weights=base))
    else:
        model = make_pipeline(
            StandardScaler(),
            LogisticRegressionCV(
                Cs=8,
                cv=5,
                l1_ratios=(0.0,),
                scoring="neg_log_loss",
                use_legacy_attributes=False,
            ),
        )
        probability = model.fit(features, responded).predict_proba(features)[:, 1]
    weight = base[responded] / np.clip(probability[responded], 0.02, 1)
    weight = np.minimum(weight, trim * weight.mean())
    weight *= base.sum() / weight.sum()
    return pd.DataFrame(
        {
            "account_id": sample["account_id"].to_numpy()[responded],
            "response_probability": probability[responded],
            "weight": weight,
            "design_effect": len(weight) * float((weight**2).sum() / weight.sum() ** 2),
        }
    )


def rake(
    weights: pd.Series, margins: Mapping[str, tuple[pd.Series, Mapping[str, float]]]
) -> pd.Series:
    """Adjust weights until the weighted margins are the known ones.

    Parameters
    ----------
    weights : pd.Series of shape (n,)
        Starting weights, positive.
    margins : mapping of name to (pd.Series of shape (n,), mapping of level to total)
        For each margin the level of each row, and the known total of each level.

    Returns
    -------
    pd.Series of shape (n,)

    Raises
    ------
    ValueError
        If a level of a margin has no rows, or the margins cannot be met.

    References
    ----------
    .. [1] W. E. Deming and F. F. Stephan, "On a least squares adjustment of a sampled frequency
       table when the expected marginal totals are known", Annals of Mathematical Statistics 11,
       1940.
    """
    raked = weights.astype(float).copy()
    for name, (level, totals) in margins.items():
        empty = sorted(set(totals) - set(level.dropna().unique()))
        if empty:
            raise ValueError(f"margin {name!r}: nobody answered in {empty}")
    for _ in range(200):
        worst = 0.0
        for level, totals in margins.values():
            now = raked.groupby(level).sum()
            ratio = pd.Series(totals, dtype=float) / now.reindex(list(totals))
            worst = max(worst, float((ratio - 1).abs().max()))
            raked *= level.map(ratio).astype(float)
        if worst < 1e-10:
            return raked
    raise ValueError(f"the margins {sorted(margins)} contradict each other and cannot be met")


def change_between_waves(
    before: pd.DataFrame, after: pd.DataFrame, *, confidence: float = 0.95
) -> pd.Series:
    """Test whether mean satisfaction changed, with accounts that answered twice paired.

    Parameters
    ----------
    before, after : pd.DataFrame
        One row an account: `account_id`, `score` (1 to 5), `weight` where weighted.
    confidence : float, default 0.95

    Returns
    -------
    pd.Series
        `before`, `after` (means), `change`, `low`, `high`, `p_value`, `overlap` (accounts that
        answered both times) and their `correlation`.

    References
    ----------
    .. [1] L. Kish, "Survey Sampling", Wiley, 1965, section 12.4: Var(a − b) with overlap.
    """
    from scipy.stats import norm

    stats = [_mean_and_error(wave) for wave in (before, after)]
    both = before.merge(after, on="account_id", suffixes=("_before", "_after"))
    correlation = 0.0
    pairs = both[["score_before", "score_after"]]
    if len(both) >= 5 and (pairs.std() > 0).all():
        correlation = float(both["score_before"].corr(both["score_after"]))
    # covariance comes only from those in both waves
    overlap = len(both) / np.sqrt(len(before) * len(after))
    (mean_b, error_b), (mean_a, error_a) = stats
    variance = error_b**2 + error_a**2 - 2 * overlap * correlation * error_b * error_a
    error = float(np.sqrt(max(variance, 1e-12)))
    change = mean_a - mean_b
    half = float(norm.ppf(0.5 + confidence / 2)) * error
    return pd.Series(
        {
            "before": mean_b,
            "after": mean_a,
            "change": change,
            "low": change - half,
            "high": change + half,
            "p_value": float(2 * norm.sf(abs(change) / error)),
            "overlap": len(both),
            "correlation": correlation,
        }
    )


def _mean_and_error(wave: pd.DataFrame) -> tuple[float, float]:
    """Give the weighted mean of one wave and its standard error."""
    score = wave["score"].to_numpy(float)
    weight = wave["weight"].to_numpy(float) if "weight" in wave else np.ones(len(score))
    share = weight / weight.sum()
    mean = float((share * score).sum())
    spread = (share**2 * (score - mean) ** 2).sum() * len(score) / max(1, len(score) - 1)
    return mean, float(np.sqrt(spread))
