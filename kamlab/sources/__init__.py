"""What do we know, from every channel, and can it be trusted?

`open_data` reads a data folder into validated canonical tables and says what was set aside and why.
"""

from typing import Any

__all__ = ["Sources", "describe", "open_data", "prune_store", "seen_until"]

_HOMES = {"Sources": "opening", "open_data": "opening", "describe": "description"}
_HOMES |= {"prune_store": "store", "seen_until": "day"}


def __getattr__(name: str) -> Any:  # noqa: ANN401  the public names are of several kinds
    """Import what is asked for, when it is asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
