"""What `open_data` promises: same result in any order, only new files read, one currency."""

import os
import subprocess
import sys
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from kamlab.errors import DataRefusedError
from kamlab.sources import describe, open_data, parts, prune_store, reconcile

HEADER = "account_id,order_id,order_date,net_sales"


def lines(*rows: str, header: str = HEADER) -> str:
    return "\n".join([header, *rows]) + "\n"


def month(number: int, count: int = 20) -> list[str]:
    return [
        f"A{n % 7:03d},{number}-{n},2024-{number:02d}-{n + 1:02d},{n * 1.25 - 3:.2f}"
        for n in range(count)
    ]


def frame(sources) -> pd.DataFrame:
    orders = sources.frame("orders")
    return orders.sort_values(list(orders.columns), ignore_index=True)


def test_the_order_of_rows_and_files_does_not_matter(folder, store):
    rows = [*month(1), *month(2), *month(3)[:5], *month(1)[:3], ",x,2024-01-01,5"]
    straight = open_data(folder({"orders.csv": lines(*rows)}), store=store)
    shuffled = np.random.default_rng(3).permutation(rows)
    files = {f"orders_{n}.csv": lines(*shuffled[n::4]) for n in range(4)}
    apart = open_data(folder(files, "apart"), store=store)

    pd.testing.assert_frame_equal(frame(straight), frame(apart))
    totals = ["rows_in", "rows_kept", "rows_refused", "amount_in", "amount_kept", "amount_refused"]
    assert straight.reconciliation[totals].equals(apart.reconciliation[totals])
    assert straight.refused["reason"].value_counts().to_dict() == {
        "same line twice": 3, "account missing": 1
    }  # fmt: skip


def test_a_second_run_reads_the_new_file_only_and_equals_a_full_read(folder, store, monkeypatch):
    read = []
    whole = parts.read_file
    monkeypatch.setattr(parts, "read_file", lambda *given: read.append(given[2]) or whole(*given))
    # the new file repeats a line of the first
    first = {"orders_1.csv": lines(*month(1)), "orders_2.csv": lines(*month(2))}
    open_data(folder(first), store=store)
    new = {"orders_3.csv": lines(*month(3), month(1)[4])}
    grown = open_data(folder(new), store=store)
    full = open_data(folder(first | new, "other"), store=store.with_name("second store"))

    assert read[:3] == ["orders_1.csv", "orders_2.csv", "orders_3.csv"]
    assert len(read) == 6
    pd.testing.assert_frame_equal(frame(grown), frame(full))
    pd.testing.assert_frame_equal(grown.refused, full.refused)
    pd.testing.assert_frame_equal(grown.files, full.files)


def test_a_changed_file_is_read_again(folder, store):
    data = folder({"orders.csv": lines(*month(1))})
    before = open_data(data, store=store)
    # same size and same time of writing, other content
    status = (data / "orders.csv").stat()
    (data / "orders.csv").write_text(lines(*month(1)).replace("2024", "2023"))
    os.utime(data / "orders.csv", ns=(status.st_atime_ns, status.st_mtime_ns))
    after = open_data(data, store=store)

    assert (before.end.year, after.end.year) == (2024, 2023)


def test_two_processes_may_open_at_once(folder, store):
    data = folder({f"orders_{n}.csv": lines(*month(n)) for n in range(1, 7)})
    code = (
        "import sys; from kamlab.sources import open_data; "
        "print(open_data(sys.argv[1], store=sys.argv[2]).frame('orders')['net_sales'].sum())"
    )
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(data), str(store)], stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    said = {process.communicate(timeout=120)[0] for process in running}

    assert [process.returncode for process in running] == [0, 0]
    assert len(said) == 1


def test_optional_columns_are_absent_and_types_are_fixed(opened):
    sources = opened(
        {
            "orders.csv": lines(
                "0012,7,2024-01-31,10.5,3,Pouches", header=HEADER + ",quantity,category"
            ),
            "accounts.csv": "account_id,name,employees,founded\n0012,Café,1.0,unknown\n",
        }
    )
    kinds = dict(
        zip(sources.table("orders").columns, map(str, sources.table("orders").types), strict=True)
    )

    assert kinds == {
        "account_id": "VARCHAR", "order_id": "VARCHAR", "order_date": "DATE",
        "net_sales": "DOUBLE", "quantity": "DOUBLE", "category": "VARCHAR",
    }  # fmt: skip
    # zeros in front are kept, accents composed, and a year that is none is left out
    assert sources.table("accounts").fetchall() == [("0012", "Café", 1, None)]
    assert sources.left_out[["file", "row", "column", "value"]].values.tolist() == [
        ["accounts.csv", 2, "founded", "unknown"]
    ]


def test_tables_of_one_source_can_be_joined(opened):
    sources = opened(
        {"orders.csv": lines(*month(1)), "accounts.csv": "account_id,name\nA001,One\nA002,Two\n"}
    )
    joined = sources.table("orders").join(sources.table("accounts"), "account_id")

    assert joined.aggregate("count(*)").fetchall() == [(6,)]
    with pytest.raises(DataRefusedError, match="no table 'invoices'"):
        sources.table("invoices")


def test_an_account_given_twice_is_kept_once_whatever_the_order(opened, folder, store):
    rows = ["A1,One,", "A1,One,Industry", "A2,Two,", "A2,Two,"]
    orders = lines("A1,1,2024-01-31,1")
    one = opened(
        {"orders.csv": orders, "accounts.csv": lines(*rows, header="account_id,name,industry")}
    )
    other = open_data(
        folder(
            {
                "orders.csv": orders,
                "accounts.csv": lines(*rows[::-1], header="account_id,name,industry"),
            },
            "turned",
        ),
        store=store,
    )

    expected = [("A1", "One", "Industry"), ("A2", "Two", None)]
    for sources in (one, other):
        assert sorted(sources.table("accounts").fetchall()) == expected
        assert sorted(sources.refused["reason"]) == ["account_id given twice", "same line twice"]


def test_lines_that_repeat_are_found_in_pieces_as_in_one(opened, monkeypatch):
    repeated = [f"A{n % 7},{n},2024-01-{n % 28 + 1:02d},{n}" for n in range(40)] * 2
    monkeypatch.setattr("kamlab.sources.repeats._AT_ONCE", 9)

    found = opened({"orders.csv": lines(*repeated)}).refused

    assert list(found["reason"]) == ["same line twice"] * 40
    assert sorted(found["row"]) == list(range(42, 82))


def test_keys_given_twice_are_found_in_pieces_as_in_one(opened, monkeypatch):
    named = [f"A{n},{name}" for name in ("Long name", "") for n in range(40)]
    monkeypatch.setattr("kamlab.sources.repeats._AT_ONCE", 9)

    found = opened(
        {
            "orders.csv": lines("A1,1,2024-01-01,5"),
            "accounts.csv": lines(*named, header="account_id,name"),
        }
    ).refused

    assert list(found["reason"]) == ["account_id given twice"] * 40
    assert sorted(found["row"]) == list(range(42, 82))


def test_numbers_of_contacts_count_within_their_channel(opened):
    sources = opened(
        {
            "kamlab.toml": '[[orders]]\nfile = "orders.csv"\n'
            '[[contacts]]\nfile = "calls.csv"\nchannel = "call centre"\n'
            '[[contacts]]\nfile = "web.csv"\nchannel = "website"\n',
            "orders.csv": lines("A1,1,2024-01-31,1"),
            "calls.csv": "contact_id,name\n1,Anna\n1,Anna B.\n",
            "web.csv": "contact_id,name\n1,Boris\n",
        }
    )
    assert sorted(sources.frame("contacts")["channel"]) == ["call centre", "website"]
    assert sources.refused["value"].tolist() == ["1"]


def test_a_row_of_personal_data_is_not_shown_when_refused(opened):
    sources = opened(
        {
            "orders.csv": lines("A1,1,2024-01-31,1"),
            "contacts.csv": "contact_id,name,email\n1,Anna,a@x.example\n2,Boris Secret\n",
        }
    )
    assert len(sources.refused) == 1
    assert "Boris" not in sources.refused.to_csv()
    assert "Boris" not in describe(sources)


def test_other_currencies_are_set_aside_with_their_sums_and_never_added(opened):
    sources = opened(
        {
            "kamlab.toml": 'currency = "EUR"\n[[orders]]\nfile = "orders.csv"\n',
            "orders.csv": lines(
                "A1,1,2024-01-31,10,EUR", "A1,2,2024-01-31,20,USD", "A2,3,2024-02-01,30,usd",
                "A2,4,2024-02-01,40,", "A2,5,2024-02-01,50,XYZ", "A2,6,2024-02-01,60,€",
                header=HEADER + ",currency",
            ),
        }
    )  # fmt: skip
    row = sources.reconciliation.iloc[0]

    assert sources.other_currencies.values.tolist() == [["orders", "USD", 2, 50.0]]
    assert (row["amount_in"], row["amount_kept"], row["amount_refused"]) == (110.0, 110.0, 0.0)
    assert (row["rows_kept"], row["rows_refused"]) == (3, 3)
    assert set(sources.frame("orders")["currency"]) == {"EUR"}
    *_, said = reconcile.left_out(sources.reconciliation, sources.other_currencies)
    assert said == "Sales in other currencies are in no figure: USD 50 (2 lines)."
    unknown = sources.refused.query("reason == 'currency unknown'")
    assert unknown[["row", "value"]].values.tolist() == [[6, "XYZ"]]
    assert "set aside in USD: 2 rows, 50.00" in describe(sources)


def test_an_amount_without_its_currency_is_in_none(opened):
    sources = opened(
        {
            "orders.csv": lines(
                "A1,1,2024-01-31,10,EUR", "A1,2,2024-01-31,20,", header=HEADER + ",currency"
            )
        }
    )
    assert sources.currency == "EUR"
    assert sources.refused[["row", "reason", "amount", "currency"]].values.tolist() == [
        [3, "currency unknown", 20.0, "?"]
    ]
    assert sources.reconciliation["amount_in"].item() == 10.0
    assert 'currency = "EUR" in kamlab.toml fills empty ones' in describe(sources)


def test_a_column_without_a_value_is_as_one_that_is_not_there(opened):
    sources = opened(
        {
            "orders.csv": lines("A1,1,2024-01-31,10,", header=HEADER + ",currency"),
            "accounts.csv": "account_id,name,region\nA1,,\nA2,,north\n",
        }
    )
    assert sources.currency == ""
    assert sources.reconciliation.set_index("table").loc["orders", "rows_kept"] == 1
    assert list(sources.frame("accounts")) == ["account_id", "region"]


def test_a_table_that_is_not_there_has_no_rows_and_joins_with_others(opened):
    sources = opened({"orders.csv": lines("A1,1,2024-01-31,10")})
    nobody = sources.frame_or_empty("defections")
    orders = sources.frame("orders")

    assert list(nobody) == ["account_id", "defection_date"]
    assert nobody.empty
    assert orders.merge(nobody, on="account_id", how="left")["defection_date"].isna().all()


def test_repeated_lines_are_kept_where_the_mapping_says_they_are_true(opened):
    sources = opened(
        {
            "kamlab.toml": 'duplicates = "keep"\n[[orders]]\nfile = "orders.csv"\n',
            "orders.csv": lines("A1,1,2024-01-31,10", "A1,1,2024-01-31,10"),
        }
    )
    assert sources.refused.empty


def test_lines_that_differ_in_an_unused_column_are_not_the_same(opened):
    sources = opened(
        {"orders.csv": lines("A1,1,2024-01-31,10,1", "A1,1,2024-01-31,10,2", header=HEADER + ",n")}
    )
    assert sources.refused.empty


@pytest.mark.parametrize(
    ("bound", "reason", "row"),
    [
        ("end = 2024-01-15", "date after the data's end", 17),
        ('start = "2024-01-03"', "date before the data's start", 2),
    ],
)
def test_the_mapping_bounds_the_days(bound, reason, row, opened):
    sources = opened(
        {"kamlab.toml": bound + '\n[[orders]]\nfile = "o.csv"\n', "o.csv": lines(*month(1))}
    )
    assert set(sources.refused["reason"]) == {reason}
    assert sources.refused["row"].min() == row


def test_no_order_is_later_than_its_file(folder, store):
    data = folder({"orders.csv": lines(*month(1), "A1,99,2024-09-01,5")})
    written = datetime(2024, 2, 1, tzinfo=UTC).timestamp()
    os.utime(data / "orders.csv", (written, written))
    sources = open_data(data, store=store)

    assert sources.refused["reason"].tolist() == ["date after the file was written"]
    assert sources.end == date(2024, 1, 21)


def test_a_file_that_leaves_the_day_open_is_read_as_its_siblings(opened):
    sources = opened(
        {
            "orders_1.csv": lines("A1,1,03/04/2024,1"),
            "orders_2.csv": lines("A1,2,05/06/2024,2", "A1,3,13/06/2024,3"),
        }
    )
    assert sorted(sources.frame("orders")["order_date"].dt.month) == [4, 6, 6]


def test_a_column_with_days_in_both_orders_refuses_the_open_ones(opened):
    sources = opened(
        {
            "orders.csv": lines(
                "A1,1,13/04/2024,1", "A1,2,04/13/2024,2", "A1,3,03/04/2024,3", "A1,4,05/05/2024,4"
            )
        }
    )
    assert sources.refused[["row", "reason"]].values.tolist() == [[4, "ambiguous date"]]


def test_what_is_not_understood_is_named(opened):
    sources = opened(
        {
            "orders.csv": lines("A1,1,2024-01-31,10"),
            "notes.docx": b"x",
            "truth/orders.csv": lines("A1,1,2025-01-31,10"),
        }
    )
    assert sources.not_understood == ("notes.docx", "truth/")
    assert "notes.docx, truth/" in describe(sources)
    assert len(sources.files) == 1


def test_a_file_that_is_named_after_a_table_is_offered_beside_a_mapping(opened):
    files = {
        "kamlab.toml": '[[orders]]\nfile = "sales.csv"\n',
        "sales.csv": lines(*month(1)),
        "defections.csv": "account_id,defection_date\nA001,2024-01-20\n",
        "notes.csv": "a,b\n1,2\n",
    }
    said = describe(opened(files))
    offered = '[[defections]]\n    file = "defections.csv"'
    assert offered in said
    assert "notes.csv is named" not in said

    files["kamlab.toml"] += offered.replace("    ", "")
    assert len(opened(files).frame("defections")) == 1


def test_the_description_says_how_things_were_read(opened):
    sources = opened(
        {
            "kamlab.toml": '[[orders]]\nfile = "o.csv"\n'
            'columns = { account_id = "Kunde", net_sales = "Umsatz", order_date = "Datum" }\n',
            "o.csv": "Kunde;order_id;Datum;Umsatz;Rest\nA1;1;31.01.2024;1.010,50;x\n",
        }
    )
    said = describe(sources)

    for words in (
        "o.csv (encoding utf-8, delimiter semicolon): 1 rows",
        "renamed: account_id ← Kunde, order_date ← Datum, net_sales ← Umsatz",
        "ignored: Rest",
        "net_sales decimal comma",
        "1,010.50 in = 1,010.50 kept + 0.00 refused; difference 0.00",
        "The day after the newest order is 2024-02-01.",
    ):
        assert words in said


def test_a_pruned_store_is_filled_again(folder, store):
    data = folder({"orders.csv": lines(*month(1))})
    before = frame(open_data(data, store=store))

    assert prune_store(store) == 3  # rows, repeats, counts
    pd.testing.assert_frame_equal(frame(open_data(data, store=store)), before)


def test_counts_of_the_same_rows_are_kept_and_of_others_made_anew(folder, store, monkeypatch):
    doubled = lines(*month(1), *month(1))
    told = {"kamlab.toml": '[[orders]]\nfile = "orders.csv"\n', "orders.csv": doubled}
    first = open_data(folder(told), store=store).reconciliation
    with monkeypatch.context() as patch:
        patch.setattr(reconcile, "_balance", lambda *_: pytest.fail("counted again"))
        again = open_data(folder(told), store=store).reconciliation
    told["kamlab.toml"] += 'duplicates = "keep"\n'
    kept = open_data(folder(told), store=store).reconciliation

    pd.testing.assert_frame_equal(first, again)
    assert (first["rows_in"] == kept["rows_in"]).all()
    assert first["rows_refused"].item() == first["rows_kept"].item() > 0
    assert kept["rows_refused"].item() == 0
    assert kept["amount_kept"].item() == pytest.approx(2 * first["amount_kept"].item())


@pytest.mark.parametrize("looked_at", [2, 100_000])
@pytest.mark.parametrize("shares", ["0.2", "0,15", "20%"])
def test_discounts_that_are_shares_are_left_aside_and_said(
    folder, store, shares, looked_at, monkeypatch
):
    monkeypatch.setattr("kamlab.sources.parts._FIRST", looked_at)
    rows = [f'A{n},{n},2024-01-{n % 28 + 1:02d},{40 + n},"{shares}"' for n in range(20)]
    rows += ["A1,99,2024-02-01,50,0"]
    data = folder({"orders.csv": lines(*rows, header=HEADER + ",Discount")})
    known = open_data(data, store=store)

    assert "discount" not in known.frame("orders")
    assert "left aside Discount, which holds shares" in describe(known)


@pytest.mark.parametrize("amount", ["3", "0.9"])
def test_discounts_that_are_amounts_stay(folder, store, amount):
    # small amounts on small lines
    rows = [f"A{n},{n},2024-01-{n % 28 + 1:02d},{n % 7 + 3},{amount}" for n in range(20)]
    data = folder({"orders.csv": lines(*rows, header=HEADER + ",Discount")})

    assert (open_data(data, store=store).frame("orders")["discount"] == float(amount)).all()


def test_shares_among_the_first_discounts_do_not_make_amounts_shares(folder, store, monkeypatch):
    monkeypatch.setattr("kamlab.sources.parts._FIRST", 15)
    rows = [f"A{n},{n},2024-01-{n % 28 + 1:02d},{40 + n},{0.2 if n < 15 else 5}" for n in range(30)]
    data = folder({"orders.csv": lines(*rows, header=HEADER + ",Discount")})

    assert open_data(data, store=store).frame("orders")["discount"].max() == 5


def test_much_that_is_refused_is_a_doubt_for_every_page(folder, store):
    rows = month(1, 20)
    few = open_data(folder({"orders.csv": lines(*rows, "A1,9-9,,5")}), store=store)
    many = [f",x{n},2024-01-03,5" for n in range(20)]
    half = open_data(folder({"orders.csv": lines(*rows, *many)}), store=store)

    assert reconcile.left_out(few.reconciliation, few.other_currencies) == ()
    (said,) = reconcile.left_out(half.reconciliation, half.other_currencies)
    assert said.startswith("20 of 40 order lines (50%)")
