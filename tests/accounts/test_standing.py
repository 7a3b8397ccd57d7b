"""Financial standing: textbook scores, defaults as they are defined, chances that hold."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kamlab.accounts.balance import altman_z1, balance_scores
from kamlab.accounts.standing import financial_standing, in_default

AS_OF = date(2025, 1, 1)


def _invoices(*rows):
    columns = ["account_id", "invoice_date", "due_date", "amount", "paid_date", "paid_amount"]
    frame = pd.DataFrame(rows, columns=columns)
    for name in ("invoice_date", "due_date", "paid_date"):
        frame[name] = pd.to_datetime(frame[name])
    return frame


def test_z1_has_its_own_weights_and_cut_offs():
    # by hand: 0.717·0.2 + 0.847·0.3 + 3.107·0.1 + 0.420·1 + 0.998·1.5
    made = altman_z1([0.2, 0.0], [0.3, 0.0], [0.1, -0.1], [1.0, 0.1], [1.5, 1.0], [1, 1], [1, 1])

    assert made["z"].round(4).tolist() == [2.6252, 0.7293]
    assert made["zone"].tolist() == ["grey", "distress"]


def _figures(year, **other):
    return {
        "account_id": "A", "fiscal_year": year, "total_assets": 1.0, "current_assets": 0.5,
        "current_liab": 0.3, "total_liab": 0.5, "retained_earnings": 0.3, "ebit": 0.1,
        "equity_bv": 0.5, "sales": 1.5,
    } | other  # fmt: skip


def test_balances_are_seen_from_july_of_the_next_year():
    table = pd.DataFrame([_figures(2022), _figures(2023, ebit=0.2), _figures(2024, ebit=0.3)])

    june = balance_scores(table, date(2024, 6, 30)).iloc[0]
    july = balance_scores(table, date(2024, 7, 1)).iloc[0]

    assert (june["fiscal_year"], july["fiscal_year"]) == (2022, 2023)
    assert july["z_score"] == pytest.approx(4.012 + 0.672)
    assert july["z_change"] == pytest.approx(0.672)
    assert july["zone"] == "safe"
    assert np.isnan(june["z_change"])


def test_equity_is_what_is_left_where_it_is_not_given():
    table = pd.DataFrame([_figures(2022)]).drop(columns="equity_bv")

    assert balance_scores(table, AS_OF)["z_score"].tolist() == pytest.approx([4.012])
    assert balance_scores(table.drop(columns="ebit"), AS_OF).empty


def test_default_is_ninety_days_overdue_of_more_than_a_twentieth():
    invoices = _invoices(
        ("open", "2024-01-01", "2024-02-01", 100.0, None, None),
        ("small", "2024-01-01", "2024-02-01", 4.0, None, None),
        ("small", "2024-03-01", "2024-04-01", 96.0, "2024-04-01", 96.0),
        ("late", "2024-01-01", "2024-02-01", 100.0, "2024-06-01", 100.0),
        ("part", "2024-01-01", "2024-02-01", 100.0, "2024-02-20", 60.0),
    )
    days = [date(2024, 5, 1), date(2024, 5, 2), date(2024, 6, 1), date(2024, 6, 2)]
    states = in_default(invoices, days)

    assert states.loc["open"].tolist() == [False, True, True, True]
    assert states.loc["small"].tolist() == [False, False, False, False]
    assert states.loc["late"].tolist() == [False, True, True, False]
    assert states.loc["part"].tolist() == [False, True, True, True]


def test_a_default_that_is_not_yet_known_changes_nothing():
    paid = _invoices(("a", "2024-01-01", "2024-02-01", 100.0, "2024-09-01", 100.0))
    never = _invoices(("a", "2024-01-01", "2024-02-01", 100.0, None, None))

    assert in_default(paid, [date(2024, 9, 1)]).equals(in_default(never, [date(2024, 9, 1)]))


def test_closures_stand_in_default_and_the_healthy_do_not(world):
    left = world.truth["defection"]
    closed = left.loc[left["cause"] == "closure", "account_id"]
    made = financial_standing(world.tables["invoices"], date(2026, 1, 1))
    table = made.table.set_index("account_id")
    active = world.truth["account"].set_index("account_id")["active"]

    assert table["in_default"].reindex(closed).dropna().mean() > 0.75
    assert table.loc[active.reindex(table.index), "in_default"].mean() < 0.02
    assert set(made.table["source"]) == {"estimated"}


def test_chances_learnt_on_the_past_hold_in_the_year_after(world):
    """Told a year before the end: about as many defaults as expected, and mostly where expected."""
    invoices = world.tables["invoices"]
    made = financial_standing(invoices, AS_OF).table.set_index("account_id")
    quarters = [date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1), date(2026, 1, 1)]
    later = in_default(invoices, quarters).any(axis=1).reindex(made.index)
    recent = invoices[invoices["invoice_date"] >= "2024-01-01"]["account_id"].unique()
    judged = made[~made["in_default"] & made.index.isin(recent)]
    chance, came = judged["probability_of_default"], later[judged.index]

    assert chance.sum() / 2.5 < came.sum() < chance.sum() * 2.5
    assert chance.rank(pct=True)[came].mean() > 0.6


def test_without_defaults_the_scorecard_stands_and_says_so():
    rows = []
    for account in range(30):
        for month in pd.date_range("2022-01-01", "2024-12-01", freq="MS"):
            due = month + pd.Timedelta(days=30)
            paid = due + pd.Timedelta(days=account)
            rows.append((f"A{account:02d}", month, due, 100.0, paid, 100.0))
    made = financial_standing(_invoices(*rows), AS_OF)

    assert made.defaults == 0
    assert set(made.table["source"]) == {"assumed"}
    assert made.table["probability_of_default"].is_monotonic_increasing
    assert made.table["probability_of_default"].between(0.0005, 0.2).all()
    assert made.table["log_odds_se"].min() > 0.3


def test_balances_alone_give_an_assumed_standing():
    table = pd.DataFrame([_figures(2022), _figures(2022, account_id="B", ebit=-0.5)])
    made = financial_standing(None, AS_OF, financials=table).table

    assert made["source"].tolist() == ["assumed", "assumed"]
    assert made["probability_of_default"].is_monotonic_increasing
    assert financial_standing(None, AS_OF) is None
