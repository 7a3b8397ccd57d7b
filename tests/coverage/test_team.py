"""Teams: needs by hand, limits kept, gaps named."""

import pandas as pd
import pytest

from kamlab.coverage.team import functions_needed, staff

SAID = pd.DataFrame(
    {
        "account_id": ["a"] * 6 + ["b"] * 2 + ["z"],
        "concern": ["seal leaks"] * 4 + ["nobody calls back", None, "prices are too high",
                    "invoice is wrong", "seal leaks"],
    }
)  # fmt: skip
PEOPLE = pd.DataFrame(
    {
        "manager_id": ["X1", "X2", "M1"],
        "role": ["function expert", "function expert", "account manager"],
        "industries": ["quality, packaging technology", "customer service", "quality"],
    }
)


def test_needs_follow_what_accounts_say():
    needed = functions_needed(SAID, pd.Series(["a", "b"]))
    pairs = set(zip(needed["account_id"], needed["function"], strict=True))
    assert pairs == {
        ("a", "quality"), ("a", "customer service"), ("b", "pricing"), ("b", "finance"),
    }  # fmt: skip
    first = needed.iloc[0]
    assert (first["concerns"], first["example"]) == (4, "seal leaks")
    assert first["share"] == pytest.approx(0.8)


def test_experts_are_shared_out_and_gaps_named():
    needed = functions_needed(SAID, pd.Series(["a", "b", "z"]))
    made = staff(needed, PEOPLE, limit=1).set_index(["account_id", "function"])
    assert made.loc[("a", "quality"), "expert"] == "X1"
    assert made.loc[("a", "customer service"), "expert"] == "X2"
    assert made.loc[("z", "quality"), "gap"] == "all busy"
    assert made.loc[("b", "finance"), "gap"] == "nobody has this function"
    assert made["expert"].value_counts().max() == 1
    with pytest.raises(ValueError, match="at least one"):
        staff(needed, PEOPLE, limit=0)
    nobody = staff(needed, PEOPLE.head(0))
    assert nobody["expert"].isna().all()
