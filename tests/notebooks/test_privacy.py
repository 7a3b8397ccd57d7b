"""Nothing that is published names a person: every personal value of the demo is looked for."""

import re

import pandas as pd
import pytest

from kamlab.sources import open_data

pytestmark = [pytest.mark.kernel, pytest.mark.xdist_group("notebooks")]
DETAILS = ("name", "phone", "email", "address", "birth_date")
# pictures and other inlined data are no text
_INLINED = re.compile(r"[A-Za-z0-9+/=\\n]{2000,}")


def personal_values(folder, store) -> set[str]:
    """Give the details of contacts and interactions as the sources write them."""
    known = open_data(folder, store=store)
    values = set()
    for table in ("contacts", "interactions"):
        frame = known.frame(table)
        for column in (one for one in DETAILS if one in frame):
            told = frame[column].dropna()
            told = told.dt.strftime("%Y-%m-%d") if column == "birth_date" else told.astype(str)
            values |= {value.strip() for value in told}
    # the coverage study names our own managers, some of whom have a namesake among the contacts
    values -= set(known.frame("managers")["name"])
    return {value for value in values if len(value) > 1}


def published_text(out) -> dict[str, str]:
    """Give all that stands in the files of a folder of studies, each once, as text."""
    texts = {}
    for path in sorted(out.rglob("*")):
        if not path.is_file() or any(parent.is_symlink() for parent in path.parents):
            continue
        if path.suffix == ".parquet":
            table = pd.read_parquet(path)
            columns = [c for c in table if not pd.api.types.is_numeric_dtype(table[c])]
            cells = {str(value) for c in columns for value in table[c].dropna().unique()}
            texts[str(path)] = "\n".join(sorted(cells))
        else:
            text = path.read_text(encoding="utf-8", errors="replace")
            lines = set(_INLINED.sub(" ", text).splitlines())
            texts[str(path)] = "\n".join(sorted(lines))
    return texts


def leaks(out, values) -> dict[str, list[str]]:
    """Give the files that hold a value, with the first values found."""
    texts = published_text(out)
    whole = "\n".join(texts.values())
    found = sorted(value for value in values if value in whole)
    return {
        path: [value for value in found if value in text][:3]
        for path, text in texts.items()
        if any(value in text for value in found)
    }


def test_no_personal_value_of_the_demo_is_published(published, demo, store):
    values = personal_values(demo, store)

    assert len(values) > 4_000
    assert leaks(published, values) == {}


@pytest.mark.slow
def test_people_are_published_where_a_parameter_says_so(demo, store, tmp_path, kamlab):
    kamlab("run", "sources", "--data", demo, "--out", tmp_path, "-p", "show_people=true")
    found = leaks(tmp_path, personal_values(demo, store))
    manifest = next(tmp_path.glob("sources/*/manifest.json")).read_text(encoding="utf-8")

    assert {path.rpartition("/")[2].partition(".")[0] for path in found} == {"recognised_people"}
    assert '"show_people": true' in manifest
    assert "personal data" in manifest
