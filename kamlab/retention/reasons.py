"""Why do accounts leave, once the bias of who records the reason is taken out?"""

from collections.abc import Collection

import numpy as np
import pandas as pd

from kamlab.retention.true_reasons import UNAVOIDABLE_WORDS, TrueReasons, says, true_reasons

_FEWEST = 5  # interviews, or pairs of record and interview, below which nothing is said
_SWAPS = 2_000


def corrected_reasons(
    defections: pd.DataFrame,
    *,
    signs: pd.DataFrame | None = None,
    found: TrueReasons | None = None,
    level: float = 0.9,
    draws: int = 300,
    seed: int = 0,
) -> pd.DataFrame:
    """Give the share of each reason as recorded, as interviews found it, and corrected.

    Whoever lost an account seldom writes that service lost it. Where some of those who left were
    interviewed, what the interviews found behind each recorded reason carries over to the others;
    so does what a reason leaves behind (`signs`), whoever wrote what.

    Parameters
    ----------
    defections : pd.DataFrame
        `reason` (as recorded) and `interview_reason` (as an independent interview found it); both
        may be missing in a row.
    signs : pd.DataFrame, optional
        As for `true_reasons.true_reasons`, by which all is estimated.
    found : TrueReasons, optional
        What that function gave for the same rows, where it was called before.
    level : float, default 0.9
        Of the intervals.
    draws : int, default 300
    seed : int, default 0

    Returns
    -------
    pd.DataFrame
        One row a reason, the greatest corrected share first: `reason`, `recorded` and `interviewed`
        (counts), `recorded_share`, `interviewed_share`, `corrected_share`, `low`, `high` (shares;
        each column of shares adds up to 1), `hidden` (probability that the record names another
        reason). What is corrected is missing throughout where fewer than five were interviewed.

    Notes
    -----
    The correction holds where those interviewed were drawn by lot among those who can be asked.

    Examples
    --------
    >>> heard = ["service"] * 6 + [None] * 2
    >>> left = pd.DataFrame({"reason": ["price"] * 8, "interview_reason": heard})
    >>> found = corrected_reasons(left).set_index("reason")
    >>> found["recorded_share"].to_dict(), found["corrected_share"].round(2).to_dict()
    ({'service': 0.0, 'price': 1.0}, {'service': 0.91, 'price': 0.09})
    """
    columns = ["reason", "recorded", "interviewed", "recorded_share", "interviewed_share"]
    columns += ["corrected_share", "low", "high", "hidden"]
    said, heard = (
        defections.reindex(columns=[name])[name].dropna().astype(str)
        for name in ("reason", "interview_reason")
    )
    if said.empty and heard.empty:
        return pd.DataFrame(columns=columns)
    if found is None:
        found = true_reasons(defections, signs=signs, draws=draws, seed=seed)
    names = found.shares.index
    low, high = found.shares, found.shares
    if len(found.draws):
        ends = [(1 - level) / 2, (1 + level) / 2]
        low, high = np.quantile(found.draws, ends, axis=0)
    recorded = said.value_counts().reindex(names, fill_value=0).to_numpy()
    interviewed = heard.value_counts().reindex(names, fill_value=0).to_numpy()
    table = pd.DataFrame(
        {
            "reason": names,
            "recorded": recorded,
            "interviewed": interviewed,
            "recorded_share": recorded / max(recorded.sum(), 1),
            "interviewed_share": interviewed / max(interviewed.sum(), 1),
            "corrected_share": found.shares.to_numpy(),
            "low": np.asarray(low),
            "high": np.asarray(high),
            "hidden": found.hidden["hidden"].to_numpy(),
        }
    )
    by = "corrected_share"
    if interviewed.sum() < _FEWEST:
        table[["corrected_share", "low", "high", "hidden"]] = np.nan
        by = "recorded"
    return table.sort_values([by, "reason"], ascending=[False, True], ignore_index=True)


def homogeneity(defections: pd.DataFrame, *, seed: int = 0) -> pd.DataFrame:
    """Test whether managers and interviews give the same reasons equally often.

    Parameters
    ----------
    defections : pd.DataFrame
        `reason` and `interview_reason`; rows with both are the pairs.
    seed : int, default 0
        Of the swaps.

    Returns
    -------
    pd.DataFrame
        `test` ("Stuart-Maxwell", "Bhapkar", "swaps"), `pairs`, `agree` (share of pairs that name
        one reason), `statistic`, `freedom`, `p_value`. The first two are approximations for many
        pairs; "swaps" exchanges record and interview within pairs at random 2,000 times and holds
        for few. Empty with fewer than five pairs, or where all agree.

    References
    ----------
    .. [1] A. Stuart, "A test for homogeneity of the marginal distributions in a two-way
       classification", Biometrika 42, 1955; A. E. Maxwell, British Journal of Psychiatry 116, 1970.
    .. [2] V. P. Bhapkar, "A note on the equivalence of two test criteria for hypotheses in
       categorical data", Journal of the American Statistical Association 61, 1966.
    """
    columns = ["test", "pairs", "agree", "statistic", "freedom", "p_value"]
    pairs = defections.reindex(columns=["reason", "interview_reason"]).dropna().astype(str)
    apart = pairs[pairs["reason"] != pairs["interview_reason"]]
    if len(pairs) < _FEWEST or apart.empty:
        return pd.DataFrame(columns=columns)
    from statsmodels.stats.contingency_tables import SquareTable

    # reasons on which all agree say nothing and would leave the covariance singular
    names = pd.Index(sorted({*apart["reason"], *apart["interview_reason"]}))
    inside = pairs.isin(list(names)).all(axis=1)
    codes = np.column_stack([names.get_indexer(column) for _, column in pairs[inside].items()])
    counts = np.zeros((len(names), len(names)))
    np.add.at(counts, (codes[:, 0], codes[:, 1]), 1)
    rows: list[tuple[str, float, float, float]] = []
    for test, method in (("Stuart-Maxwell", "stuart_maxwell"), ("Bhapkar", "bhapkar")):
        try:
            made = SquareTable(counts, shift_zeros=False).homogeneity(method)
        except np.linalg.LinAlgError:
            continue  # too few pairs for so many reasons: the swaps remain
        if np.isfinite(made.statistic) and made.statistic >= 0:
            rows.append((test, float(made.statistic), int(made.df), float(made.pvalue)))
    # a pair that agrees stays the same when swapped
    one, other = (np.eye(len(names))[codes[:, side]] for side in (0, 1))
    turned, named = one - other, np.maximum((one + other - one * other).sum(axis=0), 1)
    side = np.random.default_rng(seed).choice([-1.0, 1.0], (_SWAPS, len(turned)))
    distance = float((turned.sum(axis=0) ** 2 / named).sum())
    beyond = (((side @ turned) ** 2 / named).sum(axis=1) >= distance - 1e-9).sum()
    rows.append(("swaps", distance, np.nan, (beyond + 1) / (_SWAPS + 1)))
    table = pd.DataFrame(rows, columns=["test", "statistic", "freedom", "p_value"])
    agree = 1 - len(apart) / len(pairs)
    return table.assign(pairs=len(pairs), agree=agree)[columns]


def avoidable(
    found: TrueReasons, *, unavoidable: Collection[str] | None = None, level: float = 0.9
) -> tuple[pd.Series, dict[str, float]]:
    """Say how many of those that left could have been kept, and which.

    Parameters
    ----------
    found : TrueReasons
    unavoidable : collection of str, optional
        Reasons that we could not have done anything about; by default those with one of
        `true_reasons.UNAVOIDABLE_WORDS` in them.
    level : float, default 0.9

    Returns
    -------
    chance : pd.Series of shape (n_defections,)
        Probability that the reason was avoidable, 0 to 1.
    share : dict
        `share`, `low`, `high` of all that left.

    Examples
    --------
    >>> left = pd.DataFrame({"reason": ["price", "closure"] * 20, "interview_reason": None})
    >>> chance, share = avoidable(true_reasons(left, draws=50))
    >>> (chance > 0.5).tolist()[:2]
    [True, False]
    """
    names = found.shares.index
    if unavoidable is None:
        unavoidable = [name for name in names if says(name, UNAVOIDABLE_WORDS)]
    ours = ~names.isin(list(unavoidable))
    share = float(found.shares[ours].sum())
    low = high = share
    if len(found.draws):
        ends = [(1 - level) / 2, (1 + level) / 2]
        low, high = np.quantile(found.draws[:, ours].sum(axis=1), ends)
    chance = found.probabilities.loc[:, ours].sum(axis=1).rename("avoidable")
    return chance, {"share": share, "low": float(low), "high": float(high)}


def by_recorder(defections: pd.DataFrame, blamed: str = "price") -> pd.DataFrame:
    """Compare who records a reason how often, with small numbers drawn towards all.

    Parameters
    ----------
    defections : pd.DataFrame
        `reason` and `reported_by`.
    blamed : str, default "price"
        The reason that is looked at.

    Returns
    -------
    pd.DataFrame
        One row a recorder: `reported_by`, `recorded`, `blamed` (counts), `share`, `drawn_share`
        (towards that of all, by the method of moments), `limit_low` and `limit_high` (funnel within
        which 99.8 % of the shares of recorders like all others would lie) and `beyond` (outside
        the funnel), most first.

    References
    ----------
    .. [2] D. J. Spiegelhalter, "Funnel plots for comparing institutional performance", Statistics
       in Medicine 24, 2005.
    .. [1] C. N. Morris, "Parametric empirical Bayes inference", Journal of the American Statistical
       Association 78, 1983.
    """
    columns = ["reported_by", "recorded", "blamed", "share", "drawn_share"]
    columns += ["limit_low", "limit_high", "beyond"]
    if not {"reason", "reported_by"} <= set(defections):
        return pd.DataFrame(columns=columns)
    kept = defections.dropna(subset=["reason", "reported_by"])
    table = (
        (kept["reason"] == blamed)
        .groupby(kept["reported_by"])
        .agg(recorded="size", blamed="sum")
        .reset_index()
    )
    table["share"] = table["blamed"] / table["recorded"]
    overall = table["blamed"].sum() / max(table["recorded"].sum(), 1)
    chance = overall * (1 - overall) / table["recorded"]
    apart = table["share"] - overall
    between = max(float((apart**2 - chance).mean()), 0.0) if len(table) else 0.0
    total = (between + chance).where(between + chance > 0, 1.0)
    table["drawn_share"] = overall + apart * between / total
    from scipy.stats import binom

    count = table["recorded"].to_numpy(int)
    for name, end in (("limit_low", 0.001), ("limit_high", 0.999)):
        table[name] = np.clip(binom.ppf(end, count, overall) / np.maximum(count, 1), 0, 1)
    table["beyond"] = (table["share"] < table["limit_low"]) | (table["share"] > table["limit_high"])
    return table.sort_values(
        ["drawn_share", "reported_by"], ascending=[False, True], ignore_index=True
    )
