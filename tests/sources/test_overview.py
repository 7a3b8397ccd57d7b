"""What recognising people tells of channels and accounts, counted without naming anybody."""

import pandas as pd
import pytest

from kamlab.charts import people as charts
from kamlab.sources import open_data, overview, recognition, review

ORDERS = "account_id,order_id,order_date,net_sales\nA1,1,2024-01-31,10\nA2,2,2024-12-31,20\n"
CONTACTS = """contact_id,channel,account_id,name,phone,email
1,telephone,A1,Anna Weber,030 1234567,anna.weber@alder.example
2,seminar,A2,"WEBER, Anna",030/1234567,anna.weber@juno.example
3,seminar,A2,Bernd Koch,040 7654321,b.koch@juno.example
"""
INTERACTIONS = """interaction_id,channel,occurred_at,account_id,contact_id,email
1,telephone,2023-03-01,A1,1,
2,seminar,2022-12-01,A2,2,
3,e-mail,2024-12-05,,,b.koch@juno.example
"""


@pytest.fixture
def found(folder, store):
    files = {"orders.csv": ORDERS, "contacts.csv": CONTACTS, "interactions.csv": INTERACTIONS}
    known = open_data(folder(files), store=store)
    return known, recognition.recognise(known)


def test_people_are_counted_by_channel_and_account_and_nobody_is_named(found):
    known, people = found

    channels = overview.people_by_channel(people).set_index("channel")
    accounts = overview.people_by_account(people).set_index("account_id")
    moved = overview.changed_company(people, known.frame("interactions"))

    assert channels.loc["seminar", ["persons", "only_here", "also_elsewhere"]].tolist() == [2, 0, 2]
    assert channels.at["telephone", "also_elsewhere"] == 1
    assert accounts["persons"].tolist() == [1, 2]
    assert accounts["also_at_others"].tolist() == [1, 1]
    # she was last spoken to as one of A1, in March 2023
    assert moved[["from_account", "to_account"]].values.tolist() == [["A2", "A1"]]
    assert moved["last_seen"].tolist() == [pd.Timestamp("2023-03-01")]
    for table in (channels, accounts, moved):
        assert "Weber" not in table.to_csv()

    named = overview.named_people(people, known)
    assert len(named) == 3
    assert len(set(named.loc[named["email"].str.startswith("anna"), "person_id"])) == 1


def test_nobody_known_gives_empty_tables(folder, store):
    known = open_data(folder({"orders.csv": ORDERS}), store=store)
    people = recognition.recognise(known)

    assert overview.people_by_channel(people).empty
    assert overview.people_by_account(people).empty
    assert overview.changed_company(people, known.frame_or_empty("interactions")).empty
    assert recognition.expected_quality(people)["records"].item() == 0


def test_the_chart_says_which_channel_alone_knows_most(found):
    figure, alt = charts.known_by(overview.people_by_channel(found[1]))

    assert "seminar: 2 people, 0 known here only" in alt
    assert len(figure.axes[0].patches) == 2 * len(overview.people_by_channel(found[1]))


def test_values_of_personal_tables_are_not_published():
    refused = pd.DataFrame({"table": ["orders", "contacts"], "value": ["x", "Anna"]})

    assert review.without_personal(refused)["value"].isna().tolist() == [False, True]
