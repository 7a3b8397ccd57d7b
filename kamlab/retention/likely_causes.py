"""If this account leaves, for which cause? Told from past losses and from its own signs."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.special import log_softmax, logsumexp

from kamlab.retention.cause_signs import cause_signs, topic_of
from kamlab.retention.true_reasons import TrueReasons, true_reasons

FEWEST = 30  # losses with a reason below which nothing is said of one account
_A_CAUSE = 4  # losses to a cause below which they are too few for so many causes
# log-odds that a standard deviation of a cause's signs is thought to add, and how surely
_BEFOREHAND, _ERROR = 0.3, 0.15
_GRID = np.linspace(0.0, 1.0, 101)
_CLEAR = 0.5  # standard deviations from which a sign is named
_DRAWS = 200
_ASKED = 5  # interviews below which the record stands as it is


@dataclass(frozen=True, slots=True)
class LikelyCauses:
    """For which cause each account would leave, if it left.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account: `account_id`, `cause_1`, `share_1`, `cause_2`, `share_2` (the two
        likeliest causes and their probabilities, given that it leaves; 0 to 1) and `sign` (the
        account's own clearest sign that speaks for the first; missing where it shows none). Empty
        where too little is known.
    losses : int
        Past losses with a reason, from which this was learnt.
    strength : float
        Log-odds that a standard deviation of a cause's signs adds; 0 where signs told nothing.
    gain : float
        Mean log likelihood of past records (natural logarithm, a loss) by what was known of signs
        beforehand, beyond that by the overall shares.
    shares : pd.Series
        Of each cause among past losses.
    """

    table: pd.DataFrame
    losses: int
    strength: float
    gain: float
    shares: pd.Series


def likely_causes(
    accounts: Collection[str],
    defections: pd.DataFrame,
    daily: pd.DataFrame,
    as_of: date | str,
    *,
    interactions: pd.DataFrame | None = None,
    survey_responses: pd.DataFrame | None = None,
    invoices: pd.DataFrame | None = None,
) -> LikelyCauses:
    """Name the two causes for which each account would most likely leave.

    How often each cause came is taken from past losses, corrected by interviews (see
    `true_reasons`). An account's own signs, each on the cause it speaks for by its words, move the
    shares: all by one and the same strength, for which past losses, seen as they were the day
    after their last order, and a guess made beforehand both count. Which sign goes with which cause
    is not learnt: a hundred losses cannot tell seven causes apart by thirty signs.

    Parameters
    ----------
    accounts : collection of str
        Those to tell of, as they are on `as_of`.
    defections : pd.DataFrame
        `account_id`, `defection_date`, and `reason` or `interview_reason`; later rows are not seen.
    daily : pd.DataFrame
        As from `kamlab.accounts.days.daily_sums`.
    as_of : date or str
        First day not seen.
    interactions, survey_responses, invoices : pd.DataFrame, optional
        Canonical tables.

    Returns
    -------
    LikelyCauses
        With an empty table below 30 losses that have a reason, or 4 a cause.

    References
    ----------
    .. [1] D. McFadden, "Conditional logit analysis of qualitative choice behavior", in Frontiers in
       Econometrics, 1974.

    Notes
    -----
    Measured against the truth of simulated distributors in `benchmarks/README.md`.
    """
    end = pd.Timestamp(as_of)
    last = daily[(daily["net_sales"] > 0) & (daily["day"] < end)].groupby("account_id")["day"].max()
    told = defections.reindex(
        columns=["account_id", "defection_date", "reason", "interview_reason"]
    )
    told = told[(told["defection_date"] < end) & told["account_id"].isin(last.index)]
    told = told.dropna(subset=["reason", "interview_reason"], how="all")
    told = told.sort_values("defection_date").drop_duplicates("account_id", keep="last")
    columns = ["account_id", "cause_1", "share_1", "cause_2", "share_2", "sign"]
    nothing = pd.DataFrame(columns=columns)
    if len(told) < FEWEST:
        return LikelyCauses(nothing, len(told), 0.0, 0.0, pd.Series(dtype=float))
    if told["interview_reason"].notna().sum() < _ASKED:
        told = told.assign(interview_reason=told["interview_reason"].fillna(told["reason"]))
    found = true_reasons(told.reset_index(drop=True), draws=_DRAWS)
    if not 2 <= len(found.shares) <= len(told) / _A_CAUSE:
        return LikelyCauses(nothing, len(told), 0.0, 0.0, found.shares)
    shares = _drawn_in(found)
    left = last.reindex(told["account_id"]) + pd.Timedelta(days=1)
    days = [*left, *[end] * len(accounts)]
    keys = pd.DataFrame({"account_id": [*told["account_id"], *accounts], "day": days})
    signs, speaks_for = cause_signs(
        keys.astype({"day": "datetime64[us]"}),
        daily,
        interactions=interactions,
        survey_responses=survey_responses,
        invoices=invoices,
    )
    past = np.arange(len(keys)) < len(told)
    standard = _standardised(signs, past)
    topics = [topic_of(str(cause)) for cause in shares.index]
    speaking = [[name for name in signs if topic in speaks_for[name]] for topic in topics]
    pull = np.column_stack([_joined(standard[names], past) for names in speaking])
    usual = np.log(shares.to_numpy(float))
    # of the record and interview, given each cause
    record = np.log(found.probabilities.to_numpy(float)) - np.log(found.shares.to_numpy(float))
    strength, gain = _strength(usual, pull[past], record)
    chance = np.exp(log_softmax(usual + strength * pull[~past], axis=1))
    return LikelyCauses(
        _named(list(accounts), chance, shares.index, standard[~past], speaking, strength),
        len(told),
        strength,
        gain,
        shares,
    )


def _drawn_in(found: TrueReasons) -> pd.Series:
    """Draw shares towards equal ones by how much of their spread is chance (James and Stein)."""
    equal = 1 / len(found.shares)
    apart = float(((found.shares - equal) ** 2).sum())
    chance = float(found.draws.var(axis=0).sum())
    kept = max(1 - chance / apart, 0.0) if apart > 0 else 0.0
    return equal + kept * (found.shares - equal)


def _standardised(signs: pd.DataFrame, past: np.ndarray) -> pd.DataFrame:
    """Bring signs to the mean and spread of past losses; nought where not known."""
    known = signs.astype(float)
    spread = known[past].std()
    spread = spread.where(spread > 0)
    return ((known - known[past].mean()) / spread).clip(-3, 3).fillna(0.0)


def _joined(signs: pd.DataFrame, past: np.ndarray) -> np.ndarray:
    """Sum up a cause's signs and bring the sum to mean nought and spread one of past losses."""
    total = signs.sum(axis=1).to_numpy(float)
    spread = total[past].std()
    return (total - total[past].mean()) / spread if spread > 0 else np.zeros(len(total))


def _strength(usual: np.ndarray, pull: np.ndarray, record: np.ndarray) -> tuple[float, float]:
    """Weigh what past losses say of the strength with what was thought beforehand."""
    told = np.array([_likelihood(usual, pull, record, strength) for strength in _GRID])
    gain = float(np.interp(_BEFOREHAND, _GRID, told) - told[0])
    if gain <= 0:
        return 0.0, gain / len(pull)
    weighed = told - ((_GRID - _BEFOREHAND) / _ERROR) ** 2 / 2
    return float(_GRID[weighed.argmax()]), gain / len(pull)


def _likelihood(usual: np.ndarray, pull: np.ndarray, record: np.ndarray, strength: float) -> float:
    """Give the log likelihood of what was recorded of past losses."""
    return float(logsumexp(log_softmax(usual + strength * pull, axis=1) + record, axis=1).sum())


def _named(
    accounts: list[str],
    chance: np.ndarray,
    causes: pd.Index,
    signs: pd.DataFrame,
    speaking: list[list[str]],
    strength: float,
) -> pd.DataFrame:
    """Write down the two likeliest causes, and the clearest sign of the first."""
    order = np.argsort(-chance, axis=1, kind="stable")[:, :2]
    rows = np.arange(len(accounts))
    clearest = np.full(len(accounts), None, dtype=object)
    for cause, names in enumerate(speaking):
        mine = order[:, 0] == cause
        if strength > 0 and names and mine.any():
            own = signs.loc[mine, names]
            clearest[mine] = np.where(own.max(axis=1) >= _CLEAR, own.idxmax(axis=1), None)
    return pd.DataFrame(
        {
            "account_id": accounts,
            "cause_1": causes.to_numpy(object)[order[:, 0]],
            "share_1": chance[rows, order[:, 0]],
            "cause_2": causes.to_numpy(object)[order[:, 1]],
            "share_2": chance[rows, order[:, 1]],
            "sign": clearest,
        }
    )
