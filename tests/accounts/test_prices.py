"""Price effects: planted concessions come back with honest intervals, whatever is bought."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import spearmanr

from kamlab.accounts.prices import price_effects, price_sums


def _sums(seed, accounts=120, products=30, rows=6000, spread=0.06):
    """Draw account-product-month sums in which big buyers choose cheap products (a trap)."""
    rng = np.random.default_rng(seed)
    truth = rng.normal(0, spread, accounts)
    activity = rng.lognormal(0, 1, accounts)
    account = rng.choice(accounts, rows, p=activity / activity.sum())
    leaning = np.argsort(np.argsort(activity)) / accounts
    product = np.clip((leaning[account] * 10 + rng.integers(0, 20, rows)).astype(int), 0, 29)
    base, season = rng.normal(2, 0.8, products)[::-1].cumsum() * 0.1, rng.normal(0, 0.05, 24)
    month = rng.integers(0, 24, rows)
    quantity = rng.lognormal(3, 1, rows)
    log_price = (
        base[product]
        + season[month]
        + truth[account]
        - 0.05 * np.log(quantity)
        + rng.normal(0, 0.08, rows)
    )
    frame = pd.DataFrame(
        {
            "account_id": [f"A{i:03d}" for i in account],
            "product_id": product,
            "month": pd.Timestamp("2023-01-01") + pd.to_timedelta(month * 31, unit="D"),
            "quantity": quantity,
            "net_sales": quantity * np.exp(log_price),
            "lines": 1,
        }
    )
    return frame, pd.Series(truth, index=[f"A{i:03d}" for i in range(accounts)])


def _centred(frame, truth):
    sales = frame.groupby("account_id")["net_sales"].sum()
    known = truth.reindex(sales.index)
    return known - np.average(known, weights=sales)


def test_planted_price_effects_come_back_with_honest_intervals():
    inside, ranks = [], []
    for seed in range(5):
        frame, truth = _sums(seed)
        table = price_effects(frame).set_index("account_id")
        known = _centred(frame, truth)
        inside.append(known.between(table["low"], table["high"]))
        ranks.append(spearmanr(known, table["price_effect"]).statistic)

    assert 0.86 <= pd.concat(inside).mean() <= 0.94
    assert min(ranks) > 0.85


def test_raw_effects_are_those_of_weighted_least_squares_on_all_dummies():
    frame, _ = _sums(1, accounts=40, rows=900)
    frame = frame[frame.groupby("product_id")["account_id"].transform("nunique") > 1]
    frame = frame.assign(lines=np.random.default_rng(1).integers(1, 9, len(frame)))
    found = price_effects(frame).set_index("account_id")["raw_effect"]

    size = np.log(frame["quantity"] / frame["lines"])
    usual = (size * frame["lines"]).groupby(frame["product_id"]).sum()
    usual /= frame["lines"].groupby(frame["product_id"]).sum()
    named = [pd.get_dummies(frame[name]) for name in ("account_id", "product_id", "month")]
    design = np.column_stack([*named, size - frame["product_id"].map(usual)]).astype(float)
    root = np.sqrt(frame["lines"].to_numpy())
    price = np.log(frame["net_sales"] / frame["quantity"])
    fitted = np.linalg.lstsq(design * root[:, None], price * root, rcond=None)[0]
    known = pd.Series(fitted[: len(found)], index=named[0].columns)
    known -= np.average(known, weights=frame.groupby("account_id")["net_sales"].sum())

    assert np.allclose(found, known, atol=1e-8)


def test_accounts_that_share_no_product_are_compared_only_among_their_own():
    """A dear range that others do not buy says nothing of its buyers' prices."""
    one, _ = _sums(1, rows=2000)
    other = one.assign(
        account_id="B" + one["account_id"],
        product_id=one["product_id"] + 100,
        net_sales=one["net_sales"] * 1000,
    )
    both = price_effects(pd.concat([one, other])).set_index("account_id")["raw_effect"]
    alone = price_effects(one).set_index("account_id")["raw_effect"]

    assert np.allclose(both[alone.index], alone, atol=1e-8)
    assert np.allclose(both["B" + alone.index], alone, atol=1e-8)


def test_mean_price_alone_would_mislead():
    frame, truth = _sums(1)
    known = _centred(frame, truth)
    sums = frame.groupby("account_id")[["net_sales", "quantity"]].sum()
    naive = np.log(sums["net_sales"] / sums["quantity"])
    table = price_effects(frame).set_index("account_id")

    assert spearmanr(naive, known).statistic < 0.5
    assert spearmanr(table["price_effect"], known).statistic > 0.85


def test_a_small_account_is_shrunk_more_than_a_big_one():
    frame, _ = _sums(2)
    table = price_effects(frame).set_index("account_id")
    ratio = (table["price_effect"] / table["raw_effect"]).loc[table["raw_effect"] != 0]

    few, many = table["lines"].idxmin(), table["lines"].idxmax()

    assert ratio[few] < ratio[many] <= 1


def test_currency_and_row_order_do_not_matter():
    frame, _ = _sums(3, rows=2000)
    scaled = frame.assign(net_sales=frame["net_sales"] * 7.8).sample(frac=1, random_state=1)
    columns = ["price_effect", "standard_error"]

    left, right = price_effects(frame), price_effects(scaled)

    assert np.allclose(left[columns], right[columns], atol=1e-6)
    assert np.allclose(left["price_gap"] * 7.8, right["price_gap"], rtol=1e-4, atol=0.01)


def test_an_account_without_peers_gets_no_claim():
    frame, _ = _sums(4, rows=800)
    alone = frame.head(3).assign(account_id="LONER", product_id=99)

    row = price_effects(pd.concat([frame, alone])).set_index("account_id").loc["LONER"]

    assert row["compared_sales"] == 0
    assert row[["price_effect", "low", "high", "price_gap"]].isna().all()


@pytest.mark.parametrize(
    ("change", "message"),
    [(lambda f: f.drop(columns="quantity"), "lack the columns"), (lambda f: f, "confidence")],
)
def test_wrong_input_is_named(change, message):
    frame, _ = _sums(5, rows=50)

    with pytest.raises(ValueError, match=message):
        price_effects(change(frame), confidence=1.5 if message == "confidence" else 0.9)


def test_sums_count_purchases_by_month_and_nothing_else():
    orders = pd.DataFrame(
        {
            "account_id": ["A", "A", "A", "A", "B"],
            "order_id": ["1", "2", "3", "4", "5"],
            "order_date": pd.to_datetime(
                ["2024-01-05", "2024-01-20", "2024-01-21", "2024-03-01", "2024-02-01"]
            ),
            "product_id": ["P", "P", "P", "P", None],
            "quantity": [1.0, 2.0, -1.0, 1.0, 1.0],
            "net_sales": [10.0, 18.0, -10.0, 9.0, 9.0],
        }
    )

    sums = price_sums(orders, "2024-03-01")

    assert sums[["net_sales", "quantity", "lines"]].to_numpy().tolist() == [[28.0, 3.0, 2.0]]
    assert price_sums(orders.drop(columns="quantity"), "2024-03-01") is None


def test_what_a_regions_prices_have_in_common_is_no_concession():
    frame, truth = _sums(3, rows=12_000)
    regions = pd.Series([f"R{i % 4}" for i in range(len(truth))], index=truth.index)
    level = regions.map({"R0": 0.0, "R1": 0.15, "R2": -0.15, "R3": 0.3})
    dear = frame.assign(net_sales=frame["net_sales"] * np.exp(frame["account_id"].map(level)))

    plain = price_effects(dear).set_index("account_id")["price_effect"]
    within = price_effects(dear, regions=regions).set_index("account_id")["price_effect"]
    nothing = price_effects(frame, regions=regions).set_index("account_id")["price_effect"]
    none = price_effects(frame).set_index("account_id")["price_effect"]

    assert spearmanr(within, truth[within.index]).statistic > 0.85
    assert spearmanr(plain, truth[plain.index]).statistic < 0.6
    assert (nothing - none).abs().max() < 0.02
    assert within.groupby(regions).mean().abs().max() < 0.05
