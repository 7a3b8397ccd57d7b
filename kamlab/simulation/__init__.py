"""A flexible-packaging distributor whose truth is known."""

from typing import Any

_HOMES = {
    "Config": "config",
    "preset": "config",
    "PRESETS": "config",
    "Distributor": "distributor",
    "simulate": "distributor",
    "DemoSummary": "write",
    "write_demo": "write",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:  # noqa: ANN401  whatever the module holds
    """Import what is asked for when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"kamlab.simulation has no {name!r}")
    from importlib import import_module

    return getattr(import_module(f"kamlab.simulation.{_HOMES[name]}"), name)
