import numpy as np
import pytest

from kamlab.simulation import Config
from kamlab.simulation.distributor import draw_world, stream
from kamlab.simulation.surveys import ITEMS, draw_surveys


@pytest.fixture(scope="module")
def survey():
    world = draw_world(Config(seed=4, n_accounts=3_000))
    return draw_surveys(
        world.latents,
        world.history,
        world.management,
        world.identity,
        stream(world.config, "surveys"),
    )


def test_scores_are_on_the_five_point_scale_and_use_all_of_it(survey):
    responses, _, _ = survey

    assert set(responses["score"]) == {1, 2, 3, 4, 5}
    assert set(responses["item"]) == set(ITEMS)
    assert responses["importance"].between(1, 5).all()


def test_the_unhappy_answer_less_so_the_mean_flatters(survey):
    _, truth, sample = survey
    asked = sample[sample["asked"]]
    unhappy = asked["satisfaction"] < asked["satisfaction"].median()
    overall = truth[(truth["segment"] == "all") & (truth["item"] == "overall")]

    assert asked["answered"][unhappy].mean() < asked["answered"][~unhappy].mean() - 0.1
    assert (overall["answered_mean"] > overall["mean_score"] + 0.1).all()


def test_answers_come_as_often_as_their_probability_says(survey):
    _, _, sample = survey
    p = sample.loc[sample["asked"], "probability"]
    error = np.sqrt((p * (1 - p)).sum())

    assert abs(sample.loc[sample["asked"], "answered"].sum() - p.sum()) < 4 * error


def test_weighting_by_the_true_probability_removes_the_bias(survey):
    """What is missing is missing by satisfaction alone: the truth suffices to mend it."""
    responses, truth, sample = survey
    own = responses[(responses["item"] == "overall") & (responses["mode"] == "questionnaire")]
    own = own.merge(sample[sample["answered"]], on=["account_id", "wave"])
    asked = sample[sample["asked"]]
    share = asked.groupby("account_id")["asked"].size()  # asked more often where managed
    own = own[own["account_id"].isin(share.index)]
    naive = own["score"].mean()
    weighted = np.average(own["score"], weights=1 / own["probability"])
    overall = truth[(truth["item"] == "overall") & (truth["segment"] != "all")]
    by_managed = overall[overall["segment"].isin(["managed", "not managed"])]
    target = np.average(by_managed["mean_score"], weights=by_managed["asked"])

    assert abs(weighted - target) < 0.5 * abs(naive - target)


def test_calls_are_friendlier_than_questionnaires(survey):
    responses, _, _ = survey
    means = responses.groupby("mode")["score"].mean()

    assert 0.05 < means["call"] - means["questionnaire"] < 0.3


def test_those_who_answered_are_counted_alike_in_all_tables(survey):
    responses, truth, sample = survey
    counted = truth[(truth["segment"] == "all") & (truth["item"] == "overall")]

    assert counted["answered"].sum() == sample["answered"].sum()
    assert responses.groupby(["response_id"]).ngroups == sample["answered"].sum()
