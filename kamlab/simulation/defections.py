"""Why did they leave, and what was written down? True causes, managers' reports, interviews.

A manager who lost an account to bad service or a broken relationship writes "price" or "closure"
in 45 of 100 cases, and writes nothing in one case of four, more often with a poor record. An
independent interviewer reaches three in ten of those still in business and is right in nine of
ten. So shares of reasons counted from reports overstate price and closure.
"""

import numpy as np
import pandas as pd

from kamlab.simulation.accounts import Identity
from kamlab.simulation.config import END, MONTHS
from kamlab.simulation.gaps import known
from kamlab.simulation.history import NEVER, History
from kamlab.simulation.latents import Latents
from kamlab.simulation.leaving import AVOIDABLE, CAUSES
from kamlab.simulation.managers import Management, manager_ids
from kamlab.simulation.names import COMPETITORS, INSOURCED

INTERVIEWED = 0.30
UNRECORDED = 0.05
_MISSING = 0.25
MANAGER_CONFUSION = np.array(
    [
        # price quality service relation brand closure insource   true cause:
        [0.88, 0.03, 0.01, 0.01, 0.02, 0.03, 0.02],  # price
        [0.22, 0.66, 0.03, 0.01, 0.02, 0.04, 0.02],  # quality
        [0.32, 0.05, 0.45, 0.02, 0.01, 0.13, 0.02],  # service
        [0.33, 0.03, 0.03, 0.45, 0.02, 0.12, 0.02],  # relationship
        [0.25, 0.08, 0.02, 0.02, 0.57, 0.04, 0.02],  # brand
        [0.02, 0.00, 0.00, 0.00, 0.00, 0.96, 0.02],  # closure
        [0.05, 0.02, 0.00, 0.00, 0.01, 0.04, 0.88],  # insource
    ]
)
INTERVIEW_CONFUSION = np.where(np.eye(7) == 1, 0.90, 0.02)
INTERVIEW_CONFUSION[:, 5] = 0  # nobody who still answers is closed
INTERVIEW_CONFUSION[5] = [0, 0, 0, 0, 0, 1, 0]
_LEVEL = ("price", "quality", "quality", "culture", "culture", None, None)
_WORDS = (
    "The other offer was clearly cheaper, and we had to take it.",
    "The last deliveries had defects that our own customers saw.",
    "We waited for answers and for trucks; nobody took care of it.",
    "People changed, promises were forgotten, we did not feel wanted.",
    "Our customers asked for a name that they know.",
    "The plant is closed.",
    "We bought our own machine and make it ourselves now.",
)


def draw_defections(
    latents: Latents,
    history: History,
    management: Management,
    identity: Identity,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Write down who left, as far as anybody did.

    Parameters
    ----------
    latents : Latents
    history : History
    management : Management
    identity : Identity
    rng : numpy.random.Generator

    Returns
    -------
    defections : pandas.DataFrame
        Canonical columns (`reason` is the manager's), and reported_by, interview_reason.
        `defection_date` is the day of recording, up to six weeks after the account left.
    truth : pandas.DataFrame
        account_id, left_date (first day without the account), fell_date (first day of a fall
        before, or missing), cause, avoidable, recorded, manager_reason, interview_reason,
        competitor.
    """
    account = np.flatnonzero(history.left < MONTHS)
    count = len(account)
    cause = history.cause[account]
    january = np.datetime64("2022-01", "M")
    left = (january + 1 + history.left[account]).astype("datetime64[D]")
    noted = left + rng.integers(0, 43, count)
    recorded = (rng.random(count) >= UNRECORDED) & (noted < np.datetime64(END, "D"))
    manager = management.manager[account]
    poor = np.append(management.skill, 0.0)[manager] < -0.5
    told = rng.random(count) >= _MISSING + 0.2 * poor
    report = _confuse(MANAGER_CONFUSION, cause, rng)
    reached = (rng.random(count) < INTERVIEWED) & (cause != CAUSES.index("closure"))
    interview = _confuse(INTERVIEW_CONFUSION, cause, rng)
    rival = (latents.region[account] + (rng.random(count) < 0.35)) % len(COMPETITORS)
    competitor = np.array(COMPETITORS, dtype=object)[rival]
    competitor = known(np.where(cause == 6, INSOURCED, competitor), cause != 5)
    seen = np.where(reached, interview, np.where(told, report, -1))
    names = np.array([*CAUSES, None], dtype=object)
    reason = names[np.where(told, report, -1)]
    interviewed = names[np.where(reached, interview, -1)]
    named = rng.random(count) < np.where(reached, 0.95, 0.6)
    table = pd.DataFrame(
        {
            "account_id": identity.ids[account],
            "defection_date": noted.astype("datetime64[us]"),
            "reason": reason,
            "competitor": known(competitor, named),
            "level": np.array([*_LEVEL, None], dtype=object)[seen],
            "interview_text": np.array([*_WORDS, None], dtype=object)[
                np.where(reached, interview, -1)
            ],
            "reported_by": np.array([*manager_ids(management), None], dtype=object)[manager],
            "interview_reason": interviewed,
        }
    )[recorded]
    fell = history.fell[account]
    fell_date = (january + np.where(fell == NEVER, 0, fell + 1)).astype("datetime64[us]")
    truth = pd.DataFrame(
        {
            "account_id": identity.ids[account],
            "left_date": left.astype("datetime64[us]"),
            "fell_date": pd.Series(fell_date).where(fell != NEVER),
            "cause": np.array(CAUSES, dtype=object)[cause],
            "avoidable": np.isin(np.array(CAUSES)[cause], AVOIDABLE),
            "recorded": recorded,
            "manager_reason": reason,
            "interview_reason": interviewed,
            "competitor": competitor,
        }
    )
    table = table.sort_values(["defection_date", "account_id"], ignore_index=True)
    return table, truth


def _confuse(confusion: np.ndarray, cause: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Draw what is reported, given the true causes and a matrix with rows that sum to 1."""
    cumulated = np.cumsum(confusion, axis=1)[cause]
    return np.minimum((rng.random(len(cause))[:, None] > cumulated).sum(axis=1), 6)
