"""What must an assignment keep, and how badly does each manager fit each account?"""

from dataclasses import dataclass

import numpy as np
import pandas as pd


@dataclass(frozen=True, slots=True)
class Rules:
    """What an assignment must keep and what it weighs, all in the unit of `mismatch`.

    Attributes
    ----------
    region_penalty : float
        Mismatch of an account outside its manager's region, not negative.
    industry_penalty : float
        Mismatch of an account whose industry the manager does not know.
    hand_over_penalty : float
        Mismatch of an account that changes its manager.
    load_penalty : float
        Mismatch per unit of workload by which managers differ from the mean, summed.
    most_hand_overs : int or None
        Hard limit of accounts that change their manager; None: free.
    same_region : bool
        Whether an account must stay in its manager's region (hard).
    most_risk_share : float
        Largest share of the gross profit at risk in one manager's hands, above 0 to 1.
    fewest_accounts : int
        Fewest accounts of a manager who has any.
    """

    region_penalty: float = 1.0
    industry_penalty: float = 0.5
    hand_over_penalty: float = 0.4
    load_penalty: float = 0.1
    most_hand_overs: int | None = None
    same_region: bool = False
    most_risk_share: float = 1.0
    fewest_accounts: int = 0

    def __post_init__(self) -> None:
        """Refuse rules that mean nothing."""
        penalties = ("region_penalty", "industry_penalty", "hand_over_penalty", "load_penalty")
        for name in (*penalties, "fewest_accounts"):
            if getattr(self, name) < 0:
                raise ValueError(f"{name} is not negative, got {getattr(self, name)}")
        if not 0 < self.most_risk_share <= 1:
            raise ValueError(
                f"most_risk_share lies above 0 and up to 1, not {self.most_risk_share}"
            )


def mismatch_matrix(accounts: pd.DataFrame, managers: pd.DataFrame, rules: Rules) -> np.ndarray:
    """Give the mismatch of each account with each manager.

    Parameters
    ----------
    accounts : pd.DataFrame
        `account_id` and, where known, `region`, `industry`, `manager_id` (today's) and `workload`.
    managers : pd.DataFrame
        `manager_id` and, where known, `region` and `industries` (separated by commas).

    Returns
    -------
    np.ndarray of shape (n_accounts, n_managers)
    """
    total = np.zeros((len(accounts), len(managers)))
    total += rules.region_penalty * outside_region(accounts, managers)
    if "industry" in accounts and "industries" in managers:
        known = [
            {part.strip().casefold() for part in str(text).split(",")} if pd.notna(text) else None
            for text in managers["industries"]
        ]
        wanted = accounts["industry"].astype("string").str.casefold()
        strange = np.array(
            [
                [pd.notna(one) and some is not None and one not in some for some in known]
                for one in wanted
            ]
        ).reshape(total.shape)
        total += rules.industry_penalty * strange
    if "manager_id" in accounts:
        today = accounts["manager_id"].to_numpy()[:, None]
        moved = (today != managers["manager_id"].to_numpy()[None, :]) & pd.notna(today)
        total += rules.hand_over_penalty * moved
    return total


def outside_region(accounts: pd.DataFrame, managers: pd.DataFrame) -> np.ndarray:
    """Tell which accounts lie outside which manager's region; unknown regions lie nowhere."""
    if "region" not in accounts or "region" not in managers:
        return np.zeros((len(accounts), len(managers)), dtype=bool)
    here = accounts["region"].to_numpy(object)[:, None]
    there = managers["region"].to_numpy(object)[None, :]
    return (here != there) & pd.notna(here) & pd.notna(there)


def handed_over(accounts: pd.DataFrame, managers: pd.DataFrame) -> np.ndarray:
    """Tell which choices would hand an account over."""
    if "manager_id" not in accounts:
        return np.zeros((len(accounts), len(managers)), dtype=bool)
    today = accounts["manager_id"].to_numpy(object)[:, None]
    return (today != managers["manager_id"].to_numpy(object)[None, :]) & pd.notna(today)


def number(frame: pd.DataFrame, name: str, default: float) -> np.ndarray:
    """Give a column as numbers, with a default where it is absent or missing."""
    if name not in frame:
        return np.full(len(frame), default)
    return pd.to_numeric(frame[name]).fillna(default).to_numpy(float)
