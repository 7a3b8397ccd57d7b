"""A segment's row holds the sums of its accounts and rates of these sums."""

import pandas as pd
import pytest

from kamlab.accounts.profile_columns import PROFILE
from kamlab.accounts.segments import COLUMNS, segment_profiles


def test_money_is_summed_and_rates_are_those_of_the_sums(full, world):
    kinds = world.tables["accounts"].set_index("account_id")["industry"]

    table = segment_profiles(full, kinds)
    active = full[full["net_sales_12m"] > 0]

    assert table.columns.tolist() == list(COLUMNS)
    assert table["accounts"].sum() == len(full)
    assert table["net_sales_12m"].sum() == pytest.approx(active["net_sales_12m"].sum())
    assert table["head_room"].sum() == pytest.approx(active["head_room"].sum())
    assert table["net_sales_12m"].is_monotonic_decreasing
    assert table["share_of_wallet"].between(0, 1).all()
    assert table["main_concern"].notna().any()
    one = table.iloc[0]
    mine = active[active["account_id"].map(kinds).fillna("not known") == one["segment"]]
    assert one["margin_rate"] == pytest.approx(
        mine["gross_profit_12m"].sum() / mine["net_sales_12m"].sum()
    )


def test_nothing_known_is_one_segment_without_rates():
    rows = pd.DataFrame(columns=list(PROFILE), index=range(2)).assign(
        account_id=["a", "b"], net_sales_12m=[0.0, 0.0], net_sales_prior_12m=[0.0, 0.0]
    )

    table = segment_profiles(rows, pd.Series(dtype=object))

    assert table["segment"].tolist() == ["not known"]
    assert (table["accounts"].iloc[0], table["active"].iloc[0]) == (2, 0)
    assert table[["sales_growth", "margin_rate", "price_effect"]].isna().all(axis=None)
