"""How likely is it that an account stops paying within a year, and what would that cost?"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from kamlab.accounts.balance import balance_scores
from kamlab.accounts.numbering import numbered
from kamlab.accounts.payment import CONDUCT, expected_credit_loss, payment_conduct

HORIZON = 365
FEWEST_DEFAULTS = 10
BASE_RATE = 0.02
_BASE_SPREAD = 1.0
_ORIGINS = 6
# Assumed log odds of default, where no default was seen: of thirty days beyond terms, of paying
# everything late, of the overdue part of what is owed, and of a point of Altman's Z''.
SCORECARD = {"month_late": 0.7, "late_share": 0.7, "overdue_share": 0.7, "z_score": -0.35}


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of the accounts' ability to pay.

    Attributes
    ----------
    table : pd.DataFrame
        One row an account with an invoice or a balance sheet, sorted by `account_id`:
        `probability_of_default` within 365 days, `log_odds_se` (standard error of its log odds),
        `in_default` (now), `exposure` (open now), `expected_loss` (probability × share lost ×
        exposure), `source` ("estimated" where at least 10 defaults were seen, else "assumed"), and
        of the newest balance known `z_score` (Altman's Z'') and `zone` (safe, grey or distress).
    coefficients : pd.DataFrame
        `measure`, `assumed`, `fitted` and `standard_error`, log odds a unit.
    defaults : int
        Defaults seen among the account-years that the model was fitted to.
    account_years : int
        Those account-years.
    """

    table: pd.DataFrame
    coefficients: pd.DataFrame
    defaults: int
    account_years: int


def in_default(
    invoices: pd.DataFrame,
    days: list[date],
    *,
    overdue_days: float = 90,
    material: float = 0.05,
) -> pd.DataFrame:
    """Say which accounts stood in default on which days, as known before each of them.

    An account is in default while more than a twentieth of what it was invoiced in the 365 days
    before is overdue by more than 90 days; what was settled in part stays overdue by the rest.

    Parameters
    ----------
    invoices : pd.DataFrame
        Canonical; see `kamlab.accounts.payment.payment_conduct`.
    days : list of date
        A payment on or after a day is not known on it.
    overdue_days, material : float
        The days and the share above.

    Returns
    -------
    pd.DataFrame of bool
        One row an account with an invoice, sorted; one column a day.

    References
    ----------
    .. [1] Basel Committee on Banking Supervision, "International Convergence of Capital Measurement
       and Capital Standards", 2006, paragraph 452 (past due more than 90 days on any material
       obligation). The threshold of a twentieth is ours: trade credit knows no common one.
    """
    owed = invoices[invoices["amount"] > 0]
    codes, accounts = numbered(owed["account_id"])
    issued = pd.to_datetime(owed["invoice_date"]).to_numpy("datetime64[D]")
    amount = owed["amount"].to_numpy(float)
    late = _late(owed, issued, amount, int(overdue_days))
    states = {}
    for day in days:
        at = np.datetime64(day, "D")
        settled = late["paid_on"] < at  # NaT is never before
        old = (late["issued"] < at) & (late["from"] < at)
        rest = np.where(settled, late["rest"], late["amount"])
        overdue = np.bincount(codes[late["row"][old]], rest[old], len(accounts))
        recent = np.flatnonzero((issued < at) & (issued >= at - np.timedelta64(HORIZON, "D")))
        billed = np.bincount(codes[recent], amount[recent], len(accounts))
        states[day] = (overdue > material * billed) & (overdue > 0.005)
    return pd.DataFrame(states, index=pd.Index(accounts, name="account_id"))


def _late(
    owed: pd.DataFrame, issued: np.ndarray, amount: np.ndarray, days: int
) -> dict[str, np.ndarray]:
    """Give the invoices that were overdue for so many days on any day; most never were."""
    nothing = pd.Series(np.nan, index=owed.index)
    begins = pd.to_datetime(owed["due_date"]).to_numpy("datetime64[D]") + np.timedelta64(days, "D")
    paid_on = pd.to_datetime(owed.get("paid_date", nothing)).to_numpy("datetime64[D]")
    paid = owed.get("paid_amount", nothing).to_numpy(float, na_value=np.nan)
    rest = np.clip(amount - np.where(np.isnan(paid), amount, paid), 0, None)
    row = np.flatnonzero(~(paid_on <= begins) | (rest > 0))
    found = {"issued": issued, "from": begins, "paid_on": paid_on, "rest": rest, "amount": amount}
    return {"row": row} | {name: values[row] for name, values in found.items()}


def financial_standing(
    invoices: pd.DataFrame | None,
    as_of: date,
    *,
    financials: pd.DataFrame | None = None,
    loss_given_default: float = 0.6,
    strength: float = 4.0,
    base_rate: float = BASE_RATE,
    default_days: float = 90,
    default_share: float = 0.05,
    late_days: float = 0,
) -> Standing | None:
    """Estimate each account's probability of default within a year, and the expected loss.

    A logistic regression on how each account paid in the year before, and on Altman's Z'' where
    balance sheets are known, over account-years one after the other. The penalty draws the
    coefficients towards an assumed scorecard and the rate of default towards `base_rate`, so that
    few defaults change it a little and many replace it.

    Parameters
    ----------
    invoices : pd.DataFrame or None
        Canonical invoices.
    as_of : date
        Exclusive.
    financials : pd.DataFrame, optional
        Canonical balance figures; a year's are known from the July after it on.
    loss_given_default : float, default 0.6
        Share of the exposure that is not recovered, 0 to 1.
    strength : float, default 4
        Penalty on the squared distance from the scorecard, per unit.
    base_rate : float, default 0.02
        Accounts that default in a year, assumed, above 0 and below 1.
    default_days, default_share : float
        What is a default, see `in_default`.
    late_days : float, default 0
        Days after the due date from which a payment is late.

    Returns
    -------
    Standing or None
        None where there are neither invoices nor balance figures.

    References
    ----------
    .. [1] S. le Cessie and J. C. van Houwelingen, "Ridge estimators in logistic regression",
       Applied Statistics 41, 1992.
    """
    conduct, labels = [], []
    billed = None if invoices is None or invoices.empty else _in_numbers(invoices)
    begin = as_of if billed is None else pd.to_datetime(billed["invoice_date"]).min().date()
    quarter = timedelta(days=HORIZON // 4)
    origins = []
    for back in range(1, _ORIGINS + 1):
        origin = as_of - timedelta(days=HORIZON * back)
        if billed is None or origin - begin < timedelta(days=HORIZON // 2):
            break
        origins.append(origin)
    ahead = {
        origin: [origin + quarter * step for step in range(1, 4)] + [origin + timedelta(HORIZON)]
        for origin in origins
    }
    if billed is not None:
        days = sorted({as_of, *origins, *(day for later in ahead.values() for day in later)})
        states = in_default(billed, days, overdue_days=default_days, material=default_share)
    for origin, later in ahead.items():
        seen = _measures(billed, origin, financials, late_days)
        seen = seen[(seen["invoices"] > 0) & ~states[origin].reindex(seen.index, fill_value=True)]
        conduct.append(seen)
        labels.append(states[later].any(axis=1).reindex(seen.index).to_numpy(float))
    names = list(SCORECARD)
    now = _measures(billed, as_of, financials, late_days)
    if now.empty:
        return None
    past = pd.concat(conduct) if conduct else now.head(0)
    happened = np.concatenate(labels) if labels else np.zeros(0)
    middle = (past if len(past) else now)[names].mean().fillna(0.0)
    prior = np.array([np.log(base_rate / (1 - base_rate)), *SCORECARD.values()])
    penalty = np.array([1 / _BASE_SPREAD**2, *[strength] * len(names)])
    fitted, cover = _penalised_logit(_design(past, middle), happened, prior, penalty)
    here = _design(now, middle)
    odds = here @ fitted
    defaults = int(happened.sum())
    table = pd.DataFrame(
        {
            "probability_of_default": 1 / (1 + np.exp(-odds)),
            "log_odds_se": np.sqrt(np.einsum("ij,jk,ik->i", here, cover, here)),
            "in_default": False,
            "exposure": now["receivable"],
        },
        index=now.index,
    )
    if billed is not None:
        table["in_default"] = states[as_of].reindex(now.index, fill_value=False)
        table.loc[table["in_default"], ["probability_of_default", "log_odds_se"]] = [1.0, 0.0]
    table["expected_loss"] = expected_credit_loss(
        table["probability_of_default"], table["exposure"], loss_given_default=loss_given_default
    )
    table["source"] = "estimated" if defaults >= FEWEST_DEFAULTS else "assumed"
    table = table.join(_balance(financials, as_of))
    coefficients = pd.DataFrame(
        {
            "measure": ["base", *names],
            "assumed": prior,
            "fitted": fitted,
            "standard_error": np.sqrt(np.diag(cover)),
        }
    )
    return Standing(table.reset_index(), coefficients, defaults, len(past))


def _in_numbers(invoices: pd.DataFrame) -> pd.DataFrame:
    """Give the columns of conduct, with accounts as categories: they are numbered many times."""
    told = invoices[[name for name in CONDUCT if name in invoices]]
    return told.assign(account_id=told["account_id"].astype("category"))


def _measures(
    invoices: pd.DataFrame | None,
    day: date,
    financials: pd.DataFrame | None,
    late_days: float,
) -> pd.DataFrame:
    """Measure conduct and balance of each account as known on a day; missing where unknown."""
    table = pd.DataFrame(columns=["invoices", "receivable"], dtype=float)
    if invoices is not None:
        paid = payment_conduct(invoices, day, late_days=late_days).set_index("account_id")
        table = paid[["invoices", "receivable"]].assign(
            # early payers differ little from each other, and very late ones too
            month_late=paid["days_beyond_terms"].clip(-15, 120) / 30,
            late_share=paid["late_share"],
            overdue_share=(paid["overdue"] / paid["receivable"].where(paid["receivable"] > 0)),
        )
    if financials is not None and len(financials):
        scores = balance_scores(financials, day).set_index("account_id")["z_score"]
        table = table.join(scores.clip(-6, 12), how="outer")
    table.index.name = "account_id"
    return table.reindex(columns=["invoices", "receivable", *SCORECARD])


def _balance(financials: pd.DataFrame | None, day: date) -> pd.DataFrame:
    """Give score and zone of each account's newest balance known on a day."""
    if financials is None or financials.empty:
        return pd.DataFrame({"z_score": pd.Series(dtype=float), "zone": pd.Series(dtype="str")})
    return balance_scores(financials, day).set_index("account_id")[["z_score", "zone"]]


def _design(measures: pd.DataFrame, middle: pd.Series) -> np.ndarray:
    """Put a one before the centred measures; what is unknown stands at the middle."""
    centred = (measures[list(middle.index)] - middle).fillna(0.0).to_numpy(float)
    return np.column_stack([np.ones(len(measures)), centred])


def _penalised_logit(
    design: np.ndarray, happened: np.ndarray, prior: np.ndarray, penalty: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Maximise the log-likelihood less half the penalised squared distance from the prior.

    Returns the coefficients and the inverse of the curvature there.
    """
    at = prior.copy()
    for _ in range(100):
        chance = 1 / (1 + np.exp(-(design @ at)))
        slope = design.T @ (happened - chance) - penalty * (at - prior)
        curve = (design * (chance * (1 - chance))[:, None]).T @ design + np.diag(penalty)
        step = np.linalg.solve(curve, slope)
        step *= min(1.0, 2.0 / max(np.abs(step).max(), 1e-12))
        at = at + step
        if np.abs(step).max() < 1e-10:
            break
    return at, np.linalg.inv(curve)
