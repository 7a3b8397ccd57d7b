"""Levels of competition: counted by year, corrected where the real reasons are known."""

import pandas as pd
import pytest

from kamlab.retention.levels import level_of, levels_by_year
from kamlab.retention.true_reasons import true_reasons

DAYS = pd.to_datetime(["2023-02-01"] * 10 + ["2024-02-01"] * 10)


def test_levels_are_counted_by_year_with_wilson_intervals():
    left = pd.DataFrame({"defection_date": DAYS, "level": ["price"] * 14 + ["Culture "] * 6})
    table = levels_by_year(left).set_index(["year", "level"])

    assert table["recorded"].to_dict() == {
        (2023, "price"): 10, (2024, "price"): 4, (2024, "culture"): 6
    }  # fmt: skip
    assert table.loc[(2024, "price"), "share"] == pytest.approx(0.4)
    assert table.loc[(2024, "price"), "low"] == pytest.approx(0.194, abs=0.001)


def test_real_reasons_move_the_levels():
    heard = ["service"] * 4 + [None] * 6
    left = pd.DataFrame(
        {"defection_date": DAYS, "reason": "price", "interview_reason": heard * 2, "level": "price"}
    )
    found = true_reasons(left, draws=0)
    table = levels_by_year(left, found).set_index(["year", "level"])

    assert table.loc[(2023, "quality"), "share"] > 0.8
    assert table.groupby("year")["expected"].sum().tolist() == pytest.approx([10, 10])


def test_without_level_or_reason_nothing_is_shown():
    assert levels_by_year(pd.DataFrame({"defection_date": DAYS})).empty
    assert level_of("Kulturwandel: culture") == "culture"
