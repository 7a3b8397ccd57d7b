"""Reasons for leaving: the bias of who records them is found and taken out."""

import numpy as np
import pandas as pd
import pytest

from kamlab.retention.reasons import by_recorder, corrected_reasons

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
        found = corrected_reasons(_left(seed), draws=300).set_index("reason").loc[REASONS]
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
