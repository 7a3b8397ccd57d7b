"""What a naive analysis would find is wrong, as the room's text says."""

import dataclasses

import numpy as np
import pytest

from kamlab.simulation.latents import ARCHETYPES
from kamlab.simulation.managers import load_effect
from kamlab.simulation.rollouts import Policy, roll_out


def _last_year(sums):
    net, gross, serve = sums[36:48].sum(axis=0)
    return net, gross, gross - serve


def test_ranking_by_sales_lifts_bullies_that_bring_little(worlds):
    by_sales, by_contribution = [], []
    for world, sums in worlds:
        net, _, contribution = _last_year(sums)
        bully = world.latents.archetype == ARCHETYPES.index("bully")
        by_sales.append(bully[np.argsort(-net)[:30]].mean())
        by_contribution.append(bully[np.argsort(-contribution)[:30]].mean())

    assert np.mean(by_sales) > 0.25
    assert np.mean(by_contribution) < np.mean(by_sales) - 0.08


def test_ranking_by_margin_rate_finds_small_accounts(worlds):
    for _, sums in worlds:
        net, gross, _ = _last_year(sums)
        buying = np.flatnonzero(net > 1_000)
        best = buying[np.argsort(-(gross / np.where(net > 0, net, 1))[buying])[:30]]
        assert gross[best].sum() < 0.35 * np.sort(gross)[::-1][:30].sum()


def test_contribution_finds_more_future_value_than_sales(worlds):
    captured = []
    for _, sums in worlds:
        net, _, contribution = _last_year(sums)
        coming = (sums[48:60, 1] - sums[48:60, 2]).sum(axis=0)
        best = np.sort(coming)[::-1][:30].sum()
        captured.append([coming[np.argsort(-by)[:30]].sum() / best for by in (contribution, net)])
    by_contribution, by_sales = np.mean(captured, axis=0)

    assert by_contribution > by_sales + 0.05


def test_managed_accounts_were_chosen_by_sales_not_by_lot(worlds):
    for world, _ in worlds:
        managed = world.management.manager >= 0
        assert world.latents.log_wallet[managed].mean() > (
            world.latents.log_wallet[~managed].mean() + 1
        )


def test_managers_look_weaker_than_they_are(worlds):
    naive, true = [], []
    for world, _ in worlds:
        managed = world.management.manager >= 0
        there = world.latents.start == 0
        left = world.history.left < 48
        naive.append(1 - left[managed].mean() / left[there & ~managed].mean())
        arms = [
            roll_out(
                world.history.end,
                world.latents,
                world.management,
                dataclasses.replace(world.config, paths=16),
                policy,
                horizons=(36,),
                seed=(1,),
            ).left[36][managed & world.history.end.active]
            for policy in (Policy(), Policy(managed=0.0))
        ]
        true.append(1 - arms[0].mean() / arms[1].mean())

    assert np.mean(true) > 0.15
    assert np.mean(naive) < 0.7 * np.mean(true)


def test_load_effect_is_half_at_eleven_accounts_and_falls():
    assert load_effect(11) == pytest.approx(0.5)
    assert (np.diff(load_effect(np.arange(1, 20))) < 0).all()


def test_a_lost_account_strengthens_the_competitor_of_its_region(worlds):
    strength = np.concatenate([world.history.end.strength for world, _ in worlds])

    assert (strength > 0).all()
    assert 0.05 < strength.mean() < 1.0
