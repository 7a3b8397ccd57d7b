"""Rows that may be there twice are found by sorting their hashes."""

from unittest.mock import patch

import duckdb
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kamlab.sources import repeats

HASHES = st.lists(st.one_of(st.integers(0, 5), st.integers(0, 2**64 - 1)), max_size=40)


@given(HASHES, st.integers(1, 3))
def test_what_repeats_is_what_pandas_says(hashes, pieces):
    rows = pd.DataFrame({"_hash": pd.Series(hashes, dtype="uint64")})
    expected = rows.loc[rows["_hash"].duplicated(), "_hash"].unique()
    with duckdb.connect() as connection, patch.object(repeats, "_AT_ONCE", 10):
        connection.execute("CREATE TABLE hashes AS FROM rows")
        most = pieces * 10 - 1
        assert repeats.keep_repeated(connection, "_hash", "hashes", most) is (len(expected) > 0)
        kept = connection.sql("SELECT _hash FROM repeated ORDER BY 1").fetchall()
        assert kept == [(value,) for value in sorted(expected.tolist())]


@pytest.mark.parametrize("order", ["ORDER BY random()", ""])
def test_a_few_repeats_among_a_million_are_found(order):
    with duckdb.connect() as connection:
        rows = f"(FROM range(1_000_000) t(n) UNION ALL FROM range(999_990, 999_995) t(n) {order})"
        assert repeats.keep_repeated(connection, "hash(n)", rows, 1_000_005)
        twice = "SELECT hash(n) FROM range(999_990, 999_995) t(n)"
        assert connection.sql(f"FROM repeated EXCEPT ({twice})").fetchall() == []
        assert connection.sql("SELECT count(*) FROM repeated").fetchall() == [(5,)]
