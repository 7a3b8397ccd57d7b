"""Why did each account really leave, told from record, interview and what it left behind?"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

# Words by which a reason is known that no interview can find, since nobody is left to be asked.
CLOSED_WORDS = (
    "closure",
    "closed",
    "bankrupt",
    "insolv",
    "liquidat",
    "geschlossen",
    "破产",
    "倒闭",
)
# Words of reasons that the supplier could not have done anything about.
UNAVOIDABLE_WORDS = (
    *CLOSED_WORDS,
    *("insourc", "in-house", "inhouse", "own production", "merge", "takeover", "relocat", "death"),
    *("deceased", "moved away", "自产", "搬迁", "并购"),
)
_EACH = 1.0  # accounts' worth that each reason is given beforehand (Laplace's rule)
_AT_MOST = 0.15  # of all accounts, that such knowledge counts for in sum
_ALIKE = 4.0  # records' worth that all reasons together tell of how often one is hidden
_WRONG = (1.0, 3.0)  # wrong and right records known before any is seen
_CLOSED, _SURE = 0.05, 40.0  # the same of firms that closed: nobody has a reason to hide that
_BLAME = 2.0  # wrong records' worth of belief that any reason may be written instead
_SIGN = 2.0  # accounts' worth that all reasons together tell of a sign
_STEPS = 300
_CHUNK = 50


@dataclass(frozen=True, slots=True)
class TrueReasons:
    """What the real reasons are expected to be.

    Attributes
    ----------
    probabilities : pd.DataFrame of shape (n_defections, n_reasons)
        Probability of each reason, by row of the defections; rows add up to 1.
    shares : pd.Series of shape (n_reasons,)
        Of all that left.
    draws : np.ndarray of shape (n_draws, n_reasons)
        Shares when those who left are drawn with random weights, and each one's reason with its
        probability.
    hidden : pd.DataFrame
        One row a reason: `reason`, `hidden` (probability that the record names another one) and
        `blamed` (share of wrong records that name this one instead).
    """

    probabilities: pd.DataFrame
    shares: pd.Series
    draws: np.ndarray
    hidden: pd.DataFrame


def true_reasons(
    defections: pd.DataFrame,
    *,
    signs: pd.DataFrame | None = None,
    closed: Collection[str] | None = None,
    draws: int = 300,
    seed: int = 0,
) -> TrueReasons:
    """Estimate the real reasons behind records, interviews and signs, all of which may be missing.

    Every account has one real reason. The record names it, or, with a probability of that reason's
    own, names another one out of a common profile of blame. An independent interview finds it. A
    sign (such as last invoices that were never paid in full) shows with a probability of the
    reason's own. All is estimated together by expectation-maximisation; what one reason alone
    cannot tell is drawn towards what all together tell.

    Parameters
    ----------
    defections : pd.DataFrame
        `reason` (as recorded) and `interview_reason`; both may be missing in a row.
    signs : pd.DataFrame of shape (n_defections, n_signs), optional
        True, false or missing, in the rows' order: what happened, whoever wrote what.
    closed : collection of str, optional
        Reasons which no interview can find; by default those with one of `CLOSED_WORDS` in them
        that no interview did find. That fewer of those recorded so were reached then counts as
        evidence that they are closed indeed.
    draws : int, default 300
    seed : int, default 0

    Raises
    ------
    ValueError
        If no reason is given by anybody, or signs are of another length.

    References
    ----------
    .. [1] A. P. Dawid and A. M. Skene, "Maximum likelihood estimation of observer error-rates using
       the EM algorithm", Applied Statistics 28, 1979.
    .. [2] I. J. Good, "The Estimation of Probabilities", MIT Press, 1965 (what is known
       beforehand).
    .. [3] D. B. Rubin, "The Bayesian bootstrap", Annals of Statistics 9, 1981 (draws).

    Examples
    --------
    >>> heard = ["service"] * 6 + [None] * 2
    >>> left = pd.DataFrame({"reason": ["price"] * 8, "interview_reason": heard})
    >>> found = true_reasons(left, draws=20)
    >>> found.shares.idxmax(), round(float(found.probabilities["service"].iloc[-1]), 1)
    ('service', 0.9)
    """
    record = defections.reindex(columns=["reason"])["reason"]
    asked = defections.reindex(columns=["interview_reason"])["interview_reason"]
    names = sorted({str(name) for name in [*record.dropna(), *asked.dropna()]})
    if not names:
        raise ValueError("nobody gave a reason: neither record nor interview names one")
    if signs is not None and len(signs) != len(defections):
        raise ValueError(f"{len(signs)} rows of signs for {len(defections)} defections")
    found = set(asked.dropna().astype(str))
    if closed is None:
        closed = [name for name in names if says(name, CLOSED_WORDS) and name not in found]
    marks = np.empty((len(defections), 0))
    if signs is not None:
        marks = signs.to_numpy(float, na_value=np.nan)
    codes = [_codes(column, names) for column in (record, asked)]
    table = np.column_stack([*codes, np.where(np.isfinite(marks), marks, -1)])
    kinds, place, count = np.unique(table, axis=0, return_inverse=True, return_counts=True)
    cells = _Cells(kinds, ~np.isin(names, list(closed)))
    middle = cells.fit(count[None].astype(float))
    rng = np.random.default_rng(seed)
    drawn = [np.empty((0, len(names)))]
    for start in range(0, draws, _CHUNK):
        weight = rng.gamma(count, size=(min(_CHUNK, draws - start), len(count)))
        # the sum of the weights stays that of the accounts
        weight *= count.sum() / weight.sum(axis=1, keepdims=True)
        fit = cells.fit(weight)
        # what a record does not settle is drawn too, not only how often each record came
        each = rng.multinomial(count, fit.posterior) * (weight / count)[:, :, None]
        told = each.sum(axis=1) + fit.beforehand
        drawn.append(told / told.sum(axis=1, keepdims=True))
    blamed = middle.blame[0]
    hidden = {"reason": names, "hidden": middle.hidden[0] * (1 - blamed), "blamed": blamed}
    return TrueReasons(
        probabilities=pd.DataFrame(middle.posterior[0][place.ravel()], defections.index, names),
        shares=pd.Series(middle.shares[0], names, name="share"),
        draws=np.concatenate(drawn),
        hidden=pd.DataFrame(hidden),
    )


def _codes(column: pd.Series, names: list[str]) -> np.ndarray:
    """Give each row the number of its reason, -1 where missing."""
    texts = column.astype(object).where(column.notna(), "").astype(str)
    return np.where(column.notna(), pd.Index(names).get_indexer(texts), -1)


def says(reason: str, words: Collection[str]) -> bool:
    """Tell whether a reason has one of the words in it, whatever their case."""
    return any(word in reason.casefold() for word in words)


@dataclass(frozen=True, slots=True)
class _Fit:
    """Estimates of d weightings: shares, hidden and blame (d, k), posterior (d, cells, k).

    `beforehand` is how many accounts' worth each reason was given before any was seen.
    """

    shares: np.ndarray
    hidden: np.ndarray
    blame: np.ndarray
    posterior: np.ndarray
    beforehand: float


class _Cells:
    """Kinds of rows: what was recorded, what an interview found, which signs show."""

    def __init__(self, kinds: np.ndarray, reached: np.ndarray) -> None:
        """Take rows of (record, interview, signs), -1 where missing, and who can be asked."""
        self.record, self.heard = kinds[:, 0].astype(int), kinds[:, 1].astype(int)
        self.signs, self.reached = kinds[:, 2:], reached.astype(float)
        k = len(reached)
        self.told, self.asked = self.record >= 0, self.heard >= 0
        self.named = np.eye(k)[self.record] * self.told[:, None]
        self.certain = np.where(self.asked[:, None], np.eye(k)[self.heard], 1.0)

    def fit(self, weight: np.ndarray) -> _Fit:
        """Estimate for every weighting of the kinds, shape (d, cells)."""
        d, k = len(weight), len(self.reached)
        shares, blame = np.full((2, d, k), 1 / k)
        hidden, rate = np.full((d, k), 0.3), (weight @ self.asked / weight.sum(axis=1)).clip(0.01)
        marked: np.ndarray | None = None
        beforehand = min(_EACH, _AT_MOST * float(weight.sum(axis=1).mean()) / k)
        for _ in range(_STEPS):
            mass = self._likelihood(shares, hidden, blame, rate, marked)
            mass *= (weight / mass.sum(axis=2))[:, :, None]
            before, held = shares, mass.sum(axis=1)
            shares = (held + beforehand) / (held + beforehand).sum(axis=1, keepdims=True)
            open_ = np.maximum((held * self.reached).sum(axis=1), weight @ self.asked)
            rate = (weight @ self.asked / np.maximum(open_, 1e-12)).clip(0.01, 1)
            marked = self._marked(mass)
            hidden, blame = self._records(mass, hidden, blame)
            if np.abs(shares - before).max() < 1e-6:
                break
        posterior = self._likelihood(shares, hidden, blame, rate, marked)
        return _Fit(
            shares, hidden, blame, posterior / posterior.sum(axis=2, keepdims=True), beforehand
        )

    def _likelihood(
        self,
        shares: np.ndarray,
        hidden: np.ndarray,
        blame: np.ndarray,
        rate: np.ndarray,
        marked: np.ndarray | None,
    ) -> np.ndarray:
        """Give the joint probability of each kind of row and reason; shape (d, cells, k)."""
        other = np.where(self.told, blame[:, self.record], 0.0)[:, :, None] * hidden[:, None]
        written = other + self.named * (1 - hidden)[:, None]
        written = np.where(self.told[:, None], written, 1.0)
        reach = rate[:, None, None] * self.reached
        asked = np.where(self.asked[:, None], reach, 1 - reach)
        asked = np.where(self.asked.any(), asked, 1.0)
        made = shares[:, None] * written * asked * self.certain
        for j in range(self.signs.shape[1] if marked is not None else 0):
            shows, yes = self.signs[:, j][:, None], marked[:, j][:, None]  # type: ignore[index]
            made = made * np.where(shows < 0, 1.0, np.where(shows > 0, yes, 1 - yes))
        return np.maximum(made, 1e-300)

    def _marked(self, mass: np.ndarray) -> np.ndarray:
        """Give the probability of each sign by reason; shape (d, signs, k)."""
        known = (self.signs >= 0).astype(float)
        shows = (self.signs > 0).astype(float)
        held, seen = (np.einsum("dck,cj->djk", mass, part) for part in (known, shows))
        overall = (seen.sum(axis=2) + 0.5) / (held.sum(axis=2) + 1)
        return (seen + _SIGN * overall[:, :, None]) / (held + _SIGN)

    def _records(
        self, mass: np.ndarray, hidden: np.ndarray, blame: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Estimate how often each reason is hidden, and which is written instead."""
        told = mass * self.told[:, None]
        slip = np.where(self.told, blame[:, self.record], 0.0)[:, :, None] * hidden[:, None]
        right = self.named * (1 - hidden)[:, None]
        wrong = told * slip / np.maximum(slip + right, 1e-300)
        by_reason, total = wrong.sum(axis=1), told.sum(axis=1)
        overall = (by_reason.sum(axis=1) + _WRONG[0]) / (total.sum(axis=1) + sum(_WRONG))
        centre = np.where(self.reached, overall[:, None], _CLOSED)
        strength = np.where(self.reached, _ALIKE, _SURE)
        hidden = (by_reason + strength * centre) / (total + strength)
        instead = wrong.sum(axis=2) @ self.named + _BLAME / len(self.reached)
        return hidden, instead / instead.sum(axis=1, keepdims=True)
