"""How does the demo come to lie in a folder? Observed files, their mapping, the truth apart."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from kamlab.simulation.config import HORIZON, MONTHS, Config, preset
from kamlab.simulation.distributor import World, books, draw_world
from kamlab.simulation.exports import write_channels

_HEAD = """# What feeds which table of kamlab: written with the demo data, an example of a mapping.
# Left of each equals sign in `columns` stands kamlab's name, right of it the file's own.
currency = "EUR"
fiscal_year_start = 1
"""


@dataclass(frozen=True, slots=True)
class DemoSummary:
    """What was written.

    Attributes
    ----------
    folder : Path
    size : str
    seed : int
    accounts, order_lines : int
    files : tuple of str
        Relative to the folder.
    net_sales : float
        Sum over all order lines, EUR.
    """

    folder: Path
    size: str
    seed: int
    accounts: int
    order_lines: int
    files: tuple[str, ...]
    net_sales: float


def write_demo(folder: str | Path, size: str | Config = "small", seed: int = 7) -> DemoSummary:
    """Write a simulated distributor: observed files, `kamlab.toml`, and `truth/` beside them.

    Order lines and invoices go to Parquet month by month, so that memory does not grow with the
    number of lines.

    Parameters
    ----------
    folder : str or Path
        Made if it is not there; files of the same names are replaced.
    size : {"tiny", "small", "medium", "large"} or Config
    seed : int
        Same seed, same files.

    Returns
    -------
    DemoSummary

    Raises
    ------
    UsageError
        If there is no such size.
    """
    from kamlab.simulation.tables import office_tables, people_tables, truth_tables

    config = size if isinstance(size, Config) else preset(size, seed)
    folder = Path(folder)
    hidden = folder / "truth"
    hidden.mkdir(parents=True, exist_ok=True)
    world = draw_world(config)
    future = np.zeros((HORIZON, 3, config.n_accounts), dtype=np.float32)
    lines, net = _write_books(folder, world, future)
    _write_months(hidden / "month.parquet", world)
    sections: list[tuple[str, dict[str, str], dict[str, str]]] = [
        ("orders", {"file": "orders.parquet"}, {}),
        ("invoices", {"file": "invoices.parquet"}, {}),
    ]
    people, truth = people_tables(world)
    sections += write_channels(folder, people["contacts"], people["interactions"])
    _write_truth(hidden, truth)
    del people, truth  # what is written makes room for what comes
    office, truth = office_tables(world)
    _write_truth(hidden, truth)
    for name, table in office.items():
        dates = table.select_dtypes("datetime").columns
        texts = {column: table[column].dt.strftime("%Y-%m-%d") for column in dates}
        table.assign(**texts).to_csv(folder / f"{name}.csv", index=False)
        sections.append((name, {"file": f"{name}.csv"}, {}))
    _write_truth(hidden, truth_tables(world, future))
    (hidden / "config.json").write_text(json.dumps(asdict(config), indent=2) + "\n")
    mapping = "\n".join([_HEAD, *(_section(*section) for section in sections)])
    (folder / "kamlab.toml").write_text(mapping, encoding="utf-8")
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    name = size if isinstance(size, str) else "own settings"
    return DemoSummary(folder, name, config.seed, config.n_accounts, lines, tuple(files), net)


def _write_books(folder: Path, world: World, future: np.ndarray) -> tuple[int, float]:
    """Stream orders and invoices to Parquet; fill the accounts' sums of the months to come."""
    lines, net = 0, 0.0
    writers: dict[str, pq.ParquetWriter] = {}
    try:
        for book in books(world):
            if book.orders is None or book.invoices is None:
                future[book.month - MONTHS] = book.sums
                continue
            for name, table in (("orders", book.orders), ("invoices", book.invoices)):
                if name not in writers:
                    writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema)
                writers[name].write_table(table)
            lines += book.orders.num_rows
            net += float(np.sum(book.orders["net_sales"].to_numpy()))
    finally:
        for writer in writers.values():
            writer.close()
        pa.default_memory_pool().release_unused()
    return lines, round(net, 2)


def _write_truth(hidden: Path, tables: dict[str, pd.DataFrame]) -> None:
    """Write tables of truth."""
    for name, table in tables.items():
        table.to_parquet(hidden / f"{name}.parquet", index=False)


def _write_months(path: Path, world: World) -> None:
    """Stream the account-months of the truth to Parquet."""
    from kamlab.simulation.truth import month_truth

    writer = None
    try:
        for month in range(MONTHS):
            table = pa.Table.from_pandas(month_truth(world, month), preserve_index=False)
            writer = writer or pq.ParquetWriter(path, table.schema)
            writer.write_table(table)
    finally:
        if writer is not None:
            writer.close()


def _section(table: str, settings: dict[str, str], columns: dict[str, str]) -> str:
    """Write one `[[table]]` section of the mapping; JSON strings are TOML strings."""
    lines = [f"[[{table}]]"]
    lines += [f"{key} = {_quoted(value)}" for key, value in settings.items()]
    if columns:
        pairs = ", ".join(f"{name} = {_quoted(own)}" for name, own in columns.items())
        lines.append(f"columns = {{ {pairs} }}")
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    """Quote a text as TOML wants it."""
    return json.dumps(text, ensure_ascii=False)


def read_truth(folder: str | Path) -> dict[str, pd.DataFrame]:
    """Read the truth of a demo folder.

    Parameters
    ----------
    folder : str or Path
        Written by `write_demo`.

    Returns
    -------
    dict of pandas.DataFrame
        By table name; see `kamlab.simulation.truth`. Empty if the folder has no truth.
    """
    found = sorted((Path(folder) / "truth").glob("*.parquet"))
    return {path.stem: pd.read_parquet(path) for path in found}
