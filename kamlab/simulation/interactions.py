"""What was said, when and by which channel? Contacts with customers and their words."""

import numpy as np
import pandas as pd

from kamlab.simulation.accounts import Identity
from kamlab.simulation.config import END, MONTHS, Config, first_day
from kamlab.simulation.gaps import known
from kamlab.simulation.history import History
from kamlab.simulation.latents import Latents
from kamlab.simulation.names import COUNTRIES
from kamlab.simulation.records import CHANNELS, KNOWS_ACCOUNT, PREFIXES, Records

CONCERNS = (
    "price",
    "delivery",
    "print quality",
    "leakage",
    "compliance",
    "lead time",
    "service",
    "sustainability",
    "payment terms",
)
_TOPICS = ("enquiry", "order", "complaint", "visit", "training")
_ENGLISH = (
    ("your prices are too high against the other quotation", "we need a better price this year",
     "the increase is more than the resin index explains"),
    ("the pallets came two days late again", "delivery was short by one pallet",
     "our line stood still because the truck did not come"),
    ("colours on the last run are off", "the print is smeared on part of the reel",
     "register shift on the front panel"),
    ("pouches leak at the bottom seal", "seal strength is not stable", "zip opens in the carton"),
    ("please send the migration certificate", "our auditor asks for food contact papers",
     "we need the declaration of compliance"),
    ("six weeks until delivery is too long", "can the lead time be shorter for repeats",
     "we plan in weeks, you answer in months"),
    ("nobody calls back", "our contact changed three times", "it takes days to get an answer"),
    ("retailers ask for recyclable film", "do you have a compostable laminate",
     "we want to cut plastic by a third"),
    ("thirty days is too short for us", "please stretch the payment to ninety days",
     "the credit limit stops our orders"),
)  # fmt: skip
_CHINESE = (
    ("你们的价格比别家高", "今年需要更好的价格"),
    ("又晚到了两天", "送货少了一托盘"),
    ("最近一批颜色有偏差", "印刷有污点"),
    ("袋子底部封口漏", "封口强度不稳定"),
    ("请提供迁移检测报告", "审核需要食品接触证明"),
    ("交期六周太长", "重复订单能否缩短交期"),
    ("没有人回电话", "联系人换了三次"),
    ("客户要求可回收薄膜", "有可降解的复合膜吗"),
    ("三十天账期太短", "希望账期延长到九十天"),
)


def draw_interactions(
    config: Config,
    latents: Latents,
    history: History,
    identity: Identity,
    records: Records,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Draw what customers said to the distributor over the four years.

    Accounts in good contact speak more often; the unhappy complain. What they are concerned about
    follows their latent traits: the price-sensitive speak of price, the badly served of delivery
    and service. About four in ten say nothing of a concern.

    Parameters
    ----------
    config : Config
    latents : Latents
    history : History
    identity : Identity
    records : Records
    rng : numpy.random.Generator

    Returns
    -------
    interactions : pandas.DataFrame
        Canonical columns; `concern` holds the customer's words, in Chinese for many there.
    truth : pandas.DataFrame
        interaction_id, channel, account_id, contact_id (of the person's record or missing),
        concern (code in words or missing).
    """
    month, account = _moments(config, latents, history, rng)
    size = len(account)
    mood = history.satisfaction[month, account].astype(float)
    taste = rng.gamma(np.array([0.9, 0.8, 0.8, 1.2, 0.8, 0.4]), size=(config.n_accounts, 6))
    channel = _pick(taste[account], rng)
    complains = rng.random(size) < 1 / (1 + np.exp(1.6 + 1.8 * mood))
    topic = np.where(complains, 2, rng.choice([0, 1, 3], size, p=[0.45, 0.4, 0.15]))
    topic = np.where(channel == 5, 4, topic)
    concern = _concerns(latents, account, mood, rng)
    silent = rng.random(size) < np.where(complains, 0.05, 0.45)
    sentiment = np.clip(0.25 + 0.45 * mood - 0.55 * complains + rng.normal(0, 0.25, size), -1, 1)
    rated = rng.random(size) < 0.7
    first = first_day(month)
    day = np.minimum(first + rng.integers(0, 31, size), np.datetime64(END, "D") - 1)
    record = _record_of(records, account, channel, rng)
    reached = record >= 0
    named = reached & (rng.random(size) < 0.75)
    knows = rng.random(size) < KNOWS_ACCOUNT[channel]
    number = np.array([f"{i + 1:08d}" for i in range(size)], dtype=object)
    person = records.table.reindex(record).reset_index(drop=True)
    chinese = (identity.country[account] == COUNTRIES.index("China")) & (rng.random(size) < 0.65)
    words = _words(concern, chinese, rng)
    table = pd.DataFrame(
        {
            "interaction_id": np.array(PREFIXES, dtype=object)[channel] + "-" + number,
            "channel": np.array(CHANNELS, dtype=object)[channel],
            "occurred_at": day.astype("datetime64[us]"),
            "account_id": known(identity.ids[account], knows),
            "contact_id": person["contact_id"].where(named),
            "name": person["name"].where(reached & ~named),
            "phone": person["phone"].where(reached & ~named & (channel != 3)),
            "email": person["email"].where(reached & (channel >= 3)),
            "topic": np.array(_TOPICS, dtype=object)[topic],
            "concern": known(words, ~silent),
            "sentiment": pd.Series(np.round(sentiment, 2)).where(rated),
        }
    )
    truth = pd.DataFrame(
        {
            "interaction_id": table["interaction_id"],
            "channel": table["channel"],
            "account_id": identity.ids[account],
            "contact_id": person["contact_id"].where(reached),
            "concern": known(np.array(CONCERNS, dtype=object)[concern], ~silent),
        }
    )
    order = np.argsort(day, kind="stable")
    return table.iloc[order].reset_index(drop=True), truth.iloc[order].reset_index(drop=True)


def _moments(
    config: Config, latents: Latents, history: History, rng: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Draw months and accounts of interactions."""
    size = np.exp(0.25 * (latents.log_wallet - 10.8))
    months, accounts = [], []
    for month in range(MONTHS):
        lively = 0.4 + np.clip(history.contact[month].astype(float), 0, 2)
        rate = config.contacts_a_year / 12 * lively * size * (history.volume[month] > 0)
        count = rng.poisson(rate)
        accounts.append(np.repeat(np.arange(len(count)), count))
        months.append(np.full(int(count.sum()), month))
    return np.concatenate(months), np.concatenate(accounts)


def _pick(weights: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Pick one column a row in proportion to weights of shape (m, k)."""
    cumulated = np.cumsum(weights, axis=1)
    aim = rng.random(len(weights)) * cumulated[:, -1]
    return (aim[:, None] > cumulated[:, :-1]).sum(axis=1)


def _concerns(
    latents: Latents, account: np.ndarray, mood: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Draw what each interaction's customer worries about."""
    logs = np.zeros((len(account), len(CONCERNS)))
    logs[:, 0] = 0.4 + 0.9 * latents.price[account]
    logs[:, [1, 6]] = 0.2 - 0.8 * mood[:, None]
    logs[:, [2, 3]] = -0.2 + 0.6 * latents.quality[account, None] - 0.6 * mood[:, None]
    logs[:, 4] = np.where(latents.industry[account] == 2, 1.2, -0.8)
    logs[:, 5] = -0.3
    logs[:, 7] = -0.8 + 0.6 * latents.philosophy[account]
    logs[:, 8] = -0.8 - 0.8 * latents.health[account]
    return _pick(np.exp(logs), rng)


def _words(concern: np.ndarray, chinese: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Put concerns into words."""
    english = np.array(_ENGLISH, dtype=object)[concern, rng.integers(0, 3, len(concern))]
    characters = np.array(_CHINESE, dtype=object)[concern, rng.integers(0, 2, len(concern))]
    return np.where(chinese, characters, english)


def _record_of(
    records: Records, account: np.ndarray, channel: np.ndarray, rng: np.random.Generator
) -> np.ndarray:
    """Choose a contact record of the account in the channel; -1 where there is none."""
    slots = len(CHANNELS)
    key = records.account * slots + records.channel
    order = np.argsort(key, kind="stable")
    wanted = account * slots + channel
    low = np.searchsorted(key[order], wanted, side="left")
    high = np.searchsorted(key[order], wanted, side="right")
    chosen = low + np.floor(rng.random(len(account)) * (high - low)).astype(np.int64)
    return np.where(high > low, order[np.minimum(chosen, len(order) - 1)], -1)
