"""The simulated distributor stays within bands that are credible for the trade.

Each band is for the mean of six worlds of 1,200 accounts; single worlds scatter around it.
"""

import numpy as np
import pytest

from kamlab.simulation.latents import ARCHETYPES
from kamlab.simulation.leaving import CAUSES

LAST_YEAR = slice(36, 48)


def _last_year(world, sums):
    net, gross, serve = sums[LAST_YEAR].sum(axis=0)
    lost = (world.history.left >= 36) & (world.history.left < 48)
    return net, gross, gross - serve - np.where(lost, world.history.credit_loss, 0.0)


def _top_share(values, share):
    ranked = np.sort(values)[::-1]
    return ranked[: round(share * np.count_nonzero(values > 0))].sum() / ranked.sum()


def _annual_churn(worlds, member):
    """Leavers over accounts present at the start of each of the four years."""
    present = gone = 0
    for world, _ in worlds:
        mine = member(world.latents)
        for start in range(0, 48, 12):
            here = mine & (world.latents.start <= start) & (world.history.left >= start)
            present += here.sum()
            gone += (here & (world.history.left < start + 12)).sum()
    return gone / present


def _measures(world, sums):
    net, gross, contribution = _last_year(world, sums)
    buying = net > 0
    before = sums[24:36, 1].sum(axis=0)
    kept = set(np.argsort(-before)[:30]) & set(np.argsort(-gross)[:30])
    history = world.history
    return {
        "gross margin": gross.sum() / net.sum(),
        "contribution over sales": contribution.sum() / net.sum(),
        "sales share of the top fifth": _top_share(net[buying], 0.2),
        "gross profit share of the top fifth": _top_share(gross[buying], 0.2),
        "sales share of the top hundredth": _top_share(net[buying], 0.01),
        "whale peak": contribution[contribution > 0].sum() / contribution.sum(),
        "share of loss makers": (contribution[buying] < 0).mean(),
        "persistence of the top 30": len(kept) / 30,
        "active at the end": ((world.latents.start < 48) & (history.left >= 48)).mean(),
    }


@pytest.mark.parametrize(
    ("measure", "low", "high"),
    [
        ("gross margin", 0.18, 0.25),
        ("contribution over sales", 0.08, 0.14),
        ("sales share of the top fifth", 0.70, 0.88),
        ("gross profit share of the top fifth", 0.70, 0.86),
        ("sales share of the top hundredth", 0.15, 0.25),
        ("whale peak", 1.15, 1.60),
        ("share of loss makers", 0.20, 0.45),
        ("persistence of the top 30", 0.70, 0.90),
        ("active at the end", 0.65, 0.78),
    ],
)
def test_the_books_stay_within_the_band(worlds, measure, low, high):
    values = [_measures(world, sums)[measure] for world, sums in worlds]

    assert low <= np.mean(values) <= high


@pytest.mark.parametrize(
    ("archetype", "low", "high"),
    [
        (None, 0.08, 0.12),
        ("bully", 0.12, 0.18),
        ("balanced", 0.04, 0.08),
        ("late_payer", 0.11, 0.17),
    ],
)
def test_annual_churn_stays_within_the_band(worlds, archetype, low, high):
    def member(latents):
        if archetype is None:
            return np.ones(len(latents.archetype), dtype=bool)
        return latents.archetype == ARCHETYPES.index(archetype)

    assert low <= _annual_churn(worlds, member) <= high


def test_realised_leavers_agree_with_the_true_hazard(worlds):
    expected = sum(world.history.probability[:48].sum(dtype=float) for world, _ in worlds)
    variance = sum(
        (world.history.probability[:48] * (1.0 - world.history.probability[:48])).sum(dtype=float)
        for world, _ in worlds
    )
    realised = sum((world.history.left < 48).sum() for world, _ in worlds)

    assert abs(realised - expected) < 4 * np.sqrt(variance)


def test_leavers_agree_with_the_hazard_in_every_tenth_of_it(worlds):
    hazard = np.concatenate([world.history.probability[:48].ravel() for world, _ in worlds])
    leaves = np.concatenate(
        [(np.arange(48)[:, None] == world.history.left).ravel() for world, _ in worlds]
    )
    here = hazard > 0
    hazard, leaves = hazard[here].astype(float), leaves[here]
    tenths = np.digitize(hazard, np.quantile(hazard, np.arange(0.1, 1, 0.1)))
    for tenth in range(10):
        expected = hazard[tenths == tenth]
        error = np.sqrt((expected * (1 - expected)).sum())
        assert abs(leaves[tenths == tenth].sum() - expected.sum()) < 4 * error


def test_causes_follow_the_traits_that_make_them(worlds):
    def mean_trait(name, cause):
        values = [
            getattr(world.latents, name)[
                (world.history.cause == CAUSES.index(cause)) & (world.history.left < 48)
            ]
            for world, _ in worlds
        ]
        return np.concatenate(values).mean()

    assert mean_trait("price", "price") > mean_trait("price", "service") + 0.3
    assert mean_trait("health", "closure") < mean_trait("health", "quality") - 0.4
    assert mean_trait("quality", "quality") > mean_trait("quality", "brand") + 0.1
    assert mean_trait("brand", "brand") < mean_trait("brand", "price") - 0.15


def test_half_of_the_commercial_leavers_fall_first(worlds):
    fell = np.concatenate(
        [
            (world.history.fell < 48)[
                (world.history.left < 48) & (world.history.cause != CAUSES.index("closure"))
            ]
            for world, _ in worlds
        ]
    )

    assert 0.35 < fell.mean() < 0.6


def test_order_lines_add_up_to_what_the_panel_expects(worlds):
    """Lines, returns, discounts and product mix are unbiased draws of the monthly volumes."""
    ratios = []
    for world, sums in worlds:
        history, latents = world.history, world.latents
        kept = 1 - 0.6 * history.return_rate.astype(float)
        volume = history.volume.astype(float)
        price = history.price_level[:, None] * (1 - latents.discount - 0.05 * history.concession)
        net = volume * price * kept
        cost = volume * history.cost_level[:, None] * latents.cost_ratio * kept
        ratios.append((sums[:, 0].sum() / net.sum(), sums[:, 1].sum() / (net - cost).sum()))

    assert np.mean(ratios, axis=0) == pytest.approx([1, 1], abs=0.015)
