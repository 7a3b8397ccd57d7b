"""What is each kind of action expected to do next time, having been tried only so often?"""

import numpy as np
import pandas as pd

from kamlab.churn.lifetimes import normal_quantile
from kamlab.retention.effects import FEWEST
from kamlab.retention.past_actions import covariates
from kamlab.retention.uplift import account_effects

_FEWEST = 10
# what an action of usual cost is thought to move yearly sales by before any was tried, as standard
# deviations: that which all kinds have in common, and each kind's own
_COMMON, _OWN = 0.15, 0.04
# how many kinds are thought to touch prices, how far those move the margin and how far the others
# do (standard deviations)
_TOUCHING, _FAR, _NEAR = 0.2, 0.05, 0.001


def effect_rates(around: pd.DataFrame) -> pd.DataFrame:
    """Estimate the effect of every kind on sales and on margin in one model, and shrink it.

    All kinds share the accounts which were considered and left alone, so each is known better than
    from its own campaign. With few trials the best of several noisy estimates is too good to be
    true: each is drawn in by how uncertain it is, towards what all kinds achieve for what is put
    into them. A cheap kind that seems to work wonders is believed less than a dear one.

    Parameters
    ----------
    around : pd.DataFrame
        From `past_actions.around_actions`.

    Returns
    -------
    pd.DataFrame
        One row a kind with ten treated rows or more, of five accounts or more: `kind`, `treated`,
        `cost` (median of the treated; missing if unknown), `sales_seen` and `margin_seen`
        (estimates as they are), `sales` (expected change of yearly sales, a share) with
        `sales_error`, `margin` (expected change of profit per sales; near none unless it is clear
        that the kind touches prices) with `margin_error`; the errors are standard deviations of
        what is expected. Empty if there are too few rows or accounts.

    References
    ----------
    .. [1] C. N. Morris, "Parametric empirical Bayes inference", JASA 78, 1983.
    .. [2] J. E. Smith and R. L. Winkler, "The optimizer's curse", Management Science 52, 2006.
    """
    columns = ["kind", "treated", "cost", "sales_seen", "sales", "sales_error"]
    columns += ["margin_seen", "margin", "margin_error"]
    done = around["treated"].astype(bool)
    counts = around.loc[done, "kind"].value_counts()
    told = around["sales_change"].notna()
    accounts = around[done & told].groupby("kind")["account_id"].nunique()
    kinds = sorted(set(counts.index[counts >= _FEWEST]) & set(accounts.index[accounts >= FEWEST]))
    alone = around.loc[~done & told, "account_id"]
    if not kinds or (~done).sum() < _FEWEST or alone.nunique() < FEWEST:
        return pd.DataFrame(columns=columns)
    used = around[~done | around["kind"].isin(kinds)]
    sales, sales_cov = _joint(used, used["sales_change"], kinds)
    margin, margin_cov = _joint(used, used["margin_change"], kinds)
    table = pd.DataFrame({"kind": kinds, "treated": counts[kinds].to_numpy()})
    paid = around[done].get("cost", pd.Series(np.nan, around.index[done]))
    table["cost"] = table["kind"].map(paid.groupby(around.loc[done, "kind"]).median())
    table["sales_seen"], table["margin_seen"] = sales, margin
    effort = table["cost"].where(table["cost"] > 0)
    effort = effort.fillna(effort.median()).fillna(1.0).to_numpy(float)
    table["sales"], table["sales_error"] = shrink(sales, sales_cov, effort=effort)
    table["margin"], table["margin_error"] = mostly_near(margin, np.sqrt(np.diag(margin_cov)))
    return table[columns]


def rates_by_account(
    around: pd.DataFrame, rates: pd.DataFrame, standing: pd.DataFrame, *, confidence: float = 0.95
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give accounts effects of their own where a ranking by effect shows a signal.

    Parameters
    ----------
    around, rates : pd.DataFrame
        From `past_actions.around_actions` and `effect_rates`.
    standing : pd.DataFrame
        From `recent.account_standing`.
    confidence : float, default 0.95
        Of the intervals of all kinds together (Bonferroni), which must lie above zero.

    Returns
    -------
    rates : pd.DataFrame
        As `effect_rates`, one row an account and kind with `account_id`: the rate of the kind,
        moved for each account by what sets its effect apart, where that shows.
    rankings : pd.DataFrame
        One row a kind: `kind`, `qini`, `auuc` and `gain` (share of sales), each with `…_low` and
        `…_high`, and `told_apart`: whether accounts have effects of their own.
    """
    # several kinds are tried: a ranking by chance would cost most of what a plan can gain
    together = 1 - (1 - confidence) / max(len(rates), 1)
    features = covariates(around.drop(columns="campaign", errors="ignore"))
    ask = covariates(standing)
    ask.index = pd.Index(standing["account_id"], name="account_id")
    names = [f"{name}{end}" for name in ("qini", "auuc", "gain") for end in ("", "_low", "_high")]
    parts, rows = [], []
    for rate in rates.to_dict("records"):
        mine = around["kind"] == rate["kind"]
        done = around.loc[mine, "treated"].astype(bool)
        own = pd.DataFrame([rate]).merge(standing[["account_id"]], how="cross")
        parts.append(own)
        of_accounts = around.loc[mine].groupby(done)["account_id"].nunique()
        if min(done.sum(), (~done).sum()) < 2 * _FEWEST or of_accounts.min() < 2 * FEWEST:
            continue
        found = account_effects(
            features[mine],
            around.loc[mine, "sales_change"],
            done,
            ask,
            weights=around.loc[mine, "precision"],
            clusters=around.loc[mine, "account_id"],
            confidence=together,
        )
        told = found.ranking
        said = {name: getattr(told, name) for name in names}
        rows.append({"kind": rate["kind"]} | said | {"told_apart": not found.flat})
        if not found.flat:
            apart = found.table["effect"] - found.table["effect"].mean()
            width = (found.table["high"] - found.table["low"]) / (2 * normal_quantile(together))
            own["sales"] += apart.to_numpy()
            own["sales_error"] = np.hypot(own["sales_error"], width.to_numpy())
    rankings = pd.DataFrame(rows, columns=["kind", *names, "told_apart"])
    everyone = pd.concat(parts, ignore_index=True) if parts else rates.assign(account_id=[])
    return everyone, rankings


def _joint(
    used: pd.DataFrame, outcome: pd.Series, kinds: list[str]
) -> tuple[np.ndarray, np.ndarray]:
    """Regress an outcome on all kinds at once; give their effects and covariance by account."""
    seen = outcome.notna()
    if used.loc[seen, "account_id"].nunique() < FEWEST:
        return np.zeros(len(kinds)), np.zeros((len(kinds), len(kinds)))  # nothing is known
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
    seen: np.ndarray, covariance: np.ndarray, *, effort: np.ndarray | None = None
) -> tuple[np.ndarray, np.ndarray]:
    """Draw noisy estimates in, to what is expected of actions before any was tried.

    Before any trial, effects lie around zero. How far follows the effort: in part by a return on
    effort which all kinds have in common (15 % of yearly sales for usual effort, one standard
    deviation), in part by each kind's own (4 % for usual effort, growing with its root).

    Parameters
    ----------
    seen : np.ndarray of shape (k,)
    covariance : np.ndarray of shape (k, k)
        Of the errors of the estimates.
    effort : np.ndarray of shape (k,), optional
        What is put into an action of each kind, such as its cost, above zero; by default the same.

    Returns
    -------
    expected, error : np.ndarray of shape (k,)
        Means and standard deviations of what is expected.

    References
    ----------
    .. [1] D. V. Lindley and A. F. M. Smith, "Bayes estimates for the linear model", Journal of the
       Royal Statistical Society B 34, 1972.

    Examples
    --------
    Two estimates seem alike; the one that takes twice the effort is believed more:

    >>> shrink(np.array([0.1, 0.1]), 0.06**2 * np.eye(2), effort=np.array([2.0, 1.0]))[0].round(3)
    array([0.107, 0.065])
    """
    put = np.ones(len(seen)) if effort is None else np.asarray(effort, float)
    put = put / np.sqrt((put**2).mean())
    prior = _COMMON**2 * np.outer(put, put) + _OWN**2 * np.diag(put)
    keep = prior @ np.linalg.inv(covariance + prior)
    return keep @ seen, np.sqrt(np.diag(prior - keep @ prior).clip(0))


def mostly_near(seen: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Draw estimates in where most true values lie near zero and a few far from it.

    Few actions touch prices; on large sales a little noise of margin would outweigh all else. One
    kind in five is thought to move the margin by some five points (one standard deviation), the
    others by a tenth of a point.

    Parameters
    ----------
    seen, error : np.ndarray of shape (k,)
        Estimates and their standard deviations, as parts of one.

    Returns
    -------
    expected, error : np.ndarray of shape (k,)
        Means and standard deviations of what is expected; the doubt whether a kind touches prices
        at all is in them.

    References
    ----------
    .. [1] T. J. Mitchell and J. J. Beauchamp, "Bayesian variable selection in linear regression",
       JASA 83, 1988 (spike and slab).

    Examples
    --------
    Half a point may be chance, five points are not:

    >>> expected, error = mostly_near(np.array([0.005, -0.05]), np.array([0.008, 0.008]))
    >>> expected.round(3), error.round(3)
    (array([ 0.   , -0.049]), array([0.002, 0.008]))
    """
    weights, means, spreads = [], [], []
    for share, prior in ((_TOUCHING, _FAR), (1 - _TOUCHING, _NEAR)):
        total = error**2 + prior**2
        weights.append(np.log(share) - 0.5 * np.log(total) - 0.5 * seen**2 / total)
        means.append(seen * prior**2 / total)
        spreads.append(error**2 * prior**2 / total)
    far = 1 / (1 + np.exp(np.clip(weights[1] - weights[0], -700, 700)))
    expected = far * means[0] + (1 - far) * means[1]
    apart = far * (1 - far) * (means[0] - means[1]) ** 2
    return expected, np.sqrt(far * spreads[0] + (1 - far) * spreads[1] + apart)
