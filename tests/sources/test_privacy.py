"""Personal data stay in the private store, for as long as they may, and leave it when asked."""

import duckdb
import pandas as pd
import pytest

from kamlab.cli import main
from kamlab.errors import UsageError
from kamlab.sources import describe, open_data, recognition
from kamlab.sources.contact_list import write_contact_list
from kamlab.sources.forget import _meant, forget
from kamlab.sources.store import Store

ORDERS = "account_id,order_id,order_date,net_sales\nA1,1,2024-01-31,10\nA2,2,2024-12-31,20\n"
CONTACTS = """contact_id,channel,account_id,name,phone,email,address,birth_date
1,telephone,A1,Anna Weber,030 1234567,anna.weber@alder.example,"Main Street 5, Leeds",1970-02-03
2,seminar,,"WEBER, Anna",,anna.weber@alder.example,,
3,website,A2,Bernd Koch,040 7654321,b.koch@juno.example,"Low Road 7, Leeds",1981-05-06
4,website,A2,王伟,+86 955566810,info@juno.example,,
5,website,A2,Ines Rossi,040 7654399,info@juno.example,,not a day
"""
INTERACTIONS = """interaction_id,channel,occurred_at,account_id,contact_id,name,phone,email,concern
1,telephone,2022-03-01,A1,1,,,,Anna Weber was cross
2,website,2024-12-01,A2,3,,,,price
3,e-mail,2022-05-01,,,Anna Weber,,anna.weber@alder.example,late
4,e-mail,2024-12-05,,,Bernd Koch,,b.koch@juno.example,seal
"""
SECRETS = ("anna.weber@", "Anna Weber", "WEBER, Anna", "030 1234567", "Main Street 5", "1970-02-03")


@pytest.fixture
def data(folder):
    return folder(
        {"orders.csv": ORDERS, "contacts.csv": CONTACTS, "interactions.csv": INTERACTIONS}
    )


def _stored(store) -> str:
    """Give everything that the store holds as text."""
    texts = []
    for path in (one for one in store.rglob("*") if one.is_file()):
        if path.suffix == ".parquet":
            texts += [str(row) for row in duckdb.read_parquet(str(path)).fetchall()]
        else:
            texts.append(path.read_text(encoding="utf-8", errors="replace"))
    return "\n".join(texts)


def test_a_forgotten_person_is_nowhere_in_the_store_and_does_not_come_back(data, store):
    known = open_data(data, store=store)
    people = recognition.recognise(known).records
    assert all(secret in _stored(store) for secret in SECRETS[:4])
    spellings = ["weber, anna", "ANNA.WEBER@alder.example", "+49 30 1234567", "1", "c|seminar|2"]
    assert len({_meant(spelling, known, people) for spelling in spellings}) == 1

    removal = forget("Anna Weber", data, store=store)

    again = open_data(data, store=store)
    recognition.recognise(again)
    left = _stored(store)
    assert not [secret for secret in SECRETS if secret in left]
    assert "Bernd Koch" in left
    assert len(again.frame("contacts")) == 5  # the row stays, without the person's details
    assert removal.records == 3
    held = removal.sources.set_index("table")
    assert held.loc["contacts", ["file", "rows"]].tolist() == ["contacts.csv", "2, 3"]
    assert "remove it there too" in str(removal)


def test_who_shares_a_box_with_a_forgotten_person_stays(data, store):
    forget("王伟", data, store=store)
    left = open_data(data, store=store).frame("contacts").set_index("contact_id")

    assert pd.isna(left.at["4", "name"])
    assert left.at["5", "name"] == "Ines Rossi"
    assert left.at["5", "email"] == "info@juno.example"


def test_a_forgotten_person_is_not_read_from_a_new_file(data, store, folder):
    forget("Anna Weber", data, store=store)
    (data / "contacts.csv").unlink()
    more = CONTACTS + '9,e-mail,A1,"A. Weber",,Anna.Weber@Alder.example,,\n'
    folder({"contacts_2.csv": more})

    left = open_data(data, store=store).frame("contacts").set_index("contact_id")
    assert left.loc[["1", "2", "9"], ["name", "email"]].isna().all(axis=None)


def test_nobody_or_several_people_are_refused(data, store):
    with pytest.raises(UsageError, match="Nobody is known"):
        forget("Otto Nowhere", data, store=store)
    with (data / "contacts.csv").open("a") as file:
        file.write("6,website,A2,Anna Weber,040 9999999,a.weber@kestrel.example,,1990-01-01\n")
    with pytest.raises(UsageError, match=r"may be 2 people[\s\S]*c\|website\|6"):
        forget("Anna Weber", data, store=store)


def test_published_tables_lose_the_persons_rows_and_pages_are_named(data, store, tmp_path):
    called = open_data(data, store=store).frame("contacts")
    listed, _ = write_contact_list({"A1", "A2"}, called, "calls", folder=store)
    assert "Anna Weber" in listed.read_text(encoding="utf-8-sig")
    assert "'+86 955566810" in listed.read_text(encoding="utf-8-sig")
    run = tmp_path / "reports" / "sources" / "2025-01-01"
    (run / "tables").mkdir(parents=True)
    people = pd.DataFrame({"name": ["Anna Weber", "Bernd Koch"], "records": [3, 2]})
    people.to_parquet(run / "tables" / "people.parquet", index=False)
    people.to_csv(run / "tables" / "people.csv", index=False)
    (run / "index.html").write_text("<p>Anna Weber</p>")

    removal = forget("Anna Weber", data, store=store, out=tmp_path / "reports")

    assert pd.read_parquet(run / "tables" / "people.parquet")["name"].tolist() == ["Bernd Koch"]
    assert pd.read_csv(run / "tables" / "people.csv")["name"].tolist() == ["Bernd Koch"]
    assert removal.pages == (run / "index.html",)
    left = listed.read_text(encoding="utf-8-sig")
    assert "Anna Weber" not in left
    assert "Bernd Koch" in left


def test_the_command_line_forgets_and_says_where_else(data, store, monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("KAMLAB_STORE", str(store))

    words = ["forget", "Anna Weber", "--data", str(data), "--out", str(tmp_path / "reports")]
    assert main(words) == 0
    assert "contacts.csv: contacts, rows 2, 3" in capsys.readouterr().out
    assert main([*words[:1], "Nobody Known", *words[2:]]) == 2


# retention


def test_details_older_than_the_retention_period_are_not_read(data, store, folder):
    folder({"kamlab.toml": "retention_days = 365\n" + MAPPING})
    known = open_data(data, store=store)

    events = known.frame("interactions").set_index("interaction_id")
    contacts = known.frame("contacts").set_index("contact_id")
    assert events.loc[["1", "3"], ["name", "email", "concern"]].isna().all(axis=None)
    assert events.at["4", "email"] == "b.koch@juno.example"
    assert pd.isna(contacts.at["1", "name"])  # last spoken to in 2022
    assert contacts.at["3", "name"] == "Bernd Koch"
    assert contacts.at["5", "name"] == "Ines Rossi"  # of no known age
    assert known.retired == {"contacts": 1, "interactions": 2}
    assert "older than the retention period" in describe(known)
    assert (known.reconciliation["rows_refused"] == 0).all()


MAPPING = "".join(
    f'[[{name}]]\nfile = "{name}.csv"\n' for name in ("orders", "contacts", "interactions")
)


@pytest.mark.parametrize("days", ["0", "-1", '"a"', "1.5", "true"])
def test_a_retention_period_that_is_none_is_refused(days, data, store, folder):
    folder({"kamlab.toml": f"retention_days = {days}\n{MAPPING}"})

    with pytest.raises(UsageError, match="retention_days"):
        open_data(data, store=store)


def test_hashes_of_the_forgotten_name_nobody(data, store):
    forget("Anna Weber", data, store=store)
    kept = (Store(store).folder / "forgotten.json").read_text()

    assert "Weber" not in kept
    assert (store / "forgotten.json").stat().st_mode & 0o777 == 0o600
