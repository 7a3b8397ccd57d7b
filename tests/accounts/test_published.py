"""Account tables held against published figures on real data."""

import duckdb
import numpy as np
import pytest

from kamlab.accounts import account_facts, monthly_sums, repeat_purchases


@pytest.fixture(scope="module")
def cdnow(shared_data):
    path = shared_data("cdnow") / "cdnow_sample.csv"
    return duckdb.sql(
        f"""select customer_id as account_id, row_number() over () as order_id,
        "date" as order_date, "value" as net_sales from '{path}'"""
    )


def test_calibration_histories_of_cdnow_are_the_published_ones(cdnow):
    # Fader, Hardie and Lee 2005
    seen = repeat_purchases(cdnow, "1997-10-01", unit="W", zero_price="keep")

    assert len(seen) == 2357
    assert seen["frequency"].sum() == 2457
    assert (seen["frequency"] == 0).sum() == 1411
    assert (seen["frequency"] > 0).sum() == 946
    assert seen["T"].mean() == pytest.approx(32.7159, abs=5e-5)
    assert seen["recency"].mean() == pytest.approx(6.8458, abs=5e-5)
    assert len(seen[["frequency", "recency", "T"]].drop_duplicates()) == 1016


def test_hold_out_of_cdnow_has_the_published_transactions_and_spend(cdnow):
    held = repeat_purchases(cdnow, "1998-07-01", start="1997-10-01", zero_price="keep")
    spend = account_facts(cdnow, "1998-07-01", start="1997-10-01")["net_sales"].sum()

    assert held["frequency"].sum() + len(held) == 1882
    assert len(held) == 684
    assert spend == pytest.approx(70_976.39, abs=0.005)


def test_customer_days_of_cdnow_with_and_without_those_at_no_price(cdnow):
    kept = repeat_purchases(cdnow, "1998-07-01", zero_price="keep")
    dropped = repeat_purchases(cdnow, "1998-07-01")

    assert kept["frequency"].sum() + len(kept) == 6696
    assert dropped["frequency"].sum() + len(dropped) == 6696 - 8
    assert monthly_sums(cdnow, "1998-07-01")["net_sales"].sum() == pytest.approx(244_091.94)


def test_sales_and_margin_of_adventureworks_reconcile(shared_data):
    path = shared_data("adventureworks") / "FactResellerSales.parquet"
    lines = duckdb.sql(
        f"""select ResellerKey as account_id, SalesOrderNumber as order_id,
        OrderDate as order_date, SalesAmount as net_sales, TotalProductCost as cost_of_goods
        from '{path}'"""
    )

    facts = account_facts(lines, "2013-11-30")
    months = monthly_sums(lines, "2013-11-30")

    assert len(facts) == 635
    assert facts["lines"].sum() == 60_855
    assert facts["net_sales"].sum() == pytest.approx(80_450_596.98, abs=0.005)
    assert months["net_sales"].sum() == pytest.approx(80_450_596.98, abs=0.005)
    # margin published as 0.58 %
    rate = facts["gross_profit"].sum() / facts["sales_with_cost"].sum()
    assert rate == pytest.approx(0.0058, abs=5e-5)


def test_recency_orders_and_revenue_of_the_rfm_package(shared_data):
    path = shared_data("rfm") / "rfm_orders.csv"
    orders = duckdb.sql(
        f"""select customer_id as account_id, row_number() over () as order_id, order_date,
        revenue as net_sales from '{path}'"""
    )
    published = {
        "Abbey O'Reilly": (205, 6, 472),
        "Add Senger": (140, 3, 340),
        "Aden Lesch": (194, 4, 405),
        "Aden Murphy": (98, 7, 596),
        "Admiral Senger": (132, 5, 448),
    }

    facts = account_facts(orders, "2006-12-31").set_index("account_id")

    assert len(facts) == 995
    assert facts["orders"].sum() == 4906
    columns = ["days_since_last_order", "orders", "net_sales"]
    np.testing.assert_allclose(facts.loc[list(published), columns], list(published.values()))
