"""What do customers say in their own words, and how satisfied are those who say it?"""

import pandas as pd

from kamlab.accounts.concerns import found_topics, known_topics

_SMALLEST = 5
_TOPICS = 6


def verbatims(responses: pd.DataFrame, *, smallest: int = _SMALLEST) -> pd.DataFrame:
    """Count comments by topic, with the scores given beside them; nobody can be recognised.

    Comments with a word of the table of concerns belong to that concern; topics are found in the
    others. A comment written beside several items counts once.

    Parameters
    ----------
    responses : pd.DataFrame
        Canonical survey responses: `account_id`, `wave`, `item`, `score` and `comment`.
    smallest : int, default 5
        Topics of fewer accounts are put together as "other".

    Returns
    -------
    pd.DataFrame
        One row a topic, the most accounts first: `topic`, `words` (by which it is known),
        `comments`, `accounts`, `mean` (score, 1 to 5) and `dissatisfied` (share scoring 1 or 2,
        rounded). The comments themselves are left out, since their words may betray who wrote
        them. Empty without comments of so many accounts.
    """
    columns = ["topic", "words", "comments", "accounts", "mean", "dissatisfied"]
    empty = pd.DataFrame(columns=columns)
    if "comment" not in responses:
        return empty
    said = responses.dropna(subset=["comment"])
    said = said[said["comment"].astype(str).str.strip() != ""]
    said = said.drop_duplicates(["account_id", "wave", "comment"]).reset_index(drop=True)
    if said["account_id"].nunique() < smallest:
        return empty
    text = said["comment"].astype(str)
    known = known_topics(text)
    topic, words = known.of_text.astype(object), dict(known.words[["topic", "words"]].to_numpy())
    rest = topic.isna()
    if rest.any():
        try:
            found = found_topics(text[rest], _TOPICS)
        except ValueError:
            pass  # no word among the rest: they stay "other"
        else:
            topic = topic.where(~rest, found.of_text.reindex(topic.index))
            words |= dict(found.words[["topic", "words"]].to_numpy())
    topic = topic.fillna("other")
    enough = said["account_id"].groupby(topic).nunique()
    topic = topic.where(topic.isin(enough.index[enough >= smallest]), "other")
    bad = (said["score"].round() <= 2).astype(float).where(said["score"].notna())
    scored = said.assign(topic=topic, low=bad)
    table = (
        scored.groupby("topic")
        .agg(
            comments=("comment", "size"),
            accounts=("account_id", "nunique"),
            mean=("score", "mean"),
            dissatisfied=("low", "mean"),
        )
        .reset_index()
    )
    table["words"] = table["topic"].map(words).fillna("")
    table = table[table["accounts"] >= smallest]
    return table.sort_values(["accounts", "topic"], ascending=[False, True], ignore_index=True)[
        columns
    ]
