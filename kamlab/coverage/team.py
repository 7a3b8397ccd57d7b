"""Which functions does each account's team need, and who is free for them?"""

import re
from collections.abc import Mapping

import pandas as pd

# function to words in what accounts say; whoever decides may give another table
NEEDS: Mapping[str, str] = {
    "quality": r"quality|leak|seal|defect|stable|print|odou?r|crease|complaint|质量",
    "logistics": r"deliver|late|truck|pallet|short by|stock|交货|物流",
    "pricing": r"pric|quotation|increase|discount|rebate|价格",
    "customer service": r"answer|calls? back|contact|reply|response|服务",
    "packaging technology": r"technolog|zip|film|laminat|line stood|machine|compost|技术",
    "finance": r"invoice|payment|credit|terms|付款",
}
_SHARE = 0.15


def functions_needed(
    interactions: pd.DataFrame,
    accounts: pd.Series,
    *,
    needs: Mapping[str, str] = NEEDS,
    least_share: float = _SHARE,
) -> pd.DataFrame:
    """Say which functions should stand behind each account's manager.

    Parameters
    ----------
    interactions : pd.DataFrame
        Canonical: `account_id`, `concern` (or `topic`), `occurred_at`; cut to the time that counts.
    accounts : pd.Series of str
        Accounts that have a team.
    needs : mapping of str to str
        Function to a pattern of words that call for it.
    least_share : float, default 0.15
        Share of an account's concerns from which a function is needed.

    Returns
    -------
    pd.DataFrame
        One row an account and function: `account_id`, `function`, `concerns` (that call for it),
        `share` (of the account's), `example` (one of them, the commonest), most first.
    """
    column = "concern" if "concern" in interactions else "topic"
    ours = interactions.reindex(columns=["account_id", column]).dropna()
    said = ours[ours["account_id"].isin(set(accounts))]
    rows = []
    whole = said.groupby("account_id").size()
    for function, pattern in needs.items():
        hits = said[said[column].astype(str).str.contains(pattern, flags=re.IGNORECASE, regex=True)]
        for account, texts in hits.groupby("account_id")[column]:
            share = len(texts) / whole[account]
            if share >= least_share:
                commonest = texts.value_counts().sort_index().idxmax()
                rows.append((account, function, len(texts), share, commonest))
    table = pd.DataFrame(rows, columns=["account_id", "function", "concerns", "share", "example"])
    return table.sort_values(
        ["account_id", "concerns", "function"], ascending=[True, False, True], ignore_index=True
    )


def staff(needed: pd.DataFrame, managers: pd.DataFrame, *, limit: int = 12) -> pd.DataFrame:
    """Give each need the expert of that function with the fewest accounts so far.

    Parameters
    ----------
    needed : pd.DataFrame
        From `functions_needed`.
    managers : pd.DataFrame
        Canonical; function experts name their functions in `industries`, separated by commas.
    limit : int, default 12
        Accounts an expert can serve.

    Returns
    -------
    pd.DataFrame
        The needs with `expert` (manager_id; missing where nobody of the function is free) and
        `gap` ("" or what is missing). The greatest needs are served first.

    Raises
    ------
    ValueError
        If the limit is below 1.
    """
    if limit < 1:
        raise ValueError(f"an expert serves at least one account, not {limit}")
    role = managers.reindex(columns=["role"])["role"].astype(str).str.casefold()
    experts = managers[role == "function expert"]
    load = dict.fromkeys(experts["manager_id"].sort_values(), 0) if len(experts) else {}
    able = {
        person: {part.strip().casefold() for part in str(text).split(",")}
        for person, text in zip(experts["manager_id"], experts["industries"], strict=True)
    } if len(experts) and "industries" in experts else {}  # fmt: skip
    chosen: dict[int, str | None] = {}
    gaps: dict[int, str] = {}
    order = needed.sort_values(
        ["concerns", "account_id", "function"], ascending=[False, True, True]
    )
    for row in order.itertuples():
        of_function = [p for p in load if row.function.casefold() in able.get(p, set())]
        free = [p for p in of_function if load[p] < limit]
        if free:
            person = min(free, key=lambda p: (load[p], p))
            load[person] += 1
            chosen[row.Index], gaps[row.Index] = person, ""
        else:
            chosen[row.Index] = None
            gaps[row.Index] = "all busy" if of_function else "nobody has this function"
    return needed.assign(
        expert=pd.Series(chosen, dtype=object), gap=pd.Series(gaps, dtype=object)
    ).astype({"gap": "str"})
