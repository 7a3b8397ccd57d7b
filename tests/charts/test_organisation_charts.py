"""Charts of coverage say in words what they show, for trees and tables of any shape."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.charts.account_plan import history_and_place
from kamlab.charts.coverage import assignment_map, break_even_curve, load, load_outcome
from kamlab.charts.organisation import _places, organisation
from kamlab.coverage.department import department
from kamlab.coverage.load_effect import outcomes_by_manager
from kamlab.coverage.reporting import reporting_line


def _line(pairs):
    table = pd.DataFrame(pairs, columns=["manager_id", "reports_to"])
    return reporting_line(table.assign(role="account manager")).people


@given(st.lists(st.integers(0, 14), min_size=1, max_size=15))
def test_nobody_stands_on_another_and_superiors_stand_above(superiors):
    count = len(superiors)
    pairs = [
        (f"M{i:02d}", f"M{above:02d}" if above < count and above != i else None)
        for i, above in enumerate(superiors)
    ]
    people = _line(pairs)
    places, _, outside = _places(people)

    assert len(set(places.values())) == count
    for one, above in pairs:
        if above and one not in outside:
            assert places[above][1] == places[one][1] + 1


def test_a_tree_a_loop_and_a_stranger_are_drawn_and_told():
    people = _line([("A", None), ("B", "A"), ("C", "A"), ("X", "Y"), ("Y", "X"), ("Z", "gone")])
    figure, said = organisation(people, pd.Series({"B": "9 accounts"}), message="A line")
    words = [text.get_text() for text in figure.axes[0].texts]

    assert "B\n9 accounts" in words
    assert "at the top A" in said
    assert "in a loop: X, Y" in said
    figure.canvas.draw()


def test_of_thousands_the_upper_levels_are_drawn_and_the_rest_is_counted():
    pairs = [("top", None), *[(f"D{k}", "top") for k in range(8)]]
    pairs += [(f"L{k}", f"D{k % 8}") for k in range(90)]
    pairs += [(f"M{k}", f"L{k % 90}") for k in range(2000)]
    figure, said = organisation(_line(pairs), message="Many")

    words = {text.get_text() for text in figure.axes[0].texts}
    assert {"top", "D7", "L89"} <= words
    assert len(words) < 110
    assert "Levels below these, 2,000 people, are not drawn." in said
    loop, said = organisation(_line([(f"X{k}", f"X{k ^ 1}") for k in range(300)]), message="Loop")
    assert len(loop.axes[0].texts) <= 130
    assert "180 people" in said


def test_of_very_many_managers_those_whose_load_changes_most_are_drawn():
    ids = [f"M{k:03d}" for k in range(500)]
    idle = pd.DataFrame({"manager_id": ids, "accounts": 0, "capacity": 5})
    few = idle.assign(accounts=idle["manager_id"].isin(ids[:3]).astype(int))
    figure, said = load(idle, few, message="Three begin")
    assert said.count("looks after") == len(figure.axes[0].get_yticks()) == 3
    after = pd.DataFrame({"manager_id": ids, "accounts": 3, "capacity": 5})
    after.loc[after["manager_id"] == "M123", "accounts"] = 4
    before = after.assign(accounts=3)
    figure, said = load(before, after, message="One more")
    assert "M123 looks after 4 of at most 5, 3 today" in said
    assert figure.get_size_inches()[1] < 20
    assert "40 of 500" in figure.axes[0].get_ylabel()

    assigned = pd.DataFrame({"manager_id": [*ids, "M007"], "region": "north"})
    figure, said = assignment_map(assigned, pd.Series(dtype=object), message="Many")
    assert "M007: 2 north" in said
    assert figure.get_size_inches()[0] < 13
    assert "16 of 500" in figure.axes[0].get_xlabel()
    assert len(figure.axes[0].get_xticks()) == 16


def test_the_map_counts_every_account():
    rng = np.random.default_rng(1)
    assigned = pd.DataFrame(
        {
            "manager_id": rng.choice(["M1", "M2", None], 40),
            "region": rng.choice(["north", "south", None], 40),
        }
    )
    figure, said = assignment_map(
        assigned, pd.Series({"M1": "north", "M2": None}), message="Who serves whom"
    )
    drawn = sum(int(text.get_text()) for text in figure.axes[0].texts)

    assert drawn == 40
    assert "nobody: " in said


@pytest.mark.parametrize("slope", [float("nan"), -0.02])
def test_load_and_break_even_are_drawn(slope):
    accounts = pd.DataFrame(
        {
            "manager_id": [f"M{i % 6}" for i in range(50)],
            "net_sales_prior_12m": 1.0,
            "net_sales_12m": [i % 3 for i in range(50)],
        }
    )
    figure, said = load_outcome(outcomes_by_manager(accounts), slope, message="Load.")
    assert "M0 9 accounts" in said
    made = department(pd.Series([5.0, 4.0, 1.0]), fixed=3, cost=1)
    curve, told = break_even_curve(made.curve, made.break_even, currency="EUR", message="Pays.")
    assert "4 EUR with 2 accounts" in told
    figure.canvas.draw()
    curve.canvas.draw()


def test_a_plan_is_drawn_from_one_month_and_without_portfolio():
    months = pd.DataFrame(
        {"month": pd.to_datetime(["2024-01-01"]), "net_sales": [5.0], "gross_profit": [np.nan]}
    )
    figure, said = history_and_place(months, None, "A", currency="EUR", until=date(2024, 1, 31))
    assert len(figure.axes) == 1
    assert "at most 5." in said
    silent, said = history_and_place(months, None, "A", currency="EUR", until=date(2024, 6, 30))
    assert len(silent.axes[0].patches) == 6
    assert "2024-01 to 2024-06: from 5 to 0 EUR" in said
    portfolio = pd.DataFrame(
        {"account_id": ["A", "B"], "strength": [0.5, 0.1], "attractiveness": [0.9, 0.2],
         "strength_before": [0.4, np.nan], "attractiveness_before": [0.8, np.nan]}
    )  # fmt: skip
    figure, said = history_and_place(
        months, portfolio, "A", currency="EUR", until=date(2024, 1, 31)
    )
    assert len(figure.axes) == 2
    assert "from 0.40 and 0.80" in said
    figure.canvas.draw()


def test_managers_are_called_by_name_namesakes_by_both_and_the_nameless_by_number():
    before = pd.DataFrame({"manager_id": ["M1", "M2", "M3"], "accounts": [1, 2, 0], "capacity": 9})
    names = {"M1": "Li Wei", "M2": "Li Wei", "M3": float("nan")}
    figure, alt = load(before, before, message="Nothing moves", names=names)
    ticks = {tick.get_text() for tick in figure.axes[0].get_yticklabels()}

    assert ticks == {"Li Wei (M1)", "Li Wei (M2)", "M3"}
    assert "Li Wei (M2) looks after 2 of at most 9, 2 today" in alt
