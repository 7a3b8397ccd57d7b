"""Every study is published from tables of which columns, rows and values are missing at random."""

import numpy as np
import pandas as pd
import pytest

from kamlab.simulation import Config, simulate
from kamlab.sources.schema import TABLES


def _damaged(tables, generator):
    """Take columns, values, rows and tables away, and give columns one value or the other sign.

    What every table needs stays, and so does the order lines' money.
    """
    left = {}
    for name, whole in tables.items():
        if name != "orders" and generator.random() < 0.2:
            continue
        table = whole.copy()
        for column in TABLES[name].columns:
            if column.required or column.name not in table:
                continue
            how, values = generator.random(), table[column.name]
            if how < 0.15:
                table = table.drop(columns=column.name)
            elif how < 0.25:
                table[column.name] = values.where(generator.random(len(table)) < 0.5)
            elif how < 0.3:
                table[column.name] = values.iloc[0]
            elif how < 0.33:
                table[column.name] = None
            elif how < 0.36 and column.kind == "number":
                table[column.name] = -values
        if name != "orders":
            rows = generator.choice([1.0, 0.6, 0.1, 0.01])
            table = table.sample(frac=rows, random_state=int(generator.integers(99)))
        left[name] = table
    return left


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(k, marks=pytest.mark.slow) for k in range(2, 9))]
)
def test_every_study_is_published(seed, tmp_path, kamlab):
    tables = simulate(Config(seed=seed, n_accounts=60)).tables
    left = _damaged(tables, np.random.default_rng(seed))
    data, out = tmp_path / "data", tmp_path / "out"
    data.mkdir()
    (data / "kamlab.toml").write_text('currency = "EUR"\n')  # of lines that say none, too
    for name, table in left.items():
        table.to_parquet(data / f"{name}.parquet", index=False)
    kamlab("run", "--all", "--data", data, "--out", out)

    seen = pd.read_parquet(out / "profiles" / "latest" / "tables" / "profiles.parquet")
    assert seen["net_sales"].sum() == pytest.approx(tables["orders"]["net_sales"].sum(), rel=1e-9)
