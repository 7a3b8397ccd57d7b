import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kamlab.errors import UsageError
from kamlab.studies.parameters import Parameter, check_names, check_value, read_parameters

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
CELL = """\
data: str = "data/demo"  # folder with the data
as_of: str = ""  # the day before which history is seen
key_accounts: int = 20  # how many accounts [1..100000]
share: float = 0.8  # share of sales [0..1]
floor: float = -5.0  # [-10..]
worth: str = "sales"  # what counts [sales|gross_profit]
since: str = ""  # first day [date]
loose = 3
note: str = "# no comment [a|b]"
roll_up: bool = True  # parents
"""


@pytest.fixture
def parameters():
    return {parameter.name: parameter for parameter in read_parameters(CELL)}


def test_a_cell_is_read_with_types_defaults_ranges_and_choices(parameters):
    assert list(parameters) == [
        *("data", "as_of", "key_accounts", "share", "floor", "worth", "since", "loose", "note"),
        "roll_up",
    ]
    kinds = [parameter.kind for parameter in parameters.values()]
    assert kinds == ["path", "date", "int", "float", "float", "str", "date", "int", "str", "bool"]
    assert (parameters["share"].low, parameters["share"].high) == (0, 1)
    assert parameters["floor"].allowed == "a number of -10 or more"
    assert parameters["worth"].choices == ("sales", "gross_profit")
    assert parameters["worth"].about == "what counts"
    assert parameters["note"].default == "# no comment [a|b]"
    assert parameters["note"].choices == ()


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("key_accounts", "30", 30),
        ("share", "1", 1.0),
        ("roll_up", "no", False),
        ("worth", "gross_profit", "gross_profit"),
        ("since", "2013-06-30", "2013-06-30"),
        ("since", "", ""),
        ("note", 'quotes " and {{ }}\nlines', 'quotes " and {{ }}\nlines'),
    ],
)
def test_right_values_are_converted(parameters, name, text, value):
    assert check_value(parameters[name], text) == value


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("key_accounts", "0", "a whole number from 1 to 100000"),
        ("key_accounts", "2.5", "a whole number"),
        ("key_accounts", "many", "a whole number"),
        ("share", "nan", "a number from 0 to 1"),
        ("share", "1.01", "a number from 0 to 1"),
        ("worth", "gros_profit", "Did you mean gross_profit"),
        ("since", "30.06.2013", "a date such as 2013-06-30"),
        ("since", "2013-02-30", "a date"),
        ("roll_up", "perhaps", "true or false"),
        ("note", "postgresql://me:secret@server/db", "name"),
    ],
)
def test_wrong_values_are_refused_with_what_is_allowed(parameters, name, text, message):
    with pytest.raises(UsageError, match=message):
        check_value(parameters[name], text)


def test_a_password_is_not_repeated_in_the_refusal(parameters):
    with pytest.raises(UsageError) as refusal:
        check_value(parameters["note"], "see mysql://me:hunter2@server/db now")

    assert "hunter2" not in str(refusal.value)


def test_paths_become_absolute(parameters, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    assert check_value(parameters["data"], "here") == str(tmp_path / "here")


def test_an_unknown_name_is_answered_with_the_nearest():
    with pytest.raises(UsageError, match="Did you mean key_accounts"):
        check_names({"key_acounts": "3"}, {"key-accounts": ["key_accounts", "share"]})


def test_what_the_runner_gives_cannot_be_given_twice():
    with pytest.raises(UsageError, match="--as-of"):
        check_names({"as_of": "2013-01-01"}, {"key-accounts": ["as_of"]})


@pytest.mark.parametrize(
    "cell",
    [
        "import os",
        "x: int",
        "x = [1]",
        "x: list = []",
        "x: int = 1 +",
        "f(1)",
        "x: int = 2 # [a..b]",
    ],
)
def test_a_cell_that_cannot_be_checked_is_refused(cell):
    with pytest.raises(UsageError, match=r"parameters|range"):
        read_parameters(cell, "study.ipynb")


@example("~0")
@given(st.text(max_size=60))
def test_any_text_for_any_kind_is_taken_or_refused_with_a_message(text):
    for kind in ("int", "float", "bool", "date", "str", "path"):
        parameter = Parameter("given", kind, "", low=0, high=10)
        try:
            value = check_value(parameter, text)
        except UsageError:
            continue
        if kind in ("int", "float"):
            assert 0 <= value <= 10
        if kind == "date" and value:
            assert dt.date.fromisoformat(value).isoformat() == value


@given(st.integers(-(10**9), 10**9), st.integers(-(10**9), 10**9))
def test_a_range_holds_both_its_ends(one, other):
    low, high = sorted((one, other))
    (parameter,) = read_parameters(f"x: int = {low}  # any [{low}..{high}]")

    assert check_value(parameter, str(low)) == low
    assert check_value(parameter, str(high)) == high
    with pytest.raises(UsageError):
        check_value(parameter, str(high + 1))


def test_a_comment_within_brackets_is_read_with_its_limits():
    source = (
        "cost: float = (\n    0.0  # what it costs [0..9]\n)\n"
        'words: str = (\n    ""  # a file [path]\n)\nplaces: int = 3  # how many [1..5]'
    )
    cost, words, places = read_parameters(source)
    assert (cost.about.strip(), cost.low, cost.high) == ("what it costs", 0, 9)
    assert words.kind == "path"
    assert (places.about.strip(), places.low, places.high) == ("how many", 1, 5)


@pytest.mark.parametrize("notebook", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_every_parameter_of_a_study_says_what_it_means(notebook):
    cells = json.loads(notebook.read_text())["cells"]
    (cell,) = [c for c in cells if "parameters" in c["metadata"].get("tags", [])]
    source = "".join(cell["source"])
    for parameter in read_parameters(source, notebook.stem):
        assert len(parameter.about) > 5, parameter.name
        if parameter.kind in ("int", "float"):
            assert (parameter.low, parameter.high) != (float("-inf"), float("inf")), parameter.name
