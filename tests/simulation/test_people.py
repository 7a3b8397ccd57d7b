import pandas as pd
import pytest

CHANNELS = {"sales centre", "telephone", "call centre", "e-mail", "website", "seminar"}


@pytest.fixture(scope="module")
def linked(small):
    """Contact records beside the true persons."""
    records = small.tables["contacts"].merge(
        small.truth["link"][["contact_id", "person_id", "account_id"]],
        on="contact_id",
        suffixes=("", "_true"),
    )
    return records.merge(
        small.truth["person"][["person_id", "name", "moved", "homonyms"]],
        on="person_id",
        suffixes=("", "_true"),
    )


def test_all_six_channels_know_people_and_speak_with_them(small):
    assert set(small.tables["contacts"]["channel"]) == CHANNELS
    assert set(small.tables["interactions"]["channel"]) == CHANNELS


def test_every_record_is_linked_to_a_true_person(small, linked):
    assert len(linked) == len(small.tables["contacts"])


def test_one_person_appears_under_several_spellings(linked):
    several = linked[linked["homonyms"] == 0].groupby("person_id").filter(lambda g: len(g) > 1)
    spellings = several.groupby("person_id")[["name", "phone", "email"]].nunique()

    assert (spellings["name"] > 1).mean() > 0.5
    assert (spellings["phone"] > 1).mean() > 0.3
    assert (spellings["email"] > 1).mean() > 0.2


def test_a_telephone_number_keeps_its_last_digits_in_every_format(linked):
    digits = linked["phone"].dropna().str.replace(r"\D", "", regex=True).str[-6:]

    assert digits.groupby(linked["person_id"]).nunique().max() == 1


def test_homonyms_are_different_people_of_one_name(small):
    persons = small.truth["person"]
    twins = persons[persons["homonyms"] > 0]

    assert len(twins) > 10
    assert twins.groupby("name")["person_id"].nunique().min() > 1
    assert twins.groupby("name")["account_id"].nunique().max() > 1


def test_moved_people_have_records_at_both_accounts(linked):
    employers = linked.groupby("person_id")["account_id_true"].nunique()
    moved = linked.groupby("person_id")["moved"].first().notna()

    assert employers[moved].max() == 2
    assert employers[~moved].max() == 1


def test_account_numbers_are_right_where_known_and_rare_in_open_channels(linked):
    known = linked["account_id"].notna()

    assert (linked["account_id"][known] == linked["account_id_true"][known]).all()
    share = known.groupby(linked["channel"]).mean()
    assert share[["sales centre", "telephone", "call centre"]].min() > 0.75
    assert share[["e-mail", "website", "seminar"]].max() < 0.4


def test_names_are_written_in_characters_and_in_pinyin(linked):
    chinese = linked[linked["name_true"].str.contains(r"[\u4e00-\u9fff]")]
    in_characters = chinese["name"].str.contains(r"[\u4e00-\u9fff]")

    assert 0.1 < in_characters.mean() < 0.9


def test_complaints_and_moods_follow_satisfaction(small):
    said = small.tables["interactions"].merge(
        small.truth["interaction"], on="interaction_id", suffixes=("", "_true")
    )
    said["month"] = said["occurred_at"].dt.to_period("M").dt.to_timestamp()
    state = small.truth["month"].rename(columns={"account_id": "account_id_true"})
    said = said.merge(state, on=["account_id_true", "month"])

    assert said["sentiment"].corr(said["satisfaction"].astype(float)) > 0.4
    unhappy = said["satisfaction"] < -0.5
    assert (said["topic"] == "complaint")[unhappy].mean() > (
        1.8 * (said["topic"] == "complaint")[~unhappy].mean()
    )


def test_what_customers_speak_of_follows_their_traits(small):
    said = small.truth["interaction"].merge(small.truth["account"], on="account_id")
    concern = said["concern"].dropna()
    traits = said.loc[concern.index].groupby(concern)

    price = traits["price_sensitivity"].mean()
    assert price["price"] == price.max()
    health = traits["health_long_run"].mean()
    assert health["payment terms"] == health.min()
    philosophy = traits["philosophy"].mean()
    assert philosophy["sustainability"] == philosophy.max()


def test_words_are_silent_exactly_where_the_truth_is(small):
    words = small.tables["interactions"].set_index("interaction_id")["concern"]
    truth = small.truth["interaction"].set_index("interaction_id")["concern"]

    pd.testing.assert_series_equal(words.isna(), truth.isna())
    assert words.str.contains(r"[\u4e00-\u9fff]").any()
