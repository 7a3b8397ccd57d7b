"""One communication, two guarantees, and the level on which an account buys."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from kamlab.accounts.days import daily_sums
from kamlab.retention.interests import LEVELS, interests, level_scores
from kamlab.sources import open_data

AS_OF = date(2024, 1, 1)


def _days(**accounts: float) -> pd.DataFrame:
    orders = pd.DataFrame(
        {
            "account_id": list(accounts),
            "order_id": [f"o{k}" for k in range(len(accounts))],
            "order_date": pd.Timestamp("2023-06-01"),
            "net_sales": 90.0,
            "discount": list(accounts.values()),
        }
    )
    return daily_sums(orders, AS_OF)


def _contacts(account: str, days: list[str], **columns) -> pd.DataFrame:
    rows = pd.DataFrame({"account_id": account, "occurred_at": pd.to_datetime(days)})
    rows["interaction_id"] = [f"{account}{k}" for k in range(len(days))]
    return rows.assign(channel="telephone", **columns)


def test_contacts_are_held_against_the_plan():
    talked = pd.concat(
        [
            # 146 of 365 days lie within 73 days of a contact; one is of the year before
            _contacts("A", ["2022-12-25", "2023-03-15", "2023-10-20"], contact_id=["p", "p", "q"]),
            _contacts("B", ["2024-01-01"], contact_id="r"),
        ]
    )
    table = interests(_days(A=10, B=10, C=10), AS_OF, interactions=talked, contact_every=(30, 73))
    account = table.set_index("account_id")

    assert account.loc["A", ["contacts", "persons", "channels"]].tolist() == [2, 2, 1]
    assert account.loc["A", "days_since_contact"] == 73
    # the contact of 25 December covers 66 days of 2023 (to 7 March), the others 73 each, less today
    assert account.loc["A", "rhythm_kept"] == pytest.approx((66 + 73 + 73) / 365, abs=1.5 / 365)
    # what happens on the day itself is not seen
    assert account.loc[["B", "C"], "contacts"].tolist() == [0, 0]
    assert account.loc["B":"C", "rhythm_kept"].isna().all()


def test_key_accounts_have_a_closer_plan_and_a_year_of_contacts_keeps_it():
    monthly = [f"2023-{month:02d}-{day:02d}" for month in range(1, 13) for day in (1, 15)]
    talked = _contacts("K", ["2022-12-20", *monthly])
    table = interests(_days(K=1, L=1), AS_OF, interactions=talked, key={"K"})

    assert table["planned_days"].tolist() == [30, 90]
    assert table.loc[0, "rhythm_kept"] == 1.0


def test_service_and_benefit_are_told_apart():
    talked = pd.concat(
        [
            _contacts("A", ["2023-05-01", "2022-05-01"], concern="late delivery", sentiment=-0.8),
            _contacts("A", ["2023-05-02"], concern="late delivery", sentiment=0.5),
            _contacts("A", ["2023-05-03"], concern=None, sentiment=-0.9),
        ]
    )
    table = interests(_days(A=10, B=30), AS_OF, interactions=talked).set_index("account_id")

    assert table.loc["A", ["complaints", "complaints_before"]].tolist() == [1, 1]
    assert table["price_reduction"].tolist() == [10 / 100, 30 / 120]
    assert table["reduction_of_peers"].tolist() == [30 / 120, 10 / 100]


def test_without_tables_nothing_is_claimed():
    table = interests(_days(A=0), AS_OF)

    unknown = ["contacts", "rhythm_kept", "complaints", "days_beyond_terms", *LEVELS, "level"]
    assert table[unknown].isna().all(axis=None)
    with pytest.raises(ValueError, match="contact_every is days from 1 on"):
        interests(_days(A=0), AS_OF, contact_every=(0, 9))


def test_what_follows_the_day_changes_nothing():
    talked = _contacts("A", ["2023-05-01", "2023-07-01"], concern="too expensive", sentiment=-0.8)
    later = _contacts("A", ["2024-01-01", "2024-03-01"], concern="leaking", sentiment=-0.8)
    days = _days(A=10, B=10, C=5)

    seen = interests(days, AS_OF, interactions=talked)
    assert seen.equals(interests(days, AS_OF, interactions=pd.concat([talked, later])))


def test_levels_follow_what_the_distributors_accounts_really_care_for(demo, store):
    known = open_data(demo, store=store)
    truth = pd.read_parquet(demo / "truth" / "account.parquet").set_index("account_id")
    scores = level_scores(known.frame("interactions"), known.frame("survey_responses"), known.end)
    both = scores.join(truth[["price_sensitivity", "culture_fit"]], how="inner")

    rank = both.drop(columns="level").corr("spearman")
    assert rank.loc["price", "price_sensitivity"] > 0.4
    assert rank.loc["culture", "culture_fit"] > 0.15
    by_level = both.groupby("level")["price_sensitivity"].mean()
    assert by_level.idxmax() == "price"
    assert set(both["level"].dropna()) == set(LEVELS)
    assert np.isfinite(scores[list(LEVELS)].to_numpy(float)).any(axis=1).all()
