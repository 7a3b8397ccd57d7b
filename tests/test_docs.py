"""The documentation builds without a warning or a network, and no link of it leads nowhere."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from kamlab.sources.schema import TABLES
from kamlab.studies.discover import find_studies
from kamlab.studies.parameters import RESERVED

ROOT = Path(__file__).parents[1]
TEXTS = ["README.md", "CONTRIBUTING.md", "data/README.md", "reports/README.md"]
STUDIES = find_studies(ROOT / "notebooks")

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group("notebooks")]


@pytest.fixture(scope="module")
def site(tmp_path_factory, published):
    """Build the documentation as `make docs` does, with columns from the published demo."""
    made = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", "--fail-on-warning", "--quiet", "docs", str(made)],
        cwd=ROOT,
        env=os.environ | {"KAMLAB_REPORTS": str(published), "https_proxy": "http://127.0.0.1:9"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return made


class _Links(HTMLParser):
    """Collect where a page leads and which places it has."""

    def __init__(self):
        super().__init__()
        self.links, self.places, self.loads = [], {""}, []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.places.add(given.get("id") or "")
        target = given.get("href") or given.get("src")
        if target and tag in ("a", "img", "script", "link"):
            (self.links if tag == "a" else self.loads).append(target)


def _read(page):
    found = _Links()
    found.feed(page.read_text(encoding="utf-8"))
    return found


def test_every_link_of_the_site_leads_somewhere_and_nothing_is_loaded_from_elsewhere(site):
    pages = {path.resolve(): _read(path) for path in site.rglob("*.html")}
    lost = []
    for path, page in pages.items():
        assert [url for url in page.loads if urlsplit(url).netloc] == []
        for link in (*page.links, *page.loads):
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            place = unquote(parts.fragment)
            known = pages[target].places if target in pages else {"", place}
            if not target.exists() or place not in known:
                lost.append((path.name, link))

    assert len(pages) >= 10
    assert lost == []


def test_the_reference_has_every_study_parameter_table_and_column(site):
    parameters = (site / "reference" / "parameters.html").read_text()
    tables = (site / "reference" / "tables.html").read_text()
    published = (site / "reference" / "published.html").read_text()

    for study in STUDIES.values():
        assert f">{study.name}<" in parameters
        own = [p.name for p in study.parameters if p.name not in RESERVED]
        assert all(f">{name}</span>" in parameters for name in own)
    for table in TABLES.values():
        assert all(f">{column.name}</span>" in tables for column in table.columns)
    assert ">gross_profit_at_risk</span>" in published
    assert "Net sales less cost of goods" in published


@pytest.mark.parametrize("text", TEXTS)
def test_links_of_the_texts_in_the_tree_lead_somewhere(text):
    path = ROOT / text
    links = re.findall(r"\]\(([^)\s#]+)", path.read_text())

    assert [link for link in links if "://" not in link and not (path.parent / link).exists()] == []


def test_pictures_are_small():
    pictures = list((ROOT / "docs" / "images").glob("*.png"))

    assert len(pictures) >= 4
    assert all(picture.stat().st_size < 150_000 for picture in pictures)
