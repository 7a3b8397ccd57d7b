"""Who is leaving, what would be lost, and why: the list to work through."""

import numpy as np
import pandas as pd

from kamlab.churn.contributions import BASELINE, contributions
from kamlab.churn.features import REASONS
from kamlab.churn.model import ChurnModel
from kamlab.churn.panel import Panel

NO_TOPIC = ("its kind of company", "size", "short relationship")  # true, but nothing to speak about
LEAST_PART = 0.1  # log-odds below which a part is no reason
_EXPLAINED = 400


def churn_risk(
    panel: Panel,
    model: ChurnModel | None,
    probability: np.ndarray,
    *,
    explained: int = _EXPLAINED,
    seed: int = 0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rank today's accounts by what is expected to be lost, with reasons in words.

    Parameters
    ----------
    panel : Panel
        Its newest origin is today.
    model : ChurnModel or None
        Fitted; None where a simple rule is used, which has one reason only.
    probability : np.ndarray of shape (n_today,)
        Of leaving, in the order of today's rows.
    explained : int, default 400
        Accounts that get reasons: those with the highest expected loss.
    seed : int, default 0

    Returns
    -------
    risk : pd.DataFrame
        One row an account, the highest expected loss first: `account_id`, `probability` (of leaving
        within the label window), `gross_profit_at_risk` (probability times the last year's gross
        profit; net sales where no cost is known), `at_stake`, `reason_1` to `reason_3` (missing
        where nothing steady raises the probability).
    parts : pd.DataFrame
        Log-odds by reason of the accounts explained, indexed by `account_id`; empty without model.
    """
    rows = panel.rows
    today = (rows["origin"] == rows["origin"].max()).to_numpy()
    now = rows[today].reset_index(drop=True)
    risk = pd.DataFrame(
        {
            "account_id": now["account_id"],
            "probability": probability,
            "gross_profit_at_risk": probability * now["at_stake"],
            "at_stake": now["at_stake"],
        }
    )
    order = risk.sort_values(
        ["gross_profit_at_risk", "probability", "account_id"], ascending=[False, False, True]
    ).index
    parts = pd.DataFrame()
    reasons = pd.DataFrame(
        index=risk.index, columns=["reason_1", "reason_2", "reason_3"], dtype=str
    )
    if model is not None:
        measures = panel.measures[today].reset_index(drop=True)
        chosen = order[:explained]
        parts = steady_parts(model, measures.loc[chosen], measures, seed=seed)
        reasons.loc[chosen] = named_reasons(parts).to_numpy()
        parts = parts.set_axis(risk.loc[chosen, "account_id"], axis=0)
    else:
        reasons["reason_1"] = "silent beyond its rhythm"
    return pd.concat([risk, reasons], axis=1).loc[order].reset_index(drop=True), parts


def steady_parts(
    model: ChurnModel, table: pd.DataFrame, background: pd.DataFrame, *, seed: int = 0
) -> pd.DataFrame:
    """Give each reason's part of the log-odds, nought where it is not steady.

    Parameters
    ----------
    model : ChurnModel
    table, background : pd.DataFrame
        Accounts to explain, and those that stand for the usual one.
    seed : int, default 0

    Returns
    -------
    pd.DataFrame
        Indexed as the table, one column a reason. Two halves of the draws must agree in sign, and
        the smaller be at least half of the larger.
    """
    halves = [
        contributions(model, table, background, groups=REASONS, seed=seed + turn).drop(
            columns=BASELINE
        )
        for turn in range(2)
    ]
    mean = (halves[0] + halves[1]) / 2
    size = [half.abs() for half in halves]
    agree = (np.sign(halves[0]) == np.sign(halves[1])) & (
        np.minimum(*size) >= 0.5 * np.maximum(*size)
    )
    return mean.where(agree, 0.0)


def named_reasons(parts: pd.DataFrame, count: int = 3) -> pd.DataFrame:
    """Name what raises each account's probability most.

    Parameters
    ----------
    parts : pd.DataFrame
        From `steady_parts`.
    count : int, default 3

    Returns
    -------
    pd.DataFrame
        Indexed as the parts: `reason_1` … in falling order, missing below a tenth of log-odds.
        What nobody can speak about with the account (`NO_TOPIC`) is left out.
    """
    spoken = parts.drop(columns=list(NO_TOPIC), errors="ignore")
    values = spoken.to_numpy(float)
    order = np.argsort(-values, axis=1, kind="stable")[:, :count]
    names = np.array(spoken.columns, dtype=object)[order]
    sizes = np.take_along_axis(values, order, axis=1)
    names[sizes < LEAST_PART] = None
    columns = [f"reason_{place + 1}" for place in range(order.shape[1])]
    made = pd.DataFrame(names, index=parts.index, columns=columns)
    return made.reindex(columns=[f"reason_{place + 1}" for place in range(count)])
