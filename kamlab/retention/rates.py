"""What is each kind of action expected to do next time, having been tried only so often?"""

import numpy as np
import pandas as pd

from kamlab.retention.past_actions import covariates

_FEWEST = 10


def effect_rates(around: pd.DataFrame) -> pd.DataFrame:
    """Estimate the effect of every kind on sales and on margin in one model, and shrink it.

    All kinds share the accounts which were considered and left alone, so each is known better than
    from its own campaign. With few trials the best of several noisy estimates is too good to be
    true: each is drawn towards zero by how uncertain it is.

    Parameters
    ----------
    around : pd.DataFrame
        From `past_actions.around_actions`.

    Returns
    -------
    pd.DataFrame
        One row a kind with ten treated rows or more: `kind`, `treated`, `cost` (median of the
        treated; missing if unknown), `sales_seen` and `margin_seen` (estimates as they are),
        `sales` (expected change of yearly sales, a share) with `sales_error`, `margin` (change of
        profit per sales) with `margin_error`; the errors are standard deviations of what is
        expected. Empty if there are too few rows.

    References
    ----------
    .. [1] C. N. Morris, "Parametric empirical Bayes inference", JASA 78, 1983.
    .. [2] J. E. Smith and R. L. Winkler, "The optimizer's curse", Management Science 52, 2006.
    """
    columns = ["kind", "treated", "cost", "sales_seen", "sales", "sales_error"]
    columns += ["margin_seen", "margin", "margin_error"]
    done = around["treated"].astype(bool)
    counts = around.loc[done, "kind"].value_counts()
    kinds = sorted(counts[counts >= _FEWEST].index)
    if not kinds or (~done).sum() < _FEWEST:
        return pd.DataFrame(columns=columns)
    used = around[~done | around["kind"].isin(kinds)]
    sales, sales_cov = _joint(used, used["sales_change"], kinds)
    margin, margin_cov = _joint(used, used["margin_change"], kinds)
    table = pd.DataFrame({"kind": kinds, "treated": counts[kinds].to_numpy()})
    paid = around[done].get("cost", pd.Series(np.nan, around.index[done]))
    table["cost"] = table["kind"].map(paid.groupby(around.loc[done, "kind"]).median())
    table["sales_seen"], table["margin_seen"] = sales, margin
    table["sales"], table["sales_error"] = shrink(sales, sales_cov)
    # an action is not expected to touch prices, so each margin stands against zero by itself
    table["margin_error"] = np.sqrt(np.diag(margin_cov))
    table["margin"] = towards_zero(margin, table["margin_error"].to_numpy())
    return table[columns]


def _joint(
    used: pd.DataFrame, outcome: pd.Series, kinds: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Regress an outcome on all kinds at once; give their effects and covariance by account."""
    seen = outcome.notna()
    rows, y = used[seen], outcome[seen].to_numpy(float)
    done = rows["treated"].astype(bool)
    treated = [((rows["kind"] == kind) & done).to_numpy(float) for kind in kinds]
    known = covariates(rows)
    known = known.fillna(known.median()).fillna(0.0)
    x = np.column_stack([*treated, np.ones(len(rows)), known.to_numpy()])
    weight = rows["precision"].to_numpy()
    inverse = np.linalg.pinv((x * weight[:, None]).T @ x)
    slopes = inverse @ (x * weight[:, None]).T @ y
    code, names = pd.factorize(rows["account_id"])
    scores = x * (weight * (y - x @ slopes))[:, None]
    sums = np.zeros((len(names), x.shape[1]))
    np.add.at(sums, code, scores)
    n, k = x.shape
    correction = len(names) / (len(names) - 1) * (n - 1) / max(n - k, 1)
    covariance = inverse @ (sums.T @ sums) @ inverse * correction
    return slopes[: len(kinds)], covariance[: len(kinds), : len(kinds)]


def shrink(
    seen: np.ndarray, covariance: np.ndarray, *, spread: float = 0.15
) -> tuple[np.ndarray, np.ndarray]:
    """Draw noisy estimates in, to what is expected of actions before any was tried.

    Parameters
    ----------
    seen : np.ndarray of shape (k,)
    covariance : np.ndarray of shape (k, k)
        Of the errors of the estimates.
    spread : float, default 0.15
        Before any trial, effects are thought to lie around zero with this standard deviation: a
        change of yearly sales by 15 % either way is nothing unusual.

    Returns
    -------
    expected, error : np.ndarray of shape (k,)
        Means and standard deviations of what is expected.

    Examples
    --------
    An estimate as uncertain as the effects are spread counts half, a certain one whole:

    >>> shrink(np.array([0.1, 0.1]), np.diag([0.15**2, 1e-8]))[0].round(3)
    array([0.05, 0.1 ])
    """
    keep = spread**2 * np.linalg.inv(covariance + spread**2 * np.eye(len(seen)))
    posterior = spread**2 * (np.eye(len(seen)) - keep)
    return keep @ seen, np.sqrt(np.diag(posterior).clip(0))


def towards_zero(seen: np.ndarray, error: np.ndarray) -> np.ndarray:
    """Draw each estimate towards zero, as far as it could be chance (positive-part James-Stein).

    Parameters
    ----------
    seen, error : np.ndarray of shape (k,)

    Examples
    --------
    >>> towards_zero(np.array([0.01, -0.05]), np.array([0.01, 0.01])).round(3)
    array([ 0.   , -0.048])
    """
    return np.asarray(seen * (1 - (error / np.where(seen == 0, np.inf, seen)) ** 2).clip(0))
