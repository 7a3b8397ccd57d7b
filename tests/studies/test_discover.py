import pytest

from kamlab.errors import UsageError
from kamlab.studies.discover import find_studies, notebooks_folder, pick, read_study
from kamlab.studies.plan import make_plan


def test_a_study_says_what_it_is(desk):
    path = desk.write("key-accounts", title="Key accounts", purpose="Which?", needs=["sources"])

    study = read_study(path)

    assert (study.name, study.title, study.purpose) == ("key-accounts", "Key accounts", "Which?")
    assert study.needs == ("sources",)
    assert [parameter.name for parameter in study.parameters][:2] == ["as_of", "out"]


def test_studies_come_in_the_order_of_need(desk):
    desk.write("a", needs=["c"])
    desk.write("b")
    desk.write("c", needs=["d"])
    desk.write("d")

    assert list(find_studies(desk.notebooks)) == ["d", "c", "a", "b"]


def test_a_circle_of_needs_is_refused(desk):
    desk.write("a", needs=["b"])
    desk.write("b", needs=["a"])

    with pytest.raises(UsageError, match="circle"):
        find_studies(desk.notebooks)


def test_a_need_that_is_not_there_is_refused(desk):
    desk.write("a", needs=["b"])

    with pytest.raises(UsageError, match="needs b"):
        find_studies(desk.notebooks)


@pytest.mark.parametrize("text", ["", "{}", '{"cells": 3', "[1]"])
def test_what_is_no_notebook_is_refused_by_name(desk, text):
    (desk.notebooks / "odd.ipynb").write_text(text)

    with pytest.raises(UsageError, match=r"odd\.ipynb"):
        find_studies(desk.notebooks)


def test_hyphens_underscores_and_file_names_pick_one_study(desk):
    desk.write("key-accounts")
    known = find_studies(desk.notebooks)

    assert pick(["key_accounts", "key-accounts", "key_accounts.ipynb"], known) == ["key-accounts"]
    with pytest.raises(UsageError, match="Did you mean key-accounts"):
        pick(["key-acounts"], known)


def test_a_folder_of_notebooks_that_is_not_there_is_named(tmp_path):
    with pytest.raises(UsageError, match="nowhere"):
        notebooks_folder(tmp_path / "nowhere")


def _plan(desk, names, **options):
    settings = {"given": {}, "data": desk.folder / "data", "as_of": ""} | options
    return make_plan(names, find_studies(desk.notebooks), **settings)


def test_what_a_study_needs_runs_too(desk):
    desk.write("summary", needs=["value"])
    desk.write("value")

    plan = _plan(desk, ["summary"])

    assert list(plan.studies) == ["value", "summary"]
    assert plan.added == {"value": "summary"}


def test_demo_studies_run_only_beside_the_truth(desk):
    desk.write("truth", demo_only=True)
    desk.write("value")

    assert list(_plan(desk, [], every=True).studies) == ["value"]
    with pytest.raises(UsageError, match="truth of the demo"):
        _plan(desk, ["truth"])

    (desk.folder / "data" / "truth").mkdir(parents=True)
    assert list(_plan(desk, [], every=True).studies) == ["truth", "value"]


def test_a_study_waits_for_those_it_may_read_but_does_not_need_them(tmp_path):
    import nbformat

    for name, about in (("a", {"after": ["z", "nowhere"]}), ("z", {})):
        book = nbformat.v4.new_notebook(metadata={"kamlab": {"study": name, **about}})
        nbformat.write(book, tmp_path / f"{name}.ipynb")
    found = find_studies(tmp_path)

    assert list(found) == ["z", "a"]
    assert found["a"].needs == ()
    assert found["a"].after == ("z", "nowhere")
