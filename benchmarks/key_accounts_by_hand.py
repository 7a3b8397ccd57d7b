"""The key-account study's figures against the same written by hand in plain pandas.

    python benchmarks/key_accounts_by_hand.py [--accounts 100000] [--draws 500] [--runs 5]

Both start from the same order lines on disk (15 an account) and give: account facts of the last
year, of all time and of the year before; standing, gates, score, classes, the list, those to
develop and the price of each gate; A, B and C, concentration and whale; the weighted sum of the
criteria; chances and intervals from draws over months; and what last year's list captured. Drawing
the page, clusters and the other methods are in neither. Each works in a process of its own, in
turns, ours from a store that is empty (it thus reads, checks and condenses the lines), then once
more from what that run has kept. All figures must agree before a ratio is printed.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pandas as pd
from facts_by_hand import pandas_facts
from turns import cost, in_turns, ratio, tell

AS_OF = "2025-01-01"
PLACES, TO_DEVELOP, MONTHS = 50, 10, 12
SILENT_FROM = (0, 1, 2, 4)  # months; what becomes of accounts is learned for each
SAME = ["net_sales", "gross_profit", "margin_rate", "sales_growth", "orders", "order_days"]
SAME += ["gap_mean", "gap_std", "abc", "class", "lane", "score", "worth", "weighted_sum"]
DRAWN = ["p_top_k", "p_listed", "rank_low", "rank_high", "worth_low", "worth_high"]


def by_pandas(folder, draws):
    """Write the study as a script: facts, list, draws, and the list of a year ago."""
    end, year = pd.Timestamp(AS_OF), pd.Timedelta(days=365)
    lines = pd.read_parquet(folder / "orders.parquet")
    lines["order_date"] = pd.to_datetime(lines["order_date"])
    day = lines["order_date"]
    lines, day = lines[day < end], day[day < end]
    longer = pandas_facts(lines, end).set_index("account_id")
    facts = pandas_facts(lines[day >= end - year], end)
    grown = longer["sales_growth"].where(longer["net_sales_1"] > 1e-6)
    facts["sales_growth"] = facts["account_id"].map(grown)
    table, figures = choose(facts)
    table = table.join(draw(lines, table, figures, draws), on="account_id")

    before = pandas_facts(lines[(day >= end - 2 * year) & (day < end - year)], end - year)
    then, _ = choose(before.assign(sales_growth=np.nan))
    earned = facts.set_index("account_id")
    earned = earned["gross_profit"] - earned["cost_to_serve"]
    earned = then["account_id"].map(earned).fillna(0)
    best = earned.nlargest(PLACES).clip(lower=0).sum()
    return table, figures | {"captured": earned[then["lane"] == "serve"].sum() / best}


def choose(facts):
    """Give standing, gates, score, classes and lanes of each account, and figures of them all."""
    facts = facts.fillna({"orders": 0, "order_days": 0})
    sales, profit, growth = facts["net_sales"], facts["gross_profit"], facts["sales_growth"]
    facts["margin_rate"] = margin = facts["margin_rate"].where(facts["sales_with_cost"] > 1e-6)
    facts["worth"] = worth = (profit - facts["cost_to_serve"]).round(6)

    ordered = sales.clip(lower=0).sort_values(ascending=False)
    share = ordered / ordered.sum()
    above = share.cumsum() - share
    classes = np.select([above < 0.8 - 1e-12, above < 0.95 - 1e-12], ["A", "B"], "C")
    facts["abc"] = pd.Series(classes, index=ordered.index).where(ordered > 0, "C")
    place = np.arange(1, len(share) + 1)
    figures = {
        "gini": ((len(share) + 1 - 2 * place) * share).sum() / len(share),
        "hhi": (share**2).sum(),
        "accounts_for_80": (share.cumsum() < 0.8 - 1e-12).sum() + 1,
        "whale": worth.sort_values(ascending=False).cumsum().max() / worth.sum(),
    }

    known = margin.notna() & (sales > 0)
    overall = profit[known].sum() / sales[known].sum()
    figures["least_sales"] = least = sales[facts["abc"] == "A"].min()
    figures["least_margin"] = low = max(0, overall / 2, margin[known].quantile(0.1))
    rich_margin = max(low, overall, margin[known].quantile(0.75))
    large = sales >= least
    earns = margin.notna() & (profit > 0) & (worth > 0)
    kinds = [
        large & margin.isna(),
        large & earns & (margin >= low),
        large,
        earns & (margin >= rich_margin),
    ]
    named = ["margin unknown", "key account", "volume without profit", "small but rich"]
    facts["class"] = np.select(kinds, named, "standard")

    criteria = facts[["net_sales", "gross_profit", "margin_rate", "sales_growth"]]
    criteria = criteria.dropna(axis=1, how="all")
    facts["score"] = (criteria.rank(pct=True).fillna(0.5).mean(axis=1) * 100).round(1)
    filled = criteria.fillna(criteria.median())
    scaled = (filled - filled.min()) / (filled.max() - filled.min())
    facts["weighted_sum"] = scaled.mean(axis=1)

    gates = {
        "sales": large & (sales > 0),
        "margin": margin.isna() | ((margin >= low) & (profit > 0)),
    }
    passed = gates["sales"] & gates["margin"]
    listed = worth[passed & (worth > 0)].nlargest(PLACES)
    for name, other in (("sales", "margin"), ("margin", "sales")):
        without = worth[gates[other] & (worth > 0)].nlargest(PLACES)
        figures[f"price_of_{name}"] = without.sum() - listed.sum()
    figures["sales_share"] = sales[listed.index].sum() / sales.sum()
    figures["worth"] = listed.sum()

    small = ~gates["sales"] & gates["margin"] & facts["class"].isin(["small but rich", "standard"])
    fit = small & (worth > 0) & (margin > 0) & (growth > 0)
    gain = (sales * growth.clip(0, 2) * margin)[fit]
    facts["lane"] = "—"
    facts.loc[listed.index, "lane"] = "serve"
    facts.loc[gain.nlargest(TO_DEVELOP).index, "lane"] = "develop"
    return facts, figures


def silence(months):
    """Class accounts by the months since the last one with any amount."""
    active = months != 0
    silent = np.where(active.any(axis=1), active[:, ::-1].argmax(axis=1), months.shape[1])
    return np.searchsorted(SILENT_FROM, silent, side="right") - 1


def changes(amount, first):
    """Learn from the largest accounts of earlier days how their next year came out, by silence."""
    seen = []
    for back in range(MONTHS, amount.shape[1] - MONTHS + 1, MONTHS // 2):
        end = amount.shape[1] - back
        years = amount[:, end - MONTHS : end], amount[:, end : end + MONTHS]
        total = pd.Series(years[0].sum(axis=1))
        total = total[(total > 0) & (first <= end - MONTHS)].nlargest(max(4 * PLACES, 50))
        before, after = (year[total.index] for year in years)
        noise = 0
        for year in (before, after):
            size = np.where(year.sum(axis=1) > 0, year.sum(axis=1), np.inf)
            noise += MONTHS / (MONTHS + 1) * MONTHS * year.var(axis=1) / size**2
        ratios = (after.sum(axis=1) / total).clip(-2, 5)
        seen.append(pd.DataFrame({"ratio": ratios, "noise": noise, "silent": silence(before)}))
    seen = pd.concat(seen)
    learned = []
    for place in range(len(SILENT_FROM)):
        pool = seen[seen["silent"] == place]
        if len(pool) < 10:
            pool = seen[seen["silent"] >= place - 1]
        pool = pool if len(pool) else seen
        ratios, stay = pool["ratio"].copy(), pool["ratio"] > 0.05
        if stay.sum() > 5:
            stayed = ratios[stay]
            chance = pool.loc[stay, "noise"].median() * stayed.mean() ** 2
            spread = stayed.var(ddof=0)
            keep = np.sqrt(max(0, 1 - chance / spread)) if spread > 0 else 0
            ratios[stay] = stayed.mean() + keep * (stayed - stayed.mean())
        learned.append(ratios.to_numpy())
    return learned


def draw(lines, facts, figures, draws):
    """Draw the ranking with months weighed anew; give chances and intervals of each account."""
    month = lines["order_date"].dt.to_period("M")
    lines = lines.assign(month=month, gross_profit=lines["net_sales"] - lines["cost_of_goods"])
    sums = ["net_sales", "gross_profit", "cost_to_serve"]
    wide = lines.pivot_table(index="account_id", columns="month", values=sums, aggfunc="sum")
    wide = wide.round(6)
    gone = wide.index.difference(facts["account_id"])
    wide = wide.reindex([*facts["account_id"], *gone])
    first = wide["net_sales"].notna().to_numpy().argmax(axis=1)
    sales, profit, serve = (wide[name].fillna(0).to_numpy() for name in sums)
    money = (profit - serve).round(6)  # 0.1 + 0.2 − 0.3 is not nought
    learned = changes(money, first)

    here = slice(len(facts)), slice(-MONTHS, None)
    sales, profit, money = sales[here], profit[here], money[here]
    begin = (first[: len(facts)] - wide["net_sales"].shape[1] + MONTHS).clip(0, MONTHS - 1)
    there = np.arange(MONTHS) >= begin[:, None]
    silent, count = silence(money), there.sum(axis=1)
    net, gross, worth, known = (
        facts[name].to_numpy() for name in ("net_sales", "gross_profit", "worth", "margin_rate")
    )
    rng = np.random.default_rng(0)
    ranks, values, listed = [], [], np.zeros(len(facts))
    for _ in range(draws):
        weights = rng.standard_exponential(there.shape) * there
        weights = weights * (count / weights.sum(axis=1))[:, None] - there
        change = np.ones(len(facts))
        for place, ratios in enumerate(learned):
            mine = silent == place
            change[mine] = ratios[rng.integers(len(ratios), size=mine.sum())]
        value = worth + (weights * money).sum(axis=1)
        value = pd.Series(np.where(value > 0, value * change, value))
        more = (weights * sales).sum(axis=1)
        earned, sold = gross + (weights * profit).sum(axis=1), net + more
        enough = earned >= figures["least_margin"] * sold - 1e-9 * np.abs(sold)
        stands = (sold * change >= figures["least_sales"]) & (value > 0)
        stands &= np.isnan(known) | (enough & (earned > 0))
        listed[value[stands].nlargest(PLACES).index] += 1
        ranks.append(value.rank(ascending=False, method="first"))
        values.append(value)
    ranks, values = np.array(ranks), np.array(values)
    tails = [0.05, 0.95]
    rank_ends = np.quantile(ranks, tails, axis=0, method="inverted_cdf")
    worth_ends = np.quantile(values, tails, axis=0)
    chances = [(ranks <= PLACES).mean(axis=0), listed / draws]
    return pd.DataFrame(
        dict(zip(DRAWN, [*chances, *rank_ends, *worth_ends], strict=True)),
        index=pd.Index(facts["account_id"]),
    )


def by_kamlab(folder, draws):
    """Ask kamlab for the same figures, as the notebook does."""
    from kamlab import accounts, sources
    from kamlab.segmentation import concentration, hindsight, key_list, ranking, uncertainty

    known = sources.open_data(folder)
    end, year = pd.Timestamp(AS_OF).date(), pd.Timedelta(days=365)
    objective = key_list.Objective(key_accounts=PLACES, develop_places=TO_DEVELOP)
    facts = known.once(accounts.account_facts, end, start=end - year)
    longer = known.once(accounts.account_facts, end)[["account_id", "sales_growth"]]
    facts = facts.drop(columns="sales_growth").merge(longer, on="account_id")
    made = key_list.key_accounts(facts, objective)
    matrix, _ = ranking.criteria_matrix(facts)
    together = ranking.weighted_sum(matrix, pd.Series(1.0, index=matrix.columns))
    sales = facts["net_sales"].clip(lower=0)
    spread = concentration.concentration(sales)
    sums = ["account_id", "month", "net_sales", "sales_with_cost", "gross_profit", "cost_to_serve"]
    monthly = known.once(accounts.monthly_sums, end, columns=sums)
    sure = uncertainty.rank_uncertainty(
        facts, monthly, objective, as_of=end, months=MONTHS, draws=draws
    )
    before = known.once(accounts.account_facts, end - year, start=end - 2 * year)
    after = known.once(accounts.account_facts, end, start=end - year)
    back = hindsight.hindsight(before, after, objective)
    back = back[back["rule"] == hindsight.OURS]

    shown = made.table[["account_id", "lane", "class", "score", "worth"]]
    facts = facts.assign(abc=concentration.abc(sales)).merge(shown, on="account_id")
    facts = facts.join(together.rename("weighted_sum"), on="account_id")
    table = facts.join(sure.table.set_index("account_id")[DRAWN], on="account_id")
    listed, prices = made.table[made.table["selected"]], made.gate_prices.set_index("gate")["price"]
    return table, {
        "gini": spread.gini,
        "hhi": spread.hhi,
        "accounts_for_80": spread.accounts_for_80,
        "whale": concentration.whale(made.table["worth"]).peak,
        "least_sales": made.standing.sales,
        "least_margin": made.standing.margin,
        "price_of_sales": prices["sales"],
        "price_of_margin": prices["margin"],
        "sales_share": listed["sales_share"].sum(),
        "worth": listed["worth"].sum(),
        "captured": back["captured_share"].iloc[0],
    }


WORK = {"pandas": by_pandas, "kamlab": by_kamlab, "kamlab again": by_kamlab}


def work(who, folder, draws):
    """Let one work, tell what it took, and leave what it made in the folder."""
    if who != "pandas":
        os.environ["KAMLAB_STORE"] = str(folder / "store")
        for name in ("hindsight", "uncertainty"):
            import_module(f"kamlab.segmentation.{name}")
        import_module("kamlab.accounts")
        import_module("kamlab.sources")
    if who == "kamlab":
        shutil.rmtree(folder / "store", ignore_errors=True)
    table, figures = tell(WORK[who], folder, draws)
    table[["account_id", *SAME, *DRAWN]].to_parquet(folder / f"{who}.parquet")
    (folder / f"{who}.json").write_text(json.dumps({k: float(v) for k, v in figures.items()}))


def agree(folder):
    """Hold all figures of both against each other."""
    ours, other = (pd.read_parquet(folder / f"{who}.parquet") for who in ("kamlab", "pandas"))
    for name in ours:
        if ours[name].dtype.kind in "iuf":
            least = 0.11 if name == "score" else 1e-6  # it is rounded to a tenth
            near = np.isclose(ours[name], other[name], rtol=1e-6, atol=least, equal_nan=True)
            off = ours.loc[~near, ["account_id", name]].assign(by_hand=other.loc[~near, name])
            assert near.all(), f"{name} differs of {len(off)}:\n{off.head()}"
        else:
            assert ours[name].tolist() == other[name].tolist(), name
    told = (json.loads((folder / f"{who}.json").read_text()) for who in ("kamlab", "pandas"))
    figures = pd.DataFrame(told, index=["kamlab", "pandas"]).T
    assert np.allclose(figures["kamlab"], figures["pandas"]), f"\n{figures}"
    listed = ours["lane"] == "serve"
    print(
        f"the same list of {listed.sum()} accounts of {len(ours):,}, with "
        f"{figures.loc['sales_share', 'kamlab']:.1%} of sales and worth "
        f"{figures.loc['worth', 'kamlab']:,.0f}; {ours.loc[listed, 'p_listed'].sum():.1f} places "
        "expected to be right"
    )


def main() -> None:
    """Make the lines, let both work in turns, hold them together, print the ratios."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accounts", type=int, default=100_000)
    parser.add_argument("--draws", type=int, default=500)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--who", choices=list(WORK), help="let one work in --folder, and no more")
    parser.add_argument("--folder", type=Path)
    asked = parser.parse_args()
    if asked.who:
        work(asked.who, asked.folder, asked.draws)
        return
    import duckdb
    from key_accounts import write_lines

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        plain, orders = folder / "plain.parquet", folder / "orders.parquet"
        write_lines(plain, asked.accounts)
        more = "*, round(net_sales * 0.05, 2) discount, round(net_sales * 1.05, 2) list_price"
        duckdb.execute(f"copy (select {more} from '{plain}') to '{orders}' (format parquet)")
        plain.unlink()
        (folder / "kamlab.toml").write_text(
            'currency = "EUR"\n\n[orders]\nfile = "orders.parquet"\n'
        )
        rows = duckdb.execute(f"select count(*) from '{orders}'").fetchall()[0][0]
        print(f"{rows:,} lines, {asked.draws} draws, {asked.runs} runs in turns")
        run = [sys.executable, __file__, "--folder", name, "--draws", str(asked.draws), "--who"]
        told = in_turns(
            {who: [*run, who] for who in ("pandas", "kamlab", "kamlab again")}, asked.runs
        )
        agree(folder)
        hand = told["pandas"]
        for who in ("kamlab", "kamlab again"):
            what = f"key-account study, {who} / pandas by hand"
            ratio(what, told[who], hand, f"({cost(told[who])} against {cost(hand)})")
            for of in ("processor_seconds", "gigabytes"):
                ratio(f"{what}, {of.replace('_', ' ')}", told[who], hand, of=of)


if __name__ == "__main__":
    main()
