"""People are counted once, and none is named."""

from datetime import date

import pandas as pd

from kamlab.accounts.reached import people_reached, seniority


def test_levels_are_told_in_several_languages():
    names = [
        "Owner",
        "Geschäftsführer",
        "Vice President Sales",
        "总经理",
        "Einkaufsleiter",
        "clerk",
    ]

    assert seniority(pd.Series(names)).tolist() == [5, 5, 4, 5, 4, 1]


def test_one_person_of_two_channels_counts_once():
    contacts = pd.DataFrame(
        {
            "account_id": ["a", "a", "a", "b", None],
            "contact_id": ["1", "2", "1", "9", "7"],
            "channel": ["web", "web", "telephone", "web", "web"],
            "name": ["Ann  Lee", "Bo", "ann lee", None, "Cy"],
            "occupation": [None, "owner", "purchasing manager", "buyer", "owner"],
        }
    )
    talks = pd.DataFrame(
        {
            "contact_id": ["1", "2", "7"],
            "channel": ["telephone", "web", "web"],
            "occurred_at": ["2024-06-01", "2022-06-01", "2024-06-01"],
        }
    )

    table = people_reached(contacts, talks, date(2025, 1, 1))

    assert table["account_id"].tolist() == ["a", "b"]
    assert table["people_known"].tolist() == [2, 1]
    assert table["people_reached"].tolist() == [1, 0]
    assert table["seniority_reached"].fillna(0).tolist() == [3, 0]
    assert people_reached(contacts.drop(columns="account_id"), talks, date(2025, 1, 1)).empty
    assert people_reached(contacts, None, date(2025, 1, 1))["people_reached"].sum() == 0
