"""Whom do we ring? Names and numbers of the accounts drawn, kept where only their owner reads."""

from collections.abc import Collection
from pathlib import Path

import pandas as pd

from kamlab.sources.private_files import write_private
from kamlab.sources.store import Store

_SHOWN = ("name", "occupation", "phone", "email", "channel")


def write_contact_list(
    accounts: Collection[str],
    contacts: pd.DataFrame,
    name: str,
    *,
    folder: Path | str | None = None,
) -> tuple[Path, pd.DataFrame]:
    """Write the contacts of some accounts to the private store, and nowhere else.

    Parameters
    ----------
    accounts : collection of account_id
        Accounts that were drawn; one without a contact gets a line without a name.
    contacts : pd.DataFrame
        Canonical contacts; may be empty.
    name : str
        Of the list, without ending; a list of the same name is replaced.
    folder : Path or str, optional
        Of the store; as for `store.Store`.

    Returns
    -------
    path : Path
        A CSV file that only its owner may read (0600), in the store's folder `contact_lists`.
    reached : pd.DataFrame
        One row an account, for publication: `account_id`, `contacts` (number of lines with a
        telephone number or e-mail address).
    """
    place = Store(folder).folder / "contact_lists"
    place.mkdir(mode=0o700, exist_ok=True)
    drawn = pd.DataFrame({"account_id": pd.Series(sorted(set(accounts)), dtype="str")})
    wanted = ["account_id", *_SHOWN]
    known = contacts.reindex(columns=wanted).dropna(subset=["account_id"])
    table = drawn.merge(known.astype({"account_id": object}), on="account_id", how="left")
    path = place / f"{name}.csv"
    write_private(path, table)
    there = table[["phone", "email"]].notna().any(axis=1)
    counts = there.groupby(table["account_id"]).sum().astype(int)
    return path, counts.rename("contacts").reset_index()
