"""Scheduled runs with real kernels: periods, back-fills, stale data, and what is written down."""

import datetime as dt
import hashlib
import json

import pytest

pytestmark = pytest.mark.kernel

SUM = """\
from kamlab.studies.before import before
last = before(study, "sales", "sales")
study.note(f"before: {last.as_of or 'nothing'} {' '.join(last.moved)}")
seen = study.need("sales", "sales")
study.headline("Seen", float(seen["net_sales"].sum()), "EUR", ",.0f")
study.note("[evidence](../../sales/latest/index.html)")"""


MONTHS = ("2026-01", "2026-02", "2026-03", "2026-04")


@pytest.fixture(scope="module")
def desk(shared_desk):
    """Give two studies on orders of four months, of which the second reads the first."""
    shared_desk.write_on_data("sales")
    shared_desk.write_on_data("sum", SUM, needs=["sales"], compares=["sales"])
    shared_desk.write_orders(*MONTHS)
    return shared_desk


@pytest.fixture(scope="module")
def filled(desk):
    """Publish April, then back-fill from January to March."""
    april = desk.run("--all", "--data", "data", "--period", "2026-04")
    assert april.returncode == 0, april.stderr
    past = desk.run("--all", "--data", "data", "--from", "2026-01", "--to", "2026-03")
    assert past.returncode == 0, past.stderr
    return desk, april, past


def _runs(desk, study):
    runs = [p.parent for p in (desk.out / study).glob("2026*/manifest.json")]
    return {json.loads((r / "manifest.json").read_text())["asked_period"]: r for r in runs}


def _content(folder):
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "manifest.json"
    }


def test_a_back_fill_publishes_each_period_and_readers_keep_the_newest(filled):
    desk, _, past = filled

    assert sorted(_runs(desk, "sales")) == ["2026-01", "2026-02", "2026-03", "2026-04"]
    assert desk.manifest("sum")["asked_period"] == "2026-04"
    figures = {
        period: json.loads((run / "manifest.json").read_text())["headlines"][0]["value"]
        for period, run in _runs(desk, "sum").items()
    }
    assert figures == {"2026-01": 200, "2026-02": 400, "2026-03": 600, "2026-04": 800}
    assert "Sales moved beyond the limit: +100.0% (was 200 EUR)" in past.stdout


def test_evidence_is_that_of_the_same_period(filled):
    desk, *_ = filled
    run = _runs(desk, "sum")["2026-02"]
    page = (run / "index.html").read_text()

    evidence = _runs(desk, "sales")["2026-02"].name
    assert f'href="../../sales/{evidence}/index.html"' in page
    earlier = _runs(desk, "sales")["2026-01"].name
    needs = json.loads((run / "manifest.json").read_text())["needs"]
    assert needs == {"sales": evidence, "sales before": earlier}
    assert "before: 2026-02-01 Sales: +100.0% (was 200 EUR)" in page


def test_a_period_is_compared_with_the_one_before_it(filled):
    desk, april, _ = filled

    assert "moved" not in april.stdout  # nothing was there before
    index = (desk.out / "index.html").read_text()
    assert "+33.3% (was 600 EUR), beyond the limit" in index


def test_the_same_run_again_publishes_the_same_in_the_same_place(filled):
    desk, *_ = filled
    before = {study: _content(desk.out / study) for study in ("sales", "sum")}
    alone = _runs(desk, "sum")["2026-04"].name  # nothing was published before it then

    again = desk.run("--all", "--data", "data", "--period", "2026-04")

    assert again.returncode == 0, again.stderr
    after = {study: _content(desk.out / study) for study in ("sales", "sum")}
    assert after["sales"] == before["sales"]
    assert before["sum"].items() <= after["sum"].items()
    assert desk.manifest("sum")["run"] != alone  # now it says what moved since March
    assert desk.manifest("sum")["warnings"] == []


def test_what_depends_on_something_it_does_not_name_is_told(desk):
    path = desk.write(
        "odd", "import os\nstudy.table('t', pd.DataFrame({'a': [os.environ['ODD']]}))"
    )
    said = [desk.run("odd", env=desk.environment | {"ODD": odd}) for odd in "ab"]
    path.unlink()

    assert [run.returncode for run in said] == [0, 0]
    assert "gave other content before: tables/t.csv" in desk.manifest("odd")["warnings"][0]


def test_runs_lists_period_status_duration_and_headline(filled):
    desk, *_ = filled

    lines = desk.kamlab("runs", desk.out).stdout.splitlines()

    (march,) = [line for line in lines if line.startswith("sales/2026-04-01")]
    assert "success  2026-03  " in march
    assert march.endswith(" s  Sales: 600 EUR")
    assert sum("(latest)" in line and "2026-04" in line for line in lines) == 2
    assert lines[-1].startswith("The last run ended ")
    assert "beside the notebooks): success" in lines[-1]


def test_revised_data_is_told_from_new_data(filled):
    desk, *_ = filled
    data = desk.write_orders(*MONTHS, folder="revised")
    assert desk.run("sales", "--data", data, "--period", "2026-03").returncode == 0
    old = desk.manifest("sales")["run"]
    desk.write_orders(*MONTHS, more=["C,9,2026-02-11,50.00"], folder="revised")
    assert desk.run("sales", "--data", data, "--period", "2026-03").returncode == 0
    new = desk.manifest("sales")["run"]
    assert old != new

    said = desk.kamlab("compare", f"sales/{old}", f"sales/{new}", "--out", desk.out).stdout

    assert "Sales: +8.3% (was 600 EUR)\n" in said
    assert "table sales: 2 to 3 rows by account_id, 1 came, 0 went" in said
    assert "revised orders of 2026-02: +1 lines, +50.00 net sales" in said
    assert "new orders" not in said


@pytest.fixture(scope="module")
def stale(filled):
    """Ask for a month of which there is no order, then publish old data with a warning."""
    desk, *_ = filled
    failed = desk.folder / "told"
    failed.mkdir()
    refused = desk.run(
        *("--all", "--data", "data", "--period", "2026-06"),
        *("--on-failure", f"cp -t {failed}"),
    )
    record = json.loads((desk.out / "run.json").read_text())
    index = (desk.out / "index.html").read_text()
    told = json.loads((failed / "run.json").read_text())
    flagged = desk.run("sales", "--data", "data", "--max-age", "30", "--stale", "flag")
    return desk, refused, record, index, told, flagged


def test_stale_data_is_refused_and_readers_and_operators_are_told(stale):
    desk, refused, record, index, told, _ = stale
    said = "The newest order is of 2026-04-10, 81 days before 2026-06-30; 29 are allowed."

    assert refused.returncode == 3
    assert said in refused.stderr
    assert (record["status"], record["exit_code"], record["periods"]) == ("refused", 3, ["2026-06"])
    assert told == record
    assert said in index
    assert "2026-06" not in _runs(desk, "sales")


def test_stale_data_may_be_published_with_a_warning_on_the_page(stale):
    desk, _, _, _, _, flagged = stale

    assert flagged.returncode == 0, flagged.stderr
    (warning,) = desk.manifest("sales")["warnings"]
    assert f"days before {dt.datetime.now().date()}" in warning  # noqa: DTZ005  the CLI's clock
    assert warning in (desk.out / "sales" / "latest" / "index.html").read_text()


def test_the_record_of_a_run_says_how_it_went(stale):
    desk, *_ = stale
    record = json.loads((desk.out / "run.json").read_text())

    assert (record["status"], record["exit_code"]) == ("success", 0)
    (study,) = record["studies"]
    assert json.loads((desk.out / study["manifest"]).read_text())["run"] == study["run"]
    times = record["timings"]
    both = times["notebook_seconds"] + times["overhead_seconds"]
    assert both == pytest.approx(times["total_seconds"], rel=0.05)
    assert 0 < times["overhead_share"] < 1


def test_a_run_that_takes_too_long_ends_what_runs_and_skips_the_rest(desk):
    paths = [desk.write("slow", "import time\ntime.sleep(60)"), desk.write("later", needs=["slow"])]

    result = desk.run("later", "--run-timeout", "4", "--as-of", "2026-01-01")

    for path in paths:
        path.unlink()
    assert result.returncode == 1
    assert desk.failure("slow")["status"] == "timed out"
    assert (
        "the run took longer than 4 s (--run-timeout)" in desk.failure("slow")["error"]["message"]
    )
    assert desk.failure("later")["status"] == "skipped"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--period", "2026-13"], "is no period"),
        (["--period", "2026-01", "--as-of", "2026-01-01"], "Give only one of"),
        (["--from", "2026-01"], "--from and --to together"),
        (["--max-age", "-1"], "--max-age must be"),
        (["--run-timeout", "0"], "must be positive"),
    ],
)
def test_wrong_use_is_answered_before_anything_is_read(desk, arguments, message):
    result = desk.run("sales", "--data", "data", *arguments)

    assert result.returncode == 2
    assert message in result.stderr


def test_orders_mostly_refused_are_a_warning_on_every_page(desk):
    desk.write_on_data("sales")
    data = desk.write_orders("2026-04", "2026-05", more=[f",x{n},2026-05-11,9" for n in range(12)])
    made = desk.run("sales", "--data", data)

    assert made.returncode == 0, made.stderr
    (warning,) = desk.manifest("sales")["warnings"]
    assert warning.startswith("12 of 16 order lines (75%) were refused or set aside")
    assert warning in (desk.out / "sales" / "latest" / "index.html").read_text()


def test_accounts_called_by_addresses_are_a_warning_on_every_page(desk):
    desk.write_on_data("sales")
    named = [f"n{n}@firm.example,x{n},2026-05-11,9" for n in range(8)]
    data = desk.write_orders("2026-05", more=named)
    made = desk.run("sales", "--data", data)

    assert made.returncode == 0, made.stderr
    (warning,) = desk.manifest("sales")["warnings"]
    assert warning.startswith("Account ids are e-mail addresses")
    assert warning in desk.kamlab("check", data).stdout
