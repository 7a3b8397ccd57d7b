"""Published pages as readers meet them: by mouse, keyboard, phone, paper and screen reader."""

import re
from itertools import pairwise

import pytest

from kamlab.studies.page import asset

pytestmark = [pytest.mark.browser, pytest.mark.kernel]

PAGES = ["key-accounts/latest/index.html", "index.html"]


@pytest.fixture
def study(visit, hostile):
    return visit(hostile / PAGES[0]).page


@pytest.mark.parametrize("path", PAGES)
def test_a_page_opens_from_disk_asks_nobody_and_complains_of_nothing(visit, hostile, path):
    visited = visit(hostile / path)
    visited.page.wait_for_timeout(200)

    assert visited.complaints == []
    assert [url[:5] for url in visited.requests if not url.startswith("data:")] == ["file:"]
    assert len((hostile / path).read_bytes()) < 2_000_000


def test_hostile_names_are_text_everywhere(study):
    assert study.evaluate("window.hacked") is None
    assert study.locator("script").count() == 1
    assert study.locator("img").count() == 1
    assert study.locator("a[href^=javascript]").count() == 0
    shown = study.inner_text("body")
    assert shown.count("<img src=x onerror=") > 10


def test_hostile_names_are_text_on_the_index(visit, hostile):
    page = visit(hostile / "index.html").page

    assert page.evaluate("window.hacked") is None
    assert page.locator("script, img").count() == 0
    assert "<img src=x onerror=" in page.inner_text("body")


def test_the_first_screen_says_decision_figures_period_and_currency(study):
    first = study.evaluate(
        "[...document.querySelectorAll('h1, .decision, .headlines dd, .facts dd')]"
        ".filter(e => e.getBoundingClientRect().bottom < innerHeight).map(e => e.innerText)"
    )

    assert first[0] == "Which accounts are key?"
    assert {"12,350 EUR", "12,000 to 13,000", "EUR", "2013-06-30"} <= set(first)
    assert "2012-06-30 – 2013-06-29" in first
    assert any(text.startswith("Look after") for text in first)


def test_the_contents_list_leads_to_the_sections(study):
    links = study.locator("nav ol a")

    assert links.all_inner_texts() == ["The list", "How it moved", "What to do"]
    links.nth(2).click()
    top = study.evaluate("document.querySelector(location.hash).getBoundingClientRect().top")
    assert -1 <= top < 900
    assert study.evaluate(
        "new Set([...document.querySelectorAll('[id]')].map(e => e.id)).size"
    ) == (study.locator("[id]").count())


def test_code_is_hidden_and_one_click_or_key_away(study):
    blocks, button = study.locator("details.code"), study.locator("button#code")

    assert study.locator("details.code[open]").count() == 0
    blocks.first.locator("summary").click()
    assert study.locator("details.code[open]").count() == 1
    blocks.nth(1).locator("summary").focus()
    study.keyboard.press("Enter")
    assert study.locator("details.code[open]").count() == 2
    button.focus()
    study.keyboard.press("Space")
    assert study.locator("details.code[open]").count() == blocks.count()
    assert button.get_attribute("aria-pressed") == "true"
    button.click()
    assert study.locator("details.code[open]").count() == 0


def _column(table, number):
    return table.locator(f"tbody tr:visible td:nth-child({number})").all_inner_texts()


def test_tables_sort_by_value_with_missing_ones_last(study):
    table = study.locator(".kam-table table").first
    head = table.locator("th", has_text="Net sales")

    head.locator("button").click()
    assert head.get_attribute("aria-sort") == "descending"
    falling = _column(table, 3)
    head.locator("button").focus()
    study.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") == "ascending"
    rising = _column(table, 3)

    assert rising[-1] == falling[-1] == "–"
    numbers = [float(text.replace(",", "")) for text in rising[:-1]]
    assert numbers == sorted(numbers)
    assert len(numbers) == 29
    assert falling[:-1] == rising[-2::-1]
    table.locator("th button", has_text="Account id").click()
    ids = [int(text[1:]) for text in _column(table, 1)]
    assert ids == sorted(ids)


def test_long_tables_can_be_filtered(study):
    frame = study.locator(".kam-table").first

    frame.get_by_label("Filter rows").fill("包装")
    assert len(_column(frame, 1)) == 10
    assert frame.get_by_role("status").inner_text() == "10 / 30 rows"
    frame.get_by_label("Filter rows").fill("")
    assert len(_column(frame, 1)) == 30


@pytest.mark.parametrize("path", PAGES)
def test_a_phone_shows_the_page_without_scrolling_sideways(visit, hostile, path):
    page = visit(hostile / path, width=375).page

    assert page.evaluate("document.documentElement.scrollWidth") <= 375
    small = "[...document.querySelectorAll('main p, main td, main li')]"
    assert (
        page.evaluate(f"Math.min(...{small}.map(e => parseFloat(getComputedStyle(e).fontSize)))")
        >= 13
    )


def test_a_wide_table_scrolls_in_its_own_frame_and_takes_the_keyboard(visit, hostile):
    page = visit(hostile / PAGES[0], width=375).page
    frame = page.locator(".scroll").filter(has=page.locator("caption")).first

    assert frame.evaluate("e => e.scrollWidth > e.clientWidth")
    frame.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("e => e.scrollLeft > 0", arg=frame.element_handle())


def test_on_paper_nothing_is_cut_and_nothing_is_left_to_click(study, tmp_path):
    study.emulate_media(media="print")

    assert study.locator("nav, .filter, details.code").all()
    assert not study.locator("nav, .filter, details.code").first.is_visible()
    figure = study.locator("figure").first
    assert figure.evaluate("e => getComputedStyle(e).breakInside") == "avoid"
    study.set_viewport_size({"width": 718, "height": 1000})  # A4 within margins
    wide = study.evaluate(
        "[...document.querySelectorAll('img, table')]"
        ".filter(e => e.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert wide == 0
    study.pdf(path=tmp_path / "page.pdf", format="A4")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")


def test_landmarks_language_and_headings_are_in_order(study):
    assert study.locator("html").get_attribute("lang") == "en"
    assert study.locator("h1").count() == 1
    assert [study.locator(name).count() for name in ("header", "main", "nav", "footer")] == [1] * 4
    levels = study.evaluate("[...document.querySelectorAll('h1,h2,h3')].map(e => +e.tagName[1])")
    assert all(after - before <= 1 for before, after in pairwise(levels))
    alts = study.evaluate("[...document.images].map(e => e.alt)")
    assert alts == ["A line that rises and falls"]
    assert study.locator("table:not(:has(th))").count() == 0


def _luminance(colour):
    digits = colour.lstrip("#")
    digits = "".join(c * 2 for c in digits) if len(digits) == 3 else digits
    parts = [int(digits[i : i + 2], 16) / 255 for i in (0, 2, 4)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
def test_text_stands_out_from_its_ground_by_the_wcag_ratio(scheme):
    palette = re.findall(r":root\{(--ink[^}]*)\}", asset("page.css"))[scheme]
    colours = dict(re.findall(r"--(\w+):(#\w+)", palette))
    pairs = [(text, "paper") for text in ("ink", "soft", "link", "good", "bad")]
    pairs += [("ink", "card"), ("soft", "card"), ("ink", "mark"), ("bad", "card")]
    pairs += [(text, "card") for text in ("comment", "text", "word", "number")]

    for text, ground in pairs:
        low, high = sorted(_luminance(colours[name]) for name in (text, ground))
        assert (high + 0.05) / (low + 0.05) >= 4.5, (text, ground)


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (375, "dark")])
def test_axe_finds_no_violation(visit, hostile, axe, path, width, scheme):
    page = visit(hostile / path, width=width, scheme=scheme).page
    page.evaluate("document.querySelectorAll('details').forEach(e => { e.open = true })")

    page.evaluate(axe)
    violations = page.evaluate("axe.run().then(result => result.violations)")

    assert [(v["id"], [n["html"][:200] for n in v["nodes"]]) for v in violations] == []
