"""Is it missed where it lacks, or does it please where it is there? Kano's pairs of questions."""

import numpy as np
import pandas as pd

# what an answer to "how is it if it is there" (row) and "if it is not" (column) makes of an item;
# answers from "I like it" to "I dislike it"
_TABLE = np.array([list("QAAAO"), list("RIIIM"), list("RIIIM"), list("RIIIM"), list("RRRRQ")])
NAMES = {
    "M": "must_be",
    "O": "one_dimensional",
    "A": "attractive",
    "I": "indifferent",
    "R": "reverse",
    "Q": "questionable",
}
_FEWEST = 10
_Z = 1.65


def kano_items(answers: pd.DataFrame, *, fewest: int = _FEWEST) -> pd.DataFrame:
    """Say of each item what kind of requirement it is, where both questions were asked.

    Parameters
    ----------
    answers : pd.DataFrame
        One row an answer: `item`, `functional` and `dysfunctional` (how it is if it is there and if
        it is not: 1 I like it, 2 it must be so, 3 it is all the same, 4 I can live with it, 5 I
        dislike it).
    fewest : int, default 10
        Items with fewer answers are left out.

    Returns
    -------
    pd.DataFrame
        One row an item, the most missed where it lacks first: `item`, `answers`, the shares
        `must_be`, `one_dimensional`, `attractive`, `indifferent`, `reverse` and `questionable`,
        `category` (the commonest; at a tie the one that hurts more), `clear` (whether the commonest
        stands out from the next beyond chance, at 90 %), `better` (0 to 1) and `worse` (-1 to 0).

    References
    ----------
    .. [1] N. Kano et al., "Attractive quality and must-be quality", Journal of the Japanese Society
       for Quality Control 14, 1984.
    .. [2] C. Berger et al., "Kano's methods for understanding customer-defined quality", Center for
       Quality Management Journal 4, 1993 (table of answers, better and worse; D. Fong's test).

    Examples
    --------
    >>> asked = pd.DataFrame({"item": "delivery", "functional": [2] * 9 + [1],
    ...     "dysfunctional": [5] * 9 + [5]})
    >>> kano_items(asked)[["category", "clear", "better", "worse"]].values.tolist()
    [['must-be', True, 0.1, -1.0]]
    """
    columns = ["item", "answers", *NAMES.values(), "category", "clear", "better", "worse"]
    rows = []
    for item, group in answers.dropna(subset=["functional", "dysfunctional"]).groupby("item"):
        if len(group) < fewest:
            continue
        letters = kano_letters(group["functional"], group["dysfunctional"])
        counts = letters.value_counts().reindex(list(NAMES), fill_value=0)
        first, second = counts.nlargest(2)
        n = len(group)
        noise = _Z * np.sqrt((first + second) * (2 * n - first - second) / (2 * n))
        told = counts[list("MOAI")].sum() > 0
        both = kano(letters) if told else pd.Series({"better": np.nan, "worse": np.nan})
        rows.append(
            {"item": item, "answers": n}
            | {name: counts[letter] / n for letter, name in NAMES.items()}
            | {"category": NAMES[str(counts.idxmax())].replace("_", "-")}
            | {"clear": bool(first - second >= noise)}
            | {"better": both["better"], "worse": both["worse"]}
        )
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values(["worse", "item"], ignore_index=True)


def kano_letters(functional: pd.Series, dysfunctional: pd.Series) -> pd.Series:
    """Read each pair of answers by the table of Kano's method.

    Parameters
    ----------
    functional, dysfunctional : pd.Series
        1 I like it, 2 it must be so, 3 it is all the same, 4 I can live with it, 5 I dislike it.

    Returns
    -------
    pd.Series
        M must-be, O one-dimensional, A attractive, I indifferent, R reverse, Q questionable.

    Raises
    ------
    ValueError
        If an answer is not a whole number from 1 to 5.

    Examples
    --------
    >>> kano_letters(pd.Series([1, 1, 3, 3]), pd.Series([5, 3, 5, 3])).tolist()
    ['O', 'A', 'M', 'I']
    """
    codes = []
    for column in (functional, dysfunctional):
        if not column.isin([1, 2, 3, 4, 5]).all():
            raise ValueError("answers to a pair of Kano questions are whole numbers from 1 to 5")
        codes.append(column.to_numpy(int) - 1)
    return pd.Series(_TABLE[codes[0], codes[1]], functional.index)


def kano(categories: pd.Series) -> pd.Series:
    """Compute the better and worse coefficients of Kano answers.

    Parameters
    ----------
    categories : pd.Series
        One letter an answer: M must-be, O one-dimensional, A attractive, I indifferent; others
        (reverse, questionable) are left out.

    Returns
    -------
    pd.Series
        `better` (0 to 1), `worse` (−1 to 0) and `answers`.

    References
    ----------
    .. [1] C. Berger et al., "Kano's methods for understanding customer-defined quality", Center for
       Quality Management Journal 4, 1993.

    Examples
    --------
    >>> [float(v) for v in kano(pd.Series(list("M" * 40 + "O" * 30 + "A" * 20 + "I" * 10)))[:2]]
    [0.5, -0.7]
    """
    counts = categories.str.upper().value_counts().reindex(list("MOAI")).fillna(0)
    total = counts.sum()
    if total == 0:
        raise ValueError("no answer is one of M, O, A or I")
    return pd.Series(
        {
            "better": (counts["A"] + counts["O"]) / total,
            "worse": -(counts["O"] + counts["M"]) / total,
            "answers": total,
        }
    )
