"""What do headings mean, and how are they said in Chinese?

Columns keep their English names in the published tables, which are an interface; only what is
shown is translated. A term that is not listed stays English.
"""

import re

# a heading's last word that says which end or time of the measure before it is shown
_ENDS = {"low": "（下限）", "high": "（上限）", "before": "（此前）", "after": "（此后）",
         "share": "占比", "error": "误差"}  # fmt: skip

CHINESE = {
    # columns
    "account id": "客户编号", "name": "名称", "accounts": "客户数", "account": "客户",
    "reason": "原因", "worth": "价值", "value": "价值", "kind": "类型", "segment": "细分",
    "rule": "规则", "measure": "指标", "manager id": "经理编号", "sponsor id": "发起人编号",
    "gross profit": "毛利", "net sales": "净销售额", "sales": "销售额", "cost": "成本",
    "what": "事项", "how": "如何", "why": "为何", "share": "占比", "expected loss": "预期损失",
    "expected gain": "预期收益", "contribution": "贡献", "yearly gross profit": "年毛利",
    "score": "得分", "sales growth": "销售增长", "rank": "名次", "probability": "概率",
    "probability key": "成为重点的概率", "owner": "负责人", "meaning": "含义", "item": "项目",
    "expected gross profit": "预期毛利", "estimate": "估计", "change": "变化", "amount": "金额",
    "captured share": "捕获占比", "action": "行动", "actions": "行动数", "year": "年份",
    "was": "此前", "now": "现在", "times": "倍数", "table": "表", "low": "下限", "high": "上限",
    "still a customer": "仍为客户", "service": "服务", "recorded": "记录", "profit": "利润",
    "rank correlation": "等级相关", "price": "价格", "part": "部分", "mean": "均值",
    "median": "中位数", "main cause": "主要原因", "limit": "界限", "left": "已流失",
    "head room": "增长空间", "gain": "收益", "expected orders": "预期订单", "events": "事件",
    "difference": "差额", "coverage": "覆盖率", "column": "列", "class": "类别",
    "best possible": "最佳可能", "answers": "回答数", "workload": "工作量", "weight": "权重",
    "weakest": "最弱项", "wallet": "钱包", "share of wallet": "钱包份额",
    "wallet source": "钱包来源", "valid": "有效", "unit": "单位", "used": "采用",
    "strategy": "策略", "step": "步骤", "state": "状态", "months": "月数", "month": "月份",
    "days": "天数", "satisfaction": "满意度", "rows": "行数", "rows in": "读入行",
    "rows kept": "保留行", "rows refused": "拒收行", "amount in": "读入金额",
    "amount kept": "保留金额", "amount refused": "拒收金额", "channel": "渠道", "field": "字段",
    "records": "记录数", "quality": "质量", "purchase": "采购", "payment": "付款",
    "contact": "联系", "contacts": "联系次数", "benefit": "收益", "health": "健康度",
    "priority": "优先级", "performance": "表现", "importance": "重要性", "people": "人数",
    "overdue": "逾期", "overdue amount": "逾期金额", "orders": "订单", "orders 12m": "近12月订单",
    "net sales 12m": "近12月净销售额", "contacts 12m": "近12月联系次数", "margin": "毛利率",
    "margin rate": "毛利率", "median gap": "间隔中位数", "days since last order": "距上次订单天数",
    "days since contact": "距上次联系天数", "categories": "品类数", "move": "变动",
    "model": "模型", "method": "方法", "missing": "缺失", "members": "成员数",
    "main concern": "主要关切", "concern": "关切", "concerns": "关切", "level": "层次",
    "competitor": "竞争对手", "function": "职能", "group": "组", "gate": "门槛", "lane": "通道",
    "cell": "格", "criterion": "准则", "capacity": "容量", "captured": "捕获", "churn": "流失率",
    "discounts": "折扣", "at risk": "面临风险", "at stake": "涉及金额", "assignment": "分配",
    "reason 1": "原因一", "reason 2": "原因二", "reason 3": "原因三", "mend": "如何改善",
    "to break even": "达到盈亏平衡", "support worth": "支持价值", "selected": "入选",
    "reported by": "记录人", "left on": "流失日期", "treated": "已处理", "untreated": "未处理",
    "sign": "征兆", "first reason": "首要原因", "newest": "最新", "needed for": "用途",
    "a year's worth": "一年价值", "chance of a place": "入选概率", "bargaining power": "议价能力",
    "price effect": "价格差异", "late": "逾期", "credit use": "信用占用", "loss in all": "损失合计",
    "loss elsewhere": "别处损失", "price rise needed": "所需提价", "sales seen": "已见销售额",
    "still customers": "仍为客户", "quadrant": "象限",
    "share of list": "占标价", "is total": "是否合计", "answer": "回答", "stratum": "层",
    "family": "产品族", "small orders": "小额订单", "terms": "账期",
    "active": "活跃客户数", "effective families": "有效产品族数", "days beyond terms": "逾期天数",
    "peers": "同类客户数", "peers buying": "购买的同类占比",
    "usual share": "通常占比", "potential": "潜力", "setting": "设置",
    "people reached": "近一年接触人数", "seniority reached": "接触到的最高级别",
    "forecast share": "预告占比", "plan change": "计划变动", "forecast error": "预告误差",
    "forecast bias": "预告偏差", "z score": "Z值", "default source": "违约概率来源",
    "probability of default": "违约概率", "receivable": "应收账款",
    "quotes 12m": "近12月报价数", "hit rate": "赢单率", "open quote amount": "未决报价金额",
    "lost quote amount": "输掉的报价金额", "competitors met": "遇到的竞争对手数",
    "service cost": "服务项目成本", "service charged": "服务收费", "not charged": "未收费",
    "charged": "收费", "how often": "次数", "recovered": "收回占比", "counted": "是否计入",
    # headline figures
    "key accounts": "重点客户", "worth of the list": "名单价值", "share of all worth": "占全部价值",
    "places that are right": "预计正确的名额", "loss in a bad year": "坏年份的损失",
    "volume without profit": "有量无利", "captured a period ago": "上一期捕获",
    "captured in the past": "过去捕获", "captured by the list": "名单捕获",
    "accounts still customers": "仍为客户", "accounts gone": "已流失客户",
    "their yearly gross profit": "其年毛利", "accounts that left in a year": "一年内流失的客户",
    "5 points less churn adds": "流失率降5个百分点可增加",
    "5 per cent less churn adds": "流失率降5%可增加",
    "expected gain of the actions": "行动的预期收益", "expected gain of actions": "行动的预期收益",
    "cost of the actions": "行动成本", "active in the last year": "近一年活跃",
    "paid below peers' prices": "价格低于同类", "sell much, earn little": "卖得多赚得少",
    "expected loss to leavers": "流失的预期损失",
    "losses on the list before they came": "损失发生前已在名单上",
    "accounts expected to leave": "预计流失客户", "managers needed": "所需经理",
    "team gaps": "团队缺口", "order lines kept": "保留订单行", "net sales kept": "保留净销售额",
    "rows set aside": "搁置行", "expected of the next key accounts": "下期重点客户的预期",
    "their share of all that is expected": "占全部预期", "satisfied (4 or 5)": "满意（4或5分）",
    "gross profit of 12 months": "12个月毛利", "value ahead": "未来价值",
    "likely to leave": "流失概率", "figure": "数字", "range": "区间",
    "study": "研究", "to ask next": "下次调查", "loss makers": "亏损客户",
    "lost with them": "因其损失",
    "expected": "预期",
    "not known": "未知", "kept out": "挡住客户数", "worth kept out": "挡住的价值",
    "losses avoided": "避免的损失", "kept out of list": "挡在名单外", "would come": "会进来",
    "would go": "会出去", "worth without": "无门槛时名单价值", "worth with": "名单价值",
    "one year in": "每几年一次", "loss": "损失", "loss if independent": "各自独立时的损失",
    "shift": "移动权重", "from": "从", "to": "到", "direction": "较好的方向",
    "usual error": "通常误差", "filled with": "填入", "stated": "所定", "largest": "最大者",
    "cost to serve": "服务成本", "key in 1": "一期后成为重点", "key in 2": "两期后成为重点",
    "key in 3": "三期后成为重点", "forecast mean": "预测均值", "forecast low": "预测最低",
    "forecast high": "预测最高", "amount before": "此前金额", "rank now": "现在名次",
    "against low": "相比（下限）", "against high": "相比（上限）",
}  # fmt: skip

# labels of figures that hold a number
_LABELS = (
    (r"Value of all accounts, (\d+) days", r"全部客户 \1 天的价值"),
    (r"Expected loss in (\d+) days", r"\1 天内的预期损失"),
)

# what readers outside statistics may not know, said once below the table that uses it
MEANINGS = {
    "AIC": ("lower is the better model", "越低模型越好"),
    "AUC": (
        "chance that of two accounts the one that left was put first; 50% is a guess",
        "随机两客户中流失者排在前面的概率；50%为瞎猜",
    ),
    "Brier": (
        "mean squared error of the probabilities; 0 is perfect",
        "概率的均方误差；0为完美",
    ),
    "CVaR part": ("its part of the mean loss of the worst years", "在最坏年份平均损失中的部分"),
    "CVaR share": ("that part as a share", "该部分的占比"),
    "DSO": ("days of sales that are not yet paid", "应收账款周转天数"),
    "E-value": (
        "how strong an unseen cause would have to be to explain the effect away; 1: any would do",
        "未观测因素需多强才能解释掉该效应；1表示任何因素即可",
    ),
    "Forecast error": (
        "distance of its last plans from what it bought, over what it bought",
        "最后计划与实际购买的差距占购买量之比",
    ),
    "Gini": ("0: all alike, 1: one has all", "0：完全均等，1：一家独占"),
    "Head room": ("what the account buys elsewhere in a year", "客户一年在别处的采购额"),
    "Inclusion probability": ("chance to be drawn into the sample", "被抽入样本的概率"),
    "Lift": ("times as often as by chance", "为随机情形的倍数"),
    "P adjusted": (
        "chance of such a difference if there were none, with many comparisons allowed for",
        "若无差异而出现如此差异的概率，已校正多重比较",
    ),
    "P value": (
        "chance of such a difference if there were none",
        "若无差异而出现如此差异的概率",
    ),
    "AUUC": (
        "Qini's measure on the curve of mean effects; 0: no better than chance",
        "在平均效果曲线上的 Qini 度量；0：不优于随机",
    ),
    "Peers buying": ("share of the accounts of its kind that buy it", "同类客户中购买者的占比"),
    "Plan change": (
        "how far its later plans differ from its first; 0: plans stand",
        "后续计划与首次计划的差异；0表示计划不变",
    ),
    "Qini": (
        "gain of treating in this order over treating at random",
        "按此次序处理相对随机处理的收益",
    ),
    "Rank correlation": ("1: the same order, 0: no relation", "1：次序相同，0：无关"),
    "Regret": ("what was missed against the best possible pick", "与最佳选择相比的损失"),
    "Shapley": (
        "share of what is explained, averaged over all orders of adding items",
        "对所有加入次序平均后的解释份额",
    ),
    "Usual share": (
        "of their purchases, among peers that buy it",
        "在购买该产品族的同类客户采购中的占比",
    ),
    "Wallet": ("what the account buys a year from anyone", "客户一年从所有供应商的采购额"),
    "Z score": (
        "Altman's Z'' of the newest balance: safe above 2.60, distress below 1.10",
        "最新资产负债表的阿特曼Z''值：高于2.60安全，低于1.10困境",
    ),
}


def term(text: str, language: str) -> str:
    """Say a heading, a figure's label or a unit in a language; what is not known stays.

    Examples
    --------
    >>> term("Net sales", "zh"), term("Mean low", "zh"), term("Net sales", "en")
    ('净销售额', '均值（下限）', 'Net sales')
    >>> term("My own column", "zh")
    'My own column'
    """
    if not language.startswith("zh"):
        return text
    plain = text.casefold().strip()
    if plain in CHINESE:
        return CHINESE[plain]
    for pattern, chinese in _LABELS:
        if re.fullmatch(pattern, text):
            return re.sub(pattern, chinese, text)
    base, _, end = plain.rpartition(" ")
    if base in CHINESE and end in _ENDS:
        return CHINESE[base] + _ENDS[end]
    return text


_UNITS = (
    (r"accounts", "家客户"),
    (r"(\S+) a year", r"\1/年"),
    (r"of (\S+) expected", r"（预期，共 \1）"),
    (r"of (\S+) active accounts", r"（共 \1 家活跃客户）"),
    (r"of (\S+) accounts", r"（共 \1 家客户）"),
    (r"of (\S+) needs", r"（共 \1 项需求）"),
    (r"for (\S+) accounts", r"（供 \1 家客户）"),
    (r"of the best", "（占最佳）"),
    (r"of (\d\S*)", r"（共 \1）"),
    (r"expected", "（预期）"),
    (r"ever", "（累计）"),
)


def unit_text(unit: str, language: str) -> str:
    """Say what stands behind a headline figure in a language; currencies stay as they are.

    Examples
    --------
    >>> unit_text("of 312 accounts", "zh"), unit_text("EUR a year", "zh"), unit_text("EUR", "zh")
    ('（共 312 家客户）', 'EUR/年', 'EUR')
    """
    if language.startswith("zh"):
        for pattern, chinese in _UNITS:
            if re.fullmatch(pattern, unit):
                return re.sub(pattern, chinese, unit)
    return unit


def explanations(headings: list[str], language: str) -> list[str]:
    """Explain those of a table's headings which readers outside statistics may not know.

    Parameters
    ----------
    headings : list of str
        English headings as shown; `AUC low` is explained as `AUC`.
    language : str
        Code.

    Returns
    -------
    list of str
        Sentences in the order of the headings, each once.

    Examples
    --------
    >>> explanations(["Name", "DSO"], "en")
    ['DSO: days of sales that are not yet paid.']
    """
    chinese = language.startswith("zh")
    found = [
        f"{term(name, language)}：{said[1]}。" if chinese else f"{name}: {said[0]}."
        for heading in headings
        for name, said in MEANINGS.items()
        if heading.split(" (")[0] in (name, f"{name} low", f"{name} high")
    ]
    return list(dict.fromkeys(found))
