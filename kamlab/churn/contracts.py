"""Whose contract ends, and who does not renew?

Where accounts buy under contracts, silence is not leaving: a contract that ends and is not followed
by another within the grace is. Contracts count from the day they start; their end is the one agreed
at signing, so that it may be known beforehand.
"""

from datetime import date

import numpy as np
import pandas as pd

from kamlab.accounts.engine import as_day

GRACE = 30  # days after the end within which another contract is a renewal
_LEAST_LOST = 5  # spells that ended, for chances of renewal to be told


def contract_spells(
    contracts: pd.DataFrame, as_of: date | str, *, grace: int = GRACE
) -> pd.DataFrame:
    """Put contracts that follow one another together.

    Parameters
    ----------
    contracts : pd.DataFrame
        `account_id`, `start_date`, `end_date` (last day, as agreed; missing: without end).
        Contracts that start on or after `as_of` are not seen, those that end before they start
        are left out.
    as_of : date or str
        First day not seen.
    grace : int, default 30
        Days after an end within which the next contract must start to count as a renewal.

    Returns
    -------
    pd.DataFrame
        One row a spell, by account and time: `account_id`, `start`, `end`, `renewals` (made),
        `periods` (renewals decided on) and `left` (at the last of them), as
        `kamlab.value.ShiftedBetaGeometric` takes them. A spell whose grace is not over has not
        decided.

    Examples
    --------
    >>> days = pd.to_datetime(["2022-01-01", "2022-12-31", "2023-01-10", "2023-12-31"])
    >>> table = pd.DataFrame({"account_id": "a", "start_date": days[::2], "end_date": days[1::2]})
    >>> contract_spells(table, "2024-06-01")[["renewals", "periods"]].iloc[0].tolist()
    [1, 2]
    """
    seen = _known(contracts, as_of)
    until = seen.groupby("account_id")["end"].cummax()
    before = until.groupby(seen["account_id"]).shift(1)
    fresh = before.isna() | (seen["start"] > before + pd.Timedelta(days=grace))
    spell = fresh.groupby(seen["account_id"]).cumsum().rename("spell")
    # a contract within another, as for one more site, is no renewal of it
    longer = ~fresh & (seen["end"] > before)
    made = (
        seen.assign(renewed=longer.astype(int))
        .groupby(["account_id", spell])
        .agg(start=("start", "min"), end=("end", "max"), renewals=("renewed", "sum"))
        .reset_index()
        .drop(columns="spell")
    )
    left = made["end"] + pd.Timedelta(days=grace) < pd.Timestamp(as_day(as_of))
    return made.assign(periods=made["renewals"] + left, left=left)


def contract_state(
    keys: pd.DataFrame,
    contracts: pd.DataFrame,
    *,
    label_days: int,
    as_of: date | str,
    grace: int = GRACE,
) -> pd.DataFrame:
    """Say for each account and day whether a contract runs, for how long, and whether it lapses.

    Parameters
    ----------
    keys : pd.DataFrame
        `account_id` and `origin`, day of sight.
    contracts, grace
        As for `contract_spells`.
    label_days : int
        Days from the origin on in which leaving is judged.
    as_of : date or str
        First day not seen.

    Returns
    -------
    pd.DataFrame
        Indexed as the keys: `runs` (truth), `days_left` (to the agreed end, at most ten years),
        `renewals` (made by the origin) and `lapses` (0 or 1: it ends in the label window and none
        follows; missing where none runs, or where the window and the grace are not over).
    """
    today = pd.Timestamp(as_day(as_of))
    afterwards = contract_spells(contracts, today.date(), grace=grace)
    pieces = []
    for origin, rows in keys.groupby("origin", sort=False):
        spells = contract_spells(contracts, origin.date(), grace=grace)
        latest = spells.groupby("account_id").last()
        then = latest.reindex(rows["account_id"])
        end = then["end"].to_numpy("datetime64[s]")
        runs = end >= np.datetime64(origin, "s")
        days_left = ((end - np.datetime64(origin, "s")) / np.timedelta64(1, "D")).clip(max=3650)
        ends = runs & (days_left < label_days)
        # what was known afterwards: did the spell go on beyond the end that was agreed then?
        later = afterwards[afterwards["start"] < origin].groupby("account_id")["end"].last()
        went_on = later.reindex(rows["account_id"]).to_numpy("datetime64[s]") > end
        known = origin + pd.Timedelta(days=label_days + grace) <= today
        pieces.append(
            pd.DataFrame(
                {
                    "runs": runs,
                    "days_left": np.where(runs, days_left, np.nan),
                    "renewals": np.where(runs, then["renewals"].to_numpy(float), np.nan),
                    "lapses": np.where(runs & known, (ends & ~went_on).astype(float), np.nan),
                },
                index=rows.index,
            )
        )
    return pd.concat(pieces).reindex(keys.index)


def renewal_table(spells: pd.DataFrame, expected: np.ndarray | None = None) -> pd.DataFrame:
    """Count who renewed at the first, second, … decision.

    Parameters
    ----------
    spells : pd.DataFrame
        From `contract_spells`.
    expected : np.ndarray, optional
        Retention rates that a model expects at decisions 1, 2, ….

    Returns
    -------
    pd.DataFrame
        `renewal` (number of the decision), `decided`, `renewed`, `share`, `expected` (missing where
        none is given).
    """
    most = int(spells["periods"].max()) if len(spells) else 0
    number = np.arange(1, most + 1)
    periods, left = spells["periods"].to_numpy(), spells["left"].to_numpy(bool)
    decided = (periods[None, :] >= number[:, None]).sum(axis=1)
    lost = ((periods[None, :] == number[:, None]) & left).sum(axis=1)
    table = pd.DataFrame({"renewal": number, "decided": decided, "renewed": decided - lost})
    table["share"] = table["renewed"] / table["decided"]
    return table.assign(expected=np.nan if expected is None else expected[:most])


def running_contracts(
    contracts: pd.DataFrame, as_of: date | str, *, rate: float = 0.1, grace: int = GRACE
) -> tuple[pd.DataFrame, pd.DataFrame, str]:
    """List the accounts under contract, the next to end first, with the chance that they renew.

    Parameters
    ----------
    contracts, as_of, grace
        As for `contract_spells`.
    rate : float, default 0.1
        Discount rate of a contract period.

    Returns
    -------
    running : pd.DataFrame
        `account_id`, `end`, `days_left`, `renewals`, `renews` (chance to renew at the end) and
        `periods_ahead` (discounted further periods, the first paid at the next renewal); both
        missing where too few have left to tell.
    renewals : pd.DataFrame
        From `renewal_table`, with the model's rates where there is one.
    said : str
        What was found, in a sentence.
    """
    from kamlab.value.contracts import ShiftedBetaGeometric

    spells = contract_spells(contracts, as_of, grace=grace)
    today = pd.Timestamp(as_day(as_of))
    running = spells[spells["end"] >= today].sort_values(["end", "account_id"], ignore_index=True)
    table = running[["account_id", "end"]].assign(
        days_left=(running["end"] - today).dt.days,
        renewals=running["renewals"],
        renews=np.nan,
        periods_ahead=np.nan,
    )
    lost = int(spells["left"].sum())
    if lost < _LEAST_LOST:
        said = f"{lost} contracts have ended for good so far: too few to tell chances of renewal."
        return table, renewal_table(spells), said
    import warnings

    from kamlab.value.fitting import FitWarning

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)  # it is said below
        model = ShiftedBetaGeometric().fit(spells[["periods", "left"]])
    renewals = renewal_table(
        spells, model.retention_rate(np.arange(1, spells["periods"].max() + 1))
    )
    made = table["renewals"].to_numpy()
    table["renews"] = model.retention_rate(made + 1)
    table["periods_ahead"] = model.discounted_residual_lifetime(made, rate)
    first = float(model.retention_rate(1))
    said = (
        f"{first:.0%} of accounts renew their first contract; the rate rises with every renewal "
        "since those likely to leave go first (shifted beta-geometric model)."
    )
    if not model.convergence_.converged:
        said += f" The fit is to be used with care: {model.convergence_.message}."
    return table, renewals, said


def _known(contracts: pd.DataFrame, as_of: date | str) -> pd.DataFrame:
    """Give contracts that had started, in order, with ends that are dates."""
    today = pd.Timestamp(as_day(as_of))
    start = pd.to_datetime(contracts["start_date"])
    agreed = contracts.get("end_date", pd.Series(pd.NaT, index=contracts.index))
    end = pd.to_datetime(agreed).fillna(pd.Timestamp("2200-01-01"))
    made = pd.DataFrame({"account_id": contracts["account_id"], "start": start, "end": end})
    made = made[(made["start"] < today) & (made["end"] >= made["start"])]
    return made.sort_values(["account_id", "start", "end"], ignore_index=True)
