"""Churn: ours against LightGBM as it comes, and expected maximum profit against empulse alone.

    python benchmarks/churn_models.py [--table CSV --left COLUMN] [--runs 5] [--peer-python PATH]

Both learn the same rows of each of five parts and predict the rest: without `--table`, 7,000 drawn
rows of 19 columns (numbers with gaps, kinds, bends, an interaction) whose true chances are known.
`--peer-python` names an interpreter that has lightgbm. Area under the curve, Brier score and slope
of calibration stand beside the seconds; more is better of the first, less of the second, and the
third should be 1.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from empulse.metrics import empc_score
from scipy.special import expit
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedKFold

from kamlab.churn.metrics import calibration_line
from kamlab.churn.model import ChurnModel
from kamlab.churn.profit import expected_maximum_profit

PEER = """
import json, sys, time, warnings
warnings.simplefilter("ignore")
import lightgbm, numpy as np, pandas as pd
table = pd.read_csv(sys.argv[1])
left, part = table.pop("__left").to_numpy(), table.pop("__part").to_numpy()
for name in table:
    if not pd.api.types.is_numeric_dtype(table[name]):
        table[name] = table[name].astype("category")
p, begun, spent = np.zeros(len(left)), time.perf_counter(), time.process_time()
for one in range(5):
    model = lightgbm.LGBMClassifier(verbose=-1).fit(table[part != one], left[part != one])
    p[part == one] = model.predict_proba(table[part == one])[:, 1]
told = {"p": p.tolist(), "seconds": time.perf_counter() - begun}
print("RESULT" + json.dumps(told | {"processor_seconds": time.process_time() - spent}))
"""


def drawn(rows: int = 7000) -> tuple[pd.DataFrame, np.ndarray]:
    """Draw rows of which one in four leaves, by chances that bend and hang together."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.normal(size=(rows, 15)), columns=[f"x{k}" for k in range(15)])
    for number in range(4):
        table[f"kind{number}"] = rng.choice(list("abcdef"), rows)
    odds = 1.2 * table["x0"] + np.abs(table["x1"]) + np.minimum(table["x2"], 0)
    odds = odds + 0.5 * table["x3"] * table["x4"] + 0.7 * table["kind0"].isin(["a", "b"]) - 2.3
    left = rng.random(rows) < expit(odds)
    gaps = rng.random((rows, 3)) < 0.1
    table[["x0", "x5", "x6"]] = table[["x0", "x5", "x6"]].mask(gaps)
    return table, left


def ours(table: pd.DataFrame, left: np.ndarray, part: np.ndarray) -> dict:
    """Learn four parts and predict the fifth, in turn."""
    p, begun, spent = np.zeros(len(left)), time.perf_counter(), time.process_time()
    for one in range(5):
        model = ChurnModel().fit(table[part != one], left[part != one])
        p[part == one] = model.predict_proba(table[part == one])[:, 1]
    return {
        "p": p,
        "seconds": time.perf_counter() - begun,
        "processor_seconds": time.process_time() - spent,
    }


def row(who: str, left: np.ndarray, told: dict) -> str:
    """Give one line of the table."""
    p = np.asarray(told["p"])
    figures = (
        f"{roc_auc_score(left, p):.4f}",
        f"{((p - left) ** 2).mean():.4f}",
        f"{calibration_line(left, p).slope:.3f}",
        f"{told['seconds']:.1f}",
        f"{told['processor_seconds']:.1f}",
    )
    return f"| {who} | {' | '.join(figures)} |"


def profit_ratio(left: np.ndarray, p: np.ndarray, runs: int) -> list[float]:
    """Time ours, which checks and gives the share too, against empulse's two figures alone."""
    ratios = []
    for _ in range(runs):
        begun = time.perf_counter()
        profit, share = expected_maximum_profit(left, p)
        middle = time.perf_counter()
        alone = empc_score(left.astype(int), p), empc_score.optimal_rate(left.astype(int), p)
        ratios.append((middle - begun) / (time.perf_counter() - middle))
        assert np.allclose(alone, (profit, share), rtol=1e-6)
    return ratios


def main() -> None:
    """Measure both, print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", type=Path)
    parser.add_argument("--left", default="Churn")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer-python", default=os.environ.get("KAMLAB_PEER_PYTHON", ""))
    asked = parser.parse_args()
    table, left = drawn()
    if asked.table:
        table = pd.read_csv(asked.table)
        left = table.pop(asked.left).isin(["Yes", 1, True]).to_numpy()
    part = np.zeros(len(left), dtype=int)
    folds = StratifiedKFold(5, shuffle=True, random_state=1)
    for number, (_, test) in enumerate(folds.split(part, left)):
        part[test] = number
    told = ours(table, left, part)
    print("| who | area under the curve | Brier | slope | seconds | of processor |")
    print("| --- | --- | --- | --- | --- | --- |")
    print(row("kamlab", left, told), flush=True)
    if asked.peer_python:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "table.csv"
            table.assign(__left=left, __part=part).to_csv(file, index=False)
            done = subprocess.run(
                [asked.peer_python, "-c", PEER, str(file)],
                capture_output=True,
                text=True,
                check=False,
            )
        if done.returncode:
            why = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            print(f"LightGBM is not measured: {why}", file=sys.stderr)
        else:
            print(row("LightGBM", left, json.loads(done.stdout.rpartition("RESULT")[2])))
    many = np.random.default_rng(0).integers(0, len(left), 100_000)
    ratios = profit_ratio(left[many], told["p"][many], asked.runs)
    print(
        "\nexpected_maximum_profit / empulse alone: "
        f"{min(ratios):.2f} – {statistics.median(ratios):.2f} – {max(ratios):.2f} (100,000 rows)"
    )


if __name__ == "__main__":
    main()
