"""Samples: published sizes, inclusion probabilities over many draws, the same draw again."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.retention.sampling import draw_sample, margin_of_error, sample_size


@pytest.mark.parametrize(
    ("population", "size"),
    [(5000, 357), (1000, 278), (500, 218), (250, 152), (200, 132), (100, 80), (60, 53), (20, 20)],
)
def test_published_sample_sizes(population, size):
    assert sample_size(population) == size
    assert margin_of_error(size, population) <= 0.05 < margin_of_error(size - 1, population)


def test_infinite_population_needs_385():
    assert sample_size(10**9) == 385


def _frame(count=120, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "account_id": [f"A{i:03d}" for i in range(count)],
            "net_sales": rng.lognormal(8, 1.5, count),
            "region": rng.choice(["north", "south", None], count, p=[0.6, 0.3, 0.1]),
        }
    )


@pytest.mark.parametrize(
    ("draws", "tolerance"), [(800, 0.065), pytest.param(10_000, 0.02, marks=pytest.mark.slow)]
)
def test_inclusion_frequency_over_many_draws_is_the_stated_probability(draws, tolerance):
    frame = _frame(40)
    hits = pd.Series(0, index=frame["account_id"])
    for seed in range(draws):
        sample = draw_sample(
            frame, 15, certain=4, size_column="net_sales", stratum="region", seed=seed
        )
        hits[sample["account_id"]] += 1
    stated = sample.groupby("stratum")["inclusion_probability"].first()
    biggest = frame["net_sales"].rank(ascending=False) <= 4
    label = frame["region"].astype("string").fillna("not known").mask(biggest, "certain")
    expected = label.map(stated).to_numpy(float)

    assert np.abs(hits.to_numpy() / draws - expected).max() < tolerance
    assert (hits.to_numpy()[biggest] == draws).all()


def test_weights_add_up_to_the_population():
    sample = draw_sample(_frame(), 40, certain=5, size_column="net_sales", stratum="region")

    assert sample["design_weight"].sum() == pytest.approx(120)
    assert len(sample) == 40


def test_the_draw_is_enlarged_for_those_who_will_not_answer():
    assert len(draw_sample(_frame(), 40, response_rate=0.5)) == 80


def test_neyman_gives_more_to_the_stratum_that_varies():
    frame = _frame(200).assign(region=["wild"] * 100 + ["calm"] * 100)
    frame["score"] = np.r_[np.tile([0.0, 10.0], 50), np.tile([4.0, 6.0], 50)]

    counts = draw_sample(frame, 60, stratum="region", spread="score")["stratum"].value_counts()

    assert counts["wild"] == 50  # standard deviations are 5 and 1
    assert counts["calm"] == 10


@settings(max_examples=60)
@given(
    st.integers(0, 60), st.integers(1, 80), st.integers(0, 10), st.randoms(use_true_random=False)
)
def test_any_draw_keeps_its_promises(count, size, certain, random):
    frame = _frame(count, seed=1)
    options = {"certain": certain, "size_column": "net_sales", "stratum": "region", "seed": 3}
    mixed = frame.sample(frac=1, random_state=random.randint(0, 99))

    sample = draw_sample(frame, size, **options)

    assert sample["account_id"].is_unique
    assert set(sample["account_id"]) <= set(frame["account_id"])
    assert sample["inclusion_probability"].between(0, 1, inclusive="right").all()
    assert len(sample) >= min(size, count)
    pd.testing.assert_frame_equal(draw_sample(mixed, size, **options), sample)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"size": 0}, "size is at least 1"),
        ({"certain": 2}, "certain needs size_column"),
        ({"response_rate": 0}, "response_rate"),
    ],
)
def test_wrong_wishes_are_refused(change, message):
    with pytest.raises(ValueError, match=message):
        draw_sample(_frame(), **({"size": 10} | change))


def test_an_account_twice_is_named():
    with pytest.raises(ValueError, match="'A000' stands twice"):
        draw_sample(pd.concat([_frame(3), _frame(1)]), 2)
