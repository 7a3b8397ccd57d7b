"""Contracts that end: spells by hand, labels without a look ahead, and truth that is known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.churn.contracts import (
    contract_spells,
    contract_state,
    renewal_table,
    running_contracts,
)
from kamlab.churn.panel import build_panel


def _contracts(*rows):
    table = pd.DataFrame(rows, columns=["account_id", "start_date", "end_date"])
    return table.assign(
        start_date=pd.to_datetime(table["start_date"]), end_date=pd.to_datetime(table["end_date"])
    )


TABLE = _contracts(
    ("renews", "2021-01-01", "2021-12-31"),
    ("renews", "2022-01-15", "2022-12-31"),
    ("renews", "2023-01-01", "2024-12-31"),
    ("leaves", "2021-06-01", "2022-05-31"),
    ("returns", "2021-01-01", "2021-12-31"),
    ("returns", "2023-01-01", "2023-12-31"),
    ("one more site", "2022-01-01", "2023-12-31"),
    ("one more site", "2022-06-01", "2023-05-31"),
    ("without end", "2022-03-01", None),
    ("not yet", "2024-02-01", "2025-01-31"),
    ("turned round", "2022-02-01", "2022-01-01"),
)


def test_spells_by_hand():
    spells = contract_spells(TABLE, "2024-01-15").set_index("account_id")
    found = {
        name: rows[["renewals", "periods", "left"]].to_numpy().tolist()
        for name, rows in spells.groupby(level=0)
    }

    assert found == {
        "renews": [[2, 2, False]],
        "leaves": [[0, 1, True]],
        "returns": [[0, 1, True], [0, 0, False]],  # the grace of the second is not over
        "one more site": [[0, 0, False]],
        "without end": [[0, 0, False]],
    }
    table = renewal_table(spells.reset_index())
    assert table["decided"].tolist() == [3, 1]
    assert table["renewed"].tolist() == [1, 1]


def test_a_contract_lapses_if_none_follows_and_only_when_that_is_known():
    keys = pd.DataFrame(
        {
            "account_id": ["leaves", "renews", "without end", "stranger", "leaves", "not yet"],
            "origin": pd.to_datetime(["2022-04-01"] * 4 + ["2022-01-01", "2022-04-01"]),
        }
    )
    state = contract_state(keys, TABLE, label_days=90, as_of="2024-01-15")
    assert state["runs"].tolist() == [True, True, True, False, True, False]
    assert state["days_left"].tolist()[:2] == [60, 274]
    assert state["renewals"].tolist()[:2] == [0, 1]
    assert state["lapses"].tolist()[:3] == [1, 0, 0]
    assert np.isnan(state["lapses"][3])
    assert state["lapses"][4] == 0  # it ends after the window
    # on the day before the grace is over nothing is known yet
    early = contract_state(keys.head(1), TABLE, label_days=90, as_of="2022-07-29")
    assert np.isnan(early["lapses"][0])


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.integers(0, 1500), st.integers(1, 500)),
        min_size=1,
        max_size=15,
    )
)
def test_what_is_seen_of_an_origin_does_not_hang_on_what_is_signed_later(drawn):
    begin = pd.Timestamp("2020-01-01")
    rows = [
        (name, begin + pd.Timedelta(days=day), begin + pd.Timedelta(days=day + length))
        for name, day, length in drawn
    ]
    table = _contracts(*rows)
    origin = pd.Timestamp("2022-01-01")
    keys = pd.DataFrame({"account_id": list("abc"), "origin": origin})
    how = {"label_days": 90, "as_of": "2024-06-01"}
    known = table[table["start_date"] < origin]
    seen = ["runs", "days_left", "renewals"]
    one = contract_state(keys, table, **how)
    other = contract_state(keys, known, **how) if len(known) else None
    if other is not None:
        pd.testing.assert_frame_equal(one[seen], other[seen])
        # what follows can only save a contract
        assert not (one["lapses"] > other["lapses"]).any()
    spells = contract_spells(table, "2024-06-01")
    assert (spells["periods"] == spells["renewals"] + spells["left"]).all()
    assert spells["end"].max() == table["end_date"].max()


def _yearly(count=600, seed=3):
    """Contracts of a year that are renewed with each account's own chance of Beta(1, 3)."""
    generator = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        start = pd.Timestamp("2014-01-01") + pd.Timedelta(days=int(generator.integers(0, 365)))
        leaves = generator.beta(1.0, 3.0)
        while start < pd.Timestamp("2024-01-01"):
            end = start + pd.Timedelta(days=364)
            rows.append((f"a{number:03d}", start, end))
            start = end + pd.Timedelta(days=1)
            if generator.random() < leaves:
                break
    return _contracts(*rows)


def test_the_chance_to_renew_is_found():
    contracts = _yearly()
    running, renewals, said = running_contracts(contracts, "2024-01-01")

    assert "renew their first contract" in said
    first = renewals.iloc[0]
    assert first["share"] == pytest.approx(0.75, abs=0.05)
    assert np.abs(renewals["share"] - renewals["expected"])[:5].max() < 0.05
    # of those who renewed n times, the chance to leave is that of Beta(1, 3 + n)
    truth = (3 + running["renewals"]) / (4 + running["renewals"])
    assert np.abs(running["renews"] - truth).max() < 0.05
    assert running["end"].is_monotonic_increasing
    assert (running["periods_ahead"] > 0).all()


def test_few_contracts_give_no_chances():
    running, renewals, said = running_contracts(TABLE, "2024-01-15")

    assert "too few" in said
    assert running["renews"].isna().all()
    assert running["account_id"].tolist() == ["renews", "without end"]
    assert renewals["expected"].isna().all()
    nothing = running_contracts(TABLE.head(0), "2024-01-15")
    assert nothing[0].empty
    assert "too few" in nothing[2]


def test_accounts_under_contract_leave_by_their_contract_and_not_by_silence():
    generator = np.random.default_rng(0)
    rows = [
        (f"{kind}{number}", day)
        for kind, number in [(k, n) for k in ("free", "bound") for n in range(40)]
        for day in np.flatnonzero(generator.random(900) < 1 / 25)
        if day < (500 if number % 4 == 0 else 900)
    ]
    orders = pd.DataFrame(rows, columns=["account_id", "day"])
    orders["order_date"] = pd.Timestamp("2021-01-01") + pd.to_timedelta(orders["day"], unit="D")
    orders = orders.assign(order_id=np.arange(len(orders)).astype(str), net_sales=10.0)
    bound = [f"bound{n}" for n in range(40)]
    contracts = _contracts(*[(name, "2020-06-01", "2026-01-01") for name in bound])
    how = {"label_days": 60, "gone_after": 60, "begins": pd.Timestamp("2021-01-01").date()}
    panel = build_panel(orders, "2023-06-01", tables={"contracts": contracts}, **how)
    plain = build_panel(orders, "2023-06-01", **how)

    known = panel.rows[panel.rows["left"].notna()]
    by = known.groupby(known["account_id"].str.startswith("bound"))["left"].sum()
    assert by[True] == 0
    assert by[False] > 0
    without = plain.rows[plain.rows["account_id"].str.startswith("bound")]
    assert without["left"].sum() > 0
    assert panel.measures["contract_days_left"].notna().sum() >= 40
