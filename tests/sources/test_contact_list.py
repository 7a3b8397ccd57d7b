"""The contact list lies in the private store and only numbers leave it."""

import pandas as pd

from kamlab.sources.contact_list import write_contact_list


def test_the_list_is_private_and_only_counts_come_back(tmp_path):
    contacts = pd.DataFrame(
        {
            "account_id": ["A1", "A1", "A9", None],
            "name": ["Li Wei", "Eva", "Out", "Nobody"],
            "phone": [None, "1", "2", "3"],
            "email": ["li@firm.example", None, None, None],
        }
    )
    path, reached = write_contact_list(["A2", "A1"], contacts, "wave", folder=tmp_path / "store")
    written = pd.read_csv(path)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700
    assert written["name"].dropna().tolist() == ["Li Wei", "Eva"]
    assert reached.to_dict("list") == {"account_id": ["A1", "A2"], "contacts": [2, 0]}
    again, _ = write_contact_list(["A2"], contacts.head(0), "wave", folder=tmp_path / "store")
    assert again == path
    assert len(pd.read_csv(path)) == 1
    _, nobody = write_contact_list([], contacts, "wave", folder=tmp_path / "store")
    frame = pd.DataFrame({"account_id": pd.Series([], dtype="str")})
    assert frame.merge(nobody, on="account_id", how="left").columns.tolist() == list(reached)
