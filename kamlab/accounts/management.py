"""How modern is an account's management, once the severity of those who rate it is taken out?"""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.sparse import csr_matrix, diags

_ROUNDS = 500
_CLOSE = 1e-7
_FEWEST_RATED = 30
_WORTHWHILE = 0.05
PROXIES = (
    "digital_order_share",
    "forecast_share",
    "plan_change",
    "forecast_error",
    "modern_share",
    "late_share",
    "categories",
    "returns_rate",
)


@dataclass(frozen=True, slots=True)
class Philosophy:
    """Scores of management from ratings.

    Attributes
    ----------
    table : pd.DataFrame
        One row a rated account, sorted by `account_id`: `score` (1 to 5, as a mean rater would
        give it), `standard_error`, `raters`, `ratings`.
    raters : pd.DataFrame
        One row a rater: `rater_id`, `severity` (points taken off), `standard_error`, `accounts`.
    items : pd.DataFrame
        One row an item: `item`, `ease` (points above the mean item), `ratings`.
    reliability : pd.DataFrame
        `measure`, `value`, `meaning`: Cronbach's alpha of the items, agreement of raters (ICC),
        variance between accounts, between raters and left.
    """

    table: pd.DataFrame
    raters: pd.DataFrame
    items: pd.DataFrame
    reliability: pd.DataFrame


def philosophy_scores(ratings: pd.DataFrame, as_of: date) -> Philosophy | None:
    """Score the management of accounts from what several people say of it.

    A linear many-facet model: a rating is the account's score plus the ease of the item less the
    severity of the rater. Accounts and raters are random effects, their variances found by REML,
    so that an account rated by one severe person is drawn back, by as much as is not known.

    Parameters
    ----------
    ratings : pd.DataFrame
        Canonical: `account_id`, `rater_id`, `item`, `value` (1 to 5), `date`. Of repeated ratings
        of one item by one rater the newest counts.
    as_of : date
        Exclusive.

    Returns
    -------
    Philosophy or None
        None without two accounts and a rater before the day.

    References
    ----------
    .. [1] J. M. Linacre, "Many-Facet Rasch Measurement", MESA Press, 1989 (the facets; here on a
       linear scale).
    .. [2] C. R. Henderson, "Best linear unbiased estimation and prediction under a selection
       model", Biometrics 31, 1975.
    .. [3] P. E. Shrout and J. L. Fleiss, "Intraclass correlations: uses in assessing rater
       reliability", Psychological Bulletin 86, 1979.
    """
    seen = ratings[pd.to_datetime(ratings["date"]) < pd.Timestamp(as_of)]
    seen = seen.dropna(subset=["account_id", "rater_id", "item", "value"])
    key = ["account_id", "rater_id", "item"]
    seen = seen.sort_values([*key, "date", "value"]).drop_duplicates(key, keep="last")
    if seen["account_id"].nunique() < 2:
        return None
    value = seen["value"].astype(float)
    pair = seen.groupby(["account_id", "rater_id"])["value"].transform("mean")
    ease = (value - pair).groupby(seen["item"]).mean()
    adjusted = value - seen["item"].map(ease).astype(float)
    pairs = adjusted.groupby([seen["account_id"], seen["rater_id"]]).mean().reset_index(name="mean")
    account, accounts = pd.factorize(pairs["account_id"], sort=True)
    rater, raters = pd.factorize(pairs["rater_id"], sort=True)
    fit = _facets(pairs["mean"].to_numpy(float), account, rater)
    count = seen.groupby("account_id").agg(raters=("rater_id", "nunique"), ratings=("item", "size"))
    table = pd.DataFrame(
        {
            "account_id": accounts,
            "score": np.clip(fit.mean + fit.account, 1, 5),
            "standard_error": fit.account_error,
            "raters": count["raters"].to_numpy(),
            "ratings": count["ratings"].to_numpy(),
        }
    )
    severity = pd.DataFrame(
        {
            "rater_id": raters,
            "severity": -fit.rater,
            "standard_error": fit.rater_error,
            "accounts": np.bincount(rater, minlength=len(raters)),
        }
    )
    items = pd.DataFrame({"item": ease.index, "ease": ease.to_numpy()}).assign(
        ratings=seen.groupby("item").size().to_numpy()
    )
    return Philosophy(table, severity, items, _reliability(fit, seen, len(pairs) / len(accounts)))


@dataclass(frozen=True, slots=True)
class _Facets:
    """Effects and their errors; arrays of shape (n_accounts,) and (n_raters,), and variances."""

    mean: float
    account: np.ndarray
    account_error: np.ndarray
    rater: np.ndarray
    rater_error: np.ndarray
    between_accounts: float
    between_raters: float
    left: float


def _facets(value: np.ndarray, account: np.ndarray, rater: np.ndarray) -> _Facets:
    """Fit value = mean + account + rater + error by REML (EM); the mean is fixed.

    The equations of the accounts are eliminated, so that only raters and the mean are solved for.
    """
    n, m = int(account.max()) + 1, int(rater.max()) + 1
    per_account, per_rater = np.bincount(account, minlength=n), np.bincount(rater, minlength=m)
    # what each account shares with the mean (first) and with every rater: mostly nothing
    places = (np.r_[np.arange(n), account], np.r_[np.zeros(n, int), rater + 1])
    shared = csr_matrix((np.r_[per_account, np.ones(len(account))], places), shape=(n, m + 1))
    of_account = np.bincount(account, value, n)
    of_rest = np.append(value.sum(), np.bincount(rater, value, m))
    spread = max(float(value.var()), 1e-6)
    between, severe, left = spread / 2, spread / 6, spread / 3
    for _ in range(_ROUNDS):
        inverse = 1 / (per_account + left / between)
        block = np.diag(np.append(len(value), per_rater + left / severe).astype(float))
        block[0, 1:] = block[1:, 0] = per_rater
        taken = diags(inverse) @ shared
        block = block - (taken.T @ shared).toarray()
        cover = np.linalg.inv(block)
        rest = cover @ (of_rest - shared.T @ (inverse * of_account))
        effect = inverse * (of_account - shared @ rest)
        effect_cover = inverse + np.asarray(taken.multiply(taken @ cover).sum(axis=1)).ravel()
        old = (between, severe, left)
        fitted = rest[0] + effect[account] + rest[1:][rater]
        between = max(float((effect**2).mean() + left * effect_cover.mean()), 1e-9)
        severe = max(float((rest[1:] ** 2).mean() + left * np.diag(cover)[1:].mean()), 1e-9)
        left = max(float(value @ (value - fitted)) / max(len(value) - 1, 1), 1e-9)
        if max(abs(a - b) for a, b in zip(old, (between, severe, left), strict=True)) < _CLOSE:
            break
    return _Facets(
        mean=float(rest[0]),
        account=effect,
        account_error=np.sqrt(old[2] * effect_cover),
        rater=rest[1:],
        rater_error=np.sqrt(old[2] * np.diag(cover)[1:]),
        between_accounts=between,
        between_raters=severe,
        left=left,
    )


def cronbach_alpha(answers: pd.DataFrame) -> float:
    """Say how far items measure one thing.

    Parameters
    ----------
    answers : pd.DataFrame of shape (n_answers, n_items)
        Rows with a missing item are left out.

    Returns
    -------
    float
        At most 1; NaN with fewer than two items, two whole rows, or no spread.

    References
    ----------
    .. [1] L. J. Cronbach, "Coefficient alpha and the internal structure of tests", Psychometrika
       16, 1951.

    Examples
    --------
    >>> cronbach_alpha(pd.DataFrame({"a": [1.0, 2, 3], "b": [1.0, 2, 3]}))
    1.0
    """
    whole = answers.dropna()
    items = whole.shape[1]
    total = float(whole.sum(axis=1).var()) if len(whole) > 1 else 0.0
    if items < 2 or not total > 0:
        return float("nan")
    return float(items / (items - 1) * (1 - whole.var().sum() / total))


def _reliability(fit: _Facets, seen: pd.DataFrame, raters: float) -> pd.DataFrame:
    """Say how far the ratings can be relied on."""
    wide = seen.pivot_table("value", ["account_id", "rater_id"], "item")
    whole = fit.between_accounts + fit.left
    rows = [
        ("cronbach_alpha", cronbach_alpha(wide), "How far the items measure one thing."),
        ("icc_agreement", fit.between_accounts / (whole + fit.between_raters),
         "One rater, severity left in: ICC(2,1)."),
        ("icc_consistency", fit.between_accounts / whole,
         "One rater, severity taken out: ICC(3,1)."),
        ("icc_of_mean", fit.between_accounts / (fit.between_accounts + fit.left / raters),
         "As many raters as an account has in the mean, severity taken out."),
        ("between_accounts", fit.between_accounts, "Variance between accounts, points squared."),
        ("between_raters", fit.between_raters, "Variance between raters."),
        ("left", fit.left, "Variance left between raters of one account."),
    ]  # fmt: skip
    return pd.DataFrame(rows, columns=["measure", "value", "meaning"])


def scores_from_behaviour(scores: pd.Series, behaviour: pd.DataFrame) -> pd.DataFrame:
    """Estimate the score of accounts that nobody rated from how they behave.

    Parameters
    ----------
    scores : pd.Series indexed by account_id
        Known scores, 1 to 5.
    behaviour : pd.DataFrame indexed by account_id
        Any of `PROXIES`, missing where unknown.

    Returns
    -------
    pd.DataFrame
        Indexed by account_id, accounts of `behaviour` without a score: `score` and
        `standard_error`. Empty where fewer than 30 scores are known, or behaviour explains less
        than a twentieth of their variance out of sample: a guess is no measure.
    """
    columns = [name for name in PROXIES if name in behaviour and behaviour[name].notna().any()]
    measured = behaviour[columns].astype(float)
    filled = measured.fillna(measured.median())
    design = ((filled - filled.mean()) / filled.std().replace(0.0, np.nan)).dropna(axis=1)
    known = scores.dropna().index.intersection(design.index)
    none = pd.DataFrame(columns=["score", "standard_error"], dtype=float)
    if len(known) < _FEWEST_RATED or design.shape[1] == 0:
        return none
    from sklearn.linear_model import RidgeCV  # takes seconds: not before it is needed

    penalties = np.geomspace(1, 1000, 10)
    model = RidgeCV(alphas=penalties, scoring="neg_mean_squared_error", store_cv_results=True)
    target = scores[known].to_numpy(float)
    model.fit(design.loc[known], target)
    error = -float(model.best_score_)
    if error > (1 - _WORTHWHILE) * float(target.var(ddof=1)):
        return none
    rest = design.index.difference(known)
    estimate = np.clip(model.predict(design.loc[rest]), 1, 5)
    return pd.DataFrame({"score": estimate, "standard_error": np.sqrt(error)}, index=rest)
