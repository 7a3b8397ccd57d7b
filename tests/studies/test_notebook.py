import json
import subprocess
import sys

import pandas as pd
import pytest
from matplotlib.figure import Figure

from kamlab.studies.notebook import Study


@pytest.fixture
def shown(monkeypatch):
    """Collect what the study displays."""
    found = []
    monkeypatch.setattr(
        "IPython.display.display", lambda data, **options: found.append((data, options["metadata"]))
    )
    return found


def _record(folder):
    return json.loads((folder / "study.json").read_text())


def test_without_a_folder_nothing_is_written_and_all_is_shown(tmp_path, monkeypatch, shown):
    monkeypatch.chdir(tmp_path)
    study = Study("value")

    study.table("values", pd.DataFrame({"a": [1]}))
    study.headline("Value", 1234.5, "EUR")
    study.show(pd.DataFrame({"a": [1]}), "A table")
    study.decision("Do it", pd.DataFrame({"a": [1]}))
    study.warn("Careful")
    study.note("Some *words*")

    assert not list(tmp_path.iterdir())
    assert len(shown) == 6


def test_what_is_handed_over_is_recorded_at_once(tmp_path, shown):
    study = Study("value", out=str(tmp_path / "out"))

    study.about(as_of=pd.Timestamp("2013-06-30"), start="2010-01-01", currency="EUR")
    study.inputs(pd.DataFrame({"file": ["o.csv"], "newest_date": [pd.Timestamp("2013-06-29")]}))
    study.headline("Share", 0.4321, format=".1%", low=0.4, high=0.5)
    study.table("values", pd.DataFrame({"account_id": ["A"], "value": [1.5]}))
    study.decision("Do it")

    record = _record(tmp_path / "out")
    assert record["about"] == {"as_of": "2013-06-30", "start": "2010-01-01", "currency": "EUR"}
    assert study.as_of == "2013-06-30"
    assert record["inputs"] == [{"file": "o.csv", "newest_date": "2013-06-29"}]
    assert record["headlines"][0]["text"] == "43.2%"
    assert record["headlines"][0]["interval"] == "40.0% to 50.0%"
    assert record["tables"][0]["columns"][1] == {"name": "value", "type": "float64"}
    assert record["decision"] == "Do it"
    assert (tmp_path / "out" / "tables" / "values.csv").read_text() == "account_id,value\nA,1.5\n"


def test_a_name_is_used_once_in_a_run_and_again_in_a_session(tmp_path, shown):
    run = Study("value", out=str(tmp_path / "out"))
    session = Study("value")
    for study in (run, session):
        study.table("values", pd.DataFrame({"a": [1]}))
        study.headline("Value", 1)

    with pytest.raises(ValueError, match="values"):
        run.table("values", pd.DataFrame({"a": [2]}))
    with pytest.raises(ValueError, match="Value"):
        run.headline("Value", 2)
    session.headline("Value", 2)
    assert [entry["value"] for entry in session.record["headlines"]] == [2]


def test_a_figure_carries_its_alt_text_and_needs_one(shown):
    study = Study("value")
    figure = Figure(figsize=(2, 1))

    study.figure(figure, alt="A line that rises", title="It rises")

    (data, metadata) = shown[0]
    assert data["image/png"].startswith("iVBOR")
    assert metadata["image/png"] == {"alt": "A line that rises", "title": "It rises"}
    with pytest.raises(ValueError, match="alt text"):
        study.figure(figure, alt=" ")


def _published(root, run, as_of, value, data=""):
    folder = root / "value" / run
    (folder / "tables").mkdir(parents=True)
    pd.DataFrame({"v": [value]}).to_parquet(folder / "tables" / "values.parquet")
    (folder / "manifest.json").write_text(json.dumps({"as_of": as_of, "data": data}))


def test_another_studys_table_is_read_for_the_same_day_and_data_only(tmp_path):
    _published(tmp_path, "2013-06-30_a", "2013-06-30", 1)
    _published(tmp_path, "2014-06-30_b", "2014-06-30", 2)
    _published(tmp_path, "2014-06-30_c", "2014-06-30", 3, data="/elsewhere")
    (tmp_path / "value" / "latest").symlink_to("2014-06-30_b")
    (tmp_path / "value" / "failed").mkdir()

    def read(as_of, table="values"):
        study = Study("summary", published=str(tmp_path), as_of=as_of)
        found = study.other("value", table)
        return None if found is None else found["v"].item()

    assert read("2013-06-30") == 1
    assert read("2014-06-30") == 2
    assert read("") == 2
    assert read("2015-06-30") is None
    assert read("2013-06-30", "nothing") is None
    assert Study("summary").other("value", "values") is None


def test_a_relative_data_folder_is_found_from_the_notebooks_folder_too(tmp_path, monkeypatch):
    (tmp_path / "data" / "demo").mkdir(parents=True)
    (tmp_path / "notebooks").mkdir()
    monkeypatch.chdir(tmp_path / "notebooks")

    assert Study("value", data="data/demo").data == tmp_path / "data" / "demo"


def test_a_study_brings_nothing_heavy_but_pandas():
    code = "import sys, kamlab.studies.notebook; print('\\n'.join(sys.modules))"
    loaded = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"papermill", "nbconvert", "matplotlib", "duckdb", "IPython"} & set(loaded)
