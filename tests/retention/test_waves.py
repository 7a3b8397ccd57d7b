"""Waves of a survey: by hand, and against a truth in which the dissatisfied keep silent."""

import numpy as np
import pandas as pd
import pytest

from kamlab.charts import satisfaction as charts
from kamlab.retention.waves import leaving_by_answer, weighted_wave, wide_answers

WAVE = pd.Timestamp("2024-05-15")


def test_wide_by_hand():
    long = pd.DataFrame(
        {"account_id": ["a", "a", "a", "b"], "wave": WAVE,
         "item": ["overall", "overall", "price", "price"], "score": [5, 3, 2, 1]}
    )  # fmt: skip
    wide = wide_answers(long).set_index("account_id")
    assert wide.loc["a", "overall"] == 4
    assert pd.isna(wide.loc["b", "overall"])
    without = wide_answers(long[long["item"] == "price"]).set_index("account_id")
    assert without["overall"].tolist() == [2, 1]


def test_weights_take_out_what_silence_of_the_dissatisfied_adds():
    rng = np.random.default_rng(1)
    closer = []
    for _ in range(10):
        growth = rng.normal(0, 0.4, 600)
        score = np.clip(np.round(3.5 + 1.6 * growth + rng.normal(0, 0.7, 600)), 1, 5)
        answers = rng.random(600) < 1 / (1 + np.exp(-3 * growth))
        facts = pd.DataFrame(
            {"account_id": [f"a{k}" for k in range(600)], "net_sales_12m": 1000.0,
             "sales_growth": growth, "days_since_last_order": 10.0, "orders_12m": 12}
        )  # fmt: skip
        wide = pd.DataFrame({"account_id": facts["account_id"], "wave": WAVE, "overall": score})
        wave = weighted_wave(wide[answers], WAVE, facts)
        assert wave["weight"].sum() == pytest.approx(600)
        weighted = np.average(wave["overall"], weights=wave["weight"])
        closer.append(abs(weighted - score.mean()) < abs(wave["overall"].mean() - score.mean()))
    assert sum(closer) >= 9


def test_leaving_by_answer_by_hand():
    ids = [f"a{k}" for k in range(12)]
    answers = pd.DataFrame({"account_id": ids, "wave": WAVE, "overall": [1] * 6 + [5] * 5 + [3]})
    daily = pd.DataFrame(
        {"account_id": ids[4:], "day": pd.Timestamp("2024-07-01"), "net_sales": 5.0}
    )
    found = leaving_by_answer(answers, daily, "2025-01-01").set_index("answer")
    assert found.loc["dissatisfied (1-2)", "share"] == pytest.approx(4 / 6)
    assert found.loc["satisfied (4-5)", "left"] == 0
    assert "no opinion (3)" not in found.index  # one answer could be recognised
    assert leaving_by_answer(answers, daily, "2024-09-01").empty


def test_charts_say_what_they_show():
    table = pd.DataFrame({"segment": ["all"], **{f"share_{k}": [0.2] for k in range(1, 6)}})
    assert "all: 40% satisfied" in charts.five_points(table, message="Mixed")[1]
    items = pd.DataFrame(
        {"item": ["price", "service"], "performance": [3.0, 4.0], "importance": [0.3, 0.1],
         "quadrant": ["concentrate here", "possible overkill"]}
    )  # fmt: skip
    assert "price: concentrate here" in charts.importance_map(items, message="Price")[1]
