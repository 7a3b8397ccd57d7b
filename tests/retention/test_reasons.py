"""Reasons for leaving: the bias of who records them is found and taken out."""

import numpy as np
import pandas as pd
import pytest

from kamlab.retention.reasons import avoidable, by_recorder, corrected_reasons, homogeneity
from kamlab.retention.true_reasons import true_reasons

REASONS = np.array(["price", "quality", "service", "relationship"])
TRUE = np.array([0.3, 0.15, 0.35, 0.2])
# managers write "price" for half of what they lost through service or neglect
WRITTEN = np.array([[0.95, 0.05, 0, 0], [0.3, 0.7, 0, 0], [0.5, 0.1, 0.4, 0], [0.5, 0, 0.1, 0.4]])


def _left(seed, count=300, interviewed=0.35):
    generator = np.random.default_rng(seed)
    why = generator.choice(4, count, p=TRUE)
    said = np.array([generator.choice(4, p=WRITTEN[one]) for one in why])
    asked = generator.random(count) < interviewed
    return pd.DataFrame(
        {"reason": REASONS[said], "interview_reason": np.where(asked, REASONS[why], None)}
    )


def test_the_bias_of_the_record_is_taken_out():
    errors, held = [], []
    for seed in range(10):
        found = corrected_reasons(_left(seed), draws=100).set_index("reason").loc[REASONS]
        recorded = np.abs(found["recorded_share"] - TRUE).sum()
        errors.append(np.abs(found["corrected_share"] - TRUE).sum() / recorded)
        held += list((found["low"] <= TRUE) & (found["high"] >= TRUE))
    assert np.mean(errors) < 0.5
    assert np.mean(held) > 0.8


def test_shares_add_up_and_order_does_not_matter():
    left = _left(3)
    found = corrected_reasons(left)
    turned = corrected_reasons(left.sample(frac=1, random_state=1))
    shares = ["recorded_share", "interviewed_share", "corrected_share"]
    assert found[shares].sum().tolist() == pytest.approx([1, 1, 1])
    pd.testing.assert_frame_equal(found[["reason", *shares]], turned[["reason", *shares]])


def test_a_record_that_is_always_right_is_left_alone():
    left = _left(5).assign(interview_reason=lambda table: table["reason"])
    found = corrected_reasons(left)
    assert np.abs(found["corrected_share"] - found["recorded_share"]).max() < 0.02


def test_without_interviews_nothing_is_corrected():
    found = corrected_reasons(_left(1, interviewed=0.0))
    assert found["corrected_share"].isna().all()
    assert found["recorded"].sum() == 300


def test_one_odd_record_does_not_make_an_odd_recorder():
    table = pd.DataFrame(
        {
            "reported_by": ["often"] * 40 + ["seldom"] * 40 + ["new"],
            "reason": ["price"] * 30 + ["service"] * 10 + ["price"] * 8 + ["service"] * 32
            + ["price"],
        }
    )  # fmt: skip
    found = by_recorder(table).set_index("reported_by")
    assert found.loc["new", "share"] == 1
    assert found.loc["new", "drawn_share"] < found.loc["often", "share"]
    assert found["drawn_share"].idxmin() == "seldom"
    assert not found.loc["new", "beyond"]


def test_managers_alike_stay_within_the_funnel_and_one_apart_does_not():
    generator = np.random.default_rng(1)
    who = generator.choice([f"M{i}" for i in range(40)], 1600)
    blamed = np.where(generator.random(1600) < 0.4, "price", "service")
    alike = by_recorder(pd.DataFrame({"reported_by": who, "reason": blamed}))
    blamed[who == "M3"] = "price"
    apart = by_recorder(pd.DataFrame({"reported_by": who, "reason": blamed})).set_index(
        "reported_by"
    )

    assert alike["beyond"].sum() <= 1
    assert apart.loc["M3", "beyond"]
    assert apart["beyond"].sum() <= 2


def _closing(seed, count=400):
    """A fifth closed: nobody can ask them, but they left their last invoices unpaid."""
    generator = np.random.default_rng(seed)
    names = np.array(["price", "service", "plant closure"])
    why = generator.choice(3, count, p=[0.4, 0.4, 0.2])
    written = np.array([[0.9, 0.05, 0.05], [0.4, 0.45, 0.15], [0.05, 0.0, 0.95]])
    said = np.array([generator.choice(3, p=written[one]) for one in why])
    asked = (generator.random(count) < 0.3) & (why < 2)
    told = generator.random(count) < 0.8
    unpaid = generator.random(count) < np.where(why == 2, 0.85, 0.03)
    left = pd.DataFrame(
        {
            "reason": np.where(told, names[said], None),
            "interview_reason": np.where(asked, names[why], None),
        }
    )
    return left, pd.DataFrame({"unpaid": unpaid}), names[why]


@pytest.mark.parametrize("with_signs", [False, True])
def test_those_whom_nobody_can_ask_are_not_forgotten(with_signs):
    off, missed = [], []
    for seed in range(5):
        left, signs, why = _closing(seed)
        found = true_reasons(left, signs=signs if with_signs else None, draws=0)
        off.append(found.shares["plant closure"] - (why == "plant closure").mean())
        chance, _ = avoidable(found)
        missed.append(((chance > 0.5).to_numpy() != (why != "plant closure")).mean())

    assert abs(np.mean(off)) < 0.03
    assert np.mean(missed) < (0.06 if with_signs else 0.12)


def test_a_share_that_could_have_been_avoided_has_an_interval_that_holds_it():
    inside = 0
    for seed in range(10):
        left, signs, why = _closing(seed, count=120)
        _, share = avoidable(true_reasons(left, signs=signs, draws=100, seed=seed))
        inside += share["low"] <= (why != "plant closure").mean() <= share["high"]

    assert inside >= 8


def test_what_the_manager_hides_is_told_per_reason():
    found = true_reasons(_left(2, count=2000), draws=0).hidden.set_index("reason")

    assert found.loc["price", "hidden"] < 0.15
    assert found.loc["service", "hidden"] > 0.4
    assert found["blamed"].idxmax() == "price"


def test_two_rows_alike_have_one_answer_and_missing_signs_say_nothing():
    left = pd.concat([_left(4, count=60)] * 2, ignore_index=True)
    found = true_reasons(left, signs=pd.DataFrame({"x": [np.nan] * 120}), draws=0)
    plain = true_reasons(left, draws=0)

    assert np.allclose(found.probabilities, plain.probabilities)
    assert np.allclose(found.probabilities[:60], found.probabilities[60:])
    assert found.probabilities.sum(axis=1).to_numpy() == pytest.approx(1)


def test_signs_of_another_length_are_refused_and_so_is_silence():
    with pytest.raises(ValueError, match="3 rows of signs for 10"):
        true_reasons(_left(1, count=10), signs=pd.DataFrame({"x": [True] * 3}))
    with pytest.raises(ValueError, match="nobody gave a reason"):
        true_reasons(pd.DataFrame({"reason": [None, None]}))


def test_published_case_of_stuart_and_maxwell():
    """Vision of 7,477 women, right against left eye (Stuart 1955): chi-squared 11.96, 3 df."""
    counts = np.array(
        [[1520, 266, 124, 66], [234, 1512, 432, 78], [117, 362, 1772, 205], [36, 82, 179, 492]]
    )
    row, column = np.indices(counts.shape)
    names = np.array(["1", "2", "3", "4"])
    pairs = pd.DataFrame(
        {
            "reason": names[np.repeat(row.ravel(), counts.ravel())],
            "interview_reason": names[np.repeat(column.ravel(), counts.ravel())],
        }
    )
    found = homogeneity(pairs).set_index("test")

    assert found.loc["Stuart-Maxwell", "statistic"] == pytest.approx(11.957, abs=0.001)
    assert found.loc["Bhapkar", "statistic"] == pytest.approx(11.976, abs=0.001)
    assert found.loc["Stuart-Maxwell", "freedom"] == 3
    assert found.loc["Stuart-Maxwell", "p_value"] == pytest.approx(0.00753, abs=1e-5)
    assert found["p_value"].max() < 0.04


def test_swaps_hold_for_few_pairs_and_find_a_bias():
    generator = np.random.default_rng(0)
    false_alarms, found = 0, 0
    for _ in range(60):
        same = REASONS[generator.choice(4, (20, 2), p=TRUE)]
        pairs = pd.DataFrame(same, columns=["reason", "interview_reason"])
        p = homogeneity(pairs).set_index("test")["p_value"]
        false_alarms += p["swaps"] < 0.05
        blame = pairs["interview_reason"].where(generator.random(20) < 0.3, "price")
        found += (
            homogeneity(pairs.assign(reason=blame)).set_index("test").loc["swaps", "p_value"] < 0.05
        )

    assert false_alarms <= 7
    assert found >= 40


def test_where_all_agree_or_few_were_asked_there_is_nothing_to_test():
    left = _left(5).assign(interview_reason=lambda table: table["reason"])
    assert homogeneity(left).empty
    assert homogeneity(_left(5).head(8)).empty
    assert corrected_reasons(pd.DataFrame({"reason": [None]})).empty
