"""Actions follow from a table that anybody may edit; what is wrong in it is told with its place."""

from contextlib import suppress
from datetime import date

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.coverage.action_rules import (
    BESIDE_DATA,
    COLUMNS,
    SHIPPED,
    SIGNALS,
    read_rules,
    rules_file,
)
from kamlab.coverage.actions import due_actions, signals, with_owners
from kamlab.errors import UsageError

DAY = date(2024, 7, 1)
HEAD = ",".join(COLUMNS)


def _rules(folder, *lines, head=HEAD, encoding="utf-8"):
    path = folder / "action_rules.csv"
    path.write_text("\n".join([head, *lines]) + "\n", encoding=encoding)
    return path


KNOWN = signals(
    concerns=pd.DataFrame(
        {"account_id": ["A", "A", "B"], "concern": ["delivery", "price", "Delivery"],
         "times": [5, 1, 2]}
    ),
    risk=pd.DataFrame(
        {"account_id": ["A", "B"], "probability": [0.6, 0.1], "reason_1": ["pays late"] * 2,
         "reason_2": ["complaints", None]}
    ),
    portfolio=pd.DataFrame({"account_id": ["A", "B"], "cell": ["high / low", "low / low"]}),
    survey=pd.DataFrame(
        {"account_id": ["A", "A", "A", "B"], "wave": pd.to_datetime(["2023-05-01", "2024-05-01",
         "2024-05-01", "2024-05-01"]), "item": ["x"] * 4, "score": [1, 3, 4, 2]}
    ),
    payment=pd.DataFrame({"account_id": ["A", "B", "C"], "days_beyond_terms": [3.0, 20.0, None]}),
    health=pd.DataFrame({"account_id": ["A"], "weakest": ["contact"], "contact": [20.0]}),
)  # fmt: skip


@pytest.mark.parametrize(
    ("line", "accounts"),
    [
        ("concern,delivery,3,Do,account manager,7", ["A"]),
        ("concern,delivery|price,1,Do,account manager,7", ["A", "B"]),
        ("concern,,,Do,account manager,7", ["A", "B"]),
        ("concern,quality,,Do,account manager,7", []),
        ("risk reason,pays late,0.5,Do,finance,7", ["A"]),
        ("risk reason,Complaints,,Do,quality,7", ["A"]),
        ("portfolio,high / low,,Do,account manager,7", ["A"]),
        ("satisfaction,,3,Do,account manager,7", ["B"]),
        ("satisfaction,,3.5,Do,account manager,7", ["A", "B"]),
        ("payment,,15,Do,finance,7", ["B"]),
        ("health,contact,50,Do,account manager,7", ["A"]),
    ],
)
def test_each_kind_of_rule_finds_its_accounts(tmp_path, line, accounts):
    made = due_actions(KNOWN, read_rules(_rules(tmp_path, line)), DAY)

    assert made["account_id"].tolist() == accounts
    assert (made["due"] == pd.Timestamp("2024-07-08")).all()
    assert made["why"].str.len().min() > 5 or made.empty


def test_the_same_action_for_two_reasons_stands_once_with_both(tmp_path):
    rules = read_rules(
        _rules(
            tmp_path,
            "concern,delivery,3,Call,account manager,21",
            "risk reason,complaints,0.3,Call,account manager,3",
        )
    )
    made = due_actions(KNOWN, rules, DAY)

    assert len(made) == 1
    assert made.loc[0, "due"] == pd.Timestamp("2024-07-04")
    assert made.loc[0, "why"] == (
        "complaints; 60% likely to leave; delivery: raised 5 times in a year"
    )


def test_rules_in_another_order_of_accounts_say_the_same():
    rules = read_rules(SHIPPED)
    mixed = KNOWN.sample(frac=1, random_state=3)

    pd.testing.assert_frame_equal(due_actions(KNOWN, rules, DAY), due_actions(mixed, rules, DAY))


def test_owners_are_found_in_assignment_team_and_line(tmp_path):
    roles = ["account manager", "executive sponsor", "quality", "national sales manager", "legal"]
    rules = read_rules(
        _rules(tmp_path, *[f"portfolio,high / low,,Do {role},{role},1" for role in roles])
    )
    staff = pd.DataFrame(
        {
            "manager_id": ["M", "N", "O", "X", "Y"],
            "role": ["account manager", *["national sales manager"] * 2, *["function expert"] * 2],
            "reports_to": ["O", None, None, None, None],
            "industries": [None, None, None, "Quality, print", "logistics"],
        }
    )
    assignment = pd.DataFrame({"account_id": ["A"], "manager_id": ["M"], "sponsor_id": ["N"]})
    made = with_owners(due_actions(KNOWN, rules, DAY), assignment, managers=staff)

    assert made.set_index("owner")["owner_id"].where(lambda s: s.notna(), "").to_dict() == {
        "account manager": "M",
        "executive sponsor": "N",
        "quality": "X",
        "national sales manager": "O",
        "legal": "",
    }


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("risk,late,0.3,Do,me,7", r"row 3, column signal: 'risk'; expected one of concern"),
        ("concern,late,often,Do,me,7", r"row 3, column limit: 'often'; expected a number"),
        (
            "risk reason,late,30,Do,me,7",
            r"row 3, column limit: '30'; expected a number from 0 to 1",
        ),
        ("satisfaction,,9,Do,me,7", r"column limit: '9'; expected a number from 1 to 5"),
        ("satisfaction,price,3,Do,me,7", r"column matches: 'price'; expected nothing"),
        ("payment,,,Do,me,7", r"column limit: ''; expected a number: days beyond"),
        ("portfolio,high / low,2,Do,me,7", r"column limit: '2'; expected nothing"),
        ("concern,late,3,,me,7", r"row 3, column action: ''; expected a text"),
        ("concern,late,3,Do,,7", r"row 3, column owner: ''; expected a text"),
        ("concern,late,3,Do,me,soon", r"row 3, column days: 'soon'; expected a whole number"),
        ("concern,late,3,Do,me,-1", r"row 3, column days: '-1'"),
    ],
)
def test_a_wrong_rule_is_told_with_file_row_column_and_what_is_expected(tmp_path, line, told):
    path = _rules(tmp_path, "concern,late,3,Do,me,7", line)

    with pytest.raises(UsageError, match=r"^action_rules\.csv, row") as caught:
        read_rules(path)
    assert pd.Series([str(caught.value)]).str.contains(told).all()


def test_all_faults_are_told_at_once_and_empty_lines_count(tmp_path):
    path = _rules(tmp_path, "concern,late,3,Do,me,x", "", ",,,,,", "nothing,,,,,7")

    with pytest.raises(UsageError) as caught:
        read_rules(path)
    told = str(caught.value).splitlines()
    assert told[0].startswith("action_rules.csv, row 2, column days")
    assert {line.split(",")[1] for line in told[1:]} == {" row 5"}


def test_a_table_without_a_column_or_a_text_is_refused(tmp_path):
    with pytest.raises(UsageError, match="row 1: the column 'days' is missing"):
        read_rules(_rules(tmp_path, head="signal,matches,limit,action,owner"))
    (tmp_path / "empty.csv").write_text("")
    with pytest.raises(UsageError, match=r"empty\.csv is no readable table"):
        read_rules(tmp_path / "empty.csv")
    with pytest.raises(UsageError, match="no readable table"):
        read_rules(_rules(tmp_path, "concern,日,3,Do,me,7", encoding="utf-16"))


def test_a_spreadsheets_own_csv_is_read(tmp_path):
    path = tmp_path / "rules.csv"
    path.write_text(
        "\ufeffSignal;Matches;Limit;Action;Owner;Days;Notes\n"
        "Risk reason;pays late;0,5;Talk, then visit;finance;7;mine\n"
    )
    assert read_rules(path).loc[0, ["signal", "limit", "action"]].tolist() == [
        "risk reason",
        0.5,
        "Talk, then visit",
    ]


def test_the_users_file_goes_before_ours(tmp_path):
    assert rules_file("", tmp_path) == SHIPPED
    own = _rules(tmp_path)
    assert own.name == BESIDE_DATA
    assert rules_file("", tmp_path) == own
    assert rules_file("", tmp_path / "kamlab.toml") == own
    assert rules_file(str(SHIPPED), tmp_path) == SHIPPED
    with pytest.raises(UsageError, match=r"no table of action rules at .*other\.csv"):
        rules_file(str(tmp_path / "other.csv"), tmp_path)


def test_nothing_known_calls_for_nothing():
    made = with_owners(
        due_actions(signals(), read_rules(SHIPPED), DAY),
        pd.DataFrame(columns=["account_id", "manager_id", "sponsor_id"]),
    )
    assert made.empty
    assert "due" in made


_texts = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=12
)


@given(st.lists(st.tuples(st.sampled_from([*SIGNALS, ""]), *[_texts] * 5), max_size=5))
def test_whatever_stands_in_the_file_is_read_or_told(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("rules") / "rules.csv"
    pd.DataFrame(rows, columns=list(COLUMNS)).to_csv(path, index=False)
    with suppress(UsageError):
        table = read_rules(path)

        assert set(table["signal"]) <= set(SIGNALS)
        assert table["days"].between(0, 3650).all()
