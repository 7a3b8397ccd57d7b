"""What was left out is told with column, examples, their rows and what was expected."""

import duckdb
import pytest

from kamlab.sources import listing, open_data
from kamlab.sources.description import describe

ORDERS = "account_id,order_id,order_date,net_sales\nA,1,2024-01-05,5.5\nB,2,2024-01-06,5\n"


@pytest.mark.parametrize(
    ("values", "said", "shown"),
    [
        (["many"], "1 × employees", "'many' in accounts.csv, row 2; expected a whole number"),
        (["5", "", "few", "few"], "2 × employees", "'few' in accounts.csv, row 4; expected"),
        (
            ["a", "b", "c", "d", "a"],
            "5 × employees",
            "'c' in accounts.csv, row 4 and others; expected",
        ),
        (["-5"], "1 × employees", "'-5' in accounts.csv, row 2; expected from 0 to 1e+08"),
        (["y" * 500], "1 × employees", f"'{'y' * 60}' in accounts.csv, row 2"),
    ],
)
def test_values_left_out_are_shown_with_their_rows(values, said, shown, folder, store):
    rows = "".join(f"A{k},{value}\n" for k, value in enumerate(values))
    sources = open_data(
        folder({"orders.csv": ORDERS, "accounts.csv": f"account_id,employees\n{rows}"}), store=store
    )
    told = describe(sources)

    assert f"values left out: {said}, which cannot be read" in told
    assert shown in told
    assert sources.left_out["expected"].notna().all()


def test_examples_come_from_all_files_and_each_column_is_told(folder, store):
    other = "account_id,employees,founded\nC,many,19xx\n"
    told = describe(
        open_data(
            folder(
                {
                    "orders.csv": ORDERS,
                    "accounts_1.csv": "account_id,employees\nA,few\n",
                    "accounts_2.csv": other,
                }
            ),
            store=store,
        )
    )

    assert "'few' in accounts_1.csv, row 2, 'many' in accounts_2.csv, row 2; expected" in told
    assert "1 × founded" in told


def test_no_value_of_a_personal_table_is_shown(folder, store):
    people = "contact_id,channel,birth_date\n1,tel,secret-of-anna\n"
    told = describe(open_data(folder({"orders.csv": ORDERS, "contacts.csv": people}), store=store))

    assert "1 × birth_date" in told
    assert "contacts.csv, row 2; expected a day" in told
    assert "secret" not in told


def test_accounts_and_their_days_are_counted_and_of_many_lines_reckoned(monkeypatch):
    rows = "FROM (SELECT 'A' || n % 400 AS account_id, DATE '2024-01-01' + (n // 400 % 30)::INT AS "
    rows += "order_date FROM range(60_000) t(n))"  # 400 accounts on 30 days, five lines a day
    with duckdb.connect() as connection:
        orders = connection.sql(rows)
        assert listing.breadth(orders, 60_000) == (400, 12_000)
        monkeypatch.setattr(listing, "_COUNTED", 15_000)
        accounts, days = listing.breadth(orders, 60_000)
    assert days == 30 * accounts
    assert 250 < accounts < 600  # a fifth of them, four standard errors


def test_lines_elsewhere_are_not_read_to_be_counted():
    assert listing.breadth(None, 1_000_000) == (4_000, 1_000_000)
