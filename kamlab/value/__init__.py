"""What will an account be worth?"""

from importlib import import_module

_HOMES = {
    "BetaGeoCNBD": "beta_geo",
    "BetaGeoNBD": "beta_geo",
    "GammaGamma": "gamma_gamma",
    "ModifiedBetaGeoCNBD": "beta_geo",
    "ModifiedBetaGeoNBD": "beta_geo",
    "ParetoNBD": "pareto",
    "ShiftedBetaGeometric": "contracts",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
