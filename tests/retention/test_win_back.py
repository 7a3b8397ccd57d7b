"""Win-back: what left accounts brought, and how often such silences ended."""

import pandas as pd
import pytest

from kamlab.retention.win_back import gone_accounts, win_back

CURVE = pd.DataFrame({"days": [90, 180, 360], "silences": [50, 40, 5], "returned": [0.4, 0.1, 0.9]})
DAILY = pd.DataFrame(
    {
        "account_id": ["a", "a", "a", "b", "c"],
        "day": pd.to_datetime(
            ["2022-01-01", "2024-03-01", "2024-06-01", "2024-09-03", "2024-12-30"]
        ),
        "net_sales": [900.0, 100, 100, 500, 50],
        "gross_profit": [300.0, 30, 20, 40, 5],
    }
)
GONE = pd.DataFrame({"account_id": ["a", "b", "c", "never"], "left_on": pd.Timestamp("2024-11-01")})


def test_last_year_before_the_silence_counts_and_the_curve_gives_the_chance():
    found = win_back(DAILY, GONE, CURVE, "2025-01-01").set_index("account_id")

    assert found.index.tolist() == ["a", "b"]  # c ordered two days ago; "never" never did
    assert found["yearly"].tolist() == [50, 40]
    assert found["silent_days"].tolist() == [214, 120]
    # 214 days: the last believed point; 120 days: a third of the way from 0.4 to 0.1
    assert found["chance"].tolist() == pytest.approx([0.1, 0.3])
    assert found["expected"].tolist() == pytest.approx([5, 12])


def test_without_a_watched_silence_no_chance_is_made_up():
    found = win_back(DAILY, GONE, CURVE.assign(silences=3), "2025-01-01")
    assert found["chance"].isna().all()


def test_sales_stand_in_where_no_cost_is_known():
    found = win_back(DAILY.assign(gross_profit=float("nan")), GONE, CURVE, "2025-01-01")
    assert found["yearly"].tolist() == [500, 200]


def test_gone_are_those_on_record_who_stayed_away_and_the_long_silent():
    record = pd.DataFrame(
        {
            "account_id": ["b", "c", "c", "never", "a"],
            "defection_date": pd.to_datetime(
                ["2024-08-20", "2024-02-01", "2024-03-01", "2024-01-01", "2025-06-01"]
            ),
        }
    )
    found = gone_accounts(DAILY, record, "2025-01-01", gone_after=200).set_index("account_id")

    # b ordered two weeks after the record, c ten months; a's record lies ahead, its silence is long
    assert found["known_by"].to_dict() == {"a": "silence", "b": "record"}
    assert found["left_on"].dt.strftime("%Y-%m-%d").tolist() == ["2024-06-01", "2024-08-20"]
    # c came back, and a year later its new silence counts from its last order on
    later = gone_accounts(DAILY, record, "2025-12-01", gone_after=200).set_index("account_id")
    assert later["known_by"].to_dict() == {"a": "record", "b": "record", "c": "silence"}
    assert later.loc["c", "left_on"] == DAILY.loc[DAILY["account_id"] == "c", "day"].max()


def test_without_a_record_silence_alone_says_who_is_gone():
    empty = pd.DataFrame({"account_id": [], "defection_date": pd.to_datetime([])})
    found = gone_accounts(DAILY, empty, "2025-01-01", gone_after=100)
    assert found["account_id"].tolist() == ["a", "b"]
    assert set(found["known_by"]) == {"silence"}


def test_where_nobody_is_gone_there_is_nobody_to_call():
    found = win_back(DAILY, GONE.head(0), CURVE, "2025-01-01")
    assert found.empty
    assert {"yearly", "chance", "expected"} <= set(found)
