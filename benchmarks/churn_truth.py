"""The churn model against what only the simulation knows, over several seeds.

    python benchmarks/churn_truth.py [--seeds 10] [--size small] [--days 3]

Each demo is read as anybody's data. On the last few days of decision, a label window apart, the
model learns from what was over by then and predicts. Its ranking is set beside that of the true
hazard of the month (an account that has already gone ranks first for it), on the same accounts and
outcomes: area under the curve of both. The slope is that of calibration over all seeds. For
accounts that truly left in the window, the reasons given before are compared with the true cause,
and with how often that is among the two likeliest for somebody who knows the hazard of each cause.
"""

import argparse
import sys
import tempfile
import warnings
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
from scipy.special import expit, logit
from sklearn.metrics import roc_auc_score

from kamlab import sources
from kamlab.accounts.days import daily_sums
from kamlab.churn import metrics, validation
from kamlab.churn.definition import find_window
from kamlab.churn.risk import named_reasons, steady_parts
from kamlab.churn.validation import OURS
from kamlab.simulation import read_truth, write_demo
from kamlab.simulation.config import preset
from kamlab.simulation.leaving import CAUSES, cause_hazards

# reasons that speak of a cause, as an account manager would read them
SPEAKS_OF = {
    "price": {"price and margin"},
    "quality": {"complaints", "returns", "dissatisfied in the survey"},
    "service": {"complaints", "dissatisfied in the survey"},
    "relationship": {"contacts broken off", "dissatisfied in the survey"},
    "brand": {"narrower range", "dissatisfied in the survey"},
    "closure": {"pays late"},
    "insource": {"narrower range", "buys less than before"},
}

STATES = ["satisfaction", "contact", "health", "managed"]


def _seed(seed, size, days):
    """Predict one demo's past and bring the truth beside it."""
    with tempfile.TemporaryDirectory() as folder:
        write_demo(folder, size=size, seed=seed)
        known = sources.open_data(folder)
        truth = read_truth(Path(folder))
        lines, end = known.table("orders"), pd.Timestamp(known.end).date()
        names = ("accounts", "interactions", "survey_responses", "invoices")
        tables = {name: known.frame(name) for name in names if known.has(name)}
        daily = daily_sums(lines, end)
        window = find_window(daily, end)
        label_days = min(window.days, 365)
        panel = validation.build_panel(
            lines,
            end,
            label_days=label_days,
            gone_after=window.days,
            tables=tables,
            begins=daily["day"].min().date(),
        )
    month, gone = truth["month"], truth["defection"]
    left_on = gone.drop_duplicates("account_id").set_index("account_id")
    rows, pieces, reasons = panel.rows, [], []
    known_rows = rows["left"].notna()
    origins = sorted(rows.loc[known_rows, "origin"].unique(), reverse=True)
    spaced = origins[:: max(1, 3)][:days]
    for day in spaced:
        test = (known_rows & (rows["origin"] == day)).to_numpy()
        train = (known_rows & (rows["origin"] <= day - pd.Timedelta(days=label_days))).to_numpy()
        if rows.loc[train, "left"].sum() < 10:
            continue
        found, model = validation.predictions(panel, train, test)
        piece = rows[test].assign(p=found[OURS], seed=seed)
        hazard = month[month["month"] == pd.Timestamp(day).to_period("M").to_timestamp()]
        hazards = hazard.set_index("account_id")["hazard"]
        piece["hazard"] = piece["account_id"].map(hazards).fillna(1.0)
        away = piece["account_id"].map(left_on["left_date"])
        piece["gone"] = away <= day
        piece["leaves"] = (away > day) & (away <= day + pd.Timedelta(days=label_days))
        pieces.append(piece)
        leavers = piece.index[piece["leaves"]]
        if len(leavers):
            parts = steady_parts(model, panel.measures.loc[leavers], panel.measures[test])
            named = named_reasons(parts, 2)
            causes = rows.loc[leavers, "account_id"].map(left_on["cause"])
            reasons += [
                (cause, one, two)
                for cause, one, two in zip(
                    causes, named["reason_1"], named["reason_2"], strict=True
                )
            ]
    return pd.concat(pieces), reasons, _foreseeable(truth, preset(size, seed))


def _foreseeable(truth, config):
    """Tell of each leaver whether its cause was one of the two likeliest by the true hazards.

    Taken in the last month before it left or fell; the strength of competitors is that at the end
    of the data, since earlier ones are not kept.
    """
    gone = truth["defection"].drop_duplicates("account_id").set_index("account_id")
    month = truth["month"].merge(gone.reset_index(), on="account_id")
    ends = month["fell_date"].fillna(month["left_date"])
    month = month[month["month"] < ends - pd.Timedelta(days=28)]
    month = month.sort_values("month").drop_duplicates("account_id", keep="last")
    account = truth["account"].set_index("account_id").loc[month["account_id"]]
    renamed = {
        "price_sensitivity": "price",
        "quality_sensitivity": "quality",
        "culture_fit": "culture",
        "brand_trust": "brand",
        "log_wallet_start": "log_wallet",
    }
    traits = account.rename(columns=renamed)
    no = np.zeros(len(month), bool)
    hazards = cause_hazards(
        SimpleNamespace(**{name: traits[name].to_numpy() for name in traits}),
        config,
        strength=traits["competitor_strength"].to_numpy(),
        concession=no,
        visited=no,
        **{
            name: month[name].to_numpy()
            for name in ("satisfaction", "contact", "health", "managed")
        },
    )
    likeliest = np.argsort(-hazards, axis=0, kind="stable")[:2]
    return (likeliest == month["cause"].map(CAUSES.index).to_numpy()).any(axis=0)


def _auc(table, label):
    """Give both areas under the curve."""
    left = table[label].astype(bool)
    if left.nunique() < 2:
        return np.nan, np.nan
    return roc_auc_score(left, table["p"]), roc_auc_score(left, table["hazard"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--size", default="small")
    parser.add_argument("--days", type=int, default=3)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| seed | silent: ours, true hazard | truly leaving: ours, true hazard | leavers |")
    print("| --- | --- | --- | --- |")
    tables, reasons, foreseen = [], [], []
    for seed in range(1, asked.seeds + 1):
        table, said, known = _seed(seed, asked.size, asked.days)
        foreseen.append(known)
        tables.append(table)
        reasons += said
        there = table[~table["gone"]]
        one, two = _auc(table, "left"), _auc(there, "leaves")
        print(
            f"| {seed} | {one[0]:.3f}, {one[1]:.3f} | {two[0]:.3f}, {two[1]:.3f} | "
            f"{int(there['leaves'].sum())} |"
        )
        sys.stdout.flush()
    whole = pd.concat(tables)
    there = whole[~whole["gone"]]
    for name, part, label in (("silent", whole, "left"), ("truly leaving", there, "leaves")):
        ours, truth = _auc(part, label)
        print(f"all, {name}: {ours:.3f} of {truth:.3f}: {ours / truth:.1%}")
    print(f"slope {metrics.calibration_line(whole['left'], whole['p']).slope.said}")
    odds = logit(np.clip(whole["p"], 1e-6, 1 - 1e-6))
    print(f"mean predicted {expit(odds).mean():.4f}, came {whole['left'].mean():.4f}")
    frame = pd.DataFrame(reasons, columns=["cause", "one", "two"])
    hit = [
        bool({one, two} & SPEAKS_OF.get(cause, set()))
        for cause, one, two in frame.itertuples(index=False)
    ]
    print(f"true cause among the two reasons: {np.mean(hit):.0%} of {len(hit)} leavers")
    print(f"among the two likeliest by the true hazards: {np.concatenate(foreseen).mean():.0%}")
    print(frame.assign(hit=hit).groupby("cause")["hit"].agg(["size", "mean"]).round(2))
    print(pd.concat([frame["one"], frame["two"]]).value_counts())


if __name__ == "__main__":
    main()
