"""Credibility: the published figures to the digit, and luck that no longer tops a list."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kamlab.accounts.credibility import buhlmann_straub, margin_credibility

# Average claims and claim numbers of five states over twelve quarters (Hachemeister, 1975)
RATIOS = [
    [1738, 1642, 1794, 2051, 2079, 2234, 2032, 2035, 2115, 2262, 2267, 2517],
    [1364, 1408, 1597, 1444, 1342, 1675, 1470, 1448, 1464, 1831, 1612, 1471],
    [1759, 1685, 1479, 1763, 1674, 2103, 1502, 1622, 1828, 2155, 2233, 2059],
    [1223, 1146, 1010, 1257, 1426, 1532, 1953, 1123, 1343, 1243, 1762, 1306],
    [1456, 1499, 1609, 1741, 1482, 1572, 1606, 1735, 1607, 1573, 1613, 1690],
]
NUMBERS = [
    [7861, 9251, 8706, 8575, 7917, 8263, 9456, 8003, 7365, 7832, 7849, 9077],
    [1622, 1742, 1523, 1515, 1622, 1602, 1964, 1515, 1527, 1748, 1654, 1861],
    [1147, 1357, 1329, 1204, 998, 1077, 1277, 1218, 896, 1003, 1108, 1121],
    [407, 396, 348, 341, 315, 328, 352, 331, 287, 384, 321, 342],
    [2902, 3172, 3046, 3068, 2693, 2910, 3275, 2697, 2663, 3017, 3242, 3425],
]


def _rates(ratios, numbers):
    ids = [f"S{i}" for i in range(len(ratios))]
    frame = pd.DataFrame({"rate": np.ravel(ratios), "weight": np.ravel(numbers)}, dtype=float)
    frame.insert(0, "account_id", np.repeat(ids, np.shape(ratios)[1]))
    return frame


def test_hachemeister_gives_the_figures_of_the_r_package_actuar():
    # Goulet et al., vignette "Credibility theory features of actuar", section 5
    fitted = buhlmann_straub(_rates(RATIOS, NUMBERS))
    table = fitted.table

    assert fitted.within == pytest.approx(139_120_026, abs=1)
    assert fitted.between == pytest.approx(89_639, abs=1)
    assert table["weight"].tolist() == [100_155, 19_895, 13_735, 4_152, 36_110]
    assert table["collective"].iloc[0] == pytest.approx(1684, abs=0.5)
    assert table["own"].round(0).tolist() == [2061, 1511, 1806, 1353, 1600]
    assert table["credibility"].round(4).tolist() == [0.9847, 0.9276, 0.8985, 0.7279, 0.9588]
    assert table["estimate"].round(0).tolist() == [2055, 1524, 1793, 1443, 1603]


def _world(seed, accounts=300):
    """Margins of two kinds, seen through orders of which the small ones are noisy."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, accounts)
    truth = np.where(kind == 0, 0.15, 0.30) + rng.normal(0, 0.04, accounts)
    rows = []
    for account in range(accounts):
        size = rng.lognormal(7 + 2 * rng.normal(), 0.3, rng.integers(1, 13))
        seen = truth[account] + rng.normal(0, 1, len(size)) * 3.0 / np.sqrt(size)
        rows.append(pd.DataFrame({"account_id": f"A{account:03d}", "rate": seen, "weight": size}))
    ids = [f"A{i:03d}" for i in range(accounts)]
    return (
        pd.concat(rows, ignore_index=True),
        pd.Series(kind, index=ids).map({0: "food", 1: "pharma"}),
        pd.Series(truth, index=ids),
    )


def test_luck_does_not_top_the_list_and_intervals_hold():
    inside, shrunk, raw = [], [], []
    for seed in range(6):
        rates, kinds, truth = _world(seed)
        table = buhlmann_straub(rates, kinds=kinds).table.set_index("account_id")
        half = 1.645 * table["standard_error"]
        inside.append((truth[table.index] - table["estimate"]).abs() < half)
        shrunk.append(truth[table["estimate"].nlargest(10).index].mean())
        raw.append(truth[table["own"].nlargest(10).index].mean())
        best = truth.nlargest(10).mean()
        error = (table["estimate"] - truth[table.index]).pow(2).mean()
        assert error < 0.25 * (table["own"] - truth[table.index]).pow(2).mean()
        assert shrunk[-1] > 0.9 * best

    assert 0.86 <= pd.concat(inside).mean() <= 0.94
    assert np.mean(shrunk) > np.mean(raw) + 0.05


def test_an_account_is_drawn_towards_its_own_kind():
    rates, kinds, _ = _world(1)
    rates = pd.concat(
        [rates, pd.DataFrame({"account_id": ["N"], "rate": [0.9], "weight": [0.001]})]
    )
    for kind, low, high in (("food", 0.1, 0.2), ("pharma", 0.25, 0.35)):
        own = pd.concat([kinds, pd.Series({"N": kind})])
        row = buhlmann_straub(rates, kinds=own).table.set_index("account_id").loc["N"]
        assert low < row["estimate"] < high
        assert row["credibility"] < 0.01


def test_where_all_differences_are_chance_all_get_the_common_rate():
    rates = _rates([[1.0, 3.0], [3.0, 1.0], [2.0, 2.0]], [[1, 1], [1, 1], [2, 2]])
    fitted = buhlmann_straub(rates)

    assert fitted.between == 0
    assert fitted.k == float("inf")
    assert fitted.table["estimate"].tolist() == [2, 2, 2]
    assert fitted.table["standard_error"].notna().all()


def test_one_period_each_tells_nothing():
    fitted = buhlmann_straub(_rates([[1.0], [2.0]], [[1], [1]]))

    assert fitted.table["estimate"].isna().all()
    assert np.isnan(fitted.between)


def test_missing_columns_and_double_kinds_are_named():
    with pytest.raises(ValueError, match="lack the columns"):
        buhlmann_straub(pd.DataFrame({"account_id": []}))
    with pytest.raises(ValueError, match="more than one kind"):
        buhlmann_straub(
            _rates([[1.0, 2.0]], [[1, 1]]), kinds=pd.Series(["x", "y"], index=["S0", "S0"])
        )


@settings(max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcdef"),
            st.one_of(st.just(float("nan")), st.floats(-5, 5)),
            st.floats(-10, 1000),
        ),
        max_size=30,
    ),
    st.randoms(use_true_random=False),
)
def test_estimates_lie_between_own_and_collective_in_any_order(rows, random):
    rates = pd.DataFrame(rows, columns=["account_id", "rate", "weight"])
    mixed = rates.sample(frac=1, random_state=random.randint(0, 999))
    table = buhlmann_straub(rates).table

    pd.testing.assert_frame_equal(table, buhlmann_straub(mixed).table)
    known = table.dropna(subset="estimate")
    low = known[["own", "collective"]].min(axis=1)
    high = known[["own", "collective"]].max(axis=1)
    assert (known["estimate"].between(low - 1e-9, high + 1e-9)).all()
    assert known["credibility"].between(0, 1).all()


def test_months_without_sales_or_cost_count_nothing():
    months = pd.DataFrame(
        {
            "account_id": ["a", "a", "a", "b", "b", "c"],
            "sales_with_cost": [100.0, 100.0, -50.0, 10.0, 10.0, 0.0],
            "gross_profit": [20.0, 30.0, -40.0, 1.0, 2.0, np.nan],
        }
    )
    table = margin_credibility(months).table.set_index("account_id")

    assert table.index.tolist() == ["a", "b"]
    assert table.loc["a", "own"] == 0.25
