"""Charts of the retention study draw with one row and many, and say what they show."""

import io

import numpy as np
import pandas as pd
import pytest

from kamlab.charts import reasons, retention


def _png(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png")
    return buffer.getvalue()


@pytest.mark.parametrize("count", [1, 2, 30])
def test_they_draw_with_any_number_of_rows(count):
    rng = np.random.default_rng(0)
    gain = rng.uniform(0.05, 0.9, count)
    published = pd.Series(gain, [f"trade {i} $5 & <b>" for i in range(count)])
    ours = pd.DataFrame({"label": ["here"], "gain": [0.31], "low": [0.2], "high": [0.5]})
    parts = ["by lot", "by judgement"] * count
    effects = pd.DataFrame({"kind": [f"k{i // 2}" for i in range(count)], "part": parts[:count]})
    effects = effects.assign(estimate=gain, low=gain - 0.1, high=gain + 0.1)
    targets = pd.DataFrame(
        {"label": [f"A{i}" for i in range(count)], "action": "visit", "expected_gain": 1000 * gain,
         "low": 500 * gain, "high": 1500 * gain, "cost": 100.0}
    )  # fmt: skip
    drawn = [
        retention.gains_beside_published(published, ours, source="HBR 1990", message="Ours"),
        retention.action_effects(effects, measure="Change of sales", message="One helps"),
        retention.target_gains(targets, currency="EUR", message="Act here"),
        retention.balance(
            pd.DataFrame(
                {
                    "covariate": [f"c{i}" for i in range(count)],
                    "difference": gain,
                    "weighted_difference": -gain / 10,
                }
            ),
            message="Uneven before",
        ),
    ]

    for figure, alt in drawn:
        assert _png(figure).startswith(b"\x89PNG")
        assert len(alt) > 40
    assert "here 31%" in drawn[0][1]
    assert "HBR 1990" in drawn[0][1]
    assert "by lot" in drawn[1][1]
    top = gain.max()
    assert f"{top:.2f} and {top / 10:.2f}" in drawn[3][1]


def test_a_missing_gain_is_left_out():
    ours = pd.DataFrame({"label": ["here", "there"], "gain": [0.2, np.nan]})
    _, alt = retention.gains_beside_published(
        pd.Series({"software": 0.35}), ours, source="HBR", message="Ours"
    )

    assert "there" not in alt


@pytest.mark.parametrize("count", [1, 8])
def test_reasons_draw_with_any_number_of_rows(count):
    table = pd.DataFrame(
        {
            "reason": [f"reason {i} $ <b>" for i in range(count)],
            "recorded_share": 0.42,
            "corrected_share": np.linspace(0.3, 0.1, count),
            "low": 0.05,
            "high": 0.5,
        }
    )
    figure, alt = reasons.corrected(table, message="Prices are blamed")

    assert _png(figure).startswith(b"\x89PNG")
    assert "reason 0 $ <b> 30% (42% on record)" in alt
