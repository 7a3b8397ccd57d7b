"""The forecast of the next period, held against published data, hindsight and invariants."""

import numpy as np
import pandas as pd
import pytest

from kamlab.accounts.days import daily_sums
from kamlab.segmentation.backtest import OURS, backtest
from kamlab.segmentation.forecast import next_period
from kamlab.segmentation.ledger import day_of, open_ledger
from kamlab.segmentation.lessons import look_back
from kamlab.segmentation.rules import RULES, naive_scores, pick


@pytest.fixture(scope="module")
def days(request) -> pd.DataFrame:
    """Four years of a made company: accounts of steady size, some of which leave."""
    generator = np.random.default_rng(5)
    rows = []
    for account in range(120):
        size = float(np.exp(generator.normal(6, 1)))
        gap = generator.integers(5, 40)
        leaves = generator.integers(200, 3000)
        first = int(generator.integers(0, 200))
        rows += [
            (f"a{account:03d}", f"o{account}-{day}", day, size)
            for day in range(first, min(1400, leaves), gap)
        ]
    orders = pd.DataFrame(rows, columns=["account_id", "order_id", "day", "net_sales"])
    orders["net_sales"] *= generator.lognormal(0, 0.3, len(orders))
    orders["order_date"] = pd.Timestamp("2020-01-01") + pd.to_timedelta(orders["day"], unit="D")
    orders["cost_of_goods"] = orders["net_sales"] * 0.7
    return daily_sums(orders, "2023-11-01")


def _captured(table: pd.DataFrame, days: pd.DataFrame, as_of: str, horizon: int, places: int):
    """Give the share of the best possible which the first places went on to earn."""
    begin = pd.Timestamp(as_of)
    after = days[(days["day"] >= begin) & (days["day"] < begin + pd.Timedelta(days=horizon))]
    amount = "gross_profit" if days["gross_profit"].notna().any() else "net_sales"
    earned = after.groupby("account_id")[amount].sum()
    earned = earned.reindex(table["account_id"]).fillna(0.0)
    best = earned.nlargest(places).clip(lower=0).sum()
    return earned.head(places).sum() / best


@pytest.fixture(scope="module")
def example():
    def read(path, name):
        from pathlib import Path

        from kamlab.sources import open_data

        mapping = Path(__file__).parents[2] / "data" / "examples" / f"{name}.toml"
        known = open_data(path, mapping=mapping)
        return daily_sums(known.table("orders"), known.end)

    return read


def test_a_ledger_gives_what_a_plain_sum_gives_in_whatever_order_days_are_asked(days):
    mixed = days.sample(frac=1, random_state=1)
    ledger = open_ledger(mixed)
    asked = [(day, half) for day in (300, 900, 901, 500, 1200) for half in (90, 90, np.inf)]
    for after, half_life in asked:
        end = ledger.first + after
        age = end - days["day"].to_numpy("datetime64[D]").astype(int)
        faded = (days["net_sales"] * 0.5 ** (age / half_life)).where(age > 0, 0.0)
        known = faded.groupby(days["account_id"]).sum()
        assert list(ledger.ids) == list(known.index)
        assert np.allclose(ledger.fading("sales", end, half_life), known, rtol=1e-12)
        if half_life == np.inf:
            assert np.allclose(ledger.total("sales", ledger.first, end), known, rtol=1e-12)


def test_reference_figures_of_the_resellers(shared_data, example):
    days = example(shared_data("adventureworks"), "adventureworks")
    as_of = "2012-11-30"
    ledger = open_ledger(days[days["day"] < as_of])
    scores = naive_scores(ledger, day_of(as_of), 365)

    def share(rule):
        order = pick(scores[rule], len(ledger.ids))
        return _captured(pd.DataFrame({"account_id": ledger.ids[order]}), days, as_of, 365, 21)

    assert len(ledger.ids) == 428
    # figures of a first trial by others
    assert share("sales of the last period") == pytest.approx(-0.393, abs=5e-4)
    assert share("gross profit of the last period") == pytest.approx(0.782, abs=5e-4)
    ours = next_period(days, as_of, places=21)
    assert ours.amount == "gross_profit"
    best = max(share(rule) for rule in scores)
    assert _captured(ours.table, days, as_of, 365, 21) >= best


def test_picks_on_a_cohort_that_mostly_never_returns(shared_data, example):
    days = example(shared_data("cdnow"), "cdnow")
    ours = next_period(days, "1997-10-01", horizon_days=273, places=1178)
    ledger = open_ledger(days[days["day"] < "1997-10-01"])
    best = max(
        _captured(
            pd.DataFrame({"account_id": ledger.ids[pick(score, 30_000)]}),
            days,
            "1997-10-01",
            273,
            1178,
        )
        for score in naive_scores(ledger, day_of("1997-10-01"), 273).values()
    )
    assert ours.amount == "net_sales"
    assert _captured(ours.table, days, "1997-10-01", 273, 1178) >= best


def test_nothing_is_expected_of_who_is_known_to_have_left(days):
    whole = next_period(days, "2023-11-01", places=20).table
    best = whole["account_id"].iloc[0]
    told = next_period(days, "2023-11-01", places=20, gone=[best]).table.set_index("account_id")

    assert (told.loc[best, ["expected_gross_profit", "low", "high", "probability_key"]] == 0).all()
    others = whole.set_index("account_id").drop(best)
    same = ["expected_gross_profit", "last_period"]
    pd.testing.assert_frame_equal(told.loc[others.index, same], others[same])
    # its place falls to others: as many are key as there are places
    assert told["probability_key"].sum() == pytest.approx(whole["probability_key"].sum(), abs=0.5)


def test_intervals_and_probabilities_hold(shared_data, example):
    days = example(shared_data("cdnow"), "cdnow")
    table = next_period(days, "1998-03-01", horizon_days=120, places=1178).table
    after = days[days["day"] >= "1998-03-01"].groupby("account_id")["net_sales"].sum()
    came = after.reindex(table["account_id"]).fillna(0.0).to_numpy()

    assert 0.86 <= ((came >= table["low"]) & (came <= table["high"])).mean() <= 0.97
    assert table["probability_key"].sum() == pytest.approx(1178, rel=0.01)
    key = np.argsort(-came) < 0  # all false
    key[np.argsort(-came)[:1178]] = True
    sure = table["probability_key"].between(0.4, 0.8)
    said = table.loc[sure, "probability_key"].mean()
    assert key[sure].mean() == pytest.approx(said, abs=0.12)


def test_sees_nothing_of_the_future_and_no_order_of_rows(days):
    cut = days["day"] < "2022-06-01"
    future = days[~cut].sample(frac=1.0, random_state=1)
    future = future.assign(net_sales=future["net_sales"].to_numpy()[::-1] * 9)
    changed = pd.concat([days[cut].sample(frac=1.0, random_state=2), future])
    plain = next_period(days, "2022-06-01", horizon_days=180, places=10).table
    pd.testing.assert_frame_equal(
        plain, next_period(changed, "2022-06-01", horizon_days=180, places=10).table
    )


def test_another_currency_changes_amounts_only(days):
    money = ["net_sales", "gross_sales", "returns", "sales_with_cost", "gross_profit"]
    dear = days.assign(**{name: days[name] * 1024.0 for name in money})
    plain = next_period(days, "2023-01-01", places=10).table
    other = next_period(dear, "2023-01-01", places=10).table
    assert other["account_id"].tolist() == plain["account_id"].tolist()
    assert np.allclose(other["expected_gross_profit"] / 1024, plain["expected_gross_profit"])
    assert np.allclose(other["probability_key"], plain["probability_key"])


@pytest.mark.parametrize("rule", list(RULES))
def test_any_rule_can_be_brought_to_money(days, rule):
    made = next_period(days, "2023-06-01", horizon_days=200, places=10, rule=rule)
    end = day_of("2023-06-01")
    ledger = open_ledger(days[days["day"] < "2023-06-01"])
    score = naive_scores(ledger, end, 200)[rule]
    picked = made.table["account_id"].head(10)
    theirs = pd.Series(score, index=ledger.ids)
    assert theirs[picked].min() >= np.sort(score)[-10] - 1e-9
    total = days[(days["day"] >= "2023-06-01")]["gross_profit"].sum() * 200 / 153
    assert made.table["expected_gross_profit"].sum() == pytest.approx(total, rel=0.5)


def test_too_short_a_history_says_so():
    orders = pd.DataFrame(
        {
            "account_id": ["a", "b"],
            "order_id": ["1", "2"],
            "order_date": pd.to_datetime(["2024-01-01", "2024-01-05"]),
            "net_sales": [5.0, 7.0],
        }
    )
    made = next_period(orders, "2024-01-08", horizon_days=90, places=1)
    assert made.origins == 0
    assert made.table["low"].isna().all()
    tried = backtest(orders, "2024-01-08", horizon_days=90, places=1)
    assert tried.table.empty
    assert tried.adopted == OURS
    with pytest.raises(ValueError, match="no order lies before"):
        next_period(orders, "2023-01-08")
    with pytest.raises(ValueError, match="at least 7"):
        next_period(orders, "2024-01-08", horizon_days=3)


def test_backtest_reconciles_with_plain_sums(days):
    tried = backtest(days, "2023-11-01", horizon_days=180, places=12)
    assert tried.horizon_days == 180
    table = tried.table
    assert np.allclose(table["captured"] + table["regret"], table["best_possible"])
    assert (table["captured_share"] <= 1 + 1e-12).all()
    origin = table["origin"].max()
    assert origin + pd.Timedelta(days=180) <= pd.Timestamp("2023-11-01")
    after = days[(days["day"] >= origin) & (days["day"] < origin + pd.Timedelta(days=180))]
    before = days[(days["day"] < origin) & (days["day"] >= origin - pd.Timedelta(days=180))]
    top = before.groupby("account_id")["net_sales"].sum().nlargest(12).index
    seen = days.loc[days["day"] < origin, "account_id"].unique()
    earned = after.groupby("account_id")["gross_profit"].sum().reindex(seen).fillna(0.0)
    row = table[(table["origin"] == origin)].set_index("rule")
    assert row.loc["sales of the last period", "captured"] == pytest.approx(earned[top].sum())
    assert row["best_possible"].iloc[0] == pytest.approx(earned.nlargest(12).sum())
    league = tried.league.set_index("rule")
    mean = table.groupby("rule")["captured_share"].mean()
    assert np.allclose(league["mean"], mean[league.index])
    known = league.dropna(subset="low")
    assert ((known["low"] <= known["mean"]) & (known["mean"] <= known["high"])).all()


def test_a_simple_rule_that_did_better_is_adopted_and_followed():
    """Accounts buy once a year in a given month, too few to learn from: only the season tells."""
    rows = []
    for year in range(2014, 2024):
        for account in range(36):
            month = account % 12 + 1
            rows.append((f"a{account:03d}", f"{year}{account}", f"{year}-{month:02d}-10"))
    orders = pd.DataFrame(rows, columns=["account_id", "order_id", "order_date"])
    orders["order_date"] = pd.to_datetime(orders["order_date"])
    orders["net_sales"] = 100.0
    tried = backtest(orders, "2024-01-01", horizon_days=31, places=3)
    season = "sales of the same season last year"
    league = tried.league.set_index("rule")["mean"]
    assert league[season] > 0.95
    assert league[OURS] <= league[season]
    assert tried.adopted == season
    assert f"{league[season]:.1%}" in tried.why
    assert "more than chance gives" in tried.why
    ahead = next_period(orders, "2024-01-01", horizon_days=31, places=3, rule=tried.adopted)
    january = set(orders.loc[orders["order_date"].dt.month == 1, "account_id"])
    assert set(ahead.table["account_id"].head(3)) == january


def test_a_rule_that_is_not_there_is_refused_with_those_that_are(days):
    with pytest.raises(
        ValueError, match="no rule 'by feeling'; there are kamlab's forecast, gross"
    ):
        next_period(days, "2022-03-01", horizon_days=90, places=5, rule="by feeling")


@pytest.mark.parametrize("as_of", ["2021-09-01", "2022-03-01"])
def test_what_is_used_was_never_clearly_behind_a_simple_rule_on_the_backtest(days, as_of):
    tried = backtest(days, as_of, horizon_days=90, places=12)
    league = tried.league.set_index("rule")
    allowed = league[league.index.str.startswith("gross profit")]
    behind = allowed["lead_around"] - league.loc[tried.adopted, "lead_around"]
    assert (behind <= 2.5 * allowed["lead_error"]).all()
    assert league.loc[OURS, "lead_around"] == league.loc[OURS, "lead_error"] == 0


def test_the_lead_is_that_of_lists_half_once_and_twice_as_long(days):
    tried = [backtest(days, "2021-09-01", horizon_days=120, places=n) for n in (6, 12, 24)]
    shares = [
        one.table.pivot_table(index="origin", columns="rule", values="captured_share")
        for one in tried
    ]
    rule = "gross profit of the last period"
    expected = sum((share[rule] - share[OURS]).mean() for share in shares) / 3
    league = tried[1].league.set_index("rule")
    assert league.loc[rule, "lead_around"] == pytest.approx(expected)


def test_what_was_learnt_once_serves_both_and_only_its_own_day_and_period(days):
    past = look_back(days, "2023-01-01", horizon_days=120)
    asked = {"horizon_days": 120, "places": 10}

    alone = next_period(days, "2023-01-01", **asked)
    shared = next_period(days, "2023-01-01", past=past, **asked)
    tried = backtest(days, "2023-01-01", **asked)
    again = backtest(days, "2023-01-01", past=past, **asked)

    pd.testing.assert_frame_equal(alone.table, shared.table)
    pd.testing.assert_frame_equal(tried.league, again.league)
    with pytest.raises(ValueError, match="another day or period"):
        next_period(days, "2023-02-01", past=past, **asked)
    with pytest.raises(ValueError, match="another day or period"):
        backtest(days, "2023-01-01", horizon_days=90, places=10, past=past)
