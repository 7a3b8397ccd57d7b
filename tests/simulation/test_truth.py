import dataclasses

import numpy as np
import pandas as pd
import pytest

from kamlab.simulation import Config
from kamlab.simulation.distributor import draw_world
from kamlab.simulation.rollouts import Policy, roll_out
from kamlab.simulation.truth import account_truth


def _roll(world, policy, seed=(1, 2), paths=16, **changes):
    return roll_out(
        world.history.end,
        world.latents,
        world.management,
        dataclasses.replace(world.config, paths=paths, **changes),
        policy,
        horizons=(12, 36),
        seed=seed,
    )


@pytest.fixture(scope="module")
def truths(worlds):
    return [
        account_truth(
            dataclasses.replace(world, config=dataclasses.replace(world.config, paths=16)),
            sums[48:],
        )
        for world, sums in worlds
    ]


def test_expected_profit_agrees_with_an_independent_realisation(truths):
    """Lines of 2026 are drawn by other code than the roll-outs; sums differ by luck only."""
    for name, tolerance in (("net_sales_12m", 0.04), ("gross_profit_12m", 0.06)):
        realised = sum(truth[f"realised_{name}"].sum() for truth in truths)
        expected = sum(truth[f"expected_{name}"].sum() for truth in truths)
        assert realised / expected == pytest.approx(1, abs=tolerance)


def test_expected_profit_ranks_accounts_as_they_turn_out(truths):
    for truth in truths:
        here = truth[truth["active"]]
        expected, realised = here["expected_gross_profit_12m"], here["realised_gross_profit_12m"]
        assert expected.corr(realised, method="spearman") > 0.75


@pytest.mark.parametrize(("column", "months"), [("p_leave_90", 3), ("p_leave_365", 12)])
def test_probability_of_leaving_agrees_with_the_leavers(truths, column, months):
    end = pd.Timestamp("2026-01-01") + pd.DateOffset(months=months)
    here = pd.concat([truth[truth["active"]] for truth in truths])
    p = here[column]
    gone = (here["left"] <= end).sum()

    assert abs(gone - p.sum()) < 4 * np.sqrt((p * (1 - p)).sum())


def test_who_is_gone_is_worth_nothing(truths):
    for truth in truths:
        gone = truth[~truth["active"]]
        assert (gone["value_status_quo"] == 0).all()
        assert (gone["realised_net_sales_36m"] <= 0).all()  # late returns may still come
        assert gone["p_leave_365"].isna().all()
        assert not gone[["is_key_value", "is_key_uplift", "is_key_policy"]].any(axis=None)


def test_paths_are_independent_draws_of_one_mean(worlds):
    world, _ = worlds[0]
    one, other = (_roll(world, Policy(), seed=(seed,), paths=64) for seed in (1, 2))
    means = [outcome.present_value[0].sum() for outcome in (one, other)]
    spread = np.hypot(*(outcome.values.sum(axis=1).std(ddof=1) / 8 for outcome in (one, other)))

    assert abs(means[0] - means[1]) < 4 * spread


def test_the_error_stated_is_that_of_the_mean(worlds):
    world, _ = worlds[0]
    outcome = _roll(world, Policy())
    mean, error = outcome.present_value

    np.testing.assert_allclose(mean, outcome.values.mean(axis=0))
    np.testing.assert_allclose(error, outcome.values.std(axis=0, ddof=1) / 4, rtol=1e-6, atol=1e-3)


def test_common_luck_makes_differences_of_policies_precise(worlds):
    world, _ = worlds[0]
    without, same = _roll(world, Policy(managed=0.0)), _roll(world, Policy(managed=0.73))
    other = _roll(world, Policy(managed=0.73), seed=(9,))
    active = world.history.end.active

    def spread(outcome):
        return (outcome.values - without.values)[:, active].std(axis=0).mean()

    assert spread(same) < 0.8 * spread(other)


def test_a_manager_helps_on_average_and_hardly_without_effect(worlds):
    world, _ = worlds[0]
    gain = _roll(world, Policy(managed=0.73)).values - _roll(world, Policy(managed=0.0)).values

    assert gain.sum(axis=1).mean() > 0


def test_rolling_out_leaves_the_state_alone(worlds):
    world, _ = worlds[0]
    before = world.history.end.repeat(1)
    _roll(world, Policy(managed=1.0))

    for field in dataclasses.fields(before):
        np.testing.assert_array_equal(
            getattr(before, field.name), getattr(world.history.end, field.name)
        )


def test_finance_matters_only_where_it_is_switched_on():
    def loss_by_health(finance):
        world = draw_world(Config(seed=2, n_accounts=2_000, finance=finance))
        weak = world.latents.health < -0.8
        failed = (world.history.cause == 5) & (world.history.left < 48)
        return failed[weak].mean(), failed[~weak].mean()

    weak, strong = loss_by_health(1.0)
    assert weak > 2 * strong
    weak, strong = loss_by_health(0.0)
    assert weak < 1.4 * strong


def test_philosophy_matters_only_where_it_is_switched_on():
    def growth_gap(philosophy):
        world = draw_world(Config(seed=2, n_accounts=2_000, philosophy=philosophy))
        tail = (world.latents.archetype == 6) & world.history.end.active
        modern = world.latents.philosophy[tail] > 0
        grown = (world.history.end.log_wallet - world.latents.log_wallet)[tail]
        return grown[modern].mean() - grown[~modern].mean()

    assert growth_gap(3.0) > growth_gap(0.0) + 0.15
    assert abs(growth_gap(0.0)) < 0.1


def test_the_textbook_list_and_the_best_list_differ(truths):
    for truth in truths:
        assert truth["is_key_value"].any()
        assert truth["is_key_policy"].any()
        assert (truth["is_key_value"] != truth["is_key_policy"]).any()


def test_accounts_worth_a_manager_are_two_to_six_in_a_hundred(truths):
    share = np.mean([truth["is_key_uplift"].mean() for truth in truths])

    assert 0.02 < share < 0.06
