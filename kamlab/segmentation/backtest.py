"""How well would each rule have picked in the past, on this company's own data?"""

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from kamlab.segmentation.forecast import OURS
from kamlab.segmentation.lessons import Past, look_back
from kamlab.segmentation.rules import RANDOM, naive_scores, pick

BEST = "best possible"
_DRAWS = 400
_AROUND = (0.5, 1.0, 2.0)  # lists so many times as long judge a rule with less luck than one list
_LEAST_ORIGINS = 3  # days on which a rule was tried before it may take the place of ours
_CLEARLY = 2.5  # errors by which it must lead: the best of eight does by chance once in twenty


@dataclass(frozen=True, slots=True)
class Backtest:
    """How each rule picked on earlier days.

    Attributes
    ----------
    table : pd.DataFrame
        One row a day and rule: `origin`, `rule`, `horizon_days`, `places`, `captured` (what the
        picked went on to earn), `best_possible` (of as many picked with hindsight),
        `captured_share` and `regret` (best possible less captured, money).
    league : pd.DataFrame
        One row a rule, the best first: `rule`, `origins`, `mean` (captured share), `low` and `high`
        (90 % interval), `against_ours` (mean of the difference) with `against_low` and
        `against_high`, `regret` (mean, money), `won` (days on which no rule did better),
        `lead_around` (mean of the difference from ours over lists half, once and twice as long,
        on the days on which both were tried: what decides) and `lead_error` (its standard error;
        missing where a rule was tried on a single day).
    adopted : str
        The rule to use: ours, unless a simple one led on `lead_around` by more than chance gives.
    amount : {"gross_profit", "net_sales"}
        What is captured.
    horizon_days : int
        Length of the periods that were judged.
    why : str
        Why that rule, in a sentence.
    """

    table: pd.DataFrame
    league: pd.DataFrame
    adopted: str
    amount: str
    horizon_days: int
    why: str


def backtest(
    orders: Any,  # noqa: ANN401  order lines of any engine
    as_of: date | str,
    *,
    horizon_days: int = 365,
    places: int = 20,
    level: float = 0.9,
    seed: int = 0,
    past: Past | None = None,
) -> Backtest:
    """Pick on earlier days by every rule, with what was known then, and see what was captured.

    Parameters
    ----------
    orders : frame
        Order lines, or the account-days of `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen: the last judged period ends before it.
    horizon_days : int, default 365
        Length of the period ahead; shortened where the history is shorter than one and a half.
    places : int, default 20
        How many accounts each rule picks.
    level : float, default 0.9
        Of the intervals, which come from drawing days and accounts with replacement.
    seed : int, default 0
    past : Past, optional
        `kamlab.segmentation.lessons.look_back` of the same orders, day and horizon where it was
        made before.

    Returns
    -------
    Backtest
        With an empty table where the history is too short for a single period, or nobody earned
        anything in any.

    Raises
    ------
    ValueError
        If nothing lies before `as_of`, or a number is out of range.

    Notes
    -----
    Where ours cannot win, the best simple rule takes its place. What one list of few accounts
    captured is mostly luck, so rules are compared over lists half, once and twice as long, and a
    simple rule must lead by more than chance gives the best of several (2.5 standard errors of the
    mean over days; periods overlap, so days count for less). On 91 other days of decision, rules
    that led by any margin captured less afterwards than ours alone, those that led clearly a
    little more (benchmarks/README.md). Rules by sales are judged but do not take our place where
    cost is known: the list that sold most can be the one that earns nothing.
    """
    if horizon_days < 7 or places < 1 or not 0.5 <= level < 1:
        raise ValueError("horizon_days is at least 7, places at least 1, level in [0.5, 1)")
    past = look_back(orders, as_of, horizon_days=horizon_days, past=past)
    ledger, days = past.ledger, past.days
    picks, rows, leads = [], [], []
    for lesson, hope in zip(past.lessons, past.hopes, strict=False):  # hopes of the latest only
        known = lesson.seen.known
        scores = naive_scores(ledger, lesson.origin, days)
        scores[OURS] = hope
        order = {
            rule: pick(np.where(known, score, -np.inf), min(4 * places, int(known.sum())))
            for rule, score in scores.items()
        }
        amount = np.where(known, lesson.amount, 0.0)
        order[BEST] = pick(np.where(known, amount, -np.inf), min(4 * places, int(known.sum())))
        if not (amount > 0).any():
            continue  # nobody earned anything: no pick was better than another
        picks.append((order, amount))
        leads.append(_leads(order, amount, places))
        rows += _judged(order, amount, known, places, lesson.origin, days)
    if not rows:
        why = "the history is too short to try any rule on an earlier period"
        if past.lessons:
            why = "in no earlier period that could be judged did any account earn anything"
        return Backtest(pd.DataFrame(), pd.DataFrame(), OURS, ledger.amount, days, why)
    table = pd.DataFrame(rows)
    shares = _drawn_shares(picks, places, np.random.default_rng(seed))
    league = _league(table, shares, level)
    lead = pd.DataFrame(leads)
    league["lead_around"] = league["rule"].map(lead.mean())
    league["lead_error"] = league["rule"].map(_lead_errors(lead, past))
    tried = lead.notna().sum() >= _LEAST_ORIGINS
    adopted, why = _adopt(league, tried, ledger.amount)
    return Backtest(table, league, adopted, ledger.amount, days, why)


def _judged(
    order: dict[str, np.ndarray],
    amount: np.ndarray,
    known: np.ndarray,
    places: int,
    origin: int,
    days: int,
) -> list[dict]:
    """Sum up what each rule's picks went on to earn; a random pick earns the mean."""
    best = float(amount[order[BEST][:places]].clip(min=0).sum())
    earned = {rule: float(amount[rows[:places]].sum()) for rule, rows in order.items()}
    del earned[BEST]
    earned[RANDOM] = float(amount[known].mean()) * min(places, int(known.sum()))
    return [
        {
            "origin": pd.Timestamp(origin, unit="D"),
            "rule": rule,
            "horizon_days": days,
            "places": places,
            "captured": captured,
            "best_possible": best,
            "captured_share": captured / best if best > 0 else np.nan,
            "regret": best - captured,
        }
        for rule, captured in earned.items()
    ]


def _drawn_shares(
    picks: list[tuple[dict[str, np.ndarray], np.ndarray]],
    places: int,
    generator: np.random.Generator,
) -> pd.DataFrame:
    """Draw days and accounts with replacement; give each rule's mean captured share in each draw.

    An account that is drawn twice fills two places, so each rule goes down its own ranking until
    its places are full.
    """
    common = set.intersection(*(set(order) for order, _ in picks))
    rules = [rule for rule in picks[0][0] if rule in common and rule != BEST]
    total = {rule: np.zeros(_DRAWS) for rule in rules}
    days = generator.multinomial(len(picks), [1 / len(picks)] * len(picks), _DRAWS)
    count = len(picks[0][1])
    pool = np.unique(np.concatenate([rows for order, _ in picks for rows in order.values()]))
    place = np.full(count, -1)
    place[pool] = np.arange(len(pool))
    weights = generator.poisson(1.0, (_DRAWS, len(pool))).astype(np.int8)
    for number, (order, amount) in enumerate(picks):
        best = _filled(weights[:, place[order[BEST]]], amount[order[BEST]].clip(min=0), places)
        for rule in rules:
            earned = _filled(weights[:, place[order[rule]]], amount[order[rule]], places)
            share = np.divide(earned, best, out=np.zeros(_DRAWS), where=best > 0)
            total[rule] += days[:, number] * share
    return pd.DataFrame(total) / len(picks)


def _filled(weights: np.ndarray, amount: np.ndarray, places: int) -> np.ndarray:
    """Sum the amounts of the first places of a ranking in which accounts stand several times."""
    before = np.cumsum(weights, axis=1, dtype=np.int64) - weights
    return np.clip(places - before, 0, weights) @ amount


def _league(table: pd.DataFrame, shares: pd.DataFrame, level: float) -> pd.DataFrame:
    """Give each rule's mean, its interval, and its lead over ours."""
    wide = table.pivot_table(index="origin", columns="rule", values="captured_share")
    ends = [(1 - level) / 2, (1 + level) / 2]
    rows = []
    for rule, group in table.groupby("rule", sort=False):
        drawn = shares.get(rule)
        gap = None if drawn is None or rule == OURS else drawn - shares[OURS]
        rows.append(
            {
                "rule": rule,
                "origins": len(group),
                "mean": group["captured_share"].mean(),
                "low": np.nan if drawn is None else drawn.quantile(ends[0]),
                "high": np.nan if drawn is None else drawn.quantile(ends[1]),
                "against_ours": (wide[rule] - wide[OURS]).mean(),
                "against_low": np.nan if gap is None else gap.quantile(ends[0]),
                "against_high": np.nan if gap is None else gap.quantile(ends[1]),
                "regret": group["regret"].mean(),
                "won": int((wide[rule] >= wide.max(axis=1)).sum()),
            }
        )
    league = pd.DataFrame(rows)
    return league.sort_values(["mean", "rule"], ascending=[False, True], ignore_index=True)


def _leads(order: dict[str, np.ndarray], amount: np.ndarray, places: int) -> dict[str, float]:
    """Give each rule's mean lead over ours over lists around the asked length."""
    total = dict.fromkeys((rule for rule in order if rule != BEST), 0.0)
    for times in _AROUND:
        length = max(int(times * places), 1)
        best = float(amount[order[BEST][:length]].clip(min=0).sum())
        for rule in total:
            total[rule] += float(amount[order[rule][:length]].sum()) / best / len(_AROUND)
    return {rule: share - total[OURS] for rule, share in total.items()}


def _lead_errors(lead: pd.DataFrame, past: Past) -> pd.Series:
    """Give the standard error of each rule's mean lead; days whose periods overlap count for less.

    With days a quarter of a period apart, eight days tell about as much as three would.
    """
    origins = [lesson.origin for lesson in past.lessons]
    step = -float(np.diff(origins).mean()) if len(origins) > 1 else 0.0
    worth = 1 + (lead.notna().sum() - 1) * min(step / past.days, 1.0)
    return lead.std() / np.sqrt(worth)


def _adopt(league: pd.DataFrame, tried: pd.Series, amount: str) -> tuple[str, str]:
    """Choose the rule to use: ours, unless a simple one that ranks by the same amount led."""
    named = league.set_index("rule")
    rivals = named[named.index.isin(tried.index[tried]) & (named.index != OURS)]
    if amount == "gross_profit":
        rivals = rivals[rivals.index.str.startswith("gross profit")]
    if rivals.empty:
        return OURS, "no other rule could be tried often enough"
    clear = rivals[rivals["lead_around"] > _CLEARLY * rivals["lead_error"]]
    best = str((rivals if clear.empty else clear)["lead_around"].idxmax())
    lead, error = 100 * rivals.loc[best, ["lead_around", "lead_error"]]
    ours, theirs = named.loc[[OURS, best], "mean"]
    said = f"it captured {ours:.1%} of the best possible, {best} {theirs:.1%}"
    if not clear.empty:
        return best, (
            f"{best} did better by {lead:.1f} points over lists half, once and twice as long, more "
            f"than chance gives ({OURS}: {said.removeprefix('it ')})"
        )
    if lead > 0:
        return OURS, (
            f"{best} was ahead by {lead:.1f} points over lists half, once and twice as long, which "
            f"is no more than chance gives (error {error:.1f}): {said}"
        )
    return OURS, f"over lists half, once and twice as long no simple rule did better: {said}"
