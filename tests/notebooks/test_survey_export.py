"""A survey as tools export it: days of answers, an item from 0 to 10, answers newer than orders."""

import json
import shutil

import numpy as np
import pandas as pd
import pytest

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group("notebooks")]
ITEM = "price fairness"


def _messy(survey):
    """Spread each wave over three weeks, stretch an item, and ask once more after the orders."""
    rng = np.random.default_rng(1)
    wave = pd.to_datetime(survey["wave"])
    back = {one: int(rng.integers(0, 21)) for one in sorted(survey["response_id"].unique())}
    made = survey.assign(wave=wave - pd.to_timedelta(survey["response_id"].map(back), unit="D"))
    stretched = ((survey["score"] - 1) * 2.5).round()
    made["score"] = survey["score"].mask(survey["item"] == ITEM, stretched)
    newer = made[wave == wave.max()]
    newer = newer.assign(
        wave=pd.Timestamp("2031-01-01"), response_id="new " + newer["response_id"].astype(str)
    )
    return pd.concat([made, newer]), len(newer)


def test_a_messy_export_tells_what_a_clean_one_does(demo, tmp_path, kamlab):
    clean = pd.read_csv(demo / "survey_responses.csv")
    folder = shutil.copytree(demo, tmp_path / "data")
    messy, newer = _messy(clean)
    messy.to_csv(folder / "survey_responses.csv", index=False)
    shown = {}
    for name, data in (("clean", demo), ("messy", folder)):
        kamlab("run", "satisfaction", "--data", data, "--out", tmp_path / name)
        shown[name] = tmp_path / name / "satisfaction" / "latest"
    tables = {
        name: pd.read_parquet(place / "tables" / "satisfaction_change.parquet").set_index("item")
        for name, place in shown.items()
    }

    kept = tables["clean"].drop(index=ITEM)
    same = [name for name in kept if name != "p_adjusted"]  # of one item less
    pd.testing.assert_frame_equal(tables["messy"][same], kept[same])
    page = (shown["messy"] / "index.html").read_text(encoding="utf-8")
    aside = (messy["item"] == ITEM).sum()
    warned = json.loads((shown["messy"] / "manifest.json").read_text())["warnings"]
    assert f"{aside} answers are set aside, since their items are on another scale" in str(warned)
    others = newer - (messy.tail(newer)["item"] == ITEM).sum()
    assert f"{others:,} of {len(messy) - aside:,} answers are dated on or after" in str(warned)
    waves = clean["wave"].nunique()
    assert f"by fieldwork (days less than four weeks apart): {waves} waves." in page
    quiet = (shown["clean"] / "index.html").read_text(encoding="utf-8")
    assert "by fieldwork" not in quiet
    assert not any(
        "answers are" in one
        for one in json.loads((shown["clean"] / "manifest.json").read_text())["warnings"]
    )
