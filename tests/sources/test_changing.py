"""Order lines elsewhere that change, or have odd columns: nothing stale is kept, nothing stops."""

import duckdb
import narwhals as nw
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from kamlab.accounts import account_facts, monthly_sums
from kamlab.accounts.kept import settled
from kamlab.errors import DataRefusedError
from kamlab.sources import open_data

DAY = "2024-06-01"
TOML = 'engine = "postgres"\ncurrency = "EUR"\n[[orders]]\nurl_env = "LEDGER_DB"\n'
pytestmark = [
    pytest.mark.usefixtures("collected"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore:.*pandas:UserWarning"),  # PySpark 4.3 warns of pandas 3
    pytest.mark.filterwarnings("ignore:.*pandas >=:FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ibis.*"),
    pytest.mark.timeout(300),
]


def _lines(count: int = 60) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "account_id": [f"A{k}" for k in range(count)],
            "order_id": [f"o{k}" for k in range(count)],
            "order_date": pd.Timestamp("2024-01-05"),
            "net_sales": rng.integers(1, 1000, count).astype(float),
            "cost_of_goods": [None, *np.arange(1.0, count)],
            "discount": 0.5,
        }
    )


@pytest.fixture
def ledger(postgres_server, monkeypatch):
    """Run commands on a table of lines in PostgreSQL."""
    import adbc_driver_postgresql.dbapi as postgresql

    def change(*commands: str, lines: pd.DataFrame | None = None) -> None:
        with postgresql.connect(postgres_server) as base, base.cursor() as cursor:
            if lines is not None:
                cursor.execute("DROP TABLE IF EXISTS changing")
                cursor.adbc_ingest("changing", pa.Table.from_pandas(lines), mode="create")
            for command in commands:
                cursor.execute(command)
            base.commit()

    monkeypatch.setenv("LEDGER_DB", postgres_server)
    change(lines=_lines())
    return change


@pytest.mark.postgres
def test_any_exchange_of_values_in_postgresql_is_another_content(folder, store, ledger):
    data = folder({"kamlab.toml": TOML + 'query = "SELECT * FROM changing"\n'})
    seen = {tuple(open_data(data, store=store).content("orders"))}
    for k in range(12):  # two accounts of one day exchange their orders, nothing else
        ledger(
            f"UPDATE changing SET account_id = CASE account_id WHEN 'A{k}' THEN 'A{k + 20}' "
            f"ELSE 'A{k}' END WHERE account_id IN ('A{k}', 'A{k + 20}')"
        )
        seen.add(tuple(open_data(data, store=store).content("orders")))
    ledger("UPDATE changing SET cost_of_goods = 0 WHERE cost_of_goods IS NULL")
    seen.add(tuple(open_data(data, store=store).content("orders")))
    ledger("UPDATE changing SET cost_of_goods = 0.5, discount = NULL WHERE order_id = 'o5'")
    seen.add(tuple(open_data(data, store=store).content("orders")))

    assert len(seen) == 15


@pytest.mark.postgres
@pytest.mark.parametrize("make", [account_facts, monthly_sums])
def test_nothing_is_kept_of_lines_that_change_between_check_and_sum(folder, store, ledger, make):
    data = folder({"kamlab.toml": TOML + 'query = "SELECT * FROM changing"\n'})
    known = open_data(data, store=store)
    ledger(lines=_lines(20))  # emptied and half loaded again
    with pytest.raises(DataRefusedError, match=r"changed while .* 60 lines, .* 20 lines"):
        known.once(make, DAY)
    known.close()
    ledger(lines=_lines())
    made = open_data(data, store=store).once(make, DAY)

    assert made["net_sales"].sum() == pytest.approx(_lines()["net_sales"].sum())


@pytest.mark.postgres
def test_odd_columns_days_and_settings_of_postgresql_stop_nothing(folder, store, ledger):
    ledger(
        "ALTER TABLE changing ADD lines int, ADD opened time, ADD took interval",
        "UPDATE changing SET lines = 3, opened = '12:30', took = '2 days'",
        "UPDATE changing SET net_sales = 123580245912.582 WHERE order_id = 'o1'",
        "INSERT INTO changing (account_id, order_id, order_date, net_sales) "
        "VALUES ('A1', 'late', 'infinity', 7)",
        "ALTER ROLE anna SET datestyle = 'German'",
        "ALTER ROLE anna SET extra_float_digits = -3",
        "ALTER ROLE anna SET client_encoding = 'LATIN1'",
    )
    try:
        data = folder({"kamlab.toml": TOML + 'query = "SELECT * FROM changing -- all of them"\n'})
        known = open_data(data, store=store)
        facts = known.once(account_facts, DAY).set_index("account_id")
    finally:
        ledger("ALTER ROLE anna RESET ALL")

    assert facts.loc["A1", "net_sales"] == 123580245912.582
    assert facts.loc["A2", "first_order"] == pd.Timestamp("2024-01-05")
    assert known.refused[["reason", "amount"]].to_numpy().tolist() == [["order date missing", 7.0]]


@pytest.mark.spark
def test_sparks_hash_knows_the_column_and_takes_any_name(folder, store, spark, tmp_path):
    def content(lines: pd.DataFrame) -> list[str]:
        lines.assign(**{"a.`b": 1, "c.d": "x"}).to_parquet(tmp_path / "sales.parquet")
        data = folder(
            {
                "kamlab.toml": 'engine = "spark"\ncurrency = "EUR"\n[[orders]]\n'
                f'file = "{tmp_path / "sales.parquet"}"\n'
            }
        )
        return open_data(data, store=store).content("orders")

    lines = _lines()
    moved = lines.copy()
    moved.loc[4, ["cost_of_goods", "discount"]] = [None, lines.loc[4, "cost_of_goods"]]
    first = lines.copy()
    first.loc[4, "discount"] = None

    assert content(first) != content(moved)


@pytest.mark.spark
def test_tables_of_two_engines_are_settled_here(spark, request):
    lines = _lines()
    here = nw.from_native(duckdb.connect().from_arrow(pa.Table.from_pandas(lines)))
    rows = list(lines[["account_id", "net_sales"]].itertuples(index=False, name=None))
    there = nw.from_native(spark.createDataFrame(rows, ["account_id", "net_sales"]))
    # its workers reach no folder of this machine
    files = spark.sparkContext._jsc.hadoopConfiguration()
    usual = files.get("fs.defaultFS")
    files.set("fs.defaultFS", "hdfs://nowhere.invalid")
    request.addfinalizer(lambda: files.set("fs.defaultFS", usual))
    with settled(here, there) as found:
        assert all(one.implementation.is_duckdb() for one in found)
        sums = [one.select(nw.col("net_sales").sum()).collect().item() for one in found]

    assert sums[0] == sums[1] == lines["net_sales"].sum()
