"""What does an account do and say before it leaves that would speak for one cause or another?"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from kamlab.accounts.concerns import known_topics
from kamlab.accounts.numbering import placed
from kamlab.retention.true_reasons import CLOSED_WORDS, says

# Words by which a cause, an item of the survey or a concern is known to belong together.
TOPIC_WORDS: Mapping[str, tuple[str, ...]] = {
    "price": ("price", "cost", "expensive", "cheap", "preis", "价格", "贵"),
    "quality": ("quality", "defect", "print", "leak", "qualität", "质量", "印刷", "漏"),
    "service": ("service", "deliver", "support", "complaint", "liefer", "服务", "交货", "投诉"),
    "relationship": ("relation", "cultur", "cooperat", "contact", "beziehung", "关系", "合作"),
    "brand": ("brand", "trust", "reputation", "marke", "品牌", "信任"),
    "closure": (*CLOSED_WORDS, "payment", "付款"),
}
# Sign in words: the topics it speaks for.
GENERAL: Mapping[str, tuple[str, ...]] = {
    "low scores in the survey": ("quality", "service", "relationship"),
    "bad mood of contacts": ("quality", "service", "relationship"),
    "complaints": ("quality", "service"),
    "few contacts": ("relationship",),
    "much sent back": ("quality",),
    "pays late": ("closure",),
}
_CALLED = {"closure": "payment"}  # what accounts speak of that may close
_COMPLAINT = ("complain", "claim", "reklam", "beschwerd", "投诉")
_YEAR, _SEEN = 365, 730
_CONTACTS, _CONCERNS = 2.0, 5.0  # worth that all accounts together tell of one account's shares


def topic_of(name: str) -> str | None:
    """Name the topic that a reason, an item or a concern belongs to; None where no word is known.

    Examples
    --------
    >>> topic_of("Price too high"), topic_of("technical support"), topic_of("overall")
    ('price', 'service', None)
    """
    return next((topic for topic, words in TOPIC_WORDS.items() if says(name, words)), None)


def cause_signs(
    keys: pd.DataFrame,
    daily: pd.DataFrame,
    *,
    interactions: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    invoices: pd.DataFrame | None = None,
) -> tuple[pd.DataFrame, dict[str, tuple[str, ...]]]:
    """Measure, as of each day, the signs that speak for one cause more than for another.

    Parameters
    ----------
    keys : pd.DataFrame of shape (n, 2)
        `account_id`, `day`: what happened before the day is seen.
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    interactions, survey_responses, invoices : pd.DataFrame, optional
        Canonical tables; without one its signs are not known.

    Returns
    -------
    signs : pd.DataFrame of shape (n, n_signs)
        In the rows' order, a column a sign in words, greater is worse, missing where not known.
        What an item of the survey scores and how much it matters is taken against the same
        account's other items: how anybody uses the scale cancels out.
    speaks_for : dict of str to tuple of str
        Topics of `TOPIC_WORDS` for which each sign speaks.
    """
    rows = keys[["account_id", "day"]].reset_index(drop=True)
    found: dict[str, pd.Series] = {}
    speaks: dict[str, tuple[str, ...]] = dict(GENERAL)
    parts = [_trade(rows, daily)]
    if _has(interactions):
        parts.append(_talk(rows, interactions, speaks))
    if _has(survey_responses):
        parts.append(_surveys(rows, survey_responses, speaks))
    if _has(invoices):
        parts.append(_late(rows, invoices))
    for part in parts:
        found |= dict(part)
    signs = pd.DataFrame({name: values.reindex(rows.index) for name, values in found.items()})
    signs.index = keys.index
    return signs, {name: speaks[name] for name in signs}


def _has(table: pd.DataFrame | None) -> bool:
    """Say whether there is anything about accounts in a table."""
    return table is not None and len(table) > 0 and "account_id" in table


def _before(rows: pd.DataFrame, table: pd.DataFrame, column: str, days: int) -> pd.DataFrame:
    """Give a table's rows in so many days before each key, numbered by key in `row`."""
    ids = pd.Index(rows["account_id"].unique())
    of = placed(table["account_id"], ids)
    on = pd.to_datetime(table[column]).to_numpy("datetime64[D]")
    pieces = [table[:0].assign(row=0, day=rows["day"][:0])]
    for _, keys in rows.groupby(rows.groupby("account_id").cumcount()):  # an account once in each
        row = np.full(len(ids) + 1, -1)  # the last is of accounts that are not asked for
        row[ids.get_indexer(keys["account_id"])] = keys.index
        day = rows["day"].to_numpy("datetime64[D]")[row]
        back = (day[of] - on).astype(np.int64)
        seen = (row[of] >= 0) & ~np.isnat(on) & (back >= 1) & (back <= days)
        key = row[of[seen]]
        pieces.append(table[seen].assign(row=key, day=rows["day"].to_numpy()[key]))
    return pd.concat(pieces, ignore_index=True)


def _trade(rows: pd.DataFrame, daily: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Give the share of gross sales that came back."""
    table = daily[["account_id", "day", "gross_sales", "returns"]]
    sums = _before(rows, table, "day", _YEAR).groupby("row")[["gross_sales", "returns"]].sum()
    yield "much sent back", sums["returns"] / sums["gross_sales"].where(sums["gross_sales"] > 0)


def _talk(
    rows: pd.DataFrame, table: pd.DataFrame, speaks: dict[str, tuple[str, ...]]
) -> Iterator[tuple[str, pd.Series]]:
    """Count contacts and complaints, average mood, and say of what an account speaks."""
    wanted = ["account_id", "occurred_at", "topic", "concern", "sentiment"]
    known = table.dropna(subset=["account_id"]).reindex(columns=wanted)
    of_text = known["concern"].drop_duplicates().dropna()
    about = known_topics(of_text).of_text.map(topic_of, na_action="ignore")
    known = known.assign(about=known["concern"].map(dict(zip(of_text, about, strict=True))))
    seen = _before(rows, known, "occurred_at", _SEEN)
    recent = _before(rows, known, "occurred_at", _YEAR)
    yield "few contacts", -np.log1p(recent.groupby("row").size().reindex(rows.index, fill_value=0))
    if seen["sentiment"].notna().any():
        yield "bad mood of contacts", -seen.groupby("row")["sentiment"].mean()
    if seen["topic"].notna().any():
        kinds = seen["topic"].dropna().unique()
        bad = seen["topic"].isin([kind for kind in kinds if says(str(kind), _COMPLAINT)])
        count = bad.groupby(seen["row"]).agg(["sum", "size"])
        usual = bad.mean() * _CONTACTS
        yield "complaints", (count["sum"] + usual) / (count["size"] + _CONTACTS)
    if seen["about"].notna().any():
        times = pd.crosstab(seen["row"], seen["about"])
        for topic, usual in (times.sum() / times.to_numpy().sum()).items():
            name = f"speaks of {_CALLED.get(str(topic), topic)}"
            speaks[name] = (str(topic),)
            yield (
                name,
                np.log((times[topic] / usual + _CONCERNS) / (times.sum(axis=1) + _CONCERNS)),
            )


def _surveys(
    rows: pd.DataFrame, table: pd.DataFrame, speaks: dict[str, tuple[str, ...]]
) -> Iterator[tuple[str, pd.Series]]:
    """Compare what belongs to a topic with the same account's other answers."""
    wanted = ["account_id", "wave", "item", "score", "importance"]
    answers = table.reindex(columns=wanted).dropna(subset=["score", "item"])
    topics = {item: topic_of(str(item)) for item in answers["item"].unique()}
    seen = _before(rows, answers, "wave", _SEEN)
    seen = seen.assign(topic=seen["item"].map(topics))
    yield "low scores in the survey", -seen.groupby("row")["score"].mean()
    for column, side, words in (
        ("score", -1, "scores {} low in the survey"),
        ("importance", 1, "says that {} matters"),
    ):
        own = seen[column].astype(float) - seen.groupby("row")[column].transform("mean")
        means = own.groupby([seen["row"], seen["topic"]]).mean().unstack()  # noqa: PD010  one column a topic
        for topic in means.columns[means.notna().any()]:
            name = words.format(_CALLED.get(str(topic), topic))
            speaks[name] = (str(topic),)
            yield name, side * means[topic]


def _late(rows: pd.DataFrame, table: pd.DataFrame) -> Iterator[tuple[str, pd.Series]]:
    """Average the days beyond terms of invoices of the last year, as known on each day."""
    seen = _before(rows, table, "invoice_date", _YEAR).dropna(subset="due_date")
    due = pd.to_datetime(seen["due_date"])
    paid = pd.to_datetime(seen["paid_date"]) if "paid_date" in seen else due.mask(due.notna())
    late = (paid.where(paid < seen["day"]).fillna(seen["day"]) - due).dt.days.clip(0, _YEAR)
    judged = due < seen["day"]
    yield "pays late", np.log1p(late[judged].astype(float)).groupby(seen["row"][judged]).mean()
