"""What is each account's history and standing as of a date?"""

from importlib import import_module

_HOMES = {
    "account_facts": "facts",
    "daily_sums": "days",
    "monthly_sums": "days",
    "roll_up": "groups",
    "snapshots": "origins",
    "top_parents": "groups",
    "purchase_histories": "repeats",
    "repeat_purchases": "repeats",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> object:
    """Load a public function when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
