"""Every study published on the demo, and the index, in a real Chromium, read from disk."""

import re
import zlib
from pathlib import Path

import pytest

from kamlab.studies.discover import find_studies

ROOT = Path(__file__).parents[2]
STUDIES = find_studies(ROOT / "notebooks")
LISTS = [f"{name} (list)" for name, study in STUDIES.items() if study.each]
PAGES = ["index", *STUDIES, *LISTS]
PAPER = {"width": 718, "height": 1046}  # A4 at 96 dots an inch, within margins of 1 cm
MARGIN = dict.fromkeys(("top", "right", "bottom", "left"), "1cm")

pytestmark = [
    pytest.mark.browser,
    pytest.mark.kernel,
    pytest.mark.xdist_group("notebooks"),  # one run of the demo serves them all
]


def _path(published, name):
    """Find the page of a study; of one that makes many pages, the first of them."""
    if name == "index":
        return published / "index.html"
    latest = published / name.removesuffix(" (list)") / "latest"
    many = [] if name.endswith(" (list)") else sorted((latest / "pages").glob("*/index.html"))
    return many[0] if many else latest / "index.html"


@pytest.mark.parametrize("name", PAGES)
def test_it_opens_from_disk_asks_nobody_complains_of_nothing_and_is_light(visit, published, name):
    path = _path(published, name)
    visited = visit(path)
    page = visited.page
    page.wait_for_load_state("load")

    assert visited.complaints == []
    assert [url for url in visited.requests if not url.startswith("data:")] == [path.as_uri()]
    assert path.stat().st_size < 2_000_000
    own = page.evaluate(
        "[...document.querySelectorAll('script, style')].map(e => e.textContent.length)"
    )
    assert sum(own) < 60_000
    broken = "[...document.images].filter(e => !e.complete || !e.naturalWidth).length"
    assert page.evaluate(broken) == 0


@pytest.mark.parametrize("name", STUDIES)
def test_its_first_screen_states_the_decision_and_names_period_and_currency(visit, published, name):
    page = visit(_path(published, name), width=1280).page
    first = page.evaluate(
        "[...document.querySelectorAll('h1, .decision, .facts dt')]"
        ".filter(e => e.getBoundingClientRect().bottom < innerHeight)"
        ".map(e => e.className || e.innerText)"
    )

    assert {"decision", "As of", "Period", "Currency"} <= set(first)


@pytest.mark.parametrize("name", STUDIES)
def test_mouse_and_keyboard_reach_contents_code_and_tables(visit, published, name):
    page = visit(_path(published, name)).page
    links, button = page.locator("nav ol a"), page.locator("button#code")
    blocks = page.locator("details.code")

    headings = page.locator("main h2:not(#tables)")
    assert links.all_inner_texts() == headings.all_inner_texts()
    links.last.click()
    assert _in_view(page)
    links.nth(1).focus()
    page.keyboard.press("Enter")
    assert _in_view(page)

    button.focus()
    page.keyboard.press("Space")
    assert page.locator("details.code[open]").count() == blocks.count() > 0
    button.click()
    assert page.locator("details.code[open]").count() == 0
    blocks.first.locator("summary").focus()
    page.keyboard.press("Enter")
    assert page.locator("details.code[open]").count() == 1

    unsorted = page.evaluate(_SORT_EVERY_TABLE)
    assert unsorted == []
    assert page.evaluate(_FILTER_EVERY_TABLE) == []


def _in_view(page):
    top = page.evaluate(
        "document.getElementById(decodeURIComponent(location.hash.slice(1)))"
        ".getBoundingClientRect().top"
    )
    return -1 <= top < 900


# Presses each heading of each table twice; tells which column of numbers is then out of order.
_SORT_EVERY_TABLE = """() => {
  const wrong = [];
  for (const table of document.querySelectorAll('.kam-table table')) {
    if (table.tHead.rows.length > 1) continue;
    const before = [...table.tBodies[0].rows].map(r => r.textContent).sort().join();
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      for (const _ of [1, 2]) {
        head.querySelector('button').click();
        const way = head.getAttribute('aria-sort') === 'ascending' ? 1 : -1;
        const numbers = [...table.tBodies[0].rows]
          .map(r => r.cells[column].dataset.v).filter(v => v !== undefined).map(Number);
        if (numbers.some((v, i) => i && (v - numbers[i - 1]) * way < 0)) {
          wrong.push([table.caption.textContent, head.textContent]);
        }
      }
    });
    const after = [...table.tBodies[0].rows].map(r => r.textContent).sort().join();
    if (before !== after) wrong.push([table.caption.textContent, 'rows lost']);
  }
  return wrong;
}"""


# Types the first word of the last row into each filter; tells which table then shows other rows
# than those that hold it, miscounts them, or does not come back when the filter is emptied.
_FILTER_EVERY_TABLE = """() => {
  const wrong = [];
  for (const frame of document.querySelectorAll('.kam-table')) {
    const table = frame.querySelector('table'), input = frame.querySelector('.filter input');
    const rows = table.tBodies[0] ? [...table.tBodies[0].rows] : [];
    const due = table.tHead.rows.length === 1 && rows.length >= 12;
    if (Boolean(input) !== due) wrong.push([table.caption.textContent, 'filter']);
    if (!input) continue;
    const type = text => { input.value = text; input.dispatchEvent(new Event('input')); };
    const word = rows.at(-1).textContent.trim().split(/\\s+/)[0].toLowerCase();
    type(word.toUpperCase());
    const fit = rows.filter(r => r.textContent.toLowerCase().includes(word)).length;
    const shown = rows.filter(r => r.offsetParent !== null);
    const right = shown.every(r => r.textContent.toLowerCase().includes(word));
    const count = frame.querySelector('.filter [role=status]').textContent;
    if (!fit || shown.length !== fit || !right || !count.startsWith(fit + ' / ' + rows.length)) {
      wrong.push([table.caption.textContent, word, shown.length, fit, count]);
    }
    type('');
    if (rows.some(r => r.offsetParent === null)) wrong.push([table.caption.textContent, 'emptied']);
  }
  return wrong;
}"""


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_it_without_scrolling_sideways(visit, published, name):
    page = visit(_path(published, name), width=375).page

    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    loose = page.evaluate(
        "[...document.querySelectorAll('table, img, pre')]"
        ".filter(e => !e.closest('.scroll, details') && e.tagName !== 'PRE'"
        " && e.getBoundingClientRect().right > 376).map(e => e.outerHTML.slice(0, 80))"
    )
    assert loose == []
    small = page.evaluate(
        "Math.min(...[...document.querySelectorAll('p, td, li, dd, dt')]"
        ".map(e => parseFloat(getComputedStyle(e).fontSize)))"
    )
    assert small >= 13


def _drawn_pictures(pdf: bytes) -> int:
    """Count how often a PDF draws a picture; one that is cut by a page's end is drawn twice."""
    names = 0
    for stream in re.finditer(rb"stream\r?\n(.*?)endstream", pdf, re.DOTALL):
        try:
            content = zlib.decompress(stream.group(1))
        except zlib.error:
            continue
        names += len(re.findall(rb"/X\d+ Do\b", content))
    return names


@pytest.mark.parametrize("name", PAGES)
def test_it_prints_without_a_cut_figure_or_column(visit, published, name):
    page = visit(_path(published, name)).page
    page.emulate_media(media="print", color_scheme="light")
    page.set_viewport_size(PAPER)
    cut = page.evaluate(
        "[...document.querySelectorAll('main img, main table')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1"
        " || (e.tagName === 'IMG' && e.getBoundingClientRect().height > innerHeight))"
        ".map(e => e.alt || e.innerText.slice(0, 60))"
    )
    pdf = page.pdf(format="A4", margin=MARGIN)

    assert cut == []
    assert _drawn_pictures(pdf) == page.locator("main img").count()


# Opens what can be opened; of rows and code, which are all drawn alike, the first are judged.
_FEW_ROWS = """() => {
  document.querySelectorAll('tbody tr:nth-child(n+4)').forEach(e => e.remove());
  document.querySelectorAll('details').forEach(e => { e.open = true });
  [...document.querySelectorAll('details.code')].slice(2).forEach(e => { e.open = false });
}"""


@pytest.mark.parametrize("name", PAGES)
def test_axe_finds_no_violation_in_light_and_dark(visit, published, axe, name):
    page = visit(_path(published, name), width=1280).page
    page.evaluate(_FEW_ROWS)
    page.evaluate(axe)
    found = page.evaluate("axe.run().then(result => result.violations)")
    page.emulate_media(color_scheme="dark")
    colours = "{runOnly: {type: 'rule', values: ['color-contrast']}}"
    found += page.evaluate(f"axe.run({colours}).then(result => result.violations)")

    assert [(v["id"], [n["html"][:200] for n in v["nodes"]][:3]) for v in found] == []
