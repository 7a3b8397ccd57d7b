"""On which level is an account lost: price, quality or culture, and is that changing?"""

import numpy as np
import pandas as pd

from kamlab.retention.true_reasons import TrueReasons

# Words of a reason, and the level of competition on which it lies; the first that fits counts.
LEVEL_WORDS = {
    "price": ("price", "cost", "expensive", "discount", "terms", "价格", "报价"),
    "quality": ("quality", "defect", "service", "deliver", "support", "质量", "服务", "交货"),
    "culture": (
        "relation",
        "cultur",
        "trust",
        "brand",
        "reputation",
        "people",
        "cooperat",
        "关系",
        "品牌",
    ),
}
NO_LEVEL = "none of these"


def level_of(reason: str) -> str:
    """Name the level of a reason, "none of these" where its words are not known.

    Examples
    --------
    >>> level_of("Late deliveries"), level_of("plant closed")
    ('quality', 'none of these')
    """
    said = reason.casefold()
    found = (name for name, words in LEVEL_WORDS.items() if any(word in said for word in words))
    return next(found, NO_LEVEL)


def levels_by_year(
    defections: pd.DataFrame, found: TrueReasons | None = None, *, confidence: float = 0.9
) -> pd.DataFrame:
    """Follow the levels on which accounts were lost through the years.

    Parameters
    ----------
    defections : pd.DataFrame
        `defection_date`, and where known `level` and `reason`.
    found : TrueReasons, optional
        Real reasons of the same rows: then levels are expected numbers, corrected for who records.
    confidence : float, default 0.9

    Returns
    -------
    pd.DataFrame
        One row a year and level: `year`, `level`, `lost` (of the year), `recorded` (as the table's
        `level` has it), `expected` (from the real reasons; missing without) and `share` with
        `low`, `high`: of those with a level in the year (Wilson), expected where known, else
        recorded. Levels in the order of `LEVEL_WORDS`, then others.
    """
    from statsmodels.stats.proportion import proportion_confint

    year = pd.to_datetime(defections["defection_date"]).dt.year.to_numpy()
    told = defections.reindex(columns=["level"])["level"].astype("string").str.strip().str.lower()
    names = [*LEVEL_WORDS, *sorted(set(told.dropna()) - set(LEVEL_WORDS)), NO_LEVEL]
    chances = pd.DataFrame(np.nan, range(len(defections)), names)
    if found is not None:
        by_level = found.probabilities.T.groupby(level_of).sum().T
        chances = by_level.reindex(columns=names, fill_value=0.0).reset_index(drop=True)
    rows = []
    for one in np.unique(year):
        mine = year == one
        for name in names:
            count = int((told[mine] == name).sum())
            expected = float(chances.loc[mine, name].sum()) if found is not None else np.nan
            rows.append((int(one), name, int(mine.sum()), count, expected))
    table = pd.DataFrame(rows, columns=["year", "level", "lost", "recorded", "expected"])
    used = table["expected"] if found is not None else table["recorded"].astype(float)
    placed = used.where(table["level"] != NO_LEVEL, 0.0)
    total = placed.groupby(table["year"]).transform("sum")
    shown = (table["level"] != NO_LEVEL) & (total > 0)
    table["share"] = (placed / total.where(total > 0)).where(shown)
    count = total.where(total > 0, 1.0)
    low, high = proportion_confint(
        placed.clip(upper=count), count, alpha=1 - confidence, method="wilson"
    )
    table["low"], table["high"] = low.where(shown), high.where(shown)
    if found is not None:
        return table[(table["expected"] > 0.05) | (table["recorded"] > 0)].reset_index(drop=True)
    return table[table["recorded"] > 0].reset_index(drop=True)
