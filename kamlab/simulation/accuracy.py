"""How near does an estimate come to the truth that only the simulation knows?"""

import numpy as np
import pandas as pd


def against_truth(
    measure: str,
    estimate: pd.Series,
    truth: pd.Series,
    *,
    low: pd.Series | None = None,
    high: pd.Series | None = None,
    stated: float = 0.9,
) -> dict[str, object]:
    """Compare one measure with its truth, over the accounts that have both.

    Parameters
    ----------
    measure : str
        What is estimated.
    estimate, truth : pd.Series indexed by account_id
    low, high : pd.Series indexed by account_id, optional
        Interval around the estimate.
    stated : float, default 0.9
        Confidence of the interval.

    Returns
    -------
    dict
        `measure`, `accounts`, `rank_correlation` (−1 to 1), `coverage` (share of truths inside the
        interval; NaN without one) and `stated`.
    """
    both = pd.DataFrame({"estimate": estimate, "truth": truth}).dropna()
    ranks = both.rank()
    constant = (ranks.std() == 0).any() or len(both) < 3
    inside = np.nan
    if low is not None and high is not None:
        limits = pd.DataFrame({"truth": truth, "low": low, "high": high}).dropna()
        inside = float(limits["truth"].between(limits["low"], limits["high"]).mean())
    return {
        "measure": measure,
        "accounts": len(both),
        "rank_correlation": np.nan if constant else float(ranks.corr().iloc[0, 1]),
        "coverage": inside,
        "stated": stated if low is not None else np.nan,
    }


def criteria_against_truth(
    measured: pd.DataFrame, truths: dict[str, pd.Series], *, on_other_scale: tuple[str, ...] = ()
) -> pd.DataFrame:
    """Compare criteria, each with its standard error, with the truth.

    Parameters
    ----------
    measured : pd.DataFrame
        `account_id`, `criterion`, `value`, `standard_error`, `source`.
    truths : dict of criterion to pd.Series indexed by account_id
        True values, on the scale of the criterion unless it is named below.
    on_other_scale : tuple of str
        Criteria of which only the order of accounts can be compared.

    Returns
    -------
    pd.DataFrame
        One row a criterion and source, as `against_truth`, with `source` and `best_possible`: the
        correlation with the truth to expect where the stated errors are right (missing where none
        is stated, they exceed the spread of the truth, or the scales differ).
    """
    rows = []
    for criterion, truth in truths.items():
        mine = measured[measured["criterion"] == criterion]
        for source, part in mine.groupby("source"):
            known = part.set_index("account_id")
            known = known[known.index.isin(truth.dropna().index)]
            error = known["standard_error"]
            alike = criterion not in on_other_scale and error.notna().any()
            low, high = known["value"] - 1.645 * error, known["value"] + 1.645 * error
            row = against_truth(
                criterion,
                known["value"],
                truth,
                low=low if alike else None,
                high=high if alike else None,
            )
            spread = float(truth.reindex(known.index).var())
            left = float((error**2).mean())
            best = np.sqrt(1 - left / spread) if alike and spread > left else np.nan
            rows.append(row | {"source": source, "best_possible": best})
    columns = ["measure", "source", "accounts", "rank_correlation", "best_possible", "coverage"]
    return pd.DataFrame(rows, columns=[*columns, "stated"])


def regret(picks: dict[str, pd.Index], value: pd.Series, places: int) -> pd.DataFrame:
    """Compare what rules picked with the best that knowledge of the truth would pick.

    Parameters
    ----------
    picks : dict of rule to account ids
    value : pd.Series indexed by account_id
        True value of each account; negative where it costs.
    places : int
        How many may be picked.

    Returns
    -------
    pd.DataFrame
        One row a rule, the best first: `rule`, `picked`, `value`, `best_possible`,
        `captured_share`, `regret` (1 − captured share) and `right` (picked accounts that are among
        the best).
    """
    best = value.sort_values(ascending=False).head(places)
    best = best[best > 0]
    rows = [
        {
            "rule": rule,
            "picked": len(ids),
            "value": float(value.reindex(ids).fillna(0).sum()),
            "right": int(pd.Index(ids).isin(best.index).sum()),
        }
        for rule, ids in picks.items()
    ]
    table = pd.DataFrame(rows).assign(best_possible=float(best.sum()))
    table["captured_share"] = table["value"] / table["best_possible"]
    table["regret"] = 1 - table["captured_share"]
    return table.sort_values("value", ascending=False, kind="stable", ignore_index=True)
