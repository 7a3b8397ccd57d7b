"""Which purchase model fits these accounts, and do its assumptions hold?"""

from dataclasses import dataclass

import pandas as pd

from kamlab.value.beta_geo import BetaGeoNBD, ModifiedBetaGeoCNBD, ModifiedBetaGeoNBD
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
    summary: pd.DataFrame, candidates: tuple[type[PurchaseModel], ...] = CANDIDATES
) -> Choice:
    """Fit the candidates and keep the one with the lowest AIC.

    Parameters
    ----------
    summary : pd.DataFrame
        As from `kamlab.accounts.repeat_purchases`; with `log_gaps` (see
        `kamlab.value.holdout.with_log_gaps`) regularity is told from all gaps.
    candidates : tuple of PurchaseModel classes
        Simplest first: of models whose AIC differs by less than two the earlier is kept.

    Returns
    -------
    Choice

    Raises
    ------
    ValueError
        If nobody bought twice, or no candidate could be fitted.
    """
    import warnings

    from kamlab.value.fitting import FitWarning

    fitted, rows = {}, []
    for kind in candidates:
        model = kind()
        with warnings.catch_warnings():
            # what went wrong stands in the table
            warnings.simplefilter("ignore", FitWarning)
            model.fit(summary)
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
    near = usable[usable["aic"] <= usable["aic"].min() + _CLEAR]
    kept = str(near.iloc[0]["model"])
    model = fitted[kept]
    table = table.sort_values("aic", ignore_index=True)
    second = table.loc[table["model"] != kept, "aic"]
    lead = f", {second.min() - model.aic_:,.1f} below the next" if len(second) else ""
    why = f"{kept} has the lowest AIC ({model.aic_:,.1f}{lead})"
    if not usable.iloc[0]["converged"]:
        why += ", but no fit converged"
    return Choice(model, table, why, _doubts(fitted))


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
