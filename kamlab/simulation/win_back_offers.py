"""What was offered to those that had left, and who came back? Its own random stream."""

import numpy as np
import pandas as pd

from kamlab.simulation.accounts import Identity
from kamlab.simulation.config import END, MONTHS
from kamlab.simulation.history import History
from kamlab.simulation.latents import Latents
from kamlab.simulation.leaving import CAUSES

KINDS = ("price", "service")
SHARES = (0.005, 0.01, 0.02, 0.04)  # of the purchases of the last year
_ROUNDS = (4, 10, 16)  # months after leaving
_ANSWER = 180  # days within which an account comes back or does not
_LEAST_MARGIN = 0.04
_YEAR = 365


def return_chance(
    share: np.ndarray, kind: np.ndarray, cause: np.ndarray, years: np.ndarray
) -> np.ndarray:
    """Give the true probability that an account comes back for an offer.

    The log odds are ``-0.8 + 1.2·log2(share / 0.01) + 0.7·fits - 0.8·years``; a price offer fits
    those that left for the price, a promise of service those that left for service or a broken
    relationship. Closed firms never come back.

    Parameters
    ----------
    share : numpy.ndarray
        Worth of the offer, of the purchases of the last year.
    kind : numpy.ndarray of int
        Code into `KINDS`.
    cause : numpy.ndarray of int
        Code into `leaving.CAUSES`.
    years : numpy.ndarray
        Since the account left.

    Returns
    -------
    numpy.ndarray
    """
    name = np.array(CAUSES, dtype=object)[cause]
    fits = np.where(kind == 0, name == "price", np.isin(name, ["service", "relationship"]))
    odds = -0.8 + 1.2 * np.log2(share / 0.01) + 0.7 * fits - 0.8 * years
    return np.where(name == "closure", 0.0, 1 / (1 + np.exp(-odds)))


def draw_win_back_offers(
    latents: Latents, history: History, identity: Identity, rng: np.random.Generator
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw the offers to accounts that had left: 4, 10 and 16 months later, while it stays away.

    A lot decides on kind and worth. Who comes back does so within half a year and brings, in the
    year from the offer, the gross profit of its last year times a factor around 0.8. It buys under
    the number of another firm, so that the order lines know nothing of it: the record of the offer
    tells.

    Parameters
    ----------
    latents : Latents
    history : History
    identity : Identity
    rng : numpy.random.Generator

    Returns
    -------
    offers : pandas.DataFrame
        Canonical columns of win_back_offers, EUR; `came_back` is missing where half a year is not
        over, `second_value` where a year is not.
    truth : pandas.DataFrame
        account_id, date, share (worth, of the purchases of the last year), chance (of coming back),
        value (expected if it does), cause.
    """
    account = np.flatnonzero(history.left < MONTHS)
    count = len(account)
    left, cause = history.left[account], history.cause[account]
    bought = np.array(
        [
            history.volume[max(month - 11, 0) : month + 1, one].sum(dtype=float)
            for one, month in zip(account, left, strict=True)
        ]
    ).reshape(count)
    margin = 1 - latents.discount[account] - latents.cost_ratio[account]
    value = 0.8 * bought * np.maximum(margin, _LEAST_MARGIN)
    end = np.datetime64(END, "D")
    away = cause != CAUSES.index("closure")
    observed, hidden = [], []
    for months in _ROUNDS:
        day = (np.datetime64("2022-01") + left + 1 + months).astype("datetime64[D]")
        day = day + rng.integers(0, 28, count)
        kind = rng.integers(0, len(KINDS), count)
        share = np.array(SHARES)[rng.integers(0, len(SHARES), count)]
        chance = return_chance(share, kind, cause, np.full(count, months / 12))
        comes = rng.random(count) < chance
        brought = value * rng.lognormal(-0.045, 0.3, count)
        made = away & (day < end)
        told = day + _ANSWER < end
        gained = np.where(comes, np.round(brought, 2), 0.0)
        rows = pd.DataFrame(
            {
                "account_id": identity.ids[account],
                "date": day.astype("datetime64[us]"),
                "kind": np.array(KINDS, dtype=object)[kind],
                "offer": np.round(share * bought, 2),
                "came_back": pd.array(comes, dtype="boolean"),
                "second_value": gained,
            }
        )
        rows.loc[~told, "came_back"] = pd.NA
        rows["second_value"] = rows["second_value"].where(day + _YEAR < end)
        observed.append(rows[made])
        hidden.append(
            rows[["account_id", "date"]].assign(
                share=share, chance=chance, value=value, cause=np.array(CAUSES, dtype=object)[cause]
            )[made]
        )
        away = away & ~comes
    tables = [pd.concat(parts, ignore_index=True) for parts in (observed, hidden)]
    offers, truth = (
        table.sort_values(["date", "account_id"], ignore_index=True, kind="stable")
        for table in tables
    )
    return offers, truth
