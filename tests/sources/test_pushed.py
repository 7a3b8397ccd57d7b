"""Order lines that stay on Spark or in PostgreSQL: kept, refused and summed up as they are here."""

from datetime import timedelta
from functools import partial
from types import SimpleNamespace

import duckdb
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from kamlab.accounts import (
    account_facts,
    daily_sums,
    monthly_sums,
    repeat_purchases,
    roll_up,
    snapshots,
)
from kamlab.accounts.bought import bought_by_year
from kamlab.accounts.criteria import account_criteria
from kamlab.accounts.days import condensed_days
from kamlab.accounts.engine import to_pandas
from kamlab.accounts.prices import price_sums
from kamlab.accounts.profiles import profiles
from kamlab.accounts.profit import account_profit
from kamlab.accounts.repeats import purchase_histories
from kamlab.accounts.variety import family_sales
from kamlab.errors import DataRefusedError, UsageError
from kamlab.retention.recent import account_standing
from kamlab.sources import describe, engines, once, open_data, seen_until
from kamlab.sources.mapping import Entry, Mapping
from kamlab.sources.review import freshness, to_collect
from kamlab.sources.store import Store

COLUMNS = (
    'columns = { account_id = "Customer No", order_id = "Doc", order_date = "Day", '
    'net_sales = "Net" }\n'
)
# a database whose language puts k0001 before K0002, and bytes do not
CASELESS = """'''SELECT "Customer No" COLLATE "en-x-icu" AS "Customer No", "Doc", "Day", "Net",
quantity, product_id, category, cost_of_goods, cost_to_serve, discount, list_price, currency
FROM ledger;'''"""
QUIET = [
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # sockets are left to the collector
    pytest.mark.filterwarnings("ignore:.*pandas:UserWarning"),  # PySpark 4.3 warns of pandas 3
    pytest.mark.filterwarnings("ignore::DeprecationWarning:ibis.*"),
    pytest.mark.timeout(300),
]


pytestmark = pytest.mark.usefixtures("collected")


@pytest.fixture(scope="module")
def lines(made_lines):
    """Good lines, and each kind of bad one."""
    table = made_lines(2000, 5).rename(
        columns={"account_id": "Customer No", "order_id": "Doc", "order_date": "Day"}
    )
    table = table.rename(columns={"net_sales": "Net"})
    odd = table["Customer No"].str[-1].isin(list("13579"))
    table["Customer No"] = table["Customer No"].where(~odd, table["Customer No"].str.lower())
    table["currency"] = [
        "USD" if k % 50 == 0 else None if k % 7 == 0 else "EUR" for k in range(2000)
    ]
    bad = table.iloc[:6].copy().assign(currency="EUR", Net=12.125)
    bad.loc[0, "Customer No"], bad.loc[1, "Customer No"] = None, ""
    bad.loc[2, "Doc"], bad.loc[3, "Day"] = None, pd.NaT
    bad.loc[4, "Net"], bad.loc[5, "Day"] = None, pd.Timestamp("2099-01-01")
    return pd.concat([table, bad], ignore_index=True)


def _here(folder, store, lines):
    data = folder(
        {
            "kamlab.toml": f'currency = "EUR"\n[[orders]]\nfile = "sales.parquet"\n{COLUMNS}'
            '[[accounts]]\nfile = "accounts.csv"\n',
            "accounts.csv": "account_id,parent_id\nk0001,k0003\nK0002,k0003\nk0005,\n",
        }
    )
    pq.write_table(pa.Table.from_pandas(lines), data / "sales.parquet")
    return data, open_data(data, store=store)


def _tables(known) -> dict[str, pd.DataFrame]:
    """Make all tables as studies do: of what is condensed and kept, where lines are here."""
    orders, day, origins = known.table("orders"), "2024-06-01", ["2023-01-01", "2024-02-29"]
    kept = known.kept(condensed_days)
    last = pd.Timestamp(day).date()
    return {
        "facts": known.once(account_facts, day),
        "facts from a day": known.once(account_facts, day, start="2023-02-28"),
        "facts of whole years": known.once(account_facts, known.end - timedelta(days=365)),
        "facts of groups": known.once(account_facts, day, through=(roll_up, "accounts")),
        "days": known.once(daily_sums, day),
        "months": known.once(monthly_sums, day),
        "months from a day": known.once(monthly_sums, day, start="2023-02-28"),
        "months of lines": monthly_sums(orders, day),
        "standing": known.once(account_standing, day),
        "prices": known.once(price_sums, day, start="2022-06-01"),
        "repeats": repeat_purchases(orders, day),
        "histories": to_pandas(purchase_histories(orders, day).sort("account_id")),
        "snapshots": snapshots(orders, origins, label_days=60, as_of=day, kept=kept),
        "snapshots of some": snapshots(
            orders, origins, label_days=60, as_of=day, kept=kept, accounts=["k0003", "K0010"]
        ),
        "profit": account_profit(orders, day, start="2023-02-28"),
        "families": family_sales(orders, day, start="2023-02-28"),
        "profiles": profiles(orders, last, accounts=known.frame("accounts"), kept=kept),
        "criteria": account_criteria(orders, last, accounts=known.frame("accounts"), kept=kept),
    }


def _same(found, wanted) -> None:
    """Two engines keep and refuse the same lines and make the same of them."""
    assert found.end == wanted.end
    assert found.currency == wanted.currency == "EUR"
    pd.testing.assert_frame_equal(found.reconciliation, wanted.reconciliation)
    assert found.reconciliation["difference"].iloc[0] == 0.0
    assert found.begin == wanted.begin
    assert seen_until(found, str(wanted.end), within=1) == wanted.end
    with pytest.raises(DataRefusedError, match=f"the first is of {wanted.begin}"):
        seen_until(found, str(wanted.begin))
    assert [(day, n, round(net, 6)) for day, n, net in found.days()] == [
        (day, n, round(net, 6)) for day, n, net in wanted.days()
    ]
    pd.testing.assert_frame_equal(
        found.other_currencies, wanted.other_currencies, check_dtype=False
    )
    counts = ["reason", "column", "rows"]
    pd.testing.assert_frame_equal(
        found.refused_sums[counts].sort_values(counts, ignore_index=True),
        wanted.refused_sums[counts].sort_values(counts, ignore_index=True),
    )
    assert set(found.refused["reason"]) == set(wanted.refused["reason"])
    there, here = _tables(found), _tables(wanted)
    for name, table in here.items():
        if table is None:  # the lines lack what it takes
            assert there[name] is None, name
            continue
        pd.testing.assert_frame_equal(there[name], table, rtol=1e-9, atol=1e-7, obj=name)
    assert freshness(found, found.end).equals(freshness(wanted, wanted.end))
    assert to_collect(found, found.end).equals(to_collect(wanted, wanted.end))
    assert "stay there" in describe(found)


def _quiet(test):
    for mark in QUIET:
        test = mark(test)
    return test


@pytest.mark.spark
@_quiet
def test_spark_keeps_and_sums_up_what_duckdb_does(folder, store, lines, spark):
    data, wanted = _here(folder, store, lines)
    folder({"kamlab.toml": 'engine = "spark"\n' + (data / "kamlab.toml").read_text()})

    found = open_data(data, store=store)

    _same(found, wanted)
    assert found.kept(bought_by_year, 7) is None
    assert found.not_understood == ()
    assert found.table("orders").sparkSession is not None


@pytest.mark.spark
@_quiet
def test_closing_gives_back_a_session_that_was_started_for_it_and_no_other(
    folder, store, lines, spark, monkeypatch
):
    """A whole run on a cluster, which waits for ever else, is tried by a slow test."""
    data, _ = _here(folder, store, lines)
    folder({"kamlab.toml": 'engine = "spark"\n' + (data / "kamlab.toml").read_text()})
    open_data(data, store=store).close()
    assert spark.sql("SELECT 1").count() == 1  # it was there before
    stopped = []
    session = SimpleNamespace(stop=lambda: stopped.append("stopped"))
    one, other = object(), object()
    monkeypatch.setattr(engines, "_held", {one: session, other: session})

    engines._release(one)
    assert not stopped  # another still holds it
    engines._release(one)
    engines._release(other)

    assert stopped == ["stopped"]


@pytest.mark.spark
@_quiet
def test_a_table_of_sparks_own_feeds_orders(folder, store, lines, spark):
    data, wanted = _here(folder, store, lines)
    spark.read.parquet(str(data / "sales.parquet")).createOrReplaceTempView("ledger")
    folder(
        {
            "kamlab.toml": 'engine = "spark"\ncurrency = "EUR"\n[[orders]]\n'
            f'sql = "SELECT * FROM ledger WHERE Net > -1e9 OR Net IS NULL;"\n{COLUMNS}'
            '[[accounts]]\nfile = "accounts.csv"\n'
        }
    )

    assert open_data(data, store=store).reconciliation.equals(wanted.reconciliation)


@pytest.mark.postgres
@_quiet
def test_postgresql_keeps_and_sums_up_what_duckdb_does(
    folder, store, lines, postgres_server, monkeypatch
):
    import adbc_driver_postgresql.dbapi as postgresql

    data, wanted = _here(folder, store, lines)
    with postgresql.connect(postgres_server) as base, base.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS ledger")
        cursor.adbc_ingest("ledger", pa.Table.from_pandas(lines), mode="create")
        cursor.execute('ALTER TABLE ledger ALTER COLUMN "Net" TYPE numeric(14, 4)')
        base.commit()
    monkeypatch.setenv("LEDGER_DB", postgres_server)
    folder(
        {
            "kamlab.toml": 'engine = "postgres"\ncurrency = "EUR"\n[[orders]]\n'
            f'url_env = "LEDGER_DB"\nquery = {CASELESS}\n{COLUMNS}'
            '[[accounts]]\nfile = "accounts.csv"\n'
        }
    )

    found = open_data(data, store=store)

    _same(found, wanted)
    assert found.kept(bought_by_year, 7) is None
    assert "s3cret" not in describe(found) + found.files.to_csv()


@pytest.mark.postgres
@_quiet
def test_four_columns_are_enough_in_postgresql(folder, store, lines, postgres_server, monkeypatch):
    import adbc_driver_postgresql.dbapi as postgresql

    # a line that is there twice is refused here, and not looked for there
    few = lines[["Customer No", "Doc", "Day", "Net"]].drop_duplicates()
    data, wanted = _here(folder, store, few)
    with postgresql.connect(postgres_server) as base, base.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS few")
        cursor.adbc_ingest("few", pa.Table.from_pandas(few), mode="create")
        base.commit()
    monkeypatch.setenv("LEDGER_DB", postgres_server)
    folder(
        {
            "kamlab.toml": 'engine = "postgres"\ncurrency = "EUR"\n[[orders]]\n'
            f'url_env = "LEDGER_DB"\nquery = "SELECT * FROM few"\n{COLUMNS}'
            '[[accounts]]\nfile = "accounts.csv"\n'
        }
    )

    _same(open_data(data, store=store), wanted)


@pytest.mark.postgres
@_quiet
def test_what_was_summed_up_is_not_asked_for_again_until_a_line_changes(
    folder, store, lines, postgres_server, monkeypatch
):
    import adbc_driver_postgresql.dbapi as postgresql

    def change(*commands):
        with postgresql.connect(postgres_server) as base, base.cursor() as cursor:
            for command in commands:
                cursor.execute(command)
            base.commit()

    with postgresql.connect(postgres_server) as base, base.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS sold")
        cursor.adbc_ingest("sold", pa.Table.from_pandas(lines.iloc[:500]), mode="create")
        base.commit()
    monkeypatch.setenv("LEDGER_DB", postgres_server)
    data = folder(
        {
            "kamlab.toml": 'engine = "postgres"\ncurrency = "EUR"\n[[orders]]\n'
            f'url_env = "LEDGER_DB"\nquery = "SELECT * FROM sold"\n{COLUMNS}'
        }
    )
    first = open_data(data, store=store).once(account_facts, "2024-06-01")
    asked = []
    monkeypatch.setattr(once, "fetch", lambda *given: asked.append(given))

    again = open_data(data, store=store).once(account_facts, "2024-06-01")

    assert not asked
    pd.testing.assert_frame_equal(again, first)
    monkeypatch.undo()
    monkeypatch.setenv("LEDGER_DB", postgres_server)
    # what net sales by day do not tell: another cost, and another account
    change(
        "UPDATE sold SET cost_of_goods = 0.125 WHERE ctid = '(0,9)'",
        """UPDATE sold SET "Customer No" = 'new' WHERE ctid = '(0,11)'""",
    )

    changed = open_data(data, store=store).once(account_facts, "2024-06-01")

    assert "new" in set(changed["account_id"])
    assert (~changed["gross_profit"].isin(first["gross_profit"])).sum() >= 1


@pytest.mark.postgres
@_quiet
def test_the_studies_of_a_run_check_the_lines_once(
    folder, store, lines, postgres_server, monkeypatch
):
    import adbc_driver_postgresql.dbapi as postgresql

    with postgresql.connect(postgres_server) as base, base.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS checked")
        cursor.adbc_ingest("checked", pa.Table.from_pandas(lines), mode="create")
        base.commit()
    monkeypatch.setenv("LEDGER_DB", postgres_server)
    data = folder(
        {
            "kamlab.toml": 'engine = "postgres"\ncurrency = "EUR"\n[[orders]]\n'
            f'url_env = "LEDGER_DB"\nquery = "SELECT * FROM checked"\n{COLUMNS}'
        }
    )
    alone = open_data(data, store=store)
    monkeypatch.setenv("KAMLAB_READING", "tonight")
    first = open_data(data, store=store)
    asked = []

    def silent(*given):
        asked.append(given)
        raise OSError("nobody answers")

    monkeypatch.setattr(engines, "_asked", silent)

    second = open_data(data, store=store)

    assert not asked
    for known in (first, second):
        for told in ("reconciliation", "other_currencies", "files", "refused", "refused_sums"):
            pd.testing.assert_frame_equal(getattr(known, told), getattr(alone, told))
        assert known.content("orders") == alone.content("orders")
        assert known.end == alone.end
    monkeypatch.setenv("KAMLAB_READING", "tomorrow")
    with pytest.raises(DataRefusedError, match="nobody answers"):  # the next run asks again
        open_data(data, store=store)
    assert asked


@pytest.mark.postgres
@_quiet
@pytest.mark.parametrize("query", ["SELECT * FROM nowhere", "SELEC 1", "SELECT 'x' AS net_sales"])
def test_what_the_database_refuses_is_said_without_its_address(
    query, folder, store, postgres_server, monkeypatch
):
    monkeypatch.setenv("LEDGER_DB", postgres_server)
    data = folder(
        {
            "kamlab.toml": 'engine = "postgres"\n[[orders]]\nurl_env = "LEDGER_DB"\n'
            f'query = "{query}"\n'
        }
    )
    with pytest.raises(DataRefusedError) as refused:
        open_data(data, store=store)

    assert "s3cret" not in str(refused.value)
    assert "orders" in str(refused.value)
    assert refused.value.__context__ is None


@pytest.mark.spark
@_quiet
def test_columns_that_spark_does_not_find_are_named_and_a_silent_cluster_is_asked_after(
    folder, store, spark
):
    data = folder(
        {"kamlab.toml": 'engine = "spark"\n[[orders]]\nsql = "SELECT none FROM VALUES (1)"\n'}
    )
    with pytest.raises(DataRefusedError, match="`none`"):
        open_data(data, store=store)
    entry = Entry("orders", "file", "[[orders]]", {})
    far = Mapping(
        None, data, "", 1, None, None, (entry,), "spark", (("spark.master", "spark://x:1"),)
    )

    def call():
        raise RuntimeError(
            "An error occurred while calling None.Session.\n: java.lang.IllegalState: stopped"
        )

    with pytest.raises(
        DataRefusedError, match=r"says: java.lang.IllegalState: stopped Does spark://x:1"
    ):
        engines._answer(entry, far, call)


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        (
            'engine = "hadoop"\n[[orders]]\nfile = "a.parquet"',
            UsageError,
            "is none of duckdb, spark",
        ),
        (
            'engine = "spark"\nspark = 3\n[[orders]]\nfile = "a.parquet"',
            UsageError,
            "is a table of",
        ),
        (
            'engine = "spark"\n[spark]\nexecutor.memory = "4g"\n[[orders]]\nfile = "a.parquet"',
            UsageError,
            "names with dots in quotes",
        ),
        ('engine = "postgres"\n[[orders]]\nfile = "a.csv"', DataRefusedError, "reads a query"),
        (
            'engine = "postgres"\n[[orders]]\nurl_env = "NO_SUCH_DB"\nquery = "SELECT 1"',
            DataRefusedError,
            "NO_SUCH_DB must hold",
        ),
        (
            'engine = "postgres"' + 2 * '\n[[orders]]\nurl_env = "A"\nquery = "SELECT 1"',
            DataRefusedError,
            "takes one",
        ),
    ],
)
def test_a_mapping_that_an_engine_cannot_follow_is_explained(text, error, message, folder, store):
    with pytest.raises(error, match=message):
        open_data(folder({"kamlab.toml": text + "\n"}), store=store)


def test_lines_of_another_type_or_in_two_currencies_are_refused(folder, store):
    from kamlab.sources.mapping import read_mapping
    from kamlab.sources.pushed import check_lines

    data = folder({"kamlab.toml": '[[orders]]\nfile = "a.parquet"\n', "a.parquet": ""})
    mapping = read_mapping(data)
    asked = "SELECT 'a' AS account_id, '1' AS order_id, DATE '2024-01-01' AS order_date, {} "
    entry = mapping.entries[0]
    connection = duckdb.connect()

    def check(query):
        lines = partial(connection.sql, query)
        return check_lines(lines, list, entry, mapping, "", "ledger", Store(store))

    with pytest.raises(
        DataRefusedError, match=r"'net_sales'.* is of type String; expected a number"
    ):
        check(asked.format("'5' AS net_sales"))
    two = asked.format("5.0 AS net_sales, 'EUR' AS currency UNION ALL BY NAME ") + asked.format(
        "5.0 AS net_sales, 'USD' AS currency"
    )
    with pytest.raises(DataRefusedError, match=r"EUR \(1 rows\), USD \(1 rows\)"):
        check(two)
    nothing = asked.format("NULL::DOUBLE AS net_sales")
    with pytest.raises(DataRefusedError, match="no order line can be used: 1 × net sales missing"):
        check(nothing)
