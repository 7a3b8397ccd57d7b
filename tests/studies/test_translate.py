"""What a study says in Chinese: nothing that a notebook or a chart says is forgotten."""

import ast
import re
from pathlib import Path

import nbformat
import pytest
from matplotlib.figure import Figure

from kamlab.charts import style
from kamlab.studies.drawn import translate_figure
from kamlab.studies.translate import is_english, said, said_markdown

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHARTS = sorted((ROOT / "kamlab" / "charts").glob("*.py"))
FONTS = {name for names in style.OTHER_FONTS.values() for name in names} | set(style.OTHER_FONTS)
SILENT = FONTS | {"DejaVu Sans", "axes fraction", "offset points", "upper left"}  # nobody reads these
SLOT = re.compile(r"\{(\d+)\}")


def _template(node):
    """Give a text with numbered braces where a figure or name is put in; None for what is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(v.value if isinstance(v, ast.Constant) else "{}" for v in node.values)
    return None


def _numbered(text):
    seen = {}

    def number(match):
        name = match.group(1) or len(seen)
        return f"{{{seen.setdefault(name, len(seen) + 1)}}}"

    return re.sub(r"\{(\w*)(?::[^{}]*)?\}", number, " ".join(text.split()))


def _sayings(source):
    """List the texts of two words or more in a source, docstrings left out."""
    tree = ast.parse(source)
    inside = {id(part) for n in ast.walk(tree) if isinstance(n, ast.JoinedStr) for part in n.values}
    docs = {
        id(n.body[0].value)
        for n in ast.walk(tree)
        if isinstance(n, ast.Module | ast.FunctionDef | ast.ClassDef)
        and n.body
        and isinstance(n.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        text = None if id(node) in inside | docs else _template(node)
        if text is not None and re.search(r"[A-Za-z]{2,}", text) and " " in text.strip():
            yield _numbered(text)


def _left(texts):
    return sorted({text for text in texts if text not in SILENT and is_english(said(text, "zh"))})


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_all_that_a_notebook_says_has_its_chinese(path):
    cells = nbformat.read(path, as_version=4).cells
    prose = [said_markdown(cell.source, "zh") for cell in cells if cell.cell_type == "markdown"]
    code = [
        cell.source
        for cell in cells
        if cell.cell_type == "code" and "parameters" not in cell.metadata.get("tags", [])
    ]
    english = [line for text in prose for line in text.split("\n") if is_english(line)]

    assert english == []
    assert _left(text for source in code for text in _sayings(source)) == []


@pytest.mark.parametrize("path", CHARTS, ids=lambda path: path.stem)
def test_all_that_a_chart_says_has_its_chinese(path):
    assert _left(_sayings(path.read_text())) == []


def test_the_tables_fill_the_same_places_and_name_nothing_twice():
    lines = [
        line
        for path in sorted((ROOT / "kamlab" / "studies" / "zh").glob("*.tsv"))
        for line in path.read_text(encoding="utf-8").splitlines()
    ]
    pairs = [line.split("\t") for line in lines]

    assert {len(pair) for pair in pairs} == {2}
    assert len({english for english, _ in pairs}) == len(pairs) > 1_500
    assert [pair for pair in pairs if set(SLOT.findall(pair[0])) - set(SLOT.findall(pair[1]))] == []
    assert [e for e, chinese in pairs if is_english(chinese) and not SLOT.search(e)] == []


def test_names_stay_and_what_stands_in_a_sentence_is_said_too():
    shown = said("Figures of Fjord Spa Sp. z o.o., amounts in EUR", "zh")

    assert shown == "Fjord Spa Sp. z o.o. 的数字，金额单位 EUR"
    assert said("price, quality; delivery", "zh") == "价格、质量；交货"
    assert said("The Other Paper Company", "zh") == "The Other Paper Company"
    assert said("Nothing is missing. Nothing was refused.", "zh") == "一样不缺。没有拒收。"
    assert said_markdown("## The list\n- Nothing is missing.", "zh") == "## 名单\n- 一样不缺。"


def test_a_chart_is_said_in_chinese_with_its_ticks_and_a_folded_title():
    title = "12 accounts stand on both sales and margin; 7 sell much and earn little"
    with style.look():
        figure = Figure(figsize=(4, 3))
        axes = figure.subplots()
        axes.bar(["key account", "Muster GmbH"], [1, 2])
        style.headline(axes, title)
        axes.set_ylabel("Share of accounts, largest first")
    translate_figure(figure, "zh")
    axes.xaxis.get_ticklabels()  # written by the formatter

    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["重点客户", "Muster GmbH"]
    assert axes.get_ylabel() == "客户占比，从大到小"
    assert axes.get_title(loc="left").replace("\n", "") == said(title, "zh")
    assert "\n" in axes.get_title(loc="left")
