"""How satisfied do customers say they are, and who stays silent? Survey waves twice a year.

Answers follow true satisfaction through the respondent's own use of the scale and, by telephone, a
friendlier tone. Who answers depends on satisfaction itself (not missing at random): the mean of the
answers flatters us, and weighting by region or size cannot mend all of it.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlab.simulation.accounts import Identity
from kamlab.simulation.config import first_day
from kamlab.simulation.gaps import known
from kamlab.simulation.history import History
from kamlab.simulation.latents import REGIONS, Latents
from kamlab.simulation.managers import Management

WAVE_MONTHS = (4, 10, 16, 22, 28, 34, 40, 46)
ITEMS = (
    "product quality",
    "delivery",
    "price fairness",
    "service",
    "technical support",
    "complaint handling",
    "brand and trust",
    "cooperation",
    "overall",
)
_CUTS = np.array([-1.9, -1.05, -0.25, 0.95])
_SAMPLED = (0.35, 0.85)  # share of accounts asked: without and with an account manager
_NO_OPINION = 0.07
_COMMENTS = (
    ("never again like last quarter", "nobody listens to us", "问题一直没有解决"),
    ("too many small mistakes", "delivery must become reliable", "交货不稳定"),
    ("neither good nor bad", "no opinion", "一般"),
    ("good supplier, keep it up", "friendly people", "服务不错"),
    ("best partner we have", "you solve problems before we see them", "非常满意"),
)


@dataclass(frozen=True, slots=True)
class _Wave:
    """Everything about one wave; arrays of shape (accounts in the frame,)."""

    month: int
    account: np.ndarray
    managed: np.ndarray
    satisfaction: np.ndarray
    asked: np.ndarray
    answered: np.ndarray
    by_call: np.ndarray
    scores: np.ndarray  # (frame, items), what each account would answer


def draw_surveys(
    latents: Latents,
    history: History,
    management: Management,
    identity: Identity,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Ask the customers in eight waves.

    Parameters
    ----------
    latents : Latents
    history : History
    management : Management
    identity : Identity
    rng : numpy.random.Generator

    Returns
    -------
    responses : pandas.DataFrame
        Canonical columns and `mode` (questionnaire or call). An item without opinion is answered
        with 3 in 60 % of the cases and left out in the others.
    truth : pandas.DataFrame
        One row a wave, segment and item: mean_score and top_two_share of all accounts of the
        segment had all answered by questionnaire, mean satisfaction, accounts, asked, answered,
        answered_mean (mean score of those who answered).
    sample : pandas.DataFrame
        wave, account_id, asked, answered, satisfaction, probability (of answering).
    """
    style = rng.normal(0, 0.35, len(identity.ids))
    responses, truths, samples = [], [], []
    for month in WAVE_MONTHS:
        wave, probability = _wave(latents, history, management, month, style, rng)
        day = first_day(month) + 14
        responses.append(_responses(wave, day, latents, identity, rng))
        truths.append(_truth(wave, day, latents))
        samples.append(
            pd.DataFrame(
                {
                    "wave": day,
                    "account_id": identity.ids[wave.account],
                    "asked": wave.asked,
                    "answered": wave.answered,
                    "satisfaction": wave.satisfaction,
                    "probability": probability,
                }
            )
        )
    frames = [pd.concat(parts, ignore_index=True) for parts in (responses, truths, samples)]
    for frame in frames:
        frame["wave"] = frame["wave"].astype("datetime64[us]")
    return frames[0], frames[1], frames[2]


def _wave(
    latents: Latents,
    history: History,
    management: Management,
    month: int,
    style: np.ndarray,
    rng: np.random.Generator,
) -> tuple[_Wave, np.ndarray]:
    """Draw who is asked, who answers and what all would answer."""
    account = np.flatnonzero(history.volume[month] > 0)
    mood = history.satisfaction[month, account].astype(float)
    managed = management.manager[account] >= 0
    asked = rng.random(len(account)) < np.where(managed, _SAMPLED[1], _SAMPLED[0])
    probability = 1 / (1 + np.exp(0.2 - 1.1 * mood - 0.3 * managed))
    answered = asked & (rng.random(len(account)) < probability)
    by_call = rng.random(len(account)) < 0.3
    scores = _scores(latents, history, account, month, style, rng)
    wave = _Wave(month, account, managed, mood, asked, answered, by_call, scores)
    return wave, probability


def _scores(
    latents: Latents,
    history: History,
    account: np.ndarray,
    month: int,
    style: np.ndarray,
    rng: np.random.Generator,
) -> np.ndarray:
    """Draw each account's opinion on each item, before the five steps of the scale."""
    mood = history.satisfaction[month, account].astype(float)
    contact = history.contact[month, account].astype(float)
    own = np.column_stack(
        [
            0.1 - 0.30 * latents.quality[account],
            -0.25 * np.log(latents.complexity[account]),
            -0.2 - 0.50 * latents.price[account] - 2.0 * (0.12 - latents.discount[account]),
            0.6 * (contact - 0.7),
            0.2 - 0.15 * latents.quality[account],
            -0.2 + 0.3 * (contact - 0.7),
            0.45 * latents.brand[account],
            0.40 * latents.culture[account],
            -0.10 * latents.price[account] + 0.10 * latents.brand[account],
        ]
    )
    weight = np.array([1.3, 1.5, 0.7, 1.5, 1.0, 1.5, 0.8, 1.1, 1.8])
    noise = rng.normal(0, 0.55, own.shape)
    return mood[:, None] * weight + own + style[account, None] + noise


def _steps(opinion: np.ndarray) -> np.ndarray:
    """Put opinions on the five-point scale, 5 highly satisfied to 1 extremely dissatisfied."""
    return 1 + np.searchsorted(_CUTS, opinion)


def _responses(
    wave: _Wave,
    day: np.datetime64,
    latents: Latents,
    identity: Identity,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Write down what those who answered said."""
    rows = np.flatnonzero(wave.answered)
    account = wave.account[rows]
    said = _steps(wave.scores[rows] + 0.25 * wave.by_call[rows, None])
    luck = rng.random((2, *said.shape))
    blank = luck[0] < _NO_OPINION
    blank[:, -1] = False
    said = np.where(blank, 3, said)
    kept = ~(blank & (luck[1] > 0.6))
    weigh = np.full(said.shape, 3.3)
    weigh[:, 2] += 0.8 * latents.price[account]
    weigh[:, 0] += 0.6 * latents.quality[account]
    weigh[:, 7] += 0.4 * latents.culture[account]
    weigh = np.clip(np.round(weigh + rng.normal(0, 0.7, said.shape)), 1, 5)
    comment = np.full(said.shape, None, dtype=object)
    talks = rng.random(len(rows)) < 0.35
    words = np.array(_COMMENTS, dtype=object)
    last = words[said[:, -1] - 1, rng.integers(0, 3, len(rows))]
    comment[:, -1] = known(last, talks)
    row, item = np.nonzero(kept)
    stamp = np.datetime_as_string(day)[:7]
    return pd.DataFrame(
        {
            "response_id": f"{stamp}-" + pd.Series(identity.ids[account[row]]),
            "account_id": identity.ids[account[row]],
            "wave": day,
            "item": np.array(ITEMS, dtype=object)[item],
            "score": said[row, item],
            "importance": weigh[row, item].astype(int),
            "comment": comment[row, item],
            "mode": np.where(wave.by_call[rows[row]], "call", "questionnaire"),
        }
    )


def _truth(wave: _Wave, day: np.datetime64, latents: Latents) -> pd.DataFrame:
    """Describe all accounts of the frame, by segment and item."""
    steps = _steps(wave.scores)
    heard = _steps(wave.scores + 0.25 * wave.by_call[:, None])
    segments = {
        "all": np.ones(len(wave.account), dtype=bool),
        "managed": wave.managed,
        "not managed": ~wave.managed,
        **{name: latents.region[wave.account] == code for code, name in enumerate(REGIONS)},
    }
    parts = []
    for name, member in segments.items():
        if not member.any():
            continue
        answered = member & wave.answered
        parts.append(
            pd.DataFrame(
                {
                    "wave": day,
                    "segment": name,
                    "item": ITEMS,
                    "mean_score": steps[member].mean(axis=0),
                    "top_two_share": (steps[member] >= 4).mean(axis=0),
                    "satisfaction": wave.satisfaction[member].mean(),
                    "accounts": int(member.sum()),
                    "asked": int((member & wave.asked).sum()),
                    "answered": int(answered.sum()),
                    "answered_mean": heard[answered].mean(axis=0) if answered.any() else np.nan,
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
