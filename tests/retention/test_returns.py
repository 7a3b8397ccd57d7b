"""Returns: silences by hand, and a planted difference between those who come back."""

import numpy as np
import pandas as pd
import pytest

from kamlab.retention.returns import past_silences, return_chances
from kamlab.retention.two_part import TwoPartModel


def _days(orders):
    rows = [
        (account, pd.Timestamp(day), amount)
        for account, days in orders.items()
        for day, amount in days
    ]
    table = pd.DataFrame(rows, columns=["account_id", "day", "net_sales"])
    return table.assign(gross_profit=table["net_sales"] * 0.2)


def test_a_silence_is_seen_again_as_long_as_it_lasts():
    daily = _days(
        {
            "back": [("2022-01-01", 100), ("2022-03-01", 50), ("2023-01-01", 200)],
            "gone": [("2022-01-01", 100), ("2022-02-01", 100)],
            "new": [("2023-12-01", 100)],
        }
    )
    found = past_silences(daily, "2024-01-01", gone_after=120)
    seen = found.set_index(["account_id", "seen_on"])

    assert found["account_id"].value_counts().to_dict() == {"gone": 3, "back": 3}
    first = seen.loc[("back", pd.Timestamp("2022-06-29"))]
    assert first["silent_days"] == 120
    assert first["returned"]
    assert first["value"] == pytest.approx(40)  # 2023-01-01, within a year of the day of sight
    assert not seen.loc["gone", "returned"].any()
    assert past_silences(daily, "2023-01-01", gone_after=120).empty  # no horizon is over


def _world(seed, accounts=150):
    """Large accounts come back from a silence, small ones stay away."""
    generator = np.random.default_rng(seed)
    orders = {}
    for number in range(accounts):
        large = number % 2 == 0
        size = 1000.0 if large else 50.0
        begin = pd.Timestamp("2020-01-01") + pd.Timedelta(days=int(generator.integers(0, 300)))
        days = [begin + pd.Timedelta(days=30 * i) for i in range(12)]
        if generator.random() < (0.8 if large else 0.2):
            again = days[-1] + pd.Timedelta(days=int(generator.integers(250, 450)))
            days += [again + pd.Timedelta(days=30 * i) for i in range(3)]
        orders[f"A{number:03d}"] = [(day, size * generator.uniform(0.8, 1.2)) for day in days]
    return _days(orders)


def test_who_comes_back_and_with_how_much_is_learned_from_the_past():
    daily = _world(1)
    # the large that are gone at the end fell silent before the last horizon, too
    gone = pd.DataFrame({"account_id": ["A000", "A001"]})
    chances, judged = return_chances(daily, gone, "2024-01-01", gone_after=200)
    row, part = chances.set_index("account_id"), judged.set_index("part")

    assert part.loc["happens", "auc"] > 0.7
    assert part.loc["value", "rows"] > 20
    assert row.loc["A000", "expected_value"] > 5 * row.loc["A001", "expected_value"]
    assert row["return_chance"].between(0, 1).all()


def test_of_very_many_some_accounts_tell_and_all_where_those_do_not(monkeypatch):
    daily = _world(3, accounts=600)
    gone = pd.DataFrame({"account_id": [f"A{number:03d}" for number in range(100)]})
    asked = (daily, gone, "2024-01-01")
    whole, judged = return_chances(*asked, gone_after=200)
    monkeypatch.setattr("kamlab.retention.returns._MOST_DAYS", len(daily) // 3)
    part, fewer = return_chances(*asked, gone_after=200)
    monkeypatch.setattr("kamlab.retention.returns._MOST_DAYS", len(daily) // 300)
    again, _ = return_chances(*asked, gone_after=200)

    rows = [table.set_index("part").loc["happens", "rows"] for table in (judged, fewer)]
    assert 0.15 < rows[1] / rows[0] < 0.4
    assert np.corrcoef(whole["return_chance"], part["return_chance"])[0, 1] > 0.8
    assert (whole["return_chance"] - part["return_chance"]).abs().mean() < 0.1
    pd.testing.assert_frame_equal(again, whole)


def test_too_few_silences_give_nothing():
    chances, judged = return_chances(
        _world(2, accounts=12), pd.DataFrame({"account_id": ["A000"]}), "2024-01-01", gone_after=200
    )
    assert chances.empty
    assert judged.empty


def test_noise_is_not_mistaken_for_knowledge():
    generator = np.random.default_rng(0)
    flat = 0
    for _ in range(10):
        x = pd.DataFrame(generator.normal(size=(150, 3)), columns=list("abc"))
        came = generator.random(150) < 0.4
        model = TwoPartModel().fit(x, came, pd.DataFrame({"value": generator.gamma(2, 50, 150)}))
        flat += (model.judged_["shape"] == "none").all()
    assert flat >= 9


def test_texts_and_blanks_are_taken_and_few_rows_refused():
    generator = np.random.default_rng(1)
    x = pd.DataFrame({"size": generator.normal(size=200), "kind": np.tile(["a", "b"], 100)})
    came = (x["kind"] == "a") ^ (generator.random(200) < 0.1)
    x.loc[::9, "size"] = np.nan
    model = TwoPartModel().fit(x, came, pd.DataFrame(index=x.index))
    new = model.predict(pd.DataFrame({"size": [0.0, np.nan], "kind": ["a", "never seen"]}))

    assert new["probability"].iloc[0] > 0.7
    assert new["probability"].notna().all()
    with pytest.raises(ValueError, match="20 that did"):
        TwoPartModel().fit(x.head(30), came.head(30), pd.DataFrame(index=x.index[:30]))
