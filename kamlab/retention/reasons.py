"""Why do accounts leave, once the bias of who records the reason is taken out?"""

import numpy as np
import pandas as pd

_OTHERS = 1.0  # interviews' worth that all interviews together tell of one recorded reason
_RIGHT = 1.0  # interviews' worth of belief that a record is right


def corrected_reasons(
    defections: pd.DataFrame, *, level: float = 0.9, draws: int = 500, seed: int = 0
) -> pd.DataFrame:
    """Give the share of each reason as recorded, as interviews found it, and corrected.

    Whoever lost an account seldom writes that service lost it. Where some of those who left were
    interviewed, what the interviews found behind each recorded reason carries over to the others.

    Parameters
    ----------
    defections : pd.DataFrame
        `reason` (as recorded) and `interview_reason` (as an independent interview found it); both
        may be missing in a row.
    level : float, default 0.9
        Of the intervals, by drawing those who left with random weights.
    draws : int, default 500
    seed : int, default 0

    Returns
    -------
    pd.DataFrame
        One row a reason, the greatest corrected share first: `reason`, `recorded` and `interviewed`
        (counts), `recorded_share`, `interviewed_share`, `corrected_share`, `low`, `high` (shares;
        each column of shares adds up to 1). What is corrected is missing throughout where fewer
        than five were interviewed.

    Notes
    -----
    A recorded reason with few interviews is drawn towards the record itself and towards what all
    interviews found. The correction holds where those interviewed are like the others of the same
    recorded reason, so draw them by lot; a firm that closed cannot be asked, so that closure comes
    out too rare.

    References
    ----------
    .. [1] A. Tenenbein, "A double sampling scheme for estimating from misclassified multinomial
       data with applications to sampling inspection", Technometrics 14, 1972.
    .. [2] D. B. Rubin, "The Bayesian bootstrap", Annals of Statistics 9, 1981.

    Examples
    --------
    >>> heard = ["service"] * 6 + [None] * 2
    >>> left = pd.DataFrame({"reason": ["price"] * 8, "interview_reason": heard})
    >>> found = corrected_reasons(left).set_index("reason")
    >>> found["recorded_share"].to_dict(), found["corrected_share"].to_dict()
    ({'service': 0.0, 'price': 1.0}, {'service': 0.875, 'price': 0.125})
    """
    recorded = defections["reason"].fillna("not recorded").astype(str)
    asked = defections.reindex(columns=["interview_reason"])["interview_reason"]
    known = asked.notna().to_numpy()
    names = sorted({*recorded, *asked[known].astype(str)} - {"not recorded"})
    rows = pd.Index([*names, "not recorded"]).get_indexer(recorded)
    columns = pd.Index(names).get_indexer(asked.where(known, "").astype(str))
    weights = np.random.default_rng(seed).standard_exponential((draws, len(recorded)))
    middle = _corrected(rows, columns, np.ones(len(recorded)), len(names))
    drawn = np.array([_corrected(rows, columns, weight, len(names)) for weight in weights])
    ends = [(1 - level) / 2, (1 + level) / 2]
    low, high = np.quantile(drawn, ends, axis=0) if draws and len(names) else (middle, middle)
    said = np.bincount(rows, minlength=len(names) + 1)[:-1]
    heard = np.bincount(columns[known], minlength=len(names))
    table = pd.DataFrame(
        {
            "reason": names,
            "recorded": said,
            "interviewed": heard,
            "recorded_share": said / max(said.sum(), 1),
            "interviewed_share": heard / max(heard.sum(), 1),
            "corrected_share": middle,
            "low": low,
            "high": high,
        }
    )
    if known.sum() < 5:
        table[["corrected_share", "low", "high"]] = np.nan
        return table.sort_values(["recorded", "reason"], ascending=[False, True], ignore_index=True)
    return table.sort_values(
        ["corrected_share", "reason"], ascending=[False, True], ignore_index=True
    )


def _corrected(rows: np.ndarray, columns: np.ndarray, weight: np.ndarray, count: int) -> np.ndarray:
    """Carry what interviews found behind each recorded reason over to all that recorded it."""
    seen = np.zeros((count + 1, count))
    known = columns >= 0
    np.add.at(seen, (rows[known], columns[known]), weight[known])
    whole = seen.sum(axis=0)
    if whole.sum() == 0:
        return np.full(count, np.nan)
    likely = seen + _OTHERS * whole / whole.sum()
    likely[:count] += _RIGHT * np.eye(count)
    likely /= likely.sum(axis=1, keepdims=True)
    share = np.bincount(rows, weights=weight, minlength=count + 1)
    result: np.ndarray = (share / share.sum()) @ likely
    return result


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
        (towards that of all, by the method of moments), most first.

    References
    ----------
    .. [1] C. N. Morris, "Parametric empirical Bayes inference", Journal of the American Statistical
       Association 78, 1983.
    """
    if not {"reason", "reported_by"} <= set(defections):
        return pd.DataFrame(columns=["reported_by", "recorded", "blamed", "share", "drawn_share"])
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
    return table.sort_values(
        ["drawn_share", "reported_by"], ascending=[False, True], ignore_index=True
    )
