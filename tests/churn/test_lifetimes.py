"""From account facts to lifetimes: what counts as leaving, and when an account came into view."""

import pandas as pd
import pytest

from kamlab.accounts import account_facts
from kamlab.churn.lifetimes import account_lifetimes
from kamlab.churn.survival import survival_curve


def _facts(**orders):
    lines = [
        (account, f"{account}{place}", pd.Timestamp(day), 100.0)
        for account, days in orders.items()
        for place, day in enumerate(days)
    ]
    columns = ["account_id", "order_id", "order_date", "net_sales"]
    return account_facts(pd.DataFrame(lines, columns=columns), "2025-01-01")


@pytest.fixture(scope="module")
def facts():
    return _facts(
        silent=["2024-01-01", "2024-03-01"],
        buying=["2024-01-01", "2024-12-01"],
        told=["2024-02-01", "2024-06-01"],
        back=["2024-05-01", "2024-12-20"],
    )


@pytest.fixture(scope="module")
def defections():
    return pd.DataFrame(
        {
            "account_id": ["told", "told", "back", "buying", "unknown"],
            "defection_date": pd.to_datetime(
                ["2024-07-01", "2024-09-01", "2024-04-01", "2025-02-01", "2024-05-05"]
            ),
            "reason": ["price", "quality", "service", "price", "price"],
        }
    )


def test_a_silent_account_leaves_at_the_end_of_its_silence(facts):
    found = account_lifetimes(facts, "2025-01-01", window=100).set_index("account_id")

    assert found["event"].to_dict() == {
        "back": False,
        "buying": False,
        "silent": True,
        "told": True,
    }
    assert found.at["silent", "duration"] == 60 + 100
    assert found.at["buying", "duration"] == 366
    assert found.at["silent", "cause"] == "silent"
    assert found["cause"].isna().tolist() == [True, True, False, False]
    assert (found["entry"] == 0).all()


def test_defections_count_once_after_the_first_order_and_before_the_day(facts, defections):
    found = account_lifetimes(facts, "2025-01-01", defections=defections).set_index("account_id")

    assert found["event"].sum() == 1
    assert found.at["told", "duration"] == 151
    assert found.at["told", "cause"] == "price"
    assert found.at["back", "duration"] == 245


def test_a_window_may_be_each_accounts_own(facts, defections):
    windows = pd.Series({"silent": 400.0, "buying": 20.0, "told": 30.0, "back": 90.0})
    found = account_lifetimes(facts, "2025-01-01", window=windows, defections=defections)

    assert found.set_index("account_id")["cause"].dropna().to_dict() == {
        "buying": "silent",
        "told": "price",
    }


def test_accounts_older_than_the_data_enter_late(facts):
    since = pd.Series({"buying": pd.Timestamp("2020-01-01"), "told": pd.Timestamp("2024-12-01")})
    found = account_lifetimes(facts, "2025-01-01", window=100, since=since).set_index("account_id")

    assert found.at["buying", "entry"] == 1461
    assert found.at["buying", "duration"] == 1461 + 366
    assert found.at["told", "entry"] == 0  # a first day after the first order is not believed
    curve = survival_curve(found["duration"], found["event"], entry=found["entry"])
    assert curve.set_index("time").at[160, "at_risk"] == 3  # the old account is not among them


def test_segments_come_from_a_column_or_a_series(facts):
    by_column = account_lifetimes(facts, "2025-01-01", window=100, segment="orders")
    by_series = account_lifetimes(
        facts, "2025-01-01", window=100, segment=pd.Series({"told": "key"})
    ).set_index("account_id")["segment"]

    assert by_column["segment"].tolist() == [2, 2, 2, 2]
    assert by_series["told"] == "key"
    assert by_series.isna().sum() == 3


def test_no_definition_of_leaving_is_refused(facts):
    with pytest.raises(ValueError, match="say what leaving is"):
        account_lifetimes(facts, "2025-01-01")
    with pytest.raises(ValueError, match="longer than 0 days"):
        account_lifetimes(facts, "2025-01-01", window=0)
