"""Payment conduct: textbook figures, money that adds up, and nothing known too early."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.accounts import payment

AS_OF = date(2025, 1, 1)


def _invoices(rows):
    columns = ["account_id", "invoice_date", "due_date", "amount", "paid_date", "paid_amount"]
    return pd.DataFrame(
        [
            [f"A{i % 3}" if account is None else account, *row]
            for i, (account, *row) in enumerate(rows)
        ],
        columns=columns,
    )


def test_altman_reproduces_the_worked_example():
    plain = payment.altman_z2([0.2, 0.0], [0.3, 0.0], [0.1, -0.1], [1.0, 0.2], [1, 1], [1, 1])
    emerging = payment.altman_z2([0.2], [0.3], [0.1], [1.0], [1], [1], emerging_market=True)

    assert plain["z"].round(3).tolist() == [4.012, -0.462]
    assert plain["zone"].tolist() == ["safe", "distress"]
    assert emerging["z"].round(3).tolist() == [7.262]


def test_altman_gives_no_zone_without_assets():
    table = payment.altman_z2([1.0], [1.0], [1.0], [1.0], [0.0], [1.0])

    assert table["z"].isna().all()
    assert table["zone"].isna().all()


def test_days_beyond_terms_weigh_by_amount():
    invoices = _invoices(
        [
            ("A", "2024-06-01", "2024-07-01", 900.0, "2024-07-11", np.nan),
            ("A", "2024-08-01", "2024-08-31", 100.0, "2024-08-21", 100.0),
        ]
    )

    row = payment.payment_conduct(invoices, AS_OF).iloc[0]

    assert row["days_beyond_terms"] == pytest.approx((900 * 10 - 100 * 10) / 1000)
    assert row["late_share"] == 0.9
    assert row["receivable"] == 0


def test_open_invoices_age_into_bands_and_days_of_sales():
    invoices = _invoices(
        [
            ("A", "2024-12-20", "2025-01-19", 300.0, None, np.nan),
            ("A", "2024-11-01", "2024-12-01", 500.0, None, np.nan),
            ("A", "2024-09-01", "2024-09-20", 200.0, "2024-12-01", 50.0),
        ]
    )
    limits = pd.DataFrame({"account_id": ["A"], "credit_limit": [1900.0]})

    row = payment.payment_conduct(invoices, AS_OF, accounts=limits).iloc[0]

    assert row[["current", "overdue_1_30", "overdue_31_60", "overdue_over_90"]].tolist() == [
        300,
        0,
        500,
        150,
    ]
    assert row["dso"] == pytest.approx(950 / (1000 / 365))
    assert row["best_possible_dso"] == pytest.approx(300 / (1000 / 365))
    assert row["average_days_delinquent"] == pytest.approx(650 / (1000 / 365))
    assert row["credit_use"] == 0.5


def test_a_payment_on_or_after_the_day_is_not_known():
    paid_later = _invoices([("A", "2024-10-01", "2024-11-01", 100.0, "2025-01-01", 100.0)])
    never_paid = _invoices([("A", "2024-10-01", "2024-11-01", 100.0, None, np.nan)])

    pd.testing.assert_frame_equal(
        payment.payment_conduct(paid_later, AS_OF), payment.payment_conduct(never_paid, AS_OF)
    )


_DAYS = st.integers(-500, 60).map(lambda days: pd.Timestamp(AS_OF) + pd.Timedelta(days=days))


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(
            st.none(),
            _DAYS,
            _DAYS,
            st.floats(-1000, 10_000).map(lambda value: round(value, 2)),
            st.one_of(st.none(), _DAYS),
            st.one_of(st.just(np.nan), st.floats(0, 5000)),
        ),
        min_size=1,
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)
def test_bands_add_up_and_order_does_not_matter(rows, random):
    invoices = _invoices(rows)
    shuffled = invoices.sample(frac=1, random_state=random.randint(0, 999))
    bands = ["current", "overdue_1_30", "overdue_31_60", "overdue_61_90", "overdue_over_90"]

    table = payment.payment_conduct(invoices, AS_OF)
    again = payment.payment_conduct(shuffled, AS_OF)

    assert np.allclose(table[bands].sum(axis=1), table["receivable"])
    assert (table["late_share"].dropna().between(0, 1 + 1e-12)).all()
    pd.testing.assert_frame_equal(table, again, check_exact=False)


def test_expected_loss_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match="between 0 and 1"):
        payment.expected_credit_loss(pd.Series([1.2]), pd.Series([1.0]))


@pytest.mark.parametrize("lacking", [[], ["paid_amount"], ["paid_date", "paid_amount"]])
def test_conduct_is_that_of_a_loop_over_invoices_with_gaps(lacking):
    rng = np.random.default_rng(6)
    count, end = 300, pd.Timestamp(AS_OF)
    issued = end + pd.to_timedelta(rng.integers(-700, 30, count), "D")
    due = pd.Series(issued + pd.to_timedelta(rng.integers(0, 60, count), "D"))
    paid = due + pd.to_timedelta(rng.integers(-30, 90, count), "D")
    amount = rng.normal(400, 300, count).round(2)
    invoices = pd.DataFrame(
        {"account_id": rng.choice(np.array(["a", "b", "c", None], dtype=object), count),
         "invoice_date": issued, "due_date": due.mask(rng.random(count) < 0.1), "amount": amount,
         "paid_date": paid.mask(rng.random(count) < 0.3),
         "paid_amount": np.where(rng.random(count) < 0.2, amount / 2, np.nan)}
    ).drop(columns=lacking)  # fmt: skip

    found = payment.payment_conduct(invoices, AS_OF, late_days=5).set_index("account_id")

    assert found.index.tolist() == ["a", "b", "c"]
    for name, row in found.iterrows():
        told = {"invoices": 0, "invoiced": 0.0, "receivable": 0.0, "overdue": 0.0, "current": 0.0}
        weight = late = days = 0.0
        for one in invoices[invoices["account_id"] == name].to_dict("records"):
            if one["invoice_date"] >= end:
                continue
            known = one.get("paid_date", pd.NaT) < end
            part = one.get("paid_amount", np.nan)
            given = (one["amount"] if pd.isna(part) else part) if known else 0.0
            rest = max(one["amount"] - given, 0.0) if one["amount"] > 0 else 0.0
            inside = one["invoice_date"] >= end - pd.Timedelta(days=365)
            told["invoices"] += inside
            told["invoiced"] += one["amount"] if inside else 0.0
            told["receivable"] += rest
            told["overdue"] += rest if one["due_date"] < end else 0.0
            told["current"] += rest if one["due_date"] >= end else 0.0
            if inside and one["amount"] > 0 and (known or one["due_date"] < end):
                weight += one["amount"]
                if pd.notna(one["due_date"]):
                    beyond = ((one["paid_date"] if known else end) - one["due_date"]).days
                    days += one["amount"] * beyond
                    late += one["amount"] if beyond > 5 else 0.0
        told |= {"days_beyond_terms": days / weight, "late_share": late / weight}
        for column, value in told.items():
            assert row[column] == pytest.approx(value), (name, column)
