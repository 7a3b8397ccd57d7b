import json

import pytest

from kamlab.errors import UsageError
from kamlab.studies.history import all_runs, compare, find_run, prunable
from kamlab.studies.index import changes, standing, write_index
from kamlab.studies.words import words

INPUT = {"file": "orders.csv", "sha256": "a", "rows": 10, "newest_date": "2013-05-31"}


def _manifest(run, value=100, finished="2020-01-01T00:00:00+00:00", **more):
    return {
        "study": "value",
        "title": "What is it worth?",
        "run": run,
        "status": "success",
        "as_of": run[:10],
        "data": "/data",
        "parameters": {"top": 20},
        "inputs": [INPUT],
        "notebook": {"sha256": "n"},
        "versions": {"kamlab": "1", "commit": "c", "libraries": {"pandas": "3.1"}},
        "timings": {"finished": finished, "total_seconds": 1.0},
        "headlines": [{"label": "Value", "value": value, "unit": "EUR", "text": f"{value} EUR"}],
        "warnings": [],
        "tables": [],
    } | more


@pytest.fixture
def published(tmp_path):
    """Write manifests as a study's history; the last one given is the latest."""

    def publish(*manifests):
        for manifest in manifests:
            good = manifest["status"] == "success"
            parent = tmp_path / "value" if good else tmp_path / "value" / "failed"
            folder = parent / manifest["run"]
            folder.mkdir(parents=True)
            (folder / "manifest.json").write_text(json.dumps(manifest))
            if good:
                (tmp_path / "value" / "latest").unlink(missing_ok=True)
                (tmp_path / "value" / "latest").symlink_to(manifest["run"])
        return tmp_path

    return publish


def test_the_run_before_is_the_one_of_the_period_before_whatever_the_clock_says(published):
    out = published(
        _manifest("2013-05-31_a", 100, finished="2030-01-01T00:00:00+00:00"),
        _manifest("2013-07-31_c", 500, finished="2029-01-01T00:00:00+00:00", data="/other"),
        _manifest("2013-06-30_b", 120, finished="2020-01-01T00:00:00+00:00"),
    )

    latest, before, runs = standing(out / "value")

    assert (latest["run"], before["run"]) == ("2013-06-30_b", "2013-05-31_a")
    assert len(runs) == 3
    assert changes(latest, before)[0].text == "+20.0% (was 100 EUR)"
    write_index(out)
    assert "+20.0% (was 100 EUR)" in (out / "index.html").read_text()


@pytest.mark.parametrize(
    ("old", "new", "text", "jumped"),
    [
        (100, 100, "unchanged", False),
        (100, 60, "−40.0% (was 100 EUR)", True),
        (-100, -90, "+10.0% (was -100 EUR)", False),
        (0, 5, "was 0 EUR", False),
        ("A", "B", "was A EUR", False),
        (None, 5, "was None EUR", False),
    ],
)
def test_a_change_is_a_share_of_what_it_was(old, new, text, jumped):
    (change,) = changes(_manifest("2013-06-30_b", new), _manifest("2013-05-31_a", old))

    assert (change.text, change.jumped) == (text, jumped)


def test_figures_in_two_units_are_not_compared():
    other = _manifest("2013-05-31_a")
    other["headlines"][0]["unit"] = "USD"

    assert changes(_manifest("2013-06-30_b"), other) == []


def test_a_comparison_names_the_likely_causes():
    old = _manifest("2013-05-31_a")
    new = _manifest(
        "2013-06-30_b",
        200,
        parameters={"top": 30},
        inputs=[INPUT | {"sha256": "b", "rows": 12, "newest_date": "2013-06-29"}, {"file": "x"}],
        notebook={"sha256": "m"},
        versions={"kamlab": "2", "commit": "c", "libraries": {"pandas": "3.2"}},
    )

    found = compare(old, new)

    assert found.jumped
    assert found.moved == ["Value: +100.0% (was 100 EUR) (beyond the limit of 25%)"]
    assert found.causes == [
        "new data in orders.csv (10 to 12 rows)",
        "new file x",
        "parameter top: 20 to 30",
        "the notebook was changed",
        "kamlab 1 to 2",
        "pandas 3.1 to 3.2",
    ]
    revised = _manifest("2013-06-30_b", inputs=[INPUT | {"sha256": "b"}])
    assert compare(old, revised).causes == ["revised data in orders.csv (10 to 10 rows)"]
    assert compare(old, old).causes == []
    with pytest.raises(UsageError, match="two studies"):
        compare(old, new | {"study": "other"})


def test_a_run_is_found_by_name_by_its_start_or_as_the_latest(published):
    out = published(_manifest("2013-05-31_a"), _manifest("2013-06-30_b"))

    assert find_run(out, "value/latest")["run"] == "2013-06-30_b"
    assert find_run(out, "value/2013-05")["run"] == "2013-05-31_a"
    publish = _manifest("2013-07-01_c", asked_period="2013-06")
    (out / "value" / "2013-07-01_c").mkdir()
    (out / "value" / "2013-07-01_c" / "manifest.json").write_text(json.dumps(publish))
    assert find_run(out, "value/2013-06")["run"] == "2013-07-01_c"
    with pytest.raises(UsageError, match="No run"):
        find_run(out, "value/2013-07")  # its name begins so, but it is of June
    assert find_run(out, "value/2013-Q2")["run"] == "2013-07-01_c"  # which ends with June
    with pytest.raises(UsageError, match="More than one"):
        find_run(out, "value/2013")
    with pytest.raises(UsageError, match="No run"):
        find_run(out, "value/2012")


def test_old_runs_may_go_but_never_the_latest_nor_fresh_failures(published):
    failed = [_manifest(f"2013-0{n}-01_f", status="failed") for n in (1, 2, 3)]
    out = published(*failed, *[_manifest(f"2013-0{n}-01_s") for n in (4, 5, 6, 3)])

    gone = [path.name for path in prunable(out, 2)]

    assert gone == ["2013-04-01_s", "2013-01-01_f"]
    assert [run["latest"] for run in all_runs(out) if run["run"] == "2013-03-01_s"] == [True]


def test_every_language_has_every_word():
    assert words("zh").keys() == words("en").keys()
    assert words("zh-CN")["code"] == "代码"
