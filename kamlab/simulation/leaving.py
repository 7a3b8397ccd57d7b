"""Why and when does an account leave? The true hazards, cause by cause."""

import numpy as np

from kamlab.simulation.config import Config
from kamlab.simulation.latents import Latents

CAUSES = ("price", "quality", "service", "relationship", "brand", "closure", "insource")
AVOIDABLE = ("price", "quality", "service", "relationship", "brand")
DIRECT = 0.5  # share of decisions to leave that are carried out at once; the others fall first
LEAVE_AFTER_FALL = 0.22  # monthly probability that a fallen account leaves
RECOVER = 0.05  # monthly probability that a fallen account comes back to its volume
LOSS_GIVEN_DEFAULT = 0.6  # share of what is owed that an insolvent account never pays


def cause_hazards(
    latents: Latents,
    config: Config,
    *,
    satisfaction: np.ndarray,
    contact: np.ndarray,
    health: np.ndarray,
    strength: np.ndarray,
    managed: np.ndarray,
    concession: np.ndarray,
    visited: np.ndarray,
) -> np.ndarray:
    """Give the monthly hazard of deciding to leave, by cause.

    Parameters
    ----------
    latents : Latents
        Of n accounts.
    config : Config
    satisfaction, contact, health, strength : numpy.ndarray of shape (n,)
        State of the month; `strength` is that of the competitors in the account's region.
    managed : numpy.ndarray of shape (n,)
        Quality of account management, 0 (nobody) to about 1.5.
    concession, visited : numpy.ndarray of shape (n,), bool
        Whether a price concession or a visit programme is under way.

    Returns
    -------
    numpy.ndarray of shape (7, n)
        Hazards per month in the order of `CAUSES`.
    """
    hurt = np.maximum(latents.price, 0)
    power = np.maximum(latents.bargaining, 0)
    unhappy = -0.75 * satisfaction
    log_complexity = np.log(latents.complexity)
    logs = np.stack(
        [
            -6.75 + 0.85 * hurt * (1 + 0.3 * strength) + 0.25 * power + 0.3 * unhappy,
            -6.60 + unhappy + 0.35 * latents.quality,
            -6.40 + unhappy - 0.30 * contact + 0.15 * log_complexity,
            -6.15 + 0.5 * unhappy - 0.50 * contact - 0.30 * latents.culture,
            -6.90 + 0.3 * unhappy - 0.50 * latents.brand,
            -6.50 - 1.05 * config.finance * health,
            -8.00 + 0.30 * np.maximum(latents.log_wallet - 11.5, 0),
        ]
    )
    logs[:5] += 0.2 * strength - 0.18 * config.philosophy * latents.philosophy
    logs[:5] -= 0.45 * managed * (1 - 0.25 * np.minimum(hurt, 1.5))
    logs[:5] -= 0.35 * visited * latents.response
    logs[0] -= np.where(concession, np.where(latents.price > 1, 1.2, 0.1), 0.0)
    return np.exp(np.minimum(logs, -1.6))


def monthly_probability(hazards: np.ndarray, fallen: np.ndarray) -> np.ndarray:
    """Give the probability that an account leaves at the end of this month.

    An account whole decides with the sum of its hazards and carries it out at once in a share
    `DIRECT` of the cases; a fallen account leaves with `LEAVE_AFTER_FALL`.

    Parameters
    ----------
    hazards : numpy.ndarray of shape (7, n)
    fallen : numpy.ndarray of shape (n,), bool

    Returns
    -------
    numpy.ndarray of shape (n,)
    """
    direct = np.append(np.full(5, DIRECT), [1.0, DIRECT])  # an insolvency asks nobody
    total = hazards.sum(axis=0)
    at_once = (hazards * direct[:, None]).sum(axis=0) / np.where(total > 0, total, 1.0)
    leave_now = (1 - np.exp(-total)) * at_once
    after_fall = 1 - (1 - LEAVE_AFTER_FALL) * np.exp(-hazards[5])
    return np.where(fallen, after_fall, leave_now)
