"""Kano's pairs: the published table of answers, and coefficients by hand."""

import numpy as np
import pandas as pd
import pytest

from kamlab.retention.kano import kano, kano_items, kano_letters

# Berger et al. 1993, rows: how it is if it is there, columns: if it is not (like … dislike)
PUBLISHED = ["QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ"]


def test_all_pairs_are_read_as_published():
    rows, columns = (grid.ravel() + 1 for grid in np.mgrid[0:5, 0:5])
    letters = kano_letters(pd.Series(rows), pd.Series(columns))

    assert "".join(letters) == "".join(PUBLISHED)


def test_items_are_placed_and_the_most_missed_comes_first():
    pairs = {"delivery": (2, 5), "portal": (1, 3), "canteen": (3, 3), "price": (1, 5)}
    rng = np.random.default_rng(0)
    asked = pd.concat(
        pd.DataFrame(
            {
                "item": item,
                "functional": np.where(rng.random(60) < 0.8, there, 3),
                "dysfunctional": np.where(rng.random(60) < 0.8, lacking, 3),
            }
        )
        for item, (there, lacking) in pairs.items()
    )
    table = kano_items(pd.concat([asked, asked.head(5).assign(item="rare")]))
    kinds = table.set_index("item")["category"]

    assert kinds.to_dict() == {
        "delivery": "must-be",
        "price": "one-dimensional",
        "portal": "attractive",
        "canteen": "indifferent",
    }
    assert table["worse"].is_monotonic_increasing
    assert table.set_index("item").loc["delivery", "better"] == 0
    parts = ["must_be", "one_dimensional", "attractive", "indifferent", "reverse", "questionable"]
    assert table[parts].sum(axis=1).to_numpy() == pytest.approx(1)


def test_a_near_tie_is_not_clear():
    asked = pd.DataFrame(
        {"item": "x", "functional": [2] * 11 + [1] * 9, "dysfunctional": [5] * 11 + [3] * 9}
    )

    assert kano_items(asked)[["category", "clear"]].to_numpy().tolist() == [["must-be", False]]


def test_other_answers_and_none_are_refused():
    with pytest.raises(ValueError, match="1 to 5"):
        kano_letters(pd.Series([6]), pd.Series([1]))
    with pytest.raises(ValueError, match="no answer"):
        kano(pd.Series(["Q", "R"]))
