"""One page for each account: warm kernels, hostile ids, and pages that fail alone."""

import json
import re
from dataclasses import replace

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.studies.discover import StudyFile
from kamlab.studies.each import folder_name, read_keys
from kamlab.studies.each_list import list_pages
from kamlab.studies.plan import Plan
from kamlab.studies.worker import Job

IDS = ["A1", "a1", "../../etc/passwd", "客户 7", "x" * 400, "BREAK", "DIE", "CON", "Z<b>&'\""]
PARAMETERS = """\
as_of: str = "2013-06-30"  # the day before which history is seen [date]
out: str = ""  # folder for tables
published: str = ""  # root of published studies
account_id: str = ""  # which account
edition: str = "public"  # who reads it [public|private]
"""
PLAN = """\
import os, signal
import pandas as pd
from kamlab.studies.notebook import Study
from kamlab.studies.shared import once
assert "left_behind" not in globals()
left_behind = account_id
study = Study("account-plan", out=out, published=published, as_of=as_of)
study.about(title=f"Plan of {account_id}", as_of=as_of)
process = once("process", os.getpid)
study.headline("Process", process)
study.headline("Kernel", os.getpid())
study.table("figures", pd.DataFrame({"figure": ["length"], "value": [len(account_id)]}))"""
FAIL = """\
if account_id == "BREAK":
    raise ValueError("this one is broken")
if account_id == "DIE":
    os.kill(os.getpid(), signal.SIGKILL)
study.decision(f"Visit {account_id}")"""
EACH = {"each": ["account_id", "key-accounts", "key_accounts"]}


@pytest.fixture(scope="module")
def made(shared_desk):
    """Run a plan for every account of a published list, some of which break."""
    rows = pd.DataFrame({"account_id": [*IDS, "other"], "rank": [*range(1, len(IDS) + 1), None]})
    rows["selected"] = rows["rank"].notna()
    shared_desk.write(
        "key-accounts",
        f"study.table('key_accounts', pd.DataFrame({rows.to_dict('list')!r}))".replace(
            "nan", "float('nan')"
        ),
    )
    path = shared_desk.write(
        "account-plan", needs=["key-accounts"], title="Account plan", **EACH, parameters=False
    )
    book = json.loads(path.read_text())
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    tagged = cell | {"metadata": {"tags": ["parameters"]}}
    book["cells"] += [
        tagged | {"id": "p", "source": PARAMETERS},
        cell | {"id": "a", "source": PLAN},
        cell | {"id": "b", "source": FAIL},
    ]
    path.write_text(json.dumps(book))
    return shared_desk, shared_desk.run("account-plan", "--each", "key")


@pytest.mark.kernel
def test_what_fails_is_named_and_stops_nothing(made):
    desk, result = made
    manifest = desk.manifest("account-plan")

    assert result.returncode == 1
    assert manifest["each"]["failed"] == ["BREAK", "DIE"]
    assert manifest["each"]["made"] == len(IDS) - 2
    assert "this one is broken" in manifest["each"]["messages"]["BREAK"]
    assert "kernel died" in manifest["each"]["messages"]["DIE"]
    assert "incomplete: 2 of its pages failed: BREAK, DIE" in result.stderr
    assert any("2 of 9 pages failed" in warning for warning in manifest["warnings"])


@pytest.mark.kernel
def test_each_has_a_safe_folder_a_page_and_a_line_in_the_list(made):
    desk, _ = made
    folder = desk.out / "account-plan" / "latest"
    pages = sorted(path.name for path in (folder / "pages").iterdir())
    listing = pd.read_parquet(folder / "tables" / "pages.parquet").set_index("account_id")
    page = (folder / "index.html").read_text()

    assert len({name.casefold() for name in pages}) == len(IDS) - 2
    assert all(re.fullmatch(r"[A-Za-z0-9_~-]{1,60}", name) for name in pages)
    assert listing.index.tolist() == IDS
    for key, place in listing["folder"].dropna().items():
        assert (folder / place / "index.html").is_file()
        assert f'href="{place}/index.html"' in page
        assert json.loads((folder / place / "manifest.json").read_text())["parameters"] == {
            "account_id": key, "edition": "public",
        }  # fmt: skip
    assert "Z<b>" not in page
    assert not list((desk.out / "account-plan").glob("failed/*"))
    assert not re.search(r'(?:src|href)="(?:https?:)?//', page)


@pytest.mark.kernel
def test_a_kernel_is_kept_until_it_dies_and_no_variable_is(made):
    desk, _ = made
    folder = desk.out / "account-plan" / "latest" / "pages"
    said = {}
    for path in folder.glob("*/manifest.json"):
        about = json.loads(path.read_text())
        said[about["parameters"]["account_id"]] = {
            line["label"]: line["value"] for line in about["headlines"]
        }
    before, after = [one for one in said if one not in IDS[7:]], IDS[7:]

    assert len({said[one]["Kernel"] for one in before}) == 1
    assert len({said[one]["Kernel"] for one in after}) == 1
    assert all(one["Process"] == one["Kernel"] for one in said.values())
    assert said["A1"]["Kernel"] != said["CON"]["Kernel"]


@pytest.mark.kernel
def test_the_tables_of_all_pages_stand_together(made):
    desk, _ = made
    whole = pd.read_parquet(desk.out / "account-plan" / "latest" / "tables" / "figures.parquet")

    assert (whole["value"] == whole["account_id"].str.len()).all()
    assert len(whole) == len(IDS) - 2


@pytest.mark.kernel
def test_one_account_alone_is_a_page_like_any_other_and_leaves_the_list_in_view(made):
    desk, _ = made
    home = desk.out / "account-plan"
    listed = set(home.iterdir())
    result = desk.run("account-plan", "-p", "account_id=a1", "-p", "edition=private")

    assert result.returncode == 0
    (run,) = set(home.iterdir()) - listed
    manifest = desk.manifest("account-plan", run.name)
    assert manifest["parameters"]["edition"] == "private"
    assert manifest["each"] is None
    assert manifest["decision"] == "Visit a1"
    assert "<h1>Plan of a1</h1>" in (run / "index.html").read_text()
    assert desk.manifest("account-plan")["each"]["made"] > 1
    assert run.name in (desk.out / "index.html").read_text()


def test_a_file_or_a_list_says_which(tmp_path):
    study = StudyFile("plan", "", "", (), False, "en", tmp_path, (), each=("account_id", "k", "t"))
    plan = Plan({"plan": study}, {"plan": {"account_id": ""}}, {})
    (tmp_path / "ids.csv").write_text("name;account_id\nOne;A1\nTwo;a1\nTwo;a1\n")
    (tmp_path / "ids.txt").write_text("A1\n\n a1 \n")

    for each in (tmp_path / "ids.csv", tmp_path / "ids.txt", "A1, a1,A1"):
        assert read_keys(str(each), plan) == ("A1", "a1")
    assert read_keys("key", plan) == ()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["account-plan", "--each", "missing.csv"], "there is no file 'missing.csv'"),
        (["account-plan", "--each", " , "], "names no account"),
        (["account-plan", "--each", "key", "-p", "account_id=A"], "not both"),
        (["key-accounts", "--each", "key"], "makes one page, not one for each"),
    ],
)
def test_a_wrong_each_is_told_before_anything_starts(made, words, told):
    desk, _ = made
    result = desk.run(*words)

    assert result.returncode == 2
    assert told in result.stderr


def test_an_empty_list_is_published_and_says_so(tmp_path):
    day = {"as_of": "2024-01-01"}
    job = Job("plan", "Plan", "", "en", tmp_path, "run", day, tmp_path, tmp_path, None, 1)
    job = replace(job, each=("account_id", "k", "t"))
    told = list_pages(job, [])
    record = json.loads((tmp_path / "study.json").read_text())

    assert told["error"] is None
    assert told["each"]["made"] == 0
    assert "nothing to make" in record["warnings"][0]
    assert (tmp_path / "index.html").is_file()
    assert pd.read_parquet(tmp_path / "tables" / "pages.parquet").empty


@given(st.lists(st.text(), unique=True, min_size=2, max_size=20))
def test_no_two_keys_share_a_folder(keys):
    names = [folder_name(key) for key in keys]

    assert len({name.casefold() for name in names}) == len(keys)
    assert all(re.fullmatch(r"[A-Za-z0-9_~-]{1,60}", name) for name in names)
