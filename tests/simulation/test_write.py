import tomllib

import pandas as pd
import pytest

from kamlab.simulation import read_truth, simulate, write_demo
from kamlab.simulation.names import HOSTILE
from kamlab.sources import open_data


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo")
    return path, write_demo(path, size="tiny", seed=5)


@pytest.fixture(scope="module")
def memory():
    return simulate("tiny", seed=5)


def test_what_is_written_is_what_is_simulated(folder, memory):
    path, summary = folder
    orders = pd.read_parquet(path / "orders.parquet")
    drawn = memory.tables["orders"]

    assert len(orders) == summary.order_lines == len(drawn)
    assert orders["net_sales"].sum() == pytest.approx(summary.net_sales, abs=0.005)
    assert (orders["account_id"].to_numpy() == drawn["account_id"].to_numpy()).all()
    assert summary.accounts == 60


def test_the_mapping_names_files_that_exist_and_all_nine_tables(folder):
    path, _ = folder
    mapping = tomllib.loads((path / "kamlab.toml").read_text(encoding="utf-8"))
    tables = {name for name, value in mapping.items() if isinstance(value, list)}

    assert mapping["currency"] == "EUR"
    assert mapping["fiscal_year_start"] == 1
    assert tables == {
        "orders", "accounts", "contacts", "interactions", "invoices", "survey_responses",
        "defections", "managers", "actions", "ratings", "financials", "wallet_observations",
        "forecasts", "quotes", "services", "win_back_offers", "kano_answers",
    }  # fmt: skip
    assert all((path / block["file"]).is_file() for name in tables for block in mapping[name])


def test_sources_read_the_demo_without_refusing_a_row(folder, memory):
    path, _ = folder
    sources = open_data(path)

    assert sources.refused.empty
    assert set(sources.tables) == set(memory.tables)
    for name, table in memory.tables.items():
        assert len(sources.frame(name)) == len(table), name


def test_six_formats_give_back_the_contacts_that_were_simulated(folder, memory):
    path, _ = folder
    read = open_data(path).frame("contacts").set_index("contact_id").sort_index()
    drawn = memory.tables["contacts"].set_index("contact_id").sort_index()
    for column in ("account_id", "name", "phone", "email", "address", "channel"):
        pd.testing.assert_series_equal(
            read[column].astype("str"), drawn[column].astype("str"), check_dtype=False
        )
    assert (pd.to_datetime(read["birth_date"]).dropna() == drawn["birth_date"].dropna()).all()


def test_moods_survive_the_decimal_comma(folder, memory):
    path, _ = folder
    read = open_data(path).frame("interactions").set_index("interaction_id").sort_index()
    drawn = memory.tables["interactions"].set_index("interaction_id").sort_index()

    pd.testing.assert_series_equal(
        read["sentiment"].astype(float), drawn["sentiment"], check_index_type=False
    )


def test_hostile_names_come_back_as_they_are(folder):
    path, _ = folder

    assert set(HOSTILE) <= set(open_data(path).frame("accounts")["name"])


def test_a_text_that_looks_like_a_formula_stays_text_in_the_workbook(tmp_path):
    from kamlab.simulation.exports import _workbook

    frames = [pd.DataFrame({"Company": ["=1+1", "plain"]}), pd.DataFrame({"Remark": ["x"]})]
    _workbook([tmp_path / "book.xlsx"], frames)

    read = pd.read_excel(tmp_path / "book.xlsx", engine="calamine")
    assert read["Company"].tolist() == ["=1+1", "plain"]


def test_the_truth_lies_apart_and_comes_back(folder, memory):
    path, _ = folder
    truth = read_truth(path)

    assert set(truth) == set(memory.truth)
    for name, table in memory.truth.items():
        assert list(truth[name].columns) == list(table.columns), name
        assert len(truth[name]) == len(table), name


def test_a_folder_without_truth_has_none(tmp_path):
    assert read_truth(tmp_path) == {}


def test_writing_again_gives_the_same_files_but_for_the_workbook(folder, tmp_path):
    path, summary = folder
    write_demo(tmp_path, size="tiny", seed=5)

    for name in summary.files:
        if not name.endswith(".xlsx"):  # a zip file notes the time of writing
            assert (tmp_path / name).read_bytes() == (path / name).read_bytes(), name
