"""What leaving means, what tells it, and how it is tried: known truth, and no look ahead."""

import numpy as np
import pandas as pd
import pytest

from kamlab.accounts.days import daily_sums
from kamlab.churn.definition import find_window, own_rhythm
from kamlab.churn.features import REASONS, _of_invoices, features
from kamlab.churn.model import ChurnModel
from kamlab.churn.panel import build_panel
from kamlab.churn.risk import churn_risk, named_reasons
from kamlab.churn.signs import early_signs
from kamlab.churn.validation import (
    OURS,
    RULES,
    SILENCE,
    churn_backtest,
    clearly_worse,
    drift,
    fitted_today,
    past_predictions,
    populations,
    predictions,
)

END = "2024-01-01"


def _orders(count=260, seed=2) -> pd.DataFrame:
    """Accounts that buy every few weeks; some leave, half of these after buying less and less."""
    rng = np.random.default_rng(seed)
    rows = []
    for account in range(count):
        gap = rng.uniform(10, 35)
        size = float(np.exp(rng.normal(6, 1)))
        leaves = rng.exponential(900) + 150
        fades = rng.random() < 0.5
        day = float(rng.uniform(0, 200))
        while day < min(1095, leaves):
            left = (leaves - day) / 150
            sold = size * rng.lognormal(0, 0.2) * (np.clip(left, 0.15, 1) if fades else 1)
            rows.append((f"a{account:03d}", len(rows), int(day), sold))
            day += rng.gamma(6.0) * gap / 6
    table = pd.DataFrame(rows, columns=["account_id", "order_id", "day", "net_sales"])
    table["order_id"] = table["order_id"].astype(str)
    table["order_date"] = pd.Timestamp("2021-01-01") + pd.to_timedelta(table.pop("day"), unit="D")
    return table.assign(cost_of_goods=0.7 * table["net_sales"])


@pytest.fixture(scope="module")
def orders():
    return _orders()


@pytest.fixture(scope="module")
def panel(orders):
    return build_panel(
        orders, END, label_days=90, gone_after=90, begins=pd.Timestamp("2021-01-01").date()
    )


def test_the_window_is_the_shortest_silence_that_is_sure(orders):
    window = find_window(daily_sums(orders, END), END)
    curve = window.curve.set_index("days")
    assert curve.loc[window.days, "returned"] <= 0.2
    shorter = curve[(curve.index < window.days) & (curve.index >= 30)]
    assert (shorter["returned"] > 0.2).all()
    assert 45 <= window.days <= 120  # gaps are below about 70 days
    assert f"{window.days} days" in window.said


def test_quarterly_buyers_are_not_taken_for_gone_after_a_month():
    days = pd.date_range("2021-01-05", "2023-12-20", freq="91D")
    orders = pd.concat(
        [
            pd.DataFrame(
                {"account_id": f"a{k}", "order_id": [f"{k}-{n}" for n in range(len(days))],
                 "order_date": days, "net_sales": 10.0}
            )
            for k in range(40)
        ]
    )  # fmt: skip
    daily = daily_sums(orders, END)
    assert find_window(daily, END).days > 91
    rhythm = own_rhythm(daily, END)
    assert (rhythm["usual"].round() == 91).all()
    assert not rhythm["overdue"].any()


def test_few_silences_that_agree_tell_a_window_and_say_how_few_they_are():
    # 30 accounts order every two weeks; 11 fell silent for good, one came back after 200 days
    every = pd.date_range("2021-01-04", "2023-12-20", freq="14D")
    left = every[every < "2022-03-01"]
    back = left.append(every[every > left[-1] + pd.Timedelta(days=200)])
    days = [every] * 18 + [left] * 11 + [back]
    daily = pd.concat(
        pd.DataFrame({"account_id": f"a{k}", "day": there, "net_sales": 10.0})
        for k, there in enumerate(days)
    )
    window = find_window(daily, END)
    assert window.days == 30  # 1 of 12 silences ended
    assert window.curve.set_index("days").loc[30, "silences"] == 12
    assert "Only 12 silences" in window.said
    fewer = daily[~daily["account_id"].isin([f"a{k}" for k in range(18, 27)])]
    assert "Hardly anybody" in find_window(fewer, END).said  # of three nothing can be told


def test_own_rhythm_knows_who_is_overdue(orders):
    rhythm = own_rhythm(daily_sums(orders, END), END).set_index("account_id")
    last = orders.groupby("account_id")["order_date"].max()
    gone = (pd.Timestamp(END) - last).dt.days > 150
    assert rhythm.loc[gone[gone].index, "overdue"].all()
    recent = (pd.Timestamp(END) - last).dt.days <= 10
    assert not rhythm.loc[recent[recent].index, "overdue"].any()


def test_every_measure_has_a_reason_and_a_scale(panel):
    spoken = {name for names in REASONS.values() for name in names}
    assert set(panel.measures) <= spoken
    assert len(spoken) == sum(len(names) for names in REASONS.values())


def test_measures_see_nothing_of_the_future(orders):
    origin = pd.Timestamp("2023-04-01")
    past = orders[orders["order_date"] < origin]
    future = orders[orders["order_date"] >= origin]
    shuffled = future.assign(
        net_sales=future["net_sales"].to_numpy()[::-1] * 5,
        account_id=future["account_id"].to_numpy()[::-1],
    )
    begins = pd.Timestamp("2021-01-01").date()
    made = []
    for later in (future, shuffled):
        panel = build_panel(
            pd.concat([past, later]), "2023-06-30", label_days=90, gone_after=90, begins=begins
        )
        rows = panel.rows["origin"] <= origin
        made.append(panel.measures[rows].assign(account=panel.rows.loc[rows, "account_id"]))
    pd.testing.assert_frame_equal(*(table.reset_index(drop=True) for table in made))


def test_of_very_many_accounts_all_are_seen_on_judged_days_and_some_before(
    orders, panel, monkeypatch
):
    monkeypatch.setattr("kamlab.churn.panel._DRAWN_OF_MANY", 60)
    how = {"label_days": 90, "gone_after": 90, "begins": pd.Timestamp("2021-01-01").date()}
    keys = ["origin", "account_id"]

    drawn = build_panel(orders, END, **how)
    again = build_panel(orders.sample(frac=1, random_state=3), END, **how)

    pd.testing.assert_frame_equal(drawn.rows, again.rows)
    days = np.sort(panel.rows["origin"].unique())
    judged = drawn.rows["origin"].isin(days[-5:])
    every = panel.rows[panel.rows["origin"].isin(days[-5:])]
    pd.testing.assert_frame_equal(
        drawn.rows[judged].reset_index(drop=True), every.reset_index(drop=True)
    )
    # the same accounts on each earlier day, with what was known of them and what they did
    before = drawn.rows[~judged]
    assert set(before["origin"]) == set(days[:-5])
    some = set(before["account_id"])
    assert 30 < len(some) <= 60
    known = panel.rows[panel.rows["account_id"].isin(some) & ~panel.rows["origin"].isin(days[-5:])]
    pd.testing.assert_frame_equal(
        before.sort_values(keys, ignore_index=True), known.sort_values(keys, ignore_index=True)
    )
    learnt = drawn.measures[~judged].drop(columns="silence_odds")
    same = panel.measures.loc[known.index].drop(columns="silence_odds")
    pd.testing.assert_frame_equal(learnt.reset_index(drop=True), same.reset_index(drop=True))


def test_other_tables_are_seen_as_they_were():
    keys = pd.DataFrame({"account_id": ["a", "b"], "origin": pd.Timestamp("2023-06-01")})
    orders = pd.DataFrame(
        {"account_id": ["a", "b"] * 2, "order_id": list("1234"), "net_sales": 10.0,
         "order_date": pd.to_datetime(["2023-01-01", "2023-01-01", "2023-05-01", "2023-05-01"])}
    )  # fmt: skip
    from kamlab.accounts.origins import snapshots

    shot = snapshots(orders, ["2023-06-01"], label_days=30, as_of="2023-12-01")
    surveys = pd.DataFrame(
        {"account_id": ["a", "a", "a"], "wave": pd.to_datetime(["2022-05-01", "2023-05-01",
         "2023-06-01"]), "item": "x", "score": [4, 2, 5]}
    )  # fmt: skip
    invoices = pd.DataFrame(
        {"account_id": ["a", "a", "b"], "due_date": pd.to_datetime(["2023-03-01", "2023-05-30",
         "2023-04-01"]), "paid_date": pd.to_datetime(["2023-04-15", None, "2023-04-01"])}
    )  # fmt: skip
    contacts = pd.DataFrame(
        {"account_id": ["a", "a", "b"], "occurred_at": pd.to_datetime(["2023-05-20", "2023-06-02",
         "2022-07-01"]), "concern": ["late delivery", "price", None], "sentiment": [-1, 1, 0.5]}
    )  # fmt: skip
    made = features(
        shot, {"survey_responses": surveys, "invoices": invoices, "interactions": contacts}
    ).set_index(keys["account_id"])
    assert made.loc["a", "survey_score"] == 2
    assert made.loc["a", "survey_change"] == -2
    assert pd.isna(made.loc["b", "survey_score"])
    assert made.loc["a", "late_share"] == 1  # the invoice due two days ago is not judged yet
    assert made.loc["b", "late_share"] == 0
    assert np.expm1(made.loc["a", "complaints"]) == pytest.approx(1)
    assert made.loc["a", "sentiment"] == -1
    assert np.expm1(made.loc["b", "contacts"]) == pytest.approx(1)


def test_what_happened_before_many_days_is_what_a_loop_counts():
    """Windows of near days overlap, and some events and accounts have no day or name."""
    rng = np.random.default_rng(5)
    days = pd.date_range("2022-01-01", "2023-06-01", freq="37D")
    rows = pd.MultiIndex.from_product([["a", "b", "c"], days], names=["account_id", "origin"])
    keys = rows.to_frame(index=False).sample(frac=0.8, random_state=1)
    due = pd.Series(rng.choice(pd.date_range("2020-06-01", "2023-08-01").to_numpy(), 400))
    invoices = pd.DataFrame(
        {"account_id": rng.choice(np.array(["a", "b", "x", None], dtype=object), 400),
         "due_date": due.mask(rng.random(400) < 0.1),
         "paid_date": (due + pd.to_timedelta(rng.integers(-20, 60, 400), "D")).mask(
             rng.random(400) < 0.3)}
    )  # fmt: skip
    found = _of_invoices(keys, invoices)

    known = invoices.dropna(subset=["account_id", "due_date"])
    year, week = pd.Timedelta(days=365), pd.Timedelta(days=7)
    for place, row in keys.iterrows():
        own = known[known["account_id"] == row["account_id"]]
        told = own[(own["due_date"] + week).between(row["origin"] - year, row["origin"], "left")]
        late = ~(told["paid_date"] <= told["due_date"] + week)
        paid = own[own["paid_date"].between(row["origin"] - year, row["origin"], "left")]
        by = (paid["paid_date"] - paid["due_date"]).dt.days.clip(-30, 180)
        assert found["late_share"][place] == pytest.approx(late.mean(), nan_ok=True)
        assert found["days_late"][place] == pytest.approx(by.mean(), nan_ok=True)
    assert _of_invoices(keys.head(0), invoices)["late_share"].empty


def test_labels_are_what_happened(orders, panel):
    for origin in sorted(panel.rows["origin"].unique())[:3]:
        rows = panel.rows[panel.rows["origin"] == origin]
        window = orders[
            (orders["order_date"] >= origin)
            & (orders["order_date"] < origin + pd.Timedelta(days=90))
        ]
        bought = rows["account_id"].isin(window["account_id"])
        assert (rows["left"] == (~bought).astype(float)).all()
    newest = panel.rows["origin"] == pd.Timestamp(END)
    assert panel.rows.loc[newest, "left"].isna().all()


def test_backtest_beats_alike_and_keeps_its_gap(panel):
    judged = churn_backtest(past_predictions(panel)[0], places=10)
    whole = judged[judged["origin"] == "all"].set_index("rule")
    assert set(whole.index) == set(RULES)
    assert whole.loc[OURS, "brier"] <= whole.loc[SILENCE, "brier"] + 0.002
    assert whole.loc[OURS, "auc"] > 0.7
    assert not clearly_worse(judged)
    assert (judged["captured"].dropna() <= 1).all()
    first = panel.rows["origin"].min() + pd.Timedelta(days=panel.label_days)
    days = pd.to_datetime(judged.loc[judged["origin"] != "all", "origin"])
    assert days.min() >= first


def test_those_not_yet_overdue_are_judged_apart(panel):
    predicted, _ = past_predictions(panel)
    found = populations(predicted).set_index("population")

    late = predicted["overdue"]
    fresh = found.loc["not yet overdue by their own rhythm"]
    assert found.loc["all at risk", "accounts"] == len(predicted)
    assert fresh["accounts"] == (~late).sum()
    assert fresh["events"] == predicted.loc[~late, "left"].sum()
    # silence tells most of it: without the overdue fewer leave, and they are harder to tell
    assert fresh["left_share"] < found.loc["overdue", "left_share"] / 3
    assert not fresh["auc"] > found.loc["all at risk", "auc"]
    assert populations(pd.DataFrame()).empty


def test_training_rows_end_a_label_window_before_the_day(panel, monkeypatch):
    """A model that sees what lies in the gap would be told the outcome."""
    import kamlab.churn.validation as room

    seen = []

    def watched(of, train, test, **given):
        seen.append((of.rows.loc[train, "origin"].max(), of.rows.loc[test, "origin"].min()))
        return predictions(of, train, test, **given)

    monkeypatch.setattr(room, "predictions", watched)
    past_predictions(panel)
    assert seen
    assert all((test - train).days >= panel.label_days for train, test in seen)


def test_what_is_used_today_is_what_was_judged_before(panel, monkeypatch):
    """With rows enough, today's model takes over the settings that earlier days were judged by."""
    monkeypatch.setattr("kamlab.churn.validation._SETTLED", 100)
    _, settled = past_predictions(panel)
    monkeypatch.setattr(ChurnModel, "_compare", lambda *_: pytest.fail("compared anew"))
    taken, p = fitted_today(panel, OURS, like=settled)

    assert taken.weights_.equals(settled.weights_)
    assert taken.calibration_ == settled.calibration_
    # but it has learnt from what is over by now
    today = panel.measures[panel.rows["origin"] == panel.rows["origin"].max()]
    assert len(p) == len(today)
    assert not np.allclose(taken.predict_log_odds(today), settled.predict_log_odds(today))


def test_accounts_can_be_left_out_of_today_alone(panel):
    today = panel.rows["origin"] == panel.rows["origin"].max()
    some = panel.rows.loc[today, "account_id"].head(3)
    fewer = panel.without_today(some)

    assert len(fewer.rows) == len(fewer.measures) == len(panel.rows) - 3
    assert fewer.rows["left"].notna().sum() == panel.rows["left"].notna().sum()
    latest = fewer.rows[fewer.rows["origin"] == panel.rows["origin"].max()]
    assert not latest["account_id"].isin(some).any()


def test_risk_ranks_by_loss_and_names_reasons(panel):
    today = (panel.rows["origin"] == pd.Timestamp(END)).to_numpy()
    model, p = fitted_today(panel, OURS)
    risk, parts = churn_risk(panel, model, p, explained=40)

    assert len(risk) == today.sum()
    assert risk["gross_profit_at_risk"].is_monotonic_decreasing
    assert np.allclose(risk["gross_profit_at_risk"], risk["probability"] * risk["at_stake"])
    assert list(parts.index) == risk["account_id"].head(40).tolist()
    assert set(risk["reason_1"].dropna()) <= set(REASONS)
    assert risk["reason_1"].iloc[40:].isna().all()
    high = risk.head(40).nlargest(5, "probability")
    assert high["reason_1"].isin(["silent beyond its rhythm", "buys less than before",
                                  "orders less often"]).all()  # fmt: skip
    plain, none = churn_risk(panel, None, p)
    assert none.empty
    assert (plain["reason_1"] == "silent beyond its rhythm").all()


def test_reasons_are_named_in_order_and_small_ones_left_out():
    parts = pd.DataFrame([[0.5, -1.0, 0.05, 0.9, 3.0]], columns=["w", "x", "y", "z", "size"])
    assert named_reasons(parts).iloc[0].tolist()[:2] == ["z", "w"]
    assert named_reasons(parts).iloc[0, 2] is None


def test_no_drift_no_alarm_even_for_small_groups():
    alarms = 0
    for seed in range(40):
        rng = np.random.default_rng(seed)
        origin = pd.Series(np.repeat(pd.to_datetime(["2023-01-01", "2024-01-01"]), [200, 100]))
        table = pd.DataFrame(rng.normal(size=(300, 10)), columns=[f"m{k}" for k in range(10)])
        alarms += drift(table, origin)["drifts"].any()
        table.loc[200:, "m3"] += 1
        assert drift(table, origin).set_index("measure").loc["m3", "drifts"]
    assert alarms <= 3


def test_signs_are_those_of_the_leavers(panel):
    signs = early_signs(panel.rows, panel.measures)
    assert (signs["leavers"] >= 1.5 * signs["stayers"]).all()
    assert {"gap ratio", "sales recent"} & set(signs["sign"].head(6))
    assert (signs["days_before"].dropna() >= 30).all()
    few = panel.rows.assign(left=0.0)
    assert early_signs(few, panel.measures).empty
