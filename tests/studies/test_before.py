"""What changed since the last run is told from what was published, or not at all."""

import pandas as pd

from kamlab.studies.before import before, joined_and_left
from kamlab.studies.notebook import Study


def _list(ranks):
    table = pd.DataFrame({"account_id": list(ranks), "rank": list(ranks.values())})
    table["selected"] = table["rank"].notna()
    return table.assign(name=table["account_id"] + " Ltd", reason="because")


def test_joined_and_left_are_told_with_their_ranks():
    moved = joined_and_left(
        _list({"A": 1, "B": None, "D": 2}), _list({"A": 2, "B": 1, "C": 3, "D": None})
    ).set_index("account_id")

    assert moved["change"].to_dict() == {"D": "joined", "B": "left", "C": "left"}
    assert moved.loc["B", "rank_before"] == 1
    assert moved.loc["C", "why"] == "it is not among the accounts any more"
    assert moved.loc["C", "name"] == "C Ltd"
    same = _list({"A": 1})
    assert joined_and_left(same, same).empty


def test_the_run_before_is_found_with_its_causes(desk):
    desk.write(
        "key-accounts",
        "study.headline('Key accounts', top)\n"
        "study.table('key_accounts', pd.DataFrame({'account_id': ['A'], 'top': [top]}))",
    )
    study = Study("summary", published=str(desk.out), as_of="2013-06-30")
    assert before(study, "key-accounts", "key_accounts").table is None
    for day, top in (("2013-03-31", 10), ("2013-06-30", 12)):
        result = desk.run("key-accounts", "--as-of", day, "-p", f"top={top}")
        assert result.returncode == 0, result.stderr
    study.data = ""
    found = before(study, "key-accounts", "key_accounts")

    assert found.as_of == "2013-03-31"
    assert found.table["top"].tolist() == [10]
    assert found.moved == ["Key accounts: +20.0% (was 10)"]
    assert "parameter top: 10 to 12" in found.causes
    other = Study("summary", published=str(desk.out), as_of="2014-01-01")
    assert before(other, "key-accounts", "key_accounts").table is None
