"""The reporting line: exactly three steps, loops and gaps named, totals that roll up."""

import pandas as pd
import pytest

from kamlab.coverage import reporting


def _staff(count=28, span=7):
    """Draw Xerox's scale: 250 accounts at nine each."""
    leaders = -(-count // span)
    rows = [("C", "chief executive", None), ("V", "vice-president of sales", "C")]
    rows += [(f"N{i}", "national sales manager", "V") for i in range(leaders)]
    rows += [(f"M{i}", "account manager", f"N{i // span}") for i in range(count)]
    return pd.DataFrame(rows, columns=["manager_id", "role", "reports_to"])


def test_two_hundred_and_fifty_accounts_need_28_managers():
    assert reporting.headcount(250)["people"].tolist() == [28, 4, 1]
    assert reporting.headcount(9)["people"].tolist() == [1]


def test_every_manager_reaches_the_chief_executive_in_three_steps():
    line = reporting.reporting_line(_staff())
    managers = line.people[line.people["role"] == "account manager"]

    assert len(managers) == 28
    assert (managers["steps"] == 3).all()
    assert line.problems.empty


@pytest.mark.parametrize(
    ("person", "superior", "said"),
    [
        ("M0", "M0", "loop: M0 → M0"),
        ("C", "M3", "loop"),
        ("M1", "nobody", "reports to 'nobody', whom nobody knows"),
        ("M2", "V", "2 steps to the top instead of 3"),
        ("N0", None, "the line ends at 'N0'"),
    ],
)
def test_what_is_wrong_is_named(person, superior, said):
    staff = _staff()
    staff.loc[staff["manager_id"] == person, "reports_to"] = superior

    problems = reporting.reporting_line(staff).problems

    assert problems["problem"].str.contains(said, regex=False).any()
    assert person in set(problems["manager_id"])


def test_a_wide_span_is_a_problem():
    problems = reporting.reporting_line(_staff(26, span=13)).problems

    assert problems["problem"].tolist() == ["13 direct reports, more than 12"] * 2


def test_figures_roll_up_to_the_total():
    staff = _staff()
    people = reporting.reporting_line(staff).people
    figures = pd.Series({f"M{i}": float(i) for i in range(28)})

    total = reporting.roll_up(people, figures)

    assert total["C"] == total["V"] == figures.sum()
    assert total["N0"] == sum(range(7))
    assert total["M5"] == 5


def test_function_experts_may_stand_anywhere():
    staff = pd.concat(
        [
            _staff(),
            pd.DataFrame(
                [("F", "function expert", "C")], columns=["manager_id", "role", "reports_to"]
            ),
        ]
    )

    assert reporting.reporting_line(staff).problems.empty


def test_a_person_twice_is_named():
    with pytest.raises(ValueError, match="'C' stands twice"):
        reporting.reporting_line(pd.concat([_staff(), _staff(1).head(1)]))
