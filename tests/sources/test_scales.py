"""Scores on another scale are used whole, or not at all: no answer passes for what it is not."""

import json

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.sources import open_data
from kamlab.sources.description import describe
from kamlab.sources.scales import items_set_aside, judge, scales
from kamlab.studies.translate import said

ORDERS = "account_id,order_id,order_date,net_sales\nA1,1,2024-01-31,10\n"
HEAD = "response_id,account_id,wave,item,score,importance"
BLOCK = '[[orders]]\nfile = "orders.csv"\n[[survey_responses]]\nfile = "survey*.csv"\n'


def survey(answers, *, first=0, importance=None):
    """Write a survey: item, and its scores one after the other."""
    rows = [
        f"R{first + n},A1,2024-01-05,{item},{score:g},{(importance or {}).get(item, [''])[0]}"
        for item, scores in answers.items()
        for n, score in enumerate(scores)
    ]
    return "\n".join([HEAD, *rows]) + "\n"


def toml(text):
    return {"kamlab.toml": BLOCK + text, "orders.csv": ORDERS}


def scores(sources, item):
    frame = sources.frame("survey_responses")
    return frame.loc[frame["item"] == item, "score"].tolist()


@pytest.mark.parametrize(
    ("low", "high", "write"), [(0, 10, "[0, 10]"), (1, 10, "[1, 10]"), (1, 7, "[1, 7]")]
)
def test_an_item_on_another_scale_is_set_aside_whole_and_the_way_out_is_named(
    low, high, write, opened
):
    other, usual = list(range(low, high + 1)) * 20, [1, 2, 3, 4, 5] * 20
    sources = opened({**toml(""), "survey.csv": survey({"recommend": other, "overall": usual})})

    assert scores(sources, "recommend") == []
    assert scores(sources, "overall") == usual
    assert len(sources.refused) == len(other)
    assert set(sources.refused["reason"]) == {
        f"item 'recommend' goes from {low} to {high}, not from 1 to 5"
    }
    printed = describe(sources)
    assert f"refused: {len(other)} × item 'recommend' goes from" in printed
    assert "first in survey.csv, row 2" in printed
    assert f'write scale = {{ "recommend" = {write} }} under [[survey_responses]]' in printed
    (sentence,) = items_set_aside(sources.refused_sums)
    assert f"{len(other)} answers" in sentence
    assert f"'recommend' {low}–{high}" in sentence
    assert "个回答被搁置" in said(sentence, "zh")


@pytest.mark.parametrize(
    ("other", "write"),
    [
        (list(range(11)) * 9, 'scale = { "recommend" = [0, 10] }'),
        (list(range(1, 8)) * 9, 'scale = { "recommend" = [1, 7] }'),
        ([0, 1, 2, 3, 4] * 9, 'scale = { "recommend" = [0, 4] }'),
        ([0, 25, 50, 75, 100] * 9, 'scale = { "recommend" = [0, 100] }'),
        ([-2, -1, 0, 1, 2] * 9, 'scale = { "recommend" = [-2, 2] }'),
    ],
)
def test_what_is_told_to_write_reads_every_answer(other, write, opened, folder, store):
    files = {**toml(""), "survey.csv": survey({"recommend": other, "overall": [4] * 30})}
    told = opened(files).refused["expected"].iloc[0]
    assert f"write {write} under" in told

    sources = open_data(folder(files | toml(write), "mended"), store=store)

    assert sources.refused.empty
    ends = json.loads(write.split("= ")[-1].rstrip(" }"))
    moved = [1 + 4 * (one - ends[0]) / (ends[1] - ends[0]) for one in other]
    np.testing.assert_allclose(scores(sources, "recommend"), moved)
    assert scores(sources, "overall") == [4] * 30


def test_where_every_item_is_on_the_other_scale_one_setting_is_told(opened, folder, store):
    files = {"survey.csv": survey({"a": list(range(11)) * 5, "b": list(range(2, 11)) * 5})}
    told = set(opened(toml("") | files).refused["expected"])
    assert len(told) == 1
    assert "write scale = [0, 10] under [[survey_responses]]" in told.pop()

    sources = open_data(folder(toml("scale = [0, 10]") | files, "mended"), store=store)
    assert sources.refused.empty
    assert sources.frame("survey_responses")["score"].between(1, 5).all()


def test_the_worst_score_comes_first_in_a_scale(opened):
    marks = [1, 2, 3, 4, 5, 6]
    sources = opened({**toml("scale = [6, 1]"), "survey.csv": survey({"mark": marks})})
    np.testing.assert_allclose(scores(sources, "mark"), [5, 4.2, 3.4, 2.6, 1.8, 1])


def test_a_stray_typing_error_costs_one_answer_and_is_shown_as_it_came(opened):
    answers = {"overall": [1, 2, 3, 4, 5] * 60 + [55], "recommend": list(range(11)) * 20 + [110]}
    sources = opened({**toml('scale = { "recommend" = [0, 10] }'), "survey.csv": survey(answers)})
    refused = sources.refused.set_index("value")
    assert refused["reason"].to_dict() == {"55": "out of range", "110": "out of range"}
    assert refused["expected"].to_dict() == {"55": "from 1 to 5", "110": "from 0 to 10"}
    assert len(scores(sources, "overall")) == 300
    assert len(scores(sources, "recommend")) == 220
    assert items_set_aside(sources.refused_sums) == ()


def test_a_scale_that_was_named_and_does_not_fit_is_told(opened):
    files = {**toml("scale = [1, 7]"), "survey.csv": survey({"recommend": list(range(11)) * 9})}
    sources = opened(files)
    assert sources.frame("survey_responses").empty
    reason, told = sources.refused.iloc[0][["reason", "expected"]]
    assert reason == "item 'recommend' goes from 0 to 10, not from 1 to 7"
    assert told.startswith("from 1 to 7; if 0 is its worst and 10 its best score")


def test_files_of_a_block_are_judged_together_and_a_long_one_by_itself(opened, folder, store):
    many, few = [1, 2, 3, 4, 5] * 200, [2, 3, 4, 5, 8, 9]
    day_by_day = {f"survey_{n}.csv": survey({"x": [n]}, first=n) for n in (1, 3, 4, 5, 7, 8, 10)}
    together = opened(toml("") | day_by_day)
    assert scores(together, "x") == []  # each file alone could pass

    changed = {
        "survey_1.csv": survey({"x": many}), "survey_2.csv": survey({"x": few * 9}, first=5000)
    }  # fmt: skip
    sources = open_data(folder(toml("") | changed, "changed"), store=store)
    assert scores(sources, "x") == many
    assert set(sources.refused["file"]) == {"survey_2.csv"}
    assert "in a block [[survey_responses]] of this file alone" in sources.refused["expected"][0]


def test_importance_on_another_scale_is_left_out_whole(opened):
    head, *rows = survey({"a": [3] * 60, "b": [3] * 60}).splitlines()
    filled = [row + str(n % 11 if ",a," in row else 1 + n % 5) for n, row in enumerate(rows)]
    filled[-1] = rows[-1] + "55"
    sources = opened({**toml(""), "survey.csv": "\n".join([head, *filled]) + "\n"})
    frame = sources.frame("survey_responses").set_index("item")["importance"]
    assert len(frame) == 120
    assert frame["a"].isna().all()
    assert frame["b"].notna().sum() == 59
    assert len(sources.left_out) == 61


ANSWERS = st.lists(
    st.tuples(
        st.sampled_from(["one.csv", "two.csv"]),
        st.sampled_from(["price", "service"]),
        st.one_of(st.integers(0, 10), st.integers(1, 5), st.floats(-100, 100)),
        st.integers(1, 60),
    ),
    min_size=1,
    max_size=30,
)


@given(answers=ANSWERS)
def test_no_item_is_kept_by_halves(answers):
    table = pd.DataFrame(answers, columns=["place", "item", "score", "answers"])
    table = table.astype({"score": float})
    table = table.groupby(["place", "item", "score"], as_index=False)["answers"].sum()
    judged = judge(table.assign(block="b"), {})

    assert not judged.duplicated(["place", "item", "score"]).any()
    left = table.merge(judged, how="left", on=["place", "item", "score"])
    kept = left[left["reason"].isna()]
    assert kept["score"].between(1, 5).all()
    assert left.loc[left["score"].between(1, 5) & (left["reason"] == "out of range")].empty
    for (place, item), rows in left.groupby(["place", "item"]):
        used = rows["reason"].isna()
        whole = table[table["item"] == item]
        for seen in (rows, whole):
            wrong = seen.loc[~seen["score"].between(1, 5), "answers"].sum() / seen["answers"].sum()
            if seen is whole or rows["answers"].sum() >= 20:
                assert not (used.any() and wrong > 0.05), (place, item)
        if used.any():
            assert set(rows.loc[~used, "reason"]) <= {"out of range"}


@pytest.mark.parametrize(
    ("option", "normal"),
    [(None, {}), ([1, 7], {"": (1.0, 7.0)}), ({"x": [0, 10]}, {"x": (0.0, 10.0)})],
)
def test_settings_have_one_form(option, normal):
    assert scales(option) == normal
