"""Text files that are packed are read as the text in them, whole or not at all."""

import gzip
import json

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kamlab.errors import DataRefusedError
from kamlab.sources import open_data
from kamlab.sources.endings import unpack

HEADER = "account_id|order_id|order_date|net_sales"
ROWS = ["A1|1|2024-01-31|10.50", "A2|2|2024-02-01|20", "|3|2024-02-15|-3.25"]
TEXT = "\n".join([HEADER, *ROWS]).encode() + b"\n"


def _zst(content: bytes) -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as packing:
        packing.write(content)
    return out.getvalue().to_pybytes()


PACK = {"gz": gzip.compress, "zst": _zst}


@pytest.mark.parametrize("how", PACK)
@pytest.mark.parametrize("mapping", ['file = "*.csv.*"', "sql = \"FROM 'orders.csv.{}'\"", ""])
def test_packed_text_is_read_as_text(how, mapping, opened):
    files = {f"orders.csv.{how}": PACK[how](TEXT)}
    if mapping:
        files["kamlab.toml"] = f"[[orders]]\n{mapping.format(how)}\n"
    sources = opened(files)

    assert sources.reconciliation["rows_kept"].item() == 2
    assert sources.refused["row"].tolist() == ([4] if "sql" not in mapping else [3])
    assert sources.not_understood == ()


@pytest.mark.parametrize("how", PACK)
def test_packed_json_lines_are_read(how, opened):
    row = {"account_id": "A", "order_id": "1", "order_date": "2024-01-31", "net_sales": 5}
    sources = opened({f"orders.jsonl.{how}": PACK[how](json.dumps(row).encode())})

    assert sources.reconciliation["rows_kept"].item() == 1


def test_several_pieces_in_one_file_are_one_file(opened):
    pieces = gzip.compress(TEXT[:50]) + gzip.compress(TEXT[50:])

    assert opened({"orders.csv.gz": pieces}).reconciliation["rows_in"].item() == 3


@pytest.mark.parametrize("how", PACK)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(keep=st.floats(0, 0.99))
def test_what_was_cut_off_is_refused(how, keep, tmp_path):
    whole = PACK[how](TEXT * 50)
    path = tmp_path / f"orders.csv.{how}"
    path.write_bytes(whole[: 1 + int(keep * (len(whole) - 1))])

    with pytest.raises(DataRefusedError, match=r"orders\.csv.*damaged or was cut off"):
        unpack(path, path.name, tmp_path)


def test_one_name_packed_and_not_is_asked_about(folder, store):
    place = folder({"orders.csv": TEXT, "orders.csv.gz": gzip.compress(TEXT)})
    with pytest.raises(DataRefusedError, match="would both be read as orders"):
        open_data(place, store=store)


def test_a_packed_file_of_another_name_is_offered(folder, store):
    place = folder({"sales.csv.gz": gzip.compress(TEXT), "book.xlsx.gz": b"x", "b.gz": b"y"})
    with pytest.raises(DataRefusedError, match=r'file = "sales\.csv\.gz"'):
        open_data(place, store=store)


def test_a_mark_that_is_not_found_is_asked_for(folder, store):
    place = folder({"orders.csv": TEXT.replace(b"|", b"^")})
    with pytest.raises(DataRefusedError) as told:
        open_data(place, store=store)
    assert 'write delimiter = "^"' in str(told.value)
    (place / "kamlab.toml").write_text('[[orders]]\nfile = "orders.csv"\ndelimiter = "^"\n')

    assert open_data(place, store=store).reconciliation["rows_kept"].item() == 2
