"""Families that peers buy and an account does not are found, with what they would bring."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kamlab.accounts import variety
from kamlab.sources.industry import shipped


def _sales(rows):
    return pd.DataFrame(rows, columns=["account_id", "family", "net_sales"])


def test_families_are_summed_over_categories_and_returns_are_none():
    orders = pd.DataFrame(
        {
            "account_id": ["a", "a", "a", "b"],
            "order_id": ["1", "2", "3", "4"],
            "order_date": pd.to_datetime(["2024-01-05"] * 4),
            "net_sales": [10.0, 5.0, 7.0, -3.0],
            "category": ["Pouches", "stand-up pouch", "ink", "Labels"],
        }
    )

    sums = variety.family_sales(
        orders, date(2024, 2, 1), start=date(2024, 1, 1), family=shipped().family
    )

    assert sums.values.tolist() == [["a", "ink", 7.0], ["a", "pouches", 15.0]]
    assert (
        variety.family_sales(
            orders.drop(columns="category"), date(2024, 2, 1), start=date(2024, 1, 1)
        )
        is None
    )


def test_effective_families_lie_between_one_and_their_number():
    table = variety.variety(_sales([("a", "x", 1.0), ("b", "x", 9.0), ("b", "y", 1.0)]))

    assert table["families"].tolist() == [1, 2]
    assert table["effective_families"].iloc[0] == pytest.approx(1)
    assert 1 < table["effective_families"].iloc[1] < 2


def test_white_space_is_what_peers_buy_at_their_usual_share():
    rows = [(f"a{i}", "x", 80.0) for i in range(9)] + [(f"a{i}", "y", 20.0) for i in range(6)]
    found = variety.white_space(_sales(rows), least_peers=0.5)

    assert sorted(found["account_id"]) == ["a6", "a7", "a8"]
    assert set(found["family"]) == {"y"}
    assert found["peers_buying"].tolist() == pytest.approx([6 / 8] * 3)
    assert found["usual_share"].tolist() == pytest.approx([0.2] * 3)
    # with it a fifth of 100 would be y, beside the 80
    assert found["potential"].tolist() == pytest.approx([20.0] * 3)
    assert found["expected"].tolist() == pytest.approx([15.0] * 3)


def test_peers_are_of_its_kind_where_there_are_enough():
    rows = [(f"a{i}", "x", 80.0) for i in range(8)] + [(f"b{i}", "x", 10.0) for i in range(8)]
    rows += [(f"b{i}", "y", 10.0) for i in range(7)]
    kinds = pd.Series({f"{k}{i}": k for k in "ab" for i in range(8)})

    found = variety.white_space(_sales(rows), kinds=kinds, least_peers=0.3)

    assert found["account_id"].tolist() == ["b7"]
    assert variety.white_space(_sales([]), kinds=kinds).empty
    with pytest.raises(ValueError, match="least_peers"):
        variety.white_space(_sales(rows), least_peers=np.float64(2))
