"""Business space: known wallets are kept, hidden ones found with honest intervals."""

from datetime import date

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from kamlab.accounts.space import business_space, known_wallets


def _world(seed, count=500, known=0.15):
    rng = np.random.default_rng(seed)
    employees = rng.lognormal(4, 1, count)
    industry = rng.choice(["food", "pharma", "pet", "chem"], count)
    kind = (
        pd.Series(industry).map({"food": 0.5, "pharma": 1.0, "pet": 0.0, "chem": -0.5}).to_numpy()
    )
    wallet = np.exp(8 + 0.8 * np.log(employees) + kind + rng.normal(0, 0.4, count))
    share = 1 / (1 + np.exp(-rng.normal(-1, 1, count)))
    ids = [f"A{i:03d}" for i in range(count)]
    accounts = pd.DataFrame(
        {
            "account_id": ids,
            "employees": np.where(rng.random(count) < 0.1, np.nan, employees.round()),
            "industry": industry,
            "addressable_spend": np.where(rng.random(count) < known, wallet, np.nan),
        }
    )
    facts = pd.DataFrame({"account_id": ids, "net_sales_12m": wallet * share})
    return accounts, facts, pd.Series(wallet, index=ids)


def test_hidden_wallets_are_found_with_honest_intervals():
    inside, ranks = [], []
    for seed in range(6):
        accounts, facts, truth = _world(seed)
        table = business_space(accounts, facts).set_index("account_id")
        hidden = table[table["wallet_source"] == "estimated"]
        inside.append(truth[hidden.index].between(hidden["wallet_low"], hidden["wallet_high"]))
        ranks.append(spearmanr(truth[hidden.index], hidden["wallet"]).statistic)

    assert 0.86 <= pd.concat(inside).mean() <= 0.95
    assert min(ranks) > 0.8


def test_known_wallets_are_kept_and_never_below_own_sales():
    accounts, facts, truth = _world(7)
    facts.loc[0, "net_sales_12m"] = truth.iloc[0] * 3

    table = business_space(accounts, facts).set_index("account_id")
    given = table[table["wallet_source"] == "given"].drop(index="A000", errors="ignore")

    assert np.allclose(given["wallet"], truth[given.index])
    assert (table["wallet"] >= facts.set_index("account_id")["net_sales_12m"]).all()
    assert (table["head_room"] >= 0).all()
    assert table["share_of_wallet"].between(0, 1).all()


def test_with_few_known_wallets_the_stand_in_is_marked():
    accounts, facts, truth = _world(8, known=0.01)

    table = business_space(accounts, facts).set_index("account_id")
    assumed = table[table["wallet_source"] == "assumed"]

    assert len(assumed) > 450
    assert assumed[["wallet_low", "wallet_high"]].isna().all(axis=None)
    assert spearmanr(truth[assumed.index], assumed["wallet"]).statistic > 0.6


def test_without_anything_to_go_by_nothing_is_claimed():
    facts = pd.DataFrame({"account_id": ["A", "B"], "net_sales_12m": [10.0, 0.0]})

    table = business_space(pd.DataFrame({"account_id": ["A", "B"]}), facts)

    assert table["wallet_source"].tolist() == ["unknown", "unknown"]
    assert table["wallet"].isna().all()


def test_row_order_does_not_matter():
    accounts, facts, _ = _world(9, count=120, known=0.4)
    mixed = business_space(accounts.sample(frac=1, random_state=1), facts.iloc[::-1])

    left = business_space(accounts, facts).set_index("account_id").sort_index()
    right = mixed.set_index("account_id").sort_index()

    pd.testing.assert_frame_equal(left, right)


def test_ranges_are_checked():
    accounts, facts, _ = _world(1, count=30)

    with pytest.raises(ValueError, match="quantile lies in"):
        business_space(accounts, facts, quantile=0.2)


def test_observed_wallets_of_the_newest_whole_year_count():
    accounts = pd.DataFrame({"account_id": ["A", "B", "C"], "addressable_spend": [1.0, 2.0, 3.0]})
    seen = pd.DataFrame(
        {
            "account_id": ["A", "A", "B", "B", "D", "C"],
            "year": [2023, 2024, 2024, 2024, 2024, 2025],
            "category": [None, None, "film", "bags", None, None],
            "total_purchases": [50.0, 60.0, 5.0, 6.0, 9.0, 99.0],
        }
    )
    table = known_wallets(accounts, seen, date(2025, 6, 1)).set_index("account_id")

    assert table["addressable_spend"].to_dict() == {"A": 60, "B": 11, "C": 3, "D": 9}
    assert known_wallets(accounts, None, date(2025, 6, 1)) is accounts
    assert known_wallets(None, seen, date(2025, 6, 1))["account_id"].tolist() == ["A", "B", "D"]


def test_a_high_quantile_lies_above_most_wallets_and_its_interval_holds():
    above, inside, ranks = [], [], []
    for seed in range(3):
        accounts, facts, truth = _world(seed)
        table = business_space(accounts, facts, method="quantile", quantile=0.8)
        hidden = table[table["wallet_source"] == "estimated"].set_index("account_id")
        true = truth[hidden.index]
        above.append((hidden["wallet"] >= true).mean())
        inside.append(true.between(hidden["wallet_low"], hidden["wallet_high"]).mean())
        ranks.append(spearmanr(hidden["wallet"], true).statistic)

    assert 0.65 <= np.mean(above) <= 0.92
    assert 0.84 <= np.mean(inside) <= 0.97
    assert np.mean(ranks) > 0.8
    with pytest.raises(ValueError, match="method is 'mean' or 'quantile', not 'median'"):
        business_space(accounts, facts, method="median")
