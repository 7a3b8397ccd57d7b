"""Quotes: only what was known on the day counts, and few decisions are drawn to those of all."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import beta

from kamlab.accounts.profiles import profiles
from kamlab.accounts.quoting import hit_rates, quote_conduct
from kamlab.simulation import simulate

AS_OF = date(2025, 1, 1)
COLUMNS = ["account_id", "quoted_at", "amount", "outcome", "decided_at", "competitor"]


def _quotes(*rows):
    return pd.DataFrame(rows, columns=COLUMNS)


def test_what_is_decided_later_is_open():
    asked = _quotes(
        ("a", "2024-03-01", 100.0, "won", "2024-04-01", "Rival"),
        ("a", "2024-11-01", 40.0, "Lost ", "2024-12-31", " rival"),
        ("a", "2024-12-01", 7.0, "lost", "2025-01-01", "Other"),  # not known on the day
        ("a", "2024-12-02", 2.0, "won", None, None),  # nobody says since when
        ("a", "2025-01-01", 1.0, "open", None, "Third"),  # not yet asked
        ("b", "2023-12-01", 9.0, "won", "2024-02-01", "Rival"),  # over a year ago
        ("c", "2024-05-01", 5.0, "open", None, None),
    )

    table = quote_conduct(asked, AS_OF).set_index("account_id")

    assert table.index.tolist() == ["a", "c"]
    assert table["quotes_12m"].tolist() == [4, 1]
    assert table["open_quote_amount"].tolist() == [9, 5]
    assert table["lost_quote_amount"].tolist() == [40, 0]
    assert table["competitors_met"].tolist() == [1, 0]
    assert table["hit_rate"].isna().all()  # three decisions say nothing of a rate
    later = quote_conduct(asked, date(2025, 1, 2)).set_index("account_id")
    assert later.loc["a", ["lost_quote_amount", "competitors_met"]].tolist() == [47, 3]


def test_the_least_table_counts_quotes_and_no_more():
    asked = _quotes(("a", "2024-03-01", 1.0, None, None, None))[COLUMNS[:3]]

    row = quote_conduct(asked, AS_OF).iloc[0]

    assert row["quotes_12m"] == 1
    assert row.drop(["account_id", "quotes_12m"]).isna().all()
    assert quote_conduct(asked.iloc[:0], AS_OF).empty


def test_equal_accounts_share_one_rate_and_unequal_ones_keep_their_own():
    equal = hit_rates(pd.Series([10] * 30), pd.Series([20] * 30))
    decided = pd.Series([40] * 15 + [40] * 15 + [0, 1])
    own = hit_rates(pd.Series([36] * 15 + [4] * 15 + [0, 1]), decided)

    assert np.allclose(equal["hit_rate"], 0.5)
    assert (equal["hit_rate_high"] - equal["hit_rate_low"]).max() < 0.12
    assert own["hit_rate"].iloc[0] == pytest.approx(0.9, abs=0.02)
    assert own.iloc[30].isna().all()
    assert own["hit_rate"].iloc[31] < 0.85  # one win is mostly luck


def test_the_posterior_is_the_beta_law_of_the_estimated_strength():
    won, decided = pd.Series([9, 1]), pd.Series([10, 10])
    made = hit_rates(won, decided).iloc[0]
    # the mean gives the strength, and that the interval
    strength = (9 - 10 * made["hit_rate"]) / (made["hit_rate"] - 0.5)
    law = beta(0.5 * strength + 9, 0.5 * strength + 1)

    assert made["hit_rate_low"] == pytest.approx(law.ppf(0.05))
    assert made["hit_rate_high"] == pytest.approx(law.ppf(0.95))


def test_intervals_hold_the_chances_of_the_simulation(world, full):
    told = full[full["hit_rate"].notna()].set_index("account_id")
    truth = world.truth["quote"].set_index("account_id")["hit_probability"].reindex(told.index)

    assert 0.84 < truth.between(told["hit_rate_low"], told["hit_rate_high"]).mean() < 0.96
    assert told["hit_rate"].corr(truth) > 0.4


def test_competitors_met_are_a_sign_of_bargaining_power():
    world = simulate("tiny", seed=5)
    truth = world.truth["account"].set_index("account_id")["bargaining"]
    rows = [
        (account, "2025-06-01", 1.0, "open", None, f"Rival {number}")
        for account, power in truth.items()
        for number in range(round(2 * (power + 2)))
    ]
    without, told = (
        profiles(
            world.tables["orders"],
            date(2026, 1, 1),
            quotes=quotes,
            accounts=world.tables["accounts"],
        )
        .set_index("account_id")["bargaining_score"]
        .corr(truth, method="spearman")
        for quotes in (None, _quotes(*rows))
    )

    assert told > without + 0.05
