"""Silence by own rhythm: ranks better than silence or overdue alone, and sees no label."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from kamlab.churn.rhythm import silence_odds


def _regular(count=1500, days=720, ahead=120, seed=3):
    """Accounts with Gamma-2 gaps of their own length, of which some stop; seen on one day."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        mean, leaves = rng.lognormal(3.2, 0.9), rng.exponential(1500)
        gaps = rng.gamma(2.0, mean / 2, 400)
        bought = np.floor(rng.uniform(0, 200) + np.cumsum(gaps))
        bought = bought[bought < min(leaves, days + ahead)]
        past = np.unique(bought[bought < days])
        if not len(past):
            continue
        between = np.diff(past)
        rows.append(
            {
                "account_id": number,
                "origin": pd.Timestamp("2024-01-01"),
                "order_days": len(past),
                "tenure_days": days - past[0],
                "days_since_last_order": days - past[-1],
                "gap_variation": between.std(ddof=1) / between.mean() if len(past) > 2 else np.nan,
                "gap_mean": between.mean() if len(past) > 1 else np.nan,
                "silent": float((bought < days).all()),
            }
        )
    return pd.DataFrame(rows)


def test_ranks_better_than_silence_or_being_overdue():
    table = _regular()
    odds = silence_odds(table, 120)
    overdue = (table["days_since_last_order"] / table["gap_mean"]).fillna(1.0)
    area = {
        name: roc_auc_score(table["silent"], score)
        for name, score in {
            "rhythm": odds,
            "silence": table["days_since_last_order"],
            "overdue": overdue,
        }.items()
    }
    assert area["rhythm"] > max(area["silence"], area["overdue"]) + 0.01
    share = (1 / (1 + np.exp(-odds))).mean()
    assert share == pytest.approx(table["silent"].mean(), rel=0.2)


def test_each_day_is_told_from_its_own_past():
    one, two = _regular(300, seed=1), _regular(300, seed=2)
    two["origin"] = pd.Timestamp("2024-06-01")
    two.loc[two["order_days"] > 1, "days_since_last_order"] = 1
    alone = silence_odds(one, 90)
    together = silence_odds(pd.concat([one, two], ignore_index=True), 90)
    assert np.array_equal(together[: len(one)], alone)


def test_where_hardly_anybody_came_back_nothing_is_told():
    table = _regular(60).assign(order_days=1)
    assert silence_odds(table, 90).isna().all()
