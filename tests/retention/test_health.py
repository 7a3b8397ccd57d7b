"""Health: parts by hand, weights that find what matters, nothing from the future, an honest AUC."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from kamlab.accounts.days import daily_sums
from kamlab.retention.health import PARTS, health_parts, health_scores, score
from kamlab.simulation import simulate

END = date(2026, 1, 1)


@pytest.fixture(scope="module")
def tables():
    return simulate("small", seed=3).tables


@pytest.fixture(scope="module")
def days(tables):
    return daily_sums(tables["orders"], END)


def _health(days, tables, **changed):
    known = {name: tables[name] for name in ("interactions", "survey_responses", "invoices")}
    return health_scores(days, END, **(known | changed))


def test_parts_of_one_account_by_hand():
    days = pd.DataFrame(
        {
            "account_id": "a",
            "day": pd.to_datetime(["2024-01-10", "2024-06-01", "2024-09-02", "2024-12-02"]),
            "net_sales": [50.0, 50.0, 50.0, 50.0],
            "gross_sales": 50.0,
            "discount": 5.0,
        }
    )
    interactions = pd.DataFrame(
        {
            "account_id": ["a", "a", "b"],
            "occurred_at": pd.to_datetime(["2024-09-02", "2025-02-01", "2024-12-30"]),
            "sentiment": [0.5, -1.0, 0.5],
        }
    )
    surveys = pd.DataFrame(
        {"account_id": "a", "wave": pd.to_datetime(["2024-05-15"] * 2), "score": [5, 2]}
    )
    invoices = pd.DataFrame(
        {
            "account_id": "a",
            "invoice_date": pd.to_datetime(["2024-06-01"]),
            "due_date": pd.to_datetime(["2024-07-01"]),
            "amount": 50.0,
            "paid_date": pd.to_datetime(["2024-07-31"]),
            "paid_amount": 50.0,
        }
    )
    row = health_parts(days, date(2025, 1, 1), interactions, surveys, invoices).iloc[0]

    assert row["contact"] == pytest.approx(100 * 0.5 ** (121 / 120))
    assert row["service"] == pytest.approx(75)  # mood 0.5; what comes later is not known yet
    assert row["satisfaction"] == pytest.approx(62.5)
    assert row["payment"] == pytest.approx(50)  # 30 days late
    assert row["benefit"] == pytest.approx(50)  # alone with itself
    # 30 days of silence after gaps near 92: usual by chance; half a year that keeps its pace
    chance, recent = 0.5 ** (30 / 92), 0.5 ** (30 / 90)
    assert row["purchase"] == pytest.approx(100 * (chance + 1 + recent) / 3, abs=0.5)


def test_of_very_many_weights_are_learnt_of_some_and_all_are_scored(days, tables, monkeypatch):
    whole = _health(days, tables)
    monkeypatch.setattr("kamlab.retention.health._MANY", 300)
    some = _health(days, tables)
    turned = {name: tables[name][::-1] for name in ("interactions", "survey_responses", "invoices")}
    again = _health(days[::-1], turned)

    parts = list(PARTS)
    pd.testing.assert_frame_equal(
        some.table[["account_id", *parts]], whole.table[["account_id", *parts]]
    )
    pd.testing.assert_series_equal(some.table["health"], again.table["health"])
    # of three quarters of the accounts the weights are nearly those of all
    apart = some.weights.set_index("part")["weight"] - whole.weights.set_index("part")["weight"]
    assert apart.abs().max() < 0.15
    last = {found.validation["accounts"].iloc[0] for found in (some, whole)}
    assert min(last) <= 300 < max(last)


def test_scores_and_parts_lie_in_their_range(days, tables):
    found = _health(days, tables)
    table = found.table

    assert table["account_id"].is_unique
    assert table[["health", *PARTS]].min().min() >= 0
    assert table[["health", *PARTS]].max().max() <= 100
    assert table["health"].notna().all()
    assert found.weights["weight"].sum() == pytest.approx(1)
    assert (found.weights["weight"] >= 0).all()
    assert table["weakest"].isin(PARTS).all()


def test_poor_health_foretells_leaving_out_of_time(days, tables):
    found = _health(days, tables)
    judged = found.validation.set_index(["scoring", "group"]).loc[("fitted weights", "all active")]

    assert found.fitted
    assert judged["low"] > 0.7
    assert judged["low"] < judged["auc"] < judged["high"]
    assert judged["lost"] >= 20


def test_parts_and_score_follow_what_is_true(days, tables):
    """Latent satisfaction, financial health and who has gone without a word."""
    truth = simulate("small", seed=3).truth["account"]
    truth = truth[["account_id", "active", "satisfaction", "health"]].add_prefix("true_")
    both = _health(days, tables).table.merge(
        truth, left_on="account_id", right_on="true_account_id"
    )

    assert both["satisfaction"].corr(both["true_satisfaction"]) > 0.5
    assert both["payment"].corr(both["true_health"]) > 0.5
    assert roc_auc_score(~both["true_active"], -both["health"]) > 0.85


def test_nothing_from_after_the_day_is_seen(tables):
    day = date(2024, 7, 1)
    whole = daily_sums(tables["orders"], END)
    cut = daily_sums(tables["orders"], day)
    late = {
        "interactions": "occurred_at", "survey_responses": "wave", "invoices": "invoice_date",
    }  # fmt: skip
    known = {n: tables[n][pd.to_datetime(tables[n][c]) < "2024-07-01"] for n, c in late.items()}
    before = health_parts(cut, day, *known.values())
    after = health_parts(whole, day, *(tables[name] for name in late))

    pd.testing.assert_frame_equal(before, after)


def test_orders_alone_are_enough(days):
    found = health_scores(days, END)

    assert found.table[["contact", "service", "satisfaction", "payment"]].isna().all().all()
    assert found.table["health"].notna().all()
    assert found.fitted


def test_with_few_losses_weights_are_equal_and_said(days):
    few = days[days["account_id"].isin(sorted(days["account_id"].unique())[:12])]
    found = health_scores(few, END)

    assert not found.fitted
    assert found.why.startswith("equal weights")
    used = found.weights.loc[found.weights["weight"] > 0, "weight"]
    assert np.ptp(used) == pytest.approx(0)


def test_a_short_history_is_not_validated(days):
    recent = days[pd.to_datetime(days["day"]) >= "2025-01-01"]
    found = health_scores(recent, END)

    assert found.validation.empty
    assert len(found.table)


def test_weights_go_to_the_part_that_matters():
    """Accounts with a long silence leave; payment is chance."""
    rng = np.random.default_rng(0)
    parts = pd.DataFrame(rng.uniform(0, 100, (3000, 6)), columns=list(PARTS))
    lost = rng.random(3000) < 1 / (1 + np.exp(0.08 * (parts["purchase"] - 20)))
    from kamlab.retention.health import _weights

    weights = _weights(parts.assign(lost=lost), pd.Series(1 / 6, list(PARTS)))

    assert weights["purchase"] > 0.85
    assert score(parts, weights).corr(parts["purchase"]) > 0.95


def test_accounts_of_one_order_each_have_no_rhythm_to_be_judged_by():
    days = pd.date_range("2023-01-05", "2025-12-20", freq="3D")
    rows = pd.DataFrame({"account_id": [f"a{n}" for n in range(len(days))], "day": days})
    rows["day"] = rows["day"].astype("datetime64[us]")
    found = health_scores(rows.assign(net_sales=5.0, gross_sales=5.0, discount=0.0), END)

    assert set(found.table["account_id"]) == set(rows[days >= "2025-01-01"]["account_id"])
    assert set(found.validation["group"]) <= {"all active"}
