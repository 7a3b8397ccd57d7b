"""A published page and its index in a real Chromium, read from disk."""

from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

_spec = spec_from_file_location(
    "studies_desk", Path(__file__).parents[1] / "studies" / "conftest.py"
)
_desk = module_from_spec(_spec)
_spec.loader.exec_module(_desk)
shared_desk = _desk.shared_desk

HOSTILE = "<img src=x onerror=\"window.hacked='yes'\"><script>window.hacked='yes'</script>"
CELLS = [
    "## The list\nSee [a paper](https://doi.org/10.1000/1) and `code`.",
    f"""\
hostile = {HOSTILE!r}
accounts = pd.DataFrame(
    {{
        "account_id": [f"A{{i}}" for i in range(30)],
        "name": [hostile, "[x](javascript:window.hacked=1)", "包装有限公司"] * 10,
        "net_sales": [(i * 7919 % 30) * 1000.5 for i in range(30)],
        "reason": ["It sells much and earns enough to pay for a manager of its own."] * 30,
    }}
)
accounts.loc[3, "net_sales"] = float("nan")
study.table("accounts", accounts)
study.show(accounts, "All accounts", formats={{"net_sales": ",.0f"}})""",
    "study.note(f'The first is {hostile} today.')",
    "study.warn(hostile)\nprint(hostile)\naccounts.head(2)",
    "## How it moved",
    """\
from matplotlib.figure import Figure
figure = Figure(figsize=(8, 4))
figure.subplots().plot([1, 3, 2])
study.figure(figure, alt="A line that rises and falls", title="By month")""",
    "## What to do",
    """\
study.about(start="2012-06-30", end="2013-06-29", currency="EUR")
study.headline("Net sales", 12345.6, "EUR", low=12000, high=13000)
study.headline(hostile, hostile)
study.decision(f"Look after {hostile}", accounts.head(3), caption="Whom to visit")""",
]


@pytest.fixture(scope="module")
def hostile(shared_desk):
    """Publish a study twice, so that the index has a change to show, and let another fail."""
    shared_desk.write("key-accounts", *CELLS, title="Which accounts are key?", purpose="Who?")
    shared_desk.write("broken", "1 / 0")
    assert shared_desk.run("key-accounts", "--as-of", "2012-06-30").returncode == 0
    result = shared_desk.run("key-accounts", "broken", "--as-of", "2013-06-30")
    assert result.returncode == 1, result.stderr
    assert "broken: failed" in result.stderr
    return shared_desk.out


@pytest.fixture(scope="session")
def axe(require_part):
    found = find_spec("axe_playwright_python")
    require_part(found is not None, "axe-playwright-python")
    return (Path(found.origin).parent / "axe.min.js").read_text(encoding="utf-8")


class Visit:
    """A page that is looked at, with what it asked for and what it complained of."""

    def __init__(self, page):
        self.page, self.complaints, self.requests = page, [], []
        page.on("console", lambda message: self.complaints.append(message.text))
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))


@pytest.fixture
def visit(chromium):
    """Open a file, in a window and a colour scheme that can be chosen."""
    contexts = []

    def look(path, *, width=1200, scheme="light"):
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme
        )
        contexts.append(context)
        visited = Visit(context.new_page())
        visited.page.goto(Path(path).as_uri())
        return visited

    yield look
    for context in contexts:
        context.close()
