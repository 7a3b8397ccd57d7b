"""Personal data: what is counted as valid, and that only counts come out."""

from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.sources import open_data, quality
from kamlab.sources.description import describe
from kamlab.sources.listing import unread_amounts
from kamlab.sources.review import freshness, to_collect
from kamlab.sources.schema import TABLES

AS_OF = date(2025, 1, 1)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("A.B@c-d.co.uk", "a.b@c-d.co.uk"),
        ("采购@包装.中国", "采购@包装.中国"),
        ("a@b", None),
        ("a b@c.de", None),
        ("a@b..de", None),
        ("<a@b.de>", None),
        ("", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_email(text, normal):
    assert quality.normal_email(text) == normal


@pytest.mark.parametrize(
    ("text", "region", "normal"),
    [
        ("+86 21 6123 4567", None, "+862161234567"),
        ("(021) 6123-4567", "CN", "+862161234567"),
        ("0086 21 61234567", "CN", "+862161234567"),
        ("6123 4567", None, None),
        ("000000", "DE", None),
        ("06 698 12345", "IT", "+390669812345"),
        ("call me", "CN", None),
        (None, "CN", None),
    ],
)
def test_phone(text, region, normal):
    assert quality.normal_phone(text, region) == normal


@given(st.text(max_size=40))
def test_any_text_is_judged_without_an_error(text):
    email = quality.normal_email(text)

    assert email is None or quality.normal_email(email) == email
    phone = quality.normal_phone(text, "DE")
    assert phone is None or quality.normal_phone(phone) == phone


CONTACTS = pd.DataFrame(
    {
        "channel": ["seminar", "seminar", "e-mail", None],
        "account_id": ["A", "Z", None, "A"],
        "name": ["Mei Lin", "12345", None, "李梅"],
        "gender": ["F", "unknown", None, "女"],
        "birth_date": ["1980-05-01", "2024-01-01", "not a date", None],
        "phone": ["+86 21 6123 4567", "12", None, "ask the office"],
        "email": ["mei@x.cn", "mei.x.cn", " ", None],
    }
)


def test_counts_by_channel_and_field():
    accounts = pd.DataFrame({"account_id": ["A"]})

    table = quality.contact_quality(CONTACTS, AS_OF, accounts=accounts)
    whole = table[table["channel"] == "all"].set_index("field")

    assert whole["records"].eq(4).all()
    assert whole["filled"].to_dict() == {
        "name": 3,
        "gender": 3,
        "birth_date": 3,
        "occupation": 0,
        "address": 0,
        "phone": 3,
        "email": 2,
        "account_id": 3,
    }
    assert whole["valid"].to_dict() == {
        "name": 2,
        "gender": 2,
        "birth_date": 1,
        "occupation": 0,
        "address": 0,
        "phone": 1,
        "email": 1,
        "account_id": 2,
    }
    assert (table["valid"] <= table["filled"]).all()
    parts = table[table["channel"] != "all"].groupby("field")[["records", "filled", "valid"]].sum()
    pd.testing.assert_frame_equal(
        parts.sort_index(), whole[["records", "filled", "valid"]].sort_index()
    )


def test_no_personal_value_comes_out():
    said = quality.contact_quality(CONTACTS, AS_OF).to_csv()

    for value in ("Mei", "李梅", "6123", "mei@x.cn"):
        assert value not in said


def test_few_refused_rows_come_last_of_what_is_to_be_mended(folder, store):
    lines = [f"A{k % 9},{k},2024-01-{k % 27 + 1:02d},10.50" for k in range(300)]
    for bad, place in ((1, -1), (30, 0)):
        wrong = [f"A1,x{k},2024-01-05,what" for k in range(bad)]
        text = "account_id,order_id,order_date,net_sales\n" + "\n".join(lines + wrong)
        known = open_data(folder({"orders.csv": text}, f"d{bad}"), store=store)
        told = to_collect(known, known.end)
        assert told["what"].iloc[place] == "mend orders"
        assert told["why"].iloc[place] == "refused rows are in no figure"
        assert unread_amounts(known.refused_sums, "orders") == bad
        assert f"{bad} of the refused hold no amount that can be read" in describe(known)


def test_refused_rows_of_any_table_are_to_be_mended_and_any_table_may_be_collected(folder, store):
    orders = "account_id,order_id,order_date,net_sales\nA,1,2024-01-05,10\n"
    known = open_data(folder({"orders.csv": orders}), store=store)
    assert set(freshness(known, known.end)["table"]) == set(TABLES)

    for number, (name, table) in enumerate(TABLES.items()):
        if name == "orders":
            continue
        needed = [column.name for column in table.columns if column.required]
        empty = ",".join([*needed, "note"]) + "\n" + "," * len(needed) + "x\n"
        files = {"orders.csv": orders, f"{name}.csv": empty}
        bad = open_data(folder(files, f"t{number}"), store=store)
        told = to_collect(bad, bad.end).set_index("what")["now"]
        assert told.get(f"mend {name}") == "1 of 1 rows refused"


def test_tables_of_yearly_rounds_are_not_stale_within_the_year(folder, store):
    files = {
        "orders.csv": "account_id,order_id,order_date,net_sales\nA,1,2024-12-31,10\n",
        "ratings.csv": "account_id,rater_id,item,value,date\nA,R,strategy,3,2024-02-01\n",
        "services.csv": "account_id,service,provided_at\nA,visit,2024-02-01\n",
    }
    known = open_data(folder(files), store=store)

    state = freshness(known, known.end).set_index("table")["state"]
    assert (state["ratings"], state["services"]) == ("fresh", "stale")
    later = freshness(known, date(2025, 3, 20)).set_index("table")["state"]
    assert later["ratings"] == "stale"


@pytest.mark.parametrize("zone", ["America/New_York", None])
def test_times_with_a_zone_are_said_to_be_days_of_utc(zone, tmp_path, store):
    late = pd.Series(pd.to_datetime(["2024-03-31 21:30", "2024-03-02 09:00"])).dt.tz_localize(zone)
    frame = pd.DataFrame(
        {"account_id": ["A", "B"], "order_id": ["1", "2"], "net_sales": [1.0, 2.0]}
    )
    frame.assign(order_date=late).to_parquet(tmp_path / "orders.parquet")

    known = open_data(tmp_path, store=store)

    assert str(known.end) == ("2024-04-02" if zone else "2024-04-01")
    assert ("days of UTC, since its times have a zone" in describe(known)) == bool(zone)
