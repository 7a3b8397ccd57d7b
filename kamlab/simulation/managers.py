"""Who looks after whom, and how well? Account managers, their superiors and their portfolios."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from kamlab.simulation.config import Config
from kamlab.simulation.latents import INDUSTRIES, REGIONS, Latents

CAPACITY = 9
_SPAN = 7
EXPERTS = ("quality", "packaging technology", "logistics", "finance", "sustainability")


@dataclass(frozen=True, slots=True)
class Management:
    """The portfolios.

    Attributes
    ----------
    manager : int array of shape (n,)
        Number of each account's manager, -1 = nobody.
    skill : array of shape (managers,)
        Standard score.
    legacy_rank : array of shape (n,)
        Rank (0 = first) on the sales figure of 2021 by which managers were given.
    """

    manager: np.ndarray
    skill: np.ndarray
    legacy_rank: np.ndarray

    def quality(self, active: np.ndarray, config: Config) -> np.ndarray:
        """Give the quality of management of each account in each world.

        Parameters
        ----------
        active : numpy.ndarray of shape (worlds * n,)
            A manager's load is the number of his or her accounts that still buy.
        config : Config

        Returns
        -------
        numpy.ndarray of shape (worlds * n,)
            0 for nobody; else `config.management * load_effect * (1 + 0.3 * skill)`.
        """
        n, managers = len(self.manager), len(self.skill)
        worlds = len(active) // n
        served = np.tile(self.manager, worlds)
        slot = np.repeat(np.arange(worlds), n) * (managers + 1) + served
        slot = np.where(
            served < 0, np.repeat(np.arange(worlds), n) * (managers + 1) + managers, slot
        )
        load = np.bincount(slot, active, worlds * (managers + 1))[slot]
        skill = np.append(self.skill, 0.0)[served]
        return np.where(
            served < 0, 0.0, config.management * load_effect(load) * np.maximum(1 + 0.3 * skill, 0)
        )


def load_effect(load: np.ndarray | float) -> np.ndarray:
    """Give the share of a manager's effect that is left at a load of accounts.

    Examples
    --------
    >>> load_effect(np.array([5, 9, 11, 16])).round(2)
    array([0.95, 0.73, 0.5 , 0.08])
    """
    return 1 / (1 + np.exp((np.minimum(load, 99.0) - 11) / 2))


def draw_management(latents: Latents, config: Config, rng: np.random.Generator) -> Management:
    """Give managers to the accounts with most sales in 2021, in portfolios of 4 to 14 accounts.

    The rule is the old one (sales), so who is managed is confounded with size and bargaining.
    """
    n = config.n_accounts
    sales = latents.log_wallet - np.log1p(np.exp(-latents.share_base)) + rng.normal(0, 0.35, n)
    sales = np.where(latents.start > 0, -np.inf, sales)
    order = np.argsort(-sales)
    rank = np.empty(n, dtype=np.int64)
    rank[order] = np.arange(n)
    managed = order[: round(config.managed_share * n)]
    managers = max(round(len(managed) / CAPACITY), 1)
    appetite = rng.permutation(np.linspace(5, 13, managers))
    manager = np.full(n, -1, dtype=np.int64)
    manager[managed] = rng.choice(managers, len(managed), p=appetite / appetite.sum())
    return Management(manager=manager, skill=rng.normal(0, 1, managers), legacy_rank=rank)


def manager_ids(management: Management) -> np.ndarray:
    """Give the ids of the account managers in the order of their numbers."""
    return np.array([f"M{i + 1:04d}" for i in range(len(management.skill))], dtype=object)


def managers_table(
    management: Management, names: np.ndarray, rng: np.random.Generator
) -> pd.DataFrame:
    """Make the table of managers with the chain of reports up to the chief executive.

    Parameters
    ----------
    management : Management
    names : numpy.ndarray
        Names to draw from.
    rng : numpy.random.Generator

    Returns
    -------
    pandas.DataFrame
        manager_id, name, region, industries, capacity, reports_to, role.
    """
    account_managers = len(management.skill)
    national = max(-(-account_managers // _SPAN), 2)
    vice = max(-(-national // _SPAN), 1)
    region = np.array(REGIONS)[np.arange(account_managers) % len(REGIONS)]
    industries = [
        ", ".join(sorted(np.array(INDUSTRIES)[rng.choice(len(INDUSTRIES), 2, replace=False)]))
        for _ in range(account_managers)
    ]
    chief, vices, nationals = "E0001", [f"V{i + 1:04d}" for i in range(vice)], national
    frames = [
        pd.DataFrame(
            {
                "manager_id": manager_ids(management),
                "region": region,
                "industries": industries,
                "capacity": CAPACITY,
                "reports_to": [f"N{i % nationals + 1:04d}" for i in range(account_managers)],
                "role": "account manager",
            }
        ),
        pd.DataFrame(
            {
                "manager_id": [f"N{i + 1:04d}" for i in range(national)],
                "region": [REGIONS[i % len(REGIONS)] for i in range(national)],
                "capacity": 0,
                "reports_to": [vices[i % vice] for i in range(national)],
                "role": "national sales manager",
            }
        ),
        pd.DataFrame(
            {
                "manager_id": vices,
                "capacity": 0,
                "reports_to": chief,
                "role": "vice-president of sales",
            }
        ),
        pd.DataFrame({"manager_id": [chief], "capacity": [0], "role": ["chief executive"]}),
        pd.DataFrame(
            {
                "manager_id": [f"X{i + 1:04d}" for i in range(len(EXPERTS))],
                "industries": list(EXPERTS),
                "capacity": 0,
                "reports_to": vices[0],
                "role": "function expert",
            }
        ),
    ]
    table = pd.concat(frames, ignore_index=True)
    table["name"] = rng.choice(names, len(table), replace=len(names) < len(table))
    columns = ["manager_id", "name", "region", "industries", "capacity", "reports_to", "role"]
    return table[columns]
