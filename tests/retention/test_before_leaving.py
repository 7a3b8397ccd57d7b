"""Before leaving: measures by hand, signs that show where planted, and none where nothing is."""

import numpy as np
import pandas as pd
import pytest

from kamlab.accounts.days import daily_sums
from kamlab.retention.before_leaving import bearing, before_leaving, given_against_signs
from kamlab.retention.first_signs import pace_before
from kamlab.simulation import simulate

END = "2026-01-01"


def _daily(accounts, *, stops=(), seed=0, falls=()):
    """Give accounts that order about once a month for four years, some of which stop in 2025."""
    generator = np.random.default_rng(seed)
    rows = []
    for account in accounts:
        last = 1250 if account in stops else 1460
        days = np.flatnonzero(generator.random(last) < 1 / 30)
        size = np.where((days > last - 300) & (account in falls), 25.0, 100.0)
        rows += [(account, day, amount) for day, amount in zip(days, size, strict=True)]
    table = pd.DataFrame(rows, columns=["account_id", "day", "net_sales"])
    table["day"] = (pd.Timestamp("2022-01-01") + pd.to_timedelta(table["day"], unit="D")).astype(
        "datetime64[us]"
    )
    return table.assign(gross_sales=table["net_sales"], returns=0.0)


ACCOUNTS = [f"A{i:02d}" for i in range(60)]
LEFT = ACCOUNTS[:20]
GONE = pd.DataFrame({"account_id": LEFT, "left_on": pd.Timestamp("2025-07-01")})


def test_measures_by_hand():
    daily = _daily(ACCOUNTS, stops=LEFT)
    last = daily[daily["account_id"] == "A00"]["day"].max()
    back = [pd.Timedelta(days=days) for days in (10, 100, 300, 400)]
    said = pd.DataFrame(
        {
            "account_id": "A00",
            "occurred_at": [last - one for one in back],
            "topic": ["Complaint", "visit", "claims", "complaint"],
            "sentiment": [-1.0, 0.5, np.nan, 1.0],
        }
    )
    bills = pd.DataFrame(
        {
            "account_id": "A00",
            "invoice_date": [last - back[1], last - back[0], last + pd.Timedelta(days=3)],
            "due_date": [last - back[0], last, last + pd.Timedelta(days=33)],
            "amount": [100.0, 300.0, 50.0],
            "paid_date": [last, last + pd.Timedelta(days=2), last + pd.Timedelta(days=40)],
            "paid_amount": [100.0, 300.0, 20.0],
        }
    )
    found = before_leaving(daily, GONE, END, interactions=said, invoices=bills)
    mine = found.measures.set_index("account_id").loc["A00"]

    assert mine["contacts"] == 3  # the fourth lies more than a year back
    assert mine["complaints"] == 2
    assert mine["mood"] == pytest.approx(-0.25)
    assert mine["late"] == pytest.approx((100 * 10 + 300 * 2 + 50 * 7) / 450)
    assert mine["unpaid"] == 1
    assert mine["stayers"] == 5
    assert np.isnan(mine["satisfaction"])
    assert found.pairs.loc[~found.pairs["left"], "account_id"].isin(ACCOUNTS[20:]).all()


def _prices(last, rows):
    table = pd.DataFrame(rows, columns=["back", "product_id", "net_sales", "quantity"])
    month = last - pd.to_timedelta(table.pop("back"), unit="D")
    return table.assign(account_id="A00", month=month)


@pytest.mark.parametrize(
    ("rows", "price"),
    [
        # bought before at 2 and 10, then 5 at 3 and 1 at 8: 23 in place of 20
        ([(500, "P", 20, 10), (400, "Q", 10, 1), (90, "P", 15, 5), (30, "Q", 8, 1)], 23 / 20 - 1),
        ([(500, "P", 20, 10), (90, "P", 15, 5), (30, "Q", 8, 1)], 15 / 10 - 1),  # Q is new
        ([(500, "P", 20, 10), (400, "Q", 10, 0), (90, "P", 15, 5), (30, "Q", 8, -1)], 15 / 10 - 1),
        ([(90, "P", 15, 5), (30, "P", 8, 1)], np.nan),  # nothing a year before
        ([(500, "P", 15, 5)], np.nan),
    ],
)
def test_the_price_of_what_was_bought_in_both_years_by_hand(rows, price):
    daily = _daily(ACCOUNTS, stops=LEFT)
    last = daily[daily["account_id"] == "A00"]["day"].max()
    found = before_leaving(daily, GONE, END, prices=_prices(last, rows))

    told = found.measures.set_index("account_id").loc["A00", "price"]
    assert told == pytest.approx(price, nan_ok=True)


def test_a_planted_fall_shows_and_when_it_began():
    alike = _daily(ACCOUNTS, stops=LEFT)
    falling = _daily(ACCOUNTS, stops=LEFT, falls=LEFT)
    quiet, loud = (before_leaving(daily, GONE, END) for daily in (alike, falling))
    row = [one.summary.set_index("sign").loc["volume"] for one in (quiet, loud)]

    assert row[0]["low"] < 0 < row[0]["high"]
    assert row[1]["low"] > 0.3
    assert row[1]["p_adjusted"] < 0.01
    assert not pace_before(alike, quiet.pairs)["shows"].any()
    shows = pace_before(falling, loud.pairs).set_index("quarters_before")["shows"]
    assert shows[[1, 2, 3]].all()
    assert not shows[4]


def test_nothing_after_the_day_is_seen():
    daily = _daily(ACCOUNTS, stops=LEFT)
    early = "2025-03-01"
    gone = GONE.head(0)
    assert before_leaving(daily, gone, early).measures.empty
    cut = before_leaving(daily[daily["day"] < early], GONE, early)
    pd.testing.assert_frame_equal(cut.measures, before_leaving(daily, GONE, early).measures)


def test_rows_in_another_order_give_the_same():
    daily = _daily(ACCOUNTS, stops=LEFT)
    mixed = before_leaving(daily.sample(frac=1, random_state=1), GONE, END)
    pd.testing.assert_frame_equal(mixed.measures, before_leaving(daily, GONE, END).measures)


def test_reasons_are_held_against_what_happened():
    daily = _daily(ACCOUNTS, stops=LEFT)
    said = pd.DataFrame(
        {
            "account_id": LEFT[:10] * 3,
            "occurred_at": pd.Timestamp("2025-03-01"),
            "topic": "complaint",
            "sentiment": -0.9,
        }
    )
    reasons = pd.Series(["bad service"] * 8 + ["closed down"] * 8, LEFT[:16])
    found = before_leaving(daily, GONE, END, interactions=said)
    one, table = given_against_signs(reasons, found)
    verdict = one.set_index("account_id")["verdict"]

    assert (verdict[LEFT[:8]] == "borne out").all()
    assert (verdict[LEFT[8:]] == "cannot be told").all()  # no invoices; the last four say nothing
    row = table.set_index(["reason", "sign"]).loc["bad service", "complaints"]
    assert row["leavers"] == 1
    assert row["stayers"] == 0
    assert bearing("Lieferservice (delivery)") == ("complaints", "mood", "satisfaction")


def test_few_or_none_left_say_nothing_and_do_not_fail():
    daily = _daily(ACCOUNTS[:6], stops=LEFT[:1])
    found = before_leaving(daily, GONE.head(1), END)
    assert len(found.measures) == 1
    assert found.summary.empty
    assert pace_before(daily, found.pairs).empty
    alone = before_leaving(_daily(["A00"], stops=["A00"]), GONE.head(1), END)
    assert alone.measures["stayers"].tolist() == [0]
    assert given_against_signs(pd.Series(dtype=object), alone)[1].empty


def test_insolvent_accounts_of_the_simulation_leave_bills_unpaid():
    world = simulate("small", seed=3)
    tables, truth = world.tables, world.truth["defection"].set_index("account_id")["cause"]
    left = tables["defections"].rename(columns={"defection_date": "left_on"})
    daily = daily_sums(tables["orders"], END)
    found = before_leaving(daily, left, END, invoices=tables["invoices"])
    unpaid = found.signs.set_index("account_id")["unpaid"]
    closed = unpaid.index.map(truth) == "closure"

    assert unpaid[closed].mean() > 0.7
    assert unpaid[~closed].mean() < 0.15
    assert found.summary.set_index("sign").loc["unpaid", "low"] > 0
