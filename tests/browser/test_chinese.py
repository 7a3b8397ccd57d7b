"""Studies of the demo published in Chinese, and their index, in a real Chromium."""

import json
import re
from pathlib import Path

import pytest

from kamlab.studies.discover import find_studies
from kamlab.studies.words import words

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kernel,
    pytest.mark.xdist_group("notebooks"),
]
PAGES = ["profitability/latest/index.html", "index.html"]
STUDIES = find_studies(Path(__file__).parents[2] / "notebooks")
# Words that English prose cannot do without and names of firms seldom hold, in lower case.
PROSE = re.compile(
    r"\b(the|of|and|is|are|was|were|to|in|for|with|by|not|no|from|than|its|that|what|they|we)\b"
)
# Each text that is read: what is written, what stands for a chart, what a screen reader is told.
TEXTS = """() => {
  const off = 'script, style, code, pre, details.code, .parameters, .files';
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (walk.nextNode()) {
    if (!walk.currentNode.parentElement.closest(off)) found.push(walk.currentNode.data);
  }
  for (const e of document.querySelectorAll('[alt], [aria-label], [title], [data-show]')) {
    if (e.closest(off)) continue;
    for (const name of ['alt', 'aria-label', 'title', 'data-show']) {
      found.push(e.getAttribute(name) || '');
    }
  }
  return found.map(text => text.trim()).filter(text => text);
}"""


def _english(page):
    """List the texts of a page that are English prose."""
    return sorted({text for text in page.evaluate(TEXTS) if PROSE.search(text)})


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


def test_the_page_has_no_english_prose_and_keeps_its_anchors(visit, chinese):
    page = visit(chinese / PAGES[0]).page
    said = words("zh")

    assert page.locator("h1").inner_text() == "每个客户为我们赚多少？"
    assert page.locator("button#code").inner_text() == said["show_code"]
    assert re.fullmatch(r"\d{4}年\d+月\d+日", page.locator(".facts dd").first.inner_text())
    assert page.locator("th button", has_text="金额").count() > 0
    assert page.locator("h2#who-earns-and-who-loses").inner_text() == "谁赚钱，谁亏钱"
    assert page.locator("[lang=en]").count() == 0
    assert _english(page) == []
    assert _english(visit(chinese / PAGES[1]).page) == []


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_study_has_english_prose_on_its_chinese_page(visit, demo, kamlab, tmp_path):
    kamlab("run", "--all", "--language", "zh", "--data", demo, "--out", tmp_path)
    pages = {name: tmp_path / name / "latest" / "index.html" for name in STUDIES}
    many = sorted((tmp_path / "account-plan" / "latest" / "pages").glob("*/index.html"))
    pages |= {f"account-plan {path.parent.name}": path for path in many[:5]}
    left = {name: _english(visit(path).page) for name, path in pages.items()}

    assert many
    assert {name: texts for name, texts in left.items() if texts} == {}


def test_tables_and_manifest_keep_their_english_names(chinese):
    run = chinese / "profitability" / "latest"
    manifest = json.loads((run / "manifest.json").read_text())

    assert manifest["language"] == "zh"
    assert {figure["label"] for figure in manifest["headlines"]} >= {"Gross profit", "Loss makers"}
    assert (run / "tables" / "account_profit.csv").read_text().startswith("account_id,")
