"""Who is on record as gone is gone, unless it came back."""

import pandas as pd

from kamlab.accounts.gone import gone_on_record

END = "2024-01-01"


def _last(**days):
    return pd.DataFrame({"account_id": list(days), "day": pd.to_datetime(list(days.values()))})


def _told(**on):
    return pd.DataFrame(
        {"account_id": list(on), "defection_date": pd.to_datetime(list(on.values()))}
    )


def test_gone_are_those_on_record_who_have_not_come_back():
    last = _last(
        gone="2023-01-05",
        back="2023-06-05",
        stray="2023-04-20",  # what was on its way
        lately="2023-12-30",  # it went on as before
        later="2023-03-01",
        silent=None,  # nothing but returns
    )
    told = _told(
        stray="2023-04-01", gone="2023-03-01", back="2023-04-01", lately="2023-12-20",
        later="2024-02-01", silent="2023-03-01", never="2023-03-01",
    )  # fmt: skip
    found = gone_on_record(told, last, END)

    assert found.index.tolist() == ["gone", "stray"]
    assert found.loc["gone"] == pd.Timestamp("2023-03-01")
    assert gone_on_record(told, last, "2023-04-25").index.tolist() == ["gone"]


def test_only_what_was_seen_counts_and_the_last_record_of_several():
    last = _last(a="2023-06-05")
    told = pd.concat([_told(a="2023-02-01"), _told(a="2023-07-01")])
    assert gone_on_record(told, last, END).loc["a"] == pd.Timestamp("2023-07-01")
    assert gone_on_record(told, last, "2023-07-01").empty  # it had come back by then
    back = pd.DataFrame({"account_id": ["a"], "day": [pd.Timestamp("2023-08-20")]})
    daily = pd.concat([last.assign(net_sales=9.0), back.assign(net_sales=-9.0)])
    assert gone_on_record(told, daily, END).index.tolist() == ["a"]  # a return is no order
    assert gone_on_record(told, pd.concat([last, back]), END).empty
    assert gone_on_record(pd.DataFrame(), last, END).empty
    assert gone_on_record(told.iloc[:0], last, END).empty
