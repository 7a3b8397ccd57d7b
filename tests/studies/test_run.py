"""Real kernels: what `kamlab run` publishes, and with which exit code it ends."""

import json
import re

import pandas as pd
import pytest

pytestmark = pytest.mark.kernel

FIGURE = """\
from matplotlib.figure import Figure
figure = Figure(figsize=(3, 2))
figure.subplots().plot([1, 2])
study.figure(figure, alt="A line that rises")"""
TABLE = """\
accounts = pd.DataFrame({"account_id": ["A", "B"], "name": ["<script>x()</script>", "=1+1"]})
study.table("accounts", accounts)
study.headline("Accounts", len(accounts) * top)
study.decision(f"Keep {top} accounts", accounts)"""


@pytest.fixture(scope="module")
def published(shared_desk):
    """Publish two studies, one of which reads the other's table."""
    shared_desk.write("key-accounts", "## The list", TABLE, FIGURE, "label", "print(worth)")
    shared_desk.write(
        "summary",
        'study.table("seen", study.other("key-accounts", "accounts"))',
        needs=["key-accounts"],
        purpose="All on one page",
    )
    result = shared_desk.run("summary", "--as-of", "2013-06-30", "-p", "top=30", "-p", HOSTILE)
    assert result.returncode == 0, result.stderr
    return shared_desk, result


REFUSE = """\
from kamlab.errors import DataRefusedError
raise DataRefusedError("orders.csv, row 7: no date.")"""
HOSTILE = "label=a\"b'c\\\n{{ 1 }}\nraise SystemExit"


def test_studies_run_in_order_of_need_and_say_where_their_pages_are(published):
    desk, result = published

    assert "summary needs key-accounts: it runs too" in result.stderr
    pages = [line.partition(": ")[2] for line in result.stdout.splitlines()]
    assert pages == [
        str(desk.out / "key-accounts" / "latest" / "index.html"),
        str(desk.out / "summary" / "latest" / "index.html"),
        str(desk.out / "index.html"),
    ]
    seen = pd.read_parquet(desk.out / "summary" / "latest" / "tables" / "seen.parquet")
    assert seen["account_id"].tolist() == ["A", "B"]


def test_the_manifest_says_what_was_run_on_what(published):
    desk, _ = published
    manifest = desk.manifest("key-accounts")

    assert manifest["status"] == "success"
    assert re.fullmatch(r"2013-06-30_[0-9a-f]{8}", manifest["run"])
    assert manifest["parameters"]["top"] == 30
    assert manifest["headlines"][0]["value"] == 60
    assert manifest["tables"][0]["rows"] == 2
    assert manifest["versions"]["libraries"]["pandas"] == pd.__version__
    times = manifest["timings"]
    parts = times["notebook_seconds"] + times["overhead_seconds"]
    assert parts == pytest.approx(times["total_seconds"], abs=0.01)
    assert desk.manifest("summary")["needs"] == {"key-accounts": manifest["run"]}


def test_parameters_arrive_as_given_and_run_no_code(published):
    desk, _ = published
    page = (desk.out / "key-accounts" / "latest" / "index.html").read_text()

    assert desk.manifest("key-accounts")["parameters"]["label"] == HOSTILE.removeprefix("label=")
    assert "raise SystemExit" in page


def test_the_folder_holds_what_the_layout_says_and_nothing_else(published):
    desk, _ = published
    run = desk.out / "key-accounts" / "latest"

    assert sorted(str(path.relative_to(run)) for path in run.rglob("*")) == [
        *("index.html", "manifest.json", "tables", "tables/accounts.csv"),
        "tables/accounts.parquet",
    ]
    assert not list((desk.out / ".kamlab" / "work").iterdir())


def test_the_page_escapes_names_and_refers_to_no_host(published):
    desk, _ = published
    page = (desk.out / "key-accounts" / "latest" / "index.html").read_text()

    assert "<script>x()" not in page
    assert not re.findall(r"""(?:src|href)=["'](?:https?:)?//""", page)
    assert 'alt="A line that rises"' in page
    assert len(re.findall("<h1", page)) == 1
    assert len(page) < 200_000


def test_the_same_input_takes_the_same_place_and_publishes_the_same(published):
    desk, _ = published
    before = desk.manifest("key-accounts")
    tables = desk.out / "key-accounts" / "latest" / "tables"
    content = (tables / "accounts.csv").read_bytes(), (tables / "accounts.parquet").read_bytes()

    result = desk.run("key_accounts", "--as-of", "2013-06-30", "-p", "top=30", "-p", HOSTILE)

    assert result.returncode == 0, result.stderr
    after = desk.manifest("key-accounts")
    runs = [path.name for path in (desk.out / "key-accounts").iterdir()]
    assert sorted(runs) == sorted(["latest", before["run"]])
    assert (tables / "accounts.csv").read_bytes() == content[0]
    assert (tables / "accounts.parquet").read_bytes() == content[1]
    for manifest in (before, after):
        manifest.pop("timings")
        manifest["versions"].pop("commit")
        manifest.pop("page_bytes")
    assert after == before


def test_the_index_shows_the_change_since_the_run_before(published):
    desk, _ = published

    result = desk.run("key-accounts", "--as-of", "2013-07-31", "-p", "top=40")

    assert result.returncode == 0, result.stderr
    assert "Accounts moved beyond the limit: +33.3% (was 60)" in result.stdout
    index = (desk.out / "index.html").read_text()
    assert "+33.3% (was 60), beyond the limit" in index
    assert "key-accounts/latest/index.html" in index
    history = desk.kamlab("runs", "--out", desk.out).stdout
    assert history.count("key-accounts/") == 2
    names = re.findall(r"key-accounts/\S+", history)
    compared = desk.kamlab("compare", *names, "--out", desk.out).stdout
    assert "parameter top: 30 to 40" in compared
    assert "parameter as_of: '2013-06-30' to '2013-07-31'" in compared


@pytest.mark.parametrize(
    ("cell", "code", "status", "message"),
    [
        ("{}['x']", 1, "failed", "cell 3 (under “A study”) stopped with KeyError: 'x'"),
        (
            REFUSE,
            3,
            "refused",
            "orders.csv, row 7: no date.",
        ),
        (
            "from kamlab.errors import UsageError\nraise UsageError('as_of is before the data.')",
            2,
            "usage",
            "as_of is before the data.",
        ),
        (
            "from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')",
            1,
            "failed",
            "without alt text",
        ),
        (
            "from IPython.display import HTML\nHTML('<img alt=x src=\"https://example.org/a.png\">')",
            1,
            "failed",
            "another host",
        ),
    ],
    ids=["error", "refused", "usage", "alt", "remote"],
)
def test_a_failure_has_its_code_its_message_and_its_manifest(desk, cell, code, status, message):
    desk.write("value", cell, "study.note('not reached')")
    desk.write("summary", needs=["value"])
    desk.write("other")

    result = desk.run("--all", "--debug")

    assert result.returncode == code
    assert message in result.stderr
    assert "Traceback" not in result.stderr
    manifest = desk.failure("value")
    assert manifest["status"] == status
    assert message in manifest["error"]["message"]
    assert desk.failure("summary")["status"] == "skipped"
    assert desk.manifest("other")["status"] == "success"
    assert not (desk.out / "value" / "latest").exists()
    assert message.split("“")[0] in (desk.out / "index.html").read_text()


def test_progress_as_json_and_the_command_on_failure(desk):
    desk.write("value", "1 / 0")
    result = desk.run("value", "--log", "json", "--on-failure", f"cp -t {desk.folder}")

    events = [json.loads(line) for line in result.stderr.splitlines()]
    assert [event["event"] for event in events] == ["start", "done", "end"]
    assert {event["status"] for event in events[1:]} == {"failed"}
    assert json.loads((desk.folder / "manifest.json").read_text())["status"] == "failed"


def test_old_runs_go_and_the_latest_stays(desk):
    desk.write("value")
    for day in ("2013-01-01", "2013-02-01", "2013-03-01"):
        assert desk.run("value", "--as-of", day).returncode == 0
    (desk.out / "value" / "latest").unlink()
    oldest = min(path.name for path in (desk.out / "value").glob("2013*"))
    (desk.out / "value" / "latest").symlink_to(oldest)

    planned = desk.kamlab("prune", "--keep", "1", "--dry-run", "--out", desk.out)
    assert planned.stdout.count("would remove") == 1
    assert len(list((desk.out / "value").glob("2013*"))) == 3
    desk.kamlab("prune", "--keep", "1", "--out", desk.out)
    assert sorted(path.name[:10] for path in (desk.out / "value").glob("2013*")) == [
        "2013-01-01",
        "2013-03-01",
    ]
