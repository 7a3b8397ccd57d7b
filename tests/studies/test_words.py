"""What the pages say around the studies: in English and in Chinese, nothing forgotten."""

import ast
import re
import string
from pathlib import Path

import nbformat
import pytest

from kamlab.charts import style
from kamlab.errors import UsageError
from kamlab.studies import index, page
from kamlab.studies.discover import find_studies
from kamlab.studies.tables import html_table
from kamlab.studies.terms import CHINESE, MEANINGS, explanations, term, unit_text
from kamlab.studies.translate import is_english, said, said_markdown
from kamlab.studies.words import WORDS, read_language, words

ROOT = Path(__file__).parents[2]
CJK = re.compile(r"[\u4e00-\u9fff]")
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHARTS = sorted((ROOT / "kamlab" / "charts").glob("*.py"))
FONTS = {name for names in style.OTHER_FONTS.values() for name in names} | set(style.OTHER_FONTS)
# nobody reads these
SILENT = FONTS | {"DejaVu Sans", "axes fraction", "offset points", "upper left"}


def _fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("name", list(WORDS))
def test_every_string_of_the_interface_has_both_languages(name):
    english, chinese = WORDS[name]

    assert CJK.search(chinese)
    assert not CJK.search(english)
    assert english
    assert _fields(english) == _fields(chinese)


def test_template_and_index_use_only_words_of_the_table():
    template = page.asset("index.html.j2")
    code = Path(index.__file__).read_text()
    used = set(re.findall(r"\bt\.(\w+)", template)) | set(re.findall(r'said\["(\w+)"\]', code))
    literal = re.sub(r"{%.*?%}|{{.*?}}|<[^>]*>|{#.*?#}", " ", template, flags=re.DOTALL)

    assert used <= set(WORDS)
    assert len(used) > 25
    assert set(re.findall(r"[A-Za-z]{3,}", literal)) <= {"csv", "parquet", "manifest", "json"}


@pytest.mark.parametrize("study", find_studies(ROOT / "notebooks").values(), ids=lambda s: s.name)
def test_every_study_has_a_chinese_title_and_purpose(study):
    assert CJK.search(study.title_in("zh"))
    assert CJK.search(study.purpose_in("zh"))
    assert study.title_in("fr") == study.title_in("en") == study.title


def test_terms_are_found_whatever_their_case_and_stay_where_unknown():
    assert all(key == key.casefold() and CJK.search(said) for key, said in CHINESE.items())
    assert all(CJK.search(chinese) and not CJK.search(said) for said, chinese in MEANINGS.values())
    assert term("Gross Profit", "zh") == term("gross profit", "zh") == "毛利"
    assert term("Expected loss in 240 days", "zh") == "240 天内的预期损失"
    assert term("Wallet high", "zh") == "钱包（上限）"
    assert unit_text("of 20 expected", "zh") == "（预期，共 20）"
    assert unit_text("CNY", "zh") == "CNY"
    assert unit_text("accounts", "en") == "accounts"


def test_headings_outside_the_trade_are_explained_once():
    said = explanations(["AUC low", "AUC high", "Name", "Regret (EUR a period)"], "en")

    assert [line.split(":")[0] for line in said] == ["AUC", "Regret"]


def test_a_table_in_chinese_keeps_its_values(tmp_path):
    pd = pytest.importorskip("pandas")
    table = pd.DataFrame(
        {"net_sales": [1234.5, 2.0], "selected": [True, False], "mine": ["a", "b"]}
    )
    drawn = html_table(table, caption="x", formats={"net_sales": ",.0f"}, limit=1, language="zh")

    assert "<th" in drawn
    assert ">净销售额<" in drawn
    assert ">Mine<" in drawn
    assert ">是<" in drawn
    assert ">1,234<" in drawn
    assert "共 2 行，显示前 1 行。" in drawn


def test_the_mapping_file_may_ask_for_a_language(tmp_path):
    assert read_language(tmp_path) == ""
    mapping = tmp_path / "kamlab.toml"
    mapping.write_text('currency = "CNY"\nlanguage = "zh"\n')
    assert read_language(tmp_path) == read_language(mapping) == "zh"
    mapping.write_text('language = "cn"\n')
    with pytest.raises(UsageError, match="en, zh"):
        read_language(tmp_path)


def test_words_of_an_unknown_language_are_english():
    assert words("fr") == words("en")
    assert words("zh-CN")["contents"] == "目录"


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
