"""Whom to survey, and how many: a size from the margin of error, a draw that can be audited."""

import math

import numpy as np
import pandas as pd


def sample_size(
    population: int, *, margin: float = 0.05, confidence: float = 0.95, share: float = 0.5
) -> int:
    """Give how many answers a finite population needs for a margin of error.

    Parameters
    ----------
    population : int
        Accounts that could be asked, at least 1.
    margin : float, default 0.05
        Half width of the interval wanted, 0 to 1.
    confidence : float, default 0.95
        Between 0 and 1.
    share : float, default 0.5
        Share expected to answer yes; 0.5 needs most.

    Returns
    -------
    int
        At most the population.

    Raises
    ------
    ValueError
        If an argument is out of range.

    References
    ----------
    .. [1] W. G. Cochran, "Sampling Techniques", 3rd edition, Wiley, 1977, section 4.4.

    Examples
    --------
    >>> [sample_size(n) for n in (1000, 250, 60, 20)]
    [278, 152, 53, 20]
    """
    from scipy.stats import norm

    inside = all(0 < value < 1 for value in (margin, confidence, share))
    if population < 1 or not inside:
        raise ValueError(
            "population is at least 1; margin, confidence and share lie between 0 and 1"
        )
    wanted = norm.ppf(0.5 + confidence / 2) ** 2 * share * (1 - share) / margin**2
    return min(population, math.ceil(wanted / (1 + (wanted - 1) / population) - 1e-9))


def margin_of_error(
    answers: int, population: int, *, confidence: float = 0.95, share: float = 0.5
) -> float:
    """Give the half width of the interval that so many answers of a finite population allow.

    Parameters
    ----------
    answers : int
        At least 1 and at most the population.
    population : int
    confidence : float, default 0.95
    share : float, default 0.5
        Share expected to answer yes; 0.5 is the widest.

    Returns
    -------
    float
        0 where all answer.

    Examples
    --------
    >>> [round(margin_of_error(n, of), 3) for n, of in ((278, 1000), (152, 250), (20, 20))]
    [0.05, 0.05, 0.0]
    """
    from scipy.stats import norm

    if not 1 <= answers <= population:
        raise ValueError("answers are at least 1 and at most the population")
    left = (population - answers) / max(population - 1, 1)
    reach = norm.ppf(0.5 + confidence / 2)
    return float(reach * math.sqrt(share * (1 - share) / answers * left))


def draw_sample(
    frame: pd.DataFrame,
    size: int,
    *,
    certain: int = 0,
    size_column: str | None = None,
    stratum: str | None = None,
    spread: str | None = None,
    response_rate: float = 1.0,
    seed: int = 0,
) -> pd.DataFrame:
    """Draw a stratified random sample with the biggest accounts taken for certain.

    Parameters
    ----------
    frame : pd.DataFrame
        One row an account that could be asked: `account_id`, and the columns named below. Of none
        an empty sample is drawn.
    size : int
        Answers wanted, the certain ones included.
    certain : int, default 0
        How many of the biggest by `size_column` are all taken (the certainty stratum).
    size_column : str, optional
        Amount that says who is big; needed for `certain`.
    stratum : str, optional
        Column by which the rest is stratified; missing values are a stratum of their own.
    spread : str, optional
        Column whose standard deviation within a stratum steers its share of the sample (Neyman
        allocation); without it shares are proportional to numbers.
    response_rate : float, default 1.0
        Share expected to answer; the draw is enlarged by its inverse.
    seed : int, default 0
        Of the draw. The same frame and seed give the same sample whatever the rows' order.

    Returns
    -------
    pd.DataFrame
        One row an account drawn, sorted by `account_id`: `account_id`, `stratum`,
        `inclusion_probability` (above 0 to 1) and `design_weight` (its inverse).

    Raises
    ------
    ValueError
        If an account stands twice, a column is missing or a number is out of range.

    References
    ----------
    .. [1] J. Neyman, "On the two different aspects of the representative method", Journal of the
       Royal Statistical Society 97, 1934.
    """
    _check(frame, size, certain, size_column, response_rate)
    ordered = frame.sort_values("account_id", ignore_index=True)
    label = (
        ordered[stratum].astype("string").fillna("not known")
        if stratum
        else pd.Series("all", index=ordered.index, dtype="string")
    )
    if certain and size_column:
        biggest = ordered[size_column].rank(method="first", ascending=False) <= certain
        label = label.mask(biggest, "certain")
    counts = label.value_counts().sort_index()
    rest = counts.drop("certain", errors="ignore")
    drawn_total = min(len(ordered), math.ceil(size / response_rate))
    certain_count = int(counts.get("certain", 0))
    deviation = (
        ordered.groupby(label)[spread].std(ddof=0).reindex(rest.index).fillna(0.0)
        if spread
        else pd.Series(1.0, index=rest.index)
    )
    take = _allocate(rest, deviation, max(0, drawn_total - certain_count))
    if certain_count:
        take["certain"] = certain_count
    rng = np.random.default_rng(seed)
    chosen, probability = [], {}
    for name in sorted(take.index):
        members = np.flatnonzero((label == name).to_numpy())
        chosen.append(rng.choice(members, int(take[name]), replace=False))
        probability[name] = take[name] / len(members)
    rows = np.sort(np.concatenate([np.empty(0, int), *chosen]))
    sample = pd.DataFrame(
        {"account_id": ordered["account_id"].to_numpy()[rows], "stratum": label.to_numpy()[rows]}
    )
    sample["inclusion_probability"] = sample["stratum"].map(probability).astype(float)
    sample["design_weight"] = 1 / sample["inclusion_probability"]
    return sample


def _check(
    frame: pd.DataFrame, size: int, certain: int, size_column: str | None, response_rate: float
) -> None:
    """Refuse what no sample can be drawn from."""
    twice = frame.loc[frame["account_id"].duplicated(), "account_id"]
    if len(twice):
        raise ValueError(f"account {twice.iloc[0]!r} stands twice in the frame")
    if size < 1 or certain < 0 or not 0 < response_rate <= 1:
        raise ValueError("size is at least 1, certain not negative, response_rate above 0 to 1")
    if certain and (size_column is None or size_column not in frame):
        raise ValueError("certain needs size_column, a column of the frame that says who is big")


def _allocate(counts: pd.Series, deviation: pd.Series, wanted: int) -> pd.Series:
    """Share the sample out over strata, one each at least, none beyond its members."""
    take = pd.Series(0, index=counts.index, dtype=int)
    if counts.empty or wanted <= 0:
        return take
    weight = counts * deviation if (counts * deviation).sum() > 0 else counts.astype(float)
    # every stratum needs someone, or its accounts could never be drawn
    take[:] = 1
    wanted = min(wanted, int(counts.sum()))
    while take.sum() < wanted:
        room = counts - take
        open_weight = weight.where(room > 0, 0.0)
        if open_weight.sum() <= 0:
            open_weight = room.clip(lower=0).astype(float)
        ideal = (wanted * weight / weight.sum()).where(room > 0, -1.0) - take
        best = ideal.idxmax() if ideal.max() > 0 else open_weight.idxmax()
        step = max(1, int(min(room[best], np.floor(max(ideal[best], 1)))))
        take[best] += min(step, wanted - int(take.sum()))
    return take
