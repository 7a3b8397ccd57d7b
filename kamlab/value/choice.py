"""Which purchase model fits these accounts, and do its assumptions hold?"""

import warnings
from dataclasses import dataclass

import pandas as pd

from kamlab.value.beta_geo import BetaGeoNBD, ModifiedBetaGeoCNBD, ModifiedBetaGeoNBD
from kamlab.value.fitting import FitWarning
from kamlab.value.holdout import HoldOut, log_score
from kamlab.value.pareto import ParetoNBD
from kamlab.value.purchases import PurchaseModel

CANDIDATES = (BetaGeoNBD, ModifiedBetaGeoNBD, ParetoNBD, ModifiedBetaGeoCNBD)
_CLEAR = 2.0  # difference of AIC below which the simpler model is kept


@dataclass(frozen=True, slots=True)
class Choice:
    """The model that was kept, and why.

    Attributes
    ----------
    model : PurchaseModel
        Fitted.
    table : pd.DataFrame
        One row a candidate, the best first: `model`, `parameters`, `log_likelihood`, `aic`,
        `behind` (AIC above the best), `converged`, `said` (how the fit went).
    why : str
        In a sentence.
    doubts : tuple of str
        Assumptions that do not hold here, in sentences.
    """

    model: PurchaseModel
    table: pd.DataFrame
    why: str
    doubts: tuple[str, ...]


def choose_model(
    summary: pd.DataFrame,
    candidates: tuple[type[PurchaseModel], ...] = CANDIDATES,
    *,
    held: HoldOut | None = None,
) -> Choice:
    """Fit the candidates and keep the one with the lowest AIC, or the better one of equals.

    Models whose AIC differs by less than two fit equally well. With time held out inside the
    history they are tried on it, and the one that gave what came the highest probability is kept
    (log score: absolute errors of expected counts would prefer models that expect too little);
    without, the simplest.

    Parameters
    ----------
    summary : pd.DataFrame
        As from `kamlab.accounts.repeat_purchases`; with `log_gaps` (see
        `kamlab.value.holdout.with_log_gaps`) regularity is told from all gaps.
    candidates : tuple of PurchaseModel classes
        Simplest first.
    held : HoldOut, optional
        A cut through the same history, see `kamlab.value.holdout.hold_out`. It must not reach
        beyond what `summary` knows.

    Returns
    -------
    Choice

    Raises
    ------
    ValueError
        If nobody bought twice, or no candidate could be fitted.
    """
    fitted, rows = {}, []
    for kind in candidates:
        model = _quietly(kind, summary)
        name = kind.__name__
        fitted[name] = model
        report = model.convergence_
        rows.append(
            {
                "model": name,
                "parameters": len(model.parameters_) + (name == ModifiedBetaGeoCNBD.__name__),
                "log_likelihood": model.log_likelihood_,
                "aic": model.aic_,
                "converged": report.converged,
                "said": report.message,
            }
        )
    table = pd.DataFrame(rows)
    table.insert(4, "behind", table["aic"] - table["aic"].min())
    usable = table[table["converged"]] if table["converged"].any() else table
    plain = [getattr(fitted[name], "k_", 2) > 1 for name in usable["model"]]
    usable = usable[plain]  # a regular model without regularity is one that is there already
    near = usable[usable["aic"] <= usable["aic"].min() + _CLEAR]
    kept, tried = _better_ahead(list(near["model"]), candidates, held)
    model = fitted[kept]
    table = table.sort_values("aic", ignore_index=True)
    lead = float((usable.loc[usable["model"] != kept, "aic"].min()) - model.aic_)
    if len(near) == 1:
        why = f"{kept} has the lowest AIC ({model.aic_:,.1f}"
        why += f", {lead:,.1f} below the next)" if lead >= 0 else ")"
    else:
        equals = " and ".join(near["model"])
        why = f"{kept}: {equals} fit equally well (AIC {usable['aic'].min():,.1f}), and it {tried}"
    if not usable.iloc[0]["converged"]:
        why += ", but no fit converged"
    return Choice(model, table, why, _doubts(fitted))


def _quietly(kind: type[PurchaseModel], summary: pd.DataFrame) -> PurchaseModel:
    """Fit a model; what went wrong stands in its report."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FitWarning)
        return kind().fit(summary)


def _better_ahead(
    near: list[str], candidates: tuple[type[PurchaseModel], ...], held: HoldOut | None
) -> tuple[str, str]:
    """Name the one of equals that foretold held-out time best, and say so."""
    if len(near) < 2 or held is None or not (held.table["frequency"] > 0).any():
        return near[0], "is the simplest"
    kinds = {kind.__name__: kind for kind in candidates}
    scores = {name: log_score(held, _quietly(kinds[name], held.table)) for name in near}
    best = max(near, key=scores.__getitem__)
    return best, f"foretold the time from {held.split} on best"


def _doubts(fitted: dict[str, PurchaseModel]) -> tuple[str, ...]:
    """Say which assumptions the fits speak against."""
    said = []
    regular = fitted.get(ModifiedBetaGeoCNBD.__name__)
    k = int(getattr(regular, "k_", 1))
    if k > 1:
        said.append(
            f"Accounts buy with a cadence (Erlang-{k} gaps), not at random: models of random "
            "purchases learn too late that a regular buyer has gone."
        )
    poor = [name for name, model in fitted.items() if not model.convergence_.converged]
    if poor:
        said.append(f"The fit is to be used with care: {', '.join(poor)} did not converge.")
    return tuple(said)
