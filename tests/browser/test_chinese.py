"""A study of the demo published in Chinese, and its index, in a real Chromium."""

import json
import re

import pytest

from kamlab.studies.words import words

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kernel,
    pytest.mark.xdist_group("notebooks"),
]
PAGES = ["profitability/latest/index.html", "index.html"]


@pytest.fixture(scope="module")
def chinese(demo, kamlab, tmp_path_factory):
    out = tmp_path_factory.mktemp("chinese")
    kamlab("run", "profitability", "--language", "zh", "--data", demo, "--out", out)
    return out


@pytest.mark.parametrize("path", PAGES)
def test_the_page_says_its_language_and_passes_axe(visit, chinese, axe, path):
    visited = visit(chinese / path)
    visited.page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")
    visited.page.evaluate(axe)
    found = visited.page.evaluate("axe.run().then(result => result.violations)")

    assert visited.page.locator("html").get_attribute("lang") == "zh"
    assert [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found] == []
    assert visited.complaints == []


def test_what_is_around_the_study_is_chinese_and_its_prose_is_marked_english(visit, chinese):
    page = visit(chinese / PAGES[0]).page
    said = words("zh")

    assert page.locator("h1").inner_text() == "每个客户为我们赚多少？"
    assert page.locator("button#code").inner_text() == said["show_code"]
    assert re.fullmatch(r"\d{4}年\d+月\d+日", page.locator(".facts dd").first.inner_text())
    assert page.locator("th button", has_text="金额").count() > 0
    assert page.locator("main > .more").first.inner_text() == said["prose"]
    prose = page.locator("main h2:not(#tables)")
    assert prose.count() == page.locator("[lang=en] h2").count() > 2
    frame = page.evaluate(
        "[...document.querySelectorAll('header dt, summary, button, .headlines dt, nav > h2')]"
        ".filter(e => !e.closest('[lang=en], .parameters, .kam-table'))"
        ".map(e => e.innerText).filter(text => /[a-z]{3}/i.test(text))"
    )
    assert frame == []


def test_tables_and_manifest_keep_their_english_names(chinese):
    run = chinese / "profitability" / "latest"
    manifest = json.loads((run / "manifest.json").read_text())

    assert manifest["language"] == "zh"
    assert {figure["label"] for figure in manifest["headlines"]} >= {"Gross profit", "Loss makers"}
    assert (run / "tables" / "account_profit.csv").read_text().startswith("account_id,")
