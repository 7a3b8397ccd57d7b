"""How much of the best possible does each rule of picking capture? On real and simulated data.

    python benchmarks/picking.py --examples PATH [--seeds 5] [--out benchmarks/picking.md]

PATH is the folder that holds adventureworks/, online_retail/ and cdnow/ (see data/examples/). Each
rule picks on one day with what was known then; its picks are judged on what followed.
"""

import argparse
import os
import tempfile
from pathlib import Path

import pandas as pd

from kamlab.accounts.days import daily_sums
from kamlab.segmentation.forecast import next_period
from kamlab.segmentation.ledger import day_of, open_ledger
from kamlab.segmentation.rules import naive_scores, pick
from kamlab.simulation import write_demo
from kamlab.sources import open_data

EXAMPLES = Path(__file__).parents[1] / "data" / "examples"
CASES = [
    ("adventureworks", "2012-11-30", 365, 21),
    ("adventureworks", "2013-05-31", 180, 21),
    ("online_retail", "2011-08-11", 120, 163),
    ("cdnow", "1997-10-01", 273, 1178),
    ("cdnow", "1998-03-01", 120, 1178),
]
OURS = "kamlab's forecast"


def _shares(days: pd.DataFrame, as_of: str, horizon: int, places: int) -> dict[str, float]:
    """Give the captured share of every rule on one day."""
    begin = pd.Timestamp(as_of)
    past = days[days["day"] < begin]
    after = days[(days["day"] >= begin) & (days["day"] < begin + pd.Timedelta(days=horizon))]
    ledger = open_ledger(past)
    earned = after.groupby("account_id")[ledger.amount].sum().reindex(ledger.ids).fillna(0.0)
    best = earned.nlargest(places).clip(lower=0).sum()
    picks = {
        rule: ledger.ids[pick(score, places)]
        for rule, score in naive_scores(ledger, day_of(as_of), horizon).items()
    }
    made = next_period(past, as_of, horizon_days=horizon, places=places)
    picks[OURS] = made.table["account_id"].head(places).to_numpy()
    shares = {rule: float(earned[ids].sum() / best) for rule, ids in picks.items()}
    return {rule.replace("gross profit", "amount"): share for rule, share in shares.items()}


def main() -> None:
    """Judge all cases and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", default="")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--out", default="")
    args = parser.parse_args()
    made = {}
    if args.examples:
        os.environ["KAMLAB_EXAMPLES"] = args.examples
        for name, as_of, horizon, places in CASES:
            known = open_data(EXAMPLES / f"{name}.toml")
            days = daily_sums(known.table("orders"), known.end)
            made[f"{name} {as_of}, {horizon} days"] = _shares(days, as_of, horizon, places)
    for seed in range(1, args.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            write_demo(folder, "small", seed)
            known = open_data(folder)
            days = daily_sums(known.table("orders"), known.end)
            made[f"simulated, seed {seed}"] = _shares(days, "2025-01-01", 365, 20)
    table = pd.DataFrame(made)
    # a mean over cases that a rule was not tried on would not compare
    table["mean"] = table.mean(axis=1).where(table.notna().all(axis=1))
    table = (
        table.sort_values("mean", ascending=False, na_position="last")
        .rename_axis("rule")
        .reset_index()
    )
    lines = [list(table.columns), ["---"] * table.shape[1]]
    lines += [
        [row[0], *("" if pd.isna(x) else f"{x:.3f}" for x in row[1:])]
        for row in table.itertuples(index=False)
    ]
    text = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    print(text)
    if args.out:
        Path(args.out).write_text(f"# Picking\n\n{__doc__}\n{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
