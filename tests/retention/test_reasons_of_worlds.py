"""Reasons of simulated distributors: half the error of the record, and who could have been kept."""

import numpy as np
import pytest

from kamlab.accounts.days import daily_sums
from kamlab.retention.before_leaving import before_leaving
from kamlab.retention.reasons import avoidable
from kamlab.retention.true_reasons import true_reasons
from kamlab.simulation import Config, simulate
from kamlab.simulation.defections import draw_defections
from kamlab.simulation.distributor import draw_world, stream
from kamlab.simulation.leaving import AVOIDABLE

END = "2026-01-01"


def _error(shares, cause):
    true = cause.value_counts(normalize=True)
    return float(shares.sub(true, fill_value=0.0).abs().sum())


@pytest.mark.parametrize(("accounts", "seeds", "bar"), [(400, 10, 0.57), (3_000, 3, 0.4)])
def test_interviews_alone_take_much_of_the_error_away(accounts, seeds, bar):
    """Of the recorded shares' error, with nothing but records and interviews."""
    recorded, corrected = [], []
    for seed in range(1, seeds + 1):
        world = draw_world(Config(seed=seed, n_accounts=accounts))
        left, truth = draw_defections(
            world.latents, world.history, world.management, world.identity,
            stream(world.config, "defections"),
        )  # fmt: skip
        cause = truth.set_index("account_id")["cause"].reindex(left["account_id"])
        recorded.append(_error(left["reason"].value_counts(normalize=True), cause))
        corrected.append(_error(true_reasons(left, draws=0).shares, cause))

    assert np.mean(corrected) < bar * np.mean(recorded)


@pytest.mark.parametrize("seeds", [(3,), pytest.param(range(1, 11), marks=pytest.mark.slow)])
def test_signs_halve_the_error_and_tell_who_could_have_been_kept(seeds):
    recorded, corrected, scores, trivial = [], [], [], []
    for seed in seeds:
        world = simulate("small", seed=seed)
        left = world.tables["defections"]
        gone = left.rename(columns={"defection_date": "left_on"})
        daily = daily_sums(world.tables["orders"], END)
        found = before_leaving(
            daily, gone, END, invoices=world.tables["invoices"],
            interactions=world.tables["interactions"],
        )  # fmt: skip
        telling = found.summary.loc[found.summary["low"] > 0, "sign"].tolist()
        signs = found.signs.set_index("account_id").reindex(left["account_id"])[telling]
        cause = world.truth["defection"].set_index("account_id")["cause"]
        cause = cause.reindex(left["account_id"])
        made = true_reasons(left, signs=signs, draws=0)
        recorded.append(_error(left["reason"].value_counts(normalize=True), cause))
        corrected.append(_error(made.shares, cause))
        said, true = avoidable(made)[0].to_numpy() > 0.5, cause.isin(AVOIDABLE).to_numpy()
        scores.append(2 * (said & true).sum() / (said.sum() + true.sum()))
        trivial.append(2 * true.sum() / (len(true) + true.sum()))

    assert np.min(scores) > 0.8
    assert np.mean(scores) > np.mean(trivial) + 0.05
    assert np.mean(corrected) < (0.5 if len(recorded) > 1 else 1.0) * np.mean(recorded)
