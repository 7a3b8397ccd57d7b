"""Causes of leaving that compete: against scikit-survival, the truth, and what must add up."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sksurv.nonparametric import cumulative_incidence_competing_risks

from kamlab.churn.competing import cause_ratios, cumulative_incidence
from kamlab.churn.cox import CoxModel
from kamlab.churn.survival import survival_curve

CAUSES = np.array(["closure", "price", "service"])


def _lost(seed=0, number=300):
    """Draw accounts that leave for the first of three causes to come, or are still here."""
    rng = np.random.default_rng(seed)
    each = np.ceil(rng.exponential([60, 15, 30], (number, 3)))
    seen = np.ceil(rng.uniform(1, 40, number))
    first = each.min(axis=1)
    cause = np.where(first <= seen, CAUSES[each.argmin(axis=1)], None)
    return np.minimum(first, seen), cause


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_incidences_equal_scikit_survival(seed):
    lasted, cause = _lost(seed)
    found = cumulative_incidence(lasted, cause, level=0.95).query("time > 0")

    code = np.select([cause == name for name in CAUSES], [1, 2, 3], 0)
    _, shares, intervals = cumulative_incidence_competing_risks(code, lasted, conf_type="log-log")
    for place, name in enumerate(CAUSES):
        part = found[found["cause"] == name]
        assert part["incidence"].to_numpy() == pytest.approx(shares[place + 1], abs=1e-12)
        known = shares[place + 1] > 0
        assert part["low"].to_numpy()[known] == pytest.approx(
            intervals[place + 1, 0][known], abs=1e-9
        )
        assert part["high"].to_numpy()[known] == pytest.approx(
            intervals[place + 1, 1][known], abs=1e-9
        )


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.integers(0, 20),
            st.integers(1, 20),
            st.sampled_from(["price", "service", "closure", None]),
            st.sampled_from(["a", "b"]),
        ),
        min_size=1,
        max_size=40,
    ).filter(lambda accounts: any(account[2] for account in accounts))
)
def test_incidences_and_survival_add_up_to_everybody(accounts):
    entry, length, cause, segment = (
        np.array(column, dtype=object) for column in zip(*accounts, strict=True)
    )
    entry, lasted = entry.astype(float), (entry + length).astype(float)
    found = cumulative_incidence(lasted, cause, entry=entry, by=segment)

    total = found.groupby(["segment", "time"]).agg({"incidence": "sum", "survival": "first"})
    assert total.sum(axis=1).to_numpy() == pytest.approx(np.ones(len(total)))
    for _, part in found.groupby(["segment", "cause"]):
        assert part["incidence"].is_monotonic_increasing
        inside = part["low"].notna()
        assert (part["low"][inside] <= part["incidence"][inside] + 1e-12).all()
        assert (part["high"][inside] >= part["incidence"][inside] - 1e-12).all()
    every = [name is not None for name in cause]
    curve = survival_curve(lasted, every, entry=entry, by=segment)
    shares = found.drop_duplicates(["segment", "time"])
    assert shares["survival"].to_numpy() == pytest.approx(curve["survival"].to_numpy())
    assert shares["at_risk"].tolist() == curve["at_risk"].tolist()


def test_the_truth_is_found_with_late_entry():
    rng = np.random.default_rng(3)
    number = 30_000
    each = rng.exponential([10.0, 30.0], (number, 2))
    first, entry = each.min(axis=1), rng.uniform(0, 10, number)
    watched = first > entry
    cause = np.where(each[:, 0] < each[:, 1], "price", "closure")
    found = cumulative_incidence(first[watched], cause[watched], entry=entry[watched])

    both = 1 / 10 + 1 / 30
    for name, rate in (("price", 1 / 10), ("closure", 1 / 30)):
        part = found[(found["cause"] == name) & (found["time"] <= 8)].iloc[-1]
        assert part["incidence"] == pytest.approx(rate / both * (1 - np.exp(-both * 8)), abs=0.01)
        assert part["cumulative_hazard"] == pytest.approx(8 * rate, rel=0.05)


def test_limits_cover_the_truth():
    held, both = [], 1 / 60 + 1 / 15 + 1 / 30
    for seed in range(300):
        rng = np.random.default_rng(seed)
        each, seen = rng.exponential([60, 15, 30], (150, 3)), rng.uniform(0, 40, 150)
        first = each.min(axis=1)
        cause = np.where(first <= seen, CAUSES[each.argmin(axis=1)], None)
        found = cumulative_incidence(np.minimum(first, seen), cause, level=0.9)
        at = found[(found["cause"] == "price") & (found["time"] <= 10)].iloc[-1]
        held.append(at["low"] <= 1 / 15 / both * (1 - np.exp(-10 * both)) <= at["high"])

    assert np.mean(held) == pytest.approx(0.9, abs=0.05)


def test_a_cause_alone_censors_the_others_in_its_hazard_ratio():
    lasted, cause = _lost(4, 600)
    table = pd.DataFrame({"size": np.random.default_rng(4).normal(size=600)})
    found = cause_ratios(table, lasted, cause, least=80).set_index("cause")

    model = CoxModel().fit(table, lasted, cause == "price").summary()
    assert found.loc["price", "hazard_ratio"] == pytest.approx(model["hazard_ratio"].iloc[0])
    assert found["events"].to_dict() == {name: int((cause == name).sum()) for name in CAUSES}
    assert found.loc["closure", "events"] < 80
    assert np.isnan(found.loc["closure", "hazard_ratio"])


def test_causes_that_are_not_there_are_refused():
    with pytest.raises(ValueError, match="nobody left"):
        cumulative_incidence([1, 2], [None, np.nan])
    with pytest.raises(ValueError, match="nobody left"):
        cause_ratios(pd.DataFrame({"x": [1, 2]}), [1, 2], [None, None])
    with pytest.raises(ValueError, match="as long as each other"):
        cumulative_incidence([1, 2], ["price"])
