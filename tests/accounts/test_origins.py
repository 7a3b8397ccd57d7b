"""Snapshots of past days hold what a plain reckoning of the same lines gives."""

import duckdb
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kamlab.accounts.origins import snapshots

END = pd.Timestamp("2025-01-01")
ORIGINS = ["2023-04-10", "2023-05-30", "2024-06-01", "2024-12-20"]


@pytest.fixture(scope="module")
def lines():
    """Whole amounts, so that sums are exact; returns, and lines without a category."""
    rng = np.random.default_rng(8)
    count = 1500
    days = rng.choice(pd.date_range("2021-02-01", "2025-02-01"), count)
    return pd.DataFrame(
        {"account_id": rng.choice(list("abcdefgh"), count, p=[0.3, 0.2] + [0.5 / 6] * 6),
         "order_id": rng.integers(0, 900, count).astype(str), "order_date": days,
         "net_sales": rng.integers(-20, 80, count).astype(float),
         "category": rng.choice(np.array(["x", "y", "z", "w", None], dtype=object), count)}
    )  # fmt: skip


@pytest.mark.parametrize("history", [None, 800])
@pytest.mark.parametrize("origins", [ORIGINS, ORIGINS[2:3]])
def test_windows_hold_what_was_bought_in_them(lines, origins, history):
    orders = duckdb.connect().from_arrow(pa.Table.from_pandas(lines))

    found = snapshots(orders, origins, label_days=60, as_of=END, history=history)

    assert sorted(found["origin"].unique()) == [pd.Timestamp(day) for day in origins]
    for _, row in found.iterrows():
        origin = row["origin"]
        own = lines[(lines["account_id"] == row["account_id"]) & (lines["order_date"] < END)]
        begin = origin - pd.Timedelta(days=history or 10_000)

        def within(low, high, own=own, origin=origin, begin=begin):
            first = max(origin - pd.Timedelta(days=low), begin)
            last = origin - pd.Timedelta(days=high)
            return own[(own["order_date"] >= first) & (own["order_date"] < last)]

        for days in (30, 90, 180, 365):
            assert row[f"net_sales_{days}d"] == within(days, 0)["net_sales"].sum()
        assert row["net_sales_prior_365d"] == within(730, 365)["net_sales"].sum()
        now, before = (
            {
                name
                for name, sales in part.groupby("category")["net_sales"].sum().items()
                if sales > 0
            }
            for part in (within(365, 0), within(730, 365))
        )
        assert row["categories"] == len(now)
        assert row["categories_prior"] == len(before)
        assert row["categories_lost"] == len(before - now)
        if origin + pd.Timedelta(days=60) > END:
            assert pd.isna(row["net_sales_next"])
            continue
        after = within(0, -60)
        assert row["net_sales_next"] == after["net_sales"].sum()
        assert row["silent"] == (after.groupby("order_date")["net_sales"].sum() <= 0).all()
