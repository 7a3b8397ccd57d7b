"""Concerns are recognised in both languages, counted with intervals, and never from the future."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest
from statsmodels.stats.proportion import proportion_confint

from kamlab.accounts import concerns as c
from kamlab.errors import DataRefusedError


def _said(rows):
    return pd.DataFrame(rows, columns=["account_id", "occurred_at", "concern", "sentiment"])


def test_wilson_reproduces_newcombe_1998():
    low, high = c.wilson(np.array([81.0, 15, 0, 1]), np.array([263.0, 148, 20, 29]))

    assert low.round(4).tolist() == [0.2553, 0.0624, 0.0, 0.0061]
    assert high.round(4).tolist() == [0.3662, 0.1605, 0.1611, 0.1718]


@given(st.integers(0, 40), st.integers(1, 400))
def test_wilson_agrees_with_statsmodels(hits, trials):
    hits = min(hits, trials)
    ours = c.wilson(np.array([float(hits)]), np.array([float(trials)]))

    assert np.allclose(np.ravel(ours), proportion_confint(hits, trials, method="wilson"))


def test_words_are_whole_in_english_and_anywhere_in_chinese():
    text = pd.Series(
        [
            "The price is too high",
            "He was appraised",
            "这次的封口又漏气了",
            None,
            "Late, LATE, again; price",
        ]
    )

    topics = c.known_topics(text)

    assert topics.of_text.fillna("-").tolist() == [
        "price",
        "-",
        "leakage and seal",
        "-",
        "delivery",
    ]
    assert topics.words.set_index("topic").at["price", "texts"] == 1


def test_words_of_a_table_of_ones_own_are_found_however_they_are_written():
    table = {"seal": ["Leaking", "ＢＡＧ"], "price": ["TOO dear"]}

    found = c.known_topics(
        pd.Series(["a leaking pouch", "Bags!", "far too dear", "nothing"]), table
    )

    assert found.of_text.fillna("none").tolist() == ["seal", "seal", "price", "none"]


def test_a_concern_without_words_is_refused_by_name():
    with pytest.raises(ValueError, match="colour"):
        c.known_topics(pd.Series(["x"]), {"colour": []})


def test_planted_topics_are_found_again():
    rng = np.random.default_rng(5)
    planted = {
        "seal": "leaking seal on pouch 封口漏气",
        "late": "shipment arrived late delayed truck 交货延迟",
        "price": "quotation expensive cheaper competitor 报价太贵",
    }
    kinds = rng.choice(list(planted), 300)
    noise = rng.choice(["monday", "office", "warehouse", "thanks", "regards"], (300, 3))
    text = pd.Series(
        [
            " ".join([*rng.permutation(planted[kind].split())[:4], *extra])
            for kind, extra in zip(kinds, noise, strict=True)
        ]
    )

    topics = c.found_topics(text, 3)
    table = pd.crosstab(kinds, topics.of_text)

    assert table.max(axis=1).sum() / 300 > 0.9
    assert topics.words["texts"].sum() == topics.of_text.notna().sum()


def test_no_words_is_an_error_and_not_an_empty_answer():
    with pytest.raises(ValueError, match="no text holds a word"):
        c.found_topics(pd.Series(["!!", None, "  "]))


def test_concerns_count_shares_and_trend():
    said = _said(
        [("A", f"2024-0{month}-10", "price", -0.5) for month in (7, 8, 9)]
        + [("A", "2024-01-05", "delivery", 0.0), ("B", "2024-06-30", "price", 0.2)]
        + [("A", "2025-01-01", "price", -1.0), ("A", "2020-01-01", "price", -1.0)]
        + [(None, "2024-06-01", "price", 0.0), ("A", "2024-06-01", None, 0.0)]
    )

    table = c.concerns(said, date(2025, 1, 1))
    price = table.query("account_id == 'A' and concern == 'price'").iloc[0]

    assert len(table) == 3
    assert (price["times"], price["recent"], price["earlier"], price["trend"]) == (3, 3, 0, 3)
    assert price["share"] == 0.75
    assert price["trend_p"] == 0.25
    assert price["sentiment"] == -0.5


@given(st.permutations(range(6)))
def test_neither_order_nor_the_future_matters(order):
    said = _said(
        [("A", "2024-05-01", "price", 0.1), ("A", "2024-06-01", "service", 0.2)] * 2
        + [("B", "2024-11-01", "price", 0.3), ("B", "2024-12-30", "delivery", 0.4)]
    )
    future = _said([("A", "2025-01-01", "price", -1.0), ("C", "2026-01-01", "price", -1.0)])

    shuffled = pd.concat([said.iloc[list(order)], future])

    pd.testing.assert_frame_equal(
        c.concerns(shuffled, date(2025, 1, 1)), c.concerns(said, date(2025, 1, 1))
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("mark", [",", ";"])
def test_words_of_the_users_own_are_read_in_both_languages(mark, encoding, tmp_path):
    rows = [("concern", "word"), ("smell", "odour"), ("smell", "气味"), ("price", "too dear")]
    path = tmp_path / "words.csv"
    path.write_text("\n".join(mark.join(row) for row in rows), encoding=encoding)

    words = c.read_words(path)
    named = c.known_topics(pd.Series(["an odour again", "有气味", "It is TOO DEAR"]), words)

    assert words == {"smell": ("odour", "气味"), "price": ("too dear",)}
    assert named.of_text.tolist() == ["smell", "smell", "price"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("concern,words\na,b\n", "columns concern and word"),
        ("concern,word\na,\n", "row 2"),
        ("concern,word\na,b\n ,c\n", "row 3"),
        ("", "cannot be read"),
    ],
)
def test_words_that_cannot_be_used_are_refused_by_place(text, message, tmp_path):
    (tmp_path / "words.csv").write_text(text)

    with pytest.raises(DataRefusedError, match=message):
        c.read_words(tmp_path / "words.csv")
    with pytest.raises(DataRefusedError, match="cannot be read"):
        c.read_words(tmp_path / "nothing.csv")


def test_the_trend_is_tested_as_scipy_tests_an_even_split():
    rng = np.random.default_rng(4)
    days = rng.choice(pd.date_range("2024-01-02", "2024-12-31"), 600)
    said = _said({"account_id": rng.choice(list("ABCDEFGH"), 600), "occurred_at": days,
                  "concern": rng.choice(["price", "delivery"], 600), "sentiment": 0.0})  # fmt: skip

    table = c.concerns(said, date(2025, 1, 1))

    right = [binomtest(k, n).pvalue for k, n in zip(table["recent"], table["times"], strict=True)]
    np.testing.assert_allclose(table["trend_p"], right, rtol=1e-12)
    assert table["trend_p"].nunique() > 5


def test_a_text_said_often_counts_each_time_and_missing_ones_stay_missing():
    texts = pd.Series(["too expensive", None, "hello", "too expensive"], index=[7, 3, 9, 1])

    found = c.known_topics(texts)

    assert found.of_text.index.tolist() == [7, 3, 9, 1]
    assert found.of_text.isna().tolist() == [False, True, True, False]
    assert found.of_text[7] == found.of_text[1] == "price"
    assert found.words.set_index("topic").loc["price", "texts"] == 2
