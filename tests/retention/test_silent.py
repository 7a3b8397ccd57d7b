"""The silent: where satisfaction itself decides who answers, the truth lies in the interval."""

import numpy as np
import pandas as pd
import pytest

from kamlab.retention.silent import reckon_silent


def _survey(seed, count=300, selection=1.2, known=0.8):
    generator = np.random.default_rng(seed)
    mood = generator.normal(0, 1, count)
    mail = generator.random(count) < 0.7
    score = np.clip(np.round(3.4 + 1.0 * mood + generator.normal(0, 0.4, count)), 1, 5)
    heard = np.clip(score + (~mail & (generator.random(count) < 0.4)), 1, 5)
    answered = generator.random(count) < 1 / (1 + np.exp(0.8 - selection * mood))
    features = pd.DataFrame(
        {
            "mood": known * mood + np.sqrt(1 - known**2) * generator.normal(0, 1, count),
            "size": generator.normal(0, 1, count),
        }
    )
    features.loc[generator.random(count) < 0.2, "mood"] = np.nan
    return score, pd.Series(np.where(answered, heard, np.nan)), features, pd.Series(~mail)


def test_the_bias_goes_and_the_interval_holds_the_truth():
    plain, off, inside = [], [], []
    for seed in range(12):
        score, heard, features, called = _survey(seed)
        table = reckon_silent(heard, features, friendlier=called, draws=60).table
        row = table.set_index("measure")
        for measure, true in (("mean", score.mean()), ("top_two", (score >= 4).mean())):
            inside.append(row.loc[measure, "low"] <= true <= row.loc[measure, "high"])
        plain.append(row.loc["mean", "answered"] - score.mean())
        off.append(row.loc["mean", "estimate"] - score.mean())

    assert np.mean(plain) > 0.4
    assert abs(np.mean(off)) < 0.35 * np.mean(plain)
    assert np.mean(inside) >= 0.9


def test_where_all_answer_alike_nothing_is_corrected():
    _, heard, features, _ = _survey(3, count=1500, selection=0.0)
    row = reckon_silent(heard, features, draws=40).table.set_index("measure").loc["mean"]

    assert row["estimate"] == pytest.approx(row["answered"], abs=0.08)
    assert row["if_satisfaction"] - row["if_known"] == pytest.approx(0, abs=0.15)


def test_weights_make_the_estimate_and_add_up():
    _, heard, features, _ = _survey(4)
    found = reckon_silent(heard, features, draws=10)
    share = found.weights.dropna() / found.weights.sum()

    assert found.weights.notna().equals(heard.notna())
    assert found.weights.sum() == pytest.approx(300)
    assert (share * heard.dropna()).sum() == pytest.approx(found.table["estimate"].iloc[0])
    assert (share * (heard.dropna() >= 4)).sum() == pytest.approx(found.table["estimate"].iloc[1])


def test_where_nothing_is_known_nothing_is_claimed_and_few_answers_are_refused():
    _, heard, features, _ = _survey(5)
    blind = reckon_silent(heard, features[["size"]] * 0, draws=10)

    assert blind.correlation == 0
    assert blind.table["estimate"].tolist() == pytest.approx(blind.table["answered"].tolist())
    with pytest.raises(ValueError, match="20 are needed"):
        reckon_silent(heard.where(heard.index < 30), features)


def test_everybody_content_is_no_error():
    _, heard, features, _ = _survey(6)
    found = reckon_silent(heard.where(heard.isna(), 5.0), features, draws=5)
    assert found.table["estimate"].tolist() == pytest.approx([5.0, 1.0])
