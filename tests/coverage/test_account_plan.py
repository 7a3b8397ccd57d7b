"""A plan says what is known of an account, is silent on the rest, and names nobody in public."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.coverage.account_plan import (
    READS,
    Account,
    absent,
    actions,
    choose,
    decision,
    goals,
    level_of,
    position,
    read_account,
    survey_levels,
    who,
)
from kamlab.coverage.plan_figures import figures, open_questions
from kamlab.coverage.plan_people import PUBLIC, last_contacts, people

DAY = date(2024, 7, 1)
NOTHING = dict.fromkeys(READS)


def _found(**tables):
    ids = ["A", "B", "C"]
    return (
        NOTHING
        | {
            "listed": pd.DataFrame(
                {"account_id": ids, "name": ["One", "Two", None], "rank": [2, 1, None],
                 "selected": [True, True, False]}
            ),
            "facts": pd.DataFrame(
                {"account_id": ids, "industry": ["food", None, "pet"], "region": ["North"] * 3,
                 "country": ["United Kingdom"] * 3, "net_sales_12m": [100.0, 200.0, 5.0]}
            ),
            "risk": pd.DataFrame({"account_id": ids, "probability": [0.4, 0.2, 0.9]}),
        }
        | tables
    )  # fmt: skip


ANSWERS = pd.DataFrame(
    {
        "account_id": ["A", "A", "A", "B", "B"],
        "wave": pd.to_datetime(["2023-05-01", *["2024-05-01"] * 4]),
        "item": ["price fairness", "price fairness", "delivery", "price fairness", "overall"],
        "score": [1, 2, 4, 5, 3],
    }
)  # fmt: skip


def test_an_account_is_chosen_by_number_or_as_the_first_of_the_list():
    assert choose("C", _found()) == "C"
    assert choose("", _found()) == "B"
    with pytest.raises(KeyError, match=r"no account 'AA'.*Did you mean 'A'"):
        choose("AA", _found())
    with pytest.raises(KeyError, match="no published list"):
        choose("A", NOTHING)


def test_names_keep_their_capitals_and_gaps_are_left_out():
    text = who(read_account("A", _found()), "EUR", pd.Timestamp("2020-03-01"))

    assert text == (
        "Food, North, United Kingdom; customer since March 2020; no account manager yet; no "
        "sponsor yet."
    )
    assert "nan" not in who(read_account("B", _found()), "EUR").casefold()


def test_figures_are_those_of_the_tables_and_only_those():
    found = _found(
        worth=pd.DataFrame({"account_id": ["A"], "value": [1234.5], "low": [-10.0], "high": [2e3]})
    )
    made = figures(read_account("A", found), survey_levels(ANSWERS, "A"), {"worth": "value"})
    by_name = made.set_index("figure")

    columns = ["value", "shown", "range", "source"]
    expected = [1234.5, "1,234", "−10 to 2,000", "value"]
    assert by_name.loc["Value in the time ahead", columns].tolist() == expected
    assert by_name.loc["Probability of leaving", "shown"] == "40.0%"
    assert by_name.loc["Satisfaction, May 2024", "value"] == 3.0
    assert "Health" not in by_name.index


def test_the_survey_is_the_last_wave_beside_the_others():
    table = survey_levels(ANSWERS, "A").set_index("item")

    assert table.loc["price fairness", ["score", "others", "level"]].tolist() == [2.0, 5.0, "price"]
    assert np.isnan(table.loc["delivery", "others"])
    assert survey_levels(ANSWERS, "nobody").empty


@pytest.mark.parametrize(
    ("item", "level"),
    [("Value for the price", "price"), ("trust in us", "culture"), ("Lead time", "quality"),
     ("overall satisfaction", "all"), ("价格", "price")],
)  # fmt: skip
def test_items_of_a_survey_stand_at_a_level(item, level):
    assert level_of(item) == level


def test_position_has_three_levels_and_says_where_nothing_is_known():
    sure = pd.DataFrame(
        {"account_id": ["A", "B"], "price_effect": [-0.2, 0.01], "price_effect_se": [0.05, 0.05]}
    )
    made = position(read_account("A", _found(profiles=sure)), survey_levels(ANSWERS, "A"))

    assert made["level"].tolist() == ["price", "quality", "culture"]
    assert made["satisfaction"].tolist()[:2] == [2.0, 4.0]
    assert made["evidence"].tolist()[0] == "pays 18% less than its peers"
    assert made["evidence"].tolist()[2] == "nothing else is known"
    about = position(read_account("B", _found(profiles=sure)), survey_levels(ANSWERS, "B"))
    assert about["evidence"].tolist()[0] == "pays about what its peers pay"


def test_goals_aim_at_the_middle_where_the_account_is_worse_and_not_elsewhere():
    coming = pd.DataFrame(
        {
            "account_id": ["A"],
            "expected_gross_profit": [50.0],
            "high": [90.0],
            "last_period": [40.0],
        }
    )
    made = goals(read_account("A", _found(coming=coming)), _found(coming=coming), DAY, "EUR")
    by_goal = made.set_index("goal")

    assert by_goal.loc["keep the account", ["today", "target"]].tolist() == ["40.0%", "35.0%"]
    assert by_goal.loc["earn what is expected", "target"] == "50"
    assert (made["by"] == pd.Timestamp("2025-07-01")).all()
    worse = coming.assign(expected_gross_profit=20.0)
    held = goals(read_account("A", _found(coming=worse)), _found(), DAY, "EUR").set_index("goal")
    assert held.loc["hold what it earns", "target"] == "40"
    assert goals(read_account("B", _found()), _found(), DAY, "EUR").empty


def test_what_is_missing_is_asked_and_what_is_known_is_not():
    asked = open_questions(
        read_account("A", _found()), survey_levels(ANSWERS, "A"), 0, pd.Timestamp(DAY)
    )["question"]
    assert asked.str.contains("Who decides").any()
    assert not asked.str.contains("How satisfied").any()
    late = open_questions(
        read_account("A", _found()), survey_levels(ANSWERS, "A"), 2, pd.Timestamp("2026-01-01")
    )["question"]
    assert late.str.contains("How satisfied is it now").any()
    assert not late.str.contains("Who decides").any()


def test_absent_studies_are_named_once_in_one_sentence():
    said = absent(NOTHING)

    assert said.count("coverage") == 1
    assert "churn" in said
    assert absent(dict.fromkeys(READS, pd.DataFrame())) == ""


def test_actions_and_the_decision_name_the_first():
    table = pd.DataFrame(
        {"account_id": ["A", "A", "B"], "action": ["Call", "Visit", "Write"],
         "owner": ["account manager", "finance", "x"], "owner_id": ["M1", None, None],
         "due": pd.to_datetime(["2024-07-08", "2024-07-04", "2024-07-01"]), "why": ["w"] * 3}
    )  # fmt: skip
    due = actions("A", table)
    said = decision("One", read_account("A", _found()), due, "EUR")

    assert due["owner"].tolist() == ["finance", "account manager M1"]
    assert said == ("One (40.0% likely to leave): Visit (finance, by 2024-07-04), then 1 more.")
    assert "no rule calls" in decision("One", read_account("A", NOTHING), actions("A", None), "EUR")


CONTACTS = pd.DataFrame(
    {
        "contact_id": ["1", "2", "3", "1"],
        "channel": ["telephone", "telephone", "seminar", "e-mail"],
        "account_id": ["A", "A", "B", "A"],
        "name": ["Ann Secret", "Bob Hidden", "Cid Other", "ann  secret"],
        "occupation": ["buyer", "buyer", "owner", None],
        "email": ["ann@secret.example", None, None, None],
    }
)
CALLS = pd.DataFrame(
    {
        "interaction_id": ["a", "b", "c", "d"],
        "channel": ["telephone", "e-mail", "telephone", "telephone"],
        "contact_id": ["1", "1", "2", "1"],
        "account_id": ["A", "A", "A", "A"],
        "occurred_at": pd.to_datetime(["2024-06-01", "2024-06-20", "2022-01-01", "2024-07-01"]),
        "topic": ["price", "late", "hello", "the future"],
    }
)


def test_the_private_edition_knows_a_person_once_over_channels():
    made = people(CONTACTS, CALLS, "A", DAY, private=True)

    assert made["name"].tolist() == ["Ann Secret", "Bob Hidden"]
    assert made["contacts_12m"].tolist() == [2, 0]
    assert made["channels"].tolist() == ["e-mail, telephone", "telephone"]
    assert made["last_contact"].tolist() == [pd.Timestamp("2024-06-20"), pd.Timestamp("2022-01-01")]
    assert last_contacts(CALLS, "A", DAY)["topic"].tolist() == ["late", "price", "hello"]


@given(st.lists(st.text(min_size=3, max_size=12), min_size=4, max_size=4, unique=True))
def test_the_public_edition_holds_functions_and_counts_only(names):
    made = people(CONTACTS.assign(name=names), CALLS, "A", DAY, private=False)
    public = made.to_csv()

    assert tuple(made.columns) == PUBLIC
    assert made["function"].tolist() == sorted(made["function"], reverse=True) or len(made) <= 2
    assert set(made["function"]) <= {"buyer", "not known"}
    assert "secret.example" not in public


@pytest.mark.parametrize("private", [True, False])
def test_tables_that_hold_only_what_they_must_break_nothing(private):
    bare = pd.DataFrame({"contact_id": ["1"]})
    talks = pd.DataFrame(
        {"interaction_id": ["a"], "channel": ["x"], "occurred_at": pd.to_datetime(["2024-01-01"])}
    )
    assert people(bare, talks, "A", DAY, private=private).empty
    own = people(bare.assign(account_id="A", channel="x"), talks, "A", DAY, private=private)
    assert len(own) == 1
    assert last_contacts(talks, "A", DAY).empty


def test_a_goal_that_a_reader_sees_as_reached_is_none():
    account = Account("A", {"profiles": {"head_room": 10.0, "share_of_wallet": 0.999}})
    assert goals(account, {}, date(2024, 1, 1), "EUR").empty
    account = Account("A", {"profiles": {"head_room": 10.0, "share_of_wallet": 0.5}})
    made = goals(account, {}, date(2024, 1, 1), "EUR")
    assert made[["today", "target"]].to_numpy().tolist() == [["50%", "55%"]]
