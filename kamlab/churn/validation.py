"""How well would the prediction have worked before, against the rules in use today?"""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy import stats
from scipy.special import expit, logit
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from kamlab.churn import metrics
from kamlab.churn.model import ChurnModel
from kamlab.churn.panel import JUDGED_OF_MANY, Panel

OURS, SILENCE, OVERDUE, BASE = (
    "this model",
    "no order for N days",
    "overdue by own rhythm",
    "all alike",
)
_MANY = 20_000  # accounts on a day from which a few days tell enough
_SETTLED = 10_000  # rows from which candidates compared on one day stand for the days after it
_TRUSTED = 100.0  # who left, with which the model counts half


def past_predictions(panel: Panel) -> tuple[pd.DataFrame, ChurnModel | None]:
    """Predict on each earlier day by each rule, having learnt only from what was over by then.

    Training rows end a whole label window before the day they are tested on: no outcome of a
    training row lies in the time that is being predicted.

    Parameters
    ----------
    panel : Panel

    Returns
    -------
    tuple of pd.DataFrame and ChurnModel or None
        Rows of the panel whose outcome is known and which could be predicted (of the latest four
        days where there are tens of thousands on each), with a column of probabilities for each of
        `RULES`; empty where no earlier day has anything to learn from. And the model whose settings
        stood for later days, and stand for today; None where each day compares anew.
    """
    rows, predicted, model = panel.rows, [], None
    known = rows["left"].notna()
    days = sorted(rows.loc[known, "origin"].unique())
    if known.sum() > _MANY * len(days):
        days = days[-JUDGED_OF_MANY:]
    for day in days:
        test = known & (rows["origin"] == day)
        train = known & (rows["origin"] <= day - pd.Timedelta(days=panel.label_days))
        if not train.any() or rows.loc[train, "left"].nunique() < 2:
            continue
        found, fitted = predictions(panel, train.to_numpy(), test.to_numpy(), like=model)
        predicted.append(rows[test].assign(**found))
        if train.sum() >= _SETTLED:
            model = fitted
    return (pd.concat(predicted) if predicted else pd.DataFrame()), model


def churn_backtest(predicted: pd.DataFrame, *, places: int = 20) -> pd.DataFrame:
    """Judge what each rule predicted on earlier days.

    Parameters
    ----------
    predicted : pd.DataFrame
        The first of what `past_predictions` gives.
    places : int, default 20
        Accounts that can be looked after.

    Returns
    -------
    pd.DataFrame
        One row a day and rule, and a day "all" for all days together: `origin` (text), `rule`,
        `accounts`, `events`, `auc`, `auc_low`, `auc_high` (missing with fewer than ten events),
        `brier`, `slope` (of calibration), `lift` (in the first tenth), `captured` (share of the
        profit that was lost with leavers which stood on the list of `places`, ranked by expected
        loss), `said`. Empty if `predicted` is.
    """
    if predicted.empty:
        return pd.DataFrame()
    judged = []
    pieces = [(str(day.date()), table) for day, table in predicted.groupby("origin")]
    for name, table in [*pieces, ("all", predicted)]:
        days = table["origin"].nunique()
        judged += [_judge(table, rule, name, places * days) for rule in RULES]
    return pd.DataFrame(judged)


def populations(predicted: pd.DataFrame, *, rule: str = OURS) -> pd.DataFrame:
    """Judge one rule on all accounts and on those that nobody had noticed yet.

    Accounts that are overdue by their own rhythm are easy to tell and often gone: a ranking of all
    flatters. What a manager can still act on are the others.

    Parameters
    ----------
    predicted : pd.DataFrame
        The first of what `past_predictions` gives.
    rule : str
        One of `RULES`.

    Returns
    -------
    pd.DataFrame
        One row a population: `population`, `accounts`, `events`, `left_share`, `auc`, `auc_low`,
        `auc_high` (missing with too few), `brier`, `slope` and `said`. Empty if `predicted` is.
    """
    if predicted.empty:
        return pd.DataFrame(columns=["population", "accounts", "events", "auc", "said"])
    late = predicted["overdue"].to_numpy(bool)
    parts = {
        "all at risk": np.ones(len(late), bool),
        "not yet overdue by their own rhythm": ~late,
        "overdue": late,
    }
    rows = []
    for name, chosen in parts.items():
        table = predicted[chosen]
        if len(table):
            found = _judge(table, rule, "all", 1)
            kept = ("accounts", "events", "auc", "auc_low", "auc_high", "brier", "slope", "said")
            share = float(table["left"].mean())
            rows.append({"population": name, "left_share": share, **{n: found[n] for n in kept}})
    return pd.DataFrame(rows)


def fitted_today(
    panel: Panel, rule: str, *, like: ChurnModel | None = None
) -> tuple[ChurnModel | None, np.ndarray]:
    """Learn from all that is over and predict today's accounts.

    Parameters
    ----------
    panel : Panel
        At least one account left and one stayed.
    rule : str
        One of `RULES`.
    like : ChurnModel, optional
        From `past_predictions`: what was judged on earlier days is then what is used today.

    Returns
    -------
    tuple of ChurnModel or None, and np.ndarray of shape (n_today,)
        The model where it is used, for its reasons; probabilities of today's rows in their order.
    """
    today = (panel.rows["origin"] == panel.rows["origin"].max()).to_numpy()
    learnt = panel.rows["left"].notna().to_numpy()
    found, model = predictions(panel, learnt, today, like=like)
    return (model if rule == OURS else None), found[rule]


RULES = (OURS, SILENCE, OVERDUE, BASE)


def predictions(
    panel: Panel, train: np.ndarray, test: np.ndarray, *, like: ChurnModel | None = None
) -> tuple[dict[str, np.ndarray], ChurnModel]:
    """Predict some rows by each rule, learnt on others.

    Parameters
    ----------
    panel : Panel
    train, test : np.ndarray of bool, shape (n_rows,)
    like : ChurnModel, optional
        Whose settings and weights are taken over, see `ChurnModel.fit`.

    Returns
    -------
    tuple of dict of str to np.ndarray of shape (n_test,), and ChurnModel
        Probability of leaving, by rule; and the model behind ours.
    """
    left = panel.rows["left"].to_numpy()[train]
    measures = panel.measures
    model = ChurnModel().fit(measures[train], left, time=panel.rows["origin"][train], like=like)
    odds = model.predict_log_odds(measures[test])
    silent = np.log1p(measures["days_since_last_order"].to_numpy(float))
    overdue = measures["gap_ratio"].fillna(measures["gap_ratio"].median()).fillna(0).to_numpy(float)
    # few who left: the model is drawn towards what rhythm and silence alone tell
    plain = [silent, overdue]
    if "silence_odds" in measures and measures["silence_odds"][train].notna().any():
        told = measures["silence_odds"]
        plain = [silent, told.fillna(told[train].median()).to_numpy(float)]
    trust = left.sum() / (left.sum() + _TRUSTED)
    simple = logit(_by_few(plain, left, train, test))
    found = {
        OURS: expit(trust * odds + (1 - trust) * simple),
        SILENCE: _by_few([silent], left, train, test),
        OVERDUE: _by_few([overdue], left, train, test),
        BASE: np.full(int(test.sum()), left.mean()),
    }
    return found, model


def _by_few(
    scores: Sequence[np.ndarray], left: np.ndarray, train: np.ndarray, test: np.ndarray
) -> np.ndarray:
    """Bring one measure or two to a probability, as a careful user of a rule would."""
    columns = np.column_stack(scores)
    scaler = StandardScaler().fit(columns[train])
    model = LogisticRegression(C=10.0).fit(scaler.transform(columns[train]), left)
    return model.predict_proba(scaler.transform(columns[test]))[:, 1]


def _judge(table: pd.DataFrame, rule: str, origin: str, places: int) -> dict[str, object]:
    """Judge one rule's predictions."""
    left, p = table["left"].to_numpy(), table[rule].to_numpy()
    area = metrics.auc(left, p)
    stake = table["at_stake"].to_numpy()
    return {
        "origin": origin,
        "rule": rule,
        "accounts": len(table),
        "events": int(left.sum()),
        "auc": area.value,
        "auc_low": area.low,
        "auc_high": area.high,
        "brier": float(((p - left) ** 2).mean()),
        "slope": metrics.calibration_line(left, p)[1] if left.sum() >= 10 else np.nan,
        "lift": metrics.lift(left, p),
        "captured": metrics.captured_at(p * stake, left * stake, places),
        "said": area.said,
    }


def clearly_worse(judged: pd.DataFrame) -> bool:
    """Say whether the model did worse than the best naive rule, in probability and in ranking.

    Parameters
    ----------
    judged : pd.DataFrame
        From `churn_backtest`.

    Returns
    -------
    bool
        The naive rule is then to be used.
    """
    whole = judged[judged["origin"] == "all"].set_index("rule")
    naive = whole.loc[[SILENCE, OVERDUE]]
    ours = whole.loc[OURS]
    return bool(ours["brier"] > naive["brier"].min() and not ours["auc"] > naive["auc"].max())


def drift(measures: pd.DataFrame, origin: pd.Series, *, level: float = 0.01) -> pd.DataFrame:
    """Say which measures of today's accounts are unlike those of earlier days.

    Parameters
    ----------
    measures : pd.DataFrame
        Of the panel.
    origin : pd.Series
        Day of each row; the newest is today.
    level : float, default 0.01
        Chance of a false alarm over all measures together.

    Returns
    -------
    pd.DataFrame
        `measure`, `index` (population stability index over quarters), `critical` (the index that
        chance exceeds once in `level` for groups of this size; the usual 0.1 and 0.25 are exceeded
        by chance alone where groups are small) and `drifts`.

    References
    ----------
    .. [1] B. Yurdakul, "Statistical properties of population stability index", dissertation, 2018
       (the index of two samples is about chi-square times 1/n + 1/m).
    """
    today = origin == origin.max()
    rows = []
    # age grows for everybody: that is no drift
    ageing = ["tenure_days", "order_days"]
    numbers = measures.select_dtypes("number").drop(columns=ageing, errors="ignore")
    for name in numbers:
        old, new = numbers.loc[~today, name].dropna(), numbers.loc[today, name].dropna()
        if len(old) < 20 or len(new) < 20 or old.nunique() < 2:
            continue
        edges = np.unique(np.quantile(old, [0.25, 0.5, 0.75]))
        a = np.bincount(np.searchsorted(edges, old), minlength=len(edges) + 1)
        b = np.bincount(np.searchsorted(edges, new), minlength=len(edges) + 1)
        p, q = (a + 0.5) / (a + 0.5).sum(), (b + 0.5) / (b + 0.5).sum()
        index = float(((p - q) * np.log(p / q)).sum())
        # rows of one account on several days are alike: count accounts once
        size = min(len(old), len(new) * 2)
        limit = stats.chi2.ppf(1 - level / numbers.shape[1], len(edges))
        rows.append((name, index, float(limit * (1 / size + 1 / len(new)))))
    table = pd.DataFrame(rows, columns=["measure", "index", "critical"])
    table["drifts"] = table["index"] > table["critical"]
    return table.sort_values("index", ascending=False, ignore_index=True)
