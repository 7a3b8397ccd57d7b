"""What did each wave of the survey say, of whom, and did the dissatisfied leave?"""

from datetime import date, timedelta

import numpy as np
import pandas as pd

from kamlab.accounts.engine import as_day
from kamlab.retention.satisfaction import response_weights

OVERALL = "overall"
_FEATURES = ("net_sales_12m", "sales_growth", "days_since_last_order", "orders_12m")
_GROUPS = {1: "dissatisfied (1-2)", 2: "dissatisfied (1-2)", 3: "no opinion (3)",
           4: "satisfied (4-5)", 5: "satisfied (4-5)"}  # fmt: skip
_FEWEST = 5


def wide_answers(responses: pd.DataFrame) -> pd.DataFrame:
    """Give one row an account and wave, one column an item.

    Parameters
    ----------
    responses : pd.DataFrame
        Canonical survey responses: `account_id`, `wave`, `item`, `score`.

    Returns
    -------
    pd.DataFrame
        `account_id`, `wave`, the items, and `overall`: the item of that name, or the mean of the
        items where nobody was asked for it. Several answers of an account in a wave are averaged.
    """
    wide = responses.pivot_table(
        index=["account_id", "wave"], columns="item", values="score", aggfunc="mean"
    ).rename_axis(columns=None)
    named = [name for name in wide if str(name).strip().casefold().startswith(OVERALL)]
    if named:
        wide = wide.rename(columns={named[0]: OVERALL})
    else:
        wide[OVERALL] = wide.mean(axis=1)
    return wide.reset_index()


def weighted_wave(answers: pd.DataFrame, wave: pd.Timestamp, facts: pd.DataFrame) -> pd.DataFrame:
    """Weigh the answers of a wave by how likely accounts like each were to answer.

    Parameters
    ----------
    answers : pd.DataFrame
        From `wide_answers`.
    wave : pd.Timestamp
        Which.
    facts : pd.DataFrame
        Account facts on the day of the wave, or of its first answer where answers were taken
        together; accounts that bought in the year before it are those who could have been asked.

    Returns
    -------
    pd.DataFrame
        The wave's answers of accounts in `facts`, with `weight` (adding up to the number of
        accounts that could have been asked) and `design_effect`.

    Raises
    ------
    ValueError
        If nobody of them answered.
    """
    asked = facts[facts["net_sales_12m"] > 0].reset_index(drop=True)
    mine = answers[answers["wave"] == wave]
    features = asked[list(_FEATURES)].copy()
    for name in ("net_sales_12m", "orders_12m", "days_since_last_order"):
        features[name] = np.log1p(features[name].clip(lower=0))
    features["sales_growth"] = features["sales_growth"].clip(-1, 2)
    features = features.fillna(features.median()).fillna(0.0)
    frame = asked[["account_id"]].assign(design_weight=1.0)
    answered = asked["account_id"].isin(mine["account_id"])
    weights = response_weights(frame, answered, features)
    return mine.merge(weights[["account_id", "weight", "design_effect"]], on="account_id")


def known_before(
    facts: pd.DataFrame,
    wave: pd.Timestamp,
    *,
    answers: pd.DataFrame | None = None,
    interactions: pd.DataFrame | None = None,
    accounts: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Give what was known before a wave of every account that could have been asked.

    Parameters
    ----------
    facts : pd.DataFrame
        Account facts on the day of the wave.
    wave : pd.Timestamp
        Its day, or that of its first answer where answers were taken together: what came after
        an answer must not explain it.
    answers : pd.DataFrame, optional
        From `wide_answers`; earlier waves count.
    interactions, accounts : pd.DataFrame, optional
        Canonical tables: mood and complaints of the year before; who has a manager.

    Returns
    -------
    pd.DataFrame
        One row an account that bought in the year before, by `account_id`: numbers that may be
        missing, for `silent.reckon_silent`.
    """
    asked = facts[facts["net_sales_12m"] > 0].set_index("account_id")
    table = pd.DataFrame(
        {
            "sales": np.log1p(asked["net_sales_12m"]),
            "orders": np.log1p(asked["orders_12m"].clip(lower=0)),
            "silence": np.log1p(asked["days_since_last_order"].clip(lower=0)),
            "growth": asked["sales_growth"].clip(-1, 2),
            "returns": asked["returns_rate"].clip(0, 1),
        }
    )
    if answers is not None and (answers["wave"] < wave).any():
        past = answers[answers["wave"] < wave].groupby("account_id")[OVERALL].agg(["mean", "size"])
        table["earlier score"] = past["mean"].reindex(table.index)
        table["earlier answers"] = past["size"].reindex(table.index).fillna(0.0)
    if interactions is not None and "account_id" in interactions and len(interactions):
        when = pd.to_datetime(interactions["occurred_at"])
        inside = (when < wave) & (when >= wave - timedelta(days=365))
        said = interactions[inside & interactions["account_id"].notna()]
        counts = said.groupby("account_id").size()
        table["contacts"] = np.log1p(counts.reindex(table.index).fillna(0.0))
        if "sentiment" in said:
            table["mood"] = said.groupby("account_id")["sentiment"].mean().reindex(table.index)
        if "topic" in said:
            bad = (
                said["topic"]
                .astype("string")
                .fillna("")
                .str.contains("complain|claim|投诉", case=False)
            )
            share = bad.groupby(said["account_id"]).mean()
            table["complaints"] = share.reindex(table.index)
    if accounts is not None and "manager_id" in accounts:
        managed = accounts.drop_duplicates("account_id").set_index("account_id")["manager_id"]
        table["managed"] = managed.notna().astype(float).reindex(table.index).fillna(0.0)
    return table


def leaving_by_answer(
    answers: pd.DataFrame, daily: pd.DataFrame, as_of: date | str, *, days: int = 180
) -> pd.DataFrame:
    """Say what share of accounts bought nothing for so many days after they had answered.

    Parameters
    ----------
    answers : pd.DataFrame
        From `wide_answers`; of answers taken together, through `gathering.on_last_day`.
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen; waves whose days ahead are not over by then are left out.
    days : int, default 180

    Returns
    -------
    pd.DataFrame
        `answer` (dissatisfied, no opinion, satisfied), `answers`, `left`, `share`, `low` and `high`
        (90 % Wilson interval). Groups of fewer than five are left out.
    """
    from statsmodels.stats.proportion import proportion_confint

    end = pd.Timestamp(as_day(as_of))
    known = answers[answers["wave"] + timedelta(days=days) <= end].dropna(subset=[OVERALL])
    bought = daily.loc[daily["net_sales"] > 0, ["account_id", "day"]]
    pairs = known[["account_id", "wave"]].merge(bought, on="account_id")
    ahead = (pairs["day"] >= pairs["wave"]) & (pairs["day"] < pairs["wave"] + timedelta(days=days))
    came = pairs[ahead].drop_duplicates(["account_id", "wave"])
    stayed = pd.MultiIndex.from_frame(came[["account_id", "wave"]])
    here = pd.MultiIndex.from_frame(known[["account_id", "wave"]])
    table = known.assign(
        left=~here.isin(stayed), answer=known[OVERALL].round().clip(1, 5).map(_GROUPS)
    )
    rows = []
    for answer, group in table.groupby("answer"):
        if len(group) >= _FEWEST:
            left = int(group["left"].sum())
            low, high = proportion_confint(left, len(group), alpha=0.1, method="wilson")
            rows.append((answer, len(group), left, left / len(group), low, high))
    return pd.DataFrame(rows, columns=["answer", "answers", "left", "share", "low", "high"])
