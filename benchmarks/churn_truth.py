"""The churn model against what only the simulation knows, over several seeds.

    python benchmarks/churn_truth.py [--first 1] [--seeds 10] [--size small] [--days 3]

Each demo is read as anybody's data. On the last few days of decision, a label window apart, the
model learns from what was over by then and predicts. Its ranking is set beside that of the true
hazard of the month (an account that has already gone ranks first for it), on the same accounts and
outcomes: area under the curve of both. The slope is that of calibration over all seeds.

For accounts that truly left in the window it is asked how often two reasons of the churn model, the
two commonest causes of past losses, the two likely causes of `likely_causes`, and the two greatest
true hazards on the day name the cause: the one that the simulation drew, and the main one, with the
greatest true hazard. One row each by how much of the hazard is the main cause's at least.
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
from kamlab.churn.panel import build_panel
from kamlab.churn.risk import named_reasons, steady_parts
from kamlab.churn.validation import OURS
from kamlab.retention.likely_causes import likely_causes
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


def _seed(seed, size, days):
    """Predict one demo's past and bring the truth beside it."""
    with tempfile.TemporaryDirectory() as folder:
        write_demo(folder, size=size, seed=seed)
        known = sources.open_data(folder)
        truth = read_truth(Path(folder))
        lines, end = known.table("orders"), pd.Timestamp(known.end).date()
        names = ("accounts", "interactions", "survey_responses", "invoices", "defections")
        tables = {name: known.frame(name) for name in names if known.has(name)}
        daily = daily_sums(lines, end)
        window = find_window(daily, end)
        label_days = min(window.days, 365)
        panel = build_panel(
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
            accounts = rows.loc[leavers, "account_id"].tolist()
            others = {name: tables.get(name) for name in names[1:4]}
            likely = likely_causes(accounts, tables["defections"], daily, day, **others)
            reasons.append(_told(named, likely, truth, preset(size, seed), accounts, day))
    return pd.concat(pieces), reasons


def _true_shares(truth, config, accounts, day):
    """Give each cause's share in the true hazard of accounts in the month of a day; (n, 7).

    The strength of competitors is that at the end of the data, since earlier ones are not kept.
    """
    month = truth["month"]
    month = month[month["month"] == day.to_period("M").to_timestamp()]
    month = month.set_index("account_id").reindex(accounts)
    renamed = {
        "price_sensitivity": "price",
        "quality_sensitivity": "quality",
        "culture_fit": "culture",
        "brand_trust": "brand",
        "log_wallet_start": "log_wallet",
    }
    traits = truth["account"].set_index("account_id").loc[accounts].rename(columns=renamed)
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
    return (hazards / hazards.sum(axis=0)).T


def _told(said, likely, truth, config, accounts, day):
    """Set what was said of each leaver beside its true cause and the likeliest by true hazards."""
    shares = _true_shares(truth, config, accounts, day)
    order = np.argsort(-shares, axis=1, kind="stable")
    names = np.array(CAUSES, dtype=object)
    gone = truth["defection"].drop_duplicates("account_id").set_index("account_id")
    table = pd.DataFrame(
        {
            "cause": gone["cause"].reindex(accounts).to_numpy(),
            "main": names[order[:, 0]],
            "second": names[order[:, 1]],
            "part": shares.max(axis=1),
            "one": said["reason_1"].to_numpy(),
            "two": said["reason_2"].to_numpy(),
        }
    )
    commonest = likely.shares.sort_values(ascending=False).index[:2]
    table["common_1"], table["common_2"] = [*commonest, None, None][:2]
    found = likely.table.set_index("account_id").reindex(accounts)
    return table.assign(cause_1=found["cause_1"].to_numpy(), cause_2=found["cause_2"].to_numpy())


def _print_reasons(table):
    """Print how often each way names the cause, by how far one cause outweighs the others."""
    spoken = [
        set().union(*(causes for causes in ({c for c in CAUSES if reason in SPEAKS_OF[c]}
                                            for reason in pair)))
        for pair in zip(table["one"], table["two"], strict=True)
    ]  # fmt: skip
    ways = {"reasons": spoken}
    for way, pair in {
        "the two commonest causes": ("common_1", "common_2"),
        "likely causes": ("cause_1", "cause_2"),
        "true hazards": ("main", "second"),
    }.items():
        ways[way] = [set(both) for both in zip(table[pair[0]], table[pair[1]], strict=True)]
    print("| greatest share | leavers | named: drawn cause, main cause |")
    for least in (0.0, 0.3, 0.4, 0.5, 0.6):
        kept = np.flatnonzero(table["part"] >= least)
        cells = [
            f"{way} "
            + ", ".join(f"{np.mean([table[true].iloc[i] in named[i] for i in kept]):.0%}"
                        for true in ("cause", "main"))
            for way, named in ways.items()
        ]  # fmt: skip
        print(f"| {least:.0%} | {len(kept)} | {'; '.join(cells)} |")


def _auc(table, label):
    """Give both areas under the curve."""
    left = table[label].astype(bool)
    if left.nunique() < 2:
        return np.nan, np.nan
    return roc_auc_score(left, table["p"]), roc_auc_score(left, table["hazard"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--size", default="small")
    parser.add_argument("--days", type=int, default=3)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| seed | silent: ours, true hazard | truly leaving: ours, true hazard | leavers |")
    print("| --- | --- | --- | --- |")
    tables, reasons = [], []
    for seed in range(asked.first, asked.first + asked.seeds):
        table, said = _seed(seed, asked.size, asked.days)
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
    _print_reasons(pd.concat(reasons, ignore_index=True))


if __name__ == "__main__":
    main()
