"""The same tables from DuckDB, Polars and Spark, and from a plain reference written apart."""

import math
from datetime import date, datetime, timedelta

import duckdb
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from kamlab.accounts import (
    account_facts,
    daily_sums,
    monthly_sums,
    repeat_purchases,
    roll_up,
    snapshots,
)
from kamlab.accounts.bought import bought_by_year, bought_within
from kamlab.accounts.days import condensed_days
from kamlab.sources import open_data

AS_OF = date(2024, 3, 2)
# leap days, year's ends, edges of the windows of 365 days, and days that are not to be seen
EDGES = [AS_OF - timedelta(k) for k in (1, 2, 3, 30, 364, 365, 366, 729, 730, 731, 1095, 1460)]
EDGES += [date(2020, 2, 29), date(2020, 12, 31), date(2021, 1, 1), AS_OF, date(2024, 5, 1)]


def _cents(low: int, high: int) -> st.SearchStrategy:
    return st.one_of(st.none(), st.integers(low, high))


ROW = st.fixed_dictionaries(
    {
        "account_id": st.sampled_from(["a", "b", "c", "ä", None]),
        "order_id": st.sampled_from(["1", "2", "3", "4", "5", None]),
        "order_date": st.one_of(
            st.builds(
                lambda day, clock: datetime.combine(day, datetime.min.time()) + clock,
                st.sampled_from(EDGES),
                st.sampled_from([timedelta(0), timedelta(microseconds=1), timedelta(hours=23.99)]),
            ),
            st.none(),
        ),
        "net_sales": st.one_of(
            st.none(), st.sampled_from([-30, 0, 10, 20, 30]), _cents(-5000, 9000)
        ),
        "cost_of_goods": _cents(-4000, 9000),
        "cost_to_serve": _cents(0, 300),
        "discount": _cents(0, 300),
        "list_price": _cents(0, 12_000),
        "product_id": st.sampled_from(["x", "y", "z", None]),
        "category": st.sampled_from(["p", "q", "r", None]),
    }
)
MONEY = ("net_sales", "cost_of_goods", "cost_to_serve", "discount", "list_price")


def _frame(rows: list[dict]) -> pd.DataFrame:
    frame = pd.DataFrame(rows)
    for name in MONEY:
        frame[name] = frame[name].astype(float) / 100
    for name in ("account_id", "order_id", "product_id", "category"):
        frame[name] = frame[name].astype("str")
    frame["order_date"] = pd.to_datetime(frame["order_date"]).astype("datetime64[us]")
    return frame


def _sum(values: list) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / 100 if known else math.nan


def _over(above: float, below: float) -> float:
    return above / below if below > 0 else math.nan


def _known(rows: list[dict]) -> list[dict]:
    seen = [r for r in rows if None not in (r["account_id"], r["order_date"], r["net_sales"])]
    return [r for r in seen if r["order_date"].date() < AS_OF]


def _by(rows: list[dict], key) -> dict:
    groups: dict = {}
    for row in rows:
        groups.setdefault(key(row), []).append(row)
    return groups


def _reference_facts(rows: list[dict]) -> pd.DataFrame:
    """Sum up lines one account at a time, in whole cents."""
    result = []
    for account, lines in sorted(_by(_known(rows), lambda r: r["account_id"]).items()):
        day_sum = {
            day: sum(r["net_sales"] for r in group)
            for day, group in _by(lines, lambda r: r["order_date"].date()).items()
        }
        bought = sorted(day for day, net in day_sum.items() if net > 0)
        gaps = np.diff([day.toordinal() for day in bought])
        sold = [r for r in lines if r["net_sales"] > 0]
        costed = [r for r in lines if r["cost_of_goods"] is not None]
        begun = {
            order: min(r["order_date"].date() for r in group)
            for order, group in _by(sold, lambda r: r["order_id"]).items()
            if order is not None
        }
        reduced = []
        for r in sold:
            if r["list_price"]:
                reduced.append((r["list_price"] - r["net_sales"], r["list_price"]))
            elif r["discount"] is not None:
                reduced.append((r["discount"], r["net_sales"] + r["discount"]))
        named = _by([r for r in lines if r["category"]], lambda r: r["category"])
        spread = {name: sum(r["net_sales"] for r in group) for name, group in named.items()}
        spread = {name: net for name, net in spread.items() if net > 0}
        shares = np.array(list(spread.values())) / max(sum(spread.values()), 1)
        turnover = sum(abs(r["net_sales"]) for r in lines)

        def window(values: list[dict], near: int, far: int) -> list[dict]:
            ages = [(AS_OF - r["order_date"].date()).days for r in values]
            return [r for r, age in zip(values, ages, strict=True) if near < age <= far]

        def profit(values: list[dict]) -> float:
            return _sum([r["net_sales"] - r["cost_of_goods"] for r in values])

        years = [
            sum(r["net_sales"] for r in window(lines, 365 * k, 365 * k + 365)) for k in range(2)
        ]
        ages = [(AS_OF - day).days for day in begun.values()]
        returned = -sum(r["net_sales"] for r in lines if r["net_sales"] < 0)
        gross = sum(r["net_sales"] for r in sold)
        result.append(
            {
                "account_id": account,
                "first_order": bought[0] if bought else None,
                "last_order": bought[-1] if bought else None,
                "days_since_last_order": (AS_OF - bought[-1]).days if bought else math.nan,
                "tenure_days": (AS_OF - bought[0]).days if bought else math.nan,
                "lines": len(lines),
                "orders": len(begun),
                "order_days": len(bought),
                "net_sales": sum(day_sum.values()) / 100,
                "gross_sales": gross / 100,
                "returns": returned / 100,
                "returns_rate": _over(returned, gross),
                "sales_with_cost": sum(r["net_sales"] for r in costed) / 100,
                "gross_profit": profit(costed),
                "margin_rate": _over(100 * profit(costed), sum(r["net_sales"] for r in costed)),
                "cost_known_share": _over(sum(abs(r["net_sales"]) for r in costed), turnover),
                "cost_to_serve": _sum([r["cost_to_serve"] for r in lines]),
                "discount": _sum([r["discount"] for r in lines]),
                "discount_depth": _over(sum(x for x, _ in reduced), sum(y for _, y in reduced)),
                "products": float(len({r["product_id"] for r in sold} - {None})),
                "categories": float(len(spread)),
                "category_entropy": -(shares @ np.log(shares)) if spread else math.nan,
                "leading_category": min(spread, key=lambda c: (-spread[c], c)) if spread else None,
                "leading_category_share": max(shares) if spread else math.nan,
                "gap_mean": gaps.mean() if len(gaps) else math.nan,
                "gap_std": gaps.std(ddof=1) if len(gaps) > 1 else math.nan,
                "net_sales_12m": years[0] / 100,
                "net_sales_prior_12m": years[1] / 100,
                "gross_profit_12m": profit(window(costed, 0, 365)),
                "gross_profit_prior_12m": profit(window(costed, 365, 730)),
                "orders_12m": sum(age <= 365 for age in ages),
                "orders_prior_12m": sum(365 < age <= 730 for age in ages),
                "sales_growth": _over(years[0], years[1]) - 1,
            }
        )
    return pd.DataFrame(result)


def _reference_months(rows: list[dict]) -> pd.DataFrame:
    """Sum up lines one account-month at a time, in whole cents."""
    known = _known(rows)
    sold = [r for r in known if r["net_sales"] > 0 and r["order_id"] is not None]
    orders = _by(sold, lambda r: (r["account_id"], r["order_id"]))
    begun = [(key[0], min(r["order_date"] for r in group)) for key, group in orders.items()]
    result = []
    for (account, year, month), lines in sorted(
        _by(known, lambda r: (r["account_id"], r["order_date"].year, r["order_date"].month)).items()
    ):
        days = _by(lines, lambda r: r["order_date"].date()).values()
        costed = [r for r in lines if r["cost_of_goods"] is not None]
        result.append(
            {
                "account_id": account,
                "month": pd.Timestamp(year, month, 1),
                "lines": len(lines),
                "net_sales": sum(r["net_sales"] for r in lines) / 100,
                "returns": -sum(min(r["net_sales"], 0) for r in lines) / 100,
                "gross_profit": _sum([r["net_sales"] - r["cost_of_goods"] for r in costed]),
                "discount": _sum([r["discount"] for r in lines]),
                "orders": sum((a, d.year, d.month) == (account, year, month) for a, d in begun),
                "order_days": sum(sum(r["net_sales"] for r in day) > 0 for day in days),
            }
        )
    return pd.DataFrame(result)


def _assert_same(found: pd.DataFrame, expected: pd.DataFrame) -> None:
    assert len(found) == len(expected)
    for name in expected:
        want = expected[name]
        if want.dtype.kind in "if":
            np.testing.assert_allclose(
                found[name].to_numpy(float), want, rtol=1e-9, atol=1e-9, err_msg=name
            )
        elif name in ("first_order", "last_order", "month"):
            assert (found[name].isna() == want.isna()).all(), name
            assert (pd.to_datetime(want) == found[name])[want.notna()].all(), name
        else:
            assert (found[name].isna() == want.isna()).all(), name
            assert list(found[name].dropna()) == list(want.dropna()), name


ENGINES = {
    "duckdb": lambda frame: duckdb.connect().from_arrow(pa.Table.from_pandas(frame)),
    "polars": lambda frame: pl.from_pandas(frame).lazy(),
    "polars eager": pl.from_pandas,
    "pandas": lambda frame: frame,
    "arrow": pa.Table.from_pandas,
}
LINES = st.lists(ROW, min_size=1, max_size=25).filter(_known)


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
@settings(max_examples=40)
@given(rows=LINES)
def test_account_facts_equal_the_reference(engine, rows):
    found = account_facts(ENGINES[engine](_frame(rows)), AS_OF)

    _assert_same(found, _reference_facts(rows))


def _with_condensed(frame: pd.DataFrame) -> tuple:
    """Give order lines and what they are condensed to, kept as a table."""
    engine = duckdb.connect()
    orders = engine.from_arrow(pa.Table.from_pandas(frame))
    condensed_days(orders).to_native().create("condensed")
    return orders, engine.table("condensed")


@settings(max_examples=20)
@given(rows=LINES, start=st.sampled_from([None, *(day for day in EDGES if day < AS_OF)]))
def test_what_was_condensed_before_gives_the_same(rows, start):
    """Also where orders begun before the first day go on in it, and days lie beyond the last."""
    orders, kept = _with_condensed(_frame(rows))
    for make in (account_facts, monthly_sums):
        plain = make(orders, AS_OF, start=start)

        _assert_same(make(orders, AS_OF, start=start, kept=kept), plain)


def _with_years(frame: pd.DataFrame, end: date) -> tuple:
    """Give order lines, and what of their products and categories is kept by years to a day."""
    orders, kept = _with_condensed(frame)
    bought_by_year(orders, end.toordinal() % 365).to_native().create("years")
    return orders, {"kept": kept, "bought": orders.query("orders", "FROM years")}


@settings(max_examples=40)
@given(
    rows=LINES,
    years=st.integers(-1, 3),
    length=st.sampled_from([None, 1, 2, 9]),
    cut=st.sampled_from([(0, 0), (0, 0), (1, 0), (0, -30), (7, 7)]),
)
def test_products_by_year_give_the_same_facts(rows, years, length, cut):
    """Of whole years, and of times that begin or end within one."""
    orders, kept = _with_years(_frame(rows), AS_OF)
    end = AS_OF + timedelta(days=cut[0] - 365 * years)
    start = None if length is None else end + timedelta(days=cut[1] - 365 * length)
    plain = account_facts(orders, end, start=start)

    _assert_same(account_facts(orders, end, start=start, **kept), plain)


def test_whole_years_do_not_read_the_lines_again(made_lines):
    orders, kept = _with_years(made_lines(3000, 3), AS_OF)
    for days in (-365, 0, 1, 364, 365, 730):
        for start in (None, 3 * 365, 1000):
            end, first = (None if n is None else AS_OF - timedelta(n) for n in (days, start))
            found = bought_within(kept["bought"], first, end)
            assert (found is not None) == (days not in (1, 364) and start != 1000)
            # a table is asked for where years are whole, of whichever day they begin on
            asked = "bought" in account_facts.takes(end, start=first)
            assert asked == (start is None or (start - days) % 365 == 0)
    none = orders.filter("false")  # what the lines would tell of products and categories

    _assert_same(account_facts(none, AS_OF, **kept), account_facts(orders, AS_OF))


def test_lines_without_product_and_category_are_not_summed_up_by_them(made_lines):
    lines = made_lines(30, 3).drop(columns=["product_id", "category"])
    assert bought_by_year(ENGINES["duckdb"](lines), 7) is None


@pytest.mark.parametrize("start", [None, "2022-02-28"])
def test_every_table_is_the_same_of_condensed_days(made_lines, start):
    orders, kept = _with_condensed(made_lines(3000, 3))
    for make in (account_facts, daily_sums, monthly_sums):
        plain = make(orders, AS_OF, start=start)

        _assert_same(make(orders, AS_OF, start=start, kept=kept), plain)
    how = {"label_days": 60, "as_of": AS_OF, "history": 900 if start else None}
    plain = snapshots(orders, ["2023-03-01", "2024-01-01"], **how)

    found = snapshots(orders, ["2023-03-01", "2024-01-01"], kept=kept, **how)

    pd.testing.assert_frame_equal(found, plain, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
@settings(max_examples=25)
@given(rows=LINES)
def test_monthly_sums_equal_the_reference(engine, rows):
    found = monthly_sums(ENGINES[engine](_frame(rows)), AS_OF)

    _assert_same(found, _reference_months(rows))


@pytest.mark.parametrize("engine", ["duckdb", "polars"])
@settings(max_examples=25)
@given(rows=LINES, keep=st.booleans())
def test_repeat_purchases_equal_the_reference(engine, rows, keep):
    expected = []
    for account, lines in sorted(_by(_known(rows), lambda r: r["account_id"]).items()):
        days = _by(lines, lambda r: r["order_date"].date())
        nets = {day: [r["net_sales"] for r in group] for day, group in days.items()}
        bought = sorted(d for d, net in nets.items() if sum(net) > 0 or (keep and not any(net)))
        if not bought:
            continue
        costed = {
            day: [
                r["net_sales"] - r["cost_of_goods"]
                for r in days[day]
                if r["cost_of_goods"] is not None
            ]
            for day in bought[1:]
        }
        profits = [sum(profit) / 100 for profit in costed.values() if profit]
        sales = [sum(nets[day]) / 100 for day in bought[1:]]
        expected.append(
            {
                "account_id": account,
                "frequency": len(bought) - 1,
                "recency": (bought[-1] - bought[0]).days / 7,
                "T": (AS_OF - bought[0]).days / 7 - 1 / 7,
                "sales": np.mean(sales) if sales else math.nan,
                "profit": np.mean(profits) if profits else math.nan,
            }
        )
    expected = pd.DataFrame(
        expected, columns=["account_id", "frequency", "recency", "T", "sales", "profit"]
    ).astype({"account_id": "str", "frequency": int, "sales": float, "profit": float})
    frame = ENGINES[engine](_frame(rows))
    options = {"unit": "W", "zero_price": "keep" if keep else "drop"}

    sales = repeat_purchases(frame, AS_OF, **options)
    profit = repeat_purchases(frame, AS_OF, amount="gross_profit", **options)

    _assert_same(sales, expected[["account_id", "frequency", "recency", "T"]])
    _assert_same(sales, expected[["sales"]].rename(columns={"sales": "monetary_value"}))
    _assert_same(profit, expected[["profit"]].rename(columns={"profit": "monetary_value"}))


def _all_tables(orders) -> dict[str, pd.DataFrame]:
    """Every table that is made of order lines."""
    parents = pd.DataFrame({"account_id": ["K0001", "K0003"], "parent_id": ["K0003", "Z"]})
    return {
        "facts": account_facts(orders, "2024-06-01", start="2021-03-01"),
        "groups": account_facts(roll_up(orders, parents), "2024-06-01"),
        "repeats": repeat_purchases(orders, "2024-06-01", amount="gross_profit"),
        "days": daily_sums(orders, "2024-06-01"),
        "months": monthly_sums(orders, "2024-06-01"),
        "snapshots": snapshots(
            orders, ["2023-01-01", "2024-02-29"], label_days=60, as_of="2024-06-01", history=900
        ),
    }


@pytest.mark.parametrize("engine", ["polars", "polars eager", "pandas", "arrow"])
def test_every_table_is_the_same_from_every_kind_of_frame(made_lines, engine):
    lines = made_lines(3000, 1)
    wanted = _all_tables(ENGINES["duckdb"](lines))

    found = _all_tables(ENGINES[engine](lines))

    for name, table in wanted.items():
        pd.testing.assert_frame_equal(found[name], table, rtol=1e-9, atol=1e-7, obj=name)


@pytest.mark.parametrize("name", ["lines", "found", "accounts", "beside", "orders"])
def test_tables_of_ones_own_may_have_any_name_and_stay(made_lines, name):
    lines = made_lines(300, 3)
    with duckdb.connect() as connection:
        connection.register("given", lines)
        for one in {name, "found"}:
            connection.execute(f"CREATE TABLE {one} AS FROM given").fetchall()
        before = connection.execute("SHOW TABLES").fetchall()

        from_table, from_frame = (
            (account_facts(orders, "2024-06-01"), condensed_days(orders).collect().to_pandas())
            for orders in (connection.table(name), lines)
        )

        for one, other in zip(from_table, from_frame, strict=True):
            pd.testing.assert_frame_equal(one, other)
        assert connection.execute("SHOW TABLES").fetchall() == before


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets of py4j are left to the collector
@pytest.mark.filterwarnings("ignore:.*pandas:UserWarning")  # PySpark 4.3 warns of pandas 3
def test_every_table_is_the_same_from_spark(made_lines, spark):
    lines = made_lines(3000, 2)
    wanted = _all_tables(ENGINES["duckdb"](lines))
    rows = [tuple(row.values()) for row in pa.Table.from_pandas(lines).to_pylist()]
    # a timestamp without zone; another test sees one with the session's
    kinds = {"order_date": "timestamp_ntz", **dict.fromkeys((*MONEY, "quantity"), "double")}
    schema = ", ".join(f"{name} {kinds.get(name, 'string')}" for name in lines)
    orders = spark.createDataFrame(rows, schema)

    found = _all_tables(orders)

    for name, table in wanted.items():
        pd.testing.assert_frame_equal(found[name], table, rtol=1e-9, atol=1e-7, obj=name)


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore::ResourceWarning")  # sockets of py4j are left to the collector
def test_spark_timestamps_are_read_in_the_sessions_zone(spark):
    orders = spark.sql(
        """select 'a' as account_id, '1' as order_id, 5.0d as net_sales,
        timestamp '2024-02-29 23:59:59' as order_date"""
    )

    facts = account_facts(orders, "2024-03-01")

    assert facts["first_order"].tolist() == [pd.Timestamp("2024-02-29")]


# several companies' lines in one table, since each asking of a cluster takes seconds
MANY = st.lists(st.lists(ROW, min_size=1, max_size=12).filter(_known), min_size=5, max_size=5)
FEW = settings(
    max_examples=2,
    phases=[Phase.generate],
    suppress_health_check=[
        HealthCheck.function_scoped_fixture,
        HealthCheck.data_too_large,
        HealthCheck.too_slow,
    ],
)


def _together(companies: list[list[dict]]) -> list[dict]:
    """Put companies into one table; lines without account or order are refused before."""
    return [
        {**row, "account_id": f"{k:02}{row['account_id']}"}
        for k, rows in enumerate(companies)
        for row in rows
        if row["account_id"] and row["order_id"]
    ]


def _holds_to_the_reference(known, rows: list[dict]) -> None:
    """Facts and months are the reference's, made of lines there and of what is condensed here."""
    seen = _reference_facts(rows), _reference_months(rows)
    for make, wanted in zip((account_facts, monthly_sums), seen, strict=True):
        _assert_same(make(known.table("orders"), AS_OF), wanted)
        _assert_same(known.once(make, AS_OF), wanted)
    told = {"label_days": 30, "as_of": AS_OF}
    days, here = [date(2023, 3, 2), date(2024, 1, 1)], _frame(rows).dropna(subset=["order_date"])
    pd.testing.assert_frame_equal(
        snapshots(known.table("orders"), days, kept=known.kept(condensed_days), **told),
        snapshots(here, days, **told),
        rtol=1e-9,
        atol=1e-6,
    )


@pytest.mark.spark
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore:.*pandas:UserWarning")
@FEW
@given(companies=MANY)
def test_drawn_lines_on_spark_give_what_the_reference_does(companies, spark, tmp_path):
    rows = _together(companies)
    _frame(rows).to_parquet(tmp_path / "lines.parquet")
    (tmp_path / "kamlab.toml").write_text(
        'engine = "spark"\nstart = 2020-01-01\n[[orders]]\nfile = "lines.parquet"\n'
        'currency = "EUR"\n'
    )
    spark.catalog.clearCache()

    _holds_to_the_reference(open_data(tmp_path, store=tmp_path / "store"), rows)


@pytest.mark.postgres
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.filterwarnings("ignore::DeprecationWarning:ibis.*")
@FEW
@given(companies=MANY)
def test_drawn_lines_in_postgresql_give_what_the_reference_does(
    companies, postgres_server, tmp_path, monkeypatch
):
    import adbc_driver_postgresql.dbapi as postgresql

    rows = _together(companies)
    with postgresql.connect(postgres_server) as base, base.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS drawn")
        cursor.adbc_ingest("drawn", pa.Table.from_pandas(_frame(rows)), mode="create")
        base.commit()
    monkeypatch.setenv("DRAWN_DB", postgres_server)
    (tmp_path / "kamlab.toml").write_text(
        'engine = "postgres"\nstart = 2020-01-01\n[[orders]]\nurl_env = "DRAWN_DB"\n'
        'query = "SELECT * FROM drawn"\ncurrency = "EUR"\n'
    )

    _holds_to_the_reference(open_data(tmp_path, store=tmp_path / "store"), rows)
