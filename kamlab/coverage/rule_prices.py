"""What does each rule of the assignment cost, in managers and in mismatch?"""

import math
from collections.abc import Iterator
from dataclasses import replace

import pandas as pd

from kamlab.coverage.assignment import Assignment
from kamlab.coverage.rules import Rules
from kamlab.coverage.solver import InfeasibleError, assign

COLUMNS = ("rule", "change", "mismatch", "less_mismatch", "hand_overs", "outside_region", "said")


def managers_needed(regions: pd.Series, per_manager: int = 9) -> pd.DataFrame:
    """Count the managers that regions need, and those saved where one region may cross.

    Parameters
    ----------
    regions : pd.Series of str
        Region of each account; accounts of unknown region may be looked after from anywhere.
    per_manager : int, default 9
        Accounts a manager looks after, at least 1.

    Returns
    -------
    pd.DataFrame
        `may_cross` ("nobody", each region, "everybody"), `managers` and `fewer` than where every
        account stays in its region. A region that may cross fills the free places of the others'
        managers first.

    Examples
    --------
    >>> regions = pd.Series(["north"] * 10 + ["south"] * 17)
    >>> managers_needed(regions)[["may_cross", "managers", "fewer"]].values.tolist()
    [['nobody', 4, 0], ['north', 3, 1], ['south', 3, 1], ['everybody', 3, 1]]
    """
    if per_manager < 1:
        raise ValueError(f"per_manager is at least 1, not {per_manager}")
    count = regions.dropna().value_counts().sort_index()
    anywhere = int(regions.isna().sum())
    own = {region: math.ceil(n / per_manager) for region, n in count.items()}

    def with_free(kept: int, staff: int, free: int) -> int:
        """Add managers for accounts that may go anywhere, after filling free places."""
        return staff + math.ceil(max(0, free - (staff * per_manager - kept)) / per_manager)

    base = with_free(int(count.sum()), sum(own.values()), anywhere)
    rows = [("nobody", base)]
    for region, n in count.items():
        kept, staff = int(count.sum() - n), sum(own.values()) - own[region]
        rows.append((str(region), with_free(kept, staff, int(n) + anywhere)))
    rows.append(("everybody", math.ceil(len(regions) / per_manager)))
    table = pd.DataFrame(rows, columns=["may_cross", "managers"])
    return table.assign(fewer=base - table["managers"])


def rule_prices(
    accounts: pd.DataFrame,
    managers: pd.DataFrame,
    rules: Rules,
    best: Assignment,
    *,
    time_limit: float = 20.0,
) -> pd.DataFrame:
    """Solve the assignment again with one rule changed at a time, and say what that brings.

    Parameters
    ----------
    accounts, managers, rules
        As for `assign`.
    best : Assignment
        Under all rules.
    time_limit : float, default 20
        Seconds for each change.

    Returns
    -------
    pd.DataFrame
        One row a change: `rule`, `change`, `mismatch`, `less_mismatch` (than under all rules, both
        measured by today's weights; negative: the change costs), `hand_overs`, `outside_region`
        and `said` in words. What cannot be kept or was not solved in time says so and has no
        figures.
    """
    rows = []
    for rule, change, staff, other in _changes(managers, rules):
        try:
            made = assign(accounts, staff, other, time_limit=time_limit)
        except (InfeasibleError, TimeoutError) as error:
            why = "cannot be kept" if isinstance(error, InfeasibleError) else "not solved in time"
            rows.append((rule, change, *[math.nan] * 4, why))
            continue
        less = best.mismatch - made.mismatch
        less = 0.0 if abs(less) < 1e-6 else less
        moved, outside = int(made.table["changed"].sum()), int(made.load["outside_region"].sum())
        rows.append((rule, change, made.mismatch, less, moved, outside, _said(less, best, made)))
    return pd.DataFrame(rows, columns=list(COLUMNS))


def _changes(
    managers: pd.DataFrame, rules: Rules
) -> Iterator[tuple[str, str, pd.DataFrame, Rules]]:
    """List what is tried: each rule that holds is let go, each that does not is set."""
    capacity = pd.to_numeric(managers["capacity"]) if "capacity" in managers else 9
    yield ("capacity", "one account more for each", managers.assign(capacity=capacity + 1), rules)
    if rules.same_region:
        yield ("same region", "may cross", managers, replace(rules, same_region=False))
    else:
        yield ("same region", "nobody may cross", managers, replace(rules, same_region=True))
    if rules.most_hand_overs is not None:
        more = rules.most_hand_overs + 5
        yield ("hand-overs", f"up to {more}", managers, replace(rules, most_hand_overs=more))
        yield ("hand-overs", "any number", managers, replace(rules, most_hand_overs=None))
    else:
        yield ("hand-overs", "none", managers, replace(rules, most_hand_overs=0))
    if rules.most_risk_share < 1:
        yield ("spread of risk", "any share", managers, replace(rules, most_risk_share=1.0))
    if rules.fewest_accounts:
        yield ("minimum of accounts", "none", managers, replace(rules, fewest_accounts=0))


def _said(less: float, best: Assignment, made: Assignment) -> str:
    """Say in words what a change brings."""
    if less == 0:
        return "changes nothing: the rule costs nothing here"
    share = abs(less) / best.mismatch if best.mismatch > 0 else math.nan
    much = f"{abs(less):,.1f} {'less' if less > 0 else 'more'} mismatch"
    moves = int(made.table["changed"].sum()) - int(best.table["changed"].sum())
    hands = f", {abs(moves)} {'more' if moves > 0 else 'fewer'} hand-overs" if moves else ""
    return f"{much}{f' ({share:.0%})' if share == share else ''}{hands}"
