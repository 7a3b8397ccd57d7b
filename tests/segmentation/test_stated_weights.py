"""Weights as an analyst writes them: in words, in comparisons, in files; wrong ones by name."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.segmentation.stated_weights import from_data, read_weights

NAMES = ["price", "quality", "comfort", "safety", "style"]


def _matrix(names, seed=0):
    rng = np.random.default_rng(seed)
    return pd.DataFrame(rng.normal(size=(40, len(names))), columns=names)


def test_words_give_equal_weights_and_those_of_the_data():
    matrix = _matrix(NAMES)
    assert read_weights("", matrix).weights.tolist() == [0.2] * 5
    for how in ("entropy", "critic"):
        made = read_weights(how, matrix)
        pd.testing.assert_series_equal(made.weights, from_data(matrix)[how])
        assert made.how == f"{how} weights"


def test_who_is_not_named_counts_nothing():
    made = read_weights("price = 3; safety=1", _matrix(NAMES))
    assert made.weights.to_dict() == {
        "price": 0.75, "quality": 0, "comfort": 0, "safety": 0.25, "style": 0,
    }  # fmt: skip


def test_the_published_comparisons_warn_in_a_file_and_in_words(tmp_path):
    """Wang and Chin (2011): consistency ratio 0.229."""
    names = list("abcdef")
    square = [
        "1 4 3 1 3 4", "1/4 1 7 3 1/5 1", "1/3 1/7 1 1/5 1/5 1/6",
        "1 1/3 5 1 1 1/3", "1/3 5 5 1 1 3", "1/4 1 6 3 1/3 1",
    ]  # fmt: skip
    rows = [row.split() for row in square]
    text = "criterion," + ",".join(names) + "\n"
    text += "\n".join(",".join([name, *row]) for name, row in zip(names, rows, strict=True))
    (tmp_path / "pairs.csv").write_text(text, encoding="utf-8")
    filed = read_weights("pairs.csv", _matrix(names), folder=tmp_path)
    published = [0.3208, 0.1395, 0.0348, 0.1285, 0.2374, 0.1391]
    assert filed.weights.tolist() == pytest.approx(published, abs=6e-4)
    assert "consistency ratio 0.229" in filed.how
    assert "contradict each other" in filed.warning
    assert len(filed.repair) == 15
    words = ", ".join(
        f"{names[i]}/{names[j]} = {rows[i][j]}" for i in range(6) for j in range(i + 1, 6)
    )
    said = read_weights(words, _matrix(names))
    assert said.weights.tolist() == pytest.approx(filed.weights.tolist())


def test_the_published_best_worst_comparisons(tmp_path):
    """Rezaei's car (2016)."""
    table = pd.DataFrame(
        {
            "criterion": ["quality", "price", "comfort", "safety", "style"],
            "best_to_others": [2, 1, 4, 3, 8],
            "others_to_worst": [4, 8, 4, 2, 1],
        }
    )
    table.to_csv(tmp_path / "car.csv", index=False)
    made = read_weights("car.csv", _matrix(NAMES), folder=tmp_path)
    found = made.weights[table["criterion"]].round(4).tolist()
    assert found == [0.2462, 0.4308, 0.1231, 0.1538, 0.0462]
    assert "deviation 0.062" in made.how


def test_a_file_of_weights(tmp_path):
    (tmp_path / "w.csv").write_text("criterion,weight\nprice,30\nstyle,10\n", encoding="utf-8")
    made = read_weights("w.csv", _matrix(NAMES), folder=tmp_path)
    assert made.weights[["price", "style"]].tolist() == [0.75, 0.25]


@given(st.lists(st.floats(0.1, 50), min_size=5, max_size=5))
def test_consistent_comparisons_say_what_the_weights_say(numbers):
    pairs = ", ".join(
        f"{NAMES[i]}/{NAMES[j]} = {numbers[i]}/{numbers[j]}"
        for i in range(5)
        for j in range(i + 1, 5)
    )
    direct = ", ".join(f"{name} = {number}" for name, number in zip(NAMES, numbers, strict=True))
    one, two = read_weights(pairs, _matrix(NAMES)), read_weights(direct, _matrix(NAMES))
    assert one.weights.tolist() == pytest.approx(two.weights.tolist(), rel=1e-6)
    assert one.warning == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("price", "is no weight"),
        ("price = much", "is no weight"),
        ("colour = 1", "no criterion 'colour' with data; there are: price"),
        ("price = 1, price = 2", "given twice"),
        ("price = 0", "not all zero"),
        ("price/quality = 3, price/style = 2", "compare 'quality' with 'style' once"),
        ("price/quality = 3, quality/price = 2", "compare 'price' with 'quality' once"),
        ("price/price = 3", "no comparison of two criteria"),
        ("price/colour = 3", "no criterion 'colour'"),
        ("absent.csv", r"absent\.csv cannot be read"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(text, message, tmp_path):
    with pytest.raises(ValueError, match=message):
        read_weights(text, _matrix(NAMES), folder=tmp_path)


def test_a_file_of_something_else_is_refused(tmp_path):
    (tmp_path / "x.csv").write_text("criterion,price\nstyle,1\n", encoding="utf-8")
    with pytest.raises(ValueError, match="has neither the column 'weight'"):
        read_weights("x.csv", _matrix(NAMES), folder=tmp_path)
    (tmp_path / "y.csv").write_text("criterion,weight\nstyle,x\n", encoding="utf-8")
    with pytest.raises(ValueError, match="is no number"):
        read_weights("y.csv", _matrix(NAMES), folder=tmp_path)
