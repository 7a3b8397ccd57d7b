"""What in an account's history tells what it will earn? Measures at one day, without scale."""

from dataclasses import dataclass

import numpy as np

from kamlab.segmentation.ledger import Ledger

WINDOWS = (30, 90, 180, 365, 100_000)
HALF_LIVES = (45, 120, 365)
BASE = ("last 180", "last 365", "fading 120", "fading 365")


@dataclass(frozen=True, slots=True)
class Measures:
    """Accounts as seen on one day.

    Attributes
    ----------
    known : np.ndarray of bool, shape (n_accounts,)
        Whether the account has any line before the day.
    base : np.ndarray of shape (n_accounts,)
        The amount to expect if the account goes on as before: the mean of four ways of looking
        back (`BASE`), brought to the length of the period ahead.
    sales : np.ndarray of shape (n_accounts,)
        The same of net sales, not below nought.
    size : np.ndarray of shape (n_accounts,)
        Amount without sign, positive: what errors are measured against.
    matrix : np.ndarray of shape (n_accounts, n_measures)
        Measures without scale, NaN where one cannot be formed.
    columns : tuple of str
        Names of the measures.
    silence : np.ndarray of shape (n_accounts,)
        Days since the last order day; days seen where there is none.
    """

    known: np.ndarray
    base: np.ndarray
    sales: np.ndarray
    size: np.ndarray
    matrix: np.ndarray
    columns: tuple[str, ...]
    silence: np.ndarray


def measure(ledger: Ledger, end: int, days: int) -> Measures:
    """Measure every account on one day, from what lies before it.

    Sums over windows are brought to the length of the period ahead; a window that reaches beyond
    the first day of the data counts the days that there are.

    Parameters
    ----------
    ledger : Ledger
    end : int
        The day, since 1970-01-01; it and later ones are not seen.
    days : int
        Length of the period ahead.

    Returns
    -------
    Measures
    """
    seen = max(end - ledger.first, 1)
    amounts, sales = _looks(ledger, "amount", end, days), _looks(ledger, "sales", end, days)
    volume = _looks(ledger, "volume", end, days)
    size = np.mean([volume[name] for name in BASE], axis=0)
    size = size + floor_of(size)
    bought = {w: ledger.total("bought", end - min(w, seen), end) for w in WINDOWS}
    order_days = bought[WINDOWS[-1]]
    first, last = ledger.edges(end)
    tenure = np.where(order_days > 0, end - first, seen)
    silent = np.where(order_days > 0, end - last, seen)
    gap = np.where(order_days > 1, (last - first) / np.maximum(order_days - 1, 1), np.nan)
    turnover = ledger.total("sales", ledger.first, end)
    middle = np.median(size[order_days > 0]) if (order_days > 0).any() else 1.0
    measures = {name: amount / size for name, amount in amounts.items()}
    measures |= {
        "size": np.log(size / middle),
        "silence": np.log1p(silent),
        "tenure": np.log1p(tenure),
        "silence of tenure": silent / np.maximum(tenure, 1),
        "silence of gap": np.log1p(silent / np.maximum(gap, 1)),
        "gap": np.log1p(gap),
        "returns": ledger.total("returns", ledger.first, end) / np.maximum(np.abs(turnover), 1e-9),
        "lines a day": np.log1p(
            ledger.total("lines", ledger.first, end) / np.maximum(order_days, 1)
        ),
        **{f"order days {window}": np.log1p(count) for window, count in bought.items()},
    }
    return Measures(
        known=ledger.known(end),
        base=np.mean([amounts[name] for name in BASE], axis=0),
        sales=np.mean([sales[name] for name in BASE], axis=0).clip(min=0),
        size=size,
        matrix=np.column_stack(list(measures.values())),
        columns=tuple(measures),
        silence=silent.astype(float),
    )


def _looks(ledger: Ledger, what: str, end: int, days: int) -> dict[str, np.ndarray]:
    """Look back over windows and with fading memory, each brought to so many days."""
    seen = max(end - ledger.first, 1)
    looks = {}
    for window in WINDOWS:
        length = min(window, seen)
        looks[f"last {window}"] = ledger.total(what, end - length, end) * (days / length)
    for half_life in HALF_LIVES:
        mass = half_life / np.log(2) * (1 - 0.5 ** (seen / half_life))
        looks[f"fading {half_life}"] = ledger.fading(what, end, half_life) * (days / mass)
    return looks


def floor_of(sizes: np.ndarray) -> float:
    """Give a tenth of the usual size, so that no account has size nought.

    Parameters
    ----------
    sizes : np.ndarray of shape (n_accounts,)

    Returns
    -------
    float
        Positive.
    """
    positive = sizes[sizes > 0]
    return float(np.median(positive)) / 10 if len(positive) else 1.0
