"""Models on disk: the same predictions, what they were fitted on, and nothing foreign that runs."""

import io
import json
import pickle
import zipfile
from datetime import date

import numpy as np
import pandas as pd
import pytest
import skops.io
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from kamlab.churn.contributions import contributions
from kamlab.churn.cox import CoxModel
from kamlab.churn.model import ChurnModel
from kamlab.churn.persist import load, read_about, save
from kamlab.errors import DataRefusedError, UsageError


@pytest.fixture(scope="module")
def table():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(700, 3)), columns=list("abc"))
    return table.assign(where=rng.choice(["north", "south"], 700))


@pytest.fixture(scope="module")
def model(table):
    rng = np.random.default_rng(1)
    odds = np.abs(table["a"]) + 2 * np.sign(table["b"] * table["c"]) - 1
    return ChurnModel().fit(table, rng.random(700) < expit(odds))


@pytest.fixture(scope="module")
def kept(model, tmp_path_factory):
    file = tmp_path_factory.mktemp("models") / "churn.skops"
    return save(model, file, fitted_on={"accounts": 700, "as_of": date(2025, 1, 1)})


def test_a_kept_model_says_the_same(model, table, kept):
    again = load(kept)
    assert np.array_equal(again.predict_proba(table), model.predict_proba(table))
    pd.testing.assert_frame_equal(contributions(again, table), contributions(model, table))
    pd.testing.assert_series_equal(again.weights_, model.weights_)
    pd.testing.assert_frame_equal(again.scores_, model.scores_)
    assert again.columns_.columns_ == model.columns_.columns_
    assert again.get_params() == model.get_params()


def test_it_is_known_what_it_was_fitted_on(kept):
    about = read_about(kept)
    assert about["fitted_on"] == {"accounts": 700, "as_of": "2025-01-01"}
    assert about["model"] == "kamlab.churn.model.ChurnModel"
    assert {"kamlab", "scikit-learn", "numpy", "skops"} <= set(about["versions"])


def test_a_model_of_survival_is_kept_too(table, tmp_path):
    rng = np.random.default_rng(2)
    numbers = table[["a", "b"]]
    lasted = rng.exponential(np.exp(-numbers["a"])) + 0.01
    cox = CoxModel().fit(numbers, lasted, rng.random(700) < 0.7)
    again = load(save(cox, tmp_path / "cox.skops", fitted_on={}))
    pd.testing.assert_frame_equal(again.summary(), cox.summary())


class Runs:
    """Opens a door when it is unpickled, or reduced by a careless reader."""

    def __init__(self, door):
        self.door = door

    def __reduce__(self):
        return exec, (f"open({str(self.door)!r}, 'w').close()",)


def test_a_pickle_is_refused_and_runs_nothing(tmp_path):
    door = tmp_path / "opened"
    file = tmp_path / "churn.skops"
    file.write_bytes(pickle.dumps(Runs(door)))
    for read in (load, read_about):
        with pytest.raises(DataRefusedError, match=r"churn.skops: not a kept model .*pickle"):
            read(file)
    assert not door.exists()


@pytest.mark.parametrize("inside", ["model", "beside"])
def test_a_foreign_kind_is_refused_by_name_and_runs_nothing(tmp_path, model, inside):
    door = tmp_path / "opened"
    file = tmp_path / "churn.skops"
    content = {"mark": "kamlab model 1", "about": json.dumps({"versions": {}}), "model": model}
    content |= {"model" if inside == "model" else "more": Runs(door)}
    file.write_bytes(skops.io.dumps(content))
    with pytest.raises(DataRefusedError, match=r"kinds that a model of ours does not: .*exec|Runs"):
        load(file)
    assert not door.exists()


def test_a_call_written_by_hand_is_refused_and_runs_nothing(tmp_path, kept):
    """The description of the file is edited to name a function of the system."""
    file = tmp_path / "churn.skops"
    with zipfile.ZipFile(kept) as old, zipfile.ZipFile(file, "w") as new:
        for name in old.namelist():
            text = old.read(name)
            if name == "schema.json":
                text = text.replace(b'"ChurnModel"', b'"system"')
                text = text.replace(b'"kamlab.churn.model"', b'"os"')
            new.writestr(name, text)
    with pytest.raises(DataRefusedError, match=r"os.system"):
        load(file)


def test_models_of_others_and_of_nobody_are_refused(tmp_path, model, kept):
    other = LogisticRegression().fit([[0.0], [1.0]], [0, 1])
    with pytest.raises(UsageError, match="LogisticRegression is not a model that can be kept"):
        save(other, tmp_path / "x.skops", fitted_on={})
    with pytest.raises(UsageError, match="not fitted"):
        save(ChurnModel(), tmp_path / "x.skops", fitted_on={})
    file = tmp_path / "other.skops"
    for content in (other, {"mark": "kamlab model 1", "about": "{}", "model": other}, [1, 2]):
        file.write_bytes(skops.io.dumps(content))
        with pytest.raises(DataRefusedError, match="cannot be read as a kept model"):
            load(file)
    with pytest.raises(DataRefusedError, match="no such file"):
        load(tmp_path / "none.skops")
    assert sorted(tmp_path.iterdir()) == [file]


def test_another_version_is_refused_by_name(tmp_path, kept, monkeypatch):
    monkeypatch.setattr("kamlab.churn.persist.version", lambda _: "99.1.0")
    with pytest.raises(DataRefusedError, match=r"fitted under scikit-learn .* here is 99.1.0"):
        load(kept)
    assert read_about(kept)["fitted_on"]["accounts"] == 700


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path, model, monkeypatch):
    file = save(model, tmp_path / "churn.skops", fitted_on={"turn": 1})

    def full(*_):
        raise OSError("no space left on device")

    monkeypatch.setattr("pathlib.Path.replace", full)
    with pytest.raises(OSError, match="no space"):
        save(model, file, fitted_on={"turn": 2})
    assert read_about(file)["fitted_on"] == {"turn": 1}
    assert list(tmp_path.iterdir()) == [file]


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_files_are_refused_or_read_but_never_crash(kept, tmp_path, data):
    whole = kept.read_bytes()
    cut = data.draw(st.integers(0, len(whole)))
    other = io.BytesIO()
    with zipfile.ZipFile(kept) as old, zipfile.ZipFile(other, "w") as new:
        for name in old.namelist():
            if data.draw(st.booleans()) or name == "schema.json":
                new.writestr(name, old.read(name)[: data.draw(st.integers(1, 10_000_000))])
    for broken in (whole[:cut], other.getvalue()):
        file = tmp_path / "broken.skops"
        file.write_bytes(broken)
        try:
            assert isinstance(load(file), ChurnModel)
        except DataRefusedError as refused:
            assert "broken.skops" in str(refused)  # noqa: PT017  both ends are right
