"""Verbatims: topics with scores, and nobody to be recognised."""

import pandas as pd

from kamlab.retention.verbatims import verbatims


def _responses():
    rows = [(f"A{i}", "the delivery was late again", 2) for i in range(6)]
    rows += [(f"B{i}", "交货太慢", 1) for i in range(4)]
    rows += [(f"C{i}", "friendly people everywhere", 5) for i in range(7)]
    rows += [("D1", "the price of Umbria Frozen is secret", 3), ("D2", None, 4), ("D3", " ", 4)]
    table = pd.DataFrame(rows, columns=["account_id", "comment", "score"])
    return table.assign(wave=pd.Timestamp("2024-01-01"), item="overall")


def test_topics_are_counted_with_their_scores():
    table = verbatims(_responses()).set_index("topic")

    assert table.loc["delivery", "accounts"] == 10
    assert table.loc["delivery", "mean"] == 1.6
    assert table.loc["delivery", "dissatisfied"] == 1
    assert table["accounts"].min() >= 5
    assert "Umbria" not in table.to_csv()
    assert "price" not in table.index


def test_a_comment_beside_every_item_counts_once():
    twice = pd.concat([_responses(), _responses().assign(item="price")])
    pd.testing.assert_frame_equal(verbatims(twice), verbatims(_responses()))


def test_without_comments_there_is_nothing():
    assert verbatims(_responses().drop(columns="comment")).empty
    assert verbatims(_responses().head(3)).empty
