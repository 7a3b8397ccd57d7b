"""Databases feed tables too, and the address of a server never leaves its variable."""

import contextlib
import sqlite3
import traceback
from datetime import date

import duckdb
import pandas as pd
import pytest

from kamlab.errors import DataRefusedError
from kamlab.sources import databases, describe, open_data

FRAME = pd.DataFrame(
    {
        "Kunde": ["007", "008", "007"],
        "Nr": [1.0, 2.0, 3.0],
        "Tag": ["2024-01-31", "2024-02-01", "2024-02-15"],
        "Netto": [10.5, 12.345, -3.25],
    }
)
COLUMNS = (
    'columns = { account_id = "Kunde", order_id = "Nr", order_date = "Tag", net_sales = "Netto" }\n'
)


@pytest.fixture
def shops(tmp_path):
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.sqlite")) as base:
        FRAME.to_sql("sales", base, index=False)
    with duckdb.connect(str(tmp_path / "shop.duckdb")) as base:
        base.register("frame", FRAME)
        base.execute("CREATE TABLE sales AS SELECT *, CAST(Tag AS DATE) AS day FROM frame")
    return tmp_path


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
@pytest.mark.parametrize("what", ['table = "sales"', 'query = "SELECT * FROM sales WHERE Nr > 0;"'])
def test_a_database_file_feeds_orders(kind, what, shops, store):
    (shops / "kamlab.toml").write_text(
        f'[[orders]]\ndatabase = "shop.{kind}"\n{what}\n{COLUMNS}', encoding="utf-8"
    )
    sources = open_data(shops, store=store)

    assert sources.table("orders").order("order_id").fetchall() == [
        ("007", "1", date(2024, 1, 31), 10.5),
        ("008", "2", date(2024, 2, 1), 12.345),
        ("007", "3", date(2024, 2, 15), -3.25),
    ]
    assert sources.files["file"].item().startswith(f"shop.{kind}: ")


@pytest.mark.parametrize("kind", ["sqlite", "duckdb"])
@pytest.mark.parametrize(
    "what", ['table = "nothing"', 'query = "DELETE FROM sales"', 'query = "SELEC 1"']
)
def test_a_query_that_fails_is_refused_and_changes_nothing(kind, what, shops, store):
    (shops / "kamlab.toml").write_text(f'[[orders]]\ndatabase = "shop.{kind}"\n{what}\n')
    before = (shops / f"shop.{kind}").read_bytes()

    with pytest.raises(DataRefusedError, match=rf"shop\.{kind}"):
        open_data(shops, store=store)
    assert (shops / f"shop.{kind}").read_bytes() == before


def test_a_new_row_in_a_database_is_seen(shops, store):
    (shops / "kamlab.toml").write_text(
        f'[[orders]]\ndatabase = "shop.sqlite"\ntable = "sales"\n{COLUMNS}'
    )
    open_data(shops, store=store)
    with contextlib.closing(sqlite3.connect(shops / "shop.sqlite")) as base:
        base.execute("INSERT INTO sales VALUES ('009', 4, '2024-03-01', 1)")
        base.commit()

    assert open_data(shops, store=store).end == date(2024, 3, 2)


def test_no_part_of_an_address_is_left_in_a_message():
    address = "postgresql://anna:p%40ss%2Fword@db.corp.example:6543/ledger?sslpassword=hush"
    said = (
        f'could not connect to "{address}": user anna, password p@ss/word (p%40ss%2Fword), '
        "host db.corp.example port 6543 database ledger, sslpassword hush"
    )
    left = databases.scrub(said, address)

    for secret in ("anna", "p@ss", "p%40ss", "corp", "6543", "ledger", "hush"):
        assert secret not in left


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("", "the environment variable ORDERS_DB is not set"),
        ("mysql://anna:secretword@h/b", "does not begin with postgresql://"),
        (
            "postgresql://anna:secretword@127.0.0.1:1/ledgerbase",
            "the database behind ORDERS_DB says",
        ),
        ("postgresql://anna:secret word@[bad/ledgerbase", "the database behind ORDERS_DB says"),
    ],
)
def test_a_server_that_does_not_answer_is_refused_without_its_address(
    address, message, folder, store, monkeypatch
):
    pytest.importorskip("adbc_driver_postgresql")
    monkeypatch.setenv("ORDERS_DB", address)
    data = folder({"kamlab.toml": '[[orders]]\nurl_env = "ORDERS_DB"\nquery = "SELECT 1"\n'})

    with pytest.raises(DataRefusedError, match=message) as refused:
        open_data(data, store=store)
    told = "".join(traceback.format_exception(refused.value, chain=True))
    for secret in ("secretword", "secret word", "anna", "ledgerbase"):
        assert secret not in told
    assert refused.value.__context__ is None


@pytest.fixture
def server(postgres_server):
    """Address of a running PostgreSQL."""
    return postgres_server


def _run(address: str, statement: str) -> None:
    import adbc_driver_postgresql.dbapi as postgresql

    with postgresql.connect(address, autocommit=True) as base, base.cursor() as cursor:
        cursor.execute(statement)


QUERY = "SELECT customer, number, day, amount, currency FROM sales"
LINES = 1_000_000


@pytest.mark.postgres
@pytest.mark.timeout(300)
def test_a_million_lines_are_read_from_postgresql(server, folder, store, monkeypatch):
    _run(
        server,
        "CREATE TABLE sales AS SELECT '0' || n % 5000 AS customer, n / 4 AS number, "
        "TIMESTAMP '2023-01-01' + n % 700 * INTERVAL '1 day' AS day, "
        "(n % 1000)::numeric(12, 2) / 8 AS amount, 'EUR' AS currency "
        f"FROM generate_series(0, {LINES - 1}) n",
    )
    monkeypatch.setenv("ORDERS_DB", server)
    data = folder(
        {
            "kamlab.toml": f'[[orders]]\nurl_env = "ORDERS_DB"\nquery = "{QUERY}"\ncolumns = '
            '{ account_id = "customer", order_id = "number", order_date = "day", '
            'net_sales = "amount" }\n'
        }
    )
    sources = open_data(data, store=store)
    row = sources.reconciliation.iloc[0]

    # a thousand amounts 0, 1/8, …, 999/8, each a thousand times
    assert (row["rows_in"], row["amount_in"]) == (LINES, 1000 * 999 * 1000 / 2 / 8)
    assert (row["rows_refused"], row["difference"], sources.currency) == (0, 0, "EUR")
    assert sources.end == date(2023, 1, 1) + pd.Timedelta(days=700)
    assert sources.table("orders").aggregate("count(DISTINCT account_id)").fetchall() == [(5000,)]
    assert sources.files["file"].item().startswith("ORDERS_DB: query ")
    told = describe(sources) + sources.files.to_csv()
    kept = b"".join(path.read_bytes() for path in store.rglob("*.json"))
    assert "s3cret" not in told
    assert "anna" not in told
    assert b"s3cret" not in kept
    assert b"anna" not in kept

    # what the server holds now is asked each time
    _run(server, "INSERT INTO sales VALUES ('new', 1, TIMESTAMP '2025-06-01', 5, 'EUR')")
    assert open_data(data, store=store).reconciliation["rows_in"].item() == LINES + 1


@pytest.mark.postgres
def test_types_of_postgresql_keep_their_meaning(server, folder, store, monkeypatch):
    monkeypatch.setenv("ORDERS_DB", server)
    query = (
        "SELECT 17::numeric AS account_id, 1 AS order_id, 1.234::numeric(10, 3) AS net_sales, "
        "TIMESTAMPTZ '2024-01-31 10:00+00' AS order_date, 'NaN'::numeric AS quantity"
    )
    text = '[[orders]]\nurl_env = "ORDERS_DB"\nquery = "{}"\n'
    data = folder({"kamlab.toml": text.format(query)})

    assert open_data(data, store=store).table("orders").fetchall() == [
        ("17", "1", date(2024, 1, 31), 1.234, None)
    ]
    folder({"kamlab.toml": text.format("SELECT 2::money AS net_sales")})
    with pytest.raises(DataRefusedError, match=r"CAST\(net_sales AS numeric\)"):
        open_data(data, store=store)


@pytest.mark.postgres
@pytest.mark.parametrize(
    ("address", "query"),
    [
        (None, "SELECT * FROM nowhere"),
        (None, "SELEC"),
        ("wrong-word", "SELECT 1"),
    ],
)
def test_what_postgresql_refuses_is_said_without_secrets(
    address, query, server, folder, store, monkeypatch
):
    given = server if address is None else server.replace("s3cret-word", address)
    monkeypatch.setenv("ORDERS_DB", given)
    data = folder({"kamlab.toml": f'[[orders]]\nurl_env = "ORDERS_DB"\nquery = "{query}"\n'})

    with pytest.raises(DataRefusedError, match="the database behind ORDERS_DB says") as refused:
        open_data(data, store=store)
    told = "".join(traceback.format_exception(refused.value, chain=True))
    assert not [secret for secret in ("s3cret", "wrong-word", "anna") if secret in told]
