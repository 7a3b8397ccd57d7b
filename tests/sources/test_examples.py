"""The mappings in data/examples/ reproduce the published totals of real data."""

from datetime import date
from pathlib import Path

import pytest

from kamlab.sources import describe, open_data

EXAMPLES = Path(__file__).parents[2] / "data" / "examples"


@pytest.fixture
def example(shared_data, store, monkeypatch):
    def open_example(name: str):
        monkeypatch.setenv("KAMLAB_EXAMPLES", str(shared_data(name).parent))
        return open_data(EXAMPLES / f"{name}.toml", store=store)

    return open_example


def _total(sources) -> float:
    return sources.reconciliation.set_index("table").loc["orders", "amount_in"]


def test_adventureworks(example):
    sources = example("adventureworks")
    orders = sources.table("orders")

    assert _total(sources) == pytest.approx(80_450_596.98, abs=0.005)
    assert sources.refused.empty
    profit = "sum(net_sales), sum(cost_of_goods), count(DISTINCT account_id), count(*)"
    sales, cost, resellers, count = orders.aggregate(profit).fetchall()[0]
    assert (1 - cost / sales) * 100 == pytest.approx(0.58, abs=0.005)
    assert (resellers, count) == (635, 60_855)
    assert sources.table("accounts").count("*").fetchall() == [(701,)]
    # discount is what was taken off the list amount
    gap = orders.aggregate("max(abs(list_price - discount - net_sales))").fetchall()[0][0]
    assert gap < 0.001
    assert (sources.currency, sources.end) == ("USD", date(2013, 11, 30))
    assert "80,450,596.98 kept" in describe(sources)


def test_the_mapping_may_be_kept_elsewhere(shared_data, store):
    sources = open_data(
        shared_data("adventureworks"), mapping=EXAMPLES / "adventureworks.toml", store=store
    )
    assert _total(sources) == pytest.approx(80_450_596.98, abs=0.005)


def test_online_retail(example):
    sources = example("online_retail")
    row = sources.reconciliation.set_index("table").loc["orders"]

    # cancellations net out; a quarter of the lines name no customer
    assert row["amount_in"] == pytest.approx(9_747_747.934, abs=0.0005)
    assert row["amount_refused"] == pytest.approx(1_447_682.12, abs=0.005)
    assert (row["rows_in"], row["rows_kept"], row["rows_refused"]) == (541_909, 406_829, 135_080)
    assert row["difference"] == 0
    assert "cost_of_goods" not in sources.table("orders").columns
    ids = sources.table("orders").aggregate("count(DISTINCT account_id), min(account_id)")
    assert ids.fetchall() == [(4_372, "12346")]
    assert set(sources.refused["reason"]) == {"account missing"}


def test_cdnow(example):
    sources = example("cdnow")
    found = sources.table("orders").aggregate(
        "count(*), count(DISTINCT account_id), min(order_date)"
    )

    assert found.fetchall() == [(69_659, 23_570, date(1997, 1, 1))]
    assert sources.end == date(1998, 7, 1)
    assert sources.refused.empty


def test_rfm(example):
    sources = example("rfm")
    found = sources.table("orders").aggregate("count(*), count(DISTINCT account_id)")

    assert found.fetchall() == [(4_906, 995)]
    assert sources.refused.empty
    abbey = sources.table("orders").filter("account_id = 'Abbey O''Reilly'")
    assert abbey.aggregate("count(*), sum(net_sales)").fetchall() == [(6, 472.0)]
