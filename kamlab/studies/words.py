"""Which words does the page's frame use, in the reader's language?

One plain table: each entry has its English and its Chinese, so that neither can be forgotten.
Braces are filled in by whoever uses the words.
"""

import datetime as dt
import os
from pathlib import Path

from kamlab.errors import UsageError
from kamlab.studies.mapping_file import mapping_path, mapping_says

LANGUAGES = ("en", "zh")
# how the language reaches a notebook's process
VARIABLE = "KAMLAB_LANGUAGE"

WORDS = {
    "contents": ("Contents", "目录"),
    "show_code": ("Show all code", "显示全部代码"),
    "hide_code": ("Hide all code", "隐藏全部代码"),
    "code": ("Code", "代码"),
    "cell": ("of cell", "单元"),
    "skip": ("Skip to the text", "跳到正文"),
    "as_of": ("As of", "截止日期"),
    "period": ("Period", "期间"),
    "span": ("{start} – {end}", "{start}至{end}"),
    "data": ("Data", "数据"),
    "currency": ("Currency", "币种"),
    "industry": ("Industry profile", "行业配置"),
    "run": ("Run", "运行"),
    "parameters": ("Parameters", "参数"),
    "decision": ("Decision", "决策"),
    "figures": ("Headline figures", "关键数字"),
    "doubts": ("What to know before using this", "使用前须知"),
    "filter": ("Filter rows", "筛选行"),
    "sort": ("Sort by", "排序："),
    "row": ("row", "行"),
    "rows": ("rows", "行"),
    "table": ("Table", "表"),
    "all": ("All studies", "所有研究"),
    "page": ("Page", "页面"),
    "pages": ("{count} pages, in the order of the list", "{count} 个页面，按名单次序"),
    "tables": ("Tables beside this page", "随页数据表"),
    "made": ("Made by kamlab", "由 kamlab 生成"),
    # what a notebook shows
    "note": ("Note.", "注意："),
    "what_to_do": ("What to do", "该做什么"),
    "to": ("{low} to {high}", "{low} 至 {high}"),
    "yes": ("yes", "是"),
    "no": ("no", "否"),
    "first_rows": ("The first {shown} of {all} rows.", "共 {all} 行，显示前 {shown} 行。"),
    "rest": (
        "All rows are in the tables beside this page.",
        "全部行见随页数据表。",
    ),
    "boxes": (
        "For some names this machine has no font: boxes in the chart, right in the tables.",
        "本机没有某些名称所需的字体：图中显示为方框，表中显示正确。",
    ),
    # the index
    "studies": ("Studies", "研究"),
    "nothing": ("Nothing is published here yet.", "这里尚未发布任何研究。"),
    "status": ("Status", "状态"),
    "duration": ("Duration", "用时"),
    "seconds": ("{seconds} s", "{seconds} 秒"),
    "before": ("before {day}", "{day}之前"),
    "undated": ("undated", "未注明日期"),
    "never": ("No run has succeeded yet.", "尚无成功的运行。"),
    "history": ("History of {title} ({count})", "{title}的历史（{count}）"),
    "unchanged": ("unchanged", "未变"),
    "was": ("was {value}", "此前为 {value}"),
    "moved": ("{share} (was {value})", "{share}（此前为 {value}）"),
    "beyond": ("{change}, beyond the limit", "{change}，超出界限"),
    "last_failed": ("The last run {status}: {message}", "最近一次运行{status}：{message}"),
    "last_run": ("The last run ended {when}: {status}.", "最近一次运行结束于 {when}：{status}。"),
    "last_run_of": (
        "The last run ({asked}) ended {when}: {status}.",
        "最近一次运行（{asked}）结束于 {when}：{status}。",
    ),
    # how a run ended
    "success": ("published", "已发布"),
    "failed": ("failed", "失败"),
    "refused": ("refused the data", "数据被拒绝"),
    "usage": ("was asked wrongly", "用法错误"),
    "timed out": ("timed out", "超时"),
    "stopped": ("stopped", "已停止"),
    "skipped": ("was skipped", "已跳过"),
    "broken": ("broken", "已损坏"),
    "running": ("running", "运行中"),
}


def words(language: str) -> dict[str, str]:
    """Give the frame's words in a language; English stands in for one that is not known.

    Examples
    --------
    >>> words("zh")["contents"], words("fr")["contents"]
    ('目录', 'Contents')
    """
    code = language.split("-")[0].lower()
    place = LANGUAGES.index(code) if code in LANGUAGES else 0
    return {name: both[place] for name, both in WORDS.items()}


def date_text(day: str, language: str) -> str:
    """Write a day as the language writes it; what is no day stays as it is.

    Examples
    --------
    >>> date_text("2025-12-31", "en"), date_text("2025-12-31", "zh"), date_text("", "zh")
    ('2025-12-31', '2025年12月31日', '')
    """
    if not language.startswith("zh"):
        return day
    try:
        found = dt.date.fromisoformat(day)
    except ValueError:
        return day
    return f"{found.year}年{found.month}月{found.day}日"


def span_text(start: str | None, end: str | None, language: str) -> str:
    """Write a period from its first to its last day; empty where either is not known.

    Examples
    --------
    >>> span_text("2025-01-01", "2025-12-31", "en")
    '2025-01-01 – 2025-12-31'
    """
    if not start or not end:
        return ""
    days = {"start": date_text(start, language), "end": date_text(end, language)}
    return words(language)["span"].format_map(days)


def check_language(code: object, place: str) -> str:
    """Check the language that somebody asked for.

    Raises
    ------
    UsageError
        If it is none that there are words for.
    """
    if code not in LANGUAGES:
        raise UsageError(f"{place}: language = {code!r} must be one of {', '.join(LANGUAGES)}.")
    return str(code)


def read_language(data: Path) -> str:
    """Read the language which the mapping file of a data folder asks for.

    Parameters
    ----------
    data : Path
        Folder or mapping file.

    Returns
    -------
    str
        Empty where it says nothing; a file that is no TOML is left to who reads the data.

    Raises
    ------
    UsageError
        If there are no words for it.
    """
    said = mapping_says(data).get("language", "")
    return check_language(said, str(mapping_path(data))) if said != "" else ""


def notebook_language(data: Path) -> str:
    """Say in which language a notebook speaks: the run's, else the data's, else English."""
    return os.environ.get(VARIABLE) or read_language(data) or "en"
