"""How much of the best possible does each rule of picking capture? On real and simulated data.

    python benchmarks/picking.py --examples PATH [--seeds 10] [--out benchmarks/picking.md]

PATH is the folder that holds adventureworks/, online_retail/, cdnow/, rfm/ and smcrm/ (see
data/examples/). Each rule picks on one day with what was known then; its picks are judged on what
followed. "used" is what the migration study lists: our forecast, or the simple rule that did
clearly better on the back-test before that day. Rules by amount rank by gross profit, by net sales
where no cost is known.
"""

import argparse
import os
import tempfile
from pathlib import Path

import pandas as pd

from kamlab.accounts.days import daily_sums
from kamlab.segmentation.backtest import OURS, backtest
from kamlab.segmentation.forecast import next_period
from kamlab.segmentation.ledger import day_of, open_ledger
from kamlab.segmentation.lessons import look_back
from kamlab.segmentation.rules import naive_scores, pick
from kamlab.simulation import write_demo
from kamlab.sources import open_data

EXAMPLES = Path(__file__).parents[1] / "data" / "examples"
CASES = [  # set, first day not seen, days ahead, places; the first of a set is its reference case
    ("adventureworks", "2012-11-30", 365, 21),
    ("adventureworks", "2012-08-31", 365, 21),
    ("adventureworks", "2013-05-31", 180, 21),
    ("adventureworks", "2012-11-30", 180, 21),
    ("adventureworks", "2013-08-31", 90, 21),
    ("online_retail", "2011-08-11", 120, 163),
    ("online_retail", "2011-06-01", 120, 163),
    ("online_retail", "2011-07-01", 90, 163),
    ("online_retail", "2011-09-10", 90, 163),
    ("online_retail", "2011-10-01", 60, 163),
    ("cdnow", "1997-10-01", 273, 1178),
    ("cdnow", "1997-07-01", 273, 1178),
    ("cdnow", "1997-12-01", 180, 1178),
    ("cdnow", "1998-03-01", 120, 1178),
    ("rfm", "2004-12-31", 365, 50),
    ("rfm", "2005-12-31", 365, 50),
    ("rfm", "2006-06-30", 180, 50),
    ("smcrm", "2001-01-01", 364, 25),
    ("smcrm", "2001-07-01", 364, 25),
    ("smcrm", "2002-01-01", 364, 25),
]
SIMULATED = [("2025-01-01", 365, 20), ("2024-07-01", 180, 20)]
USED = "used"


def _days(name: str, folder: Path) -> pd.DataFrame:
    """Give the account-days of a set."""
    if name != "smcrm":
        known = open_data(EXAMPLES / f"{name}.toml")
        return daily_sums(known.table("orders"), known.end)
    # twelve quarters without a calendar: they are laid on the years 2000 to 2002
    table = pd.read_csv(folder / "smcrm" / "customerRetentionTransactions.csv")
    table = table[table["order_quantity"] > 0].dropna(subset=["customer"])
    begins = pd.date_range("2000-01-01", periods=12, freq="QS")
    orders = pd.DataFrame(
        {
            "account_id": table["customer"].astype(int).astype(str),
            "order_id": table["customer"].astype(str) + "/" + table["quarter"].astype(str),
            "order_date": begins[table["quarter"].astype(int) - 1] + pd.Timedelta(days=45),
            "net_sales": table["order_quantity"],
        }
    )
    return daily_sums(orders, "2003-01-01")


def _shares(days: pd.DataFrame, as_of: str, horizon: int, places: int) -> dict[str, float | str]:
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
    asked = {"horizon_days": horizon, "places": places}
    asked["past"] = look_back(past, as_of, horizon_days=horizon)
    adopted = backtest(past, as_of, **asked).adopted
    if adopted != OURS:
        picks[USED] = picks[adopted]
    ours = next_period(past, as_of, draws=2, **asked)
    picks[OURS] = ours.table["account_id"].head(places).to_numpy()
    shares = {rule: float(earned[ids].sum() / best) for rule, ids in picks.items()}
    simple = {rule: share for rule, share in shares.items() if rule not in (USED, OURS)}
    first = max(simple, key=lambda rule: simple[rule])
    named = {_plain(rule, ledger.amount): share for rule, share in simple.items()}
    return {
        USED: shares.get(USED, shares[OURS]),
        OURS: shares[OURS],
        "best simple rule in hindsight": simple[first],
        **named,
        "which was used": _plain(adopted, ledger.amount),
    }


def _plain(rule: str, amount: str) -> str:
    """Name rules by amount alike, with and without cost."""
    if amount == "net_sales":
        return rule.replace("sales", "amount")
    return rule.replace("gross profit", "amount")


def main() -> None:
    """Judge all cases and print one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--examples", default="")
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--out", default="")
    args = parser.parse_args()
    rows = []
    if args.examples:
        os.environ["KAMLAB_EXAMPLES"] = args.examples
        read = {
            name: _days(name, Path(args.examples)) for name in dict.fromkeys(c[0] for c in CASES)
        }
        for name, as_of, horizon, places in CASES:
            case = f"{name} {as_of}, {horizon} days, {places} places"
            rows.append({"set": name, "case": case, **_shares(read[name], as_of, horizon, places)})
    for seed in range(1, args.seeds + 1):
        with tempfile.TemporaryDirectory() as folder:
            write_demo(folder, "small", seed)
            known = open_data(folder)
            days = daily_sums(known.table("orders"), known.end)
        for as_of, horizon, places in SIMULATED:
            case = f"simulated, seed {seed}, {as_of}, {horizon} days, {places} places"
            shares = _shares(days, as_of, horizon, places)
            rows.append({"set": f"simulated, {horizon} days", "case": case, **shares})
    table = pd.DataFrame(rows)
    numbers = table.select_dtypes("number").columns
    means = table.groupby("set", sort=False)[list(numbers)].mean().reset_index()
    text = "## Means of the sets\n\n" + _markdown(means)
    text += "\n\n## Cases\n\n" + _markdown(table.drop(columns="set"))
    print(text)
    if args.out:
        Path(args.out).write_text(f"# Picking\n\n{__doc__}\n{text}\n", encoding="utf-8")


def _markdown(table: pd.DataFrame) -> str:
    """Write a table in Markdown, numbers with three decimals."""
    lines = [list(table.columns), ["---"] * table.shape[1]]
    for row in table.itertuples(index=False):
        cells = (x if isinstance(x, str) else "" if pd.isna(x) else f"{x:.3f}" for x in row)
        lines.append(list(cells))
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


if __name__ == "__main__":
    main()
