"""Which words does the page's frame use, in the reader's language?"""

_WORDS = {
    "en": {
        "contents": "Contents",
        "show_code": "Show all code",
        "hide_code": "Hide all code",
        "code": "Code",
        "skip": "Skip to the text",
        "as_of": "As of",
        "period": "Period",
        "data": "Data",
        "currency": "Currency",
        "parameters": "Parameters",
        "decision": "Decision",
        "figures": "Headline figures",
        "doubts": "What to know before using this",
        "filter": "Filter rows",
        "sort": "Sort by",
        "rows": "rows",
        "all": "All studies",
        "tables": "Tables beside this page",
        "made": "Made by kamlab",
        "run": "Run",
        "cell": "of cell",
    },
    "zh": {
        "contents": "目录",
        "show_code": "显示全部代码",
        "hide_code": "隐藏全部代码",
        "code": "代码",
        "skip": "跳到正文",
        "as_of": "截止日期",
        "period": "期间",
        "data": "数据",
        "currency": "币种",
        "parameters": "参数",
        "decision": "决策",
        "figures": "关键数字",
        "doubts": "使用前须知",
        "filter": "筛选行",
        "sort": "排序：",
        "rows": "行",
        "all": "所有研究",
        "tables": "随页数据表",
        "made": "由 kamlab 生成",
        "run": "运行",
        "cell": "单元",
    },
}


def words(language: str) -> dict[str, str]:
    """Give the frame's words in a language; English stands in for one that is not known.

    Examples
    --------
    >>> words("zh")["contents"], words("fr")["contents"]
    ('目录', 'Contents')
    """
    return _WORDS.get(language.split("-")[0].lower(), _WORDS["en"])
