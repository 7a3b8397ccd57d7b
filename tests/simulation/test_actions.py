import numpy as np
import pytest

from kamlab.simulation import Config
from kamlab.simulation.actions import actions_table
from kamlab.simulation.distributor import draw_world
from kamlab.simulation.panel import KINDS
from kamlab.simulation.truth import action_truth


@pytest.fixture(scope="module")
def world():
    return draw_world(Config(seed=3, n_accounts=2_500, paths=16))


@pytest.fixture(scope="module")
def actions(world):
    observed = actions_table(world.history.campaigns, world.identity.ids)
    truth = action_truth(world).drop(columns=["account_id", "kind", "treated", "assignment"])
    observed["log_size"] = np.log(
        np.concatenate(
            [
                np.maximum(world.history.volume[c.month - 1, c.account], 1.0)
                for c in world.history.campaigns
            ]
        )
    )
    return observed.merge(truth, on="action_id")


def _gap(actions, column):
    """Standardised difference of means between treated and untreated, within kinds."""
    gaps = []
    for _, mine in actions.groupby("kind"):
        treated, other = mine[mine["treated"]], mine[~mine["treated"]]
        gaps.append((treated[column].mean() - other[column].mean()) / mine[column].std())
    return dict(zip(sorted(KINDS), gaps, strict=True))


def test_about_half_of_the_campaigns_and_of_their_accounts_are_by_lot(actions):
    assert 0.4 < (actions["assignment"] == "lot").mean() < 0.65
    by_lot = actions[actions["assignment"] == "lot"]
    assert by_lot["treated"].mean() == pytest.approx(0.5, abs=0.02)


def test_by_lot_treated_and_untreated_are_alike_in_size(actions):
    by_lot = actions[actions["assignment"] == "lot"]

    assert max(abs(gap) for gap in _gap(by_lot, "log_size").values()) < 0.05


def test_by_judgement_visits_and_support_go_to_the_large(actions):
    judged = _gap(actions[actions["assignment"] == "judgement"], "log_size")

    assert judged["visit programme"] > 0.3
    assert judged["development support"] > 0.2


def test_treatment_follows_its_propensity(actions):
    p = actions["propensity"]
    error = np.sqrt((p * (1 - p)).sum())

    assert abs(actions["treated"].sum() - p.sum()) < 4 * error
    assert p.between(0.05, 0.95).all()


def test_effects_differ_by_kind_and_by_account(actions):
    mean = actions.groupby("kind")["effect"].mean()
    stays = (actions["stay_with"] - actions["stay_without"]).groupby(actions["kind"]).mean()

    assert mean["development support"] > 0
    assert mean["price concession"] < 0
    assert stays["visit programme"] > 0.005
    assert actions["effect"].std() > 5 * actions["effect_error"].median()


def test_sleeping_dogs_are_better_left_alone(world, actions):
    response = dict(zip(world.identity.ids, world.latents.response, strict=True))
    visits = actions[actions["kind"] == "visit programme"]
    dog = visits["account_id"].map(response) < 0
    stays = visits["stay_with"] - visits["stay_without"]

    assert stays[dog].mean() < 0 < stays[~dog].mean()
    assert 0.03 < (world.latents.response < 0).mean() < 0.12


def test_the_lot_finds_the_true_mean_effect_on_staying(world, actions):
    """Difference in twelve-month retention between arms of the trials, within its error."""
    by_lot = actions[(actions["assignment"] == "lot") & (actions["kind"] == "visit programme")]
    index = {account: number for number, account in enumerate(world.identity.ids)}
    number = by_lot["account_id"].map(index).to_numpy()
    start = (by_lot["date"].dt.year - 2022) * 12 + by_lot["date"].dt.month - 1
    stays = world.history.left[number] >= start.to_numpy() + 12
    treated = by_lot["treated"].to_numpy()
    found = stays[treated].mean() - stays[~treated].mean()
    error = np.hypot(
        stays[treated].std() / np.sqrt(treated.sum()),
        stays[~treated].std() / np.sqrt((~treated).sum()),
    )

    assert abs(found - (by_lot["stay_with"] - by_lot["stay_without"]).mean()) < 4 * error
    assert (by_lot.loc[~by_lot["treated"], "cost"] == 0).all()
