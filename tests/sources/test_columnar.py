"""Does a file hold what was asked for, row by row, and does half an answer raise?"""

import errno

import duckdb
import pyarrow.parquet as pq
import pytest

from kamlab.sources import columnar
from kamlab.sources.columnar import write_rows

_ROWS = """
SELECT CASE WHEN i % 7 = 0 THEN NULL ELSE 'A' || i % 50 END AS account_id,
       DATE '2024-02-27' + (i % 4)::INT AS order_date,
       CASE WHEN i % 5 = 0 THEN NULL WHEN i = 3 THEN 'inf'::DOUBLE ELSE -i / 3 END AS net_sales,
       i % 2 = 0 AS new, i::SMALLINT AS _check, hash(i) AS _hash, repeat('ä漢', i) AS note,
       TIMESTAMP '2024-01-01 23:59:59' + to_seconds(i) AS at, NULL::VARCHAR AS _value
FROM range({}) t(i)
"""


@pytest.mark.parametrize("rows", [0, 1, 10, 25])
def test_a_file_holds_the_rows_as_duckdb_writes_them(tmp_path, monkeypatch, rows):
    monkeypatch.setattr(columnar, "_AT_ONCE", 4)
    monkeypatch.setattr(columnar, "_A_GROUP", 3)
    connection = duckdb.connect()
    query = _ROWS.format(rows)
    ours, theirs = tmp_path / "ours.parquet", tmp_path / "theirs.parquet"
    write_rows(connection, query, ours)
    connection.execute(f"COPY ({query}) TO '{theirs}' (FORMAT parquet)")
    read = [connection.sql(f"FROM '{path}'") for path in (ours, theirs)]
    assert read[0].columns == read[1].columns
    assert read[0].types == read[1].types
    assert read[0].fetchall() == read[1].fetchall()
    assert read[0].aggregate("count(*)").fetchall() == [(rows,)]


def test_least_and_most_are_told_of_days_only(tmp_path):
    write_rows(duckdb.connect(), _ROWS.format(25), tmp_path / "rows.parquet")
    group = pq.read_metadata(tmp_path / "rows.parquet").row_group(0)
    told = {
        group.column(n).path_in_schema
        for n in range(group.num_columns)
        if group.column(n).is_stats_set
    }
    assert told == {"order_date"}


@pytest.mark.parametrize("at", [0, 90_000, 250_000])
def test_an_error_in_the_midst_is_one_of_the_query(tmp_path, at):
    query = (
        f"SELECT CASE WHEN i = {at} THEN error('broken') ELSE i END AS i FROM range(300000) t(i)"
    )
    with pytest.raises(duckdb.Error, match="broken"):
        write_rows(duckdb.connect(), query, tmp_path / "rows.parquet")


@pytest.mark.parametrize("rows", [1, 300_000])
def test_a_full_disk_is_no_error_of_the_query(tmp_path, monkeypatch, rows):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with pytest.raises(OSError, match="No space left"):
        write_rows(duckdb.connect(), f"FROM range({rows})", tmp_path / "rows.parquet")


@pytest.mark.slow
def test_long_texts_by_the_hundred_thousand_are_written(tmp_path):
    query = "SELECT i, repeat('abcdefghij', 2500) || i AS note FROM range(95000) t(i)"
    write_rows(duckdb.connect(), query, tmp_path / "rows.parquet")
    told = f"SELECT sum(length(note)), count(DISTINCT note) FROM '{tmp_path}/rows.parquet'"
    digits = sum(len(str(i)) for i in range(95_000))
    assert duckdb.sql(told).fetchall() == [(95_000 * 25_000 + digits, 95_000)]
