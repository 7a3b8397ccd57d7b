"""Every chart draws with one account and with many, says its message and has alt text."""

import io

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from kamlab.charts import classes, clusters, concentration, history, movement, style, validation
from kamlab.studies.drawn import translate_figure

HOSTILE = ("软包装有限公司", "$5 & <b>Sons</b>", None, "=cmd|' /C calc'!A0")
CLASSES = list(style.CLASS_COLOURS)


def _accounts(count: int) -> pd.DataFrame:
    rng = np.random.default_rng(3)
    return pd.DataFrame(
        {
            "account_id": [f"A{i}" for i in range(count)],
            "name": ["软包装有限公司", "$5 & <b>Sons</b>", None, "=cmd|' /C calc'!A0"]
            * (count // 4)
            + ["Last"] * (count % 4),
            "net_sales": rng.lognormal(10, 1.5, count),
            "gross_profit": rng.normal(2000, 3000, count),
            "margin_rate": rng.normal(0.2, 0.15, count),
            "class": [CLASSES[i % len(CLASSES)] for i in range(count)],
        }
    )


def _png(figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


def _draw_all(count: int):
    accounts = _accounts(count)
    months = pd.DataFrame(
        {
            "month": pd.date_range("2024-01-01", periods=count, freq="MS"),
            "net_sales": accounts["net_sales"],
            "gross_profit": accounts["gross_profit"],
        }
    )
    bins = pd.DataFrame(
        {"predicted": [0.1, 0.4], "observed": [0.12, 0.35], "low": [0.05, 0.2], "high": [0.2, 0.5]}
    ).assign(count=count)
    shares = pd.DataFrame([[0.9, 0.1], [0.3, 0.7]], index=["key", "not"], columns=["key", "not"])
    curves = pd.DataFrame(
        {"segment": ["a", "a", "b", "b"], "time": [0, 5, 0, 5], "survival": [1, 0.8, 1, 0.4]}
    )
    rules = pd.DataFrame({"rule": ["ours", "by sales"], "mean": [0.9, -0.4]})
    yield classes.sales_by_margin(accounts, sales_minimum=3e4, margin_minimum=0.1, currency="EUR")
    yield classes.money_bars(
        accounts,
        amount="gross_profit",
        label="Gross profit",
        currency="EUR",
        message="Three accounts earn most",
    )
    yield concentration.pareto(accounts["net_sales"], accounts["gross_profit"].abs())
    yield concentration.whale(accounts["gross_profit"].abs())
    yield history.monthly(months, currency="EUR", message="Sales rise")
    yield validation.calibration(bins, event="left", message="Trustworthy")
    yield validation.rivals(rules, ours="ours", measure="Captured", message="Ours captures more")
    yield validation.tracking(
        months.set_index("month")["net_sales"],
        months.set_index("month")["net_sales"] * 1.1,
        split="2024-01-01",
        unit="orders a week",
        message="The two lines stay close",
    )
    yield movement.transition_map(shares, shares * 10, message="Most stay")
    kinds = pd.DataFrame(
        {
            "cluster": range(1, count + 1),
            "kind": "large, order often, thin margin",
            "accounts": 9,
            "sales_share": 1 / count,
            "gross_profit": np.nan,
            "sales": np.linspace(-3, 3, count),
            "margin": 0.4,
        }
    ).head(8)
    yield clusters.kinds_map(kinds, message="The first kind is large")
    yield movement.survival(curves, unit="Months", message="b leaves sooner")


@pytest.mark.parametrize("count", [1, 40])
@pytest.mark.filterwarnings("ignore:Attempting to set identical:UserWarning")  # one point, one axis
def test_every_chart_draws_and_says_what_it_shows(count):
    for figure, alt in _draw_all(count):
        title = figure.axes[0].get_title(loc="left")

        assert len(title) > 8
        assert len(alt) > 25
        assert _png(figure).startswith(b"\x89PNG")
        assert len(_png(figure)) < 200_000


def test_names_in_other_scripts_are_drawn(require_part):
    require_part(style.has_cjk_font(), "a font with Chinese characters")
    with style.look():
        figure, (axes,) = style.canvas(2, 1)
        axes.set_title("软包装有限公司")

    assert _png(figure).startswith(
        b"\x89PNG"
    )  # a missing glyph would warn, and warnings are errors


def test_pareto_counts_the_accounts_that_make_the_share():
    _, alt = concentration.pareto(pd.Series([50.0, 30.0, 10.0, 5.0, 5.0]))

    assert "2 of 5 accounts make 80% of net sales" in alt


def test_whale_peak_is_the_sum_of_positives_over_the_total():
    _, alt = concentration.whale(pd.Series([100.0, 50.0, -30.0, -20.0]))

    assert "2 accounts make 150% of the profit; 2 give 50% of it back" in alt


def test_colours_of_classes_differ_in_lightness():
    def lightness(colour):
        red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    key, standard = (lightness(style.CLASS_COLOURS[kind]) for kind in ("key account", "standard"))

    assert len(set(style.CLASS_MARKERS.values())) == len(CLASSES)
    assert abs(key - standard) > 0.15


@pytest.mark.parametrize("language", ["en", "zh"])
def test_an_axis_without_a_unit_does_not_end_in_a_comma(language):
    figure = Figure()
    axes = figure.subplots()
    axes.set(xlabel="Net sales, ", ylabel="Left a year ()", title="By month, EUR")

    translate_figure(figure, language)

    assert axes.get_xlabel() == {"en": "Net sales", "zh": "净销售额"}[language]
    assert axes.get_ylabel() == {"en": "Left a year", "zh": "每年剩余"}[language]
    assert axes.get_title().endswith("EUR")
