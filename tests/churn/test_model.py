"""The classifier on messy tables: telco's published level, truth that is known, and order."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import StratifiedKFold

from kamlab.churn import metrics
from kamlab.churn.blending import splits_by_chance, splits_by_time
from kamlab.churn.candidates import Logistic
from kamlab.churn.columns import MessyColumns
from kamlab.churn.leaking import leaks
from kamlab.churn.model import ChurnModel


@pytest.fixture(scope="module")
def telco(shared_data):
    table = pd.read_csv(next(iter(sorted(shared_data("telco").glob("*.csv")))))
    return table.drop(columns="Churn"), (table["Churn"] == "Yes").to_numpy()


def _folds(table, left, seed, folds=5):
    p = np.zeros(len(left))
    aucs = []
    for train, test in StratifiedKFold(folds, shuffle=True, random_state=seed).split(p, left):
        model = ChurnModel().fit(table.iloc[train], left[train])
        p[test] = model.predict_proba(table.iloc[test])[:, 1]
        aucs.append(roc_auc_score(left[test], p[test]))
    return np.mean(aucs), p


def test_telco_as_it_is(telco):
    """One split of the five; blanks in TotalCharges, customerID left in."""
    table, left = telco
    train, test = next(iter(StratifiedKFold(5, shuffle=True, random_state=1).split(table, left)))
    model = ChurnModel().fit(table.iloc[train], left[train])
    p = model.predict_proba(table.iloc[test])[:, 1]

    assert roc_auc_score(left[test], p) > 0.83  # one fold: the spread between folds is 0.008
    assert "customerID" in model.columns_.left_out_
    kinds = {column.name: column.kind for column in model.columns_.columns_}
    assert kinds["TotalCharges"] == "number"
    losses = model.scores_.set_index("candidate")["log_loss"]
    assert losses["blend"] <= losses.min() + 0.001


@pytest.mark.slow
def test_telco_reaches_the_published_level(telco):
    table, left = telco
    found = [_folds(table, left, seed) for seed in range(3)]
    brier = np.mean([((p - left) ** 2).mean() for _, p in found])
    slope = np.mean([metrics.calibration_line(left, p).slope for _, p in found])

    assert np.mean([auc for auc, _ in found]) >= 0.850
    assert brier <= 0.1332
    assert 0.97 <= slope <= 1.03


def _drawn(count, seed=0, *, interact=False, rare=False):
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(rng.normal(size=(count, 8)), columns=[f"x{k}" for k in range(8)])
    odds = table["x0"] + np.abs(table["x1"]) - 1.2
    if interact:
        odds = 2.5 * np.sign(table["x0"] * table["x1"]) + np.sign(table["x2"] * table["x3"]) - 0.3
    if rare:
        odds = odds - 4
    return table, (rng.random(count) < expit(odds)), expit(odds)


@pytest.mark.parametrize("kind", ["smooth", "interact", "rare"])
def test_near_the_best_of_plain_models_whatever_the_truth(kind):
    how = {} if kind == "smooth" else {kind: True}
    table, left, _ = _drawn(3000, **how)
    later, came, truth = _drawn(6000, seed=9, **how)
    ours = log_loss(came, ChurnModel().fit(table, left).predict_proba(later)[:, 1])
    others = [
        log_loss(came, model.fit(table, left).predict_proba(later)[:, 1])
        for model in (
            LogisticRegression(),
            HistGradientBoostingClassifier(random_state=0),
            HistGradientBoostingClassifier(
                max_iter=150, learning_rate=0.05, max_leaf_nodes=8, random_state=0
            ),
        )
    ]
    assert ours <= min(others) + 0.01
    assert ours >= log_loss(came, truth) - 0.01


def test_order_of_rows_and_columns_changes_nothing():
    table, left, _ = _drawn(900)
    table["where"] = np.where(table["x2"] > 0, "north", "south")
    plain = ChurnModel().fit(table, left).predict_proba(table)[:, 1]
    turned = table[table.columns[::-1]]
    assert np.array_equal(ChurnModel().fit(turned, left).predict_proba(table)[:, 1], plain)
    order = np.random.default_rng(0).permutation(900)
    mixed = ChurnModel().fit(table.iloc[order], left[order])
    assert np.array_equal(mixed.predict_proba(table)[:, 1], plain)
    assert np.array_equal(mixed.predict_proba(turned.iloc[order])[:, 1], plain[order])


def test_a_messy_monday_table():
    table, left, _ = _drawn(400)
    rng = np.random.default_rng(1)
    messy = pd.DataFrame(
        {
            "account_no": np.arange(400) + 70_000,
            "name": [f"Company {k} GmbH" for k in range(400)],
            "sales": [f"{value:.2f}" if value > -1 else " " for value in table["x0"]],
            "since": pd.Timestamp("2020-01-01") + pd.to_timedelta(rng.integers(0, 900, 400), "D"),
            "region": pd.Categorical(rng.choice(["N", "S", "W"], 400)),
            "active": rng.random(400) > 0.5,
            "nothing": np.nan,
            "always": "yes",
            "x1": table["x1"].where(rng.random(400) > 0.2),
            "note": [None if k % 3 else "ok" for k in range(400)],
        }
    )
    model = ChurnModel().fit(messy, np.where(left, "Yes", "No"))
    assert set(model.columns_.left_out_) == {"account_no", "name", "nothing", "always"}
    assert model.classes_.tolist() == ["No", "Yes"]
    new = messy.head(3).assign(region="nowhere", sales=["?", "7", None], x1=np.inf)
    p = model.predict_proba(new)
    assert np.isfinite(p).all()
    assert np.allclose(p.sum(axis=1), 1)
    with pytest.raises(ValueError, match="lacks columns it was fitted on: sales"):
        model.predict_proba(messy.drop(columns="sales"))
    with pytest.raises(ValueError, match="twice"):
        model.fit(pd.concat([messy, messy[["sales"]]], axis=1), left)
    with pytest.raises(ValueError, match="1 value"):
        model.fit(messy, np.zeros(400))
    with pytest.raises(ValueError, match=r"missing \(NaN\) in row 2"):
        model.fit(messy.head(4), [0, 1, None, 1])


def test_few_churners_get_the_plain_model():
    table, left, _ = _drawn(150, rare=True)
    left[:3] = True
    model = ChurnModel().fit(table, left)
    assert list(model.weights_.index) == ["logistic"]
    p = model.predict_proba(table)[:, 1]
    assert p.mean() == pytest.approx(left.mean(), abs=0.03)


def test_later_rows_judge_where_days_are_given():
    """What is told by a column until the last months, and no longer then, is not believed."""
    table, left, _ = _drawn(1600)
    days = np.repeat(pd.date_range("2024-01-01", periods=8, freq="MS"), 200)
    table["told"] = np.where(days < "2024-06-01", left * 2.0, 0) + table["x7"]
    by_chance = ChurnModel().fit(table, left)
    by_time = ChurnModel(label_days=31).fit(table, left, time=days)
    assert by_time.scores_["auc"].iloc[-1] < by_chance.scores_["auc"].iloc[-1] - 0.05


def test_time_splits_leave_a_gap_and_groups_stay_together():
    rng = np.random.default_rng(0)
    left = (rng.random(1200) < 0.3).astype(float)
    days = np.repeat(np.arange("2024-01", "2025-01", dtype="M8[M]").astype("M8[s]"), 100)
    made = splits_by_time(left, days, 90, 25)
    assert len(made) == 5
    for train, test in made:
        assert (days[test].min() - days[train].max()) >= np.timedelta64(90, "D")
        assert len(np.unique(days[test])) == 1
    many = splits_by_time(left, np.sort(days + rng.integers(0, 2_500_000, 1200)), 90, 25)
    assert 0 < len(many) <= 5
    accounts = rng.integers(0, 200, 1200)
    for train, test in splits_by_chance(left, 5, 0, accounts):
        assert not set(accounts[train]) & set(accounts[test])


@settings(max_examples=15)
@given(
    st.lists(
        st.one_of(st.none(), st.floats(allow_nan=True), st.text(max_size=3), st.booleans()),
        min_size=30,
        max_size=30,
    )
)
def test_any_column_is_either_coded_or_left_out(values):
    table = pd.DataFrame({"odd": pd.Series(values, dtype=object), "good": np.arange(30.0) % 7})
    columns = MessyColumns().fit(table)
    coded = columns.transform(table)
    assert {column.name for column in columns.columns_} | set(columns.left_out_) == {"odd", "good"}
    assert np.isfinite(coded.flags).all()
    assert not np.isinf(coded.numbers).any()
    model = ChurnModel().fit(table, np.arange(30) % 2)
    assert np.isfinite(model.predict_proba(table)).all()


def test_a_planted_leak_is_reported_however_it_is_written():
    table, left, _ = _drawn(500)
    assert leaks(table, left).empty
    day = pd.Timestamp("2024-05-01") + pd.to_timedelta(np.arange(500) % 60, "D")
    planted = table.assign(
        amount=left * 1.0 + 0.01 * table["x5"],
        closed_on=pd.Series(day).where(left),
        status=np.where(left, np.where(table["x0"] > 0, "lost", "gone"), "active"),
        either_end=np.where(left, np.sign(table["x1"]) * 9, table["x2"]),
    )
    found = leaks(planted, left)
    assert set(found["column"]) == {"amount", "closed_on", "status", "either_end"}
    assert leaks(planted.head(4), [True, False, False, False]).empty


def test_of_very_many_rows_some_are_drawn_and_the_order_of_all_does_not_matter(monkeypatch):
    monkeypatch.setattr("kamlab.churn.model.MOST_LEARNT", 1500)
    table, left, _ = _drawn(6000)
    day = pd.Series(pd.Timestamp("2024-01-01") + pd.to_timedelta(np.arange(6000) % 4 * 40, "D"))
    turned = np.random.default_rng(1).permutation(6000)
    later, came, truth = _drawn(4000, seed=9)
    one = ChurnModel(label_days=30).fit(table, left, time=day)
    two = ChurnModel(label_days=30).fit(table.iloc[turned], left[turned], time=day[turned])
    p = one.predict_proba(later)[:, 1]

    assert two.predict_proba(later)[:, 1] == pytest.approx(p, abs=1e-9)
    assert roc_auc_score(came, p) > roc_auc_score(came, truth) - 0.02


def test_large_steps_lead_where_small_ones_lead(monkeypatch):
    """Newton's method on many rows, limited memory on few: one optimum."""
    table, left, _ = _drawn(3000)
    small = ChurnModel().fit(table, left).predict_log_odds(table)
    monkeypatch.setattr("kamlab.churn.candidates.MANY_ROWS", 0)
    stepped = ChurnModel().fit(table, left)
    lines = [one.parts["model"] for one in stepped.fitted_ if isinstance(one, Logistic)]

    assert {line.solver for line in lines} == {"newton-cholesky"}
    assert np.abs(small - stepped.predict_log_odds(table)).max() < 0.02


def test_what_another_found_by_comparing_is_taken_over():
    """On the same rows the copy is the same model; on others it learns those anew."""
    table, left, _ = _drawn(1500)
    later, _, truth = _drawn(4000, seed=9)
    first = ChurnModel().fit(table, left)
    again = ChurnModel().fit(table, left, like=first)
    np.testing.assert_allclose(again.predict_log_odds(later), first.predict_log_odds(later))

    turned = ChurnModel().fit(table, ~left, like=first).predict_proba(later)[:, 1]
    assert np.corrcoef(turned, truth)[0, 1] < -0.8
    before = first.predict_log_odds(later)
    assert np.corrcoef(expit(before), truth)[0, 1] > 0.8  # and the first is left as it was
