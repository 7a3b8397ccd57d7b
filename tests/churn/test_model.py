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
from kamlab.churn.columns import MessyColumns
from kamlab.churn.contributions import BASELINE, contributions, leaks
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
    blend = model.scores_.set_index("candidate")["log_loss"]
    assert blend["blend"] <= blend.min() + 1e-12


@pytest.mark.slow
def test_telco_reaches_the_published_level(telco):
    table, left = telco
    found = [_folds(table, left, seed) for seed in range(3)]
    brier = np.mean([((p - left) ** 2).mean() for _, p in found])
    slope = np.mean([metrics.calibration_line(left, p)[1] for _, p in found])

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


def test_neither_rows_nor_columns_in_another_order_change_much():
    table, left, _ = _drawn(900)
    table["where"] = np.where(table["x2"] > 0, "north", "south")
    plain = ChurnModel().fit(table, left).predict_proba(table)[:, 1]
    turned = table[table.columns[::-1]]
    assert np.allclose(ChurnModel().fit(turned, left).predict_proba(table)[:, 1], plain, atol=0.08)
    again = ChurnModel().fit(table, left).predict_proba(table)[:, 1]
    assert np.array_equal(plain, again)


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
    with pytest.raises(ValueError, match="missing in row 2"):
        model.fit(messy.head(4), [0, 1, None, 1])


def test_few_churners_get_the_plain_model():
    table, left, _ = _drawn(150, rare=True)
    left[:3] = True
    model = ChurnModel().fit(table, left)
    assert list(model.weights_.index) == ["plain logistic"]
    p = model.predict_proba(table)[:, 1]
    assert p.mean() == pytest.approx(left.mean(), abs=0.03)


def test_later_rows_judge_where_days_are_given():
    table, left, _ = _drawn(1600)
    days = np.repeat(pd.date_range("2024-01-01", periods=8, freq="MS"), 200)
    model = ChurnModel().fit(table, left, time=days)
    assert len(model.scores_) == 6


@settings(max_examples=15, deadline=None)
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


def test_contributions_add_up_and_find_what_matters():
    table, left, _ = _drawn(1200)
    model = ChurnModel().fit(table, left)
    some = table.head(60)
    parts = contributions(model, some, table, groups={"both": ["x0", "x1"]}, rounds=8)
    assert np.allclose(parts.sum(axis=1), model.predict_log_odds(some))
    assert parts.drop(columns=BASELINE).abs().mean().idxmax() == "both"
    linear = contributions(model, some, table, rounds=40)
    assert np.corrcoef(linear["x0"], some["x0"])[0, 1] > 0.85


def test_a_planted_leak_is_reported():
    table, left, _ = _drawn(500)
    assert leaks(table, left).empty
    found = leaks(table.assign(closed=left * 1.0 + 0.01 * table["x5"]), left)
    assert found["column"].tolist() == ["closed"]


def test_auc_interval_against_the_bootstrap():
    _, left, p = _drawn(400)
    figure = metrics.auc(left, p)
    rng = np.random.default_rng(0)
    drawn = [
        roc_auc_score(left[rows], p[rows])
        for rows in (rng.integers(0, 400, 400) for _ in range(400))
    ]
    assert figure.value == pytest.approx(roc_auc_score(left, p))
    assert (figure.low, figure.high) == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.012)
    assert "not enough data (3 left" in metrics.auc([1] * 3 + [0] * 50, range(53)).said


def test_parts_of_brier_add_up():
    _, left, p = _drawn(3000)
    parts = metrics.brier_parts(left, p)
    whole = parts["reliability"] - parts["resolution"] + parts["uncertainty"] + parts["within"]
    assert parts["brier"] == pytest.approx(whole)
    assert parts["reliability"] < 0.002
    intercept, slope = metrics.calibration_line(left, p)
    assert (intercept, slope) == pytest.approx((0, 1), abs=0.15)
    sharp = expit(2 * np.log(p / (1 - p)))
    assert metrics.calibration_line(left, sharp)[1] == pytest.approx(slope / 2, rel=1e-3)
    table = metrics.calibration_table(left, p)
    assert table["count"].sum() == 3000
    assert ((table["predicted"] > table["low"]) & (table["predicted"] < table["high"])).mean() > 0.8


def test_expected_maximum_profit_as_published():
    """Figures of empulse's and R's implementations (Verbraken et al. 2013)."""
    truth, score = [0, 1] * 4, [0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9]
    emp = metrics.expected_maximum_profit
    assert emp(truth, score) == pytest.approx((23.875593418348124, 0.8743700763487141))
    assert emp(truth, score, value=50) == pytest.approx((1.9786628882564723, 0.480396), abs=1e-6)
    assert emp(truth, score, incentive=100)[0] == pytest.approx(3.6250000004394023)
    assert emp(truth, score, contact=15)[0] == pytest.approx(12.230331549359418)
    assert emp(truth, score, accepts=(2, 14))[0] == pytest.approx(7.670984550497366)
    assert emp([0, 1] * 10, [0, 1] * 10) == pytest.approx((28.0000000000391, 0.499999999728095))
    with pytest.raises(ValueError, match="above 0"):
        emp(truth, score, value=-1)


def test_capture_counts_ties_by_their_share():
    assert metrics.captured_at([1, 1, 1, 1], [4.0, 0, 0, 0], 1) == pytest.approx(0.25)
    assert metrics.lift([1, 0, 0, 0], [9, 1, 1, 1], top=0.25) == pytest.approx(4)
    assert np.isnan(metrics.captured_at([1.0], [0.0], 1))
    assert metrics.best_threshold(gain=100, cost=300) == pytest.approx(3)
