"""What is each account worried about, and is it getting worse?"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from io import StringIO
from pathlib import Path

import numpy as np
import pandas as pd

from kamlab.errors import DataRefusedError

# Words by which a concern is known, in English and in Chinese; an analyst may give another table.
CONCERN_WORDS: Mapping[str, tuple[str, ...]] = {
    "price": (
        "price",
        "prices",
        "expensive",
        "discount",
        "cheaper",
        "quotation",
        "价格",
        "报价",
        "折扣",
        "便宜",
    ),
    "delivery": (
        "delivery",
        "late",
        "delay",
        "delayed",
        "shipment",
        "lead time",
        "交货",
        "延迟",
        "晚到",
        "交期",
    ),
    "print quality": ("print", "printing", "colour", "color", "register", "印刷", "色差", "颜色"),
    "leakage and seal": ("leak", "leakage", "leaking", "seal", "sealing", "漏", "封口", "密封"),
    "compliance": (
        "compliance",
        "certificate",
        "migration",
        "food contact",
        "合规",
        "证书",
        "检测",
    ),
    "service": ("service", "response", "reply", "rude", "support", "服务", "回复", "态度"),
    "sustainability": (
        "recyclable",
        "compostable",
        "sustainability",
        "sustainable",
        "环保",
        "可降解",
        "可回收",
    ),
    "payment terms": ("payment", "credit", "invoice", "terms", "付款", "账期", "发票", "信用"),
}

_WORD = re.compile(r"[^\W\d_]{2,}")
_HAN = re.compile(r"[\u3400-\u4dbf\u4e00-\u9fff]+")


def _fold(text: str) -> str:
    """Give text without differences of case and of full and half width."""
    return unicodedata.normalize("NFKC", str(text)).casefold()


@dataclass(frozen=True, slots=True)
class Topics:
    """Topics found in free text.

    Attributes
    ----------
    of_text : pd.Series of shape (n_texts,)
        Name of the topic of each text; missing where the text says nothing that was understood.
    words : pd.DataFrame
        One row a topic: `topic`, `words` (its strongest words, joined) and `texts` (how many).
    """

    of_text: pd.Series
    words: pd.DataFrame


def tokens(text: str) -> list[str]:
    """Split English (or any spaced) text into words and Chinese into pairs of characters.

    Parameters
    ----------
    text : str
        Any text; case and width of letters do not matter.

    Examples
    --------
    >>> tokens("Late delivery: 封口漏气")
    ['late', 'delivery', '封口', '口漏', '漏气']
    """
    folded = _fold(text)
    words = [word for word in _WORD.findall(_HAN.sub(" ", folded)) if len(word) > 2]
    pairs = [
        run[place : place + 2]
        for run in _HAN.findall(folded)
        for place in range(max(1, len(run) - 1))
    ]
    return words + pairs


def known_topics(text: pd.Series, words: Mapping[str, Sequence[str]] = CONCERN_WORDS) -> Topics:
    """Name the concern of each text by a table of words.

    Parameters
    ----------
    text : pd.Series of shape (n_texts,)
        Free text; missing values stay missing.
    words : mapping of str to sequence of str
        Concern to the words or phrases that betray it. Spaced words match whole words, Chinese
        matches anywhere. The concern with most matches wins; the first in the table on a tie.

    Returns
    -------
    Topics
        With missing values where no word of the table occurs.

    Raises
    ------
    ValueError
        If the table is empty or a concern has no words.

    Examples
    --------
    >>> known_topics(pd.Series(["The seal leaks again", "报价太贵", "hello"])).of_text.tolist()
    ['leakage and seal', 'price', nan]
    """
    empty = [concern for concern, known in words.items() if not list(known)]
    if not words or empty:
        raise ValueError(f"each concern needs at least one word; none for {empty or 'any'}")
    place, different = pd.factorize(text)  # each text is read once, however often it is said
    folded = [_fold(value) for value in different]
    sought = [[_fold(word) for word in known] for known in words.values()]
    patterns = [re.compile(_pattern(known)) for known in words.values()]
    hits = np.zeros((len(folded) + 1, len(words)), int)  # the last row is of what is missing
    for row, value in enumerate(folded):
        for column, (known, pattern) in enumerate(zip(sought, patterns, strict=True)):
            # whether a word is there at all is seen a hundred times sooner than where
            if any(word in value for word in known):
                hits[row, column] = len(pattern.findall(value))
    names = np.array(list(words), dtype=object)
    best = np.where(hits.max(axis=1) > 0, names[hits.argmax(axis=1)], np.nan)
    best = pd.Series(best[place], index=text.index)
    table = pd.DataFrame(
        {
            "topic": names,
            "words": [", ".join(known) for known in words.values()],
            "texts": [int((best == name).sum()) for name in names],
        }
    )
    return Topics(best, table)


def read_words(path: str | Path) -> dict[str, tuple[str, ...]]:
    """Read a table of concerns and their words.

    Parameters
    ----------
    path : str or Path
        CSV in UTF-8 with the columns `concern` and `word`, one word or phrase a row.

    Returns
    -------
    dict of str to tuple of str
        As `known_topics` takes it, in the order of the file.

    Raises
    ------
    DataRefusedError
        If the file cannot be read or a row lacks one of the two.
    """
    path = Path(path).expanduser()
    try:
        text = path.read_text(encoding="utf-8-sig")
        mark = max(",;\t", key=text.partition("\n")[0].count)
        table = pd.read_csv(StringIO(text), dtype="str", sep=mark)
    except (OSError, ValueError) as error:
        raise DataRefusedError(f"{path}: the words of concerns cannot be read: {error}") from None
    table = table.rename(columns=lambda name: str(name).strip().casefold())
    if not {"concern", "word"} <= set(table.columns) or table.empty:
        raise DataRefusedError(
            f"{path}: expected the columns concern and word, one word or phrase a row."
        )
    table = table[["concern", "word"]].apply(lambda column: column.str.strip())
    bad = table.isna().any(axis=1) | (table == "").any(axis=1)
    if bad.any():
        raise DataRefusedError(
            f"{path}, row {int(bad.idxmax()) + 2}: a concern and a word are both needed."
        )
    grouped = table.groupby("concern", sort=False)["word"]
    return {str(concern): tuple(words) for concern, words in grouped}


def _pattern(known: Sequence[str]) -> str:
    """Match whole spaced words, with their simple endings, and Chinese anywhere."""
    parts = []
    for word in known:
        folded = re.escape(_fold(word))
        parts.append(folded if _HAN.search(word) else rf"\b{folded}(?:s|es|ed|ing)?\b")
    return "|".join(parts)


def found_topics(text: pd.Series, n_topics: int = 8, *, seed: int = 0) -> Topics:
    """Find topics in free text without a table: TF-IDF, then non-negative factorisation.

    Parameters
    ----------
    text : pd.Series of shape (n_texts,)
        Free text in any mixture of English and Chinese; missing values stay missing.
    n_topics : int, default 8
        Most topics to look for; fewer where the texts hold fewer distinct words.
    seed : int, default 0
        Of the factorisation's start.

    Returns
    -------
    Topics
        Each named by its two strongest words.

    Raises
    ------
    ValueError
        If no text holds a word.

    References
    ----------
    .. [1] D. Lee and H. Seung, "Learning the parts of objects by non-negative matrix
       factorization", Nature 401, 1999.
    """
    from sklearn.decomposition import NMF
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS, TfidfVectorizer

    def telling(value: str) -> list[str]:
        """Leave out words too common to name a topic."""
        return [token for token in tokens(value) if token not in ENGLISH_STOP_WORDS]

    said = text.dropna().astype(str)
    said = said[said.map(lambda value: bool(telling(value)))]
    if said.empty:
        raise ValueError("no text holds a word: nothing to find topics in")
    weights = TfidfVectorizer(analyzer=telling, min_df=min(2, len(said)), sublinear_tf=True)
    matrix = weights.fit_transform(said)
    rank = max(1, min(n_topics, *matrix.shape))
    model = NMF(n_components=rank, init="nndsvda", random_state=seed, max_iter=500, tol=1e-3)
    parts = model.fit_transform(matrix)
    vocabulary = weights.get_feature_names_out()
    strongest = [vocabulary[np.argsort(-row, kind="stable")[:6]] for row in model.components_]
    names = [" · ".join(row[:2]) for row in strongest]
    chosen = pd.Series(np.array(names, dtype=object)[parts.argmax(axis=1)], index=said.index)
    chosen = chosen.where(parts.max(axis=1) > 0).reindex(text.index)
    table = pd.DataFrame(
        {
            "topic": names,
            "words": [", ".join(row) for row in strongest],
            "texts": [int((chosen == name).sum()) for name in names],
        }
    )
    return Topics(chosen, table)


def concerns(interactions: pd.DataFrame, as_of: date, *, window_days: int = 365) -> pd.DataFrame:
    """Count what each account is concerned about, with an interval and a trend.

    Parameters
    ----------
    interactions : pd.DataFrame
        `account_id`, `occurred_at` and `concern` (a topic, missing where none); `sentiment`
        (−1 to 1) is averaged where present.
    as_of : date
        Exclusive: only what happened before this day counts.
    window_days : int, default 365
        How far back to look; the trend compares the later half of the window with the earlier.

    Returns
    -------
    pd.DataFrame
        One row an account and concern: `account_id`, `concern`, `times`, `share` of the account's
        concerns with a 95 % Wilson interval `share_low`, `share_high`, `recent` and `earlier`
        (times in each half), `trend` (recent minus earlier, per half window), `trend_p` (two-sided
        binomial p-value of an even split), and mean `sentiment`.

    References
    ----------
    .. [1] E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
       Journal of the American Statistical Association 22, 1927.
    """
    from scipy.special import bdtr

    end = pd.Timestamp(as_of)
    start, middle = end - pd.Timedelta(days=window_days), end - pd.Timedelta(days=window_days // 2)
    when = pd.to_datetime(interactions["occurred_at"])
    named = interactions["concern"].notna() & interactions["account_id"].notna()
    seen = interactions.assign(recent=(when >= middle).astype(int))
    seen = seen[(when >= start) & (when < end) & named]
    if "sentiment" not in seen:
        seen = seen.assign(sentiment=np.nan)
    table = (
        seen.groupby(["account_id", "concern"])
        .agg(times=("recent", "size"), recent=("recent", "sum"), sentiment=("sentiment", "mean"))
        .reset_index()
    )
    total = table.groupby("account_id")["times"].transform("sum")
    low, high = wilson(table["times"].to_numpy(float), total.to_numpy(float))
    table = table.assign(
        share=table["times"] / total,
        share_low=low,
        share_high=high,
        earlier=table["times"] - table["recent"],
        trend=2 * table["recent"] - table["times"],
    )
    # the exact test of as many of late as earlier: both tails are alike
    fewer = table[["recent", "earlier"]].min(axis=1)
    table["trend_p"] = np.minimum(2 * bdtr(fewer.astype(float), table["times"], 0.5), 1.0)
    columns = ["account_id", "concern", "times", "share", "share_low", "share_high"]
    columns += ["recent", "earlier", "trend", "trend_p", "sentiment"]
    ordered = table.sort_values(["account_id", "times", "concern"], ascending=[True, False, True])
    return ordered[columns].reset_index(drop=True)


def wilson(hits: np.ndarray, trials: np.ndarray, z: float = 1.959963984540054) -> tuple:
    """Give Wilson's interval of a share, for arrays of hits and trials of one shape.

    Parameters
    ----------
    hits, trials : np.ndarray of shape (n,)
        Counts; trials at least 1.
    z : float
        Normal quantile of the confidence; 1.96 gives 95 %.

    Returns
    -------
    tuple of two np.ndarray of shape (n,)
        Lower and upper limits, 0 to 1.

    Examples
    --------
    >>> low, high = wilson(np.array([81.0]), np.array([263.0]))
    >>> round(float(low[0]), 4), round(float(high[0]), 4)
    (0.2553, 0.3662)
    """
    share = hits / trials
    spread = z * np.sqrt(share * (1 - share) / trials + z**2 / (4 * trials**2))
    scale = 1 + z**2 / trials
    centre = share + z**2 / (2 * trials)
    return np.clip((centre - spread) / scale, 0, 1), np.clip((centre + spread) / scale, 0, 1)
