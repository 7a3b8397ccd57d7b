"""Which signs do leavers show before they go, and how early?"""

import numpy as np
import pandas as pd

_FEWEST = 10
_BEYOND = 0.8


def early_signs(rows: pd.DataFrame, measures: pd.DataFrame) -> pd.DataFrame:
    """Compare how often leavers and stayers show a sign, on the day of sight and earlier.

    A sign is a measure beyond what four of five stayers show, on the side to which leavers lean.

    Parameters
    ----------
    rows : pd.DataFrame
        Of a panel: `account_id`, `origin`, `left` (missing where not known yet).
    measures : pd.DataFrame
        Of the same rows; labels are left aside.

    Returns
    -------
    pd.DataFrame
        One row a sign that leavers show at least one and a half times as often, the most telling
        first: `sign`, `side` ("high" or "low"), `limit` (of the measure), `leavers` and `stayers`
        (shares that show it), `times` (their ratio), `earlier` (share of leavers that showed it a
        day of sight before) and `days_before` (how much earlier that was, mean). Empty with fewer
        than ten leavers.
    """
    columns = ["sign", "side", "limit", "leavers", "stayers", "times", "earlier", "days_before"]
    known = rows["left"].notna()
    left, stayed = known & (rows["left"] == 1), known & (rows["left"] == 0)
    if left.sum() < _FEWEST or stayed.sum() < _FEWEST:
        return pd.DataFrame(columns=columns)
    days = np.sort(rows["origin"].unique())
    before = pd.Series(days[:-1], index=days[1:])
    earlier = pd.MultiIndex.from_arrays(
        [rows.loc[left, "account_id"], rows.loc[left, "origin"].map(before)]
    )
    place = pd.MultiIndex.from_frame(rows[["account_id", "origin"]]).get_indexer(earlier)
    found = place >= 0
    lead = (rows.loc[left, "origin"] - rows.loc[left, "origin"].map(before)).dt.days[found]
    made = []
    for name in measures.select_dtypes("number"):
        values = measures[name].to_numpy(float)
        stays, leaves = values[stayed], values[left]
        if np.isfinite(stays).sum() < _FEWEST or np.isfinite(leaves).sum() < _FEWEST:
            continue
        high = np.nanmedian(leaves) >= np.nanmedian(stays)
        limit = float(np.nanquantile(stays, _BEYOND if high else 1 - _BEYOND))
        shows = values > limit if high else values < limit
        a, b = shows[left].mean(), shows[stayed].mean()
        if b > 0 and a >= 1.5 * b:
            then = shows[place[found]].mean() if found.any() else np.nan
            made.append((name.replace("_", " "), "high" if high else "low", limit, a, b, a / b,
                         then, lead.mean() if found.any() else np.nan))  # fmt: skip
    table = pd.DataFrame(made, columns=columns)
    return table.sort_values(["times", "sign"], ascending=[False, True], ignore_index=True)
