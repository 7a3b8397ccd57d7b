import dataclasses

import pytest

from kamlab.errors import UsageError
from kamlab.simulation import PRESETS, Config, preset


def test_an_unknown_size_names_the_known_ones():
    with pytest.raises(UsageError, match="tiny, small, medium, large"):
        preset("huge")


@pytest.mark.parametrize(
    ("name", "value"),
    [("seed", -1), ("n_accounts", 3), ("managed_share", 1.5), ("philosophy", -0.1), ("paths", 1)],
)
def test_a_setting_outside_its_range_is_refused_by_name(name, value):
    with pytest.raises(UsageError, match=name):
        Config(**{name: value})


def test_settings_cannot_be_changed_afterwards():
    with pytest.raises(dataclasses.FrozenInstanceError):
        preset("tiny").seed = 3


def test_presets_have_the_sizes_promised():
    sizes = {size: settings["n_accounts"] for size, settings in PRESETS.items()}

    assert sizes == {"tiny": 60, "small": 400, "medium": 5_000, "large": 200_000}
