"""Charts of conduct: the message is in the title and the figures are in the alt text."""

import pandas as pd
import pytest

from kamlab.charts import conduct


def test_ageing_says_how_much_is_past_due():
    owed = pd.DataFrame([[60.0, 20.0, 10.0, 0.0, 10.0]], columns=list(conduct.BANDS))
    figure, alt = conduct.ageing(owed, currency="EUR")

    assert figure.axes[0].get_title(loc="left").startswith("40")
    assert "over 90 10" in alt
    assert conduct.ageing(owed * 0, currency="EUR")[1]


def test_the_rose_weighs_months_by_the_years_that_have_them():
    month = pd.date_range("2023-01-01", "2025-06-01", freq="MS")
    months = pd.DataFrame({"month": month, "net_sales": 100.0})
    months.loc[months["month"].dt.month == 9, "net_sales"] = 300.0
    _, alt = conduct.season_rose(months)

    assert "Sep sells" in alt
    # by hand: 100 of a mean of 1400 / 12
    assert "Jan 86%" in alt


@pytest.mark.parametrize(("recent", "said"), [(40, "Heard more of: price"), (6, "No concern")])
def test_a_concern_grows_only_where_chance_would_not_do(recent, said):
    heard = pd.DataFrame(
        {"concern": ["price", "delivery"], "earlier": [5, 9], "recent": [recent, 8]}
    )
    _, alt = conduct.concern_trend(heard)

    assert said in alt
    assert f"price 5 then {recent}" in alt
