"""Satisfaction: worked figures, other implementations, and non-response that is corrected."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint
from statsmodels.stats.weightstats import DescrStatsW

from kamlab.retention import satisfaction as sat


def _answers(counts):
    return pd.DataFrame({"score": np.repeat([5, 4, 3, 2, 1], counts)})


def test_the_worked_example_of_one_hundred_answers():
    row = sat.satisfaction(_answers([30, 45, 10, 10, 5])).iloc[0]

    assert row["top_two"] == pytest.approx(0.75)
    assert row["mean"] == pytest.approx(3.85)
    assert row["index"] == pytest.approx(71.25)
    assert row["net"] == pytest.approx(0.60)
    assert (row["top_two_low"], row["top_two_high"]) == pytest.approx(
        proportion_confint(75, 100, method="wilson")
    )


def test_no_opinion_as_missing_changes_the_answer():
    row = sat.satisfaction(_answers([30, 45, 10, 10, 5]), neutral="missing").iloc[0]

    assert row["answers"] == 90
    assert row["top_two"] == pytest.approx(75 / 90)


def test_weighted_mean_agrees_with_statsmodels():
    rng = np.random.default_rng(1)
    frame = pd.DataFrame({"score": rng.integers(1, 6, 300), "w": rng.lognormal(0, 0.5, 300)})
    row = sat.satisfaction(frame, weight="w").iloc[0]
    other = DescrStatsW(frame["score"], weights=frame["w"])
    kish = 1 + frame["w"].var(ddof=0) / frame["w"].mean() ** 2

    assert row["mean"] == pytest.approx(other.mean)
    assert row["design_effect"] == pytest.approx(kish)


def test_finite_population_of_the_r_survey_package():
    """api data: n 200 of 6,194; standard error 2.0905 where infinite would be 2.125."""
    ratio = np.sqrt(1 - 200 / 6194)
    frame = _answers([60, 60, 30, 30, 20])
    whole = sat.satisfaction(frame).iloc[0]
    part = sat.satisfaction(frame, population=6194).iloc[0]
    everyone = sat.satisfaction(frame, population=200).iloc[0]

    assert (part["mean"] - part["mean_low"]) / (whole["mean"] - whole["mean_low"]) == pytest.approx(
        ratio
    )
    assert everyone["mean_high"] - everyone["mean_low"] < 1e-6
    assert everyone["top_two_high"] - everyone["top_two_low"] < 1e-3


def test_small_segments_are_suppressed():
    frame = pd.DataFrame({"score": [5] * 4 + [3] * 6, "segment": ["small"] * 4 + ["large"] * 6})

    table = sat.satisfaction(frame, by="segment").set_index("segment")

    assert table.loc["small", "answers"] == 4
    assert table.loc["small"].drop("answers").isna().all()
    assert table.loc["large"].notna().all()


@pytest.mark.parametrize("bad", [0, 6, 3.5])
def test_scores_off_the_scale_are_named(bad):
    with pytest.raises(ValueError, match=f"not .*{bad}"):
        sat.satisfaction(pd.DataFrame({"score": [5, bad]}))


@pytest.mark.parametrize(("counts", "half"), [((50, 33, 17), 14.7), ((200, 132, 68), 7.3)])
def test_net_promoter_interval_of_published_cases(counts, half):
    score = pd.Series(np.repeat([10, 7, 0], counts))
    nps = sat.net_promoter(score)

    assert nps["nps"] == pytest.approx(33)
    assert nps["high"] - nps["nps"] == pytest.approx(half, abs=0.05)


def test_net_promoter_variance_of_one_half_one_third_one_sixth():
    nps = sat.net_promoter(pd.Series(np.repeat([10, 7, 0], [300, 200, 100])))
    variance = ((nps["high"] - nps["nps"]) / 100 / 1.959964) ** 2 * 600

    assert variance == pytest.approx(5 / 9, rel=1e-5)


def _survey(seed, count=400):
    """Draw a survey in which the dissatisfied, who also buy less, answer less."""
    rng = np.random.default_rng(seed)
    mood = rng.normal(0, 1, count)
    trend = mood + rng.normal(0, 0.6, count)
    score = np.digitize(mood + rng.normal(0, 0.5, count), [-1.2, -0.6, 0.0, 0.9]) + 1
    answered = rng.random(count) < 1 / (1 + np.exp(0.3 - 1.1 * mood))
    sample = pd.DataFrame({"account_id": np.arange(count).astype(str), "design_weight": 2.5})
    return sample, pd.Series(answered), pd.DataFrame({"trend": trend}), score


def test_weights_take_most_of_the_bias_away():
    plain, corrected, inside = [], [], 0
    for seed in range(30):
        sample, answered, features, score = _survey(seed)
        weights = sat.response_weights(sample, answered, features)
        frame = pd.DataFrame({"score": score[answered], "w": weights["weight"].to_numpy()})
        truth = score.mean()
        row = sat.satisfaction(frame, weight="w", population=400).iloc[0]
        plain.append(frame["score"].mean() - truth)
        corrected.append(row["mean"] - truth)
        inside += row["mean_low"] <= truth <= row["mean_high"]

    assert np.mean(plain) > 0.25
    assert abs(np.mean(corrected)) < 0.4 * np.mean(plain)
    assert weights["weight"].sum() == pytest.approx(1000)


def test_raking_hits_the_margins():
    rng = np.random.default_rng(3)
    region = pd.Series(rng.choice(["n", "s"], 200, p=[0.8, 0.2]))
    size = pd.Series(rng.choice(["big", "small"], 200))
    margins = {"region": (region, {"n": 500, "s": 500}), "size": (size, {"big": 100, "small": 900})}

    raked = sat.rake(pd.Series(1.0, index=range(200)), margins)

    assert raked.groupby(region).sum().to_dict() == pytest.approx({"n": 500, "s": 500})
    assert raked.groupby(size).sum().to_dict() == pytest.approx({"big": 100, "small": 900})


def test_margins_that_contradict_are_refused():
    same = pd.Series(["a", "b"] * 10)
    margins = {"x": (same, {"a": 10, "b": 10}), "y": (same, {"a": 5, "b": 15})}

    with pytest.raises(ValueError, match="contradict"):
        sat.rake(pd.Series(1.0, index=range(20)), margins)


def test_a_level_nobody_answered_in_is_named():
    with pytest.raises(ValueError, match="nobody answered in"):
        sat.rake(pd.Series([1.0]), {"region": (pd.Series(["n"]), {"n": 1, "s": 1})})


def test_pairing_makes_a_small_change_visible():
    rng = np.random.default_rng(5)
    taste = rng.normal(3.5, 1, 200)
    ids = [f"A{i}" for i in range(200)]
    first = pd.DataFrame({"account_id": ids, "score": np.clip(taste.round(), 1, 5)})
    second = first.assign(score=np.clip((taste + 0.25).round(), 1, 5))

    paired = sat.change_between_waves(first, second)
    apart = sat.change_between_waves(first, second.assign(account_id=[f"B{i}" for i in range(200)]))
    difference = (second["score"] - first["score"]).to_numpy()

    assert paired["overlap"] == 200
    assert paired["p_value"] < 0.001 < apart["p_value"]
    error = (paired["high"] - paired["change"]) / 1.959964
    assert error == pytest.approx(difference.std(ddof=1) / np.sqrt(200), rel=0.02)
