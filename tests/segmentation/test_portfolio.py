"""The portfolio: places by hand, invariant to scale, honest where nothing is known."""

import numpy as np
import pandas as pd

from kamlab.charts.portfolio import portfolio_map
from kamlab.segmentation.portfolio import STRATEGIES, cells, portfolio

FACTS = pd.DataFrame(
    {
        "account_id": list("abcd"),
        "head_room": [1000.0, 10.0, np.nan, 500.0],
        "share_of_wallet": [0.9, 0.1, np.nan, 0.5],
        "gross_profit": [50.0, 5.0, 1.0, 20.0],
        "net_sales": [100.0, 20.0, 5.0, 70.0],
    }
)


def test_places_and_cells_by_hand():
    placed = portfolio(FACTS).set_index("account_id")
    assert placed["attractiveness"].round(3).tolist()[:2] == [0.833, 0.167]
    assert placed.loc["a", "cell"] == "high / high"
    assert placed.loc["b", "cell"] == "low / low"
    assert placed.loc["d", "cell"] == "middle / middle"
    assert pd.isna(placed.loc["c", "strength"])
    assert placed.loc["a", "strategy"] == STRATEGIES["high", "high"]
    assert placed["size"].tolist() == FACTS["gross_profit"].tolist()


def test_only_the_order_counts_and_the_arrow_is_on_todays_scale():
    dear = FACTS.assign(head_room=FACTS["head_room"] ** 3)
    pd.testing.assert_frame_equal(portfolio(FACTS), portfolio(dear))
    same = portfolio(FACTS, FACTS.iloc[::-1])
    assert np.allclose(same["strength"], same["strength_before"], equal_nan=True)
    none = portfolio(FACTS, FACTS.head(0))
    assert none["strength_before"].isna().all()
    figure, alt = portfolio_map(same, pd.Series(dtype=str), message="One is high")
    assert "a high / high" in alt
    assert len(figure.axes) == 1


def test_cells_hold_every_account_once_and_name_their_largest():
    placed = portfolio(FACTS)
    table = cells(placed, pd.Series({"a": "Alpha"}), largest=1).set_index("cell")
    assert table["accounts"].sum() == len(FACTS)
    assert table["size"].sum() == FACTS["gross_profit"].sum()
    assert table.loc["high / high", "largest"] == "Alpha"
    assert table.loc["middle / middle", "largest"] == "d"
