"""How does the demo come to lie in a folder? Observed files, their mapping, the truth apart."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from kamlab.simulation.config import HORIZON, MONTHS, Config, preset
from kamlab.simulation.distributor import World, books, draw_world, small_tables

_HEAD = """# What feeds which table of kamlab; written with the demo data.
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
    config = size if isinstance(size, Config) else preset(size, seed)
    folder = Path(folder)
    (folder / "truth").mkdir(parents=True, exist_ok=True)
    world = draw_world(config)
    sums = np.zeros((MONTHS + HORIZON, 3, config.n_accounts), dtype=np.float32)
    lines, net = _write_books(folder, world, sums)
    tables = small_tables(world)
    sections = [_section("orders", "orders.parquet"), _section("invoices", "invoices.parquet")]
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False)
        sections.append(_section(name, f"{name}.csv"))
    (folder / "kamlab.toml").write_text("\n".join([_HEAD, *sections]), encoding="utf-8")
    files = sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    name = size if isinstance(size, str) else "own settings"
    return DemoSummary(folder, name, config.seed, config.n_accounts, lines, tuple(files), net)


def _write_books(folder: Path, world: World, sums: np.ndarray) -> tuple[int, float]:
    """Stream orders and invoices to Parquet; fill the accounts' monthly sums."""
    lines, net = 0, 0.0
    writers: dict[str, pq.ParquetWriter] = {}
    try:
        for book in books(world):
            sums[book.month] = book.sums
            for name, table in (("orders", book.orders), ("invoices", book.invoices)):
                if table is None:
                    continue
                if name not in writers:
                    writers[name] = pq.ParquetWriter(folder / f"{name}.parquet", table.schema)
                writers[name].write_table(table)
            if book.orders is not None:
                lines += book.orders.num_rows
                net += float(book.sums[0].sum())
    finally:
        for writer in writers.values():
            writer.close()
    return lines, round(net, 2)


def _section(table: str, file: str) -> str:
    """Write one `[[table]]` section of the mapping."""
    return f'[[{table}]]\nfile = "{file}"\n'
