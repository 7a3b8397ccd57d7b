"""How what a study says is told in Chinese: its sentences, names in them, its charts."""

import re
from pathlib import Path

from matplotlib.figure import Figure

from kamlab.charts import style
from kamlab.studies.drawn import translate_figure
from kamlab.studies.translate import is_english, said, said_markdown

ROOT = Path(__file__).parents[2]
SLOT = re.compile(r"\{(\d+)\}")


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


def test_an_amount_whose_currency_is_not_named_leaves_no_gap():
    english = (
        "The 20 most valuable accounts are worth 1,234  of 5,555  in 365 days. 12 accounts are "
        "more likely gone than not; call the 15 below first: they would be worth most if they are "
        "still there."
    )
    named = said(english.replace("  ", " EUR "), "zh")

    assert said(english, "en") == english.replace("  ", " ")
    assert said(english, "zh") == named.replace(" EUR", "")
    assert "EUR" in named
    assert said("Figures of A, amounts in ", "en") == "Figures of A"
    assert said("Figures of A, amounts in ", "zh") == "A 的数字"
    assert said_markdown("All hold 56% (37,920 ). And 3 kg; 7 % .", "en").startswith(
        "All hold 56% (37,920). And 3 kg; 7 %"
    )
