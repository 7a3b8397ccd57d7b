"""Which items are only missed, and which please? Kano's pairs of questions, own random stream."""

import numpy as np
import pandas as pd

from kamlab.simulation.surveys import ITEMS

KIND = dict(zip(ITEMS[:-1], ["M", "M", "O", "O", "A", "M", "I", "A"], strict=True))
_OWN = 0.65  # of the accounts see an item as what it is; the others as any of the four kinds
# how it is if it is there and if it is not, 1 I like it to 5 I dislike it, by kind of requirement
_PAIRS = {
    "M": [(2, 5), (3, 5), (4, 5)],
    "O": [(1, 5)],
    "A": [(1, 2), (1, 3), (1, 4)],
    "I": [(there, lacking) for there in (2, 3, 4) for lacking in (2, 3, 4)],
}


def draw_kano_answers(
    sample: pd.DataFrame, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ask everybody who answered the last wave both of Kano's questions on each item.

    65 of 100 accounts see an item as what it is (`KIND`: M must-be, O one-dimensional, A
    attractive, I indifferent), the others as any of the four kinds; of the pairs of answers that
    mean a kind each is as likely.

    Parameters
    ----------
    sample : pandas.DataFrame
        `wave`, `account_id`, `answered`, as from `surveys.draw_surveys`.
    rng : numpy.random.Generator

    Returns
    -------
    answers : pandas.DataFrame
        Canonical columns of kano_answers.
    truth : pandas.DataFrame
        item, kind (letter).
    """
    last = sample["wave"].max()
    who = sample.loc[(sample["wave"] == last) & sample["answered"], "account_id"].to_numpy()
    letters = list(_PAIRS)
    parts = []
    for item, kind in KIND.items():
        any_kind = rng.integers(0, len(letters), len(who))
        seen = np.where(rng.random(len(who)) < _OWN, letters.index(kind), any_kind)
        luck = rng.random(len(who))
        pairs = [
            _PAIRS[letters[code]][int(chance * len(_PAIRS[letters[code]]))]
            for code, chance in zip(seen, luck, strict=True)
        ]
        there, lacking = np.array(pairs, dtype=int).reshape(-1, 2).T
        parts.append(
            pd.DataFrame(
                {
                    "account_id": who,
                    "wave": last,
                    "item": item,
                    "functional": there,
                    "dysfunctional": lacking,
                }
            )
        )
    truth = pd.DataFrame({"item": list(KIND), "kind": list(KIND.values())})
    return pd.concat(parts, ignore_index=True), truth
