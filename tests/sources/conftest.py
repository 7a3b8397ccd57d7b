"""What the tests of sources share: folders with data, a private store each, and what must hold."""

import gc
import io
from pathlib import Path

import openpyxl
import pytest

from kamlab.sources import open_data

HEADER = "account_id,order_id,order_date,net_sales"
GOOD = ["A1,1,2024-01-31,10.50", "A2,2,2024-02-01,20", "A1,3,2024-02-15,-3.25"]


@pytest.fixture
def store(tmp_path):
    return tmp_path / "private"


@pytest.fixture
def collected():
    """Let connections that nobody holds any more go here, where their warnings are awaited."""
    yield
    gc.collect()


@pytest.fixture
def folder(tmp_path):
    """Make a folder of files; text is written as UTF-8 without touching its line ends."""

    def make(files: dict[str, str | bytes], name: str = "data") -> Path:
        made = tmp_path / name
        made.mkdir(exist_ok=True)
        for title, content in files.items():
            path = made / title
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content.encode() if isinstance(content, str) else content)
        return made

    return make


@pytest.fixture
def workbook():
    """Make an Excel workbook of sheets of rows."""

    def make(sheets: dict[str, list[list]]) -> bytes:
        book = openpyxl.Workbook()
        book.remove(book.active)
        for title, rows in sheets.items():
            sheet = book.create_sheet(title)
            for row in rows:
                sheet.append(row)
        buffer = io.BytesIO()
        book.save(buffer)
        return buffer.getvalue()

    return make


@pytest.fixture
def opened(folder, store):
    """Open a folder of files and hold that every row and cent is accounted for."""

    def open_files(files: dict[str, str | bytes]):
        sources = open_data(folder(files), store=store)
        accounted(sources)
        return sources

    return open_files


def accounted(sources) -> None:
    """Rows and money that came in are kept or refused, and each refusal says where and why."""
    table = sources.reconciliation
    assert (table["rows_in"] == table["rows_kept"] + table["rows_refused"]).all()
    assert (table["difference"].fillna(0) == 0).all()
    assert table["rows_refused"].sum() == len(sources.refused)
    for name in sources.tables:
        kept = table.loc[table["table"] == name, "rows_kept"].item()
        assert sources.table(name).count("*").fetchall() == [(kept,)]
    assert sources.refused[["file", "row", "reason", "expected"]].notna().all(axis=None)


def lines(*rows: str, header: str = HEADER) -> str:
    """Write rows as a CSV file."""
    return "\n".join([header, *rows]) + "\n"
