"""Who reports to whom: is the line whole, without loops and of the right length and span?"""

from dataclasses import dataclass

import pandas as pd

LINE = (
    "account manager",
    "national sales manager",
    "vice-president of sales",
    "chief executive",
)


@dataclass(frozen=True, slots=True)
class ReportingLine:
    """The reporting line and what is wrong with it.

    Attributes
    ----------
    people : pd.DataFrame
        One row a person: `manager_id`, `role`, `reports_to`, `steps` to the chief executive
        (missing where the line does not lead there), `span` (direct reports) and `path` (ids from
        the person to the top, joined by " → ").
    problems : pd.DataFrame
        One row a problem: `manager_id`, `problem` and `what_to_do`. Empty where the line is sound.
    """

    people: pd.DataFrame
    problems: pd.DataFrame


def reporting_line(
    managers: pd.DataFrame, *, line: tuple[str, ...] = LINE, widest_span: int = 12
) -> ReportingLine:
    """Follow each person's line to the top and name loops, gaps, wrong steps and wide spans.

    Parameters
    ----------
    managers : pd.DataFrame
        Canonical: `manager_id`, `role`, `reports_to` (missing at the top).
    line : tuple of str
        Roles from the account manager to the chief executive. Other roles (function experts) are
        followed too, but their number of steps is free.
    widest_span : int, default 12
        Most direct reports of one person.

    Raises
    ------
    ValueError
        If a `manager_id` stands twice.

    Examples
    --------
    >>> staff = pd.DataFrame({
    ...     "manager_id": ["M", "N", "V", "C"], "role": list(LINE),
    ...     "reports_to": ["N", "V", "C", None]})
    >>> reporting_line(staff).people.set_index("manager_id").loc["M", "steps"]
    np.float64(3.0)
    """
    twice = managers.loc[managers["manager_id"].duplicated(), "manager_id"]
    if len(twice):
        raise ValueError(f"manager {twice.iloc[0]!r} stands twice in the table")
    above = {
        person: superior if isinstance(superior, str) and superior else None
        for person, superior in zip(managers["manager_id"], managers["reports_to"], strict=True)
    }
    role = dict(zip(managers["manager_id"], managers["role"], strict=True))
    spans = managers["reports_to"].value_counts()
    rows, problems = [], []
    for person in managers["manager_id"]:
        path, problem = _climb(person, above)
        reached = problem is None and role.get(path[-1]) == line[-1]
        rows.append(
            {
                "manager_id": person,
                "role": role[person],
                "reports_to": above[person],
                "steps": float(len(path) - 1) if reached else float("nan"),
                "span": int(spans.get(person, 0)),
                "path": " → ".join(path),
            }
        )
        problems += [
            {"manager_id": person, "problem": said, "what_to_do": remedy}
            for said, remedy in _judge(person, path, problem, role, line, rows[-1], widest_span)
        ]
    columns = ["manager_id", "problem", "what_to_do"]
    return ReportingLine(pd.DataFrame(rows), pd.DataFrame(problems, columns=columns))


def _climb(person: str, above: dict[str, str | None]) -> tuple[list[str], str | None]:
    """Follow the line upwards; say what stopped it, if anything did."""
    path = [person]
    while (superior := above[path[-1]]) is not None:
        if superior in path:
            return [*path, superior], "loop"
        if superior not in above:
            return [*path, superior], "unknown superior"
        path.append(superior)
    return path, None


def _judge(
    person: str,
    path: list[str],
    problem: str | None,
    role: dict[str, str],
    line: tuple[str, ...],
    row: dict,
    widest_span: int,
) -> list[tuple[str, str]]:
    """List what is wrong with one person's line, with the remedy."""
    found = []
    if problem == "loop":
        found.append(("loop: " + " → ".join(path), f"set reports_to of one of {path[:-1]}"))
    elif problem:
        found.append((f"reports to {path[-1]!r}, whom nobody knows", "add that person or correct"))
    elif role[path[-1]] != line[-1]:
        found.append((f"the line ends at {path[-1]!r}, not at a {line[-1]}", "set reports_to"))
    elif role[person] in line and len(path) - 1 != len(line) - 1 - line.index(role[person]):
        wanted = len(line) - 1 - line.index(role[person])
        found.append((f"{len(path) - 1} steps to the top instead of {wanted}", "check the line"))
    if row["span"] > widest_span:
        found.append(
            (f"{row['span']} direct reports, more than {widest_span}", "add a level or a peer")
        )
    return found


def roll_up(people: pd.DataFrame, figures: pd.Series) -> pd.Series:
    """Add figures of account managers up the reporting line.

    Parameters
    ----------
    people : pd.DataFrame
        `ReportingLine.people`, without loops.
    figures : pd.Series indexed by manager_id
        What each looks after directly, such as gross profit.

    Returns
    -------
    pd.Series indexed by manager_id
        Own figure and those of everybody below; the chief executive's is the total.
    """
    own = figures.reindex(people["manager_id"]).fillna(0.0)
    pairs = people.assign(above=people["path"].str.split(" → ")).explode("above")
    return (
        own.reindex(pairs["manager_id"]).groupby(pairs["above"].to_numpy()).sum().reindex(own.index)
    )


def headcount(accounts: int, *, per_manager: int = 9, span: int = 7) -> pd.DataFrame:
    """Size the organisation that a number of key accounts needs.

    Parameters
    ----------
    accounts : int
        Key accounts, at least 1.
    per_manager : int, default 9
        Accounts a manager looks after; Kotler reports nine on average.
    span : int, default 7
        Direct reports of a leader.

    Returns
    -------
    pd.DataFrame
        One row a level from account managers to one person at the top: `level`, `people`.

    Examples
    --------
    >>> headcount(250)["people"].tolist()
    [28, 4, 1]
    """
    if accounts < 1 or per_manager < 1 or span < 2:
        raise ValueError("accounts and per_manager are at least 1 and span at least 2")
    levels = [-(-accounts // per_manager)]
    while levels[-1] > 1:
        levels.append(-(-levels[-1] // span))
    return pd.DataFrame({"level": range(1, len(levels) + 1), "people": levels})
